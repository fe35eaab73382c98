use proptest::prelude::*;

use super::{content::read_number, *};
use crate::{
    calendar::Calendar,
    people::AccountId,
    personal::{self, Personal},
    policy::Policy,
    time::Day,
};

pub(super) const NOW: Timestamp = Timestamp(1_793_000_000_000); // 2026-10-26 in Shanghai

/// The calendar that the program is shipped with.
pub(super) fn zhejiang() -> Calendar {
    Policy::default().calendar().value.clone()
}

pub(super) fn item(text: &str) -> Item {
    let raw: RawItem = toml::from_str(text).unwrap();
    raw.read().unwrap()
}

pub(super) fn fault(text: &str) -> String {
    let raw: RawItem = toml::from_str(text).unwrap();
    raw.read().unwrap_err().said.english
}

pub(super) fn finance() -> Item {
    item(
        r#"
name = "村集体收支"
english = "Income and spending"
class = "finance"
period = "month"
due = "10d"
fields = [
    { name = "期初余额", kind = "money" },
    { name = "收入", kind = "money" },
    { name = "支出", kind = "money" },
    { name = "期末余额", kind = "money" },
    { name = "说明", required = false },
]
columns = [
    { name = "日期", kind = "date" },
    { name = "事由" },
    { name = "支出金额", kind = "money" },
]
sums = [
    { total = "期末余额", plus = ["期初余额", "收入"], minus = ["支出"] },
    { total = "支出", column = "支出金额" },
]
"#,
    )
}

pub(super) fn event() -> Item {
    item("name = \"重大事项\"\nperiod = \"event\"\ndue = \"5d\"\nfields = [\"内容\"]")
}

pub(super) fn texts(all: &[&str]) -> Vec<Box<str>> {
    all.iter().map(|text| (*text).into()).collect()
}

pub(super) fn right() -> Content {
    Content {
        fields: texts(&["1000", "500.5", "300", "1,200.50", ""]),
        rows: vec![
            texts(&["2026-09-03", "路灯电费", "120"]),
            texts(&["2026-09-20", "清运", "180.00"]),
        ],
        note: "".into(),
    }
}

pub(super) fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

pub(super) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(super) fn span(from: &str, to: &str) -> Span {
    Span {
        from: day(from),
        to: day(to),
    }
}

pub(super) fn begun(content: Content) -> Disclosure {
    let origin = Origin {
        template: "330825/disclosure/finance".parse().unwrap(),
        version: 3,
        item: finance(),
        span: span("2026-09-01", "2026-09-30"),
        title: "".into(),
    };
    Disclosure::begin(origin, content, &zhejiang(), (who(1), NOW)).unwrap()
}

/// Lets what was begun go through both committees.
pub(super) fn hand_on(one: &mut Disclosure) {
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (who(2), NOW)).unwrap();
    one.review(("", false), (who(3), NOW)).unwrap();
}

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

    #[test]
    fn a_number_that_is_kept_is_read_as_itself(ten_thousandths in -9_999_999_999_999_i64..9_999_999_999_999) {
        let value = i128::from(ten_thousandths);
        prop_assert_eq!(number::read(&number::write(value, 0), 4), Some(value));
        let shaped = Content { fields: texts(&[&number::write(value, 0)]), ..Content::default() };
        let form = item("name = \"a\"\nperiod = \"year\"\nfields = [{ name = \"x\", kind = \"number\" }]");
        let once = shaped.shaped(&form);
        prop_assert_eq!(once.clone().shaped(&form), once);
    }

    #[test]
    fn no_text_breaks_a_form(text in ".{0,80}", note in ".{0,80}") {
        let form = finance();
        let typed = Content {
            fields: vec![text.as_str().into(); 7],
            rows: vec![vec![text.as_str().into(); 2]; 3],
            note: note.as_str().into(),
        };
        let once = typed.shaped(&form);
        let _ = once.faults(&form);
        prop_assert_eq!(once.clone().shaped(&form), once);
    }
}

#[test]
fn numbers_are_read_as_people_type_them() {
    for (text, decimals, value) in [
        ("0", 2, Some(0)),
        ("12", 2, Some(120_000)),
        ("-3.5", 2, Some(-35_000)),
        ("1,234,567.89", 2, Some(12_345_678_900)),
        ("12.345", 2, None),
        ("12.345", 4, Some(123_450)),
        ("12,34", 2, None),
        ("1,2345", 2, None),
        ("", 2, None),
        ("-", 2, None),
        ("1.", 2, None),
        (".5", 2, None),
        ("1e3", 2, None),
        ("１２", 2, None),
        ("1234567890123456", 2, None),
    ] {
        assert_eq!(number::read(text, decimals), value, "{text}");
    }
    assert_eq!(number::write(12_345_678_900, 2), "1234567.89");
    assert_eq!(number::write(-5_000, 2), "-0.50");
    assert_eq!(number::write(120_000, 0), "12");
}

