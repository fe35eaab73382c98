//! Templates and their adoption.

use std::collections::BTreeSet;

use domain::template::Adoption;
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
    /// The latest version known here.
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
}

/// All templates a node knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Templates {
    /// The templates, ordered by issuer, kind and name.
    pub templates: Vec<TemplateLine>,
}

impl Mentions for Templates {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.templates.iter().map(|template| template.issuer));
    }
}

/// A template and its adoption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateStatus {
    /// The template.
    pub template: TemplateLine,
    /// Content in TOML.
    pub content: String,
    /// Adoption of its latest version at and below this node.
    pub adoption: AdoptionView,
}

/// Adoption of one version. `applied + refused + superseded + unreached = expected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdoptionView {
    /// The version.
    pub version: u32,
    /// Nodes in scope, by the list of divisions.
    pub expected: u32,
    /// Nodes where it is in force.
    pub applied: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that decided on a later version.
    pub superseded: u32,
    /// Nodes that have not reported.
    pub unreached: u32,
    /// The first refusals, with their reasons.
    pub refusals: Vec<RefusalView>,
    /// Children that report more nodes than the list of divisions has below them.
    #[schema(value_type = Vec<Code>)]
    pub drift: Vec<DivisionCode>,
}

/// How far the latest version of a template has come, child by child.
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
        all.insert(self.template.issuer);
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
            refused: adoption.refused,
            superseded: adoption.superseded,
            unreached: adoption.unreached,
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
        all.insert(self.template.issuer);
        all.extend(
            self.adoption
                .refusals
                .iter()
                .map(|refusal| refusal.division),
        );
        all.extend(&self.adoption.drift);
    }
}
