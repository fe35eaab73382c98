//! Traces across nodes, with and without export.

mod collector;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use collector::Collector;
use opentelemetry::SpanId;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use tracing::{Span, info_span};

use super::*;

/// Keeps the exported spans.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn settings(log: &str) -> config::Telemetry {
    config::Telemetry {
        log: log.to_owned(),
        ..config::Telemetry::default()
    }
}

/// Only one test has nodes at a time: whether a span is of interest is remembered for the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` as a separate node; it exports if `kept` is given.
fn node<T>(log: &str, kept: Option<&Kept>, work: impl FnOnce() -> T) -> T {
    let _one = alone();
    let provider = kept.map(|kept| {
        SdkTracerProvider::builder()
            .with_simple_exporter(kept.clone())
            .build()
    });
    let (subscriber, _filter) = subscriber(&settings(log), provider.as_ref(), io::sink).unwrap();
    tracing::subscriber::with_default(subscriber, work)
}

/// Simulates one hop: receives a `traceparent` and returns the one it sends, from a span inside.
fn hop(incoming: Option<&str>) -> Option<String> {
    let span = info_span!("hop");
    if let Some(incoming) = incoming {
        follow(&span, incoming);
    }
    span.in_scope(|| info_span!("commit").in_scope(|| inject(&Span::current())))
}

#[test]
fn one_trace_leads_through_nodes_with_and_without_export() {
    let kept = Kept::default();
    let village = node("info", Some(&kept), || hop(None)).unwrap();
    let township = node("info", None, || hop(Some(&village))).unwrap();
    assert_eq!(
        township, village,
        "passed through where nothing is exported"
    );
    let county = node("info", Some(&kept), || hop(Some(&township))).unwrap();
    let [first, last]: [TraceContext; 2] = [village.parse().unwrap(), county.parse().unwrap()];
    assert_eq!(first.trace_id(), last.trace_id());
    assert_ne!(first.span_id(), last.span_id());

    let spans = kept.0.lock().unwrap();
    assert_eq!(spans.len(), 4);
    assert!(
        spans
            .iter()
            .all(|span| span.span_context.trace_id().to_bytes() == first.trace_id())
    );
    let arrived = spans
        .iter()
        .find(|span| span.parent_span_is_remote)
        .unwrap();
    assert_eq!(arrived.parent_span_id, SpanId::from_bytes(first.span_id()));
}

#[test]
fn a_trace_made_without_export_is_followed_by_who_exports() {
    let kept = Kept::default();
    let made = TraceContext::random([7; 16], [8; 8]).to_string();
    let village = node("info", None, || hop(Some(&made))).unwrap();
    node("info", Some(&kept), || hop(Some(&village)));
    let spans = kept.0.lock().unwrap();
    assert!(!spans.is_empty());
    assert!(
        spans
            .iter()
            .all(|span| span.span_context.trace_id().to_bytes() == [7; 16])
    );
}

#[test]
fn a_quiet_log_does_not_make_traces_incomplete() {
    let kept = Kept::default();
    let made = TraceContext::random([7; 16], [8; 8]).to_string();
    node("error", Some(&kept), || hop(Some(&made))).unwrap();
    assert_eq!(kept.0.lock().unwrap().len(), 2);
}

#[test]
fn a_trace_is_carried_on_even_where_spans_are_switched_off() {
    let made = TraceContext::random([7; 16], [8; 8]).to_string();
    let carried = node("off", None, || {
        let span = info_span!("hop");
        follow(&span, &made);
        assert_eq!(inject(&span), None);
        carry(&span, Some(&made))
    });
    assert_eq!(carried, Some(made));
}

#[test]
fn what_is_no_traceparent_is_neither_followed_nor_carried() {
    assert_eq!(node("info", None, || hop(Some("garbage"))), None);
    assert_eq!(carry(&Span::none(), Some("garbage")), None);
    let kept = Kept::default();
    let own = node("info", Some(&kept), || hop(Some("garbage")));
    assert!(own.is_some(), "a trace of its own begins");
}

