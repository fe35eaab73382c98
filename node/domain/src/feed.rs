//! The feed of changes: says that a matter or template changed, and no more. Changes contain
//! numbers, versions and codes, but no name of a person and no text that a person wrote.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    actor::Actor,
    category::{Category, Priority},
    ids::MatterId,
    matter::{Act, Matter, Status, Version},
    template::{Stance, Template},
    time::Timestamp,
};

topology::vocabulary! {
    /// The kind of actor that caused a change. Who exactly it was stands in the audit trail, which is
    /// not for everybody.
    #[derive(utoipa::ToSchema)]
    pub enum ActorKind: "kind of actor" {
        Operator = 1, "operator", "运维用户", "the user the node runs as";
        Rule = 2, "rule", "规则", "the node itself, following a rule";
        Neighbour = 3, "neighbour", "相邻单位", "another node";
        Person = 4, "person", "人员", "a person with an account";
        Program = 5, "program", "程序", "a program with a key";
        Reporter = 6, "reporter", "报送人", "the reporter of the matter";
    }
}

impl From<&Actor> for ActorKind {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::OsUser(_) => Self::Operator,
            Actor::Rule(_) => Self::Rule,
            Actor::Peer(_) => Self::Neighbour,
            Actor::Account(_) => Self::Person,
            Actor::ApiKey(_) => Self::Program,
            // A stranger and a draft change nothing.
            Actor::Reporter | Actor::Stranger | Actor::Draft(_) => Self::Reporter,
        }
    }
}

/// The position of a change among all changes of a node. Two stores of one node, one of which went
/// back in time, never use the same position. Printed as `1f3a9c04-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangeId {
    /// Short form of the id of the store's life in which it was made.
    pub epoch: u32,
    /// Its number: 1 for the first change of the store, then without gaps.
    pub n: u64,
}

/// The error for a text that is not the position of a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of an event; send the last one that came, such as 1f3a9c04-17")]
pub struct BadChangeId(pub String);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.epoch, self.n)
    }
}

impl FromStr for ChangeId {
    type Err = BadChangeId;

    fn from_str(text: &str) -> Result<Self, BadChangeId> {
        let bad = || BadChangeId(text.chars().take(40).collect());
        let (epoch, n) = text.split_once('-').ok_or_else(bad)?;
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
        if epoch.len() != 8 || !plain(epoch) || !plain(n) {
            return Err(bad());
        }
        Ok(Self {
            epoch: u32::from_str_radix(epoch, 16).map_err(|_| bad())?,
            n: n.parse().map_err(|_| bad())?,
        })
    }
}

/// A matter or template that changed, as one commit left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its position among all changes.
    pub id: ChangeId,
    /// The moment, by this node's clock.
    pub at: Timestamp,
    /// The kind of actor that caused it.
    pub actor: ActorKind,
    /// The matter or template that changed.
    pub what: Changed,
}

/// The subject of a change, in its state afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// A matter this node knows.
    Matter(MatterChange),
    /// A template this node has heard of.
    Template(TemplateChange),
}

/// A matter after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterChange {
    /// Its number.
    pub matter: MatterId,
    /// Its version after the change.
    pub version: Version,
    /// Whether this node learned of the matter by this change.
    pub new: bool,
    /// The act of the last step.
    pub act: Option<Act>,
    /// The division that made that step.
    pub by: DivisionCode,
    /// Its category.
    pub category: Category,
    /// Its urgency.
    pub priority: Priority,
    /// State of the work.
    pub status: Status,
    /// The division that holds it.
    pub holder: DivisionCode,
    /// The neighbour to which it is being given, if it is.
    pub transit: Option<DivisionCode>,
}

impl MatterChange {
    /// Builds the change of a matter.
    pub fn of(matter: &Matter, new: bool) -> Self {
        let last = matter.steps.last();
        Self {
            matter: matter.id,
            version: matter.version,
            new,
            act: last.map(|step| step.act),
            by: last.map_or(matter.holder, |step| step.by),
            category: matter.category.clone(),
            priority: matter.priority,
            status: matter.status,
            holder: matter.holder,
            transit: matter.transit,
        }
    }
}

