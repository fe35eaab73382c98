//! What the matters that crossed the link to a child say of its figures.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    custody::Docket,
    rollup::{Dealings, Passed, counted_as},
};
use topology::DivisionCode;

use super::account::Account;
use crate::{
    Fault, tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

impl UnitOfWork<'_> {
    fn passed(&self, docket: &Docket) -> BTreeMap<DivisionCode, Passed> {
        let tree = &self.office.dependencies.tree;
        match tree.children(self.office.me).len() {
            0 => BTreeMap::new(),
            _ => Passed::of(docket, self.office.me, tree),
        }
    }

    /// Writes what a docket makes known of children's figures.
    pub(crate) async fn project_dealings(
        &mut self,
        DocketChange { old, new }: DocketChange<'_>,
    ) -> Result<(), Fault> {
        let before = old.map(|docket| self.passed(docket)).unwrap_or_default();
        let after = self.passed(new);
        if before == after {
            return Ok(());
        }
        let (me, tree) = (self.office.me, &self.office.dependencies.tree);
        let origin = counted_as(new.matter.id.origin, me, tree);
        let children: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for child in children.into_iter().copied() {
            let [old, new] = [&before, &after].map(|of| of.get(&child).copied());
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            let mut account = self.child_account(child).await?;
            self.deal(child, &mut account, origin, |dealings| {
                dealings.passed = dealings.passed.replacing(old, new);
            })
            .await?;
            self.put_child_account(child, &account);
        }
        Ok(())
    }

    /// Changes what is known, or said, of a child and an origin.
    pub(super) async fn deal(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        origin: DivisionCode,
        change: impl FnOnce(&mut Dealings),
    ) -> Result<(), Fault> {
        let before = self.dealings(child, origin).await?;
        let mut after = before;
        change(&mut after);
        if after == before {
            return Ok(());
        }
        let tree = &self.office.dependencies.tree;
        if !tree.contains(child, origin) {
            count(
                &mut account.unexplained,
                before.is_explained(),
                after.is_explained(),
            );
        }
        if tree.children(child).len() == 0 {
            count(
                &mut account.uncrossed,
                before.crosses_evenly(),
                after.crosses_evenly(),
            );
        }
        account.moved_at = self.now;
        self.view.put::<tables::Dealings>(&(child, origin), &after);
        self.heed_doubts(child, account).await
    }

    pub(super) async fn dealings(
        &mut self,
        child: DivisionCode,
        origin: DivisionCode,
    ) -> Result<Dealings, Fault> {
        let known = self.view.get::<tables::Dealings>(&(child, origin)).await?;
        Ok(known.unwrap_or_default())
    }

    /// Whether this node's store may have lost matters whose steps explain what children say.
    pub(super) const fn may_have_lost(&self) -> bool {
        self.ledger.epoch.order > 1
    }
}

/// Counts one more, or one less, of what does not hold.
pub(super) const fn count(doubts: &mut u32, held: bool, holds: bool) {
    match (held, holds) {
        (true, false) => *doubts += 1,
        (false, true) => *doubts = doubts.saturating_sub(1),
        _ => {}
    }
}
