//! How the figures of each child stand: how many cells it has, what of them does not add up, and
//! since when.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    alarm::AlarmKind,
    category::Category,
    rollup::{CellKey, Counters, MOST_OWN_CATEGORIES},
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};
use store::{Range, record};
use topology::{DivisionCode, Tier};

use super::{
    super::{Office, OfficeError, keys, unit_of_work::UnitOfWork},
    dealings::count,
};

/// A child that is linked and said nothing new for so long is quiet: what it had to say is here.
const QUIET_MS: u64 = 10 * 60 * 1000;

/// How the figures of one child stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Cells that count.
    pub(super) in_all: u32,
    /// Cells that are staged for a new life.
    pub(super) staged: u32,
    /// Division, origin and category of which more went out than came in.
    pub(super) uneven: u32,
    /// Origins outside the child of which it says more than the steps of their matters.
    pub(super) unexplained: u32,
    /// Origins of which others came and went over the link than it says, if nothing is below it.
    pub(super) uncrossed: u32,
    /// When anything of that changed.
    pub(super) moved_at: Timestamp,
    /// Since when any of the three is not as it should be.
    pub(super) uneven_since: Option<Timestamp>,
    /// Whether an alarm was raised over them.
    pub(super) told: bool,
    /// Cells that are kept apart.
    pub(super) apart: u32,
    /// Cells that were refused, whether they could be kept or not.
    pub(super) refused: u64,
    /// Cells that a lost life counted higher than the present one.
    pub(super) lost: u32,
    /// When it last said something.
    pub(super) heard_at: Timestamp,
    /// Categories that no policy lists here.
    pub(super) own: BTreeSet<Category>,
}

domain::records!(Account);

/// What is to be said of the figures of one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildFigures {
    /// Which child.
    pub child: DivisionCode,
    /// Cells of it that count.
    pub cells: u32,
    /// Cells that are kept apart, because they can never be.
    pub apart: u32,
    /// Cells that were refused so far.
    pub refused: u64,
    /// Division, origin and category of which more went out than came in; and, once the child is quiet,
    /// origins of which it says what the matters that crossed its link do not.
    pub uneven: u32,
    /// Since when.
    pub uneven_since: Option<Timestamp>,
    /// Cells in which more was counted than the present life of its store knows.
    pub lost: u32,
}

impl ChildFigures {
    /// Whether there is anything to be said.
    pub const fn is_marked(&self) -> bool {
        self.apart > 0 || self.refused > 0 || self.uneven > 0 || self.lost > 0
    }
}

impl Account {
    /// Everything that is not as it should be.
    const fn doubts(&self) -> u32 {
        self.uneven + self.unexplained + self.uncrossed
    }

    /// Whether a category may be the child's: by its own policy, if it stands high enough to have one.
    pub(super) fn may_have(&self, category: &Category, child: Tier) -> bool {
        child <= Tier::County
            && (self.own.contains(category) || self.own.len() < MOST_OWN_CATEGORIES)
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn child_account(
        &mut self,
        child: DivisionCode,
    ) -> Result<Account, OfficeError> {
        let account = self.read(&keys::figures_of(child)).await?;
        Ok(account.unwrap_or_default())
    }

    pub(super) fn put_child_account(&mut self, child: DivisionCode, account: &Account) {
        self.view
            .put(keys::figures_of(child), record::write(account));
    }

    pub(super) async fn cells_on(
        &mut self,
        child: DivisionCode,
        day: Day,
    ) -> Result<u32, OfficeError> {
        let cells = self.read(&keys::cells_on(child, day)).await?;
        Ok(cells.unwrap_or_default())
    }

    /// Changes what a child counts of a cell: the sums, and what it has over all days.
    pub(super) async fn shift_of(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        cell: CellKey,
        (old, new): (Counters, Counters),
    ) -> Result<(), OfficeError> {
        let key = keys::balance(child, &cell);
        let before: Counters = self.read(&key).await?.unwrap_or_default();
        let after = before.replacing(old, new);
        count(&mut account.uneven, before.adds_up(), after.adds_up());
        self.heed_doubts(child, account).await?;
        self.view.put(key, record::write(&after));
        self.deal(child, account, cell.origin, |dealings| {
            dealings.told = dealings.told.replacing(old, new);
        })
        .await?;
        self.shift(cell, old, new).await
    }

    /// Since when something is not as it should be, and that nothing is any more.
    pub(super) async fn heed_doubts(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
    ) -> Result<(), OfficeError> {
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

    /// What does not add up of a child that is quiet, in words. `None` if all does.
    async fn doubts_of(
        &mut self,
        child: DivisionCode,
        account: &Account,
    ) -> Result<Option<String>, OfficeError> {
        // A link that was down may have kept half of it.
        let since = self.office.linked_since(child);
        let last = account.heard_at.max(account.moved_at);
        let quiet = since.is_some_and(|since| self.now.since(last.max(since)) >= QUIET_MS);
        if !quiet {
            return Ok(None);
        }
        // A store that lost facts never tells them, and one here that lost matters knows no steps of them.
        let lost = self.lives(child).await?.counted > 1;
        let (unexplained, uncrossed) = match (self.may_have_lost(), lost) {
            (true, _) => (0, 0),
            (false, true) => (account.unexplained, 0),
            (false, false) => (account.unexplained, account.uncrossed),
        };
        let doubts = [
            (
                account.uneven,
                "sums of division, origin and category give or close more than came in",
            ),
            (
                unexplained,
                "origins elsewhere have more done with their matters than their steps say",
            ),
            (
                uncrossed,
                "origins have others taken and given than crossed the link",
            ),
        ];
        let doubts = doubts.into_iter().filter(|(count, _)| *count > 0);
        let doubts: Vec<_> = doubts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        Ok((!doubts.is_empty()).then(|| doubts.join("; ")))
    }

    /// A policy takes the place of another: matters reported in a category that it does not list any
    /// more go on, so the category stays known.
    pub(crate) fn keep_categories(&mut self) {
        let policy = std::sync::Arc::clone(&self.policy);
        for category in policy.categories().into_keys() {
            if category.chinese().is_none() {
                self.view
                    .put(keys::known_category(category), record::write(&()));
            }
        }
    }

    pub(super) async fn knows_category(
        &mut self,
        category: &Category,
    ) -> Result<bool, OfficeError> {
        if self.policy.category(category).is_some() {
            return Ok(true);
        }
        let known: Option<()> = self.read(&keys::known_category(category)).await?;
        Ok(known.is_some())
    }
}

impl Office {
    /// How the figures of each child stand.
    pub async fn figures_of_children(&self) -> Result<Vec<ChildFigures>, OfficeError> {
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

    async fn child_accounts(&self) -> Result<Vec<(DivisionCode, Account)>, OfficeError> {
        let found: Vec<(_, Account)> = self
            .read_all(Range::prefix(keys::FIGURES_OF), usize::MAX)
            .await?;
        let child = |key: &[u8]| {
            let code = key.last_chunk::<8>()?;
            DivisionCode::from_u64(u64::from_be_bytes(*code))
        };
        let of_child = |(key, account): (bytes::Bytes, _)| Some((child(&key)?, account));
        Ok(found.into_iter().filter_map(of_child).collect())
    }

    /// Looks again at what children said that could not be counted, and raises an alarm where
    /// figures still do not add up although the child is quiet. Asked for again and again.
    pub async fn check_figures(&self) -> Result<(), OfficeError> {
        for (child, account) in self.child_accounts().await? {
            let to_tell = account.doubts() > 0 && !account.told;
            if account.apart == 0 && !to_tell {
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
        }
        Ok(())
    }
}
