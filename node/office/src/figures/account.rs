//! The state of the figures of each child: the number of its cells, what does not add up, and since
//! when.

use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    category::Category,
    rollup::{CellKey, Counters, MOST_OWN_CATEGORIES},
    saying::Saying,
    time::{Day, Timestamp},
};
use records::table::Table;
use topology::{DivisionCode, Tier};

use super::dealings::count;
pub(crate) use crate::tables::figures::Account;
use crate::{
    Aborted, Fault, due::FIGURES_AGAIN_MS, services::Figures, tables, unit_of_work::UnitOfWork,
};

/// Time in milliseconds after which a linked child without news is quiet: then everything it had to
/// say is here.
const QUIET_MS: u64 = 10 * 60 * 1000;

/// The state of the figures of one child, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildFigures {
    /// The child.
    pub child: DivisionCode,
    /// Number of its cells that count.
    pub cells: u32,
    /// Number of cells that are set apart, because they are impossible.
    pub apart: u32,
    /// Number of cells that were refused so far.
    pub refused: u64,
    /// Number of inconsistencies. These are triples of division, origin and category of which more
    /// went out than came in, and, once the child is quiet, origins whose figures differ from the
    /// matters that crossed its link.
    pub uneven: u32,
    /// Since when there are any.
    pub uneven_since: Option<Timestamp>,
    /// Number of cells in which more was counted than the current life of its store knows.
    pub lost: u32,
}

impl ChildFigures {
    /// Returns whether there is anything to report.
    pub const fn is_marked(&self) -> bool {
        self.apart > 0 || self.refused > 0 || self.uneven > 0 || self.lost > 0
    }
}

impl Account {
    /// Returns the number of inconsistencies.
    const fn doubts(&self) -> u32 {
        self.uneven + self.unexplained + self.uncrossed
    }

    /// Whether it is to be judged again: something is kept apart, or not told yet.
    const fn is_open(&self) -> bool {
        self.apart > 0 || self.doubts() > 0 && !self.told
    }

    /// Whether a category may be the child's: by its own policy, if it stands high enough to have one.
    pub(super) fn may_have(&self, category: &Category, child: Tier) -> bool {
        child <= Tier::County
            && (self.own.contains(category) || self.own.len() < MOST_OWN_CATEGORIES)
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn child_account(&mut self, child: DivisionCode) -> Result<Account, Fault> {
        let account = self.view.get::<tables::ChildFigures>(&child).await?;
        Ok(account.unwrap_or_default())
    }

    pub(super) fn put_child_account(&mut self, child: DivisionCode, account: &Account) {
        self.view.put::<tables::ChildFigures>(&child, account);
        if account.is_open() {
            self.due_by(Timestamp(self.now.0 + FIGURES_AGAIN_MS));
        }
    }

    pub(super) async fn cells_on(&mut self, child: DivisionCode, day: Day) -> Result<u32, Fault> {
        let cells = self.view.get::<tables::CellsOnDay>(&(child, day)).await?;
        Ok(cells.unwrap_or_default())
    }

    /// Changes the value that a child reports for a cell: in the sums, and in its balance over all
    /// days.
    pub(super) async fn shift_of(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        cell: CellKey,
        (old, new): (Counters, Counters),
    ) -> Result<(), Fault> {
        let key = (child, cell.acting, cell.origin, cell.category.clone());
        let before = self.view.get::<tables::Balances>(&key).await?;
        let before = before.unwrap_or_default();
        let after = before.replacing(old, new);
        count(&mut account.uneven, before.adds_up(), after.adds_up());
        self.heed_doubts(child, account).await?;
        self.view.put::<tables::Balances>(&key, &after);
        self.deal(child, account, cell.origin, |dealings| {
            dealings.told = dealings.told.replacing(old, new);
        })
        .await?;
        self.shift(cell, old, new).await
    }

    /// Records since when something is inconsistent, or that nothing is any more.
    pub(super) async fn heed_doubts(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
    ) -> Result<(), Fault> {
        if account.doubts() > 0 {
            account.uneven_since.get_or_insert(self.now);
            return Ok(());
        }
        account.uneven_since = None;
        if std::mem::take(&mut account.told) {
            self.settle_alarm(AlarmKind::FiguresUneven, Some(child))
                .await?;
        }
        Ok(())
    }

    /// Describes the inconsistencies of a quiet child; `None` if there are none.
    async fn doubts_of(
        &mut self,
        child: DivisionCode,
        account: &Account,
    ) -> Result<Option<Saying>, Fault> {
        // A link that was down may have delayed half of the figures.
        let since = self.office.inbox().linked_since(child);
        let last = account.heard_at.max(account.moved_at);
        let quiet = since.is_some_and(|since| self.now.since(last.max(since)) >= QUIET_MS);
        if !quiet {
            return Ok(None);
        }
        // A store that lost facts never reports them, and a store here that lost matters does not
        // know their steps.
        let lost = self.lives(child).await?.counted > 1;
        let (unexplained, uncrossed) = match (self.may_have_lost(), lost) {
            (true, _) => (0, 0),
            (false, true) => (account.unexplained, 0),
            (false, false) => (account.unexplained, account.uncrossed),
        };
        let doubts = [
            (account.uneven > 0).then(|| details::uneven_sums(account.uneven)),
            (unexplained > 0).then(|| details::uneven_acts(unexplained)),
            (uncrossed > 0).then(|| details::uneven_transfers(uncrossed)),
        ];
        Ok(doubts.into_iter().flatten().reduce(details::and))
    }

    /// Keeps the known categories when a policy replaces another: matters in a category that is no
    /// longer listed continue, so the category stays known.
    pub(crate) fn keep_categories(&mut self) {
        let policy = std::sync::Arc::clone(&self.policy);
        for category in policy.categories().into_keys() {
            if category.chinese().is_none() {
                self.view.put::<tables::KnownCategories>(category, &());
            }
        }
    }

    pub(super) async fn knows_category(&mut self, category: &Category) -> Result<bool, Fault> {
        if self.policy.category(category).is_some() {
            return Ok(true);
        }
        Ok(self.view.has::<tables::KnownCategories>(category).await?)
    }
}

impl Figures<'_> {
    /// Returns the state of the figures of each child.
    pub async fn of_children(self) -> Result<Vec<ChildFigures>, Fault> {
        let accounts = self.child_accounts().await?.into_iter();
        let of_child = |(child, account): (DivisionCode, Account)| ChildFigures {
            child,
            cells: account.in_all,
            apart: account.apart,
            refused: account.refused,
            uneven: match account.told {
                true => account.doubts(),
                false => account.uneven,
            },
            uneven_since: account.uneven_since,
            lost: account.lost,
        };
        Ok(accounts.map(of_child).collect())
    }

