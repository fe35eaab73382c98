//! Data standards (数据标准): data elements that are asked for beside a report, and lists of codes. A template of the
//! kind `standard` says them.
//!
//! What a text leaves out holds as those above say it. A lower tier adds elements and narrows those that there are: a
//! shorter text, a smaller range, fewer codes, required where it was not. One function, [`Standard::check`], decides
//! on what is entered, whichever way it comes.

mod check;
mod in_force;
mod read;
#[cfg(test)]
mod tests;
mod tighten;
mod value;

use serde::{Deserialize, Serialize};

use super::{
    category::{Category, Platform, Priority},
    disclosure::number,
    saying::Saying,
    time::Day,
};

pub use check::{BadData, DataFault, Entry, Given, Occasion};
pub use in_force::{ElementInForce, ListInForce, Standard};
pub(crate) use read::{RawCode, RawElement, RawList};
pub use tighten::Looser;

/// The most elements of one template.
pub const MOST_ELEMENTS: usize = 40;
/// The most elements that are asked for in one category.
pub const MOST_ASKED: usize = 24;
/// The most lists of one template.
pub const MOST_LISTS: usize = 20;
/// The most codes of one list.
pub const MOST_CODES: usize = 200;
/// The longest value, in characters.
pub const MOST_VALUE: usize = 500;
/// The most decimals of a number.
pub const MOST_DECIMALS: u8 = 4;
/// The most values beside one report.
pub const MOST_GIVEN: usize = 32;

topology::vocabulary! {
    /// What a data element holds.
    #[derive(utoipa::ToSchema)]
    pub enum ElementKind: "kind of data element" {
        Text = 1, "text", "文字", "a text of one line";
        Code = 2, "code", "代码", "a code of a list";
        Date = 3, "date", "日期", "a day";
        Number = 4, "number", "数字", "a number";
        Telephone = 5, "telephone", "电话", "a telephone number";
        Place = 6, "place", "位置", "a point, in degrees north and east";
    }
}

impl ElementKind {
    /// Returns whether every value of this kind is about a person, whatever a text says: a telephone number, or where
    /// somebody is.
    pub const fn is_always_personal(self) -> bool {
        matches!(self, Self::Telephone | Self::Place)
    }
}

/// Where an element is asked for: in all categories of a platform, or in one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// All categories of a platform.
    Platform(Platform),
    /// One category.
    Category(Category),
}

impl Asked {
    /// Returns whether it is asked for in a category.
    pub fn covers(&self, category: &Category) -> bool {
        match self {
            Self::Platform(platform) => category.platform() == *platform,
            Self::Category(asked) => asked == category,
        }
    }

    /// Returns its code: `order`, or `order/dispute`.
    pub fn code(&self) -> &str {
        match self {
            Self::Platform(platform) => topology::Term::code(*platform),
            Self::Category(category) => category.as_str(),
        }
    }
}

/// The limits of the values of an element. Each belongs to one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The fewest characters of a text.
    pub shortest: Option<u16>,
    /// The most characters of a text.
    pub longest: Option<u16>,
    /// The forms of a text, of which one must fit: `9` stands for a digit, `A` for a Latin letter, `N` for either,
    /// `字` for a Chinese character, and everything else for itself.
    pub forms: Option<Vec<Box<str>>>,
    /// The list of a code.
    pub list: Option<Box<str>>,
    /// The first day.
    pub earliest: Option<Day>,
    /// The last day.
    pub latest: Option<Day>,
    /// Whether a day after today is refused.
    pub past: bool,
    /// The most decimals of a number, 0 to 4.
    pub decimals: Option<u8>,
    /// The least number, in ten-thousandths.
    pub least: Option<i128>,
    /// The greatest number, in ten-thousandths.
    pub most: Option<i128>,
    /// The unit of a number.
    pub unit: Option<Saying>,
}

/// What one text says of a data element. What it leaves out is left to those above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its code, unique among all texts: 1 to 48 lower-case letters, digits and dashes.
    pub code: Box<str>,
    /// What it holds.
    pub kind: ElementKind,
    /// Its name, 1 to 80 characters in each language.
    pub name: Option<Saying>,
    /// What people are told beside the field.
    pub hint: Option<Saying>,
    /// Where it is asked for, beside where those above ask for it.
    pub asked: Vec<Asked>,
    /// Whether it must be given where it is asked for.
    pub required: Option<bool>,
    /// Whether it says something of a person. Such a value is shown to whoever sees the text of the report, and erased
    /// with it.
    pub personal: Option<bool>,
    /// The article or standard that it rests on.
    pub source: Option<Box<str>>,
    /// Its limits.
    pub limits: Limits,
}

impl Element {
    /// Returns whether it must be given in a report that is as urgent as this: no form holds up an emergency.
    pub fn is_required_at(&self, priority: Priority) -> bool {
        self.is_required() && priority != Priority::Emergency
    }

    /// Returns whether its values say something of a person. What people write freely does, unless a text says otherwise.
    pub fn is_personal(&self) -> bool {
        let usual = self.kind == ElementKind::Text;
        self.kind.is_always_personal() || self.personal.unwrap_or(usual)
    }

    /// Returns whether it must be given where it is asked for.
    pub fn is_required(&self) -> bool {
        self.required == Some(true)
    }

    /// Returns whether it is asked for in a category.
    pub fn is_asked(&self, category: &Category) -> bool {
        self.asked.iter().any(|asked| asked.covers(category))
    }

    /// Returns its name; its code if no text says one.
    pub fn called(&self) -> Saying {
        let code = || Saying::foreign(&self.code);
        self.name.clone().unwrap_or_else(code)
    }
}

/// A code of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCode {
    /// The code: 1 to 48 letters, digits, dots and dashes.
    pub code: Box<str>,
    /// Its name; a text that narrows a list may leave it out.
    pub name: Option<Saying>,
    /// The first day on which it may be used.
    pub from: Option<Day>,
    /// The last day on which it may be used.
    pub until: Option<Day>,
    /// The code that replaces it.
    pub replaced_by: Option<Box<str>>,
}

impl ListCode {
    /// Returns whether it may be used on a day.
    pub fn is_valid(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Returns its name; the code if no text says one.
    pub fn called(&self) -> Saying {
        let code = || Saying::foreign(&self.code);
        self.name.clone().unwrap_or_else(code)
    }
}

/// What one text says of a list of codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    /// Its code, unique among all texts: 1 to 48 lower-case letters, digits and dashes.
    pub code: Box<str>,
    /// Its name.
    pub name: Option<Saying>,
    /// The standard that it rests on.
    pub source: Option<Box<str>>,
    /// Its codes.
    pub codes: Vec<ListCode>,
}

/// What a template of the kind `standard` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandardText {
    /// Its elements.
    pub elements: Vec<Element>,
    /// Its lists.
    pub lists: Vec<CodeList>,
}

/// Writes ten-thousandths as people do.
pub fn shown_number(value: i128) -> String {
    number::write(value, 0)
}
