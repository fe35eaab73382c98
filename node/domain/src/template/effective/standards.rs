//! The values of a data standard: what holds of each element, and the text that set it.

use std::collections::BTreeMap;

use topology::Tree;

use super::{EffectiveValue, Setting, Template, TemplateKey, TemplateKind, row, source, yes};
use crate::{
    clause::Step,
    rule::Source,
    saying::Saying,
    standard::{CodeList, Element, Limits, Standard, StandardText, shown_number},
    template::{decide::effective, fault::Places},
};

/// A text with its places.
struct Text<'a> {
    template: &'a Template,
    standard: StandardText,
    places: Places<'a>,
}

/// Reads one part of an element; `None` if the text leaves it out.
type Pick = fn(&Element) -> Option<Saying>;

const PARTS: [(Setting, &str, Pick); 6] = [
    (Setting::Kind, "type", |one| Some(Saying::term(one.kind))),
    (Setting::Asked, "asked", |one| {
        let codes = one.asked.iter().map(crate::standard::Asked::code);
        (!one.asked.is_empty()).then(|| row(codes))
    }),
    (Setting::Required, "required", |one| {
        Some(yes(one.is_required()))
    }),
    (Setting::PersonalData, "personal", |one| {
        Some(yes(one.is_personal()))
    }),
    (Setting::Range, "", |one| limits(&one.limits)),
    (Setting::Article, "source", |one| {
        one.source.as_deref().map(Saying::foreign)
    }),
];

pub(super) fn values(
    in_force: &BTreeMap<TemplateKey, Template>,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    let read = effective(in_force, TemplateKind::Standard, tree).into_iter();
    let mut texts: Vec<Text<'_>> = read
        .filter_map(|(template, parsed)| {
            Some(Text {
                template,
                standard: parsed.standard?,
                places: Places::of(&template.content),
            })
        })
        .collect();
    // The highest first, as they are put together.
    texts.sort_by_key(|text| (text.template.key.issuer.tier(), text.template.key.clone()));
    let all: Vec<_> = texts
        .iter()
        .map(|text| {
            (
                text.template.key.clone(),
                text.template.version,
                text.standard.clone(),
            )
        })
        .collect();
    // What is in force is compared with what would be without the texts below, so that a text that has no effect sets
    // nothing.
    let layers: Vec<Standard> = (1..=all.len()).map(|n| Standard::of(&all[..n])).collect();
    let Some(whole) = layers.last() else {
        return vec![];
    };
    let elements = whole.elements().iter().flat_map(|known| {
        let about = (&*known.element.code, known.element.called());
        let of = |standard: &Standard, pick: Pick| {
            let known = standard.element(&known.element.code)?;
            pick(&known.element)
        };
        let parts = PARTS.iter().filter_map(|(setting, key, pick)| {
            let set = set_at(&layers_of(&layers, |one| of(one, *pick)))?;
            let at = Place::element(&texts[set.0], about.0, key);
            Some(one(about.clone(), *setting, set.1, at))
        });
        parts.collect::<Vec<_>>()
    });
    let lists = whole.lists().iter().filter_map(|known| {
        let of = |standard: &Standard| {
            let mut lists = standard.lists().iter();
            let found = lists.find(|one| one.list.code == known.list.code)?;
            Some(codes(&found.list))
        };
        let set = set_at(&layers_of(&layers, of))?;
        let name = known.list.name.clone();
        let name = name.unwrap_or_else(|| Saying::foreign(&known.list.code));
        let at = Place::list(&texts[set.0], &known.list.code);
        Some(one((&*known.list.code, name), Setting::Codes, set.1, at))
    });
    elements.chain(lists).collect()
}

fn layers_of(
    layers: &[Standard],
    pick: impl Fn(&Standard) -> Option<Saying>,
) -> Vec<Option<Saying>> {
    layers.iter().map(pick).collect()
}

