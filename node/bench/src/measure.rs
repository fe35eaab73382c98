//! Measures any chain of five processes. Chains take turns in every phase, so that other load on
//! the machine affects all of them.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    PLACES, Started,
    process::{Deadline, Fault},
};

/// Time limit of a chain for its part of a phase.
const PHASE: Duration = Duration::from_secs(120);
/// The least time for which the middle process is away.
const OUTAGE_LEAST: Duration = Duration::from_secs(2);
/// Pause of the chains before idle memory is read.
const REST: Duration = Duration::from_secs(1);
/// Records sent one at a time before the measurement.
const WARM_UP: u64 = 50;
/// Records of one turn in the latency phase.
const TURN: u64 = 200;
/// Pause after a turn, so that remaining work (notices, write-back) does not slow the next chain.
const BREATH: Duration = Duration::from_millis(300);
/// Least total time of the throughput rounds; they are repeated to fill it, at most [`MOST_ROUNDS`]
/// times.
const THROUGHPUT_LEAST: Duration = Duration::from_secs(1);
const MOST_ROUNDS: u32 = 10;

/// Five processes in a row, with a driver at both ends.
pub(super) trait Chain {
    /// Returns the resident memory of each process, first to last.
    fn resident_mib(&self) -> Vec<Option<f64>>;
    /// Sends records, each after the one before has arrived at the fifth; returns how long each
    /// took.
    fn one_at_a_time(&mut self, count: u64, deadline: Deadline) -> Result<Vec<Duration>, Fault>;
    /// Sends records as fast as the first process accepts them.
    fn send(&mut self, count: u64, deadline: Deadline) -> Result<(), Fault>;
    /// Waits until everything sent is durable before the stopped middle process.
    fn queued(&mut self, deadline: Deadline) -> Result<(), Fault>;
    /// Waits until everything sent is durable at the fifth process.
    fn arrived(&mut self, deadline: Deadline) -> Result<(), Fault>;
    /// Kills the middle process.
    fn cut(&mut self);
    /// Starts the middle process again; returns when it is ready.
    fn mend(&mut self, deadline: Deadline) -> Result<(), Fault>;
}

/// Number of records in each phase.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Counts {
    /// In the throughput phase.
    pub(super) matters: u64,
    /// In the latency phase.
    pub(super) one_at_a_time: u64,
    /// During the outage.
    pub(super) outage: u64,
}

/// Measurements of one chain. `missed` has the reason for each missing one.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    /// From the driver to the fifth process and back, one record at a time.
    pub(super) latency_us: Option<Latency>,
    /// Records per second until all are at the fifth process.
    pub(super) throughput_per_s: Option<f64>,
    /// From the middle process being ready again until all records are at the fifth, in seconds.
    pub(super) catch_up_s: Option<f64>,
    /// The same, from the start of the middle process.
    pub(super) catch_up_from_start_s: Option<f64>,
    /// Resident memory of each process.
    pub(super) rss_mib: Resident,
    /// Why a figure is missing, by phase.
    pub(super) missed: BTreeMap<&'static str, String>,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Latency {
    pub(super) p50: u64,
    pub(super) p99: u64,
}

impl Figures {
    /// Adds a reason to each missing figure that has none: an earlier phase failed.
    fn explained(mut self) -> Self {
        let missing = [
            ("latency", self.latency_us.is_none()),
            ("throughput", self.throughput_per_s.is_none()),
            ("catch_up", self.catch_up_s.is_none()),
        ];
        for (phase, _) in missing.into_iter().filter(|(_, missing)| *missing) {
            let reason = || "an earlier phase did not end".to_owned();
            self.missed.entry(phase).or_insert_with(reason);
        }
        self
    }
}

/// MiB by tier.
#[derive(Debug, Default, Serialize)]
pub(super) struct Resident {
    /// Linked, before any load.
    pub(super) idle: BTreeMap<&'static str, f64>,
    /// The maximum after a phase.
    pub(super) after: BTreeMap<&'static str, f64>,
}

/// One chain while it is measured.
struct Lane {
    name: &'static str,
    /// `None` once it cannot be measured further.
    chain: Option<Box<dyn Chain>>,
    figures: Figures,
    took: Vec<Duration>,
}

