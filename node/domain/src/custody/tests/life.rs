//! Tests of a matter's whole life: dispute, bundle, erasure, and what each state allows.

use super::{Desk, code, plain};
use crate::{
    actor::Actor,
    category::{Platform, Visibility},
    custody::{
        Context, CustodyLimits, Decision, Docket, Handlers, Refusal, Report, Standing, act,
        arbiter, end_part, join, merge, open_part, recategorise, return_to,
    },
    envelope::Payload,
    ids::MatterId,
    matter::{
        Act, Appeal, Audience, Erasure, Ground, Outcome, Publicity, Reason, Satisfaction, Status,
        Target,
    },
    measure::Measure,
    request::RequestId,
};

pub(super) const VILLAGE: &str = "330825002222";
pub(super) const OTHER: &str = "330825002001";
pub(super) const TOWNSHIP: &str = "330825002";
pub(super) const COUNTY: &str = "330825";

pub(super) fn held(at: &str) -> Docket {
    Desk::at(at).report(plain()).unwrap().docket
}

/// Does one act after another; each must be allowed.
pub(super) fn after(desk: &Desk, docket: Docket, acts: &[Act]) -> Docket {
    acts.iter().fold(docket, |docket, done| {
        desk.act(&docket, *done).unwrap().docket
    })
}

/// Gives a matter from `giver` to `taker`, who takes it; returns the dockets of both.
pub(super) fn handed(giver: &Desk, docket: &Docket, done: Act, taker: &Desk) -> (Docket, Docket) {
    let sent = giver.transfer(docket, done).unwrap();
    let taken = taker.take(None, &sent).docket;
    (giver.settled(&sent.docket, false), taken)
}

/// Hands a matter back to a division that had it; returns the docket there.
fn handed_back(giver: &Desk, docket: &Docket, done: Act, taker: &Desk, known: &Docket) -> Docket {
    let sent = giver.transfer(docket, done).unwrap();
    taker.take(Some(known), &sent).docket
}

/// Returns another matter reported at the same division.
pub(super) fn second(at: &str) -> Docket {
    let mut docket = held(at);
    docket.matter.id.number += 1;
    docket
}

#[test]
fn the_seven_steps_of_urban_management_lead_to_an_end() {
    let desk = Desk::at(TOWNSHIP);
    let target = Target {
        platform: Platform::Enforcement,
        department: Some("chengguan".parse().unwrap()),
        officer: Some(7),
    };
    let states = [
        (Act::Accept, Status::Accepted),
        (Act::Dispatch(target), Status::Dispatched),
        (Act::Handle, Status::Handling),
        (Act::Feedback, Status::Answered),
        (Act::Verify(false), Status::Handling),
        (Act::Feedback, Status::Answered),
        (Act::Verify(true), Status::Verified),
        (Act::Close(Outcome::Solved), Status::Closed(Outcome::Solved)),
    ];
    let mut docket = held(TOWNSHIP);
    for (done, status) in states {
        docket = desk.act(&docket, done).unwrap().docket;
        assert_eq!(docket.matter.status, status, "{done:?}");
    }
    assert_eq!(docket.matter.dispatched(), Some(target));
}

