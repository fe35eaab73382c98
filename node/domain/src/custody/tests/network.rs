//! A network of dockets and packets, with arbitrary interleaving. Every choice comes from a list, so
//! that a failure shrinks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use topology::{DivisionCode, Tree};

use super::{code, plain, shipped};
use crate::{
    authority::{Denied, Neighbour, may},
    calendar::Allowance,
    category::{Priority, Visibility},
    clock::{ExtensionReason, PauseReason, Stage},
    custody::requests::{Heard, Next, hear_request, make, not_carried, take_answer},
    custody::{
        Context, CustodyLimits, Decision, Docket, Incoming, Recollection, Refusal, Report,
        Standing, Taken, Turn, act, arbiter, change_clocks, clocks::keeps_time, hear_notice,
        recategorise, receive, reply_to, report, return_to, settle, tick, transfer,
    },
    envelope::{Destination, Envelope, Lane, Order, Outgoing, Payload},
    ids::{Epoch, EpochId, MatterId},
    matter::{
        Act, Audience, CustodyVersion, Ground, Matter, Outcome, Publicity, Satisfaction, Version,
    },
    measure::Measure,
    receipt,
    request::{Answer, Reply, Request, RequestId, RequestKind, Voice},
    rollup::{Counters, Dealings, Passed},
    suite::Suite,
    time::Timestamp,
};

mod carry;
mod lie;

/// Two townships of 龙游县 with villages, the county, its city and province, and a county beside it.
pub(super) const NODES: [&str; 9] = [
    "33",
    "3308",
    "330802",
    "330825",
    "330825001",
    "330825001001",
    "330825002",
    "330825002001",
    "330825002222",
];

/// A list of choices that are used up one by one.
pub(super) struct Choices(pub(super) std::vec::IntoIter<u16>);

impl Choices {
    pub(super) fn of(&mut self, many: usize) -> Option<usize> {
        self.0.next().map(|choice| choice as usize % many)
    }

    pub(super) fn one_in(&mut self, many: usize) -> Option<bool> {
        self.of(many).map(|choice| choice == 0)
    }
}

/// The guarantees that the links give.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    /// Whether each lane of each link keeps its order.
    pub(super) in_order: bool,
    /// Whether a later notice replaces one that waits.
    pub(super) coalesce: bool,
}

#[derive(Clone)]
enum Said {
    Envelope {
        author: DivisionCode,
        to: DivisionCode,
        lane: Lane,
        payload: Payload,
    },
    Outcome {
        matter: MatterId,
        cv: CustodyVersion,
        refused: bool,
    },
    /// A request that a node refused to carry.
    NotCarried(Request),
    /// A false message.
    Lie {
        author: DivisionCode,
        to: DivisionCode,
        payload: Payload,
    },
}

#[derive(Clone)]
struct Packet {
    from: DivisionCode,
    to: DivisionCode,
    said: Said,
}

impl Packet {
    fn queue(&self) -> (DivisionCode, DivisionCode, Option<Lane>) {
        let lane = match &self.said {
            Said::Envelope { lane, .. } => Some(*lane),
            Said::Outcome { .. } | Said::NotCarried(_) | Said::Lie { .. } => None,
        };
        (self.from, self.to, lane)
    }
}

/// Counts of each kind of event, so that a test can tell that all happen.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) given: usize,
    pub(super) relayed: usize,
    pub(super) repeated: usize,
    pub(super) refused: usize,
    pub(super) refused_again: usize,
    pub(super) learnt_by_notice: usize,
    pub(super) notices: usize,
    pub(super) parked: usize,
    pub(super) pointed_on: usize,
    pub(super) granted: usize,
    pub(super) closed: usize,
    pub(super) reopened: usize,
    pub(super) withdrawn: usize,
    pub(super) denied: usize,
    pub(super) not_carried: usize,
    pub(super) direct: usize,
    pub(super) lies: usize,
    pub(super) lies_refused: usize,
}

pub(super) struct Network {
    tree: Arc<Tree>,
    nodes: Vec<DivisionCode>,
    links: Links,
    pub(super) dockets: BTreeMap<(DivisionCode, MatterId), Docket>,
    floors: BTreeMap<(DivisionCode, MatterId), CustodyVersion>,
    refusals: BTreeSet<(DivisionCode, MatterId, CustodyVersion)>,
    wire: Vec<Packet>,
    counters: BTreeMap<DivisionCode, Counters>,
    done: BTreeMap<(DivisionCode, MatterId), Counters>,
    about: BTreeMap<MatterId, Option<DivisionCode>>,
    asks: u64,
    answers: BTreeMap<RequestId, usize>,
    /// Requests that are on their way more than once.
    repeated: BTreeSet<RequestId>,
    /// Requests that somebody on the way refused.
    not_carried: BTreeSet<RequestId>,
    now: Timestamp,
    pub(super) tally: Tally,
}

