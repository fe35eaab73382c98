//! The standard in force: what all texts say together. Of two limits the narrower holds.

use super::{CodeList, Element, ElementKind, Limits, ListCode, MOST_ASKED, StandardText, value};
use crate::{category::Category, saying::Saying, scope::TemplateKey, time::Day};

/// An element as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementInForce {
    /// Its parts.
    pub element: Element,
    /// The texts that say something of it with their versions, the highest issuer's first.
    pub templates: Vec<(TemplateKey, u32)>,
}

/// A list of codes as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInForce {
    /// The list, with the codes that all texts allow.
    pub list: CodeList,
    /// The texts that say something of it with their versions, the highest issuer's first.
    pub templates: Vec<(TemplateKey, u32)>,
}

impl ListInForce {
    /// Returns the codes that may be used on a day, with their names, in a row.
    pub(super) fn codes_on(&self, day: Day) -> String {
        let valid = self.list.codes.iter().filter(|code| code.is_valid(day));
        valid.map(|code| &*code.code).collect::<Vec<_>>().join(", ")
    }
}

/// The data standard that is in force at a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    elements: Vec<ElementInForce>,
    lists: Vec<ListInForce>,
}

impl Standard {
    /// Returns the standard of texts, given with the highest issuer's first. Where a text contradicts one above, or would
    /// leave no value possible, it has no effect.
    pub fn of(texts: &[(TemplateKey, u32, StandardText)]) -> Self {
        let mut all = Self::default();
        for (key, version, text) in texts {
            for list in &text.lists {
                all.add_list(list, (key, *version));
            }
            for element in &text.elements {
                all.add(element, (key, *version));
            }
        }
        all
    }

    fn add_list(&mut self, list: &CodeList, (key, version): (&TemplateKey, u32)) {
        let template = (key.clone(), version);
        let known = self
            .lists
            .iter_mut()
            .find(|known| known.list.code == list.code);
        let Some(known) = known else {
            self.lists.push(ListInForce {
                list: list.clone(),
                templates: vec![template],
            });
            return;
        };
        let narrower = known.list.narrowed(list);
        if !narrower.codes.is_empty() {
            known.list = narrower;
            known.templates.push(template);
        }
    }

    fn add(&mut self, element: &Element, (key, version): (&TemplateKey, u32)) {
        let template = (key.clone(), version);
        let mut known = self.elements.iter_mut();
        let Some(known) = known.find(|known| known.element.code == element.code) else {
            // What has neither a name nor a list that there is was written for a text that is gone.
            let has_list = element.kind != ElementKind::Code || self.list_of(element).is_some();
            if element.name.is_some() && has_list {
                self.elements.push(ElementInForce {
                    element: element.clone(),
                    templates: vec![template],
                });
            }
            return;
        };
        if let Some(narrower) = known.element.narrowed(element) {
            known.element = narrower;
            known.templates.push(template);
        }
    }

    /// Returns every element, in the order in which texts name them first.
    pub fn elements(&self) -> &[ElementInForce] {
        &self.elements
    }

    /// Returns every list of codes.
    pub fn lists(&self) -> &[ListInForce] {
        &self.lists
    }

    /// Returns an element.
    pub fn element(&self, code: &str) -> Option<&ElementInForce> {
        let mut elements = self.elements.iter();
        elements.find(|known| *known.element.code == *code)
    }

    /// Returns the list of an element; `None` if it has none.
    pub fn list_of(&self, element: &Element) -> Option<&ListInForce> {
        let code = element.limits.list.as_deref()?;
        self.lists.iter().find(|known| *known.list.code == *code)
    }

    /// Returns the elements that are asked for in a category, at most [`MOST_ASKED`].
    pub fn asked<'a>(&'a self, category: &'a Category) -> impl Iterator<Item = &'a ElementInForce> {
        let asked = self.elements.iter();
        asked
            .filter(|one| one.element.is_asked(category))
            .take(MOST_ASKED)
    }

