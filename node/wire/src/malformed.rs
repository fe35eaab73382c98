//! Faults of received bytes, and the checks that find them.

use std::ops::RangeInclusive;

use bytes::Bytes;
use domain::{suite::Suite, time::Timestamp};
use topology::DivisionCode;

/// The reason bytes from a peer are not valid. The sender's binary is faulty or newer than this
/// one; sending the same again does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not a protobuf message of the expected shape.
    #[error("not a message of the expected shape: {0}")]
    Encoding(String),
    /// Longer than allowed.
    #[error("`{field}` is longer than {most} bytes; split it or shorten it")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its longest allowed length in bytes.
        most: usize,
    },
    /// More items than allowed.
    #[error("`{field}` has more than {most} items; send fewer at once")]
    TooMany {
        /// The field.
        field: &'static str,
        /// The most items allowed.
        most: usize,
    },
    /// The field is absent, or zero where zero has no meaning.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The number is not twelve digits that name a division.
    #[error("`{field}` is {number}, which names no division")]
    Division {
        /// The field.
        field: &'static str,
        /// Its value.
        number: u64,
    },
    /// The field does not have its fixed length.
    #[error("`{field}` has {found} bytes instead of {wanted}")]
    Length {
        /// The field.
        field: &'static str,
        /// The required length in bytes.
        wanted: usize,
        /// The found length in bytes.
        found: usize,
    },
    /// The choice is unknown to this version.
    #[error("`{field}` has the choice {number}, which this version does not know; upgrade it")]
    Choice {
        /// The field.
        field: &'static str,
        /// Its value.
        number: i32,
    },
    /// The number is outside its range.
    #[error("`{0}` is out of range")]
    Range(&'static str),
    /// The matter has more steps than allowed.
    #[error("a matter with {0} steps has more steps than allowed")]
    TooManySteps(usize),
    /// The algorithms are unknown to this version.
    #[error("suite {0} is not known to this version; upgrade it")]
    Suite(u32),
    /// The text does not follow the syntax of its field.
    #[error("`{0}` does not follow its required syntax")]
    Spelling(&'static str),
    /// The field contradicts others.
    #[error("`{0}` contradicts the other fields")]
    Contradiction(&'static str),
}

impl From<prost::DecodeError> for Malformed {
    fn from(error: prost::DecodeError) -> Self {
        Self::Encoding(error.to_string())
    }
}

/// 9999-12-31T23:59:59.999Z, so that sums and differences of timestamps stay far from overflow.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Range of versions and counts that are incremented, so that they stay below 2³¹.
pub(super) const COUNTED: RangeInclusive<u32> = 0..=i32::MAX as u32;

/// Like [`COUNTED`], for counts that begin with 1.
pub(super) const FROM_ONE: RangeInclusive<u32> = 1..=i32::MAX as u32;

pub(super) fn required<T>(value: Option<T>, field: &'static str) -> Result<T, Malformed> {
    value.ok_or(Malformed::Missing(field))
}

pub(super) fn division(number: u64, field: &'static str) -> Result<DivisionCode, Malformed> {
    match DivisionCode::from_u64(number) {
        Some(division) => Ok(division),
        None if number == 0 => Err(Malformed::Missing(field)),
        None => Err(Malformed::Division { field, number }),
    }
}

pub(super) fn division_or_none(
    number: u64,
    field: &'static str,
) -> Result<Option<DivisionCode>, Malformed> {
    match number {
        0 => Ok(None),
        number => division(number, field).map(Some),
    }
}

pub(super) fn array<const N: usize>(
    bytes: &Bytes,
    field: &'static str,
) -> Result<[u8; N], Malformed> {
    let found = bytes.len();
    <[u8; N]>::try_from(&bytes[..]).map_err(|_| match found {
        0 => Malformed::Missing(field),
        found => Malformed::Length {
            field,
            wanted: N,
            found,
        },
    })
}

pub(super) fn suite(id: u32, field: &'static str) -> Result<Suite, Malformed> {
    match id {
        0 => Err(Malformed::Missing(field)),
        id => Suite::from_id(id).ok_or(Malformed::Suite(id)),
    }
}

pub(super) fn moment(ms: i64, field: &'static str) -> Result<Timestamp, Malformed> {
    match ms {
        0..=LATEST_MS => Ok(Timestamp(ms)),
        _ => Err(Malformed::Range(field)),
    }
}

pub(super) fn within(
    number: u32,
    range: RangeInclusive<u32>,
    field: &'static str,
) -> Result<u32, Malformed> {
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(Malformed::Range(field))
    }
}

/// Checks a count from 1 that others add to, so that it stays below 2⁶³.
pub(super) fn ordinal(number: u64, field: &'static str) -> Result<u64, Malformed> {
    match number {
        0 => Err(Malformed::Missing(field)),
        number if number > i64::MAX as u64 => Err(Malformed::Range(field)),
        number => Ok(number),
    }
}

pub(super) fn check_length(
    found: usize,
    most: usize,
    field: &'static str,
) -> Result<(), Malformed> {
    if found > most {
        Err(Malformed::TooLong { field, most })
    } else {
        Ok(())
    }
}
