use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use topology::{DivisionCode, Tier, Tree};

use super::*;
use crate::measure::Measure;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn cell(acting: &str, origin: &str, category: &str, day: i32) -> CellKey {
    CellKey {
        acting: code(acting),
        origin: code(origin),
        category: category.parse().unwrap(),
        day: Day(day),
    }
}

#[test]
fn a_cell_is_read_back_from_its_bytes_and_sorts_by_day() {
    let early = cell("330825002222", "330825002222", "order/fire", -1);
    let late = cell("33", "33", "market/food", 20_000);
    for key in [&early, &late] {
        assert_eq!(CellKey::from_bytes(&key.to_bytes()).as_ref(), Some(key));
    }
    assert!(early.to_bytes() < late.to_bytes());
    assert_eq!(CellKey::from_bytes(&early.to_bytes()[..20]), None);
    assert_eq!(CellKey::from_bytes(b"short"), None);
}

#[test]
fn a_county_keeps_every_division_and_a_city_keeps_counties() {
    let tree = Tree::zhejiang();
    let key = cell("330825002222", "330802005", "order/fire", 1);
    for keeper in ["330825002", "330825"] {
        assert_eq!(key.seen_from(code(keeper), &tree), key, "{keeper}");
    }
    for keeper in ["3308", "33"] {
        let kept = cell("330825", "330802", "order/fire", 1);
        assert_eq!(key.seen_from(code(keeper), &tree), kept, "{keeper}");
    }
    let high = cell("3308", "33", "order/fire", 1);
    assert_eq!(high.seen_from(code("33"), &tree), high);
}

#[test]
fn a_township_that_hangs_on_a_city_is_counted_by_itself() {
    let tree = Tree::load(
        "code,name\n44,广东省\n4419,东莞市\n441900003,东城街道\n441900003001,岗贝社区\n",
    );
    let tree = tree.unwrap();
    let key = cell("441900003", "441900003", "order/fire", 1);
    assert_eq!(key.seen_from(code("4419"), &tree), key);
}

#[test]
fn a_table_adds_up_by_every_line_and_only_over_its_days() {
    let tree = Tree::zhejiang();
    let one = Counters::from([(Measure::REPORTED, 1)]);
    let cells: BTreeMap<_, _> = [
        cell("330825002222", "330825002222", "order/fire", 1),
        cell("330825002222", "330825002222", "order/flood", 1),
        cell("330825001", "330825002222", "market/food", 2),
        cell("330825", "330825002222", "market/food", 3),
    ]
    .map(|key| (key, one))
    .into();
    let lines = |by, days| table(&cells, by, days, &tree);
    let all = Day(0)..=Day(9);
    assert_eq!(lines(By::Day, all.clone()).len(), 3);
    assert_eq!(lines(By::Category, all.clone()).len(), 3);
    assert_eq!(
        lines(By::Platform, all.clone())[&Group::Platform(crate::category::Platform::Order)]
            [Measure::REPORTED],
        2
    );
    let townships = lines(By::Acting(Tier::Township), all.clone());
    let of = |division| townships[&Group::Acting(code(division))][Measure::REPORTED];
    assert_eq!((of("330825002"), of("330825001"), of("330825")), (2, 1, 1));
    assert_eq!(
        lines(By::Acting(Tier::County), all)[&Group::Acting(code("330825"))][Measure::REPORTED],
        4
    );
    let second = lines(By::Day, Day(2)..=Day(2));
    assert_eq!(second.keys().collect::<Vec<_>>(), [&Group::Day(Day(2))]);
}

#[test]
fn a_later_word_replaces_and_an_earlier_or_repeated_one_changes_nothing() {
    let tree = Tree::zhejiang();
    let (township, village) = (code("330825002"), code("330825002222"));
    let mut rollup = Rollup::new(township, &tree);
    let key = cell("330825002222", "330825002222", "order/fire", 1);
    let said = |reported, stamp| CellReport {
        key: key.clone(),
        counters: Counters::from([(Measure::REPORTED, reported)]),
        stamp,
    };
    for (reported, stamp, sum) in [
        (2, Stamp(1, 5), 2),
        (1, Stamp(1, 4), 2),
        (2, Stamp(1, 5), 2),
        (3, Stamp(1, 6), 3),
    ] {
        rollup.hear(village, &said(reported, stamp), &tree);
        assert_eq!(rollup.sums()[&key][Measure::REPORTED], sum);
    }
}

