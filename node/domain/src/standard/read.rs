//! Reading a data standard from its template.

use serde::Deserialize;

use super::{
    Asked, CodeList, Element, ElementKind, Limits, ListCode, MOST_CODES, MOST_DECIMALS, MOST_VALUE,
};
use crate::{
    clause::{Clause, Within},
    disclosure::number,
    saying::Saying,
    scope::is_name,
    service::{RawText, is_line, read_text},
    time::Day,
};

/// The longest form of a text, in characters, and the most forms.
const MOST_FORM: usize = 40;
const MOST_FORMS: usize = 10;

/// A number as it is written in a template.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawNumber {
    Whole(i64),
    Decimal(f64),
    Text(String),
}

/// An element as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawElement {
    code: String,
    #[serde(rename = "type")]
    kind: String,
    name: Option<RawText>,
    hint: Option<RawText>,
    #[serde(default)]
    asked: Vec<String>,
    required: Option<bool>,
    personal: Option<bool>,
    source: Option<String>,
    shortest: Option<i64>,
    longest: Option<i64>,
    forms: Option<Vec<String>>,
    list: Option<String>,
    earliest: Option<String>,
    latest: Option<String>,
    past: Option<bool>,
    decimals: Option<i64>,
    least: Option<RawNumber>,
    most: Option<RawNumber>,
    unit: Option<RawText>,
}

impl RawElement {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 19] = [
        "code", "type", "name", "hint", "asked", "required", "personal", "source", "shortest",
        "longest", "forms", "list", "earliest", "latest", "past", "decimals", "least", "most",
        "unit",
    ];

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong and where.
    pub(crate) fn read(mut self) -> Result<Element, Clause> {
        let code = read_code(std::mem::take(&mut self.code), "code")?;
        let kind: Result<ElementKind, _> = self.kind.parse();
        let kind = kind.map_err(|fault| crate::clause::unknown(&fault));
        let kind = kind.at("type")?;
        self.check_keys(kind)?;
        let asked = self.asked.iter().enumerate();
        let asked: Result<Vec<Asked>, Clause> = asked
            .map(|(n, text)| {
                read_asked(text)
                    .ok_or_else(|| no_asked(text))
                    .nth("asked", n)
            })
            .collect();
        if self.personal == Some(false) && kind.is_always_personal() {
            return Err(always_personal()).at("personal");
        }
        let (name, hint) = (self.name.take(), self.hint.take());
        let source = read_line(self.source.take(), "source")?;
        let (required, personal) = (self.required, self.personal);
        Ok(Element {
            code,
            kind,
            name: name.map(|raw| read_text(raw, "name")).transpose()?,
            hint: hint.map(|raw| read_text(raw, "hint")).transpose()?,
            asked: asked?,
            required,
            personal,
            source,
            limits: self.limits()?,
        })
    }

    /// Checks that every limit belongs to the kind.
    fn check_keys(&self, kind: ElementKind) -> Result<(), Clause> {
        use ElementKind::{Code, Date, Number, Text};
        let given = [
            ("shortest", self.shortest.is_some(), Text),
            ("longest", self.longest.is_some(), Text),
            ("forms", self.forms.is_some(), Text),
            ("list", self.list.is_some(), Code),
            ("earliest", self.earliest.is_some(), Date),
            ("latest", self.latest.is_some(), Date),
            ("past", self.past.is_some(), Date),
            ("decimals", self.decimals.is_some(), Number),
            ("least", self.least.is_some(), Number),
            ("most", self.most.is_some(), Number),
            ("unit", self.unit.is_some(), Number),
        ];
        let mut given = given.iter();
        match given.find(|(_, is_given, of)| *is_given && *of != kind) {
            Some((key, _, of)) => Err(other_kind(
                key,
                Saying::term(*of),
                topology::Term::code(*of),
            ))
            .at(key),
            None => Ok(()),
        }
    }

    fn limits(self) -> Result<Limits, Clause> {
        let limits = Limits {
            shortest: length(self.shortest, "shortest")?,
            longest: length(self.longest, "longest")?,
            forms: self.forms.map(forms).transpose()?,
            list: self.list.map(|list| read_code(list, "list")).transpose()?,
            earliest: day(self.earliest, "earliest")?,
            latest: day(self.latest, "latest")?,
            past: self.past == Some(true),
            decimals: match self.decimals {
                None => None,
                Some(count @ 0..=4) => u8::try_from(count).ok(),
                Some(_) => return Err(bad_decimals(MOST_DECIMALS)).at("decimals"),
            },
            least: amount(self.least, "least")?,
            most: amount(self.most, "most")?,
            unit: self.unit.map(|raw| read_text(raw, "unit")).transpose()?,
        };
        match limits.are_possible() {
            true => Ok(limits),
            false => Err(impossible().into()),
        }
    }
}