impl Network {
    pub(super) fn new(links: Links) -> Self {
        Self {
            tree: Tree::zhejiang(),
            nodes: NODES.into_iter().map(code).collect(),
            links,
            dockets: BTreeMap::new(),
            floors: BTreeMap::new(),
            refusals: BTreeSet::new(),
            wire: vec![],
            counters: BTreeMap::new(),
            done: BTreeMap::new(),
            about: BTreeMap::new(),
            asks: 0,
            answers: BTreeMap::new(),
            repeated: BTreeSet::new(),
            not_carried: BTreeSet::new(),
            now: Timestamp(0),
            tally: Tally::default(),
        }
    }

    /// Makes one random event happen. Returns `None` when the choices are used up.
    pub(super) fn step(&mut self, choices: &mut Choices) -> Option<()> {
        self.now.0 += 1;
        match choices.of(17)? {
            16 => self.lie(choices),
            0 if self.about.len() < 4 => self.report(choices),
            0..=5 => self.act(choices),
            _ if self.wire.is_empty() => self.act(choices),
            _ => {
                let which = choices.of(self.wire.len())?;
                let (again, refuse) = (choices.one_in(6)?, choices.one_in(6)?);
                self.deliver(which, again, refuse);
                Some(())
            }
        }
    }

    /// Delivers everything in transit, and all that follows from it, until nothing is left.
    pub(super) fn settle(&mut self, choices: &mut Choices) {
        for _ in 0..20_000 {
            if self.wire.is_empty() {
                return;
            }
            let which = choices.of(self.wire.len()).unwrap_or(0);
            self.deliver(which, false, false);
            self.check_custody();
        }
        panic!("the network never comes to rest");
    }

    fn report(&mut self, choices: &mut Choices) -> Option<()> {
        let mut at = self.nodes[choices.of(self.nodes.len())?];
        let about = self.nodes[choices.of(self.nodes.len())?];
        let above: Vec<_> = self.tree.ancestors(about).collect();
        let direct = choices.one_in(3)? && !above.is_empty();
        if direct {
            at = above[choices.of(above.len())?];
        }
        let id = MatterId {
            origin: at,
            epoch: 1,
            number: self.about.len() as u64 + 1,
        };
        let mut what: Report = plain();
        if choices.one_in(3)? {
            what.priority = Priority::Emergency;
        }
        if direct {
            what.visibility = Visibility::Direct;
            what.about = Some(about);
            self.tally.direct += 1;
        }
        self.about.insert(id, what.about);
        let decision = report(id, what, context(at, self.now, &self.tree)).unwrap();
        self.apply(at, decision);
        Some(())
    }

    fn act(&mut self, choices: &mut Choices) -> Option<()> {
        if self.dockets.is_empty() {
            return Some(());
        }
        let which = choices.of(self.dockets.len())?;
        let ((me, id), docket) = self.dockets.iter().nth(which).unwrap();
        let (me, id, docket) = (*me, *id, docket.clone());
        let to = self.nodes[choices.of(self.nodes.len())?];
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        let decided = match choices.of(14)? {
            0 => act(docket, Act::Accept, None, None, context),
            1 => act(docket, WORK[choices.of(WORK.len())?], None, None, context),
            2 if choices.one_in(3)? => act(
                docket,
                Act::Close(Outcome::Solved),
                Some([9; 32]),
                None,
                context,
            ),
            2..=4 => transfer(docket, Act::Escalate(to), None, context),
            5..=7 => transfer(docket, Act::Assign(to), None, context),
            8 => send_back(docket, context),
            9 if choices.one_in(2)? => arbiter(&docket, context).and_then(|to| {
                transfer(docket, Act::Object(to, Ground::Competence), None, context)
            }),
            9 => transfer(docket, Act::Arbitrate(to), None, context),
            12 => {
                let categories = ["enforcement/road", "enforcement/lighting"];
                let to = categories[choices.of(2)?].parse().unwrap();
                recategorise(docket, to, None, context)
            }
            13 => self.turn_clocks(docket, choices, context)?,
            10 => make(&docket, self.request(me, id, RequestKind::Recall), context),
            _ => {
                let kind = KINDS[choices.of(KINDS.len())?];
                make(&docket, self.request(me, id, kind), context)
            }
        };
        if let Ok(decision) = decided {
            assert_eq!(decision.docket.matter.id, id);
            self.apply(me, decision);
        }
        Some(())
    }

