//! Cuts the power at every sync in turn, of one node or of all, and also during the following
//! start.

use testkit::audit::Fault;

use crate::faults::drill::{CHAIN, COUNTY, Cut, Drill, Mutant, Outcomes, TOWNSHIP, VILLAGE};

/// The nodes that lose power.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    One,
    All,
}

fn cut(at: &'static str, syncs: Vec<u64>, reach: Reach, seed: u64) -> Cut {
    let others = CHAIN.into_iter().filter(|other| *other != at);
    let too = match reach {
        Reach::One => vec![],
        Reach::All => others.collect(),
    };
    let seed = seed.wrapping_add(syncs[0]);
    Cut {
        at,
        syncs,
        too,
        seed,
    }
}

async fn sound(drill: &mut Drill, cut: Cut, mutant: Mutant) -> Outcomes {
    let outcomes = drill.run(cut.clone(), mutant).await;
    let found: Vec<_> = outcomes
        .violations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{cut:?}\n  {}", found.join("\n  "));
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_of_one_node_at_every_sync_in_turn_loses_nothing_and_does_nothing_twice() {
    let seed = super::seed();
    let mut drill = Drill::new().await;
    for at in CHAIN {
        let mut n = 1;
        while sound(&mut drill, cut(at, vec![n], Reach::One, seed), Mutant::None)
            .await
            .was_cut
        {
            n += 1;
        }
        assert!(n > 20, "{at} synced only {n} times");
    }
    drill.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_of_all_nodes_loses_nothing_and_does_nothing_twice() {
    let seed = super::seed();
    let mut drill = Drill::new().await;
    for (first, at) in (1..).zip(CHAIN) {
        let mut n = first;
        while sound(&mut drill, cut(at, vec![n], Reach::All, seed), Mutant::None)
            .await
            .was_cut
        {
            n += 5;
        }
    }
    drill.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_power_may_go_again_while_it_comes_back() {
    let seed = super::seed();
    let mut drill = Drill::new().await;
    for (first, at) in (2..).zip(CHAIN) {
        for (n, again) in [(first, 1), (first + 9, 2), (first + 18, 3)] {
            for reach in [Reach::One, Reach::All] {
                let cut = cut(at, vec![n, again, 1], reach, seed);
                sound(&mut drill, cut, Mutant::None).await;
            }
        }
    }
    drill.end().await;
}

/// Flow floors only save work: a node that loses them still does nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_without_its_floors_does_nothing_twice() {
    let seed = super::seed();
    let mut drill = Drill::new().await;
    for at in CHAIN {
        for n in [6, 13, 20, 27] {
            let cut = cut(at, vec![n], Reach::All, seed);
            sound(&mut drill, cut, Mutant::WithoutFloors).await;
        }
    }
    drill.end().await;
}

/// Runs a mutant until the audit finds one of `faults`. What a cut takes away is a matter of chance, and it takes
/// more of them on a machine that does much else at once.
async fn caught(mutant: Mutant, reach: Reach, faults: &[Fault]) {
    let seed = super::seed();
    let mut drill = Drill::new().await;
    let (mut runs, mut cuts) = (0, 0);
    for round in 0..5 {
        let seed = seed.wrapping_add(1000 * round);
        for (n, at) in (10..30).flat_map(|n| [VILLAGE, TOWNSHIP, COUNTY].map(|at| (n, at))) {
            let outcomes = drill.run(cut(at, vec![n], reach, seed), mutant).await;
            (runs, cuts) = (runs + 1, cuts + u32::from(outcomes.was_cut));
            let mut found = outcomes.violations.iter();
            if let Some(violation) = found.find(|found| faults.contains(&found.fault)) {
                println!("caught after {runs} runs at sync {n} of {at}: {violation}");
                return drill.end().await;
            }
        }
    }
    panic!("nobody found any of {faults:?} in {cuts} cuts of {mutant:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_acknowledges_before_the_sync_is_caught() {
    let faults = [
        Fault::Lost,
        Fault::Unheld,
        Fault::HeldTwice,
        Fault::Unwritten,
    ];
    caught(Mutant::EarlyAcknowledgement, Reach::One, &faults).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_counts_again_what_it_is_told_again_is_caught() {
    caught(Mutant::NotIdempotent, Reach::All, &[Fault::Miscounted]).await;
}
