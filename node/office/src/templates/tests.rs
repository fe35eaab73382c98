//! Rollouts over a county, two townships and a village, whose envelopes are handed over by the test.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    authority::{Neighbour, may},
    envelope::{Envelope, Payload},
    ids::{KeyId, NetworkId},
    statement::{Proof, Statement},
    suite::Suite,
    template::{
        Adoption, Reach, RolloutAsk, RolloutRefusal, Stance, TemplateKey, TemplateKind, share_of,
    },
};
use log::EntryKind;
use records::{
    outbox::queue::{Segments, Slots},
    table::Table,
};
use store::MemoryDisk;
use topology::DivisionCode;

use super::{NewTemplate, NotPublished, NotRolledOut};
use crate::{Failed, Office, Outcome, Received, fixture, tables};

const CODES: [&str; 4] = ["330825", "330825001", "330825002", "330825002222"];
const COUNTY: usize = 0;
const OTHER: usize = 1;
const TOWNSHIP: usize = 2;
const VILLAGE: usize = 3;

const BOARD: &str = "[[board]]\ncode = \"news\"\nname = \"村情动态\"\nkeep_days = 30\n";

const CLERK: Actor = Actor::OsUser(7);
const DAY: i64 = 86_400_000;

fn code(at: usize) -> DivisionCode {
    CODES[at].parse().unwrap()
}

fn key() -> TemplateKey {
    "330825/policy/limits".parse().unwrap()
}

fn new(days: u32) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Policy,
        name: "limits".to_owned(),
        title: "时限".to_owned(),
        content: format!("format = 1\n[limits]\ncontest_days = {days}\n"),
        tiers: vec![],
        kinds: vec![],
    }
}

fn named(at: usize) -> Reach {
    Reach::new(0, vec![code(at)])
}

struct Nodes {
    clock: Arc<fixture::Stopped>,
    disks: Vec<MemoryDisk>,
    nodes: Vec<Office>,
    opened: u64,
}

/// An envelope on its way: from, to, and what it is.
#[derive(Clone)]
struct OnItsWay {
    from: usize,
    to: usize,
    envelope: Envelope,
    bytes: Bytes,
}

impl Nodes {
    async fn new() -> Self {
        let mut all = Self {
            clock: Arc::default(),
            disks: CODES.iter().map(|_| MemoryDisk::default()).collect(),
            nodes: vec![],
            opened: 0,
        };
        for at in 0..CODES.len() {
            let office = all.open(at).await;
            all.nodes.push(office);
        }
        all
    }

    async fn open(&mut self, at: usize) -> Office {
        self.opened += 1;
        let clock = Arc::clone(&self.clock) as _;
        let seed = self.opened * 1_000_000;
        let office = fixture::office(CODES[at], &self.disks[at], clock, seed).await;
        // As if the neighbours had greeted.
        let turn = office.turn().await;
        let mut view = turn.transaction();
        for other in (0..CODES.len()).map(code) {
            if Neighbour::of(office.me(), other, office.tree()).is_some() {
                view.put::<tables::Peers>(&other, &crate::inbox::greet::PeerMemory::default());
                office.met.lock().unwrap().insert(other);
                office.inbox().note_link(other, true);
            }
        }
        turn.commit(view).await.unwrap();
        office
    }

    /// The machine of a node loses power and starts again.
    async fn cut(&mut self, at: usize, draw: u64) {
        self.disks[at] = self.disks[at].power_cut(draw);
        self.nodes[at] = self.open(at).await;
    }

    /// Takes what is about templates out of all outboxes.
    async fn collect(&self) -> Vec<OnItsWay> {
        let mut all = vec![];
        for (from, node) in self.nodes.iter().enumerate() {
            let turn = node.turn().await;
            let mut view = turn.transaction();
            let segments = view.scan(Segments::all(), usize::MAX).await.unwrap();
            for (segment, queued) in segments {
                let to = (0..CODES.len()).find(|to| code(*to) == segment.0);
                view.delete::<Segments>(&segment);
                for queued in queued {
                    if let Some(slot) = queued.slot.as_ref().and_then(|slot| Slots::parse(slot)) {
                        view.delete::<Slots>(&slot);
                    }
                    let envelope = wire::decode_envelope(&queued.bytes).unwrap();
                    let of_templates = matches!(
                        envelope.payload,
                        Payload::Template(_)
                            | Payload::Rollout(_)
                            | Payload::TemplateList(_)
                            | Payload::Adoption(_)
                    );
                    if let Some(to) = to.filter(|_| of_templates) {
                        let bytes = queued.bytes;
                        all.push(OnItsWay {
                            from,
                            to,
                            envelope,
                            bytes,
                        });
                    }
                }
            }
            turn.commit(view).await.unwrap();
        }
        all
    }

