//! One node's loaded identity and its TLS configurations.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use domain::certificate::Validity;
use rustls::{
    ClientConfig, ConfigBuilder, ServerConfig,
    client::{ResolvesClientCert, Resumption, WantsClientCert},
    crypto::CryptoProvider,
    server::NoServerSessionStorage,
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::{DefaultTimeProvider, TimeProvider},
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;
use topology::{DivisionCode, Tree, dns};

use super::{
    IdentityError,
    credentials::{Credentials, Shown},
    directory,
    enrol::replace,
    files,
    invited::{self, JOIN_ALPN, JoinShown},
    keystore::{FileKeyStore, KeyError, KeyStore},
    lapse::Lapse,
    log_key::LogKey,
    network::Network,
    refusal::PeerRefusal,
    renewal,
    sealing::{FileSealingKey, Recipient, SealingKey, SealingPublic},
    statement::SignedKeyStatement,
    verify::{Judge, Verifier},
};

/// External inputs of an identity: the clock that certificates are checked against, and the TLS
/// cryptography.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The clock that certificates are checked against.
    pub clock: Arc<dyn TimeProvider>,
    /// The TLS cryptography, whose source of randomness sealing uses as well.
    pub provider: Arc<CryptoProvider>,
}

impl Default for Surroundings {
    /// Uses the system's clock, and ring.
    fn default() -> Self {
        Self {
            clock: Arc::new(DefaultTimeProvider),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        }
    }
}

impl Surroundings {
    /// Judges certificates by this time, in milliseconds since 1970.
    #[must_use]
    pub fn timed_by(self, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self {
            clock: Arc::new(TimedBy(Box::new(now))),
            ..self
        }
    }
}

struct TimedBy(Box<dyn Fn() -> i64 + Send + Sync>);

impl TimeProvider for TimedBy {
    fn current_time(&self) -> Option<UnixTime> {
        let ms = u64::try_from((self.0)()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

impl fmt::Debug for TimedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimedBy")
    }
}

/// One node's keys and certificates, and its trust anchors.
pub struct Identity {
    division: DivisionCode,
    name: Arc<str>,
    directory: PathBuf,
    /// From when to when the issuing certificate is valid, if there is one that somebody else signed.
    issuing: Mutex<Option<Validity>>,
    network: Arc<Network>,
    judge: Judge,
    clock: Arc<dyn TimeProvider>,
    credentials: watch::Sender<Arc<Credentials>>,
    signer: Arc<dyn KeyStore>,
    sealing: Arc<dyn SealingKey>,
    log_key: LogKey,
    witness_key: LogKey,
    key_chain: Vec<SignedKeyStatement>,
    server: Arc<ServerConfig>,
}

impl Identity {
    /// Loads what [`super::enrol`] wrote, and the network beside it. An expired certificate is
    /// loaded too: the node must still run alone and be able to renew it.
    ///
    /// # Errors
    /// [`IdentityError`] with the file that is missing, unreadable, or of another identity.
    pub fn load(dir: &Path, code: DivisionCode, tree: &Arc<Tree>) -> Result<Self, IdentityError> {
        Self::open(
            &Network::load(dir)?,
            dir,
            code,
            tree,
            &Surroundings::default(),
        )
    }

    /// Loads an identity like [`Identity::load`], with a given network, clock and cryptography. A
    /// process with many nodes loads the network once.
    ///
    /// # Errors
    /// As [`Identity::load`].
    pub fn open(
        network: &Arc<Network>,
        dir: &Path,
        code: DivisionCode,
        tree: &Arc<Tree>,
        surroundings: &Surroundings,
    ) -> Result<Self, IdentityError> {
        if !tree.has_node(code) {
            return Err(IdentityError::UnknownDivision(code));
        }
        let judge = Judge {
            tree: Arc::clone(tree),
            zone: Arc::clone(&network.zone),
            roots: Arc::clone(&network.roots),
            provider: Arc::clone(&surroundings.provider),
            revoked: Arc::clone(&network.revoked),
        };
        let directory = directory(dir, code);
        renewal::recover(&directory)?;
        let credentials = Arc::new(load_credentials(&directory, code, &judge)?);
        let signer = Arc::new(FileKeyStore::load(&directory.join("sign.key"))?);
        let sealing = Arc::new(load_sealing(&directory)?);
        let key_chain = load_key_chain(&directory, code, network, &*signer, &*sealing)?;
        let name: Arc<str> = dns::name(code, &network.zone).into();
        let (credentials, current) = watch::channel(credentials);
        let shown = Shown {
            current,
            name: Arc::clone(&name),
        };
        let server = Arc::new(server_config(code, &judge, &surroundings.clock, shown));
        Ok(Self {
            division: code,
            name,
            log_key: LogKey::lying_at(directory.join("log.key")),
            witness_key: LogKey::lying_at(directory.join("witness.key")),
            issuing: Mutex::new(renewal::issuing_validity(&directory, code == tree.root())?),
            directory,
            network: Arc::clone(network),
            judge,
            clock: Arc::clone(&surroundings.clock),
            credentials,
            signer,
            sealing,
            key_chain,
            server,
        })
    }

