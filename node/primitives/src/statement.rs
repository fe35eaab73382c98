//! The statement that an author signs over the Merkle root of a batch of envelopes. The envelopes
//! share the cost of a signature and can still travel apart.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    ids::{EpochId, KeyId, NetworkId},
    suite::{Digest, Suite},
};

const TAG: &[u8] = b"wujitong/statement/1";
const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];

/// The most envelopes that share one signature; a path then has at most ten digests.
pub const MOST_LEAVES: u32 = 1024;

/// The signed statement: the author, network, life and key, and the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// Algorithms of digest and signature.
    pub suite: Suite,
    /// The network in which it is valid.
    pub network: NetworkId,
    /// The division that makes the statement.
    pub author: DivisionCode,
    /// The key it is signed with.
    pub key: KeyId,
    /// The life of the author's store.
    pub epoch: EpochId,
    /// Number of envelopes under the root, 1 to [`MOST_LEAVES`].
    pub leaves: u32,
    /// Merkle root over the exact bytes of the envelopes.
    pub root: Digest,
}

impl Statement {
    /// Returns the exact bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TAG.len() + 112);
        bytes.extend_from_slice(TAG);
        bytes.extend_from_slice(&self.suite.id().to_be_bytes());
        bytes.extend_from_slice(&self.network.0);
        bytes.extend_from_slice(&self.author.as_u64().to_be_bytes());
        bytes.extend_from_slice(&self.key.0);
        bytes.extend_from_slice(&self.epoch.0);
        bytes.extend_from_slice(&self.leaves.to_be_bytes());
        bytes.extend_from_slice(&self.root);
        bytes
    }
}

/// Everything needed to check one envelope on its own, kept with it for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The statement that was signed.
    pub statement: Statement,
    /// The signature, with the length of its suite.
    pub signature: Bytes,
    /// Position of this envelope in the batch, from 0.
    pub index: u32,
    /// Sibling digests from leaf to root.
    pub path: Vec<Digest>,
}

/// The reason why a proof does not lead from these bytes to its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// The leaf count is zero or too large, or the index is not below it.
    #[error("the proof's leaf count or index is out of range")]
    Shape,
    /// The path does not have the length that leaf count and index require.
    #[error("the proof's path has the wrong length")]
    Length,
    /// The path leads to another root.
    #[error("the bytes are not under the signed root")]
    Root,
}

impl Proof {
    /// Returns the approximate size in a store, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Statement>() + self.signature.len() + self.path.len() * size_of::<Digest>()
    }

    /// Checks that `envelope` is the leaf at `index` under the statement's root. Does not check the
    /// signature.
    pub fn check_path(&self, envelope: &[u8]) -> Result<(), BadProof> {
        let Statement {
            suite,
            leaves,
            root,
            ..
        } = self.statement;
        if leaves == 0 || leaves > MOST_LEAVES || self.index >= leaves {
            return Err(BadProof::Shape);
        }
        let mut digest = suite.digest(&[LEAF, envelope]);
        let (mut index, mut width) = (self.index, leaves);
        let mut path = self.path.iter();
        while width > 1 {
            // The last node of an odd row has no sibling and goes up unchanged.
            if index ^ 1 < width {
                let sibling = path.next().ok_or(BadProof::Length)?;
                digest = if index & 1 == 0 {
                    suite.digest(&[NODE, &digest, sibling])
                } else {
                    suite.digest(&[NODE, sibling, &digest])
                };
            }
            index >>= 1;
            width = width.div_ceil(2);
        }
        match path.next() {
            Some(_) => Err(BadProof::Length),
            None if digest == root => Ok(()),
            None => Err(BadProof::Root),
        }
    }
}

