use topology::Tree;

use super::*;
use crate::csv::defused;
use crate::{
    custody::{Context, CustodyLimits},
    matter::{Body, Channel, Datum, Outcome},
    policy::{Policy, Sheet},
    time::Timestamp,
};

/// 2026-06-01 08:00 in Shanghai.
const NOW: Timestamp = Timestamp(1_780_272_000_000);

fn cells(more: &[(Field, &str)]) -> Cells {
    let least = [
        (Field::Id, "LY-2026-17"),
        (Field::Category, "路灯照明"),
        (Field::Text, "路灯不亮"),
    ];
    let all = least.iter().chain(more);
    all.map(|(field, text)| (*field, (*text).to_owned()))
        .collect()
}

fn row(more: &[(Field, &str)]) -> Result<Row, Vec<Fault>> {
    row_under(&Policy::of([]), more)
}

/// Returns the shipped policy together with what a template states.
fn policy(text: &str) -> Policy {
    let key = "330000000000/policy/words".parse().unwrap();
    let source = crate::policy::Source::Template { key, version: 1 };
    Policy::of([Sheet::read(text, source).unwrap()])
}

fn row_under(policy: &Policy, more: &[(Field, &str)]) -> Result<Row, Vec<Fault>> {
    let tree = Tree::zhejiang();
    let context = Context {
        me: "330825002222".parse().unwrap(),
        now: NOW,
        tree: &tree,
        terms: CustodyLimits::default(),
        policy,
    };
    read(&cells(more), Datum::default(), context)
}

#[test]
fn a_row_with_everything_is_read() {
    let row = row(&[
        (Field::Category, "enforcement/lighting"),
        (Field::ReportedAt, "2026-03-01 08:15"),
        (Field::Latitude, "29.0285"),
        (Field::Longitude, "119.1722"),
        (Field::Name, "王小明"),
        (Field::Phone, "+86 138-5701-2345"),
        (Field::Address, "张王村 12 号"),
        (Field::Channel, "12345"),
        (Field::Priority, "紧急"),
        (Field::Status, "已办结"),
    ]);
    let row = row.unwrap();
    assert_eq!(row.category.as_str(), "enforcement/lighting");
    assert_eq!(
        row.history.unwrap().reported.to_string(),
        "2026-03-01 08:15:00.000"
    );
    assert_eq!(row.place.unwrap().latitude, 29_028_500);
    assert_eq!(row.contact.unwrap().name, "王小明");
    assert_eq!(
        (row.channel, row.priority, row.progress),
        (
            Channel::Hotline,
            Priority::Urgent,
            Progress::Closed(Outcome::Solved)
        )
    );
}

