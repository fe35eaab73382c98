//! The table of issuers: which tiers issue templates of a kind, from which day. The shipped policy has the widest one;
//! of all others only the root of the tree may state one, for everybody, and within that. A template is judged by the line
//! that holds on the day on which it was issued, so what was issued before a line stays.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, value::Datetime};
use topology::{Tier, Tree};

use super::{
    At, BadPolicy, Policy, PolicyFault, RuleRef, Ruled, SHIPPED_SHEET, Sheet,
    read::{Lines, Read},
};
use crate::{
    calendar,
    scope::{Scope, TemplateKind},
    time::Day,
};

/// The most `[[issuers]]` entries of one text.
pub const MOST_ISSUERS: usize = 60;

/// One `[[issuers]]` entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuers {
    kind: TemplateKind,
    tiers: Spanned<Vec<Spanned<String>>>,
    from: Spanned<Datetime>,
}

/// The lines of a text, by kind and by the day from which each holds.
pub(super) type Issuers = BTreeMap<TemplateKind, BTreeMap<Day, At<Vec<Tier>>>>;

/// The tiers that issue a kind from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingTiers {
    /// The kind.
    pub kind: TemplateKind,
    /// The first day on which the line holds.
    pub from: Day,
    /// The tiers, highest first.
    pub tiers: Ruled<Vec<Tier>>,
    /// What other texts say of the same day and does not hold alone: only a tier that all of them name issues the kind.
    pub wider: Vec<Ruled<Vec<Tier>>>,
}

impl IssuingTiers {
    /// Returns whether it has no first day: the shipped lines hold from the beginning.
    pub const fn holds_always(&self) -> bool {
        self.from.0 == 0
    }
}

/// Returns whether a division of this tier may issue templates of this kind as far as the program lets it.
pub fn may_issue(kind: TemplateKind, tier: Tier) -> bool {
    let mut days = SHIPPED_SHEET.issuers.get(&kind).into_iter().flatten();
    days.any(|(_, at)| at.value.contains(&tier))
}

impl Lines<'_> {
    /// Reads the table of issuers of a text.
    pub(super) fn issuers(&self, raw: Vec<Spanned<RawIssuers>>) -> Read<Issuers> {
        let mut all = Issuers::new();
        if let Some(first) = raw.get(MOST_ISSUERS) {
            return self.fault(first, PolicyFault::TooMany(MOST_ISSUERS));
        }
        for spanned in raw {
            let line = self.at(&spanned);
            let raw = spanned.into_inner();
            let from = match calendar::read_day(&raw.from) {
                Ok(day) => day,
                Err((_, fault)) => return self.fault(&raw.from, PolicyFault::Calendar(fault)),
            };
            let At { value, .. } = self.tiers(raw.tiers)?;
            let days = all.entry(raw.kind).or_default();
            if let Some(known) = days.get(&from) {
                let fault = PolicyFault::IssuersTwice(raw.kind, from, known.line);
                return Err(BadPolicy { line, fault });
            }
            days.insert(from, At { value, line });
        }
        Ok(all)
    }
}

impl Sheet {
    /// Checks that only the root states who issues what, for everybody, within what the program lets it, and so that it can
    /// change it again.
    ///
    /// # Errors
    /// The first line that does not, with its number.
    pub fn check_issuers(&self, scope: &Scope, tree: &Tree) -> Result<(), BadPolicy> {
        let lines = self.issuers.iter().flat_map(|(kind, days)| {
            let days = days.values();
            days.map(move |at| (*kind, at))
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by_key(|(_, at)| at.line);
        let root = tree.root();
        for (kind, At { value, line }) in lines {
            let beyond = value.iter().find(|tier| !may_issue(kind, **tier));
            let fault = if scope.under != root {
                PolicyFault::IssuersOfAnother(root)
            } else if *scope != Scope::new(root, &[], &[]) {
                PolicyFault::IssuersForSome
            } else if let Some(tier) = beyond {
                PolicyFault::IssuerBeyond(kind, *tier)
            } else if kind == TemplateKind::Policy && !value.contains(&root.tier()) {
                PolicyFault::IssuersForEver(root.tier())
            } else {
                continue;
            };
            return Err(BadPolicy { line: *line, fault });
        }
        Ok(())
    }

    /// Returns the line by which a tier does not issue templates of a kind on a day.
    pub fn denies(&self, kind: TemplateKind, tier: Tier, day: Day) -> Option<RuleRef> {
        let (_, at) = self.issuers.get(&kind)?.range(..=day).next_back()?;
        (!at.value.contains(&tier)).then(|| self.at(at).rule)
    }
}

impl Policy {
    /// Returns the line in force by which a tier does not issue templates of a kind on a day; `None` if it may.
    pub fn denies(&self, kind: TemplateKind, tier: Tier, day: Day) -> Option<RuleRef> {
        let mut sheets = self.sheets.iter().chain([&*SHIPPED_SHEET]);
        sheets.find_map(|sheet| sheet.denies(kind, tier, day))
    }

    /// Returns who issues what: the lines of each kind by day, those of the shipped policy where no other text has any.
    pub fn issuers(&self) -> Vec<IssuingTiers> {
        let kinds = TemplateKind::ALL.into_iter();
        kinds.flat_map(|kind| self.issuers_of(kind)).collect()
    }

    fn issuers_of(&self, kind: TemplateKind) -> Vec<IssuingTiers> {
        let mut by_day: BTreeMap<Day, Vec<Ruled<Vec<Tier>>>> = BTreeMap::new();
        let shipped = [&*SHIPPED_SHEET];
        let has_some = |sheet: &&Sheet| sheet.issuers.contains_key(&kind);
        let stated: Vec<&Sheet> = self.sheets.iter().filter(has_some).collect();
        let texts = match stated.is_empty() {
            true => shipped.to_vec(),
            false => stated,
        };
        for sheet in texts {
            for (day, at) in sheet.issuers.get(&kind).into_iter().flatten() {
                by_day.entry(*day).or_default().push(sheet.at(at));
            }
        }
        let line = |(from, mut stated): (Day, Vec<Ruled<Vec<Tier>>>)| {
            // The one with the fewest tiers is shown first.
            stated.sort_by_key(|one| one.value.len());
            let mut stated = stated.into_iter();
            Some(IssuingTiers {
                kind,
                from,
                tiers: stated.next()?,
                wider: stated.collect(),
            })
        };
        by_day.into_iter().filter_map(line).collect()
    }
}
