//! Private signing keys behind a trait, so that a smart card or a remote signer can hold them too.

use std::{fmt, path::Path};

use domain::{ids::KeyId, suite::Suite};
use futures::future::BoxFuture;
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as RingKeyPair,
    },
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use super::{
    files::{self, FileError},
    pem,
};

/// The reason a private key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The signer refused or could not be reached.
    #[error("the signing key {0} could not sign; check the device or file that holds it")]
    Signing(KeyId),
    /// The system's source of randomness failed.
    #[error("no new key could be made: the system provides no random numbers")]
    Randomness,
    /// The bytes are not a PKCS#8 private key of a suite this binary knows.
    #[error(
        "{0} holds no private key that this binary can use (PKCS#8, Ed25519 or P-256); \
         restore the file from a backup or enrol the division again"
    )]
    Unreadable(String),
    /// The key's file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A private signing key. Implementations may wait for a device or another process.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Returns the suite the key signs in.
    fn suite(&self) -> Suite;

    /// Returns the public key: a raw Ed25519 point or an uncompressed P-256 point.
    fn public(&self) -> &[u8];

    /// Returns the id of the public key.
    fn key_id(&self) -> KeyId;

    /// Signs `message`. The caller must begin it with a domain tag and the suite.
    ///
    /// # Errors
    /// [`KeyError::Signing`] if the holder of the key did not sign.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;
}

/// A signing key kept in memory, read from a PKCS#8 file that only its owner may read.
pub struct FileKeyStore {
    pair: Pair,
    suite: Suite,
    id: KeyId,
    random: SystemRandom,
}

enum Pair {
    Ed25519(Box<Ed25519KeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl FileKeyStore {
    /// Generates a key and returns it with its PKCS#8 PEM text, which the caller stores in a file.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn generate(suite: Suite) -> Result<(Self, String), KeyError> {
        let random = SystemRandom::new();
        let pkcs8 = match suite {
            Suite::Ed25519Blake3 => Ed25519KeyPair::generate_pkcs8(&random),
            Suite::P256Sha256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            }
        }
        .map_err(|_| KeyError::Randomness)?;
        let key = Self::from_pkcs8(pkcs8.as_ref())
            .ok_or_else(|| KeyError::Unreadable("a key just made".to_owned()))?;
        Ok((key, pem::block("PRIVATE KEY", pkcs8.as_ref())))
    }

    /// Reads a key from a PKCS#8 PEM file; the file determines the suite.
    ///
    /// # Errors
    /// [`KeyError::File`], [`KeyError::Unreadable`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let unreadable = || KeyError::Unreadable(path.display().to_string());
        let text = files::read_private(path)?;
        let parsed = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|_| unreadable())?;
        Self::from_pkcs8(parsed.secret_pkcs8_der()).ok_or_else(unreadable)
    }

    /// Signs without waiting.
    ///
    /// # Errors
    /// [`KeyError::Signing`] if the system provides no random numbers.
    pub fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::P256(pair) => pair
                .sign(&self.random, message)
                .map(|signed| signed.as_ref().to_vec())
                .map_err(|_| KeyError::Signing(self.id)),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let (pair, suite) = if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            (Pair::Ed25519(Box::new(pair)), Suite::Ed25519Blake3)
        } else {
            let pair =
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &random).ok()?;
            (Pair::P256(Box::new(pair)), Suite::P256Sha256)
        };
        let id = KeyId::of(suite, pair.public());
        Some(Self {
            pair,
            suite,
            id,
            random,
        })
    }
}

impl Pair {
    fn public(&self) -> &[u8] {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::P256(pair) => pair.public_key().as_ref(),
        }
    }
}

impl fmt::Debug for FileKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKeyStore({:?}, {})", self.suite, self.id)
    }
}

impl KeyStore for FileKeyStore {
    fn suite(&self) -> Suite {
        self.suite
    }

    fn public(&self) -> &[u8] {
        self.pair.public()
    }

    fn key_id(&self) -> KeyId {
        self.id
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(std::future::ready(self.sign_now(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_read_back_from_its_file_signs_what_its_public_key_verifies_in_both_suites() {
        let dir = tempfile::tempdir().expect("a directory");
        for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
            let path = dir.path().join(format!("{}.key", suite.id()));
            let (made, text) = FileKeyStore::generate(suite).expect("a key");
            std::fs::write(&path, &text).expect("written");
            let key = FileKeyStore::load(&path).expect("read back");
            assert_eq!(key.key_id(), made.key_id());
            assert_eq!(key.suite(), suite);
            let signed = key.sign(b"said").await.expect("signed");
            assert_eq!(suite.verify(key.public(), b"said", &signed), Ok(()));
            assert!(suite.verify(key.public(), b"unsaid", &signed).is_err());
        }
    }

    #[test]
    fn a_damaged_key_file_is_named_in_the_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("sign.key");
        std::fs::write(&path, "not a key").expect("written");
        let error = FileKeyStore::load(&path).expect_err("refused").to_string();
        assert!(error.contains("sign.key"), "{error}");
    }
}
