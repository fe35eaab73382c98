//! The values of an element: read, checked, and written in one way.

use super::{Element, ElementKind, Limits, ListInForce, MOST_DECIMALS, MOST_VALUE, shown_number};
use crate::{disclosure::number, foreign::is_harmful, matter::Place, saying::Saying, time::Day};

/// Ten-thousandths in one.
const ONE: i128 = 10_000;

/// Checks a value that is not empty; returns it as it is kept. What is said of a bad one never repeats it.
pub(super) fn read(
    element: &Element,
    list: Option<&ListInForce>,
    today: Day,
    text: &str,
) -> Result<String, Saying> {
    if text.chars().count() > MOST_VALUE || text.chars().any(is_harmful) {
        return Err(no_line(MOST_VALUE));
    }
    let limits = &element.limits;
    match element.kind {
        ElementKind::Text => read_text(limits, text),
        ElementKind::Code => read_code(list, today, text),
        ElementKind::Date => read_day(limits, today, text),
        ElementKind::Number => read_number(limits, text),
        ElementKind::Telephone => read_telephone(text),
        ElementKind::Place => read_place(text),
    }
}

/// Returns whether a text has the form of a kind, whatever its limits are.
pub(super) fn has_form(kind: ElementKind, text: &str) -> bool {
    let code = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    match kind {
        ElementKind::Text => text.chars().count() <= MOST_VALUE && !text.chars().any(is_harmful),
        ElementKind::Code => (1..=48).contains(&text.len()) && text.bytes().all(code),
        ElementKind::Date => text.parse::<Day>().is_ok(),
        ElementKind::Number => number::read(text, MOST_DECIMALS.into()).is_some(),
        ElementKind::Telephone | ElementKind::Place => false,
    }
}

fn read_text(limits: &Limits, text: &str) -> Result<String, Saying> {
    let length = text.chars().count();
    let (shortest, longest) = lengths(limits);
    if !(shortest..=longest).contains(&length) {
        return Err(bad_length(shortest, longest));
    }
    let forms = limits.forms.as_deref().unwrap_or_default();
    if !forms.is_empty() && !forms.iter().any(|form| fits(form, text)) {
        return Err(bad_form(forms.join(" | ")));
    }
    Ok(text.to_owned())
}

/// Returns the fewest and the most characters of a text.
fn lengths(limits: &Limits) -> (usize, usize) {
    let shortest = limits.shortest.map_or(1, usize::from);
    let longest = limits.longest.map_or(MOST_VALUE, usize::from);
    (shortest, longest)
}

/// Returns whether a text has a form.
pub(super) fn fits(form: &str, text: &str) -> bool {
    let one = |(form, c): (char, char)| match form {
        '9' => c.is_ascii_digit(),
        'A' => c.is_ascii_alphabetic(),
        'N' => c.is_ascii_alphanumeric(),
        '字' => ('\u{3400}'..='\u{9fff}').contains(&c),
        other => other == c,
    };
    form.chars().count() == text.chars().count() && form.chars().zip(text.chars()).all(one)
}

fn read_code(list: Option<&ListInForce>, today: Day, text: &str) -> Result<String, Saying> {
    let list = list.ok_or_else(no_list)?;
    let found = list.list.codes.iter().find(|one| *one.code == *text);
    let found = found.ok_or_else(|| no_code(list.codes_on(today)))?;
    match found.is_valid(today) {
        true => Ok(text.to_owned()),
        false => Err(match &found.replaced_by {
            Some(next) => replaced(&found.code, next),
            None => not_valid(&found.code, list.codes_on(today)),
        }),
    }
}

fn read_day(limits: &Limits, today: Day, text: &str) -> Result<String, Saying> {
    let day: Day = text.parse().map_err(|_| no_day())?;
    let day = match text.len() {
        10 => day,
        _ => return Err(no_day()),
    };
    if let Some(first) = limits.earliest.filter(|first| day < *first) {
        return Err(too_early(first));
    }
    if let Some(last) = limits.latest.filter(|last| *last < day) {
        return Err(too_late(last));
    }
    match limits.past && today < day {
        true => Err(in_future()),
        false => Ok(day.to_string()),
    }
}

fn read_number(limits: &Limits, text: &str) -> Result<String, Saying> {
    let decimals = limits.decimals.unwrap_or(MOST_DECIMALS);
    let value = number::read(text, decimals.into()).ok_or_else(|| match decimals {
        0 => no_whole(),
        most => no_number(most),
    })?;
    if let Some(least) = limits.least.filter(|least| value < *least) {
        return Err(too_small(shown_number(least)));
    }
    if let Some(most) = limits.most.filter(|most| *most < value) {
        return Err(too_great(shown_number(most)));
    }
    Ok(shown_number(value))
}

