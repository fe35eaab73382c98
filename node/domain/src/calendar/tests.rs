use proptest::prelude::*;

use super::*;

mod plan;

pub(crate) use plan::{MONDAY, Plan, allowance, at_minute, plan};

fn read(text: &str) -> Result<Calendar, (usize, CalendarFault)> {
    toml::from_str::<RawCalendar>(text).unwrap().read()
}

fn moment_of(text: &str) -> Timestamp {
    let civil: jiff::civil::DateTime = text.parse().unwrap();
    let zoned = civil.in_tz("Asia/Shanghai").unwrap();
    Timestamp(zoned.timestamp().as_millisecond())
}

const OFFICE: &str = r#"
years = [2026, 2026]
hours = { weekdays = ["13:30-17:30", "08:30-12:00"], friday = ["08:30-12:00"] }
holiday = [{ name = "春节", from = 2026-02-15, to = 2026-02-23 }]
make-up = [{ name = "春节", date = 2026-02-14 }, { name = "春节", date = 2026-02-28, like = "friday" }]
"#;

#[test]
fn days_here_are_days_of_shanghai_since_1992() {
    let shanghai = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    for day in 0..365 * 130 {
        let at = jiff::civil::date(1992, 1, 1) + jiff::Span::new().days(day);
        let midnight = at.to_zoned(shanghai.clone()).unwrap().timestamp();
        let (found, within) = split(Timestamp(midnight.as_millisecond()));
        assert_eq!((found.to_string(), within), (at.to_string(), 0));
        assert_eq!(
            weekday(found),
            at.weekday().to_monday_zero_offset() as usize
        );
    }
}

#[test]
fn periods_end_as_the_civil_code_says() {
    let calendar = read(OFFICE).unwrap();
    for (from, allowance, due) in [
        // The day of the start does not count, whatever the hour; Friday closes at noon.
        ("2026-03-02T00:00", "1wd", "2026-03-03T17:30"),
        ("2026-03-02T23:59:59.999", "1wd", "2026-03-03T17:30"),
        ("2026-03-05T09:00", "1wd", "2026-03-06T12:00"),
        ("2026-03-06T09:00", "1wd", "2026-03-09T17:30"),
        // Over the spring festival, make-up days count and holidays do not.
        ("2026-02-12T10:00", "2wd", "2026-02-14T17:30"),
        ("2026-02-12T10:00", "3wd", "2026-02-24T17:30"),
        ("2026-02-27T10:00", "1wd", "2026-02-28T12:00"),
        // A period in days whose last day is a day of rest ends on the next working day.
        ("2026-03-02T10:00", "1d", "2026-03-03T17:30"),
        ("2026-03-02T10:00", "5d", "2026-03-09T17:30"),
        ("2026-02-10T10:00", "5d", "2026-02-24T17:30"),
        // Working hours run minute by minute, over noon, night and weekend.
        ("2026-03-02T11:00", "2wh", "2026-03-02T14:30"),
        ("2026-03-06T11:30", "1wh", "2026-03-09T09:00"),
        ("2026-03-02T08:30", "3wh", "2026-03-02T11:30"),
        ("2026-03-02T03:00:30", "1wh", "2026-03-02T09:30"),
        ("2026-02-14T17:00", "1wh", "2026-02-24T09:00"),
        // Hours run day and night.
        ("2026-03-06T11:30:15", "24h", "2026-03-07T11:30:15"),
    ] {
        let found = calendar.add(moment_of(from), allowance.parse().unwrap());
        assert_eq!(found, moment_of(due), "{from} + {allowance} = {found}");
    }
}

#[test]
fn beyond_the_covered_years_lawful_days_are_off_and_nothing_is_announced() {
    let calendar = read(OFFICE).unwrap();
    let new_year = moment_of("2027-01-01T10:00");
    assert!(!calendar.covers(new_year));
    assert!(calendar.is_provisional(new_year));
    assert!(calendar.covers(moment_of("2026-12-31T23:59")));
    assert!(!calendar.is_working(new_year), "a Friday, and 元旦");
    assert_eq!(calendar.kind_of(new_year.day()), DayKind::Holiday("元旦"));
    let later = moment_of("2036-01-01T10:00");
    assert!(calendar.is_working(later), "so far only weekdays are known");
    let due = calendar.add(moment_of("2026-12-31T10:00"), Allowance::WorkingDays(1));
    assert_eq!(due.day().to_string(), "2027-01-04");
}

#[test]
fn what_a_day_is_can_be_said() {
    let calendar = read(OFFICE).unwrap();
    let kind = |day: &str| calendar.kind_of(day.parse().unwrap());
    assert_eq!(kind("2026-02-14"), DayKind::MakeUp("春节"));
    assert_eq!(kind("2026-02-15"), DayKind::Holiday("春节"));
    assert_eq!(kind("2026-02-25"), DayKind::Working);
    assert_eq!(kind("2026-02-22"), DayKind::Holiday("春节"));
    assert_eq!(kind("2026-03-01"), DayKind::Rest);
}