#[test]
fn a_right_form_has_no_faults_and_is_kept_in_one_form() {
    let form = finance();
    let kept = right().shaped(&form);
    assert_eq!(kept.faults(&form), []);
    assert_eq!(
        kept.fields,
        texts(&["1000.00", "500.50", "300.00", "1200.50", ""])
    );
}

#[test]
fn every_wrong_cell_is_named_with_its_place() {
    let form = finance();
    let mut wrong = right();
    wrong.fields = texts(&["", "viel", "300", "1200.51"]);
    wrong
        .rows
        .push(texts(&["2026-13-01", "身份证 330825199003074514", "1"]));
    wrong.rows.push(texts(&["", "", ""]));
    let faults = wrong.shaped(&form).faults(&form);
    let all: Vec<_> = faults.iter().map(|one| (one.at, &one.fault)).collect();
    let masked = "330**************4".to_owned();
    for (at, fault) in [
        (Spot::Field(0), CellFault::Missing),
        (Spot::Field(1), CellFault::NotMoney),
        (Spot::Cell { row: 2, column: 0 }, CellFault::NotDate),
        (
            Spot::Cell { row: 2, column: 1 },
            CellFault::Personal(Personal::Identity, masked),
        ),
        (
            Spot::Field(2),
            CellFault::Sum {
                expected: "301.00".to_owned(),
            },
        ),
    ] {
        assert!(all.contains(&(at, &fault)), "{at:?} {fault:?}: {all:?}");
    }
    // The sum of the balance is not judged while a part of it cannot be read.
    assert_eq!(all.len(), 5, "{all:?}");
    let only_table = item("name = \"a\"\nperiod = \"year\"\ncolumns = [\"x\"]");
    let empty = Content::default().shaped(&only_table);
    assert_eq!(
        empty.faults(&only_table),
        [FormFault {
            at: Spot::Table,
            fault: CellFault::NoRows
        }]
    );
}

/// R-P20: what looks like personal data is found however it is typed, and other numbers are left alone.
#[test]
fn personal_data_is_found_however_it_is_typed_and_other_numbers_are_left_alone() {
    let find = personal::find;
    for (text, kind, masked) in [
        (
            "王某 330825199003074514 低保",
            Personal::Identity,
            "330**************4",
        ),
        (
            "33082519900307 4514",
            Personal::Identity,
            "330**************4",
        ),
        (
            "３３０８２５１９９００３０７４５１４",
            Personal::Identity,
            "330**************4",
        ),
        (
            "11010519491231002x",
            Personal::Identity,
            "110**************X",
        ),
        (
            "卡号6222 0212 3456 7894",
            Personal::BankCard,
            "6222********7894",
        ),
        ("电话13857012345。", Personal::Mobile, "138****2345"),
        ("138-5701-2345", Personal::Mobile, "138****2345"),
        ("+86 13857012345", Personal::Mobile, "861******2345"),
    ] {
        assert_eq!(find(text), Some((kind, masked.to_owned())), "{text}");
    }
    for text in [
        "330825199003074515",
        "6222021234567890",
        "330**************4",
        "138****2345",
        "330825002222",
        "12345678901234567890123",
        "合同 20260901001",
        "1,200,000.00",
        "",
    ] {
        assert_eq!(find(text), None, "{text}");
    }
}

#[test]
fn a_form_that_says_nothing_is_doubted_with_its_evidence() {
    let form = finance();
    let content = right().shaped(&form);
    let month = span("2026-10-01", "2026-10-31");
    let over = (month, "2026-11-01".parse::<Day>().unwrap().start());
    assert_eq!(doubts(&form, &content, None, over), []);
    let early = (month, Timestamp(over.1.0 - 1));
    assert_eq!(doubts(&form, &content, None, early), [Doubt::Early]);
    let copied = doubts(&form, &content, Some(&content), over);
    assert_eq!(copied, [Doubt::Copied]);
    let zero = Content {
        fields: texts(&["0", "0", "0", "0", ""]),
        ..Content::default()
    }
    .shaped(&form);
    assert_eq!(
        doubts(&form, &zero, None, over),
        [Doubt::AllZero(4), Doubt::NoRows]
    );
    assert_eq!(read_number(&form.fields[0], "0.00"), Some(0));
}

