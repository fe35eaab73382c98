//! What a template loosens of the one that it tightens, each clause with its place.

use topology::Tree;

use super::{
    Parsed, Template, TemplateFault, TemplateKey, TemplateKind, TemplateRefusal,
    decide::loosens,
    fault::{Fault, Place, faults},
    standards,
};
use crate::{clause::Step, disclosure::Item, saying::Saying};

/// A clause that is looser than above.
pub(super) struct Looser {
    pub(super) reason: TemplateRefusal,
    pub(super) said: Saying,
    pub(super) way: Vec<Step>,
}

/// Returns what a template loosens of `above`, which is called `base`: all clauses, in the order of the one above.
pub(super) fn looser(mine: &Parsed, base: &TemplateKey, above: &Parsed) -> Vec<Looser> {
    let items = above.items.iter();
    let boards = above.boards.iter();
    items
        .filter_map(|theirs| looser_item(mine, base, theirs))
        .chain(boards.filter_map(|theirs| {
            let at = mine.boards.iter().position(|one| one.code == theirs.code);
            let Some(at) = at else {
                return Some(dropped(base, theirs.code.as_str()));
            };
            let found = mine.boards[at].loosens(theirs)?;
            let said = of_board(&theirs.code, base, found.said());
            Some(Looser {
                reason: loosens(&said.english),
                said,
                way: entry("board", at),
            })
        }))
        .collect()
}

/// Returns what services loosen of those of `above`, which is called `base`.
pub(super) fn looser_services(mine: &Parsed, base: &TemplateKey, above: &Parsed) -> Vec<Looser> {
    let services = mine.services.iter().enumerate();
    let looser = services.filter_map(|(n, service)| {
        let mut theirs = above.services.iter();
        let theirs = theirs.find(|theirs| theirs.category == service.category)?;
        let said = of_service(&service.category, base, service.loosens(theirs)?.said());
        Some(Looser {
            reason: loosens(&said.english),
            said,
            way: entry("service", n),
        })
    });
    looser.collect()
}

fn entry(list: &str, number: usize) -> Vec<Step> {
    vec![Step::Key(list.into()), Step::Nth(number)]
}

fn dropped(base: &TemplateKey, name: &str) -> Looser {
    Looser {
        reason: TemplateRefusal::Drops {
            base: base.clone(),
            item: name.into(),
        },
        said: drops(name, base),
        way: vec![],
    }
}

fn looser_item(mine: &Parsed, base: &TemplateKey, theirs: &Item) -> Option<Looser> {
    let name = &theirs.name;
    let Some(at) = mine.items.iter().position(|item| item.name == *name) else {
        return Some(dropped(base, name));
    };
    let item = &mine.items[at];
    let (base, of) = (base.clone(), name.clone());
    let (from, to) = (theirs.period_days, item.period_days);
    let lost = theirs.fields.iter().map(|field| &field.name);
    let lost = lost.into_iter().find(|lost| item.field(lost).is_none());
    let (reason, said) = if to > from {
        let said = lengthens(name, &base, from, to);
        let item = of;
        let reason = TemplateRefusal::Lengthens {
            base,
            item,
            from,
            to,
        };
        (reason, said)
    } else if let Some(lost) = lost {
        let said = drops_field(lost, name, &base);
        let reason = TemplateRefusal::DropsField {
            base,
            item: of,
            field: lost.clone(),
        };
        (reason, said)
    } else {
        let said = of_item(name, &base, item.loosens(theirs)?.said());
        (loosens(&said.english), said)
    };
    let way = entry("item", at);
    Some(Looser { reason, said, way })
}

/// Returns what a template loosens of another that is above it, each with its place. Both must be of one kind.
///
/// # Errors
/// What is wrong with the text of `above`.
pub fn loosened(
    draft: &Template,
    above: &Template,
    tree: &Tree,
) -> Result<Vec<TemplateFault>, Vec<TemplateFault>> {
    let theirs = above.read(tree).map_err(|_| faults(above, tree))?;
    let Ok(mine) = draft.read(tree) else {
        return Ok(vec![]);
    };
    let text = &draft.content;
    let mut found: Vec<TemplateFault> = looser(&mine, &above.key, &theirs)
        .into_iter()
        .chain(looser_services(&mine, &above.key, &theirs))
        .chain(standards::looser(&mine, &above.key, &theirs))
        .map(|one| Fault::content(Place::Way(one.way), one.said).found(text))
        .collect();
    if let (TemplateKind::Policy, Some(mine), Some(theirs)) =
        (draft.key.kind, &mine.policy, &theirs.policy)
    {
        let looser = mine.every_looser(draft.key.issuer, theirs, tree);
        found.extend(looser.into_iter().map(|fault| {
            let place = Place::Line(fault.line);
            Fault::content(place, fault.said()).found(text)
        }));
    }
    if let (Some(mine), Some(theirs)) = (&mine.points, &theirs.points)
        && let Some(looser) = mine.loosens(theirs)
    {
        let said = of_template(&above.key, looser.said());
        found.push(Fault::content(Place::Whole, said).found(text));
    }
    Ok(found)
}

crate::sayings! {
    fn drops(name, base): "少了 {base} 的“{name}”；请补上", "it drops the item {name} of {base}; add it";
    fn lengthens(name, base, from, to): "“{name}”的周期由 {base} 的 {from} 天延长到 {to} 天；下级只能缩短",
        "it lengthens the item {name} of {base} from {from} to {to} days; a lower tier may only shorten it";
    fn drops_field(field, name, base): "“{name}”少了 {base} 的栏目“{field}”；请补上",
        "it drops the field {field} from the item {name} of {base}; add it";
    fn of_item(name, base, looser): "{base} 的事项“{name}”：{looser}", "the item {name} of {base} {looser}";
    fn of_board(code, base, looser): "{base} 的栏目 {code}：{looser}", "the board {code} of {base} {looser}";
    fn of_service(category, base, looser): "{base} 的 {category}：{looser}", "the service {category} of {base} {looser}";
    fn of_template(base, looser): "{base} {looser}", "{base} {looser}";
}