/// Returns the value that holds, and the text from which on it does.
fn set_at(layers: &[Option<Saying>]) -> Option<(usize, Saying)> {
    let held = layers.last()?.clone()?;
    let differs = |value: &Option<Saying>| value.as_ref() != Some(&held);
    let set = layers.iter().rposition(differs).map_or(0, |at| at + 1);
    Some((set, held))
}

/// The text that sets a value, and the line.
struct Place {
    source: Source,
    line: u32,
}

impl Place {
    fn element(text: &Text<'_>, code: &str, key: &str) -> Self {
        let mut elements = text.standard.elements.iter();
        let at = elements
            .position(|one| *one.code == *code)
            .unwrap_or_default();
        Self::of(text, "element", at, key)
    }

    fn list(text: &Text<'_>, code: &str) -> Self {
        let mut lists = text.standard.lists.iter();
        let at = lists.position(|one| *one.code == *code).unwrap_or_default();
        Self::of(text, "list", at, "codes")
    }

    fn of(text: &Text<'_>, list: &str, at: usize, key: &str) -> Self {
        let way = [Step::Key(list.into()), Step::Nth(at), Step::Key(key.into())];
        Self {
            source: source(text.template),
            line: text.places.line(&way),
        }
    }
}

fn one(about: (&str, Saying), setting: Setting, value: Saying, at: Place) -> EffectiveValue {
    EffectiveValue {
        line: Some(at.line),
        ..EffectiveValue::of(about, setting, value, at.source)
    }
}

/// Says the codes of a list with their names and days.
fn codes(list: &CodeList) -> Saying {
    let said = |pick: fn(&Saying) -> &str, by: &str| {
        let all = list.codes.iter().map(|code| {
            let days = match (code.from, code.until) {
                (None, None) => String::new(),
                (from, until) => {
                    let day = |day: Option<crate::time::Day>| {
                        day.map_or_else(String::new, |day| day.to_string())
                    };
                    format!(" [{}..{}]", day(from), day(until))
                }
            };
            format!("{} {}{days}", code.code, pick(&code.called()))
        });
        all.collect::<Vec<_>>().join(by)
    };
    Saying {
        english: said(|name| &name.english, ", "),
        chinese: said(|name| &name.chinese, "、"),
    }
}

/// Says the limits of the values of an element; `None` without any.
pub(super) fn limits(limits: &Limits) -> Option<Saying> {
    let mut all: Vec<Saying> = vec![];
    let mut say = |said: Option<Saying>| all.extend(said);
    say(limits.list.as_deref().map(of_list));
    say(limits.shortest.map(shortest));
    say(limits.longest.map(longest));
    say(limits
        .forms
        .as_ref()
        .map(|forms| written(forms.join(" | "))));
    say(limits.earliest.map(from_day));
    say(limits.latest.map(until_day));
    say(limits.past.then(not_in_future));
    say(limits.least.map(shown_number).map(at_least));
    say(limits.most.map(shown_number).map(at_most));
    say(limits.decimals.map(decimals));
    say(limits.unit.clone().map(in_unit));
    if all.is_empty() {
        return None;
    }
    Some(Saying {
        english: all
            .iter()
            .map(|one| &*one.english)
            .collect::<Vec<_>>()
            .join(", "),
        chinese: all
            .iter()
            .map(|one| &*one.chinese)
            .collect::<Vec<_>>()
            .join("，"),
    })
}

crate::sayings! {
    fn of_list(list): "代码表 {list}", "of the list {list}";
    fn shortest(count): "不少于 {count} 字", "at least {count} characters";
    fn longest(count): "不超过 {count} 字", "at most {count} characters";
    fn written(forms): "写成 {forms}", "written {forms}";
    fn from_day(day): "不早于 {day}", "from {day}";
    fn until_day(day): "不晚于 {day}", "until {day}";
    fn not_in_future(): "不晚于当天", "not after today";
    fn at_least(number): "不小于 {number}", "at least {number}";
    fn at_most(number): "不大于 {number}", "at most {number}";
    fn decimals(count): "小数 {count} 位以内", "at most {count} decimals";
    fn in_unit(unit): "单位 {unit}", "in {unit}";
}
