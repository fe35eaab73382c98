//! Tests of crashes, injected where a transfer is taken: the subscriber that records spans panics
//! there, or cuts the power, so that the process loses what was not synced.

use crate::Office;
use std::{
    sync::{
        Arc, LazyLock, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{
    ids::{EpochId, KeyId, MatterId, NetworkId},
    statement::{Proof, Statement},
};
use records::outbox::sender::{Sender, Window};
use store::{MemoryDisk, Store};
use tracing::{Dispatch, span, subscriber::DefaultGuard};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};

use super::*;
use crate::{NewReport, Outcome, fixture};

const VILLAGE: &str = "330825002222";
const TOWNSHIP: &str = "330825002";
const WINDOW: usize = 8;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

async fn office(division: &str, disk: &MemoryDisk) -> Office {
    let clock = Arc::new(fixture::Ticking::default());
    fixture::office(division, disk, clock, 0).await
}

/// A second subscriber. While a process has only one, a span that is reached first on a thread
/// without it (by another test) is cached as disabled for every thread.
static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(registry()));

/// The crashes to inject when a transfer of a matter is taken.
#[derive(Clone, Default)]
struct Injected {
    on: Arc<Mutex<Option<String>>>,
    /// The disk of the process that dies, and what survives.
    dying: Arc<Mutex<Option<MemoryDisk>>>,
    times: Arc<AtomicUsize>,
}

impl Injected {
    fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
        of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn on(&self, id: MatterId) {
        *Self::lock(&self.on) = Some(id.to_string());
    }

    fn off(&self) {
        *Self::lock(&self.on) = None;
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::Relaxed)
    }

    fn listen(&self) -> DefaultGuard {
        LazyLock::force(&OTHER);
        tracing::subscriber::set_default(registry().with(self.clone()))
    }
}

struct Reads<'a>(&'a str, bool);

impl tracing::field::Visit for Reads<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.1 |= field.name() == "matter" && format!("{value:?}") == self.0;
    }
}

impl<S: tracing::Subscriber> Layer<S> for Injected {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let on = Self::lock(&self.on).clone();
        let Some(matter) = on.filter(|_| attributes.metadata().name() == "custody.take") else {
            return;
        };
        let mut reads = Reads(&matter, false);
        attributes.record(&mut reads);
        if reads.1 {
            self.times.fetch_add(1, Ordering::Relaxed);
            let mut dying = Self::lock(&self.dying);
            if let Some(disk) = dying.take() {
                *dying = Some(disk.power_cut(3));
            }
            drop(dying);
            panic!("injected");
        }
    }
}

/// Returns `count` transfers of matters from the village to the township, as they arrive.
async fn transfers(count: usize) -> Vec<(MatterId, Received)> {
    let village = office(VILLAGE, &MemoryDisk::new()).await;
    for n in 0..count {
        let category = "order/fire".parse().unwrap();
        let new = NewReport::new(category, format!("matter {n}"));
        let actor = Actor::OsUser(1000);
        let taken = village
            .matters()
            .report_and_escalate(new, code(TOWNSHIP), actor)
            .await;
        taken.unwrap();
    }
    let window = Window {
        envelopes: 100,
        bytes: 1 << 20,
    };
    let store = village.store().clone();
    let mut sender = Sender::new(store, code(VILLAGE), code(TOWNSHIP), window);
    let mut arriving = vec![];
    while let Some(parcel) = sender.next().await.unwrap() {
        for (queued, kept) in parcel.entries {
            let envelope = wire::decode_envelope(&queued.bytes).unwrap();
            let Some((id, _)) = queued.give else {
                continue;
            };
            let statement = Statement {
                suite: Suite::Ed25519Blake3,
                network: NetworkId([1; 16]),
                author: envelope.author,
                key: KeyId([1; 16]),
                epoch: EpochId([1; 16]),
                leaves: 1,
                root: [0; 32],
            };
            let proof = Proof {
                statement,
                signature: Bytes::new(),
                index: 0,
                path: vec![],
            };
            let mut bodies = vec![];
            for sealed in kept {
                bodies.push(village.matters().unseal_arrived(id, sealed).await);
            }
            let received = Received {
                envelope,
                denied: None,
                bytes: queued.bytes,
                proof,
                bodies,
                trace: None,
            };
            arriving.push((id, received));
        }
    }
    assert_eq!(arriving.len(), count);
    arriving
}

async fn receive(
    office: &Office,
    some: &[(MatterId, Received)],
) -> Result<Vec<Outcome>, Failed<NotReceived>> {
    let batch: Vec<_> = some.iter().map(|(_, received)| received.clone()).collect();
    let from = Neighbour::Child(code(VILLAGE));
    let receipt = office.inbox().receive(from, &batch).await?;
    Ok(receipt.durable().await?)
}

async fn marks(disk: &MemoryDisk) -> usize {
    let store = Store::open_memory(disk).unwrap();
    let range = tables::Crashes::all().range();
    let found = store.scan(code(TOWNSHIP), range, usize::MAX, false).await;
    let count = found.unwrap().value.len();
    store.close().await.unwrap();
    count
}

