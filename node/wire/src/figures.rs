//! Figures of a child's subtree.

use domain::{
    envelope::Stamp,
    measure::Measure,
    rollup::{CellKey, CellReport, Counters},
    time::Day,
};
use proto::v1;

use super::{
    Malformed,
    malformed::{division, required},
    matter::category,
};

/// Largest count of a cell: sums over millions of such cells do not overflow.
pub(super) const MOST_COUNTED: u64 = 1_000_000_000_000;

/// 9999-12-31.
pub(super) const LAST_DAY: i32 = 2_932_896;

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

/// Writes a cell. The measures that have a field of their own are in it, where a build that knows only those
/// reads them; all others are in the list.
pub(super) fn cell_out(report: &CellReport) -> v1::CellReport {
    let mut left = report.counters;
    let mut take = |measure| std::mem::take(&mut left[measure]);
    v1::CellReport {
        key: Some(v1::CellKey {
            acting: report.key.acting.as_u64(),
            origin: report.key.origin.as_u64(),
            category: report.key.category.as_str().to_owned(),
            day: report.key.day.0,
        }),
        reported: take(Measure::REPORTED),
        taken: take(Measure::TAKEN),
        given: take(Measure::GIVEN),
        closed: take(Measure::CLOSED),
        reopened: take(Measure::REOPENED),
        withdrawn: take(Measure::WITHDRAWN),
        merged: take(Measure::MERGED),
        recategorised_out: take(Measure::RECATEGORISED_OUT),
        recategorised_in: take(Measure::RECATEGORISED_IN),
        counts: left.iter().map(count_out).collect(),
    }
}

fn count_out((measure, count): (Measure, u64)) -> v1::MeasureCount {
    v1::MeasureCount {
        measure: measure.number().into(),
        count,
    }
}

pub(super) fn cell_in(report: v1::CellReport) -> Result<CellReport, Malformed> {
    let counters = counters_in(&report)?;
    let key = required(report.key, "cell.key")?;
    if !(0..=LAST_DAY).contains(&key.day) {
        return Err(Malformed::Range("cell.day"));
    }
    Ok(CellReport {
        key: CellKey {
            acting: division(key.acting, "cell.acting")?,
            origin: division(key.origin, "cell.origin")?,
            category: category(&key.category, "cell.category")?,
            day: Day(key.day),
        },
        counters,
        stamp: Stamp::default(),
    })
}

/// Reads what a cell counts, with measures that this build does not know. Every measure is said once.
fn counters_in(report: &v1::CellReport) -> Result<Counters, Malformed> {
    let count = |number: u64, field| match number {
        0..=MOST_COUNTED => Ok(number),
        _ => Err(Malformed::Range(field)),
    };
    let mut counters = Counters::from([
        (Measure::REPORTED, count(report.reported, "cell.reported")?),
        (Measure::TAKEN, count(report.taken, "cell.taken")?),
        (Measure::GIVEN, count(report.given, "cell.given")?),
        (Measure::CLOSED, count(report.closed, "cell.closed")?),
        (Measure::REOPENED, count(report.reopened, "cell.reopened")?),
        (
            Measure::WITHDRAWN,
            count(report.withdrawn, "cell.withdrawn")?,
        ),
        (Measure::MERGED, count(report.merged, "cell.merged")?),
        (
            Measure::RECATEGORISED_OUT,
            count(report.recategorised_out, "cell.recategorised_out")?,
        ),
        (
            Measure::RECATEGORISED_IN,
            count(report.recategorised_in, "cell.recategorised_in")?,
        ),
    ]);
    let mut last = None;
    for said in &report.counts {
        let measure = Measure::new(said.measure).ok_or(Malformed::Range("cell.counts.measure"))?;
        if last.replace(measure) >= Some(measure) || counters[measure] > 0 {
            return Err(Malformed::Contradiction("cell.counts"));
        }
        counters[measure] = match said.count {
            0 => return Err(Malformed::Missing("cell.counts.count")),
            number => count(number, "cell.counts.count")?,
        };
    }
    Ok(counters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> v1::CellKey {
        v1::CellKey {
            acting: 330_825_002_222,
            origin: 330_825_002_222,
            category: "order/fire".to_owned(),
            day: 20_000,
        }
    }

    fn said(counts: &[(u32, u64)]) -> v1::CellReport {
        let said = |(measure, count): &(u32, u64)| v1::MeasureCount {
            measure: *measure,
            count: *count,
        };
        v1::CellReport {
            key: Some(key()),
            reported: 7,
            counts: counts.iter().map(said).collect(),
            ..v1::CellReport::default()
        }
    }

    #[test]
    fn what_a_build_without_the_list_says_is_read_and_what_it_reads_stands_in_the_fields() {
        let old = v1::CellReport {
            key: Some(key()),
            reported: 1,
            taken: 2,
            given: 3,
            closed: 4,
            reopened: 5,
            withdrawn: 6,
            merged: 7,
            recategorised_out: 8,
            recategorised_in: 9,
            counts: vec![],
        };
        let read = cell_in(old.clone()).unwrap();
        let first_nine = (1..10).map(|number| (Measure::new(number).unwrap(), number.into()));
        assert_eq!(
            Ok(read.counters),
            Counters::try_from(Vec::from_iter(first_nine))
        );
        assert_eq!(cell_out(&read), old);
    }

    #[test]
    fn a_measure_without_a_field_or_a_name_here_is_read_and_said_again() {
        let report = said(&[(17, 4), (31, 1)]);
        let read = cell_in(report.clone()).unwrap();
        assert_eq!(read.counters[Measure::REPORTED], 7);
        assert_eq!(read.counters[Measure::new(17).unwrap()], 4);
        assert_eq!(cell_out(&read), report);
        // A later build may say the first nine there too.
        let moved = v1::CellReport {
            reported: 0,
            ..said(&[(1, 7), (17, 4), (31, 1)])
        };
        assert_eq!(cell_in(moved), Ok(read));
    }

    #[test]
    fn each_fault_of_a_list_has_its_own_reason() {
        for (counts, reason) in [
            (&[(0, 1)][..], Malformed::Range("cell.counts.measure")),
            (&[(32, 1)], Malformed::Range("cell.counts.measure")),
            (&[(17, 0)], Malformed::Missing("cell.counts.count")),
            (
                &[(17, MOST_COUNTED + 1)],
                Malformed::Range("cell.counts.count"),
            ),
            (&[(17, 1), (17, 1)], Malformed::Contradiction("cell.counts")),
            (&[(18, 1), (17, 1)], Malformed::Contradiction("cell.counts")),
            (&[(1, 7)], Malformed::Contradiction("cell.counts")),
        ] {
            assert_eq!(cell_in(said(counts)), Err(reason), "{counts:?}");
        }
    }
}
