//! Items of a template: what must be made public, how often, and on which form.

use serde::{Deserialize, Serialize};

use super::{Content, Rhythm, content::written_bytes};
use crate::{calendar::Allowance, saying::Saying};

topology::vocabulary! {
    /// The three kinds of affairs that a village makes public (三务公开).
    #[derive(utoipa::ToSchema)]
    #[schema(as = DisclosureClass)]
    pub enum Class: "class of disclosure" {
        Party = 1, "party", "党务", "affairs of the party branch";
        Village = 2, "village", "村务", "affairs of the village";
        Finance = 3, "finance", "财务", "money of the village";
    }
}

topology::vocabulary! {
    /// What is typed in a field.
    #[derive(utoipa::ToSchema)]
    pub enum FieldKind: "kind of field" {
        Text = 1, "text", "文字", "words";
        Money = 2, "money", "金额", "an amount of money with at most two decimals, in yuan unless the unit says otherwise";
        Number = 3, "number", "数字", "a number with at most four decimals";
        Date = 4, "date", "日期", "a day, written 2026-03-01";
        Choice = 5, "choice", "选项", "one of the options";
    }
}

/// A field of a form, or a column of its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, 1 to 60 characters, unique among the fields or columns.
    pub name: Box<str>,
    /// What is typed.
    pub kind: FieldKind,
    /// The unit of a number or an amount.
    pub unit: Option<Box<str>>,
    /// Whether it must be filled in.
    pub required: bool,
    /// The options of a choice; empty for others.
    pub options: Vec<Box<str>>,
}

impl Field {
    /// Returns about how many bytes it has in a document.
    fn bytes(&self) -> usize {
        /// The keys, the kind, and the braces.
        const AROUND: usize = 80;
        let texts = self.options.iter().chain(&self.unit);
        let texts = texts.map(|text| written_bytes(text)).sum::<usize>();
        AROUND + written_bytes(&self.name) + texts
    }
}

/// A sum that must agree. Names are those of fields and columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sum {
    /// A field is the sum of a column of the table.
    Column {
        /// The field.
        total: Box<str>,
        /// The column.
        column: Box<str>,
    },
    /// A field is what others add up to.
    Fields {
        /// The field.
        total: Box<str>,
        /// The fields that are added.
        plus: Vec<Box<str>>,
        /// The fields that are taken off.
        minus: Vec<Box<str>>,
    },
}

impl Sum {
    /// Returns the field that holds the result.
    pub fn total(&self) -> &str {
        match self {
            Self::Column { total, .. } | Self::Fields { total, .. } => total,
        }
    }
}

/// One item that must be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its name, 1 to 100 characters, unique in the template.
    pub name: Box<str>,
    /// Its English name, if it has one.
    pub english: Option<Box<str>>,
    /// Its class.
    pub class: Class,
    /// How often it is made public.
    pub rhythm: Rhythm,
    /// The longest time between two publications, in days, 1 to 366; 0 for events.
    pub period_days: u16,
    /// The time after the end of the period, or after the event, within which it is published.
    pub due: Allowance,
    /// The time after publication in which villagers may object.
    pub objection: Allowance,
    /// The article that demands it, for people.
    pub source: Option<Box<str>>,
    /// The fields above the table; not empty, unless there are columns.
    pub fields: Vec<Field>,
    /// The columns of the table; empty if there is none.
    pub columns: Vec<Field>,
    /// The sums that must agree.
    pub sums: Vec<Sum>,
}

/// What an item demands less of than the one that it tightens. The text names both values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loosened {
    /// It is in another class.
    #[error("is {0} there and {1} here; keep the class")]
    Class(Class, Class),
    /// One has periods and the other is about events.
    #[error("is {0} there and {1} here; keep the kind of period")]
    Rhythm(Rhythm, Rhythm),
    /// It may be published later.
    #[error("is due within {0} there and {1} here; a lower tier may only shorten it")]
    Due(Allowance, Allowance),
    /// There is less time to object.
    #[error("may be objected to for {0} there and {1} here; a lower tier may only lengthen it")]
    Objection(Allowance, Allowance),
    /// A field or column is missing, of another kind, or no longer required.
    #[error("needs {0} as it is there")]
    Field(Box<str>),
    /// A sum is missing.
    #[error("needs the sum in {0} as it is there")]
    Sum(Box<str>),
}

