//! A segment of the log: a file `redo/<number>.log`, named after the first group it may hold. It begins
//! with a header, big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 8 | number of the first group |
//! | 16 | sum of the group before it |
//! | 16 | random |
//! | 16 | BLAKE3 over all that, cut |
//!
//! The header is on the disk before the file has its name, so a segment without a sound one is
//! damaged, whatever happened. The sums of its groups are keyed with the header: nobody who hands in a text
//! can make it look like a group.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::{Buf, BufMut};

use super::group::{SUM_BYTES, Sum};

const MAGIC: [u8; 8] = *b"\xe4\xba\x94redo\x03";
const SUM_FROM: usize = MAGIC.len() + 8 + SUM_BYTES + 16;
pub(super) const HEADER_BYTES: usize = SUM_FROM + SUM_BYTES;

/// The header of a segment.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Number of the first group that the segment may hold.
    pub(super) first: u64,
    /// Sum of the group before that.
    pub(super) previous: Sum,
    bytes: [u8; HEADER_BYTES],
}

impl Header {
    pub(super) fn new(first: u64, previous: Sum) -> Self {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.put_slice(&MAGIC);
        bytes.put_u64(first);
        bytes.put_slice(&previous);
        bytes.put_slice(&rand::random::<[u8; 16]>());
        bytes.put_slice(&sum(&bytes));
        let bytes = bytes.try_into().expect("the parts above have this length");
        Self {
            first,
            previous,
            bytes,
        }
    }

    /// Returns the header that `segment` begins with, if it is sound.
    pub(super) fn sound(segment: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = segment.first_chunk()?;
        let (mut said, written) = bytes.split_at(SUM_FROM);
        if written != sum(said) || !said.starts_with(&MAGIC) {
            return None;
        }
        said.advance(MAGIC.len());
        let first = said.get_u64();
        let previous = *said.first_chunk()?;
        Some(Self {
            first,
            previous,
            bytes: *bytes,
        })
    }

    /// Returns the key of the sums of this segment's groups.
    pub(super) fn key(&self) -> [u8; 32] {
        *blake3::hash(&self.bytes).as_bytes()
    }
}

/// Returns the bytes with the header of the first segment of a store written over their beginning; the part
/// of it that is random stays.
#[cfg(feature = "fuzzing")]
pub(super) fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    mended.resize(mended.len().max(HEADER_BYTES), 0);
    mended[..MAGIC.len()].copy_from_slice(&MAGIC);
    mended[MAGIC.len()..SUM_FROM - 16].fill(0);
    mended[MAGIC.len()..MAGIC.len() + 8].copy_from_slice(&1_u64.to_be_bytes());
    let sum = sum(&mended[..SUM_FROM]);
    mended[SUM_FROM..HEADER_BYTES].copy_from_slice(&sum);
    mended
}

fn sum(bytes: &[u8]) -> Sum {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}

/// Begins a segment in `dir`. Its header is synced before the file gets its name. The folder is not
/// synced here.
pub(super) fn create(dir: &Path, header: &Header) -> io::Result<(File, PathBuf)> {
    let draft = dir.join(DRAFT);
    let path = dir.join(file_name(header.first));
    let begin = || {
        let mut file = File::create(&draft)?;
        file.write_all(&header.bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        Ok(file)
    };
    match begin() {
        Ok(file) => Ok((file, path)),
        Err(error) => {
            let _next_one_is_written_over_it = fs::remove_file(&draft);
            Err(error)
        }
    }
}

/// Returns the numbers of all segments in ascending order.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        numbers.extend(entry?.file_name().to_str().and_then(number_of));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

const DRAFT: &str = "next";

pub(super) fn file_name(number: u64) -> String {
    format!("{number:020}.log")
}

fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".log")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}