    /// Pauses, resumes or extends a clock. Sometimes days go by, and clocks have something to announce.
    fn turn_clocks(
        &mut self,
        docket: Docket,
        choices: &mut Choices,
        context: Context<'_>,
    ) -> Option<Result<Decision, Refusal>> {
        let by = Allowance::WorkingDays(1);
        let turns = [
            Some(Turn::Pause(PauseReason::Expert)),
            Some(Turn::Resume),
            Some(Turn::Extend(Stage::Finish, by, ExtensionReason::Works)),
            None,
        ];
        let late = Timestamp(context.now.0 + 3 * 86_400_000);
        Some(match turns[choices.of(turns.len())?] {
            Some(turn) => change_clocks(docket, turn, None, context),
            None => {
                self.now = late;
                let now = late;
                tick(docket, Context { now, ..context }).ok_or(Refusal::NotNow)
            }
        })
    }

    fn request(&mut self, by: DivisionCode, matter: MatterId, kind: RequestKind) -> Request {
        Request {
            id: self.next_request(by),
            matter,
            seen: Version::default(),
            kind,
            note: None,
            suite: Suite::Ed25519Blake3,
            voice: Voice::Reporter,
        }
    }

    fn next_request(&mut self, by: DivisionCode) -> RequestId {
        self.asks += 1;
        RequestId {
            by,
            epoch: 1,
            number: self.asks,
        }
    }

    fn apply(&mut self, me: DivisionCode, decision: Decision) {
        let Decision {
            docket,
            sends,
            facts,
            left: _,
            day: _,
        } = decision;
        let id = docket.matter.id;
        assert!(
            !self.refusals.contains(&(me, id, docket.taken)),
            "{me} took {id} in a version it refused"
        );
        for fact in facts {
            self.tally.closed += usize::from(fact == Measure::CLOSED);
            self.tally.reopened += usize::from(fact == Measure::REOPENED);
            self.tally.withdrawn += usize::from(fact == Measure::WITHDRAWN);
            self.counters.entry(me).or_default().count(fact);
            self.done.entry((me, id)).or_default().count(fact);
        }
        self.dockets.insert((me, id), docket);
        for outgoing in sends {
            match &outgoing.payload {
                Payload::Give { .. } => self.tally.given += 1,
                Payload::Request(request) => {
                    let asked_before = self.answers.insert(request.id, 0);
                    assert_eq!(asked_before, None, "every attempt has its own name");
                }
                Payload::Answer(answer) => *self.answers.get_mut(&answer.request).unwrap() += 1,
                _ => {}
            }
            self.send(me, me, outgoing.to, outgoing.lane, outgoing.payload);
        }
    }

    /// Asserts that there are never two holders: one division holds each matter, or one transfer of
    /// it is not settled.
    pub(super) fn check_custody(&self) {
        for id in self.about.keys() {
            let mut custody = 0;
            for node in &self.nodes {
                let Some(docket) = self.dockets.get(&(*node, *id)) else {
                    continue;
                };
                let cv = docket.matter.version.cv;
                let told = receipt::custodies(&docket.matter, &self.tree);
                assert!(told.is_ok(), "steps of {id} at {node}: {told:?}");
                let timed = keeps_time(None, &docket.matter);
                assert!(timed, "clocks of {id} at {node}: {:?}", docket.matter);
                custody += match docket.standing {
                    Standing::Holding => 1,
                    Standing::Elsewhere => 0,
                    // The giver's docket is stale as soon as the neighbour took the matter,
                    // whatever it did with it since.
                    Standing::Giving { to, .. } => {
                        let there = self.dockets.get(&(to, *id));
                        usize::from(there.is_none_or(|there| there.taken < cv))
                    }
                };
            }
            assert_eq!(custody, 1, "holders and open transfers of {id}");
        }
    }

    /// Asserts what must hold when nothing is in transit.
    pub(super) fn check_rest(&self) {
        self.check_custody();
        let mut open: BTreeMap<DivisionCode, i64> = BTreeMap::new();
        for id in self.about.keys() {
            let copies = || self.dockets.iter().filter(|((_, of), _)| of == id);
            let held = |docket: &Docket| docket.standing == Standing::Holding;
            let ((holder, _), held) = copies().find(|(_, docket)| held(docket)).unwrap();
            let matter = &held.matter;
            assert_eq!((matter.holder, matter.transit), (*holder, None));
            *open.entry(*holder).or_default() += i64::from(!matter.is_closed());
            for node in self.tree.path(*holder, id.origin) {
                let copy = &self.dockets[&(node, *id)].matter;
                assert_eq!(
                    copy, matter,
                    "the copy of {node} on the path to {}",
                    id.origin
                );
            }
            for ((node, _), docket) in copies() {
                let settled = !matches!(docket.standing, Standing::Giving { .. });
                assert!(settled, "{node} never hears what became of its transfer");
                assert!(
                    docket.parked.is_empty(),
                    "a request waits at {node} for ever"
                );
                let waits = (&docket.asked, &docket.unsent);
                assert!(
                    waits.0.is_empty() && waits.1.is_empty(),
                    "{node} waits for answers for ever: {waits:?}"
                );
                if matter.is_closed() {
                    assert_eq!(&docket.matter, matter, "{node} had it once");
                }
            }
        }
        for (request, answers) in &self.answers {
            assert_eq!(*answers, 1, "answers to {request:?}");
        }
        for node in &self.nodes {
            let counted = self
                .counters
                .get(node)
                .map_or(0, |counters| counters.open());
            assert_eq!(
                counted,
                open.get(node).copied().unwrap_or(0),
                "open at {node}"
            );
        }
        self.check_dealings();
        let sum = |sum: Counters, counters: &Counters| sum.plus(*counters);
        let whole = self.counters.values().fold(Counters::default(), sum);
        assert_eq!(whole.in_transit(), 0);
        assert_eq!(whole[Measure::REPORTED] as usize, self.about.len());
        assert_eq!(whole[Measure::CLOSED] as usize, self.tally.closed);
    }
}