#[test]
fn an_unsampled_trace_stays_unsampled_and_keeps_its_id() {
    let kept = Kept::default();
    let made = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let out: TraceContext = node("info", Some(&kept), || hop(Some(made)))
        .unwrap()
        .parse()
        .unwrap();
    assert!(!out.sampled());
    assert!(out.to_string().contains("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(kept.0.lock().unwrap().is_empty());
}

#[test]
fn a_wrong_filter_is_refused_with_the_setting() {
    let error = Telemetry::start(&settings("wujitong=loud"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`telemetry.log`") && error.contains("wujitong=loud"),
        "{error}"
    );
}

#[test]
fn export_outside_a_runtime_is_refused() {
    let otlp = Some("http://127.0.0.1:1".to_owned());
    let settings = config::Telemetry {
        otlp,
        ..config::Telemetry::default()
    };
    assert!(matches!(
        Telemetry::start(&settings),
        Err(TelemetryError::NoRuntime)
    ));
}

#[tokio::test]
async fn telemetry_may_be_started_twice_and_shut_down() {
    let first = Telemetry::start(&settings("off")).unwrap();
    let second = Telemetry::start(&settings("off")).unwrap();
    assert!(!second.installed());
    first.shutdown().await;
    second.shutdown().await;
}

#[test]
fn json_lines_hold_the_fields_of_the_event() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let to = lines.clone();
    let settings = config::Telemetry {
        log_format: LogFormat::Json,
        ..settings("info")
    };
    let (subscriber, replace) = subscriber(&settings, None, move || to.clone()).unwrap();
    let _one = alone();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(division = "330825000000", queued = 7, "link up");
        tracing::debug!("too quiet to be seen");
        (replace.0)(filter("debug").unwrap()).unwrap();
        tracing::debug!("seen with the new filter");
    });
    let written = lines.0.lock().unwrap();
    let mut read = serde_json::Deserializer::from_slice(&written).into_iter();
    let line: serde_json::Value = read.next().unwrap().unwrap();
    let second: serde_json::Value = read.next().unwrap().unwrap();
    assert_eq!(second["message"], "seen with the new filter");
    assert!(read.next().is_none());
    assert_eq!(line["message"], "link up");
    assert_eq!(line["division"], "330825000000");
    assert_eq!(line["queued"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_a_collector_over_grpc_with_service_and_division() {
    let mut collector = Collector::start().await;
    let settings = config::Telemetry {
        service_name: "wujitong-quzhou".to_owned(),
        divisions: vec!["3308".parse().unwrap()],
        ..settings("off")
    };
    let day = Duration::from_secs(86_400);
    let export = exporting(&collector.endpoint(), &settings, day).unwrap();
    let (subscriber, filter) = subscriber(&settings, Some(&export.provider), io::sink).unwrap();
    let made = TraceContext::random([7; 16], [8; 8]);
    {
        let _one = alone();
        tracing::subscriber::with_default(subscriber, || hop(Some(&made.to_string())));
    }
    Telemetry {
        export: Some(export),
        filter,
        installed: true,
    }
    .shutdown()
    .await;

    // An empty export checks whether the collector is there.
    let traced = |request: &[u8]| request.windows(16).any(|bytes| bytes == made.trace_id());
    let request = loop {
        let request = collector.received().await;
        if traced(&request) {
            break request;
        }
    };
    let text = String::from_utf8_lossy(&request);
    assert!(text.contains("wujitong-quzhou"), "{text}");
    assert!(
        text.contains("wujitong.division") && text.contains("330800000000"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_told_of_until_it_answers_without_a_trace_being_made() {
    let kept = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = kept.local_addr().unwrap();
    drop(kept);
    let endpoint = format!("http://{address}");
    let often = Duration::from_millis(10);
    let export = exporting(&endpoint, &settings("off"), often).unwrap();
    let metrics = Metrics::default();
    metrics.show_collector(&export.collector);
    let shown = |up: u8| {
        let line = format!("wujitong_collector_up {up}");
        metrics.encode().lines().any(|shown| shown == line)
    };
    export.collector.probe().await;
    let trouble = export.collector.trouble().expect("nobody answers");
    assert!(
        trouble.contains(&endpoint) && trouble.contains("`telemetry.otlp`"),
        "{trouble}"
    );
    assert!(shown(0), "{}", metrics.encode());
    let _answers = Collector::start_at(address).await;
    while export.collector.trouble().is_some() {
        export.collector.probe().await;
        tokio::time::sleep(often).await;
    }
    assert!(shown(1), "{}", metrics.encode());
}
