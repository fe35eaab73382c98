//! Templates and their adoption.

use std::collections::BTreeSet;

use domain::template::{Adoption, ListFaultName, Reach, RolloutAct, RolloutAsk, RolloutState};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, UnitKind};

use super::{Code, Mentions, TemplateKind};

/// A template to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// Kind of template.
    pub kind: TemplateKind,
    /// Name, 1 to 48 lower-case letters, digits and dashes.
    pub name: String,
    /// Title for people, 1 to 120 characters.
    pub title: String,
    /// Content in TOML, at most 40 KiB.
    pub content: String,
    /// Tiers in scope; all from the issuer's down if empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub tiers: Vec<Tier>,
    /// Kinds of village-tier units in scope; all if empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<UnitKind>,
    /// Those who take it first; the version before stays in force for all others. Left out: everybody takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<ReachRequest>,
}

/// A part of the scope of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachRequest {
    /// Percentage of the divisions, 0 to 99. A division that is in a share is in every greater one.
    #[serde(default)]
    pub share: u8,
    /// Divisions, each with everything below it; at most 64.
    #[serde(default)]
    #[schema(value_type = Vec<Code>)]
    pub divisions: Vec<DivisionCode>,
}

impl From<ReachRequest> for Reach {
    fn from(ReachRequest { share, divisions }: ReachRequest) -> Self {
        Self::new(share, divisions)
    }
}

/// What the issuer does with the rollout of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "act", deny_unknown_fields)]
pub enum RolloutRequest {
    /// It goes to more of its scope: at least to all of before.
    Widen {
        /// Those who take it; left out: everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<ReachRequest>,
    },
    /// Nobody else takes it for now.
    Pause,
    /// It goes on.
    Resume,
    /// The version before is in force again everywhere. Of a version that is for all already, the text before it becomes the next
    /// version.
    Rollback,
}

impl From<RolloutRequest> for RolloutAsk {
    fn from(request: RolloutRequest) -> Self {
        match request {
            RolloutRequest::Widen { to } => Self::Widen(to.map(Into::into)),
            RolloutRequest::Pause => Self::Pause,
            RolloutRequest::Resume => Self::Resume,
            RolloutRequest::Rollback => Self::RollBack,
        }
    }
}

/// A version that a part of its scope takes first, by the latest word of its issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RolloutView {
    /// The version.
    pub version: u32,
    /// The version that stays in force for all others; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    /// Number of the latest act, which rises over all rollouts of the template.
    pub number: u32,
    /// The latest act.
    pub act: RolloutAct,
    /// How it stands.
    pub state: RolloutState,
    /// Percentage of the divisions that take it.
    pub share: u8,
    /// Divisions that take it, each with everything below it.
    #[schema(value_type = Vec<Code>)]
    pub divisions: Vec<DivisionCode>,
    /// Time of the act, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A node's decision on a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum StanceView {
    /// It applied the template, which is in force.
    Applied,
    /// It refused the template.
    Refused {
        /// The clause that the template violates.
        reason: String,
    },
    /// A later version is in force.
    Superseded,
    /// Its rollout has not reached the node; the version before stays in force.
    Held,
    /// Its rollout was paused before the node took it; the version before stays in force.
    Paused,
    /// It was rolled back, and there was no version before it.
    RolledBack,
    /// The node is not in scope.
    NotInScope,
}

/// A template in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateLine {
    /// Issuer, kind and name: `330000000000/policy/holiday-calendar`.
    pub key: String,
    /// The division that issues it.
    #[schema(value_type = Code)]
    pub issuer: DivisionCode,
    /// Kind of template.
    pub kind: TemplateKind,
    /// Name.
    pub name: String,
    /// The version that is rolled out, else the latest for all that is known here.
    pub version: u32,
    /// Title for people.
    pub title: String,
    /// Tiers in scope.
    #[schema(value_type = Vec<String>)]
    pub tiers: Vec<Tier>,
    /// Kinds of village-tier units in scope.
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<UnitKind>,
    /// When it was published, in milliseconds since 1970.
    pub issued_at_ms: i64,
    /// This node's decision on it.
    pub stance: StanceView,
    /// The rollout that is under way or was rolled back; left out if the latest version is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutView>,
}

impl Mentions for TemplateLine {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.issuer);
        all.extend(self.rollout.iter().flat_map(|rollout| &rollout.divisions));
    }
}

