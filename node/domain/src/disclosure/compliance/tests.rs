use proptest::prelude::*;

use super::*;
use crate::{
    disclosure::{
        DoubtName,
        tests::{begun, day, event, finance, right, span, zhejiang},
    },
    scope::TemplateKey,
};

const NONE: BTreeMap<DisclosureId, (u64, u64)> = BTreeMap::new();

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn key(text: &str) -> ComplianceKey {
    ComplianceKey {
        month: month(text),
        class: Class::Finance,
    }
}

fn template() -> TemplateKey {
    "330825/disclosure/finance".parse().unwrap()
}

/// A line about a month, published on a day, if it was.
fn line(from: &str, to: &str, published: Option<&str>) -> Line {
    let span = span(from, to);
    let mut line = begun(right()).line(None);
    line.id = DisclosureId::of(&template(), &line.item, span, "");
    line.span = span;
    line.due = super::super::due(&finance(), span, &zhejiang());
    line.published_at = published.map(|at| day(at).start());
    line.latest_at = line.published_at;
    line.editions = u32::from(published.is_some());
    line.stage = None;
    line
}

fn counted(all: &BTreeMap<ComplianceKey, ComplianceReport>, of: &str) -> Vec<(Complied, u64)> {
    let counts = all.get(&key(of)).map(|report| report.counts);
    let counts = counts.unwrap_or_default();
    let all = Complied::ALL.iter().map(|what| (*what, counts[*what]));
    all.filter(|(_, count)| *count > 0).collect()
}

/// What the village says on a day of what it owes since July.
fn said(lines: &[Line], today: &str) -> BTreeMap<ComplianceKey, ComplianceReport> {
    said_with(lines, &NONE, today).0
}

fn said_with(
    lines: &[Line],
    objections: &BTreeMap<DisclosureId, (u64, u64)>,
    today: &str,
) -> (BTreeMap<ComplianceKey, ComplianceReport>, Option<Timestamp>) {
    let (template, finance, event) = (template(), finance(), event());
    let demand = |item| Demand {
        template: &template,
        version: 1,
        since: day("2026-07-20").start(),
        item,
    };
    let own = Own {
        me: "330825002222".parse().unwrap(),
        demands: &[demand(&finance), demand(&event)],
        lines,
        objections,
        calendar: &zhejiang(),
        now: day(today).start(),
    };
    (own.compliance(), own.changes_at())
}

#[test]
fn each_period_counts_in_the_month_in_which_it_falls_due() {
    use Complied::{Demanded, Late, OnTime, Overdue};
    let lines = [
        line("2026-07-01", "2026-07-31", Some("2026-08-08")),
        line("2026-08-01", "2026-08-31", Some("2026-09-20")),
        line("2026-09-01", "2026-09-30", None),
    ];
    let all = said(&lines, "2026-10-26");
    assert_eq!(counted(&all, "2026-08"), [(Demanded, 1), (OnTime, 1)]);
    assert_eq!(counted(&all, "2026-09"), [(Demanded, 1), (Late, 1)]);
    assert_eq!(counted(&all, "2026-10"), [(Demanded, 1), (Overdue, 1)]);
    assert_eq!(counted(&all, "2026-11"), [(Demanded, 1)], "it goes on");
    let named = &all[&key("2026-10")].overdue;
    assert_eq!(named.len(), 1);
    assert_eq!(
        (&*named[0].item, named[0].span),
        ("村集体收支", lines[2].span)
    );
    assert_eq!(all[&key("2026-08")].counts.in_time(), Some(1000));
    assert_eq!(all[&key("2026-09")].counts.in_time(), Some(0));
    assert_eq!(all[&key("2026-11")].counts.in_time(), None);
    assert_eq!(all[&key("2026-11")].counts.open(), 1);
}

#[test]
fn corrections_doubts_withdrawals_and_objections_count_with_what_they_are_about() {
    let mut one = line("2026-07-01", "2026-07-31", Some("2026-08-08"));
    one.editions = 2;
    one.withdrawn = true;
    one.doubts = vec![DoubtName::AllZero];
    let objections = BTreeMap::from([(one.id, (3, 2))]);
    let (all, _) = said_with(&[one], &objections, "2026-08-20");
    use Complied::{Answered, Corrected, Demanded, Doubted, Objected, OnTime, Withdrawn};
    assert_eq!(
        counted(&all, "2026-08"),
        [
            (Demanded, 1),
            (OnTime, 1),
            (Corrected, 1),
            (Withdrawn, 1),
            (Doubted, 1),
            (Objected, 3),
            (Answered, 2),
        ]
    );
}

#[test]
fn what_is_demanded_no_more_counts_once_it_was_published_and_events_from_their_begin() {
    let (calendar, now) = (zhejiang(), day("2026-10-26").start());
    let published = line("2026-08-01", "2026-08-31", Some("2026-09-02"));
    let dropped = line("2026-07-01", "2026-07-31", None);
    let mut event = line("2026-09-07", "2026-09-07", None);
    event.rhythm = Rhythm::Event;
    let lines = [published, dropped, event];
    let own = Own {
        me: "330825002222".parse().unwrap(),
        demands: &[],
        lines: &lines,
        objections: &NONE,
        calendar: &calendar,
        now,
    };
    let all = own.compliance();
    assert_eq!(counted(&all, "2026-08"), []);
    let september = [
        (Complied::Demanded, 2),
        (Complied::OnTime, 1),
        (Complied::Overdue, 1),
    ];
    assert_eq!(counted(&all, "2026-09"), september);
    assert_eq!(own.changes_at(), None, "nothing waits");
}

