//! Alarms of this node: raised in the unit that found the cause, closed by a person.

use domain::{
    actor::Actor,
    alarm::{Alarm, AlarmKind},
    audit::Subject,
    heads::Resolution,
    saying::Saying,
};
use records::table::Table;
use topology::DivisionCode;

use crate::{
    Aborted, Failed, Fault, RefusalReason, RequestContext, services::Alarms, tables,
    unit_of_work::UnitOfWork,
};

/// The refusal to close an alarm that is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no alarm {0} stands here; `wujitong alarm list` shows those that do")]
pub struct NoSuchAlarm(pub AlarmKind);

impl RefusalReason for NoSuchAlarm {}

impl Alarms<'_> {
    /// Raises an alarm outside of any other decision. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn raise(
        self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        detail: &Saying,
    ) -> Result<(), Aborted> {
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        unit.view.is_outcome();
        unit.raise(kind, about, detail).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Notes that the cause of an alarm went away by itself, if the alarm is open. Durable when it
    /// returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(self, kind: AlarmKind, about: Option<DivisionCode>) -> Result<(), Aborted> {
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        if !unit.settle_alarm(kind, about).await? {
            return Ok(());
        }
        unit.commit().await?;
        Ok(())
    }

    /// Closes an alarm; the audit trail records who did. Durable when it returns.
    ///
    /// # Errors
    /// [`NoSuchAlarm`], or the store's.
    pub async fn close(
        self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        by: impl Into<RequestContext>,
    ) -> Result<Alarm, Failed<NoSuchAlarm>> {
        let mut unit = self.begin(by).await?;
        let key = (about, kind);
        let alarm = unit.view.get::<tables::Alarms>(&key).await?;
        let alarm = alarm.ok_or(NoSuchAlarm(kind))?;
        unit.view.delete::<tables::Alarms>(&key);
        unit.alarms.push((kind, -1));
        if matches!(kind, AlarmKind::StoreWentBack | AlarmKind::SecondMachine) {
            unit.await_nobody().await?;
        }
        if let (AlarmKind::LogRewritten, Some(division)) = (kind, about) {
            unit.settle_logs(division, Resolution::Earlier, "the alarm was closed")
                .await?;
        }
        unit.subject = Some(Subject::Alarm(kind));
        unit.detail = about.map(|about| format!("about {about}"));
        unit.commit().await?;
        self.inbox().go_on().await?;
        Ok(alarm)
    }

    /// Returns all open alarms.
    ///
    /// # Errors
    /// The store's.
    pub async fn all(self) -> Result<Vec<Alarm>, Fault> {
        let records = self.list(tables::Alarms::all(), usize::MAX).await?;
        Ok(records.into_iter().map(|(_, alarm)| alarm).collect())
    }

    /// Adds the alarms of earlier runs to the metrics of this one.
    pub(super) async fn recall_alarms(self) -> Result<(), Fault> {
        for alarm in self.alarms().all().await? {
            self.dependencies.metrics.alarms.of(alarm.kind.code()).inc();
        }
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// Raises an alarm as part of this decision. An open alarm of this kind about this division
    /// counts up.
    pub(super) async fn raise(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        detail: &Saying,
    ) -> Result<(), Fault> {
        let key = (about, kind);
        let before = self.view.get::<tables::Alarms>(&key).await?;
        if before.is_none() {
            self.alarms.push((kind, 1));
        }
        let alarm = Alarm::raised(before, kind, about, detail, self.now);
        tracing::error!(alarm = %kind, division = %self.office.me, about = about.map(tracing::field::display),
            times = alarm.times, detail = %alarm.detail.english);
        self.view.put::<tables::Alarms>(&key, &alarm);
        Ok(())
    }

    /// Returns whether an alarm is open and its cause did not go away.
    pub(super) async fn alarm_stands(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
    ) -> Result<bool, Fault> {
        let alarm = self.view.get::<tables::Alarms>(&(about, kind)).await?;
        Ok(alarm.is_some_and(|alarm| alarm.settled.is_none()))
    }

    /// Notes that the cause of an alarm went away by itself. Returns `false` if there was nothing
    /// to note.
    pub(super) async fn settle_alarm(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
    ) -> Result<bool, Fault> {
        let key = (about, kind);
        let alarm = self.view.get::<tables::Alarms>(&key).await?;
        let Some(mut alarm) = alarm.filter(|alarm| alarm.settled.is_none()) else {
            return Ok(false);
        };
        alarm.settled = Some(self.now);
        self.view.put::<tables::Alarms>(&key, &alarm);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Office;
    use std::sync::Arc;

    use crate::{Dependencies, fixture};
    use store::MemoryDisk;
    use telemetry::Metrics;

    async fn township() -> Office {
        let clock = Arc::new(fixture::Ticking::default());
        fixture::office("330825002", &MemoryDisk::default(), clock, 0).await
    }

    #[tokio::test]
    async fn an_alarm_counts_up_outlives_its_cause_and_ends_when_a_person_closes_it() {
        let office = township().await;
        let kind = AlarmKind::KeyRevoked;
        let about: Option<DivisionCode> = Some("330825002222".parse().unwrap());
        let standing = || office.dependencies.metrics.alarms.of(kind.code()).get();
        office
            .alarms()
            .raise(kind, about, &Saying::foreign("one"))
            .await
            .unwrap();
        office
            .alarms()
            .raise(kind, about, &Saying::foreign("two"))
            .await
            .unwrap();
        office
            .alarms()
            .raise(kind, None, &Saying::foreign("other"))
            .await
            .unwrap();
        assert_eq!(standing(), 2);
        office.alarms().settle(kind, about).await.unwrap();
        let alarms = office.alarms().all().await.unwrap();
        let alarm = alarms.iter().find(|alarm| alarm.about == about).unwrap();
        assert_eq!((alarm.times, alarm.detail.english.as_str()), (2, "two"));
        assert!(alarm.settled.is_some());

        let owner = Actor::OsUser(0);
        let closed = office.alarms().close(kind, about, owner.clone());
        closed.await.unwrap();
        assert_eq!(standing(), 1);
        let again = office.alarms().close(kind, about, owner).await;
        assert!(matches!(again, Err(Failed::Refused(NoSuchAlarm(_)))));
    }

    #[tokio::test]
    async fn alarms_stand_after_a_restart() {
        let office = township().await;
        let kind = AlarmKind::KeyRevoked;
        office
            .alarms()
            .raise(kind, None, &Saying::foreign("one"))
            .await
            .unwrap();
        let dependencies = Dependencies {
            metrics: Metrics::default().division(office.me),
            ..office.dependencies.clone()
        };
        let reopened = Office::open(office.me, dependencies).await.unwrap();
        assert_eq!(reopened.alarms().all().await.unwrap().len(), 1);
        let standing = reopened.dependencies.metrics.alarms.of(kind.code());
        assert_eq!(standing.get(), 1);
    }
}
