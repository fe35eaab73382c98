//! Real handshakes over a pipe. Every refusal is tested on both sides: by a child that dials its
//! parent, and by a parent that is dialled.

mod links;
mod zoo;

use std::{io, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    SanType,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, HandshakeKind, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use topology::{DivisionCode, dns};

use super::{
    Identity, PeerRefusal,
    fixture::{
        CITY, COUNTY, COUNTY_WITHOUT_TOWNSHIPS, Net, OTHER_CITY, OTHER_COUNTY, OTHER_TOWNSHIP,
        PROVINCE, Specimen, TOWNSHIP, VILLAGE, VILLAGE_WITHOUT_TOWNSHIP, authority_under, code,
        new_key, terms, terms_in,
    },
    profile, renew,
};

/// The view of one connection from both sides.
struct Met {
    server: io::Result<Seen>,
    client: io::Result<Seen>,
}

#[derive(Debug)]
struct Seen {
    certificates: Vec<CertificateDer<'static>>,
    protocol: Option<Vec<u8>>,
    kind: Option<HandshakeKind>,
}

impl Met {
    #[track_caller]
    fn refused_by_server(&self) -> PeerRefusal {
        assert!(self.client.is_err(), "the client must learn of it");
        PeerRefusal::of_io(self.server.as_ref().expect_err("refused")).expect("typed")
    }

    #[track_caller]
    fn refused_by_client(&self) -> PeerRefusal {
        assert!(self.server.is_err(), "the server must learn of it");
        PeerRefusal::of_io(self.client.as_ref().expect_err("refused")).expect("typed")
    }

    #[track_caller]
    fn accepted(self) -> (Seen, Seen) {
        (
            self.server.expect("the server accepts"),
            self.client.expect("the client accepts"),
        )
    }
}

/// Performs one handshake over a pipe and exchanges one byte each way. The bytes are needed because
/// in TLS 1.3 a client learns that it was refused only after it has finished.
async fn meet(server: Arc<ServerConfig>, client: Arc<ClientConfig>, name: &str) -> Met {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let name = ServerName::try_from(name.to_owned()).expect("a server name");
    let serving = async move {
        let mut stream = TlsAcceptor::from(server).accept(near).await?;
        stream.write_u8(1).await?;
        stream.read_u8().await?;
        stream.shutdown().await?;
        let (_, tls) = stream.get_ref();
        Ok(Seen {
            certificates: tls.peer_certificates().unwrap_or_default().to_vec(),
            protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
            kind: tls.handshake_kind(),
        })
    };
    let dialling = async move {
        let mut stream = TlsConnector::from(client).connect(name, far).await?;
        stream.write_u8(2).await?;
        stream.read_u8().await?;
        let (_, tls) = stream.get_ref();
        Ok(Seen {
            certificates: tls.peer_certificates().unwrap_or_default().to_vec(),
            protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
            kind: tls.handshake_kind(),
        })
    };
    let (server, client) = tokio::join!(serving, dialling);
    Met { server, client }
}

/// Accepts every server, as an attacker's client would.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ED25519,
        ]
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn strange_client(specimen: Option<Specimen>) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous));
    Arc::new(match specimen {
        Some(specimen) => config.with_client_cert_resolver(specimen.resolver()),
        None => config.with_no_client_auth(),
    })
}

fn strange_server(specimen: Specimen) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_cert_resolver(specimen.resolver());
    Arc::new(config)
}

/// Shows a certificate by `make` on both sides: the village's to the township it dials, and the
/// township's to the village.
async fn shown_on_both_sides(make: impl Fn(&Net, DivisionCode) -> Specimen) -> [PeerRefusal; 2] {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    let client = strange_client(Some(make(&net, code(VILLAGE))));
    let at_server = meet(township.server_config(), client, township.sni_name()).await;
    let server = strange_server(make(&net, code(TOWNSHIP)));
    let client = village.client_config(code(TOWNSHIP));
    let at_client = meet(server, client, township.sni_name()).await;
    [at_server.refused_by_server(), at_client.refused_by_client()]
}

/// Shows a certificate of a changed profile, signed by the right issuer, on both sides.
async fn altered(change: impl Fn(&Net, DivisionCode, &mut CertificateParams)) -> [PeerRefusal; 2] {
    shown_on_both_sides(|net, division| {
        let mut params = proper(net, division);
        change(net, division, &mut params);
        Specimen::signed(&net.authority(above(net, division)), &params)
    })
    .await
}

fn proper(net: &Net, division: DivisionCode) -> CertificateParams {
    profile::node(division, &net.network.zone, &terms())
}

fn issuing(net: &Net, division: DivisionCode) -> CertificateParams {
    profile::issuing(division, &net.network.zone, &net.network.id_hex(), &terms())
}

fn above(net: &Net, division: DivisionCode) -> DivisionCode {
    net.tree.parent(division).expect("a parent")
}

fn dns_name(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

async fn link(child: &Identity, parent: &Identity) -> Met {
    let client = child.client_config(parent.division());
    meet(parent.server_config(), client, parent.sni_name()).await
}
