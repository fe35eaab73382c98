//! Decides whether to apply or refuse a version. After a refusal the last good version stays in
//! force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use topology::Tree;

use super::{
    BadTemplate, Need, Parsed, Template, TemplateKey, TemplateKind,
    content::MOST_CLAUSE,
    issuers, standards,
    tighten::{looser, looser_services},
};
use crate::{
    board::Board,
    category::{CATALOGUE, Category},
    disclosure::Item,
    points::{PointRules, PointSheet},
    policy::Sheet,
    service::ServiceInForce,
};

/// The templates in force at a node.
pub trait InForce {
    /// Returns the version of that name that is in force.
    fn template(&self, key: &TemplateKey) -> Option<&Template>;

    /// Returns whether a template of that kind and name is in force, from any issuer.
    fn has(&self, kind: TemplateKind, name: &str) -> bool;

    /// Returns all templates of a kind in force.
    fn all(&self, kind: TemplateKind) -> Vec<&Template>;
}

impl InForce for BTreeMap<TemplateKey, Template> {
    fn template(&self, key: &TemplateKey) -> Option<&Template> {
        self.get(key)
    }

    fn has(&self, kind: TemplateKind, name: &str) -> bool {
        self.keys()
            .any(|key| key.kind == kind && *key.name == *name)
    }

    fn all(&self, kind: TemplateKind) -> Vec<&Template> {
        let wanted = |template: &&Template| template.key.kind == kind;
        self.values().filter(wanted).collect()
    }
}

/// The reason why a node does not apply a version. The last good one stays in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateRefusal {
    /// The version itself is bad.
    #[error("{0}")]
    Bad(BadTemplate),
    /// A template it needs is not in force here yet. It is considered again when something is
    /// applied.
    #[error("it needs {0}, which is not in force here")]
    MissingNeed(Need),
    /// The template it tightens is not in force here yet. It is considered again when something is
    /// applied.
    #[error("it tightens {0}, which is not in force here")]
    MissingBase(TemplateKey),
    /// It drops an item of the template it tightens.
    #[error("it drops the item {item} of {base}")]
    Drops {
        /// The template it tightens.
        base: TemplateKey,
        /// The item.
        item: Box<str>,
    },
    /// It drops a field of an item of the template it tightens.
    #[error("it drops the field {field} from the item {item} of {base}")]
    DropsField {
        /// The template it tightens.
        base: TemplateKey,
        /// The item.
        item: Box<str>,
        /// The field.
        field: Box<str>,
    },
    /// It lengthens the period of an item of the template it tightens.
    #[error("it lengthens the item {item} of {base} from {from} to {to} days")]
    Lengthens {
        /// The template it tightens.
        base: TemplateKey,
        /// The item.
        item: Box<str>,
        /// Days in the template it tightens.
        from: u16,
        /// Days here.
        to: u16,
    },
    /// One of its clocks, limits, services or data elements is looser than one in force from the same issuer or one
    /// above, or it is about something that nothing in force has: a category, or an element without a name. The clause names it. It is considered again when something is applied.
    #[error("{0}")]
    Loosens(Box<str>),
}

impl TemplateRefusal {
    /// Returns whether the refusal may end by itself. Another template that comes into force may
    /// end it, or a later version of the program.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::MissingNeed(_)
                | Self::MissingBase(_)
                | Self::Loosens(_)
                | Self::Bad(
                    BadTemplate::NewerFormat(_)
                        | BadTemplate::Unsupported(_)
                        | BadTemplate::NotEntitled { .. }
                )
        )
    }
}

/// Returns the refusal of what is looser than something in force.
pub(super) fn loosens(clause: &str) -> TemplateRefusal {
    let clause: String = clause.chars().take(MOST_CLAUSE).collect();
    TemplateRefusal::Loosens(clause.into())
}

/// A node's decision on a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It comes into force.
    Applied,
    /// It does not come into force; what was in force stays.
    Refused(TemplateRefusal),
    /// The same or a later version is in force already.
    Old,
}

/// Decides on a version that arrived. The caller must ask only if the scope covers this node.
pub fn consider(template: &Template, in_force: &dyn InForce, tree: &Tree) -> Verdict {
    let known = in_force.template(&template.key);
    if known.is_some_and(|known| known.stamp >= template.stamp) {
        return Verdict::Old;
    }
    match check(template, in_force, tree) {
        Ok(()) => Verdict::Applied,
        Err(reason) => Verdict::Refused(reason),
    }
}

