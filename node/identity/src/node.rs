//! One node's identity, loaded, and the TLS configurations that speak for it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, ServerConfig,
    client::Resumption,
    crypto::CryptoProvider,
    server::NoServerSessionStorage,
    time_provider::{DefaultTimeProvider, TimeProvider},
    version::TLS13,
};
use rustls_pki_types::CertificateDer;
use tokio::sync::watch;
use topology::{DivisionCode, Tree, dns};

use super::{
    IdentityError,
    credentials::{Credentials, Shown},
    directory,
    enrol::replace,
    files,
    keystore::{FileKeyStore, KeyStore},
    lapse::Lapse,
    network::Network,
    refusal::PeerRefusal,
    sealing::{FileSealingKey, SealingKey},
    statement::SignedKeyStatement,
    verify::{Judge, Verifier},
};

/// What an identity takes from outside: the clock that says whether a certificate is valid, and the
/// cryptography of TLS.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The time at which certificates are judged.
    pub clock: Arc<dyn TimeProvider>,
    /// The TLS cryptography.
    pub provider: Arc<CryptoProvider>,
}

impl Default for Surroundings {
    /// The system's clock, and ring.
    fn default() -> Self {
        Self {
            clock: Arc::new(DefaultTimeProvider),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        }
    }
}

/// One node's keys and certificates, and whom it believes.
pub struct Identity {
    division: DivisionCode,
    name: Arc<str>,
    directory: PathBuf,
    network: Arc<Network>,
    judge: Judge,
    clock: Arc<dyn TimeProvider>,
    credentials: watch::Sender<Arc<Credentials>>,
    signer: Arc<dyn KeyStore>,
    sealing: Arc<dyn SealingKey>,
    key_chain: Vec<SignedKeyStatement>,
    server: Arc<ServerConfig>,
}

impl Identity {
    /// Loads what [`super::enrol`] wrote, and the network beside it. An expired certificate loads: the
    /// node must still run alone and be able to renew.
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

    /// [`Identity::load`] with a network that was loaded before (a process with many nodes loads it
    /// once), a clock and a cryptography.
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

    /// Whether the division has an identity below this data directory.
    pub fn exists(dir: &Path, code: DivisionCode) -> bool {
        directory(dir, code).join("keys.bin").exists()
    }

    /// Whose identity it is.
    pub fn division(&self) -> DivisionCode {
        self.division
    }

    /// The division's DNS name: what a child that dials it puts into its TLS hello, and the `:authority`
    /// it has to ask for.
    pub fn sni_name(&self) -> &str {
        &self.name
    }

    /// The network the node belongs to.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The key that signs what the division says.
    pub fn signer(&self) -> &Arc<dyn KeyStore> {
        &self.signer
    }

    /// The key that unwraps what only this division may read.
    pub fn sealing(&self) -> &Arc<dyn SealingKey> {
        &self.sealing
    }

    /// The key statements of [`Identity::signer`], its own first, then those of its earlier keys, then
    /// those above it up to the province's.
    pub fn key_chain(&self) -> &[SignedKeyStatement] {
        &self.key_chain
    }

    /// The certificate shown at the moment, and every later one.
    pub fn credentials(&self) -> watch::Receiver<Arc<Credentials>> {
        self.credentials.subscribe()
    }

    /// Reads `tls.key` and `tls.pem` again; connections made from now on show the new certificate.
    ///
    /// # Errors
    /// As [`Identity::load`]; the old certificate stays then.
    pub fn reload(&self) -> Result<(), IdentityError> {
        let fresh = load_credentials(&self.directory, self.division, &self.judge)?;
        self.credentials.send_replace(Arc::new(fresh));
        Ok(())
    }

    /// For listening: TLS 1.3, a certificate demanded, direct children only, no tickets, no early data,
    /// HTTP/2. Answers only to [`Identity::sni_name`].
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// For dialling `expect`, who is the parent: TLS 1.3, our certificate shown, exactly that division
    /// accepted whatever address it was found at, no resumption, no early data, HTTP/2. The server name
    /// to dial with is [`Identity::name_of`] that division.
    pub fn client_config(&self, expect: DivisionCode) -> Arc<ClientConfig> {
        let provider = Arc::clone(&self.judge.provider);
        let verifier = Verifier::exactly(self.judge.clone(), expect);
        let shown = Shown {
            current: self.credentials.subscribe(),
            name: Arc::clone(&self.name),
        };
        let mut config = ClientConfig::builder_with_details(provider, Arc::clone(&self.clock))
            .with_protocol_versions(&[&TLS13])
            .expect("every provider has a TLS 1.3 suite")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(shown));
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    /// When a link ends that was opened now, with these certificates at the other end.
    pub fn lapse_with(&self, certificates: &[CertificateDer<'_>]) -> Lapse {
        let own = Arc::clone(&self.credentials.borrow());
        let both = own.certified.cert.iter().chain(certificates);
        Lapse::of(both, Arc::clone(&self.clock))
    }

    /// The DNS name of a division in this network.
    pub fn name_of(&self, division: DivisionCode) -> String {
        dns::name(division, &self.network.zone)
    }

    /// The division at the other end of a connection made with one of our configurations, from the
    /// certificates it showed. Only the handshake makes them believable.
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

/// Whether a chain of certificates has lost its end: it has one for its division and for each above it, the
/// root aside.
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

/// The sealing key, with those it took the place of.
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
