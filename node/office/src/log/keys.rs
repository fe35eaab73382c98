//! The node's own keys for public logs, which lie outside of the office.

use domain::ids::EpochId;
use futures::future::BoxFuture;
use log::{Checkpoint, Cosignature, Hash, Vkey, WitnessKey};

/// Signs heads of this node's logs, and countersigns those of others.
pub trait LogKeys: Send + Sync {
    /// Signs the head of a log of this node. The same head has the same bytes every time.
    ///
    /// # Errors
    /// [`LogKeyFails`].
    fn sign_head(
        &self,
        epoch: EpochId,
        size: u64,
        root: Hash,
    ) -> BoxFuture<'_, Result<(Vkey, String), LogKeyFails>>;

    /// Returns the key with which this node countersigns.
    ///
    /// # Errors
    /// [`LogKeyFails`].
    fn witness_key(&self) -> Result<WitnessKey, LogKeyFails>;

    /// Countersigns a head at a time, in seconds since 1970. The same head and time have the same bytes every time.
    ///
    /// # Errors
    /// [`LogKeyFails`].
    fn countersign<'a>(
        &'a self,
        head: &'a Checkpoint,
        time: u64,
    ) -> BoxFuture<'a, Result<Cosignature, LogKeyFails>>;
}

/// The reason why a key for public logs could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogKeyFails(pub String);
