//! Children that come back after their certificate ended: counted, let wait, and let in by a person.

use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    audit::Ending,
    ids::KeyId,
    readmission::{Ask, Readmissions, Refusal, Verdict, Waiting},
};
use records::table::Table;
use topology::DivisionCode;

use crate::{
    Failed, Fault, RefusalReason, RequestContext, services::Readmitting, tables,
    unit_of_work::UnitOfWork,
};

/// The reason why a person's consent is not noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} does not wait to be readmitted; `wujitong readmit` lists those that do, and a node whose keys are gone needs \
     `wujitong invite {short} --replaces lost`", short = .0.short()
)]
pub struct NotWaiting(pub DivisionCode);

impl RefusalReason for NotWaiting {}
impl RefusalReason for Refusal {}

impl Readmitting<'_> {
    /// Returns what is kept of a child.
    pub async fn of(self, division: DivisionCode) -> Result<Readmissions, Fault> {
        let known = self.tables().get::<tables::Readmitted>(&division).await?;
        Ok(known.unwrap_or_else(|| Readmissions::none(division)))
    }

    /// Returns every child that was readmitted or waits, by division.
    pub async fn all(self) -> Result<Vec<Readmissions>, Fault> {
        let records = self.list(tables::Readmitted::all(), usize::MAX).await?;
        Ok(records.into_iter().map(|(_, it)| it).collect())
    }

    /// Notes that a child is readmitted, or waits for a person; judges once more, with the turn. Durable when it returns.
    ///
    /// # Errors
    /// [`Refusal`] if something changed since it was judged, or the store's.
    pub async fn note(
        self,
        ask: &Ask,
        judge: impl Fn(&Readmissions) -> Result<Verdict, Refusal>,
    ) -> Result<Verdict, Failed<Refusal>> {
        let division = ask.division;
        let mut unit = self.begin(Actor::Rule("readmit".to_owned())).await?;
        let mut known = unit.readmissions_of(division).await?;
        let verdict = judge(&known)?;
        match verdict {
            Verdict::Readmit => {
                let repeated = known.is_repeated(&ask.requested, unit.now);
                known.give(ask, unit.now);
                unit.settle_alarm(AlarmKind::ReadmissionWaits, Some(division))
                    .await?;
                if !repeated {
                    let what = format!("readmitted {division} with key {}", ask.key);
                    unit.detail = Some(format!("{what}, from {}", ask.from));
                    unit.enter(None, Ending::Done).await?;
                }
            }
            Verdict::Wait(why) => {
                if known.wait(ask, why, unit.now) {
                    let detail = details::readmission_waits(ask.key, ask.from, why.said());
                    unit.raise(AlarmKind::ReadmissionWaits, Some(division), &detail)
                        .await?;
                }
            }
        }
        unit.put_readmissions(&known);
        unit.commit().await?;
        Ok(verdict)
    }

    /// Notes that a person lets a child come back that waits; it gets its certificate when it asks again.
    ///
    /// # Errors
    /// [`NotWaiting`], or the store's.
    pub async fn consent(
        self,
        division: DivisionCode,
        by: impl Into<RequestContext>,
    ) -> Result<Waiting, Failed<NotWaiting>> {
        let mut unit = self.begin(by).await?;
        let mut known = unit.readmissions_of(division).await?;
        let waiting = known.waiting.clone().ok_or(NotWaiting(division))?;
        known.consent = Some((waiting.key, unit.now));
        unit.put_readmissions(&known);
        let key: KeyId = waiting.key;
        unit.detail = Some(format!("lets {division} come back with key {key}"));
        unit.commit().await?;
        Ok(waiting)
    }
}

impl UnitOfWork<'_> {
    async fn readmissions_of(&mut self, division: DivisionCode) -> Result<Readmissions, Fault> {
        let known = self.view.get::<tables::Readmitted>(&division).await?;
        Ok(known.unwrap_or_else(|| Readmissions::none(division)))
    }

    fn put_readmissions(&mut self, known: &Readmissions) {
        self.view.put::<tables::Readmitted>(&known.division, known);
    }
}
