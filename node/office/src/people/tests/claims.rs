//! Tests of who may close a matter, and to whom it may be dispatched.

use domain::{
    category::Platform,
    matter::{Outcome, Satisfaction, Target},
    people::Account,
    request::{RequestKind, Voice},
};

use super::*;
use crate::{Failed, MatterRefusal, tables};

/// Builds an account directly in the store.
async fn account(place: &Place, login: &str, role: Role, department: Option<&str>) -> AccountId {
    let office = &place.office;
    let account = Account {
        id: AccountId::new(1, login.len() as u32),
        login: login.parse().unwrap(),
        name: "赵六".to_owned(),
        division: office.me(),
        roles: [role].into(),
        department: department.map(|code| code.parse().unwrap()),
        grid: None,
        phone: None,
        disabled: false,
        credentials_version: 0,
        opened_at: office.now(),
    };
    let mut view = office.tables();
    view.put::<tables::Accounts>(&account.id, &account);
    view.submit().await.unwrap().durable().await.unwrap();
    account.id
}

async fn act(
    place: &Place,
    id: MatterId,
    act: Act,
    by: &Actor,
) -> Result<(), Failed<MatterRefusal>> {
    let note = Some("查看现场".to_owned());
    let work = place
        .office
        .matters()
        .work(id, Work::Do(act), note, by.clone(), None);
    work.await
}

#[tokio::test]
async fn whoever_reported_a_matter_closes_it_only_after_something_was_done() {
    let place = place(VILLAGE, &MemoryDisk::new()).await;
    let id = report(&place.office, OWNER.into()).await.unwrap();
    let close = Act::Close(Outcome::Solved);
    let refused = act(&place, id, close, &OWNER).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Failed::Refused(MatterRefusal::Rules(Refusal::OwnReport))
        ),
        "{refused}"
    );
    let silent = place
        .office
        .matters()
        .close(id, Outcome::Solved, None, Actor::OsUser(7));
    let refused = silent.await.unwrap_err();
    assert!(
        matches!(
            refused,
            Failed::Refused(MatterRefusal::Rules(Refusal::NoNote))
        ),
        "{refused}"
    );
    act(&place, id, Act::Handle, &OWNER).await.unwrap();
    act(&place, id, close, &OWNER).await.unwrap();
}

