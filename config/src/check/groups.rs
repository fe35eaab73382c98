//! Checks `[telemetry]`, `[limits]`, `[store]` and `[links]`.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use super::Problems;
use crate::{
    Engine, HostPort, Hosting, Limits, Links, LogFormat, RawLimits, RawLinks, RawStore,
    RawTelemetry, Store, Telemetry,
};

impl Problems {
    pub(super) fn telemetry(&mut self, raw: RawTelemetry, hosting: &Hosting) -> Telemetry {
        let otlp = self.each(
            "telemetry.otlp",
            raw.otlp.map(|text| vec![text]),
            |text| collector(text).ok_or_else(a_collector),
            (
                "if the remote collector requires TLS, run one beside the node; leave it out to export no traces",
                "远处的采集器要 TLS 时，请在节点旁边运行一个；不写则不导出",
            ),
        );
        let log_format = match raw.log_format.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                self.add(
                    "telemetry.log_format",
                    Some(&other),
                    ("`text` or `json`", " `text` 或 `json`"),
                    (
                        "`text` reads well in a terminal, `json` in a log store",
                        "`text` 适合终端，`json` 适合日志系统",
                    ),
                );
                LogFormat::Text
            }
        };
        let mut text = |key: &str, value: Option<String>| {
            let value = value.unwrap_or_default();
            if value.trim().is_empty() {
                self.add(
                    key,
                    Some(&value),
                    ("a text that is not empty", "非空的文字"),
                    ("leave it out", "请不要写这一项"),
                );
            }
            value
        };
        Telemetry {
            log: text("telemetry.log", raw.log),
            service_name: text("telemetry.service_name", raw.service_name),
            otlp: otlp.into_iter().next(),
            log_format,
            divisions: hosting
                .subtree
                .into_iter()
                .chain(hosting.nodes.iter().copied())
                .collect(),
        }
    }

    pub(super) fn limits(&mut self, raw: &RawLimits) -> Limits {
        let mut number = |key: &str, value| self.number(&format!("limits.{key}"), value);
        let mib = |n: u64| (n as usize) << 20;
        Limits {
            handshake_timeout: Duration::from_secs(number(
                "handshake_timeout_s",
                raw.handshake_timeout_s,
            )),
            connections_per_address: some(number(
                "connections_per_address",
                raw.connections_per_address,
            )),
            http_connections_per_address: some(number(
                "http_connections_per_address",
                raw.http_connections_per_address,
            )),
            streams_per_connection: number("streams_per_connection", raw.streams_per_connection)
                as u32,
            frame_bytes: (number("frame_kib", raw.frame_kib) as usize) << 10,
            window: number("window", raw.window) as u32,
            memory_bytes: mib(number("memory_mib", raw.memory_mib)),
            envelopes_per_s: each(number("envelopes_per_s", raw.envelopes_per_s)),
            reports: number("reports", raw.reports) as usize,
            requests_per_address_s: each(number(
                "requests_per_address_s",
                raw.requests_per_address_s,
            )),
            requests_per_caller_s: each(number("requests_per_caller_s", raw.requests_per_caller_s)),
            logins_per_address_min: each(number(
                "logins_per_address_min",
                raw.logins_per_address_min,
            )),
            reports_per_address_min: each(number(
                "reports_per_address_min",
                raw.reports_per_address_min,
            )),
        }
    }

    pub(super) fn store(&mut self, raw: &RawStore) -> Store {
        if let Some(other) = raw.engine.as_ref().filter(|engine| *engine != "sled") {
            self.add(
                "store.engine",
                Some(other),
                ("`sled`", " `sled`"),
                ("leave it out", "请不要写这一项"),
            );
        }
        Store {
            engine: Engine::Sled,
            cache_bytes: self.number("store.cache_mib", raw.cache_mib) << 20,
        }
    }

    /// `longest` is what the longest wait is set to; if it is not set it is at least the first wait.
    pub(super) fn links(&mut self, raw: &RawLinks, longest: Option<i64>) -> Links {
        let mut number = |key: &str, value| self.number(&format!("links.{key}"), value);
        let mut ms = |key: &str, value| Duration::from_millis(number(key, value));
        let backoff_min = ms("backoff_min_ms", raw.backoff_min_ms);
        let mut backoff_max = ms("backoff_max_ms", raw.backoff_max_ms);
        if longest.is_none() {
            backoff_max = backoff_max.max(backoff_min);
        }
        let links = Links {
            backoff_min,
            backoff_max,
            figures_pace: ms("figures_pace_ms", raw.figures_pace_ms),
            watermark_pace: ms("watermark_pace_ms", raw.watermark_pace_ms),
            keep_alive: Duration::from_secs(self.number("links.keep_alive_s", raw.keep_alive_s)),
            answer: Duration::from_secs(self.number("links.answer_s", raw.answer_s)),
            readmit_days: u32::try_from(self.number("links.readmit_days", raw.readmit_days))
                .expect("the range fits"),
        };
        self.backoff(backoff_min, backoff_max);
        links
    }

    fn backoff(&mut self, least: Duration, most: Duration) {
        if most < least {
            self.add_said(
                "links.backoff_max_ms",
                Some(&most.as_millis()),
                (not_less(least.as_millis()), raise_or_lower()),
            );
        }
    }
}

/// A number that its row keeps above zero.
fn some(number: u64) -> NonZeroUsize {
    NonZeroUsize::new(number as usize).unwrap_or(NonZeroUsize::MIN)
}

/// A rate that its row keeps above zero.
fn each(number: u64) -> NonZeroU32 {
    NonZeroU32::new(number as u32).unwrap_or(NonZeroU32::MIN)
}

fn collector(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let address: HostPort = text.strip_prefix("http://")?.parse().ok()?;
    Some(format!("http://{address}"))
}

topology::sayings! {
    fn a_collector(): "地址，如 `http://127.0.0.1:4317`，不带 TLS", "an address such as `http://127.0.0.1:4317`, without TLS";
    fn not_less(least): "不小于 `links.backoff_min_ms`（{least} ms）", "not less than `links.backoff_min_ms` ({least} ms)";
    fn raise_or_lower(): "请调高这一项，或调低那一项", "raise the one or lower the other";
}