    async fn child_accounts(self) -> Result<Vec<(DivisionCode, Account)>, Fault> {
        self.list(tables::ChildFigures::all(), usize::MAX).await
    }

    /// Looks again at what children said that could not be counted, and raises an alarm where
    /// figures still do not add up although the child is quiet. Returns whether anything of that is left.
    /// Asked for again and again.
    pub async fn check(self) -> Result<bool, Aborted> {
        let mut open = false;
        for (child, account) in self.child_accounts().await? {
            if !account.is_open() {
                continue;
            }
            let mut unit = self.begin(Actor::Rule("figures".to_owned())).await?;
            if account.apart > 0 {
                unit.judge_again(child).await?;
            }
            let mut account = unit.child_account(child).await?;
            let doubts = match account.told {
                true => None,
                false => unit.doubts_of(child, &account).await?,
            };
            if let Some(detail) = doubts {
                unit.raise(AlarmKind::FiguresUneven, Some(child), &detail)
                    .await?;
                account.told = true;
                unit.put_child_account(child, &account);
            }
            unit.commit().await?;
            open |= account.is_open();
        }
        Ok(open)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::MemoryDisk;

    use super::*;
    use crate::fixture;

    #[tokio::test]
    async fn figures_that_are_kept_apart_are_looked_at_again_after_a_minute() {
        let clock = Arc::new(fixture::Stopped::default());
        let office = fixture::office("330825002", &MemoryDisk::default(), clock, 1).await;
        let child = "330825002222".parse().unwrap();
        let mut unit = office.begin(Actor::OsUser(7)).await.unwrap();
        let mut account = unit.child_account(child).await.unwrap();
        unit.put_child_account(child, &account);
        assert_eq!(unit.due, None, "all of them count");
        account.apart = 1;
        unit.put_child_account(child, &account);
        let again = Timestamp(office.now().0 + FIGURES_AGAIN_MS);
        assert_eq!(unit.due, Some(again));
        unit.commit().await.unwrap();
        let timer = &office.dependencies.due;
        assert_eq!(timer.wake_due(office.now()), Some(again));
        assert_eq!(office.attend().await.unwrap(), Some(again));
    }
}
