//! The public log: a Merkle tree of entries that only grows, and the texts by which others check it.
//!
//! Formats are those of C2SP: [`Checkpoint`] and [`Vkey`] are tlog-checkpoint v1.0.0 and signed-note v1.0.0, [`Cosignature`] is
//! tlog-cosignature v1.0.1, [`Tile`] and [`bundle`] are tlog-tiles v0.1.0. Hashes are those of RFC 6962 with SHA-256, whatever a network signs with. What stands
//! in an entry is this project's own ([`Entry`]). Nothing here reads a disk or a clock, and nothing panics on the bytes
//! of others. The proofs come from the crate ct-merkle (decision 0087).

pub mod bundle;
mod checkpoint;
mod cosignature;
mod entry;
pub mod name;
mod note;
mod tile;
mod tree;
pub mod witness;

pub use checkpoint::{BadCheckpoint, Checkpoint, DoesNotHold};
pub use cosignature::{Cosignature, WitnessKey};
pub use entry::{
    BadEntry, Commitment, Disclosed, Entry, EntryKind, MOST_ENTRY_BYTES, Opening, Predecessor,
};
pub use note::{BadName, BadVkey, MOST_NOTE_BYTES, NamedKey, NoteKey, SignatureLine, Vkey};
pub use tile::{BadTile, Tile, TileLevel};
pub use tree::{
    Frontier, Hash, MOST_LEAVES, Node, NotProven, Part, check_consistency, check_inclusion,
    consistency, fold, inclusion, leaf_hash, node_hash, whole,
};

use topology::{Enumeration, vocabulary};

/// Returns every enumeration of this crate as data.
pub fn enumerations() -> Vec<Enumeration> {
    vec![
        vocabulary::Enumeration::of::<Disclosed>(),
        vocabulary::Enumeration::of::<EntryKind>(),
        vocabulary::Enumeration::of::<witness::Contradiction>(),
    ]
}

#[cfg(test)]
mod tests;
