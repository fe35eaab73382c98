//! Whether the collector takes the traces it is sent.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
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

/// The collector of this process's traces, as far as it answers. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Collector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: String,
    up: Gauge,
    trouble: Mutex<Option<String>>,
}

impl Collector {
    /// The collector at an address. It is sent nothing at once and then again and again, as long as
    /// anybody has this: a node without work would not learn that it is away, nor that it is back.
    ///
    /// # Errors
    /// [`TelemetryError`] if the address cannot be used, or outside a tokio runtime.
    pub fn watch(endpoint: &str, every: Duration) -> Result<Self, TelemetryError> {
        tokio::runtime::Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
        let collector = Self(Arc::new(Inner {
            endpoint: endpoint.to_owned(),
            up: Gauge::default(),
            trouble: Mutex::default(),
        }));
        let exporter = exporter(endpoint)?;
        let watched = Arc::downgrade(&collector.0);
        tokio::spawn(async move {
            loop {
                let sent = exporter.export(vec![]).await;
                let Some(inner) = Weak::upgrade(&watched) else {
                    return;
                };
                Self(inner).note(&sent);
                tokio::time::sleep(every).await;
            }
        });
        Ok(collector)
    }

    /// What exports to it.
    pub(super) fn exporter(&self) -> Result<impl SpanExporter + use<>, TelemetryError> {
        Ok(Noting(exporter(&self.0.endpoint)?, self.clone()))
    }

    /// Why traces do not reach it, if the last did not; a sentence for people.
    pub fn trouble(&self) -> Option<String> {
        self.last().clone()
    }

    /// 1 if it took what it was sent last, else 0.
    pub(super) fn up(&self) -> Gauge {
        self.0.up.clone()
    }

    /// Notes whether it took something. The log tells of the first failure and of its end.
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

/// An exporter that tells how its collector does.
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