/// Checks whether a version fits what else is in force.
pub(super) fn check(
    template: &Template,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), TemplateRefusal> {
    let parsed = template.check(tree).map_err(TemplateRefusal::Bad)?;
    issuers::check(template, in_force, tree).map_err(TemplateRefusal::Bad)?;
    let lacks = |need: &&Need| !in_force.has(need.kind, &need.name);
    if let Some(need) = parsed.needs.iter().find(lacks) {
        return Err(TemplateRefusal::MissingNeed(need.clone()));
    }
    if let Some(policy) = &parsed.policy {
        only_tightens_policy(template, policy, in_force, tree)?;
    }
    if let Some(sheet) = &parsed.points {
        only_adds_points(template, sheet, in_force, tree)?;
    }
    if !parsed.services.is_empty() {
        only_tightens_services(template, &parsed, in_force, tree)?;
    }
    if let Some(text) = &parsed.standard {
        standards::check(template, text, in_force, tree)?;
    }
    let Some(base) = &parsed.tightens else {
        return Ok(());
    };
    let missing = || TemplateRefusal::MissingBase(base.clone());
    let above = in_force.template(base).ok_or_else(missing)?;
    // The template in force could be read when it was applied. If it no longer can be, it has no
    // effect.
    let above = above.check(tree).map_err(|_| missing())?;
    let first = looser(&parsed, base, &above).into_iter().next();
    first.map_or(Ok(()), |looser| Err(looser.reason))
}

/// Checks that no clock or limit is looser than in a policy in force. Only policies of the same
/// issuer or one above count.
fn only_tightens_policy(
    template: &Template,
    policy: &Sheet,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), TemplateRefusal> {
    let issuer = template.key.issuer;
    let binds =
        |known: &&Template| known.key != template.key && tree.contains(known.key.issuer, issuer);
    for known in in_force.all(TemplateKind::Policy).into_iter().filter(binds) {
        // The template in force could be read when it was applied. If it no longer can be, it has
        // no effect.
        let Ok(Parsed {
            policy: Some(above),
            ..
        }) = known.check(tree)
        else {
            continue;
        };
        let checked = policy.check_against(issuer, &above, tree);
        checked.map_err(|fault| loosens(&fault.to_string()))?;
    }
    Ok(())
}

/// Checks that nothing about points is looser than in a template in force from the same issuer or one above.
fn only_adds_points(
    template: &Template,
    sheet: &PointSheet,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), TemplateRefusal> {
    let issuer = template.key.issuer;
    let binds =
        |known: &&Template| known.key != template.key && tree.contains(known.key.issuer, issuer);
    let known = in_force.all(TemplateKind::Points).into_iter();
    for known in known.filter(binds) {
        let Ok(Parsed {
            points: Some(above),
            ..
        }) = known.check(tree)
        else {
            continue;
        };
        if let Some(looser) = sheet.loosens(&above) {
            return Err(loosens(&format!("{} {looser}", known.key)));
        }
    }
    Ok(())
}

/// Checks that every service is in a category that is listed, and none looser than in a template in force from the same
/// issuer or one above.
fn only_tightens_services(
    template: &Template,
    parsed: &Parsed,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), TemplateRefusal> {
    let policies = in_force.all(TemplateKind::Policy).into_iter();
    let policies: Vec<Sheet> = policies
        .filter_map(|known| known.check(tree).ok()?.policy)
        .collect();
    let is_listed = |category: &Category| {
        let mut shipped = CATALOGUE.iter();
        shipped.any(|(code, ..)| *code == category.as_str())
            || policies.iter().any(|sheet| sheet.lists(category))
    };
    let mut services = parsed.services.iter();
    if let Some(unlisted) = services.find(|service| !is_listed(&service.category)) {
        let clause = format!("no policy lists the category {}", unlisted.category);
        return Err(loosens(&clause));
    }
    let issuer = template.key.issuer;
    let binds =
        |known: &&Template| known.key != template.key && tree.contains(known.key.issuer, issuer);
    let promised = template.promised(&parsed.services);
    for known in in_force.all(TemplateKind::Policy).into_iter().filter(binds) {
        if let Ok(Parsed {
            policy: Some(above),
            ..
        }) = known.check(tree)
        {
            let checked = promised.check_against(issuer, &above, tree);
            checked.map_err(|fault| loosens(&fault.to_string()))?;
        }
    }
    let known = in_force.all(TemplateKind::Service).into_iter();
    for known in known.filter(binds) {
        let Ok(above) = known.check(tree) else {
            continue;
        };
        if let Some(looser) = looser_services(parsed, &known.key, &above)
            .into_iter()
            .next()
        {
            return Err(looser.reason);
        }
    }
    Ok(())
}

/// Returns the services by the templates in force.
pub fn services(in_force: &BTreeMap<TemplateKey, Template>, tree: &Tree) -> Vec<ServiceInForce> {
    let read = effective(in_force, TemplateKind::Service, tree).into_iter();
    let mut texts: Vec<_> = read
        .map(|(template, parsed)| (template.key.clone(), template.version, parsed.services))
        .collect();
    texts.sort_by(|a, b| (a.0.issuer.tier(), &a.0).cmp(&(b.0.issuer.tier(), &b.0)));
    ServiceInForce::of(&texts)
}

/// Returns the times that a template of services promises, as policy.
pub fn promises(template: &Template, tree: &Tree) -> Sheet {
    let services = template.check(tree).map(|parsed| parsed.services);
    template.promised(&services.unwrap_or_default())
}

