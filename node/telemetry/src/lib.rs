//! Observability of a node: log lines, traces, metrics, health.
//!
//! The path of a matter through five nodes is one trace. The trace context travels in envelopes as
//! W3C `traceparent`; a node that exports no traces passes it on unchanged, so that a gap in the
//! middle does not split the trace. See [`inject`] and [`follow`].

mod collector;
pub mod health;
pub mod hosts;
pub mod http;
mod lines;
pub mod metrics;
pub mod sums;
mod trace;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use config::LogFormat;
use opentelemetry::{Array, KeyValue, StringValue, Value, trace::TracerProvider};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, Targets},
    fmt::{self, MakeWriter},
    prelude::*,
    registry::LookupSpan,
    reload,
};

pub use collector::Collector;
pub use health::Health;
pub use metrics::Metrics;
pub use trace::{TraceContext, TraceContextError, carry, follow, inject};

/// Longest time [`Telemetry::shutdown`] waits for the collector.
const FLUSH: Duration = Duration::from_secs(3);

/// Time between two checks of the collector.
const WATCH_EVERY: Duration = Duration::from_secs(30);

/// Logging and export for the whole process, from start to shutdown.
#[derive(Debug)]
pub struct Telemetry {
    export: Option<Export>,
    filter: Filter,
    installed: bool,
}

/// What replaces the filter of log lines.
struct Filter(Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filter")
    }
}

/// Export of traces to a collector.
#[derive(Debug)]
struct Export {
    provider: SdkTracerProvider,
    collector: Collector,
}

/// The reason telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The setting `telemetry.log` is not a valid filter.
    #[error(
        "`telemetry.log` is `{filter}`, which is not a log filter ({source}); write a level such as \
         `info`, or levels by crate such as `info,wujitong_peer=debug`"
    )]
    Filter {
        /// The text of the setting.
        filter: String,
        /// The filter parser's error.
        source: ParseError,
    },
    /// The exporter could not be built for `telemetry.otlp`.
    #[error(
        "traces cannot be exported to `{endpoint}` ({source}); correct `telemetry.otlp` or leave \
         it out"
    )]
    Exporter {
        /// The collector's address.
        endpoint: String,
        /// The exporter's error.
        source: ExporterBuildError,
    },
    /// Export was requested outside a runtime.
    #[error("traces can be exported only from within a tokio runtime; start telemetry inside it")]
    NoRuntime,
}

impl Telemetry {
    /// Starts log lines on stderr and, if `telemetry.otlp` is set, export of traces in batches.
    /// Export is over gRPC. If the collector cannot be reached, only its traces are lost, and
    /// [`collector`](Self::collector) reports it.
    ///
    /// Only the first call in a process takes effect. Later calls succeed without doing anything
    /// ([`installed`] is false), so that many tests of one binary may start it.
    ///
    /// # Errors
    /// The log filter or the collector's address cannot be used, or export is requested outside a
    /// tokio runtime.
    ///
    /// [`installed`]: Self::installed
    pub fn start(settings: &config::Telemetry) -> Result<Self, TelemetryError> {
        let export = match &settings.otlp {
            Some(endpoint) => Some(exporting(endpoint, settings, WATCH_EVERY)?),
            None => None,
        };
        let provider = export.as_ref().map(|export| &export.provider);
        let (subscriber, filter) = subscriber(settings, provider, io::stderr)?;
        let installed = subscriber.try_init().is_ok();
        Ok(Self {
            export: export.filter(|_| installed),
            filter,
            installed,
        })
    }

    /// Checks a filter of log lines, as [`config::Telemetry::log`] has it.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`].
    pub fn check_filter(text: &str) -> Result<(), TelemetryError> {
        filter(text).map(drop)
    }

    /// Filters log lines in another way from now on. Does nothing if log lines do not go through this instance.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`]; nothing changes then.
    pub fn set_filter(&self, text: &str) -> Result<(), TelemetryError> {
        let filter = filter(text)?;
        if let Err(error) = (self.filter.0)(filter)
            && self.installed
        {
            tracing::warn!(%error, "the filter of log lines was not replaced");
        }
        Ok(())
    }

    /// Returns whether log lines and traces of this process go through this instance.
    pub fn installed(&self) -> bool {
        self.installed
    }

    /// Returns the collector that traces are exported to, if any.
    pub fn collector(&self) -> Option<Collector> {
        let export = self.export.as_ref();
        export.map(|export| export.collector.clone())
    }

    /// Exports the remaining traces; waits at most 3 s for the collector.
    pub async fn shutdown(self) {
        let Some(export) = self.export else {
            return;
        };
        let provider = export.provider.clone();
        // The provider blocks its thread, and the exporter needs the runtime meanwhile.
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH));
        match flushed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "last traces were not exported"),
            Err(error) => tracing::warn!(%error, "export of traces did not end"),
        }
    }
}

/// Builds the subscriber for spans and events of the process.
///
/// Each layer has its own filter: a quiet log must not make traces incomplete.
fn subscriber<W>(
    settings: &config::Telemetry,
    provider: Option<&SdkTracerProvider>,
    writer: W,
) -> Result<
    (
        impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
        Filter,
    ),
    TelemetryError,
>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter(&settings.log)?);
    let lines = match settings.log_format {
        LogFormat::Text => fmt::layer()
            .with_writer(writer)
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(lines::fields())
            .boxed(),
        LogFormat::Json => fmt::layer()
            .with_writer(lines::Escaped(writer))
            .json()
            .flatten_event(true)
            .boxed(),
    };
    let spans = provider.map(|provider| {
        // Excludes the exporter's own spans, which would be exported in turn.
        let ours = Targets::new().with_target("wujitong", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("wujitong"))
            .with_location(false)
            .with_threads(false)
            .with_filter(ours)
    });
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans);
    let swap = move |filter: EnvFilter| handle.reload(filter);
    Ok((subscriber, Filter(Box::new(swap))))
}

fn filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(text).map_err(|source| TelemetryError::Filter {
        filter: text.to_owned(),
        source,
    })
}

fn exporting(
    endpoint: &str,
    settings: &config::Telemetry,
    watch_every: Duration,
) -> Result<Export, TelemetryError> {
    let collector = Collector::at(endpoint, watch_every)?;
    Ok(Export {
        provider: SdkTracerProvider::builder()
            .with_batch_exporter(collector.exporter()?)
            .with_resource(resource(settings))
            .build(),
        collector,
    })
}

/// Describes the exporting process: `service.name`, and `wujitong.division` with the configured
/// codes.
fn resource(settings: &config::Telemetry) -> Resource {
    let codes = settings
        .divisions
        .iter()
        .map(|code| StringValue::from(code.to_string()));
    Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new(
            "wujitong.division",
            Value::Array(Array::String(codes.collect())),
        ))
        .build()
}

#[cfg(test)]
mod tests;