    /// Hands an envelope over, as a session would after checking its signature.
    async fn deliver(&self, one: &OnItsWay) {
        let node = &self.nodes[one.to];
        let from = Neighbour::of(node.me(), code(one.from), node.tree()).unwrap();
        let statement = Statement {
            suite: Suite::Ed25519Blake3,
            network: NetworkId([7; 16]),
            author: one.envelope.author,
            key: KeyId([1; 16]),
            epoch: one.envelope.epoch.id,
            leaves: 1,
            root: [1; 32],
        };
        let received = Received {
            denied: may(&one.envelope, from, node.me(), node.tree()).err(),
            envelope: one.envelope.clone(),
            bytes: one.bytes.clone(),
            proof: Proof {
                statement,
                signature: Bytes::from_static(&[7; 64]),
                index: 0,
                path: vec![],
            },
            bodies: vec![],
            trace: None,
        };
        let receipt = node.inbox().receive(from, &[received]).await.unwrap();
        assert_eq!(receipt.durable().await.unwrap(), [Outcome::Accepted]);
    }

    /// Hands everything over until nothing is on its way.
    async fn settle(&self) {
        loop {
            let some = self.collect().await;
            if some.is_empty() {
                return;
            }
            for one in some {
                self.deliver(&one).await;
            }
        }
    }

    /// Lets time pass, and each node do what is due.
    async fn pass(&self, ms: i64) {
        self.clock.put_forward(ms);
        for node in &self.nodes {
            node.templates().tend_lists().await.unwrap();
        }
    }

    async fn version(&self, at: usize) -> u32 {
        let mut view = self.nodes[at].read().unwrap();
        let found = view.get::<tables::TemplatesInForce>(&key()).await.unwrap();
        found.map_or(0, |template| template.version)
    }

    async fn versions(&self) -> [u32; 4] {
        let mut all = [0; 4];
        for (at, version) in all.iter_mut().enumerate() {
            *version = self.version(at).await;
        }
        all
    }

    async fn adoption(&self) -> Adoption {
        self.nodes[COUNTY]
            .templates()
            .adoption(&key())
            .await
            .unwrap()
    }

    async fn roll(&self, ask: RolloutAsk) {
        let county = self.nodes[COUNTY].templates();
        county.roll(&key(), ask, CLERK).await.unwrap();
    }

    async fn logged(&self, at: usize) -> Vec<EntryKind> {
        let node = &self.nodes[at];
        let rows = node.list(tables::LogEntries::all(), usize::MAX);
        let entries = rows.await.unwrap().into_iter();
        let kinds = entries.map(|(_, entry)| log::Entry::decode(&entry.0).unwrap().kind());
        kinds.collect()
    }
}

