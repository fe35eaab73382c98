//! Both ends of a connection over which a division joins: the key of the invitation, and TLS with a parent whose zone
//! and certificate the child does not know yet, but whose root it can tell by the invitation.

use std::{fmt, sync::Arc};

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{invitation::InvitationText, suite::Suite};
use ring::{
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    signature::{Ed25519KeyPair, KeyPair},
};
use rustls::{
    ClientConfig, ServerConfig,
    client::{
        Resumption,
        danger::{ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    time_provider::TimeProvider,
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use topology::{DivisionCode, Tree, dns};

use super::{
    node::Surroundings,
    refusal::PeerRefusal,
    verify::{Judge, Verifier, only_permitted_name, parse},
};

/// The protocol over which a division joins, as TLS names it.
pub const JOIN_ALPN: &[u8] = b"wujitong-join/1";

/// The label of the keying material that ties a request to its connection (RFC 8446, section 7.5).
pub const JOIN_EXPORTER: &[u8] = b"EXPORTER-wujitong-join/1";

const INVITE: &[u8] = b"wujitong/invite/1";
const JOIN: &[u8] = b"wujitong/join/1";

/// Stands where the zone does in server names of those who join. No such zone can exist (RFC 6761).
const NO_ZONE: &str = "invalid";

/// The key that both sides derive from the secret of an invitation.
pub struct InvitationSigner(Ed25519KeyPair);

/// Thirty-two bytes.
struct Seed;

impl KeyType for Seed {
    fn len(&self) -> usize {
        32
    }
}

impl InvitationSigner {
    /// Derives the key with HKDF-SHA256 from the secret, for one division of one network.
    pub fn derive(secret: &[u8; 16], network: [u8; 16], division: DivisionCode) -> Self {
        let code = division.as_u64().to_be_bytes();
        let info: [&[u8]; 3] = [INVITE, &network, &code];
        let drawn = Salt::new(HKDF_SHA256, &[]).extract(secret);
        let mut seed = [0; 32];
        let expanded = drawn
            .expand(&info, Seed)
            .and_then(|okm| okm.fill(&mut seed));
        expanded.expect("32 bytes are less than HKDF gives");
        Self(Ed25519KeyPair::from_seed_unchecked(&seed).expect("every 32 bytes are a seed"))
    }

    /// Derives the key of an invitation's text.
    pub fn of(text: &InvitationText) -> Self {
        Self::derive(&text.secret, text.network.0, text.division)
    }

    /// Returns the public half, which is all that the parent keeps.
    pub fn public(&self) -> [u8; 32] {
        let public = self.0.public_key().as_ref();
        public.try_into().expect("a point of Ed25519 has 32 bytes")
    }

    /// Signs a request for the connection that has this keying material.
    pub fn sign(&self, exported: &[u8; 32], request: &[u8]) -> Vec<u8> {
        let message = tied_to_connection(JOIN, exported, request);
        self.0.sign(&message).as_ref().to_vec()
    }
}

impl fmt::Debug for InvitationSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationSigner")
    }
}

/// Returns whether an invitation key signed this request for the connection with this keying material.
pub fn signed_for_connection(
    public: &[u8; 32],
    exported: &[u8; 32],
    request: &[u8],
    signature: &[u8],
) -> bool {
    let message = tied_to_connection(JOIN, exported, request);
    let verified = Suite::Ed25519Blake3.verify(public, &message, signature);
    verified.is_ok()
}

/// Returns what is signed of a request, with keying material of the connection that it is sent over.
pub(super) fn tied_to_connection(tag: &[u8], exported: &[u8; 32], request: &[u8]) -> Vec<u8> {
    let request = digest(&SHA256, request);
    let length = u8::try_from(tag.len()).expect("tags are short");
    [&[length], tag, exported, request.as_ref()].concat()
}

/// Returns the first half of the digest of a root's public key (SPKI); `None` if it is no certificate. The key stays
/// when the certificate is made anew.
pub fn pin(root: &CertificateDer<'_>) -> Option<[u8; 16]> {
    let parsed = parse(root).ok()?;
    let digest = digest(&SHA256, parsed.public_key().raw);
    digest.as_ref()[..16].try_into().ok()
}

/// Returns the server name under which those who join ask a division.
pub fn join_name(parent: DivisionCode) -> String {
    dns::name(parent, NO_ZONE)
}

/// What a root says of its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootFacts {
    /// The network's id.
    pub network: [u8; 16],
    /// The zone of its names.
    pub zone: String,
}

