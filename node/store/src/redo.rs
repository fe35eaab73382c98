//! The redo log in front of the engine. It makes a unit durable at the cost of one append and one
//! `fdatasync`.
//!
//! A segment is a file `redo/<number>.log`, named after its first group. A group is what one sync
//! covers: whole units under one checksum, so a torn group loses whole units, none of them
//! acknowledged. Groups are numbered without gaps over the life of the store, each contains the sum
//! of the one before, and a group is written only once the one before is synced. Therefore only the
//! last group of the newest segment can be torn, and only if it is later than the one that
//! `redo/synced` names. Any other unsound part is damage and is refused.
//!
//! A checkpoint brings the content of closed segments into the engine, then records the number of
//! their last group there, then removes the segments. *Invariants*: the engine holds nothing that
//! is not synced in the log, and a segment is removed only after a synced record says that it is
//! not needed. Therefore a checkpoint may split units over engine batches: until it is complete,
//! the log still has them whole, and a store is read only after the log was applied to it. Before a
//! later segment receives groups, the one before it ends with a group that announces it, so a
//! missing later segment is noticed.

mod group;
mod recover;
mod segment;
mod witness;

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use super::{
    Generation, StoreError,
    engine::{Engine, Write},
    seal::Sealer,
    space::{Gauge, Space, is_full},
};
use group::Sum;
#[cfg(feature = "fuzzing")]
pub(super) use recover::fuzzing;
pub(super) use recover::{Check, recover};
use segment::Header;
pub(super) use witness::Last;
use witness::Witness;

/// Key of the record of the last group whose writes are all in the engine: its number, eight bytes,
/// big-endian, and its sum.
pub(super) const MARK_KEY: &[u8] = b"\xffapplied";

/// The file grows in steps of this many zeros. The sync after a small group then need not also
/// write the file's new size.
const STEP_BYTES: u64 = 128 * 1024;

/// Capacity in bytes that a buffer keeps between groups.
const BUFFER_BYTES: usize = 256 * 1024;

/// The conditions for a checkpoint to begin, and the hooks of tests.
#[derive(Clone)]
pub(super) struct CheckpointPolicy {
    /// Bytes in memory, or four times as many in the log, from which a checkpoint begins.
    pub(super) bytes: usize,
    /// Time without writes after which a checkpoint brings in the rest.
    pub(super) idle: Duration,
    /// Interval at which a full disk is checked for room.
    pub(super) look: Duration,
    /// Called at every [`Point`]; an error that it returns is treated as an error of the disk.
    pub(super) probe: Option<Probe>,
    /// Gives the available bytes in place of the file system.
    pub(super) gauge: Option<Gauge>,
}

pub(super) type Probe = Arc<dyn Fn(Point) -> Result<(), String> + Send + Sync>;

/// The last step of the writer or a checkpoint, where a power cut may matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Point {
    Appended,
    Synced,
    SegmentCreated,
    SegmentBegun,
    SegmentClosed,
    Sealed,
    BatchApplied,
    Marked,
    EngineSynced,
    SegmentRemoved,
    SegmentsGone,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            idle: Duration::from_secs(1),
            look: Duration::from_secs(1),
            probe: None,
            gauge: None,
        }
    }
}

impl CheckpointPolicy {
    pub(super) fn at(&self, point: Point) -> Result<(), String> {
        self.probe.as_ref().map_or(Ok(()), |probe| probe(point))
    }
}

/// The reason why an operation of the log or a checkpoint failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There was no room. Nothing was changed; work continues once there is room.
    Full,
    /// The operation failed on the way, and its outcome is unknown.
    Broken(String),
}

impl From<String> for Failure {
    fn from(cause: String) -> Self {
        Self::Broken(cause)
    }
}

/// The log of an open store. The writer uses it, and a checkpoint to close a segment.
pub(super) struct Redo {
    pub(super) pace: CheckpointPolicy,
    dir: PathBuf,
    handle: File,
    file: File,
    path: PathBuf,
    /// Key of the sums of this segment's groups.
    key: [u8; 32],
    /// Length of the file, and the end of its last group.
    length: u64,
    end: u64,
    /// The last group written.
    last: Last,
    witness: Witness,
    pub(super) space: Space,
    /// Kept here until the checkpoint thread takes it.
    pub(super) sealer: Option<Sealer>,
    /// The newest unit appended.
    newest: Generation,
    buffer: Vec<u8>,
    /// Whether the content of the segment after its last group is unknown.
    broken: bool,
}