impl Network {
    /// Asserts that each node's own knowledge of its children's figures equals their counts.
    fn check_dealings(&self) {
        for keeper in &self.nodes {
            for child in self.tree.children(*keeper) {
                let nodes = self.nodes.iter();
                let mut nodes = nodes.filter(|node| self.tree.contains(child, **node));
                let alone = nodes.clone().count() == 1;
                if nodes.next().is_none() {
                    continue;
                }
                for id in self.about.keys() {
                    self.check_dealing(*keeper, child, *id, alone);
                }
            }
        }
    }

    fn check_dealing(&self, keeper: DivisionCode, child: DivisionCode, id: MatterId, alone: bool) {
        let docket = self.dockets.get(&(keeper, id));
        let passed = docket.map(|docket| Passed::of(docket, keeper, &self.tree));
        let passed = passed.and_then(|passed| passed.get(&child).copied());
        let done = self.done.iter();
        let done = done.filter(|((by, of), _)| *of == id && self.tree.contains(child, *by));
        let told = done.fold(Counters::default(), |sum, (_, done)| sum.plus(*done));
        let dealings = Dealings {
            passed: passed.unwrap_or_default(),
            told,
        };
        let what = || format!("{keeper} of {child} about {id}: {dealings:?}");
        if !self.tree.contains(child, id.origin) {
            // Whether a clock was met is no act, so steps do not tell of it.
            let mut by_steps = told;
            for measure in [Measure::IN_TIME, Measure::LATE] {
                by_steps[measure] = 0;
            }
            assert_eq!(dealings.passed.done, by_steps, "{}", what());
            assert!(dealings.is_explained(), "{}", what());
            let most = Dealings::most(dealings.passed.handed);
            assert!(told == Counters::default() || most > 0, "{}", what());
        }
        if alone {
            assert!(dealings.crosses_evenly(), "{}", what());
        }
    }
}

/// Acts that leave a matter where it is.
const WORK: [Act; 7] = [
    Act::Handle,
    Act::Feedback,
    Act::Verify(true),
    Act::Verify(false),
    Act::Remark(Audience::Offices),
    Act::Reply(Publicity::Private),
    Act::Prioritise(Priority::Urgent),
];

/// Requests other than a recall.
const KINDS: [RequestKind; 6] = [
    RequestKind::Contest,
    RequestKind::Review,
    RequestKind::Withdraw,
    RequestKind::Supervise,
    RequestKind::Rate(Satisfaction::Fair),
    RequestKind::Remark(Audience::Reporter),
];

fn context(me: DivisionCode, now: Timestamp, tree: &Tree) -> Context<'_> {
    Context {
        me,
        now,
        tree,
        terms: CustodyLimits::default(),
        policy: shipped(),
    }
}

fn quiet(docket: Docket) -> Decision {
    Decision::of(docket)
}

/// Returns a matter to whoever sent it, who handed it here or could not hand it on.
fn send_back(docket: Docket, context: Context<'_>) -> Result<Decision, Refusal> {
    let to = return_to(&docket, context)?;
    let id = docket.matter.id;
    assert_ne!(to, context.me, "{to} returns {id} to itself");
    let forward = |act| {
        matches!(
            act,
            Act::Escalate(_) | Act::Assign(_) | Act::Object(..) | Act::Arbitrate(_)
        )
    };
    let mut steps = docket.matter.steps.iter();
    let sent = steps.any(|step| step.by == to && forward(step.act));
    let stuck = docket
        .matter
        .steps
        .iter()
        .any(|step| step.act == Act::TakeBack);
    assert!(sent || stuck, "{to} only ever handed {id} back");
    transfer(docket, Act::Return(to), None, context)
}