impl Loosened {
    /// Returns it in both languages; it continues the name of the item.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Class(there, here) => format!(
                "上级归在{}，这里归在{}；不要改类",
                topology::Term::chinese(*there),
                topology::Term::chinese(*here)
            ),
            Self::Rhythm(there, here) => format!(
                "上级是{}，这里是{}；不要改周期的种类",
                topology::Term::chinese(*there),
                topology::Term::chinese(*here)
            ),
            Self::Due(there, here) => {
                format!("上级要求 {there} 内公开，这里是 {here}；下级只能缩短")
            }
            Self::Objection(there, here) => {
                format!("上级给 {there} 提异议，这里是 {here}；下级只能延长")
            }
            Self::Field(name) => format!("要有与上级相同的栏目“{name}”；不要去掉或放松"),
            Self::Sum(name) => format!("要有与上级相同的合计“{name}”；不要去掉"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

impl Item {
    /// The time to publish it after the period if the template names none.
    pub const USUAL_DUE: Allowance = Allowance::Days(10);
    /// The time to object if the template names none: that of the practice in Zhejiang.
    pub const USUAL_OBJECTION: Allowance = Allowance::Days(5);

    /// Returns the position of a field by its name.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| *field.name == *name)
    }

    /// Returns the position of a column by its name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| *column.name == *name)
    }

    /// Returns about how many bytes it has in a document: that of an edition repeats the form.
    pub(super) fn bytes(&self) -> usize {
        let named = [
            Some(&self.name),
            self.english.as_ref(),
            self.source.as_ref(),
        ];
        let named = named.into_iter().flatten();
        let sums = self.sums.iter().map(|sum| match sum {
            Sum::Column { total, column } => total.len() + column.len(),
            Sum::Fields { total, plus, minus } => {
                let parts = plus.iter().chain(minus).map(|name| name.len() + 1);
                total.len() + parts.sum::<usize>()
            }
        });
        named.map(|text| written_bytes(text)).sum::<usize>()
            + sums.sum::<usize>()
            + self
                .fields
                .iter()
                .chain(&self.columns)
                .map(Field::bytes)
                .sum::<usize>()
    }

    /// Returns a form without anything typed.
    pub fn blank(&self) -> Content {
        Content {
            fields: self.fields.iter().map(|_| "".into()).collect(),
            rows: vec![],
            note: "".into(),
        }
    }

    /// Returns what this item demands less of than `above`, apart from the length of the period and dropped fields;
    /// `None` if nothing.
    pub fn loosens(&self, above: &Self) -> Option<Loosened> {
        if self.class != above.class {
            return Some(Loosened::Class(above.class, self.class));
        }
        if (self.rhythm == Rhythm::Event) != (above.rhythm == Rhythm::Event) {
            return Some(Loosened::Rhythm(above.rhythm, self.rhythm));
        }
        if self.due.rough_minutes() > above.due.rough_minutes() {
            return Some(Loosened::Due(above.due, self.due));
        }
        if self.objection.rough_minutes() < above.objection.rough_minutes() {
            return Some(Loosened::Objection(above.objection, self.objection));
        }
        let weaker = |mine: &[Field], theirs: &[Field]| {
            let kept = |field: &&Field| {
                let found = mine.iter().find(|mine| mine.name == field.name);
                found.is_some_and(|found| {
                    found.kind == field.kind
                        && found.unit == field.unit
                        && (found.required || !field.required)
                })
            };
            theirs
                .iter()
                .find(|field| !kept(field))
                .map(|field| field.name.clone())
        };
        let lacks =
            weaker(&self.fields, &above.fields).or_else(|| weaker(&self.columns, &above.columns));
        if let Some(name) = lacks {
            return Some(Loosened::Field(name));
        }
        let lost = above.sums.iter().find(|sum| !self.sums.contains(sum));
        lost.map(|sum| Loosened::Sum(sum.total().into()))
    }
}
