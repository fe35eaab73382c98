//! Tests of records of people that must be consistent however the process ends.

use crate::Office;
use std::sync::Arc;

use domain::{
    actor::Actor,
    audit::{Subject, Whence},
    custody::Refusal,
    ids::MatterId,
    matter::{Act, Status},
    people::{AccountId, ExternalIdentity, Permission, Role, Who},
    template::TemplateKind,
};
use store::{MemoryDisk, Range};

use super::{login::Way, *};
use crate::{
    Aborted, Clock, Failed, MatterRefusal, NewReport, NewTemplate, Work,
    fixture::{self, Stopped},
    request::{IdempotencyKey, Request, RequestContext},
};

mod claims;
mod seen;

const VILLAGE: &str = "330825002222";
const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";
const PASSWORD: &str = "东华街道的路灯今天又亮了";
const OWNER: Actor = Actor::OsUser(1000);
fn here() -> Arc<Request> {
    Arc::new(Request::new(Whence::Socket, Permission::Enter))
}

struct Place {
    office: Arc<Office>,
    clock: Arc<Stopped>,
}

/// Builds a township with cheap hashes.
async fn township(disk: &MemoryDisk) -> Place {
    place(TOWNSHIP, disk).await
}

async fn place(division: &str, disk: &MemoryDisk) -> Place {
    let clock = Arc::new(Stopped::default());
    let told = Arc::clone(&clock) as Arc<dyn Clock>;
    let mut office = fixture::office(division, disk, told, 1).await;
    office.people.policy.hashes.memory_kib = 64;
    Place {
        office: Arc::new(office),
        clock,
    }
}

impl Place {
    async fn administrator(&self) -> domain::people::Account {
        let who = Who::OsUser {
            uid: 1000,
            accounts: false,
        };
        let new = NewAccount {
            login: "sys".parse().unwrap(),
            name: "王五".to_owned(),
            roles: [Role::SystemAdministrator].into(),
            department: None,
            grid: None,
            phone: None,
            password: PASSWORD.to_owned(),
            is_first: false,
        };
        self.office
            .people()
            .open_account(&who, OWNER, new)
            .await
            .unwrap()
    }

    async fn log_in(&self, password: &str) -> Result<NewSession, Failed<PeopleRefusal>> {
        self.office
            .people()
            .log_in("sys", password.to_owned(), &here())
            .await
    }

    async fn records(&self, prefix: &[u8]) -> usize {
        let store = self.office.store();
        let found = store.scan(self.office.me(), Range::prefix(prefix), usize::MAX, false);
        found.await.unwrap().value.len()
    }
}

fn idempotency_key(key: u8) -> IdempotencyKey {
    IdempotencyKey {
        key: [key; 32],
        body: [1; 32],
    }
}

fn under(key: u8) -> RequestContext {
    let request =
        Request::new(Whence::Socket, Permission::Report).idempotent(Some(idempotency_key(key)));
    RequestContext::new(OWNER, Arc::new(request))
}

async fn report(office: &Office, by: RequestContext) -> Result<MatterId, Failed<MatterRefusal>> {
    let category = "order/fire".parse().unwrap();
    office
        .matters()
        .report(NewReport::new(category, "电线老化".to_owned()), by)
        .await
}

#[tokio::test]
async fn what_was_done_under_a_key_is_known_even_if_the_process_ended_before_it_answered() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let Begun::First(in_hand) = place
        .office
        .people()
        .begin_idempotent(idempotency_key(7))
        .await
        .unwrap()
    else {
        panic!("nothing was done under this key")
    };
    let id = report(&place.office, under(7)).await.unwrap();
    drop(in_hand);
    drop(place);
    let after = township(&disk.power_cut(3)).await;
    let Begun::Replay(done) = after
        .office
        .people()
        .begin_idempotent(idempotency_key(7))
        .await
        .unwrap()
    else {
        panic!("it was done")
    };
    assert_eq!(
        (done.subject, done.answer),
        (Some(Subject::Matter(id)), None)
    );
    let other = IdempotencyKey {
        body: [2; 32],
        ..idempotency_key(7)
    };
    let reused = after
        .office
        .people()
        .begin_idempotent(other)
        .await
        .err()
        .unwrap();
    assert!(matches!(reused, Failed::Refused(KeyReused)));
    assert_eq!(
        after.office.people().verify_audit().await.unwrap().entries,
        1
    );
}

