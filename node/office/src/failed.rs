//! Why a service did not do what it was asked: its subject refuses it, the decision was overtaken, or the
//! node itself failed (`docs/decisions/0066-errors-per-subject.md`).

use domain::{
    audit::BrokenTrail,
    calendar::BadAllowance,
    category::BadCategory,
    custody,
    draft::BadDraft,
    flow::TooManyGaps,
    hook::BadHook,
    ids::MatterId,
    matter::Elsewhere,
    people::{BadAccount, BadApiKey, BadGrant, BadGrid, BadPassword},
    policy::BadWords,
    template::BadTemplate,
};
use records::table::ReadError;
use store::{CommitError, StoreError, files::FileError, record::RecordError};
use topology::DivisionCode;

/// A failure of the node itself, whatever it was asked. After [`Self::Commit`] the outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The unit was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A file beside the store cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The audit trail does not continue.
    #[error(transparent)]
    Trail(#[from] BrokenTrail),
    /// A password could not be hashed.
    #[error(
        "the password could not be hashed ({0}); see `people.hashes` and the memory of the machine"
    )]
    Hash(String),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Record(error) => error.into(),
        }
    }
}

/// The reason why a decision was not committed that its subject does not refuse.
#[derive(Debug, thiserror::Error)]
pub enum Aborted {
    /// The matter has changed since the version that the caller saw.
    #[error("matter {0} has moved on since you saw it; look at it again, then decide")]
    Stale(MatterId),
    /// Another request with the same idempotency key is running, or committed first.
    #[error("the first request with this Idempotency-Key is not done yet; try again in a moment")]
    InProgress,
    /// The node failed.
    #[error(transparent)]
    Fault(Fault),
}

/// The reason why a service did not do what it was asked. `R` is what the operation can refuse.
#[derive(Debug, thiserror::Error)]
pub enum Failed<R> {
    /// It is refused; nothing changed.
    #[error(transparent)]
    Refused(R),
    /// It is not refused, and still not done.
    #[error(transparent)]
    Aborted(Aborted),
}

impl<R> Failed<R> {
    /// Returns it as the failure of an operation that can refuse more.
    pub fn widen<S: From<R>>(self) -> Failed<S> {
        match self {
            Self::Refused(reason) => Failed::Refused(reason.into()),
            Self::Aborted(aborted) => Failed::Aborted(aborted),
        }
    }
}

/// Converts failures of the store and its records wherever a decision or a service returns them.
macro_rules! faults {
    ($($cause:ty),* $(,)?) => { $(
        impl From<$cause> for Aborted {
            fn from(cause: $cause) -> Self {
                Self::Fault(cause.into())
            }
        }

        impl<R> From<$cause> for Failed<R> {
            fn from(cause: $cause) -> Self {
                Self::Aborted(cause.into())
            }
        }
    )* };
}

faults!(Fault, ReadError, RecordError, StoreError, CommitError);

impl<R> From<Aborted> for Failed<R> {
    fn from(aborted: Aborted) -> Self {
        Self::Aborted(aborted)
    }
}

/// A reason to refuse. `?` turns it into the refusal of every operation that can refuse it.
pub trait RefusalReason {}

impl<R: From<W>, W: RefusalReason> From<W> for Failed<R> {
    fn from(reason: W) -> Self {
        Self::Refused(reason.into())
    }
}

/// Declares reasons of the rules and those that several services have; the others are declared where they stand.
macro_rules! reasons {
    ($($reason:ty),* $(,)?) => { $( impl RefusalReason for $reason {} )* };
}

reasons!(
    custody::Refusal,
    BadAccount,
    BadAllowance,
    BadApiKey,
    BadCategory,
    BadDraft,
    BadGrant,
    BadGrid,
    BadHook,
    BadPassword,
    BadTemplate,
    BadWords,
    Elsewhere,
    TooManyGaps,
    NoSuchMatter,
    SecondMachine,
    TooBusy,
);

/// The refusal of a matter that this node does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no matter {0} at this node; `wujitong matter list` shows what it knows")]
pub struct NoSuchMatter(pub MatterId);

/// The refusal of anything new while another machine has this node's identity; holds the parent, which
/// refused this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} refused this machine because another one with the same identity is linked to it; nothing \
     new is taken here until one of the two is stopped, see `wujitong alarm list`"
)]
pub struct SecondMachine(pub DivisionCode);

/// The refusal of a report while too many wait for their commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many reports are waiting to be written; try again in a moment")]
pub struct TooBusy;

/// What the disk does not do any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskTrouble {
    /// It has no room for new work.
    Full,
    /// A write or a sync failed, and nothing is written until the store was opened again.
    Failed,
}

impl Fault {
    /// Returns what the disk does not do any more, if that is the reason.
    pub const fn disk_trouble(&self) -> Option<DiskTrouble> {
        match self {
            Self::Store(error) | Self::Commit(CommitError::Store(error)) => match error {
                StoreError::Full => Some(DiskTrouble::Full),
                StoreError::Poisoned(_) => Some(DiskTrouble::Failed),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Aborted {
    /// Returns the failure of the node, if that is the reason.
    pub const fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            Self::Stale(_) | Self::InProgress => None,
        }
    }
}

impl<R> Failed<R> {
    /// Returns the failure of the node, if that is the reason.
    pub const fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Aborted(aborted) => aborted.fault(),
            Self::Refused(_) => None,
        }
    }
}
