use std::{io, path::PathBuf, sync::Arc};

use bytes::Bytes;

/// The reason why a store operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record differs from what was written. The error names it; it is never returned as a value.
    #[error(
        "the record `{key}` is damaged ({what}): stop the node, \
         keep its directory for examination, and put back a sound copy of it"
    )]
    Damaged {
        /// The division and the key, escaped.
        key: String,
        /// The damage found.
        what: String,
    },
    /// The engine could not read.
    #[error("the store cannot be read ({0}): check the disk and its permissions")]
    Unreadable(String),
    /// The disk failed while a unit was being written. After reopening, the unit may be there or
    /// not.
    #[error(
        "the outcome is unknown: the disk failed ({0}); reopen the store, \
         then repeat the request under the same id"
    )]
    Unknown(Arc<str>),
    /// There is no room for new work. Nothing was written.
    #[error("the disk is full, nothing was done; free some room on it, then send the same again")]
    Full,
    /// The disk failed earlier. The store takes no writes until it is reopened and checked.
    #[error("the store takes no writes since the disk failed ({0}): reopen it")]
    Poisoned(Arc<str>),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A value is not a record that this program can read.
    #[error(transparent)]
    Record(#[from] super::record::RecordError),
}

/// The reason why a unit was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A precondition did not hold. The value that it saw is durable.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// A key is longer than [`super::KEY_LIMIT`].
    #[error("a key of {size} bytes is too long: {limit} are allowed", limit = super::KEY_LIMIT)]
    KeyTooLong {
        /// Its length in bytes.
        size: usize,
    },
    /// A value is longer than [`super::VALUE_LIMIT`].
    #[error(
        "a record of {size} bytes is too large: {limit} are allowed; keep the body as an attachment",
        limit = super::VALUE_LIMIT
    )]
    ValueTooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The first precondition of a unit that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` was changed by somebody else: read it again and retry", key.escape_ascii())]
pub struct Conflict {
    /// The key, without its shard.
    pub key: Bytes,
    /// The value it holds instead; `None` if it has none.
    pub found: Option<Bytes>,
}

/// The reason why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the store open.
    #[error(
        "the store in {} is in use by process {}: stop that node, or give this one its own \
         directory", dir.display(), pid.map_or("unknown".to_owned(), |pid| pid.to_string())
    )]
    Locked {
        /// The store's directory.
        dir: PathBuf,
        /// Number of the other process, if it left it.
        pid: Option<u32>,
    },
    /// A newer program wrote the store.
    #[error(
        "the store has format {found}, this program knows formats up to {known}: \
         use a newer wujitong"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format this program reads.
        known: u32,
    },
    /// The store was written before the first release. No such store is in use.
    #[error(
        "the store has format {found}, older than the first release; begin with an empty directory"
    )]
    Older {
        /// The format found.
        found: u32,
    },
    /// The directory cannot be read as a store. Nothing in it was deleted.
    #[error(
        "the store in {} is damaged ({what}): keep a copy of the directory, then restore a backup \
         or let the neighbours refill it", dir.display()
    )]
    Damaged {
        /// The store's directory.
        dir: PathBuf,
        /// The damage found.
        what: String,
    },
    /// There is too little room to open the store, or to copy it for a survey.
    #[error(
        "the disk of {} is full: opening the store takes {} MiB; free some room on it, then start again",
        dir.display(), need >> 20
    )]
    NoRoom {
        /// The store's directory.
        dir: PathBuf,
        /// Bytes that are needed.
        need: u64,
    },
    /// The file system refused an operation.
    #[error("cannot {what} {}: {source}; check the path, its permissions and the disk", path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// The path on which it failed.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
}
