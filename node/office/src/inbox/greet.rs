//! The greeting of two neighbours at the start of a session: lives, latest messages, templates.

use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    authority::Neighbour,
    envelope::Order,
    ids::{Epoch, EpochId},
    life::{Lineage, Rejected},
    suite::Digest,
};
use records::{outbox::queue::Segments, table::Table};
use store::record::RecordError;
use topology::DivisionCode;
use wire::frame::{Echo, TemplatesKnown};

use crate::tables::inbox::Runs;
pub(crate) use crate::tables::inbox::{Held, PeerMemory};
use crate::{Aborted, Fault, Received, services::Inbox, tables, unit_of_work::UnitOfWork};

/// The statement of a node about itself at the start of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The lives of its store.
    pub lives: Lineage,
    /// The latest messages of the other node that it has.
    pub echo: Option<Echo>,
    /// What it knows of templates.
    pub templates: TemplatesKnown,
    /// Digest over the revocations that it knows; `None` if its version has no revocations.
    pub revocations: Option<Digest>,
}

/// How a greeting came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over a link: it says what is so now.
    Link,
    /// In a courier file: it says what was so when somebody made the file.
    File,
}

impl Inbox<'_> {
    /// Builds this node's greeting for a neighbour.
    pub async fn greeting(self, neighbour: DivisionCode) -> Result<Greeting, Fault> {
        let lives = self.own_lives().await?;
        let memory = self.one::<tables::Peers>(&neighbour).await?;
        let echo = memory.unwrap_or_default().held.map(|held| Echo {
            epoch: held.epoch.id,
            issue: held.issue,
            bytes: held.bytes,
            proof: held.proof,
        });
        let templates = self.templates().versions().await?;
        Ok(Greeting {
            lives,
            echo,
            templates,
            revocations: Some(self.keys().revocations_digest().await?),
        })
    }

    /// Applies a neighbour's greeting, whose echo was verified as this node's own signed message.
    /// Durable when it returns. `Ok(true)` if this node found that its own store went back in time
    /// and began a new life; the session must then start over.
    pub async fn greeted(
        self,
        from: Neighbour,
        greeting: &Greeting,
        way: Way,
    ) -> Result<Result<bool, Rejected>, Aborted> {
        let mut unit = self.begin(Actor::Peer(from.division())).await?;
        // A link must come up on a full disk, too.
        unit.view.is_outcome();
        let memory = unit.view.get::<tables::Peers>(&from.division()).await?;
        let memory = memory.unwrap_or_default();
        let known = memory.held.as_ref().map(|held| held.epoch);
        let mut rejected = greeting.lives.follows(known).err();
        // A file may be older than the last greeting; then the lives that were heard since still count.
        if way == Way::File && is_overtaken(&greeting.lives, &memory.lives) {
            rejected = rejected.or(Some(Rejected::SupersededEpoch));
        }
        let went_back = unit.went_back(greeting).await?;
        // An old file says nothing of what the neighbour knows now.
        let is_present = way == Way::Link || unit.is_of_this_run(greeting).await?;
        if let Some(word) = went_back {
            unit.begin_anew(from.division(), word).await?;
        }
        if rejected.is_none() {
            unit.bring_up_to_date(from, greeting, memory, went_back.is_some())
                .await?;
        }
        let greeted = rejected.is_none() && went_back.is_none();
        if greeted
            && way == Way::Link
            && self.parent == Some(from.division())
            && self.is_sole_again()
        {
            unit.view.delete::<tables::StandsAside>(&());
            unit.settle_alarm(AlarmKind::SecondMachine, Some(self.me))
                .await?;
        }
        unit.commit().await?;
        match (rejected, went_back) {
            (Some(rejected), _) => Ok(Err(rejected)),
            (None, Some(_)) => Ok(Ok(true)),
            (None, None) => {
                self.note_met(from.division(), is_present);
                self.show_on().await?;
                Ok(Ok(false))
            }
        }
    }

    /// Notes that a neighbour greeted, in this run if its greeting `is_present`.
    fn note_met(self, neighbour: DivisionCode, is_present: bool) {
        if is_present {
            let mut met = self.met.lock().expect("no holder panics");
            met.insert(neighbour);
        }
        self.relay.met(neighbour);
        if is_present && self.parent == Some(neighbour) {
            // The head of the public log waits for this.
            self.dependencies.due.wake_by(self.me, self.now());
        }
    }

    /// Returns the lives of this node's store.
    async fn own_lives(self) -> Result<Lineage, Fault> {
        let ledger = self.ledger().await?;
        let known = self.one::<tables::Epochs>(&()).await?;
        Ok(lineage(known, ledger.epoch)?)
    }

    /// Returns the divisions that this node has met, whether or not they are linked now.
    pub async fn met(self) -> Result<Vec<DivisionCode>, Fault> {
        let met = self.read()?.scan(tables::Peers::all(), usize::MAX).await?;
        Ok(met.into_iter().map(|(neighbour, _)| neighbour).collect())
    }
}

