//! Reads bytes as the files of a store, for the fuzz targets.

use std::{ops::ControlFlow, path::Path};

use bytes::Bytes;

pub use crate::redo::fuzzing::{Segment, mend, segment};
use crate::{
    MemoryDisk, OpenError,
    engine::Engine,
    redo::{self, Check, CheckpointPolicy},
};

/// Recovers the log in `dir`, whose folder `redo` must be there, into the memory of `disk`. Returns all keys
/// and values that the store then has, in order of the keys; those of the engine itself are left out.
///
/// # Errors
/// [`OpenError`], as opening a store gives it.
pub fn recover(dir: &Path, disk: &MemoryDisk) -> Result<Vec<(Bytes, Bytes)>, OpenError> {
    let failed = |cause: String| OpenError::Io {
        what: "read",
        path: dir.to_owned(),
        source: std::io::Error::other(cause),
    };
    let engine = disk.engine().map_err(failed)?;
    // No room for the reserve, which would be written anew at every run.
    let policy = CheckpointPolicy {
        gauge: Some(std::sync::Arc::new(|| 20 << 20)),
        ..CheckpointPolicy::default()
    };
    redo::recover(dir, &engine, policy, Check::Content)?;
    let mut found = vec![];
    let scanned = engine.scan(&[], &[u8::MAX], false, &mut |key, value| {
        found.push((key, value));
        ControlFlow::Continue(())
    });
    scanned.map_err(|error| failed(error.to_string()))?;
    Ok(found)
}