#[test]
fn moments_at_the_ends_of_time_do_no_harm() {
    let calendar = read(OFFICE).unwrap();
    for at in [i64::MIN, -1, 0, 253_402_300_000_000, i64::MAX].map(Timestamp) {
        for allowance in ["366d", "261wd", "2088wh", "8784h"] {
            calendar.add(at, allowance.parse().unwrap());
        }
        for to in [i64::MIN + 1, 0, i64::MAX].map(Timestamp) {
            calendar.elapsed(at.min(to), at.max(to));
        }
        calendar.kind_of(Day(i32::MIN));
        calendar.kind_of(Day(i32::MAX));
        calendar.is_working(at);
    }
    let whole = calendar.elapsed(Timestamp(0), Timestamp(i64::MAX));
    assert!(whole > 8_000 * 50 * 30 * 60, "{whole}");
}

const HOURS: &str = "hours = { weekdays = [\"08:30-12:00\"] }\n";

/// Checks that each calendar is refused with this fault, at the place where the text goes on so.
fn refused(cases: Vec<(String, &str, CalendarFault)>) {
    for (text, place, expected) in cases {
        let (at, fault) = read(&text).unwrap_err();
        assert_eq!(fault, expected, "{text}");
        assert!(fault.to_string().contains(';'), "a hint: {fault}");
        if let CalendarFault::Both(_) = fault {
            assert!(at > text.find("make-up").unwrap());
        } else {
            assert!(text[at..].starts_with(place), "{place}: {}", &text[at..]);
        }
    }
}

#[test]
fn impossible_years_and_hours_are_refused_at_their_place() {
    let week = |hours: &str| format!("years = [2026, 2026]\nhours = {{ {hours} }}\n");
    refused(vec![
        (
            format!("years = [2026, 2025]\n{HOURS}"),
            "[2026",
            CalendarFault::Years(2026, 2025),
        ),
        (
            format!("years = [2026, 2046]\n{HOURS}"),
            "[2026",
            CalendarFault::Years(2026, 2046),
        ),
        (
            format!("years = [1990, 2001]\n{HOURS}"),
            "[1990",
            CalendarFault::Years(1990, 2001),
        ),
        (week(""), "{", CalendarFault::NoWork),
        (
            week("sunday = [\"09:00-09:59\"]"),
            "{",
            CalendarFault::NoWork,
        ),
        (
            week("monday = [\"12:00-08:00\"]"),
            "\"12",
            CalendarFault::Backwards("12:00-08:00".to_owned()),
        ),
        (
            week("monday = [\"12:00-12:00\"]"),
            "\"12",
            CalendarFault::Backwards("12:00-12:00".to_owned()),
        ),
        (
            week("monday = [\"08:00-12:00\", \"11:59-13:00\"]"),
            "\"11",
            CalendarFault::Overlap("11:59-13:00".to_owned()),
        ),
        (
            week("monday = [\"08:00-24:01\"]"),
            "\"08",
            CalendarFault::Interval("08:00-24:01".to_owned()),
        ),
        (
            week("monday = [\"8-12\"]"),
            "\"8",
            CalendarFault::Interval("8-12".to_owned()),
        ),
        (
            week(&format!(
                "monday = [{}]",
                (10..19)
                    .map(|h| format!("\"{h}:00-{h}:10\","))
                    .collect::<String>()
            )),
            "\"18",
            CalendarFault::TooManyIntervals,
        ),
    ]);
}