/// Checks the paths of envelopes that came together, with the result that [`Proof::check_path`] has for each.
///
/// If all envelopes under one statement came, the tree is built once over them and compared with their paths: for
/// 64 envelopes that is 127 digests instead of 448.
pub fn check_paths(entries: &[(&Proof, &[u8])]) -> Vec<Result<(), BadProof>> {
    let mut checked = Vec::with_capacity(entries.len());
    let mut rest = entries;
    while let Some((first, _)) = rest.first() {
        let leaves = first.statement.leaves as usize;
        let whole = rest.get(..leaves).filter(|all| are_all_of_one(all));
        let (these, more) = rest.split_at(whole.map_or(1, <[_]>::len));
        match whole {
            Some(all) => {
                let suite = first.statement.suite;
                let tree = MerkleTree::over(suite, all.iter().map(|(_, bytes)| *bytes));
                // Where they differ, each path says by itself what is wrong with it.
                checked.extend(all.iter().map(|(proof, bytes)| {
                    let same =
                        tree.root() == proof.statement.root && tree.path(proof.index) == proof.path;
                    if same {
                        Ok(())
                    } else {
                        proof.check_path(bytes)
                    }
                }));
            }
            None => checked.extend(these.iter().map(|(proof, bytes)| proof.check_path(bytes))),
        }
        rest = more;
    }
    checked
}

/// Returns whether these are all envelopes of one statement, in order, and more than one.
fn are_all_of_one(entries: &[(&Proof, &[u8])]) -> bool {
    let statement = entries.first().map(|(proof, _)| proof.statement);
    let is_of_it = |(index, (proof, _)): (u32, &(&Proof, &[u8]))| {
        proof.index == index && Some(proof.statement) == statement
    };
    let range = 2..=MOST_LEAVES as usize;
    range.contains(&entries.len()) && (0..).zip(entries).all(is_of_it)
}

/// A Merkle tree over the exact bytes of some envelopes.
#[derive(Debug)]
pub struct MerkleTree {
    rows: Vec<Vec<Digest>>,
}

