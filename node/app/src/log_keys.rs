//! Connects the keys for public logs of an identity with the office.

use std::sync::Arc;

use domain::ids::EpochId;
use futures::{FutureExt, future::BoxFuture};
use identity::{Identity, KeyError};
use log::{Checkpoint, Cosignature, Hash, Vkey, WitnessKey};
use office::{LogKeyFails, LogKeys};

/// The keys of one node.
pub struct OwnLogKeys(Arc<Identity>);

impl OwnLogKeys {
    /// Those of an identity.
    pub fn of(identity: &Arc<Identity>) -> Self {
        Self(Arc::clone(identity))
    }
}

impl LogKeys for OwnLogKeys {
    fn sign_head(
        &self,
        epoch: EpochId,
        size: u64,
        root: Hash,
    ) -> BoxFuture<'_, Result<(Vkey, String), LogKeyFails>> {
        async move {
            let signed = proof::sign_head(&self.0, (epoch, size, root)).await;
            let signed = signed.map_err(|error| failure(&error))?;
            Ok((signed.key, signed.note))
        }
        .boxed()
    }

    fn witness_key(&self) -> Result<WitnessKey, LogKeyFails> {
        proof::witness_key(&self.0).map_err(|error| failure(&error))
    }

    fn countersign<'a>(
        &'a self,
        head: &'a Checkpoint,
        time: u64,
    ) -> BoxFuture<'a, Result<Cosignature, LogKeyFails>> {
        async move {
            let signed = proof::countersign(&self.0, head, time).await;
            signed.map_err(|error| failure(&error))
        }
        .boxed()
    }
}

fn failure(error: &KeyError) -> LogKeyFails {
    LogKeyFails(error.to_string())
}
