//! The languages in which people read answers and pages.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Returns the tag of the language (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Returns the language of a tag such as `zh`, `zh-Hans-CN` or `en-GB`; `None` for any other language.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Returns the language that an `Accept-Language` header likes best (RFC 9110, 12.5.4); `None` if it names
    /// neither.
    pub fn liked_best(header: &str) -> Option<Self> {
        let liked = header.split(',').filter_map(|one| {
            let (tag, weight) = one.split_once(";q=").unwrap_or((one, "1"));
            let weight: f32 = weight.trim().parse().ok()?;
            Some((Self::of_tag(tag.trim())?, weight)).filter(|(_, weight)| *weight > 0.0)
        });
        let best = liked.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(language, _)| language)
    }

    /// Returns the language of a locale of the system such as `zh_CN.UTF-8`; `None` for any other language.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let tag = locale.split(['_', '.', '@']).next().unwrap_or_default();
        Self::of_tag(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_the_beginning_of_its_tag() {
        for (tag, language) in [
            ("zh-Hans-CN", Some(Language::Chinese)),
            ("EN-gb", Some(Language::English)),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag}");
        }
        assert_eq!(Language::of_locale("zh_CN.UTF-8"), Some(Language::Chinese));
        assert_eq!(Language::of_locale("C.UTF-8"), None);
    }

    #[test]
    fn the_language_with_the_greatest_weight_wins() {
        for (header, language) in [
            ("de, en;q=0.8, zh;q=0.5", Some(Language::English)),
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::Chinese)),
            ("en;q=0, zh;q=0.1", Some(Language::Chinese)),
            ("de, *", None),
        ] {
            assert_eq!(Language::liked_best(header), language, "{header}");
        }
    }
}
