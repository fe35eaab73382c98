//! The values of services: of each part what the nearest text says.

use std::collections::BTreeMap;

use topology::Tree;

use super::{EffectiveValue, Setting, Template, TemplateKey, TemplateKind, none, row, source};
use crate::{
    calendar::Allowance,
    category::Category,
    clause::Step,
    rule::Source,
    saying::Saying,
    service::Service,
    template::{decide::effective, fault::Places},
};

/// Reads one part of a service; `None` if the text leaves it out.
type Pick = fn(&Service) -> Option<Saying>;

const PARTS: [(Setting, &str, Pick); 7] = [
    (Setting::Promise, "promise", |one| {
        one.promise.map(Allowance::said)
    }),
    (Setting::Fee, "fee", |one| one.fee.clone()),
    (Setting::Window, "window", |one| one.window.clone()),
    (Setting::Hours, "hours", |one| one.hours.clone()),
    (Setting::Article, "source", |one| {
        one.article.as_deref().map(Saying::foreign)
    }),
    (Setting::Departments, "departments", |one| {
        let names = one.departments.as_ref()?;
        Some(row(names.iter().map(|department| &*department.name)))
    }),
    (Setting::Materials, "materials", |one| {
        one.materials.as_ref().map(|all| {
            let told = |chinese: bool| {
                let told = all.iter().map(|material| match chinese {
                    true => format!("{}（{}）", material.name.chinese, material.form.chinese()),
                    false => format!("{} ({})", material.name.english, material.form.english()),
                });
                told.collect::<Vec<_>>()
            };
            match all.is_empty() {
                true => none(),
                false => Saying {
                    english: told(false).join(", "),
                    chinese: told(true).join("、"),
                },
            }
        })
    }),
];

/// A text with its services and their places.
struct Text<'a> {
    template: &'a Template,
    services: Vec<Service>,
    places: Places<'a>,
}

/// What a text says of a part: the promise if it is one, the value, the text, the line.
type Stated = (Option<Allowance>, Saying, Source, u32);

pub(super) fn values(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    let read = effective(in_force, TemplateKind::Service, tree).into_iter();
    let mut texts: Vec<Text<'_>> = read
        .map(|(template, parsed)| Text {
            template,
            services: parsed.services,
            places: Places::of(&template.content),
        })
        .collect();
    // The nearest first.
    let rank = |text: &Text<'_>| (text.template.key.issuer.tier(), text.template.key.clone());
    texts.sort_by_key(|text| std::cmp::Reverse(rank(text)));
    let mut categories: Vec<&Category> = vec![];
    for service in texts.iter().rev().flat_map(|text| &text.services) {
        if !categories.contains(&&service.category) {
            categories.push(&service.category);
        }
    }
    let parts = categories
        .into_iter()
        .flat_map(|category| PARTS.map(|part| (category, part)));
    parts
        .filter_map(|(category, part)| value(&texts, category, part))
        .collect()
}

/// Returns what holds of a part of a service; `None` if no text says it.
fn value(
    texts: &[Text<'_>],
    category: &Category,
    (setting, key, pick): (Setting, &str, Pick),
) -> Option<EffectiveValue> {
    let stated = texts.iter().filter_map(|text| {
        let mut services = text.services.iter();
        let at = services.position(|one| one.category == *category)?;
        let one = &text.services[at];
        let way = [
            Step::Key("service".into()),
            Step::Nth(at),
            Step::Key(key.into()),
        ];
        let promise = one.promise.filter(|_| setting == Setting::Promise);
        let line = text.places.line(&way);
        Some((promise, pick(one)?, source(text.template), line))
    });
    let mut stated: Vec<Stated> = stated.collect();
    // Of promises the shortest holds; all else keeps its order.
    stated.sort_by_key(|(promise, ..)| promise.map_or(0, Allowance::rough_minutes));
    let mut stated = stated.into_iter();
    let (_, value, by, line) = stated.next()?;
    let name = Saying {
        english: category.english().unwrap_or(category.as_str()).to_owned(),
        chinese: category.chinese().unwrap_or(category.as_str()).to_owned(),
    };
    let mut one = EffectiveValue::of((category.as_str(), name), setting, value, by);
    one.line = Some(line);
    one.looser = stated
        .filter(|(_, value, ..)| *value != one.value)
        .map(|(_, value, by, _)| (value, by))
        .collect();
    Some(one)
}
