//! One group on disk, big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic |
//! | 4 | length of the writes |
//! | 8 | number of the group |
//! | 16 | BLAKE3 over length, number and writes, cut |
//! | … | the writes |
//!
//! A write is two bytes of the key's length, four of the value's or all ones to delete, the key,
//! the value.

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes};

use crate::engine::Write;

const MAGIC: [u8; 4] = *b"\xe4\xba\x94\x01";
const CHECKED_FROM: usize = MAGIC.len();
const SUM_FROM: usize = CHECKED_FROM + 4 + 8;
const SUM_BYTES: usize = 16;
pub(super) const HEADER_BYTES: usize = SUM_FROM + SUM_BYTES;
const DELETE: u32 = u32::MAX;

/// Appends the group to `out`.
pub(super) fn encode<'a>(
    number: u64,
    units: impl IntoIterator<Item = &'a [Write]>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let from = out.len();
    out.put_slice(&MAGIC);
    out.put_u32(0);
    out.put_u64(number);
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
    let sum = checksum(&group[CHECKED_FROM..SUM_FROM], &group[HEADER_BYTES..]);
    group[SUM_FROM..HEADER_BYTES].copy_from_slice(&sum);
    Ok(())
}

/// The number of the sound group that begins at `at`, and where its writes are.
pub(super) fn sound(bytes: &[u8], at: usize) -> Option<(u64, Range<usize>)> {
    let group = &bytes[at..];
    let header = group.get(..HEADER_BYTES)?;
    let mut checked = &header[CHECKED_FROM..SUM_FROM];
    let length = usize::try_from(checked.get_u32()).ok()?;
    let number = checked.get_u64();
    let writes = group.get(HEADER_BYTES..HEADER_BYTES.checked_add(length)?)?;
    let sum = checksum(&header[CHECKED_FROM..SUM_FROM], writes);
    let sound = header[..CHECKED_FROM] == MAGIC && header[SUM_FROM..] == sum;
    let from = at + HEADER_BYTES;
    sound.then_some((number, from..from + length))
}

/// Whether a sound group with a number above `number` begins anywhere behind `at`.
pub(super) fn any_later(bytes: &[u8], at: usize, number: u64) -> bool {
    let magics = bytes[at..]
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == MAGIC);
    magics
        .filter_map(|(offset, _)| sound(bytes, at + offset))
        .any(|(found, _)| found > number)
}

/// The writes of a sound group, in order; `None` if they are not what [`encode`] wrote.
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

fn checksum(header: &[u8], writes: &[u8]) -> [u8; SUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header).update(writes);
    let hash = hasher.finalize();
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}
