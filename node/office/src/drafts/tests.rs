use std::sync::Arc;

use domain::{
    actor::Actor,
    audit::Whence,
    draft::{BadDraft, Fields, LIFE_MS, MOST_OF_NETWORK, SLIP_MS},
    matter::{Channel, Erasure},
    people::Permission,
};
use store::MemoryDisk;

use crate::{
    Failed, MatterRefusal, NewReport, Office, Request, RequestContext,
    fixture::{Stopped, office},
    people::{Token, TokenKind},
};

const VILLAGE: &str = "330825002222";

fn here() -> Whence {
    Whence::Address("2001:db8::7".parse().unwrap())
}

fn visitor() -> RequestContext {
    let request = Request::new(here(), Permission::Report);
    RequestContext::new(Actor::Reporter, Arc::new(request))
}

fn lamp() -> NewReport {
    let category = "enforcement/lighting".parse().unwrap();
    NewReport {
        channel: Channel::Snapshot,
        ..NewReport::new(category, "村口的路灯不亮".to_owned())
    }
}

fn typed(text: &str) -> Fields {
    let mut fields = Fields::default();
    fields.set("text", text);
    fields
}

async fn begun(office: &Office, text: &str) -> Token {
    let key = office.drafts().new_key();
    let fields = typed(text);
    let written = office.drafts().write(&key, &fields, here());
    written.await.unwrap();
    key
}

#[tokio::test]
async fn what_was_typed_survives_a_power_cut_and_is_read_only_by_its_key() {
    let disk = MemoryDisk::new();
    let clock = Arc::new(Stopped::default());
    let place = office(VILLAGE, &disk, clock.clone(), 1).await;
    let key = begun(&place, "村口").await;
    let fields = typed("村口的灯");
    let changed = place.drafts().write(&key, &fields, here());
    changed.await.unwrap();
    let other = begun(&place, "河边").await;
    let place = office(VILLAGE, &disk.power_cut(1), clock.clone(), 100).await;
    let draft = place.drafts().read(&key).await.unwrap();
    assert_eq!(draft.fields.get("text"), "村口的灯");
    assert_eq!(draft.handed_in, None);
    let draft = place.drafts().read(&other).await.unwrap();
    assert_eq!(draft.fields.get("text"), "河边");
    let unknown = place.drafts().new_key();
    let nothing = place.drafts().read(&unknown).await;
    assert!(matches!(nothing, Err(Failed::Refused(BadDraft::Over))));
    let stored = place
        .store()
        .scan(place.me(), store::Range::all(), usize::MAX, false);
    let words = "村口".as_bytes();
    for (_, value) in stored.await.unwrap().value {
        assert!(!value.windows(words.len()).any(|part| part == words));
    }
}

#[tokio::test]
async fn however_often_a_draft_is_handed_in_it_is_one_matter_with_one_slip() {
    let disk = MemoryDisk::new();
    let clock = Arc::new(Stopped::default());
    let place = office(VILLAGE, &disk, clock.clone(), 1).await;
    let key = begun(&place, "村口").await;
    let hand_in = || place.drafts().hand_in(&key, lamp(), None, visitor());
    let (first, second) = tokio::join!(hand_in(), hand_in());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first, second);
    let slip = first.slip.unwrap();
    let opens = place
        .people()
        .is_reporter_token_of(&slip, first.matter)
        .await
        .unwrap();
    assert!(opens);
    let place = office(VILLAGE, &disk.power_cut(1), clock.clone(), 100).await;
    let again = place.drafts().hand_in(&key, lamp(), None, visitor()).await;
    assert_eq!(again.unwrap(), first);
    let search = crate::Search {
        limit: 10,
        ..crate::Search::default()
    };
    let found = place.matters().find(&search);
    assert_eq!(found.await.unwrap().lines.len(), 1);
    let changed = place.drafts().write(&key, &typed("x"), here()).await;
    assert!(matches!(
        changed,
        Err(Failed::Refused(BadDraft::HandedIn(id))) if id == first.matter
    ));
    clock.put_forward(SLIP_MS as i64 + 1);
    let late = place.drafts().read(&key).await.unwrap();
    let late = late.handed_in.unwrap();
    assert_eq!((late.matter, late.slip), (first.matter, None));
    assert_eq!(late.matter, first.matter);
}

