//! Version 5 of the records that hold counters: nine counters by their place.

use serde::{Deserialize, Serialize};

use super::{CellKey, CellReport, Counters, Dealings, Heard, Passed};
use crate::{
    address::Stamp,
    measure::Measure,
    record::{BASE, Record},
};

/// The measures of version 5, in the order of their fields.
const MEASURES: [Measure; 9] = [
    Measure::REPORTED,
    Measure::TAKEN,
    Measure::GIVEN,
    Measure::CLOSED,
    Measure::REOPENED,
    Measure::WITHDRAWN,
    Measure::MERGED,
    Measure::RECATEGORISED_OUT,
    Measure::RECATEGORISED_IN,
];

/// Version 5 of [`Counters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountersV5([u64; MEASURES.len()]);

impl From<CountersV5> for Counters {
    fn from(old: CountersV5) -> Self {
        let mut counters = Self::default();
        for (measure, count) in MEASURES.into_iter().zip(old.0) {
            counters[measure] = count;
        }
        counters
    }
}

/// [`CellReport`] with counters of version 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellReportV5 {
    key: CellKey,
    counters: CountersV5,
    stamp: Stamp,
}

impl From<CellReportV5> for CellReport {
    fn from(old: CellReportV5) -> Self {
        Self {
            key: old.key,
            counters: old.counters.into(),
            stamp: old.stamp,
        }
    }
}

/// Version 5 of [`Heard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardV5 {
    stamp: Stamp,
    said: CountersV5,
    floor: CountersV5,
}

/// [`Passed`] with counters of version 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PassedV5 {
    handed: u64,
    came: u64,
    went: u64,
    done: CountersV5,
}

/// Version 5 of [`Dealings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealingsV5 {
    passed: PassedV5,
    told: CountersV5,
}

crate::records! { CountersV5, HeardV5, DealingsV5 }

impl Record for Counters {
    const VERSION: u8 = BASE + 1;
    type Previous = CountersV5;

    fn migrate(old: CountersV5) -> Self {
        old.into()
    }
}

impl Record for Heard {
    const VERSION: u8 = BASE + 1;
    type Previous = HeardV5;

    fn migrate(old: HeardV5) -> Self {
        Self {
            stamp: old.stamp,
            said: old.said.into(),
            floor: old.floor.into(),
        }
    }
}

impl Record for Dealings {
    const VERSION: u8 = BASE + 1;
    type Previous = DealingsV5;

    fn migrate(old: DealingsV5) -> Self {
        let PassedV5 {
            handed,
            came,
            went,
            done,
        } = old.passed;
        Self {
            passed: Passed {
                handed,
                came,
                went,
                done: done.into(),
            },
            told: old.told.into(),
        }
    }
}
