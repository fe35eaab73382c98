//! Compacts a store that no process has open: its records are copied into a fresh store beside it, and the two
//! directories change places in one step. The engine never gives room on the disk back by itself.
//!
//! ```text
//! store           the store; from the exchange on it is the fresh one
//! store.compact   the fresh store; from the exchange on it is the old one, which is removed
//! ```
//!
//! Both are locked until the end. What a process that died leaves beside the store is in either case not needed any
//! more; the next start removes it.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, TryLockError},
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use bytes::Bytes;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{
    CommitError, OpenError, SledOptions, Store, StoreError,
    engine::Engine,
    export::copied,
    redo::{self, CheckpointPolicy},
    seal::Seal,
    sled_engine::{Claim, PATIENCE, PAUSE, SledEngine},
    space, trial,
};

/// Records that are copied at a time.
const PAGE: usize = 1024;

/// Bytes that a fresh store takes besides its records: the engine's segments, the log, and the reserve.
const SPARE: u64 = 32 << 20;

/// Bytes that the engine takes for each byte of records, at most.
const FACTOR: u64 = 2;

/// What became of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Number of records.
    pub records: u64,
    /// Bytes of engine and log before.
    pub before: u64,
    /// Bytes of engine and log now.
    pub after: u64,
}

/// Why a store was not compacted. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// It did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fresh store did not take a record.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// There is no room for the fresh store beside it.
    #[error(
        "the disk of {} has {} MiB free, and the compacted store needs up to {} MiB until the old one is removed; \
         free {} MiB more, then try again",
        dir.display(), free >> 20, need >> 20, (need - free).div_ceil(1 << 20)
    )]
    NoRoom {
        /// The store's directory.
        dir: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that are needed.
        need: u64,
    },
    /// The records that were read are not those that the store should have.
    #[error(
        "the store in {} was not compacted, because it does not have the records that were written ({what}); run \
         `wujitong store check`", dir.display()
    )]
    Differs {
        /// The store's directory.
        dir: PathBuf,
        /// The difference.
        what: String,
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

/// The last step that was done, where a crash may matter. An error that a probe returns ends the work there, as a
/// crash does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Begun,
    Filled,
    Compared,
    Linked,
    Exchanged,
    Removed,
}

/// Compacts the store in `dir`, which no process has open. Blocks while it reads.
///
/// # Errors
/// [`CompactError`]; the store is then as it was.
pub async fn compact(dir: &Path, options: &SledOptions) -> Result<Compacted, CompactError> {
    compact_probed(dir, options, &|_| Ok(())).await
}

pub(super) async fn compact_probed(
    dir: &Path,
    options: &SledOptions,
    probe: &dyn Fn(Step) -> io::Result<()>,
) -> Result<Compacted, CompactError> {
    let at = |step| probe(step).map_err(failed("compact", dir));
    let claim = Claim::take(dir)?;
    clear_away(dir)?;
    let before = trial::size(dir).map_err(failed("look through", dir))?;
    let check = trial::try_on_a_copy(dir, options, &claim)?;
    claim.begin()?;
    let engine = SledEngine::open(dir, options, claim)?;
    let recovered = redo::recover(dir, &engine, CheckpointPolicy::default(), check)?;
    let expected = recovered
        .sealer
        .as_ref()
        .map(|sealer| sealer.seal().clone());
    drop(recovered);
    engine.sync().map_err(|cause| CompactError::Io {
        what: "sync",
        path: dir.join("db"),
        source: io::Error::other(cause),
    })?;
    // From here on it is only read, so it is left as a closed store whatever comes.
    engine.closed();
    let expected = expected.unwrap_or_default();
    admit(dir, &engine)?;
    let fresh = beside(dir);
    let filled = async {
        at(Step::Begun)?;
        fill(&engine, &fresh, options).await?;
        at(Step::Filled)?;
        let new = compared(dir, &fresh, options, &expected)?;
        at(Step::Compared)?;
        link_all(&dir.join("files"), &fresh.join("files"))?;
        sync(&fresh)?;
        at(Step::Linked)?;
        Ok::<_, CompactError>(new)
    };
    let filled = filled.await;
    let old = engine.into_claim();
    let new = match filled {
        Ok(new) => new,
        Err(error) => {
            let _the_next_start_removes_it = clear_away(dir);
            return Err(error);
        }
    };
    released(dir)?;
    // Its mark as closed is made where the store lies, before that is another one.
    let old = old.leave()?;
    exchange(dir, &fresh)?;
    at(Step::Exchanged)?;
    clear_away(dir)?;
    at(Step::Removed)?;
    drop((old, new));
    Ok(Compacted {
        records: expected.records(),
        before,
        after: trial::size(dir).map_err(failed("look through", dir))?,
    })
}

