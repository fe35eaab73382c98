//! The words of the pages, each once with its Chinese and its English. A word without one of the two,
//! or with an argument that one of them lacks, does not compile.

mod admin;
mod desk;
mod disclosures;
mod everywhere;
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
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn a_value_has_a_short_name_in_each_language() {
        let role = domain::people::Role::GridWorker;
        let names =
            [Language::Chinese, Language::English].map(|language| Words(language).short(role));
        assert_eq!(names, ["网格员", "Grid worker"]);
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
                let text = without(&text, "<", ">");
                let own: String = text.chars().filter(|c| c.is_alphabetic()).collect();
                assert_eq!(own, "", "{}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 5, "{seen}");
    }
}