    /// Returns whether the division has an identity below this data directory.
    pub fn exists(dir: &Path, code: DivisionCode) -> bool {
        directory(dir, code).join("keys.bin").exists()
    }

    /// Returns the division.
    pub fn division(&self) -> DivisionCode {
        self.division
    }

    /// Returns the division's DNS name. A child that dials it sends it as server name and as
    /// `:authority`.
    pub fn sni_name(&self) -> &str {
        &self.name
    }

    /// Returns the network the node belongs to.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Returns the key that signs for the division.
    pub fn signer(&self) -> &Arc<dyn KeyStore> {
        &self.signer
    }

    /// Returns the key that unwraps what only this division may read.
    pub fn sealing(&self) -> &Arc<dyn SealingKey> {
        &self.sealing
    }

    /// Returns the key that signs heads of the public log. It is made when it is asked for first.
    ///
    /// # Errors
    /// [`KeyError`] if its file cannot be read or written.
    pub fn log_key(&self) -> Result<&dyn KeyStore, KeyError> {
        Ok(self.log_key.get()?)
    }

    /// Returns the key that countersigns heads of the logs of others. It is made when it is asked for first.
    ///
    /// # Errors
    /// [`KeyError`] if its file cannot be read or written.
    pub fn witness_key(&self) -> Result<&dyn KeyStore, KeyError> {
        Ok(self.witness_key.get()?)
    }

