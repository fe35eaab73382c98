//! Connects the sealing key of an identity with the office.

use std::sync::Arc;

use domain::seal::{Fresh, ObjectKey, SealSuite};
use futures::{FutureExt, future::BoxFuture};
use identity::{Identity, Recipient, SealingError, SealingKey};
use office::{SealFailure, Seals};

/// Encrypts and decrypts with a node's own key.
#[derive(Debug)]
pub struct OwnSeal {
    key: Arc<dyn SealingKey>,
    own: Recipient,
}

impl OwnSeal {
    /// Uses this key.
    pub fn new(key: Arc<dyn SealingKey>) -> Self {
        let own = Recipient::new(key.public().clone());
        Self { key, own }
    }

    /// Of the key of an identity, with its source of randomness.
    pub fn of(identity: &Identity) -> Self {
        let key = Arc::clone(identity.sealing());
        let own = identity.recipient(key.public().clone());
        Self { key, own }
    }
}

impl Seals for OwnSeal {
    fn fresh(&self) -> Result<Fresh, SealFailure> {
        self.own.fresh().map_err(failure)
    }

    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealFailure>> {
        let unwrapped = self.key.unwrap(suite, wrap);
        unwrapped.map(|key| key.map_err(failure)).boxed()
    }
}

fn failure(error: SealingError) -> SealFailure {
    SealFailure(error.to_string())
}