#[test]
fn what_a_state_does_not_allow_is_refused_with_its_reason() {
    let desk = Desk::at(TOWNSHIP);
    let new = held(TOWNSHIP);
    let accepted = after(&desk, new.clone(), &[Act::Accept]);
    let closed = after(&desk, new.clone(), &[Act::Close(Outcome::Solved)]);
    let withdrawn = after(&desk, new.clone(), &[Act::Close(Outcome::Withdrawn)]);
    let own = Act::Close(Outcome::Merged(new.matter.id));
    let cases = [
        (&accepted, Act::Accept, Refusal::AlreadyAccepted),
        (
            &accepted,
            Act::Close(Outcome::Rejected(Reason::Unclear)),
            Refusal::PastRejecting,
        ),
        (&accepted, Act::Verify(true), Refusal::NothingToVerify),
        (&accepted, Act::Rate(Satisfaction::Fair), Refusal::NotNow),
        (&accepted, Act::Reopen(Appeal::Contest), Refusal::NotNow),
        (&accepted, own, Refusal::MergedWithItself),
        (&accepted, Act::Take, Refusal::NotWork),
        (&closed, Act::Handle, Refusal::Closed),
        (&closed, Act::Close(Outcome::Unfounded), Refusal::Closed),
        (&withdrawn, Act::Reopen(Appeal::Contest), Refusal::NotNow),
    ];
    for (docket, done, refusal) in cases {
        assert_eq!(desk.act(docket, done).map(|_| ()), Err(refusal), "{done:?}");
    }
    for done in [
        Act::Rate(Satisfaction::Fair),
        Act::Remark(Audience::Reporter),
        Act::Reply(Publicity::Private),
        Act::Reopen(Appeal::Contest),
    ] {
        assert!(desk.act(&closed, done).is_ok(), "{done:?} after the end");
    }
}

#[test]
fn a_matter_is_published_by_an_answer_for_everybody_if_its_reporter_agreed() {
    let above = Desk::at(TOWNSHIP);
    for visibility in [Visibility::Public, Visibility::Path, Visibility::Direct] {
        let direct = visibility == Visibility::Direct;
        let report = Report {
            visibility,
            about: direct.then(|| code(VILLAGE)),
            ..plain()
        };
        let new = above.report(report).unwrap().docket;
        assert!(!new.matter.published(), "{visibility:?}: nobody answered");
        let told = after(
            &above,
            new.clone(),
            &[Act::Reply(Publicity::Private), Act::Feedback],
        );
        assert!(!told.matter.published(), "{visibility:?}: told privately");
        let answered = above.act(&new, Act::Reply(Publicity::Public));
        if visibility == Visibility::Public {
            let published = answered.unwrap().docket;
            assert!(published.matter.published());
            let closed = after(&above, published, &[Act::Close(Outcome::Solved)]);
            assert!(closed.matter.published(), "and stays so");
        } else {
            assert_eq!(
                answered.map(|_| ()),
                Err(Refusal::NotPublic),
                "{visibility:?}"
            );
        }
    }
}

#[test]
fn whoever_worked_on_a_matter_does_not_verify_it_where_policy_wants_another() {
    let desk = Desk::at(TOWNSHIP);
    let terms = |verify_by_another| CustodyLimits {
        verify_by_another,
        ..CustodyLimits::default()
    };
    let verify = |hands: &Handlers, docket: &Docket, who: &Actor| {
        hands.check(&docket.matter, Act::Verify(true), who, None, terms(true))
    };
    let (one, two, three) = (
        Actor::OsUser(1),
        Actor::OsUser(2),
        Actor::Rule("r".to_owned()),
    );
    let mut hands = Handlers::default();
    let mut docket = held(TOWNSHIP);
    let work = |docket: &mut Docket, hands: &mut Handlers, done: Act, who: &Actor| {
        *docket = desk.act(docket, done).unwrap().docket;
        hands.note(&docket.matter, who)
    };
    assert!(!work(&mut docket, &mut hands, Act::Accept, &two), "no work");
    assert!(work(&mut docket, &mut hands, Act::Handle, &three));
    assert!(work(&mut docket, &mut hands, Act::Feedback, &one));
    for own in [&one, &three] {
        assert_eq!(verify(&hands, &docket, own), Err(Refusal::OwnWork));
        let into = Outcome::Merged(second(TOWNSHIP).matter.id);
        for ended in [
            Outcome::Solved,
            Outcome::Unfounded,
            Outcome::Unsolvable,
            into,
        ] {
            let close =
                |who| hands.check(&docket.matter, Act::Close(ended), who, None, terms(true));
            assert_eq!(close(own), Err(Refusal::OwnWork), "{ended:?}");
            assert_eq!(close(&two), Ok(()), "{ended:?}");
        }
        let free = hands.check(&docket.matter, Act::Verify(true), own, None, terms(false));
        assert_eq!(free, Ok(()), "policy does not want another");
        let other = hands.check(&docket.matter, Act::Handle, own, None, terms(true));
        assert_eq!(other, Ok(()), "only verifying and closing are another's");
    }
    assert_eq!(verify(&hands, &docket, &two), Ok(()));
    // The second found it not done and then worked on it: now the first verifies.
    assert!(!work(&mut docket, &mut hands, Act::Verify(false), &two));
    assert!(work(&mut docket, &mut hands, Act::Feedback, &two));
    assert_eq!(verify(&hands, &docket, &two), Err(Refusal::OwnWork));
    assert_eq!(verify(&hands, &docket, &one), Ok(()));
    for done in [
        Act::Verify(true),
        Act::Close(Outcome::Solved),
        Act::Reopen(Appeal::Contest),
    ] {
        assert!(!work(&mut docket, &mut hands, done, &one));
    }
    assert!(work(
        &mut docket,
        &mut hands,
        Act::Reply(Publicity::Private),
        &one
    ));
    assert_eq!(
        verify(&hands, &docket, &one),
        Err(Refusal::OwnWork),
        "an answer is work"
    );
    assert_eq!(
        verify(&hands, &docket, &two),
        Ok(()),
        "before it was opened anew"
    );
    let said = Refusal::OwnWork.to_string();
    assert!(
        said.contains("official") && !said.contains("resident"),
        "{said}"
    );
}

