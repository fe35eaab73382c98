//! The messages: read strictly, with bounds on every field.

use bytes::Bytes;
use domain::{
    ids::{KeyId, NetworkId},
    invitation::InvitationText,
    saying::Saying,
};
use identity::{
    Application, Certificates, Grant, InvitationSigner, KeyStatement, SignedKeyStatement,
};
use proto::v1::{self, join_answer::What};
use rustls_pki_types::CertificateDer;
use topology::DivisionCode;
use wire::frame::PROTOCOL;

use super::readmission::{ReadmitCall, read_readmitted};

const MOST_STATEMENT_BYTES: usize = 512;
const MOST_POSSESSION_BYTES: usize = 128;
pub(super) const MOST_REQUEST_BYTES: usize = 2 * 1024;

/// The longest chain of certificates: one of each tier.
pub(super) const MOST_CERTIFICATES: usize = 5;

/// A call whose fields have the form that they must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) network: NetworkId,
    pub(super) division: DivisionCode,
    pub(super) parent: DivisionCode,
    pub(super) invitation: [u8; 32],
    pub(super) application: Application,
    pub(super) protocol: u32,
    pub(super) edition: [u8; 32],
    /// The request as it was signed.
    pub(super) request: Bytes,
    pub(super) signature: Bytes,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Grant(Box<Grant>),
    /// A person says yes first; why, if it says so.
    Pending(Saying),
    Refused(u32, Saying),
    Readmitted(Certificates),
}

/// What a call asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Join(Box<Call>),
    Back(Box<ReadmitCall>),
}

impl Asked {
    /// Reads a call; `None` if it is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let call: v1::JoinCall = prost::Message::decode(bytes).ok()?;
        match (call.request.is_empty(), call.readmit.is_empty()) {
            (false, true) => Some(Self::Join(Box::new(Call::read(
                call.request,
                call.signature,
            )?))),
            (true, false) => {
                let back = ReadmitCall::read(call.readmit, call.signature)?;
                Some(Self::Back(Box::new(back)))
            }
            _ => None,
        }
    }
}

/// Returns the bytes of a field that has at most so many.
pub(super) fn within(field: Bytes, most: usize) -> Option<Vec<u8>> {
    (field.len() <= most).then(|| field.to_vec())
}

impl Call {
    fn read(request: Bytes, signature: Bytes) -> Option<Self> {
        let read: v1::JoinRequest = prost::Message::decode(&*request).ok()?;
        let issuing = within(read.issuing, MOST_REQUEST_BYTES)?;
        Some(Self {
            network: NetworkId(read.network.as_ref().try_into().ok()?),
            division: DivisionCode::from_u64(read.division)?,
            parent: DivisionCode::from_u64(read.parent)?,
            invitation: read.invitation.as_ref().try_into().ok()?,
            application: Application {
                statement: within(read.statement, MOST_STATEMENT_BYTES)?,
                possession: within(read.possession, MOST_POSSESSION_BYTES)?,
                tls: within(read.tls, MOST_REQUEST_BYTES)?,
                issuing: Some(issuing).filter(|bytes| !bytes.is_empty()),
            },
            protocol: read.protocol,
            edition: read.edition.as_ref().try_into().ok()?,
            request,
            signature,
        })
    }
}

impl Call {
    /// Returns the signing key that it states; zeros if it states none.
    pub(super) fn key(&self) -> KeyId {
        let stated = KeyStatement::decode(&self.application.statement);
        stated.map_or(KeyId([0; 16]), |statement| statement.key_id())
    }
}

/// Writes the request of a division that joins.
pub(super) fn request(
    text: &InvitationText,
    application: &Application,
    edition: [u8; 32],
) -> Vec<u8> {
    let message = v1::JoinRequest {
        network: Bytes::copy_from_slice(&text.network.0),
        division: text.division.as_u64(),
        parent: text.parent.as_u64(),
        invitation: Bytes::copy_from_slice(&InvitationSigner::of(text).public()),
        statement: application.statement.clone().into(),
        possession: application.possession.clone().into(),
        tls: application.tls.clone().into(),
        issuing: application.issuing.clone().unwrap_or_default().into(),
        protocol: PROTOCOL,
        edition: Bytes::copy_from_slice(&edition),
    };
    prost::Message::encode_to_vec(&message)
}

