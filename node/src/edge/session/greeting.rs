//! The first frames of a conversation: who speaks, in which life, and what each holds of the other.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::StreamExt;
use tokio::time::timeout;
use topology::DivisionCode;

use super::{super::fetch, Switchboard, malformed, office_ended};
use crate::{
    domain::{
        alarm::AlarmKind,
        authority::Neighbour,
        life::{Lineage, Rejected},
    },
    identity::{KeyRefusal, SignedKeyStatement},
    link::{Carrier, Ended, Side},
    office::Greeting,
    outbox::sender::Window,
    wire::{
        self,
        frame::{Echo, Frame, GoodbyeCode, Hello, PROTOCOL},
    },
};

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
}

impl Switchboard {
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
                self.say_hello(carrier).await?;
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
        };
        self.links
            .note(carrier.peer, |state| state.skew_ms = greeted.skew_ms);
        let heard = self.hear_hello(hello, from).await?;
        if carrier.side == Side::Parent {
            // A child that is rejected is greeted all the same, so that it sees its later words.
            self.say_hello(carrier).await?;
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

    async fn say_hello(&self, carrier: &mut Carrier) -> Result<(), Ended> {
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
                .identity
                .key_chain()
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
        };
        carrier
            .outgoing
            .send(Frame::Hello(Box::new(hello)))
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
        self.admit_keys(&hello.key_statements).await?;
        if self.keys.has_fallen(peer) {
            return Err(Ended::Revoked);
        }
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

    /// Takes key statements into the ring, and keeps those that were new. There may be chains of many
    /// authors; in each, a division stands before the one above it.
    pub(super) async fn admit_keys(&self, statements: &[Bytes]) -> Result<(), Ended> {
        let mut new = vec![];
        for bytes in statements.iter().rev() {
            let unreadable = |error: &dyn std::fmt::Display| malformed(&error.to_string());
            let signed = SignedKeyStatement::decode(bytes).map_err(|error| unreadable(&error))?;
            let statement = signed.statement().map_err(|error| unreadable(&error))?;
            let (division, id) = (statement.division, statement.key_id());
            if self.keys.knows(division, id) {
                continue;
            }
            let tree = self.office.tree();
            match self.keys.admit(std::slice::from_ref(&signed), tree) {
                Ok(()) => {}
                // Whoever shows it need not know; words signed with that key are refused.
                Err(refusal @ KeyRefusal::Forsaken(_)) => {
                    tracing::warn!(division = %self.office.me(), %refusal, "key not taken");
                    continue;
                }
                Err(refusal) => return Err(malformed(&refusal.to_string())),
            }
            new.push((division, id, bytes.clone()));
        }
        if new.is_empty() {
            return Ok(());
        }
        self.office.keep_keys(new).await.map_err(office_ended)
    }
}

fn least(mine: usize, theirs: u32) -> usize {
    mine.min(theirs as usize).max(1)
}
