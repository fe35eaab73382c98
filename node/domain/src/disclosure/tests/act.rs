//! The acts that make a disclosure, and their order.

use super::*;

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
