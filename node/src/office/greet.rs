//! What two neighbours tell each other before anything else: lives, last words, templates.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Office, OfficeError, desk::Desk, keys, runs::Runs};
use crate::{
    domain::{
        actor::Actor,
        authority::Neighbour,
        envelope::Order,
        ids::{Epoch, EpochId},
        statement::Proof,
        suite::Digest,
    },
    outbox::queue::Queued,
    store::{Range, record},
    wire::{
        self,
        frame::{Echo, TemplateInForce},
    },
};

/// The latest words of a neighbour that this node holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) epoch: Epoch,
    pub(super) issue: u64,
    pub(super) bytes: Bytes,
    pub(super) proof: Proof,
}

/// What is kept of a neighbour between sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PeerMemory {
    /// The life it was last met in.
    pub(super) epoch: Option<Epoch>,
    /// Its latest words.
    pub(super) held: Option<Held>,
}

/// What a node says of itself at the start of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The present life of its store.
    pub epoch: Epoch,
    /// What it holds of the other.
    pub echo: Option<Echo>,
    /// Templates it has, by key and version.
    pub templates: Vec<TemplateInForce>,
    /// Digest over the revocations it knows; `None` if its version knows of no such thing.
    pub revocations: Option<Digest>,
}

/// Why a session does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The other came back with a store older than one already met.
    #[error(
        "the neighbour's store is of an earlier life than the one met before; \
             it must not come back from an old copy without opening a new epoch"
    )]
    SupersededEpoch,
    /// Two stores claim the same place in the order of lives.
    #[error("two stores claim to be the same life of this neighbour; one is a copy: stop it")]
    Fork,
}

impl Office {
    /// What this node says to a neighbour.
    pub async fn greeting(&self, neighbour: DivisionCode) -> Result<Greeting, OfficeError> {
        let epoch = self.epoch().await?;
        let store = &self.supplies.store;
        let seen = store.get(self.me, &keys::peer(neighbour)).await?;
        store.settle(seen.generation).await?;
        let memory: PeerMemory = seen
            .value
            .map(|bytes| record::read(&bytes))
            .transpose()?
            .unwrap_or_default();
        let echo = memory.held.map(|held| Echo {
            epoch: held.epoch.id,
            issue: held.issue,
            bytes: held.bytes,
            proof: held.proof,
        });
        let templates = self.template_versions().await?;
        Ok(Greeting {
            epoch,
            echo,
            templates,
            revocations: Some(self.revocations_digest().await?),
        })
    }

    /// Hears a neighbour's greeting, whose echo was verified as this node's own signed words.
    /// Durable when it returns. `Ok(true)` if this node found that its own store went back in time
    /// and began a new life; the session must then start over.
    pub async fn greeted(
        &self,
        from: Neighbour,
        greeting: &Greeting,
    ) -> Result<Result<bool, Rejected>, OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(Actor::Peer(from.division())).await?;
        let key = keys::peer(from.division());
        let mut memory: PeerMemory = desk.read(&key).await?.unwrap_or_default();
        let theirs = greeting.epoch;
        let rejected = match memory.epoch {
            Some(known) if theirs.order < known.order => Some(Rejected::SupersededEpoch),
            Some(known) if theirs.order == known.order && theirs.id != known.id => {
                Some(Rejected::Fork)
            }
            _ => None,
        };
        let went_back = desk.went_back(from.division(), greeting).await?;
        if let Some(word) = &went_back {
            let old = desk.ledger.epoch;
            desk.begin_life(self.supplies.entropy.bytes(), word.order)
                .await?;
            tracing::error!(
                alarm = "store-went-back",
                neighbour = %from.division(),
                old = %old.id,
                new = %desk.ledger.epoch.id,
                "this store is older than what the neighbour holds; a new epoch begins"
            );
            desk.resend_figures().await?;
        }
        if rejected.is_none() {
            let new_life = memory.epoch.is_some_and(|known| known.id != theirs.id);
            memory.epoch = Some(theirs);
            desk.view.put(key, record::write(&memory));
            desk.queue_missing_revocations(from, greeting.revocations)
                .await?;
            match from {
                Neighbour::Child(child) => {
                    desk.note_lost_versions(&greeting.templates).await?;
                    desk.queue_missing_templates(child, &greeting.templates)
                        .await?;
                }
                // It went back in time, and with it what was summed up from here.
                Neighbour::Parent(_) if new_life && went_back.is_none() => {
                    desk.resend_figures().await?;
                    desk.resend_adoption().await?;
                }
                Neighbour::Parent(_) => {}
            }
        }
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        match (rejected, went_back) {
            (Some(rejected), _) => Ok(Err(rejected)),
            (None, Some(_)) => Ok(Ok(true)),
            (None, None) => {
                let mut recognised = self.recognised.lock().expect("no holder panics");
                recognised.insert(from.division());
                Ok(Ok(false))
            }
        }
    }

    /// Divisions this node has met, whether they are linked now or not.
    pub async fn met(&self) -> Result<Vec<DivisionCode>, OfficeError> {
        let store = &self.supplies.store;
        let seen = store
            .scan(self.me, Range::prefix(b"p"), usize::MAX, false)
            .await?;
        let code = |key: &Bytes| {
            key.last_chunk::<8>()
                .and_then(|n| DivisionCode::from_u64(u64::from_be_bytes(*n)))
        };
        Ok(seen.value.iter().filter_map(|(key, _)| code(key)).collect())
    }
}

