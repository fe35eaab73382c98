//! Tests a township whose store goes back in time again and again. It stands between its county and
//! two villages. The tests vary what it gave away or took since, and what it does before its
//! neighbours show it what they know.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    authority::{Neighbour, may},
    custody::requests::{Heard, hear_request, take_answer},
    envelope::{Destination, Envelope, Order, Outgoing},
    ids::{Epoch, EpochId},
    matter::Outcome,
};

mod carry;

const COUNTY: &str = "330825";
const TOWN: &str = "330825002";
const NODES: [&str; 4] = [COUNTY, TOWN, "330825002001", "330825002222"];

#[derive(Clone, Debug)]
enum Said {
    Give(Box<Matter>, DivisionCode),
    Answered {
        id: MatterId,
        cv: CustodyVersion,
        refused: bool,
    },
    Word(DivisionCode, DivisionCode, Payload),
    Shown(Box<Matter>),
    ShownAll,
}

#[derive(Clone, Debug)]
struct Packet {
    from: DivisionCode,
    to: DivisionCode,
    said: Said,
    /// Whether its author sent it before it knew of the new life.
    old: bool,
}

#[derive(Clone, Default)]
struct Store {
    dockets: BTreeMap<MatterId, Docket>,
    floors: BTreeMap<MatterId, CustodyVersion>,
    /// Matters to continue with once everything was shown; beside them, the states set aside.
    learnt: BTreeSet<MatterId>,
    aside: BTreeMap<MatterId, Vec<Matter>>,
    outbox: Vec<Packet>,
}

struct World {
    tree: Arc<Tree>,
    nodes: Vec<DivisionCode>,
    stores: BTreeMap<DivisionCode, Store>,
    wire: Vec<Packet>,
    copy: Option<Store>,
    /// Whether there is a lost life. `own` has the matters of the current life, `sure` those that
    /// arrived in it.
    lost: bool,
    own: BTreeSet<MatterId>,
    sure: BTreeSet<MatterId>,
    waits: BTreeSet<DivisionCode>,
    numbers: u64,
    asks: u64,
    now: i64,
    tally: [usize; 6],
}

/// Positions in the tally.
const LEARNT: usize = 0;
const ASIDE: usize = 1;
const TAKEN_AGAIN: usize = 2;
const SWALLOWED: usize = 3;
const WAITED: usize = 4;
const WENT_BACK: usize = 5;

impl World {
    fn new() -> Self {
        let nodes: Vec<_> = NODES.into_iter().map(code).collect();
        let store = |node: &DivisionCode| (*node, Store::default());
        Self {
            tree: Tree::zhejiang(),
            stores: nodes.iter().map(store).collect(),
            nodes,
            wire: vec![],
            copy: None,
            lost: false,
            own: BTreeSet::new(),
            sure: BTreeSet::new(),
            waits: BTreeSet::new(),
            numbers: 0,
            asks: 0,
            now: 0,
            tally: [0; 6],
        }
    }

    fn is_lost(&self, me: DivisionCode, id: MatterId) -> bool {
        me == code(TOWN) && self.lost && !self.own.contains(&id)
    }

    fn awaits(&self, me: DivisionCode, id: MatterId) -> bool {
        self.is_lost(me, id) && !self.waits.is_empty() && !self.sure.contains(&id)
    }

    fn set_aside(&mut self, me: DivisionCode, other: Option<Matter>, counts: &Matter) {
        let aside = self.store(me).aside.entry(counts.id).or_default();
        set_aside(aside, other, counts);
    }

    fn next_request(&mut self, by: DivisionCode) -> RequestId {
        self.asks += 1;
        RequestId {
            by,
            epoch: 1,
            number: self.asks,
        }
    }

    fn store(&mut self, me: DivisionCode) -> &mut Store {
        self.stores.get_mut(&me).unwrap()
    }

    fn aside(&self, me: DivisionCode, id: MatterId) -> &[Matter] {
        self.stores[&me].aside.get(&id).map_or(&[], Vec::as_slice)
    }

    fn docket(&self, me: DivisionCode, id: MatterId) -> Option<Docket> {
        let mut docket = self.stores[&me].dockets.get(&id)?.clone();
        docket.awaits = self.awaits(me, id);
        Some(docket)
    }

