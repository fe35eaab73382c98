//! What neighbours answered.

use topology::DivisionCode;

use super::{Office, OfficeError};
use crate::{
    domain::{actor::Actor, custody, envelope::Lane},
    outbox::{
        queue::{SlotEntry, segment_key},
        sender::Settled,
    },
    store::BATCH_KEYS,
    wire::refusal::RefusalCode,
};

impl Office {
    /// Records what a neighbour said of what it was sent, and removes it from the outbox. It need
    /// not be durable: what is lost is sent, and answered alike, once more.
    pub async fn settle(
        &self,
        neighbour: DivisionCode,
        lane: Lane,
        settled: Vec<Settled<RefusalCode>>,
    ) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut settled = settled.into_iter().peekable();
        while settled.peek().is_some() {
            let mut desk = self.desk(Actor::Peer(neighbour)).await?;
            while let Some(answer) = settled.next_if(|_| desk.view.len() + 8 <= BATCH_KEYS) {
                let Settled {
                    n,
                    give,
                    slot,
                    refused,
                    last,
                } = answer;
                if let Some((id, cv)) = give
                    && let Some(docket) = desk.docket(id).await?
                    && let Some(decision) = custody::settle(
                        docket,
                        cv,
                        refused.is_some(),
                        self.me,
                        desk.now,
                        &self.supplies.tree,
                    )
                {
                    let metrics = &self.supplies.metrics;
                    if refused.is_some() {
                        metrics.custody_refused.inc();
                    } else {
                        metrics.custody_given.inc();
                    }
                    desk.apply(decision).await?;
                }
                if let Some(reason) = refused {
                    tracing::warn!(%neighbour, lane = lane.name(), ?give, %reason, "refused");
                }
                if last {
                    desk.view.delete(segment_key(neighbour, lane, n));
                }
                if let Some(slot) = slot {
                    let waiting: Option<SlotEntry> = desk.read(&slot).await?;
                    if waiting.is_some_and(|waiting| waiting.n == n) {
                        desk.view.delete(slot);
                    }
                }
            }
            let _not_awaited = desk.submit().await?;
        }
        drop(turn);
        Ok(())
    }
}
