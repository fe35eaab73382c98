//! Sealed bodies: a person's text, encrypted under a key of its own that only the holder can
//! unwrap. Remarks of offices are sealed in every store that has them; each node has its own wrap
//! there.
//!
//! ```text
//! ciphertext = AEAD(object key, nonce 0, aad, the body as it stands on the wire)
//! aad        = "wujitong/sealed/1" | u32 suite | matter | u8 class | commitment
//! wrap       = the object key, sealed for the holder's sealing key (HPKE, RFC 9180)
//! ```
//!
//! An object key seals one body, once, so the nonce need not vary. The division that takes custody
//! gets the same ciphertext with its own wrap; without a wrap the ciphertext is useless.

use std::fmt;

use bytes::Bytes;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use super::{
    category::Class,
    ids::MatterId,
    suite::{Digest, Suite},
};

const TAG: &[u8] = b"wujitong/sealed/1";
const BEARER_TAG: &[u8] = b"wujitong/bearer/1";

/// Algorithms of a sealed body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SealSuite {
    /// The body under ChaCha20-Poly1305 (RFC 8439); its key too, under one exported from HPKE (RFC
    /// 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only.
    X25519ChaCha20Poly1305,
}

/// The error for sealed bytes that were not sealed for this matter under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed body is not what was sealed for this matter under this key")]
pub struct BrokenSeal;

impl SealSuite {
    /// Returns the suite's number in bytes.
    pub const fn id(self) -> u32 {
        match self {
            Self::X25519ChaCha20Poly1305 => 1,
        }
    }

    /// Returns the suite with this number; `None` if this program does not know it.
    pub const fn from_id(id: u32) -> Option<Self> {
        match id {
            1 => Some(Self::X25519ChaCha20Poly1305),
            _ => None,
        }
    }

    /// Returns the length of a public sealing key in bytes.
    pub const fn public_bytes(self) -> usize {
        match self {
            Self::X25519ChaCha20Poly1305 => 32,
        }
    }
}

/// The key of one sealed body. It is never printed or stored in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectKey(pub [u8; 32]);

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectKey")
    }
}

/// A body that only the owner of the right sealing key can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedBody {
    /// Commitment that stands for the body in envelopes.
    pub commitment: Digest,
    /// Protection class of the body.
    pub class: Class,
    /// Algorithms it is sealed with.
    pub suite: SealSuite,
    /// The object key, sealed for one sealing key.
    pub wrap: Bytes,
    /// The body, encrypted with the object key.
    pub ciphertext: Bytes,
}

impl SealedBody {
    /// The longest wrap, in bytes.
    pub const MOST_WRAP_BYTES: usize = 2 * 1024;
    /// The longest ciphertext, in bytes: the longest body with everything beside its text, and a
    /// reserve for future suites.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// Seals the bytes of a body for `matter` with a new object key and its wrap.
    pub fn seal(
        matter: MatterId,
        class: Class,
        commitment: Digest,
        plain: &[u8],
        fresh: Fresh,
    ) -> Self {
        let Fresh { suite, key, wrap } = fresh;
        let aad = aad(matter, class, suite, &commitment);
        let mut bytes = Vec::with_capacity(plain.len() + 16);
        bytes.extend_from_slice(plain);
        cipher(suite, &key)
            .seal_in_place_append_tag(nonce(), Aad::from(aad), &mut bytes)
            .expect("a body is shorter than the cipher allows");
        Self {
            commitment,
            class,
            suite,
            wrap,
            ciphertext: bytes.into(),
        }
    }

    /// Opens the body with its object key and returns its bytes.
    ///
    /// # Errors
    /// [`BrokenSeal`] if anything differs from what was sealed.
    pub fn open(&self, matter: MatterId, key: &ObjectKey) -> Result<Vec<u8>, BrokenSeal> {
        let aad = aad(matter, self.class, self.suite, &self.commitment);
        let mut bytes = self.ciphertext.to_vec();
        let plain = cipher(self.suite, key).open_in_place(nonce(), Aad::from(aad), &mut bytes);
        let length = plain.map_err(|_| BrokenSeal)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Returns the size of the sealed body that counts against limits, in bytes.
    pub fn bytes(&self) -> usize {
        self.wrap.len() + self.ciphertext.len() + 64
    }
}

/// A new object key with its wrap.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Algorithms of the key and the wrap.
    pub suite: SealSuite,
    /// The object key.
    pub key: ObjectKey,
    /// The object key, sealed for the reader of the body.
    pub wrap: Bytes,
}

/// Bytes that only whoever has a secret of 16 bytes can open: the key of a draft, or a slip. The node
/// that keeps them cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedForBearer {
    /// Drawn anew whenever something is sealed, so that no key is used twice.
    salt: [u8; 16],
    ciphertext: Bytes,
}

