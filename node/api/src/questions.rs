//! Questions to figures: rates and counts by division, time, category and platform.

use domain::{
    csv,
    measure::{Measure, Row},
    rate::{RATES, Rate, Share, ranked},
    rollup::{Counted, Mark},
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{ChildFiguresView, Code, SilentChild};

topology::vocabulary! {
    /// What an answer is compared with.
    #[derive(utoipa::ToSchema)]
    pub enum Compare: "comparison" {
        Before = 1, "before", "上期", "the days before, just as many";
        LastYear = 2, "last-year", "去年同期", "the same days a year ago";
    }
}

/// A question to the figures of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct QuestionQuery {
    /// Measures and rates, with commas between them: `completion-rate,closed`. All of them if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measure: String,
    /// What lines are told apart by, with commas between them, at most three: `county,month`. One line if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// First day, such as `2026-03-01`; from the beginning if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day, inclusive; to the end if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only this platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Only this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Only what this division did, with everything below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub within: Option<DivisionCode>,
    /// Also says what it was then; needs both days, and no mark of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub compare: Option<Compare>,
}

/// A column of an answer: a measure, a rate, or what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A measure.
    Measure(&'static Row),
    /// Matters held and not closed at the end of the last day.
    Open,
    /// A rate.
    Rate(&'static Rate),
}

/// Code of the column of open matters.
const OPEN: &str = "open";

impl Asked {
    /// Returns every column, rates first.
    pub fn all() -> Vec<Self> {
        let rates = RATES.iter().map(Self::Rate);
        let measures = Measure::LIST.iter().map(Self::Measure);
        rates.chain([Self::Open]).chain(measures).collect()
    }

    /// Returns the column with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::all().into_iter().find(|asked| asked.code() == code)
    }

    /// Returns its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Measure(row) => row.code,
            Self::Open => OPEN,
            Self::Rate(rate) => rate.code,
        }
    }

    /// Returns it as an answer tells of it.
    pub fn column(self) -> AnswerColumn {
        let (chinese, english, formula_chinese, formula) = match self {
            Self::Measure(row) => (row.chinese, row.code, "", row.english),
            Self::Open => (
                "期末未结",
                "open",
                "最后一天结束时持有而未结的事项，不论何时收到。",
                "Matters held and not closed at the end of the last day, whenever they came in.",
            ),
            Self::Rate(rate) => (
                rate.chinese,
                rate.english,
                rate.formula_chinese,
                rate.formula,
            ),
        };
        AnswerColumn {
            code: self.code().to_owned(),
            chinese: chinese.to_owned(),
            english: english.to_owned(),
            formula_chinese: formula_chinese.to_owned(),
            formula: formula.to_owned(),
            is_rate: matches!(self, Self::Rate(_)),
        }
    }

    fn value(self, counted: &Counted) -> AnswerValue {
        match self {
            Self::Measure(row) => AnswerValue::count(counted.counters[row.measure] as i64),
            Self::Open => AnswerValue::count(counted.open),
            Self::Rate(rate) => AnswerValue::share(rate.of(counted)),
        }
    }
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerColumn {
    /// Its code.
    pub code: String,
    /// Its name in Chinese.
    pub chinese: String,
    /// Its name in English.
    pub english: String,
    /// What is counted, in Chinese; may be empty.
    pub formula_chinese: String,
    /// What is counted.
    pub formula: String,
    /// Whether it is a share.
    pub is_rate: bool,
}

/// What a line is about, by one mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerKey {
    /// The code of a category, platform or division, or the first day of a period.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Of a period: its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A value of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerValue {
    /// The count; of a rate, how many of `whole`.
    pub count: i64,
    /// Of a rate: of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<u64>,
    /// Of a rate: tenths of a percent, rounded; absent of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u64>,
    /// Of a rate: its place among the lines, from 1. Equal ones share a place; absent for lines of fewer than five.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// What it was in the days of the comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub before: Option<Box<AnswerValue>>,
}

