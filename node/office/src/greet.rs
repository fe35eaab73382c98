//! What two neighbours tell each other before anything else: lives, last words, templates.

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    authority::Neighbour,
    envelope::Order,
    ids::{Epoch, EpochId},
    life::{Lineage, Rejected},
    statement::Proof,
    suite::Digest,
};
use records::outbox::queue::Queued;
use serde::{Deserialize, Serialize};
use store::{Range, record};
use topology::DivisionCode;
use wire::frame::{Echo, TemplateInForce};

use super::{Office, OfficeError, Received, keys, runs::Runs, unit_of_work::UnitOfWork};

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
    /// Its lives as it said when it was last greeted, the present one last; none before that.
    pub(super) lives: Vec<Epoch>,
    /// Its latest words. The life they were said in is the one it is known by: what it only claims in
    /// a greeting binds nobody.
    pub(super) held: Option<Held>,
}

domain::records!(PeerMemory);

/// What a node says of itself at the start of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The lives of its store.
    pub lives: Lineage,
    /// What it holds of the other.
    pub echo: Option<Echo>,
    /// Templates it has, by key and version.
    pub templates: Vec<TemplateInForce>,
    /// Digest over the revocations it knows; `None` if its version knows of no such thing.
    pub revocations: Option<Digest>,
}

