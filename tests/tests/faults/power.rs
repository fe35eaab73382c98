//! The power goes at every sync in turn, of one node or of all, also while it comes back.

use wujitong_tests::audit::Fault;

use crate::drill::{CHAIN, COUNTY, Cut, Drill, Mutant, Outcomes, TOWNSHIP, VILLAGE};

/// Whether the power goes everywhere at once.
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
    let seed = crate::seed();
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
    let seed = crate::seed();
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
    let seed = crate::seed();
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

/// Sequence floors are an economy: a node that loses them does nothing twice all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_without_its_floors_does_nothing_twice() {
    let seed = crate::seed();
    let mut drill = Drill::new().await;
    for at in CHAIN {
        for n in [6, 13, 20, 27] {
            let cut = cut(at, vec![n], Reach::All, seed);
            sound(&mut drill, cut, Mutant::WithoutFloors).await;
        }
    }
    drill.end().await;
}

/// Runs a mutant until one of `faults` was found in what it left.
async fn caught(mutant: Mutant, reach: Reach, faults: &[Fault]) {
    let seed = crate::seed();
    let mut drill = Drill::new().await;
    for n in 10..30 {
        for at in [VILLAGE, TOWNSHIP, COUNTY] {
            let outcomes = drill.run(cut(at, vec![n], reach, seed), mutant).await;
            let mut found = outcomes.violations.iter();
            if let Some(violation) = found.find(|found| faults.contains(&found.fault)) {
                println!("caught at sync {n} of {at}: {violation}");
                return drill.end().await;
            }
        }
    }
    panic!("nobody found any of {faults:?} in the work of {mutant:?}");
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
