//! What is typed into a form: read, kept, and its faults and doubts.

use proptest::prelude::*;

use super::{super::content::read_number, *};
use crate::personal::{self, Personal};

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

proptest! {
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
