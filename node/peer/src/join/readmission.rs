//! The messages of a child that comes back, read strictly, and the child's side of the call.

use std::io;

use bytes::Bytes;
use domain::ids::{KeyId, NetworkId};
use identity::{
    CertificateRequests, Certificates, Identity, IdentityError, JOIN_EXPORTER, readmission_message,
};
use proto::v1;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use topology::DivisionCode;
use wire::frame::PROTOCOL;

use super::{
    MOST_ANSWER_BYTES,
    message::{self, Answer, MOST_CERTIFICATES, MOST_REQUEST_BYTES, within},
};

/// A call whose fields have the form that they must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadmitCall {
    pub(super) network: NetworkId,
    pub(super) division: DivisionCode,
    pub(super) parent: DivisionCode,
    pub(super) key: KeyId,
    /// The child's certificate and those above it.
    pub(super) shown: Vec<CertificateDer<'static>>,
    pub(super) requests: CertificateRequests,
    pub(super) protocol: u32,
    pub(super) edition: [u8; 32],
    /// The request as it was signed.
    pub(super) request: Bytes,
    pub(super) signature: Bytes,
}

impl ReadmitCall {
    /// Reads a call; `None` if it is none.
    pub(super) fn read(request: Bytes, signature: Bytes) -> Option<Self> {
        let read: v1::ReadmitRequest = prost::Message::decode(&*request).ok()?;
        let few = read.shown.len() <= MOST_CERTIFICATES;
        let shown = read.shown.into_iter().filter(|_| few);
        let shown = shown.map(|der| Some(CertificateDer::from(within(der, MOST_REQUEST_BYTES)?)));
        let issuing = within(read.issuing, MOST_REQUEST_BYTES)?;
        Some(Self {
            network: NetworkId(read.network.as_ref().try_into().ok()?),
            division: DivisionCode::from_u64(read.division)?,
            parent: DivisionCode::from_u64(read.parent)?,
            key: KeyId(read.key_id.as_ref().try_into().ok()?),
            shown: shown.collect::<Option<_>>()?,
            requests: CertificateRequests {
                node: within(read.node, MOST_REQUEST_BYTES)?,
                issuing: Some(issuing).filter(|bytes| !bytes.is_empty()),
            },
            protocol: read.protocol,
            edition: read.edition.as_ref().try_into().ok()?,
            request,
            signature,
        })
    }
}

/// Writes certificates.
pub(super) fn readmitted(issued: &Certificates) -> v1::JoinReadmitted {
    let all = |chain: &[CertificateDer<'_>]| {
        let each = chain.iter();
        each.map(|one| Bytes::copy_from_slice(one)).collect()
    };
    v1::JoinReadmitted {
        node: all(&issued.node),
        issuing: all(&issued.issuing),
    }
}

/// Reads certificates; `None` if they are more than there can be.
pub(super) fn read_readmitted(read: v1::JoinReadmitted) -> Option<Certificates> {
    let chain = |all: Vec<Bytes>| {
        let each = all.iter().map(|one| CertificateDer::from(one.to_vec()));
        (all.len() <= MOST_CERTIFICATES).then(|| each.collect())
    };
    Some(Certificates {
        node: chain(read.node)?,
        issuing: chain(read.issuing)?,
    })
}

/// The reason why a parent's answer is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The connection broke.
    #[error("the connection ended: {0}")]
    Broken(#[from] io::Error),
    /// It cannot be read.
    #[error("the parent's answer cannot be read; update the older of the two programs")]
    Unreadable,
    /// The signing key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Asks the parent at the other end for certificates for new keys, with this division's signing key.
pub(crate) async fn ask_back(
    mut tls: TlsStream<TcpStream>,
    identity: &Identity,
    (parent, edition): (DivisionCode, [u8; 32]),
    requests: &CertificateRequests,
) -> Result<Answer, NoAnswer> {
    let exported = tls
        .get_ref()
        .1
        .export_keying_material([0; 32], JOIN_EXPORTER, None);
    let exported = exported.map_err(io::Error::other)?;
    let signer = identity.signer();
    let shown = identity.shown_chain();
    let request = v1::ReadmitRequest {
        network: Bytes::copy_from_slice(&identity.network().id),
        division: identity.division().as_u64(),
        parent: parent.as_u64(),
        key_id: Bytes::copy_from_slice(&signer.key_id().0),
        shown: shown
            .iter()
            .map(|der| Bytes::copy_from_slice(der))
            .collect(),
        node: requests.node.clone().into(),
        issuing: requests.issuing.clone().unwrap_or_default().into(),
        protocol: PROTOCOL,
        edition: Bytes::copy_from_slice(&edition),
    };
    let request = prost::Message::encode_to_vec(&request);
    let signature = signer.sign(&readmission_message(&exported, &request)).await;
    let call = v1::JoinCall {
        request: Bytes::new(),
        signature: signature.map_err(IdentityError::from)?.into(),
        readmit: request.into(),
    };
    super::write(&mut tls, &prost::Message::encode_to_vec(&call)).await?;
    let answer = super::read(&mut tls, MOST_ANSWER_BYTES).await?;
    let answer = message::read_answer(&answer, edition);
    let (_, _, answer) = answer.ok_or(NoAnswer::Unreadable)?;
    Ok(answer)
}
