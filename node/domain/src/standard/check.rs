//! The check of what is entered beside a report.

use std::fmt;

use super::{ElementInForce, MOST_GIVEN, Standard, value};
use crate::{category::Category, saying::Saying, time::Day};

/// A value as it was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given<'a> {
    /// The code of its element.
    pub code: &'a str,
    /// The value.
    pub text: &'a str,
    /// Whether it may be a field of another system, which no standard needs to know.
    pub foreign: bool,
}

/// What the values are entered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// The category of the report.
    pub category: &'a Category,
    /// Today.
    pub today: Day,
    /// Whether nothing need be given: an emergency, an objection, a part of a bundle, or a matter that another system
    /// recorded before. What is given is checked nevertheless.
    pub excused: bool,
}

/// A value as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The code of its element.
    pub code: Box<str>,
    /// The value.
    pub text: String,
}

/// Prints nothing that a person entered.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.code)
    }
}

/// What is wrong with one value. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFault {
    /// The code of its element, at most 48 characters.
    pub code: Box<str>,
    /// What is wrong. It says what to do after the last semicolon.
    pub said: Saying,
}

/// The refusal of what was entered: everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadData(pub Vec<DataFault>);

impl BadData {
    /// Returns it in both languages; what to do is after the last semicolon.
    pub fn said(&self) -> Saying {
        match &self.0[..] {
            [one] => one.said.clone(),
            all => {
                let plain = |said: &Saying| Saying {
                    english: said.english.replace("; ", ", "),
                    chinese: said.chinese.replace('；', "，"),
                };
                let all: Vec<Saying> = all.iter().map(|fault| plain(&fault.said)).collect();
                let row = |pick: fn(&Saying) -> &str| all.iter().map(pick).collect::<Vec<_>>();
                several(Saying {
                    english: row(|said| &said.english).join(". "),
                    chinese: row(|said| &said.chinese).join("。"),
                })
            }
        }
    }
}

impl fmt::Display for BadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().english)
    }
}

impl std::error::Error for BadData {}

impl Standard {
    /// Checks what was entered beside a report; returns the values as they are kept, in the order in which they were
    /// given. Empty values count as not given; fields of other systems that no standard knows are returned as they are.
    ///
    /// # Errors
    /// [`BadData`] with everything that is wrong: unknown or repeated elements, bad values, and what is missing.
    pub fn check(
        &self,
        occasion: Occasion<'_>,
        given: &[Given<'_>],
    ) -> Result<Vec<Entry>, BadData> {
        let (mut kept, mut faults): (Vec<Entry>, Vec<DataFault>) = (vec![], vec![]);
        let mut fault = |code: &str, said: Saying| {
            let code: String = code.chars().take(48).collect();
            faults.push(DataFault {
                code: code.into(),
                said,
            });
        };
        if given.len() > MOST_GIVEN {
            fault("", too_many(MOST_GIVEN));
            return Err(BadData(faults));
        }
        for (n, one) in given.iter().enumerate() {
            let text = one.text.trim();
            let Some(element) = self.element(one.code) else {
                match one.foreign {
                    true => kept.push(entry(one.code, one.text.to_owned())),
                    false => fault(one.code, unknown(self.codes_of(occasion.category))),
                }
                continue;
            };
            let called = element.element.called();
            if given[..n].iter().any(|known| known.code == one.code) {
                fault(one.code, of(&called, twice()));
            } else if !text.is_empty() {
                let list = self.list_of(&element.element);
                match value::read(&element.element, list, occasion.today, text) {
                    Ok(text) => kept.push(entry(one.code, text)),
                    Err(said) => fault(one.code, of(&called, said)),
                }
            }
        }
        for missing in self.missing(occasion, given) {
            let element = &missing.element;
            fault(&element.code, of(&element.called(), not_given()));
        }
        match faults.is_empty() {
            true => Ok(kept),
            false => Err(BadData(faults)),
        }
    }

    /// Returns the elements that must be given and were not.
    fn missing<'a>(
        &'a self,
        occasion: Occasion<'a>,
        given: &'a [Given<'a>],
    ) -> impl Iterator<Item = &'a ElementInForce> {
        let is_given = |code: &str| {
            let mut given = given.iter();
            given.any(|one| *one.code == *code && !one.text.trim().is_empty())
        };
        self.asked(occasion.category).filter(move |one| {
            !occasion.excused
                && one.element.is_required()
                && !is_given(&one.element.code)
                && self.can_be_given(&one.element, occasion.today)
        })
    }

    /// Returns the codes of the elements that are asked for in a category, in a row.
    fn codes_of(&self, category: &Category) -> String {
        let codes: Vec<&str> = self.asked(category).map(|one| &*one.element.code).collect();
        match codes.is_empty() {
            true => "-".to_owned(),
            false => codes.join(", "),
        }
    }
}

fn entry(code: &str, text: String) -> Entry {
    Entry {
        code: code.into(),
        text,
    }
}

/// Says of which element something is told.
fn of(called: &Saying, said: Saying) -> Saying {
    Saying {
        english: format!("{}: {}", called.english, said.english),
        chinese: format!("{}：{}", called.chinese, said.chinese),
    }
}

crate::sayings! {
    fn several(list): "{list}；请更正这几项", "{list}; correct these fields";
    fn too_many(most): "一件反映最多附 {most} 项数据；请精简", "there are more than {most} values; leave some out";
    fn unknown(codes): "数据标准里没有这一项；这一类别可以写：{codes}", "no data standard has this element; for this category there are {codes}";
    fn twice(): "写了两次；请去掉一个", "is given twice; leave one out";
    fn not_given(): "必须填写；请补上", "is required; give it";
}
