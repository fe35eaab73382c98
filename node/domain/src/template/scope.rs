//! The nodes a template is for.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, Tree, UnitKind};

/// The nodes a template is for: a subtree, filtered by tier, and at the village tier by kind of
/// unit.
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

/// The reason why a scope is not valid: it means nobody, or more than its issuer has.
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

    /// Returns how many nodes in the subtree of `division` are in scope.
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

    /// Checks that the scope can mean somebody, and nobody above its issuer.
    ///
    /// # Errors
    /// [`BadScope`] says which part is wrong.
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
        let tiers: Vec<_> = self.tiers().into_iter().map(Tier::name).collect();
        let mut text = format!("{}: {}", self.under, tiers.join(", "));
        let kinds = self.kinds();
        if self.tiers & tier_bit(Tier::Village) != 0 && kinds.len() < UnitKind::ALL.len() {
            let kinds: Vec<_> = kinds.into_iter().map(UnitKind::name).collect();
            text.push_str(&format!(" ({})", kinds.join(", ")));
        }
        f.pad(&text)
    }
}