#[test]
fn a_disclosure_goes_through_three_pairs_of_hands() {
    let mut one = begun(right());
    assert_eq!(one.stage(), Some(Stage::Draft));
    // Of the ten days the last is a day on which offices make up for the holiday.
    assert_eq!(one.due.to_string(), "2026-10-10 17:30:00.000");
    one.submit((who(1), NOW)).unwrap();
    assert_eq!(
        one.agree("", (who(1), NOW)),
        Err(BadDisclosure::OwnWork),
        "who wrote it"
    );
    one.agree("", (who(2), NOW)).unwrap();
    for own in [1, 2] {
        assert_eq!(
            one.review(("", false), (who(own), NOW)),
            Err(BadDisclosure::OwnWork),
            "{own}"
        );
    }
    one.review(("账实相符", false), (who(3), NOW)).unwrap();
    let published = one.publish((who(1), NOW)).unwrap();
    assert_eq!(published.content, right().shaped(&one.item));
    assert_eq!(
        (one.editions, one.published_at, one.stage()),
        (1, Some(NOW), None)
    );
    let acts: Vec<_> = one.steps.iter().map(|step| step.act).collect();
    use DisclosureAct::{Agree, Begin, Publish, Review, Submit};
    assert_eq!(acts, [Begin, Submit, Agree, Review, Publish]);
    assert_eq!(one.version, 5);
}

#[test]
fn nothing_is_done_out_of_order() {
    let stage = |act, stage| Err(BadDisclosure::Stage(act, stage));
    let mut one = begun(right());
    assert_eq!(
        one.agree("", (who(2), NOW)),
        stage(DisclosureAct::Agree, Some(Stage::Draft))
    );
    assert_eq!(
        one.publish((who(2), NOW)).err(),
        stage(DisclosureAct::Publish, Some(Stage::Draft)).err()
    );
    assert_eq!(
        one.correct(right(), "x", (who(1), NOW)),
        stage(DisclosureAct::Correct, Some(Stage::Draft))
    );
    assert_eq!(
        one.withdraw("x", (who(1), NOW)),
        stage(DisclosureAct::Withdraw, Some(Stage::Draft))
    );
    one.submit((who(1), NOW)).unwrap();
    let written = one.write(right(), None, (who(1), NOW));
    assert_eq!(written, stage(DisclosureAct::Write, Some(Stage::Committee)));
    assert_eq!(
        one.send_back(true, "x", (who(3), NOW)),
        stage(DisclosureAct::SendBack, Some(Stage::Committee))
    );
    assert_eq!(
        one.send_back(false, " ", (who(2), NOW)),
        Err(BadDisclosure::Reason)
    );
    one.send_back(false, "缺说明", (who(2), NOW)).unwrap();
    assert_eq!(one.stage(), Some(Stage::Draft));
    assert_eq!(one.is_seen(Some(2)), Err(BadDisclosure::Changed(3)));
    assert_eq!(one.is_seen(Some(3)), Ok(()));
}

#[test]
fn a_wrong_form_is_not_sent_and_personal_data_only_for_a_reason() {
    let mut wrong = right();
    wrong.fields[3] = "1".into();
    let mut one = begun(wrong);
    assert_eq!(one.submit((who(1), NOW)), Err(BadDisclosure::Faults(1)));
    let mut personal = right();
    personal.rows[0][1] = "13857012345".into();
    one.write(personal.clone(), None, (who(1), NOW)).unwrap();
    assert_eq!(one.submit((who(1), NOW)), Err(BadDisclosure::Personal(1)));
    one.write(personal, Some("村务值班电话，已公布"), (who(1), NOW))
        .unwrap();
    one.submit((who(1), NOW)).unwrap();
    assert_eq!(&*one.steps.last().unwrap().note, "村务值班电话，已公布");
    // Saving again and again is one step.
    let acts: Vec<_> = one.steps.iter().map(|step| step.act).collect();
    assert_eq!(
        acts,
        [
            DisclosureAct::Begin,
            DisclosureAct::Write,
            DisclosureAct::Submit
        ]
    );
}