#[tokio::test]
async fn an_act_its_key_and_its_entry_are_written_together_or_not_at_all() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    disk.pause_sync();
    let office = Arc::clone(&place.office);
    let waiting = tokio::spawn(async move { report(&office, under(7)).await });
    while place.records(b"Po").await == 0 {
        tokio::task::yield_now().await;
    }
    assert!(
        !waiting.is_finished(),
        "nobody is answered before it is durable"
    );
    let mut kept = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let after = township(&disk.power_cut(seed)).await;
        let [matters, keys, entries, heads] = [
            after.records(b"m").await,
            after.records(b"Po").await,
            after.records(b"A").await,
            after.records(b"Pt").await,
        ];
        assert!(
            matters == keys && keys == entries && entries == heads,
            "seed {seed}"
        );
        kept.insert(matters);
    }
    assert!(kept.contains(&0), "a cut before the sync loses it");
    waiting.abort();
    disk.resume_sync();
}

#[tokio::test]
async fn a_second_decision_under_a_key_that_was_used_is_not_taken() {
    let place = township(&MemoryDisk::new()).await;
    report(&place.office, under(7)).await.unwrap();
    let second = report(&place.office, under(7)).await;
    assert!(matches!(second, Err(Failed::Aborted(Aborted::InProgress))));
    assert_eq!(place.records(b"m").await, 1);
}

#[tokio::test]
async fn of_many_guesses_at_once_few_are_tried_and_the_right_one_among_them_waits_too() {
    let place = township(&MemoryDisk::new()).await;
    let sys = place.administrator().await;
    let guesses = (0..40).map(|n| {
        let office = Arc::clone(&place.office);
        async move {
            office
                .people()
                .log_in("sys", format!("guess number {n}"), &here())
                .await
                .map(|_| ())
        }
    });
    let answers = futures::future::join_all(guesses).await;
    let wrong = |answer: &&Result<(), Failed<PeopleRefusal>>| {
        matches!(answer, Err(Failed::Refused(PeopleRefusal::WrongLogin)))
    };
    assert!(answers.iter().all(Result::is_err));
    let tried = answers.iter().filter(wrong).count();
    assert!((6..=8).contains(&tried), "{tried} were tried");
    let locked = place.log_in(PASSWORD).await.map(|_| ());
    assert!(matches!(
        locked,
        Err(Failed::Refused(PeopleRefusal::Locked(_)))
    ));
    let failures: Option<Failures> = place.office.one::<tables::Guesses>(&sys.id).await.unwrap();
    assert_eq!(failures.unwrap().count as usize, tried);
}

#[tokio::test]
async fn a_hash_made_at_a_lower_cost_is_made_anew_at_the_next_login() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let sys = place.administrator().await;
    drop(place);
    let Place { office, .. } = township(&disk).await;
    let mut office = Arc::into_inner(office).unwrap();
    office.people.policy.hashes.memory_kib = 128;
    office
        .people()
        .log_in("sys", PASSWORD.to_owned(), &here())
        .await
        .unwrap();
    let stored: Option<hashing::PasswordHash> =
        office.one::<tables::Passwords>(&sys.id).await.unwrap();
    assert_eq!(stored.unwrap().cost.memory_kib, 128);
    office
        .people()
        .log_in("sys", PASSWORD.to_owned(), &here())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_ended_does_not_stay_in_the_store() {
    let place = township(&MemoryDisk::new()).await;
    place.administrator().await;
    for _ in 0..5 {
        place.log_in(PASSWORD).await.unwrap();
    }
    for key in 1..=5 {
        report(&place.office, under(key)).await.unwrap();
    }
    assert_eq!(
        (place.records(b"Ps").await, place.records(b"Po").await),
        (5, 5)
    );
    place.clock.put_forward(25 * 3_600_000);
    for key in 6..=8 {
        report(&place.office, under(key)).await.unwrap();
    }
    assert_eq!(
        (place.records(b"Ps").await, place.records(b"Po").await),
        (0, 3)
    );
    assert_eq!(place.records(b"Pd").await, 3);
}

