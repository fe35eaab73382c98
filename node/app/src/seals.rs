//! The sealing key of an identity, as an office uses it.

use std::sync::Arc;

use domain::seal::{Fresh, ObjectKey, SealSuite};
use futures::{FutureExt, future::BoxFuture};
use identity::{Recipient, SealingError, SealingKey};
use office::{SealFailure, Seals};

/// Seals and opens with a node's own key.
#[derive(Debug)]
pub struct OwnSeal {
    key: Arc<dyn SealingKey>,
    own: Recipient,
}

impl OwnSeal {
    /// Of this key.
    pub fn new(key: Arc<dyn SealingKey>) -> Self {
        let own = Recipient::new(key.public().clone());
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