impl AnswerValue {
    fn count(count: i64) -> Self {
        Self {
            count,
            ..Self::default()
        }
    }

    fn share(share: Share) -> Self {
        Self {
            count: share.part as i64,
            whole: Some(share.whole),
            per_mille: share.per_mille(),
            ..Self::default()
        }
    }
}

/// A line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerLine {
    /// What it is about, mark by mark.
    pub keys: Vec<AnswerKey>,
    /// The values, column by column.
    pub values: Vec<AnswerValue>,
}

/// The days of a comparison, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComparedDays {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FiguresAnswer {
    /// Root of the subtree.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// First day; absent if from the beginning.
    pub from: Option<String>,
    /// Last day; absent if to the end.
    pub to: Option<String>,
    /// The days of the comparison, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparedDays>,
    /// What the lines are told apart by.
    pub by: Vec<Mark>,
    /// The columns.
    pub columns: Vec<AnswerColumn>,
    /// The lines, in the order of their keys.
    pub lines: Vec<AnswerLine>,
    /// Everything together.
    pub total: Vec<AnswerValue>,
    /// Matters held and not closed right before the first day.
    pub open_before: i64,
    /// When the node computed the answer, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Children with a link that is up; their figures are current. Those of other children are as last received.
    pub children_up: usize,
    /// Number of children in the list of divisions.
    pub children_expected: usize,
    /// Children that are known and not linked, longest first; at most 16.
    #[serde(default)]
    pub silent: Vec<SilentChild>,
    /// Children with faulty figures.
    #[serde(default)]
    pub marked: Vec<ChildFiguresView>,
}

impl FiguresAnswer {
    /// Writes it as a table for programs: codes, names, and every rate as its two counts.
    pub fn csv(&self) -> String {
        let mut heads = vec![];
        for mark in &self.by {
            heads.extend([mark.code().to_owned(), format!("{}-name", mark.code())]);
        }
        for column in &self.columns {
            let with = |end: &str| format!("{}{end}", column.code);
            heads.push(with(""));
            heads.extend(column.is_rate.then(|| with("-of")));
            if self.compared.is_some() {
                heads.push(with("-before"));
                heads.extend(column.is_rate.then(|| with("-of-before")));
            }
        }
        let mut text = csv::MARK.to_owned() + &csv::line(&heads);
        for line in &self.lines {
            let keys = line.keys.iter();
            let mut cells: Vec<String> = keys
                .flat_map(|key| [key.code.clone(), key.name.clone()])
                .collect();
            for value in &line.values {
                for value in [Some(value), value.before.as_deref()].into_iter().flatten() {
                    cells.push(value.count.to_string());
                    cells.extend(value.whole.map(|whole| whole.to_string()));
                }
            }
            text += &csv::line(&cells);
        }
        text
    }
}

/// Returns the values of one line; `before` is what was counted in the days of the comparison.
pub fn answer_values(
    columns: &[Asked],
    counted: &Counted,
    before: Option<&Counted>,
) -> Vec<AnswerValue> {
    let value = |asked: &Asked| AnswerValue {
        before: before.map(|before| Box::new(asked.value(before))),
        ..asked.value(counted)
    };
    columns.iter().map(value).collect()
}

/// Gives the lines their places, rate by rate.
pub fn rank_lines(columns: &[Asked], lines: &mut [AnswerLine]) {
    for (at, asked) in columns.iter().enumerate() {
        let Asked::Rate(rate) = asked else { continue };
        let shares: Vec<_> = lines
            .iter()
            .map(|line| Share {
                part: u64::try_from(line.values[at].count).unwrap_or_default(),
                whole: line.values[at].whole.unwrap_or_default(),
            })
            .collect();
        for (line, rank) in lines.iter_mut().zip(ranked(&shares, rate.more_is_better)) {
            line.values[at].rank = rank;
        }
    }
}
