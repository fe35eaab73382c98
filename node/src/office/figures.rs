//! Figures: counted in the commit that makes them true, kept as sums, sent up as absolute values.

use bytes::Bytes;
use topology::DivisionCode;

use super::{Office, OfficeError, desk::Desk, keys};
use crate::{
    domain::{
        envelope::{Destination, Lane, Payload, Stamp},
        journal::Entry,
        rollup::{self, CellKey, CellReport, Counters, Lives, Place},
        time::Day,
    },
    store::{Range, record},
};

/// What a child last said of one cell.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Heard {
    stamp: Stamp,
    counters: Counters,
}

fn cell_of(key: &[u8], prefix: &[u8]) -> Result<CellKey, record::RecordError> {
    key.strip_prefix(prefix)
        .and_then(CellKey::from_bytes)
        .ok_or(record::RecordError::Damaged("cell key"))
}

impl Desk<'_> {
    /// Replaces one part of a sum, here and as the parent counts it.
    pub(super) async fn shift(
        &mut self,
        cell: CellKey,
        old: Counters,
        new: Counters,
    ) -> Result<(), OfficeError> {
        let tree = self.office.supplies.tree.clone();
        let mine = cell.seen_from(self.office.me, &tree);
        let key = keys::sum(&mine);
        let sum: Counters = self.read(&key).await?.unwrap_or_default();
        let sum = sum.replacing(old, new);
        self.view.put(key, record::write(&sum));
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        if !rollup::coarser(parent, self.office.me) {
            self.figures.insert(mine, sum);
            return Ok(());
        }
        let above = cell.seen_from(parent, &tree);
        let key = keys::upward(&above);
        let sum: Counters = self.read(&key).await?.unwrap_or_default();
        let sum = sum.replacing(old, new);
        self.view.put(key, record::write(&sum));
        self.figures.insert(above, sum);
        Ok(())
    }

    /// Queues the latest word on every sum this decision changed.
    pub(super) async fn report_figures(&mut self) -> Result<(), OfficeError> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        for (key, counters) in std::mem::take(&mut self.figures) {
            let payload = Payload::Cell(CellReport {
                key,
                counters,
                stamp: Stamp::default(),
            });
            self.author(
                parent,
                Destination::Division(parent),
                Lane::Figures,
                payload,
            )
            .await?;
        }
        Ok(())
    }

    /// A child said something of one cell. The first life counts from its first cell; those of
    /// another are staged until the whole set is here.
    pub(super) async fn hear_cell(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
    ) -> Result<(), OfficeError> {
        let order = report.stamp.0;
        let before = self.lives(child).await?;
        let (place, after) = before.place(order);
        if after != before {
            self.view.put(keys::lives(child), record::write(&after));
        }
        let heard = Heard {
            stamp: report.stamp,
            counters: report.counters,
        };
        match place {
            Place::Late => Ok(()),
            Place::Staged | Place::StagedAfresh => {
                if place == Place::StagedAfresh {
                    for (key, _) in self.cells_under(&keys::staged_prefix(child)).await? {
                        self.view.delete(key);
                    }
                }
                let key = keys::staged(child, &report.key);
                let known: Option<Heard> = self.read(&key).await?;
                if known.is_none_or(|known| known.stamp < report.stamp) {
                    self.view.put(key, record::write(&heard));
                }
                Ok(())
            }
            Place::Counted => {
                let key = keys::heard(child, &report.key);
                let known: Option<Heard> = self.read(&key).await?;
                let said = known.map(|known| (known.stamp, known.counters));
                let Some((old, new)) = report.replace(said) else {
                    return Ok(());
                };
                self.view.put(key, record::write(&heard));
                self.shift(report.key.clone(), old, new).await
            }
        }
    }

    async fn lives(&mut self, child: DivisionCode) -> Result<Lives, OfficeError> {
        Ok(self.read(&keys::lives(child)).await?.unwrap_or_default())
    }

    /// The child has sent every cell of its new life: swap the sets.
    pub(super) async fn complete_cells(
        &mut self,
        child: DivisionCode,
        order: u64,
    ) -> Result<(), OfficeError> {
        let Some(lives) = self.lives(child).await?.complete(order) else {
            return Ok(());
        };
        let prefix = keys::heard_prefix(child);
        for (key, bytes) in self.cells_under(&prefix).await? {
            let heard: Heard = record::read(&bytes)?;
            self.shift(cell_of(&key, &prefix)?, heard.counters, Counters::default())
                .await?;
            self.view.delete(key);
        }
        let prefix = keys::staged_prefix(child);
        for (key, bytes) in self.cells_under(&prefix).await? {
            let heard: Heard = record::read(&bytes)?;
            let cell = cell_of(&key, &prefix)?;
            self.view.put(keys::heard(child, &cell), bytes);
            self.shift(cell, Counters::default(), heard.counters)
                .await?;
            self.view.delete(key);
        }
        self.view.put(keys::lives(child), record::write(&lives));
        Ok(())
    }

    async fn cells_under(&mut self, prefix: &[u8]) -> Result<Vec<(Bytes, Bytes)>, OfficeError> {
        Ok(self
            .view
            .scan(Range::prefix(prefix), usize::MAX, false)
            .await?)
    }

    /// Sends every sum again, after a new life began.
    pub(super) async fn resend_figures(&mut self) -> Result<(), OfficeError> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        let coarser = rollup::coarser(parent, self.office.me);
        let prefix = if coarser { keys::UPWARD } else { keys::SUMS };
        for (key, bytes) in self
            .view
            .scan(Range::prefix(prefix), usize::MAX, false)
            .await?
        {
            self.figures
                .insert(cell_of(&key, prefix)?, record::read(&bytes)?);
        }
        self.report_figures().await?;
        let to = Destination::Division(parent);
        self.author(parent, to, Lane::Figures, Payload::CellsComplete)
            .await
    }
}

impl Office {
    /// Every sum this node keeps, by day, acting division, origin and category, between two days
    /// inclusive.
    pub async fn cells(&self, from: Day, to: Day) -> Result<Vec<(CellKey, Counters)>, OfficeError> {
        let mut cells = vec![];
        let range = Range::prefix(keys::SUMS);
        for (key, counters) in self.read_all(range, usize::MAX).await? {
            let cell = cell_of(&key, keys::SUMS)?;
            if (from..=to).contains(&cell.day) {
                cells.push((cell, counters));
            }
        }
        Ok(cells)
    }

    /// Every journal entry of this node, oldest first.
    pub async fn journal(&self) -> Result<Vec<Entry>, OfficeError> {
        let range = Range::prefix(keys::JOURNAL);
        let entries = self.read_all(range, usize::MAX).await?;
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }
}
