//! Tests that the index finds the same as opening every docket.

use crate::Office;
use std::sync::Arc;

use api::{MatterFilter, MatterOrder, Urgency};
use domain::{
    actor::Actor,
    matter::{Outcome, Status},
};
use proptest::prelude::*;
use store::MemoryDisk;
use topology::Tree;

use super::*;
use crate::{
    Clock, MatterRefusal, NewReport,
    fixture::{self, START, Stopped},
};

const HOUR: i64 = 3_600_000;
const CLERK: Actor = Actor::OsUser(1000);
const OTHER: Actor = Actor::OsUser(1001);
const CATEGORIES: [&str; 3] = ["enforcement/lighting", "enforcement/road", "order/fire"];
const ORIGINS: [&str; 3] = ["330825002", "330825002222", "330825001"];

async fn township(disk: &MemoryDisk, clock: &Arc<Stopped>) -> Office {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    fixture::office("330825002", disk, clock, 1).await
}

/// An event of one of the matters.
#[derive(Clone, Debug)]
enum Event {
    Report(usize),
    Close(usize),
    Escalate(usize),
    Later(i64),
    Tick,
    /// A copy comes from elsewhere, and in the same decision it moves once more.
    Relay {
        of: usize,
        origin: usize,
        closed: bool,
    },
    /// Changed and never submitted.
    Dropped(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3usize).prop_map(Event::Report),
        2 => (0..40usize).prop_map(Event::Close),
        2 => (0..40usize).prop_map(Event::Escalate),
        2 => (1..60i64).prop_map(Event::Later),
        1 => Just(Event::Tick),
        2 => (0..40usize, 0..3usize, any::<bool>())
            .prop_map(|(of, origin, closed)| Event::Relay { of, origin, closed }),
        1 => (0..40usize).prop_map(Event::Dropped),
    ]
}

async fn some(office: &Office, at: usize) -> Option<Docket> {
    let mut dockets = office.matters().dockets(None, usize::MAX).await.unwrap();
    let at = at.checked_rem(dockets.len())?;
    Some(dockets.swap_remove(at))
}

async fn happen(office: &Office, clock: &Stopped, event: Event) {
    match event {
        Event::Report(category) => {
            let category = CATEGORIES[category].parse().unwrap();
            let new = NewReport::new(category, "路灯不亮".to_owned());
            office.matters().report(new, CLERK).await.unwrap();
        }
        Event::Close(at) => {
            if let Some(docket) = some(office, at).await {
                let id = docket.matter.id;
                let done = office
                    .matters()
                    .close(id, Outcome::Solved, Some("done".to_owned()), OTHER)
                    .await;
                assert!(
                    matches!(done, Ok(()) | Err(Failed::Refused(MatterRefusal::Rules(_)))),
                    "{done:?}"
                );
            }
        }
        Event::Escalate(at) => {
            if let Some(docket) = some(office, at).await {
                let done = office
                    .matters()
                    .escalate(docket.matter.id, None, None, CLERK, None)
                    .await;
                assert!(
                    matches!(done, Ok(()) | Err(Failed::Refused(MatterRefusal::Rules(_)))),
                    "{done:?}"
                );
            }
        }
        Event::Later(hours) => clock.put_forward(hours * HOUR),
        Event::Tick => drop(office.matters().tick().await.unwrap()),
        Event::Relay { of, origin, closed } => {
            let Some(mut docket) = some(office, of).await else {
                return;
            };
            let mut unit = office.begin(CLERK).await.unwrap();
            docket.matter.id.origin = ORIGINS[origin].parse().unwrap();
            unit.docket(docket.matter.id).await.unwrap();
            docket.standing = Standing::Holding;
            unit.put_docket(docket.clone());
            docket.standing = Standing::Elsewhere;
            docket.matter.holder = "3308".parse().unwrap();
            if closed {
                docket.matter.status = Status::Closed(Outcome::Unfounded);
            }
            unit.put_docket(docket);
            unit.commit().await.unwrap();
        }
        Event::Dropped(at) => {
            if let Some(docket) = some(office, at).await {
                let mut unit = office.begin(CLERK).await.unwrap();
                let mut docket = unit.docket(docket.matter.id).await.unwrap().unwrap();
                docket.matter.status = Status::Closed(Outcome::Withdrawn);
                unit.put_docket(docket);
            }
        }
    }
}