/// Removes what a process left beside the store in `dir` that died while it compacted it. The caller has the store's
/// claim.
pub(super) fn clear_away(dir: &Path) -> Result<(), OpenError> {
    let beside = beside(dir);
    match fs::remove_dir_all(&beside) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(OpenError::Io {
            what: "remove",
            path: beside,
            source,
        }),
        _ => Ok(()),
    }
}

fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".compact");
    dir.with_file_name(name)
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> CompactError + 'a {
    move |source| CompactError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

/// Checks that there is room for a fresh store with all records beside the old one.
fn admit(dir: &Path, engine: &SledEngine) -> Result<(), CompactError> {
    let mut bytes = 0;
    engine.scan(&[], &[u8::MAX], false, &mut |key, value| {
        bytes += (key.len() + value.len()) as u64;
        ControlFlow::Continue(())
    })?;
    let need = FACTOR * bytes + SPARE;
    let free = space::available(dir).map_err(failed("look at", dir))?;
    if free < need {
        let dir = dir.to_owned();
        return Err(CompactError::NoRoom { dir, free, need });
    }
    Ok(())
}

async fn fill(
    engine: &SledEngine,
    fresh: &Path,
    options: &SledOptions,
) -> Result<(), CompactError> {
    let store = Store::open_sled(fresh, options.clone())?;
    let mut from = Bytes::new();
    loop {
        let mut page = Vec::with_capacity(PAGE);
        engine.scan(&from, &[u8::MAX], false, &mut |key, value| {
            page.push((key, Some(value)));
            match page.len() < PAGE {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        let Some((last, _)) = page.last() else { break };
        from = [last, &[0][..]].concat().into();
        let records: Result<Vec<_>, _> = page.into_iter().map(copied).collect();
        if let Some(ticket) = store.fill(records?).await? {
            ticket.durable().await?;
        }
    }
    Ok(store.close().await?)
}

/// Reads the fresh store and compares it with what the old one should have. Returns its claim.
fn compared(
    dir: &Path,
    fresh: &Path,
    options: &SledOptions,
    expected: &Seal,
) -> Result<Claim, CompactError> {
    let engine = SledEngine::open(fresh, options, Claim::take(fresh)?)?;
    if let Some(what) = expected.difference(&Seal::of(&engine)?) {
        let dir = dir.to_owned();
        return Err(CompactError::Differs { dir, what });
    }
    let claim = engine.into_claim();
    released(fresh)?;
    Ok(claim)
}

/// Waits until the engine has given up its files, a little after it was dropped.
fn released(dir: &Path) -> Result<(), CompactError> {
    let path = dir.join("db");
    let begun = Instant::now();
    loop {
        let locked = File::open(&path).map_err(TryLockError::Error);
        match locked.and_then(|file| file.try_lock()) {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(error) => return Err(failed("lock", &path)(error.into())),
        }
    }
}

/// Makes a directory with the same files, which lie on the disk once. Kept files never change, and of an unfinished
/// upload only one of the two is gone on with.
fn link_all(from: &Path, to: &Path) -> Result<(), CompactError> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed("read", from))?,
    };
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to).map_err(failed("create", to))?;
    for entry in entries {
        let entry = entry.map_err(failed("read", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry
            .file_type()
            .map_err(failed("look at", &path))?
            .is_dir()
        {
            link_all(&path, &target)?;
        } else {
            fs::hard_link(&path, &target).map_err(failed("link", &target))?;
        }
    }
    sync(to)
}

fn sync(dir: &Path) -> Result<(), CompactError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(failed("sync", dir))
}

fn exchange(dir: &Path, fresh: &Path) -> Result<(), CompactError> {
    renameat_with(CWD, fresh, CWD, dir, RenameFlags::EXCHANGE)
        .map_err(|error| failed("exchange with what was compacted", dir)(error.into()))?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
        _ => sync(Path::new(".")),
    }
}
