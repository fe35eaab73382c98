//! Sealing keys: the holder of the private key unwraps object keys that were wrapped for the public
//! one.
//!
//! HPKE (RFC 9180) in base mode, used for its exported secrets (section 5.3):
//!
//! ```text
//! wrap = encapsulated key (32) | salt (16) | AEAD(Context.Export(salt, 32), nonce 0, aad, object key)
//! ```
//!
//! One encapsulation serves many wraps, because the key exchange behind it would cost more than all
//! other work a hop does for a matter. Every wrap has a key of its own, derived from its random
//! salt, so the nonce can be constant and deleting a wrap leaves nothing of it.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use domain::seal::{Fresh, ObjectKey, SealSuite};
use futures::future::BoxFuture;
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable,
    aead::{AeadCtxR, AeadCtxS, ExportOnlyAead},
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rustls::crypto::{SecureRandom, ring::default_provider};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use super::{
    files::{self, FileError},
    pem,
};

const INFO: &[u8] = b"wujitong/wrap/2";
const ENCAPSULATED: usize = 32;
const SALT: usize = 16;

/// Wraps made with one key exchange before a new one is done.
const WRAPS_OF_ONE: u32 = 4096;

/// Opened encapsulations that are cached, in each of two generations.
const REMEMBERED: usize = 128;

/// Prefix of an X25519 private key in PKCS#8 (RFC 8410, section 7); the 32 bytes of the key follow.
const PKCS8_X25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
];

type Private = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;
type Sending = AeadCtxS<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>;
type Receiving = AeadCtxR<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>;

/// The reason a sealing key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The system's source of randomness failed.
    #[error("no new key could be made: the system provides no random numbers")]
    Randomness,
    /// The public key is not a key of its suite.
    #[error("nothing can be sealed for this public key; its division must be enrolled again")]
    Unusable,
    /// The wrap was made for another key, or was changed.
    #[error("the wrap was made for another sealing key, or it is damaged")]
    NotMine,
    /// The wrap uses other algorithms than this key.
    #[error("the wrap uses other algorithms than the sealing key")]
    OtherSuite,
    /// The bytes are not a PKCS#8 private key for X25519.
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
    /// The key in the suite's encoding; for X25519 the 32 bytes of RFC 7748.
    pub public: Vec<u8>,
}

/// Wraps object keys for the holder of one public key.
pub struct Recipient {
    public: SealingPublic,
    random: &'static dyn SecureRandom,
    exchanged: Mutex<Option<Exchanged>>,
}

/// The result of one key exchange.
struct Exchanged {
    encapsulated: [u8; ENCAPSULATED],
    context: Sending,
    wraps: u32,
}

impl Recipient {
    /// Whoever has the private key of `public`, with the system's randomness.
    pub fn new(public: SealingPublic) -> Self {
        Self::with(public, default_provider().secure_random)
    }

    /// Whoever has the private key of `public`, with this source of randomness.
    pub(super) fn with(public: SealingPublic, random: &'static dyn SecureRandom) -> Self {
        Self {
            public,
            random,
            exchanged: Mutex::default(),
        }
    }

    /// Returns the public key.
    pub fn public(&self) -> &SealingPublic {
        &self.public
    }

    /// Wraps an object key.
    ///
    /// # Errors
    /// [`SealingError::Unusable`], [`SealingError::Randomness`].
    pub fn wrap(&self, key: &ObjectKey) -> Result<Bytes, SealingError> {
        let salt: [u8; SALT] = draw(self.random)?;
        let (encapsulated, cipher) = self.cipher(&salt)?;
        let mut wrap = Vec::with_capacity(ENCAPSULATED + SALT + key.0.len() + 16);
        wrap.extend_from_slice(&encapsulated);
        wrap.extend_from_slice(&salt);
        let mut sealed = key.0;
        let tag = cipher
            .seal_in_place_separate_tag(nonce(), aad(self.public.suite), &mut sealed)
            .expect("a key is shorter than the cipher allows");
        wrap.extend_from_slice(&sealed);
        wrap.extend_from_slice(tag.as_ref());
        Ok(wrap.into())
    }