#[test]
fn a_new_life_counts_only_once_it_is_complete_and_what_the_lost_one_had_counted_stays() {
    let tree = Tree::zhejiang();
    let (township, village) = (code("330825002"), code("330825002222"));
    let mut rollup = Rollup::new(township, &tree);
    let key = |category| cell("330825002222", "330825002222", category, 1);
    let said = |category, reported, order, issue| CellReport {
        key: key(category),
        counters: Counters::from([(Measure::REPORTED, reported)]),
        stamp: Stamp(order, issue),
    };
    let open = |rollup: &Rollup| -> i64 { rollup.sums().values().map(|c| c.open()).sum() };
    rollup.hear(village, &said("order/fire", 5, 1, 1), &tree);
    rollup.hear(village, &said("order/flood", 5, 1, 2), &tree);
    rollup.hear(village, &said("order/fire", 4, 2, 1), &tree);
    assert_eq!(open(&rollup), 10, "staged cells do not count");
    assert!(
        rollup.complete(village, 1, &tree).is_empty(),
        "an old mark changes nothing"
    );
    let changed = rollup.complete(village, 2, &tree);
    assert_eq!(
        changed,
        BTreeSet::from([key("order/fire"), key("order/flood")])
    );
    assert_eq!(open(&rollup), 10, "what the new life lost was counted");
    rollup.hear(village, &said("order/flood", 9, 1, 9), &tree);
    assert_eq!(open(&rollup), 10, "the old life is over");
    rollup.hear(village, &said("order/flood", 6, 2, 2), &tree);
    assert_eq!(open(&rollup), 11, "what is more than before counts at once");
    rollup.hear(village, &said("order/fire", 90, 3, 1), &tree);
    rollup.hear(village, &said("order/flood", 7, 4, 1), &tree);
    rollup.hear(village, &said("order/fire", 90, 3, 2), &tree);
    rollup.complete(village, 3, &tree);
    rollup.complete(village, 4, &tree);
    assert_eq!(open(&rollup), 12, "an abandoned life leaves nothing behind");
}

/// Choices made by proptest, used up one by one so that a failure shrinks.
struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    fn of(&mut self, many: usize) -> Option<usize> {
        self.0.next().map(|choice| choice as usize % many)
    }
}

const NODES: [&str; 13] = [
    "33",
    "3301",
    "330102",
    "330102001",
    "3308",
    "330802",
    "330802005",
    "330825",
    "330825001",
    "330825002",
    "330825002001",
    "330825002222",
    "330825001001",
];

struct Life {
    origin: DivisionCode,
    category: Category,
    at: DivisionCode,
    to: Option<DivisionCode>,
    closed: bool,
}

#[derive(Clone)]
enum Said {
    Cell(Box<CellReport>),
    Complete(u64),
}

/// What waits at a child until its parent acknowledges it.
#[derive(Default)]
struct Queue {
    cells: BTreeMap<CellKey, CellReport>,
    complete: Option<u64>,
}

/// A measure that only a later build lists.
fn later() -> Measure {
    let later = Measure::new(31).unwrap();
    assert!(later.row().is_none());
    later
}

/// A network in which only figures travel: they may be lost, repeated and reordered.
struct Net {
    tree: std::sync::Arc<Tree>,
    nodes: Vec<DivisionCode>,
    lives: Vec<Life>,
    journal: Vec<(CellKey, Measure)>,
    rollups: BTreeMap<DivisionCode, Rollup>,
    stamps: BTreeMap<DivisionCode, Stamp>,
    queues: BTreeMap<DivisionCode, Queue>,
    wire: Vec<(DivisionCode, Said)>,
}