/// Reads where an element is asked for.
fn read_asked(text: &str) -> Option<Asked> {
    match text.contains('/') {
        true => text.parse().ok().map(Asked::Category),
        false => text.parse().ok().map(Asked::Platform),
    }
}

fn read_code(text: String, key: &str) -> Result<Box<str>, Clause> {
    match is_name(&text) {
        true => Ok(text.into()),
        false => Err(bad_code(text.chars().take(60).collect::<String>())).at(key),
    }
}

fn read_line(text: Option<String>, key: &str) -> Result<Option<Box<str>>, Clause> {
    match text {
        Some(text) if !is_line(&text, 200) => Err(bad_line(key, 200)).at(key),
        text => Ok(text.map(String::into_boxed_str)),
    }
}

fn length(count: Option<i64>, key: &str) -> Result<Option<u16>, Clause> {
    let Some(count) = count else {
        return Ok(None);
    };
    let fits = usize::try_from(count).is_ok_and(|count| (1..=MOST_VALUE).contains(&count));
    let fitting = u16::try_from(count).ok().filter(|_| fits);
    fitting
        .map(Some)
        .ok_or_else(|| bad_length(MOST_VALUE))
        .at(key)
}

fn forms(raw: Vec<String>) -> Result<Vec<Box<str>>, Clause> {
    if !(1..=MOST_FORMS).contains(&raw.len()) {
        return Err(how_many_forms(MOST_FORMS)).at("forms");
    }
    let raw = raw.into_iter().enumerate();
    raw.map(|(n, form)| match is_line(&form, MOST_FORM) {
        true => Ok(form.into()),
        false => Err(bad_line("forms", MOST_FORM)).nth("forms", n),
    })
    .collect()
}

fn day(text: Option<String>, key: &str) -> Result<Option<Day>, Clause> {
    let read = text.map(|text| text.parse::<Day>()).transpose();
    read.map_err(|_| bad_day(key)).at(key)
}

fn amount(raw: Option<RawNumber>, key: &str) -> Result<Option<i128>, Clause> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    let text = match raw {
        RawNumber::Whole(whole) => whole.to_string(),
        RawNumber::Decimal(decimal) => decimal.to_string(),
        RawNumber::Text(text) => text,
    };
    let read = number::read(&text, MOST_DECIMALS.into());
    read.map(Some).ok_or_else(|| bad_number(key)).at(key)
}

/// A list as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawList {
    code: String,
    name: Option<RawText>,
    source: Option<String>,
    #[serde(default)]
    codes: Vec<RawCode>,
}

/// A code as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawCode {
    code: String,
    name: Option<RawText>,
    from: Option<String>,
    until: Option<String>,
    replaced_by: Option<String>,
}