impl Office {
    /// What this node says to a neighbour.
    pub async fn greeting(&self, neighbour: DivisionCode) -> Result<Greeting, OfficeError> {
        let lives = self.own_lives().await?;
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &keys::peer(neighbour)).await?;
        store.wait_durable(seen.generation).await?;
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
            lives,
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
        let mut unit = self.begin(Actor::Peer(from.division())).await?;
        // A link comes up on a full disk too.
        unit.view.is_outcome();
        let key = keys::peer(from.division());
        let mut memory: PeerMemory = unit.read(&key).await?.unwrap_or_default();
        let known = memory.held.as_ref().map(|held| held.epoch);
        let rejected = greeting.lives.follows(known).err();
        let went_back = unit.went_back(greeting).await?;
        if let Some(word) = went_back {
            let old = unit.ledger.epoch;
            unit.begin_life(self.dependencies.entropy.bytes(), word)
                .await?;
            unit.await_neighbours(from.division()).await?;
            let new = unit.ledger.epoch;
            let peer = from.division();
            let met_before = self.met.lock().expect("no holder panics").contains(&peer);
            // This very process was greeted before, so it is not its store that is old.
            let (kind, about) = match met_before {
                true => (AlarmKind::SecondMachine, self.me),
                false => (AlarmKind::StoreWentBack, peer),
            };
            let detail = format!(
                "{peer} holds words of life {} of {} which this store does not know; life {} ({}) ended \
                 here, life {} ({}) begins",
                word.order, word.id, old.order, old.id, new.order, new.id
            );
            unit.raise(kind, Some(about), &detail).await?;
            unit.resend_figures().await?;
        }
        if rejected.is_none() {
            let lives = greeting.lives.lives().to_vec();
            let new_life = !memory.lives.is_empty() && memory.lives.last() != lives.last();
            memory.lives = lives;
            unit.view.put(key, record::write(&memory));
            if greeting.echo.is_some() && went_back.is_none() {
                unit.await_one_more(from.division()).await?;
            }
            if new_life {
                let life = greeting.lives.present().id;
                unit.begin_to_show(from.division(), life).await?;
            }
            unit.queue_missing_revocations(from, greeting.revocations)
                .await?;
            match from {
                Neighbour::Child(child) => {
                    unit.note_lost_versions(&greeting.templates).await?;
                    unit.queue_missing_templates(child, &greeting.templates)
                        .await?;
                }
                // It went back in time, and with it what was summed up from here.
                Neighbour::Parent(_) if new_life && went_back.is_none() => {
                    unit.resend_figures().await?;
                    unit.resend_adoption().await?;
                }
                Neighbour::Parent(_) => {}
            }
        }
        let greeted = rejected.is_none() && went_back.is_none();
        if greeted && self.parent == Some(from.division()) && self.is_sole_again() {
            unit.view.delete(keys::STANDS_ASIDE);
            unit.settle_alarm(AlarmKind::SecondMachine, Some(self.me))
                .await?;
        }
        unit.commit().await?;
        match (rejected, went_back) {
            (Some(rejected), _) => Ok(Err(rejected)),
            (None, Some(_)) => Ok(Ok(true)),
            (None, None) => {
                self.met
                    .lock()
                    .expect("no holder panics")
                    .insert(from.division());
                self.relay.met(from.division());
                self.show_on().await?;
                Ok(Ok(false))
            }
        }
    }

    /// The lives of this node's store.
    async fn own_lives(&self) -> Result<Lineage, OfficeError> {
        let ledger = self.ledger().await?;
        let seen = self.dependencies.store.get(self.me, keys::LIVES).await?;
        self.dependencies
            .store
            .wait_durable(seen.generation)
            .await?;
        let known = seen.value.map(|bytes| record::read(&bytes)).transpose()?;
        Ok(lineage(known, ledger.epoch)?)
    }

    /// Divisions this node has met, whether they are linked now or not.
    pub async fn met(&self) -> Result<Vec<DivisionCode>, OfficeError> {
        let store = &self.dependencies.store;
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

impl UnitOfWork<'_> {
    /// Keeps the neighbour's latest words, to show it if its store ever goes back in time.
    pub(super) async fn remember(
        &mut self,
        neighbour: DivisionCode,
        received: &Received,
    ) -> Result<(), OfficeError> {
        let Received {
            envelope,
            bytes,
            proof,
            ..
        } = received;
        let key = keys::peer(neighbour);
        let mut memory: PeerMemory = self.read(&key).await?.unwrap_or_default();
        let epoch = envelope.epoch;
        let said = (epoch.order, envelope.issue);
        let later = |held: &Held| (held.epoch.order, held.issue) >= said;
        if memory.held.as_ref().is_some_and(later) {
            return Ok(());
        }
        memory.held = Some(Held {
            epoch,
            issue: envelope.issue,
            bytes: bytes.clone(),
            proof: proof.clone(),
        });
        self.view.put(key, record::write(&memory));
        Ok(())
    }

    /// The life in which this node said what the neighbour holds and this store does not know, if
    /// there is such a thing: the store went back in time, or a copy of it or a thief of its key spoke
    /// in its name. A life after that one is taken by the neighbour in any case.
    async fn went_back(&mut self, greeting: &Greeting) -> Result<Option<Epoch>, OfficeError> {
        let word = greeting.echo.as_ref();
        let Some(word) = word.and_then(|echo| wire::decode_envelope(&echo.bytes).ok()) else {
            return Ok(None);
        };
        let unknown = if word.epoch == self.ledger.epoch {
            !self.runs().await?.used(word.issue, self.ledger.issue)
        } else {
            !self.own_lives().await?.has(&word.epoch)
        };
        Ok(unknown.then_some(word.epoch))
    }

    /// The lives of this store.
    async fn own_lives(&mut self) -> Result<Lineage, OfficeError> {
        let known = self.read(keys::LIVES).await?;
        Ok(lineage(known, self.ledger.epoch)?)
    }

    /// A new life after those this store knows and `strange`, another one of it: its own counts start
    /// over, and everything it says can be told from the old.
    /// What still waits in the outbox was counted in a life that others know more of, so it is said
    /// anew in this one.
    async fn begin_life(&mut self, id: [u8; 16], strange: Epoch) -> Result<(), OfficeError> {
        let lives = self.own_lives().await?.begin(EpochId(id), Some(strange));
        self.ledger.epoch = lives.present();
        self.view.put(keys::LIVES, record::write_all(lives.lives()));
        self.view.put(keys::RUNS, record::write(&Runs::default()));
        self.ledger.issue = 0;
        self.ledger.run = lives.present().id.short();
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

/// The lives as they are recorded; a store in its first one has no record.
fn lineage(known: Option<Vec<Epoch>>, present: Epoch) -> Result<Lineage, record::RecordError> {
    let Some(known) = known else {
        return Ok(Lineage::beginning(present));
    };
    let lives = Lineage::of(known).ok();
    lives
        .filter(|lives| lives.present() == present)
        .ok_or(record::RecordError::Damaged("lives"))
}