#[tokio::test]
async fn above_the_village_another_than_the_handler_closes_whatever_the_outcome() {
    let place = township(&MemoryDisk::new()).await;
    let into = report(&place.office, OWNER.into()).await.unwrap();
    for outcome in [Outcome::Solved, Outcome::Unfounded, Outcome::Unsolvable] {
        let id = report(&place.office, OWNER.into()).await.unwrap();
        act(&place, id, Act::Handle, &OWNER).await.unwrap();
        let own = act(&place, id, Act::Close(outcome), &OWNER)
            .await
            .unwrap_err();
        assert!(
            matches!(own, Failed::Refused(MatterRefusal::Rules(Refusal::OwnWork))),
            "{own}"
        );
        let merge = place
            .office
            .matters()
            .work(id, Work::Merge(into), None, OWNER, None);
        let own = merge.await.unwrap_err();
        assert!(
            matches!(own, Failed::Refused(MatterRefusal::Rules(Refusal::OwnWork))),
            "{own}"
        );
        let asked = place
            .office
            .matters()
            .request(id, RequestKind::Merge(into), None, OWNER);
        let own = asked.await.unwrap_err();
        assert!(
            matches!(own, Failed::Refused(MatterRefusal::Rules(Refusal::OwnWork))),
            "{own}"
        );
        act(&place, id, Act::Close(outcome), &Actor::OsUser(7))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_merged_reporters_account_and_slip_open_the_matter_that_absorbed_theirs() {
    let place = place(VILLAGE, &MemoryDisk::new()).await;
    let resident = account(&place, "resident", Role::Resident, None).await;
    let new = || NewReport::new("order/fire".parse().unwrap(), "电线老化".to_owned());
    let office = &place.office;
    let mine = office
        .matters()
        .report(new(), Actor::Account(resident))
        .await
        .unwrap();
    let theirs = report(office, OWNER.into()).await.unwrap();
    let slip = office
        .people()
        .make_reporter_token(mine, OWNER)
        .await
        .unwrap();
    let tie = |id| async move {
        let account = office.people().account(resident).await.unwrap();
        let tie = office.people().tie(id, &account).await.unwrap();
        (tie.reported, tie.absorbed)
    };
    assert_eq!(tie(theirs).await, (false, false));
    assert!(office.people().who(&slip, Some(theirs)).await.is_err());
    let merge = office
        .matters()
        .work(mine, Work::Merge(theirs), None, OWNER, None);
    merge.await.unwrap();
    assert_eq!(tie(theirs).await, (true, true));
    assert_eq!(tie(mine).await, (true, false));
    let known = office.people().who(&slip, Some(theirs)).await.unwrap();
    assert_eq!(known.who, Who::Reporter(mine));
    let at = office
        .people()
        .place(&known.who, Some(theirs))
        .await
        .unwrap();
    assert!(at.reported && at.absorbed);
    act(
        &place,
        theirs,
        Act::Close(Outcome::Unfounded),
        &Actor::OsUser(7),
    )
    .await
    .unwrap();
    // A contest of the reporter's own matter applies to the one that absorbed it.
    let contest =
        office
            .matters()
            .request(mine, RequestKind::Contest, None, Actor::Account(resident));
    contest.await.unwrap();
    let matter = office
        .matters()
        .docket(theirs)
        .await
        .unwrap()
        .unwrap()
        .matter;
    let last = matter.steps.last().unwrap();
    assert!(matches!(last.act, Act::Reopen(_)), "{last:?}");
    assert_eq!(last.voice, Some(Voice::Reporter));
    let back = office
        .matters()
        .request(theirs, RequestKind::Withdraw, None, OWNER)
        .await
        .unwrap_err();
    assert!(
        matches!(
            back,
            Failed::Refused(MatterRefusal::Rules(Refusal::OthersReported))
        ),
        "{back}"
    );
}

#[tokio::test]
async fn whoever_speaks_for_a_reporter_is_named_by_the_number_of_their_account() {
    let place = place(VILLAGE, &MemoryDisk::new()).await;
    let official = account(&place, "official", Role::Official, None).await;
    let office = &place.office;
    // The person who took down the report at the window is not the reporter, whatever their
    // account.
    let by = Actor::Account(official);
    let new = NewReport::new("order/fire".parse().unwrap(), "电线老化".to_owned());
    let id = office.matters().report(new, by.clone()).await.unwrap();
    act(
        &place,
        id,
        Act::Close(Outcome::Unfounded),
        &Actor::OsUser(7),
    )
    .await
    .unwrap();
    let rate = RequestKind::Rate(Satisfaction::Satisfied);
    office.matters().request(id, rate, None, by).await.unwrap();
    office
        .matters()
        .request(id, RequestKind::Contest, None, Actor::Reporter)
        .await
        .unwrap();
    let matter = office.matters().docket(id).await.unwrap().unwrap().matter;
    let voices: Vec<_> = matter.steps.iter().filter_map(|step| step.voice).collect();
    assert_eq!(voices, [Voice::Official(official.0), Voice::Reporter]);
    let shown = office.matters().matter(id).await.unwrap().steps;
    assert_eq!(shown[2].voice, Some(Voice::Official(official.0)));
}

#[tokio::test]
async fn nobody_is_dispatched_to_who_does_not_exist() {
    let place = township(&MemoryDisk::new()).await;
    let staff = account(&place, "staff", Role::PostedStaff, Some("fishing")).await;
    let auditor = account(&place, "auditor", Role::Auditor, None).await;
    let id = report(&place.office, OWNER.into()).await.unwrap();
    let before = place
        .office
        .matters()
        .docket(id)
        .await
        .unwrap()
        .unwrap()
        .matter;
    let dispatch = |department: Option<&str>, officer: Option<u64>| {
        let target = Target {
            platform: Platform::Order,
            department: department.map(|code| code.parse().unwrap()),
            officer,
        };
        act(&place, id, Act::Dispatch(target), &OWNER)
    };
    for (department, officer, says) in [
        (None, Some(99), "no account 99"),
        (None, Some(auditor.0), "may not handle"),
        (
            Some("fire-rescue"),
            Some(staff.0),
            "not posted by that department",
        ),
        (Some("fire-brigade"), None, "no department fire-brigade"),
        (Some("fire-brigade"), Some(99), "no account 99"),
    ] {
        let refused = dispatch(department, officer).await.unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let after = place
        .office
        .matters()
        .docket(id)
        .await
        .unwrap()
        .unwrap()
        .matter;
    assert_eq!(after, before, "nothing changed");
    for (department, officer) in [
        (None, Some(staff.0)),
        (Some("fishing"), Some(staff.0)),
        (Some("fishing"), None),
        (Some("fire-rescue"), None),
        (None, None),
    ] {
        dispatch(department, officer).await.unwrap();
    }
}
