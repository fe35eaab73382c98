//! Sealing keys: whoever has the private one unwraps the keys of bodies that were wrapped for it.
//!
//! Base mode of HPKE (RFC 9180). A wrap is the encapsulated key, followed by the sealed object key.

use std::{fmt, path::Path};

use bytes::Bytes;
use futures::future::BoxFuture;
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305,
    kdf::HkdfSha256, kem::X25519HkdfSha256,
};
use ring::rand::{SecureRandom, SystemRandom};

use super::files::{self, FileError};
use crate::domain::seal::{Fresh, ObjectKey, SealSuite};

const INFO: &[u8] = b"wujitong/wrap/1";

/// An X25519 private key in PKCS#8 (RFC 8410, section 7) is these bytes and the 32 of the key.
const PKCS8_X25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
];

type Private = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

/// Why a sealing key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The system's source of randomness failed.
    #[error("no new key could be made: the system gives no random numbers")]
    Randomness,
    /// The public key is no key of its suite.
    #[error("nothing can be sealed for this public key; whoever stated it must be enrolled again")]
    Unusable,
    /// The wrap was made for another key, or was changed.
    #[error("the wrap was made for another sealing key, or it is damaged")]
    NotMine,
    /// The wrap is in algorithms that this key is not for.
    #[error("the wrap is in other algorithms than the sealing key")]
    OtherSuite,
    /// The bytes are no PKCS#8 private key for X25519.
    #[error(
        "{0} holds no sealing key this binary can use (PKCS#8, X25519); restore the file from a \
         backup or enrol the division again"
    )]
    Unreadable(String),
    /// The key's file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A public sealing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingPublic {
    /// Its algorithms.
    pub suite: SealSuite,
    /// As the suite writes it; for X25519 the 32 bytes of RFC 7748.
    pub public: Vec<u8>,
}

impl SealingPublic {
    /// Wraps an object key for whoever has the private key.
    ///
    /// # Errors
    /// [`SealingError::Unusable`], [`SealingError::Randomness`].
    pub fn wrap(&self, key: &ObjectKey) -> Result<Bytes, SealingError> {
        let SealSuite::X25519ChaCha20Poly1305 = self.suite;
        let public = Public::from_bytes(&self.public).map_err(|_| SealingError::Unusable)?;
        // The crate's own source panics if there is no randomness; asked first, ours says so.
        SystemRandom::new()
            .fill(&mut [0])
            .map_err(|_| SealingError::Randomness)?;
        let (encapsulated, sealed) = hpke::single_shot_seal::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(
            &OpModeS::Base, &public, INFO, &key.0, &aad(self.suite)
        )
        .map_err(|_| SealingError::Unusable)?;
        Ok([&encapsulated.to_bytes()[..], &sealed].concat().into())
    }

    /// A new object key, wrapped.
    ///
    /// # Errors
    /// As [`SealingPublic::wrap`].
    pub fn fresh(&self) -> Result<Fresh, SealingError> {
        let mut key = ObjectKey([0; 32]);
        SystemRandom::new()
            .fill(&mut key.0)
            .map_err(|_| SealingError::Randomness)?;
        let wrap = self.wrap(&key)?;
        Ok(Fresh {
            suite: self.suite,
            key,
            wrap,
        })
    }
}

fn aad(suite: SealSuite) -> [u8; 4] {
    suite.id().to_be_bytes()
}

/// A private sealing key. Implementations may wait for a device or another process.
pub trait SealingKey: fmt::Debug + Send + Sync {
    /// The public key, with its algorithms.
    fn public(&self) -> &SealingPublic;

    /// The object key in a wrap.
    ///
    /// # Errors
    /// [`SealingError::NotMine`], [`SealingError::OtherSuite`], or that whatever holds the key did
    /// not answer.
    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealingError>>;
}

/// A sealing key kept in memory, read from a PKCS#8 file that only its owner may read.
pub struct FileSealingKey {
    private: Private,
    public: SealingPublic,
}

