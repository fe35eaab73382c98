#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    CheckpointPolicy, Closed, Redo, group, mark,
    segment::{self, Header, file_name},
    witness::{self, Last},
};
use crate::{
    Generation, OpenError, StoreError,
    engine::{BATCH_KEYS, Engine, Write},
    seal::{self, Seal, Sealed, Sealer},
    space::Space,
};

/// The checks besides those of the log when a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Only that the engine is at the sealed group.
    None,
    /// Also that the engine holds exactly the sealed records.
    Content,
}

/// The keys in a log, with their newest values.
type Writes = BTreeMap<Bytes, Option<Bytes>>;

/// The state of reading a log.
struct Reading {
    /// The last sound group.
    last: Last,
    /// The group that was noted as synced.
    witness: Option<Last>,
    /// The last group of the checkpoint that had begun to bring the log into the engine.
    sealed: Option<Last>,
    /// The writes of that checkpoint.
    begun: Writes,
    /// The writes after that checkpoint.
    writes: Writes,
}

/// The end of a segment.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The segment says that another one follows.
    Closed,
    /// There is nothing after its last group.
    Blank,
    /// The bytes after its last sound group are not sound: so many bytes, and only zeros after
    /// them.
    Unsound { bytes: usize },
}

/// The findings in a segment.
struct Segment {
    header: Header,
    groups: usize,
    end: End,
    /// Offset of the end of its last sound group.
    at: usize,
}

/// Brings the log into the engine and begins an empty segment.
///
/// Reads and checks the whole log before it changes anything. After a power cut at any point in
/// here, the log can be recovered again in the same way.
pub(crate) fn recover(
    store: &Path,
    engine: &dyn Engine,
    pace: CheckpointPolicy,
    check: Check,
) -> Result<Redo, OpenError> {
    let dir = store.join("redo");
    let damaged = |what| damaged(store, what);
    create_dir(&dir).map_err(io("create", &dir))?;
    sync(store).map_err(io("sync", store))?;
    let mark = mark(engine).map_err(|error| match error {
        StoreError::Unreadable(cause) => OpenError::Io {
            what: "read",
            path: store.join("db"),
            source: io::Error::other(cause),
        },
        error => damaged(error.to_string()),
    })?;
    let segments = segment::numbers(&dir).map_err(io("read", &dir))?;
    let applied = mark.unwrap_or(Last {
        number: 0,
        sum: [0; group::SUM_BYTES],
    });
    let (obsolete, needed) = segments.split_at(segments.partition_point(|n| *n <= applied.number));
    // Every store that was begun has a needed segment, even if it is empty.
    if needed.is_empty() && mark.is_some() {
        return Err(missing(store, applied.number + 1));
    }
    let witness = witness::read(&dir).map_err(io("read", &dir))?;
    if witness.is_none() && mark.is_some() {
        tracing::warn!(dir = %dir.display(), "it is not known how far the log was synced");
    }
    let sealed = sealed_at(store, mark)?;
    let mut reading = Reading {
        last: applied,
        witness,
        sealed: sealed.as_ref().map(|sealed| sealed.to),
        begun: Writes::new(),
        writes: Writes::new(),
    };
    let newest = reading.segments(store, needed)?;
    reading.reaches_what_was_synced().map_err(damaged)?;

    drop_torn_end(&dir, newest.as_ref())?;
    // From here on, everything that a killed process wrote counts as durable, so it is synced.
    for &number in needed {
        let path = dir.join(file_name(number));
        sync(&path).map_err(io("sync", &path))?;
    }
    let blank = newest.filter(|newest| newest.groups == 0);
    let last = reading.last;
    let space = Space::open(store, pace.gauge.clone());
    let mut redo = Redo::begin(&dir, last, blank.map(|blank| blank.header), space, pace)
        .map_err(io("begin a segment in", &dir))?;
    let pace = &redo.pace;
    let (writes, seal) = complete(store, engine, (reading, sealed), pace, check)?;
    let old = obsolete.iter().chain(needed);
    let old = old.filter(|old| **old != last.number + 1);
    let closed = Closed {
        newest: Generation::default(),
        last,
        paths: old.map(|old| dir.join(file_name(*old))).collect(),
    };
    let mut sealer = Sealer::new(store, mark, seal);
    bring_in(writes, mark, &closed, engine, &mut sealer, pace)
        .map_err(|cause| applying(store, cause))?;
    redo.sealer = Some(sealer);
    Ok(redo)
}

