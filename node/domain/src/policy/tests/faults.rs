//! Tests of policies that are refused, alone and as templates.

use super::*;
use crate::{
    calendar::CalendarFault,
    template::{BadTemplate, Scope, Template, TemplateKey},
};

/// Checks that each text is refused at its line, with these words and what to do.
fn refused(cases: &[(String, u32, &str)]) {
    for (text, line, says) in cases {
        let fault = Sheet::read(text, source(COUNTY)).unwrap_err();
        let shown = fault.to_string();
        assert_eq!(fault.line, *line, "{text}\n{shown}");
        assert!(shown.contains(says), "{text}\n{shown}");
        assert!(
            shown.starts_with(&format!("line {line}: ")) && shown.contains("; "),
            "{shown}"
        );
    }
}

fn dispatch(rest: &str) -> String {
    format!("[[dispatch]]\ncategory = \"*\"\n{rest}\n")
}

fn listed(code: &str, name: &str) -> String {
    format!("[[category]]\ncode = \"{code}\"\nname = \"{name}\"\n")
}

fn need(zh: &str, en: &str) -> String {
    format!("{{ zh = \"{zh}\", en = \"{en}\" }}")
}

#[test]
fn what_is_no_policy_is_refused_at_its_line() {
    refused(&[
        ("limits = 3".to_owned(), 1, "invalid type"),
        (
            "\n\nlimit = { pauses = 3 }".to_owned(),
            3,
            "unknown field `limit`",
        ),
        (
            "\n[limits]\npause = 3".to_owned(),
            3,
            "unknown field `pause`",
        ),
        ("x = ".to_owned(), 1, ""),
    ]);
}

#[test]
fn places_are_listed_once_and_well() {
    refused(&[
        (
            "[[places]]\ndivision = \"33x\"\ngroups = [\"一组\"]".to_owned(),
            2,
            "not a division code",
        ),
        ("[[places]]\ndivision = \"33\"".to_owned(), 1, "no place"),
        (
            "[[places]]\ndivision = \"33\"\ngroups = [\"一组\"]\nlandmarks = [\"一组\"]".to_owned(),
            4,
            "listed before",
        ),
        (
            "[[places]]\ndivision = \"33\"\nhamlets = [\" 上张\"]".to_owned(),
            3,
            "1 to 40 characters",
        ),
        (
            "[[places]]\ndivision = \"33\"\ngroups = [\"一组\"]\n".repeat(2),
            5,
            "join the two entries",
        ),
    ]);
}

#[test]
fn only_services_tell_what_applicants_need_and_tell_it_briefly() {
    let service = listed("service/relief", "低保");
    refused(&[
        (
            format!(
                "{}needs = [{}]",
                listed("order/fire", "火"),
                need("证", "paper")
            ),
            4,
            "only categories of the platform service",
        ),
        (
            format!(
                "{}hours = {}",
                listed("market/food", "食"),
                need("全天", "all day")
            ),
            4,
            "remove them from market/food",
        ),
        (
            format!(
                "{}needs = [{}]",
                service,
                vec![need("证", "paper"); 21].join(", ")
            ),
            4,
            "at most 20 entries",
        ),
        (
            format!("{service}needs = [\n{}]", need("证", &"x".repeat(81))),
            5,
            "1 to 80 characters",
        ),
        (
            format!("{service}window = {}", need(" ", "desk")),
            4,
            "1 to 80 characters",
        ),
        (
            format!("{service}window = {{ zh = \"证\" }}"),
            4,
            "missing field `en`",
        ),
    ]);
}

#[test]
fn limits_have_ranges() {
    refused(&[
        (
            "[limits]\n\npauses = 17".to_owned(),
            3,
            "pauses is 17, not 0 to 16",
        ),
        ("[limits]\npause_days = 367".to_owned(), 2, "not 0 to 366"),
        ("[limits]\ncontest_days = 0".to_owned(), 2, "not 1 to 366"),
        ("[limits]\nbounces = 0".to_owned(), 2, "not 1 to 20"),
        ("[limits]\nwarn_percent = 91".to_owned(), 2, "not 1 to 90"),
        (
            "[limits]\nextension = \"0d\"".to_owned(),
            2,
            "no time at all",
        ),
        (
            "[attachments]\nmax_bytes = 104857601".to_owned(),
            2,
            "not 1 to 104857600",
        ),
        (
            "[attachments]\nmax_count = -1".to_owned(),
            2,
            "not 0 to 100",
        ),
        (
            "[attachments]\nretention_days = 0".to_owned(),
            2,
            "not 1 to 36500",
        ),
        (
            "[attachments]\ntypes = [\n\"image/png\",\n\"image/png\"]".to_owned(),
            4,
            "not a media type",
        ),
        (
            "[attachments]\ntypes = [\"jpg\"]".to_owned(),
            2,
            "`jpg` is not a media type",
        ),
        ("[texts]\nreport = 12001".to_owned(), 2, "not 1 to 12000"),
    ]);
}

#[test]
fn categories_are_listed_once_and_well() {
    let long = "长".repeat(41);
    refused(&[
        (listed("order", "x"), 2, "is not a category"),
        (listed("order/x", ""), 3, "1 to 40"),
        (listed("order/x", &long), 3, "1 to 40"),
        (
            listed("order/x", "x") + &listed("order/x", "y"),
            5,
            "listed on line 1",
        ),
    ]);
}