#[tokio::test]
async fn a_township_goes_first_then_more_then_all_and_the_county_knows_who_has_what() {
    let nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    county.publish(new(30), CLERK).await.unwrap();
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1; 4]);
    county
        .publish_first(new(40), named(TOWNSHIP), CLERK)
        .await
        .unwrap();
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1, 1, 2, 2]);
    let told = nodes.adoption().await;
    assert_eq!((told.version, told.applied, told.held), (2, 2, 2));
    assert_eq!(told.unreached, told.expected - 4);
    // What is in force is what the policy says.
    let days = async |at: usize| {
        let policy = nodes.nodes[at].templates().policy_in_force().await.unwrap();
        policy.limits().contest_days.value
    };
    let days = [days(COUNTY).await, days(VILLAGE).await];
    assert_eq!(days, [30, 40]);

    let nodes = nodes_with_rollout().await;
    nodes.roll(RolloutAsk::Pause).await;
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1, 1, 2, 2]);
    let county = nodes.nodes[COUNTY].templates();
    let refused = county.roll(&key(), RolloutAsk::Widen(None), CLERK).await;
    let paused = NotRolledOut::Rollout(RolloutRefusal::Paused);
    assert!(matches!(refused, Err(Failed::Refused(why)) if why == paused));
    nodes.roll(RolloutAsk::Resume).await;
    let more = Reach::new(0, vec![code(OTHER), code(TOWNSHIP)]);
    nodes.roll(RolloutAsk::Widen(Some(more))).await;
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1, 2, 2, 2]);
    nodes.roll(RolloutAsk::Widen(None)).await;
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [2; 4]);
    let told = nodes.adoption().await;
    assert_eq!((told.version, told.applied, told.held), (2, 4, 0));
    // The text before is the next version.
    nodes.roll(RolloutAsk::RollBack).await;
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [3; 4]);
    let again = nodes.nodes[VILLAGE]
        .templates()
        .known(&key())
        .await
        .unwrap();
    assert!(again.template().unwrap().content.contains("= 30"));
}

/// A county whose second version goes to one township.
async fn nodes_with_rollout() -> Nodes {
    let nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    county.publish(new(30), CLERK).await.unwrap();
    let reach = named(TOWNSHIP);
    county.publish_first(new(40), reach, CLERK).await.unwrap();
    nodes.settle().await;
    nodes
}

#[tokio::test]
async fn rolled_back_everybody_has_the_version_before_and_the_log_says_what_happened() {
    let mut nodes = nodes_with_rollout().await;
    let county = nodes.nodes[COUNTY].templates();
    let early = county.publish_first(new(50), named(OTHER), CLERK).await;
    let under_way = NotPublished::Rollout(RolloutRefusal::UnderWay(2));
    assert!(matches!(early, Err(Failed::Refused(why)) if why == under_way));
    nodes.roll(RolloutAsk::RollBack).await;
    for at in 0..CODES.len() {
        nodes.cut(at, 7).await;
    }
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1; 4]);
    let told = nodes.adoption().await;
    assert_eq!((told.version, told.applied, told.superseded), (1, 4, 0));
    let acts = |kinds: Vec<EntryKind>| {
        let kinds = kinds.into_iter();
        kinds
            .filter(|kind| matches!(kind, EntryKind::Template | EntryKind::Rollout))
            .collect::<Vec<_>>()
    };
    use EntryKind::{Rollout, Template};
    assert_eq!(
        acts(nodes.logged(COUNTY).await),
        [Template, Rollout, Rollout]
    );
    let of_village = acts(nodes.logged(VILLAGE).await);
    assert_eq!(of_village, [Template, Template, Template]);
    assert_eq!(acts(nodes.logged(OTHER).await), [Template]);
    // The next number was never used before.
    let county = nodes.nodes[COUNTY].templates();
    let next = county.publish_first(new(60), named(OTHER), CLERK).await;
    assert_eq!(next.unwrap().version, 3);
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [1, 3, 1, 1]);
}

#[tokio::test]
async fn a_first_version_that_is_taken_back_leaves_nothing_in_force() {
    let nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    let reach = named(TOWNSHIP);
    county.publish_first(new(40), reach, CLERK).await.unwrap();
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [0, 0, 1, 1]);
    nodes.roll(RolloutAsk::RollBack).await;
    nodes.settle().await;
    assert_eq!(nodes.versions().await, [0; 4]);
    let told = nodes.adoption().await;
    assert_eq!((told.applied, told.held), (0, 4));
    assert_eq!(
        nodes.logged(VILLAGE).await.last(),
        Some(&EntryKind::Rollout)
    );
}