    /// Returns the codes of an element that may be used on a day.
    pub fn codes_on<'a>(
        &'a self,
        element: &Element,
        day: Day,
    ) -> impl Iterator<Item = &'a ListCode> {
        let codes = self.list_of(element).into_iter();
        codes
            .flat_map(|list| &list.list.codes)
            .filter(move |code| code.is_valid(day))
    }

    /// Returns whether there is a value that could be given on a day.
    pub(super) fn can_be_given(&self, element: &Element, today: Day) -> bool {
        let limits = &element.limits;
        match element.kind {
            ElementKind::Code => self.codes_on(element, today).next().is_some(),
            ElementKind::Date => !limits.past || limits.earliest.is_none_or(|first| first <= today),
            _ => true,
        }
    }

    /// Returns a value as people read it: the name of a code, a number with its unit.
    pub fn shown(&self, element: &Element, text: &str) -> Saying {
        let list = self.list_of(element).into_iter();
        let mut codes = list.flat_map(|list| &list.list.codes);
        if let Some(code) = codes.find(|code| *code.code == *text) {
            return code.called();
        }
        match &element.limits.unit {
            Some(unit) => Saying {
                english: format!("{text} {}", unit.english),
                chinese: format!("{text} {}", unit.chinese),
            },
            None => Saying::foreign(text),
        }
    }

    /// Returns whether a value may be kept apart from the text of a report, and after that was erased: its element says
    /// nothing of a person, and the value has the form of its kind.
    pub fn outlives(&self, code: &str, text: &str) -> bool {
        let known = self.element(code);
        known.is_some_and(|known| {
            let element = &known.element;
            !element.is_personal() && value::has_form(element.kind, text)
        })
    }
}

/// Returns the greater or the lesser of two limits, of which either may be missing.
fn both<T: Copy>(a: Option<T>, b: Option<T>, pick: fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    }
}

impl Element {
    /// Returns what holds if a nearer text says this too; `None` if the two contradict each other.
    fn narrowed(&self, nearer: &Self) -> Option<Self> {
        if self.kind != nearer.kind {
            return None;
        }
        let limits = self.limits.narrowed(&nearer.limits)?;
        let mut asked = self.asked.clone();
        asked.extend(nearer.asked.iter().cloned());
        asked.sort();
        asked.dedup();
        Some(Self {
            code: self.code.clone(),
            kind: self.kind,
            name: self.name.clone().or_else(|| nearer.name.clone()),
            hint: nearer.hint.clone().or_else(|| self.hint.clone()),
            asked,
            required: both(self.required, nearer.required, |a, b| a || b),
            personal: Some(self.is_personal() || nearer.personal == Some(true)),
            source: nearer.source.clone().or_else(|| self.source.clone()),
            limits,
        })
    }
}

impl Limits {
    fn narrowed(&self, nearer: &Self) -> Option<Self> {
        let list = self.list.clone().or_else(|| nearer.list.clone());
        if nearer.list.is_some() && nearer.list != list {
            return None;
        }
        let forms = match (&self.forms, &nearer.forms) {
            (Some(theirs), Some(mine)) => {
                let kept = theirs.iter().filter(|form| mine.contains(form));
                Some(kept.cloned().collect())
            }
            (theirs, mine) => mine.clone().or_else(|| theirs.clone()),
        };
        let narrower = Self {
            shortest: both(self.shortest, nearer.shortest, u16::max),
            longest: both(self.longest, nearer.longest, u16::min),
            forms,
            list,
            earliest: both(self.earliest, nearer.earliest, Day::max),
            latest: both(self.latest, nearer.latest, Day::min),
            past: self.past || nearer.past,
            decimals: both(self.decimals, nearer.decimals, u8::min),
            least: both(self.least, nearer.least, i128::max),
            most: both(self.most, nearer.most, i128::min),
            unit: self.unit.clone().or_else(|| nearer.unit.clone()),
        };
        narrower.are_possible().then_some(narrower)
    }
}

impl CodeList {
    /// Returns the codes that both lists allow, as long as both do.
    fn narrowed(&self, nearer: &Self) -> Self {
        let kept = self.codes.iter().filter_map(|theirs| {
            let mine = nearer.codes.iter().find(|mine| mine.code == theirs.code)?;
            Some(ListCode {
                code: theirs.code.clone(),
                name: theirs.name.clone().or_else(|| mine.name.clone()),
                from: both(theirs.from, mine.from, Day::max),
                until: both(theirs.until, mine.until, Day::min),
                replaced_by: theirs
                    .replaced_by
                    .clone()
                    .or_else(|| mine.replaced_by.clone()),
            })
        });
        Self {
            code: self.code.clone(),
            name: self.name.clone().or_else(|| nearer.name.clone()),
            source: self.source.clone().or_else(|| nearer.source.clone()),
            codes: kept.collect(),
        }
    }
}
