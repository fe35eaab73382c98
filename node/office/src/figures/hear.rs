//! What children say of their figures: judged, then counted, staged or kept apart.

use domain::{
    alarm::AlarmKind,
    rollup::{Beside, CellKey, CellRefusal, CellReport, Counters, Heard, Judge, Lives, Place},
};
use store::record;
use topology::DivisionCode;

use super::{
    super::{OfficeError, keys, unit_of_work::UnitOfWork},
    account::Account,
    cell_of,
};

impl UnitOfWork<'_> {
    /// A child said something of one cell. The first life counts from its first cell; those of
    /// another are staged until the whole set is here. What can never be is kept apart.
    pub(crate) async fn hear_cell(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
    ) -> Result<Result<(), CellRefusal>, OfficeError> {
        if let Err(why) = self.judge(child, report).await? {
            self.set_apart(child, report, why).await?;
            return Ok(Err(why));
        }
        let before = self.lives(child).await?;
        let (place, after) = before.place(report.stamp.0);
        if after != before {
            self.view.put(keys::lives(child), record::write(&after));
        }
        let mut account = self.child_account(child).await?;
        let key = match place {
            Place::Late => return Ok(Ok(())),
            Place::Counted => keys::heard(child, &report.key),
            Place::Staged => keys::staged(child, &report.key),
            Place::StagedAfresh => {
                for (key, _) in self.cells_under(&keys::staged_prefix(child)).await? {
                    self.view.delete(key);
                }
                account.staged = 0;
                keys::staged(child, &report.key)
            }
        };
        let known: Option<Heard> = self.read(&key).await?;
        let Some(heard) = report.replace(known) else {
            return Ok(Ok(()));
        };
        self.view.put(key, record::write(&heard));
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

    /// Whether a cell can be.
    pub(super) async fn judge(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
    ) -> Result<Result<(), CellRefusal>, OfficeError> {
        let account = self.child_account(child).await?;
        let (place, _) = self.lives(child).await?.place(report.stamp.0);
        let mut beside = Beside {
            said: None,
            on_the_day: self.cells_on(child, report.key.day).await?,
            in_all: account.in_all,
            handed: self.handed(child, report.key.origin).await?,
        };
        let key = match place {
            Place::Late => return Ok(Ok(())),
            Place::Counted => keys::heard(child, &report.key),
            // What the life before had on that day leaves room for the same again.
            Place::Staged | Place::StagedAfresh => {
                let counted: Option<Heard> = self.read(&keys::heard(child, &report.key)).await?;
                if counted.is_some() {
                    beside.on_the_day = 0;
                }
                beside.in_all = account.staged;
                keys::staged(child, &report.key)
            }
        };
        // An older word repeated changes nothing, whatever it says.
        let known: Option<Heard> = self.read(&key).await?;
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

    async fn one_more(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        key: &CellKey,
    ) -> Result<(), OfficeError> {
        account.in_all += 1;
        let on_the_day = self.cells_on(child, key.day).await? + 1;
        self.view
            .put(keys::cells_on(child, key.day), record::write(&on_the_day));
        Ok(())
    }

    /// How often matters of an origin were handed to a child, if it can have them only so.
    async fn handed(
        &mut self,
        child: DivisionCode,
        origin: DivisionCode,
    ) -> Result<Option<u64>, OfficeError> {
        if self.may_have_lost() || self.office.dependencies.tree.contains(child, origin) {
            return Ok(None);
        }
        Ok(Some(self.dealings(child, origin).await?.passed.handed))
    }

    pub(super) async fn lives(&mut self, child: DivisionCode) -> Result<Lives, OfficeError> {
        Ok(self.read(&keys::lives(child)).await?.unwrap_or_default())
    }

    /// The child has sent every cell of its new life: it takes the place of the one before. What that
    /// one had counted stays counted.
    pub(crate) async fn complete_cells(
        &mut self,
        child: DivisionCode,
        order: u64,
    ) -> Result<(), OfficeError> {
        let Some(lives) = self.lives(child).await?.complete(order) else {
            return Ok(());
        };
        let mut account = self.child_account(child).await?;
        let lost_before = account.lost;
        let prefix = keys::heard_prefix(child);
        for (key, bytes) in self.cells_under(&prefix).await? {
            let known: Heard = record::read(&bytes)?;
            let cell = cell_of(&key, &prefix)?;
            let staged: Option<Heard> = self.read(&keys::staged(child, &cell)).await?;
            self.begin_cell(child, &mut account, cell, (Some(known), staged))
                .await?;
        }
        let prefix = keys::staged_prefix(child);
        for (key, bytes) in self.cells_under(&prefix).await? {
            let staged: Heard = record::read(&bytes)?;
            let cell = cell_of(&key, &prefix)?;
            let known: Option<Heard> = self.read(&keys::heard(child, &cell)).await?;
            if known.is_none() {
                self.one_more(child, &mut account, &cell).await?;
                self.begin_cell(child, &mut account, cell, (None, Some(staged)))
                    .await?;
            }
            self.view.delete(key);
        }
        account.staged = 0;
        self.view.put(keys::lives(child), record::write(&lives));
        self.put_child_account(child, &account);
        if account.lost > lost_before {
            let detail = format!(
                "{} cells were counted higher before its store began a new life; they stay so",
                account.lost
            );
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
    ) -> Result<(), OfficeError> {
        let heard = Heard::in_new_life(known, staged);
        let known = known.unwrap_or_default();
        account.note_lost(known, heard);
        self.view
            .put(keys::heard(child, &cell), record::write(&heard));
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
