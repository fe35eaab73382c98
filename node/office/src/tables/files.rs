//! Records about files.

use domain::{
    actor::Actor,
    attachment::{Attachment, Media},
    suite::{Digest, Suite},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) by: Actor,
    pub(crate) media: Media,
    pub(crate) bytes: u64,
    pub(crate) offset: u64,
    pub(crate) begun: Timestamp,
    pub(crate) ready: Option<Attachment>,
}

domain::records!(Upload);

/// The record of a kept file: its sealed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) digest: Digest,
    pub(crate) suite: Suite,
    pub(crate) sealed_bytes: u64,
}

domain::records!(Kept);

/// The progress of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) begun: Timestamp,
    pub(crate) offset: u64,
}

domain::records!(Progress);
