//! A small network on disk, with a clock that stands still, for the tests of this crate.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::suite::Suite;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tempfile::TempDir;
use topology::{DivisionCode, Tree};

use super::{
    CertificateProfile, Founding, Identity, Network, Surroundings, enrol, enrol::Authority,
};

pub(super) const NOW: u64 = 1_780_000_000;

pub(super) const PROVINCE: &str = "33";
pub(super) const CITY: &str = "3308";
pub(super) const OTHER_CITY: &str = "3303";
pub(super) const COUNTY: &str = "330825";
pub(super) const OTHER_COUNTY: &str = "330802";
/// 龙港市, whose villages are directly below it.
pub(super) const COUNTY_WITHOUT_TOWNSHIPS: &str = "330383";
pub(super) const TOWNSHIP: &str = "330825002";
pub(super) const OTHER_TOWNSHIP: &str = "330825001";
pub(super) const VILLAGE: &str = "330825002222";
pub(super) const VILLAGE_WITHOUT_TOWNSHIP: &str = "330383198001";

pub(super) fn code(text: &str) -> DivisionCode {
    text.parse().expect("a code")
}

pub(super) fn terms() -> CertificateProfile {
    terms_in(0)
}

/// Builds the profile of certificates made so many days from now.
pub(super) fn terms_in(days: i64) -> CertificateProfile {
    let now = NOW.checked_add_signed(days * 86_400).expect("after 1970");
    CertificateProfile::at(UnixTime::since_unix_epoch(Duration::from_secs(now)))
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub(super) fn advance_days(&self, days: u64) {
        self.0.fetch_add(days * 86_400, Ordering::Relaxed);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            self.0.load(Ordering::Relaxed),
        )))
    }
}

/// A network with one branch enrolled, one division of each tier.
pub(super) struct Net {
    dir: TempDir,
    pub(super) tree: Arc<Tree>,
    pub(super) clock: Arc<Clock>,
    pub(super) network: Arc<Network>,
}

impl Net {
    pub(super) fn new() -> Self {
        Self::of(Suite::Ed25519Blake3)
    }

    pub(super) fn of(suite: Suite) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let tree = Tree::zhejiang();
        let founding = Founding {
            zone: "zj.example".to_owned(),
            demo: true,
            suite,
        };
        super::found_network(dir.path(), &tree, &founding, &terms()).expect("founded");
        let branch = [
            CITY,
            OTHER_CITY,
            COUNTY,
            OTHER_COUNTY,
            COUNTY_WITHOUT_TOWNSHIPS,
            TOWNSHIP,
            OTHER_TOWNSHIP,
            VILLAGE,
            VILLAGE_WITHOUT_TOWNSHIP,
        ]
        .map(code);
        enrol(dir.path(), &branch, dir.path(), &tree, &terms()).expect("enrolled");
        let network = Network::load(dir.path()).expect("a network");
        Self {
            dir,
            tree,
            clock: Arc::new(Clock(NOW.into())),
            network,
        }
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn identity(&self, division: &str) -> Identity {
        let surroundings = Surroundings {
            clock: Arc::clone(&self.clock) as _,
            ..Surroundings::default()
        };
        Identity::open(
            &self.network,
            self.dir(),
            code(division),
            &self.tree,
            &surroundings,
        )
        .expect("loads")
    }

    /// Returns the issuing key of a division, as a thief would use it.
    pub(super) fn authority(&self, division: DivisionCode) -> Authority {
        Authority::load(self.dir(), division, &self.tree).expect("an authority")
    }
}

/// A certificate chain with its key, to be shown in a handshake.
pub(super) struct Specimen {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: KeyPair,
}

impl Specimen {
    /// Makes a certificate signed by `authority`, with the chain above it.
    pub(super) fn signed(authority: &Authority, params: &CertificateParams) -> Self {
        let key = new_key();
        let leaf = params.signed_by(&key, &authority.issuer).expect("signed");
        let mut chain = vec![leaf.der().clone()];
        chain.extend(authority.certificates.iter().cloned());
        Self { chain, key }
    }

    pub(super) fn resolver(self) -> Arc<SingleCertAndKey> {
        let der = PrivateKeyDer::try_from(self.key.serialize_der()).expect("PKCS#8");
        let key = rustls::crypto::ring::sign::any_supported_type(&der).expect("a key");
        Arc::new(SingleCertAndKey::from(CertifiedKey::new(self.chain, key)))
    }
}

/// Makes an authority that `above` issues with these parameters.
pub(super) fn authority_under(above: &Authority, params: &CertificateParams) -> Authority {
    let made = Specimen::signed(above, params);
    let issuer = super::profile::issuer(&made.chain[0], made.key).expect("an issuing certificate");
    let (signing, _) = super::FileKeyStore::generate(Suite::Ed25519Blake3).expect("a signing key");
    Authority {
        validity: super::enrol::validity(&made.chain[0]).expect("a certificate"),
        certificates: made.chain,
        issuer,
        signing,
        key_chain: Vec::new(),
    }
}

pub(super) fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
