//! Surveys a store that no process has open: which parts are sound and which are damaged.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    OpenError, SledOptions,
    files::{self, FileError},
    sled_engine::Claim,
    trial,
};

/// The findings in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Whether its last process closed it; false after a crash.
    pub closed: bool,
    /// Size of the records in bytes, with the log and all files of the engine.
    pub bytes: u64,
    /// Number of records if all of them are sound and as sealed; otherwise the damage.
    pub records: Result<u64, String>,
    /// Number of attachments.
    pub files: u64,
    /// Paths of the attachments that are damaged.
    pub damaged_files: Vec<PathBuf>,
}

impl Survey {
    /// Returns whether nothing is damaged.
    pub const fn is_whole(&self) -> bool {
        self.records.is_ok() && self.damaged_files.is_empty()
    }
}

/// Returns whether `dir` contains a store.
pub fn is_store(dir: &Path) -> bool {
    dir.join("db").exists()
}

/// Surveys the store in `dir` on a copy inside it, which is removed again; nothing else is changed.
/// Blocks.
///
/// # Errors
/// [`OpenError`] if a process has the store open, a program of another version wrote it, there is
/// no room for the copy, or the file system refuses an operation. Damage is not an error.
pub fn survey(dir: &Path, options: &SledOptions) -> Result<Survey, OpenError> {
    let claim = Claim::take(dir)?;
    let failed = |source| OpenError::Io {
        what: "look through",
        path: dir.to_owned(),
        source,
    };
    let bytes = trial::size(dir).map_err(failed)?;
    let records = match trial::count_on_a_copy(dir, options) {
        Ok(records) => Ok(records),
        Err(OpenError::Damaged { what, .. }) => Err(what),
        Err(error) => return Err(error),
    };
    let (files, damaged_files) = survey_files(dir)?;
    Ok(Survey {
        closed: claim.is_clean(),
        bytes,
        records,
        files,
        damaged_files,
    })
}

/// Reads every attachment of the store in `dir`, whose node may run. Returns their number, and the paths of those that are
/// damaged or were deleted meanwhile. Blocks.
///
/// # Errors
/// [`OpenError`], if a folder cannot be read.
pub fn survey_files(dir: &Path) -> Result<(u64, Vec<PathBuf>), OpenError> {
    let failed = |source| OpenError::Io {
        what: "look through",
        path: dir.to_owned(),
        source,
    };
    let (mut files, mut damaged) = (0, vec![]);
    for area in areas(&dir.join("files")).map_err(failed)? {
        let looked = files::look_through(&area).map_err(|error| match error {
            FileError::Io { what, path, source } => OpenError::Io { what, path, source },
            error => failed(io::Error::other(error)),
        })?;
        files += looked.files;
        damaged.extend(looked.damaged);
    }
    Ok((files, damaged))
}

/// Returns the folder of each node that keeps files.
fn areas(files: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(files) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut areas = vec![];
    for entry in entries {
        areas.push(entry?.path());
    }
    areas.sort_unstable();
    Ok(areas)
}
