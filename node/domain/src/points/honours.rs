//! What everybody reads: the red list, and the black side without names unless the rules publish them.

use std::collections::BTreeMap;

use super::{HouseholdId, PointRules, Tally, rank};

/// A household on the red list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedLine {
    /// Its place among those on the list.
    pub place: u32,
    /// Its number.
    pub household: HouseholdId,
    /// The name of its head.
    pub name: Box<str>,
    /// Its points.
    pub points: i64,
}

/// What was found poor of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlackLine {
    /// Name of the item for programs.
    pub item: Box<str>,
    /// Number of marks poor.
    pub poor: u32,
    /// The households, by number and name; empty unless the rules publish names.
    pub households: Vec<(HouseholdId, Box<str>)>,
}

/// What everybody reads of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Honours {
    /// The red list; `None` if the rules do not publish it.
    pub red: Option<Vec<RedLine>>,
    /// The black side, by item.
    pub black: Vec<BlackLine>,
    /// Number of households that were rated.
    pub rated: u32,
    /// Number of households.
    pub households: u32,
}

/// Makes out what everybody reads of a period. `names` are the households that are counted; `tallies` are sums by
/// household and item. On the red list are those with enough points and no mark poor, so that no household of the
/// black side is named there either.
pub fn honours(
    rules: &PointRules,
    names: &BTreeMap<HouseholdId, Box<str>>,
    tallies: &[(HouseholdId, Box<str>, Tally)],
) -> Honours {
    let mut sums: BTreeMap<HouseholdId, Tally> = BTreeMap::new();
    let mut black: BTreeMap<&str, BlackLine> = BTreeMap::new();
    for (household, item, tally) in tallies {
        let Some(name) = names.get(household) else {
            continue;
        };
        let sum = sums.entry(*household).or_default();
        *sum = sum.plus(*tally);
        if tally.poor > 0 {
            let line = black.entry(item).or_insert_with(|| BlackLine {
                item: item.clone(),
                poor: 0,
                households: vec![],
            });
            line.poor += tally.poor;
            if rules.black_names {
                line.households.push((*household, name.clone()));
            }
        }
    }
    let rated = sums.values().filter(|tally| tally.ratings() > 0).count();
    let is_red = |tally: &Tally| tally.points >= i64::from(rules.red_from) && tally.poor == 0;
    let red = rank(sums.into_iter().filter(|(_, tally)| is_red(tally)));
    let red = red.into_iter().filter_map(|standing| {
        Some(RedLine {
            place: standing.place,
            household: standing.household,
            name: names.get(&standing.household)?.clone(),
            points: standing.tally.points,
        })
    });
    Honours {
        red: rules.red_public.then(|| red.collect()),
        black: black.into_values().collect(),
        rated: u32::try_from(rated).unwrap_or(u32::MAX),
        households: u32::try_from(names.len()).unwrap_or(u32::MAX),
    }
}
