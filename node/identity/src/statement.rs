//! Key statements: a division states "this public key signs for that child", so that any node can
//! verify any author it has never met.
//!
//! Encoding, all numbers big-endian; `text` and `bytes` are preceded by their length as u16:
//!
//! ```text
//! statement  text "wujitong/key-statement/2" | u32 suite | 16 network | u64 division
//!            | bytes public key | u8 purpose | u32 serial | i64 issued at
//!            | u32 suite of sealing | bytes public sealing key
//! signed     u8 2 | bytes statement | u32 signer's suite | 16 signer's key id
//!            | bytes signature | bytes possession
//!            | u8 0, or u8 who endorses | u32 endorser's suite | 16 endorser's key id | bytes signature
//! ```
//!
//! A division's first key needs only its parent's signature. Every later one also needs an
//! endorsement by the key before it, or by the division above the parent.

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{ids::KeyId, seal::SealSuite, suite::Suite};
use topology::DivisionCode;

use super::{
    keystore::{FileKeyStore, KeyError, KeyStore},
    sealing::SealingPublic,
};

const STATEMENT: &[u8] = b"wujitong/key-statement/2";
const SIGNATURE: &[u8] = b"wujitong/key-statement-signature/1";
const POSSESSION: &[u8] = b"wujitong/key-possession/1";
const ENDORSEMENT: &[u8] = b"wujitong/key-endorsement/1";
const FORMAT: u8 = 2;

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs messages of its division.
    Sign,
}

impl Purpose {
    const fn id(self) -> u8 {
        match self {
            Self::Sign => 1,
        }
    }

    const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Sign),
            _ => None,
        }
    }
}

/// A public key of a division, as its parent states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatement {
    /// The network the key belongs to; the statement counts in no other.
    pub network: [u8; 16],
    /// The division that owns the key.
    pub division: DivisionCode,
    /// The suite the key signs in.
    pub suite: Suite,
    /// Raw Ed25519 point or uncompressed P-256 point.
    pub public: Vec<u8>,
    /// The purpose of the key.
    pub purpose: Purpose,
    /// 1 for a division's first key, then rising by 1 with every new one.
    pub serial: u32,
    /// Seconds since 1970-01-01T00:00:00Z. For information only: a statement does not expire.
    pub issued_at: i64,
    /// The key to seal for this division with while the signing key is its newest.
    pub sealing: SealingPublic,
}

/// The reason bytes are not a key statement of a form this binary knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The bytes end too early.
    #[error("the key statement is cut short")]
    CutShort,
    /// Something follows the last field.
    #[error("the key statement is followed by extra bytes")]
    Trailing,
    /// The bytes are something else, or of a later form.
    #[error(
        "the bytes are not a key statement of form 2; a newer version may be needed to read them"
    )]
    Form,
    /// The number is not a division code.
    #[error("the key statement names no division")]
    Division,
    /// A suite this binary does not know.
    #[error("the key statement uses suite {0}, which this version does not know; update it")]
    Suite(u32),
    /// Sealing algorithms this binary does not know.
    #[error("the key statement seals with suite {0}, which this version does not know; update it")]
    Sealing(u32),
    /// The sealing key's length is not that of its suite.
    #[error("the sealing key of the key statement has the wrong length for its suite")]
    SealingKey,
    /// A purpose this binary does not know.
    #[error("the key statement names purpose {0}, which this version does not know; update it")]
    Purpose(u8),
    /// An endorser this binary does not know.
    #[error("the key statement is endorsed by {0}, which this version does not know; update it")]
    Endorser(u8),
}

impl KeyStatement {
    /// Returns the key's id.
    pub fn key_id(&self) -> KeyId {
        KeyId::of(self.suite, &self.public)
    }

