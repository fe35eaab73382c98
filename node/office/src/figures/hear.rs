//! Reported figures of children: judged, then counted, staged or set apart.

use domain::{
    alarm::{AlarmKind, details},
    rollup::{Beside, CellKey, CellRefusal, CellReport, Counters, EpochSet, Heard, Judge, Place},
};
use records::table::Table;
use topology::DivisionCode;

use super::account::Account;
use crate::{Fault, tables, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Applies a child's report of one cell. The first life counts from its first cell; cells of
    /// another life are staged until the whole set is here. Impossible cells are set apart.
    pub(crate) async fn hear_cell(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
    ) -> Result<Result<(), CellRefusal>, Fault> {
        if let Err(why) = self.judge(child, report).await? {
            self.set_apart(child, report, why).await?;
            return Ok(Err(why));
        }
        let before = self.lives(child).await?;
        let (place, after) = before.place(report.stamp.0);
        if after != before {
            self.view.put::<tables::ChildEpochs>(&child, &after);
        }
        let mut account = self.child_account(child).await?;
        match place {
            Place::Late => return Ok(Ok(())),
            Place::Counted | Place::Staged => {}
            Place::StagedAfresh => {
                let staged = tables::StagedCells::under(&child);
                for (key, _) in self.view.scan(staged, usize::MAX).await? {
                    self.view.delete::<tables::StagedCells>(&key);
                }
                account.staged = 0;
            }
        }
        let key = (child, report.key.clone());
        let known = self.heard(place, &key).await?;
        let Some(heard) = report.replace(known) else {
            return Ok(Ok(()));
        };
        match place {
            Place::Counted => self.view.put::<tables::HeardCells>(&key, &heard),
            _ => self.view.put::<tables::StagedCells>(&key, &heard),
        }
        if self.policy.category(&report.key.category).is_none() {
            account.own.insert(report.key.category.clone());
        }
        account.heard_at = self.now;
        self.no_longer_apart(child, &mut account, report).await?;
        match place {
            Place::Counted => {
                if known.is_none() {
                    self.one_more(child, &mut account, &report.key).await?;
                }
                let known = known.unwrap_or_default();
                account.note_lost(known, heard);
                let change = (known.counted(), heard.counted());
                self.shift_of(child, &mut account, report.key.clone(), change)
                    .await?;
            }
            _ => account.staged += u32::from(known.is_none()),
        }
        self.put_child_account(child, &account);
        Ok(Ok(()))
    }

    /// Decides whether a cell is possible.
    pub(super) async fn judge(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
    ) -> Result<Result<(), CellRefusal>, Fault> {
        let account = self.child_account(child).await?;
        let (place, _) = self.lives(child).await?.place(report.stamp.0);
        let mut beside = Beside {
            said: None,
            on_the_day: self.cells_on(child, report.key.day).await?,
            in_all: account.in_all,
            handed: self.handed(child, report.key.origin).await?,
        };
        let key = (child, report.key.clone());
        match place {
            Place::Late => return Ok(Ok(())),
            Place::Counted => {}
            // The counts of the life before on that day leave room for the same again.
            Place::Staged | Place::StagedAfresh => {
                if self.view.has::<tables::HeardCells>(&key).await? {
                    beside.on_the_day = 0;
                }
                beside.in_all = account.staged;
            }
        }
        // A repeated older report changes nothing, whatever its content.
        let known = self.heard(place, &key).await?;
        if known.is_some_and(|known| known.stamp >= report.stamp) {
            return Ok(Ok(()));
        }
        beside.said = known.map(|known| known.said);
        let category = &report.key.category;
        let known =
            self.knows_category(category).await? || account.may_have(category, child.tier());
        let tree = std::sync::Arc::clone(&self.office.dependencies.tree);
        let judge = Judge {
            keeper: self.office.me,
            child,
            tree: &tree,
            today: self.now.day(),
        };
        Ok(judge.judge(report, beside, |_| known))
    }

    /// Returns the child's last report of a cell, where its next report belongs.
    async fn heard(
        &mut self,
        place: Place,
        key: &(DivisionCode, CellKey),
    ) -> Result<Option<Heard>, Fault> {
        Ok(match place {
            Place::Counted => self.view.get::<tables::HeardCells>(key).await?,
            _ => self.view.get::<tables::StagedCells>(key).await?,
        })
    }

    async fn one_more(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        key: &CellKey,
    ) -> Result<(), Fault> {
        account.in_all += 1;
        let on_the_day = self.cells_on(child, key.day).await? + 1;
        self.view
            .put::<tables::CellsOnDay>(&(child, key.day), &on_the_day);
        Ok(())
    }

    /// Returns how often matters of an origin were handed to a child. `None` if the child can have
    /// them in another way.
    async fn handed(
        &mut self,
        child: DivisionCode,
        origin: DivisionCode,
    ) -> Result<Option<u64>, Fault> {
        if self.may_have_lost() || self.office.dependencies.tree.contains(child, origin) {
            return Ok(None);
        }
        Ok(Some(self.dealings(child, origin).await?.passed.handed))
    }

    pub(super) async fn lives(&mut self, child: DivisionCode) -> Result<EpochSet, Fault> {
        Ok(self
            .view
            .get::<tables::ChildEpochs>(&child)
            .await?
            .unwrap_or_default())
    }

    /// Replaces a child's earlier life by its new one, of which every cell was sent. Counts of the
    /// earlier life stay.
    pub(crate) async fn complete_cells(
        &mut self,
        child: DivisionCode,
        order: u64,
    ) -> Result<(), Fault> {
        let Some(lives) = self.lives(child).await?.complete(order) else {
            return Ok(());
        };
        let mut account = self.child_account(child).await?;
        let lost_before = account.lost;
        let counted = tables::HeardCells::under(&child);
        for (key, known) in self.view.scan(counted, usize::MAX).await? {
            let staged = self.view.get::<tables::StagedCells>(&key).await?;
            let (_, cell) = key;
            self.begin_cell(child, &mut account, cell, (Some(known), staged))
                .await?;
        }
        let staged = tables::StagedCells::under(&child);
        for (key, staged) in self.view.scan(staged, usize::MAX).await? {
            self.view.delete::<tables::StagedCells>(&key);
            if !self.view.has::<tables::HeardCells>(&key).await? {
                let (_, cell) = key;
                self.one_more(child, &mut account, &cell).await?;
                self.begin_cell(child, &mut account, cell, (None, Some(staged)))
                    .await?;
            }
        }
        account.staged = 0;
        self.view.put::<tables::ChildEpochs>(&child, &lives);
        self.put_child_account(child, &account);
        if account.lost > lost_before {
            let detail = details::figures_lost(account.lost);
            self.raise(AlarmKind::FiguresLost, Some(child), &detail)
                .await?;
        }
        Ok(())
    }

    async fn begin_cell(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        cell: CellKey,
        (known, staged): (Option<Heard>, Option<Heard>),
    ) -> Result<(), Fault> {
        let heard = Heard::in_new_life(known, staged);
        let known = known.unwrap_or_default();
        account.note_lost(known, heard);
        self.view
            .put::<tables::HeardCells>(&(child, cell.clone()), &heard);
        let change = (known.counted(), heard.counted());
        if change.0 == change.1 {
            return Ok(());
        }
        self.shift_of(child, account, cell, change).await
    }
}

impl Account {
    fn note_lost(&mut self, before: Heard, after: Heard) {
        let is_lost = |heard: Heard| heard.lost() != Counters::default();
        match (is_lost(before), is_lost(after)) {
            (false, true) => self.lost += 1,
            (true, false) => self.lost = self.lost.saturating_sub(1),
            _ => {}
        }
    }
}
