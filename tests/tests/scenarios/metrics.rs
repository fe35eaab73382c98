//! Checks that every documented metric moves on real nodes, and that every metric is documented.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls_pki_types::UnixTime;
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE,
    clock::ShiftedClock,
    code,
    collector::{address, collector},
    eventually,
    peer::Stand,
    wire::Call,
};
use tracing_subscriber::{Layer, layer::SubscriberExt, registry::LookupSpan};
use wujitong::{
    domain::{
        alarm::AlarmKind,
        custody::GiveRefusal,
        envelope::{Lane, Payload},
    },
    identity::{self, CertificateProfile},
    office::Clock,
    telemetry::Collector,
    wire::frame::{Ack, Frame, Refused},
};

use super::hostile::{NEIGHBOUR, NOW, given, talk};

const DOCUMENTED: &str = include_str!("../../../docs/metrics.md");
/// Metrics that move only in a test with a disk to fill, and that test.
const ELSEWHERE: [(&str, &str); 2] = [
    ("wujitong_store_full", include_str!("../faults/full.rs")),
    (
        "wujitong_last_backup_timestamp_seconds",
        include_str!("../../../node/tests/node/cli/backups.rs"),
    ),
];
const DAY_MS: i64 = 86_400_000;

/// Panics at the next transfer after it was set.
#[derive(Clone, Default)]
struct Trap(Arc<AtomicBool>);

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Trap {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let taken = attributes.metadata().name() == "custody.take";
        assert!(!(taken && self.0.swap(false, Ordering::SeqCst)), "injected");
    }
}

/// Metrics seen so far: the type of each, and every value of each series.
#[derive(Default)]
struct Shown {
    kinds: BTreeMap<String, String>,
    values: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Shown {
    /// Reads the metrics of every running node.
    fn look(&mut self, network: &Network) {
        for division in [PROVINCE, CITY, COUNTY, TOWNSHIP, NEIGHBOUR] {
            if !network.runs(division) {
                continue;
            }
            self.read(division, &network.host(division).metrics().encode());
        }
    }

    fn read(&mut self, at: &str, text: &str) {
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                let name = match kind {
                    "counter" => format!("{name}_total"),
                    _ => name.to_owned(),
                };
                self.kinds.insert(name, kind.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let name = name.strip_suffix("_count").unwrap_or(name);
                if self.kinds.contains_key(name) {
                    let key = (name.to_owned(), format!("{at} {series}"));
                    self.values.entry(key).or_default().insert(value.to_owned());
                }
            }
        }
    }

    /// Returns the metrics that moved: counters that are not zero, and gauges with a series of two
    /// values.
    fn moved(&self) -> BTreeSet<&str> {
        let moved = self.values.iter().filter(|((name, _), values)| {
            let counts = self.kinds[name] != "gauge";
            values.len() > 1 || counts && !values.contains("0")
        });
        moved.map(|((name, _), _)| name.as_str()).collect()
    }

    /// Returns the value of a series at a node.
    fn now(network: &Network, at: &str, series: &str) -> i64 {
        let text = network.host(at).metrics().encode();
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }
}

