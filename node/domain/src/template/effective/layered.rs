//! The values of templates of which one tightens another: items of disclosures, and boards.

use std::collections::BTreeMap;

use topology::Tree;

use super::{
    EffectiveValue, Setting, Template, TemplateKey, TemplateKind, days, for_ever, none, row,
    source, terms, yes,
};
use crate::{
    board::Board,
    clause::Step,
    disclosure::{Item, Sum},
    policy::SHIPPED_EDITION,
    rule::Source,
    saying::Saying,
    template::{Parsed, decide::effective, fault::Places},
};

/// The values of an entry, each with the key that states it.
type Values = Vec<(Setting, &'static str, Saying)>;

/// One entry as one template of a chain has it.
struct Layer<'a> {
    template: &'a Template,
    parsed: &'a Parsed,
    places: &'a Places<'a>,
    at: usize,
    values: Values,
}

/// The lists of a kind, and how their entries are read.
struct Form {
    list: &'static str,
    names: fn(&Parsed) -> Vec<(String, Saying)>,
    values: fn(&Parsed, usize) -> Values,
}

const ITEMS: Form = Form {
    list: "item",
    names: |parsed| {
        let items = parsed.items.iter();
        items
            .map(|item| {
                (
                    item.name.to_string(),
                    in_both(&item.name, item.english.as_deref()),
                )
            })
            .collect()
    },
    values: |parsed, at| of_item(&parsed.items[at]),
};

const BOARDS: Form = Form {
    list: "board",
    names: |parsed| {
        let boards = parsed.boards.iter();
        boards
            .map(|board| {
                let name = in_both(&board.name, board.english.as_deref());
                (board.code.to_string(), name)
            })
            .collect()
    },
    values: |parsed, at| of_board(&parsed.boards[at]),
};

fn in_both(chinese: &str, english: Option<&str>) -> Saying {
    Saying {
        english: english.unwrap_or(chinese).to_owned(),
        chinese: chinese.to_owned(),
    }
}

/// All templates of a kind in force, read, with the places of their values.
type Read<'a> = BTreeMap<&'a TemplateKey, (&'a Template, Parsed, Places<'a>)>;

/// Returns the values of every entry that has an effect.
pub(super) fn values(
    kind: TemplateKind,
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    let form = match kind {
        TemplateKind::Board => BOARDS,
        _ => ITEMS,
    };
    let read: Read<'_> = in_force
        .iter()
        .filter(|(key, _)| key.kind == kind)
        .filter_map(|(key, template)| {
            let parsed = template.check(tree).ok()?;
            Some((key, (template, parsed, Places::of(&template.content))))
        })
        .collect();
    let mut all: Vec<EffectiveValue> = vec![];
    let mut seen: Vec<String> = vec![];
    for (template, parsed) in effective(in_force, kind, tree) {
        for (name, said) in (form.names)(&parsed) {
            // Of entries with one name there is that of the highest template.
            if seen.contains(&name) {
                continue;
            }
            let layers = chain(&form, &read, template, &name);
            all.extend(of_entry(&form, &layers, &name, &said));
            seen.push(name);
        }
    }
    all
}

/// Returns an entry in the template that has an effect, and in those that it tightens, the nearest first.
fn chain<'a>(form: &Form, read: &'a Read<'a>, first: &Template, name: &str) -> Vec<Layer<'a>> {
    let mut layers = vec![];
    let mut next = Some(first.key.clone());
    while let Some((template, parsed, places)) = next.take().and_then(|key| read.get(&key)) {
        let names = (form.names)(parsed);
        let Some(at) = names.iter().position(|(known, _)| known == name) else {
            break;
        };
        layers.push(Layer {
            template,
            parsed,
            places,
            at,
            values: (form.values)(parsed, at),
        });
        // Each is issued above the one before, so the chain ends.
        next = parsed.tightens.clone();
    }
    layers
}

fn of_entry(form: &Form, layers: &[Layer<'_>], name: &str, said: &Saying) -> Vec<EffectiveValue> {
    let Some(first) = layers.first() else {
        return vec![];
    };
    let mut all = vec![];
    for (n, (setting, key, value)) in first.values.iter().enumerate() {
        // The highest text that has the value set it; those below only repeat it.
        let equal = layers
            .iter()
            .take_while(|layer| layer.values[n].2 == *value);
        let setter = equal.last().unwrap_or(first);
        let stated = stated(form, setter, key);
        let usual = usual(*setting);
        let shipped = || Source::Shipped(SHIPPED_EDITION);
        let by = match (&usual, stated.is_none()) {
            (Some(_), true) => shipped(),
            _ => source(setter.template),
        };
        let mut one = EffectiveValue::of((name, said.clone()), *setting, value.clone(), by);
        one.line = stated;
        for layer in layers.iter().filter(|layer| layer.values[n].2 != *value) {
            one.looser
                .push((layer.values[n].2.clone(), source(layer.template)));
        }
        if let Some(usual) = usual.filter(|usual| usual != value) {
            one.looser.push((usual, shipped()));
        }
        if *value != none() || !one.looser.is_empty() {
            all.push(one);
        }
    }
    all
}

/// Returns the line where a text states a value; `None` if it leaves it out.
fn stated(form: &Form, layer: &Layer<'_>, key: &str) -> Option<u32> {
    let entries = layer.parsed.table.get(form.list)?.as_array()?;
    let entry = entries.get(layer.at)?.as_table()?;
    let key = match (key, entry.contains_key(key)) {
        ("period", false) => "period_days",
        _ => key,
    };
    entry.get(key)?;
    let way = [
        Step::Key(form.list.into()),
        Step::Nth(layer.at),
        Step::Key(key.into()),
    ];
    Some(layer.places.line(&way))
}

/// Returns the value of a setting that a template leaves out and the program fills in.
fn usual(setting: Setting) -> Option<Saying> {
    match setting {
        Setting::Due => Some(Item::USUAL_DUE.said()),
        Setting::Objection => Some(Item::USUAL_OBJECTION.said()),
        _ => None,
    }
}

fn of_item(item: &Item) -> Values {
    let fields = |fields: &[crate::disclosure::Field]| match fields.is_empty() {
        true => none(),
        false => row(fields.iter().map(|field| &*field.name)),
    };
    let sums = match item.sums.is_empty() {
        true => none(),
        false => row(item.sums.iter().map(Sum::total)),
    };
    let article = item.source.as_deref().map_or_else(none, Saying::foreign);
    let period = match item.rhythm.days() {
        Some(days) if days == item.period_days => Saying::term(item.rhythm),
        None => Saying::term(item.rhythm),
        Some(_) => days(item.period_days),
    };
    vec![
        (Setting::Class, "class", Saying::term(item.class)),
        (Setting::Period, "period", period),
        (Setting::Due, "due", item.due.said()),
        (Setting::Objection, "objection", item.objection.said()),
        (Setting::Article, "source", article),
        (Setting::Fields, "fields", fields(&item.fields)),
        (Setting::Columns, "columns", fields(&item.columns)),
        (Setting::Sums, "sums", sums),
    ]
}

fn of_board(board: &Board) -> Values {
    let name = in_both(&board.name, board.english.as_deref());
    let keep = board.keep_days.map_or_else(for_ever, days);
    vec![
        (Setting::Name, "name", name),
        (Setting::Writers, "writers", terms(&board.writers)),
        (Setting::SignedOut, "signed_out", yes(board.signed_out)),
        (Setting::Keep, "keep_days", keep),
        (Setting::Answers, "answers", yes(board.answers)),
        (Setting::Photos, "photos", Saying::foreign(board.photos)),
    ]
}
