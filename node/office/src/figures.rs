//! Figures: counted in the commit that makes them true, kept as sums, sent up as absolute values.

mod account;
mod apart;
mod dealings;
mod hear;

pub use account::ChildFigures;
pub use apart::SetApart;

use api::ChildFiguresView;
use domain::{
    envelope::{Destination, Lane, Payload, Stamp},
    journal::Entry,
    rollup::{self, CellKey, CellReport, Counters},
    time::Day,
};
use records::table::Table;

use crate::{Fault, services::Figures, tables, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Replaces one part of a sum, here and in the parent's coarser sum.
    pub(super) async fn shift(
        &mut self,
        cell: CellKey,
        old: Counters,
        new: Counters,
    ) -> Result<(), Fault> {
        let tree = self.office.dependencies.tree.clone();
        let mine = cell.seen_from(self.office.me, &tree);
        let sum = self.view.get::<tables::Sums>(&mine).await?;
        let sum = sum.unwrap_or_default().replacing(old, new);
        self.view.put::<tables::Sums>(&mine, &sum);
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        if !rollup::coarser(parent, self.office.me) {
            self.figures.insert(mine, sum);
            return Ok(());
        }
        let above = cell.seen_from(parent, &tree);
        let sum = self.view.get::<tables::UpwardSums>(&above).await?;
        let sum = sum.unwrap_or_default().replacing(old, new);
        self.view.put::<tables::UpwardSums>(&above, &sum);
        self.figures.insert(above, sum);
        Ok(())
    }

    /// Queues the latest value of every sum that this decision changed.
    pub(super) async fn report_figures(&mut self) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        for (key, counters) in std::mem::take(&mut self.figures) {
            let report = CellReport {
                key,
                counters,
                stamp: Stamp::default(),
            };
            self.author(
                parent,
                Destination::Division(parent),
                Lane::Figures,
                Payload::Cell(Box::new(report)),
            )
            .await?;
        }
        Ok(())
    }

    /// Sends every sum again after a new life began.
    pub(super) async fn resend_figures(&mut self) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        let coarser = rollup::coarser(parent, self.office.me);
        let sums = match coarser {
            true => {
                self.view
                    .scan(tables::UpwardSums::all(), usize::MAX)
                    .await?
            }
            false => self.view.scan(tables::Sums::all(), usize::MAX).await?,
        };
        self.figures.extend(sums);
        self.report_figures().await?;
        let to = Destination::Division(parent);
        self.author(parent, to, Lane::Figures, Payload::CellsComplete)
            .await
    }
}

impl Figures<'_> {
    /// Returns all sums of this node between two days inclusive. Their keys are day, acting
    /// division, origin and category.
    pub async fn cells(self, from: Day, to: Day) -> Result<Vec<(CellKey, Counters)>, Fault> {
        let mut cells = self.list(tables::Sums::all(), usize::MAX).await?;
        cells.retain(|(cell, _)| (from..=to).contains(&cell.day));
        Ok(cells)
    }

    /// Returns all journal entries of this node, oldest first.
    pub async fn journal(self) -> Result<Vec<Entry>, Fault> {
        let entries = self.list(tables::Journal::all(), usize::MAX).await?;
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