#[tokio::test]
async fn a_report_that_is_refused_leaves_the_draft_as_it_was() {
    let disk = MemoryDisk::new();
    let place = office(VILLAGE, &disk, Arc::new(Stopped::default()), 1).await;
    let key = begun(&place, "村口").await;
    let empty = NewReport {
        text: " ".to_owned(),
        ..lamp()
    };
    let refused = place.drafts().hand_in(&key, empty, None, visitor()).await;
    assert!(matches!(
        refused,
        Err(Failed::Refused(MatterRefusal::Words(_)))
    ));
    let by_machine = NewReport {
        channel: Channel::Sensor,
        ..lamp()
    };
    let refused = place
        .drafts()
        .hand_in(&key, by_machine, None, visitor())
        .await;
    assert!(matches!(
        refused,
        Err(Failed::Refused(MatterRefusal::Words(_)))
    ));
    let draft = place.drafts().read(&key).await.unwrap();
    assert_eq!(draft.fields.get("text"), "村口");
    let done = place.drafts().hand_in(&key, lamp(), None, visitor()).await;
    assert!(done.is_ok());
}

/// R-P7.
#[tokio::test]
async fn drafts_are_forgotten_after_a_day_and_bounded_for_one_address() {
    let disk = MemoryDisk::new();
    let clock = Arc::new(Stopped::default());
    let place = office(VILLAGE, &disk, clock.clone(), 1).await;
    for _ in 0..MOST_OF_NETWORK {
        begun(&place, "x").await;
    }
    let key = place.drafts().new_key();
    let neighbour = Whence::Address("2001:db8::8".parse().unwrap());
    let refused = place.drafts().write(&key, &typed("x"), neighbour).await;
    assert!(matches!(refused, Err(Failed::Refused(BadDraft::TooMany))));
    let elsewhere = Whence::Address("2001:db8:0:1::1".parse().unwrap());
    let taken = place.drafts().write(&key, &typed("x"), elsewhere).await;
    taken.unwrap();
    assert_eq!(place.drafts().sweep().await.unwrap(), 0);
    clock.put_forward(LIFE_MS as i64 + 1);
    let over = place.drafts().read(&key).await;
    assert!(matches!(over, Err(Failed::Refused(BadDraft::Over))));
    assert_eq!(place.drafts().sweep().await.unwrap(), MOST_OF_NETWORK + 1);
    begun(&place, "x").await;
}

#[tokio::test]
async fn the_slip_of_a_report_opens_the_reporters_own_copy_until_it_is_erased() {
    let disk = MemoryDisk::new();
    let place = office(VILLAGE, &disk, Arc::new(Stopped::default()), 1).await;
    let key = begun(&place, "村口").await;
    let done = place.drafts().hand_in(&key, lamp(), None, visitor()).await;
    let done = done.unwrap();
    let docket = place.matters().docket(done.matter).await.unwrap().unwrap();
    let slip = done.slip.unwrap();
    let other = place.people().new_token(TokenKind::ReporterToken);
    let read = async |slip: &Token| {
        let own = place.people().own_words(&docket.matter, slip).await;
        own.unwrap().map(|body| body.text)
    };
    assert_eq!(read(&slip).await.as_deref(), Some("村口的路灯不亮"));
    assert_eq!(read(&other).await, None);
    let erased = place
        .matters()
        .erase(done.matter, Erasure::Consent, Actor::OsUser(1000));
    erased.await.unwrap();
    assert_eq!(read(&slip).await, None);
}
