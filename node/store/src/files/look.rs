//! Checks the kept files of a node without changing anything.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use primitives::suite::{Digest, Suite};

use super::{FileError, digest_of, names, path};

/// The findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Number of files that are kept.
    pub files: u64,
    /// Paths of files whose content does not match their names or cannot be read.
    pub damaged: Vec<PathBuf>,
}

/// Reads every kept file of the area in `dir`, which need not exist.
///
/// # Errors
/// [`FileError`], if a folder cannot be read.
pub fn look_through(dir: &Path) -> Result<Looked, FileError> {
    let kept = dir.join("kept");
    let mut looked = Looked::default();
    for folder in names(&kept)? {
        let folder = kept.join(folder);
        for name in names(&folder)? {
            let Some(digest) = path::unhex(&name) else {
                continue;
            };
            looked.files += 1;
            let path = folder.join(&name);
            if !is_sound(&path, digest).unwrap_or_default() {
                looked.damaged.push(path);
            }
        }
    }
    looked.damaged.sort_unstable();
    Ok(looked)
}

/// Tries the digest of every suite, because the name of a file does not tell its suite.
fn is_sound(path: &Path, digest: Digest) -> io::Result<bool> {
    for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
        if digest_of(File::open(path)?, suite)?.0 == digest {
            return Ok(true);
        }
    }
    Ok(false)
}
