//! Ways around the rules that were found once: each of these went through.

use super::{tests::*, *};
use crate::{actor::Actor, personal::Personal};

#[test]
fn no_wrong_place_hides_behind_many_numbers_that_are_published_for_a_reason() {
    let mut content = right();
    content.rows = (0..60)
        .map(|_| texts(&["2026-09-03", "13857012345", "1"]))
        .collect();
    content.fields[3] = "1".into();
    let mut one = begun(content.clone());
    one.write(content, Some("村务值班电话"), (who(1), NOW))
        .unwrap();
    let refused = one.submit((who(1), NOW));
    assert!(
        matches!(refused, Err(BadDisclosure::Faults(_))),
        "{refused:?}"
    );
}

#[test]
fn users_of_the_nodes_machine_are_one_person() {
    let mut one = begun(right());
    one.write(right(), None, (Actor::OsUser(0), NOW)).unwrap();
    one.submit((who(1), NOW)).unwrap();
    let by = (Actor::OsUser(1000), NOW);
    assert_eq!(one.agree("", by.clone()), Err(BadDisclosure::OwnWork));
    let mut one = begun(right());
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (Actor::OsUser(0), NOW)).unwrap();
    assert_eq!(one.review(("", false), by), Err(BadDisclosure::OwnWork));
}

#[test]
fn however_often_it_is_sent_back_it_can_be_published_and_corrected() {
    let mut one = begun(right());
    let long = "长".repeat(MOST_NOTE);
    for _ in 0..150 {
        one.submit((who(1), NOW)).unwrap();
        one.send_back(false, &long, (who(2), NOW)).unwrap();
    }
    let bytes: usize = one.steps.iter().map(|step| step.note.len()).sum();
    assert!(bytes <= 12 * 1024 && one.steps.len() <= MOST_STEPS);
    assert_eq!(one.steps.last().unwrap().act, DisclosureAct::SendBack);
    hand_on(&mut one);
    let published = one.publish((who(2), NOW)).unwrap();
    one.correct(published.content, &long, (who(1), NOW))
        .unwrap();
}

#[test]
fn what_everybody_reads_has_no_personal_data_and_nothing_that_nobody_sees() {
    let origin = |title: &str| Origin {
        template: "330825/disclosure/finance".parse().unwrap(),
        version: 1,
        item: event(),
        span: span("2026-09-01", "2026-09-01"),
        title: title.into(),
    };
    let begin = |title: &str| {
        Disclosure::begin(
            origin(title),
            Content::default(),
            &zhejiang(),
            (who(1), NOW),
        )
    };
    let mobile = Err(BadDisclosure::Told(Personal::Mobile));
    assert_eq!(begin("请联系 138\u{a0}5701 2345"), mobile);
    let turned = begin("征地\u{202e}补偿\u{200b}").unwrap();
    assert_eq!(&*turned.title, "征地补偿");
    assert_eq!(turned.id, begin("征地补偿").unwrap().id);
    assert_eq!(begin("\u{200b}"), Err(BadDisclosure::Title));

    let mut typed = right();
    typed.rows[0][1] = "电费 \u{202e}021\u{202c}".into();
    typed.note = "一\u{2066}二\n三".into();
    let mut one = begun(typed);
    let content = &one.work.as_ref().unwrap().content;
    assert_eq!(
        (&*content.rows[0][1], &*content.note),
        ("电费 021", "一二\n三")
    );
    hand_on(&mut one);
    let published = one.publish((who(2), NOW)).unwrap().content;
    let why = "请咨询 13857012345";
    let told = Err(BadDisclosure::Told(Personal::Mobile));
    assert_eq!(one.correct(published, why, (who(1), NOW)), told);
    assert_eq!(one.withdraw(why, (who(2), NOW)), told);
}

#[test]
fn hours_to_publish_begin_when_the_period_is_over() {
    let hourly =
        item("name = \"重大事项\"\nperiod = \"event\"\ndue = \"24h\"\nfields = [\"内容\"]");
    let by = due(&hourly, span("2026-09-01", "2026-09-01"), &zhejiang());
    assert_eq!(by, Timestamp(day("2026-09-03").start().0));
}

#[test]
fn nothing_typed_is_left_out_silently() {
    let mut wide = right();
    wide.rows[1].extend(texts(&["", "多出的一项"]));
    let mut one = begun(right());
    let refused = one.write(wide, None, (who(1), NOW));
    assert_eq!(refused, Err(BadDisclosure::Places(5, 3)));
    let mut blank = right();
    blank.fields.extend(texts(&["", " "]));
    one.write(blank, None, (who(1), NOW)).unwrap();
}

#[test]
fn a_content_counts_as_many_bytes_as_its_document_writes() {
    let quotes = Content {
        fields: texts(&["\"\"\"", "\\"]),
        rows: vec![texts(&["", ""])],
        note: "一\n".into(),
    };
    assert_eq!(quotes.bytes(), (6 + 3) + (2 + 3) + (3 + 3 + 3) + (5 + 3));
    let mut one = begun(right());
    let mut empty = right();
    empty.rows[0][1] = "\"".repeat(MOST_CONTENT_BYTES / 2).into();
    let refused = one.write(empty, None, (who(1), NOW));
    assert!(
        matches!(refused, Err(BadDisclosure::TooLong(_))),
        "{refused:?}"
    );
}

#[test]
fn an_item_is_named_in_one_line_and_is_not_longer_than_a_record_can_bear() {
    for name in ["收支\\n支出", " 收支", "收\\u202E支"] {
        let text = format!("name = \"{name}\"\nperiod = \"month\"\nfields = [\"内容\"]");
        assert!(fault(&text).contains("in one line"), "{name}");
    }
    let long: String = (0..40)
        .map(|at| format!("\"{}{at:02}\",", "长".repeat(58)))
        .collect();
    let text =
        format!("name = \"收支\"\nperiod = \"month\"\nfields = [{long}]\ncolumns = [{long}]");
    assert!(fault(&text).contains("more than 8192"), "{}", fault(&text));
}
