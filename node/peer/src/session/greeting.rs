//! The first frames of a session: who greets, in which epoch, and what each side holds of the
//! other.

use std::{net::SocketAddr, time::Duration};

use api::CertificateLine;
use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    authority::Neighbour,
    foreign::escape,
    ids::NetworkId,
    life::{Lineage, Rejected},
    suite::Digest,
    time::Timestamp,
};
use futures::StreamExt;
use identity::{Identity, KeyRing};
use office::{Fault, Greeting, Office, Way, statements_digest};
use records::outbox::sender::Window;
use tokio::time::timeout;
use topology::DivisionCode;
use wire::frame::{Frame, GoodbyeCode, Hello, PROTOCOL};

use super::{super::fetch, SessionContext, keys, malformed, office_ended};
use crate::{
    keys::{NoKey, check_own},
    link::{Carrier, Ended, Side},
};

/// How long a goodbye right behind a greeting is waited for, if another conversation with its division goes on.
const LEAVING: Duration = Duration::from_millis(250);

/// The content of a neighbour's greeting that is valid for the whole session.
pub(super) struct Greeted {
    /// Most that may be unacknowledged at the neighbour.
    pub(super) window: Window,
    /// Number of fetches it answers at a time.
    pub(super) fetches: u32,
    /// Whether it understands [`Frame::Watermark`].
    pub(super) hears_watermarks: bool,
    /// The lead of its clock in milliseconds; negative if it is behind.
    pub(super) skew_ms: i64,
    /// Digest of the key statements it knows that concern both sides; `None` if it does not
    /// exchange them.
    pub(super) keys: Option<Digest>,
}

impl SessionContext {
    /// Compares a neighbour's clock with this node's, and shows the difference in the status.
    /// Called whenever the neighbour states its time.
    pub(super) fn measure_clock(&self, peer: DivisionCode, theirs: Timestamp) {
        let skew_ms = theirs.0.saturating_sub(self.office.now().0);
        self.links.note(peer, |state| state.skew_ms = skew_ms);
        self.office.clock().hear_time(peer, theirs);
    }

