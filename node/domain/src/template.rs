//! Templates: rules that a division prescribes for its subtree, by tier and kind of unit. Every
//! node in scope applies each version or refuses it with a reason, and the issuer learns which.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{address::Stamp, time::Timestamp};

mod adoption;
mod content;
mod decide;
mod effective;
mod fault;
#[cfg(test)]
mod tests;
mod tighten;

pub use crate::scope::{BadScope, BadTemplateKey, Scope, TemplateKey, TemplateKind, is_name};
pub use adoption::{Adoption, Expected, MOST_REFUSALS, Stance, adoption, adoption_by_child};
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
pub use tighten::loosened;

/// The tiers that may issue each kind; all others may not. Rules for other offices need at least a
/// county; a township may list its services, and every tier may put up a board, rate households by
/// more than those above do, and make public more than they demand, or sooner.
const ISSUERS: [(TemplateKind, &[Tier]); 6] = {
    use Tier::{City, County, Province, Township, Village};
    [
        (TemplateKind::Policy, &[Province, City, County]),
        (
            TemplateKind::Disclosure,
            &[Province, City, County, Township, Village],
        ),
        (TemplateKind::Service, &[Province, City, County, Township]),
        (TemplateKind::Standard, &[Province, City, County]),
        (
            TemplateKind::Board,
            &[Province, City, County, Township, Village],
        ),
        (
            TemplateKind::Points,
            &[Province, City, County, Township, Village],
        ),
    ]
};

/// Returns whether a division of this tier may issue templates of this kind.
pub fn may_issue(kind: TemplateKind, tier: Tier) -> bool {
    ISSUERS
        .iter()
        .any(|(listed, tiers)| *listed == kind && tiers.contains(&tier))
}

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
    /// Number of nodes that refused it.
    pub refused: u32,
    /// Number of nodes that have a later version in force.
    pub superseded: u32,
    /// The divisions that refused it and why, at most [`MOST_REFUSALS`] of them.
    pub refusals: Vec<(DivisionCode, TemplateRefusal)>,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}
