use std::{
    fs::{self, DirBuilder, File},
    io,
    path::Path,
    thread,
    time::Instant,
};

use super::{
    super::OpenError,
    Blobs, Cause, SledEngine, SledOptions, checksum,
    claim::Claim,
    guarded,
    lock::{PATIENCE, PAUSE},
};
use crate::engine::Engine;

/// The store format that this program reads and writes.
///
/// 1: everything durable is in sled. 2: there is a redo log in front of it. 3: its segments have
/// headers and its groups are chained.
pub(super) const FORMAT: u32 = 3;

/// Key of the record of the format: four bytes, big-endian, then a checksum. This record never
/// changes its own layout.
pub(super) const FORMAT_KEY: &[u8] = b"\xffformat";

/// Segment size in bytes, fixed for the life of a store. Leaves beyond a quarter of it leave the
/// log for `blobs/`.
const SEGMENT_BYTES: usize = 512 * 1024;

pub(super) fn open(
    dir: &Path,
    options: &SledOptions,
    claim: Claim,
) -> Result<SledEngine, OpenError> {
    let db = open_guarded(dir, options)?;
    let at = |what, name| {
        let path = dir.join(name);
        move |source| OpenError::Io { what, path, source }
    };
    let log = File::options()
        .read(true)
        .write(true)
        .open(dir.join("db"))
        .map_err(at("open for syncing", "db"))?;
    let blobs = Blobs::open(dir.join("blobs")).map_err(at("open for syncing", "blobs"))?;
    check_format(dir, &db)?;
    let engine = SledEngine {
        db,
        log,
        blobs,
        dir: dir.to_owned(),
        claim,
    };
    // From here on, everything that a killed process wrote is read as durable, so it is synced.
    engine.sync().map_err(|cause| OpenError::Io {
        what: "sync",
        path: dir.join("db"),
        source: io::Error::other(cause),
    })?;
    sync_path(&dir.join("conf"))?;
    sync_path(dir)?;
    Ok(engine)
}

pub(super) fn create(dir: &Path) -> Result<(), OpenError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| OpenError::Io {
        what: "create",
        path: dir.to_owned(),
        source,
    })?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_path(parent),
        _ => Ok(()),
    }
}

fn sync_path(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io {
        what: "sync",
        path: path.to_owned(),
        source,
    };
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(io)
}

/// Opens the engine. If that fails, tries once more without sled's snapshots, because a torn
/// snapshot stops sled although the log is complete.
fn open_guarded(dir: &Path, options: &SledOptions) -> Result<sled::Db, OpenError> {
    let cause = match open_patiently(dir, options) {
        Ok(db) => return Ok(db),
        Err(cause) => cause,
    };
    if !cause.is_damage() && !is_torn_file(&cause) {
        return Err(refused(dir, cause));
    }
    let moved = snapshots_aside(dir).map_err(|source| OpenError::Io {
        what: "move aside",
        path: dir.join("snap.*"),
        source,
    })?;
    if moved == 0 {
        return Err(refused(dir, cause));
    }
    tracing::warn!(dir = %dir.display(), cause = cause.text(), moved, "snapshots moved aside");
    open_patiently(dir, options).map_err(|cause| refused(dir, cause))
}

/// Opens sled, and retries while its lock is taken: sled releases it a little after it was dropped.
pub(super) fn open_patiently(dir: &Path, options: &SledOptions) -> Result<sled::Db, Cause> {
    let begun = Instant::now();
    loop {
        let interval = options
            .reclaim_every
            .as_millis()
            .try_into()
            .unwrap_or(u64::MAX);
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(options.cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(Some(interval));
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the engine is opened"
        )]
        let opened = guarded(|| config.open());
        match opened {
            Err(Cause::Refused(sled::Error::Io(error)))
                if is_lock(&error) && begun.elapsed() < PATIENCE =>
            {
                thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Recognises a taken lock by the text of the error, because sled wraps `WouldBlock`.
fn is_lock(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn is_torn_file(cause: &Cause) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(
        cause,
        Cause::Refused(sled::Error::Io(error))
            if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
    )
}

fn refused(dir: &Path, cause: Cause) -> OpenError {
    match cause {
        Cause::Refused(sled::Error::Io(source)) => OpenError::Io {
            what: "open",
            path: dir.join("db"),
            source,
        },
        cause => OpenError::Damaged {
            dir: dir.to_owned(),
            what: cause.text(),
        },
    }
}

/// Renames the files `snap.*` so that sled no longer recognises them. Returns their number.
fn snapshots_aside(dir: &Path) -> io::Result<usize> {
    let mut moved = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix("snap.")) else {
            continue;
        };
        fs::rename(entry.path(), dir.join(format!("aside.snap.{rest}")))?;
        moved += 1;
    }
    Ok(moved)
}

fn check_format(dir: &Path, db: &sled::Db) -> Result<(), OpenError> {
    let refuse = |cause| refused(dir, cause);
    let damaged = |what: &str| OpenError::Damaged {
        dir: dir.to_owned(),
        what: what.to_owned(),
    };
    let Some(record) = guarded(|| db.get(FORMAT_KEY)).map_err(refuse)? else {
        if guarded(|| db.first()).map_err(refuse)?.is_some() {
            return Err(damaged("the record of its format is missing"));
        }
        return write_format(db).map_err(refuse);
    };
    let found = record.first_chunk().map(|found| u32::from_be_bytes(*found));
    match found {
        Some(found) if record[..] != format_record(found) => {
            Err(damaged("the record of its format is damaged"))
        }
        Some(found) if found > FORMAT => Err(OpenError::Newer {
            found,
            known: FORMAT,
        }),
        Some(FORMAT) => Ok(()),
        Some(found) => Err(OpenError::Older { found }),
        None => Err(damaged("the record of its format is cut short")),
    }
}

fn write_format(db: &sled::Db) -> Result<(), Cause> {
    guarded(|| db.insert(FORMAT_KEY, format_record(FORMAT))).map(drop)
}

pub(super) fn format_record(format: u32) -> Vec<u8> {
    let format = format.to_be_bytes();
    [&format[..], &checksum(FORMAT_KEY, &format)].concat()
}
