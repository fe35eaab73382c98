use crate::Office;
use std::sync::Arc;

use api::BodyView;
use domain::{
    actor::Actor,
    import::{Fault, Field},
    matter::{Outcome, Status},
    measure::Measure,
};
use store::MemoryDisk;

use super::*;
use crate::fixture;

async fn office(disk: &MemoryDisk, seed: u64) -> Office {
    let clock = Arc::new(fixture::Ticking::default());
    fixture::office("330825002222", disk, clock, seed).await
}

fn row(id: &str, more: &[(Field, &str)]) -> Cells {
    let least = [
        (Field::Id, id),
        (Field::Category, "路灯照明"),
        (Field::Text, "路灯不亮"),
    ];
    let all = least.iter().chain(more);
    all.map(|(field, text)| (*field, (*text).to_owned()))
        .collect()
}

const NOW: Manner = Manner {
    dry_run: false,
    skip_bad: false,
    as_new: false,
    datum: Datum::Wgs84,
};
const DRY: Manner = Manner {
    dry_run: true,
    ..NOW
};
const SKIP: Manner = Manner {
    skip_bad: true,
    ..NOW
};
const NEW: Manner = Manner {
    as_new: true,
    ..NOW
};

async fn import(office: &Office, rows: &[Cells], manner: Manner) -> Vec<Outcomes> {
    let source = "longyou-12345".parse().unwrap();
    let imported = office
        .matters()
        .import(&source, rows, manner, Actor::OsUser(7));
    imported.await.unwrap()
}

async fn count(office: &Office) -> usize {
    office
        .matters()
        .dockets(None, usize::MAX)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_a_second_import_finds_every_row_there() {
    let office = office(&MemoryDisk::default(), 1).await;
    let rows: Vec<_> = (0..5).map(|n| row(&format!("LY-{n}"), &[])).collect();
    assert_eq!(
        import(&office, &rows, DRY).await,
        [const { Outcomes::Ready(vec![]) }; 5]
    );
    assert_eq!(count(&office).await, 0);
    assert!(office.feed().changes(0, 9).await.unwrap().is_empty());
    let first = import(&office, &rows, Manner::default()).await;
    assert!(
        first
            .iter()
            .all(|outcome| matches!(outcome, Outcomes::Taken(..)))
    );
    assert_eq!(count(&office).await, 5);
    let second = import(&office, &rows, Manner::default()).await;
    for (first, second) in first.iter().zip(&second) {
        let (Outcomes::Taken(taken, _), Outcomes::Already(known)) = (first, second) else {
            panic!("{first:?} {second:?}")
        };
        assert_eq!(taken, known);
    }
    assert_eq!(count(&office).await, 5);
    // The same number of another system is another matter.
    let other = "qujiang-12345".parse().unwrap();
    let imported = office
        .matters()
        .import(&other, &rows[..1], Manner::default(), Actor::OsUser(7));
    assert!(matches!(imported.await.unwrap()[..], [Outcomes::Taken(..)]));
    assert_eq!(count(&office).await, 6);
}

#[tokio::test]
async fn with_a_bad_row_nothing_is_taken_in_unless_bad_ones_are_skipped() {
    let office = office(&MemoryDisk::default(), 1).await;
    let rows = [
        row("1", &[]),
        row("2", &[(Field::Category, "飞碟")]),
        row("3", &[]),
        row("1", &[]),
    ];
    let outcomes = import(&office, &rows, Manner::default()).await;
    let [
        Outcomes::Withheld,
        Outcomes::Bad(faults),
        Outcomes::Withheld,
        Outcomes::Withheld,
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}")
    };
    assert!(matches!(
        &faults[..],
        [Fault {
            column: Field::Category,
            ..
        }]
    ));
    assert_eq!(count(&office).await, 0);
    let outcomes = import(&office, &rows, SKIP).await;
    assert!(
        matches!(
            &outcomes[..],
            [Outcomes::Taken(one, _), Outcomes::Bad(_), Outcomes::Taken(..), Outcomes::Already(again)]
                if one == again
        ),
        "{outcomes:?}"
    );
    assert_eq!(count(&office).await, 2);
}

