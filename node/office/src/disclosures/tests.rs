//! Disclosures over a real store: what is durable, what the log says, and what is told of duties.

use std::sync::Arc;

use domain::{
    actor::Actor,
    disclosure::{BadDisclosure, Content, DisclosureId, DutyState, Stage},
    people::AccountId,
    template::TemplateKind,
};
use log::{Entry, EntryKind, bundle};
use store::MemoryDisk;

mod compliance;
mod holes;
mod pleas;

use crate::{Failed, MatterRefusal, NewDisclosure, NewReport, NewTemplate, Office, fixture};

const VILLAGE: &str = "330825002222";
const DAY: i64 = 86_400_000;
const FORM: &str = r#"format = 1
[[item]]
name = "村集体收支"
class = "finance"
period = "month"
due = "10d"
objection = "5d"
fields = [{ name = "收入", kind = "money" }, { name = "支出", kind = "money" }]
columns = [{ name = "事由" }, { name = "金额", kind = "money" }]
sums = [{ total = "支出", column = "金额" }]
[[item]]
name = "重大事项"
period = "event"
due = "5d"
fields = ["内容"]
"#;

fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

async fn open(disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, seed: u64) -> Office {
    fixture::office(VILLAGE, disk, Arc::clone(clock) as _, seed).await
}

async fn publish(office: &Office, content: &str) {
    let template = NewTemplate {
        kind: TemplateKind::Disclosure,
        name: "affairs".to_owned(),
        title: "村务公开".to_owned(),
        content: content.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    office
        .templates()
        .publish(template, Actor::OsUser(1))
        .await
        .unwrap();
}

fn new(item: &str, day: &str) -> NewDisclosure {
    NewDisclosure {
        item: item.to_owned(),
        day: day.parse().unwrap(),
        title: String::new(),
        like: None,
    }
}

fn typed(paid: &str) -> Content {
    Content {
        fields: vec!["500".into(), paid.into()],
        rows: vec![vec!["路灯电费".into(), "120".into()]],
        note: "".into(),
    }
}

/// Writes a disclosure of a month and lets it go through all hands.
async fn disclose(office: &Office, day: &str) -> DisclosureId {
    let all = office.disclosures();
    let id = all
        .begin_one(new("村集体收支", day), who(1))
        .await
        .unwrap()
        .id;
    all.write(id, None, (typed("120"), None), who(1))
        .await
        .unwrap();
    pass(office, id).await;
    id
}

async fn pass(office: &Office, id: DisclosureId) {
    let all = office.disclosures();
    all.submit(id, None, who(1)).await.unwrap();
    all.agree(id, (None, String::new()), who(2)).await.unwrap();
    all.review(id, (None, String::new()), who(3)).await.unwrap();
    all.publish(id, None, who(2)).await.unwrap();
}

async fn states(office: &Office) -> Vec<(String, DutyState)> {
    let told = office.disclosures().duties(|_, duties| {
        let state = |duty: &domain::disclosure::Duty<'_>| (duty.span.from.to_string(), duty.state);
        duties.iter().map(state).collect()
    });
    told.await.unwrap()
}

#[tokio::test]
async fn an_edition_is_durable_with_its_leaf_and_the_leaf_commits_to_its_bytes() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let id = disclose(&office, "2026-05-10").await;
    drop(office);
    let office = open(&disk, &clock, 2).await;
    let seen = office.disclosures().seen(id).await.unwrap();
    let edition = &seen.editions[0];
    let document = api::DisclosureDocument::read(&edition.edition.document).unwrap();
    assert_eq!(
        (document.edition, document.fields[1].value.as_str()),
        (1, "120.00")
    );
    assert_eq!(document.written(), &*edition.edition.document);
    let log = edition.log.unwrap();
    assert!(log.holds && log.index < log.size);
    // Whoever has the text and the opening computes the entry without this node.
    let heads = office.log().heads().await.unwrap();
    let head = heads.iter().find(|head| head.epoch == log.epoch).unwrap();
    let tile = log::Tile::all(head.size)
        .find(|tile| tile.level == log::TileLevel::Entries)
        .unwrap();
    let bytes = office.log().tile(log.epoch, tile).await.unwrap();
    let entries = bundle::entries(&bytes, 256).unwrap();
    let expected = Entry::Disclosure {
        number: id.0,
        edition: 1,
        state: log::Disclosed::Published,
        commitment: log::Commitment::to_document(
            &[7; 16],
            &log.salt,
            edition.edition.document.as_bytes(),
        ),
    };
    assert_eq!(Entry::decode(entries[log.index as usize]), Ok(expected));
    assert_eq!(
        office
            .disclosures()
            .published(None, None)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_correction_is_a_second_edition_and_a_lawful_ground_empties_both_but_not_the_log() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let id = disclose(&office, "2026-05-10").await;
    let all = office.disclosures();
    let one = all
        .correct(id, (None, "电费记错".to_owned()), who(1))
        .await
        .unwrap();
    assert_eq!(
        one.work.as_ref().unwrap().content.rows.len(),
        1,
        "with what the first says"
    );
    pass(&office, id).await;
    let seen = all.seen(id).await.unwrap();
    assert_eq!(seen.editions.len(), 2);
    assert!(
        seen.editions
            .iter()
            .all(|one| one.log.is_some_and(|log| log.holds))
    );
    let size = seen.editions[0].log.unwrap().size;

    let ground = "《个人信息保护法》第四十七条".to_owned();
    all.withdraw(id, (None, ground.clone()), who(2))
        .await
        .unwrap();
    let seen = all.seen(id).await.unwrap();
    assert_eq!(seen.disclosure.withdrawn.as_deref(), Some(ground.as_str()));
    assert!(
        seen.editions
            .iter()
            .all(|one| one.edition.document.is_empty() && one.log.is_none())
    );
    let heads = office.log().heads().await.unwrap();
    assert_eq!(heads[0].size, size + 1, "the log only grows");
    let log = office.log();
    let tiles = log::Tile::all(heads[0].size).filter(|tile| tile.level == log::TileLevel::Entries);
    for tile in tiles {
        let bytes = log.tile(heads[0].epoch, tile).await.unwrap();
        let entries = bundle::entries(&bytes, 256).unwrap();
        let last = Entry::decode(entries.last().unwrap()).unwrap();
        assert_eq!(last.kind(), EntryKind::Disclosure);
    }
}

#[tokio::test]
async fn what_is_due_counts_from_when_it_was_demanded_also_after_a_new_version() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    assert_eq!(states(&office).await, []);
    publish(&office, FORM).await;
    let may = ("2026-05-01".to_owned(), DutyState::Running);
    assert_eq!(states(&office).await, std::slice::from_ref(&may));
    clock.put_forward(38 * DAY);
    publish(&office, &FORM.replace("10d", "9d")).await;
    let told = states(&office).await;
    assert_eq!(told[1], ("2026-06-01".to_owned(), DutyState::Due));
    assert_eq!(told[2], (may.0.clone(), DutyState::Overdue));
    disclose(&office, "2026-05-10").await;
    assert_eq!(states(&office).await[2], (may.0, DutyState::Late));
    // An item that is demanded no more has no duties.
    publish(
        &office,
        &FORM[FORM.find("[[item]]\nname = \"重大事项\"").unwrap()..].replacen(
            "",
            "format = 1\n",
            1,
        ),
    )
    .await;
    assert_eq!(states(&office).await, []);
}

