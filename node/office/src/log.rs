//! The node's public log: one for each life of its store (decision 0088).
//!
//! A leaf is written in the unit that makes true what it says, so log and records are never apart. New leaves lie one
//! by one; when 256 are there, a later unit packs them into a bundle of entries and a tile of hashes. The head is signed
//! when somebody asks for it, by whoever has the key.

mod append;
mod pack;
mod read;
#[cfg(test)]
mod tests;

use log::Hash;

pub use read::NotInLog;
pub(crate) use read::{entry, of_leaf, of_matter};

/// The head of a log, durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The life of the store that it belongs to.
    pub epoch: domain::ids::EpochId,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}
