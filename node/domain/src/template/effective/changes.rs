//! What a draft would change of what holds.

use std::collections::{BTreeMap, BTreeSet};

use topology::{DivisionCode, Tier, Tree};

use super::{EffectiveValue, Source, Subject, Template, effective_values, in_force_at};
use crate::{
    saying::Saying,
    template::{TemplateRefusal, Verdict, consider},
};

/// A value that a draft changes, adds or takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is a value of.
    pub subject: Subject,
    /// What people call the entry; empty for what holds for all.
    pub about: Saying,
    /// What people call the setting.
    pub what: Saying,
    /// The value that holds now, and the text that sets it; `None` if there is none.
    pub from: Option<(Saying, Source)>,
    /// The value that would hold; `None` if there is none.
    pub to: Option<Saying>,
}

/// What a draft changes at some of the divisions in its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesAt {
    /// Their tier.
    pub tier: Tier,
    /// How many of them there are.
    pub divisions: u32,
    /// The division that was looked at for all of them.
    pub like: DivisionCode,
    /// Why they would refuse it, as far as it is known here.
    pub refusal: Option<TemplateRefusal>,
    /// What changes; empty if they refuse it.
    pub changes: Vec<Change>,
}

/// Returns the values that differ, in the order of what would hold, and then what would be gone.
pub fn changes(before: &[EffectiveValue], after: &[EffectiveValue]) -> Vec<Change> {
    let held: BTreeMap<&Subject, &EffectiveValue> =
        before.iter().map(|one| (&one.subject, one)).collect();
    let stays: BTreeSet<&Subject> = after.iter().map(|one| &one.subject).collect();
    let changed = after.iter().filter_map(|one| {
        let held = held.get(&one.subject);
        let same = held.is_some_and(|held| held.value == one.value);
        (!same).then(|| Change {
            subject: one.subject.clone(),
            about: one.about.clone(),
            what: one.what.clone(),
            from: held.map(|held| (held.value.clone(), held.source.clone())),
            to: Some(one.value.clone()),
        })
    });
    let gone = before.iter().filter(|one| !stays.contains(&one.subject));
    let gone = gone.map(|one| Change {
        subject: one.subject.clone(),
        about: one.about.clone(),
        what: one.what.clone(),
        from: Some((one.value.clone(), one.source.clone())),
        to: None,
    });
    changed.chain(gone).collect()
}

/// Returns what a draft changes by tier, the highest first. One division of each tier is looked at, and those that the
/// draft names; what holds there is what comes into force of the templates that are known here. Templates that only
/// divisions below know are not counted.
pub fn changes_of(draft: &Template, known: &[Template], tree: &Tree) -> Vec<ChangesAt> {
    let others: Vec<&Template> = known.iter().filter(|one| one.key != draft.key).collect();
    let mut all = vec![];
    for tier in draft.scope.tiers() {
        let at_tier = |division: &DivisionCode| division.tier() == tier;
        let covered = tree.nodes(draft.scope.under).filter(at_tier);
        let mut covered = covered.filter(|division| draft.scope.covers(*division, tree));
        let Some(like) = covered.next() else {
            continue;
        };
        let divisions = 1 + u32::try_from(covered.count()).unwrap_or(u32::MAX - 1);
        let before = in_force_at(like, known, tree);
        let with = others.iter().copied().chain([draft]);
        let mut after = in_force_at(like, with, tree);
        let refusal = match after.contains_key(&draft.key) {
            true => None,
            false => match consider(draft, &after, tree) {
                Verdict::Refused(reason) => Some(reason),
                Verdict::Applied | Verdict::Old => None,
            },
        };
        // What a division applied already stays in force, also if it would refuse it now.
        for (key, template) in &before {
            after.entry(key.clone()).or_insert_with(|| template.clone());
        }
        let values = |in_force| effective_values(draft.key.kind, in_force, like, tree);
        let changes = match refusal {
            Some(_) => vec![],
            None => changes(&values(&before), &values(&after)),
        };
        all.push(ChangesAt {
            tier,
            divisions,
            like,
            refusal,
            changes,
        });
    }
    all
}
