//! Reading what a template says of points.

use serde::Deserialize;
use topology::Term;

use super::{Every, PointSheet, RatedItem};
use crate::{
    clause::{Clause, Within},
    disclosure::Rhythm,
    foreign::is_harmful,
    saying::Saying,
    scope::is_name,
};

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
    pub(crate) fn read(self) -> Result<PointSheet, Clause> {
        let period = self.period.map(|code| {
            let known = PERIODS.iter().find(|period| period.code() == code);
            known
                .copied()
                .ok_or_else(|| bad_period(code.chars().take(40).collect::<String>()))
        });
        if self.item.len() > MOST_ITEMS {
            return Err(too_many(MOST_ITEMS, self.item.len()).into());
        }
        let mut items: Vec<RatedItem> = vec![];
        for (n, raw) in self.item.into_iter().enumerate() {
            let item = raw.read().nth("item", n)?;
            if items.iter().any(|known| known.code == item.code) {
                return Err(twice(&item.code)).nth("item", n);
            }
            items.push(item);
        }
        let sheet = PointSheet {
            period: period.transpose().at("period")?,
            objection_days: within("objection_days", self.objection_days, 1, 60)?,
            keep_days: within("keep_days", self.keep_days, 30, 1_096)?,
            red_from: within("red_from", self.red_from, 1, 10_000)?,
            red_public: self.red_public,
            black_names: self.black_names,
            items,
        };
        match sheet == PointSheet::default() {
            true => Err(empty().into()),
            false => Ok(sheet),
        }
    }
}

fn within<T: TryFrom<i64>>(
    key: &str,
    value: Option<i64>,
    least: i64,
    most: i64,
) -> Result<Option<T>, Clause> {
    let Some(value) = value else {
        return Ok(None);
    };
    let fits = (least..=most).contains(&value);
    let read = fits.then(|| T::try_from(value).ok()).flatten();
    match read {
        Some(read) => Ok(Some(read)),
        None => Err(out_of_range(key, value, least, most)).at(key),
    }
}

impl RawItem {
    fn read(self) -> Result<RatedItem, Clause> {
        let code: String = self.code.chars().take(60).collect();
        if !is_name(&self.code) {
            return Err(bad_code(code)).at("code");
        }
        let within = |fault: Saying| of_item(&code, fault);
        let line = |key: &str, text: &str, most: usize| match is_line(text, most) {
            true => Ok(()),
            false => Err(within(bad_text(key, most))).at(key),
        };
        line("name", &self.name, 40)?;
        if let Some(english) = &self.english {
            line("english", english, 80)?;
        }
        let marks = [self.good, self.fair, self.poor];
        let fit = marks.iter().all(|points| (-100..=100).contains(points));
        if !fit || marks[0] < marks[1] || marks[1] < marks[2] {
            return Err(within(bad_scale()).into());
        }
        let every = match self.every {
            None => Every::Day,
            Some(text) => {
                let every = Every::of_code(&text).ok_or_else(|| within(bad_every()));
                every.at("every")?
            }
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

crate::sayings! {
    fn bad_period(code): "period 是 {code}，不是 month 或 quarter；请更正",
        "`period` is {code}, not month or quarter; correct it";
    fn too_many(most, found): "积分模板最多 {most} 个评分项，这里有 {found} 个；请精简",
        "a template of points has at most {most} items, this one {found}; leave some out";
    fn twice(code): "评分项 {code} 写了两次；请去掉一个", "the item {code} is listed twice; remove one";
    fn empty(): "什么也没有规定；请写评分项，或不要这个模板", "it says nothing; give it items, or leave it out";
    fn out_of_range(key, value, least, most): "{key} 是 {value}，不在 {least} 到 {most} 之内；请更正",
        "`{key}` is {value}, not {least} to {most}; correct it";
    fn bad_code(code): "“{code}”不是评分项的代码；请用 1 到 48 个小写字母、数字和横线",
        "`{code}` is not the code of an item; use 1 to 48 lower-case letters, digits and dashes";
    fn of_item(code, fault): "评分项 {code}：{fault}", "the item {code}: {fault}";
    fn bad_text(key, most): "{key} 要有 1 到 {most} 个字，写在一行里；请更正",
        "`{key}` has 1 to {most} characters, in one line; correct it";
    fn bad_scale(): "good、fair、poor 是 -100 到 100 的分数，一个不高于前一个；请更正",
        "`good`, `fair` and `poor` are points from -100 to 100, none more than the one before; correct them";
    fn bad_every(): "every 是 day、week 或 month；请更正", "`every` is day, week or month; correct it";
}