impl FileSealingKey {
    /// Makes a new key and its PKCS#8 PEM text, which the caller puts into a file.
    ///
    /// # Errors
    /// [`SealingError::Randomness`].
    pub fn generate() -> Result<(Self, String), SealingError> {
        let mut seed = [0; 32];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| SealingError::Randomness)?;
        let (private, _) = X25519HkdfSha256::derive_keypair(&seed);
        let pkcs8 = [&PKCS8_X25519[..], &private.to_bytes()].concat();
        let text = pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8));
        Ok((Self::of(private), text))
    }

    /// Reads a key from a PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`SealingError::File`], [`SealingError::Unreadable`].
    pub fn load(path: &Path) -> Result<Self, SealingError> {
        let unreadable = || SealingError::Unreadable(path.display().to_string());
        let parsed = pem::parse(files::read_private(path)?).map_err(|_| unreadable())?;
        let bytes = parsed.contents().strip_prefix(&PKCS8_X25519[..]);
        let private = Private::from_bytes(bytes.ok_or_else(unreadable)?);
        Ok(Self::of(private.map_err(|_| unreadable())?))
    }

    fn of(private: Private) -> Self {
        let public = X25519HkdfSha256::sk_to_pk(&private).to_bytes().to_vec();
        let suite = SealSuite::X25519ChaCha20Poly1305;
        Self {
            private,
            public: SealingPublic { suite, public },
        }
    }

    fn unwrap_now(&self, suite: SealSuite, wrap: &[u8]) -> Result<ObjectKey, SealingError> {
        if suite != self.public.suite {
            return Err(SealingError::OtherSuite);
        }
        let (encapsulated, sealed) = wrap
            .split_at_checked(Encapsulated::size())
            .ok_or(SealingError::NotMine)?;
        let encapsulated =
            Encapsulated::from_bytes(encapsulated).map_err(|_| SealingError::NotMine)?;
        let key = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            INFO,
            sealed,
            &aad(suite),
        )
        .map_err(|_| SealingError::NotMine)?;
        let key = key.as_slice().try_into();
        Ok(ObjectKey(key.map_err(|_| SealingError::NotMine)?))
    }
}

impl fmt::Debug for FileSealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSealingKey({:?})", self.public.suite)
    }
}

impl SealingKey for FileSealingKey {
    fn public(&self) -> &SealingPublic {
        &self.public
    }

    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealingError>> {
        Box::pin(std::future::ready(self.unwrap_now(suite, wrap)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: SealSuite = SealSuite::X25519ChaCha20Poly1305;

    #[tokio::test]
    async fn a_key_read_back_from_its_file_unwraps_what_was_wrapped_for_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("seal.key");
        let (made, text) = FileSealingKey::generate().expect("a key");
        std::fs::write(&path, &text).expect("written");
        let key = FileSealingKey::load(&path).expect("read back");
        assert_eq!(key.public(), made.public());
        let fresh = made.public().fresh().expect("wrapped");
        let unwrapped = key.unwrap(fresh.suite, &fresh.wrap).await;
        assert_eq!(unwrapped.expect("unwrapped"), fresh.key);
        assert!(
            !fresh
                .wrap
                .windows(8)
                .any(|bytes| bytes == &fresh.key.0[..8])
        );
    }

    #[tokio::test]
    async fn another_key_and_every_changed_byte_of_a_wrap_are_refused() {
        let (key, _) = FileSealingKey::generate().expect("a key");
        let (other, _) = FileSealingKey::generate().expect("a key");
        let fresh = key.public().fresh().expect("wrapped");
        let refused = other.unwrap(SUITE, &fresh.wrap).await;
        assert!(matches!(refused, Err(SealingError::NotMine)));
        for at in 0..fresh.wrap.len() {
            let mut wrap = fresh.wrap.to_vec();
            wrap[at] ^= 1;
            let refused = key.unwrap(SUITE, &wrap).await;
            assert!(matches!(refused, Err(SealingError::NotMine)), "byte {at}");
            let cut = key.unwrap(SUITE, &fresh.wrap[..at]).await;
            assert!(matches!(cut, Err(SealingError::NotMine)), "cut at {at}");
        }
    }

    #[test]
    fn a_public_key_that_leads_nowhere_is_refused() {
        let nowhere = SealingPublic {
            suite: SUITE,
            public: vec![0; 32],
        };
        assert!(matches!(nowhere.fresh(), Err(SealingError::Unusable)));
    }

    #[test]
    fn a_damaged_key_file_is_named_in_the_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("seal.key");
        for text in [
            "not a key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            std::fs::write(&path, text).expect("written");
            let error = FileSealingKey::load(&path)
                .expect_err("refused")
                .to_string();
            assert!(error.contains("seal.key"), "{error}");
        }
    }
}