#[tokio::test]
async fn a_template_of_a_village_that_fits_only_what_is_taken_back_is_suspended_and_comes_back() {
    let nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    let other = || NewTemplate {
        name: "other".to_owned(),
        ..new(30)
    };
    let reach = named(TOWNSHIP);
    county.publish_first(other(), reach, CLERK).await.unwrap();
    nodes.settle().await;
    let board = NewTemplate {
        kind: TemplateKind::Board,
        name: "board".to_owned(),
        title: "公告栏".to_owned(),
        content: "format = 1\nneeds = [\"policy/other\"]\n".to_owned() + BOARD,
        ..new(30)
    };
    let township = nodes.nodes[TOWNSHIP].templates();
    let issued = township.publish(board, CLERK).await.unwrap();
    nodes.settle().await;
    let stance = async |at: usize| {
        let known = nodes.nodes[at].templates().known(&issued.key);
        known.await.unwrap().told().unwrap().1.cloned()
    };
    assert_eq!(stance(VILLAGE).await, Some(Stance::Applied));
    let needed: TemplateKey = "330825/policy/other".parse().unwrap();
    let back = county.roll(&needed, RolloutAsk::RollBack, CLERK);
    back.await.unwrap();
    nodes.settle().await;
    for at in [TOWNSHIP, VILLAGE] {
        let told = stance(at).await;
        let missing =
            matches!(&told, Some(Stance::Refused(why)) if why.to_string().contains("policy/other"));
        assert!(missing, "{told:?}");
    }
    let told = township.adoption(&issued.key).await.unwrap();
    assert_eq!((told.applied, told.refused), (0, 2), "its issuer is told");
    // What it needs is there again.
    county.publish(other(), CLERK).await.unwrap();
    nodes.settle().await;
    assert_eq!(stance(VILLAGE).await, Some(Stance::Applied));
}

#[tokio::test]
async fn a_list_is_said_daily_and_one_that_ran_out_is_told_here_and_above_and_blocks_nothing() {
    let mut nodes = Nodes::new().await;
    let quiet = nodes.nodes[COUNTY].templates().tend_lists().await.unwrap();
    assert_eq!(quiet, None, "nothing was issued");
    let county = nodes.nodes[COUNTY].templates();
    county.publish(new(30), CLERK).await.unwrap();
    nodes.settle().await;
    nodes.pass(6_000).await;
    nodes.settle().await;
    let lists = nodes.nodes[VILLAGE].templates().lists().await.unwrap();
    assert_eq!((lists.len(), lists[0].versions), (1, 1));
    assert_eq!(lists[0].ends_at_ms - lists[0].made_at_ms, 7 * DAY);
    // A restarted county does not say the same again.
    nodes.cut(COUNTY, 1).await;
    nodes.pass(6_000).await;
    assert_eq!(nodes.collect().await.len(), 0);
    nodes.pass(DAY).await;
    assert_eq!(nodes.collect().await.len(), 2, "for two townships");
    // The township does not hand on what it gets, for a week.
    for _ in 0..(8 * 24) {
        nodes.pass(3_600_000).await;
        for one in nodes.collect().await {
            if one.to != VILLAGE {
                nodes.deliver(&one).await;
            }
        }
    }
    let stale = |at: usize| {
        let office = &nodes.nodes[at];
        async move {
            let alarms = office.alarms().all().await.unwrap();
            let stands = alarms.into_iter().filter(|alarm| alarm.settled.is_none());
            stands.map(|alarm| alarm.kind).collect::<Vec<_>>()
        }
    };
    assert_eq!(stale(VILLAGE).await, [AlarmKind::TemplateListExpired]);
    assert_eq!(stale(TOWNSHIP).await, []);
    let told = nodes.adoption().await;
    assert_eq!((told.applied, told.stale), (4, 1));
    assert_eq!(nodes.version(VILLAGE).await, 1, "it stays in force");
    nodes.pass(DAY).await;
    nodes.settle().await;
    assert_eq!(stale(VILLAGE).await, []);
    assert_eq!(nodes.adoption().await.stale, 0);
}

#[tokio::test]
async fn a_version_that_is_listed_and_withheld_is_noticed() {
    let nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    county.publish(new(30), CLERK).await.unwrap();
    nodes.pass(6_000).await;
    for one in nodes.collect().await {
        nodes.deliver(&one).await;
    }
    for one in nodes.collect().await {
        if !matches!(one.envelope.payload, Payload::Template(_)) {
            nodes.deliver(&one).await;
        }
    }
    nodes.pass(2 * 3_600_000).await;
    let lists = nodes.nodes[VILLAGE].templates().lists().await.unwrap();
    assert_eq!(lists[0].missing, [key().to_string()]);
    let alarms = nodes.nodes[VILLAGE].alarms().all().await.unwrap();
    assert_eq!(alarms[0].kind, AlarmKind::TemplatesMissing);
    assert_eq!(alarms[0].about, Some(code(COUNTY)));
    county.publish(new(31), CLERK).await.unwrap();
    nodes.settle().await;
    nodes.pass(2 * 3_600_000).await;
    let alarms = nodes.nodes[VILLAGE].alarms().all().await.unwrap();
    assert!(alarms[0].settled.is_some());
}