/// Returns the error of a file or directory that something cannot be done to.
fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { what, path, source }
}

fn damaged(store: &Path, what: String) -> OpenError {
    OpenError::Damaged {
        dir: store.to_owned(),
        what,
    }
}

fn missing(store: &Path, number: u64) -> OpenError {
    damaged(store, format!("redo/{} is missing", file_name(number)))
}

fn applying(store: &Path, cause: String) -> OpenError {
    OpenError::Io {
        what: "apply the log to",
        path: store.join("db"),
        source: io::Error::other(cause),
    }
}

/// Reads the seal of the engine, which must be at the group that was sealed, or at the one before.
fn sealed_at(store: &Path, mark: Option<Last>) -> Result<Option<Sealed>, OpenError> {
    let damaged = |what| damaged(store, what);
    let sealed = seal::read(store).map_err(io("read", &store.join("seal")))?;
    let sealed = sealed
        .transpose()
        .map_err(|what| damaged(format!("the file seal: {what}")))?;
    if sealed.is_none() && mark.is_some() {
        return Err(damaged("the file seal is missing".to_owned()));
    }
    if let Some(Sealed { from, to, .. }) = &sealed
        && mark != Some(*to)
        && mark != *from
    {
        let at = mark.map_or(0, |mark| mark.number);
        return Err(damaged(format!(
            "the engine is at group {at} of the log, but was sealed at {}",
            to.number
        )));
    }
    Ok(sealed)
}

/// Cuts off what is not sound at the end of the newest segment.
fn drop_torn_end(dir: &Path, newest: Option<&Segment>) -> Result<(), OpenError> {
    let Some(torn) = newest.filter(|newest| newest.end != End::Blank) else {
        return Ok(());
    };
    let path = dir.join(torn.name());
    tracing::warn!(path = %path.display(), at = torn.at, "the end of a torn log was dropped");
    let file = File::options().write(true).open(&path);
    file.and_then(|file| file.set_len(torn.at as u64).and_then(|()| file.sync_all()))
        .map_err(io("cut", &path))
}

/// Completes a checkpoint that was cut off. Returns the writes after it, and the seal of the engine, which then holds
/// what was sealed.
fn complete(
    store: &Path,
    engine: &dyn Engine,
    (reading, sealed): (Reading, Option<Sealed>),
    pace: &CheckpointPolicy,
    check: Check,
) -> Result<(Writes, Seal), OpenError> {
    let Reading {
        begun, mut writes, ..
    } = reading;
    let Some(sealed) = sealed else {
        return Ok((writes, Seal::default()));
    };
    let (later, begun): (Writes, Writes) = begun
        .into_iter()
        .partition(|(key, _)| sealed.later.contains(&key[..]));
    for (key, value) in later {
        writes.entry(key).or_insert(value);
    }
    apply(begun, engine, pace).map_err(|cause| applying(store, cause))?;
    if check == Check::Content {
        let found = Seal::of(engine).map_err(|error| damaged(store, error.to_string()))?;
        if let Some(difference) = sealed.seal().difference(&found) {
            return Err(damaged(store, difference));
        }
    }
    Ok((writes, sealed.into_seal()))
}

fn bring_in(
    writes: Writes,
    mark: Option<Last>,
    closed: &Closed,
    engine: &dyn Engine,
    sealer: &mut Sealer,
    pace: &CheckpointPolicy,
) -> Result<(), String> {
    if mark != Some(closed.last) {
        let mut draft = sealer.draft();
        let mut changes = vec![];
        for write in writes {
            let changed = draft.count(engine, &write);
            if changed.map_err(|error| error.to_string())? {
                changes.push(write);
            }
        }
        let sealed = sealer.write(draft, closed.last, []);
        sealed.map_err(|error| format!("cannot write the seal: {error}"))?;
        pace.at(super::Point::Sealed)?;
        apply(changes, engine, pace)?;
        closed.retire(engine, sealer, pace)?;
    }
    if !closed.paths.is_empty() {
        closed.remove(pace)?;
    }
    Ok(())
}

