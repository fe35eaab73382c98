//! What a problem says, in both languages.

use std::{borrow::Cow, fmt};

/// What happened and what to do, in English and in Chinese. The last semicolon of each text (`; ` in English,
/// `；` in Chinese) stands before what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The English text.
    pub english: Cow<'static, str>,
    /// The Chinese text.
    pub chinese: Cow<'static, str>,
}

/// A refusal that people meet: its `Display` is English, and this is its Chinese. The implementations are in
/// `chinese/`; what a refusal names, such as numbers and codes, is the same in both.
pub trait InChinese: fmt::Display {
    /// Returns the refusal in Chinese; what to do stands behind the last `；`.
    fn in_chinese(&self) -> String;
}

impl<E, C> From<(E, C)> for Told
where
    E: Into<Cow<'static, str>>,
    C: Into<Cow<'static, str>>,
{
    fn from((english, chinese): (E, C)) -> Self {
        Self {
            english: english.into(),
            chinese: chinese.into(),
        }
    }
}

impl<T: InChinese + ?Sized> From<&T> for Told {
    fn from(refusal: &T) -> Self {
        (refusal.to_string(), refusal.in_chinese()).into()
    }
}

/// Writes the Chinese of an enumeration of refusals, a row for each variant. A variant without a row does not
/// compile, nor does a row that does not name what the variant holds. `through` lists the variants that only
/// hold another refusal.
macro_rules! chinese {
    ($type:ty, through [$($inner:ident),*] {
        $($variant:ident $(($($field:pat),+))? $({$($name:ident),+})? => $text:literal $(($($arg:tt)+))?,)*
    }) => {
        impl $crate::problem::InChinese for $type {
            fn in_chinese(&self) -> String {
                match self {
                    $(Self::$inner(refusal) => $crate::problem::InChinese::in_chinese(refusal),)*
                    $(Self::$variant $(($($field),+))? $({$($name),+})? =>
                        std::fmt::format(format_args!($text $(, $($arg)+)?)),)*
                }
            }
        }
    };
    ($type:ty { $($row:tt)* }) => {
        $crate::problem::told::chinese! { $type, through [] { $($row)* } }
    };
}

/// Writes the Chinese of refusals that are one thing each.
macro_rules! chinese_of {
    ($($type:ty: $it:ident => $text:literal $(($($arg:tt)+))?,)*) => { $(
        impl $crate::problem::InChinese for $type {
            fn in_chinese(&self) -> String {
                let $it = self;
                let _unnamed = $it;
                std::fmt::format(format_args!($text $(, $($arg)+)?))
            }
        }
    )* };
}

pub(in crate::problem) use {chinese, chinese_of};
