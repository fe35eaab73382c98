//! Rollouts: a version that a part of its scope takes first, while the version before it stays in force for the others.
//!
//! With each act the issuer says everything anew: the version, whom it is for, and whether it goes on. Only the latest word
//! counts, so words that come twice, late or out of order change nothing.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{Scope, Template, TemplateKey};
use crate::{suite::Suite, time::Timestamp};

mod acts;
mod settle;

pub use acts::{Next, RolloutAsk, RolloutRefusal, next};
pub use settle::{Effect, Settled, settle};

/// The most divisions that a rollout names.
pub const MOST_NAMED: usize = 64;

/// What the place of a division in the shares begins with.
const SHARES: &[u8] = b"wujitong/rollout/1";

topology::vocabulary! {
    /// What an issuer does with a rollout.
    #[derive(utoipa::ToSchema)]
    pub enum RolloutAct: "act of a rollout" {
        Begin = 1, "begin", "开始", "a version goes to a part of its scope first";
        Widen = 2, "widen", "扩大", "it goes to more of its scope";
        Pause = 3, "pause", "暂停", "nobody else takes it for now";
        Resume = 4, "resume", "恢复", "it goes on";
        RollBack = 5, "rollback", "撤回", "the version before it is in force again everywhere";
    }
}

topology::vocabulary! {
    /// How a rollout stands.
    #[derive(utoipa::ToSchema)]
    pub enum RolloutState: "state of a rollout" {
        Going = 1, "going", "进行中", "those whom it is for take the version";
        Paused = 2, "paused", "已暂停", "those who have the version keep it, and nobody else takes it";
        RolledBack = 3, "rolled-back", "已撤回", "nobody has the version in force any more";
    }
}

impl RolloutAct {
    /// Returns how the rollout stands after it.
    pub const fn state(self) -> RolloutState {
        match self {
            Self::Begin | Self::Widen | Self::Resume => RolloutState::Going,
            Self::Pause => RolloutState::Paused,
            Self::RollBack => RolloutState::RolledBack,
        }
    }
}

/// Whom a version is for at first: the named divisions with everything below them, and a share of all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Percentage of the divisions, 0 to 99. A division that is in a share is in every greater one.
    pub share: u8,
    /// Divisions in the issuer's subtree, ascending, at most [`MOST_NAMED`].
    pub divisions: Vec<DivisionCode>,
}

/// The reason why a version cannot go to such a part first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReach {
    /// Neither a share nor a division.
    #[error("it goes to nobody; name a share of 1 to 99 percent, or divisions")]
    Nobody,
    /// A share of 100 percent or more.
    #[error("a share is 1 to 99 percent; for all, leave the share out")]
    Share,
    /// Too many divisions.
    #[error("it names more than 64 divisions; name a division above them, or a share")]
    TooMany,
    /// A division without nodes in scope at or below it.
    #[error("no node in scope is at or below {0}; name a division in the scope of the template")]
    OutOfScope(DivisionCode),
}

impl Reach {
    /// Makes one of a share and divisions in any order.
    pub fn new(share: u8, mut divisions: Vec<DivisionCode>) -> Self {
        divisions.sort_unstable();
        divisions.dedup();
        Self { share, divisions }
    }

    /// Checks that it reaches somebody in the scope.
    ///
    /// # Errors
    /// [`BadReach`] tells what is wrong.
    pub fn check(&self, scope: &Scope, tree: &Tree) -> Result<(), BadReach> {
        if self.share >= 100 {
            return Err(BadReach::Share);
        }
        if self.divisions.len() > MOST_NAMED {
            return Err(BadReach::TooMany);
        }
        if self.share == 0 && self.divisions.is_empty() {
            return Err(BadReach::Nobody);
        }
        let outside = |division: &&DivisionCode| {
            !tree.contains(scope.under, **division) || scope.count(**division, tree) == 0
        };
        match self.divisions.iter().find(outside) {
            Some(outside) => Err(BadReach::OutOfScope(*outside)),
            None => Ok(()),
        }
    }

    /// Returns whether a division is among those who take the template first.
    pub fn selects(&self, key: &TemplateKey, division: DivisionCode, tree: &Tree) -> bool {
        share_of(key, division) < self.share
            || self
                .divisions
                .iter()
                .any(|named| tree.contains(*named, division))
    }

    /// Returns whether everybody whom another reach selects is selected by this one.
    pub fn includes(&self, other: &Self, tree: &Tree) -> bool {
        let named = |division: &DivisionCode| {
            self.divisions
                .iter()
                .any(|named| tree.contains(*named, *division))
        };
        self.share >= other.share && other.divisions.iter().all(named)
    }

    /// Returns the number of nodes in scope that it selects.
    pub fn count(&self, key: &TemplateKey, scope: &Scope, tree: &Tree) -> u32 {
        let nodes = tree.nodes(scope.under);
        let reached =
            nodes.filter(|node| scope.covers(*node, tree) && self.selects(key, *node, tree));
        u32::try_from(reached.count()).expect("a province has fewer divisions")
    }
}

/// Returns the share above which a division takes a template, 0 to 99: it is selected by every share greater than this. It
/// depends on the template and the division alone, so everybody computes the same.
pub fn share_of(key: &TemplateKey, division: DivisionCode) -> u8 {
    let code = division.as_u64().to_be_bytes();
    let named = key.to_string();
    let digest = Suite::P256Sha256.digest(&[SHARES, named.as_bytes(), &[0], &code]);
    let (first, _) = digest
        .split_first_chunk()
        .expect("a digest has eight bytes");
    u8::try_from(u64::from_be_bytes(*first) % 100).expect("less than 100")
}

/// The issuer's word on a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// The version, with the stamp of the envelope that carries this word. Of two words, the one with the later stamp counts.
    pub template: Template,
    /// Number of the act, from 1. It rises over all rollouts of a template, as long as the issuer's store loses nothing.
    pub number: u32,
    /// The latest act.
    pub act: RolloutAct,
    /// Whom the version is for.
    pub reach: Reach,
    /// Time of the act.
    pub at: Timestamp,
}

/// What a rollout means for a division in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The version is for it.
    Takes,
    /// It keeps the version before, because the rollout has not reached it.
    Held,
    /// It keeps the version before, because the rollout was paused before it took the version.
    Paused,
}

impl Rollout {
    /// Returns whether it counts beside the version for all, `base`: it is later, and was not rolled back.
    pub fn is_under_way(&self, base: Option<&Template>) -> bool {
        self.act.state() != RolloutState::RolledBack && self.is_later_than(base)
    }

    /// Returns whether no version for all was issued after it.
    pub fn is_later_than(&self, base: Option<&Template>) -> bool {
        base.is_none_or(|base| self.template.stamp > base.stamp)
    }

    /// Returns what it means for a division in scope, which has the version in force already or does not. Only for a rollout that
    /// is under way.
    pub fn part(&self, division: DivisionCode, has_it: bool, tree: &Tree) -> Part {
        match self.act.state() {
            _ if !self.reach.selects(&self.template.key, division, tree) => Part::Held,
            RolloutState::Paused if !has_it => Part::Paused,
            RolloutState::Going | RolloutState::Paused => Part::Takes,
            RolloutState::RolledBack => Part::Held,
        }
    }
}
