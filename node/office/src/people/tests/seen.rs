//! What accounts have seen of matters.

use domain::{
    matter::{Outcome, Reason},
    time::Timestamp,
};

use super::*;

#[tokio::test]
async fn what_was_seen_of_open_matters_is_kept_over_a_restart_and_swept_with_closed_ones() {
    let disk = MemoryDisk::new();
    let place = township(&disk).await;
    let (one, two) = (AccountId(1), AccountId(2));
    let id = report(&place.office, OWNER.into()).await.unwrap();
    let other = report(&place.office, OWNER.into()).await.unwrap();
    let unknown: MatterId = "330825002222-1f3a9c04-17".parse().unwrap();
    let people = place.office.people();
    let shown = [id, other, unknown].map(|id| (id, Timestamp(7)));
    people.note_seen(one, &shown).await.unwrap();
    let all = || [id, other, unknown];
    let seen = people.seen(one, all()).await.unwrap();
    assert_eq!(Vec::from_iter(seen.keys().copied()), {
        let mut known = vec![id, other];
        known.sort();
        known
    });
    assert_eq!(people.seen(two, all()).await.unwrap().len(), 0);
    people.sweep_seen().await.unwrap();
    assert_eq!(people.seen(one, all()).await.unwrap().len(), 2);

    let reject = Act::Close(Outcome::Rejected(Reason::Unclear));
    let note = Some("事实不清".to_owned());
    let closed = place
        .office
        .matters()
        .work(id, Work::Do(reject), note, OWNER, None);
    closed.await.unwrap();
    // Units become durable in the order in which they were submitted.
    drop(place);
    let place = township(&disk).await;
    let people = place.office.people();
    assert_eq!(people.seen(one, all()).await.unwrap().len(), 2);
    people.note_seen(two, &[(id, Timestamp(9))]).await.unwrap();
    people.sweep_seen().await.unwrap();
    assert_eq!(people.seen(two, all()).await.unwrap().len(), 0);
    let seen = people.seen(one, all()).await.unwrap();
    assert_eq!(Vec::from_iter(seen), [(other, Timestamp(7))]);
}
