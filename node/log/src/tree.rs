//! The tree of RFC 6962, section 2.1: hashes, what must be kept to go on, and proofs.
//!
//! A tree of n leaves is never in memory. A [`Node`] is a complete subtree; every other subtree is the [`fold`] of a few
//! of them, its [`Part`]. Proofs are lists of parts, which whoever keeps the nodes looks up.

use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof,
    indices_for_inclusion_proof,
};
use sha2::{Digest, Sha256};

/// A hash of the tree: SHA-256.
pub type Hash = [u8; 32];

/// The most leaves of a log. No division reaches it; sizes above are refused before anything is computed of them.
pub const MOST_LEAVES: u64 = 1 << 40;

/// Returns the hash of an entry as a leaf: SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

/// Returns the hash above two: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

pub(crate) fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A complete subtree: the leaves from `index << level` on, `1 << level` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Levels above the leaves.
    pub level: u8,
    /// Position among those of this level.
    pub index: u64,
}

/// A subtree as the complete ones that it consists of, largest first, which is from left to right.
pub type Part = Vec<Node>;

/// Returns the hash of a subtree from those of its complete ones, in the order of [`Part`]; `None` for none.
pub fn fold(hashes: &[Hash]) -> Option<Hash> {
    let (last, rest) = hashes.split_last()?;
    let above = |right: Hash, left: &Hash| node_hash(left, &right);
    Some(rest.iter().rev().fold(*last, above))
}

/// Returns the complete subtrees of the leaves from `begin` to `end`, of which `begin` begins a subtree that
/// reaches to `end` or beyond.
fn part(begin: u64, end: u64) -> Part {
    let (mut at, mut part) = (begin, vec![]);
    while at < end {
        let level = (end - at).ilog2();
        part.push(Node {
            level: level as u8,
            index: at >> level,
        });
        at += 1 << level;
    }
    part
}

/// Returns the complete subtrees of a whole tree, whose [`fold`] is its root.
///
/// # Errors
/// [`NotProven::Bounds`] for an empty tree or one of too many leaves.
pub fn whole(size: u64) -> Result<Part, NotProven> {
    match size {
        1..=MOST_LEAVES => Ok(part(0, size)),
        _ => Err(NotProven::Bounds),
    }
}

/// What is kept of a tree to add leaves and to know its root: its size, and the hashes of its complete
/// subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// Returns the number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash, at the position that was [`Frontier::size`].
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one of the size is a complete subtree that the new one completes to a larger one.
        for _ in 0..self.size.trailing_ones() {
            let left = self.hashes.pop().expect("one for each bit of the size");
            hash = node_hash(&left, &hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// Returns the root; of an empty tree it is the hash of nothing.
    pub fn root(&self) -> Hash {
        fold(&self.hashes).unwrap_or_else(|| hash(&[]))
    }
}

/// Why something is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// A position or size cannot be.
    #[error("there is no such position in a log of this size")]
    Bounds,
    /// The proof has not the length that a proof of these sizes has.
    #[error("the proof has another length than one of these sizes")]
    Length,
    /// The hashes lead elsewhere.
    #[error("the hashes of the proof do not lead to the root")]
    Hashes,
}

/// Returns the parts of the proof that a leaf is in a tree of `size` leaves, from the bottom up.
///
/// # Errors
/// [`NotProven::Bounds`].
pub fn inclusion(index: u64, size: u64) -> Result<Vec<Part>, NotProven> {
    if index >= size || size > MOST_LEAVES {
        return Err(NotProven::Bounds);
    }
    let indices = indices_for_inclusion_proof(size, index);
    Ok(indices.into_iter().map(|at| clipped(at, size)).collect())
}

/// Returns the parts of the proof that a tree of `new` leaves begins with the tree of `old` leaves.
///
/// # Errors
/// [`NotProven::Bounds`], also for an empty old tree, with which every tree begins.
pub fn consistency(old: u64, new: u64) -> Result<Vec<Part>, NotProven> {
    if old == 0 || old > new || new > MOST_LEAVES {
        return Err(NotProven::Bounds);
    }
    let indices = indices_for_consistency_proof(old, new - old);
    Ok(indices.into_iter().map(|at| clipped(at, new)).collect())
}

/// Returns the subtree at an index of ct-merkle, which numbers nodes from left to right, as far as a tree of
/// `size` leaves has it.
fn clipped(at: u64, size: u64) -> Part {
    let level = at.trailing_ones();
    let begin = (at - ((1 << level) - 1)) / 2;
    part(begin, (begin + (1 << level)).min(size))
}

/// Checks that an entry is the leaf at `index` of the tree of `size` leaves with this root.
///
/// # Errors
/// [`NotProven`].
pub fn check_inclusion(
    entry: &[u8],
    index: u64,
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), NotProven> {
    if proof.len() != inclusion(index, size)?.len() {
        return Err(NotProven::Length);
    }
    let proof = InclusionProof::<Sha256>::try_from_bytes(proof.concat());
    let proof = proof.map_err(|_| NotProven::Length)?;
    RootHash::<Sha256>::new((*root).into(), size)
        .verify_inclusion(&entry, index, &proof)
        .map_err(|_| NotProven::Hashes)
}

/// Checks that the tree of the later head begins with the tree of the earlier one.
///
/// # Errors
/// [`NotProven`].
pub fn check_consistency(
    old: (u64, &Hash),
    new: (u64, &Hash),
    proof: &[Hash],
) -> Result<(), NotProven> {
    if proof.len() != consistency(old.0, new.0)?.len() {
        return Err(NotProven::Length);
    }
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(proof.concat());
    let proof = proof.map_err(|_| NotProven::Length)?;
    let old = RootHash::<Sha256>::new((*old.1).into(), old.0);
    RootHash::<Sha256>::new((*new.1).into(), new.0)
        .verify_consistency(&old, &proof)
        .map_err(|_| NotProven::Hashes)
}
