use topology::Tree;

use super::*;
use crate::custody::Terms;

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
    let (policy, tree) = (Policy::of([]), Tree::zhejiang());
    let seat = Seat {
        me: "330825002222".parse().unwrap(),
        now: NOW,
        tree: &tree,
        terms: Terms::default(),
        policy: &policy,
    };
    read(&cells(more), seat)
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
        row.reported_at.unwrap().to_string(),
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
        (Field::Text, &*long_text, "bytes"),
        (Field::Text, "#REF!", "formula"),
        (Field::Text, "a\u{1b}[2J", "control"),
        (Field::ReportedAt, "昨天", "no time"),
        (Field::ReportedAt, "2026-02-30", "no time"),
        (Field::ReportedAt, "2026-06-01 08:01", "future"),
        (Field::ReportedAt, "1926-03-01", "before 1990"),
        (Field::Name, &*long_name, "more than 100"),
        (Field::Phone, "王小明", "no telephone number"),
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
        (Field::Phone, "x"),
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
    ] {
        let at = fields::moment(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(at.to_string(), "2026-03-01 08:15:00.000", "{text}");
    }
    for text in ["2026-03-01", "2026/3/1", "2026年3月1日", "20260301"] {
        let at = fields::moment(text).unwrap_or_else(|| panic!("{text}"));
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
