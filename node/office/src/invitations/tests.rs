use std::{net::Ipv4Addr, sync::Arc};

use domain::{audit::AuditFilter, invitation::StateName};
use store::MemoryDisk;

use super::*;
use crate::{
    Office,
    fixture::{self, START, Stopped},
};

const COUNTY: &str = "330825";
const TOWNSHIP: &str = "330825002";

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn operator() -> Actor {
    Actor::OsUser(1000)
}

async fn county() -> (Office, Arc<Stopped>) {
    let clock = Arc::new(Stopped::default());
    let office = fixture::office(COUNTY, &MemoryDisk::default(), Arc::clone(&clock) as _, 0).await;
    (office, clock)
}

fn new(key: u8) -> NewInvitation {
    NewInvitation {
        division: code(TOWNSHIP),
        key: [key; 32],
        hours: Some(24),
        confirm: false,
        replaces: false,
        addresses: vec!["10.8.25.1:7450".to_owned()],
        latest: None,
    }
}

fn ask(invitation: u8, key: u8) -> JoinAsk {
    JoinAsk {
        network: domain::ids::NetworkId([7; 16]),
        division: code(TOWNSHIP),
        parent: code(COUNTY),
        invitation: [invitation; 32],
        key: KeyId([key; 16]),
        request: [key; 32],
        from: Ipv4Addr::LOCALHOST.into(),
        signed: true,
        keys: Ok(()),
        protocol: 1,
    }
}

fn granted(key: u8) -> Granted {
    Granted {
        stated: Stated {
            division: code(TOWNSHIP),
            key: KeyId([key; 16]),
            serial: 1,
            endorsed: false,
            bytes: Bytes::from(vec![key; 100]),
            refused: None,
            from: None,
            heard: Timestamp(START),
        },
        grant: Bytes::from(vec![key; 10]),
        alarm: None,
    }
}

/// Binds or lets wait as the state says, as the rule would.
fn by_state(ask: &JoinAsk, invitation: Option<&Invitation>) -> Result<JoinVerdict, JoinRefusal> {
    let invitation = invitation.ok_or(JoinRefusal::Unknown(ask.division))?;
    match &invitation.state {
        State::Open if invitation.confirm => Ok(JoinVerdict::Wait),
        State::Open | State::Admitted(_) => Ok(JoinVerdict::Bind),
        State::Waiting(_) => Ok(JoinVerdict::Wait),
        State::Bound(by) if by.key == ask.key => Ok(JoinVerdict::Repeat),
        State::Bound(by) => Err(JoinRefusal::Taken {
            division: ask.division,
            by: by.clone(),
            minutes: 0,
        }),
        State::Withdrawn(at) => Err(JoinRefusal::Withdrawn(ask.division, *at)),
    }
}

async fn bind(office: &Office, ask: &JoinAsk) -> Result<(), Failed<JoinRefusal>> {
    let key = ask.key.0[0];
    let judge = |invitation: Option<&Invitation>| by_state(ask, invitation);
    office.invitations().bind(ask, judge, granted(key)).await
}

fn refusal<T, R>(result: Result<T, Failed<R>>) -> R {
    match result {
        Err(Failed::Refused(refusal)) => refusal,
        Err(Failed::Aborted(error)) => panic!("{error}"),
        Ok(_) => panic!("it was done"),
    }
}

#[tokio::test]
async fn an_invitation_is_bound_with_its_statement_leaf_grant_and_audit_entry_in_one_unit() {
    let (office, _) = county().await;
    let made = office
        .invitations()
        .invite(new(1), operator())
        .await
        .unwrap();
    assert_eq!(made.expires_at.0 - made.made_at.0, 24 * 3_600_000);
    let before = office.log().heads().await.unwrap();
    bind(&office, &ask(1, 5)).await.unwrap();
    let division = code(TOWNSHIP);
    let kept = office
        .invitations()
        .find(division, [1; 32])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.state_at(office.now()), StateName::Used);
    let grant = office.invitations().grant(division, [1; 32]).await.unwrap();
    assert_eq!(grant.unwrap(), granted(5).grant);
    let stated = office.keys().statements_about(division).await.unwrap();
    assert_eq!(stated, [granted(5).stated]);
    let after = office.log().heads().await.unwrap();
    assert_ne!(before, after, "the leaf of the statement");
    let filter = AuditFilter::default();
    let trail = office.people().find_audit(&filter, 0, 10).await.unwrap();
    let details: Vec<_> = trail
        .entries
        .iter()
        .filter_map(|entry| entry.detail.as_deref())
        .collect();
    assert!(
        details
            .iter()
            .any(|detail| detail.starts_with("invited 330825002000"))
    );
    assert!(
        details
            .iter()
            .any(|detail| detail.contains("joined as 330825002000"))
    );
}