async fn end(office: Office) {
    office.inbox().retire().await.unwrap();
    office.store().clone().close().await.unwrap();
}

const REFUSED: Outcome = Outcome::Refused(RefusalCode::Internal);

#[tokio::test]
async fn the_third_panic_on_one_transfer_refuses_it_and_those_around_it_are_taken() {
    let injected = Injected::default();
    let _listening = injected.listen();
    let arriving = transfers(9).await;
    let bad = arriving[4].0;
    let disk = MemoryDisk::new();
    let township = office(TOWNSHIP, &disk).await;
    injected.on(bad);
    for crash in 1..LAST_CRASH {
        let crashed = receive(&township, &arriving).await;
        assert!(
            matches!(crashed, Err(Failed::Refused(NotReceived::Crashed))),
            "{crashed:?}"
        );
        assert_eq!(injected.times(), usize::from(crash));
        assert_eq!(township.inbox().given_up(), []);
    }
    let mut expected = vec![Outcome::Accepted; 9];
    expected[4] = REFUSED;
    // The third crash refuses it; later attempts cause no crash.
    for _ in 0..2 {
        assert_eq!(receive(&township, &arriving).await.unwrap(), expected);
        assert_eq!(injected.times(), usize::from(LAST_CRASH));
    }
    let given_up = township.inbox().given_up();
    assert_eq!((given_up.len(), given_up[0].times), (1, LAST_CRASH));
    assert_eq!(given_up[0].kind, "give");
    end(township).await;
    injected.off();
    let township = office(TOWNSHIP, &disk).await;
    assert_eq!(township.inbox().given_up(), given_up);
    assert_eq!(receive(&township, &arriving).await.unwrap(), expected);
    for (id, _) in &arriving {
        assert_eq!(
            township.matters().docket(*id).await.unwrap().is_some(),
            *id != bad
        );
    }
    end(township).await;
}

#[tokio::test]
async fn what_crashed_twice_and_then_not_is_taken_and_leaves_no_mark() {
    let injected = Injected::default();
    let _listening = injected.listen();
    let arriving = transfers(2).await;
    let disk = MemoryDisk::new();
    let township = office(TOWNSHIP, &disk).await;
    injected.on(arriving[0].0);
    for _ in 1..LAST_CRASH {
        assert!(receive(&township, &arriving).await.is_err());
    }
    // The count survives a restart.
    end(township).await;
    assert_eq!(marks(&disk).await, 1);
    let township = office(TOWNSHIP, &disk).await;
    injected.off();
    assert_eq!(
        receive(&township, &arriving).await.unwrap(),
        [Outcome::Accepted; 2]
    );
    end(township).await;
    assert_eq!(marks(&disk).await, 0);
}

#[tokio::test]
async fn a_process_that_dies_on_a_transfer_dies_no_more_than_four_times() {
    let injected = Injected::default();
    let _listening = injected.listen();
    let arriving = transfers(5).await;
    injected.on(arriving[2].0);
    let mut disk = MemoryDisk::new();
    let mut deaths = 0;
    let outcomes = loop {
        let township = office(TOWNSHIP, &disk).await;
        *Injected::lock(&injected.dying) = Some(disk.clone());
        match receive(&township, &arriving).await {
            Ok(outcomes) => break outcomes,
            Err(_) => deaths += 1,
        }
        disk = Injected::lock(&injected.dying).take().unwrap();
        assert!(deaths <= 4, "it dies without end");
    };
    assert_eq!(deaths, 4, "the first death names nobody");
    let mut expected = vec![Outcome::Accepted; 5];
    expected[2] = REFUSED;
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_node_that_ended_well_pays_nothing_and_one_that_died_is_wary_for_a_while() {
    let arriving = transfers(40).await;
    let disk = MemoryDisk::new();
    let syncs = async |office: &Office, some: &[(MatterId, Received)]| {
        // Units that were begun before and not awaited are not counted.
        let mut before = disk.sync_count();
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = disk.sync_count();
            if std::mem::replace(&mut before, now) == now {
                break;
            }
        }
        assert!(receive(office, some).await.is_ok());
        disk.sync_count() - before
    };
    end(office(TOWNSHIP, &disk).await).await;
    let township = office(TOWNSHIP, &disk).await;
    // One unit each, so that an unmarked envelope costs one sync.
    assert_eq!(syncs(&township, &arriving[..1]).await, 1);
    assert_eq!(syncs(&township, &arriving[1..2]).await, 1);
    township.store().clone().close().await.unwrap();
    drop(township);

    let township = office(TOWNSHIP, &disk).await;
    let mut marked = 0;
    for at in 2..40 {
        match syncs(&township, &arriving[at..=at]).await {
            1 => {}
            2 => marked += 1,
            other => panic!("{other} syncs"),
        }
    }
    assert_eq!(marked, 2 * WINDOW, "twice what may have been in hand");
    end(township).await;
    assert_eq!(marks(&disk).await, 0);
}
