//! Tells when a link must end because a certificate it was opened with expires.

use std::{sync::Arc, time::Duration};

use rustls::time_provider::TimeProvider;
use rustls_pki_types::CertificateDer;
use tokio::time::sleep;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Longest wait between two checks of the clock, which may be set while a link lasts.
const MOST: Duration = Duration::from_secs(30);
const LEAST: Duration = Duration::from_millis(100);

/// The first moment at which a certificate of either side, or one above it, is no longer valid.
#[derive(Clone, Debug)]
pub struct Lapse {
    /// Last valid second since 1970-01-01T00:00:00Z.
    last: i64,
    clock: Arc<dyn TimeProvider>,
}

impl Lapse {
    /// Finds the earliest end of these certificates.
    pub(super) fn of<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
        clock: Arc<dyn TimeProvider>,
    ) -> Self {
        let ends = certificates.into_iter().map(|certificate| {
            let parsed = X509Certificate::from_der(certificate);
            // A handshake never passes a certificate that cannot be parsed.
            parsed.map_or(i64::MIN, |(_, read)| read.validity().not_after.timestamp())
        });
        Self {
            last: ends.min().unwrap_or(i64::MAX),
            clock,
        }
    }

    /// Waits until that moment has passed.
    pub async fn reached(&self) {
        while let Some(left) = self.left() {
            sleep(left.clamp(LEAST, MOST)).await;
        }
    }

    /// Returns the time until then; `None` if it has passed.
    fn left(&self) -> Option<Duration> {
        // Without a clock nothing is known to have expired; the next handshake fails.
        let now = self.clock.current_time().map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        (now <= self.last).then(|| Duration::from_secs(self.last.abs_diff(now)))
    }
}
