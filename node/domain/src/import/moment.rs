//! Moments in the forms that tables use.

use crate::time::Timestamp;

/// Reads a moment; `None` for any other text. Without a zone it is in Asia/Shanghai; a day without
/// a time is its beginning.
///
/// The year comes first, with `-`, `/`, `.` or 年月日 between the parts, or in eight digits without
/// separators; then an optional time of day with `:`, `.` or 时分秒, of 24 hours, or of 12 with 上午,
/// 下午, AM, PM and similar words. In 3/1/2026 the month is ambiguous, so such dates are rejected.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = narrow(text);
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_millisecond()));
    }
    let (date, rest) = date(text)?;
    let time = match rest.trim_start_matches(|c: char| c.is_whitespace() || c == 'T') {
        "" => jiff::civil::Time::midnight(),
        _ if rest.starts_with(|c: char| c.is_ascii_digit()) => return None,
        rest => time(rest)?,
    };
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let moment = zone.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

/// Returns whether the text is a spreadsheet's number of a day, whose format was lost; only from
/// 1990 to 2099.
pub(super) fn is_serial(text: &str) -> bool {
    let (days, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let days: Option<u32> = days.parse().ok();
    digits(fraction) && days.is_some_and(|days| (32_874..73_051).contains(&days))
}

/// Replaces full-width characters, such as digits, colons and blanks, by the usual ones.
pub(super) fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).expect("these are the ASCII characters")
        }
        c => c,
    };
    text.chars().map(narrow).collect()
}

/// Splits off leading digits; returns their value, their number, and the rest.
fn digits(text: &str) -> Option<(i32, usize, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, end, rest))
}

fn date(text: &str) -> Option<(jiff::civil::Date, &str)> {
    let (number, length, rest) = digits(text)?;
    let (year, month, day, rest) = match length {
        8 => (number / 10_000, number / 100 % 100, number % 100, rest),
        4 => {
            let mark = rest.chars().next()?;
            let (month, _, rest) = digits(rest.strip_prefix(['-', '/', '.', '年'])?)?;
            let between = if mark == '年' { '月' } else { mark };
            let (day, _, rest) = digits(rest.strip_prefix(between)?)?;
            let rest = match mark {
                '年' => rest.strip_prefix('日').or(rest.strip_prefix('号'))?,
                _ => rest,
            };
            (number, month, day, rest)
        }
        _ => return None,
    };
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    Some((date, rest))
}

/// Words for the half of the day, and whether it is the second half.
const HALVES: [(&str, bool); 12] = [
    ("上午", false),
    ("凌晨", false),
    ("早上", false),
    ("清晨", false),
    ("AM", false),
    ("下午", true),
    ("傍晚", true),
    ("晚上", true),
    ("夜间", true),
    ("中午", true),
    ("PM", true),
    ("晚", true),
];

fn time(text: &str) -> Option<jiff::civil::Time> {
    let text = text.trim();
    let upper = text
        .to_uppercase()
        .replace("A.M.", "AM")
        .replace("P.M.", "PM");
    let half = HALVES.iter().find_map(|(word, later)| {
        let rest = upper.strip_prefix(word).or(upper.strip_suffix(word))?;
        Some((rest.trim().to_owned(), Some((*word, *later))))
    });
    let (text, half) = half.unwrap_or((upper, None));
    let (hour, _, rest) = digits(&text)?;
    let chinese = rest.starts_with(['时', '点']);
    let rest = rest
        .strip_prefix([':', '.', '时', '点'])
        .or((rest.is_empty() && half.is_some()).then_some(""))?;
    let (minute, rest) = match rest {
        "" if chinese || half.is_some() => (0, ""),
        "整" if chinese => (0, ""),
        "半" if chinese => (30, ""),
        rest => {
            let (minute, _, rest) = digits(rest)?;
            (minute, rest.strip_prefix('分').unwrap_or(rest))
        }
    };
    let rest = rest.strip_prefix([':', '.']).unwrap_or(rest);
    let (second, rest) = match rest {
        "" => (0, ""),
        rest => {
            let (second, _, rest) = digits(rest)?;
            (second, rest.strip_prefix('秒').unwrap_or(rest))
        }
    };
    let millis = match rest {
        "" => 0,
        rest => {
            let (fraction, length, rest) = digits(rest.strip_prefix('.')?)?;
            let to_millis = match length {
                1 => 100,
                2 => 10,
                3 => 1,
                _ => return None,
            };
            rest.is_empty().then_some(fraction * to_millis)?
        }
    };
    let hour = match half {
        None => hour,
        // 中午 10:00 to 11:59 is before noon.
        Some(("中午", _)) if hour >= 10 => hour,
        // 晚上12:00 is ambiguous: the end of the day or its beginning.
        Some(("晚上" | "晚" | "夜间" | "凌晨" | "早上", _)) if hour == 12 => return None,
        Some((_, false)) if hour == 12 => 0,
        Some((_, true)) if hour < 12 => hour + 12,
        Some(_) => hour,
    };
    let small = |n: i32| i8::try_from(n).ok();
    let nanos = millis.checked_mul(1_000_000)?;
    jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()
}