/// All templates a node knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Templates {
    /// The templates, ordered by issuer, kind and name.
    pub templates: Vec<TemplateLine>,
}

impl Mentions for Templates {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        for template in &self.templates {
            template.mentions(all);
        }
    }
}

/// A template and its adoption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateStatus {
    /// The template.
    pub template: TemplateLine,
    /// Content in TOML.
    pub content: String,
    /// Adoption of its version at and below this node.
    pub adoption: AdoptionView,
    /// Nodes in scope that the rollout goes to by the list of divisions, and in all; left out if none is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<ReachCount>,
}

/// How many nodes a rollout goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReachCount {
    /// Nodes that it goes to.
    pub selected: u32,
    /// Nodes in scope.
    pub scope: u32,
}

/// Adoption of one version. `applied + held + paused + refused + superseded + unreached = expected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdoptionView {
    /// The version.
    pub version: u32,
    /// Nodes in scope, by the list of divisions.
    pub expected: u32,
    /// Nodes where it is in force.
    pub applied: u32,
    /// Nodes that keep the version before, because the rollout has not reached them.
    #[serde(default)]
    pub held: u32,
    /// Nodes that keep the version before, because the rollout was paused before they took it.
    #[serde(default)]
    pub paused: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that decided on a later version.
    pub superseded: u32,
    /// Nodes that have not reported.
    pub unreached: u32,
    /// Nodes at which the issuer's list of current versions ran out, or names what they do not have. They are counted above as
    /// well.
    #[serde(default)]
    pub stale: u32,
    /// The first refusals, with their reasons.
    pub refusals: Vec<RefusalView>,
    /// Children that report more nodes than the list of divisions has below them.
    #[schema(value_type = Vec<Code>)]
    pub drift: Vec<DivisionCode>,
}

/// What a node knows of the current versions of an issuer's templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateListLine {
    /// The issuer.
    #[schema(value_type = Code)]
    pub issuer: DivisionCode,
    /// Number of versions that it lists.
    pub versions: u32,
    /// When the list was made, in milliseconds since 1970, by the issuer's clock.
    pub made_at_ms: i64,
    /// When it came, in milliseconds since 1970.
    pub heard_at_ms: i64,
    /// When it runs out here, in milliseconds since 1970.
    pub ends_at_ms: i64,
    /// What is wrong although the parent is linked; left out if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<ListFaultName>,
    /// Listed templates that did not come in that version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// How far a version of a template has come, child by child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateRollout {
    /// The template.
    pub template: TemplateLine,
    /// Its adoption at and below this node.
    pub adoption: AdoptionView,
    /// The children with nodes in scope: those that lag first.
    pub children: Vec<ChildRollout>,
}

/// How far a version has come at and below a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildRollout {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its adoption at and below the child.
    pub adoption: AdoptionView,
    /// The moment through which the child told everything, in milliseconds since 1970: what it has not reported is
    /// unreached since then. Left out if it never connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_through_ms: Option<i64>,
}

impl Mentions for TemplateRollout {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        self.template.mentions(all);
        all.extend(self.children.iter().map(|child| child.division));
        let refusals = self.children.iter().flat_map(|one| &one.adoption.refusals);
        let refusals = refusals.chain(&self.adoption.refusals);
        all.extend(refusals.map(|refusal| refusal.division));
        all.extend(&self.adoption.drift);
    }
}

/// One node's refusal of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusalView {
    /// The division that refused it.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The clause that the template violates.
    pub reason: String,
}

impl From<Adoption> for AdoptionView {
    fn from(adoption: Adoption) -> Self {
        let refusals = adoption.refusals.into_iter();
        Self {
            version: adoption.version,
            expected: adoption.expected,
            applied: adoption.applied,
            held: adoption.held,
            paused: adoption.paused,
            refused: adoption.refused,
            superseded: adoption.superseded,
            unreached: adoption.unreached,
            stale: adoption.stale,
            refusals: refusals
                .map(|(division, reason)| RefusalView {
                    division,
                    reason: reason.to_string(),
                })
                .collect(),
            drift: adoption.drift,
        }
    }
}

impl Mentions for TemplateStatus {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        self.template.mentions(all);
        all.extend(
            self.adoption
                .refusals
                .iter()
                .map(|refusal| refusal.division),
        );
        all.extend(&self.adoption.drift);
    }
}