#[test]
fn own_work_stays_own_when_a_matter_went_away_and_came_back() {
    let (township, county) = (Desk::at(TOWNSHIP), Desk::at(COUNTY));
    let (one, two) = (Actor::OsUser(1), Actor::OsUser(2));
    let mut hands = Handlers::default();
    let docket = township.act(&held(TOWNSHIP), Act::Feedback).unwrap().docket;
    hands.note(&docket.matter, &one);
    let (mine, theirs) = handed(&township, &docket, Act::Escalate(code(COUNTY)), &county);
    let back = handed_back(
        &county,
        &theirs,
        Act::Return(code(TOWNSHIP)),
        &township,
        &mine,
    );
    let terms = CustodyLimits {
        verify_by_another: true,
        ..CustodyLimits::default()
    };
    let verify = |who: &Actor| hands.check(&back.matter, Act::Verify(true), who, None, terms);
    assert_eq!(verify(&one), Err(Refusal::OwnWork));
    assert_eq!(verify(&two), Ok(()));
}

#[test]
fn a_policy_may_want_a_look_before_anything_is_solved() {
    let desk = Desk::at(TOWNSHIP);
    let context = Context {
        terms: CustodyLimits {
            verify_first: true,
            ..CustodyLimits::default()
        },
        ..desk.context()
    };
    let close = |docket: &Docket, outcome| {
        let close = Act::Close(outcome);
        act(docket.clone(), close, Some([9; 32]), None, context).map(|_| ())
    };
    let new = held(TOWNSHIP);
    let seen = after(&desk, new.clone(), &[Act::Feedback, Act::Verify(true)]);
    for outcome in [Outcome::Solved, Outcome::Unfounded, Outcome::Unsolvable] {
        assert_eq!(
            close(&new, outcome),
            Err(Refusal::NotVerified),
            "{outcome:?}"
        );
        assert_eq!(close(&seen, outcome), Ok(()), "{outcome:?}");
    }
}

