//! Templates of the kind `standard`: read, compared with those above, and put together.

use std::collections::BTreeMap;

use serde::Deserialize;
use topology::Tree;

use super::{
    InForce, Parsed, Template, TemplateKey, TemplateKind, TemplateRefusal,
    content::Keys,
    decide::{effective, loosens},
    tighten::Looser,
};
use crate::{
    category::Category,
    clause::{Clause, Step, Within},
    saying::Saying,
    standard::{
        Asked, Element, ElementKind, MOST_ASKED, MOST_ELEMENTS, MOST_LISTS, RawCode, RawElement,
        RawList, Standard, StandardText,
    },
};

/// The keys that are read.
pub(super) const KEYS: Keys = Keys {
    known: &["format", "needs", "element", "list"],
    lists: &[
        (
            "element",
            Keys {
                known: &RawElement::KEYS,
                lists: &[],
            },
        ),
        (
            "list",
            Keys {
                known: &RawList::KEYS,
                lists: &[(
                    "codes",
                    Keys {
                        known: &RawCode::KEYS,
                        lists: &[],
                    },
                )],
            },
        ),
    ],
};

/// A standard as it is written.
#[derive(Deserialize)]
pub(super) struct RawStandard {
    #[serde(default)]
    element: Vec<RawElement>,
    #[serde(default)]
    list: Vec<RawList>,
}

/// Reads a standard.
pub(super) fn read(raw: RawStandard) -> Result<StandardText, Clause> {
    let (elements, lists) = (raw.element.len(), raw.list.len());
    if elements + lists == 0 || elements > MOST_ELEMENTS || lists > MOST_LISTS {
        return Err(how_many(MOST_ELEMENTS, MOST_LISTS).into());
    }
    let mut text = StandardText::default();
    for (n, raw) in raw.list.into_iter().enumerate() {
        let list = raw.read().nth("list", n)?;
        if text.lists.iter().any(|known| known.code == list.code) {
            return Err(list_twice(&list.code)).at("code").nth("list", n);
        }
        text.lists.push(list);
    }
    for (n, raw) in raw.element.into_iter().enumerate() {
        let element = raw.read().nth("element", n)?;
        if text.elements.iter().any(|known| known.code == element.code) {
            return Err(element_twice(&element.code))
                .at("code")
                .nth("element", n);
        }
        text.elements.push(element);
    }
    Ok(text)
}

/// Returns what a standard loosens of that of `above`, which is called `base`.
pub(super) fn looser(mine: &Parsed, base: &TemplateKey, above: &Parsed) -> Vec<Looser> {
    let (Some(mine), Some(above)) = (&mine.standard, &above.standard) else {
        return vec![];
    };
    let elements = mine.elements.iter().enumerate().flat_map(|(n, element)| {
        let mut theirs = above.elements.iter();
        let theirs = theirs.find(|theirs| theirs.code == element.code);
        let found = theirs.map(|theirs| element.loosens(theirs));
        found.into_iter().flatten().map(move |looser| {
            let said = of_element(&element.code, base, looser.said);
            clause(said, vec![key("element"), Step::Nth(n), key(looser.key)])
        })
    });
    let lists = mine.lists.iter().enumerate().flat_map(|(n, list)| {
        let mut theirs = above.lists.iter();
        let theirs = theirs.find(|theirs| theirs.code == list.code);
        let found = theirs.map(|theirs| list.loosens(theirs));
        found.into_iter().flatten().map(move |(at, looser)| {
            let said = of_list(&list.code, base, looser.said);
            let inner = at.map(|at| [key("codes"), Step::Nth(at)]);
            let way = [key("list"), Step::Nth(n)];
            let way = way.into_iter().chain(inner.into_iter().flatten());
            clause(said, way.chain([key(looser.key)]).collect())
        })
    });
    elements.chain(lists).collect()
}

fn key(key: &str) -> Step {
    Step::Key(key.into())
}

fn clause(said: Saying, way: Vec<Step>) -> Looser {
    Looser {
        reason: loosens(&said.english),
        said,
        way,
    }
}

