//! What a template is called, and the nodes in scope of it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, Tree, UnitKind};

topology::vocabulary! {
    /// What a template is for.
    #[derive(utoipa::ToSchema)]
    pub enum TemplateKind: "kind of template" {
        Policy = 1, "policy", "制度", "catalogue, routing, clocks, calendar, points";
        Disclosure = 2, "disclosure", "公开目录", "items, fields, period and approval of what is made public";
        Service = 3, "service", "办事事项", "materials, time promised, fee, window and joint departments of services";
        Standard = 4, "standard", "数据标准", "data elements and code lists";
        Board = 5, "board", "公告栏", "bulletin boards";
        Points = 6, "points", "积分", "what households are rated by, and what of it is public";
    }
}

impl TemplateKind {
    /// Returns whether what is read once of all templates in force changes with a template of this kind: policy, of
    /// which services promise times, and the data standard.
    pub const fn is_policy(self) -> bool {
        matches!(self, Self::Policy | Self::Service | Self::Standard)
    }

    /// Returns whether a template of this kind may name the one above that it tightens.
    pub const fn is_layered(self) -> bool {
        matches!(self, Self::Disclosure | Self::Board)
    }
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

/// The error for a text that is not the name of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplateKey {
    /// The text is not of the form `issuer/kind/name`.
    #[error("`{0}` is not a template; one looks like 330000000000/policy/holiday-calendar")]
    Form(String),
    /// The last part is not a name.
    #[error("`{0}` is not a name; use 1 to 48 lower-case letters, digits and dashes")]
    Name(String),
}

/// Returns whether a text is 1 to 48 lower-case letters, digits and dashes. It must neither begin
/// nor end with a dash.
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

/// The nodes in scope of a template: a subtree, filtered by tier, and at the village tier by kind
/// of unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// This division and everything below it; always the issuer.
    pub under: DivisionCode,
    /// One bit per tier, bit 0 for the province.
    pub tiers: u8,
    /// One bit per kind of village-tier unit, in the order of [`UnitKind::ALL`]. It has no effect
    /// on other tiers.
    pub kinds: u8,
}

/// The reason why a scope is not valid: it selects nobody, or more than its issuer may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScope {
    /// It names no tier, or has bits that stand for no tier.
    #[error("the scope names no tier, or one that does not exist; name at least one")]
    Tiers,
    /// It names a tier above the issuer's.
    #[error("the scope names the tier {0}, which stands above the issuer; leave it out")]
    Above(Tier),
    /// It names the village tier without any kind of unit, or has bits that stand for no kind.
    #[error("the scope names no kind of unit, or one that does not exist; name at least one")]
    Kinds,
}

impl Scope {
    /// Builds a scope in the subtree of `under`. Without tiers it names all from that division's
    /// own tier down; without kinds it names all.
    pub fn new(under: DivisionCode, tiers: &[Tier], kinds: &[UnitKind]) -> Self {
        let tier_bits = Tier::ALL
            .into_iter()
            .filter(|tier| match tiers {
                [] => *tier >= under.tier(),
                named => named.contains(tier),
            })
            .fold(0, |bits, tier| bits | tier_bit(tier));
        let kind_bits = UnitKind::ALL
            .into_iter()
            .filter(|kind| kinds.is_empty() || kinds.contains(kind))
            .fold(0, |bits, kind| bits | kind_bit(kind));
        Self {
            under,
            tiers: tier_bits,
            kinds: kind_bits,
        }
    }

    /// Returns the tiers named, highest first.
    pub fn tiers(&self) -> Vec<Tier> {
        let mut tiers = Tier::ALL.to_vec();
        tiers.retain(|tier| self.tiers & tier_bit(*tier) != 0);
        tiers
    }

    /// Returns the kinds of village-tier units named.
    pub fn kinds(&self) -> Vec<UnitKind> {
        let mut kinds = UnitKind::ALL.to_vec();
        kinds.retain(|kind| self.kinds & kind_bit(*kind) != 0);
        kinds
    }

    /// Returns whether the node of a division must apply the template. The issuer itself must if
    /// its tier is named; a division without a node never does.
    pub fn covers(&self, division: DivisionCode, tree: &Tree) -> bool {
        tree.contains(self.under, division) && self.picks(division, tree)
    }

    /// Returns the number of nodes in scope in the subtree of `division`.
    pub fn count(&self, division: DivisionCode, tree: &Tree) -> u32 {
        let whole = if tree.contains(self.under, division) {
            division
        } else if tree.contains(division, self.under) {
            self.under
        } else {
            return 0;
        };
        let count = tree.nodes(whole).filter(|node| self.picks(*node, tree));
        u32::try_from(count.count()).expect("a province has fewer divisions")
    }

    /// Checks that the scope can select nodes, and none above its issuer.
    ///
    /// # Errors
    /// [`BadScope`] tells which part is bad.
    pub fn check(&self) -> Result<(), BadScope> {
        if self.tiers == 0 || self.tiers >= 1 << Tier::ALL.len() {
            return Err(BadScope::Tiers);
        }
        if let Some(above) = self.tiers().into_iter().find(|t| *t < self.under.tier()) {
            return Err(BadScope::Above(above));
        }
        let villages = self.tiers & tier_bit(Tier::Village) != 0;
        if self.kinds >= 1 << UnitKind::ALL.len() || villages && self.kinds == 0 {
            return Err(BadScope::Kinds);
        }
        Ok(())
    }

    /// Returns whether the filter by tier and kind selects a division, wherever it is in the tree.
    fn picks(&self, division: DivisionCode, tree: &Tree) -> bool {
        tree.get(division).is_some_and(|unit| {
            let kind = unit
                .kind
                .is_none_or(|kind| self.kinds & kind_bit(kind) != 0);
            unit.has_node && self.tiers & tier_bit(unit.tier) != 0 && kind
        })
    }
}

const fn tier_bit(tier: Tier) -> u8 {
    1 << tier as u8
}

const fn kind_bit(kind: UnitKind) -> u8 {
    1 << kind as u8
}

impl fmt::Display for Scope {
    /// Writes `330825000000: county, township, village (village, community)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tiers: Vec<_> = self.tiers().into_iter().map(Tier::code).collect();
        let mut text = format!("{}: {}", self.under, tiers.join(", "));
        let kinds = self.kinds();
        if self.tiers & tier_bit(Tier::Village) != 0 && kinds.len() < UnitKind::ALL.len() {
            let kinds: Vec<_> = kinds.into_iter().map(UnitKind::code).collect();
            text.push_str(&format!(" ({})", kinds.join(", ")));
        }
        f.pad(&text)
    }
}