impl RootFacts {
    /// Reads the root that an invitation names; `None` if it is another one, or no root.
    pub(super) fn pinned(
        root: &CertificateDer<'_>,
        text: &InvitationText,
        tree: &Tree,
    ) -> Option<Self> {
        let facts = Self::of(root, tree)?;
        let named = pin(root) == Some(text.pin) && facts.network == text.network.0;
        named.then_some(facts)
    }

    fn of(root: &CertificateDer<'_>, tree: &Tree) -> Option<Self> {
        let parsed = parse(root).ok()?;
        let zone = only_permitted_name(&parsed)?;
        let province = dns::name(tree.root(), "");
        let zone = zone.strip_prefix(&province)?.strip_prefix('.')?;
        let network = parsed.subject().iter_organization().next()?;
        let network = network.as_str().ok()?;
        let network = HEXLOWER_PERMISSIVE.decode(network.as_bytes()).ok()?;
        Some(Self {
            network: network.try_into().ok()?,
            zone: zone.to_owned(),
        })
    }
}

/// Returns what judges certificates of the network with this root.
pub(super) fn judge_of(
    root: &CertificateDer<'_>,
    facts: &RootFacts,
    tree: &Arc<Tree>,
    provider: &Arc<CryptoProvider>,
) -> Option<Judge> {
    let anchor = webpki::anchor_from_trusted_cert(root).ok()?.to_owned();
    Some(Judge {
        tree: Arc::clone(tree),
        zone: facts.zone.as_str().into(),
        roots: vec![anchor].into(),
        provider: Arc::clone(provider),
        revoked: Arc::default(),
    })
}

/// Accepts exactly the parent of an invitation, under the root that it names.
struct Invited {
    text: InvitationText,
    tree: Arc<Tree>,
    provider: Arc<CryptoProvider>,
}

impl Invited {
    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), PeerRefusal> {
        let (root, issuing) = above.split_last().ok_or(PeerRefusal::OtherRoot)?;
        let facts = RootFacts::pinned(root, &self.text, &self.tree);
        let facts = facts.ok_or(PeerRefusal::OtherRoot)?;
        let judge = judge_of(root, &facts, &self.tree, &self.provider);
        let judge = judge.ok_or(PeerRefusal::OtherRoot)?;
        Verifier::exactly(judge, self.text.parent).check(leaf, issuing, now)
    }
}

impl Invited {
    fn provider(&self) -> &CryptoProvider {
        &self.provider
    }
}

impl ServerCertVerifier for Invited {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(end_entity, intermediates, now)?;
        Ok(ServerCertVerified::assertion())
    }

    super::verify::same_on_both_sides!();
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invited({:?})", self.text)
    }
}

/// Builds the TLS configuration for asking the parent of an invitation. The server name to dial with is
/// [`join_name`] of it.
pub fn join_client_config(
    text: &InvitationText,
    tree: &Arc<Tree>,
    surroundings: &Surroundings,
) -> Arc<ClientConfig> {
    let provider = Arc::clone(&surroundings.provider);
    let verifier = Arc::new(Invited {
        text: text.clone(),
        tree: Arc::clone(tree),
        provider: Arc::clone(&provider),
    });
    let clock = Arc::clone(&surroundings.clock);
    let mut config = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(&[&TLS13])
        .expect("every provider has a TLS 1.3 suite")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![JOIN_ALPN.to_vec()];
    Arc::new(config)
}

/// Shows a node's chain and its root to those who join.
pub(super) struct JoinShown {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) root: CertificateDer<'static>,
    pub(super) name: String,
}

impl ResolvesServerCert for JoinShown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name() != Some(self.name.as_str()) {
            return None;
        }
        let mut chain = self.certified.cert.clone();
        chain.push(self.root.clone());
        let key = Arc::clone(&self.certified.key);
        Some(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl fmt::Debug for JoinShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinShown({})", self.name)
    }
}

/// Builds the TLS configuration of the parent's side.
pub(super) fn server_config(
    provider: Arc<CryptoProvider>,
    clock: &Arc<dyn TimeProvider>,
    shown: JoinShown,
) -> ServerConfig {
    let mut config = ServerConfig::builder_with_details(provider, Arc::clone(clock))
        .with_protocol_versions(&[&TLS13])
        .expect("every provider has a TLS 1.3 suite")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![JOIN_ALPN.to_vec()];
    config
}