    /// Returns the key statements of [`Identity::signer`]: its own first, then those of its earlier
    /// keys, then those above it up to the province's.
    pub fn key_chain(&self) -> &[SignedKeyStatement] {
        &self.key_chain
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn issuing(&self) -> &Mutex<Option<Validity>> {
        &self.issuing
    }

    pub(super) fn judge(&self) -> &Judge {
        &self.judge
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.judge.tree
    }

    /// Returns whether nobody stands above it: then it signs its own certificate.
    pub fn is_root(&self) -> bool {
        self.division == self.judge.tree.root()
    }

    /// Shows other credentials from now on.
    pub(super) fn show(&self, credentials: Credentials) {
        self.credentials.send_replace(Arc::new(credentials));
    }

    /// Returns a watch on the certificate that is shown.
    pub fn credentials(&self) -> watch::Receiver<Arc<Credentials>> {
        self.credentials.subscribe()
    }

    /// Reads `tls.key` and `tls.pem` again; later connections show the new certificate. Returns whether it is
    /// another one.
    ///
    /// # Errors
    /// As [`Identity::load`]; the old certificate is kept then.
    pub fn reload(&self) -> Result<bool, IdentityError> {
        let fresh = load_credentials(&self.directory, self.division, &self.judge)?;
        self.read_issuing()?;
        Ok(self.credentials.send_if_modified(|shown| {
            let is_new = shown.certified.cert != fresh.certified.cert;
            if is_new {
                *shown = Arc::new(fresh);
            }
            is_new
        }))
    }

    /// Returns when `tls.key` or `tls.pem` was written last. It differs after a renewal.
    ///
    /// # Errors
    /// [`IdentityError::File`] if one of them cannot be looked at.
    pub fn renewed_at(&self) -> Result<SystemTime, IdentityError> {
        let written = |name| files::modified(&self.directory.join(name));
        Ok(written("tls.key")?.max(written("tls.pem")?))
    }

    /// Returns the TLS configuration for listening: TLS 1.3, client certificate required, direct
    /// children only, no tickets, no early data, HTTP/2. Accepts only [`Identity::sni_name`] as
    /// server name.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// Returns the data directory of the identity.
    pub fn home(&self) -> &Path {
        let above = self.directory.parent().and_then(Path::parent);
        above.expect("an identity lies two levels below its data directory")
    }

    /// Returns whether the keys to enrol divisions below are here.
    pub fn can_issue(&self) -> bool {
        self.directory.join("issuing.key").exists()
    }

    /// Returns the server name under which those who join ask this node. They do not know the zone yet.
    pub fn join_name(&self) -> String {
        invited::join_name(self.division)
    }

    /// Builds the TLS configuration for those who join: TLS 1.3, no client certificate, this node's chain with the
    /// root, and no other protocol.
    pub fn join_server_config(&self) -> Arc<ServerConfig> {
        let shown = JoinShown {
            certified: Arc::clone(&self.credentials.borrow().certified),
            root: self.network.root_certificates[0].clone(),
            name: self.join_name(),
        };
        let provider = Arc::clone(&self.judge.provider);
        Arc::new(invited::server_config(provider, &self.clock, shown))
    }

    /// Returns the first half of the digest of the root's public key, which invitations name.
    pub fn root_pin(&self) -> Option<[u8; 16]> {
        invited::pin(&self.network.root_certificates[0])
    }

    /// Builds the TLS configuration for dialling the parent `expect`: TLS 1.3, this node's
    /// certificate shown, exactly that division accepted whatever its address, no resumption, no
    /// early data, HTTP/2. The server name to dial with is [`Identity::name_of`] that division.
    pub fn client_config(&self, expect: DivisionCode) -> Arc<ClientConfig> {
        let shown = Shown {
            current: self.credentials.subscribe(),
            name: Arc::clone(&self.name),
        };
        self.client_config_of(Arc::new(shown), expect)
    }

    /// Builds it for one certificate, whatever is shown otherwise.
    pub(super) fn client_config_with(
        &self,
        certified: Arc<CertifiedKey>,
        expect: DivisionCode,
    ) -> Arc<ClientConfig> {
        self.client_config_of(Arc::new(SingleCertAndKey::from(certified)), expect)
    }

    fn client_config_of(
        &self,
        shown: Arc<dyn ResolvesClientCert>,
        expect: DivisionCode,
    ) -> Arc<ClientConfig> {
        let builder = self.client_builder(expect);
        finished(builder.with_client_cert_resolver(shown), b"h2")
    }

    /// Builds the TLS configuration for asking the parent `expect` over the protocol of joining: no certificate is shown.
    pub(super) fn client_config_to_join(&self, expect: DivisionCode) -> Arc<ClientConfig> {
        let builder = self.client_builder(expect);
        finished(builder.with_no_client_auth(), JOIN_ALPN)
    }

    fn client_builder(&self, expect: DivisionCode) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        let provider = Arc::clone(&self.judge.provider);
        let verifier = Verifier::exactly(self.judge.clone(), expect);
        ClientConfig::builder_with_details(provider, Arc::clone(&self.clock))
            .with_protocol_versions(&[&TLS13])
            .expect("every provider has a TLS 1.3 suite")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    }

    /// Returns what wraps keys for whoever has the private key of `public`.
    pub fn recipient(&self, public: SealingPublic) -> Recipient {
        Recipient::with(public, self.judge.provider.secure_random)
    }