#[test]
fn what_is_counted_follows_what_happened() {
    let desk = Desk::at(TOWNSHIP);
    let facts = |docket: &Docket, done| desk.act(docket, done).unwrap().facts;
    let new = held(TOWNSHIP);
    let ended = |outcome| facts(&new, Act::Close(outcome));
    let solved = ended(Outcome::Solved);
    assert_eq!(&solved[..2], [Measure::CLOSED, Measure::SOLVED]);
    assert_eq!(
        ended(Outcome::Rejected(Reason::Private))[0],
        Measure::CLOSED
    );
    assert_eq!(ended(Outcome::Withdrawn), [Measure::WITHDRAWN]);
    let other = second(TOWNSHIP);
    let merged = merge(new.clone(), &other, None, desk.context()).unwrap();
    assert_eq!(merged.facts, [Measure::MERGED]);
    let circle = merge(other, &merged.docket, None, desk.context());
    assert_eq!(circle.map(|_| ()), Err(Refusal::MergedWithItself));

    let road = || "enforcement/road".parse().unwrap();
    let moved = recategorise(new.clone(), road(), None, desk.context()).unwrap();
    assert_eq!(
        moved.facts,
        [Measure::RECATEGORISED_OUT, Measure::RECATEGORISED_IN]
    );
    assert_eq!(moved.left, Some(new.matter.category));
    let again = recategorise(moved.docket, road(), None, desk.context());
    assert_eq!(again.map(|_| ()), Err(Refusal::SameCategory));
}

#[test]
fn a_disputed_assignment_is_decided_by_the_common_parent_and_stays() {
    let (county, township, village) = (Desk::at(COUNTY), Desk::at(TOWNSHIP), Desk::at(VILLAGE));
    let (at_township, at_village) = handed(
        &township,
        &held(TOWNSHIP),
        Act::Assign(code(VILLAGE)),
        &village,
    );
    // Only the division that gave it stands above both here, so it decides.
    assert_eq!(arbiter(&at_village, village.context()), Ok(code(TOWNSHIP)));
    let objects = Act::Object(code(TOWNSHIP), Ground::Competence);
    let back = handed_back(&village, &at_village, objects, &township, &at_township);
    let nobody = township.transfer(&back, Act::Arbitrate(code(COUNTY)));
    assert_eq!(nobody.map(|_| ()), Err(Refusal::NotBelow(code(COUNTY))));
    let known = village.settled(
        &village.transfer(&at_village, objects).unwrap().docket,
        false,
    );
    let decided = Act::Arbitrate(code(VILLAGE));
    let stays = handed_back(&township, &back, decided, &village, &known);
    assert_eq!(
        return_to(&stays, village.context()),
        Err(Refusal::Arbitrated(code(TOWNSHIP)))
    );
    assert_eq!(
        arbiter(&stays, village.context()),
        Err(Refusal::Arbitrated(code(TOWNSHIP)))
    );
    // It may still ask the tier above, which it does not hand back.
    assert!(
        village
            .transfer(&stays, Act::Escalate(code(TOWNSHIP)))
            .is_ok()
    );

    // A matter that came from below is decided on by the division above both.
    let (_, at_township) = handed(
        &village,
        &held(VILLAGE),
        Act::Escalate(code(TOWNSHIP)),
        &township,
    );
    assert_eq!(arbiter(&at_township, township.context()), Ok(code(COUNTY)));
    let objects = Act::Object(code(COUNTY), Ground::Power);
    let (_, at_county) = handed(&township, &at_township, objects, &county);
    assert!(
        county
            .transfer(&at_county, Act::Arbitrate(code(OTHER)))
            .is_ok()
    );
    let fresh = county.transfer(&held(COUNTY), Act::Arbitrate(code(OTHER)));
    assert_eq!(fresh.map(|_| ()), Err(Refusal::NothingToArbitrate));
}

#[test]
fn after_too_many_bounces_only_the_division_above_both_decides() {
    let (township, village) = (Desk::at(TOWNSHIP), Desk::at(VILLAGE));
    let (mut above, mut below) = handed(
        &township,
        &held(TOWNSHIP),
        Act::Assign(code(VILLAGE)),
        &village,
    );
    for _ in 0..CustodyLimits::default().bounces {
        let to = return_to(&below, village.context()).unwrap();
        let sent = village.transfer(&below, Act::Return(to)).unwrap();
        let gone = village.settled(&sent.docket, false);
        let home = township.take(Some(&above), &sent).docket;
        let sent = township
            .transfer(&home, Act::Assign(code(VILLAGE)))
            .unwrap();
        above = township.settled(&sent.docket, false);
        below = village.take(Some(&gone), &sent).docket;
    }
    let bounces = CustodyLimits::default().bounces;
    assert_eq!(below.matter.bounces(), bounces);
    assert_eq!(
        return_to(&below, village.context()),
        Err(Refusal::TooManyBounces(bounces))
    );
    assert_eq!(arbiter(&below, village.context()), Ok(code(TOWNSHIP)));
}