#[test]
fn a_correction_is_a_further_edition_with_a_reason_and_a_lawful_ground_takes_it_down() {
    let mut one = begun(right());
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (who(2), NOW)).unwrap();
    one.review(("", false), (who(3), NOW)).unwrap();
    let published = one.publish((who(2), NOW)).unwrap();
    assert_eq!(
        one.correct(published.content.clone(), "", (who(1), NOW)),
        Err(BadDisclosure::Reason)
    );
    one.correct(published.content, "电费记错", (who(1), NOW))
        .unwrap();
    assert_eq!(
        one.work.as_ref().unwrap().reason.as_deref(),
        Some("电费记错")
    );
    assert_eq!(
        one.give_up((who(1), NOW)),
        Ok(false),
        "the published edition stays"
    );
    let until = one.objections_until(NOW, &zhejiang()).unwrap();
    assert!(until > NOW);
    one.withdraw("《个人信息保护法》第四十七条", (who(2), NOW))
        .unwrap();
    assert_eq!(one.objections_until(NOW, &zhejiang()), None);
    assert_eq!(
        one.withdraw("x", (who(2), NOW)),
        Err(BadDisclosure::Withdrawn)
    );
    // What may be published of it is still owed.
    one.correct(right(), "遮盖后重新公开", (who(1), NOW))
        .unwrap();
    assert!(one.withdrawn.is_some(), "until it is published");
    hand_on(&mut one);
    one.publish((who(2), NOW)).unwrap();
    assert_eq!((one.withdrawn.clone(), one.editions), (None, 2));
    let mut never = begun(right());
    assert_eq!(never.give_up((who(1), NOW)), Ok(true), "nothing is left");
}

#[test]
fn only_periods_that_have_begun_and_events_with_a_title_are_begun() {
    let begin = |item: Item, span: Span, title: &str| {
        let template = "330825/disclosure/finance".parse().unwrap();
        let origin = Origin {
            template,
            version: 1,
            item,
            span,
            title: title.into(),
        };
        Disclosure::begin(origin, Content::default(), &zhejiang(), (who(1), NOW)).map(|one| one.id)
    };
    let november = span("2026-11-01", "2026-11-30");
    assert_eq!(
        begin(finance(), november, ""),
        Err(BadDisclosure::Period(november))
    );
    let part = span("2026-09-01", "2026-09-10");
    assert_eq!(begin(finance(), part, ""), Err(BadDisclosure::Period(part)));
    let october = span("2026-10-01", "2026-10-31");
    assert!(begin(finance(), october, "").is_ok(), "it may be prepared");
    assert_eq!(begin(finance(), october, "x"), Err(BadDisclosure::Title));
    let today = span("2026-10-20", "2026-10-20");
    assert_eq!(begin(event(), today, " "), Err(BadDisclosure::Title));
    let one = begin(event(), today, "征地补偿").unwrap();
    assert_ne!(begin(event(), today, "灌溉").unwrap(), one);
    assert_eq!(begin(event(), today, "征地补偿").unwrap(), one);
    assert_eq!(one.to_string().parse(), Ok(one));
    assert!("x".parse::<DisclosureId>().is_err());
}

#[test]
fn what_is_due_is_told_period_by_period_from_when_it_was_demanded() {
    let template = "330825/disclosure/finance".parse().unwrap();
    let (finance, event) = (finance(), event());
    let since = day("2026-07-20").start();
    let demand = |item| Demand {
        template: &template,
        version: 1,
        since,
        item,
    };
    let demands = [demand(&finance), demand(&event)];
    let line = |from: &str, to: &str, at: Timestamp| {
        let mut one = begun(right()).line(Some(Latest { at, doubts: vec![] }));
        one.span = span(from, to);
        one.published_at = Some(at);
        one.stage = None;
        one
    };
    let lines = [
        line("2026-07-01", "2026-07-31", day("2026-08-08").start()),
        line("2026-08-01", "2026-08-31", day("2026-09-20").start()),
    ];
    let all = duties(&demands, &lines, &zhejiang(), NOW);
    let told: Vec<_> = all
        .iter()
        .map(|duty| (duty.span.from.to_string(), duty.state))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-10-01".to_owned(), DutyState::Running),
            ("2026-09-01".to_owned(), DutyState::Overdue),
            ("2026-08-01".to_owned(), DutyState::Late),
            ("2026-07-01".to_owned(), DutyState::OnTime),
        ]
    );
    let october = day("2026-10-05").start();
    let due = duties(&demands, &lines, &zhejiang(), october);
    assert_eq!(
        (due[1].span.from, due[1].state),
        (day("2026-09-01"), DutyState::Due)
    );
}
