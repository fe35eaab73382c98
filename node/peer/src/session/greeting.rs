//! The first frames of a conversation: who speaks, in which life, and what each holds of the other.

use std::net::SocketAddr;

use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    authority::Neighbour,
    life::{Lineage, Rejected},
    suite::Digest,
    time::Timestamp,
};
use futures::StreamExt;
use identity::SignedKeyStatement;
use office::{Greeting, statements_digest};
use records::outbox::sender::Window;
use tokio::time::timeout;
use topology::DivisionCode;
use wire::frame::{Echo, Frame, GoodbyeCode, Hello, PROTOCOL};

use super::{super::fetch, SessionContext, keys, malformed, office_ended};
use crate::link::{Carrier, Ended, Side};

/// What a neighbour said of itself that lasts as long as the conversation.
pub(super) struct Greeted {
    /// What may be unacknowledged there.
    pub(super) window: Window,
    /// How many fetches it answers at a time.
    pub(super) fetches: u32,
    /// Whether it hears that it has everything.
    pub(super) hears_abreast: bool,
    /// How far its clock is ahead, in milliseconds.
    pub(super) skew_ms: i64,
    /// What it knows of keys that concern both; `None` if it hears nothing of such.
    pub(super) keys: Option<Digest>,
}

impl SessionContext {
    /// A neighbour said what time it is there, in greeting or later: shown, and measured against this
    /// node's own clock.
    pub(super) fn measure_clock(&self, peer: DivisionCode, theirs: Timestamp) {
        let skew_ms = theirs.0.saturating_sub(self.office.now().0);
        self.links.note(peer, |state| state.skew_ms = skew_ms);
        self.office.hear_time(peer, theirs);
    }

    /// Greets, and hears the other's greeting.
    pub(super) async fn greet(
        &self,
        carrier: &mut Carrier,
        hello: Option<Box<Hello>>,
        from: Neighbour,
    ) -> Result<Greeted, Ended> {
        let hello = match hello {
            Some(hello) => hello,
            None => {
                self.say_hello(carrier, from).await?;
                self.await_hello(carrier).await?
            }
        };
        let window = Window {
            envelopes: least(self.terms.window.envelopes, hello.window_envelopes),
            bytes: least(self.terms.window.bytes, hello.window_bytes),
        };
        let greeted = Greeted {
            window,
            fetches: hello.window_fetches,
            hears_abreast: hello.hears_abreast,
            skew_ms: hello.now.0 - self.office.now().0,
            keys: hello.keys,
        };
        self.measure_clock(carrier.peer, hello.now);
        let heard = self.hear_hello(hello, from).await?;
        if carrier.side == Side::Parent {
            // A child that is rejected is greeted all the same, so that it sees its later words.
            self.say_hello(carrier, from).await?;
        }
        match heard {
            Ok(false) => Ok(greeted),
            Ok(true) => {
                // Others met the life that is over; they learn of the new one when they greet again.
                for other in self.links.begin_anew(carrier.peer) {
                    self.show_up(other, false);
                }
                Err(Ended::NewEpoch)
            }
            Err(rejected) => {
                tracing::error!(alarm = "neighbour-rejected", neighbour = %carrier.peer, %rejected);
                Err(Ended::Protocol(
                    GoodbyeCode::Superseded,
                    rejected.to_string(),
                ))
            }
        }
    }

    async fn await_hello(&self, carrier: &mut Carrier) -> Result<Box<Hello>, Ended> {
        match timeout(self.terms.greeting_timeout, carrier.incoming.next()).await {
            Err(_) => Err(malformed("no greeting came in time")),
            Ok(None) => Err(Ended::Closed),
            Ok(Some(Ok(Frame::Hello(hello)))) => Ok(hello),
            Ok(Some(Ok(Frame::Goodbye(goodbye)))) => {
                Err(Ended::goodbye(goodbye.code, &goodbye.reason))
            }
            Ok(Some(Ok(_))) => Err(malformed("no greeting came first")),
            Ok(Some(Err(broken))) => Err(broken.into()),
        }
    }

    /// Hears a child's greeting, and refuses it if another machine with the child's identity is linked
    /// and answers. The same machine that dials again, and one that takes the place of a dead link, is
    /// let in.
    pub(super) async fn admit(&self, carrier: &mut Carrier) -> Result<Box<Hello>, Ended> {
        let hello = self.await_hello(carrier).await?;
        let (peer, refused) = (carrier.peer, carrier.address);
        let Some(linked) = self.links.current(peer) else {
            return Ok(hello);
        };
        if linked.instance == Some(hello.instance) {
            return Ok(hello);
        }
        let (address, patience) = (linked.address, self.terms.greeting_timeout / 4);
        if !linked.prober.is_there(address, refused, patience).await {
            return Ok(hello);
        }
        let (linked, other) = (address.to_string(), refused.to_string());
        self.note_second_machine(peer, &linked, &other).await;
        Err(Ended::SecondMachine {
            linked: address,
            refused,
        })
    }

    /// Two machines have the identity of one division: this one's, or a child's.
    pub(super) async fn note_second_machine(
        &self,
        about: DivisionCode,
        linked: &str,
        refused: &str,
    ) {
        let detail = format!("linked from {linked}, refused from {refused}");
        let raised = self
            .office
            .raise_alarm(AlarmKind::SecondMachine, Some(about), &detail);
        if let Err(error) = raised.await {
            tracing::error!(division = %self.office.me(), %error, "an alarm could not be written");
        }
    }

