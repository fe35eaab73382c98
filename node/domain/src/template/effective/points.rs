//! The values of rules of points: the strictest of all texts.

use std::collections::BTreeMap;

use topology::Tree;

use super::{EffectiveValue, Setting, Template, TemplateKey, TemplateKind, days, source, yes};
use crate::{
    points::{PointRules, PointSheet},
    policy::SHIPPED_EDITION,
    rule::Source,
    saying::Saying,
    template::decide::effective,
};

/// Reads one setting of a sheet; `None` if the sheet leaves it out.
type Pick = fn(&PointSheet) -> Option<Saying>;

/// Reads the same of the rules that hold.
type Held = fn(&PointRules) -> Saying;

const GENERAL: [(Setting, Pick, Held); 6] = [
    (
        Setting::Period,
        |sheet| sheet.period.map(Saying::term),
        |rules| Saying::term(rules.period),
    ),
    (
        Setting::Objection,
        |sheet| sheet.objection_days.map(days),
        |rules| days(rules.objection_days),
    ),
    (
        Setting::Keep,
        |sheet| sheet.keep_days.map(days),
        |rules| days(rules.keep_days),
    ),
    (
        Setting::RedFrom,
        |sheet| sheet.red_from.map(Saying::foreign),
        |rules| Saying::foreign(rules.red_from),
    ),
    (
        Setting::RedPublic,
        |sheet| sheet.red_public.map(yes),
        |rules| yes(rules.red_public),
    ),
    (
        Setting::BlackNames,
        |sheet| sheet.black_names.map(yes),
        |rules| yes(rules.black_names),
    ),
];

pub(super) fn values(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    let read = effective(in_force, TemplateKind::Points, tree).into_iter();
    let sheets: Vec<(Source, PointSheet)> = read
        .filter_map(|(template, parsed)| Some((source(template), parsed.points?)))
        .collect();
    let alone: Vec<PointSheet> = sheets.iter().map(|(_, sheet)| sheet.clone()).collect();
    let Some(rules) = PointRules::of(&alone) else {
        return vec![];
    };
    let mut all = vec![];
    for (setting, pick, rule) in GENERAL {
        let value = rule(&rules);
        let stated = || {
            sheets
                .iter()
                .filter_map(|(source, sheet)| Some((pick(sheet)?, source)))
        };
        let by = stated().find(|(stated, _)| *stated == value);
        let by = by.map_or(Source::Shipped(SHIPPED_EDITION), |(_, source)| {
            source.clone()
        });
        let mut one = EffectiveValue::of(("", Saying::default()), setting, value.clone(), by);
        one.looser = stated()
            .filter(|(stated, _)| *stated != value)
            .map(|(stated, source)| (stated, source.clone()))
            .collect();
        all.push(one);
    }
    for item in &rules.items {
        let has = |sheet: &PointSheet| sheet.items.iter().any(|known| known.code == item.code);
        let by = sheets.iter().find(|(_, sheet)| has(sheet));
        let Some((by, _)) = by else { continue };
        let english = item.english.as_ref().unwrap_or(&item.name).to_string();
        let chinese = item.name.to_string();
        let about = (&*item.code, Saying { english, chinese });
        let [good, fair, poor] = item.scale;
        let scale = Saying::foreign(format!("{good}, {fair}, {poor}"));
        all.push(EffectiveValue::of(
            about.clone(),
            Setting::Scale,
            scale,
            by.clone(),
        ));
        let every = Saying::term(item.every);
        all.push(EffectiveValue::of(about, Setting::Every, every, by.clone()));
    }
    all
}