#[test]
fn every_kind_of_bad_cell_is_named_with_its_column_reason_and_hint() {
    let long_id = "x".repeat(MOST_ID + 1);
    let long_text = "路".repeat(Body::MOST_BYTES / 3 + 1);
    let long_name = "王".repeat(101);
    for (field, value, reason) in [
        (Field::Id, "", "missing"),
        (Field::Id, &*long_id, "more than 100"),
        (Field::Id, "1\n2", "several lines"),
        (Field::Category, "", "missing"),
        (Field::Category, "飞碟", "no category"),
        (Field::Category, "order/ufo", "no category"),
        (Field::Text, " \t ", "missing"),
        (Field::Text, "路\u{fffd}", "was lost"),
        (Field::Text, &*long_text, "characters"),
        (Field::Text, "#REF!", "formula"),
        (Field::Text, "a\u{1b}[2J", "control"),
        (Field::ReportedAt, "昨天", "not a time"),
        (Field::ReportedAt, "2026-02-30", "not a time"),
        (Field::ReportedAt, "2026-06-01 08:01", "future"),
        (Field::ReportedAt, "1926-03-01", "before 1990"),
        (Field::Name, &*long_name, "more than 100"),
        (Field::Id, "2.02603E+13", "shortened"),
        (Field::Id, "2.02603e13", "shortened"),
        (Field::Id, "3月1日", "took it for a day"),
        (Field::Id, "1-Mar", "took it for a day"),
        (Field::ReportedAt, "3/1/2026 8:15", "not a time"),
        (Field::ReportedAt, "46082.34375", "counts days"),
        (Field::AcceptedAt, "去年", "not a time"),
        (Field::ClosedAt, "2026-13-01", "not a time"),
        (Field::Channel, "鸽子", "not known"),
        (Field::Priority, "很急", "not known"),
        (Field::Status, "在路上", "not known"),
    ] {
        let faults = row(&[(field, value)]).unwrap_err();
        let [fault] = &faults[..] else {
            panic!("{field:?} {value}: {faults:?}")
        };
        assert_eq!(fault.column, field);
        assert!(fault.reason.contains(reason), "{fault:?}");
        assert!(!fault.hint.is_empty() && fault.value.chars().count() <= 60);
    }
    for (latitude, longitude, hint) in [
        ("119.17", "29.03", "swapped"),
        ("200", "300", "degrees"),
        ("30.2387", "120.1450", "it is in 西湖区"),
        ("29.03", "", "both"),
        ("", "119.17", "both"),
        ("north", "119.17", "number"),
        ("NaN", "119.17", "number"),
    ] {
        let faults = row(&[(Field::Latitude, latitude), (Field::Longitude, longitude)]);
        let faults = faults.unwrap_err();
        assert!(faults[0].hint.contains(hint), "{latitude}: {faults:?}");
    }
    let all = row(&[
        (Field::Category, "飞碟"),
        (Field::Status, "x"),
        (Field::Id, ""),
    ]);
    assert_eq!(all.unwrap_err().len(), 3, "all of them at once");
}

#[test]
fn what_looks_like_a_formula_is_data_and_is_defused_when_it_is_shown_in_a_table() {
    let formula = "=HYPERLINK(\"http://x\")";
    let read = row(&[(Field::Text, formula), (Field::Id, "@17")]).unwrap();
    assert_eq!((&*read.text, &*read.id), (formula, "@17"));
    for bad in ["=1+1", "+1", "-1", "@a", " =1", "\t=1"] {
        assert_eq!(defused(bad), format!("'{bad}"));
    }
    assert_eq!(defused("路灯 a=b"), "路灯 a=b");
}

