//! Rates: shares that leaders are judged by. Each is a pair of counts, so that rates of divisions and periods can be put together
//! without loss, and small numbers are seen as what they are.

use super::{measure::Measure, rollup::Counted};

/// A share below which a part of so few is not ranked and shown in grey: one matter more or less would change it by a quarter.
pub const FEW: u64 = 5;

/// The parts of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// How often something was counted in the days.
    Counted(Measure),
    /// Matters held and not closed at the end of the last day.
    Open,
}

/// What there is to know of a rate.
#[derive(Debug, PartialEq, Eq)]
pub struct Rate {
    /// Its code, in kebab-case.
    pub code: &'static str,
    /// Its name in Chinese.
    pub chinese: &'static str,
    /// Its name in English.
    pub english: &'static str,
    /// Its formula in Chinese, as a sentence.
    pub formula_chinese: &'static str,
    /// Its formula in English, as a sentence.
    pub formula: &'static str,
    /// What is counted.
    pub part: Measure,
    /// What it is a share of: the sum of these.
    pub whole: &'static [Part],
    /// Whether more of it is better.
    pub more_is_better: bool,
}

/// A rate of one line: so many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
}

use Part::{Counted as C, Open};

/// Every rate, in the order in which tables show them.
pub const RATES: &[Rate] = &[
    Rate {
        code: "completion-rate",
        chinese: "办结率",
        english: "completed",
        formula_chinese: "期内办结件数 ÷（期内办结件数 + 期末未结件数）。",
        formula: "Matters closed in the days, of those and the matters still open at their end.",
        part: Measure::CLOSED,
        whole: &[C(Measure::CLOSED), Open],
        more_is_better: true,
    },
    Rate {
        code: "in-time-rate",
        chinese: "按时办结率",
        english: "in time",
        formula_chinese: "按时办结件数 ÷ 有办结时限的办结件数。",
        formula: "Matters closed before they were due, of all closed matters that had a due time.",
        part: Measure::IN_TIME,
        whole: &[C(Measure::IN_TIME), C(Measure::LATE)],
        more_is_better: true,
    },
    Rate {
        code: "solved-rate",
        chinese: "解决率",
        english: "solved",
        formula_chinese: "以“已解决”结案的件数 ÷ 结案件数。",
        formula: "Matters closed as solved, of all that were closed.",
        part: Measure::SOLVED,
        whole: &[C(Measure::CLOSED)],
        more_is_better: true,
    },
    Rate {
        code: "satisfied-rate",
        chinese: "满意率",
        english: "satisfied",
        formula_chinese: "回访评价中满意和基本满意的次数 ÷ 回访评价次数。",
        formula: "Answers that were satisfied or fairly satisfied, of all answers of reporters who were asked.",
        part: Measure::SATISFIED,
        whole: &[C(Measure::RATED)],
        more_is_better: true,
    },
    Rate {
        code: "contested-rate",
        chinese: "不认可率",
        english: "contested",
        formula_chinese: "结案后群众不认可而重开的件数 ÷ 结案件数。",
        formula: "Matters opened again because the reporter says that it is not solved, of all that were closed.",
        part: Measure::CONTESTED,
        whole: &[C(Measure::CLOSED)],
        more_is_better: false,
    },
    Rate {
        code: "reopened-rate",
        chinese: "重开率",
        english: "reopened",
        formula_chinese: "重开件数 ÷ 结案件数。",
        formula: "Matters opened again for any reason, of all that were closed.",
        part: Measure::REOPENED,
        whole: &[C(Measure::CLOSED)],
        more_is_better: false,
    },
    Rate {
        code: "returned-rate",
        chinese: "退回率",
        english: "returned",
        formula_chinese: "退回件数 ÷ 接收件数。",
        formula: "Matters given back because they were not for this division, of all that came to it from others.",
        part: Measure::RETURNED,
        whole: &[C(Measure::TAKEN)],
        more_is_better: false,
    },
];

impl Rate {
    /// Returns the rate with this code.
    pub fn of_code(code: &str) -> Option<&'static Self> {
        RATES.iter().find(|rate| rate.code == code)
    }

    /// Returns the rate of a line.
    pub fn of(&self, counted: &Counted) -> Share {
        let whole = self.whole.iter().map(|part| match part {
            C(measure) => counted.counters[*measure],
            Open => u64::try_from(counted.open).unwrap_or_default(),
        });
        Share {
            part: counted.counters[self.part],
            whole: whole.fold(0, u64::saturating_add),
        }
    }
}