#[test]
fn it_is_looked_at_again_when_something_runs_out_or_a_period_begins() {
    let lines = [line("2026-09-01", "2026-09-30", None)];
    let at = |today| said_with(&lines, &NONE, today).1;
    let due = lines[0].due;
    assert_eq!(at("2026-10-05"), Some(Timestamp(due.0 + 1)));
    let november = day("2026-11-01").start();
    assert_eq!(at("2026-10-26"), Some(november), "the next period begins");
    let before = said(&lines, "2026-10-05");
    let after = said_with(&lines, &NONE, "2026-10-26").0;
    assert_ne!(before[&key("2026-10")], after[&key("2026-10")]);
}

#[test]
fn months_of_more_than_a_year_ago_are_told_no_more_and_far_ones_are_not_heard() {
    let all = said(&[], "2028-01-15");
    let first = all.keys().next().unwrap();
    assert_eq!(first.month, month("2027-01"));
    let today = day("2026-10-26");
    for (far, near) in [("2024-09", "2024-10"), ("2028-11", "2028-10")] {
        assert!(!key(far).is_near(today) && key(near).is_near(today));
    }
}

#[test]
fn counts_that_contradict_each_other_are_no_counts() {
    for bad in [
        vec![(1, 1), (2, 2)],
        vec![(1, 3), (2, 1), (3, 1), (4, 2)],
        vec![(1, 1), (2, 1), (5, 2)],
        vec![(8, 1), (9, 2)],
        vec![(0, 1)],
        vec![(1, 0)],
        vec![(2, 1), (1, 1)],
        vec![(1, 1), (1, 1)],
        vec![(16, 1)],
    ] {
        assert_eq!(Counts::try_from(bad.clone()), Err(BadCounts), "{bad:?}");
    }
    let mut report = ComplianceReport::empty(key("2026-10"));
    report.counts = Counts::try_from(vec![(1, 10_001)]).unwrap();
    assert!(!report.is_possible_for(Tier::Village));
    assert!(report.is_possible_for(Tier::Township));
    let named = Overdue {
        due: Timestamp(0),
        division: "330825002222".parse().unwrap(),
        item: "收支".into(),
        span: span("2026-09-01", "2026-09-30"),
    };
    report.overdue.push(named);
    assert_eq!(report.check(), Err(BadCounts), "named and not counted");
}

/// Reports of a few villages with any numbers that fit.
fn reports() -> impl Strategy<Value = Vec<ComplianceReport>> {
    let one = (0u64..40, 0u64..40, 0u64..40, 0u64..40, 0u64..1_000_000);
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let report = |(open, on_time, late, overdue, at): (u64, u64, u64, u64, u64)| {
            let all = [
                (1, open + on_time + late + overdue),
                (2, on_time),
                (3, late),
                (4, overdue),
            ];
            let counts: Vec<_> = all.into_iter().filter(|(_, count)| *count > 0).collect();
            let named = (0..overdue.min(MOST_NAMED as u64)).map(|n| Overdue {
                due: Timestamp((at + n * 7919 % 1000) as i64),
                division: "330825002222".parse().unwrap(),
                item: n.to_string().into(),
                span: span("2026-09-01", "2026-09-30"),
            });
            ComplianceReport {
                counts: Counts::try_from(counts).unwrap(),
                overdue: named.collect(),
                ..ComplianceReport::empty(key("2026-10"))
            }
        };
        all.into_iter().map(report).collect()
    })
}

proptest! {
    #[test]
    fn a_sum_is_the_same_however_it_is_put_together_and_names_what_is_overdue_longest(
        all in reports(), cut in 0usize..12,
    ) {
        let key = key("2026-10");
        let whole = summed(key, &all);
        let (one, other) = all.split_at(cut.min(all.len()));
        let parts = [summed(key, other), summed(key, one)];
        let apart = summed(key, &parts);
        prop_assert_eq!(whole.counts, apart.counts);
        prop_assert_eq!(whole.check(), Ok(()));
        let mut dues: Vec<_> = all.iter().flat_map(|one| &one.overdue).map(|one| one.due).collect();
        dues.sort();
        dues.truncate(MOST_NAMED);
        let named: Vec<_> = whole.overdue.iter().map(|one| one.due).collect();
        prop_assert_eq!(&named, &dues);
        let again: Vec<_> = apart.overdue.iter().map(|one| one.due).collect();
        prop_assert_eq!(&again, &dues);
        let stored = postcard::to_allocvec(&whole).unwrap();
        prop_assert_eq!(postcard::from_bytes::<ComplianceReport>(&stored), Ok(whole));
    }
}