    /// Generates an object key and wraps it.
    ///
    /// # Errors
    /// As [`Recipient::wrap`].
    pub fn fresh(&self) -> Result<Fresh, SealingError> {
        let key = ObjectKey(draw(self.random)?);
        let wrap = self.wrap(&key)?;
        Ok(Fresh {
            suite: self.public.suite,
            key,
            wrap,
        })
    }

    fn cipher(&self, salt: &[u8; SALT]) -> Result<([u8; ENCAPSULATED], LessSafeKey), SealingError> {
        let mut exchanged = self.exchanged.lock().expect("nobody panics while wrapping");
        if exchanged.as_ref().is_none_or(|it| it.wraps == WRAPS_OF_ONE) {
            *exchanged = Some(Exchanged::with(&self.public, self.random)?);
        }
        let exchanged = exchanged.as_mut().expect("just made");
        exchanged.wraps += 1;
        let mut key = [0; 32];
        (exchanged.context.export(salt, &mut key)).expect("32 bytes can be exported");
        Ok((exchanged.encapsulated, cipher(&key)))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipient").field(&self.public).finish()
    }
}

impl Exchanged {
    fn with(
        public: &SealingPublic,
        random: &'static dyn SecureRandom,
    ) -> Result<Self, SealingError> {
        let SealSuite::X25519ChaCha20Poly1305 = public.suite;
        let public = Public::from_bytes(&public.public).map_err(|_| SealingError::Unusable)?;
        let mut source = Source {
            random,
            failed: false,
        };
        let begun = hpke::setup_sender_with_rng::<_, _, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            INFO,
            &mut source,
        );
        if source.failed {
            return Err(SealingError::Randomness);
        }
        let (encapsulated, context) = begun.map_err(|_| SealingError::Unusable)?;
        Ok(Self {
            encapsulated: encapsulated.to_bytes().into(),
            context,
            wraps: 0,
        })
    }
}