#[tokio::test]
async fn an_official_does_not_verify_what_they_handled_even_after_a_restart() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let [one, two] = [1, 2].map(|n| Actor::Account(AccountId(n)));
    let id = report(&place.office, OWNER.into()).await.unwrap();
    let work = async |place: &Place, act: Act, by: &Actor| {
        let note = Some("已更换".to_owned());
        place
            .office
            .matters()
            .work(id, Work::Do(act), note, by.clone(), None)
            .await
    };
    work(&place, Act::Handle, &two).await.unwrap();
    work(&place, Act::Feedback, &one).await.unwrap();
    drop(place);
    let place = township(&disk.power_cut(1)).await;
    let before = place.office.matters().docket(id).await.unwrap();
    for own in [&one, &two] {
        for found in [true, false] {
            let refused = work(&place, Act::Verify(found), own).await.unwrap_err();
            assert!(
                matches!(
                    refused,
                    Failed::Refused(MatterRefusal::Rules(Refusal::OwnWork))
                ),
                "{refused}"
            );
        }
    }
    assert_eq!(
        place.office.matters().docket(id).await.unwrap(),
        before,
        "nothing changed"
    );
    let third = Actor::Account(AccountId(3));
    work(&place, Act::Verify(true), &third).await.unwrap();
    let docket = place.office.matters().docket(id).await.unwrap().unwrap();
    assert_eq!(docket.matter.status, Status::Verified);
}

/// Lets the person who reports back on a matter also verify it.
async fn verifies_own(place: &Place) -> Result<(), Failed<MatterRefusal>> {
    let id = report(&place.office, OWNER.into()).await.unwrap();
    let feedback = Work::Do(Act::Feedback);
    place
        .office
        .matters()
        .work(id, feedback, None, OWNER, None)
        .await
        .unwrap();
    let verify = Work::Do(Act::Verify(true));
    place
        .office
        .matters()
        .work(id, verify, None, OWNER, None)
        .await
}

#[tokio::test]
async fn a_clerk_alone_in_a_village_verifies_their_own_work_and_a_county_may_let_others_do_so() {
    verifies_own(&place(VILLAGE, &MemoryDisk::new()).await)
        .await
        .unwrap();
    let county = place(COUNTY, &MemoryDisk::new()).await;
    let refused = verifies_own(&county).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Failed::Refused(MatterRefusal::Rules(Refusal::OwnWork))
        ),
        "{refused}"
    );
    let policy = NewTemplate {
        kind: TemplateKind::Policy,
        name: "limits".to_owned(),
        title: "小县".to_owned(),
        content: "format = 1\n[limits]\nverify_by_another = []\n".to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    county
        .office
        .templates()
        .publish(policy, OWNER)
        .await
        .unwrap();
    verifies_own(&county).await.unwrap();
}

#[tokio::test]
async fn a_link_that_goes_while_somebody_comes_back_opens_nothing() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let account = place.administrator().await;
    let office = &place.office;
    let owner = Who::OsUser {
        uid: 1000,
        accounts: true,
    };
    let identity = ExternalIdentity::new("https://id.example", "sub", "248").unwrap();
    let linked = office
        .people()
        .link_account(&owner, OWNER, account.id, identity.clone());
    linked.await.unwrap();
    assert_eq!(
        office
            .people()
            .sign_in(&identity, &here())
            .await
            .unwrap()
            .account
            .id,
        account.id
    );
    let sessions = place.records(b"Ps").await;
    let gone = office
        .people()
        .unlink_account(&owner, OWNER, account.id)
        .await;
    gone.unwrap();
    // As if the link had been read before it was removed.
    let account = office.people().account(account.id).await.unwrap();
    let late = office
        .people()
        .begin_session(account, Way::ExternalIdentity(&identity), &here())
        .await;
    assert!(
        matches!(late, Err(Failed::Refused(PeopleRefusal::NotLinked))),
        "{late:?}"
    );
    assert_eq!(place.records(b"Ps").await, sessions);
    assert_eq!(place.records(b"Pp").await + place.records(b"Pi").await, 0);
}

#[tokio::test]
async fn a_link_that_was_answered_survives_a_power_cut() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let account = place.administrator().await;
    let owner = Who::OsUser {
        uid: 1000,
        accounts: true,
    };
    let identity = ExternalIdentity::new("https://id.example", "sub", "248").unwrap();
    let linked = place
        .office
        .people()
        .link_account(&owner, OWNER, account.id, identity.clone());
    linked.await.unwrap();
    let entries = place.records(b"A").await;
    let place = township(&disk.power_cut(5)).await;
    assert_eq!(place.records(b"A").await, entries);
    let found = place
        .office
        .people()
        .external_identity_of(account.id)
        .await
        .unwrap();
    assert_eq!(found, Some(identity.clone()));
    place
        .office
        .people()
        .sign_in(&identity, &here())
        .await
        .unwrap();
}
