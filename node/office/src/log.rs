//! The node's public log: one for each life of its store (decision 0088).
//!
//! A leaf is written in the unit that makes true what it says, so log and records are never apart. New leaves lie one
//! by one; the unit that adds the last of 256 packs them into a bundle of entries and a tile of hashes. The head is signed
//! when somebody asks for it, and when it is said to the divisions above, which countersign it: see `said`, `countersigned`,
//! and for the other side `witnessed`.

mod append;
mod countersigned;
#[cfg(test)]
pub(crate) mod fixture;
mod held;
mod keys;
mod openings;
mod pack;
mod read;
mod said;
mod silent;
#[cfg(test)]
mod tests;
mod witnessed;

use log::Hash;

pub use countersigned::{CountersignedHead, CountersignedLine};
pub use held::{Differs, HeldLeaves, HeldRefusal};
pub use keys::{LogKeyFails, LogKeys};
pub use read::NotInLog;
pub(crate) use read::{entry, of_leaf, of_matter};
pub use witnessed::{Evidence as LogEvidence, NoSuchEvidence, WitnessedLog};

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
