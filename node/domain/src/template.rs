//! Templates: what a division prescribes for its subtree, by tier and kind of unit. Every node in
//! scope applies each version or refuses it with a reason, and the issuer learns which.

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

/// Error for a text that is not a kind of template.
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

    /// Returns the English name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Disclosure => "disclosure",
            Self::Service => "service",
            Self::Standard => "standard",
            Self::Board => "board",
        }
    }

    /// Returns whether this version of the program acts on templates of this kind. A node does not
    /// report as applied what it does not act on.
    pub const fn is_acted_on(self) -> bool {
        match self {
            Self::Policy | Self::Disclosure => true,
            Self::Service | Self::Standard | Self::Board => false,
        }
    }

    /// Returns the Chinese name.
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

    /// Reads the English name in lower case.
    fn from_str(text: &str) -> Result<Self, UnknownTemplateKind> {
        let wanted = text.trim();
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == wanted)
            .ok_or_else(|| UnknownTemplateKind(wanted.chars().take(24).collect()))
    }
}

/// The tiers that may issue each kind; what is not listed is not allowed. A rule that orders other
/// offices about needs a county at least; a township may list its services, and every tier may put
/// up a board.
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

/// Returns whether a division of this tier may issue templates of this kind.
pub fn may_issue(kind: TemplateKind, tier: Tier) -> bool {
    ISSUERS
        .iter()
        .any(|(listed, tiers)| *listed == kind && tiers.contains(&tier))
}

/// Name of a template: issuer, kind, slug. Printed as `330000000000/policy/holiday-calendar`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TemplateKey {
    /// The division that issues it.
    pub issuer: DivisionCode,
    /// The kind of template.
    pub kind: TemplateKind,
    /// 1 to 48 lower-case letters, digits and dashes; see [`is_name`].
    pub name: Box<str>,
}

/// Error for a text that is not the name of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplateKey {
    /// The text is not of the form `issuer/kind/name`.
    #[error("`{0}` is not a template; one looks like 330000000000/policy/holiday-calendar")]
    Form(String),
    /// The last part is not a name.
    #[error("`{0}` is no name; take 1 to 48 lower-case letters, digits and dashes")]
    Name(String),
}

/// Returns whether a text is 1 to 48 lower-case letters, digits and dashes, and neither begins nor
/// ends with a dash.
pub fn is_name(text: &str) -> bool {
    (1..=48).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl TemplateKey {
    /// Returns at most 57 bytes that sort by issuer, kind, name.
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

    /// Reads the issuer's code in its short or padded form.
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
    /// Version from 1, which rises as long as the issuer's store loses nothing. It is only a name;
    /// [`Self::stamp`] decides which version is later.
    pub version: u32,
    /// The nodes it is for.
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

/// A child's report on what became of one template in its subtree.
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