/// Writes a call.
pub(super) fn call(request: Vec<u8>, signature: Vec<u8>) -> Vec<u8> {
    let message = v1::JoinCall {
        request: request.into(),
        signature: signature.into(),
        readmit: Bytes::new(),
    };
    prost::Message::encode_to_vec(&message)
}

/// Writes a grant.
pub(super) fn grant(grant: &Grant) -> Bytes {
    let all = |chain: &[CertificateDer<'_>]| {
        let each = chain.iter();
        each.map(|one| Bytes::copy_from_slice(one)).collect()
    };
    let message = v1::JoinGrant {
        demo: grant.demo,
        root: Bytes::copy_from_slice(&grant.root),
        node: all(&grant.node),
        issuing: all(&grant.issuing),
        key_statements: SignedKeyStatement::encode_all(&grant.key_chain).into(),
        anchors: SignedKeyStatement::encode_all(&grant.anchors).into(),
    };
    prost::Message::encode_to_vec(&message).into()
}

fn read_grant(bytes: &[u8]) -> Option<Grant> {
    let read: v1::JoinGrant = prost::Message::decode(bytes).ok()?;
    let chain = |all: Vec<Bytes>| {
        let each = all.iter().map(|one| CertificateDer::from(one.to_vec()));
        (all.len() <= MOST_CERTIFICATES).then(|| each.collect())
    };
    Some(Grant {
        demo: read.demo,
        root: CertificateDer::from(read.root.to_vec()),
        node: chain(read.node)?,
        issuing: chain(read.issuing)?,
        key_chain: SignedKeyStatement::decode_all(&read.key_statements).ok()?,
        anchors: SignedKeyStatement::decode_all(&read.anchors).ok()?,
    })
}

/// Writes an answer.
pub(super) fn answer(now_ms: i64, edition: [u8; 32], what: What) -> Vec<u8> {
    let message = v1::JoinAnswer {
        now_ms,
        edition: Bytes::copy_from_slice(&edition),
        what: Some(what),
    };
    prost::Message::encode_to_vec(&message)
}

/// Returns a refusal as an answer says it.
pub(super) fn refused(number: u32, said: Saying) -> What {
    What::Refused(v1::JoinRefused {
        number,
        english: said.english,
        chinese: said.chinese,
    })
}

/// Reads an answer with the parent's time and whether its list of divisions is this one; `None` if it is none.
pub(super) fn read_answer(bytes: &[u8], edition: [u8; 32]) -> Option<(i64, bool, Answer)> {
    let read: v1::JoinAnswer = prost::Message::decode(bytes).ok()?;
    let what = match read.what? {
        What::Grant(bytes) => Answer::Grant(Box::new(read_grant(&bytes)?)),
        What::Pending(v1::JoinPending { english, chinese }) => {
            Answer::Pending(Saying { english, chinese })
        }
        What::Readmitted(read) => Answer::Readmitted(read_readmitted(read)?),
        What::Refused(v1::JoinRefused {
            number,
            english,
            chinese,
        }) => Answer::Refused(number, Saying { english, chinese }),
    };
    Some((read.now_ms, read.edition == edition[..], what))
}

/// Lends the readers of both sides to the fuzz targets.
#[cfg(feature = "fuzzing")]
pub mod fuzzing {
    /// Reads bytes as a call.
    pub fn call(bytes: &[u8]) {
        let _read = super::Asked::read(bytes);
    }

    /// Reads bytes as an answer.
    pub fn answer(bytes: &[u8]) {
        let _read = super::read_answer(bytes, [0; 32]);
    }
}
