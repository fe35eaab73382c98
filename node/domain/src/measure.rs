//! Measures: the numbers that a cell of figures consists of. Each is one row of the list here; the wire, the
//! store, the API, the commands and the judge of figures read the list.
//!
//! A measure travels and is stored as its number. A number without a row belongs to a later build: it is
//! summed and passed on like any other, and shown nowhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many measures there is room for. Their numbers are below it.
pub const MOST_MEASURES: usize = 32;

/// A measure, by its number from 1 to 31. Some numbers have no row in the list of this build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Measure(u8);

/// Error for a number that no measure can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not the number of a measure; they go from 1 to 31")]
pub struct BadMeasure(pub u32);

/// How a measure changes the number of matters that are held and not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A matter came in.
    In,
    /// A matter went out.
    Out,
    /// The number stays as it was.
    None,
}

/// How a parent checks what a child says of a measure, beyond the bounds that hold for every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The steps of matters that crossed the link must explain it (decision 0049).
    Steps,
    /// It counts some of the facts that another measure counts, so no cell has more of it.
    PartOf(Measure),
    /// Only by the bounds that hold for every number: it moves no matter.
    Bounds,
}

/// What there is to know of a measure.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Which one.
    pub measure: Measure,
    /// Its code, in kebab-case.
    pub code: &'static str,
    /// Its name in Chinese.
    pub chinese: &'static str,
    /// What it counts, as a sentence.
    pub english: &'static str,
    /// What it does to the number of open matters.
    pub effect: Effect,
    /// How it is checked.
    pub check: Check,
}

/// Declares the measures, one row each: number, code, Chinese, meaning, effect, check. Numbers are stable and
/// never used again.
macro_rules! measures {
    ($($name:ident = $number:literal, $code:literal, $chinese:literal, $english:literal, $effect:expr, $check:expr;)*) => {
        impl Measure {
            $(#[doc = $english] pub const $name: Self = Self($number);)*

            /// Every measure of this build, in the order in which tables show them.
            pub const LIST: &'static [Row] = &[$(Row {
                measure: Self::$name,
                code: $code,
                chinese: $chinese,
                english: $english,
                effect: $effect,
                check: $check,
            },)*];
        }
    };
}

measures! {
    REPORTED = 1, "reported", "上报", "Matters that a person reported here.", Effect::In, Check::Steps;
    TAKEN = 2, "taken", "接收", "Times custody came here, or stayed because a neighbour refused the transfer.", Effect::In, Check::Steps;
    GIVEN = 3, "given", "移出", "Times custody was given to a neighbour.", Effect::Out, Check::Steps;
    CLOSED = 4, "closed", "结案", "Matters closed here: solved, unfounded, unsolvable or not taken on.", Effect::Out, Check::Steps;
    REOPENED = 5, "reopened", "重开", "Matters opened again here.", Effect::In, Check::Steps;
    WITHDRAWN = 6, "withdrawn", "撤回", "Matters that the reporter withdrew.", Effect::Out, Check::Steps;
    MERGED = 7, "merged", "并案", "Matters closed here as duplicates of another.", Effect::Out, Check::Steps;
    RECATEGORISED_OUT = 8, "recategorised-out", "改类移出", "Matters that left this category for another.", Effect::Out, Check::Steps;
    RECATEGORISED_IN = 9, "recategorised-in", "改类移入", "Matters that came into this category from another.", Effect::In, Check::Steps;
    RETURNED = 10, "returned", "退回", "Times custody was given back to the division that sent it, because it was not for this one.", Effect::None, Check::PartOf(Measure::GIVEN);
    SOLVED = 11, "solved", "解决", "Matters closed here as solved.", Effect::None, Check::PartOf(Measure::CLOSED);
    IN_TIME = 12, "in-time", "按时结案", "Matters closed here before they were due.", Effect::None, Check::PartOf(Measure::CLOSED);
    LATE = 13, "late", "超期结案", "Matters closed here after they were due.", Effect::None, Check::PartOf(Measure::CLOSED);
    CONTESTED = 14, "contested", "不认可", "Matters opened again here because the reporter says that it is not solved.", Effect::None, Check::PartOf(Measure::REOPENED);
    SUPERVISED = 15, "supervised", "督办", "Times a division above wanted a matter done that is here.", Effect::None, Check::Bounds;
    RATED = 16, "rated", "回访评价", "Times a reporter was asked and said how satisfied they are.", Effect::None, Check::Bounds;
    SATISFIED = 17, "satisfied", "满意", "Times a reporter said that they are satisfied or fairly satisfied.", Effect::None, Check::PartOf(Measure::RATED);
}

impl Measure {
    /// Returns the measure with a number; `None` if no measure can have it.
    pub const fn new(number: u32) -> Option<Self> {
        match number {
            1..=31 => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// Returns its number, from 1 to 31.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns its row; `None` if only a later build knows it.
    pub fn row(self) -> Option<&'static Row> {
        Self::LIST.iter().find(|row| row.measure == self)
    }
}

impl TryFrom<u8> for Measure {
    type Error = BadMeasure;

    fn try_from(number: u8) -> Result<Self, BadMeasure> {
        Self::new(number.into()).ok_or(BadMeasure(number.into()))
    }
}

impl From<Measure> for u8 {
    fn from(measure: Measure) -> Self {
        measure.0
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some(row) => f.pad(row.code),
            None => write!(f, "measure {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_codes_and_names_are_told_apart() {
        let rows = Measure::LIST;
        let each = |of: fn(&Row) -> String| rows.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(each(|row| row.measure.number().to_string()), rows.len());
        assert_eq!(each(|row| row.code.to_owned()), rows.len());
        assert_eq!(each(|row| row.chinese.to_owned()), rows.len());
        assert_eq!(each(|row| row.english.to_owned()), rows.len());
        for row in rows {
            let number = row.measure.number();
            assert_eq!(Measure::try_from(number), Ok(row.measure), "{}", row.code);
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(row.code.bytes().all(plain), "{}", row.code);
        }
        assert_eq!(Measure::try_from(32), Err(BadMeasure(32)));
        assert_eq!(Measure::new(0), None);
    }

    #[test]
    fn a_part_leaves_the_number_of_open_matters_to_its_whole() {
        for row in Measure::LIST {
            if let Check::PartOf(whole) = row.check {
                assert_eq!(row.effect, Effect::None, "{}", row.code);
                let whole = whole.row().unwrap();
                let is_whole = !matches!(whole.check, Check::PartOf(_));
                assert!(is_whole, "{}", row.code);
            }
        }
    }
}
