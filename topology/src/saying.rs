//! What the program tells operators of, in both languages: details of alarms, errors of background
//! work, why a link ended, what is wrong in a file. A saying without one of the languages does not compile.

use std::fmt;

use crate::Term;
use serde::{Deserialize, Serialize};

/// One thing told in English and in Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Saying {
    /// The English text.
    pub english: String,
    /// The Chinese text.
    pub chinese: String,
}

impl Saying {
    /// Returns what people call a value of an enumeration.
    pub fn term(term: impl Term) -> Self {
        Self {
            english: term.english().to_owned(),
            chinese: term.chinese().to_owned(),
        }
    }

    /// Returns a text that has no languages, such as one of the operating system.
    pub fn foreign(text: impl fmt::Display) -> Self {
        let english = text.to_string();
        Self {
            chinese: english.clone(),
            english,
        }
    }

    /// Applies the same change to both texts.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            english: change(&self.english),
            chinese: change(&self.chinese),
        }
    }
}

/// What stands in a saying: a number, a code or a name, the same in both languages, or another saying.
pub trait Part {
    /// Returns it in English.
    fn in_english(&self) -> String;

    /// Returns it in Chinese.
    fn in_chinese(&self) -> String;
}

impl<T: fmt::Display> Part for T {
    fn in_english(&self) -> String {
        self.to_string()
    }

    fn in_chinese(&self) -> String {
        self.to_string()
    }
}

// It has no `Display`, so that nobody shows one language where the other is wanted.
impl Part for Saying {
    fn in_english(&self) -> String {
        self.english.clone()
    }

    fn in_chinese(&self) -> String {
        self.chinese.clone()
    }
}

/// Declares sayings, each a function that takes its parts: `fn name(part): "中文 {part}", "English {part}";`.
/// A part that one of the languages does not name does not compile.
#[macro_export]
macro_rules! sayings {
    ($($(#[$note:meta])* $vis:vis fn $name:ident($($part:ident),*): $chinese:literal, $english:literal;)*) => { $(
        $(#[$note])*
        $vis fn $name($($part: impl $crate::saying::Part),*) -> $crate::saying::Saying {
            $crate::saying::Saying {
                english: ::std::fmt::format(
                    ::core::format_args!($english $(, $part = $crate::saying::Part::in_english(&$part))*),
                ),
                chinese: ::std::fmt::format(
                    ::core::format_args!($chinese $(, $part = $crate::saying::Part::in_chinese(&$part))*),
                ),
            }
        }
    )* };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;

    crate::sayings! {
        fn fails(count, why): "{count} 次失败：{why}", "{count} failures: {why}";
    }

    #[test]
    fn a_saying_inside_another_is_told_in_the_language_of_the_other() {
        let said = fails(3, Saying::term(Tier::County));
        assert_eq!(
            said.english,
            "3 failures: county, district or city of county level"
        );
        assert_eq!(said.chinese, "3 次失败：县");
        let quoted = fails(1, "EIO");
        assert!(quoted.english.ends_with("EIO") && quoted.chinese.ends_with("EIO"));
    }
}