impl SealedForBearer {
    /// Seals bytes under a secret and a salt that was never used before.
    pub fn seal(plain: &[u8], secret: &[u8; 16], salt: [u8; 16]) -> Self {
        let mut bytes = plain.to_vec();
        bearers_cipher(secret, &salt)
            .seal_in_place_append_tag(nonce(), Aad::from(BEARER_TAG), &mut bytes)
            .expect("what a person typed is shorter than the cipher allows");
        Self {
            salt,
            ciphertext: bytes.into(),
        }
    }

    /// Opens what was sealed; `None` if it was sealed under another secret, or changed.
    pub fn open(&self, secret: &[u8; 16]) -> Option<Vec<u8>> {
        let mut bytes = self.ciphertext.to_vec();
        let cipher = bearers_cipher(secret, &self.salt);
        let plain = cipher.open_in_place(nonce(), Aad::from(BEARER_TAG), &mut bytes);
        let length = plain.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

fn bearers_cipher(secret: &[u8; 16], salt: &[u8; 16]) -> LessSafeKey {
    let key = Suite::Ed25519Blake3.digest(&[BEARER_TAG, secret, salt]);
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a digest has 32 bytes"))
}

fn cipher(suite: SealSuite, key: &ObjectKey) -> LessSafeKey {
    let algorithm = match suite {
        SealSuite::X25519ChaCha20Poly1305 => &CHACHA20_POLY1305,
    };
    LessSafeKey::new(UnboundKey::new(algorithm, &key.0).expect("the key has 32 bytes"))
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn aad(matter: MatterId, class: Class, suite: SealSuite, commitment: &Digest) -> Vec<u8> {
    let class = match class {
        Class::Public => 1,
        Class::Personal => 2,
        Class::Sensitive => 3,
    };
    let suite = suite.id().to_be_bytes();
    [TAG, &suite, &matter.to_bytes(), &[class], commitment].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = "王小明 13857012345".as_bytes();

    fn matter(number: u64) -> MatterId {
        MatterId {
            origin: "330825002222".parse().unwrap(),
            epoch: 7,
            number,
        }
    }

    fn fresh(key: u8) -> Fresh {
        Fresh {
            suite: SealSuite::X25519ChaCha20Poly1305,
            key: ObjectKey([key; 32]),
            wrap: Bytes::new(),
        }
    }

    fn sealed() -> SealedBody {
        SealedBody::seal(matter(1), Class::Personal, [3; 32], PLAIN, fresh(9))
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_key_and_is_nowhere_in_the_bytes() {
        let sealed = sealed();
        let opened = sealed.open(matter(1), &ObjectKey([9; 32]));
        assert_eq!(opened.as_deref(), Ok(PLAIN));
        let stored = postcard::to_allocvec(&sealed).unwrap();
        let windows = stored.windows(6);
        assert!(
            !windows
                .into_iter()
                .any(|bytes| PLAIN.windows(6).any(|p| p == bytes))
        );
    }

    #[test]
    fn another_key_a_changed_byte_and_every_swapped_circumstance_are_refused() {
        let key = ObjectKey([9; 32]);
        let whole = sealed();
        assert_eq!(whole.open(matter(1), &ObjectKey([8; 32])), Err(BrokenSeal));
        assert_eq!(whole.open(matter(2), &key), Err(BrokenSeal));
        for at in [0, PLAIN.len() / 2, whole.ciphertext.len() - 1] {
            let mut bytes = whole.ciphertext.to_vec();
            bytes[at] ^= 1;
            let changed = SealedBody {
                ciphertext: bytes.into(),
                ..sealed()
            };
            assert_eq!(changed.open(matter(1), &key), Err(BrokenSeal), "at {at}");
        }
        for other in [
            SealedBody {
                class: Class::Public,
                ..sealed()
            },
            SealedBody {
                class: Class::Sensitive,
                ..sealed()
            },
            SealedBody {
                commitment: [4; 32],
                ..sealed()
            },
            SealedBody {
                ciphertext: whole.ciphertext.slice(..8),
                ..sealed()
            },
            SealedBody {
                ciphertext: Bytes::new(),
                ..sealed()
            },
        ] {
            assert_eq!(other.open(matter(1), &key), Err(BrokenSeal));
        }
    }

    #[test]
    fn only_the_secret_opens_what_was_sealed_for_its_bearer() {
        let sealed = SealedForBearer::seal(PLAIN, &[7; 16], [1; 16]);
        assert_eq!(sealed.open(&[7; 16]).as_deref(), Some(PLAIN));
        assert_eq!(sealed.open(&[8; 16]), None);
        let stored = postcard::to_allocvec(&sealed).unwrap();
        let part = |bytes: &[u8]| PLAIN.windows(6).any(|some| some == bytes);
        assert!(!stored.windows(6).any(part));
        let mut other = sealed;
        other.salt[0] ^= 1;
        assert_eq!(other.open(&[7; 16]), None);
    }
}
