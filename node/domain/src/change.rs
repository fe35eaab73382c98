//! What a node tells of its changes: that a matter or template changed, and no more of it. Numbers,
//! versions, words of the rules; nothing a person is called or wrote.

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

/// Which kind of actor caused a change. Who exactly stands in the audit trail, which is not for
/// everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// The user the node runs as.
    Operator,
    /// The node itself, following a rule.
    Rule,
    /// Another node.
    Neighbour,
    /// A person with an account.
    Person,
    /// A program with a key.
    Program,
    /// Whoever reported the matter.
    Reporter,
}

impl From<&Actor> for ActorKind {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::OsUser(_) => Self::Operator,
            Actor::Rule(_) => Self::Rule,
            Actor::Peer(_) => Self::Neighbour,
            Actor::Account(_) => Self::Person,
            Actor::ApiKey(_) => Self::Program,
            // A stranger changes nothing.
            Actor::Reporter | Actor::Stranger => Self::Reporter,
        }
    }
}

/// The place of a change among all changes of a node. Two stores of one node, of which one went back
/// in time, never use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangeId {
    /// Short form of the life of the store it was made in.
    pub epoch: u32,
    /// 1 for the first in the store, then without gaps.
    pub n: u64,
}

/// A text is not the place of a change.
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
    /// Its place.
    pub id: ChangeId,
    /// When, by this node's clock.
    pub at: Timestamp,
    /// Which kind of actor caused it.
    pub actor: ActorKind,
    /// What changed.
    pub what: Changed,
}

/// What changed.
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
    /// Version after it.
    pub version: Version,
    /// Whether this node learned of the matter by it.
    pub new: bool,
    /// The last step.
    pub act: Option<Act>,
    /// Who made that step.
    pub by: DivisionCode,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// State of the work.
    pub status: Status,
    /// Who holds it.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
}

impl MatterChange {
    /// What is told of a matter.
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
    /// What this node did with it; `None` if it is not in scope.
    pub stance: Option<TemplateStance>,
}

/// What a node did with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateStance {
    /// It is in force.
    Applied,
    /// It is not, for a reason that the template's status tells.
    Refused,
    /// A later version was there.
    Superseded,
}

impl TemplateChange {
    /// What is told of a template.
    pub fn of(template: &Template, stance: Option<&Stance>) -> Self {
        Self {
            key: template.key.to_string(),
            version: template.version,
            stance: stance.map(|stance| match stance {
                Stance::Applied => TemplateStance::Applied,
                Stance::Refused(_) => TemplateStance::Refused,
                Stance::Superseded => TemplateStance::Superseded,
            }),
        }
    }
}

/// What kinds of change there are, as events are called.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum ChangeKind {
    /// This node learned of a matter.
    #[serde(rename = "matter.new")]
    MatterNew,
    /// The work on a matter ended.
    #[serde(rename = "matter.closed")]
    MatterClosed,
    /// A matter changed in another way.
    #[serde(rename = "matter.changed")]
    MatterChanged,
    /// A template was heard of, or what this node does with it changed.
    #[serde(rename = "template")]
    Template,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::MatterNew,
        Self::MatterClosed,
        Self::MatterChanged,
        Self::Template,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MatterNew => "matter.new",
            Self::MatterChanged => "matter.changed",
            Self::MatterClosed => "matter.closed",
            Self::Template => "template",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Change {
    /// Its kind: the first of new, closed and changed that it is.
    pub fn kind(&self) -> ChangeKind {
        let mut kinds = ChangeKind::ALL.into_iter();
        kinds
            .find(|kind| self.is(*kind))
            .unwrap_or(ChangeKind::MatterChanged)
    }

    /// Whether it is of a kind. A matter that came closed is new and closed.
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

    /// Whether it concerns a division and what is below it: a matter that comes from there or is
    /// held there. Templates concern everybody.
    pub fn concerns(&self, division: DivisionCode, tree: &Tree) -> bool {
        match &self.what {
            Changed::Matter(change) => {
                tree.contains(division, change.matter.origin)
                    || tree.contains(division, change.holder)
            }
            Changed::Template(_) => true,
        }
    }

    /// The matter it is about.
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
            assert_eq!(json, kind.name());
        }
    }
}