/// Reads a mobile number, one with an area code, a local one, or a service number; returns its digits.
fn read_telephone(text: &str) -> Result<String, Saying> {
    let bare = text.strip_prefix("+86").unwrap_or(text);
    let kept = |c: &char| !matches!(c, ' ' | '-' | '(' | ')');
    let digits: String = bare.chars().filter(kept).collect();
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    let is_mobile = digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]);
    let is_fixed = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    let is_service = digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"));
    let is_local = (7..=8).contains(&digits.len()) && !digits.starts_with(['0', '1']);
    match all_digits && (is_mobile || is_fixed || is_service || is_local) {
        true => Ok(digits),
        false => Err(no_telephone()),
    }
}

fn read_place(text: &str) -> Result<String, Saying> {
    let (north, east) = text.split_once(',').ok_or_else(no_place)?;
    let read = |text: &str| text.trim().parse::<f64>().map_err(|_| no_place());
    let (north, east) = (read(north)?, read(east)?);
    let place = Place::from_degrees(north, east).map_err(|_| no_place())?;
    let degrees = |millionths: i32| f64::from(millionths) / 1e6;
    Ok(format!(
        "{},{}",
        degrees(place.latitude),
        degrees(place.longitude)
    ))
}

impl Limits {
    /// Returns whether any value is within the limits. Codes are not looked at.
    pub fn are_possible(&self) -> bool {
        let (shortest, longest) = lengths(self);
        let form_fits = |form: &str| (shortest..=longest).contains(&form.chars().count());
        let forms = self.forms.as_ref();
        let forms = forms.is_none_or(|forms| forms.iter().any(|form| form_fits(form)));
        let days = self.earliest.zip(self.latest);
        let step = ONE
            / 10_i128.pow(
                self.decimals
                    .unwrap_or(MOST_DECIMALS)
                    .min(MOST_DECIMALS)
                    .into(),
            );
        let range = self.least.zip(self.most);
        let has_step = |(least, most): (i128, i128)| most.div_euclid(step) * step >= least;
        shortest <= longest
            && forms
            && days.is_none_or(|(first, last)| first <= last)
            && range.is_none_or(has_step)
    }
}

crate::sayings! {
    fn no_line(most): "要写在一行里，最多 {most} 个字；请更正", "has more than {most} characters or more than one line; shorten it";
    fn bad_length(least, most): "要有 {least} 到 {most} 个字；请更正", "has {least} to {most} characters; correct it";
    fn bad_form(forms): "写法不对；请照这样写（9 是数字，A 是字母，N 是数字或字母，字是汉字）：{forms}",
        "is not in its form; write it like {forms}, where 9 is a digit, A a letter, N either, and 字 a Chinese character";
    fn no_list(): "代码表还没有生效；请联系制发单位", "has no list of codes in force; ask whoever issued the standard";
    fn no_code(codes): "不在代码表中；可以写：{codes}", "is no code of the list; use {codes}";
    fn replaced(code, next): "代码 {code} 已停用；请改用 {next}", "code {code} is no longer in use; use {next}";
    fn not_valid(code, codes): "代码 {code} 现在不能用；可以写：{codes}", "code {code} is not in use today; use {codes}";
    fn no_day(): "不是日期；请写成 2026-03-01 这样", "is not a day; write it as 2026-03-01";
    fn too_early(first): "早于 {first}；请更正", "is before {first}; correct it";
    fn too_late(last): "晚于 {last}；请更正", "is after {last}; correct it";
    fn in_future(): "在今天以后；请更正", "is after today; correct it";
    fn no_whole(): "不是整数；请只写数字", "is not a whole number; write digits only";
    fn no_number(most): "不是数字；请只写数字，小数最多 {most} 位", "is not a number; write digits, with at most {most} decimals";
    fn too_small(least): "不能小于 {least}；请更正", "is less than {least}; correct it";
    fn too_great(most): "不能大于 {most}；请更正", "is more than {most}; correct it";
    fn no_telephone(): "不是电话号码；请写手机号，或带区号的固定电话", "is not a telephone number; write a mobile number, or one with its area code";
    fn no_place(): "不是位置；请写北纬和东经的度数，如 29.0285,119.1722", "is not a place; write degrees north and east, such as 29.0285,119.1722";
}
