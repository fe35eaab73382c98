//! Cryptographic suites. A suite id stands inside the signed bytes of everything that is signed or
//! digested, so that national algorithms can be added without a flag day.

use ring::{digest, signature};
use serde::{Deserialize, Serialize};

/// A digest of 32 bytes, whatever the suite.
pub type Digest = [u8; 32];

/// A named pair of signature scheme and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// Ed25519 (RFC 8032) with BLAKE3. The default.
    Ed25519Blake3,
    /// ECDSA on P-256 (FIPS 186-5, ASN.1 DER signatures) with SHA-256.
    P256Sha256,
}

/// A signature does not belong to these bytes and this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not belong to these bytes and this key")]
pub struct BadSignature;

impl Suite {
    /// The number that stands for the suite in bytes.
    pub const fn id(self) -> u32 {
        match self {
            Self::Ed25519Blake3 => 1,
            Self::P256Sha256 => 2,
        }
    }

    /// The suite of a number; `None` for one this binary does not know.
    pub const fn from_id(id: u32) -> Option<Self> {
        match id {
            1 => Some(Self::Ed25519Blake3),
            2 => Some(Self::P256Sha256),
            _ => None,
        }
    }

    /// Digests the parts one after another.
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Ed25519Blake3 => {
                let mut hasher = blake3::Hasher::new();
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize().into()
            }
            Self::P256Sha256 => {
                let mut context = digest::Context::new(&digest::SHA256);
                for part in parts {
                    context.update(part);
                }
                context
                    .finish()
                    .as_ref()
                    .try_into()
                    .expect("SHA-256 has 32 bytes")
            }
        }
    }

    /// Checks a signature over `message` against a public key (raw Ed25519 point, or an
    /// uncompressed P-256 point).
    pub fn verify(self, public: &[u8], message: &[u8], signed: &[u8]) -> Result<(), BadSignature> {
        let algorithm: &dyn signature::VerificationAlgorithm = match self {
            Self::Ed25519Blake3 => &signature::ED25519,
            Self::P256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        };
        signature::UnparsedPublicKey::new(algorithm, public)
            .verify(message, signed)
            .map_err(|_| BadSignature)
    }
}
