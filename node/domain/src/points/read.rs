//! Reading what a template says of points.

use serde::Deserialize;
use topology::Term;

use super::{Every, PointSheet, RatedItem};
use crate::{disclosure::Rhythm, foreign::is_harmful, scope::is_name};

/// The most items of one template.
const MOST_ITEMS: usize = 40;
/// The periods of ranking.
const PERIODS: [Rhythm; 2] = [Rhythm::Month, Rhythm::Quarter];

/// The content of a template of points, apart from what every template has.
#[derive(Default, Deserialize)]
pub(crate) struct RawPoints {
    period: Option<String>,
    objection_days: Option<i64>,
    keep_days: Option<i64>,
    red_from: Option<i64>,
    red_public: Option<bool>,
    black_names: Option<bool>,
    #[serde(default)]
    item: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    code: String,
    name: String,
    english: Option<String>,
    good: i64,
    fair: i64,
    poor: i64,
    every: Option<String>,
}

impl RawPoints {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 9] = [
        "format",
        "needs",
        "period",
        "objection_days",
        "keep_days",
        "red_from",
        "red_public",
        "black_names",
        "item",
    ];
    /// The keys of an item.
    pub(crate) const ITEM_KEYS: [&'static str; 7] =
        ["code", "name", "english", "good", "fair", "poor", "every"];

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(crate) fn read(self) -> Result<PointSheet, String> {
        let period = self.period.map(|code| {
            let known = PERIODS.iter().find(|period| period.code() == code);
            known.copied().ok_or_else(|| {
                let code: String = code.chars().take(40).collect();
                format!("`period` is {code}, not month or quarter")
            })
        });
        if self.item.len() > MOST_ITEMS {
            return Err(format!(
                "a template of points has at most {MOST_ITEMS} items, this one {}",
                self.item.len()
            ));
        }
        let mut items: Vec<RatedItem> = vec![];
        for raw in self.item {
            let item = raw.read()?;
            if items.iter().any(|known| known.code == item.code) {
                return Err(format!("the item {} is listed twice", item.code));
            }
            items.push(item);
        }
        let sheet = PointSheet {
            period: period.transpose()?,
            objection_days: within("objection_days", self.objection_days, 1, 60)?,
            keep_days: within("keep_days", self.keep_days, 30, 1_096)?,
            red_from: within("red_from", self.red_from, 1, 10_000)?,
            red_public: self.red_public,
            black_names: self.black_names,
            items,
        };
        match sheet == PointSheet::default() {
            true => Err("it says nothing; give it items, or leave it out".to_owned()),
            false => Ok(sheet),
        }
    }
}

fn within<T: TryFrom<i64>>(
    key: &str,
    value: Option<i64>,
    least: i64,
    most: i64,
) -> Result<Option<T>, String> {
    let Some(value) = value else {
        return Ok(None);
    };
    let fits = (least..=most).contains(&value);
    let read = fits.then(|| T::try_from(value).ok()).flatten();
    match read {
        Some(read) => Ok(Some(read)),
        None => Err(format!("`{key}` is {value}, not {least} to {most}")),
    }
}

impl RawItem {
    fn read(self) -> Result<RatedItem, String> {
        let code: String = self.code.chars().take(60).collect();
        if !is_name(&self.code) {
            return Err(format!(
                "`{code}` is not the code of an item; use 1 to 48 lower-case letters, digits and dashes"
            ));
        }
        let line = |key: &str, text: &str, most| match is_line(text, most) {
            true => Ok(()),
            false => Err(format!(
                "the item {code}: `{key}` has 1 to {most} characters, in one line"
            )),
        };
        line("name", &self.name, 40)?;
        if let Some(english) = &self.english {
            line("english", english, 80)?;
        }
        let marks = [self.good, self.fair, self.poor];
        let fit = marks.iter().all(|points| (-100..=100).contains(points));
        if !fit || marks[0] < marks[1] || marks[1] < marks[2] {
            return Err(format!(
                "the item {code}: `good`, `fair` and `poor` are points from -100 to 100, none more than the one before"
            ));
        }
        let every = match self.every {
            None => Every::Day,
            Some(text) => Every::of_code(&text)
                .ok_or_else(|| format!("the item {code}: `every` is day, week or month"))?,
        };
        Ok(RatedItem {
            code: self.code.into(),
            name: self.name.into(),
            english: self.english.map(String::into_boxed_str),
            scale: marks.map(|points| i16::try_from(points).unwrap_or_default()),
            every,
        })
    }
}

/// Whether a text has 1 to so many characters that everybody sees, and no blanks around them.
fn is_line(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && text.trim() == text && !text.chars().any(is_harmful)
}
