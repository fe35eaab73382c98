//! Policy: who handles what, in which time, and within which limits. It is read from templates of
//! the kind `policy`; the policy shipped with the program fills the gaps. Every answer names the
//! line it comes from.
//!
//! **Clocks, extensions, pauses and escalation when overdue**: every line that fits a matter
//! applies, of every template and of the shipped policy, and the strictest wins. Of two clocks, the
//! stricter is the one that ends first by the calendar, decided when they start. A line or limit is
//! without effect if it is looser than one that applies to all the same matters in the same text,
//! in a text of the same issuer or one above, or in the shipped policy; a template with such a line
//! is refused ([`Sheet::check_loosens`]).
//!
//! **Platform, department and tier** come from the most specific line of all texts, the shipped
//! policy included. Among equally specific lines the highest issuer's wins, then the order of the
//! names decides, and the shipped policy comes last. A line is more specific than another if it
//! names the urgency and the other does not; else if its category is narrower (one category, one
//! platform, any); else if its place is deeper in the tree (none named counts as the shallowest);
//! else if it names the kind of unit; else if it names the channel. Lines of one template that are
//! equal in all this and fit the same matter are duplicates and are refused.
//!
//! **Other limits** are the strictest that a template states, and the shipped ones where none does.
//! The calendar is that of the first text that states one. Named places of a division are those of all
//! texts together. **Who issues what** is said by the root alone, within the shipped table.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, UnitKind};

use super::{
    calendar::{Allowance, Calendar},
    category::{Category, Platform, Priority},
    clock::Stage,
    department::Department,
    matter::Channel,
};

mod fault;
mod issuers;
mod limits;
mod places;
mod read;
mod ruling;
mod service;
mod subject;
#[cfg(test)]
mod tests;
mod tighten;
mod words;

pub use super::rule::{RuleRef, Source};
pub use fault::{BadPolicy, PolicyFault};
pub use issuers::{IssuingTiers, MOST_ISSUERS, may_issue};
pub use limits::{CustodyLimits, Limits};
pub use places::{MOST_PLACES, NamedPlace, PlaceKind};
pub use read::{MOST_CATEGORIES, MOST_LINES};
pub use ruling::{Case, Decided, Ruling};
pub use service::{MOST_NEEDS, MOST_SERVICE_TEXT, ServiceFacts};
pub use subject::PolicySubject;
pub use words::{BadWords, Words, check_channel, is_answered_for};

/// Text of the policy shipped with the program, with the numbers of Zhejiang.
pub const SHIPPED: &str = include_str!("../policy/zhejiang.toml");

/// Edition of [`SHIPPED`]. It is raised whenever a line of the text moves or changes.
pub const SHIPPED_EDITION: u32 = 3;

/// An answer of policy, with the line that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled<T> {
    /// The answer.
    pub value: T,
    /// The line.
    pub rule: RuleRef,
}

/// A department that handles matters, with its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NamedDepartment {
    /// Its code.
    pub code: Department,
    /// The Chinese name, 1 to 40 characters.
    pub name: Box<str>,
}

/// The tier that handles a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handles {
    /// The division that holds the matter.
    Stay,
    /// This tier, if the holder is below it.
    Tier(Tier),
}

impl fmt::Display for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stay => f.pad("stay"),
            Self::Tier(tier) => f.pad(tier.code()),
        }
    }
}

/// A category as policy lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The Chinese name, 1 to 40 characters.
    pub name: Box<str>,
    /// The English name, 1 to 40 characters: that of the text, else the usual one of the category.
    pub english: Option<Box<str>>,
    /// The least urgency of such a matter.
    pub severity: Priority,
    /// What applicants are told, if it is a service.
    pub service: ServiceFacts,
}

/// A value and the number of the line it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct At<T> {
    value: T,
    line: u32,
}

/// The policy read from one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    source: Source,
    calendar: Option<At<Calendar>>,
    categories: BTreeMap<Category, At<Listed>>,
    lines: Vec<Line>,
    places: places::Places,
    issuers: issuers::Issuers,
    limits: limits::Stated,
}

/// One `[[dispatch]]` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    line: u32,
    fits: Fits,
    platform: Option<At<Platform>>,
    department: Option<At<NamedDepartment>>,
    tier: Option<At<Handles>>,
    clocks: BTreeMap<Stage, At<Allowance>>,
    extension: Option<At<Option<Allowance>>>,
    escalate_on_breach: Option<At<bool>>,
    at_once: Option<At<bool>>,
}

