//! Division codes: the twelve digits that name a division, and the tier they stand for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the five administrative tiers, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// 省
    Province,
    /// 市 (prefecture level)
    City,
    /// 县, 区, 县级市
    County,
    /// 乡, 镇, 街道
    Township,
    /// 村, 社区, 园区
    Village,
}

impl Tier {
    /// All tiers, highest first.
    pub const ALL: [Self; 5] =
        [Self::Province, Self::City, Self::County, Self::Township, Self::Village];

    /// How many leading digits of a code name a division of this tier: 2, 4, 6, 9 or 12.
    pub const fn digits(self) -> u32 {
        match self {
            Self::Province => 2,
            Self::City => 4,
            Self::County => 6,
            Self::Township => 9,
            Self::Village => 12,
        }
    }

    /// The English name, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::County => "county",
            Self::Township => "township",
            Self::Village => "village",
        }
    }

    /// The Chinese name.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Province => "省",
            Self::City => "市",
            Self::County => "县",
            Self::Township => "乡镇",
            Self::Village => "村",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A 12-digit statistical division code (统计用区划代码), zero-padded. `330825002222` is 张王村.
///
/// Ordered as a number, so that a division comes before everything below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(u64);

/// Why a text is not a division code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not 2, 4, 6, 9 or 12 digits long.
    #[error("`{0}` has {1} characters; a division code has 2, 4, 6, 9 or 12 digits")]
    Length(String, usize),
    /// Something other than the digits 0 to 9.
    #[error("`{0}` holds something other than digits")]
    Digits(String),
    /// A province code below 11.
    #[error("`{0}` names no province: the first two digits are 11 to 99")]
    Province(String),
    /// A division below a level that is all zeros where zeros mean "none", e.g. `330000001002`
    /// is allowed (a skipped tier) but `33000000000x` with a village and no township is not.
    #[error("`{0}` names a village-tier unit without a township-tier part")]
    Gap(String),
}

impl DivisionCode {
    /// The code as a number of at most twelve digits.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Reads a code back from its number; `None` if it names no division.
    pub fn from_u64(number: u64) -> Option<Self> {
        format!("{number:012}").parse().ok()
    }

    /// The tier that the padding zeros say: the lowest part that is not zero.
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

    /// The code cut to what `tier` needs and padded again: the nominal ancestor at that tier, which
    /// need not exist. Cutting to a lower tier than one's own changes nothing.
    pub const fn cut(self, tier: Tier) -> Self {
        let unit = 10u64.pow(12 - tier.digits());
        Self(self.0 / unit * unit)
    }

    /// The digits without their padding: `33`, `3308`, `330825`, `330825002` or `330825002222`.
    pub fn short(self) -> String {
        self.to_string()[..self.tier().digits() as usize].to_owned()
    }
}

impl FromStr for DivisionCode {
    type Err = CodeError;

    /// Takes a code short (`330825`) or padded (`330825000000`).
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CodeError::Digits(text.to_owned()));
        }
        if !matches!(text.len(), 2 | 4 | 6 | 9 | 12) {
            return Err(CodeError::Length(text.to_owned(), text.len()));
        }
        let number: u64 = format!("{text:0<12}").parse().expect("twelve ASCII digits fit a u64");
        let code = Self(number);
        if number < 110_000_000_000 {
            return Err(CodeError::Province(text.to_owned()));
        }
        if code.tier() == Tier::Village && (number / 1_000).is_multiple_of(1_000) {
            return Err(CodeError::Gap(text.to_owned()));
        }
        Ok(code)
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:012}", self.0))
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl Serialize for DivisionCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DivisionCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