    fn apply(&mut self, me: DivisionCode, decision: Decision) {
        let mut docket = decision.docket;
        docket.awaits = false;
        let dockets = &mut self.store(me).dockets;
        dockets.insert(docket.matter.id, docket);
        for Outgoing { to, payload, .. } in decision.sends {
            self.send(me, me, to, payload);
        }
    }

    fn send(&mut self, at: DivisionCode, author: DivisionCode, to: DivisionCode, payload: Payload) {
        let Some(hop) = self.tree.next_hop(at, to) else {
            return;
        };
        if !self.nodes.contains(&hop) {
            return;
        }
        let said = match payload {
            Payload::Give { matter, bound_for } => Said::Give(matter, bound_for),
            other => Said::Word(author, to, other),
        };
        self.push(at, hop, said);
    }

    fn push(&mut self, from: DivisionCode, to: DivisionCode, said: Said) {
        let packet = Packet {
            from,
            to,
            said,
            old: false,
        };
        self.wire.push(packet);
    }

    /// Makes one random event happen. Messages that a node sends by itself stay in its outbox until
    /// they are answered.
    fn step(&mut self, choices: &mut network::Choices) -> Option<()> {
        self.now += 1;
        let back = self.copy.is_some();
        match choices.of(40)? {
            0 => self.keep_copy(),
            1 | 2 if back && self.waits.is_empty() => self.go_back(choices)?,
            3..=5 if self.numbers < 5 => self.report(choices)?,
            3..=18 => self.act(choices, None)?,
            _ if self.wire.is_empty() => self.act(choices, None)?,
            _ => {
                let which = choices.of(self.wire.len())?;
                let refuse = choices.one_in(8)?;
                self.deliver(which, refuse);
            }
        }
        Some(())
    }

    fn report(&mut self, choices: &mut network::Choices) -> Option<()> {
        let at = self.nodes[choices.of(self.nodes.len())?];
        self.numbers += 1;
        let id = MatterId {
            origin: at,
            epoch: 1,
            number: self.numbers,
        };
        if at == code(TOWN) {
            self.own.insert(id);
        }
        let decision = report(id, plain(), self.context(at)).unwrap();
        self.apply(at, decision);
        Some(())
    }

