use crate::Office;
use domain::{
    actor::Actor,
    feed::{ChangeKind, Changed},
    ids::MatterId,
    matter::Outcome,
};
use store::MemoryDisk;

use super::*;
use crate::{NewReport, fixture};

/// Builds the office of a village; its randomness begins with `seed`.
async fn office(disk: &MemoryDisk, seed: u64) -> Office {
    let clock = Arc::new(fixture::Ticking::default());
    fixture::office("330825002222", disk, clock, seed).await
}

fn somebody() -> Actor {
    Actor::OsUser(7)
}

fn other() -> Actor {
    Actor::OsUser(8)
}

async fn report(office: &Office) -> MatterId {
    let category = "enforcement/lighting".parse().unwrap();
    let new = NewReport::new(category, "路灯不亮".to_owned());
    office.matters().report(new, somebody()).await.unwrap()
}

#[tokio::test]
async fn every_commit_that_changes_a_matter_is_told_once_and_without_gaps() {
    let office = office(&MemoryDisk::default(), 1).await;
    let first = report(&office).await;
    office.matters().accept(first, somebody()).await.unwrap();
    let second = report(&office).await;
    let close = office
        .matters()
        .close(first, Outcome::Solved, Some("done".to_owned()), other());
    close.await.unwrap();
    let told = office.feed().changes(0, 100).await.unwrap();
    let lines: Vec<_> = told
        .iter()
        .map(|change| (change.id.n, change.kind(), change.matter(), change.actor))
        .collect();
    let by = ActorKind::Operator;
    assert_eq!(
        lines,
        [
            (1, ChangeKind::MatterNew, Some(first), by),
            (2, ChangeKind::MatterChanged, Some(first), by),
            (3, ChangeKind::MatterNew, Some(second), by),
            (4, ChangeKind::MatterClosed, Some(first), by),
        ]
    );
    let docket = office.matters().docket(first).await.unwrap().unwrap();
    let Changed::Matter(last) = &told[3].what else {
        panic!("{told:?}")
    };
    assert_eq!(last.version, docket.matter.version);
    assert_eq!(office.feed().changes(3, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_one_unit_changed_is_told_from_any_place_in_it_and_forgotten_together() {
    let node = office(&MemoryDisk::default(), 1).await;
    let id = report(&node).await;
    let mut matter = node.matters().docket(id).await.unwrap().unwrap().matter;
    let mut unit = node.begin(somebody()).await.unwrap();
    let parts = u64::try_from(TOGETHER).unwrap() + 2;
    for number in 0..parts {
        matter.id.number = 1_000 + number;
        unit.news.matter(&matter, None);
    }
    assert!(unit.tell_changes().await.unwrap());
    unit.commit_bare().await.unwrap();
    let numbers = |told: Vec<Change>| told.iter().map(|it| it.id.n).collect::<Vec<_>>();
    let told = node.feed().changes(1, 1_000).await.unwrap();
    let first = told[0].id.n;
    assert_eq!(numbers(told), (first..first + parts).collect::<Vec<_>>());
    let some = node.feed().changes(first + 2, 4).await.unwrap();
    assert_eq!(numbers(some), [first + 3, first + 4, first + 5, first + 6]);
    let last = first + parts - 1;
    assert_eq!(node.feed().change(last).await.unwrap().unwrap().id.n, last);
    assert_eq!(node.feed().change(last + 1).await.unwrap(), None);

    let kept = parts - 1;
    (node.listeners.kept).store(kept, std::sync::atomic::Ordering::Relaxed);
    report(&node).await;
    let (newest, left) = node.feed().counts().await.unwrap();
    assert_eq!(newest, last + 1);
    assert_eq!(
        left,
        1 + parts,
        "the older record holds entries that are kept"
    );
    for _ in 0..kept {
        report(&node).await;
    }
    let (newest, left) = node.feed().counts().await.unwrap();
    assert_eq!(left, kept);
    let rest = numbers(node.feed().changes(0, 1_000).await.unwrap());
    assert_eq!(rest, (newest + 1 - kept..=newest).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_refused_or_only_read_is_not_told() {
    let office = office(&MemoryDisk::default(), 1).await;
    let id = report(&office).await;
    office
        .matters()
        .close(id, Outcome::Solved, Some("done".to_owned()), other())
        .await
        .unwrap();
    let twice = office
        .matters()
        .close(id, Outcome::Solved, Some("done".to_owned()), other())
        .await;
    twice.unwrap_err();
    office.matters().tick().await.unwrap();
    office.matters().matter(id).await.unwrap();
    assert_eq!(office.feed().changes(0, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_is_told_before_it_is_durable_and_what_was_told_survives_a_power_cut() {
    let disk = MemoryDisk::default();
    let node = office(&disk, 1).await;
    let mut listening = node.feed().listen("somebody").unwrap();
    report(&node).await;
    assert!(listening.rung().await);
    disk.pause_sync();
    {
        let mut waits = std::pin::pin!(report(&node));
        let mut told = std::pin::pin!(async {
            assert!(listening.rung().await);
            node.feed().changes(1, 10).await
        });
        for _ in 0..1_000 {
            assert!(futures::poll!(waits.as_mut()).is_pending());
            assert!(futures::poll!(told.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        disk.resume_sync();
        let (_, told) = tokio::join!(waits, told);
        assert_eq!(told.unwrap().len(), 1);
    }
    let before = node.feed().changes(0, 10).await.unwrap();
    let disk = disk.power_cut(1);
    drop(node);
    let node = office(&disk, 9).await;
    assert_eq!(node.feed().changes(0, 10).await.unwrap(), before);
    report(&node).await;
    assert_eq!(node.feed().changes(2, 10).await.unwrap()[0].id.n, 3);
}

#[tokio::test]
async fn who_comes_back_goes_on_where_they_stopped_or_learns_that_there_is_a_gap() {
    let node = office(&MemoryDisk::default(), 1).await;
    let begin = node.feed().begin_after(None).await.unwrap();
    assert_eq!((begin.after.n, begin.gap), (0, false));
    assert_eq!(
        node.feed().begin_after(Some(begin.after)).await.unwrap(),
        begin
    );
    node.listeners
        .kept
        .store(4, std::sync::atomic::Ordering::Relaxed);
    let mut ids = vec![begin.after];
    for _ in 0..10 {
        report(&node).await;
        ids.push(node.feed().begin_after(None).await.unwrap().after);
    }
    let kept = node.feed().changes(0, 100).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|change| change.id.n).collect();
    assert_eq!(kept, [7, 8, 9, 10], "the newest ones");
    for (saw, gap) in [(10, false), (8, false), (6, false), (5, true), (0, true)] {
        let begin = node.feed().begin_after(Some(ids[saw])).await.unwrap();
        assert_eq!(begin.gap, gap, "{saw}");
        assert_eq!(begin.after.n, if gap { 6 } else { ids[saw].n }, "{saw}");
    }
    // Ids from a lost life of the store, and from the future.
    for strange in [
        ChangeId {
            epoch: !ids[8].epoch,
            ..ids[8]
        },
        ChangeId { n: 11, ..ids[10] },
    ] {
        let begin = node.feed().begin_after(Some(strange)).await.unwrap();
        assert!(begin.gap, "{strange}");
        assert_eq!(begin.after, ids[10], "{strange}");
    }
}

#[tokio::test]
async fn the_places_of_those_who_listen_are_counted_and_given_back() {
    let node = office(&MemoryDisk::default(), 1).await;
    let mut all: Vec<_> = (0..MOST_OF_ONE)
        .map(|_| node.feed().listen("one").unwrap())
        .collect();
    let refused = node.feed().listen("one").unwrap_err();
    assert!(matches!(refused, TooManyListeners(_)));
    node.feed().listen("another").unwrap();
    all.pop();
    let mut back = node.feed().listen("one").unwrap();
    node.feed().hush();
    assert!(!back.goes_on());
    assert!(!back.rung().await);
}
