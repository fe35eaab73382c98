//! Seeded faults of a network in virtual time. `WUJITONG_TEST_SEED` is the first seed, 1 if nothing is said,
//! and `WUJITONG_TEST_SEEDS` how many are tried; `WUJITONG_TEST_TRACE` prints all that happens.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use testkit::simulation::{Homes, Outcome, Weather, run};
use topology::Tree;

/// Five tiers, with a township and a village beside those on the path. Parents first.
const DIVISIONS: [&str; 7] = [
    "33",
    "3308",
    "330825",
    "330825001",
    "330825002",
    "330825002222",
    "330825002223",
];

/// Seeds tried where nobody says how many.
const SEEDS: u64 = 200;
/// Failures after which no more are looked for.
const ENOUGH: usize = 5;

/// What happens again and again in so many seeds.
const HAPPENS: [&str; 24] = [
    "report",
    "report and escalate",
    "accept",
    "close",
    "escalate",
    "assign",
    "return",
    "dispute",
    "ask to recall",
    "ask to reopen",
    "ask to withdraw",
    "supervise",
    "publish",
    "its power is cut",
    "the power will go at a sync",
    "it is stopped",
    "its wire is cut",
    "its wire falls silent",
    "its wire is slow",
    "its wire is tampered with",
    "its clock is wrong",
    "its disk fills up",
    "its disk will fail a sync",
    "its process starts anew",
];

fn homes() -> Homes {
    Homes::found(&Tree::zhejiang(), &DIVISIONS)
}

fn set(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap())
}

fn failure(seed: u64, outcome: &Outcome) -> String {
    format!(
        "seed {seed}: {}\nto see it again: WUJITONG_TEST_SEED={seed} WUJITONG_TEST_SEEDS=1 cargo test --locked \
         -p wujitong-tests --test networks faults::seeds::a_network_keeps -- --nocapture\n{}",
        outcome.violations.join("\n  "),
        outcome.last.join("\n  "),
    )
}

#[test]
fn a_calm_network_comes_to_rest_with_nothing_wrong() {
    let homes = homes();
    for seed in 1..=3 {
        let outcome = run(&homes, seed, Weather::Calm);
        assert!(outcome.violations.is_empty(), "{}", failure(seed, &outcome));
        let done = |what| outcome.tally.get(what).copied().unwrap_or(0);
        assert!(done("report") >= 10, "{:?}", outcome.tally);
        assert_eq!(done("nobody knows"), 0, "{:?}", outcome.tally);
    }
}

#[test]
fn the_same_seed_does_the_same_to_the_last_byte() {
    let homes = homes();
    for seed in [3, 4] {
        let [one, other] = [(); 2].map(|()| run(&homes, seed, Weather::Rough));
        assert_eq!(one.last, other.last, "seed {seed}");
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert_eq!(one.stores, other.stores, "seed {seed}");
        assert_eq!(one.tally, other.tally, "seed {seed}");
    }
    let [one, other] = [3, 4].map(|seed| run(&homes, seed, Weather::Rough));
    assert_ne!(one.trace, other.trace);
    assert_ne!(one.stores, other.stores);
}

#[test]
fn a_network_keeps_its_promises_whatever_goes_wrong() {
    let first = set("WUJITONG_TEST_SEED").unwrap_or(1);
    let seeds = set("WUJITONG_TEST_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failures = Mutex::new(vec![]);
    let tally: Mutex<BTreeMap<&str, usize>> = Mutex::default();
    let slowest = Mutex::new((Duration::ZERO, 0));
    let tree = Tree::zhejiang();
    let began = Instant::now();
    thread::scope(|threads| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                let homes = Homes::found(&tree, &DIVISIONS);
                loop {
                    let seed = first.wrapping_add(next.fetch_add(1, Ordering::Relaxed));
                    let enough = failures.lock().unwrap().len() >= ENOUGH;
                    if enough || seed.wrapping_sub(first) >= seeds {
                        return;
                    }
                    let started = Instant::now();
                    let outcome = run(&homes, seed, Weather::Rough);
                    let took = (started.elapsed(), seed);
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = took.max(*slowest);
                    for (what, times) in &outcome.tally {
                        *tally.lock().unwrap().entry(what).or_default() += times;
                    }
                    if !outcome.violations.is_empty() {
                        failures.lock().unwrap().push(failure(seed, &outcome));
                    }
                }
            });
        }
    });
    let (slowest, seed) = *slowest.lock().unwrap();
    println!(
        "{seeds} seeds from {first} in {:.1?}; the slowest, {seed}, took {slowest:.1?}\n{:#?}",
        began.elapsed(),
        tally.lock().unwrap(),
    );
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    if seeds >= SEEDS {
        let tally = tally.into_inner().unwrap();
        for what in HAPPENS {
            assert!(tally.contains_key(what), "nobody ever met: {what}");
        }
    }
}

/// A test that nothing can fail says nothing: disks that acknowledge before they sync are found out.
#[test]
fn a_disk_that_lies_is_found_out_within_a_few_seeds() {
    let homes = homes();
    let found = (1..=20).find_map(|seed| {
        let outcome = run(&homes, seed, Weather::Lying);
        outcome.violations.first().cloned()
    });
    println!("{}", found.expect("somebody notices"));
}