#[test]
fn a_line_of_dispatch_names_what_there_is() {
    refused(&[
        (dispatch("speed = \"high\""), 3, "unknown field `speed`"),
        (dispatch("tier = \"hamlet\""), 3, "`hamlet` is not a tier"),
        (dispatch("priority = \"high\""), 3, "unknown variant `high`"),
        (dispatch("channel = \"fax\""), 3, "unknown variant `fax`"),
        (dispatch("kind = \"town\""), 3, "unknown variant `town`"),
        (
            dispatch("platform = \"police\""),
            3,
            "unknown variant `police`",
        ),
        (dispatch("origin = \"3308xx\""), 3, "is not a division code"),
        (
            dispatch("department = { code = \"A\", name = \"甲\" }"),
            3,
            "is not a department",
        ),
        (
            dispatch("department = { code = \"a\", name = \"\" }"),
            3,
            "1 to 40",
        ),
        (
            dispatch("department = { code = \"a\" }"),
            3,
            "missing field `name`",
        ),
    ]);
}

#[test]
fn clocks_of_a_line_are_lengths_of_time() {
    refused(&[
        (
            dispatch("clocks = { respond = \"2wh\",\nfinish = \"0wd\" }"),
            4,
            "no time at all",
        ),
        (
            dispatch("clocks = { finish = \"367d\" }"),
            3,
            "longer than a year",
        ),
        (
            dispatch("clocks = { finish = \"soon\" }"),
            3,
            "not a length of time",
        ),
        (dispatch("clocks = { finish = 30 }"), 3, "invalid type"),
        (
            dispatch("clocks = { later = \"3wd\" }"),
            3,
            "unknown variant `later`",
        ),
        (
            dispatch("extension = \"a week\""),
            3,
            "not a length of time",
        ),
    ]);
}

#[test]
fn a_line_of_dispatch_decides_something_once() {
    let one = dispatch("tier = \"stay\"");
    let county = |n| dispatch(&format!("origin = \"33{n:04}\"\ntier = \"stay\""));
    let many: String = (101..=101 + MOST_LINES).map(county).collect();
    refused(&[
        (
            "[[dispatch]]\ntier = \"stay\"".to_owned(),
            1,
            "missing field `category`",
        ),
        (dispatch(""), 1, "decides nothing"),
        (dispatch("at_once = true"), 1, "name the tier"),
        (
            dispatch("at_once = true\ntier = \"stay\""),
            1,
            "name the tier",
        ),
        (format!("{one}\n{one}"), 5, "same matters as line 1"),
        (
            "[[dispatch]]\n\ncategory = \"police/*\"\ntier = \"stay\"".to_owned(),
            3,
            "is not a category",
        ),
        (
            "[[dispatch]]\ncategory = \"order\"\ntier = \"stay\"".to_owned(),
            2,
            "is not a category",
        ),
        (
            "[[dispatch]]\ncategory = \"order/ufo\"\ntier = \"stay\"".to_owned(),
            2,
            "[[category]]",
        ),
        (many, 1601, "at most 400"),
    ]);
}

#[test]
fn a_calendar_in_a_policy_is_refused_at_its_line() {
    refused(&[
        (
            "\n[calendar]\nyears = [2026, 2026]\nhours = {}".to_owned(),
            4,
            "less than one working hour",
        ),
        (
            "[calendar]\nhours = {}".to_owned(),
            1,
            "missing field `years`",
        ),
        (
            "[calendar]\nyears = [2026, 2026]\nhours = { holiday = [] }".to_owned(),
            3,
            "unknown field",
        ),
        (
            "[calendar]\n\nholiday = [{ name = \"x\", date = 2026-02-30 }]".to_owned(),
            3,
            "invalid date",
        ),
    ]);
    let year = "\n\n[calendar]\nhours = { weekdays = [\"08:00-12:00\"] }\nyears = [2026, 2025]";
    let fault = Sheet::read(year, source(COUNTY)).unwrap_err();
    let expected = PolicyFault::Calendar(CalendarFault::Years(2026, 2025));
    assert_eq!((fault.line, fault.fault), (5, expected));
}

fn template(key: &str, content: &str) -> Template {
    let key: TemplateKey = key.parse().unwrap();
    Template {
        scope: Scope::new(key.issuer, &[], &[]),
        key,
        version: 2,
        title: "派遣目录".to_owned(),
        content: content.to_owned(),
        issued_at: Timestamp(0),
        stamp: Default::default(),
    }
}

#[test]
fn a_policy_template_is_read_and_refused_with_the_line() {
    let tree = Tree::zhejiang();
    let shipped = template("33/policy/shipped", SHIPPED);
    let parsed = shipped.check(&tree).unwrap();
    let found = parsed.policy.unwrap();
    assert_eq!(*found.source(), source("33/policy/shipped"));
    assert_eq!(found.lines, SHIPPED_SHEET.lines);
    let refused = |content: &str| match template(COUNTY, content).check(&tree) {
        Err(BadTemplate::Content(clause)) => clause,
        other => panic!("{other:?}"),
    };
    let clause = refused("format = 1\n[limits]\nbounces = 99");
    assert_eq!(&*clause, "line 3: bounces is 99, not 1 to 20; correct it");
    let there = "format = 1\n[[dispatch]]\ncategory = \"*\"\norigin = \"330802\"\ntier = \"stay\"";
    assert!(refused(there).starts_with("line 2: 330802000000 is not a division of the issuer's"));
    let needs = template(COUNTY, "needs = [\"standard/x\"]\nformat = 1");
    let parsed = needs.check(&tree).unwrap();
    assert_eq!(parsed.needs.len(), 1);
    assert!(parsed.policy.is_some());
    assert!(
        template(
            "33/disclosure/x",
            "format = 1\n[[item]]\nname = \"x\"\nperiod_days = 9\nfields = [\"who\"]"
        )
        .check(&tree)
        .unwrap()
        .policy
        .is_none()
    );
}
