//! `cargo bench -p wujitong-primitives --bench proofs`: processor time for the proofs of a frame, each alone and all together.

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use wujitong_primitives::{
    ids::{EpochId, KeyId, NetworkId},
    statement::{MerkleTree, Proof, Statement, check_paths},
    suite::Suite,
};

const ENVELOPE_BYTES: usize = 900;
const ROUNDS: usize = 400;

fn main() {
    println!("envelopes  alone µs  together µs  ratio");
    for count in [1usize, 4, 16, 64] {
        let envelopes: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; ENVELOPE_BYTES]).collect();
        let tree = MerkleTree::over(Suite::Ed25519Blake3, envelopes.iter().map(|it| &it[..]));
        let statement = Statement {
            suite: Suite::Ed25519Blake3,
            network: NetworkId([1; 16]),
            author: "330825002".parse().expect("a division"),
            key: KeyId([2; 16]),
            epoch: EpochId([3; 16]),
            leaves: tree.leaves(),
            root: tree.root(),
        };
        let proofs: Vec<Proof> = (0..tree.leaves())
            .map(|index| Proof {
                statement,
                signature: Bytes::from_static(&[0; 64]),
                index,
                path: tree.path(index),
            })
            .collect();
        let entries: Vec<_> = proofs
            .iter()
            .zip(&envelopes)
            .map(|(proof, it)| (proof, &it[..]))
            .collect();
        let alone = best(|| {
            for (proof, bytes) in &entries {
                proof.check_path(black_box(bytes)).expect("sound");
            }
        });
        let together = best(|| {
            let checked = check_paths(black_box(&entries));
            assert!(checked.iter().all(Result::is_ok));
        });
        println!(
            "{count:>9}  {alone:>8.1}  {together:>11.1}  {:>5.2}",
            together / alone
        );
    }
}

/// Returns the shortest of many rounds, in microseconds: what else runs on the machine only adds.
fn best(mut work: impl FnMut()) -> f64 {
    let round = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64() * 1e6
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
