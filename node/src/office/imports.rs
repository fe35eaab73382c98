//! Taking in matters of other systems, each once.
//!
//! Each row is a unit of its own, which holds the matter and that its number was taken in; so whatever
//! a crash leaves undone is done by repeating all.

use serde::{Deserialize, Serialize};

use super::{NewReport, Office, OfficeError, desk::Desk, keys};
use crate::{
    domain::{
        actor::Actor,
        custody::{self, Seat},
        ids::MatterId,
        import::{self, Cells, Outcomes, Progress, Row, Source},
        matter::{Act, Audience},
        time::Timestamp,
    },
    store::{Ticket, record},
};

/// What is remembered of a row that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// What it became.
    pub matter: MatterId,
    /// When it was taken in.
    pub at: Timestamp,
    /// When it was reported there.
    pub reported_at: Option<Timestamp>,
}

/// How an import is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Only says what would become of each row.
    pub dry_run: bool,
    /// Takes in the good rows beside bad ones.
    pub skip_bad: bool,
}

impl Office {
    /// Takes in rows of another system; gives what became of each, in order. With a bad one among
    /// them nothing is done, unless it is to be skipped. Durable when it returns.
    pub async fn import(
        &self,
        source: &Source,
        rows: &[Cells],
        manner: Manner,
        actor: Actor,
    ) -> Result<Vec<Outcomes>, OfficeError> {
        let mut read = self.read_rows(source, rows).await?;
        let bad = read
            .iter()
            .any(|(outcome, _)| matches!(outcome, Outcomes::Bad(_)));
        if manner.dry_run || bad && !manner.skip_bad {
            if !manner.dry_run {
                for (outcome, _) in &mut read {
                    if *outcome == Outcomes::Ready {
                        *outcome = Outcomes::Withheld;
                    }
                }
            }
            return Ok(read.into_iter().map(|(outcome, _)| outcome).collect());
        }
        let _place = self.places.try_acquire().map_err(|_| OfficeError::Busy)?;
        let mut last: Option<Ticket> = None;
        let mut outcomes = Vec::with_capacity(read.len());
        for (outcome, row) in read {
            let Some(row) = row else {
                outcomes.push(outcome);
                continue;
            };
            let (outcome, ticket) = self.take_in(source, row, actor.clone()).await?;
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
        let store = &self.supplies.store;
        let seen = store.get(self.me, &keys::imported(source, id)).await?;
        store.settle(seen.generation).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }

    async fn read_rows(
        &self,
        source: &Source,
        rows: &[Cells],
    ) -> Result<Vec<(Outcomes, Option<Row>)>, OfficeError> {
        let mut view = self.supplies.store.view(self.me);
        let policy = self.statutes(&mut view).await?;
        let seat = Seat {
            me: self.me,
            now: self.now(),
            tree: self.tree(),
            terms: policy.limits().terms(self.me.tier()),
            policy: &policy,
        };
        let mut read = Vec::with_capacity(rows.len());
        for cells in rows {
            read.push(match import::read(cells, seat) {
                Err(faults) => (Outcomes::Bad(faults), None),
                Ok(row) => match self.imported(source, &row.id).await? {
                    Some(known) => (Outcomes::Already(known.matter), None),
                    None => (Outcomes::Ready, Some(row)),
                },
            });
        }
        Ok(read)
    }

    async fn take_in(
        &self,
        source: &Source,
        row: Row,
        actor: Actor,
    ) -> Result<(Outcomes, Option<Ticket>), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let key = keys::imported(source, &row.id);
        // Another may have taken it in since it was read, or the same file has it twice.
        if let Some(known) = desk.read::<Imported>(&key).await? {
            desk.view.settle().await?;
            return Ok((Outcomes::Already(known.matter), None));
        }
        let reported_at = row.reported_at;
        let matter = desk.take_in(source, row).await?;
        let imported = Imported {
            matter,
            at: desk.now,
            reported_at,
        };
        desk.view.put(key, record::write(&imported));
        let ticket = desk.submit().await?;
        drop(turn);
        self.supplies.metrics.matters_reported.inc();
        Ok((Outcomes::Taken(matter), Some(ticket)))
    }
}

impl Desk<'_> {
    async fn take_in(&mut self, source: &Source, row: Row) -> Result<MatterId, OfficeError> {
        let from = match row.reported_at {
            Some(at) => format!("由 {source} 转入，原编号 {}，原上报时间 {at}", row.id),
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
        let decision = self.open(id, new, keys, None).await?;
        self.apply(decision).await?;
        let acts = match row.progress {
            Progress::Reported => vec![],
            Progress::Accepted => vec![Act::Accept],
            Progress::Handling => vec![Act::Accept, Act::Handle],
            Progress::Closed(outcome) => vec![Act::Accept, Act::Close(outcome)],
        };
        let from = (Act::Remark(Audience::Offices), Some(from));
        for (act, words) in std::iter::once(from).chain(acts.into_iter().map(|act| (act, None))) {
            let docket = self
                .docket(id)
                .await?
                .ok_or(OfficeError::NoSuchMatter(id))?;
            let note = self.keep_words(id, docket.matter.suite, words, &[]);
            let decision = custody::act(docket, act, note, None, self.seat())?;
            self.apply(decision).await?;
        }
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        if docket.matter.is_closed() {
            return Ok(id);
        }
        // What policy sends up at once goes up at once, wherever it comes from.
        let me = self.office.me;
        let at_once = custody::ruling(&docket.matter, self.seat()).goes_up_at_once(me.tier());
        let tree = self.office.tree();
        let to = at_once.and_then(|tier| tree.ancestors(me).find(|above| above.tier() == tier));
        if let Some(to) = to {
            let decision = custody::transfer(docket, Act::Escalate(to), None, self.seat())?;
            self.apply(decision).await?;
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests;