impl UnitOfWork<'_> {
    /// Keeps the neighbour's latest messages, to show them if its store ever goes back in time.
    pub(crate) async fn remember(
        &mut self,
        neighbour: DivisionCode,
        received: &Received,
    ) -> Result<(), Fault> {
        let Received {
            envelope,
            bytes,
            proof,
            ..
        } = received;
        let memory = self.view.get::<tables::Peers>(&neighbour).await?;
        let mut memory = memory.unwrap_or_default();
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
        self.view.put::<tables::Peers>(&neighbour, &memory);
        Ok(())
    }

    /// Returns whether the latest message that the neighbour has is one of this process: then it knows of none that this
    /// store lost before.
    async fn is_of_this_run(&mut self, greeting: &Greeting) -> Result<bool, Fault> {
        let first = self.runs().await?.first;
        let epoch = self.ledger.epoch.id;
        let word = greeting.echo.as_ref();
        Ok(word.is_some_and(|echo| {
            echo.epoch == epoch && (first..=self.ledger.issue).contains(&echo.issue)
        }))
    }

    /// Returns the life of a message that the neighbour has and this store does not know, if any.
    /// Then the store went back in time, or a copy of it or a thief of its key spoke in its name.
    /// The neighbour accepts a life after that one in any case.
    async fn went_back(&mut self, greeting: &Greeting) -> Result<Option<Epoch>, Fault> {
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

    /// Begins a new life after `peer` has shown a message of the life `word`, which this store does not know, and tells
    /// the operators.
    async fn begin_anew(&mut self, peer: DivisionCode, word: Epoch) -> Result<(), Fault> {
        let office = self.office;
        let old = self.ledger.epoch;
        self.begin_life(office.dependencies.entropy.bytes(), Some(word))
            .await?;
        let found = [Some(peer), office.parent];
        self.await_neighbours(found.into_iter().flatten()).await?;
        let new = self.ledger.epoch;
        let met_before = office.met.lock().expect("no holder panics").contains(&peer);
        // This process was greeted before, so its store is not the old one.
        let (kind, about) = match met_before {
            true => (AlarmKind::SecondMachine, office.me),
            false => (AlarmKind::StoreWentBack, peer),
        };
        let detail = details::unknown_life(
            peer, word.order, word.id, old.order, old.id, new.order, new.id,
        );
        self.raise(kind, Some(about), &detail).await?;
        self.resend_figures().await?;
        self.resend_compliance().await?;
        self.resend_health().await
    }

    /// Keeps the lives of a neighbour and queues what it lacks.
    async fn bring_up_to_date(
        &mut self,
        from: Neighbour,
        greeting: &Greeting,
        mut memory: PeerMemory,
        went_back: bool,
    ) -> Result<(), Fault> {
        let lives = greeting.lives.lives().to_vec();
        let new_life = !memory.lives.is_empty() && memory.lives.last() != lives.last();
        memory.lives = lives;
        self.view.put::<tables::Peers>(&from.division(), &memory);
        if let Some(echo) = greeting.echo.as_ref().filter(|_| !went_back) {
            self.await_one_more(from.division()).await?;
            self.note_lost_messages(from.division(), echo).await?;
        }
        if new_life {
            let life = greeting.lives.present().id;
            self.begin_to_show(from.division(), life).await?;
        }
        self.queue_missing_revocations(from, greeting.revocations)
            .await?;
        match from {
            Neighbour::Child(child) => {
                self.note_lost_versions(&greeting.templates).await?;
                self.queue_missing_templates(child, &greeting.templates)
                    .await?;
            }
            // The parent's store went back in time, and with it the sums that this node
            // reported.
            Neighbour::Parent(_) if new_life && !went_back => {
                self.resend_figures().await?;
                self.resend_adoption().await?;
                self.resend_compliance().await?;
                self.resend_health().await?;
            }
            Neighbour::Parent(_) => self.resend_health().await?,
        }
        Ok(())
    }

    /// Returns the lives of this store.
    pub(super) async fn own_lives(&mut self) -> Result<Lineage, Fault> {
        let known = self.view.get::<tables::Epochs>(&()).await?;
        Ok(lineage(known, self.ledger.epoch)?)
    }

    /// Begins a new life after those that this store knows and `strange`, another one of it if one is known. Its
    /// counts start over, so its messages can be told from the old ones. Messages still in the
    /// outbox were counted in a life of which others know more, so they are issued again in this
    /// one.
    pub(super) async fn begin_life(
        &mut self,
        id: [u8; 16],
        strange: Option<Epoch>,
    ) -> Result<(), Fault> {
        let lives = self.own_lives().await?.begin(EpochId(id), strange);
        self.ledger.epoch = lives.present();
        self.view
            .put::<tables::Epochs>(&(), &lives.lives().to_vec());
        self.view.put::<tables::Runs>(&(), &Runs::default());
        self.ledger.issue = 0;
        self.ledger.run = lives.present().id.short();
        self.ledger.matters = 0;
        self.ledger.asks = 0;
        for (key, mut segment) in self.view.scan(Segments::all(), usize::MAX).await? {
            for queued in segment.iter_mut().filter(|queued| queued.proof.is_none()) {
                let mut envelope = wire::decode_envelope(&queued.bytes)
                    .map_err(|_| RecordError::Damaged("queued envelope"))?;
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
            self.view.put::<Segments>(&key, &segment);
        }
        Ok(())
    }
}

/// Returns whether a neighbour has greeted with a later life than the one that it says is its present one.
fn is_overtaken(said: &Lineage, heard: &[Epoch]) -> bool {
    let before = heard.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().any(|life| life.id == said.present().id)
}

/// Builds the lives from their record; a store in its first life has no record.
fn lineage(known: Option<Vec<Epoch>>, present: Epoch) -> Result<Lineage, RecordError> {
    let Some(known) = known else {
        return Ok(Lineage::beginning(present));
    };
    let lives = Lineage::of(known).ok();
    lives
        .filter(|lives| lives.present() == present)
        .ok_or(RecordError::Damaged("lives"))
}
