//! The vocabulary: an enumeration is declared once, with everything by which programs and people know its
//! values. Storage, wire, JSON, commands and pages read the declaration through [`Term`].

use std::fmt;

/// A value of an enumeration that [`vocabulary!`](crate::vocabulary!) declares.
pub trait Term: Copy + Eq + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The name of the enumeration in the code, such as `Tier`.
    const NAME: &'static str;
    /// What one value is, in English without an article, such as `kind of unit`.
    const WHAT: &'static str;
    /// All values, in the order in which lists show them.
    const ALL: &'static [Self];

    /// Returns the word by which JSON, commands and metrics know the value. It never changes.
    fn code(self) -> &'static str;

    /// Returns the number of the value, which is that of its protobuf enumeration if it has one. It is never
    /// given to another value of the same enumeration.
    fn number(self) -> i32;

    /// Returns what people call it in Chinese.
    fn chinese(self) -> &'static str;

    /// Returns what people call it in English.
    fn english(self) -> &'static str;

    /// Returns the value with this code; `None` if there is none.
    fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|term| term.code() == code)
    }

    /// Returns the value with this number; `None` if this build knows none.
    fn of_number(number: i32) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|term| term.number() == number)
    }

    /// Returns code and Chinese, as lists for people show a value: `village 村`.
    fn label(self) -> String {
        format!("{self} {}", self.chinese())
    }
}

/// Error for a text that is no code of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{found}`; use {expected}")]
pub struct UnknownTerm {
    /// What was expected, such as `tier`.
    what: &'static str,
    /// The text, cut to 24 characters.
    found: String,
    /// The codes that are known.
    expected: String,
}

impl UnknownTerm {
    /// Returns the text, cut to 24 characters.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// Returns the codes that are known, in a row.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

/// Reads a code. Blanks around it are ignored.
///
/// # Errors
/// [`UnknownTerm`], which names the codes that are known.
pub fn parse<T: Term>(text: &str) -> Result<T, UnknownTerm> {
    let wanted = text.trim();
    T::of_code(wanted).ok_or_else(|| UnknownTerm {
        what: T::WHAT,
        found: wanted.chars().take(24).collect(),
        expected: listed(T::ALL.iter().map(|term| term.code())),
    })
}

/// Joins words for a sentence: `a, b or c`.
fn listed<'a>(words: impl DoubleEndedIterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    match words.pop() {
        Some(last) if words.is_empty() => last.to_owned(),
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

/// One enumeration as data, for pages and tests about all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// Its name in the code.
    pub name: &'static str,
    /// What one value is, in English.
    pub what: &'static str,
    /// Its values in order.
    pub rows: Vec<Row>,
}

/// One value of an [`Enumeration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// See [`Term::code`].
    pub code: &'static str,
    /// See [`Term::number`].
    pub number: i32,
    /// See [`Term::chinese`].
    pub chinese: &'static str,
    /// See [`Term::english`].
    pub english: &'static str,
}

impl Enumeration {
    /// Returns an enumeration as data.
    pub fn of<T: Term>() -> Self {
        let row = |term: &T| Row {
            code: term.code(),
            number: term.number(),
            chinese: term.chinese(),
            english: term.english(),
        };
        Self {
            name: T::NAME,
            what: T::WHAT,
            rows: T::ALL.iter().map(row).collect(),
        }
    }
}