/// Randomness in the form in which the crate for HPKE takes it, which has no word for a failure: what
/// was made of it must be thrown away if it failed.
struct Source {
    random: &'static dyn SecureRandom,
    failed: bool,
}

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= self.random.fill(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for Source {}

fn draw<const N: usize>(random: &dyn SecureRandom) -> Result<[u8; N], SealingError> {
    let mut bytes = [0; N];
    let filled = random.fill(&mut bytes);
    filled.map_err(|_| SealingError::Randomness)?;
    Ok(bytes)
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has 32 bytes"))
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn aad(suite: SealSuite) -> Aad<[u8; 4]> {
    Aad::from(suite.id().to_be_bytes())
}

/// A private sealing key. Implementations may wait for a device or another process.
pub trait SealingKey: fmt::Debug + Send + Sync {
    /// Returns the public key, with its algorithms.
    fn public(&self) -> &SealingPublic;

    /// Unwraps the object key in a wrap.
    ///
    /// # Errors
    /// [`SealingError::NotMine`], [`SealingError::OtherSuite`], or an error of the device that
    /// holds the key.
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
    opened: Mutex<Opened>,
    /// Keys it replaced: what was sealed for them must still open.
    older: Vec<Self>,
}

/// Recently opened encapsulations, in two generations.
#[derive(Default)]
struct Opened {
    young: HashMap<[u8; ENCAPSULATED], Arc<Receiving>>,
    old: HashMap<[u8; ENCAPSULATED], Arc<Receiving>>,
}

impl Opened {
    fn get(&mut self, encapsulated: &[u8; ENCAPSULATED]) -> Option<Arc<Receiving>> {
        if let Some(context) = self.young.get(encapsulated) {
            return Some(Arc::clone(context));
        }
        let context = self.old.remove(encapsulated)?;
        self.put(*encapsulated, Arc::clone(&context));
        Some(context)
    }

    fn put(&mut self, encapsulated: [u8; ENCAPSULATED], context: Arc<Receiving>) {
        if self.young.len() == REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(encapsulated, context);
    }
}

impl FileSealingKey {
    /// Generates a key and returns it with its PKCS#8 PEM text, which the caller stores in a file.
    ///
    /// # Errors
    /// [`SealingError::Randomness`].
    pub fn generate() -> Result<(Self, String), SealingError> {
        let seed: [u8; 32] = draw(default_provider().secure_random)?;
        let (private, _) = X25519HkdfSha256::derive_keypair(&seed);
        let pkcs8 = [&PKCS8_X25519[..], &private.to_bytes()].concat();
        let text = pem::block("PRIVATE KEY", &pkcs8);
        Ok((Self::of(private), text))
    }

    /// Reads a key from a PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`SealingError::File`], [`SealingError::Unreadable`].
    pub fn load(path: &Path) -> Result<Self, SealingError> {
        let unreadable = || SealingError::Unreadable(path.display().to_string());
        let text = files::read_private(path)?;
        let parsed = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|_| unreadable())?;
        let bytes = parsed.secret_pkcs8_der().strip_prefix(&PKCS8_X25519[..]);
        let private = Private::from_bytes(bytes.ok_or_else(unreadable)?);
        Ok(Self::of(private.map_err(|_| unreadable())?))
    }

    fn of(private: Private) -> Self {
        let public = X25519HkdfSha256::sk_to_pk(&private).to_bytes().to_vec();
        let suite = SealSuite::X25519ChaCha20Poly1305;
        Self {
            private,
            public: SealingPublic { suite, public },
            opened: Mutex::default(),
            older: vec![],
        }
    }

    /// Returns the key with `older` ones, so that it also opens what was sealed for them.
    pub(super) fn with_older(self, older: Vec<Self>) -> Self {
        Self { older, ..self }
    }

    fn unwrap_now(&self, suite: SealSuite, wrap: &[u8]) -> Result<ObjectKey, SealingError> {
        let own = self.unwrap_own(suite, wrap);
        if !matches!(own, Err(SealingError::NotMine)) {
            return own;
        }
        let mut older = self.older.iter();
        older
            .find_map(|key| key.unwrap_own(suite, wrap).ok())
            .ok_or(SealingError::NotMine)
    }

    fn unwrap_own(&self, suite: SealSuite, wrap: &[u8]) -> Result<ObjectKey, SealingError> {
        if suite != self.public.suite {
            return Err(SealingError::OtherSuite);
        }
        let (encapsulated, rest) = wrap.split_first_chunk().ok_or(SealingError::NotMine)?;
        let (salt, sealed) = rest
            .split_first_chunk::<SALT>()
            .ok_or(SealingError::NotMine)?;
        let mut key = [0; 32];
        let context = self.context(encapsulated)?;
        (context.export(salt, &mut key)).expect("32 bytes can be exported");
        let mut sealed = sealed.to_vec();
        let key = cipher(&key).open_in_place(nonce(), aad(suite), &mut sealed);
        let key = <[u8; 32]>::try_from(&*key.map_err(|_| SealingError::NotMine)?);
        Ok(ObjectKey(key.map_err(|_| SealingError::NotMine)?))
    }

    fn context(&self, encapsulated: &[u8; ENCAPSULATED]) -> Result<Arc<Receiving>, SealingError> {
        let remembered = || self.opened.lock().expect("nobody panics while remembering");
        if let Some(context) = remembered().get(encapsulated) {
            return Ok(context);
        }
        let shared = Encapsulated::from_bytes(encapsulated).map_err(|_| SealingError::NotMine)?;
        let context = hpke::setup_receiver(&OpModeR::Base, &self.private, &shared, INFO);
        let context = Arc::new(context.map_err(|_| SealingError::NotMine)?);
        remembered().put(*encapsulated, Arc::clone(&context));
        Ok(context)
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
    use rustls::crypto::GetRandomFailed;

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
        let recipient = Recipient::new(made.public().clone());
        let fresh = recipient.fresh().expect("wrapped");
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
        let fresh = Recipient::new(key.public().clone()).fresh();
        let fresh = fresh.expect("wrapped");
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

    #[tokio::test]
    async fn wraps_that_share_an_exchange_have_keys_of_their_own() {
        let (key, _) = FileSealingKey::generate().expect("a key");
        let recipient = Recipient::new(key.public().clone());
        let (one, other) = (recipient.fresh(), recipient.fresh());
        let (one, other) = (one.expect("wrapped"), other.expect("wrapped"));
        assert_eq!(one.wrap[..ENCAPSULATED], other.wrap[..ENCAPSULATED]);
        let mixed = [
            &one.wrap[..ENCAPSULATED + SALT],
            &other.wrap[ENCAPSULATED + SALT..],
        ];
        let refused = key.unwrap(SUITE, &mixed.concat()).await;
        assert!(matches!(refused, Err(SealingError::NotMine)));
        assert_eq!(
            key.unwrap(SUITE, &one.wrap).await.expect("unwrapped"),
            one.key
        );
    }

    #[tokio::test]
    async fn exchanges_end_and_what_was_forgotten_is_opened_anew() {
        let (key, _) = FileSealingKey::generate().expect("a key");
        let first = Recipient::new(key.public().clone()).fresh();
        let first = first.expect("wrapped");
        for _ in 0..=2 * REMEMBERED {
            let fresh = Recipient::new(key.public().clone()).fresh();
            let fresh = fresh.expect("wrapped");
            let unwrapped = key.unwrap(SUITE, &fresh.wrap).await;
            assert_eq!(unwrapped.expect("unwrapped"), fresh.key);
        }
        let unwrapped = key.unwrap(SUITE, &first.wrap).await;
        assert_eq!(unwrapped.expect("unwrapped"), first.key);
        let opened = key.opened.lock().expect("no panic");
        assert!(opened.young.len() + opened.old.len() <= 2 * REMEMBERED);

        let recipient = Recipient::new(key.public().clone());
        let wraps = || recipient.fresh().expect("wrapped").wrap;
        let before = wraps();
        let mut last = wraps();
        for _ in 2..WRAPS_OF_ONE {
            last = wraps();
        }
        assert_eq!(before[..ENCAPSULATED], last[..ENCAPSULATED]);
        assert_ne!(before[..ENCAPSULATED], wraps()[..ENCAPSULATED]);
    }

    #[derive(Debug)]
    struct NoRandomness;

    impl SecureRandom for NoRandomness {
        fn fill(&self, _: &mut [u8]) -> Result<(), GetRandomFailed> {
            Err(GetRandomFailed)
        }
    }

    #[test]
    fn nothing_is_wrapped_without_randomness() {
        let (key, _) = FileSealingKey::generate().expect("a key");
        let without = Recipient::with(key.public().clone(), &NoRandomness);
        let refused = [
            without.fresh().map(|_| ()),
            without.wrap(&ObjectKey([1; 32])).map(|_| ()),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(SealingError::Randomness)));
        }
        let exchanged = Exchanged::with(key.public(), &NoRandomness);
        assert!(matches!(exchanged, Err(SealingError::Randomness)));
    }

    #[test]
    fn a_public_key_that_leads_nowhere_is_refused() {
        let nowhere = SealingPublic {
            suite: SUITE,
            public: vec![0; 32],
        };
        let fresh = Recipient::new(nowhere).fresh();
        assert!(matches!(fresh, Err(SealingError::Unusable)));
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
