//! The turn of a node: one decision at a time, and the ways to get it.

use store::Transaction;
use tokio::sync::MutexGuard;

use super::{Office, OfficeError, request::RequestContext, unit_of_work::UnitOfWork};

/// The right to write. Whoever has it is the only one of this node, until it is dropped or committed.
pub(super) struct Turn<'a> {
    office: &'a Office,
    _alone: MutexGuard<'a, ()>,
}

impl Office {
    /// Waits for the turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn {
            office: self,
            _alone: self.turn.lock().await,
        }
    }

    /// Waits for the turn and begins a decision, which keeps it until it is submitted or dropped.
    pub(super) async fn begin(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'_>, OfficeError> {
        self.turn().await.decide(by).await
    }
}

impl<'a> Turn<'a> {
    /// Begins a decision that keeps the turn until it is submitted or dropped.
    pub(super) async fn decide(
        self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'a>, OfficeError> {
        let mut unit = self.office.unit(by.into()).await?;
        unit.turn = Some(self);
        Ok(unit)
    }

    /// Begins one of several decisions that are made in the same turn.
    pub(super) async fn begin(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'_>, OfficeError> {
        self.office.unit(by.into()).await
    }

    /// Returns a transaction for what is no decision: nothing follows from it, and no trail tells of it.
    pub(super) fn transaction(&self) -> Transaction {
        self.office.dependencies.store.view(self.office.me)
    }

    /// Submits such a transaction, ends the turn, and waits until it is durable.
    pub(super) async fn commit(self, transaction: Transaction) -> Result<(), OfficeError> {
        let ticket = transaction.submit().await?;
        drop(self);
        ticket.durable().await?;
        Ok(())
    }
}
