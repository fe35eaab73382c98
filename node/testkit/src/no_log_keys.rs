//! Keys for public logs of an office that is only read.

use domain::ids::EpochId;
use futures::future::{BoxFuture, FutureExt, ready};
use log::{Checkpoint, Cosignature, Hash, Vkey, WitnessKey};
use office::{LogKeyFails, LogKeys};

/// Has no keys.
pub(crate) struct NoLogKeys;

fn none() -> LogKeyFails {
    LogKeyFails("this office is only read".to_owned())
}

impl LogKeys for NoLogKeys {
    fn sign_head(
        &self,
        _: EpochId,
        _: u64,
        _: Hash,
    ) -> BoxFuture<'_, Result<(Vkey, String), LogKeyFails>> {
        ready(Err(none())).boxed()
    }

    fn witness_key(&self) -> Result<WitnessKey, LogKeyFails> {
        Err(none())
    }

    fn countersign<'a>(
        &'a self,
        _: &'a Checkpoint,
        _: u64,
    ) -> BoxFuture<'a, Result<Cosignature, LogKeyFails>> {
        ready(Err(none())).boxed()
    }
}
