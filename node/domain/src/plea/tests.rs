use super::*;
use crate::{
    actor::Actor,
    calendar::{Allowance, Calendar},
    disclosure::{BadDisclosure, Content, Disclosure, Origin, Rhythm, demanded_item},
    policy::Policy,
};

const NOW: Timestamp = Timestamp(1_793_000_000_000); // 2026-10-26 in Shanghai

fn zhejiang() -> Calendar {
    Policy::default().calendar().value.clone()
}

fn residents(count: u32) -> Residents {
    Residents::said(count, "派出所 2026 年 10 月户籍", NOW).unwrap()
}

fn asked(title: &str) -> NewPlea {
    NewPlea {
        title: title.to_owned(),
        text: "三年没有公开过".to_owned(),
        about: None,
    }
}

const HOME: Supporter = Supporter::Household(HouseholdId(7));

fn plea() -> Plea {
    Plea::make((PleaId(1), [3; 16]), asked("水库承包合同"), HOME, NOW).unwrap()
}

#[test]
fn one_in_ten_is_rounded_up_and_needs_a_number_with_its_source() {
    for (count, needed) in [(1, 1), (10, 1), (11, 2), (820, 82), (821, 83)] {
        assert_eq!(residents(count).needed(), needed, "{count}");
    }
    for (count, source) in [
        (0, "统计"),
        (MOST_RESIDENTS + 1, "统计"),
        (9, " "),
        (9, &*"长".repeat(101)),
    ] {
        let said = Residents::said(count, source, NOW);
        assert_eq!(said, Err(BadPlea::Residents), "{count} {source}");
    }
    let told = Residents::said(9, "13857012345", NOW);
    assert_eq!(told, Err(BadPlea::Told(Personal::Mobile)));
    let mut one = plea();
    one.supporters = 81;
    assert!(!one.is_reached(Some(&residents(820))));
    one.support(PleaState::Open).unwrap();
    assert!(one.is_reached(Some(&residents(820))));
    assert!(!one.is_reached(None), "nobody said how many there are");
}

#[test]
fn a_supporter_is_one_for_a_plea_and_looks_like_another_in_the_next() {
    let account = Supporter::Account(AccountId(7));
    assert_eq!(HOME.mark(&[3; 16]), HOME.mark(&[3; 16]));
    assert_ne!(HOME.mark(&[3; 16]), HOME.mark(&[4; 16]));
    assert_ne!(HOME.mark(&[3; 16]), account.mark(&[3; 16]));
}

#[test]
fn what_everybody_reads_is_short_and_has_no_personal_data() {
    let make = |new| Plea::make((PleaId(1), [3; 16]), new, HOME, NOW).map(|one| one.supporters);
    assert_eq!(make(asked("水库承包合同")), Ok(1));
    assert_eq!(make(asked("\u{200b} ")), Err(BadPlea::Title));
    assert_eq!(make(asked(&"长".repeat(61))), Err(BadPlea::Title));
    let told = Err(BadPlea::Told(Personal::Mobile));
    assert_eq!(make(asked("找 13857012345")), told);
    let long = NewPlea {
        text: "长".repeat(501),
        ..asked("水库")
    };
    assert_eq!(make(long), Err(BadPlea::Text));
    let calls = NewPlea {
        text: "打 13857012345".to_owned(),
        ..asked("水库")
    };
    assert_eq!(make(calls), told);
}

fn line(one: &Disclosure, editions: u32) -> Line {
    Line {
        editions,
        ..one.line(None)
    }
}

fn begun_for(plea: &Plea, calendar: &Calendar) -> Disclosure {
    let origin = Origin {
        template: demanded_template("330825002222".parse().unwrap()),
        version: 0,
        item: demanded_item(),
        span: Rhythm::Event.around(NOW.day()),
        title: plea.title.clone(),
    };
    let by = Actor::Rule("one-in-ten".to_owned());
    Disclosure::begin(origin, Content::default(), calendar, (by, NOW)).unwrap()
}

#[test]
fn a_plea_lapses_unless_enough_support_it_and_is_owed_until_it_is_published_or_declined() {
    let mut one = plea();
    let before = Timestamp(one.until().0 - 1);
    assert_eq!(one.state(&[], before), PleaState::Open);
    assert_eq!(one.state(&[], one.until()), PleaState::Lapsed);
    assert_eq!(
        one.support(PleaState::Lapsed),
        Err(BadPlea::Over(PleaState::Lapsed))
    );
    let begun = begun_for(&one, &zhejiang());
    assert!(begun.is_demanded() && begun.line(None).is_demanded());
    one.owed = Some(Owed {
        since: NOW,
        residents: 10,
        disclosure: Some(begun.id),
    });
    assert_eq!(one.state(&[line(&begun, 0)], one.until()), PleaState::Owed);
    assert_eq!(one.state(&[line(&begun, 1)], NOW), PleaState::Published);
    assert_eq!(one.decline("", PleaState::Owed), Err(BadPlea::Ground));
    let mut published = one.clone();
    let refused = published.decline("涉密", PleaState::Published);
    assert_eq!(refused, Err(BadPlea::Over(PleaState::Published)));
    one.decline("《保守国家秘密法》第九条", PleaState::Owed)
        .unwrap();
    assert_eq!(one.state(&[line(&begun, 1)], NOW), PleaState::Declined);
    assert!(one.title.is_empty() && one.text.is_empty());
}

#[test]
fn what_villagers_demanded_is_not_given_up() {
    let mut begun = begun_for(&plea(), &zhejiang());
    let refused = begun.give_up((Actor::Account(AccountId(1)), NOW));
    assert_eq!(refused, Err(BadDisclosure::Owed));
    let due = zhejiang().add(NOW.day().start(), Allowance::Days(10));
    assert_eq!(
        begun.due, due,
        "ten days from the day on which enough supported it"
    );
}
