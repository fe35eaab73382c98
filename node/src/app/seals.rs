//! The sealing key of an identity, as an office uses it.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use crate::{
    domain::seal::{Fresh, ObjectKey, SealSuite},
    identity::{SealingError, SealingKey},
    office::{SealFailure, Seals},
};

/// Seals and opens with a node's own key.
#[derive(Clone, Debug)]
pub struct OwnSeal(pub Arc<dyn SealingKey>);

impl Seals for OwnSeal {
    fn fresh(&self) -> Result<Fresh, SealFailure> {
        self.0.public().fresh().map_err(failure)
    }

    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealFailure>> {
        let unwrapped = self.0.unwrap(suite, wrap);
        unwrapped.map(|key| key.map_err(failure)).boxed()
    }
}

fn failure(error: SealingError) -> SealFailure {
    SealFailure(error.to_string())
}