    /// Returns the only valid encoding of this statement, which is what gets signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        put_bytes(&mut out, STATEMENT);
        out.extend(self.suite.id().to_be_bytes());
        out.extend(self.network);
        out.extend(self.division.as_u64().to_be_bytes());
        put_bytes(&mut out, &self.public);
        out.push(self.purpose.id());
        out.extend(self.serial.to_be_bytes());
        out.extend(self.issued_at.to_be_bytes());
        out.extend(self.sealing.suite.id().to_be_bytes());
        put_bytes(&mut out, &self.sealing.public);
        out
    }

    /// Decodes a statement.
    ///
    /// # Errors
    /// [`StatementError`] for any bytes that [`KeyStatement::encode`] could not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut from = Reader(bytes);
        if from.bytes()? != STATEMENT {
            return Err(StatementError::Form);
        }
        let suite = from.suite()?;
        let network = from.array()?;
        let division = DivisionCode::from_u64(u64::from_be_bytes(from.array()?))
            .ok_or(StatementError::Division)?;
        let public = from.bytes()?.to_vec();
        let [purpose] = from.array()?;
        let purpose = Purpose::from_id(purpose).ok_or(StatementError::Purpose(purpose))?;
        let serial = u32::from_be_bytes(from.array()?);
        let issued_at = i64::from_be_bytes(from.array()?);
        let suite_of_sealing = u32::from_be_bytes(from.array()?);
        let sealing = SealingPublic {
            suite: SealSuite::from_id(suite_of_sealing)
                .ok_or(StatementError::Sealing(suite_of_sealing))?,
            public: from.bytes()?.to_vec(),
        };
        if sealing.public.len() != sealing.suite.public_bytes() {
            return Err(StatementError::SealingKey);
        }
        from.end()?;
        Ok(Self {
            network,
            division,
            suite,
            public,
            purpose,
            serial,
            issued_at,
            sealing,
        })
    }

    /// Proves possession with the new key and signs with the parent's. For a province both are the
    /// same key.
    ///
    /// # Errors
    /// [`KeyError`] of either key.
    pub async fn sign(
        &self,
        own: &dyn KeyStore,
        signer: &dyn KeyStore,
    ) -> Result<SignedKeyStatement, KeyError> {
        let bytes = self.encode();
        let possession = own.sign(&possession_message(self.suite, &bytes)).await?;
        let (suite, signer_key_id) = (signer.suite(), signer.key_id());
        let signature = signer
            .sign(&signature_message(suite, signer_key_id, &bytes))
            .await?;
        Ok(SignedKeyStatement {
            bytes,
            signer_key_id,
            suite,
            signature,
            possession,
            endorsement: None,
        })
    }

    /// Signs like [`KeyStatement::sign`], without waiting, with keys in files.
    pub(super) fn sign_now(
        &self,
        own: &FileKeyStore,
        signer: &FileKeyStore,
    ) -> Result<SignedKeyStatement, KeyError> {
        SignedKeyStatement::sign_possessed(self.encode(), self.prove(own)?, signer)
    }

    /// Proves that the owner of the key holds it, before anybody signs the statement.
    pub(super) fn prove(&self, own: &FileKeyStore) -> Result<Vec<u8>, KeyError> {
        own.sign_now(&possession_message(self.suite, &self.encode()))
    }
}

/// The party that vouches for a division's second or later key besides the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endorser {
    /// The division itself, with its previous key.
    OldKey,
    /// The division above the parent, if the previous key is lost or revoked.
    Grandparent,
}

impl Endorser {
    const fn id(self) -> u8 {
        match self {
            Self::OldKey => 1,
            Self::Grandparent => 2,
        }
    }
}

/// A second signature under a key statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsement {
    /// The party that signed.
    pub by: Endorser,
    /// The suite of its key.
    pub suite: Suite,
    /// The id of its key.
    pub key: KeyId,
    /// Its signature over a domain tag, its suite, `by`, its key id and the statement.
    pub signature: Vec<u8>,
}

/// A key statement with the parent's signature and the key's own proof of possession. It is passed
/// on byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKeyStatement {
    /// The statement, encoded.
    pub bytes: Vec<u8>,
    /// The key of the parent division (a province: its own) that signed.
    pub signer_key_id: KeyId,
    /// The suite of the signer's key.
    pub suite: Suite,
    /// The signer's signature over a domain tag, its suite, its key id and `bytes`.
    pub signature: Vec<u8>,
    /// The stated key's own signature over a domain tag, its suite and `bytes`.
    pub possession: Vec<u8>,
    /// The endorsement that a second or later key needs.
    pub endorsement: Option<Endorsement>,
}