/// Segments that take no more groups, with the newest unit and the last group in them.
pub(super) struct Closed {
    pub(super) newest: Generation,
    pub(super) last: Last,
    paths: Vec<PathBuf>,
}

impl Redo {
    /// Continues after `last`, which is synced: in the segment `blank` if there is an empty one for
    /// the next group, else in a new one.
    fn begin(
        dir: &Path,
        last: Last,
        blank: Option<Header>,
        space: Space,
        pace: CheckpointPolicy,
    ) -> io::Result<Self> {
        let handle = File::open(dir)?;
        let witness = Witness::create(dir, last)?;
        let (header, file, path) = match blank {
            Some(header) => {
                let path = dir.join(segment::file_name(header.first));
                (header, File::options().write(true).open(&path)?, path)
            }
            None => {
                let header = Header::new(last.number + 1, last.sum);
                let (file, path) = segment::create(dir, &header)?;
                (header, file, path)
            }
        };
        handle.sync_all()?;
        let length = file.metadata()?.len();
        Ok(Self {
            pace,
            dir: dir.to_owned(),
            handle,
            file,
            path,
            key: header.key(),
            length,
            end: segment::HEADER_BYTES as u64,
            last,
            witness,
            space,
            sealer: None,
            newest: Generation::default(),
            buffer: Vec::new(),
            broken: false,
        })
    }

    /// Appends one group and syncs it.
    pub(super) fn append<'a>(
        &mut self,
        units: impl IntoIterator<Item = &'a [Write]>,
        newest: Generation,
    ) -> Result<(), Failure> {
        self.while_broken(|redo| {
            let last = redo.write_group(units)?;
            redo.pace.at(Point::Synced)?;
            redo.last = last;
            redo.witness.note(last);
            redo.newest = newest;
            Ok(())
        })
    }

    /// Marks the log as broken unless `act` completes or changes nothing.
    fn while_broken<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(Failure::Broken("the log failed before".to_owned()));
        }
        let done = act(self);
        self.broken = matches!(done, Err(Failure::Broken(_)));
        done
    }

    /// Writes one group after the last one and syncs it.
    fn write_group<'a>(
        &mut self,
        units: impl IntoIterator<Item = &'a [Write]>,
    ) -> Result<Last, Failure> {
        let number = self.last.number + 1;
        self.buffer.clear();
        let sum = group::encode(&self.key, number, &self.last.sum, units, &mut self.buffer)?;
        let size = self.buffer.len();
        let end = self.end + size as u64;
        if end > self.length && size as u64 <= STEP_BYTES / 4 {
            let length = end.next_multiple_of(STEP_BYTES);
            let rest = usize::try_from(length - end).expect("less than a step");
            self.buffer.resize(size + rest, 0);
        }
        if let Err(error) = self.write() {
            self.make_room(&error)?;
            self.buffer.truncate(size);
            if let Err(error) = self.write() {
                self.make_room(&error)?;
                return Err(Failure::Full);
            }
        }
        self.pace.at(Point::Appended)?;
        self.file
            .sync_data()
            .map_err(|error| self.failed("sync", &error))?;
        self.length = self.length.max(self.end + self.buffer.len() as u64);
        self.end = end;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES);
        Ok(Last { number, sum })
    }

    /// Removes what was written of a group for which there was no room, and gives up the reserve.
    /// After any other error it is unknown what was written.
    fn make_room(&mut self, error: &io::Error) -> Result<(), Failure> {
        if !is_full(error) {
            return Err(self.failed("write", error).into());
        }
        self.space.give_up();
        self.length = self.end;
        let cut = self.file.set_len(self.end);
        cut.map_err(|error| self.failed("cut", &error).into())
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&self.buffer)
    }

    /// Returns the bytes of groups in the current segment.
    pub(super) fn segment_bytes(&self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX) - segment::HEADER_BYTES
    }

    /// Returns whether the file must soon grow.
    pub(super) fn is_about_to_grow(&self) -> bool {
        self.end + STEP_BYTES / 4 >= self.length
    }

    /// Closes the segment and begins the next; returns `None` if the segment is empty.
    pub(super) fn close_segment(&mut self) -> Result<Option<Closed>, Failure> {
        if self.segment_bytes() == 0 && !self.broken {
            return Ok(None);
        }
        self.while_broken(Self::follow).map(Some)
    }

    fn follow(&mut self) -> Result<Closed, Failure> {
        let header = Header::new(self.last.number + 1, self.last.sum);
        let (file, path) = segment::create(&self.dir, &header).map_err(|error| {
            if is_full(&error) {
                return Failure::Full;
            }
            self.failed("follow", &error).into()
        })?;
        self.pace.at(Point::SegmentCreated)?;
        self.handle
            .sync_all()
            .map_err(|error| self.failed("follow", &error))?;
        self.pace.at(Point::SegmentBegun)?;
        // From here on, a missing next segment is noticed.
        if let Err(failure) = self.write_group([]) {
            // Without room nothing was written, and the follower has to go, because nothing may be added
            // to a segment that has one. After any other error the end may be on the disk, and a
            // segment with an end needs its follower; nothing is added to either any more.
            if failure == Failure::Full {
                let gone = fs::remove_file(&path).and_then(|()| self.handle.sync_all());
                gone.map_err(|error| self.failed("follow", &error))?;
            }
            return Err(failure);
        }
        self.pace.at(Point::SegmentClosed)?;
        self.file = file;
        let full = std::mem::replace(&mut self.path, path);
        self.key = header.key();
        self.length = segment::HEADER_BYTES as u64;
        self.end = self.length;
        Ok(Closed {
            newest: self.newest,
            last: self.last,
            paths: vec![full],
        })
    }

    fn failed(&self, what: &str, error: &io::Error) -> String {
        format!("cannot {what} {}: {error}", self.path.display())
    }
}