impl RawList {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 4] = ["code", "name", "source", "codes"];

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong and where.
    pub(crate) fn read(self) -> Result<CodeList, Clause> {
        let code = read_code(self.code, "code")?;
        let name = self.name.map(|raw| read_text(raw, "name")).transpose()?;
        let source = read_line(self.source, "source")?;
        if !(1..=MOST_CODES).contains(&self.codes.len()) {
            return Err(how_many_codes(MOST_CODES, self.codes.len())).at("codes");
        }
        let mut codes: Vec<ListCode> = vec![];
        for (n, raw) in self.codes.into_iter().enumerate() {
            let one = raw.read().nth("codes", n)?;
            if codes.iter().any(|known| known.code == one.code) {
                return Err(twice(&one.code)).nth("codes", n);
            }
            codes.push(one);
        }
        let unknown = |one: &ListCode| {
            let next = one.replaced_by.as_deref();
            next.is_some_and(|next| {
                next == &*one.code || codes.iter().all(|known| *known.code != *next)
            })
        };
        if let Some(n) = codes.iter().position(unknown) {
            return Err(no_replacement()).at("replaced_by").nth("codes", n);
        }
        Ok(CodeList {
            code,
            name,
            source,
            codes,
        })
    }
}

impl RawCode {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 5] = ["code", "name", "from", "until", "replaced_by"];

    fn read(self) -> Result<ListCode, Clause> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if !(1..=48).contains(&self.code.len()) || !self.code.bytes().all(plain) {
            let shown: String = self.code.chars().take(60).collect();
            return Err(bad_list_code(shown)).at("code");
        }
        let (from, until) = (day(self.from, "from")?, day(self.until, "until")?);
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            return Err(never_valid()).at("until");
        }
        Ok(ListCode {
            code: self.code.into(),
            name: self.name.map(|raw| read_text(raw, "name")).transpose()?,
            from,
            until,
            replaced_by: self.replaced_by.map(String::into_boxed_str),
        })
    }
}

crate::sayings! {
    fn bad_code(code): "“{code}”不能作代码；请用 1 到 48 个小写字母、数字和横线",
        "`{code}` is no code; use 1 to 48 lower-case letters, digits and dashes";
    fn bad_list_code(code): "“{code}”不能作代码；请用 1 到 48 个字母、数字、点和横线",
        "`{code}` is no code of a list; use 1 to 48 letters, digits, dots and dashes";
    fn no_asked(text): "“{text}”不是平台，也不是类别；请写成 order 或 order/dispute 这样",
        "`{text}` is neither a platform nor a category; write one like order or order/dispute";
    fn always_personal(): "电话和位置总是个人信息；请去掉 personal", "a telephone number and a place are always personal; leave the key out";
    fn other_kind(key, kind, code): "{key} 只用于“{kind}”（type = \"{code}\"）；请去掉，或改 type",
        "`{key}` is only for {kind}, of the type {code}; remove it, or change the type";
    fn bad_line(key, most): "{key} 要有 1 到 {most} 个字，写在一行里；请更正", "`{key}` has 1 to {most} characters, in one line; correct it";
    fn bad_length(most): "字数要在 1 到 {most} 之间；请更正", "a length is 1 to {most} characters; correct it";
    fn how_many_forms(most): "forms 写 1 到 {most} 种写法；请增减", "there are 1 to {most} forms; add or remove some";
    fn bad_day(key): "{key} 不是日期；请写成 2026-03-01 这样", "`{key}` is not a day; write it like 2026-03-01";
    fn bad_number(key): "{key} 不是数字，或小数超过 4 位；请更正", "`{key}` is not a number with at most 4 decimals; correct it";
    fn bad_decimals(most): "decimals 是 0 到 {most}；请更正", "`decimals` is 0 to {most}; correct it";
    fn impossible(): "没有一个值同时合乎这些限制；请更正上限、下限或写法", "no value is within these limits; correct the least, the most or the forms";
    fn how_many_codes(most, found): "代码表有 1 到 {most} 个代码，这里有 {found} 个；请增减", "a list has 1 to {most} codes, this one {found}; add or remove some";
    fn twice(code): "代码 {code} 写了两次；请去掉一个", "code {code} is listed twice; remove one";
    fn no_replacement(): "replaced_by 不是本表的另一个代码；请更正", "`replaced_by` is no other code of this list; correct it";
    fn never_valid(): "until 早于 from；请更正", "`until` is before `from`; correct it";
}
