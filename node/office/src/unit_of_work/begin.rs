//! The ways to begin a decision.

use super::UnitOfWork;
use crate::{Aborted, Office, request::RequestContext, turn::Turn};

impl Office {
    /// Waits for the turn and begins a decision, which keeps it until it is submitted or dropped.
    pub(crate) async fn begin(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'_>, Aborted> {
        self.turn().await.decide(by).await
    }
}

impl<'a> Turn<'a> {
    /// Begins a decision that keeps the turn until it is submitted or dropped.
    pub(crate) async fn decide(
        self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'a>, Aborted> {
        let mut unit = self.office.unit(by.into()).await?;
        unit.check_seen().await?;
        unit.turn = Some(self);
        Ok(unit)
    }

    /// Begins one of several decisions that are made in the same turn.
    pub(crate) async fn begin(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<UnitOfWork<'_>, Aborted> {
        let mut unit = self.office.unit(by.into()).await?;
        unit.check_seen().await?;
        Ok(unit)
    }
}
