//! Output of the benchmark.

use std::collections::BTreeMap;

use cli::tables::table;
use serde::Serialize;

use super::{
    RECORD_BYTES,
    machine::Machine,
    measure::{Counts, Figures, Latency, Resident},
};

/// Results of one run. The figures of Wujitong itself are at the top level.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) payload_bytes: usize,
    pub(super) counts: Counts,
    #[serde(flatten)]
    pub(super) wujitong: Figures,
    /// The raw limit of the machine.
    pub(super) raw: Option<Figures>,
    /// NATS JetStream.
    pub(super) nats: Option<Figures>,
    pub(super) ratios: Ratios,
}

/// Wujitong's figures divided by those of others.
#[derive(Debug, Serialize)]
pub(super) struct Ratios {
    pub(super) to_raw: Ratio,
    pub(super) to_nats: Ratio,
}

/// For latency and catch-up less is better, for throughput more.
#[derive(Debug, Default, Serialize)]
pub(super) struct Ratio {
    pub(super) latency_p50: Option<f64>,
    pub(super) latency_p99: Option<f64>,
    pub(super) throughput: Option<f64>,
    pub(super) catch_up: Option<f64>,
}

impl Report {
    pub(super) fn new(
        machine: Machine,
        counts: Counts,
        wujitong: Figures,
        raw: Option<Figures>,
        nats: Option<Figures>,
    ) -> Self {
        let to = |other: &Option<Figures>| {
            other
                .as_ref()
                .map(|other| Ratio::between(&wujitong, other))
                .unwrap_or_default()
        };
        let ratios = Ratios {
            to_raw: to(&raw),
            to_nats: to(&nats),
        };
        Self {
            machine,
            payload_bytes: RECORD_BYTES,
            counts,
            wujitong,
            raw,
            nats,
            ratios,
        }
    }

    /// Returns the text for people.
    pub(super) fn for_people(&self) -> String {
        let machine = &self.machine;
        let chains = [
            ("wujitong", Some(&self.wujitong)),
            ("raw", self.raw.as_ref()),
        ];
        let chains = [chains[0], chains[1], ("nats", self.nats.as_ref())];
        let mut text = format!(
            "{machine}; {} bytes a record, five processes, \
             durable at each\n\n",
            self.payload_bytes
        );
        let cell = |figures: Option<&Figures>, value: Value| {
            figures.and_then(value).unwrap_or_else(|| "-".to_owned())
        };
        let rows = ROWS.iter().map(|(label, value)| {
            let [ours, raw, nats] = chains.map(|(_, figures)| cell(figures, *value));
            [(*label).to_owned(), ours, raw, nats]
        });
        text += &table(["", "#wujitong", "#raw limit", "#NATS JetStream"], rows);
        for (name, ratio) in [
            ("the raw limit", &self.ratios.to_raw),
            ("NATS JetStream", &self.ratios.to_nats),
        ] {
            let parts: Vec<_> = [
                ("latency p50", ratio.latency_p50),
                ("throughput", ratio.throughput),
                ("catch-up", ratio.catch_up),
            ]
            .into_iter()
            .filter_map(|(what, ratio)| Some(format!("{what} × {}", ratio?)))
            .collect();
            if !parts.is_empty() {
                text += &format!("\ncompared with {name}: {}", parts.join(", "));
            }
        }
        for (name, figures) in chains {
            for (phase, reason) in figures.iter().flat_map(|figures| &figures.missed) {
                text += &format!("\nno figure of {name} for {phase}: {reason}");
            }
        }
        text
    }
}

type Value = fn(&Figures) -> Option<String>;

const ROWS: &[(&str, Value)] = &[
    ("latency p50, one at a time", |f| {
        f.latency_us.map(|l| milliseconds(l.p50))
    }),
    ("latency p99", |f| f.latency_us.map(|l| milliseconds(l.p99))),
    ("throughput", |f| {
        f.throughput_per_s.map(|per_s| format!("{per_s} /s"))
    }),
    ("catch-up after the outage", |f| {
        f.catch_up_s.map(|s| format!("{s:.3} s"))
    }),
    ("  counted from its start", |f| {
        f.catch_up_from_start_s.map(|s| format!("{s:.3} s"))
    }),
    ("memory, most of the five: idle", |f| most(&f.rss_mib).0),
    ("  after load", |f| most(&f.rss_mib).1),
];

pub(super) fn milliseconds(us: u64) -> String {
    format!("{}.{:03} ms", us / 1000, us % 1000)
}

/// Returns the memory of the largest process, idle and after load.
fn most(resident: &Resident) -> (Option<String>, Option<String>) {
    let most = |of: &BTreeMap<&str, f64>| {
        let mib = of.values().copied().fold(0.0, f64::max);
        (mib > 0.0).then(|| format!("{mib:.1} MiB"))
    };
    (most(&resident.idle), most(&resident.after))
}

impl Ratio {
    fn between(ours: &Figures, theirs: &Figures) -> Self {
        let latency = |figures: &Figures, of: fn(Latency) -> u64| {
            figures.latency_us.map(|latency| of(latency) as f64)
        };
        Self {
            latency_p50: divide(latency(ours, |l| l.p50), latency(theirs, |l| l.p50)),
            latency_p99: divide(latency(ours, |l| l.p99), latency(theirs, |l| l.p99)),
            throughput: divide(ours.throughput_per_s, theirs.throughput_per_s),
            catch_up: divide(ours.catch_up_s, theirs.catch_up_s),
        }
    }
}

fn divide(ours: Option<f64>, theirs: Option<f64>) -> Option<f64> {
    let ratio = ours? / theirs.filter(|theirs| *theirs > 0.0)?;
    Some((ratio * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(p50: u64, throughput: f64) -> Figures {
        Figures {
            latency_us: Some(Latency { p50, p99: p50 * 2 }),
            throughput_per_s: Some(throughput),
            ..Figures::default()
        }
    }

    fn report() -> Report {
        let machine = Machine::here(std::path::Path::new("/"));
        let counts = Counts {
            matters: 1,
            one_at_a_time: 1,
            outage: 1,
        };
        let mut nats = figures(2300, 1700.0);
        nats.missed.insert("catch_up", "too late".to_owned());
        Report::new(machine, counts, figures(2100, 17000.0), None, Some(nats))
    }

    #[test]
    fn own_figures_stand_at_the_top_and_what_is_missing_is_null() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["latency_us"]["p50"], 2100);
        assert_eq!(json["throughput_per_s"], 17000.0);
        assert!(json["catch_up_s"].is_null() && json["raw"].is_null());
        assert_eq!(json["nats"]["missed"]["catch_up"], "too late");
        assert_eq!(json["ratios"]["to_nats"]["throughput"], 10.0);
        assert_eq!(json["ratios"]["to_nats"]["latency_p50"], 0.913);
        assert!(json["ratios"]["to_raw"]["latency_p50"].is_null());
    }

    #[test]
    fn the_table_says_why_a_figure_is_missing() {
        let text = report().for_people();
        assert!(text.contains("2.100 ms"), "{text}");
        assert!(
            text.contains("no figure of nats for catch_up: too late"),
            "{text}"
        );
    }
}