#[tokio::test]
async fn a_matter_comes_in_as_far_as_it_is_and_says_where_it_comes_from() {
    let office = office(&MemoryDisk::default(), 1).await;
    let rows = [
        row("a", &[(Field::ReportedAt, "2026-03-01 08:15")]),
        row("b", &[(Field::Status, "处理中")]),
        row("c", &[(Field::Status, "已办结"), (Field::Name, "王小明")]),
    ];
    let undated = import(&office, &rows, Manner::default()).await;
    assert!(matches!(&undated[2], Outcomes::Bad(faults) if faults[0].column == Field::ReportedAt));
    let outcomes = import(&office, &rows, NEW).await;
    let mut states = vec![];
    for outcome in &outcomes {
        let Outcomes::Taken(id, _) = outcome else {
            panic!("{outcome:?}")
        };
        let view = office.matters().matter(*id).await.unwrap();
        states.push(view.status);
        let Some(BodyView::Text(from)) = view.steps.last().and_then(|step| step.note.as_ref())
        else {
            panic!("{view:?}")
        };
        assert!(from.contains("longyou-12345"), "{from}");
        if states.len() == 1 {
            assert!(from.contains("2026-03-01 08:15"), "{from}");
        }
    }
    assert_eq!(
        states,
        [
            Status::Reported,
            Status::Handling,
            Status::Closed(Outcome::Solved)
        ]
    );
    let told = office.feed().changes(0, 9).await.unwrap();
    assert_eq!(told.len(), 3, "one commit, one change");
}

#[tokio::test]
async fn an_import_that_a_power_cut_ended_is_finished_by_repeating_it() {
    let rows: Vec<_> = (0..20).map(|n| row(&format!("LY-{n}"), &[])).collect();
    let mut left = 0;
    for cut in 2..8 {
        let disk = MemoryDisk::default();
        let node = office(&disk, 1).await;
        // Batches of four, as a file comes in parts; the disk fails under one of them.
        disk.cut_at_sync(disk.sync_count() + cut);
        let source = "longyou-12345".parse().unwrap();
        let mut answered = 0;
        for part in rows.chunks(4) {
            let imported =
                node.matters()
                    .import(&source, part, Manner::default(), Actor::OsUser(7));
            match imported.await {
                Ok(outcomes) => answered += outcomes.len(),
                Err(_) => break,
            }
        }
        let disk = disk.power_cut(cut);
        drop(node);
        let node = office(&disk, 99).await;
        let before = count(&node).await;
        assert!(before >= answered, "what was answered is there");
        left += rows.len() - before;
        let outcomes = import(&node, &rows, Manner::default()).await;
        let known = |outcome: &&Outcomes| matches!(outcome, Outcomes::Already(_));
        assert_eq!(outcomes.iter().filter(known).count(), before);
        assert_eq!(count(&node).await, rows.len(), "each once");
    }
    assert!(left > 0, "no cut ever hit");
}

#[tokio::test]
async fn a_row_whose_place_is_in_another_county_is_bad_in_the_dry_run_and_never_taken_in() {
    let office = office(&MemoryDisk::default(), 1).await;
    let at = |id, north, east| row(id, &[(Field::Latitude, north), (Field::Longitude, east)]);
    let rows = [
        at("here", "29.0285", "119.1722"),
        at("there", "30.2387", "120.1450"),
    ];
    for manner in [DRY, Manner::default(), SKIP] {
        let outcomes = import(&office, &rows, manner).await;
        let Outcomes::Bad(faults) = &outcomes[1] else {
            panic!("{outcomes:?}")
        };
        let [
            Fault {
                column,
                reason,
                hint,
                ..
            },
        ] = &faults[..]
        else {
            panic!("{faults:?}")
        };
        assert_eq!(*column, Field::Latitude);
        assert!(
            reason.contains("outside 龙游县") && hint.contains("西湖区"),
            "{faults:?}"
        );
    }
    assert_eq!(
        count(&office).await,
        1,
        "only the other row, when bad ones are skipped"
    );
}