/// Checks that nothing is looser than in a standard in force from the same issuer or one above, that every element that
/// is new has a name, a list if it needs one, and a place where it is asked for, and that no category asks for too much.
pub(super) fn check(
    template: &Template,
    text: &StandardText,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), TemplateRefusal> {
    let issuer = template.key.issuer;
    let mine = Parsed {
        standard: Some(text.clone()),
        ..Parsed::default()
    };
    let mut texts = vec![];
    for known in in_force.all(TemplateKind::Standard) {
        let binds = known.key != template.key && tree.contains(known.key.issuer, issuer);
        // What could be read when it was applied and no longer can be has no effect.
        let Ok(above) = known.check(tree) else {
            continue;
        };
        if binds && let Some(first) = looser(&mine, &known.key, &above).into_iter().next() {
            return Err(first.reason);
        }
        if binds && let Some(standard) = above.standard {
            texts.push((known.key.clone(), known.version, standard));
        }
    }
    in_order(&mut texts);
    let above = Standard::of(&texts);
    if let Some(lacks) = text
        .elements
        .iter()
        .find_map(|one| lacking(one, text, &above))
    {
        return Err(loosens(&lacks.english));
    }
    texts.push((template.key.clone(), template.version, text.clone()));
    let whole = Standard::of(&texts);
    let unfit = |one: &&Element| {
        let known = whole.element(&one.code);
        known.is_none_or(|known| {
            known
                .templates
                .last()
                .is_none_or(|(key, _)| *key != template.key)
        })
    };
    if let Some(element) = text.elements.iter().find(unfit) {
        return Err(loosens(&contradicts(&element.code).english));
    }
    let asked = text.elements.iter().flat_map(|one| &one.asked);
    match asked
        .into_iter()
        .find(|asked| how_many_asked(&whole, asked) > MOST_ASKED)
    {
        Some(asked) => Err(loosens(&asks_too_much(asked.code(), MOST_ASKED).english)),
        None => Ok(()),
    }
}

/// Returns what an element lacks that no text above says.
fn lacking(one: &Element, text: &StandardText, above: &Standard) -> Option<Saying> {
    let known = above.element(&one.code);
    let list = one.limits.list.as_deref();
    let has_list = |code: &str| {
        let mut mine = text.lists.iter();
        let mut theirs = above.lists().iter();
        mine.any(|list| *list.code == *code) || theirs.any(|known| *known.list.code == *code)
    };
    match known {
        Some(_) if list.is_none() => None,
        None if one.name.is_none() || one.asked.is_empty() => Some(no_name(&one.code)),
        None if one.kind == ElementKind::Code && list.is_none() => Some(lacks_list(&one.code)),
        _ => list
            .filter(|list| !has_list(list))
            .map(|list| unknown_list(&one.code, list)),
    }
}

/// Returns how many elements are asked for where one is.
fn how_many_asked(whole: &Standard, asked: &Asked) -> usize {
    let covers = |one: &Element| match asked {
        Asked::Category(category) => one.is_asked(category),
        Asked::Platform(platform) => one.asked.iter().any(|of| match of {
            Asked::Platform(of) => of == platform,
            Asked::Category(of) => Category::platform(of) == *platform,
        }),
    };
    let elements = whole.elements().iter();
    elements.filter(|known| covers(&known.element)).count()
}

/// Puts the texts of the highest issuers first.
fn in_order(texts: &mut [(TemplateKey, u32, StandardText)]) {
    texts.sort_by(|a, b| (a.0.issuer.tier(), &a.0).cmp(&(b.0.issuer.tier(), &b.0)));
}

/// Returns the data standard by the templates in force.
pub fn standard(in_force: &BTreeMap<TemplateKey, Template>, tree: &Tree) -> Standard {
    let read = effective(in_force, TemplateKind::Standard, tree).into_iter();
    let mut texts: Vec<_> = read
        .filter_map(|(template, parsed)| {
            Some((template.key.clone(), template.version, parsed.standard?))
        })
        .collect();
    in_order(&mut texts);
    Standard::of(&texts)
}

crate::sayings! {
    fn how_many(elements, lists): "数据标准有 1 到 {elements} 个数据元和至多 {lists} 个代码表；请增减",
        "a standard has 1 to {elements} elements and at most {lists} lists; add or remove some";
    fn element_twice(code): "数据元 {code} 写了两次；请去掉一个", "the element {code} is listed twice; remove one";
    fn list_twice(code): "代码表 {code} 写了两次；请去掉一个", "the list {code} is listed twice; remove one";
    fn of_element(code, base, looser): "{base} 的数据元 {code}：{looser}", "the element {code} of {base} {looser}";
    fn of_list(code, base, looser): "{base} 的代码表 {code}：{looser}", "the list {code} of {base} {looser}";
    fn no_name(code): "数据元 {code} 是新的，要写 name 和 asked；请补上", "the element {code} is new here; give it `name` and `asked`";
    fn lacks_list(code): "数据元 {code} 的类型是代码；请用 list 写明代码表", "the element {code} holds a code; name its list with `list`";
    fn unknown_list(code, list): "数据元 {code} 的代码表 {list} 还没有生效；请写出这张表", "the element {code} uses the list {list}, which nothing in force has; add the list";
    fn contradicts(code): "数据元 {code} 与上级的限制合起来没有一个值可用；请更正", "the element {code} leaves no value possible beside those above; correct it";
    fn asks_too_much(asked, most): "{asked} 一共要填的数据元超过 {most} 个；请减少", "{asked} would ask for more than {most} elements; ask for fewer";
}
