//! Trial on a copy: a store that was not closed is first opened on a copy, because the engine
//! writes to its files while it recovers, also to files that it then finds damaged. After a refusal
//! the untouched files are the evidence.

use std::{
    fs::{self, DirBuilder},
    io,
    path::Path,
    thread,
};

use super::{
    OpenError, SledOptions,
    redo::{self, Check, CheckpointPolicy},
    sled_engine::{Claim, PAUSE, SledEngine},
    space,
};

const COPY: &str = "trial";

/// Entries that are not copied: they contain no records, or are files that are checked when they
/// are read.
const LEFT_OUT: [&str; 4] = ["files", "lock", "reserve", COPY];

/// Bytes that recovery may take besides the copy.
const SPARE: u64 = 4 << 20;

/// Recovers a copy of the store and checks it. Returns the checks that remain. Without room for a
/// copy, checks nothing.
pub(super) fn try_on_a_copy(
    dir: &Path,
    options: &SledOptions,
    claim: &Claim,
) -> Result<Check, OpenError> {
    let copy = dir.join(COPY);
    remove(&copy)?;
    if claim.is_clean() || !dir.join("db").exists() {
        return Ok(Check::None);
    }
    let failed = |source| OpenError::Io {
        what: "copy for a trial",
        path: dir.to_owned(),
        source,
    };
    let size = size(dir).map_err(failed)?;
    if space::available(dir).map_err(failed)? < size + SPARE {
        tracing::warn!(dir = %dir.display(), bytes = size,
            "the store was not closed, and there is no room to check it on a copy first");
        return Ok(Check::Content);
    }
    tracing::info!(dir = %dir.display(), bytes = size,
        "the store was not closed; it is checked on a copy first");
    match copied_and_recovered(dir, options) {
        Ok(_) => Ok(Check::None),
        Err(OpenError::Io { source, .. }) if space::is_full(&source) => {
            tracing::warn!(dir = %dir.display(), "there was no room to check the store on a copy");
            Ok(Check::Content)
        }
        Err(error) => Err(error),
    }
}

/// Recovers a copy of a store, closed or not. Returns the number of records if the store is sound;
/// no room for a copy is an error.
pub(super) fn count_on_a_copy(dir: &Path, options: &SledOptions) -> Result<u64, OpenError> {
    let failed = |source| OpenError::Io {
        what: "copy for a trial",
        path: dir.to_owned(),
        source,
    };
    remove(&dir.join(COPY))?;
    let need = size(dir).map_err(failed)? + SPARE;
    if space::available(dir).map_err(failed)? < need {
        let dir = dir.to_owned();
        return Err(OpenError::NoRoom { dir, need });
    }
    copied_and_recovered(dir, options)
}

fn copied_and_recovered(dir: &Path, options: &SledOptions) -> Result<u64, OpenError> {
    let copy = dir.join(COPY);
    let copied = copy_all(dir, &copy).map_err(|source| OpenError::Io {
        what: "copy for a trial",
        path: dir.to_owned(),
        source,
    });
    let tried = copied.and_then(|()| recover(&copy, options));
    remove(&copy)?;
    tried.map_err(|error| match error {
        OpenError::Damaged { what, .. } => OpenError::Damaged {
            dir: dir.to_owned(),
            what,
        },
        error => error,
    })
}

fn recover(copy: &Path, options: &SledOptions) -> Result<u64, OpenError> {
    let engine = SledEngine::open(copy, options, Claim::take(copy)?)?;
    let redo = redo::recover(copy, &engine, CheckpointPolicy::default(), Check::Content)?;
    Ok(redo.sealer.map_or(0, |sealer| sealer.records()))
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|out| name == *out) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            // Copies share their blocks if the file system supports that.
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

pub(super) fn size(dir: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if LEFT_OUT.iter().any(|out| entry.file_name() == *out) {
            continue;
        }
        let metadata = entry.metadata()?;
        size += if metadata.is_dir() {
            self::size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(size)
}

/// Removes the copy. Retries for half a second, because the engine releases its files a little
/// after it was dropped.
fn remove(copy: &Path) -> Result<(), OpenError> {
    let mut left = 100;
    loop {
        match fs::remove_dir_all(copy) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if left > 0 => {
                left -= 1;
                thread::sleep(PAUSE);
            }
            removed => {
                return removed.map_err(|source| OpenError::Io {
                    what: "remove",
                    path: copy.to_owned(),
                    source,
                });
            }
        }
    }
}
