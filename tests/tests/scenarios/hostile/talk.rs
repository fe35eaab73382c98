//! Sends the envelopes of a child or parent driven by a test, and returns the answers.

use std::time::Duration;

use super::*;

/// 槐王村, in the same township.
pub(crate) const NEIGHBOUR: &str = "330825002223";
pub(crate) static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);
pub(crate) const NOW: Timestamp = Timestamp(1_780_000_000_000);

/// Starts everything but the village.
pub(crate) async fn without_the_village() -> Network {
    let mut network = Network::founded(&[VILLAGE, NEIGHBOUR], testkit::Options::default()).await;
    for division in [PROVINCE, CITY, COUNTY, TOWNSHIP, NEIGHBOUR] {
        network.restart(division).await;
    }
    network.linked().await;
    network
}

pub(crate) fn context<'a>(peer: &Peer, network: &'a Network) -> Context<'a> {
    Context {
        me: peer.me(),
        now: NOW,
        tree: &network.tree,
        terms: CustodyLimits::default(),
        policy: &POLICY,
    }
}

pub(crate) fn body(text: &str) -> Body {
    Body::of_text(Class::Personal, [7; 16], text.to_owned())
}

/// Returns a plain report.
pub(crate) fn plain_report(suite: Suite) -> Report {
    Report {
        channel: Channel::Grid,
        category: "enforcement/rubbish".parse().unwrap(),
        priority: Priority::Normal,
        visibility: Visibility::Path,
        class: Class::Personal,
        about: None,
        suite,
        body: body("rubbish").commitment(suite),
        contact: None,
        part_of: None,
    }
}

/// Returns a matter of this peer as it was just reported.
pub(crate) fn reported(
    peer: &Peer,
    network: &Network,
    number: u64,
    about: Option<&str>,
) -> Decision {
    let suite = peer.identity.signer().suite();
    let id = MatterId {
        origin: peer.me(),
        epoch: peer.epoch.id.short(),
        number,
    };
    let mut decision = custody::report(id, plain_report(suite), context(peer, network)).unwrap();
    if let Some(about) = about {
        decision.docket.matter.visibility = Visibility::Direct;
        decision.docket.matter.about = Some(code(about));
    }
    decision
}

/// Returns the transfer of such a matter to the township, or by the township to the village.
pub(crate) fn given(peer: &Peer, network: &Network, number: u64) -> Matter {
    let act = match peer.me() == code(VILLAGE) {
        true => Act::Escalate(code(TOWNSHIP)),
        false => Act::Assign(code(VILLAGE)),
    };
    let docket = reported(peer, network, number, None).docket;
    let decision = custody::transfer(docket, act, None, context(peer, network)).unwrap();
    decision.docket.matter
}

/// A conversation of a peer with the node at the other end of its link.
pub(crate) struct Talk<'a> {
    pub(crate) peer: Peer,
    pub(crate) network: &'a Network,
    pub(crate) to: &'a str,
    pub(crate) sequence: u64,
}

impl Talk<'_> {
    pub(crate) fn sequence(&mut self) -> Order {
        self.sequence += 1;
        Order::Sequence(self.sequence)
    }

    pub(crate) fn give(&mut self, matter: Matter) -> Envelope {
        let bound_for = matter.steps.last().unwrap().act.bound_for().unwrap();
        let matter = Box::new(matter);
        let payload = Payload::Give { matter, bound_for };
        let order = self.sequence();
        let to = Destination::Division(code(self.to));
        self.peer.envelope(to, Lane::Matter, order, payload)
    }

    /// Returns the text of the report, sealed for the node at the other end.
    pub(crate) fn sealed(&self, envelope: &Envelope) -> SealedBody {
        let Payload::Give { matter, .. } = &envelope.payload else {
            panic!("only transfers bring what is sealed");
        };
        self.peer.seal(matter.id, matter.suite, body("rubbish"))
    }

    /// Returns an envelope of a kind that replaces earlier ones.
    pub(crate) fn latest(&mut self, to: Destination, lane: Lane, payload: Payload) -> Envelope {
        let key = payload.replaces().unwrap().into();
        self.peer
            .envelope(to, lane, Order::Replaces { key }, payload)
    }

    pub(crate) fn here(&self) -> Destination {
        Destination::Division(code(self.to))
    }

    pub(crate) async fn told(&mut self, envelope: Envelope) -> Option<RefusalCode> {
        self.peer.try_out(envelope, vec![]).await
    }

    /// Returns the answer to an entry that was signed correctly and changed afterwards.
    pub(crate) async fn told_changed(
        &mut self,
        envelope: Envelope,
        change: impl FnOnce(&mut Entry),
    ) -> Option<RefusalCode> {
        let lane = envelope.lane;
        let mut entries = self.peer.sign(&[envelope]).await;
        change(&mut entries[0]);
        let at = self.peer.send(lane, entries).await;
        self.peer.outcome(lane, at).await
    }

    /// Returns what all nodes keep, when nothing is on its way if that is soon: heads of public logs come and go by
    /// themselves.
    pub(crate) async fn books(&self) -> String {
        for _ in 0..40 {
            let books = self.network.books().await;
            if books.iter().all(|books| books.waiting() == 0) {
                return format!("{books:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        format!("{:?}", self.network.books().await)
    }
}

pub(crate) async fn talk<'a>(network: &'a Network, to: &'a str) -> Talk<'a> {
    Talk {
        peer: Peer::dial(network, VILLAGE).await,
        network,
        to,
        sequence: 0,
    }
}

pub(crate) fn denied(why: Denied) -> Option<RefusalCode> {
    Some(why.into())
}
