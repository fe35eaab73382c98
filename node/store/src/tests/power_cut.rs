//! Tests that after a power cut the store holds the result of some prefix of the units taken. The
//! prefix must include everything acknowledged.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::*;

type State = BTreeMap<Bytes, Bytes>;
/// Keys and their new values, `None` to delete.
type Writes = Vec<(u8, Option<u8>)>;

fn unit(writes: &Writes) -> WriteBatch {
    let mut unit = empty(village());
    // Keep one entry per key, or `put` and `delete` could contradict each other.
    for (key, value) in writes.iter().copied().collect::<BTreeMap<_, _>>() {
        match value {
            Some(value) => unit.put.push((vec![key].into(), vec![value].into())),
            None => unit.delete.push(vec![key].into()),
        }
    }
    unit
}

/// Submits rounds of units, cuts the power at the `cut`-th sync, and returns what is wrong. Each
/// round meets a held sync.
async fn live_and_cut(
    rounds: &[Vec<Writes>],
    cut: u64,
    seed: u64,
    ack: AckWhen,
) -> Result<(), String> {
    let disk = MemoryDisk::new();
    disk.cut_at_sync(cut);
    let store = Committer::start(Arc::new(disk.engine().unwrap()), None, ack).unwrap();
    let mut states = vec![State::new()];
    let mut acknowledged = 0;
    'life: for round in rounds {
        disk.pause_sync();
        let mut tickets = Vec::new();
        for writes in round {
            let unit = unit(writes);
            let mut state = states.last().unwrap().clone();
            state.extend(unit.put.iter().cloned());
            for key in &unit.delete {
                state.remove(key);
            }
            let Ok(ticket) = store.submit(unit).await else {
                break 'life;
            };
            if tickets.is_empty() {
                disk.wait_until_held();
            }
            states.push(state);
            tickets.push((states.len() - 1, ticket));
        }
        disk.resume_sync();
        for (number, ticket) in tickets {
            if ticket.durable().await.is_ok() {
                acknowledged = number;
            }
        }
    }
    let store = Store::open_memory(&disk.power_cut(seed)).unwrap();
    let left: State = everything(&store, village()).await.into_iter().collect();
    if states[acknowledged..].contains(&left) {
        Ok(())
    } else if states.contains(&left) {
        Err("something acknowledged is lost".to_owned())
    } else {
        Err("what is left is no prefix".to_owned())
    }
}

fn run(rounds: &[Vec<Writes>], cut: u64, seed: u64, ack: AckWhen) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(live_and_cut(rounds, cut, seed, ack))
}

/// Generates rounds of units with fewer than 40 of 60 keys, so that a round makes several batches.
fn rounds() -> impl Strategy<Value = Vec<Vec<Writes>>> {
    let writes = vec((0..60u8, option::weighted(0.7, any::<u8>())), 1..40);
    vec(vec(writes, 1..12), 1..5)
}

proptest! {
    #[test]
    fn what_survives_is_a_prefix_that_holds_all_that_was_acknowledged(
        rounds in rounds(), cut in 1..12u64, seed: u64,
    ) {
        run(&rounds, cut, seed, AckWhen::Synced).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn a_cut_at_every_sync_in_turn_loses_nothing_acknowledged() {
    let rounds: Vec<Vec<Writes>> = (0..4)
        .map(|r| {
            (0..9)
                .map(|u| vec![(u, Some(r)), (u + r + 1, None)])
                .collect()
        })
        .collect();
    for cut in 1..=9 {
        for seed in 0..8 {
            run(&rounds, cut, seed, AckWhen::Synced).unwrap();
        }
    }
}

#[test]
fn a_writer_that_acknowledges_before_the_sync_is_caught() {
    let rounds: Vec<Vec<Writes>> = (0..3)
        .map(|r| (0..3).map(|u| vec![(r, Some(u))]).collect())
        .collect();
    let lost = Err("something acknowledged is lost".to_owned());
    let caught = (0..8).any(|seed| run(&rounds, 3, seed, AckWhen::Applied) == lost);
    assert!(caught, "no cut showed that acknowledged units are lost");
}
