//! Taking in matters of other systems, each once.
//!
//! Each row is a unit of its own, which holds the matter and that its number was taken in; so whatever
//! a crash leaves undone is done by repeating all.

use domain::{
    custody::{self, Context, History},
    ids::MatterId,
    import::{self, Cells, Difference, Fault, Field, Outcomes, Progress, Row, Source},
    matter::{Act, Audience, Datum},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{Ticket, record};

use super::{NewReport, Office, OfficeError, keys, unit_of_work::UnitOfWork};
use crate::RequestContext;

/// What is remembered of a row that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// What it became.
    pub matter: MatterId,
    /// When it was taken in.
    pub at: Timestamp,
    /// When it was reported there.
    pub reported_at: Option<Timestamp>,
    /// How far the work was there.
    pub progress: Progress,
    /// 32 bits of a digest of what the row said: enough to see that a repeat says something else, and too
    /// few to prove a guess at a text that was erased.
    content: u32,
}

domain::records!(Imported);

impl Imported {
    /// How a row differs that comes under the same number.
    fn differs(&self, row: &Row) -> Option<Difference> {
        match () {
            () if self.content != content(row) => Some(Difference::Content),
            () if self.progress != row.progress => Some(Difference::Progress),
            () => None,
        }
    }

    fn outcome(&self, row: &Row) -> Outcomes {
        match self.differs(row) {
            Some(difference) => Outcomes::Differs(self.matter, difference),
            None => Outcomes::Already(self.matter),
        }
    }
}

/// What is compared when a row comes again. It is kept as a digest of its bytes, so its form never changes.
#[derive(Serialize, Deserialize)]
struct Said {
    category: String,
    text: String,
    reported: Option<i64>,
    place: Option<(i32, i32)>,
}

domain::records!(Said);

/// What a row says of the matter itself: not who the reporter is, and not how far the work is.
fn content(row: &Row) -> u32 {
    let reported = row.history.map(|history| history.reported.0);
    let place = row.place.map(|place| (place.latitude, place.longitude));
    let said = Said {
        category: row.category.as_str().to_owned(),
        text: row.text.clone(),
        reported,
        place,
    };
    let digest = blake3::hash(&record::write(&said));
    let [a, b, c, d, ..] = *digest.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// How an import is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Only says what would become of each row.
    pub dry_run: bool,
    /// Takes in the good rows beside bad ones.
    pub skip_bad: bool,
    /// Takes every row in as reported now: its clocks start now, and what policy sends up at once goes up.
    pub as_new: bool,
    /// The system of coordinates that places are given in.
    pub datum: Datum,
}

impl Office {
    /// Takes in rows of another system; gives what became of each, in order. With a bad one among
    /// them nothing is done, unless it is to be skipped. Durable when it returns.
    pub async fn import(
        &self,
        source: &Source,
        rows: &[Cells],
        manner: Manner,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<Outcomes>, OfficeError> {
        let by = by.into();
        let mut read = self.read_rows(source, rows, manner).await?;
        let stops = |outcome: &Outcomes| {
            matches!(
                outcome,
                Outcomes::Bad(_) | Outcomes::Differs(_, Difference::Content)
            )
        };
        let bad = read.iter().any(|(outcome, _)| stops(outcome));
        if manner.dry_run || bad && !manner.skip_bad {
            if !manner.dry_run {
                for (outcome, _) in &mut read {
                    if matches!(outcome, Outcomes::Ready(_)) {
                        *outcome = Outcomes::Withheld;
                    }
                }
            }
            return Ok(read.into_iter().map(|(outcome, _)| outcome).collect());
        }
        self.check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| OfficeError::Busy)?;
        let mut last: Option<Ticket> = None;
        let mut outcomes = Vec::with_capacity(read.len());
        for (outcome, row) in read {
            let Some(row) = row else {
                outcomes.push(outcome);
                continue;
            };
            let (outcome, ticket) = self.take_in(source, row, manner, by.clone()).await?;
            outcomes.push(outcome);
            // Units become durable in the order they were submitted.
            last = ticket.or(last);
        }
        if let Some(ticket) = last {
            ticket.durable().await?;
        }
        Ok(outcomes)
    }

