//! The language of the terminal.

use api::Language;

/// Returns the language of the terminal: Chinese if the locale of the environment says so, else English.
pub(super) fn of_terminal() -> Language {
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let set = names
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    of_locale(set.into_iter().find(|locale| !locale.is_empty()))
}

fn of_locale(locale: Option<String>) -> Language {
    locale
        .and_then(|locale| Language::of_locale(&locale))
        .unwrap_or(Language::English)
}

/// Returns the text of a language. A node of before tells some things in English alone.
pub(super) const fn told<'a>(language: Language, english: &'a str, chinese: &'a str) -> &'a str {
    match language {
        Language::Chinese if !chinese.is_empty() => chinese,
        _ => english,
    }
}

/// Does the same for texts that may be missing; empty without any.
pub(super) fn either(
    language: Language,
    english: Option<&String>,
    chinese: Option<&String>,
) -> String {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    told(language, &text(english), &text(chinese)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_in_chinese_if_its_locale_is_and_nothing_is_left_out() {
        let of = |locale: &str| of_locale(Some(locale.to_owned()));
        assert_eq!(of("zh_CN.UTF-8"), Language::Chinese);
        for other in ["C.UTF-8", "en_GB.UTF-8", "de_DE"] {
            assert_eq!(of(other), Language::English, "{other}");
        }
        assert_eq!(of_locale(None), Language::English);
        assert_eq!(told(Language::Chinese, "late", "晚"), "晚");
        assert_eq!(told(Language::Chinese, "late", ""), "late");
        assert_eq!(told(Language::English, "late", "晚"), "late");
    }
}