/// Searches of every kind.
fn searches() -> Vec<Search> {
    let mut all = vec![];
    for state in [
        MatterFilter::All,
        MatterFilter::Open,
        MatterFilter::Closed,
        MatterFilter::Held,
    ] {
        for order in [MatterOrder::Oldest, MatterOrder::Newest, MatterOrder::Due] {
            for limit in [1, 3, 100] {
                let one = Search {
                    state,
                    order,
                    limit,
                    ..Search::default()
                };
                let words = |words: &str| Search {
                    words: Some(words.to_owned()),
                    ..one.clone()
                };
                let urgency = |urgency| Search {
                    urgency: Some(urgency),
                    ..one.clone()
                };
                all.extend([
                    Search {
                        about: Some("enforcement".parse().unwrap()),
                        from: Some(Timestamp(START + 30 * HOUR).day()),
                        ..one.clone()
                    },
                    Search {
                        about: Some("order/fire".parse().unwrap()),
                        to: Some(Timestamp(START + 60 * HOUR).day()),
                        ..one.clone()
                    },
                    Search {
                        origin: Some("330825002".parse().unwrap()),
                        ..one.clone()
                    },
                    Search {
                        holder: Some("3308".parse().unwrap()),
                        ..one.clone()
                    },
                    words("3308250022"),
                    words("330825002000-00000000-1"),
                    words("路灯"),
                    words("张王"),
                    words("衢州"),
                    urgency(Urgency::DueSoon),
                    urgency(Urgency::Overdue),
                    Search {
                        charge: Some(Charged::Nobody),
                        ..one.clone()
                    },
                    one,
                ]);
            }
        }
    }
    all
}

/// Returns the matters found by opening every docket, in order.
fn expected(dockets: &[Docket], search: &Search, tree: &Tree, now: Timestamp) -> Vec<MatterId> {
    let words = search.words.as_deref().unwrap_or_default();
    let named = |code: DivisionCode| tree.get(code).is_some_and(|it| it.name.contains(words));
    let fits = |docket: &&Docket| {
        let matter = &docket.matter;
        let category = matter.category.as_str();
        let id = matter.id;
        let origin_or_above = std::iter::once(id.origin).chain(tree.ancestors(id.origin));
        (match search.state {
            MatterFilter::All => true,
            MatterFilter::Open => !matter.is_closed(),
            MatterFilter::Closed => matter.is_closed(),
            MatterFilter::Held => docket.standing == Standing::Holding,
        }) && match &search.about {
            None => true,
            Some(About::Platform(platform)) => category.starts_with(platform.code()),
            Some(About::Category(wanted)) => category == wanted.as_str(),
        } && search
            .origin
            .is_none_or(|above| tree.contains(above, id.origin))
            && search.holder.is_none_or(|holder| holder == matter.holder)
            && search
                .from
                .is_none_or(|day| day <= matter.reported_at().day())
            && search
                .to
                .is_none_or(|day| matter.reported_at().day() <= day)
            && search
                .urgency
                .is_none_or(|it| index::urgency(docket, now) == Some(it))
            && (search.charge.is_none()
                || docket.standing == Standing::Holding && matter.dispatched().is_none())
            && (!is_by_due(search) || index::first_due(docket).is_some())
            && (words.is_empty()
                || id.to_string().starts_with(words)
                || matter.category.chinese().unwrap().contains(words)
                || origin_or_above.into_iter().any(named)
                || named(matter.holder))
    };
    let mut found: Vec<_> = dockets.iter().filter(fits).collect();
    let by_number = search.origin.is_some() || words.starts_with('3');
    found.sort_by_key(|docket| {
        let moment = match is_by_due(search) {
            true => index::first_due(docket),
            false if by_number => None,
            false => Some(docket.matter.reported_at()),
        };
        (moment, docket.matter.id)
    });
    if search.order == MatterOrder::Newest {
        found.reverse();
    }
    found.iter().map(|docket| docket.matter.id).collect()
}

const fn is_by_due(search: &Search) -> bool {
    search.urgency.is_some() || search.charge.is_some() || matches!(search.order, MatterOrder::Due)
}

