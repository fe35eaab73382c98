//! Tells when a link must end because a certificate it was opened with expires.

use std::{sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::CertificateDer;
use tokio::time::sleep;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Longest wait between two checks of the clock, which may be set while a link lasts.
const MOST: Duration = Duration::from_secs(30);
const LEAST: Duration = Duration::from_millis(100);

/// What people are told of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The first digits of its serial number, at most 16, hexadecimal.
    pub serial: String,
    /// End of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
}

impl CertificateFacts {
    /// Reads a certificate; `None` if it cannot be parsed.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let mut serial = HEXLOWER.encode(read.raw_serial());
        serial.truncate(16);
        let not_after = read.validity().not_after.timestamp();
        Some(Self { serial, not_after })
    }
}

/// The first moment at which a certificate of either side, or one above it, is no longer valid.
#[derive(Clone, Debug)]
pub struct Lapse {
    /// Last valid second since 1970-01-01T00:00:00Z.
    last: i64,
    /// The other side's own certificate.
    other: Option<CertificateFacts>,
    clock: Arc<dyn TimeProvider>,
}

impl Lapse {
    /// Finds the earliest end of these certificates: this side's, and the other's with its own first.
    pub(super) fn of(
        own: &[CertificateDer<'_>],
        others: &[CertificateDer<'_>],
        clock: Arc<dyn TimeProvider>,
    ) -> Self {
        let ends = own.iter().chain(others).map(|certificate| {
            let parsed = X509Certificate::from_der(certificate);
            // A handshake never passes a certificate that cannot be parsed.
            parsed.map_or(i64::MIN, |(_, read)| read.validity().not_after.timestamp())
        });
        Self {
            last: ends.min().unwrap_or(i64::MAX),
            other: others.first().and_then(CertificateFacts::of),
            clock,
        }
    }

    /// Returns what is known of the other side's certificate; `None` if it showed none.
    pub fn other(&self) -> Option<&CertificateFacts> {
        self.other.as_ref()
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