#[tokio::test]
async fn one_period_is_begun_once_and_what_is_not_demanded_never() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let all = office.disclosures();
    let refused = |failed| match failed {
        Err(Failed::Refused(bad)) => bad,
        other => panic!("{other:?}"),
    };
    let none = all.begin_one(new("村规民约", "2026-05-10"), who(1)).await;
    assert_eq!(refused(none), BadDisclosure::NoItem("村规民约".into()));
    let id = all
        .begin_one(new("村集体收支", "2026-05-10"), who(1))
        .await
        .unwrap()
        .id;
    let again = all.begin_one(new("村集体收支", "2026-05-03"), who(2)).await;
    assert_eq!(refused(again), BadDisclosure::Begun(id));
    let stale = all.write(id, Some(7), (typed("120"), None), who(1)).await;
    assert_eq!(refused(stale), BadDisclosure::Changed(1));
    assert!(all.seen(id).await.is_err(), "nobody else sees a draft");
    all.give_up(id, None, who(1)).await.unwrap();
    assert_eq!(all.lines().await.unwrap(), []);
    // What was published before can be copied into the next form.
    let may = disclose(&office, "2026-05-10").await;
    clock.put_forward(20 * DAY);
    let like = NewDisclosure {
        like: Some(may),
        ..new("村集体收支", "2026-06-01")
    };
    let june = all.begin_one(like, who(1)).await.unwrap();
    assert_eq!(june.stage(), Some(Stage::Draft));
    let (.., doubts) = all.work(june.id).await.unwrap();
    use domain::disclosure::Doubt::{Copied, Early};
    assert_eq!(doubts, [Early, Copied]);
}

#[tokio::test]
async fn an_objection_is_a_matter_while_there_is_time_and_is_counted_once() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let id = disclose(&office, "2026-05-10").await;
    let objection = || NewReport {
        objects_to: Some(id),
        ..NewReport::new("service/disclosure".parse().unwrap(), "电费不对".to_owned())
    };
    let matter = office
        .matters()
        .report(objection(), Actor::OsUser(7))
        .await
        .unwrap();
    let seen = office.disclosures().seen(id).await.unwrap();
    assert_eq!(
        seen.objections
            .iter()
            .map(|(id, _)| *id)
            .collect::<Vec<_>>(),
        [matter]
    );
    assert!(seen.objections_until.is_some());
    let due = office.matters().matter(matter).await.unwrap().clocks;
    assert!(!due.is_empty(), "it has clocks like any other matter");
    clock.put_forward(10 * DAY);
    let late = office.matters().report(objection(), Actor::OsUser(7)).await;
    let is_late = |bad: &MatterRefusal| {
        matches!(
            bad,
            MatterRefusal::Disclosure(BadDisclosure::NoObjection(_))
        )
    };
    assert!(matches!(late, Err(Failed::Refused(bad)) if is_late(&bad)));
    assert_eq!(
        office
            .disclosures()
            .seen(id)
            .await
            .unwrap()
            .objections
            .len(),
        1,
        "nothing changed"
    );
}
