//! Cryptographic suites. The suite id is part of the bytes of everything that is signed or
//! digested, so that national algorithms can be added without a flag day.

use ring::{digest, signature};

/// A digest, 32 bytes in every suite.
pub type Digest = [u8; 32];

topology::vocabulary! {
    /// A named pair of signature scheme and hash.
    pub enum Suite: "cryptographic suite" {
        /// The default.
        Ed25519Blake3 = 1, "ed25519-blake3", "Ed25519, BLAKE3", "Ed25519 (RFC 8032) with BLAKE3";
        P256Sha256 = 2, "p256-sha256", "ECDSA P-256, SHA-256",
            "ECDSA on P-256 (FIPS 186-5, ASN.1 DER signatures) with SHA-256";
    }
}

/// The error for a signature that does not belong to these bytes and this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not belong to these bytes and this key")]
pub struct BadSignature;

impl Suite {
    /// Returns the suite's number in bytes.
    pub const fn id(self) -> u32 {
        match self {
            Self::Ed25519Blake3 => 1,
            Self::P256Sha256 => 2,
        }
    }

    /// Returns the suite with this number; `None` if this program does not know it.
    pub const fn from_id(id: u32) -> Option<Self> {
        match id {
            1 => Some(Self::Ed25519Blake3),
            2 => Some(Self::P256Sha256),
            _ => None,
        }
    }

    /// Computes one digest over the parts, concatenated without separators.
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
                sha256(context)
            }
        }
    }

    /// Begins a digest of bytes that arrive in pieces.
    pub fn digesting(self) -> Digesting {
        Digesting(match self {
            Self::Ed25519Blake3 => State::Blake3(Box::new(blake3::Hasher::new())),
            Self::P256Sha256 => State::Sha256(Box::new(digest::Context::new(&digest::SHA256))),
        })
    }

    /// Checks a signature over `message` against a public key. The key is a raw Ed25519 point or an
    /// uncompressed P-256 point.
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

/// An unfinished digest.
pub struct Digesting(State);

enum State {
    Blake3(Box<blake3::Hasher>),
    Sha256(Box<digest::Context>),
}

impl Digesting {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Blake3(hasher) => {
                hasher.update(bytes);
            }
            State::Sha256(context) => context.update(bytes),
        }
    }

    /// Returns the digest of all bytes added.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Blake3(hasher) => hasher.finalize().into(),
            State::Sha256(context) => sha256(*context),
        }
    }
}

fn sha256(context: digest::Context) -> Digest {
    let digest = context.finish();
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_made_bit_by_bit_is_the_same() {
        for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
            let mut digesting = suite.digesting();
            digesting.update(b"one ");
            digesting.update(b"after another");
            assert_eq!(digesting.finish(), suite.digest(&[b"one after another"]));
        }
    }
}