    /// Greets, and handles the other's greeting.
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
            hears_watermarks: hello.hears_watermarks,
            skew_ms: hello.now.0 - self.office.now().0,
            keys: hello.keys,
        };
        self.measure_clock(carrier.peer, hello.now);
        self.introduce(carrier, &hello);
        let heard = self.hear_hello(hello, from).await?;
        if carrier.side == Side::Parent {
            // A rejected child is greeted too, so that it sees this node's later envelopes.
            self.say_hello(carrier, from).await?;
        }
        match heard {
            Ok(false) => Ok(greeted),
            Ok(true) => {
                // Other neighbours greeted the old epoch; they learn of the new one when they greet
                // again.
                for other in self.links.begin_anew(Some(carrier.peer), self.office.now()) {
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

    /// Notes for the status what a neighbour says of itself, also if it is then refused.
    fn introduce(&self, carrier: &Carrier, hello: &Hello) {
        let certificate = carrier.lapse.other().map(|shown| CertificateLine {
            serial: shown.serial.clone(),
            until_ms: shown.not_after.saturating_mul(1_000),
        });
        let program = Some(escape(&hello.program)).filter(|program| !program.is_empty());
        self.links.note(carrier.peer, |state| {
            state.protocol = Some(hello.protocol);
            state.program = program;
            state.certificate = certificate;
        });
        if carrier.side == Side::Child {
            let templates = hello.templates.latest.iter();
            let templates = templates.map(|has| (has.key.clone(), has.version));
            self.links.note_templates_above(templates.collect());
        }
    }

    async fn await_hello(&self, carrier: &mut Carrier) -> Result<Box<Hello>, Ended> {
        match timeout(self.terms.greeting_timeout, carrier.incoming.next()).await {
            Err(_) => Err(malformed("no greeting arrived in time")),
            Ok(None) => Err(Ended::Closed),
            Ok(Some(Ok(Frame::Hello(hello)))) => Ok(hello),
            Ok(Some(Ok(Frame::Goodbye(goodbye)))) => {
                Err(Ended::goodbye(goodbye.code, &goodbye.reason))
            }
            Ok(Some(Ok(_))) => Err(malformed("the first frame was not a greeting")),
            Ok(Some(Err(broken))) => Err(broken.into()),
        }
    }

    /// Reads a child's greeting, and refuses it if another machine with its identity answers. The
    /// same machine dialling again is admitted, and so is one that replaces a dead link.
    pub(super) async fn admit(&self, carrier: &mut Carrier) -> Result<Box<Hello>, Ended> {
        let hello = self.await_hello(carrier).await?;
        let (peer, refused) = (carrier.peer, carrier.address);
        let Some(linked) = self.links.current(peer) else {
            return Ok(hello);
        };
        if linked.instance == Some(hello.instance) {
            return Ok(hello);
        }
        if let Some(left) = leaving(carrier).await {
            return Err(left);
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

    /// Raises the alarm that two machines have the identity of one division: this one's, or a
    /// child's.
    pub(super) async fn note_second_machine(
        &self,
        about: DivisionCode,
        linked: &str,
        refused: &str,
    ) {
        let detail = details::second_machine(linked, refused);
        let raised = self
            .office
            .alarms()
            .raise(AlarmKind::SecondMachine, Some(about), &detail);
        if let Err(error) = raised.await {
            tracing::error!(division = %self.office.me(), %error, "an alarm could not be written");
        }
    }

    /// Notes at a child that its parent refused it as a second machine.
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
            let detail = details::refused_as_second(parent, address, reason);
            let noted = self.office.inbox().refused_as_second(parent, &detail).await;
            if let Err(error) = noted {
                tracing::error!(division = %self.office.me(), %error, "an alarm could not be written");
            }
        }
    }

    async fn say_hello(&self, carrier: &mut Carrier, from: Neighbour) -> Result<(), Ended> {
        let parts = (&*self.office, &*self.identity, &*self.keys);
        let hello = own_hello(parts, self.network, from).await;
        let hello = Hello {
            window_envelopes: self.terms.window.envelopes as u32,
            window_bytes: self.terms.window.bytes as u32,
            window_fetches: fetch::WINDOW as u32,
            ..hello.map_err(office_ended)?
        };
        carrier
            .outgoing
            .send(Box::new(Frame::Hello(Box::new(hello))))
            .await
            .map_err(|_| Ended::Closed)
    }

    /// Checks and applies a greeting. Returns `Ok(Ok(true))` if this node began a new epoch because
    /// of it.
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
        let me = self.office.me();
        let echo = hello.echo.filter(|echo| self.verifier.is_word_of(me, echo));
        let lives = [hello.earlier, vec![hello.epoch]].concat();
        let greeting = Greeting {
            lives: Lineage::of(lives).map_err(|broken| malformed(&broken.to_string()))?,
            echo,
            templates: hello.templates,
            revocations: hello.revocations,
        };
        let heard = self
            .office
            .inbox()
            .greeted(from, &greeting, Way::Link)
            .await;
        heard.map_err(office_ended)
    }

    /// Checks that the key a neighbour greets with counts.
    fn check_key(&self, peer: DivisionCode, own: Option<&Bytes>) -> Result<(), Ended> {
        match check_own(&self.office, &self.keys, peer, own) {
            Ok(_) => Ok(()),
            Err(NoKey::Revoked) => Err(Ended::Revoked),
            Err(NoKey::Refused(why)) => Err(Ended::Protocol(GoodbyeCode::Key, why)),
        }
    }
}

/// Returns a key statement of this node with all it depends on, as it counts now; the ones in its own files if it does not
/// count yet.
pub(crate) fn own_statements(
    (office, identity, keys): (&Office, &Identity, &KeyRing),
) -> Vec<Bytes> {
    let own = identity.signer().key_id();
    let chain = match keys.chain(office.me(), own) {
        chain if chain.is_empty() => identity.key_chain().to_vec(),
        chain => chain,
    };
    let encoded = chain.iter().map(|statement| statement.encode().into());
    encoded.collect()
}

/// Builds this node's greeting for a neighbour. It takes nothing unacknowledged and answers no fetches.
pub(crate) async fn own_hello(
    parts: (&Office, &Identity, &KeyRing),
    network: NetworkId,
    from: Neighbour,
) -> Result<Hello, Fault> {
    let office = parts.0;
    let lower = keys::lower(office.me(), from);
    let about = office.keys().statements_about(lower).await?;
    let greeting = office.inbox().greeting(from.division()).await?;
    let (_present, earlier) = greeting
        .lives
        .lives()
        .split_last()
        .expect("a line is not empty");
    Ok(Hello {
        protocol: PROTOCOL,
        network,
        division: office.me(),
        epoch: greeting.lives.present(),
        topology: office.tree().digest(),
        echo: greeting.echo,
        templates: greeting.templates,
        key_statements: own_statements(parts),
        now: office.now(),
        window_envelopes: 0,
        window_bytes: 0,
        window_fetches: 0,
        revocations: greeting.revocations,
        hears_watermarks: true,
        earlier: earlier.to_vec(),
        instance: office.instance(),
        keys: Some(statements_digest(about.iter())),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn least(mine: usize, theirs: u32) -> usize {
    mine.min(theirs as usize).max(1)
}

/// Returns how a conversation ended that was left right after its greeting: a process that stops while it dials says
/// goodbye behind its greeting, and that greeting may come later than the one of its next life. `None` if
/// whoever greeted still waits for an answer.
async fn leaving(carrier: &mut Carrier) -> Option<Ended> {
    match timeout(LEAVING, carrier.incoming.next()).await {
        Err(_) => None,
        Ok(None) => Some(Ended::Closed),
        Ok(Some(Ok(Frame::Goodbye(goodbye)))) => {
            Some(Ended::goodbye(goodbye.code, &goodbye.reason))
        }
        Ok(Some(Ok(_))) => Some(malformed("a frame came before the greeting was answered")),
        Ok(Some(Err(broken))) => Some(broken.into()),
    }
}
