//! One group on disk, big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic |
//! | 4 | length of the writes |
//! | 8 | number of the group |
//! | 16 | sum of the group before |
//! | 16 | BLAKE3 over length, number, sum before and writes, keyed with the segment's header, cut |
//! | … | the writes |
//!
//! A write is two bytes of the key's length, four of the value's or all ones to delete, the key,
//! the value. A group without writes ends a segment; it has the number of the next group, which is the
//! first of the next segment.

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes};

use crate::engine::Write;

/// The sum of a group, which the next group contains.
pub(crate) type Sum = [u8; SUM_BYTES];

const MAGIC: [u8; 4] = *b"\xe4\xba\x94\x02";
const CHECKED_FROM: usize = MAGIC.len();
const PREVIOUS_FROM: usize = CHECKED_FROM + 4 + 8;
const SUM_FROM: usize = PREVIOUS_FROM + SUM_BYTES;
pub(crate) const SUM_BYTES: usize = 16;
pub(super) const HEADER_BYTES: usize = SUM_FROM + SUM_BYTES;
const DELETE: u32 = u32::MAX;

/// A sound group.
pub(super) struct Group {
    pub(super) number: u64,
    pub(super) previous: Sum,
    pub(super) sum: Sum,
    /// Position of its writes in the segment.
    pub(super) writes: Range<usize>,
}

/// Appends the group to `out` and returns its sum.
pub(super) fn encode<'a>(
    key: &[u8; 32],
    number: u64,
    previous: &Sum,
    units: impl IntoIterator<Item = &'a [Write]>,
    out: &mut Vec<u8>,
) -> Result<Sum, String> {
    let from = out.len();
    out.put_slice(&MAGIC);
    out.put_u32(0);
    out.put_u64(number);
    out.put_slice(previous);
    out.put_bytes(0, SUM_BYTES);
    for (key, value) in units.into_iter().flatten() {
        out.put_u16(u16::try_from(key.len()).map_err(|_| "a key beyond its limit")?);
        let size = value.as_ref().map_or(Ok(DELETE), |value| {
            u32::try_from(value.len()).map_err(|_| "a value beyond its limit")
        })?;
        out.put_u32(size);
        out.put_slice(key);
        out.put_slice(value.as_deref().unwrap_or_default());
    }
    let group = &mut out[from..];
    let length = u32::try_from(group.len() - HEADER_BYTES).map_err(|_| "units beyond 4 GiB")?;
    group[CHECKED_FROM..CHECKED_FROM + 4].copy_from_slice(&length.to_be_bytes());
    let sum = checksum(key, &group[CHECKED_FROM..SUM_FROM], &group[HEADER_BYTES..]);
    group[SUM_FROM..HEADER_BYTES].copy_from_slice(&sum);
    Ok(sum)
}

/// Returns the sound group that begins at `at`; `None` if there is none.
pub(super) fn sound(key: &[u8; 32], bytes: &[u8], at: usize) -> Option<Group> {
    let group = bytes.get(at..)?;
    let header = group.get(..HEADER_BYTES)?;
    let mut checked = &header[CHECKED_FROM..SUM_FROM];
    let length = usize::try_from(checked.get_u32()).ok()?;
    let number = checked.get_u64();
    let previous = *checked.first_chunk()?;
    let writes = group.get(HEADER_BYTES..HEADER_BYTES.checked_add(length)?)?;
    if header[..CHECKED_FROM] != MAGIC {
        return None;
    }
    let sum = checksum(key, &header[CHECKED_FROM..SUM_FROM], writes);
    let from = at + HEADER_BYTES;
    (header[SUM_FROM..] == sum).then_some(Group {
        number,
        previous,
        sum,
        writes: from..from + length,
    })
}

/// Returns whether a sound group begins anywhere from `at` on.
pub(super) fn any_later(key: &[u8; 32], bytes: &[u8], at: usize) -> bool {
    let magics = bytes[at..]
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == MAGIC);
    magics
        .filter_map(|(offset, _)| sound(key, bytes, at + offset))
        .next()
        .is_some()
}

/// Decodes the writes of a sound group, in order; `None` if [`encode`] did not write them.
pub(super) fn decode(mut writes: &[u8]) -> Option<Vec<Write>> {
    let mut found = Vec::new();
    while !writes.is_empty() {
        let key = usize::from(writes.try_get_u16().ok()?);
        let value = writes.try_get_u32().ok()?;
        let key = Bytes::copy_from_slice(writes.split_off(..key)?);
        let value = match value {
            DELETE => None,
            size => {
                let size = usize::try_from(size).ok()?;
                Some(Bytes::copy_from_slice(writes.split_off(..size)?))
            }
        };
        found.push((key, value));
    }
    Some(found)
}

/// Returns where the group ends that begins at `at`, by the length it states.
#[cfg(feature = "fuzzing")]
pub(super) fn end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut length = bytes.get(at + CHECKED_FROM..at + HEADER_BYTES)?;
    let end = at + HEADER_BYTES + usize::try_from(length.get_u32()).ok()?;
    (end <= bytes.len()).then_some(end)
}

/// Makes these bytes a sound group, and returns its sum.
#[cfg(feature = "fuzzing")]
pub(super) fn mend(key: &[u8; 32], number: u64, previous: &Sum, group: &mut [u8]) -> Sum {
    group[..CHECKED_FROM].copy_from_slice(&MAGIC);
    group[CHECKED_FROM + 4..PREVIOUS_FROM].copy_from_slice(&number.to_be_bytes());
    group[PREVIOUS_FROM..SUM_FROM].copy_from_slice(previous);
    let sum = checksum(key, &group[CHECKED_FROM..SUM_FROM], &group[HEADER_BYTES..]);
    group[SUM_FROM..HEADER_BYTES].copy_from_slice(&sum);
    sum
}

fn checksum(key: &[u8; 32], header: &[u8], writes: &[u8]) -> Sum {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(header).update(writes);
    let hash = hasher.finalize();
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}