impl SignedKeyStatement {
    /// Signs a statement whose owner proved that they hold the key.
    pub(super) fn sign_possessed(
        bytes: Vec<u8>,
        possession: Vec<u8>,
        signer: &FileKeyStore,
    ) -> Result<Self, KeyError> {
        let (suite, signer_key_id) = (signer.suite(), signer.key_id());
        let signature = signer.sign_now(&signature_message(suite, signer_key_id, &bytes))?;
        Ok(Self {
            bytes,
            signer_key_id,
            suite,
            signature,
            possession,
            endorsement: None,
        })
    }

    /// Encodes the signed statement, for storage or sending.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 200);
        out.push(FORMAT);
        put_bytes(&mut out, &self.bytes);
        out.extend(self.suite.id().to_be_bytes());
        out.extend(self.signer_key_id.0);
        put_bytes(&mut out, &self.signature);
        put_bytes(&mut out, &self.possession);
        match &self.endorsement {
            None => out.push(0),
            Some(endorsement) => {
                out.push(endorsement.by.id());
                out.extend(endorsement.suite.id().to_be_bytes());
                out.extend(endorsement.key.0);
                put_bytes(&mut out, &endorsement.signature);
            }
        }
        out
    }

    /// Decodes [`SignedKeyStatement::encode`]. Verifies nothing.
    ///
    /// # Errors
    /// [`StatementError`], also for trailing bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut from = Reader(bytes);
        let read = from.signed()?;
        from.end()?;
        Ok(read)
    }

    /// Decodes [`SignedKeyStatement::encode`] from hexadecimal; `None` if it is not valid.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Self::decode(&bytes).ok()
    }

    /// Encodes several statements one after another.
    pub fn encode_all(statements: &[Self]) -> Vec<u8> {
        statements.iter().flat_map(Self::encode).collect()
    }

    /// Decodes [`SignedKeyStatement::encode_all`].
    ///
    /// # Errors
    /// [`StatementError`] of the first statement that cannot be decoded.
    pub fn decode_all(bytes: &[u8]) -> Result<Vec<Self>, StatementError> {
        let mut from = Reader(bytes);
        let mut all = Vec::new();
        while !from.0.is_empty() {
            all.push(from.signed()?);
        }
        Ok(all)
    }

    /// Decodes the statement inside.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn statement(&self) -> Result<KeyStatement, StatementError> {
        KeyStatement::decode(&self.bytes)
    }

    /// Endorses the statement with a key of the party that `by` names.
    ///
    /// # Errors
    /// [`KeyError`] of the key.
    pub async fn endorse(mut self, by: Endorser, with: &dyn KeyStore) -> Result<Self, KeyError> {
        let (suite, key) = (with.suite(), with.key_id());
        let message = endorsement_message(suite, by, key, &self.bytes);
        let signature = with.sign(&message).await?;
        self.endorsement = Some(Endorsement {
            by,
            suite,
            key,
            signature,
        });
        Ok(self)
    }

    /// Endorses like [`SignedKeyStatement::endorse`], without waiting, with a key in a file.
    pub(super) fn endorse_now(
        mut self,
        by: Endorser,
        with: &FileKeyStore,
    ) -> Result<Self, KeyError> {
        let (suite, key) = (with.suite(), with.key_id());
        let signature = with.sign_now(&endorsement_message(suite, by, key, &self.bytes))?;
        self.endorsement = Some(Endorsement {
            by,
            suite,
            key,
            signature,
        });
        Ok(self)
    }

    /// Returns whether the endorsement verifies with the public key `endorser`.
    pub(super) fn endorsed_by(&self, endorsement: &Endorsement, endorser: &[u8]) -> bool {
        let Endorsement { by, suite, key, .. } = *endorsement;
        let message = endorsement_message(suite, by, key, &self.bytes);
        suite
            .verify(endorser, &message, &endorsement.signature)
            .is_ok()
    }

    /// Returns whether the signature verifies with the public key `signer`.
    pub(super) fn signed_by(&self, signer: &[u8]) -> bool {
        let message = signature_message(self.suite, self.signer_key_id, &self.bytes);
        self.suite.verify(signer, &message, &self.signature).is_ok()
    }

    /// Returns whether the proof of possession verifies with the key in `statement`.
    /// That is the statement inside.
    pub(super) fn possessed(&self, statement: &KeyStatement) -> bool {
        is_possessed(statement, &self.bytes, &self.possession)
    }
}