async fn agrees(office: &Office) {
    let dockets = office.matters().dockets(None, usize::MAX).await.unwrap();
    let count = |standing: fn(&Standing) -> bool| {
        dockets
            .iter()
            .filter(|docket| standing(&docket.standing))
            .count()
    };
    let counted = (
        count(|standing| *standing == Standing::Holding),
        count(|standing| matches!(standing, Standing::Giving { .. })),
        count(|standing| *standing == Standing::Elsewhere),
    );
    assert_eq!(office.matters().standings().await.unwrap(), counted);
    for mut search in searches() {
        let mut seen = vec![];
        loop {
            let page = office.matters().find(&search).await.unwrap();
            assert!(page.lines.len() <= search.limit);
            for line in page.lines {
                let docket = dockets.iter().find(|docket| docket.matter.id == line.id);
                assert_eq!(IndexEntry::from(docket.unwrap()), line);
                seen.push(line.id);
            }
            let Some(next) = page.next else { break };
            search.after = Some(next.to_string().parse().unwrap());
        }
        search.after = None;
        let expected = expected(&dockets, &search, office.tree(), office.now());
        assert_eq!(seen, expected, "{search:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn pages_are_what_opening_every_docket_finds_also_after_a_power_cut(
        events in prop::collection::vec(event(), 1..30), lost in prop::collection::vec(event(), 0..4), seed: u64,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let disk = MemoryDisk::new();
            let clock = Arc::new(Stopped::default());
            let office = township(&disk, &clock).await;
            for event in events {
                happen(&office, &clock, event).await;
            }
            agrees(&office).await;
            for event in lost {
                happen(&office, &clock, event).await;
            }
            // A unit is in progress that nobody waited for.
            disk.pause_sync();
            let mut unit = office.begin(CLERK).await.unwrap();
            if let Some(docket) = some(&office, 0).await {
                let mut docket = unit.docket(docket.matter.id).await.unwrap().unwrap();
                docket.matter.status = Status::Closed(Outcome::Withdrawn);
                unit.put_docket(docket);
            }
            let _ticket = unit.submit().await.unwrap();
            let survives = disk.power_cut(seed);
            disk.resume_sync();
            agrees(&township(&survives, &clock).await).await;
        });
    }
}

#[tokio::test]
async fn a_filter_that_fits_nothing_ends_its_page_and_goes_on_to_the_end() {
    let disk = MemoryDisk::new();
    let clock = Arc::new(Stopped::default());
    let office = township(&disk, &clock).await;
    let new = || NewReport::new("order/fire".parse().unwrap(), "烟".to_owned());
    for _ in 0..(MOST_LINES + 1) / 60 + 1 {
        let batch = (0..60).map(|_| (new(), None)).collect();
        office.matters().take_over(batch, CLERK).await.unwrap();
    }
    let mut search = Search {
        about: Some("service/land".parse().unwrap()),
        limit: 10,
        ..Search::default()
    };
    let first = office.matters().find(&search).await.unwrap();
    assert!(first.lines.is_empty());
    search.after = first.next;
    assert!(search.after.is_some());
    let last = office.matters().find(&search).await.unwrap();
    assert_eq!(
        last,
        Found {
            lines: vec![],
            next: None
        }
    );
}

#[tokio::test]
async fn a_page_goes_on_after_a_bare_number_and_past_what_came_in_between() {
    let disk = MemoryDisk::new();
    let clock = Arc::new(Stopped::default());
    let office = township(&disk, &clock).await;
    let mut ids = vec![];
    for _ in 0..4 {
        clock.put_forward(HOUR);
        let new = NewReport::new("order/fire".parse().unwrap(), "烟".to_owned());
        ids.push(office.matters().report(new, CLERK).await.unwrap());
    }
    let search = |after| Search {
        order: MatterOrder::Newest,
        after,
        limit: 2,
        ..Search::default()
    };
    let numbers = |found: &Found| found.lines.iter().map(|line| line.id).collect::<Vec<_>>();
    let first = office.matters().find(&search(None)).await.unwrap();
    assert_eq!(numbers(&first), [ids[3], ids[2]]);
    happen(&office, &clock, Event::Report(0)).await;
    let second = office.matters().find(&search(first.next)).await.unwrap();
    assert_eq!(numbers(&second), [ids[1], ids[0]]);
    assert_eq!(second.next, None);
    let bare = ids[2].to_string().parse().unwrap();
    let after = office.matters().find(&search(Some(bare))).await.unwrap();
    assert_eq!(numbers(&after), [ids[1], ids[0]]);
    for bad in ["", "330825002", "330825002000-00000000-1.x", "5."] {
        assert!(bad.parse::<Cursor>().is_err(), "{bad}");
    }
}