/// Returns the templates of a kind that have an effect, in their order. One that another in force tightens has none
/// itself: the tighter one has all of its items.
pub(super) fn effective<'a>(
    in_force: &'a BTreeMap<TemplateKey, Template>,
    kind: TemplateKind,
    tree: &Tree,
) -> Vec<(&'a Template, Parsed)> {
    let read = in_force
        .values()
        .filter(|template| template.key.kind == kind);
    // What could be read when it was applied and no longer can be has no effect.
    let mut read: Vec<_> = read
        .filter_map(|template| Some((template, template.check(tree).ok()?)))
        .collect();
    let tightened: Vec<_> = read
        .iter()
        .filter_map(|(_, parsed)| parsed.tightens.clone())
        .collect();
    read.retain(|(template, _)| !tightened.contains(&template.key));
    read
}

/// Returns the boards that the templates in force prescribe, each with its template and version, ordered by template.
pub fn boards(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<(TemplateKey, u32, Board)> {
    let boards = |parsed: Parsed| parsed.boards;
    let is_one = |a: &Board, b: &Board| a.code == b.code;
    each_once(in_force, TemplateKind::Board, tree, boards, is_one)
}

/// Returns the rules of points that follow from the templates in force, with those templates and their versions, the
/// highest first; `None` without any.
pub fn points(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Option<(Vec<(TemplateKey, u32)>, PointRules)> {
    let (mut templates, mut sheets) = (vec![], vec![]);
    for (template, parsed) in effective(in_force, TemplateKind::Points, tree) {
        if let Some(sheet) = parsed.points {
            templates.push((template.key.clone(), template.version));
            sheets.push(sheet);
        }
    }
    PointRules::of(&sheets).map(|rules| (templates, rules))
}

/// Returns the items that the templates in force demand, each with its template and version, ordered by template. A
/// template that another one in force tightens demands nothing itself: the tighter one has all of its items.
pub fn demanded(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<(TemplateKey, u32, Item)> {
    let items = |parsed: Parsed| parsed.items;
    let is_one = |a: &Item, b: &Item| a.name == b.name;
    each_once(in_force, TemplateKind::Disclosure, tree, items, is_one)
}

/// Returns what the templates of a kind prescribe, each with its template and version, ordered by template. Of what is
/// prescribed more than once there is that of the highest template.
fn each_once<T>(
    in_force: &BTreeMap<TemplateKey, Template>,
    kind: TemplateKind,
    tree: &Tree,
    prescribed: impl Fn(Parsed) -> Vec<T>,
    is_one: impl Fn(&T, &T) -> bool,
) -> Vec<(TemplateKey, u32, T)> {
    let mut all: Vec<(TemplateKey, u32, T)> = vec![];
    for (template, parsed) in effective(in_force, kind, tree) {
        for one in prescribed(parsed) {
            if !all.iter().any(|(.., known)| is_one(known, &one)) {
                all.push((template.key.clone(), template.version, one));
            }
        }
    }
    all
}

/// The templates in force, with what was just applied on top of them.
struct Overlay<'a> {
    below: &'a dyn InForce,
    applied: BTreeMap<&'a TemplateKey, &'a Template>,
}

impl InForce for Overlay<'_> {
    fn template(&self, key: &TemplateKey) -> Option<&Template> {
        let applied = self.applied.get(key).copied();
        applied.or_else(|| self.below.template(key))
    }

    fn has(&self, kind: TemplateKind, name: &str) -> bool {
        let fits = |key: &&&TemplateKey| key.kind == kind && *key.name == *name;
        self.applied.keys().find(fits).is_some() || self.below.has(kind, name)
    }

    fn all(&self, kind: TemplateKind) -> Vec<&Template> {
        let mut all = self.below.all(kind);
        all.retain(|known| !self.applied.contains_key(&known.key));
        let applied = self.applied.values().copied();
        all.extend(applied.filter(|template| template.key.kind == kind));
        all
    }
}

/// Decides again on refused versions after something came into force. Repeats until nothing
/// changes, so the order of the list does not matter. Returns a verdict for each, in the given
/// order.
pub fn reconsider(refused: &[Template], in_force: &dyn InForce, tree: &Tree) -> Vec<Verdict> {
    let mut overlay = Overlay {
        below: in_force,
        applied: BTreeMap::new(),
    };
    let mut verdicts: Vec<Option<Verdict>> = vec![None; refused.len()];
    loop {
        let mut lifted = false;
        for (template, verdict) in refused.iter().zip(&mut verdicts) {
            let final_word = match verdict {
                Some(Verdict::Refused(reason)) => !reason.may_pass(),
                Some(_) => true,
                None => false,
            };
            if final_word {
                continue;
            }
            let now = consider(template, &overlay, tree);
            if now == Verdict::Applied {
                overlay.applied.insert(&template.key, template);
                lifted = true;
            }
            *verdict = Some(now);
        }
        if !lifted {
            break;
        }
    }
    let decided = |verdict: Option<Verdict>| verdict.expect("the first round decides on each");
    verdicts.into_iter().map(decided).collect()
}