/// All chains of one run.
pub(super) struct Course {
    counts: Counts,
    progress: ProgressBar,
    lanes: Vec<Lane>,
}

impl Course {
    pub(super) fn new(counts: Counts, progress: ProgressBar) -> Self {
        Self {
            counts,
            progress,
            lanes: vec![],
        }
    }

    /// Adds a chain that started, or the reason why it did not.
    pub(super) fn enter(&mut self, name: &'static str, started: Started) {
        let mut lane = Lane {
            name,
            chain: None,
            figures: Figures::default(),
            took: vec![],
        };
        match started {
            Ok(chain) => lane.chain = Some(chain),
            Err(fault) => lane.miss("start", &fault),
        }
        self.lanes.push(lane);
    }

    /// Measures all chains, and ends them.
    pub(super) fn run(mut self) -> BTreeMap<&'static str, Figures> {
        self.each("until the first record is through".to_owned(), Lane::begin);
        std::thread::sleep(REST);
        self.each("resting".to_owned(), Lane::rest);
        let Counts {
            matters,
            one_at_a_time,
            outage,
        } = self.counts;
        let mut left = one_at_a_time;
        while left > 0 {
            self.each(format!("{left} of {one_at_a_time} one at a time"), |lane| {
                std::thread::sleep(BREATH);
                lane.take_turn(left.min(TURN));
            });
            left = left.saturating_sub(TURN);
        }
        self.each(format!("{matters} as fast as possible"), |lane| {
            std::thread::sleep(BREATH);
            lane.latency();
            lane.throughput(matters);
        });
        self.each(format!("{outage} while the middle is away"), |lane| {
            lane.catch_up(outage)
        });
        self.lanes
            .into_iter()
            .map(|lane| (lane.name, lane.figures.explained()))
            .collect()
    }

    fn each(&mut self, what: String, mut phase: impl FnMut(&mut Lane)) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.chain.is_some()) {
            self.progress.set_message(format!("{}: {what}", lane.name));
            phase(lane);
        }
    }
}

impl Lane {
    fn miss(&mut self, phase: &'static str, fault: &Fault) {
        self.figures.missed.insert(phase, fault.to_string());
    }

    /// Runs one step with a chain. If it fails, records the reason, and whether the chain can
    /// continue: everything sent must arrive, or the rest would count in the next figure.
    fn attempt<T>(
        &mut self,
        phase: &'static str,
        act: impl FnOnce(&mut dyn Chain, Deadline) -> Result<T, Fault>,
    ) -> Option<T> {
        let chain = self.chain.as_deref_mut()?;
        let fault = match act(chain, Deadline::within(PHASE)) {
            Ok(done) => return Some(done),
            Err(fault) => fault,
        };
        if chain.arrived(Deadline::within(PHASE)).is_err() {
            self.chain = None;
        }
        self.miss(phase, &fault);
        None
    }

    fn begin(&mut self) {
        if self
            .attempt("start", |chain, deadline| chain.one_at_a_time(1, deadline))
            .is_none()
        {
            self.chain = None;
            return;
        }
        self.attempt("latency", |chain, deadline| {
            chain.one_at_a_time(WARM_UP, deadline)
        });
    }

    fn rest(&mut self) {
        keep_most(&mut self.figures.rss_mib.idle, self.chain.as_deref());
    }

    fn take_turn(&mut self, count: u64) {
        if !self.figures.missed.contains_key("latency") {
            let took = self.attempt("latency", |chain, deadline| {
                chain.one_at_a_time(count, deadline)
            });
            self.took.extend(took.unwrap_or_default());
        }
    }

    fn latency(&mut self) {
        self.took.sort_unstable();
        if !self.figures.missed.contains_key("latency") {
            let (p50, p99) = (percentile(&self.took, 50), percentile(&self.took, 99));
            self.figures.latency_us = Some(Latency { p50, p99 });
        }
    }

    fn throughput(&mut self, count: u64) {
        self.figures.throughput_per_s = self.attempt("throughput", |chain, deadline| {
            let start = Instant::now();
            let mut rounds = 0;
            while rounds == 0 || (start.elapsed() < THROUGHPUT_LEAST && rounds < MOST_ROUNDS) {
                chain.send(count, deadline)?;
                chain.arrived(deadline)?;
                rounds += 1;
            }
            let sent = count as f64 * f64::from(rounds);
            Ok((sent / start.elapsed().as_secs_f64()).round())
        });
        keep_most(&mut self.figures.rss_mib.after, self.chain.as_deref());
    }

