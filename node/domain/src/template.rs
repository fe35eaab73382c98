//! Templates: rules that a division prescribes for its subtree, by tier and kind of unit. Every
//! node in scope applies each version or refuses it with a reason, and the issuer learns which.

use primitives::record::{BASE, Record};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{address::Stamp, time::Timestamp};

mod adoption;
mod content;
mod decide;
mod effective;
mod fault;
mod issuers;
mod list;
mod proposal;
mod repair;
mod rollout;
mod standards;
#[cfg(test)]
mod tests;
mod tighten;

pub use crate::policy::may_issue;
pub use crate::scope::{BadScope, BadTemplateKey, Scope, TemplateKey, TemplateKind, is_name};
pub use adoption::{
    Adoption, Expected, MOST_REFUSALS, OwnWord, Stance, adoption, adoption_by_child,
};
pub use content::{BadTemplate, FORMAT, MOST_BOARDS, MOST_CONTENT, MOST_ITEMS, Need, Parsed};
pub use decide::{
    InForce, TemplateRefusal, Verdict, boards, consider, demanded, points, promises, reconsider,
    services,
};

pub use effective::{
    Change, ChangesAt, EffectiveValue, Setting, Subject, changes, changes_of, effective_values,
    in_force_at,
};
pub use fault::{MOST_FAULTS, TemplateFault, faults, kind_of};
pub use list::{
    LIST_EVERY_MS, ListFault, ListFaultName, Listed, MOST_LISTED, TemplateList, list_fault,
    list_is_due,
};
pub use proposal::{
    MOST_REASON, MOST_WAITING, NewTemplate, Proposal, ProposalEnd, ProposalOutcome,
    ProposalRefusal, check_alone, check_author,
};
pub use rollout::{
    BadReach, Effect, MOST_NAMED, Next, Part, Reach, Rollout, RolloutAct, RolloutAsk,
    RolloutRefusal, RolloutState, Settled, next, settle, share_of,
};
pub use standards::standard;
pub use tighten::loosened;

/// One version of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name.
    pub key: TemplateKey,
    /// Version from 1, which rises as long as the issuer's store loses nothing. It is only a name;
    /// [`Self::stamp`] decides which version is later.
    pub version: u32,
    /// The nodes in scope.
    pub scope: Scope,
    /// Title for people, 1 to 120 characters.
    pub title: String,
    /// Content in TOML, at most 40 KiB.
    pub content: String,
    /// Time it was issued.
    pub issued_at: Timestamp,
    /// Stamp of the envelope that carries it. Of two versions, the one with the later stamp counts.
    pub stamp: Stamp,
}

/// A child's report on the adoption of one template in its subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptionReport {
    /// The template.
    pub key: TemplateKey,
    /// The version.
    pub version: u32,
    /// Number of nodes that apply this version.
    pub applied: u32,
    /// Number of nodes that keep the version before, because the rollout has not reached them.
    pub held: u32,
    /// Number of nodes that keep the version before, because the rollout was paused before they took it.
    pub paused: u32,
    /// Number of nodes that refused it.
    pub refused: u32,
    /// Number of nodes that have a later version in force.
    pub superseded: u32,
    /// Number of nodes at which the issuer's list of current versions ran out, or names what they do not have.
    pub stale: u32,
    /// The divisions that refused it and why, at most [`MOST_REFUSALS`] of them.
    pub refusals: Vec<(DivisionCode, TemplateRefusal)>,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}

crate::records!(AdoptionReportV5);

/// A report of before there were rollouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptionReportV5 {
    key: TemplateKey,
    version: u32,
    applied: u32,
    refused: u32,
    superseded: u32,
    refusals: Vec<(DivisionCode, TemplateRefusal)>,
    stamp: Stamp,
}

impl Record for AdoptionReport {
    const VERSION: u8 = BASE + 1;
    type Previous = AdoptionReportV5;

    fn migrate(old: AdoptionReportV5) -> Self {
        Self {
            key: old.key,
            version: old.version,
            applied: old.applied,
            held: 0,
            paused: 0,
            refused: old.refused,
            superseded: old.superseded,
            stale: 0,
            refusals: old.refusals,
            stamp: old.stamp,
        }
    }
}