/// A template after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateChange {
    /// Issuer, kind and name.
    pub key: String,
    /// Its version.
    pub version: u32,
    /// Decision of this node on it; `None` if the node is not in scope.
    pub stance: Option<TemplateStance>,
}

topology::vocabulary! {
    /// A node's decision on a template.
    #[derive(utoipa::ToSchema)]
    pub enum TemplateStance: "decision on a template" {
        Applied = 1, "applied", "已生效", "it is in force";
        Refused = 2, "refused", "已拒绝", "it is not in force, for a reason that its status tells";
        Superseded = 3, "superseded", "已有更新版本", "a later version was there before it";
        Held = 4, "held", "未轮到", "its rollout has not reached this node, and the version before stays in force";
        Paused = 5, "paused", "暂停中", "its rollout was paused before this node took it, and the version before stays in force";
    }
}

impl TemplateChange {
    /// Builds the change of a template.
    pub fn of(template: &Template, stance: Option<&Stance>) -> Self {
        Self {
            key: template.key.to_string(),
            version: template.version,
            stance: stance.map(|stance| match stance {
                Stance::Applied => TemplateStance::Applied,
                Stance::Refused(_) => TemplateStance::Refused,
                Stance::Superseded => TemplateStance::Superseded,
                Stance::Held => TemplateStance::Held,
                Stance::Paused => TemplateStance::Paused,
            }),
        }
    }
}

topology::vocabulary! {
    /// The kind of a change, by the names of events.
    #[derive(utoipa::ToSchema)]
    pub enum ChangeKind: "kind of change" {
        MatterNew = 1, "matter.new", "新事项", "this node learned of a matter";
        MatterClosed = 2, "matter.closed", "办结", "the work on a matter ended";
        MatterChanged = 3, "matter.changed", "变更", "a matter changed in another way";
        Template = 4, "template", "模板", "this node heard of a template, or what it does with one changed";
    }
}

impl Change {
    /// Returns its kind: the first of new, closed and changed that it is.
    pub fn kind(&self) -> ChangeKind {
        let mut kinds = ChangeKind::ALL.into_iter();
        kinds
            .find(|kind| self.is(*kind))
            .unwrap_or(ChangeKind::MatterChanged)
    }

    /// Returns whether it is of a kind. A matter that arrived closed is both new and closed.
    pub fn is(&self, kind: ChangeKind) -> bool {
        match &self.what {
            Changed::Matter(change) => {
                let closed = matches!(
                    (change.status, change.act),
                    (Status::Closed(_), Some(Act::Close(_)))
                );
                match kind {
                    ChangeKind::MatterNew => change.new,
                    ChangeKind::MatterClosed => closed,
                    ChangeKind::MatterChanged => !change.new && !closed,
                    ChangeKind::Template => false,
                }
            }
            Changed::Template(_) => kind == ChangeKind::Template,
        }
    }

    /// Returns whether it concerns a division or one below it. A matter concerns where it comes
    /// from and where it is held. Templates concern everybody.
    pub fn concerns(&self, division: DivisionCode, tree: &Tree) -> bool {
        match &self.what {
            Changed::Matter(change) => {
                tree.contains(division, change.matter.origin)
                    || tree.contains(division, change.holder)
            }
            Changed::Template(_) => true,
        }
    }

    /// Returns the matter it is about; `None` for a template.
    pub const fn matter(&self) -> Option<MatterId> {
        match &self.what {
            Changed::Matter(change) => Some(change.matter),
            Changed::Template(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_change_is_read_back_from_its_text() {
        let id = ChangeId {
            epoch: 0x1f3a_9c04,
            n: 17,
        };
        assert_eq!(id.to_string(), "1f3a9c04-17");
        assert_eq!("1f3a9c04-17".parse(), Ok(id));
        for bad in [
            "",
            "17",
            "1f3a9c04",
            "1f3a9c04-",
            "1f3a9c04-x",
            "1f3a9c04--1",
            "1f3a9c0-17",
            "+f3a9c04-17",
            "1f3a9c04-99999999999999999999",
        ] {
            assert!(bad.parse::<ChangeId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_word_of_a_kind_is_how_it_is_written() {
        for kind in ChangeKind::ALL {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.code());
        }
    }
}