impl MerkleTree {
    /// Builds the tree.
    ///
    /// # Panics
    /// If there are no envelopes, or more than [`MOST_LEAVES`]; the caller forms the batch.
    pub fn over<'a>(suite: Suite, envelopes: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let leaves: Vec<Digest> = envelopes
            .into_iter()
            .map(|bytes| suite.digest(&[LEAF, bytes]))
            .collect();
        assert!(
            !leaves.is_empty() && leaves.len() <= MOST_LEAVES as usize,
            "1 to 1024 leaves"
        );
        let mut rows = vec![leaves];
        while let Some(row) = rows.last()
            && row.len() > 1
        {
            let above = row
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => suite.digest(&[NODE, left, right]),
                    _ => pair[0],
                })
                .collect();
            rows.push(above);
        }
        Self { rows }
    }

    /// Returns the digest at the top.
    pub fn root(&self) -> Digest {
        self.rows
            .last()
            .expect("there is at least the row of leaves")[0]
    }

    /// Returns the number of leaves.
    pub fn leaves(&self) -> u32 {
        self.rows[0].len() as u32
    }

    /// Returns the sibling digests from the leaf at `index` to the root.
    pub fn path(&self, index: u32) -> Vec<Digest> {
        let mut index = index as usize;
        let mut path = Vec::new();
        for row in &self.rows[..self.rows.len() - 1] {
            path.extend(row.get(index ^ 1));
            index >>= 1;
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn proof(suite: Suite, envelopes: &[Vec<u8>], index: usize) -> Proof {
        let tree = MerkleTree::over(suite, envelopes.iter().map(Vec::as_slice));
        Proof {
            statement: Statement {
                suite,
                network: NetworkId([7; 16]),
                author: "330825002222".parse().unwrap(),
                key: KeyId([1; 16]),
                epoch: EpochId([2; 16]),
                leaves: tree.leaves(),
                root: tree.root(),
            },
            signature: Bytes::new(),
            index: index as u32,
            path: tree.path(index as u32),
        }
    }

    proptest! {
        #[test]
        fn together_they_pass_and_fail_like_each_alone(
            counts in vec(1usize..9, 1..4), turn in 0..3u8,
            spoil in vec((0usize..20, 0..5u8), 0..4), cut in 0usize..4,
        ) {
            let mut all = vec![];
            for (batch, count) in counts.iter().enumerate() {
                let envelopes: Vec<Vec<u8>> = (0..*count).map(|n| vec![batch as u8, n as u8]).collect();
                for (index, bytes) in envelopes.iter().enumerate() {
                    all.push((proof(Suite::Ed25519Blake3, &envelopes, index), bytes.clone()));
                }
            }
            match turn {
                1 => all.reverse(),
                2 => { all.truncate(all.len().saturating_sub(cut)); }
                _ => {}
            }
            let len = all.len().max(1);
            for (at, how) in spoil {
                let Some((proof, bytes)) = all.get_mut(at % len) else { continue };
                match how {
                    0 => bytes.push(7),
                    1 => { proof.path.pop(); }
                    2 => proof.path.push([3; 32]),
                    3 => proof.index ^= 1,
                    _ => proof.statement.leaves += 1,
                }
            }
            let entries: Vec<_> = all.iter().map(|(proof, bytes)| (proof, &bytes[..])).collect();
            let alone: Vec<_> = entries.iter().map(|(proof, bytes)| proof.check_path(bytes)).collect();
            prop_assert_eq!(check_paths(&entries), alone);
        }

        #[test]
        fn every_leaf_proves_itself_and_nothing_else(count in 1usize..70, pick in 0usize..70) {
            let envelopes: Vec<_> = (0..count).map(|n| n.to_be_bytes().to_vec()).collect();
            let index = pick % count;
            for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
                let proof = proof(suite, &envelopes, index);
                for (at, envelope) in envelopes.iter().enumerate() {
                    prop_assert_eq!(proof.check_path(envelope).is_ok(), at == index);
                }
            }
        }
    }

    #[test]
    fn an_inner_node_does_not_pass_as_a_leaf() {
        let envelopes = vec![vec![1], vec![2]];
        let honest = proof(Suite::Ed25519Blake3, &envelopes, 0);
        let tree = MerkleTree::over(Suite::Ed25519Blake3, envelopes.iter().map(Vec::as_slice));
        let inner = [tree.rows[0][0], tree.rows[0][1]].concat();
        let statement = Statement {
            leaves: 1,
            ..honest.statement
        };
        let forged = Proof {
            statement,
            path: vec![],
            ..honest
        };
        assert_eq!(forged.check_path(&inner), Err(BadProof::Root));
    }

    #[test]
    fn wrong_shapes_are_named() {
        let envelopes = vec![vec![1], vec![2], vec![3]];
        let honest = proof(Suite::Ed25519Blake3, &envelopes, 2);
        let zero = Statement {
            leaves: 0,
            ..honest.statement
        };
        let cases = [
            (
                Proof {
                    statement: zero,
                    ..honest.clone()
                },
                BadProof::Shape,
            ),
            (
                Proof {
                    index: 3,
                    ..honest.clone()
                },
                BadProof::Shape,
            ),
            (
                Proof {
                    path: vec![],
                    ..honest.clone()
                },
                BadProof::Length,
            ),
            (
                Proof {
                    path: vec![[0; 32]; 9],
                    ..honest.clone()
                },
                BadProof::Length,
            ),
            (
                Proof {
                    path: vec![[0; 32]],
                    ..honest.clone()
                },
                BadProof::Root,
            ),
        ];
        for (proof, reason) in cases {
            assert_eq!(proof.check_path(&[3]), Err(reason));
        }
        assert_eq!(honest.check_path(&[3]), Ok(()));
    }

    #[test]
    fn every_field_of_a_statement_is_under_the_signature() {
        let base = proof(Suite::Ed25519Blake3, &[vec![1]], 0).statement;
        let others = [
            Statement {
                suite: Suite::P256Sha256,
                ..base
            },
            Statement {
                network: NetworkId([8; 16]),
                ..base
            },
            Statement {
                author: "330825".parse().unwrap(),
                ..base
            },
            Statement {
                key: KeyId([9; 16]),
                ..base
            },
            Statement {
                epoch: EpochId([9; 16]),
                ..base
            },
            Statement { leaves: 2, ..base },
            Statement {
                root: [9; 32],
                ..base
            },
        ];
        for other in others {
            assert_ne!(other.to_bytes(), base.to_bytes());
        }
    }
}
