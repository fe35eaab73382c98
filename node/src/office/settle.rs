//! What neighbours answered.

use bytes::Bytes;
use topology::DivisionCode;

use super::{Office, OfficeError, desk::Desk};
use crate::{
    domain::{
        actor::Actor,
        custody,
        envelope::{Envelope, Lane, Payload},
        request,
    },
    outbox::{
        queue::{Queued, SlotEntry, segment_key},
        sender::Settled,
    },
    store::BATCH_KEYS,
    wire::{self, refusal::RefusalCode},
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
            desk.view.is_outcome();
            while let Some(answer) = settled.next_if(|_| desk.view.len() + 10 <= BATCH_KEYS) {
                let Settled {
                    n,
                    give,
                    slot,
                    refused,
                    at,
                    last,
                    relayed,
                } = answer;
                if let Some((id, cv)) = give
                    && let Some(docket) = desk.docket(id).await?
                    && let Some(decision) =
                        custody::settle(docket, cv, refused.is_some(), desk.seat())
                {
                    let metrics = &self.supplies.metrics;
                    if refused.is_some() {
                        metrics.custody_refused.inc();
                    } else {
                        metrics.custody_given.inc();
                        desk.forget_papers(&decision.docket.matter);
                    }
                    desk.apply(decision).await?;
                }
                if let Some(reason) = refused {
                    tracing::warn!(%neighbour, lane = lane.name(), ?give, %reason, "refused");
                    desk.end_request(segment_key(neighbour, lane, n), at)
                        .await?;
                }
                if last {
                    // What a later word took the place of was counted off then.
                    if desk.remove_segment((neighbour, lane), n).await? {
                        self.relay.left(neighbour, relayed);
                    }
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

impl Desk<'_> {
    /// If what a neighbour refused was a request, it is over: this node's own ends here, and the
    /// division whose request was carried is told.
    async fn end_request(&mut self, segment: Bytes, at: usize) -> Result<(), OfficeError> {
        let queued: Option<Vec<Queued>> = self.read(&segment).await?;
        let refused = queued.as_deref().and_then(|queued| queued.get(at));
        let envelope = refused.map(|queued| wire::decode_envelope(&queued.bytes));
        let Some(Ok(Envelope {
            payload: Payload::Ask(ask),
            ..
        })) = envelope
        else {
            return Ok(());
        };
        let (me, answer) = (self.office.me, request::not_carried(&ask));
        if ask.id.by == me {
            self.hear_answer(me, &answer).await
        } else {
            self.send(custody::reply_to(ask.id.by, answer)).await
        }
    }
}
