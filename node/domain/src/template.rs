//! Templates: what a division prescribes for its subtree, by tier and kind of unit. Each version is
//! applied or refused with a reason by every node in scope, and the issuer knows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{envelope::Stamp, time::Timestamp};

mod adoption;
mod content;
mod decide;
mod scope;
#[cfg(test)]
mod tests;

pub use adoption::{Adoption, Expected, MOST_REFUSALS, Stance, adoption};
pub use content::{BadTemplate, FORMAT, Item, MOST_CONTENT, MOST_ITEMS, Need, Parsed};
pub use decide::{InForce, TemplateRefusal, Verdict, consider, reconsider};
pub use scope::{BadScope, Scope};

/// What a template is for.
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
#[serde(rename_all = "kebab-case")]
pub enum TemplateKind {
    /// Catalogue, routing, clocks, calendar, points.
    Policy,
    /// Items, fields, period, approval of what is made public.
    Disclosure,
    /// Materials and joint departments of a service.
    Service,
    /// Data elements and code lists.
    Standard,
    /// Bulletin boards.
    Board,
}

/// A text is not a kind of template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of template; write policy, disclosure, service, standard or board")]
pub struct UnknownTemplateKind(pub String);

impl TemplateKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Policy,
        Self::Disclosure,
        Self::Service,
        Self::Standard,
        Self::Board,
    ];

    /// The English name, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Disclosure => "disclosure",
            Self::Service => "service",
            Self::Standard => "standard",
            Self::Board => "board",
        }
    }

    /// Whether this version does anything with templates of this kind. What it does not act on it does not
    /// call applied.
    pub const fn is_acted_on(self) -> bool {
        match self {
            Self::Policy | Self::Disclosure => true,
            Self::Service | Self::Standard | Self::Board => false,
        }
    }

    /// The Chinese name.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Policy => "制度",
            Self::Disclosure => "公开目录",
            Self::Service => "办事事项",
            Self::Standard => "数据标准",
            Self::Board => "公告栏",
        }
    }
}

impl fmt::Display for TemplateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TemplateKind {
    type Err = UnknownTemplateKind;

    /// Takes the English name, lower case.
    fn from_str(text: &str) -> Result<Self, UnknownTemplateKind> {
        let wanted = text.trim();
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == wanted)
            .ok_or_else(|| UnknownTemplateKind(wanted.chars().take(24).collect()))
    }
}

/// Which tiers issue which kinds; what is not listed is not allowed. A rule that orders other
/// offices about needs a county; a township lists its services, and anybody hangs up a board.
const ISSUERS: [(TemplateKind, &[Tier]); 5] = {
    use Tier::{City, County, Province, Township, Village};
    [
        (TemplateKind::Policy, &[Province, City, County]),
        (TemplateKind::Disclosure, &[Province, City, County]),
        (TemplateKind::Service, &[Province, City, County, Township]),
        (TemplateKind::Standard, &[Province, City, County]),
        (
            TemplateKind::Board,
            &[Province, City, County, Township, Village],
        ),
    ]
};

/// Whether a division of this tier may issue templates of this kind.
pub fn may_issue(kind: TemplateKind, tier: Tier) -> bool {
    ISSUERS
        .iter()
        .any(|(listed, tiers)| *listed == kind && tiers.contains(&tier))
}

/// The name of a template: issuer, kind, slug. Printed as `330000000000/policy/holiday-calendar`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TemplateKey {
    /// Who issues it.
    pub issuer: DivisionCode,
    /// What it is for.
    pub kind: TemplateKind,
    /// Lower-case letters, digits and dashes, 1 to 48.
    pub name: Box<str>,
}

/// A text is not the name of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplateKey {
    /// Not of the form `issuer/kind/name`.
    #[error("`{0}` is not a template; one looks like 330000000000/policy/holiday-calendar")]
    Form(String),
    /// The last part is not a name.
    #[error("`{0}` is no name; take 1 to 48 lower-case letters, digits and dashes")]
    Name(String),
}

/// Whether a text is 1 to 48 lower-case letters, digits and dashes, and neither begins nor ends with
/// a dash.
pub fn is_name(text: &str) -> bool {
    (1..=48).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl TemplateKey {
    /// At most 57 bytes that sort by issuer, kind, name.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.issuer.as_u64().to_be_bytes().to_vec();
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }
}

impl fmt::Display for TemplateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}/{}", self.issuer, self.kind, self.name))
    }
}

impl FromStr for TemplateKey {
    type Err = BadTemplateKey;

    /// Takes the issuer's code short or padded.
    fn from_str(text: &str) -> Result<Self, BadTemplateKey> {
        let shown = || text.chars().take(100).collect::<String>();
        let parts: Vec<&str> = text.trim().split('/').collect();
        let [issuer, kind, name] = parts[..] else {
            return Err(BadTemplateKey::Form(shown()));
        };
        let issuer = issuer.parse().map_err(|_| BadTemplateKey::Form(shown()))?;
        let kind = kind.parse().map_err(|_| BadTemplateKey::Form(shown()))?;
        if !is_name(name) {
            return Err(BadTemplateKey::Name(name.chars().take(60).collect()));
        }
        Ok(Self {
            issuer,
            kind,
            name: name.into(),
        })
    }
}

/// One version of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name.
    pub key: TemplateKey,
    /// From 1, rises as long as the issuer's store loses nothing. It is a name; [`Self::stamp`] decides.
    pub version: u32,
    /// For whom.
    pub scope: Scope,
    /// What people call it, 1 to 120 characters.
    pub title: String,
    /// TOML, at most 40 KiB.
    pub content: String,
    /// When it was published.
    pub issued_at: Timestamp,
    /// How late the envelope is that carries it. Of two versions the later said counts.
    pub stamp: Stamp,
}

/// What a child says became of one template in its subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptionReport {
    /// Which template.
    pub key: TemplateKey,
    /// Which version.
    pub version: u32,
    /// Nodes that apply this version.
    pub applied: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that have a later one in force.
    pub superseded: u32,
    /// Who refused it and why, at most [`MOST_REFUSALS`] of them.
    pub refusals: Vec<(DivisionCode, TemplateRefusal)>,
    /// How late the envelope is that carries it.
    pub stamp: Stamp,
}