#[test]
fn a_bundle_ends_when_its_parts_are_done_and_stays_with_who_took_it_in() {
    let desk = Desk::at(TOWNSHIP);
    let part = |number| MatterId {
        origin: code(TOWNSHIP),
        epoch: 1,
        number,
    };
    let mut bundle = held(TOWNSHIP);
    for number in [2, 3] {
        bundle = open_part(bundle, part(number), desk.context())
            .unwrap()
            .docket;
    }
    let closing = Act::Close(Outcome::Solved);
    let closed = |bundle: &Docket| desk.act(bundle, closing).map(|_| ());
    assert_eq!(closed(&bundle), Err(Refusal::PartsOpen(2)));
    let moved = desk.transfer(&bundle, Act::Escalate(code(COUNTY)));
    assert_eq!(moved.map(|_| ()), Err(Refusal::PartsOpen(2)));

    let end =
        |bundle: &Docket, number, end| end_part(bundle.clone(), part(number), end, desk.context());
    let solved = Some(Outcome::Solved);
    bundle = end(&bundle, 2, solved).unwrap().docket;
    assert_eq!(end(&bundle, 2, solved), None, "known already");
    assert_eq!(end(&bundle, 9, solved), None, "no part of it");
    assert_eq!(closed(&bundle), Err(Refusal::PartsOpen(1)));
    let again = end(&bundle, 2, None).unwrap().docket;
    assert_eq!(closed(&again), Err(Refusal::PartsOpen(2)), "opened again");
    bundle = end(&bundle, 3, solved).unwrap().docket;
    assert_eq!(closed(&bundle), Ok(()));
    assert_eq!(
        bundle.matter.parts(),
        [(part(2), solved), (part(3), solved)]
    );

    let mut inner = plain();
    inner.part_of = Some(part(1));
    let inner = desk.report(inner).unwrap().docket;
    assert_eq!(
        open_part(inner, part(4), desk.context()).map(|_| ()),
        Err(Refusal::PartOfPart)
    );
}

/// R-D9: existing matters become parts of one of them, each with its own clocks and its own reporter.
#[test]
fn a_matter_that_was_reported_by_itself_joins_a_bundle_and_stays_a_matter_of_its_own() {
    let (desk, village) = (Desk::at(TOWNSHIP), Desk::at(VILLAGE));
    let joins = |part: &Docket, bundle: &Docket| join(part.clone(), bundle, None, desk.context());
    let refused = |part: &Docket, bundle: &Docket| joins(part, bundle).map(|_| ()).unwrap_err();
    let bundle = held(TOWNSHIP);
    let reported = held(VILLAGE);
    let up = Act::Escalate(code(TOWNSHIP));
    let (home, part) = handed(&village, &reported, up, &desk);
    let id = bundle.matter.id;
    let decision = joins(&part, &bundle).unwrap();
    let joined = &decision.docket;
    assert_eq!(joined.matter.bundle(), Some(id));
    assert_eq!(joined.matter.clocks, part.matter.clocks);
    assert_eq!(
        (joined.matter.status, joined.standing),
        (part.matter.status, part.standing)
    );
    assert!(
        joined.matter.is_same_as(&part.matter),
        "it is the same matter to everybody"
    );
    let told = decision.sends.iter().map(|sent| sent.to);
    assert_eq!(
        Vec::from_iter(told),
        [code(VILLAGE)],
        "its reporter's division"
    );

    // The bundle waits for it as for any other part.
    let whole = open_part(bundle.clone(), joined.matter.id, desk.context()).unwrap();
    let whole = whole.docket;
    let closed = desk.act(&whole, Act::Close(Outcome::Solved)).map(|_| ());
    assert_eq!(closed, Err(Refusal::PartsOpen(1)));
    // Wherever it goes, the bundle hears of its end and of what comes after.
    let down = Act::Assign(code(VILLAGE));
    let at_village = handed_back(&desk, joined, down, &village, &home);
    let ended = village
        .act(&at_village, Act::Close(Outcome::Solved))
        .unwrap();
    let heard = |decision: &Decision| decision.sends.iter().any(|sent| sent.to == code(TOWNSHIP));
    assert!(heard(&ended));
    let again = Act::Reopen(Appeal::Contest);
    assert!(heard(&village.act(&ended.docket, again).unwrap()));

    assert_eq!(refused(&bundle, &bundle), Refusal::JoinsItself);
    assert_eq!(refused(joined, &second(TOWNSHIP)), Refusal::PartAlready(id));
    assert_eq!(refused(&whole, &second(TOWNSHIP)), Refusal::BundleAlready);
    assert_eq!(refused(&second(TOWNSHIP), joined), Refusal::PartOfPart);
    let over = desk.act(&second(TOWNSHIP), Act::Close(Outcome::Unfounded));
    let over = over.unwrap().docket;
    assert_eq!(refused(&over, &bundle), Refusal::Closed);
    assert_eq!(refused(&part, &over), Refusal::Closed);
    assert!(matches!(refused(&home, &bundle), Refusal::NotHolder(_)));
}

