//! Signs the next certificates of children, for the requests of their links.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{ids::KeyId, time::Timestamp};
use identity::{CertificateRequests, Certificates, Identity, IdentityError, KeyRing};
use office::{Office, blocking};
use rustls_pki_types::UnixTime;
use topology::DivisionCode;

/// Two certificates for one child are at least so far apart: each costs a signature and a look at the disk.
const SPACING_MS: u64 = 10_000;

/// The longest request for one certificate, in bytes.
const MOST_REQUEST_BYTES: usize = 2 * 1024;

/// Why a child's certificates are not renewed. It is told this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewalRefusal {
    /// It asked a moment ago.
    #[error("its certificate was renewed {0} s ago; it may ask again in a moment")]
    TooSoon(u64),
    /// The signature does not hold.
    #[error(
        "the request is not signed with a key of {0} that counts here; the parent must enrol it again if that key was revoked"
    )]
    Key(DivisionCode),
    /// The request is too long, or not one.
    #[error("{0}")]
    Bad(String),
    /// The clock shows no time.
    #[error("the clock of this machine shows a time before 1970")]
    Clock,
    /// This node cannot sign.
    #[error("{0}")]
    Cannot(#[from] IdentityError),
}

/// What signs the certificates of a node's children.
pub struct Renewals {
    office: Arc<Office>,
    identity: Arc<Identity>,
    keys: Arc<KeyRing>,
    last: Mutex<HashMap<DivisionCode, Timestamp>>,
}

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) requests: CertificateRequests,
    pub(crate) key: KeyId,
    pub(crate) signature: Vec<u8>,
}

impl Renewals {
    /// Signs for the children of this node.
    pub fn new(office: Arc<Office>, identity: Arc<Identity>, keys: Arc<KeyRing>) -> Self {
        Self {
            office,
            identity,
            keys,
            last: Mutex::default(),
        }
    }

    /// Signs what a child asks for, whose certificate its connection has shown.
    pub(crate) async fn renew(
        &self,
        child: DivisionCode,
        asked: Asked,
    ) -> Result<Certificates, RenewalRefusal> {
        let requests = asked.requests.clone();
        let lengths = [
            requests.node.len(),
            requests.issuing.as_ref().map_or(0, Vec::len),
        ];
        if lengths.iter().any(|length| *length > MOST_REQUEST_BYTES) {
            let why = format!("a request has more than {MOST_REQUEST_BYTES} bytes");
            return Err(RenewalRefusal::Bad(why));
        }
        self.check_key(child, &asked)?;
        self.space(child)?;
        let now = u64::try_from(self.office.now().0 / 1_000);
        let now = now.map_err(|_| RenewalRefusal::Clock)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        let identity = Arc::clone(&self.identity);
        let issued = blocking(move || identity.certify(child, &requests, now)).await;
        let issued = issued.map_err(|error| match error {
            IdentityError::BadRequest(_) => RenewalRefusal::Bad(error.to_string()),
            other => {
                tracing::error!(division = %self.office.me(), %child, error = %other, "a certificate was not renewed");
                RenewalRefusal::Cannot(other)
            }
        })?;
        let with_issuing = !issued.issuing.is_empty();
        tracing::info!(division = %self.office.me(), %child, with_issuing, "certificate renewed");
        Ok(issued)
    }

    /// Checks that a signing key of the child that counts signed the request.
    fn check_key(&self, child: DivisionCode, asked: &Asked) -> Result<(), RenewalRefusal> {
        let known = self.keys.get(child, asked.key);
        let known = known.filter(|_| !self.keys.revoked().holds(child, asked.key));
        let message = asked.requests.message(&self.identity.network().id, child);
        let holds =
            known.is_some_and(|key| key.verify(key.suite, &message, &asked.signature).is_ok());
        holds.then_some(()).ok_or(RenewalRefusal::Key(child))
    }

    /// Notes that a child asks; refuses it if it did a moment ago.
    fn space(&self, child: DivisionCode) -> Result<(), RenewalRefusal> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.office.now();
        let ago = last.get(&child).map(|last| now.since(*last));
        // A clock that was put back holds nobody up.
        let early = last.get(&child).is_some_and(|last| *last <= now);
        if let Some(ago) = ago.filter(|ago| early && *ago < SPACING_MS) {
            return Err(RenewalRefusal::TooSoon(ago / 1_000));
        }
        last.insert(child, now);
        Ok(())
    }
}
