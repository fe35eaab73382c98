//! Settles the answers of neighbours to what they were sent.

use domain::{
    actor::Actor,
    custody::{self, Decision, requests},
    envelope::{Envelope, Lane, Payload},
    ids::MatterId,
    matter::CustodyVersion,
};
use records::{
    outbox::{
        queue::{Segments, Slots},
        sender::Settled,
    },
    table::Table,
};
use store::BATCH_KEYS;
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use crate::{Aborted, Fault, services::Inbox, unit_of_work::UnitOfWork};

impl Inbox<'_> {
    /// Records a neighbour's answer to what it was sent, and removes that from the outbox. It need
    /// not be durable: what is lost is sent once more and gets the same answer.
    pub async fn settle(
        self,
        neighbour: DivisionCode,
        lane: Lane,
        settled: Vec<Settled<RefusalCode>>,
    ) -> Result<(), Aborted> {
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
                    tracing::warn!(%neighbour, lane = lane.code(), ?give, %reason, "refused");
                    unit.end_request((neighbour, lane, n), at).await?;
                }
                if last {
                    // An envelope that a later one replaced was subtracted then.
                    if unit.remove_segment((neighbour, lane), n).await? {
                        self.relay.left(neighbour, relayed);
                    }
                }
                if let Some(slot) = slot.and_then(|slot| Slots::parse(&slot)) {
                    let waiting = unit.view.get::<Slots>(&slot).await?;
                    if waiting.is_some_and(|waiting| waiting.n == n) {
                        unit.view.delete::<Slots>(&slot);
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
    /// Settles a neighbour's answer to a transfer.
    async fn settle_give(
        &mut self,
        neighbour: DivisionCode,
        id: MatterId,
        cv: CustodyVersion,
        refused: bool,
    ) -> Result<Option<Decision>, Fault> {
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
        let request = self.office.matters().next_request(self);
        let context = self.context();
        let called_back = custody::taken_in_vain(&docket, &aside, neighbour, cv, request, context);
        if let Some(decision) = called_back {
            self.apply(decision).await?;
        }
        Ok(None)
    }

    /// Ends a request that a neighbour refused: this node's own ends here, and the division whose
    /// request was forwarded is told.
    async fn end_request(
        &mut self,
        segment: (DivisionCode, Lane, u64),
        at: usize,
    ) -> Result<(), Fault> {
        let queued = self.view.get::<Segments>(&segment).await?;
        let refused = queued.as_deref().and_then(|queued| queued.get(at));
        let envelope = refused.map(|queued| wire::decode_envelope(&queued.bytes));
        let Some(Ok(Envelope {
            payload: Payload::Request(request),
            ..
        })) = envelope
        else {
            return Ok(());
        };
        let (me, answer) = (self.office.me, requests::not_carried(&request));
        if request.id.by == me {
            self.hear_answer(me, &answer).await
        } else {
            self.send(custody::reply_to(request.id.by, answer)).await
        }
    }
}