/// A calendar of one year with these days in it.
fn with_days(days: &str) -> String {
    format!("years = [2026, 2026]\n{HOURS}{days}")
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn impossible_holidays_are_refused_at_their_place() {
    refused(vec![
        (
            with_days("holiday = [{ name = \"x\" }]"),
            "{ name",
            CalendarFault::DateOrRange,
        ),
        (
            with_days("holiday = [{ name = \"x\", date = 2026-05-01, to = 2026-05-02 }]"),
            "{ name",
            CalendarFault::DateOrRange,
        ),
        (
            with_days("holiday = [{ name = \"x\", from = 2026-05-02, to = 2026-05-01 }]"),
            "2026-05-02",
            CalendarFault::RangeBackwards(day("2026-05-02"), day("2026-05-01")),
        ),
        (
            with_days("holiday = [{ name = \"x\", date = 2026-05-02T08:00:00 }]"),
            "2026-05-02",
            CalendarFault::NotADay,
        ),
        (
            with_days("holiday = [{ name = \"x\", date = 2027-01-01 }]"),
            "2027",
            CalendarFault::OutsideYears(day("2027-01-01")),
        ),
        (
            with_days(
                "holiday = [{ name = \"x\", date = 2026-05-01 }, { name = \"y\", from = 2026-04-30, to = 2026-05-02 }]",
            ),
            "2026-04-30",
            CalendarFault::Twice(day("2026-05-01")),
        ),
        (
            with_days("holiday = [{ name = \"\", date = 2026-05-01 }]"),
            "\"\"",
            CalendarFault::Name,
        ),
        (
            format!(
                "years = [2000, 2019]\n{HOURS}holiday = [{{ name = \"x\", from = 2000-01-01, to = 2019-12-31 }}]"
            ),
            "2000-01-01",
            CalendarFault::TooMany,
        ),
    ]);
}

#[test]
fn impossible_make_up_days_are_refused_at_their_place() {
    refused(vec![
        (
            with_days(
                "holiday = [{ name = \"x\", date = 2026-05-02 }]\nmake-up = [{ name = \"y\", date = 2026-05-02 }]",
            ),
            "2026-05-02 }]\n",
            CalendarFault::Both(day("2026-05-02")),
        ),
        (
            with_days(
                "make-up = [{ name = \"y\", date = 2026-05-09 }, { name = \"y\", date = 2026-05-09 }]",
            ),
            "2026-05-09 }]",
            CalendarFault::Twice(day("2026-05-09")),
        ),
        (
            with_days("make-up = [{ name = \"y\", date = 2026-05-08 }]"),
            "2026-05-08",
            CalendarFault::WorksAnyway(day("2026-05-08")),
        ),
        (
            with_days("make-up = [{ name = \"y\", date = 2026-05-09, like = \"sunday\" }]"),
            "\"sunday",
            CalendarFault::Like("sunday".to_owned()),
        ),
    ]);
}

#[test]
fn allowances_are_read_back_and_impossible_ones_refused() {
    for text in ["1wd", "5wd", "2wh", "30d", "24h", "366d", "261wd", "8784h"] {
        assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
    }
    for text in [
        "", "5", "wd", "5 wd", "-5d", "5w", "5D", "1.5d", "5min", "+5d",
    ] {
        let fault = text.parse::<Allowance>();
        assert!(matches!(fault, Err(BadAllowance::Form(_))), "{text}");
    }
    for text in ["0wd", "0h", "000d"] {
        let fault = text.parse::<Allowance>();
        assert!(matches!(fault, Err(BadAllowance::Zero(_))), "{text}");
    }
    for text in [
        "367d",
        "262wd",
        "2092wh",
        "8785h",
        "65536h",
        "99999999999999999999d",
    ] {
        let fault = text.parse::<Allowance>();
        assert!(matches!(fault, Err(BadAllowance::TooLong(_))), "{text}");
    }
    assert!("2091wh".parse::<Allowance>().is_ok());
}

proptest! {
    #[test]
    fn an_allowance_ends_when_counting_minute_by_minute_says(
        plan in plan(),
        from in 0u64..40 * 1440,
        allowance in allowance(),
    ) {
        let found = plan.calendar().add(at_minute(from), allowance);
        prop_assert_eq!(found, at_minute(plan.add(from, allowance)));
    }

    #[test]
    fn working_minutes_are_those_counted_one_by_one(
        plan in plan(),
        from in 0u64..70 * 1440,
        length in 0u64..40 * 1440,
    ) {
        let calendar = plan.calendar();
        let counted = (from..from + length).filter(|minute| plan.works(*minute)).count();
        let (from, to) = (at_minute(from), at_minute(from + length));
        prop_assert_eq!(calendar.elapsed(from, to), counted as u64);
        prop_assert_eq!(calendar.elapsed(to, from), 0);
        let minute = |at: Timestamp| ((at.0 - MONDAY) / 60_000) as u64;
        prop_assert_eq!(calendar.is_working(from), plan.works(minute(from)));
    }

    #[test]
    fn time_adds_up_to_the_millisecond(
        plan in plan(),
        mut moments in prop::array::uniform3(0i64..90 * 86_400_000),
        ms in 1u64..200_000_000,
    ) {
        let calendar = plan.calendar();
        moments.sort_unstable();
        let [a, b, c] = moments.map(|ms| Timestamp(MONDAY + ms));
        for unit in [Allowance::WorkingHours(1), Allowance::Hours(1)] {
            let spent = |from, to| calendar.spent(unit, from, to);
            prop_assert_eq!(spent(a, b) + spent(b, c), spent(a, c));
            let reached = calendar.advance(a, unit, ms);
            prop_assert_eq!(spent(a, reached), ms);
            prop_assert_eq!(spent(a, Timestamp(reached.0 - 1)), ms - 1);
        }
    }
}
