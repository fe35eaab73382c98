//! Watches whether the trace collector accepts what it is sent.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::foreign;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use prometheus_client::metrics::gauge::Gauge;

use super::{FLUSH, TelemetryError};

/// The collector of this process's traces and its state. Clones share the state.
#[derive(Clone, Debug)]
pub struct Collector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: String,
    every: Duration,
    probe: opentelemetry_otlp::SpanExporter,
    up: Gauge,
    trouble: Mutex<Option<String>>,
}

impl Collector {
    /// The collector at an address, to be [probed](Self::probe) this often.
    ///
    /// # Errors
    /// [`TelemetryError`] if the address cannot be used, or outside a tokio runtime.
    pub fn at(endpoint: &str, every: Duration) -> Result<Self, TelemetryError> {
        tokio::runtime::Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
        Ok(Self(Arc::new(Inner {
            endpoint: endpoint.to_owned(),
            every,
            probe: exporter(endpoint)?,
            up: Gauge::default(),
            trouble: Mutex::default(),
        })))
    }

    /// Sends it nothing, and notes whether it takes that: a node without work would not learn that it is
    /// away, nor that it is back.
    pub async fn probe(&self) {
        let sent = self.0.probe.export(vec![]).await;
        self.note(&sent);
    }

    /// How often it is to be probed.
    pub fn every(&self) -> Duration {
        self.0.every
    }

    /// Builds an exporter that sends to this collector and notes the results.
    pub(super) fn exporter(&self) -> Result<impl SpanExporter + use<>, TelemetryError> {
        Ok(Noting(exporter(&self.0.endpoint)?, self.clone()))
    }

    /// Returns why traces do not reach the collector, as a sentence for people; `None` if the last
    /// export succeeded.
    pub fn trouble(&self) -> Option<String> {
        self.last().clone()
    }

    /// Returns the gauge that is 1 if the last export succeeded, else 0.
    pub(super) fn up(&self) -> Gauge {
        self.0.up.clone()
    }

    /// Notes the result of an export. Logs only the first failure and the recovery.
    fn note(&self, sent: &OTelSdkResult) {
        let endpoint = &self.0.endpoint;
        let mut last = self.last();
        self.0.up.set(i64::from(sent.is_ok()));
        match sent {
            Ok(()) => {
                if last.take().is_some() {
                    tracing::info!(endpoint, "the collector takes traces again");
                }
            }
            Err(error) => {
                if last.is_none() {
                    tracing::warn!(endpoint, %error,
                        "the collector does not take traces; they are lost until it does");
                }
                let error = foreign::escape(&error.to_string());
                *last = Some(format!(
                    "the collector at {endpoint} does not take traces, which are lost until it does \
                     ({error}); start it, or correct or leave out `telemetry.otlp`"
                ));
            }
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn exporter(endpoint: &str) -> Result<opentelemetry_otlp::SpanExporter, TelemetryError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic();
    let exporter = exporter.with_endpoint(endpoint).with_timeout(FLUSH);
    exporter.build().map_err(|source| TelemetryError::Exporter {
        endpoint: endpoint.to_owned(),
        source,
    })
}

/// An exporter that notes the result of every export with its [`Collector`].
#[derive(Debug)]
struct Noting<E>(E, Collector);

impl<E: SpanExporter> SpanExporter for Noting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.0.export(batch).await;
        self.1.note(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