impl Net {
    fn new() -> Self {
        let tree = Tree::zhejiang();
        let nodes: Vec<_> = NODES.into_iter().map(code).collect();
        let rollups = nodes.iter().map(|node| (*node, Rollup::new(*node, &tree)));
        Self {
            rollups: rollups.collect(),
            stamps: nodes.iter().map(|node| (*node, Stamp(1, 0))).collect(),
            queues: nodes.iter().map(|node| (*node, Queue::default())).collect(),
            lives: vec![],
            journal: vec![],
            wire: vec![],
            nodes,
            tree,
        }
    }

    fn fact(&mut self, at: DivisionCode, life: usize, day: usize, fact: Measure) {
        let key = CellKey {
            acting: at,
            origin: self.lives[life].origin,
            category: self.lives[life].category.clone(),
            day: Day(day as i32),
        };
        let changed = self
            .rollups
            .get_mut(&at)
            .unwrap()
            .count(&key, fact, &self.tree);
        self.journal.push((key, fact));
        self.report(at, changed);
    }

    fn report(&mut self, from: DivisionCode, keys: impl IntoIterator<Item = CellKey>) {
        for key in keys {
            let stamp = self.stamps.get_mut(&from).unwrap();
            stamp.1 += 1;
            let report = self.rollups[&from].report(&key, *stamp);
            self.queues
                .get_mut(&from)
                .unwrap()
                .cells
                .insert(key, report);
        }
    }

    fn new_life(&mut self, node: DivisionCode) {
        if self.tree.parent(node).is_none() {
            return;
        }
        let stamp = self.stamps.get_mut(&node).unwrap();
        *stamp = Stamp(stamp.0 + 1, 0);
        let order = stamp.0;
        let keys: Vec<_> = self.rollups[&node].to_report().cloned().collect();
        self.queues.insert(node, Queue::default());
        self.report(node, keys);
        self.queues.get_mut(&node).unwrap().complete = Some(order);
    }

    fn transmit(&mut self, from: DivisionCode, which: usize) {
        let queue = &self.queues[&from];
        let cell = queue.cells.values().nth(which % (queue.cells.len() + 1));
        let said = match (cell, queue.complete) {
            (Some(report), _) => Said::Cell(Box::new(report.clone())),
            (None, Some(order)) => Said::Complete(order),
            (None, None) => return,
        };
        self.wire.push((from, said));
    }

    fn deliver(&mut self, which: usize, acknowledge: bool) {
        let (child, said) = self.wire[which].clone();
        let parent = self.tree.parent(child).unwrap();
        let rollup = self.rollups.get_mut(&parent).unwrap();
        let changed = match &said {
            Said::Cell(report) => rollup.hear(child, report, &self.tree),
            Said::Complete(order) => rollup.complete(child, *order, &self.tree),
        };
        self.report(parent, changed);
        if acknowledge {
            let queue = self.queues.get_mut(&child).unwrap();
            match said {
                Said::Cell(sent) => {
                    if queue.cells.get(&sent.key) == Some(&*sent) {
                        queue.cells.remove(&sent.key);
                    }
                }
                Said::Complete(order) => {
                    queue.complete.take_if(|mark| *mark == order);
                }
            }
        }
    }

