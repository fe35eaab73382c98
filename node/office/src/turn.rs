//! The turn of a node: one decision at a time.

use std::sync::atomic::Ordering;

use records::table::Tables;
use store::Transaction;
use tokio::sync::MutexGuard;

use crate::{Fault, Office};

/// The exclusive right to write at this node, until it is dropped or committed.
pub(super) struct Turn<'a> {
    pub(super) office: &'a Office,
    _alone: MutexGuard<'a, ()>,
}

impl Office {
    /// Waits for the turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let turn = Turn {
            office: self,
            _alone: self.turn.lock().await,
        };
        self.notice_losses().await;
        turn
    }

    /// Reads again what is kept in memory of units, if the store took some back since it was read.
    async fn notice_losses(&self) {
        let losses = self.dependencies.store.losses();
        if losses == self.losses.load(Ordering::Relaxed) {
            return;
        }
        self.templates().forget_policy();
        let recounted = async {
            self.inbox().recall_queues().await?;
            self.inbox().recount_relayed().await
        };
        match recounted.await {
            Ok(()) => self.losses.store(losses, Ordering::Relaxed),
            // The next decision tries it again.
            Err(error) => tracing::error!(division = %self.me, %error,
                "what waits for neighbours could not be counted again"),
        }
    }
}

impl Turn<'_> {
    /// Returns a transaction for writes that are not a decision: nothing follows from them, and the
    /// audit trail does not record them.
    pub(super) fn transaction(&self) -> Tables<Transaction> {
        self.office.tables()
    }

    /// Submits such a transaction, ends the turn, and waits until it is durable.
    pub(super) async fn commit(self, transaction: Tables<Transaction>) -> Result<(), Fault> {
        let ticket = transaction.submit().await?;
        drop(self);
        ticket.durable().await?;
        Ok(())
    }
}