/// Returns whether the owner of the key in a statement, of which these are the bytes, proved that they hold it.
pub(super) fn is_possessed(statement: &KeyStatement, bytes: &[u8], possession: &[u8]) -> bool {
    let message = possession_message(statement.suite, bytes);
    let verified = statement
        .suite
        .verify(&statement.public, &message, possession);
    verified.is_ok()
}

fn signature_message(suite: Suite, signer: KeyId, bytes: &[u8]) -> Vec<u8> {
    [&prefix(SIGNATURE, suite)[..], &signer.0, bytes].concat()
}

fn possession_message(suite: Suite, bytes: &[u8]) -> Vec<u8> {
    [&prefix(POSSESSION, suite)[..], bytes].concat()
}

fn endorsement_message(suite: Suite, by: Endorser, key: KeyId, bytes: &[u8]) -> Vec<u8> {
    [&prefix(ENDORSEMENT, suite)[..], &[by.id()], &key.0, bytes].concat()
}

fn prefix(tag: &[u8], suite: Suite) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_bytes(&mut out, tag);
    out.extend(suite.id().to_be_bytes());
    out
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).expect("keys, signatures and statements are short");
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

/// Writes some parts of at most 64 KiB, each after its length.
pub(super) fn write_parts<const N: usize>(parts: [&[u8]; N]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        put_bytes(&mut out, part);
    }
    out
}

