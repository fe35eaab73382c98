use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{Closed, Pace, Redo, file_name, group, mark, number_of};
use crate::{
    Generation, OpenError, StoreError,
    engine::{BATCH_KEYS, Engine, Write},
};

/// What a segment was found to hold.
struct Read {
    /// The number of the next group.
    next: u64,
    /// Where its last sound group ends, if what follows is torn.
    torn_at: Option<u64>,
}

/// Brings what the log holds into the engine and begins an empty segment.
///
/// Nothing is changed before all of it was read and found sound. A cut in here, at any place,
/// leaves a log that is recovered the same way.
pub(crate) fn recover(store: &Path, engine: &dyn Engine, pace: Pace) -> Result<Redo, OpenError> {
    let dir = store.join("redo");
    let io = |what, path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { what, path, source }
    };
    create_dir(&dir).map_err(io("create", &dir))?;
    sync(store).map_err(io("sync", store))?;
    let damaged = |what| OpenError::Damaged {
        dir: store.to_owned(),
        what,
    };
    let mark = mark(engine).map_err(|error| match error {
        StoreError::Unreadable(cause) => OpenError::Io {
            what: "read",
            path: store.join("db"),
            source: io::Error::other(cause),
        },
        error => damaged(error.to_string()),
    })?;
    let segments = segments(&dir).map_err(io("read", &dir))?;
    let applied = mark.unwrap_or(0);

    let (obsolete, needed) = segments.split_at(segments.partition_point(|n| *n <= applied));
    let mut next = applied + 1;
    let mut writes = BTreeMap::new();
    let mut torn = None;
    // Since the store was begun there is one, if need be empty.
    if needed
        .first()
        .map_or(mark.is_some(), |first| *first != next)
    {
        return Err(damaged(format!("redo/{} is missing", file_name(next))));
    }
    for (place, &number) in needed.iter().enumerate() {
        let name = file_name(number);
        let bytes = fs::read(dir.join(&name)).map_err(io("read", &dir.join(&name)))?;
        let follower = needed.get(place + 1).copied();
        let read = read(&bytes, number, follower, &mut writes)
            .map_err(|at| damaged(format!("redo/{name} at byte {at}")))?;
        next = read.next;
        torn = read.torn_at.map(|at| (dir.join(name), at));
    }

    if let Some((path, at)) = torn {
        tracing::warn!(path = %path.display(), at, "the end of a torn log was dropped");
        let file = File::options().write(true).open(&path);
        file.and_then(|file| file.set_len(at).and_then(|()| file.sync_all()))
            .map_err(io("cut", &path))?;
    }
    // What a process that was killed had written is taken for durable from here on.
    for &number in needed {
        let path = dir.join(file_name(number));
        sync(&path).map_err(io("sync", &path))?;
    }
    let redo = Redo::begin(&dir, next, pace).map_err(io("begin a segment in", &dir))?;
    let old = obsolete.iter().chain(needed).filter(|old| **old != next);
    let closed = Closed {
        group: next - 1,
        newest: Generation::default(),
        paths: old.map(|old| dir.join(file_name(*old))).collect(),
    };
    if writes.is_empty() && mark.is_some() {
        return Ok(redo);
    }
    bring_in(writes, &closed, engine, &redo.pace).map_err(|cause| OpenError::Io {
        what: "apply the log to",
        path: store.join("db"),
        source: io::Error::other(cause),
    })?;
    Ok(redo)
}

fn bring_in(
    writes: BTreeMap<Bytes, Option<Bytes>>,
    closed: &Closed,
    engine: &dyn Engine,
    pace: &Pace,
) -> Result<(), String> {
    let mut writes = writes.into_iter();
    loop {
        let batch: Vec<Write> = writes.by_ref().take(BATCH_KEYS).collect();
        if batch.is_empty() {
            break;
        }
        engine.apply(&[&batch])?;
        pace.at(super::Point::BatchApplied)?;
    }
    closed.retire(engine, pace)?;
    closed.remove(pace)
}

/// Gathers the writes of one segment's groups. `follower` is the first group of the next segment.
/// An error is the place of damage.
fn read(
    bytes: &[u8],
    first: u64,
    follower: Option<u64>,
    writes: &mut BTreeMap<Bytes, Option<Bytes>>,
) -> Result<Read, usize> {
    let mut next = first;
    let mut at = 0;
    while let Some((number, range)) = group::sound(bytes, at) {
        if number != next {
            return Err(at);
        }
        at = range.end;
        writes.extend(group::decode(&bytes[range]).ok_or(at)?);
        next += 1;
    }
    let blank = bytes[at..].iter().all(|byte| *byte == 0);
    match follower {
        Some(follower) if follower != next || !blank => Err(at),
        None if !blank && group::any_later(bytes, at, next) => Err(at),
        _ => Ok(Read {
            next,
            torn_at: (!blank).then_some(at as u64),
        }),
    }
}

/// The numbers of all segments, in order.
fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        numbers.extend(entry?.file_name().to_str().and_then(number_of));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn create_dir(dir: &PathBuf) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