/// Rows like those of `node/cli/tests/cases/history.csv`.
fn history() -> [Cells; 3] {
    [
        row(
            "A1",
            &[
                (Field::ReportedAt, "2025-08-01 09:00"),
                (Field::Status, "上报"),
            ],
        ),
        row(
            "A2",
            &[
                (Field::ReportedAt, "2025-08-02 09:00"),
                (Field::Status, "已办结"),
            ],
        ),
        row(
            "A3",
            &[
                (Field::Category, "消防隐患"),
                (Field::Priority, "突发"),
                (Field::ReportedAt, "2025-08-03 09:00"),
                (Field::Status, "受理"),
            ],
        ),
    ]
}

#[tokio::test]
async fn imported_facts_keep_their_own_days_and_nothing_is_escalated() {
    let office = office(&MemoryDisk::default(), 1).await;
    let outcomes = import(&office, &history(), Manner::default()).await;
    let mut seen = vec![];
    for outcome in &outcomes {
        let Outcomes::Taken(id, _) = outcome else {
            panic!("{outcome:?}")
        };
        let docket = office.matters().docket(*id).await.unwrap().unwrap();
        assert_eq!(
            docket.standing,
            domain::custody::Standing::Holding,
            "not sent up"
        );
        seen.push(docket.matter.reported_at().day().to_string());
    }
    let days = ["2025-08-01", "2025-08-02", "2025-08-03"];
    assert_eq!(seen, days);
    let cells = office
        .figures()
        .cells("2025-08-01".parse().unwrap(), "2025-08-03".parse().unwrap())
        .await
        .unwrap();
    let counted: Vec<_> = cells
        .iter()
        .map(|(key, counters)| {
            (
                key.day.to_string(),
                counters[Measure::REPORTED],
                counters[Measure::CLOSED],
            )
        })
        .collect();
    let expected = [(0, 1, 0), (1, 1, 1), (2, 1, 0)];
    let expected = expected
        .map(|(day, reported, closed): (usize, u64, u64)| (days[day].to_owned(), reported, closed));
    assert_eq!(counted, expected, "and none of them today");
    let facts = office.figures().journal().await.unwrap();
    assert!(
        facts
            .iter()
            .flat_map(|entry| &entry.facts)
            .all(|fact| fact.day < facts[0].day)
    );
    let today = facts[0].day;
    assert!(
        office
            .figures()
            .cells(today, today)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_import_as_new_counts_today_and_sends_up_what_policy_sends_up_at_once() {
    let office = office(&MemoryDisk::default(), 1).await;
    let outcomes = import(&office, &history(), NEW).await;
    let today = office.figures().journal().await.unwrap()[0].day;
    let cells = office.figures().cells(today, today).await.unwrap();
    let reported: u64 = cells
        .iter()
        .map(|(_, counters)| counters[Measure::REPORTED])
        .sum();
    let closed: u64 = cells
        .iter()
        .map(|(_, counters)| counters[Measure::CLOSED])
        .sum();
    assert_eq!((reported, closed), (3, 1));
    let Outcomes::Taken(fire, _) = outcomes[2] else {
        panic!("{outcomes:?}")
    };
    assert!(
        office
            .matters()
            .docket(fire)
            .await
            .unwrap()
            .unwrap()
            .is_giving()
    );
}

#[tokio::test]
async fn a_repeat_that_says_something_else_says_so_and_stops_the_others() {
    let office = office(&MemoryDisk::default(), 1).await;
    let first = import(&office, &[row("1", &[(Field::Status, "受理")])], NOW).await;
    let Outcomes::Taken(id, _) = first[0] else {
        panic!("{first:?}")
    };
    let went_on = import(&office, &[row("1", &[(Field::Status, "处理中")])], NOW).await;
    assert_eq!(went_on, [Outcomes::Differs(id, Difference::Progress)]);
    let other = row(
        "1",
        &[(Field::Text, "乙村桥头垃圾"), (Field::Status, "受理")],
    );
    let rows = [other, row("2", &[])];
    let told = import(&office, &rows, NOW).await;
    assert_eq!(told[0], Outcomes::Differs(id, Difference::Content));
    assert_eq!(told[1], Outcomes::Withheld);
    assert_eq!(count(&office).await, 1);
    let told = import(&office, &rows, SKIP).await;
    assert!(matches!(told[1], Outcomes::Taken(..)));
    assert_eq!(count(&office).await, 2);
}