    /// What follows for a child from how its parent ended the conversation.
    pub(super) async fn heed_refusal(
        &self,
        parent: DivisionCode,
        address: SocketAddr,
        ended: &Ended,
    ) {
        let Ended::Goodbye(code, reason) = ended else {
            return;
        };
        if *code == GoodbyeCode::SecondMachine {
            let detail = format!("{parent} at {address} says: {reason}");
            let noted = self.office.refused_as_second(parent, &detail).await;
            if let Err(error) = noted {
                tracing::error!(division = %self.office.me(), %error, "an alarm could not be written");
            }
        }
    }

    /// This node's key statement with all it rests on, as it counts by now; as its own files have it
    /// where it does not count yet.
    fn own_statements(&self) -> Vec<SignedKeyStatement> {
        let own = self.identity.signer().key_id();
        let chain = self.keys.chain(self.office.me(), own);
        if chain.is_empty() {
            return self.identity.key_chain().to_vec();
        }
        chain
    }

    async fn say_hello(&self, carrier: &mut Carrier, from: Neighbour) -> Result<(), Ended> {
        let lower = keys::lower(self.office.me(), from);
        let about = self.office.statements_about(lower).await;
        let about = about.map_err(office_ended)?;
        let greeting = self
            .office
            .greeting(carrier.peer)
            .await
            .map_err(office_ended)?;
        let (_present, earlier) = greeting
            .lives
            .lives()
            .split_last()
            .expect("a line is not empty");
        let hello = Hello {
            protocol: PROTOCOL,
            network: self.network,
            division: self.office.me(),
            epoch: greeting.lives.present(),
            topology: self.office.tree().digest(),
            echo: greeting.echo,
            templates: greeting.templates,
            key_statements: self
                .own_statements()
                .iter()
                .map(|statement| Bytes::from(statement.encode()))
                .collect(),
            now: self.office.now(),
            window_envelopes: self.terms.window.envelopes as u32,
            window_bytes: self.terms.window.bytes as u32,
            window_fetches: fetch::WINDOW as u32,
            revocations: greeting.revocations,
            hears_abreast: true,
            earlier: earlier.to_vec(),
            instance: self.office.instance(),
            keys: Some(statements_digest(about.iter())),
        };
        carrier
            .outgoing
            .send(Box::new(Frame::Hello(Box::new(hello))))
            .await
            .map_err(|_| Ended::Closed)
    }

    /// `Ok(Ok(true))` if this node began a new life over it.
    async fn hear_hello(
        &self,
        hello: Box<Hello>,
        from: Neighbour,
    ) -> Result<Result<bool, Rejected>, Ended> {
        let peer = from.division();
        if hello.protocol != PROTOCOL {
            let theirs = hello.protocol;
            return Err(Ended::Protocol(
                GoodbyeCode::Protocol,
                format!("it speaks {theirs}, this node speaks {PROTOCOL}; upgrade the older one"),
            ));
        }
        if hello.network != self.network {
            let why = "it belongs to another network".to_owned();
            return Err(Ended::Protocol(GoodbyeCode::Network, why));
        }
        if hello.division != peer {
            let why = "it greets as another division".to_owned();
            return Err(Ended::Protocol(GoodbyeCode::Division, why));
        }
        if hello.topology != self.office.tree().digest() {
            tracing::warn!(alarm = "topology-differs", neighbour = %peer,
                "the neighbour has another edition of the division list");
        }
        self.admit_keys(&hello.key_statements, peer, false).await?;
        self.check_key(peer, hello.key_statements.first())?;
        let echo = hello.echo.filter(|echo| self.is_my_word(echo));
        let lives = [hello.earlier, vec![hello.epoch]].concat();
        let greeting = Greeting {
            lives: Lineage::of(lives).map_err(|broken| malformed(&broken.to_string()))?,
            echo,
            templates: hello.templates,
            revocations: hello.revocations,
        };
        let heard = self.office.greeted(from, &greeting).await;
        heard.map_err(office_ended)
    }

    /// Whether the key that a neighbour greets with counts: it was not revoked, and whoever has to
    /// vouched for it.
    fn check_key(&self, peer: DivisionCode, own: Option<&Bytes>) -> Result<(), Ended> {
        let refused = |why: String| Err(Ended::Protocol(GoodbyeCode::Key, why));
        let own = own.and_then(|bytes| SignedKeyStatement::decode(bytes).ok());
        let Some(own) = own else {
            return refused("it shows no statement of its own key".to_owned());
        };
        let statement = own.statement().ok();
        let Some(statement) = statement.filter(|statement| statement.division == peer) else {
            return refused("the first statement it shows is not of its own key".to_owned());
        };
        let id = statement.key_id();
        if self.keys.revoked().holds(peer, id) {
            return Err(Ended::Revoked);
        }
        if self.keys.knows(peer, id) {
            return Ok(());
        }
        match self.keys.admit(&[own], self.office.tree()) {
            Ok(()) => Ok(()),
            Err(refusal) => refused(refusal.to_string()),
        }
    }

    /// Whether an echo really shows this node's own signed words.
    fn is_my_word(&self, echo: &Echo) -> bool {
        let Ok(envelope) = wire::decode_envelope(&echo.bytes) else {
            return false;
        };
        envelope.author == self.office.me()
            && echo.proof.statement.author == envelope.author
            && echo.proof.statement.epoch == envelope.epoch.id
            && envelope.epoch.id == echo.epoch
            && envelope.issue == echo.issue
            && self.verifier.check_proof(&echo.proof, &echo.bytes).is_ok()
    }
}

fn least(mine: usize, theirs: u32) -> usize {
    mine.min(theirs as usize).max(1)
}