#[test]
fn moments_are_read_as_tables_write_them_and_are_of_shanghai() {
    for text in [
        "2026-03-01 08:15",
        "2026-03-01 08:15:00",
        "2026-03-01T08:15:00+08:00",
        "2026-03-01T00:15:00Z",
        "2026-03-01T08:15",
        "2026/3/1 8:15",
        "2026.03.01 08:15",
        "2026年3月1日 8:15",
        "2026年3月1日 8时15分",
        "2026-03-01 08:15:00.000",
        "2026.3.1 8.15",
        "2026-03-01 08.15",
        "2026-3-1 8:15 AM",
        "2026/3/1 上午8:15",
        "2026-03-01 上午 08:15:00",
        "2026年3月1日上午8时15分",
        "2026年3月1日 早上8点15分",
        "２０２６－０３－０１　０８：１５",
        "20260301 08:15",
    ] {
        let at = moment::moment(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(at.to_string(), "2026-03-01 08:15:00.000", "{text}");
    }
    for (text, time) in [
        ("2026/3/1 3:15 PM", "15:15"),
        ("2026/3/1 下午 3:15", "15:15"),
        ("2026-03-01 晚上8点半", "20:30"),
        ("2026-03-01 下午3点", "15:00"),
        ("2026-03-01 12:05 AM", "00:05"),
        ("2026-03-01 12:05 p.m.", "12:05"),
        ("2026-03-01 中午12:10", "12:10"),
        ("2026-03-01 中午11:50", "11:50"),
        ("2026-03-01 中午1:00", "13:00"),
        ("2026-03-01 15时", "15:00"),
    ] {
        let at = moment::moment(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            at.to_string(),
            format!("2026-03-01 {time}:00.000"),
            "{text}"
        );
    }
    for text in [
        "2026-03-01 25:00",
        "2026-03-01 晚上12:00",
        "2026-03-01 8:15:00:00",
        "2026-03-0108:15",
        "08:15",
    ] {
        assert_eq!(moment::moment(text), None, "{text}");
    }
    for text in ["2026-03-01", "2026/3/1", "2026年3月1日", "20260301"] {
        let at = moment::moment(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(at.to_string(), "2026-03-01 00:00:00.000", "{text}");
    }
}

fn headings(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}

#[test]
fn columns_are_found_by_their_headings_in_either_language_or_as_they_are_mapped() {
    let found = columns(&headings("编号,Category, 内容 ,备注,LAT"), &[]).unwrap();
    let expected = [
        Some(Field::Id),
        Some(Field::Category),
        Some(Field::Text),
        None,
        Some(Field::Latitude),
    ];
    assert_eq!(found, expected);
    let map = [
        ("备注".to_owned(), Some(Field::Text)),
        ("LAT".to_owned(), None),
    ];
    let found = columns(&headings("编号,类别,内容,备注,LAT"), &map).unwrap();
    assert_eq!(found[2..], [None, Some(Field::Text), None]);

    let missing = columns(&headings("编号,备注"), &[]).unwrap_err();
    assert_eq!(
        missing,
        BadHeader::Missing(vec![Field::Category, Field::Text])
    );
    assert!(missing.to_string().contains("类别 (category)"), "{missing}");
    let twice = columns(&headings("id,编号,类别,内容"), &[]).unwrap_err();
    assert!(matches!(twice, BadHeader::Twice(Field::Id, ..)));
    let strange = columns(&headings("id,类别,内容"), &[("备注".to_owned(), None)]);
    assert!(matches!(strange, Err(BadHeader::NoColumn(..))));
    for bad in ["", "Longyou", "1a", "a b", "龙游", &"x".repeat(41)] {
        assert!(bad.parse::<Source>().is_err(), "{bad}");
    }
}

#[test]
fn telephone_numbers_are_read_as_people_write_them() {
    for (written, read) in [
        ("0570-7023456转801", "0570-7023456-801"),
        ("0570-7023456分机801", "0570-7023456-801"),
        ("１３８５７０１２３４５", "13857012345"),
        ("138 5701 2345", "13857012345"),
        ("(0570)7023456", "0570-7023456"),
        ("（0570）7023456", "0570-7023456"),
        ("+86 138-5701-2345", "13857012345"),
        ("13857012345（家）", "13857012345 (家)"),
        ("0570-7023456-801", "0570-7023456-801"),
        ("138-5701-2345", "13857012345"),
        ("13857012345;0570-7023456", "13857012345, 0570-7023456"),
        ("13857012345；0570-7023456", "13857012345, 0570-7023456"),
        ("13857012345，13957012345", "13857012345, 13957012345"),
        ("13857012345 0570-7023456", "13857012345, 0570-7023456"),
        ("0570—7023456", "0570-7023456"),
        ("手机：13857012345", "13857012345"),
        ("'13857012345", "13857012345"),
        ("7023456", "7023456"),
    ] {
        let row = row(&[(Field::Phone, written)]).unwrap();
        assert_eq!(row.contact.unwrap().phone, read, "{written}");
        assert_eq!(row.noted, [], "{written}");
    }
    for none in ["无", "-", "不详"] {
        let row = row(&[(Field::Phone, none)]).unwrap();
        assert_eq!((row.contact, row.noted), (None, vec![]), "{none}");
    }
}

#[test]
fn a_row_is_taken_without_a_telephone_number_that_is_none_unless_policy_wants_a_contact() {
    for (bad, reason) in [
        ("1.38571E+10", "shortened"),
        ("*****", "no telephone number"),
        ("138****2345", "no telephone number"),
        ("王小明", "no telephone number"),
    ] {
        let read = row(&[(Field::Phone, bad), (Field::Name, "王")]).unwrap();
        assert_eq!(read.contact.unwrap().phone, "");
        let [fault] = &read.noted[..] else {
            panic!("{bad}")
        };
        assert!(fault.reason.contains(reason) && fault.column == Field::Phone);
        let named = policy("format = 1\n[limits]\nanonymous = false");
        let faults = row_under(&named, &[(Field::Phone, bad)]).unwrap_err();
        assert_eq!(faults[0].column, Field::Phone, "{faults:?}");
        assert!(row_under(&named, &[(Field::Phone, bad), (Field::Name, "王")]).is_ok());
    }
    let named = policy("format = 1\n[limits]\nanonymous = false");
    let faults = row_under(&named, &[]).unwrap_err();
    assert_eq!(faults[0].column, Field::Name);
}

#[test]
fn what_protects_a_number_from_a_spreadsheet_is_no_part_of_it() {
    for (written, id) in [
        ("=\"00001234\"", "00001234"),
        ("'00001234", "00001234"),
        ("1E5", "1E5"),
        ("2026-0017", "2026-0017"),
        ("A2E+3", "A2E+3"),
    ] {
        assert_eq!(row(&[(Field::Id, written)]).unwrap().id, id);
    }
}

#[test]
fn the_words_that_this_program_prints_are_read_back() {
    use crate::{category::Priority, matter::Reason};
    for (said, progress) in [
        ("未结", Progress::Reported),
        ("reported 上报", Progress::Reported),
        ("已结", Progress::Closed(Outcome::Solved)),
        ("办结", Progress::Closed(Outcome::Solved)),
        ("dispatched 派遣", Progress::Dispatched),
        ("answered 反馈", Progress::Answered),
        (
            "closed 结案: solved 已解决",
            Progress::Closed(Outcome::Solved),
        ),
        (
            "closed 结案: unfounded 不属实",
            Progress::Closed(Outcome::Unfounded),
        ),
        (
            "closed 结案: withdrawn 撤回",
            Progress::Closed(Outcome::Withdrawn),
        ),
        (
            "closed 结案: rejected 不予受理, private 非公共事务",
            Progress::Closed(Outcome::Rejected(Reason::Private)),
        ),
    ] {
        assert_eq!(
            row(&[(Field::Status, said)]).unwrap().progress,
            progress,
            "{said}"
        );
    }
    for strange in ["受理 已办结", "private", "在路上 受理"] {
        assert!(row(&[(Field::Status, strange)]).is_err(), "{strange}");
    }
    let row = row(&[
        (Field::Category, "enforcement/lighting 路灯照明"),
        (Field::Priority, "urgent 紧急"),
        (Field::Channel, "hotline 12345"),
    ])
    .unwrap();
    assert_eq!(row.category.as_str(), "enforcement/lighting");
    assert_eq!(
        (row.priority, row.channel),
        (Priority::Urgent, Channel::Hotline)
    );
}

#[test]
fn times_that_contradict_each_other_or_the_state_are_told() {
    let times = |reported, accepted, closed, status| {
        row(&[
            (Field::ReportedAt, reported),
            (Field::AcceptedAt, accepted),
            (Field::ClosedAt, closed),
            (Field::Status, status),
        ])
    };
    let life = times("2026-03-01", "2026-03-02", "2026-03-03", "").unwrap();
    assert_eq!(life.progress, Progress::Closed(Outcome::Solved));
    let history = life.history.unwrap();
    assert_eq!(
        history.closed.unwrap().to_string(),
        "2026-03-03 00:00:00.000"
    );
    let accepted = times("2026-03-01", "2026-03-02", "", "未结").unwrap();
    assert_eq!(accepted.progress, Progress::Accepted);
    let only = times("", "2026-03-02", "", "").unwrap();
    assert_eq!(only.history.unwrap().reported, history.accepted.unwrap());
    for (reported, accepted, closed, status, column) in [
        ("2026-03-02", "2026-03-01", "", "", Field::AcceptedAt),
        ("2026-03-02", "", "2026-03-01", "", Field::ClosedAt),
        (
            "2026-03-01",
            "2026-03-03",
            "2026-03-02",
            "已结",
            Field::ClosedAt,
        ),
        ("2026-03-01", "", "2026-03-02", "受理", Field::Status),
    ] {
        let faults = times(reported, accepted, closed, status).unwrap_err();
        assert_eq!(faults[0].column, column, "{faults:?}");
    }
}
