//! When the certificates that a link was opened with come to their end.

use std::{sync::Arc, time::Duration};

use rustls::time_provider::TimeProvider;
use rustls_pki_types::CertificateDer;
use tokio::time::sleep;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Between two looks at the clock, which may be set while a link lasts.
const MOST: Duration = Duration::from_secs(30);
const LEAST: Duration = Duration::from_millis(100);

/// The first moment at which a certificate of either side, or one above it, is not valid any more.
#[derive(Clone, Debug)]
pub struct Lapse {
    /// Last valid second since 1970.
    last: i64,
    clock: Arc<dyn TimeProvider>,
}

impl Lapse {
    /// Of all these certificates.
    pub(super) fn of<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
        clock: Arc<dyn TimeProvider>,
    ) -> Self {
        let ends = certificates.into_iter().map(|certificate| {
            let parsed = X509Certificate::from_der(certificate);
            // A handshake let none pass that does not read.
            parsed.map_or(i64::MIN, |(_, read)| read.validity().not_after.timestamp())
        });
        Self {
            last: ends.min().unwrap_or(i64::MAX),
            clock,
        }
    }

    /// Resolves when it has come.
    pub async fn reached(&self) {
        while let Some(left) = self.left() {
            sleep(left.clamp(LEAST, MOST)).await;
        }
    }

    /// How long it is until then; `None` if it has come.
    fn left(&self) -> Option<Duration> {
        // Without a clock nothing is known to have expired; the next handshake fails.
        let now = self.clock.current_time().map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        (now <= self.last).then(|| Duration::from_secs(self.last.abs_diff(now)))
    }
}
