//! Counters and gauges for Prometheus.
//!
//! A component requests the [`DivisionMetrics`] or [`LinkMetrics`] it needs once and keeps them:
//! counting is then one atomic addition. Time to commit and time per hop are not kept per division,
//! because a process may host thousands.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use config::DivisionCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::Collector;

/// Upper bounds of the histogram buckets in seconds, from a fast disk's sync to a day's outage.
const SECONDS: [f64; 18] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    60.0, 600.0, 3_600.0, 86_400.0,
];

/// All metrics of one process. Clones share the values.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

/// Declares the counters every division has: the families by division, and the handles of one
/// division.
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)*) => {
        #[derive(Default)]
        struct Counters { $($name: Family<OfDivision, Counter>,)* }

        impl Counters {
            fn register(&self, registry: &mut Registry) {
                $(registry.register(
                    stringify!($name),
                    concat!($($doc),+).trim().trim_end_matches('.'),
                    self.$name.clone(),
                );)*
            }
        }

        /// The metrics of one hosted division. Clones share the values.
        #[derive(Clone, Debug)]
        pub struct DivisionMetrics {
            $($(#[doc = $doc])+ pub $name: Counter<u64, AtomicU64>,)*
            /// Seconds between the step that gives a matter away and its acceptance here, by the
            /// tier of the division that takes it.
            pub hop_seconds: Histogram,
            /// Gauges of open alarms.
            pub alarms: AlarmMetrics,
            /// Gauges of what waits for neighbours.
            pub queued: QueueMetrics,
            /// End of the division's certificate, in seconds since 1970-01-01T00:00:00Z.
            pub certificate_ends: Gauge,
            /// Days, from today, for which the policy in force has holidays announced.
            pub calendar_left_seconds: Gauge,
        }

        impl DivisionMetrics {
            fn of(families: &Families, division: DivisionCode) -> Self {
                let label = OfDivision { division: Division(division) };
                let tier = OfTier { tier: division.tier().code() };
                Self {
                    $($name: families.counters.$name.get_or_create_owned(&label),)*
                    hop_seconds: families.hop_seconds.get_or_create_owned(&tier),
                    alarms: AlarmMetrics { division, alarms: families.alarms.clone() },
                    queued: QueueMetrics { division, queued: families.outbox_queued.clone() },
                    certificate_ends: families.certificate_ends.get_or_create_owned(&label),
                    calendar_left_seconds: families.calendar_left_seconds.get_or_create_owned(&label),
                }
            }
        }
    };
}

counters! {
    /// Matters reported here.
    matters_reported,
    /// Matters whose custody was taken from a neighbour.
    custody_taken,
    /// Matters whose custody was given to a neighbour and accepted there.
    custody_given,
    /// Matters given to a neighbour and refused there.
    custody_refused,
    /// Envelopes sent to neighbours, repetitions included.
    envelopes_sent,
    /// Envelopes received from neighbours, repetitions included.
    envelopes_received,
    /// Envelopes received and refused; the neighbour is told why.
    envelopes_refused,
    /// Envelopes received that had been seen before.
    envelopes_duplicate,
    /// Crashes while processing an envelope of a neighbour, caught.
    envelope_crashes,
    /// Acknowledgements sent, each after its sync.
    acks,
    /// Commits that are durable.
    commits,
}

/// Gauges of a hosted division's open alarms, by kind.
#[derive(Clone, Debug)]
pub struct AlarmMetrics {
    division: DivisionCode,
    alarms: Family<OfKind, Gauge>,
}

impl AlarmMetrics {
    /// Returns the gauge of open alarms of a kind. `kind` is one of a small fixed set, e.g.
    /// `store-went-back`.
    pub fn of(&self, kind: &'static str) -> Gauge {
        self.alarms.get_or_create_owned(&OfKind {
            division: Division(self.division),
            kind,
        })
    }
}

/// Gauges of one link of a hosted division.
#[derive(Clone, Debug)]
pub struct LinkMetrics {
    /// 1 while the neighbour is connected, else 0.
    pub up: Gauge,
}

/// What the workers of one name count for one node, or for the whole process. Several of them count
/// together.
#[derive(Clone, Debug)]
pub struct WorkerMetrics {
    /// Pieces of work, failed ones among them.
    pub runs: Counter<u64, AtomicU64>,
    label: OfWorker,
    families: Metrics,
}

impl WorkerMetrics {
    /// A piece of work failed.
    pub fn failed(&self) {
        self.families
            .0
            .worker_failures
            .get_or_create(&self.label)
            .inc();
    }

    /// So many more, or less, are failing.
    pub fn failing(&self, more: i64) {
        let failing = &self.families.0.worker_failing;
        failing.get_or_create(&self.label).inc_by(more);
    }

    /// So much waits for one of them, after so much before.
    pub fn queue_changed(&self, before: u64, now: u64) {
        let signed = |length: u64| i64::try_from(length).unwrap_or(i64::MAX);
        let queued = self.families.0.worker_queued.get_or_create(&self.label);
        queued.inc_by(signed(now) - signed(before));
    }
}

/// Gauges of the outbox of a hosted division.
#[derive(Clone, Debug)]
pub struct QueueMetrics {
    division: DivisionCode,
    queued: Family<OfLane, Gauge>,
}

impl QueueMetrics {
    /// Returns the gauge of segments that wait or are unanswered in a lane for a neighbour.
    pub fn of(&self, neighbour: DivisionCode, lane: &'static str) -> Gauge {
        self.queued.get_or_create_owned(&OfLane {
            division: Division(self.division),
            neighbour: Division(neighbour),
            lane,
        })
    }
}

struct Families {
    registry: Mutex<Registry>,
    counters: Counters,
    link_up: Family<OfLink, Gauge>,
    alarms: Family<OfKind, Gauge>,
    certificate_ends: Family<OfDivision, Gauge>,
    calendar_left_seconds: Family<OfDivision, Gauge>,
    outbox_queued: Family<OfLane, Gauge>,
    peer_refused: Family<OfReason, Counter>,
    worker_runs: Family<OfWorker, Counter>,
    worker_failures: Family<OfWorker, Counter>,
    worker_failing: Family<OfWorker, Gauge>,
    worker_queued: Family<OfWorker, Gauge>,
    store_full: Gauge,
    last_backup: Gauge,
    commit_seconds: Histogram,
    hop_seconds: Family<OfTier, Histogram>,
}

impl Metrics {
    /// Content type of [`Metrics::encode_plain`].
    pub const PLAIN_CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The content type of [`encode`](Self::encode)'s text.
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Returns the metrics of a hosted division; its counters appear as zero from now on.
    pub fn division(&self, division: DivisionCode) -> DivisionMetrics {
        DivisionMetrics::of(&self.0, division)
    }

    /// Returns the metrics of the link between a hosted division and its neighbour.
    pub fn link(&self, division: DivisionCode, neighbour: DivisionCode) -> LinkMetrics {
        let label = OfLink {
            division: Division(division),
            neighbour: Division(neighbour),
        };
        LinkMetrics {
            up: self.0.link_up.get_or_create_owned(&label),
        }
    }

    /// Counts a peer that was refused before it could send anything. `reason` is one of a small
    /// fixed set, e.g. `expired`.
    pub fn peer_refused(&self, reason: &'static str) {
        self.0
            .peer_refused
            .get_or_create(&OfReason { reason })
            .inc();
    }

    /// What workers of this name count for a node, or with `None` for the whole process. Failures and
    /// queues are shown from the first on.
    pub fn worker(&self, name: &'static str, division: Option<DivisionCode>) -> WorkerMetrics {
        let label = OfWorker {
            worker: name,
            division: division.map(Division),
        };
        WorkerMetrics {
            runs: self.0.worker_runs.get_or_create_owned(&label),
            label,
            families: self.clone(),
        }
    }

    /// Returns the gauge that is 1 while the disk is full and no new work is taken. There is one
    /// for the process, as there is one store.
    pub fn store_full(&self) -> Gauge {
        self.0.store_full.clone()
    }

    /// Returns the gauge of when the last backup was begun, in seconds since 1970; 0 if none was ever made. There is one for
    /// the process, as there is one directory.
    pub fn last_backup(&self) -> Gauge {
        self.0.last_backup.clone()
    }

    /// Returns the histogram of seconds from submitting a commit until it is durable. It includes
    /// the wait for other commits, and the time that units nobody waits for are kept. There is one for the process, as there is one committer.
    pub fn commit_seconds(&self) -> Histogram {
        self.0.commit_seconds.clone()
    }

    /// Adds the gauge that shows whether the collector of traces answers.
    pub fn show_collector(&self, collector: &Collector) {
        let registry = self.0.registry.lock();
        let mut registry = registry.unwrap_or_else(PoisonError::into_inner);
        let up = "1 if the collector of traces took what it was sent last, else 0";
        registry.register("collector_up", up, collector.up());
    }

    /// Encodes all metrics as Prometheus text (OpenMetrics 1.0).
    pub fn encode(&self) -> String {
        let registry = self
            .0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut encoded = String::new();
        text::encode(&mut encoded, &registry).expect("writing to a String does not fail");
        encoded
    }

    /// Encodes all metrics as Prometheus text 0.0.4, in which a counter is described by the name that its values have.
    pub fn encode_plain(&self) -> String {
        let encoded = self.encode();
        let mut plain = String::with_capacity(encoded.len());
        let mut help = None;
        for line in encoded.lines() {
            let about = line.strip_prefix("# TYPE ");
            let counter = about.and_then(|about| about.strip_suffix(" counter"));
            let name = counter.map(|name| format!("{name}_total"));
            if line.starts_with("# HELP ") {
                help = Some(line);
                continue;
            }
            if let Some(help) = help.take() {
                plain.push_str(&match (&name, counter) {
                    (Some(name), Some(counter)) => help.replacen(counter, name, 1),
                    _ => help.to_owned(),
                });
                plain.push('\n');
            }
            match name {
                Some(name) => plain.push_str(&format!("# TYPE {name} counter\n")),
                None if line.starts_with("# EOF") || line.starts_with("# UNIT") => {}
                None => {
                    plain.push_str(line);
                    plain.push('\n');
                }
            }
        }
        plain
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let families = Families {
            registry: Mutex::new(Registry::with_prefix("wujitong")),
            counters: Counters::default(),
            link_up: Family::default(),
            alarms: Family::default(),
            certificate_ends: Family::default(),
            calendar_left_seconds: Family::default(),
            outbox_queued: Family::default(),
            peer_refused: Family::default(),
            worker_runs: Family::default(),
            worker_failures: Family::default(),
            worker_failing: Family::default(),
            worker_queued: Family::default(),
            store_full: Gauge::default(),
            last_backup: Gauge::default(),
            commit_seconds: Histogram::new(SECONDS),
            hop_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        };
        let mut registry = families.registry.lock().expect("nobody else has it yet");
        let r = &mut *registry;
        families.counters.register(r);
        let up = "1 while the link to the neighbour is up, else 0";
        r.register("link_up", up, families.link_up.clone());
        let alarms = "Alarms that stand until somebody closes them";
        r.register("alarms", alarms, families.alarms.clone());
        let ends = "When the division's certificate ends, in seconds since 1970";
        r.register(
            "certificate_ends_timestamp_seconds",
            ends,
            families.certificate_ends.clone(),
        );
        let left =
            "Seconds for which the holidays of the policy in force are announced, in whole days";
        r.register(
            "calendar_left_seconds",
            left,
            families.calendar_left_seconds.clone(),
        );
        let queued =
            "Segments of the outbox that wait or are unanswered; a decision queues one or several";
        r.register("outbox_queued", queued, families.outbox_queued.clone());
        let refused = "Peers turned away before they could send anything";
        r.register("peer_refused", refused, families.peer_refused.clone());
        let runs = "Pieces of work that workers did, failed ones among them";
        r.register("worker_runs", runs, families.worker_runs.clone());
        let failures = "Pieces of work of workers that failed";
        r.register(
            "worker_failures",
            failures,
            families.worker_failures.clone(),
        );
        let failing = "Workers whose last work failed";
        r.register("worker_failing", failing, families.worker_failing.clone());
        let queued = "What waits for workers that have a queue";
        r.register("worker_queued", queued, families.worker_queued.clone());
        let full = "1 while the disk is full and no new work is taken, else 0";
        r.register("store_full", full, families.store_full.clone());
        let backup =
            "When the last backup was begun, in seconds since 1970; 0 if none was ever made";
        r.register(
            "last_backup_timestamp_seconds",
            backup,
            families.last_backup.clone(),
        );
        let commit = "Time from submitting a commit until it is durable";
        r.register_with_unit(
            "commit",
            commit,
            Unit::Seconds,
            families.commit_seconds.clone(),
        );
        let hop = "Time between the step that gives a matter away and its acceptance";
        r.register_with_unit("hop", hop, Unit::Seconds, families.hop_seconds.clone());
        drop(registry);
        Self(Arc::new(families))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Division(DivisionCode);

impl EncodeLabelValue for Division {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        fmt::Write::write_fmt(encoder, format_args!("{}", self.0))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDivision {
    division: Division,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLink {
    division: Division,
    neighbour: Division,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLane {
    division: Division,
    neighbour: Division,
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    division: Division,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWorker {
    worker: &'static str,
    division: Option<Division>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTier {
    tier: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn value(metrics: &Metrics, series: &str) -> Option<String> {
        let text = metrics.encode();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(Into::into))
    }

    #[test]
    fn divisions_count_apart_and_clones_together() {
        let metrics = Metrics::default();
        let county = metrics.division(code("330825"));
        let _city = metrics.division(code("3308"));
        county.custody_taken.inc();
        county.clone().custody_taken.inc();
        metrics.clone().division(code("330825")).custody_taken.inc();
        let series = |of: &str| format!("wujitong_custody_taken_total{{division=\"{of}\"}}");
        assert_eq!(
            value(&metrics, &series("330825000000")).as_deref(),
            Some("3")
        );
        assert_eq!(
            value(&metrics, &series("330800000000")).as_deref(),
            Some("0")
        );
    }

    #[test]
    fn a_link_shows_whether_it_is_up_and_what_waits_in_each_lane() {
        let metrics = Metrics::default();
        let (county, city) = (code("330825"), code("3308"));
        metrics.link(county, city).up.set(1);
        metrics.division(county).queued.of(city, "urgent").set(7);
        let both = "division=\"330825000000\",neighbour=\"330800000000\"";
        let up = value(&metrics, &format!("wujitong_link_up{{{both}}}"));
        assert_eq!(up.as_deref(), Some("1"));
        let queued = format!("wujitong_outbox_queued{{{both},lane=\"urgent\"}}");
        assert_eq!(value(&metrics, &queued).as_deref(), Some("7"));
    }

    #[test]
    fn times_are_kept_for_the_process_and_by_tier() {
        let metrics = Metrics::default();
        metrics.commit_seconds().observe(0.001);
        metrics
            .division(code("330825002222"))
            .hop_seconds
            .observe(0.004);
        metrics
            .division(code("330825002221"))
            .hop_seconds
            .observe(0.004);
        assert_eq!(
            value(&metrics, "wujitong_commit_seconds_count").as_deref(),
            Some("1")
        );
        let hops = value(&metrics, "wujitong_hop_seconds_count{tier=\"village\"}");
        assert_eq!(hops.as_deref(), Some("2"));
    }

    #[test]
    fn refused_peers_are_counted_by_reason() {
        let metrics = Metrics::default();
        metrics.peer_refused("expired certificate");
        metrics.peer_refused("expired certificate");
        let series = "wujitong_peer_refused_total{reason=\"expired certificate\"}";
        assert_eq!(value(&metrics, series).as_deref(), Some("2"));
    }
}