#[test]
fn erasing_names_what_was_said_before_it_and_nothing_later() {
    let desk = Desk::at(TOWNSHIP);
    let erase = Act::Erase(Erasure::Consent);
    let remark = |docket: Docket, note: u8| {
        let remark = Act::Remark(Audience::Offices);
        let done = act(docket, remark, Some([note; 32]), None, desk.context());
        done.unwrap().docket
    };
    let docket = remark(held(TOWNSHIP), 1);
    assert_eq!(docket.matter.erased().count(), 0);
    let papers: Vec<_> = docket.matter.papers().collect();
    let erased = after(&desk, docket, &[erase]);
    let gone = [&papers[..], &[[1; 32]]].concat();
    assert!(erased.matter.erased().eq(gone.iter().copied()));
    assert!(erased.matter.is_erased());
    let again = desk.act(&erased, erase).map(|_| ());
    assert_eq!(again, Err(Refusal::ErasedAlready));
    let later = remark(erased, 2);
    assert!(later.matter.erased().eq(gone.iter().copied()));
    assert!(!later.matter.is_erased());
    let closed = after(&desk, later, &[Act::Close(Outcome::Solved), erase]);
    assert!(closed.matter.is_erased(), "also after the end");
    assert!(closed.matter.is_closed());
}

#[test]
fn everybody_who_had_it_or_asked_in_words_is_told_that_it_was_erased() {
    let (village, county) = (Desk::at(VILLAGE), Desk::at(COUNTY));
    let up = Act::Escalate(code(COUNTY));
    let (_, at_township) = handed(&village, &held(VILLAGE), up, &Desk::at(TOWNSHIP));
    let relayed = Desk::at(TOWNSHIP).settled(&at_township, false);
    assert_eq!(relayed.standing, Standing::Elsewhere);
    let mut docket = held(COUNTY);
    docket.matter.steps.push(relayed.matter.steps[1].clone());
    docket.answered.push(RequestId {
        by: code("33"),
        epoch: 1,
        number: 1,
    });
    let erased = county.act(&docket, Act::Erase(Erasure::Unlawful)).unwrap();
    let told: Vec<_> = erased.sends.iter().map(|sent| sent.to).collect();
    assert_eq!(told, [code(VILLAGE), code("33")]);
    assert!(
        erased
            .sends
            .iter()
            .all(|sent| { matches!(&sent.payload, Payload::Notice(matter) if matter.is_erased()) })
    );
    assert!(erased.facts.is_empty(), "no figure counts it");
}
