//! Division codes: the twelve digits that name a division, and the tier they stand for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

crate::vocabulary! {
    /// One of the five administrative tiers, highest first.
    pub enum Tier: "tier" {
        Province = 1, "province", "省", "province";
        City = 2, "city", "市", "city of prefecture level";
        County = 3, "county", "县", "county, district or city of county level";
        Township = 4, "township", "乡镇", "township, town or subdistrict";
        Village = 5, "village", "村", "village, community or park";
    }
}

impl Tier {
    /// Returns how many leading digits of a code name a division of this tier: 2, 4, 6, 9 or 12.
    pub const fn digits(self) -> u32 {
        match self {
            Self::Province => 2,
            Self::City => 4,
            Self::County => 6,
            Self::Township => 9,
            Self::Village => 12,
        }
    }
}

/// A 12-digit statistical division code (统计用区划代码), zero-padded. `330825002222` is 张王村.
///
/// Codes are ordered as numbers, so that a division comes before everything below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(u64);

/// The reason why a text is not a division code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The text is not 2, 4, 6, 9 or 12 digits long. Holds the text, cut to its first 24
    /// characters, and its length.
    #[error("`{0}` has {1} characters; a division code has 2, 4, 6, 9 or 12 digits")]
    Length(String, usize),
    /// The text has something other than the digits 0 to 9. Holds the text, cut to its first 24
    /// characters.
    #[error("`{0}` holds something other than digits")]
    Digits(String),
    /// The province part is below 11.
    #[error("`{0}` names no province: the first two digits are 11 to 99")]
    Province(String),
    /// A village-tier part follows a township-tier part of zeros, as in `330825000222`. Zeros for
    /// the city or the county are allowed: they mean that the tier is skipped.
    #[error("`{0}` names a village-tier unit without a township-tier part")]
    Gap(String),
}

const LOWEST: u64 = 110_000_000_000;
const HIGHEST: u64 = 999_999_999_999;

/// Most characters of a refused text that an error repeats.
const SHOWN: usize = 24;

impl DivisionCode {
    /// Returns the code as a number of twelve digits.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Reads a code back from its number; `None` if it names no division.
    pub const fn from_u64(number: u64) -> Option<Self> {
        let code = Self(number);
        if number < LOWEST || number > HIGHEST || code.has_gap() {
            None
        } else {
            Some(code)
        }
    }

    const fn has_gap(self) -> bool {
        !self.0.is_multiple_of(1_000) && (self.0 / 1_000).is_multiple_of(1_000)
    }

    /// Returns the tier implied by the padding zeros: that of the lowest part that is not zero.
    pub const fn tier(self) -> Tier {
        if !self.0.is_multiple_of(1_000) {
            Tier::Village
        } else if !self.0.is_multiple_of(1_000_000) {
            Tier::Township
        } else if !self.0.is_multiple_of(100_000_000) {
            Tier::County
        } else if !self.0.is_multiple_of(10_000_000_000) {
            Tier::City
        } else {
            Tier::Province
        }
    }

    /// Returns the nominal ancestor at `tier`, which need not exist: the code cut to the digits of
    /// that tier and padded again. Cutting to a lower tier than one's own changes nothing.
    pub const fn cut(self, tier: Tier) -> Self {
        let unit = 10u64.pow(12 - tier.digits());
        Self(self.0 / unit * unit)
    }

    /// Returns the nominal ancestors, nearest first, up to the province. None of them need exist. A
    /// skipped tier (a part that is all zeros) is passed over.
    pub fn enclosing(self) -> impl Iterator<Item = Self> {
        let own = self.tier();
        Tier::ALL
            .into_iter()
            .rev()
            .filter(move |&tier| tier < own)
            .map(move |tier| (tier, self.cut(tier)))
            .filter(|&(tier, code)| code.tier() == tier)
            .map(|(_, code)| code)
    }

    /// Returns the digits without their padding: `33`, `3308`, `330825`, `330825002` or
    /// `330825002222`.
    pub fn short(self) -> String {
        self.to_string()[..self.tier().digits() as usize].to_owned()
    }
}

impl FromStr for DivisionCode {
    type Err = CodeError;

