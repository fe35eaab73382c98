//! Imports matters of other systems, each once.
//!
//! Each row is a unit of its own, which contains the matter and the record that its number was
//! imported. After a crash, repeat the whole import.

use domain::{
    custody::{self, Context, History},
    ids::MatterId,
    import::{self, Cells, Difference, Fault, Field, Outcomes, Row, Source},
    matter::{Act, Audience, Datum},
};
use serde::{Deserialize, Serialize};
use store::{Ticket, record};

pub use crate::tables::matters::Imported;
use crate::{
    Failed, MatterRefusal, NewReport, NoSuchMatter, RequestContext, TooBusy, services::Matters,
    tables, unit_of_work::UnitOfWork,
};

impl Imported {
    /// Returns how a row with the same number differs.
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

/// The fields compared when a row comes again. Only a digest of its bytes is stored, so its form
/// must never change.
#[derive(Serialize, Deserialize)]
struct Said {
    category: String,
    text: String,
    reported: Option<i64>,
    place: Option<(i32, i32)>,
}

domain::records!(Said);

/// Returns the digest of the row's content, without the reporter and the progress.
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

/// The options of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Only reports what each row would become.
    pub dry_run: bool,
    /// Imports the good rows even if others are bad.
    pub skip_bad: bool,
    /// Imports every row as reported now: its clocks start now, and policy may send it up at once.
    pub as_new: bool,
    /// The coordinate system of the places.
    pub datum: Datum,
}

impl Matters<'_> {
    /// Imports rows of another system; returns the result of each, in order. If a row is bad,
    /// nothing is imported, unless bad rows are skipped. Durable when it returns.
    pub async fn import(
        self,
        source: &Source,
        rows: &[Cells],
        manner: Manner,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<Outcomes>, Failed<MatterRefusal>> {
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
        self.inbox().check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| TooBusy)?;
        let mut last: Option<Ticket> = None;
        let mut outcomes = Vec::with_capacity(read.len());
        for (outcome, row) in read {
            let Some(row) = row else {
                outcomes.push(outcome);
                continue;
            };
            let (outcome, ticket) = self.take_in(source, row, manner, by.clone()).await?;
            outcomes.push(outcome);
            // Units become durable in the order in which they were submitted.
            last = ticket.or(last);
        }
        if let Some(ticket) = last {
            ticket.durable().await?;
        }
        Ok(outcomes)
    }

    /// Returns the matter that a number of another system became here, if it was imported.
    pub async fn imported(
        self,
        source: &Source,
        id: &str,
    ) -> Result<Option<Imported>, crate::Fault> {
        let key = (source.clone(), id.to_owned());
        self.one::<tables::Imported>(&key).await
    }

    async fn read_rows(
        self,
        source: &Source,
        rows: &[Cells],
        manner: Manner,
    ) -> Result<Vec<(Outcomes, Option<Row>)>, crate::Fault> {
        let policy = self.templates().effective_policy(&mut self.read()?).await?;
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
        self,
        source: &Source,
        row: Row,
        manner: Manner,
        by: RequestContext,
    ) -> Result<(Outcomes, Option<Ticket>), Failed<MatterRefusal>> {
        let mut unit = self.begin(by).await?;
        let key = (source.clone(), row.id.clone());
        // Another request may have imported it since it was read, or the same file has it twice.
        if let Some(known) = unit.view.get::<tables::Imported>(&key).await? {
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
        unit.view.put::<tables::Imported>(&key, &imported);
        let ticket = unit.submit().await?;
        self.dependencies.metrics.matters_reported.inc();
        Ok((Outcomes::Taken(matter, noted), Some(ticket)))
    }
}

/// Returns the fault of a closed row without a time: it would be counted as closed today.
fn undated(row: &Row, manner: Manner) -> Option<Fault> {
    let undated = row.progress.is_closed() && row.history.is_none() && !manner.as_new;
    undated.then(|| Fault {
        column: Field::ReportedAt,
        value: String::new(),
        reason: "it is missing, and the matter is closed: it would be counted as closed today"
            .to_owned(),
        hint: "fill in when it was reported or closed, or import all as new".to_owned(),
    })
}

impl UnitOfWork<'_> {
    async fn take_in(
        &mut self,
        source: &Source,
        row: Row,
        manner: Manner,
    ) -> Result<MatterId, Failed<MatterRefusal>> {
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
            excused: true,
            ..NewReport::new(row.category, row.text)
        };
        new.check(&[self.office.me], self.office.tree())?;
        let id = self.next_matter();
        let keys = self.office.matters().keys_for(&new)?;
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
        let docket = self.docket(id).await?.ok_or(NoSuchMatter(id))?;
        let note = self.keep_words(id, docket.matter.suite, Some(from), &[])?;
        let remark = Act::Remark(Audience::Offices);
        let decision = custody::act(docket, remark, note, None, self.context())?;
        self.apply(decision).await?;
        if manner.as_new {
            self.raise_at_once(id).await?;
        }
        Ok(id)
    }

    /// Sends a matter up at once if policy says so, whichever way it came in.
    async fn raise_at_once(&mut self, id: MatterId) -> Result<(), Failed<MatterRefusal>> {
        let docket = self.docket(id).await?.ok_or(NoSuchMatter(id))?;
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
