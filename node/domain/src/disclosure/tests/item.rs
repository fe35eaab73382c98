//! Items as templates name them, and the periods they are for.

use proptest::prelude::*;

use super::*;

#[test]
fn an_item_is_read_with_everything_it_may_have() {
    let item = finance();
    assert_eq!(
        (item.class, item.rhythm, item.period_days),
        (Class::Finance, Rhythm::Month, 31)
    );
    assert_eq!(
        (item.due.to_string(), item.objection.to_string()),
        ("10d".to_owned(), "5d".to_owned())
    );
    assert!(item.fields[0].required && !item.fields[4].required);
    assert_eq!(item.columns[0].kind, FieldKind::Date);
    assert_eq!(item.sums.len(), 2);
    // The short form of before: names alone, and a number of days.
    let old = self::item("name = \"a\"\nperiod_days = 90\nfields = [\"x\"]");
    assert_eq!(
        (old.rhythm, old.class, old.period_days),
        (Rhythm::Quarter, Class::Village, 90)
    );
    for (days, rhythm) in [
        (1, Rhythm::Week),
        (27, Rhythm::Week),
        (28, Rhythm::Month),
        (89, Rhythm::Month),
        (181, Rhythm::HalfYear),
        (366, Rhythm::Year),
    ] {
        assert_eq!(Rhythm::within(days), rhythm, "{days}");
    }
}

#[test]
fn every_wrong_item_is_named() {
    let with = |rest: &str| format!("name = \"a\"\nperiod = \"month\"\n{rest}");
    for (text, says) in [
        (
            "name = \"a\"\nfields = [\"x\"]".to_owned(),
            "neither period",
        ),
        (
            "name = \"a\"\nperiod = \"month\"\nperiod_days = 3\nfields = [\"x\"]".to_owned(),
            "either",
        ),
        (
            "name = \"a\"\nperiod = \"moon\"\nfields = [\"x\"]".to_owned(),
            "month",
        ),
        (with(""), "no fields"),
        (with("fields = [\"x\", \"x\"]"), "twice"),
        (
            with("fields = [{ name = \"x\", kind = \"colour\" }]"),
            "money",
        ),
        (with("fields = [{ name = \"x\", unit = \"元\" }]"), "unit"),
        (
            with("fields = [{ name = \"x\", kind = \"choice\", options = [\"一\"] }]"),
            "options",
        ),
        (
            with("fields = [{ name = \"x\", options = [\"一\", \"二\"] }]"),
            "options",
        ),
        (with("due = \"0d\"\nfields = [\"x\"]"), "at least 1"),
        (with("class = \"secret\"\nfields = [\"x\"]"), "party"),
        (
            with("fields = [\"x\"]\nsums = [{ total = \"x\", plus = [\"x\"] }]"),
            "no amount",
        ),
        (
            with(
                "fields = [{ name = \"x\", kind = \"money\" }]\nsums = [{ total = \"x\", plus = [\"x\"] }]",
            ),
            "no amount",
        ),
        (
            with("fields = [{ name = \"x\", kind = \"money\" }]\nsums = [{ total = \"x\" }]"),
            "adds nothing",
        ),
        (
            with(
                "fields = [{ name = \"x\", kind = \"money\" }]\nsums = [{ total = \"x\", column = \"y\" }]",
            ),
            "no amount",
        ),
    ] {
        let found = fault(&text);
        assert!(
            found.contains(says) && found.starts_with("item a: "),
            "{text}: {found}"
        );
    }
}

#[test]
fn an_item_may_be_tightened_and_nothing_else() {
    let above = finance();
    assert_eq!(above.loosens(&above), None);
    let changed = |change: fn(&mut Item)| {
        let mut mine = finance();
        change(&mut mine);
        mine.loosens(&finance())
    };
    let days = |n| crate::calendar::Allowance::Days(n);
    assert_eq!(
        changed(|item| item.due = crate::calendar::Allowance::Days(5)),
        None
    );
    assert_eq!(changed(|item| item.fields[4].required = true), None);
    assert_eq!(
        changed(|item| item.fields.push(finance().columns[1].clone())),
        None
    );
    assert_eq!(
        changed(|item| item.due = crate::calendar::Allowance::Days(11)),
        Some(Loosened::Due(days(10), days(11)))
    );
    assert_eq!(
        changed(|item| item.objection = crate::calendar::Allowance::Days(4)),
        Some(Loosened::Objection(days(5), days(4)))
    );
    assert_eq!(
        changed(|item| item.class = Class::Party),
        Some(Loosened::Class(Class::Finance, Class::Party))
    );
    assert!(matches!(
        changed(|item| item.rhythm = Rhythm::Event),
        Some(Loosened::Rhythm(..))
    ));
    assert_eq!(
        changed(|item| item.fields[0].required = false),
        Some(Loosened::Field("期初余额".into()))
    );
    assert_eq!(
        changed(|item| item.columns[2].kind = FieldKind::Text),
        Some(Loosened::Field("支出金额".into()))
    );
    assert_eq!(
        changed(|item| drop(item.columns.pop())),
        Some(Loosened::Field("支出金额".into()))
    );
    assert_eq!(
        changed(|item| drop(item.sums.pop())),
        Some(Loosened::Sum("支出".into()))
    );
}

#[test]
fn periods_are_those_of_the_calendar() {
    let around = |rhythm: Rhythm, at: &str| rhythm.around(day(at)).to_string();
    assert_eq!(
        around(Rhythm::Week, "2026-11-29"),
        "2026-11-23 – 2026-11-29"
    );
    assert_eq!(
        around(Rhythm::Month, "2028-02-10"),
        "2028-02-01 – 2028-02-29"
    );
    assert_eq!(
        around(Rhythm::Quarter, "2026-12-31"),
        "2026-10-01 – 2026-12-31"
    );
    assert_eq!(
        around(Rhythm::HalfYear, "2026-07-01"),
        "2026-07-01 – 2026-12-31"
    );
    assert_eq!(
        around(Rhythm::Year, "2026-05-05"),
        "2026-01-01 – 2026-12-31"
    );
    assert_eq!(around(Rhythm::Event, "2026-05-05"), "2026-05-05");
    assert!(!Rhythm::Month.fits(span("2026-09-01", "2026-09-29")));
}

proptest! {
    #[test]
    fn periods_follow_each_other_without_gap_or_overlap(at in 0..40_000_i32, rhythm in 0..5_usize) {
        let rhythm = Rhythm::ALL[rhythm];
        let span = rhythm.around(Day(at));
        prop_assert!(span.from <= Day(at) && Day(at) <= span.to);
        prop_assert!(rhythm.fits(span));
        prop_assert_eq!(rhythm.around(span.to), span);
        prop_assert_eq!(rhythm.around(span.after()).from, span.after());
        let days = (span.to.0 - span.from.0 + 1) as u16;
        prop_assert!(days <= rhythm.days().unwrap());
        prop_assert_eq!(Rhythm::within(days), rhythm);
    }
}
