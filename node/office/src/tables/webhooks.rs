//! Records about webhooks.

use bytes::Bytes;
use domain::seal::SealSuite;
use serde::{Deserialize, Serialize};

/// A sealed webhook secret, which only the node's sealing key can open: the wrap of a random key of
/// which the secret is the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    pub(crate) suite: SealSuite,
    pub(crate) wrap: Bytes,
}

domain::records!(SealedSecret);