    fn catch_up(&mut self, count: u64) {
        let seconds = |since: Instant| (since.elapsed().as_secs_f64() * 1e3).round() / 1e3;
        let took = self.attempt("catch_up", |chain, deadline| {
            let away = Instant::now();
            chain.cut();
            chain.send(count, deadline)?;
            chain.queued(deadline)?;
            std::thread::sleep(OUTAGE_LEAST.saturating_sub(away.elapsed()));
            let deadline = Deadline::within(PHASE);
            let start = Instant::now();
            chain.mend(deadline)?;
            let ready = Instant::now();
            chain.arrived(deadline)?;
            Ok((seconds(ready), seconds(start)))
        });
        self.figures.catch_up_s = took.map(|(from_ready, _)| from_ready);
        self.figures.catch_up_from_start_s = took.map(|(_, from_start)| from_start);
        keep_most(&mut self.figures.rss_mib.after, self.chain.as_deref());
    }
}

fn keep_most(kept: &mut BTreeMap<&'static str, f64>, chain: Option<&dyn Chain>) {
    let resident = chain.map(Chain::resident_mib).unwrap_or_default();
    for (place, resident) in PLACES.iter().zip(resident) {
        let Some(resident) = resident else { continue };
        let most = kept.entry(place.tier).or_default();
        *most = most.max((resident * 10.0).round() / 10.0);
    }
}

/// Returns the percentile by nearest rank, in microseconds; zero for an empty slice.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0, |took| {
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!(percentile(&sorted, 50), 100);
        assert_eq!(percentile(&sorted, 99), 198);
        assert_eq!(percentile(&sorted[..1], 99), 1);
        assert_eq!(percentile(&[], 50), 0);
    }

    /// Delivers everything until it is cut, and does not come back.
    #[derive(Default)]
    struct Broken {
        cut: bool,
    }

    impl Chain for Broken {
        fn resident_mib(&self) -> Vec<Option<f64>> {
            vec![Some(1.26), None, Some(2.0), Some(3.0), Some(4.0)]
        }
        fn one_at_a_time(&mut self, count: u64, _: Deadline) -> Result<Vec<Duration>, Fault> {
            Ok((0..count).map(Duration::from_micros).collect())
        }
        fn send(&mut self, _: u64, _: Deadline) -> Result<(), Fault> {
            Ok(())
        }
        fn queued(&mut self, _: Deadline) -> Result<(), Fault> {
            Ok(())
        }
        fn arrived(&mut self, _: Deadline) -> Result<(), Fault> {
            if self.cut {
                Err(Fault::Late("arriving".to_owned()))
            } else {
                Ok(())
            }
        }
        fn cut(&mut self) {
            self.cut = true;
        }
        fn mend(&mut self, _: Deadline) -> Result<(), Fault> {
            Ok(())
        }
    }

    #[test]
    fn a_phase_that_fails_leaves_a_reason_and_the_other_figures() {
        let counts = Counts {
            matters: 10,
            one_at_a_time: 100,
            outage: 10,
        };
        let mut course = Course::new(counts, ProgressBar::hidden());
        course.enter("broken", Ok(Box::new(Broken::default())));
        course.enter("absent", Err(Fault::Late("starting".to_owned())));
        let figures = course.run();
        let broken = &figures["broken"];
        assert_eq!(broken.latency_us, Some(Latency { p50: 49, p99: 98 }));
        assert!(broken.throughput_per_s.is_some());
        assert_eq!(broken.catch_up_s, None);
        let reason = "arriving did not happen in the time it had";
        assert_eq!(
            broken.missed.get("catch_up").map(String::as_str),
            Some(reason)
        );
        assert_eq!(broken.rss_mib.idle.get("village"), Some(&1.3));
        assert_eq!(broken.rss_mib.idle.get("township"), None);
        let missed: Vec<_> = figures["absent"].missed.keys().copied().collect();
        assert_eq!(missed, ["catch_up", "latency", "start", "throughput"]);
    }
}