/// Declares an enumeration with a row for each value: variant, number, code, Chinese, English.
///
/// ```
/// use wujitong_topology::{Term, vocabulary};
///
/// vocabulary! {
///     /// How a clock ended.
///     pub enum How: "end of a clock" {
///         Met = 1, "met", "按时", "in time";
///         Late = 2, "late", "超期完成", "done after it was due";
///     }
/// }
/// assert_eq!(How::Met.chinese(), "按时");
/// assert_eq!("late".parse(), Ok(How::Late));
/// ```
///
/// The type is `Copy`, ordered as declared, and gets [`Term`], `Display` and `FromStr` by its code. Serde
/// writes the code in JSON and the position in binary records, so rows are only ever appended.
///
/// `: "what", column: Type` adds a column, which every row ends with, and a method that returns it.
///
/// `names Other` declares the names of the variants of `Other`, an enumeration whose variants hold data, and
/// gives `Other` a method `name`. A variant of `Other` without a row does not compile.
#[macro_export]
macro_rules! vocabulary {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal {
            $($(#[$note:meta])* $variant:ident = $number:literal, $code:tt, $chinese:literal, $english:literal;)+
        }
    ) => {
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        $(#[$meta])*
        $vis enum $name {
            $(
                #[doc = concat!($chinese, ": ", $english, ".")]
                $(#[$note])*
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl $name {
            /// All values, in the order of the declaration.
            $vis const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// Returns the word by which JSON, commands and metrics know it.
            $vis const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Returns its number, which is never given to another value.
            $vis const fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// Returns what people call it in Chinese.
            $vis const fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)+ }
            }

            /// Returns what people call it in English.
            $vis const fn english(self) -> &'static str {
                match self { $(Self::$variant => $english,)+ }
            }

            /// Returns code and Chinese, as lists for people show it.
            $vis fn label(self) -> String {
                $crate::vocabulary::Term::label(self)
            }
        }

        impl $crate::vocabulary::Term for $name {
            const NAME: &'static str = stringify!($name);
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &<$name>::ALL;

            fn code(self) -> &'static str {
                <$name>::code(self)
            }

            fn number(self) -> i32 {
                <$name>::number(self)
            }

            fn chinese(self) -> &'static str {
                <$name>::chinese(self)
            }

            fn english(self) -> &'static str {
                <$name>::english(self)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.code())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownTerm;

            /// Reads the code. Blanks around it are ignored.
            fn from_str(text: &str) -> Result<Self, $crate::vocabulary::UnknownTerm> {
                $crate::vocabulary::parse(text)
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal, $(#[$about:meta])* $column:ident: $type:ty {
            $(
                $(#[$note:meta])*
                $variant:ident = $number:literal, $code:tt, $chinese:literal, $english:literal, $value:expr;
            )+
        }
    ) => {
        $crate::vocabulary! {
            $(#[$meta])*
            $vis enum $name: $what {
                $($(#[$note])* $variant = $number, $code, $chinese, $english;)+
            }
        }

        impl $name {
            $(#[$about])*
            $vis const fn $column(self) -> $type {
                match self { $(Self::$variant => $value,)+ }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident names $of:ident: $what:literal
        $(, $(#[$about:meta])* $column:ident: $type:ty)? {
            $(
                $(#[$note:meta])*
                $variant:ident = $number:literal, $code:tt, $chinese:literal, $english:literal
                $(, $value:expr)?;
            )+
        }
    ) => {
        $crate::vocabulary! {
            $(#[$meta])*
            $vis enum $name: $what $(, $(#[$about])* $column: $type)? {
                $($(#[$note])* $variant = $number, $code, $chinese, $english $(, $value)?;)+
            }
        }

        impl $of {
            /// Returns its name, without what else it holds.
            $vis const fn name(&self) -> $name {
                match self { $(Self::$variant { .. } => $name::$variant,)+ }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    crate::vocabulary! {
        /// A colour.
        #[derive(Default)]
        enum Colour names Paint: "colour",
            /// Returns its wavelength in nanometres.
            nanometres: u32 {
            #[default]
            Red = 2, "red", "红", "the colour of blood", 700;
            DarkBlue = 1, "dark-blue", "深蓝", "the colour of the sea", 450;
        }
    }

    #[derive(Clone, Copy)]
    enum Paint {
        Red,
        DarkBlue { litres: u8 },
    }

    use super::*;

    #[test]
    fn a_value_is_found_by_its_code_and_its_number_and_nothing_else() {
        for colour in Colour::ALL {
            assert_eq!(colour.to_string().parse(), Ok(colour));
            assert_eq!(Colour::of_number(colour.number()), Some(colour));
            let json = serde_json::to_value(colour).unwrap();
            assert_eq!(json, colour.code());
            assert_eq!(serde_json::from_value::<Colour>(json).unwrap(), colour);
        }
        assert_eq!(Colour::of_number(0), None);
        assert_eq!(Colour::default().nanometres(), 700);
        assert_eq!(Colour::DarkBlue.label(), "dark-blue 深蓝");
        let unknown = " green".parse::<Colour>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown colour `green`; use red or dark-blue"
        );
    }

    #[test]
    fn a_variant_with_data_has_the_name_of_its_row() {
        assert_eq!(Paint::Red.name(), Colour::Red);
        let sea = Paint::DarkBlue { litres: 3 };
        assert_eq!(sea.name(), Colour::DarkBlue);
        assert!(matches!(sea, Paint::DarkBlue { litres: 3 }));
    }

    #[test]
    fn an_enumeration_is_data_for_those_who_list_all() {
        let colours = Enumeration::of::<Colour>();
        assert_eq!((colours.name, colours.what), ("Colour", "colour"));
        let row = colours.rows[1];
        assert_eq!(
            (row.code, row.number, row.chinese),
            ("dark-blue", 1, "深蓝")
        );
        assert_eq!(row.english, "the colour of the sea");
    }
}