    /// What a number of another system became here, if it was taken in.
    pub async fn imported(
        &self,
        source: &Source,
        id: &str,
    ) -> Result<Option<Imported>, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &keys::imported(source, id)).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }

    async fn read_rows(
        &self,
        source: &Source,
        rows: &[Cells],
        manner: Manner,
    ) -> Result<Vec<(Outcomes, Option<Row>)>, OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        let policy = self.effective_policy(&mut view).await?;
        let context = Context {
            me: self.me,
            now: self.now(),
            tree: self.tree(),
            terms: policy.limits().terms(self.me.tier()),
            policy: &policy,
        };
        let mut read = Vec::with_capacity(rows.len());
        for cells in rows {
            read.push(match import::read(cells, manner.datum, context) {
                Err(faults) => (Outcomes::Bad(faults), None),
                Ok(row) => match self.imported(source, &row.id).await? {
                    Some(known) => (known.outcome(&row), None),
                    None => match undated(&row, manner) {
                        Some(fault) => (Outcomes::Bad(vec![fault]), None),
                        None => (Outcomes::Ready(row.noted.clone()), Some(row)),
                    },
                },
            });
        }
        Ok(read)
    }

    async fn take_in(
        &self,
        source: &Source,
        row: Row,
        manner: Manner,
        by: RequestContext,
    ) -> Result<(Outcomes, Option<Ticket>), OfficeError> {
        let mut unit = self.begin(by).await?;
        let key = keys::imported(source, &row.id);
        // Another may have taken it in since it was read, or the same file has it twice.
        if let Some(known) = unit.read::<Imported>(&key).await? {
            unit.view.wait_durable().await?;
            return Ok((known.outcome(&row), None));
        }
        let noted = row.noted.clone();
        let reported_at = row.history.map(|history| history.reported);
        let (progress, content) = (row.progress, content(&row));
        let matter = unit.take_in(source, row, manner).await?;
        let imported = Imported {
            matter,
            at: unit.now,
            reported_at,
            progress,
            content,
        };
        unit.view.put(key, record::write(&imported));
        let ticket = unit.submit().await?;
        self.dependencies.metrics.matters_reported.inc();
        Ok((Outcomes::Taken(matter, noted), Some(ticket)))
    }
}

/// What is wrong with a row that was closed in the other system at no time that it names: it would count as
/// closed today.
fn undated(row: &Row, manner: Manner) -> Option<Fault> {
    let undated = row.progress.is_closed() && row.history.is_none() && !manner.as_new;
    undated.then(|| Fault {
        column: Field::ReportedAt,
        value: String::new(),
        reason: "it is missing, and the matter is closed: it would count as closed today"
            .to_owned(),
        hint: "fill in when it was reported or closed, or take all in as new".to_owned(),
    })
}

impl UnitOfWork<'_> {
    async fn take_in(
        &mut self,
        source: &Source,
        row: Row,
        manner: Manner,
    ) -> Result<MatterId, OfficeError> {
        let from = match row.history {
            Some(History { reported, .. }) => {
                format!("由 {source} 转入，原编号 {}，原上报时间 {reported}", row.id)
            }
            None => format!("由 {source} 转入，原编号 {}", row.id),
        };
        let new = NewReport {
            channel: row.channel,
            priority: row.priority,
            place: row.place,
            contact: row.contact,
            ..NewReport::new(row.category, row.text)
        };
        new.check(&[self.office.me], self.office.tree())?;
        let id = self.next_matter();
        let keys = self.office.keys_for(&new)?;
        let report = self.prepare(id, new, keys, None).await?;
        let now = self.now;
        let as_new = History {
            reported: now,
            accepted: Some(now),
            closed: Some(now),
        };
        let history = row.history.filter(|_| !manner.as_new).unwrap_or(as_new);
        let opened = custody::take_over(id, report, row.progress, history, self.context())?;
        for decision in opened {
            self.apply(decision).await?;
        }
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        let note = self.keep_words(id, docket.matter.suite, Some(from), &[])?;
        let remark = Act::Remark(Audience::Offices);
        let decision = custody::act(docket, remark, note, None, self.context())?;
        self.apply(decision).await?;
        if manner.as_new {
            self.raise_at_once(id).await?;
        }
        Ok(id)
    }

    /// What policy sends up at once goes up at once, wherever it comes from.
    async fn raise_at_once(&mut self, id: MatterId) -> Result<(), OfficeError> {
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        if docket.matter.is_closed() {
            return Ok(());
        }
        let me = self.office.me;
        let at_once = custody::ruling(&docket.matter, self.context()).goes_up_at_once(me.tier());
        let tree = self.office.tree();
        let to = at_once.and_then(|tier| tree.ancestors(me).find(|above| above.tier() == tier));
        if let Some(to) = to {
            let decision = custody::transfer(docket, Act::Escalate(to), None, self.context())?;
            self.apply(decision).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