#[tokio::test]
async fn every_documented_metric_moves_and_every_metric_is_documented() {
    let trap = Trap::default();
    // While a process has one subscriber, a span that is reached first on a thread without it (by
    // another test) is cached as disabled for every thread.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _listens =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(trap.clone()));
    let clock = Arc::new(ShiftedClock::starting_at(NOW));
    let address = address();
    let away = Collector::at(&format!("http://{address}"), Duration::from_millis(10)).unwrap();
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        collector: Some(away.clone()),
        ..Options::default()
    };
    let mut network = Network::founded(&[VILLAGE, NEIGHBOUR], options).await;
    for division in [PROVINCE, CITY, COUNTY, TOWNSHIP, NEIGHBOUR] {
        network.restart(division).await;
    }
    let mut shown = Shown::default();
    shown.look(&network);
    network.linked().await;

    // One matter goes up, and one that goes up is refused.
    let id = network.report_up(NEIGHBOUR, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.quiet_but_for(VILLAGE).await;
    shown.look(&network);
    network.stop(TOWNSHIP).await;
    let waiting = network.report_up(NEIGHBOUR, "more rubbish", TOWNSHIP).await;
    let queue = format!(
        "wujitong_outbox_queued{{division=\"{}\",neighbour=\"{}\",lane=\"matter\"}}",
        code(NEIGHBOUR),
        code(TOWNSHIP)
    );
    assert!(Shown::now(&network, NEIGHBOUR, &queue) > 0);
    shown.look(&network);
    let mut stand = Stand::instead_of(&network, TOWNSHIP).await;
    let mut township = stand.visitor().await;
    township.greet().await;
    let (position, envelope) = township.envelope_in(Lane::Matter).await;
    assert!(matches!(envelope.payload, Payload::Give { .. }));
    let refused = Refused {
        position,
        code: GiveRefusal::NoWay.into(),
        reason: String::new(),
    };
    let ack = Ack {
        lane: Lane::Matter,
        through: position,
        refused: vec![refused],
    };
    township.say(Frame::Ack(ack)).await;
    network.held(NEIGHBOUR, waiting).await;
    shown.look(&network);
    drop(township);
    stand.leave().await;

    // The township comes back with another certificate.
    let yesterday =
        UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs() - 86_400));
    let (home, above) = (network.home(TOWNSHIP), network.home(COUNTY));
    let terms = CertificateProfile::at(yesterday);
    identity::renew(home, code(TOWNSHIP), above, &network.tree, &terms).unwrap();
    network.restart(TOWNSHIP).await;
    network.linked().await;
    let ends = format!(
        "wujitong_certificate_ends_timestamp_seconds{{division=\"{}\"}}",
        code(TOWNSHIP)
    );
    eventually("the new certificate is seen", || async {
        Shown::now(&network, TOWNSHIP, &ends) > 0
    })
    .await;
    shown.look(&network);

    // A caller at the wrong node; and a child that sends what it may not, what it sent before, and
    // what its parent crashes on.
    let village = network.identity(VILLAGE);
    let call = Call::honest(&village, COUNTY, network.address(COUNTY));
    assert!(call.open().await.is_err());
    {
        let mut talk = talk(&network, TOWNSHIP).await;
        let matter = given(&talk.peer, &network, 1);
        let give = talk.give(matter);
        let mut forged = give.clone();
        forged.author = code(NEIGHBOUR);
        assert!(talk.told(forged).await.is_some());
        for _ in 0..2 {
            let sealed = talk.sealed(&give);
            let mut entries = talk.peer.sign(std::slice::from_ref(&give)).await;
            entries[0].sealed = vec![sealed];
            let at = talk.peer.send(Lane::Matter, entries).await;
            assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
        }
        let matter = given(&talk.peer, &network, 2);
        let give = talk.give(matter);
        trap.0.store(true, Ordering::SeqCst);
        let entries = talk.peer.sign(&[give]).await;
        talk.peer.send(Lane::Matter, entries).await;
        let crashes = format!(
            "wujitong_envelope_crashes_total{{division=\"{}\"}}",
            code(TOWNSHIP)
        );
        eventually("it crashed", || async {
            Shown::now(&network, TOWNSHIP, &crashes) > 0
        })
        .await;
    }
    shown.look(&network);

    // An alarm, a day, and a collector that answers.
    let node = network.node(TOWNSHIP);
    let stolen = wujitong::domain::revocation::Reason::Stolen;
    let known = (code(VILLAGE), None);
    node.revoke(known, stolen, CLERK).await.unwrap();
    shown.look(&network);
    let raised = node.office.alarms().all().await.unwrap();
    assert!(
        raised
            .iter()
            .any(|alarm| alarm.kind == AlarmKind::KeyRevoked)
    );
    let about = raised[0].about;
    node.office
        .alarms()
        .close(raised[0].kind, about, CLERK)
        .await
        .unwrap();
    node.office.templates().calendar_end().await.unwrap();
    shown.look(&network);
    clock.set_shift_ms(DAY_MS);
    node.office.templates().calendar_end().await.unwrap();
    eventually("it is noticed that the collector is away", || async {
        away.trouble().is_some()
    })
    .await;
    shown.look(&network);
    collector(address).await;
    eventually("the collector answers", || async {
        away.trouble().is_none()
    })
    .await;
    let failing = "wujitong_worker_failing{worker=\"collector\",division=\"\"}";
    eventually("the worker that asks for it is well again", || async {
        Shown::now(&network, PROVINCE, failing) == 0
    })
    .await;
    shown.look(&network);
    network.shut_down().await;

    let rows = DOCUMENTED
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let there: BTreeSet<&str> = shown.kinds.keys().map(String::as_str).collect();
    assert_eq!(documented, there, "docs/metrics.md, and what nodes show");
    let mut moved = shown.moved();
    for (metric, test) in ELSEWHERE {
        assert!(test.contains(metric), "no test moves {metric} any more");
        moved.insert(metric);
    }
    let still: Vec<_> = documented.difference(&moved).collect();
    assert!(still.is_empty(), "these never moved: {still:?}");
}
