//! Figures of a child's subtree.

use domain::{
    envelope::Stamp,
    rollup::{CellKey, CellReport, Counters},
    time::Day,
};
use proto::v1;

use super::{
    Malformed,
    malformed::{division, required},
    matter::category,
};

/// Most a cell can count: sums over millions of such cells do not overflow.
pub(super) const MOST_COUNTED: u64 = 1_000_000_000_000;

/// 9999-12-31.
const LAST_DAY: i32 = 2_932_896;

pub(super) const fn stamp_out(stamp: Stamp) -> v1::Stamp {
    v1::Stamp {
        major: stamp.0,
        minor: stamp.1,
    }
}

pub(super) fn stamp_in(stamp: Option<v1::Stamp>) -> Result<Stamp, Malformed> {
    let stamp = required(stamp, "stamp")?;
    Ok(Stamp(stamp.major, stamp.minor))
}

pub(super) fn cell_out(report: &CellReport) -> v1::CellReport {
    v1::CellReport {
        key: Some(v1::CellKey {
            acting: report.key.acting.as_u64(),
            origin: report.key.origin.as_u64(),
            category: report.key.category.as_str().to_owned(),
            day: report.key.day.0,
        }),
        reported: report.counters.reported,
        taken: report.counters.taken,
        given: report.counters.given,
        closed: report.counters.closed,
        reopened: report.counters.reopened,
        withdrawn: report.counters.withdrawn,
        merged: report.counters.merged,
        recategorised_out: report.counters.recategorised_out,
        recategorised_in: report.counters.recategorised_in,
    }
}

pub(super) fn cell_in(report: v1::CellReport) -> Result<CellReport, Malformed> {
    let key = required(report.key, "cell.key")?;
    if !(0..=LAST_DAY).contains(&key.day) {
        return Err(Malformed::Range("cell.day"));
    }
    let count = |number: u64, field| match number {
        0..=MOST_COUNTED => Ok(number),
        _ => Err(Malformed::Range(field)),
    };
    Ok(CellReport {
        key: CellKey {
            acting: division(key.acting, "cell.acting")?,
            origin: division(key.origin, "cell.origin")?,
            category: category(&key.category, "cell.category")?,
            day: Day(key.day),
        },
        counters: Counters {
            reported: count(report.reported, "cell.reported")?,
            taken: count(report.taken, "cell.taken")?,
            given: count(report.given, "cell.given")?,
            closed: count(report.closed, "cell.closed")?,
            reopened: count(report.reopened, "cell.reopened")?,
            withdrawn: count(report.withdrawn, "cell.withdrawn")?,
            merged: count(report.merged, "cell.merged")?,
            recategorised_out: count(report.recategorised_out, "cell.recategorised_out")?,
            recategorised_in: count(report.recategorised_in, "cell.recategorised_in")?,
        },
        stamp: Stamp::default(),
    })
}