impl Closed {
    /// Records in the engine that these segments are no longer needed, and syncs it.
    pub(super) fn retire(
        &self,
        engine: &dyn Engine,
        sealer: &mut Sealer,
        pace: &CheckpointPolicy,
    ) -> Result<(), String> {
        let mark = [&self.last.number.to_be_bytes()[..], &self.last.sum].concat();
        engine.apply(&[&[(Bytes::from_static(MARK_KEY), Some(mark.into()))]])?;
        pace.at(Point::Marked)?;
        engine.sync()?;
        sealer.marked(self.last);
        pace.at(Point::EngineSynced)
    }

    /// Adds earlier segments that a checkpoint did not complete.
    pub(super) fn and(mut self, earlier: Option<Self>) -> Self {
        let mut paths = earlier.map_or_else(Vec::new, |earlier| earlier.paths);
        paths.append(&mut self.paths);
        Self { paths, ..self }
    }

    /// Removes the files of the segments.
    pub(super) fn remove(&self, pace: &CheckpointPolicy) -> Result<(), String> {
        for path in &self.paths {
            fs::remove_file(path)
                .map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
            pace.at(Point::SegmentRemoved)?;
        }
        if let Some(dir) = self.paths.first().and_then(|path| path.parent()) {
            File::open(dir)
                .and_then(|dir| dir.sync_all())
                .map_err(|error| format!("cannot sync {}: {error}", dir.display()))?;
        }
        pace.at(Point::SegmentsGone)
    }
}

/// Returns the last group that is in the engine; `None` if the store never had a log.
fn mark(engine: &dyn Engine) -> Result<Option<Last>, StoreError> {
    let Some(mark) = engine.get(MARK_KEY)? else {
        return Ok(None);
    };
    let parts = mark.split_first_chunk().and_then(|(number, sum)| {
        let sum: Sum = sum.try_into().ok()?;
        Some(Last {
            number: u64::from_be_bytes(*number),
            sum,
        })
    });
    parts.map(Some).ok_or_else(|| StoreError::Damaged {
        key: MARK_KEY.escape_ascii().to_string(),
        what: "it has not twenty-four bytes".to_owned(),
    })
}

/// Returns the size of the segments of a store, in bytes.
pub(super) fn size(store: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(store.join("redo"))? {
        size += match entry?.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(size)
}