#[tokio::test]
async fn of_two_machines_one_is_bound_and_nothing_of_the_other_is_written() {
    let (office, _) = county().await;
    office
        .invitations()
        .invite(new(1), operator())
        .await
        .unwrap();
    let (first, second) = (ask(1, 5), ask(1, 6));
    let (one, other) = tokio::join!(bind(&office, &first), bind(&office, &second));
    assert!(one.is_ok() != other.is_ok());
    let won = if one.is_ok() { 5 } else { 6 };
    let lost = refusal(if one.is_ok() { other } else { one });
    assert!(matches!(lost, JoinRefusal::Taken { by, .. } if by.key == KeyId([won; 16])));
    let stated = office
        .keys()
        .statements_about(code(TOWNSHIP))
        .await
        .unwrap();
    assert_eq!(stated, [granted(won).stated]);
}

#[tokio::test]
async fn a_new_invitation_withdraws_the_open_one_and_long_over_ones_are_forgotten() {
    let (office, clock) = county().await;
    let division = code(TOWNSHIP);
    office
        .invitations()
        .invite(new(1), operator())
        .await
        .unwrap();
    office
        .invitations()
        .invite(new(2), operator())
        .await
        .unwrap();
    let first = office
        .invitations()
        .find(division, [1; 32])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.state_at(office.now()), StateName::Withdrawn);
    let refused = refusal(bind(&office, &ask(1, 5)).await);
    assert!(matches!(refused, JoinRefusal::Withdrawn(..)));
    clock.put_forward(49 * 3_600_000);
    let third = NewInvitation {
        addresses: vec![],
        ..new(3)
    };
    let third = office
        .invitations()
        .invite(third, operator())
        .await
        .unwrap();
    assert_eq!(third.addresses, ["10.8.25.1:7450"], "as in the last one");
    assert_eq!(office.invitations().all().await.unwrap(), [third]);
}

#[tokio::test]
async fn an_open_invitation_is_withdrawn_once_and_a_used_one_is_not() {
    let (office, _) = county().await;
    let division = code(TOWNSHIP);
    let withdraw = || office.invitations().withdraw(division, operator());
    assert_eq!(refusal(withdraw().await), InviteRefusal::NoneOpen(division));
    office
        .invitations()
        .invite(new(1), operator())
        .await
        .unwrap();
    withdraw().await.unwrap();
    assert_eq!(refusal(withdraw().await), InviteRefusal::NoneOpen(division));
    office
        .invitations()
        .invite(new(2), operator())
        .await
        .unwrap();
    bind(&office, &ask(2, 5)).await.unwrap();
    assert_eq!(refusal(withdraw().await), InviteRefusal::NoneOpen(division));
}

#[tokio::test]
async fn a_machine_that_waits_is_admitted_by_its_number_alone() {
    let (office, _) = county().await;
    let division = code(TOWNSHIP);
    let confirmed = NewInvitation {
        confirm: true,
        ..new(1)
    };
    let admit = |key: u8| {
        let is_number = move |of: KeyId| of == KeyId([key; 16]);
        office.invitations().admit(division, is_number, operator())
    };
    office
        .invitations()
        .invite(confirmed, operator())
        .await
        .unwrap();
    assert_eq!(
        refusal(admit(5).await),
        InviteRefusal::NobodyWaits(division)
    );
    let asks = ask(1, 5);
    let judge = |invitation: Option<&Invitation>| by_state(&asks, invitation);
    office.invitations().let_wait(&asks, judge).await.unwrap();
    office.invitations().let_wait(&asks, judge).await.unwrap();
    assert_eq!(
        refusal(admit(6).await),
        InviteRefusal::OtherNumber(division)
    );
    let admitted = admit(5).await.unwrap();
    assert_eq!(admitted.state_at(office.now()), StateName::Admitted);
    bind(&office, &asks).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_invited_is_refused_with_what_to_do() {
    let (office, _) = county().await;
    let division = code(TOWNSHIP);
    let key = KeyId([3; 16]);
    let cases = [
        (
            NewInvitation {
                division: code("330825002222"),
                ..new(1)
            },
            InviteRefusal::NotAChild(code("330825002222")),
        ),
        (
            NewInvitation {
                latest: Some((1, key)),
                ..new(1)
            },
            InviteRefusal::Enrolled(division, key),
        ),
        (
            NewInvitation {
                replaces: true,
                ..new(1)
            },
            InviteRefusal::NeverEnrolled(division),
        ),
        (
            NewInvitation {
                replaces: true,
                latest: Some((64, key)),
                ..new(1)
            },
            InviteRefusal::NoMoreKeys(division),
        ),
        (
            NewInvitation {
                hours: Some(0),
                ..new(1)
            },
            InviteRefusal::Validity(BadValidity(0)),
        ),
        (
            NewInvitation {
                addresses: vec![],
                ..new(1)
            },
            InviteRefusal::Addresses(BadAddresses::None),
        ),
    ];
    for (new, expected) in cases {
        let refused = refusal(office.invitations().invite(new, operator()).await);
        assert_eq!(refused, expected);
        assert!(refused.to_string().contains("; "), "{refused}");
    }
    assert_eq!(office.invitations().all().await.unwrap(), []);
    let next = NewInvitation {
        replaces: true,
        latest: Some((1, key)),
        ..new(1)
    };
    assert_eq!(
        office
            .invitations()
            .invite(next, operator())
            .await
            .unwrap()
            .serial,
        2
    );
}
