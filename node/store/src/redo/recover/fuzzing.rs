//! One segment of the log, read from any bytes.

use super::{Last, Reading, Writes, group, segment};
use crate::engine::Write;

/// What was read of a segment.
#[derive(Debug)]
pub struct Segment {
    /// All writes of its groups, in order; `None` deletes.
    pub writes: Vec<Write>,
    /// Its header and its groups, encoded anew from what was read.
    pub encoded: Vec<u8>,
}

/// Reads the first segment of a new store.
///
/// # Errors
/// The byte at which it is damaged.
pub fn segment(bytes: &[u8]) -> Result<Segment, usize> {
    let mut reading = Reading {
        last: first(),
        witness: None,
        sealed: None,
        begun: Writes::new(),
        writes: Writes::new(),
    };
    let read = reading.segment(1, bytes)?;
    let key = read.header.key();
    let mut encoded = bytes[..segment::HEADER_BYTES].to_vec();
    let mut writes = vec![];
    while encoded.len() < read.at {
        let group = group::sound(&key, bytes, encoded.len()).ok_or(encoded.len())?;
        let own = group::decode(&bytes[group.writes.clone()]).ok_or(encoded.len())?;
        let again = group::encode(
            &key,
            group.number,
            &group.previous,
            [&own[..]],
            &mut encoded,
        );
        again.map_err(|_| group.writes.start)?;
        writes.extend(own);
    }
    Ok(Segment { writes, encoded })
}

/// Gives bytes the header and the sums of a sound segment, and leaves the lengths and the writes of its groups
/// as they are, so that what lies behind the sums is reached. What is too short for a group stays as it is.
pub fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut mended = segment::mend(bytes);
    let Some(header) = segment::Header::sound(&mended) else {
        return mended;
    };
    let key = header.key();
    let mut last = first();
    let mut at = segment::HEADER_BYTES;
    while let Some(end) = group::end(&mended, at) {
        let number = last.number + 1;
        let sum = group::mend(&key, number, &last.sum, &mut mended[at..end]);
        // A group without writes ends a segment and has the number of the next.
        if end > at + group::HEADER_BYTES {
            last = Last { number, sum };
        }
        at = end;
    }
    mended
}

/// What comes before the first group of a store.
const fn first() -> Last {
    Last {
        number: 0,
        sum: [0; group::SUM_BYTES],
    }
}