/// Reads what [`write_parts`] wrote; `None` for anything else.
pub(super) fn read_parts<const N: usize>(bytes: &[u8]) -> Option<[Vec<u8>; N]> {
    let mut from = Reader(bytes);
    let mut parts = vec![];
    for _ in 0..N {
        parts.push(from.bytes().ok()?.to_vec());
    }
    from.end().ok()?;
    parts.try_into().ok()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], StatementError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(StatementError::CutShort)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StatementError> {
        Ok(self.take(N)?.try_into().expect("N bytes were taken"))
    }

    fn bytes(&mut self) -> Result<&'a [u8], StatementError> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(length.into())
    }

    fn suite(&mut self) -> Result<Suite, StatementError> {
        let id = u32::from_be_bytes(self.array()?);
        Suite::from_id(id).ok_or(StatementError::Suite(id))
    }

    fn signed(&mut self) -> Result<SignedKeyStatement, StatementError> {
        if self.array()? != [FORMAT] {
            return Err(StatementError::Form);
        }
        let bytes = self.bytes()?.to_vec();
        let suite = self.suite()?;
        let signer_key_id = KeyId(self.array()?);
        let signature = self.bytes()?.to_vec();
        let possession = self.bytes()?.to_vec();
        let endorsement = self.endorsement()?;
        Ok(SignedKeyStatement {
            bytes,
            signer_key_id,
            suite,
            signature,
            possession,
            endorsement,
        })
    }

    fn endorsement(&mut self) -> Result<Option<Endorsement>, StatementError> {
        let [by] = self.array()?;
        let by = match by {
            0 => return Ok(None),
            1 => Endorser::OldKey,
            2 => Endorser::Grandparent,
            other => return Err(StatementError::Endorser(other)),
        };
        Ok(Some(Endorsement {
            by,
            suite: self.suite()?,
            key: KeyId(self.array()?),
            signature: self.bytes()?.to_vec(),
        }))
    }

    fn end(self) -> Result<(), StatementError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(StatementError::Trailing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> KeyStatement {
        KeyStatement {
            network: [7; 16],
            division: "330825002222".parse().expect("a code"),
            suite: Suite::P256Sha256,
            public: vec![4; 65],
            purpose: Purpose::Sign,
            serial: 3,
            issued_at: 1_780_000_000,
            sealing: SealingPublic {
                suite: SealSuite::X25519ChaCha20Poly1305,
                public: vec![5; 32],
            },
        }
    }

    #[test]
    fn a_statement_reads_back_as_it_was() {
        let one = statement();
        assert_eq!(KeyStatement::decode(&one.encode()), Ok(one));
    }

    #[test]
    fn the_bytes_of_a_statement_are_fixed_for_ever() {
        let digest = Suite::P256Sha256.digest(&[&statement().encode()]);
        let hex: String = data_encoding::HEXLOWER.encode(&digest[..8]);
        assert_eq!(hex, "8652df48c0ef8265");
    }

    #[test]
    fn every_cut_and_every_extra_byte_is_refused() {
        let bytes = statement().encode();
        for end in 0..bytes.len() {
            assert!(KeyStatement::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(KeyStatement::decode(&longer), Err(StatementError::Trailing));
    }

    #[test]
    fn an_unknown_suite_purpose_or_form_is_refused_by_name() {
        let bytes = statement().encode();
        let with = |at: usize, value: u8| {
            let mut changed = bytes.clone();
            changed[at] = value;
            KeyStatement::decode(&changed)
        };
        let suite_at = 2 + STATEMENT.len() + 3;
        assert_eq!(with(suite_at, 9), Err(StatementError::Suite(9)));
        let purpose_at = bytes.len() - 13 - 38;
        assert_eq!(with(purpose_at, 9), Err(StatementError::Purpose(9)));
        let sealing_at = bytes.len() - 35;
        assert_eq!(with(sealing_at, 9), Err(StatementError::Sealing(9)));
        assert_eq!(with(4, b'x'), Err(StatementError::Form));
    }

    #[test]
    fn a_sealing_key_of_another_length_is_refused() {
        for length in [0, 31, 33] {
            let mut one = statement();
            one.sealing.public.resize(length, 5);
            let read = KeyStatement::decode(&one.encode());
            assert_eq!(read, Err(StatementError::SealingKey), "{length}");
        }
    }

    #[tokio::test]
    async fn a_signed_statement_reads_back_and_holds_both_proofs() {
        let (own, _) = FileKeyStore::generate(Suite::P256Sha256).expect("a key");
        let (signer, _) = FileKeyStore::generate(Suite::Ed25519Blake3).expect("a key");
        let inside = KeyStatement {
            public: own.public().to_vec(),
            ..statement()
        };
        let signed = inside.sign(&own, &signer).await.expect("signed");
        let read = SignedKeyStatement::decode(&signed.encode()).expect("reads back");
        assert_eq!(read, signed);
        assert!(read.signed_by(signer.public()) && read.possessed(&inside));
        assert!(!read.signed_by(own.public()));
        for by in [Endorser::OldKey, Endorser::Grandparent] {
            let endorsed = signed.clone().endorse(by, &signer).await.expect("endorsed");
            let read = SignedKeyStatement::decode(&endorsed.encode()).expect("reads back");
            assert_eq!(read, endorsed);
            let mut endorsement = endorsed.endorsement.clone().expect("there");
            assert!(read.endorsed_by(&endorsement, signer.public()));
            assert!(!read.endorsed_by(&endorsement, own.public()));
            endorsement.by = match by {
                Endorser::OldKey => Endorser::Grandparent,
                Endorser::Grandparent => Endorser::OldKey,
            };
            assert!(
                !read.endorsed_by(&endorsement, signer.public()),
                "another role"
            );
        }
        let two = SignedKeyStatement::encode_all(&[signed.clone(), signed.clone()]);
        assert_eq!(
            SignedKeyStatement::decode_all(&two).map(|all| all.len()),
            Ok(2)
        );
        assert_eq!(
            SignedKeyStatement::decode(&two),
            Err(StatementError::Trailing)
        );
    }
}
