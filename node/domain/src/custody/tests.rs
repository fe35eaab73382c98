use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use topology::{DivisionCode, Tree};

use super::*;
use crate::{
    category::{Class, Priority, Visibility},
    custody::requests::make,
    envelope::Payload,
    ids::MatterId,
    matter::{Act, Channel},
    policy::Policy,
    request::{Request, RequestId, RequestKind, Voice},
    suite::Suite,
    time::Timestamp,
};

mod acts;
mod claims;
mod direct;
mod fold;
mod history;
mod hostile;
mod life;
mod network;
mod requests;
mod went_back;

use network::{Choices, Links, Network};

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

/// Returns the shipped policy, without templates.
fn shipped() -> &'static Policy {
    static SHIPPED: LazyLock<Policy> = LazyLock::new(Policy::default);
    &SHIPPED
}

/// An ordinary report.
fn plain() -> Report {
    Report {
        channel: Channel::Grid,
        category: "enforcement/lighting".parse().unwrap(),
        priority: Priority::Normal,
        visibility: Visibility::Path,
        class: Class::Personal,
        about: None,
        suite: Suite::Ed25519Blake3,
        body: [7; 32],
        contact: None,
        part_of: None,
    }
}

/// One division, with the functions under test and their usual arguments.
struct Desk {
    me: DivisionCode,
    now: Timestamp,
    tree: Arc<Tree>,
}

impl Desk {
    fn at(division: &str) -> Self {
        Self {
            me: code(division),
            now: Timestamp(1_000),
            tree: Tree::zhejiang(),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            me: self.me,
            now: self.now,
            tree: &self.tree,
            terms: CustodyLimits::default(),
            policy: shipped(),
        }
    }

    fn report(&self, what: Report) -> Result<Decision, Refusal> {
        let id = MatterId {
            origin: self.me,
            epoch: 1,
            number: 1,
        };
        report(id, what, self.context())
    }

    fn act(&self, docket: &Docket, done: Act) -> Result<Decision, Refusal> {
        let note = matches!(done, Act::Close(_)).then_some([9; 32]);
        act(docket.clone(), done, note, None, self.context())
    }

    fn transfer(&self, docket: &Docket, done: Act) -> Result<Decision, Refusal> {
        transfer(docket.clone(), done, None, self.context())
    }

    /// Returns the giver's docket after the neighbour's answer.
    fn settled(&self, docket: &Docket, refused: bool) -> Docket {
        let cv = docket.matter.version.cv;
        let to = docket.matter.transit.expect("a transfer is under way");
        let decision = settle(docket.clone(), to, cv, refused, self.context());
        decision.expect("a transfer is under way").docket
    }

    fn offered(
        &self,
        known: Option<&Docket>,
        refused: CustodyVersion,
        matter: &Matter,
        from: &str,
        bound_for: &str,
    ) -> Taken {
        let incoming = Incoming {
            from: code(from),
            matter,
            bound_for: code(bound_for),
        };
        let recollection = Recollection::default();
        receive(known, refused, incoming, recollection, self.context())
    }

    /// Applies a notice at a node that lost nothing and asked for nothing.
    fn told(
        &self,
        known: Option<&Docket>,
        notice: &Matter,
        author: &str,
    ) -> Result<Option<Decision>, NoticeRefusal> {
        let recollection = Recollection::default();
        hear_notice(known, notice, code(author), recollection, self.context())
    }

    /// Takes the transfer that the neighbour sent.
    fn take(&self, known: Option<&Docket>, sent: &Decision) -> Decision {
        let gives = sent.sends.iter().find_map(|send| match &send.payload {
            Payload::Give { matter, bound_for } => Some((matter, *bound_for)),
            _ => None,
        });
        let (matter, bound_for) = gives.expect("a transfer is sent");
        let incoming = Incoming {
            from: matter.holder,
            matter,
            bound_for,
        };
        let none = CustodyVersion::default();
        match receive(
            known,
            none,
            incoming,
            Recollection::default(),
            self.context(),
        ) {
            Taken::Now(decision) => *decision,
            other => panic!("{other:?}"),
        }
    }

    fn request(&self, number: u64) -> RequestId {
        RequestId {
            by: self.me,
            epoch: 1,
            number,
        }
    }

    /// Builds this division's request with that number.
    fn asking(&self, docket: &Docket, number: u64, kind: RequestKind) -> Request {
        Request {
            id: self.request(number),
            matter: docket.matter.id,
            seen: docket.matter.version,
            kind,
            note: None,
            suite: Suite::Ed25519Blake3,
            voice: Voice::Reporter,
        }
    }

    fn make(&self, docket: &Docket, number: u64, kind: RequestKind) -> Result<Decision, Refusal> {
        make(docket, self.asking(docket, number, kind), self.context())
    }
}

fn live(links: Links, choices: Vec<u16>) -> Network {
    let mut network = Network::new(links);
    let mut choices = Choices(choices.into_iter());
    // The last part of the choices decides the order in which everything arrives.
    while choices.0.len() > 200 && network.step(&mut choices).is_some() {
        network.check_custody();
    }
    network.settle(&mut choices);
    network.check_rest();
    network
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn matters_have_one_holder_and_requests_one_answer_in_any_order_of_arrival(
        choices in prop::collection::vec(any::<u16>(), 200..1600),
        in_order: bool,
        coalesce: bool,
    ) {
        live(Links { in_order, coalesce }, choices);
    }
}

#[test]
fn the_simulation_reaches_every_kind_of_event() {
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as u16
    };
    let mut sums = [0; 18];
    for _ in 0..20 {
        let choices: Vec<u16> = (0..4000).map(|_| next()).collect();
        let links = Links {
            in_order: false,
            coalesce: false,
        };
        let t = live(links, choices).tally;
        let counts = [
            t.given,
            t.relayed,
            t.repeated,
            t.refused,
            t.refused_again,
            t.learnt_by_notice,
            t.notices,
            t.parked,
            t.pointed_on,
            t.granted,
            t.closed,
            t.reopened,
            t.withdrawn,
            t.denied,
            t.direct,
            t.not_carried,
            t.lies,
            t.lies_refused,
        ];
        sums.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    assert!(sums.iter().all(|sum| *sum >= 10), "{sums:?}");
}
