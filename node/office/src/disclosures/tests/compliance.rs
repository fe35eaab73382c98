//! What is said of the duties of a division and of those below it.

use domain::{
    authority::Neighbour,
    disclosure::{Class, ComplianceKey, ComplianceReport, Complied, Counts},
    envelope::Stamp,
    matter::Outcome,
    month::Month,
    time::Timestamp,
};

use super::*;
use crate::tables;
use records::table::Table as _;

async fn counted(office: &Office, month: &str, what: Complied) -> u64 {
    let said = office.disclosures().complying(month.parse().unwrap()).await;
    let said = said.unwrap();
    let own = said.get(&office.me).into_iter().flatten();
    own.map(|report| report.counts[what]).sum()
}

/// How many messages were made for neighbours.
async fn made(office: &Office) -> u64 {
    office.ledger().await.unwrap().issue
}

#[tokio::test]
async fn what_falls_due_is_counted_without_anybody_and_what_follows_is_told() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    assert_eq!(office.disclosures().tend().await.unwrap(), None);
    publish(&office, FORM).await;
    // What is of May falls due in June.
    assert_eq!(counted(&office, "2026-06", Complied::Demanded).await, 1);
    assert_eq!(counted(&office, "2026-06", Complied::Overdue).await, 0);
    let mut looks = vec![];
    while counted(&office, "2026-06", Complied::Overdue).await == 0 {
        let next = office.disclosures().tend().await.unwrap().unwrap();
        assert!(next > office.now(), "it is not looked at twice");
        looks.push(next);
        clock.put_forward(i64::try_from(next.since(office.now())).unwrap());
        office.attend().await.unwrap();
    }
    // When June begins, and when the ten days are over.
    assert_eq!(looks.len(), 2);
    let id = disclose(&office, "2026-05-10").await;
    for (what, count) in [
        (Complied::Demanded, 1),
        (Complied::Late, 1),
        (Complied::Overdue, 0),
        (Complied::Doubted, 0),
    ] {
        assert_eq!(counted(&office, "2026-06", what).await, count, "{what:?}");
    }
    let objection = NewReport {
        objects_to: Some(id),
        ..NewReport::new("service/disclosure".parse().unwrap(), "电费不对".to_owned())
    };
    let matter = office.matters().report(objection, who(7)).await.unwrap();
    assert_eq!(counted(&office, "2026-06", Complied::Objected).await, 1);
    assert_eq!(counted(&office, "2026-06", Complied::Answered).await, 0);
    office
        .matters()
        .close(matter, Outcome::Solved, Some("已更正".to_owned()), who(1))
        .await
        .unwrap();
    assert_eq!(counted(&office, "2026-06", Complied::Answered).await, 1);
    all_survives(office, &disk, &clock).await;
}

/// After a restart the same is known, and nothing is told again.
async fn all_survives(office: Office, disk: &MemoryDisk, clock: &Arc<fixture::Stopped>) {
    drop(office);
    let office = open(disk, clock, 2).await;
    let waits = made(&office).await;
    office.attend().await.unwrap();
    assert_eq!(counted(&office, "2026-06", Complied::Late).await, 1);
    assert_eq!(made(&office).await, waits);
}

#[tokio::test]
async fn a_store_of_before_is_counted_when_it_is_first_attended_to() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let mut unit = office.begin(Actor::OsUser(1)).await.unwrap();
    let rows = unit.view.scan(tables::Compliance::all(), 99).await.unwrap();
    for (key, _) in rows {
        unit.view.delete::<tables::Compliance>(&key);
    }
    unit.view.delete::<tables::ComplianceDue>(&());
    unit.commit().await.unwrap();
    assert_eq!(counted(&office, "2026-06", Complied::Demanded).await, 0);
    assert!(office.attend().await.unwrap().is_some());
    assert_eq!(counted(&office, "2026-06", Complied::Demanded).await, 1);
}

#[tokio::test]
async fn a_node_that_time_alone_changes_nothing_of_is_not_counted_at_every_look() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    let (_, events) = FORM.rsplit_once("[[item]]").unwrap();
    publish(&office, &format!("format = 1\n[[item]]{events}")).await;
    for _ in 0..2 {
        assert_eq!(office.disclosures().tend().await.unwrap(), None);
        let noted = office.one::<tables::ComplianceDue>(&()).await.unwrap();
        assert!(noted > Some(office.now()), "it is not looked at again");
        clock.put_forward(90 * DAY);
    }
}

#[tokio::test]
async fn a_tightened_period_owes_nothing_of_before() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    clock.put_forward(20 * DAY);
    let weekly = FORM.replace("\"month\"\ndue = \"10d\"", "\"week\"\ndue = \"2d\"");
    publish(&office, &weekly).await;
    let told = states(&office).await;
    let running: Vec<_> = told.iter().map(|(_, state)| *state).collect();
    assert_eq!(running, [DutyState::Running], "{told:?}");
}

fn report(stamp: u64, month: Month, demanded: u64) -> ComplianceReport {
    let key = ComplianceKey {
        month,
        class: Class::Finance,
    };
    ComplianceReport {
        counts: Counts::try_from(vec![(1, demanded)]).unwrap(),
        stamp: Stamp(1, stamp),
        ..ComplianceReport::empty(key)
    }
}

#[tokio::test]
async fn the_latest_word_of_a_child_counts_and_months_far_away_are_not_kept() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let township = fixture::office("330825002", &disk, clock.clone() as _, 1).await;
    let child = Neighbour::Child(VILLAGE.parse().unwrap());
    let month: Month = "2026-06".parse().unwrap();
    let hear = async |report: ComplianceReport| {
        let mut unit = township.begin(Actor::OsUser(1)).await.unwrap();
        unit.hear_compliance(child, &report).await.unwrap();
        unit.commit().await.unwrap();
        let said = township.disclosures().complying(month).await.unwrap();
        said[&child.division()][0].counts[Complied::Demanded]
    };
    assert_eq!(hear(report(2, month, 3)).await, 3);
    assert_eq!(hear(report(1, month, 9)).await, 3, "it came late");
    assert_eq!(hear(report(3, month, 4)).await, 4);
    let waits = made(&township).await;
    assert!(waits > 0, "the county is told");
    assert_eq!(hear(report(4, Month(0), 5)).await, 4);
    assert_eq!(made(&township).await, waits);
    let far = township.disclosures().complying(Month(0)).await.unwrap();
    assert!(far.is_empty());
    assert_ne!(township.now(), Timestamp(0));
}