/// The matters that a line applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fits {
    category: Pattern,
    priority: Option<Priority>,
    channel: Option<Channel>,
    origin: Option<DivisionCode>,
    kind: Option<UnitKind>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Any,
    Platform(Platform),
    One(Category),
}

impl Sheet {
    /// Returns what the promises of services are as policy: a time to finish for each category, with the line that
    /// promises it.
    pub fn of_promises(
        source: Source,
        promises: impl IntoIterator<Item = (Category, Allowance, u32)>,
    ) -> Self {
        let promises = promises.into_iter();
        let lines = promises.map(|(category, value, line)| Line {
            line,
            fits: Fits {
                category: Pattern::One(category),
                priority: None,
                channel: None,
                origin: None,
                kind: None,
            },
            platform: None,
            department: None,
            tier: None,
            clocks: BTreeMap::from([(Stage::Finish, At { value, line })]),
            extension: None,
            escalate_on_breach: None,
            at_once: None,
        });
        Self {
            source,
            calendar: None,
            categories: BTreeMap::new(),
            lines: lines.collect(),
            places: places::Places::default(),
            issuers: issuers::Issuers::default(),
            limits: limits::Stated::default(),
        }
    }

    /// Returns whether it lists a category.
    pub fn lists(&self, category: &Category) -> bool {
        self.categories.contains_key(category)
    }

    /// Returns the text it was read from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    fn at<T: Clone>(&self, at: &At<T>) -> Ruled<T> {
        Ruled {
            value: at.value.clone(),
            rule: RuleRef {
                source: self.source.clone(),
                line: at.line,
            },
        }
    }
}

static SHIPPED_SHEET: LazyLock<Sheet> = LazyLock::new(|| {
    let source = Source::Shipped(SHIPPED_EDITION);
    Sheet::read(SHIPPED, source).expect("the shipped policy is read by a test")
});

/// All policy in force at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The sheets of templates, highest issuer first.
    sheets: Vec<Sheet>,
}

impl Default for Policy {
    /// Builds the shipped policy alone.
    fn default() -> Self {
        Self::of([])
    }
}

impl Policy {
    /// Builds the policy of these templates, given in any order, over the shipped one.
    pub fn of(sheets: impl IntoIterator<Item = Sheet>) -> Self {
        let mut sheets: Vec<Sheet> = sheets.into_iter().collect();
        sheets.sort_by(|a, b| a.source.rank().cmp(&b.source.rank()));
        Self { sheets }
    }

    /// Returns the calendar of office hours.
    pub fn calendar(&self) -> Ruled<&Calendar> {
        let stated = |sheet: &'_ Sheet| sheet.calendar.is_some();
        let mut sheets = self.sheets.iter();
        let sheet = sheets.find(|s| stated(s)).unwrap_or(&SHIPPED_SHEET);
        let calendar = sheet.calendar.as_ref();
        let calendar = calendar.expect("the shipped policy has a calendar, by a test");
        Ruled {
            value: &calendar.value,
            rule: RuleRef {
                source: sheet.source.clone(),
                line: calendar.line,
            },
        }
    }

    /// Returns the categories in which matters are reported, each with the line that lists it. If
    /// several texts list one, the first issuer's line counts; those of the shipped policy are
    /// always included.
    pub fn categories(&self) -> BTreeMap<&Category, Ruled<Listed>> {
        let mut listed = BTreeMap::new();
        for sheet in self.sheets.iter().chain([&*SHIPPED_SHEET]) {
            for (category, at) in &sheet.categories {
                listed.entry(category).or_insert_with(|| sheet.at(at));
            }
        }
        listed
    }

    /// Returns whether any line in force gives work to this department.
    pub fn names(&self, department: Department) -> bool {
        let texts = self.sheets.iter().chain([&*SHIPPED_SHEET]);
        let mut lines = texts.flat_map(|sheet| &sheet.lines);
        lines.any(|line| {
            let named = line.department.as_ref().map(|at| at.value.code);
            named == Some(department)
        })
    }

    /// Returns the entry of a category; `None` if it is not listed.
    pub fn category(&self, category: &Category) -> Option<Ruled<Listed>> {
        let mut sheets = self.sheets.iter().chain([&*SHIPPED_SHEET]);
        sheets.find_map(|sheet| Some(sheet.at(sheet.categories.get(category)?)))
    }
}
