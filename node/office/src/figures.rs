//! Figures: counted in the commit that makes them true, kept as sums, sent up as absolute values.

mod account;
mod apart;
mod dealings;
mod hear;

#[cfg(test)]
pub(crate) use account::Account;
pub use account::ChildFigures;
pub use apart::SetApart;
pub(super) use dealings::Passing;

use api::ChildFiguresView;
use bytes::Bytes;
use domain::{
    envelope::{Destination, Lane, Payload, Stamp},
    journal::Entry,
    rollup::{self, CellKey, CellReport, Counters},
    time::Day,
};
use store::{Range, record};

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};

fn cell_of(key: &[u8], prefix: &[u8]) -> Result<CellKey, record::RecordError> {
    key.strip_prefix(prefix)
        .and_then(CellKey::from_bytes)
        .ok_or(record::RecordError::Damaged("cell key"))
}

impl UnitOfWork<'_> {
    /// Replaces one part of a sum, here and as the parent counts it.
    pub(super) async fn shift(
        &mut self,
        cell: CellKey,
        old: Counters,
        new: Counters,
    ) -> Result<(), OfficeError> {
        let tree = self.office.dependencies.tree.clone();
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

impl From<ChildFigures> for ChildFiguresView {
    fn from(figures: ChildFigures) -> Self {
        Self {
            child: figures.child,
            apart: figures.apart,
            refused: figures.refused,
            uneven: figures.uneven,
            uneven_since_ms: figures.uneven_since.map(|since| since.0),
            lost: figures.lost,
        }
    }
}
