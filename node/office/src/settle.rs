//! What neighbours answered.

use bytes::Bytes;
use domain::{
    actor::Actor,
    custody::{self, Decision},
    envelope::{Envelope, Lane, Payload},
    ids::MatterId,
    matter::CustodyVersion,
    request,
};
use records::outbox::{
    queue::{Queued, SlotEntry, segment_key},
    sender::Settled,
};
use store::BATCH_KEYS;
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::{Office, OfficeError, unit_of_work::UnitOfWork};

impl Office {
    /// Records what a neighbour said of what it was sent, and removes it from the outbox. It need
    /// not be durable: what is lost is sent, and answered alike, once more.
    pub async fn settle(
        &self,
        neighbour: DivisionCode,
        lane: Lane,
        settled: Vec<Settled<RefusalCode>>,
    ) -> Result<(), OfficeError> {
        let turn = self.turn().await;
        let mut settled = settled.into_iter().peekable();
        while settled.peek().is_some() {
            let mut unit = turn.begin(Actor::Peer(neighbour)).await?;
            unit.view.is_outcome();
            while let Some(answer) = settled.next_if(|_| unit.view.len() + 10 <= BATCH_KEYS) {
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
                    && let Some(decision) = unit
                        .settle_give(neighbour, id, cv, refused.is_some())
                        .await?
                {
                    let metrics = &self.dependencies.metrics;
                    if refused.is_some() {
                        metrics.custody_refused.inc();
                    } else {
                        metrics.custody_given.inc();
                        unit.forget_papers(&decision.docket.matter);
                    }
                    unit.apply(decision).await?;
                }
                if let Some(reason) = refused {
                    tracing::warn!(%neighbour, lane = lane.name(), ?give, %reason, "refused");
                    unit.end_request(segment_key(neighbour, lane, n), at)
                        .await?;
                }
                if last {
                    // What a later word took the place of was counted off then.
                    if unit.remove_segment((neighbour, lane), n).await? {
                        self.relay.left(neighbour, relayed);
                    }
                }
                if let Some(slot) = slot {
                    let waiting: Option<SlotEntry> = unit.read(&slot).await?;
                    if waiting.is_some_and(|waiting| waiting.n == n) {
                        unit.view.delete(slot);
                    }
                }
            }
            let _not_awaited = unit.submit().await?;
        }
        drop(turn);
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// What follows from a neighbour's answer to a transfer.
    async fn settle_give(
        &mut self,
        neighbour: DivisionCode,
        id: MatterId,
        cv: CustodyVersion,
        refused: bool,
    ) -> Result<Option<Decision>, OfficeError> {
        let Some(docket) = self.docket(id).await? else {
            return Ok(None);
        };
        let settled = custody::settle(docket.clone(), neighbour, cv, refused, self.context());
        if settled.is_some() || refused {
            return Ok(settled);
        }
        let aside = self.aside(id).await?;
        if aside.is_empty() {
            return Ok(None);
        }
        let ask = self.office.next_ask(self);
        let context = self.context();
        let called_back = custody::taken_in_vain(&docket, &aside, neighbour, cv, ask, context);
        if let Some(decision) = called_back {
            self.apply(decision).await?;
        }
        Ok(None)
    }

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
