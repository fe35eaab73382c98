//! What is in force of a template at a division, by the version for all and the rollout of a later one.

use std::collections::BTreeMap;

use topology::{DivisionCode, Tree};

use super::{Part, Rollout};
use crate::template::{
    Stance, Template, TemplateKey, TemplateRefusal, Verdict, consider, decide::check,
    issuers::has_table,
};

/// How the templates in force change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// They stay.
    #[default]
    Unchanged,
    /// The version for all comes into force.
    Base,
    /// The version that is rolled out comes into force.
    Rollout,
    /// Nothing of the template is in force any more.
    Nothing,
}

/// What a division does with a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Decision on the version for all; `None` if there is none, or the division is not in its scope.
    pub base: Option<Stance>,
    /// Decision on the version that is rolled out; `None` if there is none that counts, or the division is not in its scope.
    pub rollout: Option<Stance>,
    /// What comes into force.
    pub effect: Effect,
    /// Templates that were in force only because of the version that was taken back, or that their issuer did not issue by the
    /// table of issuers that came into force, and why they are not any more.
    pub suspended: Vec<(TemplateKey, TemplateRefusal)>,
}

/// Decides what is in force of a template, of which `base` is the latest version for all and `rollout` the latest word on a
/// rollout. The result depends only on them and on what is in force; while a rollout is paused, whoever has its version keeps it.
pub fn settle(
    base: Option<&Template>,
    rollout: Option<&Rollout>,
    in_force: &BTreeMap<TemplateKey, Template>,
    me: DivisionCode,
    tree: &Tree,
) -> Settled {
    let mut settled = Settled::default();
    let named = base.or(rollout.map(|rollout| &rollout.template));
    let Some(key) = named.map(|template| &template.key) else {
        return settled;
    };
    let here = in_force.get(key);
    let has = |template: &Template| {
        here.is_some_and(|here| {
            here.version == template.version && here.content == template.content
        })
    };
    let covers = |template: &Template| template.scope.covers(me, tree);
    let word = rollout.filter(|rollout| covers(&rollout.template));
    let under_way = word.filter(|rollout| rollout.is_under_way(base));
    let part = under_way.map(|rollout| rollout.part(me, has(&rollout.template), tree));
    let taken = under_way.filter(|_| part == Some(Part::Takes));
    // What is in force and later than the version for all came by a rollout.
    let goes_back = here.is_some_and(|here| base.is_none_or(|base| here.stamp > base.stamp));
    let ended = word.filter(|rollout| under_way.is_none() && rollout.is_later_than(base));
    let base = base.filter(|base| covers(base));
    if taken.is_some_and(|rollout| has(&rollout.template)) {
        settled.rollout = Some(Stance::Applied);
        settled.base = base.map(|_| Stance::Superseded);
        return settled;
    }
    let mut then = in_force.clone();
    if goes_back {
        then.remove(key);
    }
    if let Some(base) = base {
        settled.base = Some(settle_base(base, &mut then, tree));
    }
    if let Some(rollout) = taken {
        let stance = stance(consider(&rollout.template, &then, tree));
        if stance == Stance::Applied {
            then.insert(key.clone(), rollout.template.clone());
            settled.base = base.map(|_| Stance::Superseded);
        }
        settled.rollout = Some(stance);
    } else {
        settled.rollout = match part {
            Some(Part::Paused) => Some(Stance::Paused),
            Some(_) => Some(Stance::Held),
            // Rolled back, and there was no version before it.
            None => ended.filter(|_| base.is_none()).map(|_| Stance::Held),
        };
    }
    settled.effect = match (here, then.get(key)) {
        (_, None) if here.is_some() => Effect::Nothing,
        (here, Some(now)) if here != Some(now) => match base {
            Some(base) if base.stamp == now.stamp => Effect::Base,
            _ => Effect::Rollout,
        },
        _ => Effect::Unchanged,
    };
    let new_table = then.get(key).is_some_and(|now| has_table(now, tree));
    if goes_back || new_table && settled.effect != Effect::Unchanged {
        settled.suspended = suspended(in_force, then, key, goes_back, tree);
    }
    settled
}

/// Decides on the version for all, and puts it into force if it applies.
fn settle_base(base: &Template, then: &mut BTreeMap<TemplateKey, Template>, tree: &Tree) -> Stance {
    let same = |here: &Template| here.version == base.version && here.content == base.content;
    // The same version, in another word of the issuer: it is not decided on again.
    let stance = match then.get(&base.key).is_some_and(same) {
        true => Stance::Applied,
        false => stance(consider(base, then, tree)),
    };
    if stance == Stance::Applied {
        then.insert(base.key.clone(), base.clone());
    }
    stance
}

fn stance(verdict: Verdict) -> Stance {
    match verdict {
        Verdict::Applied => Stance::Applied,
        Verdict::Refused(reason) => Stance::Refused(reason),
        Verdict::Old => Stance::Superseded,
    }
}

/// Returns the templates in force that fitted what was in force before and do not fit what is in force now, and why. One whose
/// base is among them does not fit either. Only where a version was taken back does what is looser end with it.
fn suspended(
    before: &BTreeMap<TemplateKey, Template>,
    mut then: BTreeMap<TemplateKey, Template>,
    changed: &TemplateKey,
    goes_back: bool,
    tree: &Tree,
) -> Vec<(TemplateKey, TemplateRefusal)> {
    let mut all = vec![];
    let ends =
        |reason: &TemplateRefusal| goes_back || !matches!(reason, TemplateRefusal::Loosens(_));
    loop {
        let unfit = then.values().filter(|one| one.key != *changed);
        let unfit: Vec<_> = unfit
            .filter_map(|one| Some((one.key.clone(), check(one, &then, tree).err()?)))
            .filter(|(key, reason)| ends(reason) && check(&before[key], before, tree).is_ok())
            .collect();
        if unfit.is_empty() {
            return all;
        }
        for (key, _) in &unfit {
            then.remove(key);
        }
        all.extend(unfit);
    }
}