fn apply(
    writes: impl IntoIterator<Item = Write>,
    engine: &dyn Engine,
    pace: &CheckpointPolicy,
) -> Result<(), String> {
    let mut writes = writes.into_iter();
    loop {
        let batch: Vec<Write> = writes.by_ref().take(BATCH_KEYS).collect();
        if batch.is_empty() {
            return Ok(());
        }
        engine.apply(&[&batch])?;
        pace.at(super::Point::BatchApplied)?;
    }
}

impl Reading {
    /// Reads the segments that are needed, one after the other. Returns the newest.
    fn segments(&mut self, store: &Path, needed: &[u64]) -> Result<Option<Segment>, OpenError> {
        let dir = store.join("redo");
        let mut newest: Option<Segment> = None;
        for &number in needed {
            if number != self.last.number + 1 {
                return Err(missing(store, self.last.number + 1));
            }
            let name = file_name(number);
            let bytes = fs::read(dir.join(&name)).map_err(io("read", &dir.join(&name)))?;
            let segment = self
                .segment(number, &bytes)
                .map_err(|at| damaged(store, format!("redo/{name} at byte {at}")))?;
            if let Some(before) = newest.replace(segment) {
                let after = newest.as_ref().expect("it was put there");
                before
                    .may_be_followed_by(after)
                    .map_err(|at| damaged(store, format!("redo/{} at byte {at}", before.name())))?;
            }
        }
        match &newest {
            Some(newest) if newest.end == End::Closed => Err(missing(store, self.last.number + 1)),
            _ => Ok(newest),
        }
    }

    /// Gathers the writes of one segment's groups. The error is the offset of the damage in the
    /// segment, in bytes.
    fn segment(&mut self, number: u64, bytes: &[u8]) -> Result<Segment, usize> {
        let header = Header::sound(bytes).ok_or(0_usize)?;
        if header.first != number || header.previous != self.last.sum {
            return Err(0);
        }
        let key = header.key();
        let mut at = segment::HEADER_BYTES;
        let mut groups = 0;
        let mut closed = false;
        while let Some(group) = group::sound(&key, bytes, at).filter(|_| !closed) {
            if group.number != self.last.number + 1 || group.previous != self.last.sum {
                return Err(at);
            }
            closed = group.writes.is_empty();
            if !closed {
                self.last = Last {
                    number: group.number,
                    sum: group.sum,
                };
                if self.contradicts_witness() {
                    return Err(at);
                }
                let writes = group::decode(&bytes[group.writes.clone()]).ok_or(at)?;
                match self.sealed {
                    Some(sealed) if self.last.number <= sealed.number => self.begun.extend(writes),
                    _ => self.writes.extend(writes),
                }
                groups += 1;
            }
            at = group.writes.end;
        }
        let rest = &bytes[at..];
        let unsound = rest.iter().rposition(|byte| *byte != 0);
        let end = match unsound {
            None if closed => End::Closed,
            None => End::Blank,
            Some(_) if closed || group::any_later(&key, bytes, at) => return Err(at),
            Some(last) => End::Unsound { bytes: last + 1 },
        };
        Ok(Segment {
            header,
            groups,
            end,
            at,
        })
    }

    /// Returns whether the last group differs from the noted or sealed group of the same number.
    fn contradicts_witness(&self) -> bool {
        let known = [self.witness, self.sealed].into_iter().flatten();
        known
            .filter(|known| known.number == self.last.number)
            .any(|known| known.sum != self.last.sum)
    }

    fn reaches_what_was_synced(&self) -> Result<(), String> {
        let known = [self.witness, self.sealed].into_iter().flatten();
        match known.max_by_key(|known| known.number) {
            Some(noted) if noted.number > self.last.number => Err(format!(
                "the log redo/ ends with group {}, but group {} was synced",
                self.last.number, noted.number
            )),
            Some(_) if self.contradicts_witness() => {
                Err("redo/synced belongs to another log".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Segment {
    fn name(&self) -> String {
        file_name(self.header.first)
    }

    /// Checks the end of this segment against the next one: a segment gets groups only once the end
    /// of the one before is synced. The error is the offset of the damage in this segment.
    fn may_be_followed_by(&self, after: &Self) -> Result<(), usize> {
        let begun = after.groups == 0 && after.end == End::Blank;
        match self.end {
            End::Closed => Ok(()),
            End::Blank if begun => Ok(()),
            End::Unsound { bytes } if begun && bytes <= group::HEADER_BYTES => Ok(()),
            _ => Err(self.at),
        }
    }
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
