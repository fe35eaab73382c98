//! What the service of matters can refuse.

use domain::{
    category::BadCategory, custody::Refusal, disclosure::BadDisclosure, draft::BadDraft,
    ids::MatterId, matter::Department, matter::Elsewhere, points::BadRating, policy::BadWords,
    service::BadMaterials, standard::BadData,
};

use super::sealing::SealingKeyFails;
use crate::{FileRefusal, NoSuchMatter, RefusalReason, SecondMachine, TooBusy};

/// The reason why something is not done with a matter.
#[derive(Debug, thiserror::Error)]
pub enum MatterRefusal {
    /// The rules of custody do not allow it.
    #[error(transparent)]
    Rules(#[from] Refusal),
    /// The matter is not known here.
    #[error(transparent)]
    NoSuchMatter(#[from] NoSuchMatter),
    /// No account with this number is open here, so nothing can be dispatched to it.
    #[error("no account {0} is open at this node; `wujitong account list` shows those that are")]
    NoSuchOfficer(u64),
    /// The account lacks the permission to do the work.
    #[error(
        "account {0} may not handle matters; dispatch to one that may, or have it given the role"
    )]
    OfficerHandlesNothing(u64),
    /// The account was posted by another department.
    #[error(
        "account {0} was not posted by that department; leave the department out, or name its own"
    )]
    OfficerElsewhere(u64),
    /// Neither policy nor an account names the department.
    #[error(
        "no department {0} is named by the policy in force, and nobody here was posted by one; correct \
         the code, or add it to a policy"
    )]
    NoSuchDepartment(Department),
    /// No department could take the matter over from an officer who leaves.
    #[error(
        "{0} was dispatched to no department, and the account was posted by none; hand it over to somebody, or          to nobody"
    )]
    NoDepartment(MatterId),
    /// The category is not one that this node takes.
    #[error(transparent)]
    Category(#[from] BadCategory),
    /// A text, or the person named beside it, is not what policy takes.
    #[error(transparent)]
    Words(#[from] BadWords),
    /// The remarks on one matter are too long together: the present and the greatest length in bytes.
    #[error(
        "the remarks on this matter already have {0} bytes; together at most {1} are taken: close \
         it, or say more in a new matter"
    )]
    TooManyNotes(usize, usize),
    /// It objects to a disclosure that cannot be objected to.
    #[error(transparent)]
    Disclosure(#[from] BadDisclosure),
    /// It objects to a rating that cannot be objected to.
    #[error(transparent)]
    Rating(#[from] BadRating),
    /// The materials of an application are not as they are asked for.
    #[error(transparent)]
    Materials(#[from] BadMaterials),
    /// Data beside the report are not as the standard in force asks for them.
    #[error(transparent)]
    Data(#[from] BadData),
    /// The place lies outside the divisions concerned.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// Nobody is named as the reporter, or the contact was erased.
    #[error("nothing here says who reported {0}; see its steps with `wujitong matter show`")]
    NoContact(MatterId),
    /// The text is not here to be opened.
    #[error(
        "what was written in {0} is held elsewhere or was erased; take the opening that was given with the \
         report, or ask while it is held here"
    )]
    NoOpening(MatterId),
    /// The draft of a report is refused.
    #[error(transparent)]
    Draft(#[from] BadDraft),
    /// A file is refused.
    #[error(transparent)]
    File(#[from] FileRefusal),
    /// Another machine has this node's identity.
    #[error(transparent)]
    SecondMachine(#[from] SecondMachine),
    /// Too many reports wait.
    #[error(transparent)]
    Busy(#[from] TooBusy),
    /// The node's sealing key does not open or seal a text.
    #[error(transparent)]
    SealingKey(#[from] SealingKeyFails),
}

impl RefusalReason for MatterRefusal {}
