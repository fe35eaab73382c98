//! The faults that a policy can have.

use topology::DivisionCode;

use super::{Category, MOST_SERVICE_TEXT};
use crate::{
    calendar::{BadAllowance, CalendarFault},
    category::BadCategory,
    matter::BadDepartment,
};

/// The error for a text that is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct BadPolicy {
    /// Number of the line at fault, from 1.
    pub line: u32,
    /// The fault of that line.
    pub fault: PolicyFault,
}

/// The fault of a line of policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The text is not TOML, or a field is missing, unknown or of the wrong type.
    #[error("{0}; correct the line")]
    Toml(String),
    /// The calendar is not valid.
    #[error("{0}")]
    Calendar(CalendarFault),
    /// The code is not that of a category.
    #[error("{0}")]
    Category(BadCategory),
    /// The category is well-formed but not listed.
    #[error("no category `{0}` is listed; add a [[category]] for it, or correct the code")]
    Unlisted(Category),
    /// The text is not a pattern of categories.
    #[error("`{0}` is not a category; write one code, a platform like market/*, or *")]
    Pattern(String),
    /// The category is listed on that line already.
    #[error("the category {0} is listed on line {1} already; remove one")]
    ListedTwice(Category, u32),
    /// The name is empty, longer than 40 characters, or has control characters.
    #[error("a name has 1 to 40 characters in one line; shorten it")]
    Name,
    /// Only services tell what applicants need.
    #[error(
        "only categories of the platform service have needs, a window and hours; remove them from {0}"
    )]
    NotAService(Category),
    /// A text of a service is empty, too long, or has control characters.
    #[error(
        "a text of a service has zh and en, each of 1 to {MOST_SERVICE_TEXT} characters in one line; shorten it"
    )]
    ServiceText,
    /// The places of the division are listed before.
    #[error("the places of {0} are listed before; join the two entries")]
    PlacesTwice(DivisionCode),
    /// The place is listed before for the same division.
    #[error("the place `{0}` is listed before; remove one")]
    PlaceTwice(Box<str>),
    /// The entry names no place.
    #[error("this entry names no place; list groups, hamlets or landmarks, or remove it")]
    NoPlaces,
    /// The code is not that of a department.
    #[error("{0}")]
    Department(BadDepartment),
    /// The code is not that of a division.
    #[error("`{0}` is not a division code; write its digits, like 330825")]
    Origin(String),
    /// The division is not in the issuer's subtree.
    #[error("{0} is not a division of the issuer's subtree; name one that is")]
    Elsewhere(DivisionCode),
    /// The word is not a tier, nor `stay`.
    #[error("`{0}` is not a tier; write stay, province, city, county, township or village")]
    Tier(String),
    /// The word is not a tier, or the list names the tier twice.
    #[error(
        "`{0}` is not a tier, or is listed twice; name each of province, city, county, township and \
         village at most once"
    )]
    TierOnce(String),
    /// The text is not a length of time.
    #[error("{0}")]
    Allowance(BadAllowance),
    /// The line applies to the same matters as that line.
    #[error("it is about the same matters as line {0}; join the two")]
    SameAs(u32),
    /// The line decides nothing.
    #[error("this line decides nothing; give it a platform, department, tier or clocks")]
    Empty,
    /// The line has `at_once` but no tier.
    #[error("at_once tells when, not where to; name the tier in the same line")]
    AtOnceWhereto,
    /// The number is out of range.
    #[error("{name} is {found}, not {least} to {most}; correct it")]
    Range {
        /// Name of the field.
        name: &'static str,
        /// The number found.
        found: i64,
        /// The least that is allowed.
        least: i64,
        /// The most that is allowed.
        most: i64,
    },
    /// The line is looser than one for all the same matters, so it would have no effect.
    #[error(
        "{what} {mine} loosens {given} of {by}, line {line}; the strictest holds, so give no more"
    )]
    Loosens {
        /// The clock or limit.
        what: Box<str>,
        /// Its value here.
        mine: Box<str>,
        /// The value that applies.
        given: Box<str>,
        /// The text that gives that value.
        by: Box<str>,
        /// The line in that text.
        line: u32,
    },
    /// The text is not a media type, or the list names it twice.
    #[error("`{0}` is not a media type; write one like image/jpeg, once")]
    MediaType(String),
    /// The text has more than this many entries of one kind.
    #[error("a policy has at most {0} entries like this; split it into two templates")]
    TooMany(usize),
}
