//! The words of the pages, each once with its Chinese and its English. A word without one of the two,
//! or with an argument that one of them lacks, does not compile.

mod admin;
mod boards;
mod command;
mod desk;
mod disclosures;
mod everywhere;
mod pleas;
mod points;
mod templates;
mod villagers;

use topology::Term;

pub(crate) use api::Language;

/// What something is called, in either language.
pub(crate) type Label = fn(Words) -> &'static str;

/// All words in one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// Chooses between two texts.
    pub(crate) const fn of<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    /// Chooses between two texts of the node, of which the Chinese may be missing; empty without any.
    pub(crate) fn either(self, chinese: Option<&str>, english: Option<&str>) -> String {
        let english = english.unwrap_or_default();
        self.of(chinese.unwrap_or(english), english).to_owned()
    }

    /// Returns what people call a value of an enumeration.
    pub(crate) fn term<T: Term>(self, term: T) -> &'static str {
        self.of(term.chinese(), term.english())
    }

    /// Returns a short name of a value, for buttons, tables and tags. The English of most enumerations
    /// explains a value in a sentence; its code is the shorter name: `grid-worker` is `Grid worker`.
    pub(crate) fn short<T: Term>(self, term: T) -> String {
        match self.0 {
            Language::Chinese => term.chinese().to_owned(),
            Language::English => {
                let words = term.code().replace('-', " ");
                let (first, rest) = words.split_at(words.len().min(1));
                format!("{}{rest}", first.to_ascii_uppercase())
            }
        }
    }
}

/// Declares words: `name: "中文", "English";`, or with arguments
/// `name(count): "{count}件", "{count} matters";`.
macro_rules! words {
    ($($name:ident $(($($argument:ident),+))?: $chinese:literal, $english:literal;)*) => {
        impl $crate::words::Words {
            $($crate::words::word!($name ($($($argument),+)?) $chinese $english);)*
        }
    };
}

/// Declares one word.
macro_rules! word {
    ($name:ident () $chinese:literal $english:literal) => {
        pub(crate) const fn $name(self) -> &'static str {
            self.of($chinese, $english)
        }
    };
    ($name:ident ($($argument:ident),+) $chinese:literal $english:literal) => {
        pub(crate) fn $name(self, $($argument: impl std::fmt::Display),+) -> String {
            match self.0 {
                $crate::words::Language::Chinese => format!($chinese, $($argument = $argument),+),
                $crate::words::Language::English => format!($english, $($argument = $argument),+),
            }
        }
    };
}

pub(crate) use {word, words};

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn a_value_has_a_short_name_in_each_language() {
        let role = domain::people::Role::GridWorker;
        let names =
            [Language::Chinese, Language::English].map(|language| Words(language).short(role));
        assert_eq!(names, ["网格员", "Grid worker"]);
    }

    /// No script has words of its own: they are handed to it by the page, in its language.
    #[test]
    fn no_script_has_words_of_its_own() {
        let scripts = [
            include_str!("../assets/console.js"),
            include_str!("../assets/desk.js"),
            include_str!("../assets/offline.js"),
            include_str!("../assets/photos.js"),
            include_str!("../worker/sw.js"),
        ];
        for script in scripts {
            assert!(!script.contains(is_chinese), "{}", &script[..80]);
        }
    }

    /// R-D14: nothing on the desk measures people by presence or use.
    #[test]
    fn no_word_of_the_desk_counts_presence() {
        let words = include_str!("words/desk.rs");
        for word in ["打卡", "签到", "在线时长", "积分", "里程", "公里", "点击量"]
        {
            assert!(!words.contains(word), "{word}");
        }
    }

    /// The declared words: file, name, Chinese, English.
    fn declared() -> Vec<(&'static str, String, String, String)> {
        let files = [
            ("everywhere", include_str!("words/everywhere.rs")),
            ("villagers", include_str!("words/villagers.rs")),
            ("desk", include_str!("words/desk.rs")),
            ("admin", include_str!("words/admin.rs")),
            ("boards", include_str!("words/boards.rs")),
            ("points", include_str!("words/points.rs")),
            ("templates", include_str!("words/templates.rs")),
            ("command", include_str!("words/command.rs")),
        ];
        let lines = files
            .iter()
            .flat_map(|(file, text)| text.lines().map(move |line| (*file, line)));
        let word = |(file, line): (&'static str, &str)| {
            let (name, rest) = line.strip_prefix("    ")?.split_once(": \"")?;
            let (chinese, english) = rest.strip_suffix("\";")?.split_once("\", \"")?;
            Some((
                file,
                name.to_owned(),
                chinese.to_owned(),
                english.to_owned(),
            ))
        };
        lines.filter_map(word).collect()
    }

    fn is_chinese(c: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&c)
    }

    /// R-A15: that a word has both languages is checked by the compiler; here, that each is in its language.
    #[test]
    fn every_word_is_chinese_in_chinese_and_english_in_english() {
        let words = declared();
        assert!(words.len() > 500, "{}", words.len());
        for (file, name, chinese, english) in words {
            // The name of the other language is in that language.
            if name.starts_with("other_language") {
                continue;
            }
            let has_both = !chinese.is_empty() && !english.is_empty();
            assert!(has_both, "{file} {name}");
            assert!(!english.contains(is_chinese), "{file} {name}: {english}");
            let arguments = |text: &str| {
                let named = text.split('{').skip(1);
                let named = named.map(|rest| rest.split('}').next().unwrap().to_owned());
                named.collect::<BTreeSet<_>>()
            };
            assert_eq!(arguments(&chinese), arguments(&english), "{file} {name}");
            let has_words = chinese.chars().any(is_chinese) || chinese.contains('{');
            assert!(has_words, "{file} {name}: {chinese}");
        }
    }

    /// R-P14: nothing that a page says by itself calls a matter solved; only the reporter's own buttons
    /// do, and what an office finds is said to be what the office says.
    #[test]
    fn no_page_says_by_itself_that_a_matter_is_solved() {
        let may = ["my_solved", "my_not_solved", "my_contest_hint"];
        for (file, name, chinese, english) in declared() {
            let says = chinese.contains("解决") || english.to_lowercase().contains("solved");
            assert!(!says || may.contains(&&*name), "{file} {name}: {chinese}");
        }
    }

    /// Removes what stands between two marks.
    fn without(text: &str, from: &str, to: &str) -> String {
        let mut left = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(from) {
            left += before;
            rest = after.split_once(to).map_or("", |(_, rest)| rest);
        }
        left + rest
    }

    /// R-A15: no template has words outside the files of words, neither between tags nor in the attributes
    /// that people read or hear.
    #[test]
    fn no_template_has_words_of_its_own() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let text = without(&text, "{#", "#}");
                let text = without(&text, "{%", "%}");
                let text = without(&text, "{{", "}}");
                for attribute in ["aria-label", "alt", "title", "placeholder", "data-label"] {
                    for value in text.split(&format!(" {attribute}=\"")).skip(1) {
                        let value = value.split('"').next().unwrap();
                        let own = value.chars().any(char::is_alphabetic);
                        assert!(!own, "{} {attribute}: {value}", path.display());
                    }
                }
                let text = without(&text, "<", ">");
                let own: String = text.chars().filter(|c| c.is_alphabetic()).collect();
                assert_eq!(own, "", "{}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 5, "{seen}");
    }
}
