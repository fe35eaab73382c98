//! Templates and how far they have come.

use std::collections::BTreeSet;

use domain::template::Adoption;
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, UnitKind};

use super::{Code, Mentions, TemplateKind};

/// A template to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// What it is for.
    pub kind: TemplateKind,
    /// 1 to 48 lower-case letters, digits and dashes.
    pub name: String,
    /// What people call it, 1 to 120 characters.
    pub title: String,
    /// TOML, at most 40 KiB.
    pub content: String,
    /// For which tiers; all from the issuer's down if empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub tiers: Vec<Tier>,
    /// For which kinds of village-tier units; all if empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<UnitKind>,
}

/// What a node did with a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum StanceView {
    /// It is in force.
    Applied,
    /// It was refused.
    Refused {
        /// The clause it violates.
        reason: String,
    },
    /// A later one is in force.
    Superseded,
    /// It is not for this node.
    NotInScope,
}

/// A template in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateLine {
    /// Issuer, kind and name: `330000000000/policy/holiday-calendar`.
    pub key: String,
    /// Who issues it.
    #[schema(value_type = Code)]
    pub issuer: DivisionCode,
    /// What it is for.
    pub kind: TemplateKind,
    /// Its name.
    pub name: String,
    /// Its latest version heard of.
    pub version: u32,
    /// What people call it.
    pub title: String,
    /// For which tiers.
    #[schema(value_type = Vec<String>)]
    pub tiers: Vec<Tier>,
    /// For which kinds of village-tier units.
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<UnitKind>,
    /// When it was published.
    pub issued_at_ms: i64,
    /// What this node did with it.
    pub stance: StanceView,
}

/// All templates a node has heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Templates {
    /// By issuer, kind and name.
    pub templates: Vec<TemplateLine>,
}

impl Mentions for Templates {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.templates.iter().map(|template| template.issuer));
    }
}

/// A template and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateStatus {
    /// What it is.
    pub template: TemplateLine,
    /// TOML.
    pub content: String,
    /// How far its latest version has come at and below the node asked.
    pub adoption: AdoptionView,
}

/// How far a version has come. `applied + refused + superseded + unreached = expected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdoptionView {
    /// Which version.
    pub version: u32,
    /// Nodes in scope by the list of divisions.
    pub expected: u32,
    /// Nodes that have it in force.
    pub applied: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that decided on a later version.
    pub superseded: u32,
    /// Nodes nothing is known of.
    pub unreached: u32,
    /// The first to refuse, and why.
    pub refusals: Vec<RefusalView>,
    /// Children that claim more nodes than the list of divisions has below them.
    #[schema(value_type = Vec<Code>)]
    pub drift: Vec<DivisionCode>,
}

/// One node's refusal of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusalView {
    /// Who refused it.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The clause it violates.
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
