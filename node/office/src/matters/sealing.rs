//! Sealed bodies in the store and on arrival: opened only to be shown or checked.

use bytes::Bytes;
use domain::{
    category::Class,
    ids::MatterId,
    matter::{Body, Matter},
    seal::{BrokenSeal, Fresh, ObjectKey, SealSuite, SealedBody},
    suite::{Digest, Suite},
};
use futures::future::BoxFuture;
use records::{outbox::queue::Bodies, table::Table};
use wire::Malformed;

use crate::{Failed, Fault, RefusalReason, services::Matters, unit_of_work::UnitOfWork};

/// The node's sealing key, wherever it is kept.
pub trait Seals: Send + Sync {
    /// Makes a new object key, wrapped for this node.
    ///
    /// # Errors
    /// [`SealFailure`] if no key could be made.
    fn fresh(&self) -> Result<Fresh, SealFailure>;

    /// Unwraps an object key that was wrapped for this node.
    ///
    /// # Errors
    /// [`SealFailure`] if it was wrapped for another node, or the key cannot be used.
    fn unwrap<'a>(
        &'a self,
        suite: SealSuite,
        wrap: &'a [u8],
    ) -> BoxFuture<'a, Result<ObjectKey, SealFailure>>;
}

/// The reason why an operation of the sealing key failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SealFailure(pub String);

/// The reason why a sealed body cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Unsealable {
    /// Its key cannot be unwrapped.
    #[error(transparent)]
    Key(#[from] SealFailure),
    /// The bytes differ from what was sealed.
    #[error(transparent)]
    Broken(#[from] BrokenSeal),
    /// The sealed bytes are not a body.
    #[error("the sealed bytes are not a body: {0}")]
    Malformed(#[from] Malformed),
    /// The sealed body is of another class than claimed.
    #[error("the sealed body is not of the class that it claims")]
    OtherClass,
}

/// The refusal of what needs a text that the node's sealing key does not open or seal.
#[derive(Debug, thiserror::Error)]
#[error(
    "what was written cannot be sealed or opened here: {0}; put back the node's `seal.key` \
     from a backup"
)]
pub struct SealingKeyFails(pub Unsealable);

impl RefusalReason for SealingKeyFails {}

/// A body that came beside an envelope.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// Unsealed.
    Open(Body),
    /// Sealed for this node, and opened.
    Sealed(Body, SealedBody),
    /// Sealed, and cannot be opened here.
    Unreadable,
}

impl Arrived {
    /// Returns the approximate bytes that keeping it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Open(body) => body.bytes(),
            Self::Sealed(_, sealed) => sealed.bytes(),
            Self::Unreadable => 0,
        }
    }

    /// Returns its commitment, if the matter names it with its class.
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

/// Returns the bodies that a matter names, with their commitments. `None` if the matter does not
/// name one, or names it with another class.
pub(crate) fn named_bodies<'a>(
    matter: &Matter,
    arrived: &'a [Arrived],
) -> Option<Vec<(Digest, &'a Arrived)>> {
    let named = |one: &'a Arrived| Some((one.named_in(matter)?, one));
    arrived.iter().map(named).collect()
}

impl Matters<'_> {
    /// Opens a sealed body.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub async fn unseal(self, matter: MatterId, sealed: &SealedBody) -> Result<Body, Unsealable> {
        let seals = &self.dependencies.seals;
        let key = seals.unwrap(sealed.suite, &sealed.wrap).await?;
        let body = wire::decode_body(&sealed.open(matter, &key)?)?;
        match body.class == sealed.class {
            true => Ok(body),
            false => Err(Unsealable::OtherClass),
        }
    }

    /// Opens a sealed body that came beside the transfer of a matter, without waiting for a turn.
    pub async fn unseal_arrived(self, matter: MatterId, sealed: SealedBody) -> Arrived {
        match self.unseal(matter, &sealed).await {
            Ok(body) => Arrived::Sealed(body, sealed),
            Err(error) => {
                tracing::warn!(division = %self.me, %matter, %error, "a body cannot be opened");
                Arrived::Unreadable
            }
        }
    }

    /// Returns a body that is kept here, opened, or the reason why it cannot be opened; `None` if it is
    /// not here.
    pub(crate) async fn read_body(
        self,
        matter: MatterId,
        commitment: &Digest,
    ) -> Result<Option<Result<Body, Unsealable>>, Fault> {
        match self.read()?.get::<Bodies>(&(matter, *commitment)).await? {
            Some(sealed) => Ok(Some(self.unseal(matter, &sealed).await)),
            None => Ok(None),
        }
    }

    /// Makes a new object key for a body.
    pub(crate) fn fresh(self) -> Result<Fresh, SealingKeyFails> {
        let fresh = self.dependencies.seals.fresh();
        fresh.map_err(|failure| SealingKeyFails(failure.into()))
    }
}

impl UnitOfWork<'_> {
    /// Keeps a body, sealed; returns its commitment.
    pub(crate) fn keep_body(
        &mut self,
        id: MatterId,
        suite: Suite,
        body: Body,
        fresh: Fresh,
    ) -> Digest {
        let (class, commitment) = (body.class, body.commitment(suite));
        let plain = wire::encode_body(body);
        let sealed = SealedBody::seal(id, class, commitment, &plain, fresh);
        self.view.put::<Bodies>(&(id, commitment), &sealed);
        commitment
    }

    /// Keeps a body that came beside an envelope; returns its key. An unsealed one is sealed before
    /// it is written.
    pub(crate) async fn keep_arrived(
        &mut self,
        id: MatterId,
        suite: Suite,
        commitment: &Digest,
        arrived: &Arrived,
    ) -> Result<Bytes, Failed<SealingKeyFails>> {
        let key = (id, *commitment);
        match arrived {
            Arrived::Sealed(_, sealed) => self.view.put::<Bodies>(&key, sealed),
            // Each notice carries the latest remarks; most are here already.
            Arrived::Open(body) if !self.view.has::<Bodies>(&key).await? => {
                let fresh = self.office.matters().fresh()?;
                self.keep_body(id, suite, body.clone(), fresh);
            }
            Arrived::Open(_) | Arrived::Unreadable => {}
        }
        Ok(Bodies::key(&key))
    }

    /// Deletes the sealed bodies of a matter that a neighbour took together with its own wraps;
    /// from now on only the holder can read them.
    pub(crate) fn forget_papers(&mut self, matter: &Matter) {
        for paper in matter.papers() {
            if matter.class_of(&paper) != Some(Class::Public) {
                self.view.delete::<Bodies>(&(matter.id, paper));
            }
        }
    }
}

/// A sealing key for tests that does not encrypt.
#[cfg(test)]
pub(crate) struct Bare;

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