    /// When a link ends that was opened now, with these certificates at the other end.
    pub fn lapse_with(&self, certificates: &[CertificateDer<'_>]) -> Lapse {
        let own = Arc::clone(&self.credentials.borrow());
        Lapse::of(&own.certified.cert, certificates, Arc::clone(&self.clock))
    }

    /// Returns the DNS name of a division in this network.
    pub fn name_of(&self, division: DivisionCode) -> String {
        dns::name(division, &self.network.zone)
    }

    /// Returns the division at the other end of a connection, from the certificates it showed. Only
    /// a completed handshake with one of these configurations makes them trustworthy.
    ///
    /// # Errors
    /// [`PeerRefusal`] for certificates that such a connection cannot have.
    pub fn peer_division(
        &self,
        certificates: &[CertificateDer<'_>],
    ) -> Result<DivisionCode, PeerRefusal> {
        self.judge
            .division(certificates.first().ok_or(PeerRefusal::NoCertificate)?)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.name)
    }
}

/// Without resumption and early data, for one protocol.
fn finished(mut config: ClientConfig, protocol: &[u8]) -> Arc<ClientConfig> {
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

fn server_config(
    here: DivisionCode,
    judge: &Judge,
    clock: &Arc<dyn TimeProvider>,
    shown: Shown,
) -> ServerConfig {
    let provider = Arc::clone(&judge.provider);
    let mut config = ServerConfig::builder_with_details(provider, Arc::clone(clock))
        .with_protocol_versions(&[&TLS13])
        .expect("every provider has a TLS 1.3 suite")
        .with_client_cert_verifier(Verifier::children_of(judge.clone(), here))
        .with_cert_resolver(Arc::new(shown));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn load_credentials(
    directory: &Path,
    code: DivisionCode,
    judge: &Judge,
) -> Result<Credentials, IdentityError> {
    let credentials = Credentials::load(directory, &judge.provider)?;
    let mismatch = |why| IdentityError::Mismatch {
        path: directory.join("tls.pem"),
        why,
    };
    check_whole(
        &directory.join("tls.pem"),
        credentials.certified.cert.len(),
        code,
        &judge.tree,
    )?;
    match judge.division(&credentials.certified.cert[0]) {
        Ok(named) if named == code => Ok(credentials),
        Ok(named) => Err(mismatch(format!("it is the certificate of {named}"))),
        Err(refusal) => Err(mismatch(refusal.to_string())),
    }
}

/// Checks that a chain of certificates is not truncated: it has one for its division and one for
/// each division above it, except the root.
pub(super) fn check_whole(
    path: &Path,
    found: usize,
    code: DivisionCode,
    tree: &Tree,
) -> Result<(), IdentityError> {
    let needed = tree.ancestors(code).count().max(1);
    if found >= needed {
        return Ok(());
    }
    Err(IdentityError::Unreadable {
        path: path.to_owned(),
        why: format!("it is cut short: it holds {found} certificates of {needed}"),
    })
}

/// Loads the sealing key, with those it replaced.
fn load_sealing(directory: &Path) -> Result<FileSealingKey, IdentityError> {
    let older = files::list(directory)?.into_iter();
    let older = older.filter(|name| replace::is_old_sealing_key(name));
    let older = older.map(|name| FileSealingKey::load(&directory.join(name)));
    let older = older.collect::<Result<_, _>>()?;
    Ok(FileSealingKey::load(&directory.join("seal.key"))?.with_older(older))
}

fn load_key_chain(
    directory: &Path,
    code: DivisionCode,
    network: &Network,
    signer: &dyn KeyStore,
    sealing: &dyn SealingKey,
) -> Result<Vec<SignedKeyStatement>, IdentityError> {
    let path = directory.join("keys.bin");
    let unreadable = |why: String| IdentityError::Unreadable {
        path: path.clone(),
        why,
    };
    let mismatch = |why: &str| {
        Err(IdentityError::Mismatch {
            path: path.clone(),
            why: why.to_owned(),
        })
    };
    let chain = SignedKeyStatement::decode_all(&files::read(&path)?)
        .map_err(|error| unreadable(error.to_string()))?;
    let own = chain
        .first()
        .ok_or_else(|| unreadable("it is empty".to_owned()))?;
    let own = own
        .statement()
        .map_err(|error| unreadable(error.to_string()))?;
    let last = chain.last().and_then(|last| last.statement().ok());
    let province = network.anchors[0].statement().ok();
    if last.map(|last| last.division) != province.map(|province| province.division) {
        return Err(unreadable(
            "it is cut short: the province's statement is not at its end".to_owned(),
        ));
    }
    if own.network != network.id {
        return mismatch("its statements belong to another network");
    }
    if own.division != code {
        return mismatch("its first statement is about another division");
    }
    if own.key_id() != signer.key_id() {
        return mismatch("its first statement is not about the key in sign.key");
    }
    if own.sealing != *sealing.public() {
        return mismatch("its first statement does not state the key in seal.key");
    }
    Ok(chain)
}
