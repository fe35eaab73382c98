//! How a child's subtree complied with what it had to make public.

use domain::{
    disclosure::{ComplianceKey, ComplianceReport, Counts, Overdue, Span},
    envelope::Stamp,
    month::Month,
    time::Day,
};
use proto::v1;

use super::{
    Malformed, choice,
    figures::LAST_DAY,
    malformed::{division, moment},
};

/// Longest name of an item in bytes: 60 characters of four bytes.
const MOST_NAME_BYTES: usize = 240;

pub(super) fn counts_out(counts: impl Iterator<Item = (u8, u64)>) -> Vec<v1::Count> {
    let count = |(number, count): (u8, u64)| v1::Count {
        number: number.into(),
        count,
    };
    counts.map(count).collect()
}

/// Reads numbers and counts; `None` if a number is too great.
pub(super) fn counts_in(counts: Vec<v1::Count>) -> Option<Vec<(u8, u64)>> {
    let count = |count: v1::Count| Some((u8::try_from(count.number).ok()?, count.count));
    counts.into_iter().map(count).collect()
}

pub(super) fn compliance_out(report: &ComplianceReport) -> v1::ComplianceReport {
    let overdue = |one: &Overdue| v1::OverdueDisclosure {
        division: one.division.as_u64(),
        item: one.item.to_string(),
        from: one.span.from.0,
        to: one.span.to.0,
        due_ms: one.due.0,
    };
    v1::ComplianceReport {
        month: report.key.month.0.into(),
        class: report.key.class.number(),
        counts: counts_out(report.counts.iter()),
        overdue: report.overdue.iter().map(overdue).collect(),
    }
}

pub(super) fn compliance_in(report: v1::ComplianceReport) -> Result<ComplianceReport, Malformed> {
    let contradiction = || Malformed::Contradiction("compliance.counts");
    let month = u16::try_from(report.month);
    let counts = counts_in(report.counts).ok_or_else(contradiction)?;
    let read = ComplianceReport {
        key: ComplianceKey {
            month: Month(month.map_err(|_| Malformed::Range("compliance.month"))?),
            class: choice::read(report.class, "compliance.class")?,
        },
        counts: Counts::try_from(counts).map_err(|_| contradiction())?,
        overdue: report
            .overdue
            .into_iter()
            .map(overdue_in)
            .collect::<Result<_, _>>()?,
        stamp: Stamp::default(),
    };
    read.check().map_err(|_| contradiction())?;
    Ok(read)
}

fn overdue_in(one: v1::OverdueDisclosure) -> Result<Overdue, Malformed> {
    let day = |day: i32, field| match day {
        0..=LAST_DAY => Ok(Day(day)),
        _ => Err(Malformed::Range(field)),
    };
    if one.item.len() > MOST_NAME_BYTES {
        return Err(Malformed::TooLong {
            field: "overdue.item",
            most: MOST_NAME_BYTES,
        });
    }
    Ok(Overdue {
        due: moment(one.due_ms, "overdue.due")?,
        division: division(one.division, "overdue.division")?,
        item: one.item.into(),
        span: Span {
            from: day(one.from, "overdue.from")?,
            to: day(one.to, "overdue.to")?,
        },
    })
}