impl Desk<'_> {
    /// The life in which this node said what the neighbour holds and this store does not know, if
    /// there is such a thing. Words of a later life are believed only until the neighbour has
    /// recognised this process: afterwards they are a twin's, and of two that live at the same time
    /// the earlier stays refused.
    async fn went_back(
        &mut self,
        neighbour: DivisionCode,
        greeting: &Greeting,
    ) -> Result<Option<Epoch>, OfficeError> {
        let word = greeting.echo.as_ref();
        let Some(word) = word.and_then(|echo| wire::decode_envelope(&echo.bytes).ok()) else {
            return Ok(None);
        };
        let life = self.ledger.epoch;
        let unknown = if word.epoch.id == life.id {
            !self.runs().await?.used(word.issue, self.ledger.issue)
        } else {
            let recognised = self.office.recognised.lock().expect("no holder panics");
            word.epoch.order >= life.order && !recognised.contains(&neighbour)
        };
        Ok(unknown.then_some(word.epoch))
    }

    /// A new life after the one of order `after`: its own counts start over, and everything it says can be told from the old.
    /// What still waits in the outbox was counted in a life that others know more of, so it is said
    /// anew in this one.
    async fn begin_life(&mut self, id: [u8; 16], after: u32) -> Result<(), OfficeError> {
        let old = self.ledger.epoch;
        self.ledger.epoch = Epoch {
            order: old.order.max(after).saturating_add(1),
            id: EpochId(id),
            predecessor: old.id,
        };
        self.view.put(keys::RUNS, record::write(&Runs::default()));
        self.ledger.issue = 0;
        self.ledger.matters = 0;
        self.ledger.asks = 0;
        for (key, bytes) in self
            .view
            .scan(Range::prefix(b"o"), usize::MAX, false)
            .await?
        {
            let mut segment: Vec<Queued> = record::read(&bytes)?;
            for queued in segment.iter_mut().filter(|queued| queued.proof.is_none()) {
                let mut envelope = wire::decode_envelope(&queued.bytes)
                    .map_err(|_| record::RecordError::Damaged("queued envelope"))?;
                self.ledger.issue += 1;
                envelope.epoch = self.ledger.epoch;
                envelope.issue = self.ledger.issue;
                if let Order::Sequence(sequence) = &mut envelope.order {
                    *sequence = self
                        .next_in_flow(envelope.destination, envelope.lane)
                        .await?;
                }
                queued.epoch = envelope.epoch.id;
                queued.bytes = wire::encode_envelope(&envelope);
            }
            self.view.put(key, record::write(&segment));
        }
        Ok(())
    }
}
