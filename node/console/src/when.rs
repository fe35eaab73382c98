//! Moments and numbers, as people of a language write them.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::words::Language;

/// The time zone of all pages.
const ZONE: &str = "Asia/Shanghai";

/// A moment, as a `time` element with day, hour and minute.
#[derive(Clone, Debug)]
pub(crate) struct When {
    at: Zoned,
    language: Language,
}

impl When {
    /// Returns a moment given in milliseconds since 1970.
    pub(crate) fn new(ms: i64, language: Language) -> Self {
        let at = Timestamp::from_millisecond(ms).unwrap_or_default();
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        Self {
            at: at.to_zoned(zone),
            language,
        }
    }

    /// Returns the text without the element.
    pub(crate) fn text(&self) -> String {
        let pattern = match self.language {
            Language::Chinese => "%Y年%-m月%-d日 %H:%M",
            Language::English => "%-d %b %Y %H:%M",
        };
        self.at.strftime(pattern).to_string()
    }
}

impl When {
    /// Returns it as the head of a page names it for registries: `2026-11-28 10:42`.
    pub(crate) fn minute(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// Writes a count as people of both languages do, in groups of three digits: `12,345`.
pub(crate) fn count(count: impl fmt::Display) -> String {
    let digits = count.to_string();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", &*digits),
    };
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    format!("{sign}{}", groups.join(","))
}

/// Writes a length of a file in its largest unit: `812 B`, `96 KB`, `1.4 MB`.
pub(crate) fn size(bytes: &u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = KB * KB;
    match *bytes {
        bytes @ 0..KB => format!("{bytes} B"),
        bytes @ KB..MB => format!("{} KB", bytes.div_ceil(KB)),
        bytes => format!("{}.{} MB", bytes / MB, bytes % MB * 10 / MB),
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.at.strftime("%Y-%m-%dT%H:%M:%S%:z");
        write!(f, "<time datetime=\"{machine}\">{}</time>", self.text())
    }
}

// It is made of digits and constant words.
impl HtmlSafe for When {}

/// A length of time, from the largest unit that it fills: `3天`, `5小时`, `20分钟`.
pub(crate) fn length(ms: i64, language: Language) -> String {
    const MINUTE: i64 = 60_000;
    let minutes = ms.abs() / MINUTE;
    let (number, chinese, one, several) = match minutes {
        0..60 => (minutes, "分钟", "minute", "minutes"),
        60..2_880 => (minutes / 60, "小时", "hour", "hours"),
        _ => (minutes / 1_440, "天", "day", "days"),
    };
    match (language, number) {
        (Language::Chinese, _) => format!("{number}{chinese}"),
        (Language::English, 1) => format!("1 {one}"),
        (Language::English, _) => format!("{number} {several}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-A24.
    #[test]
    fn a_moment_has_its_zone() {
        let moment = |language| When::new(1_795_833_720_000, language).to_string();
        assert_eq!(
            moment(Language::Chinese),
            "<time datetime=\"2026-11-28T10:42:00+08:00\">2026年11月28日 10:42</time>"
        );
        assert!(moment(Language::English).contains(">28 Nov 2026 10:42<"));
    }

    /// R-A24.
    #[test]
    fn a_count_is_written_in_groups_of_three_digits() {
        let told = [0, 999, 1_000, 52_428_800, -12_345].map(count);
        assert_eq!(told, ["0", "999", "1,000", "52,428,800", "-12,345"]);
    }

    #[test]
    fn the_length_of_a_file_is_told_in_its_largest_unit() {
        let told = [812, 1_024, 98_000, 1_500_000].map(|bytes| size(&bytes));
        assert_eq!(told, ["812 B", "1 KB", "96 KB", "1.4 MB"]);
    }

    #[test]
    fn a_length_is_told_in_its_largest_unit() {
        let told = |minutes: i64| length(minutes * 60_000, Language::English);
        assert_eq!(
            [told(1), told(59), told(60)],
            ["1 minute", "59 minutes", "1 hour"]
        );
        assert_eq!([told(2_879), told(2_880)], ["47 hours", "2 days"]);
        assert_eq!(length(-3 * 86_400_000, Language::Chinese), "3天");
    }
}