    fn context(&self, me: DivisionCode) -> Context<'static> {
        static TREE: LazyLock<Arc<Tree>> = LazyLock::new(Tree::zhejiang);
        Context {
            me,
            now: Timestamp(self.now),
            tree: &TREE,
            terms: CustodyLimits::default(),
            policy: shipped(),
        }
    }

    fn act(&mut self, choices: &mut network::Choices, who: Option<DivisionCode>) -> Option<()> {
        let all: Vec<_> = self
            .stores
            .iter()
            .flat_map(|(node, store)| store.dockets.keys().map(|id| (*node, *id)))
            .filter(|(node, _)| who.is_none_or(|who| who == *node))
            .collect();
        if all.is_empty() {
            return Some(());
        }
        let (me, id) = all[choices.of(all.len())?];
        let docket = self.docket(me, id).unwrap();
        let to = self.nodes[choices.of(self.nodes.len())?];
        let context = self.context(me);
        let held = docket.standing == Standing::Holding;
        let awaits = docket.awaits;
        let done = match choices.of(8)? {
            0 => act(docket, Act::Handle, None, None, context),
            1 if choices.one_in(4)? => act(
                docket,
                Act::Close(Outcome::Solved),
                Some([9; 32]),
                None,
                context,
            ),
            1..=3 => transfer(docket, Act::Escalate(to), None, context),
            4 => return_to(&docket, context)
                .and_then(|to| transfer(docket, Act::Return(to), None, context)),
            _ => transfer(docket, Act::Assign(to), None, context),
        };
        if held && awaits {
            self.tally[WAITED] += 1;
            assert!(done.is_err(), "{me} acts on {id} before it was shown");
        }
        if let Ok(decision) = done {
            self.apply(me, decision);
        }
        Some(())
    }

    /// Copies the township's store and its outbox.
    fn keep_copy(&mut self) {
        let town = code(TOWN);
        let mut copy = self.stores[&town].clone();
        let own =
            |packet: &&Packet| packet.from == town && !matches!(packet.said, Said::Answered { .. });
        copy.outbox = self.wire.iter().filter(own).cloned().collect();
        self.copy = Some(copy);
    }

    /// Restores the copy, and works on it for a while before any neighbour is met.
    fn go_back(&mut self, choices: &mut network::Choices) -> Option<()> {
        self.tally[WENT_BACK] += 1;
        let town = code(TOWN);
        let mut copy = self.copy.clone().unwrap();
        // The answers of both sides are lost with the links; what waits in the outboxes of others is not.
        let stays =
            |packet: &Packet| packet.from != town && !matches!(packet.said, Said::Answered { .. });
        let to_or_from = |packet: &Packet| packet.from == town || packet.to == town;
        self.wire
            .retain(|packet| !to_or_from(packet) || stays(packet));
        self.wire.append(&mut copy.outbox);
        self.stores.insert(town, copy);
        let unsettled = |(node, store): (&DivisionCode, &Store)| {
            let of = |docket: &Docket| match docket.standing {
                Standing::Giving { to, bound_for } if to == town || *node == town => {
                    Some((*node, to, docket.matter.clone(), bound_for))
                }
                _ => None,
            };
            store.dockets.values().filter_map(of).collect::<Vec<_>>()
        };
        let again: Vec<_> = self.stores.iter().flat_map(unsettled).collect();
        for (from, to, matter, bound_for) in again {
            let there = |packet: &Packet| {
                let Said::Give(waiting, _) = &packet.said else {
                    return false;
                };
                packet.from == from && (waiting.id, waiting.version) == (matter.id, matter.version)
            };
            if !self.wire.iter().any(there) {
                self.push(from, to, Said::Give(Box::new(matter), bound_for));
            }
        }
        for _ in 0..choices.of(4).unwrap_or(0) {
            self.act(choices, Some(town));
        }
        self.meet();
        Some(())
    }

    /// Begins a new life, in which the neighbours begin to show.
    fn meet(&mut self) {
        let town = code(TOWN);
        (self.lost, self.own, self.sure) = (true, BTreeSet::new(), BTreeSet::new());
        for packet in &mut self.wire {
            packet.old |= packet.to == town;
        }
        let others = self.nodes.clone().into_iter().filter(|node| *node != town);
        for node in others {
            self.waits.insert(node);
            let matters: Vec<_> = self.stores[&node]
                .dockets
                .values()
                .filter(|docket| went_between(&docket.matter, node, town, &self.tree))
                .map(|docket| Box::new(docket.matter.clone()))
                .collect();
            for matter in matters {
                self.push(node, town, Said::Shown(matter));
            }
            self.push(node, town, Said::ShownAll);
        }
    }

    /// Asserts that each known matter has one holder when nothing is in transit. A closed one may
    /// have none. Nobody has a matter that only the lost life knew.
    fn check_rest(&self) {
        let mut ids = BTreeSet::new();
        ids.extend(self.stores.values().flat_map(|store| store.dockets.keys()));
        for id in ids {
            let mut holders = vec![];
            for (node, store) in &self.stores {
                let Some(docket) = store.dockets.get(id) else {
                    continue;
                };
                assert!(
                    !docket.is_giving(),
                    "{node} never hears of its transfer of {id}"
                );
                let open = !docket.matter.is_closed();
                if docket.standing == Standing::Holding && open {
                    holders.push(*node);
                }
            }
            let closed = self
                .stores
                .values()
                .filter_map(|store| store.dockets.get(id))
                .any(|docket| docket.matter.is_closed());
            let alone = holders.len() == 1 || closed && holders.len() <= 1;
            assert!(alone, "{id} is held by {holders:?}");
        }
    }
}

fn live(choices: Vec<u16>) -> World {
    let mut world = World::new();
    let mut choices = network::Choices(choices.into_iter());
    while world.step(&mut choices).is_some() {}
    for _ in 0..20_000 {
        let movable = world
            .wire
            .iter()
            .position(|packet| !world.is_held_up(packet));
        let Some(which) = movable else {
            break;
        };
        world.deliver(which, false);
    }
    assert!(world.wire.is_empty(), "it never comes to rest");
    world.check_rest();
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_store_that_went_back_leaves_no_matter_with_two_holders_or_none(
        choices in prop::collection::vec(any::<u16>(), 20..600),
    ) {
        live(choices);
    }
}

#[test]
fn stores_that_go_back_meet_every_kind_of_event() {
    let mut state = 7u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as u16
    };
    let mut sums = [0; 6];
    for _ in 0..300 {
        let tally = live((0..700).map(|_| next()).collect()).tally;
        let both = sums.iter_mut().zip(tally);
        both.for_each(|(sum, count)| *sum += count);
    }
    assert!(sums.iter().all(|sum| *sum >= 10), "{sums:?}");
}