/// A small generator, so that a seed gives the same schedule everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

async fn act(nodes: &Nodes, draw: &mut Draw, days: u32) {
    let county = nodes.nodes[COUNTY].templates();
    let share = u8::try_from(draw.below(100)).unwrap();
    let reach = Reach::new(share, vec![code(TOWNSHIP)]);
    // Whether it is allowed is not the question here.
    let _refused_or_not = match draw.below(7) {
        0 | 1 => county.publish_first(new(days), reach, CLERK).await.is_ok(),
        2 => {
            let ask = RolloutAsk::Widen(Some(reach));
            county.roll(&key(), ask, CLERK).await.is_ok()
        }
        3 => county.roll(&key(), RolloutAsk::Pause, CLERK).await.is_ok(),
        4 => county.roll(&key(), RolloutAsk::Resume, CLERK).await.is_ok(),
        5 => {
            let ask = RolloutAsk::RollBack;
            county.roll(&key(), ask, CLERK).await.is_ok()
        }
        _ => {
            let ask = RolloutAsk::Widen(None);
            county.roll(&key(), ask, CLERK).await.is_ok()
        }
    };
}

async fn run(seed: u64) {
    let mut draw = Draw(seed);
    let mut nodes = Nodes::new().await;
    let county = nodes.nodes[COUNTY].templates();
    county.publish(new(30), CLERK).await.unwrap();
    let mut on_the_way: Vec<OnItsWay> = vec![];
    for days in 31..60 {
        match draw.below(6) {
            0..=2 => act(&nodes, &mut draw, days).await,
            3 => {
                let at = usize::try_from(draw.below(4)).unwrap();
                let how = draw.below(1 << 32);
                nodes.cut(at, how).await;
            }
            _ => nodes.pass(10_000).await,
        }
        on_the_way.extend(nodes.collect().await);
        // Some of it arrives, in any order, and some of that twice.
        for _ in 0..draw.below(6) {
            if on_the_way.is_empty() {
                break;
            }
            let at = usize::try_from(draw.below(on_the_way.len() as u64)).unwrap();
            nodes.deliver(&on_the_way[at]).await;
            if draw.below(3) > 0 {
                on_the_way.swap_remove(at);
            }
        }
    }
    let last = nodes.nodes[COUNTY].templates().known(&key()).await.unwrap();
    let paused = last
        .rollout()
        .is_some_and(|word| word.rollout.act == domain::template::RolloutAct::Pause);
    if paused {
        nodes.roll(RolloutAsk::Resume).await;
    }
    while let Some(one) = on_the_way.pop() {
        nodes.deliver(&one).await;
    }
    nodes.settle().await;
    let last = nodes.nodes[COUNTY].templates().known(&key()).await.unwrap();
    let mut has = 0;
    let told_version = last.told().unwrap().0.version;
    for at in 0..CODES.len() {
        let tree = nodes.nodes[at].tree();
        let expected = last.expected_at(code(at), tree).map(|one| one.version);
        assert_eq!(Some(nodes.version(at).await), expected, "seed {seed}, {at}");
        has += u32::from(expected == Some(told_version));
    }
    let told = nodes.adoption().await;
    assert_eq!(
        (told.version, told.applied),
        (told_version, has),
        "seed {seed}"
    );
    assert_eq!(told.applied + told.held, 4, "seed {seed}: {told:?}");
}

#[tokio::test]
async fn whatever_is_lost_repeated_or_late_all_have_what_the_county_said_last() {
    for seed in 0..60 {
        run(seed).await;
    }
    assert!(share_of(&key(), code(VILLAGE)) < 100);
}