impl Share {
    /// Returns tenths of a percent, rounded to the nearest; `None` of nothing.
    pub fn per_mille(self) -> Option<u64> {
        let whole = u128::from(self.whole);
        let doubled = u128::from(self.part) * 2000 + whole;
        (whole > 0).then(|| u64::try_from(doubled / (2 * whole)).unwrap_or(u64::MAX))
    }

    /// Returns whether it is of too few to be ranked.
    pub const fn is_few(self) -> bool {
        self.whole < FEW
    }
}

/// Ranks shares, the best first: equal ones share a rank, and the next one counts all before it. Those of too few have none.
pub fn ranked(shares: &[Share], more_is_better: bool) -> Vec<Option<u32>> {
    let is_better = |one: Share, other: Share| {
        let (one, other) = (
            u128::from(one.part) * u128::from(other.whole),
            u128::from(other.part) * u128::from(one.whole),
        );
        match more_is_better {
            true => one > other,
            false => one < other,
        }
    };
    let mut order: Vec<usize> = (0..shares.len())
        .filter(|at| !shares[*at].is_few())
        .collect();
    order.sort_by(|one, other| {
        let (one, other) = (shares[*one], shares[*other]);
        is_better(other, one).cmp(&is_better(one, other))
    });
    let mut ranks = vec![None; shares.len()];
    let mut rank = 0;
    for (place, at) in order.iter().enumerate() {
        let is_worse = place
            .checked_sub(1)
            .is_none_or(|before| is_better(shares[order[before]], shares[*at]));
        if is_worse {
            rank = u32::try_from(place + 1).unwrap_or(u32::MAX);
        }
        ranks[*at] = Some(rank);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn share(part: u64, whole: u64) -> Share {
        Share { part, whole }
    }

    #[test]
    fn rates_are_told_apart_and_say_of_what() {
        let each = |of: fn(&Rate) -> &str| RATES.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(each(|rate| rate.code), RATES.len());
        assert_eq!(each(|rate| rate.chinese), RATES.len());
        assert_eq!(each(|rate| rate.english), RATES.len());
        for rate in RATES {
            assert!(!rate.whole.is_empty() && rate.formula.ends_with('.'));
            assert_eq!(Rate::of_code(rate.code), Some(rate));
        }
    }

    /// R-C6
    #[test]
    fn equal_shares_have_one_rank_and_few_have_none() {
        let shares = [
            share(5, 10),
            share(9, 10),
            share(50, 100),
            share(4, 4),
            share(0, 10),
        ];
        let best_first = [Some(2), Some(1), Some(2), None, Some(4)];
        assert_eq!(ranked(&shares, true), best_first);
        let least_first = [Some(2), Some(4), Some(2), None, Some(1)];
        assert_eq!(ranked(&shares, false), least_first);
    }

    #[test]
    fn a_share_is_rounded_to_tenths_of_a_percent() {
        assert_eq!(share(0, 0).per_mille(), None);
        assert_eq!(share(2, 3).per_mille(), Some(667));
        assert_eq!(share(1, 3).per_mille(), Some(333));
        assert_eq!(share(1, 2000).per_mille(), Some(1));
        assert_eq!(share(u64::MAX, u64::MAX).per_mille(), Some(1000));
    }

    proptest! {
        #[test]
        fn a_better_share_never_has_a_worse_rank(
            shares in prop::collection::vec((0u64..50, 0u64..50), 1..20),
        ) {
            let shares: Vec<_> = shares
                .into_iter()
                .map(|(one, other)| share(one.min(other), one.max(other)))
                .collect();
            let ranks = ranked(&shares, true);
            for (one, rank) in shares.iter().zip(&ranks) {
                for (other, below) in shares.iter().zip(&ranks) {
                    if let (Some(rank), Some(below)) = (rank, below) {
                        let better = one.part * other.whole > other.part * one.whole;
                        prop_assert!(!better || rank < below);
                    }
                }
            }
        }
    }
}
