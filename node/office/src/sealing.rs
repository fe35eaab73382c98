//! What a person wrote, as it lies in the store and as it arrives: sealed, and opened only to be shown
//! or checked.

use bytes::Bytes;
use domain::{
    category::Class,
    ids::MatterId,
    matter::{Body, Matter},
    seal::{BrokenSeal, Fresh, ObjectKey, SealSuite, SealedBody},
    suite::{Digest, Suite},
};
use futures::future::BoxFuture;
use records::outbox::queue::body_key;
use store::record;
use wire::Malformed;

use super::{Office, OfficeError, unit_of_work::UnitOfWork};

/// The node's sealing key, wherever it is.
pub trait Seals: Send + Sync {
    /// A new object key, wrapped for this node.
    ///
    /// # Errors
    /// [`SealFailure`] if no key could be made.
    fn fresh(&self) -> Result<Fresh, SealFailure>;

    /// The object key in a wrap that was made for this node.
    ///
    /// # Errors
    /// [`SealFailure`] if it was made for another, or the key cannot be used.
    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealFailure>>;
}

/// The sealing key did not do what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SealFailure(pub String);

/// Why a sealed body does not open.
#[derive(Debug, thiserror::Error)]
pub enum Unsealable {
    /// Its key does not unwrap.
    #[error(transparent)]
    Key(#[from] SealFailure),
    /// It is not what was sealed.
    #[error(transparent)]
    Broken(#[from] BrokenSeal),
    /// What was sealed is no body.
    #[error("what was sealed is no body: {0}")]
    Malformed(#[from] Malformed),
    /// What was sealed is a body of another class.
    #[error("the sealed body is of another class than it says")]
    OtherClass,
}

/// A body that came beside an envelope.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// As it is.
    Open(Body),
    /// Sealed for this node, and opened.
    Sealed(Body, SealedBody),
    /// Sealed, and not to be opened here.
    Unreadable,
}

impl Arrived {
    /// Bytes that keeping it takes, about.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Open(body) => body.bytes(),
            Self::Sealed(_, sealed) => sealed.bytes(),
            Self::Unreadable => 0,
        }
    }

    /// Its commitment, if a matter names it and says so of its class.
    fn named_in(&self, matter: &Matter) -> Option<Digest> {
        let class = |commitment| matter.class_of(commitment);
        match self {
            Self::Open(body) => {
                let commitment = body.commitment(matter.suite);
                let public = class(&commitment) == Some(Class::Public);
                (public && body.class == Class::Public).then_some(commitment)
            }
            Self::Sealed(body, sealed) => {
                let commitment = body.commitment(matter.suite);
                let same = commitment == sealed.commitment && sealed.class != Class::Public;
                (same && class(&commitment) == Some(sealed.class)).then_some(commitment)
            }
            Self::Unreadable => None,
        }
    }
}

/// The bodies that a matter names, with their commitments. `None` if one is not named, or of another
/// class than it should be.
pub(super) fn named_bodies<'a>(
    matter: &Matter,
    arrived: &'a [Arrived],
) -> Option<Vec<(Digest, &'a Arrived)>> {
    let named = |one: &'a Arrived| Some((one.named_in(matter)?, one));
    arrived.iter().map(named).collect()
}

impl Office {
    /// Opens a sealed body.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub async fn unseal(&self, matter: MatterId, sealed: &SealedBody) -> Result<Body, Unsealable> {
        let seals = &self.dependencies.seals;
        let key = seals.unwrap(sealed.suite, &sealed.wrap).await?;
        let body = wire::decode_body(&sealed.open(matter, &key)?)?;
        match body.class == sealed.class {
            true => Ok(body),
            false => Err(Unsealable::OtherClass),
        }
    }

    /// Opens a sealed body that came beside the transfer of a matter; no turn is waited for.
    pub async fn unseal_arrived(&self, matter: MatterId, sealed: SealedBody) -> Arrived {
        match self.unseal(matter, &sealed).await {
            Ok(body) => Arrived::Sealed(body, sealed),
            Err(error) => {
                tracing::warn!(division = %self.me, %matter, %error, "a body does not open");
                Arrived::Unreadable
            }
        }
    }

    /// A body that is kept here, opened; `None` if it is not here.
    ///
    /// # Errors
    /// [`OfficeError::Unsealable`] if it is here and does not open.
    pub(super) async fn read_body(
        &self,
        matter: MatterId,
        commitment: &Digest,
    ) -> Result<Option<Body>, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &body_key(matter, commitment)).await?;
        let Some(bytes) = seen.value else {
            return Ok(None);
        };
        Ok(Some(self.unseal(matter, &record::read(&bytes)?).await?))
    }

    /// A new object key for a body.
    pub(super) fn fresh(&self) -> Result<Fresh, OfficeError> {
        let fresh = self.dependencies.seals.fresh();
        Ok(fresh.map_err(Unsealable::Key)?)
    }
}

impl UnitOfWork<'_> {
    /// Keeps a body, sealed; gives its commitment.
    pub(super) fn keep_body(
        &mut self,
        id: MatterId,
        suite: Suite,
        body: Body,
        fresh: Fresh,
    ) -> Digest {
        let (class, commitment) = (body.class, body.commitment(suite));
        let plain = wire::encode_body(body);
        let sealed = SealedBody::seal(id, class, commitment, &plain, fresh);
        let key = body_key(id, &commitment);
        self.view.put(key, record::write(&sealed));
        commitment
    }

    /// Keeps a body that came beside an envelope; gives its key. What travelled open is sealed before it
    /// is written.
    pub(super) async fn keep_arrived(
        &mut self,
        id: MatterId,
        suite: Suite,
        commitment: &Digest,
        arrived: &Arrived,
    ) -> Result<Bytes, OfficeError> {
        let key = body_key(id, commitment);
        match arrived {
            Arrived::Sealed(_, sealed) => self.view.put(key.clone(), record::write(sealed)),
            // Each notice brings the latest remarks along; most are here already.
            Arrived::Open(body) if self.view.peek(&key).await?.is_none() => {
                let fresh = self.office.fresh()?;
                self.keep_body(id, suite, body.clone(), fresh);
            }
            Arrived::Open(_) | Arrived::Unreadable => {}
        }
        Ok(key)
    }

    /// A neighbour has a matter, and with it the wraps of what was written: those here are deleted, and
    /// from now on only its holder can read it.
    pub(super) fn forget_papers(&mut self, matter: &Matter) {
        for paper in matter.papers() {
            if matter.class_of(&paper) != Some(Class::Public) {
                self.view.delete(body_key(matter.id, &paper));
            }
        }
    }
}

/// A sealing key that seals nothing.
#[cfg(test)]
pub(super) struct Bare;

#[cfg(test)]
impl Seals for Bare {
    fn fresh(&self) -> Result<Fresh, SealFailure> {
        Ok(Fresh {
            suite: SealSuite::X25519ChaCha20Poly1305,
            key: ObjectKey([7; 32]),
            wrap: Bytes::new(),
        })
    }

    fn unwrap<'a>(
        &'a self,
        _: SealSuite,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealFailure>> {
        Box::pin(std::future::ready(Ok(ObjectKey([7; 32]))))
    }
}