    fn step(&mut self, choices: &mut Choices) -> Option<()> {
        let categories = ["order/fire", "market/food"];
        match choices.of(12)? {
            0 => {
                let at = self.nodes[choices.of(NODES.len())?];
                let category = categories[choices.of(2)?].parse().unwrap();
                let day = choices.of(3)?;
                self.lives.push(Life {
                    origin: at,
                    category,
                    at,
                    to: None,
                    closed: false,
                });
                self.fact(at, self.lives.len() - 1, day, Measure::REPORTED);
            }
            1..=4 if !self.lives.is_empty() => {
                let which = choices.of(self.lives.len())?;
                let day = choices.of(3)?;
                let Life { at, to, closed, .. } = self.lives[which];
                match (closed, to) {
                    (true, _) => {}
                    (false, Some(to)) => {
                        self.lives[which].to = None;
                        self.lives[which].at = to;
                        self.fact(to, which, day, Measure::TAKEN);
                    }
                    (false, None) if choices.of(5)? == 0 => {
                        self.lives[which].closed = true;
                        self.fact(at, which, day, Measure::CLOSED);
                    }
                    (false, None) => {
                        let to = self.nodes[choices.of(NODES.len())?];
                        if let Some(hop) = self.tree.next_hop(at, to) {
                            self.lives[which].to = Some(hop);
                            self.fact(at, which, day, Measure::GIVEN);
                            self.fact(at, which, day, later());
                        }
                    }
                }
            }
            5..=7 => {
                let from = self.nodes[choices.of(NODES.len())?];
                self.transmit(from, choices.of(1000)?);
            }
            8..=9 if !self.wire.is_empty() => {
                let which = choices.of(self.wire.len())?;
                self.deliver(which, choices.of(2)? == 0);
            }
            10 if !self.wire.is_empty() => {
                self.wire.swap_remove(choices.of(self.wire.len())?);
            }
            11 if choices.of(4)? == 0 => {
                let node = self.nodes[choices.of(NODES.len())?];
                self.new_life(node);
            }
            _ => {}
        }
        Some(())
    }

    /// Sends everything that was lost again until nothing waits any more. What is still under way
    /// also arrives, before the rest if `late_first`, else after it.
    fn settle(&mut self, late_first: bool) {
        let floating = self.wire.len();
        if late_first {
            (0..floating).for_each(|which| self.deliver(which, false));
        }
        loop {
            let before = self.wire.len();
            for node in self.nodes.clone() {
                for which in (0..=self.queues[&node].cells.len()).rev() {
                    self.transmit(node, which);
                }
            }
            if self.wire.len() == before {
                break;
            }
            (before..self.wire.len()).for_each(|which| self.deliver(which, true));
        }
        (0..floating).for_each(|which| self.deliver(which, false));
    }

    fn counted_by_hand(&self, node: DivisionCode) -> BTreeMap<CellKey, Counters> {
        let mut sums: BTreeMap<CellKey, Counters> = BTreeMap::new();
        for (key, fact) in &self.journal {
            if self.tree.contains(node, key.acting) {
                let sum = sums.entry(key.seen_from(node, &self.tree)).or_default();
                sum.count(*fact);
            }
        }
        sums
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn figures_at_every_tier_equal_the_count_over_all_journals_once_quiet(
        choices in prop::collection::vec(any::<u16>(), 0..1500),
        late_first: bool,
    ) {
        let mut net = Net::new();
        let mut choices = Choices(choices.into_iter());
        while net.step(&mut choices).is_some() {}
        net.settle(late_first);
        for node in &net.nodes {
            let mut sums = net.rollups[node].sums().clone();
            sums.retain(|_, counters| *counters != Counters::default());
            prop_assert_eq!(&sums, &net.counted_by_hand(*node), "{}", node);
        }
        let province = net.rollups[&code("33")].sums();
        let whole = province.values().fold(Counters::default(), |sum, cell| sum.plus(*cell));
        let count = |which: &dyn Fn(&Life) -> bool| net.lives.iter().filter(|l| which(l)).count();
        let closed = count(&|life| life.closed);
        let moving = count(&|life| life.to.is_some());
        prop_assert_eq!(Totals::from(whole), Totals {
            reported: net.lives.len() as u64,
            closed: closed as u64,
            open: (net.lives.len() - closed - moving) as i64,
            in_transit: moving as i64,
        });
        for by in [By::Day, By::Category, By::Platform, By::Acting(Tier::City)] {
            let lines = table(province, by, Day(0)..=Day(2), &net.tree);
            let sum = lines.values().fold(Counters::default(), |sum, line| sum.plus(*line));
            prop_assert_eq!(sum, whole);
        }
    }
}