    /// Reads a code that is short (`330825`), padded (`330825000000`) or padded in part: `330000`
    /// is the province, as in GB/T 2260.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        let shown = || text.chars().take(SHOWN).collect::<String>();
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CodeError::Digits(shown()));
        }
        if !matches!(text.len(), 2 | 4 | 6 | 9 | 12) {
            return Err(CodeError::Length(shown(), text.len()));
        }
        let number = text
            .bytes()
            .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        let code = Self((text.len()..12).fold(number, |number, _| number * 10));
        if code.0 < LOWEST {
            return Err(CodeError::Province(shown()));
        }
        if code.has_gap() {
            return Err(CodeError::Gap(shown()));
        }
        Ok(code)
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [b'0'; 12];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).expect("a remainder of ten fits a byte");
            rest /= 10;
        }
        f.pad(std::str::from_utf8(&digits).expect("decimal digits are ASCII"))
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DivisionCode {
    /// Writes twelve digits in human-readable formats and a number in others.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for DivisionCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            let number = u64::deserialize(deserializer)?;
            Self::from_u64(number)
                .ok_or_else(|| serde::de::Error::custom("a number that names no division"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> DivisionCode {
        text.parse().expect("a code")
    }

    #[test]
    fn a_code_may_be_short_or_padded() {
        for (short, padded, tier) in [
            ("33", "330000000000", Tier::Province),
            ("3308", "330800000000", Tier::City),
            ("330825", "330825000000", Tier::County),
            ("330825002", "330825002000", Tier::Township),
            ("330825002222", "330825002222", Tier::Village),
        ] {
            assert_eq!(code(short), code(padded));
            assert_eq!(code(short).tier(), tier);
            assert_eq!(code(padded).short(), short);
            assert_eq!(code(short).to_string(), padded);
        }
        assert_eq!(code(" 330825 "), code("330825"));
        assert_eq!(code("330000"), code("33"));
        assert_eq!(
            format!("{:>14}|{:?}", code("33"), code("33")),
            "  330000000000|330000000000"
        );
    }

    #[test]
    fn each_wrong_code_has_its_own_reason() {
        let refused = |text: &str| text.parse::<DivisionCode>().expect_err(text);
        assert_eq!(refused("33082"), CodeError::Length("33082".into(), 5));
        assert_eq!(refused(""), CodeError::Length(String::new(), 0));
        assert_eq!(refused("33082x"), CodeError::Digits("33082x".into()));
        assert_eq!(refused("３３"), CodeError::Digits("３３".into()));
        assert_eq!(refused("+3"), CodeError::Digits("+3".into()));
        assert_eq!(refused("10"), CodeError::Province("10".into()));
        assert_eq!(
            refused("330825000222"),
            CodeError::Gap("330825000222".into())
        );
        assert_eq!(
            refused(&"9".repeat(5_000)),
            CodeError::Length("9".repeat(24), 5_000)
        );
    }

    #[test]
    fn nominal_ancestors_pass_over_skipped_tiers() {
        let above = |text| {
            code(text)
                .enclosing()
                .map(|c| c.short())
                .collect::<Vec<_>>()
        };
        assert_eq!(above("330825002222"), ["330825002", "330825", "3308", "33"]);
        assert_eq!(above("441900003001"), ["441900003", "4419", "44"]);
        assert_eq!(above("330001000000"), ["33"]);
        assert_eq!(above("330000001002"), ["330000001", "33"]);
        assert!(above("33").is_empty());
    }

    #[test]
    fn a_tier_is_read_back_from_its_name() {
        for tier in Tier::ALL {
            assert_eq!(tier.to_string().parse(), Ok(tier));
        }
        assert!("hamlet".parse::<Tier>().is_err());
        assert!(Tier::Province < Tier::Village);
    }

    proptest! {
        #[test]
        fn number_and_text_name_the_same_division(number in 0u64..2_000_000_000_000) {
            let read = DivisionCode::from_u64(number);
            prop_assert_eq!(read, format!("{number:012}").parse().ok());
            if let Some(code) = read {
                prop_assert_eq!(code.as_u64(), number);
                prop_assert_eq!(code.short().parse(), Ok(code));
                prop_assert_eq!(code.to_string().parse(), Ok(code));
                for above in code.enclosing() {
                    prop_assert!(above < code && above.tier() < code.tier());
                    prop_assert_eq!(code.cut(above.tier()), above);
                }
            }
        }
    }
}
