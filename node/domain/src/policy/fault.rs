//! What can be wrong with a policy.

use topology::DivisionCode;

use super::Category;
use crate::{
    calendar::{BadAllowance, CalendarFault},
    category::BadCategory,
    matter::BadDepartment,
};

/// A text is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct BadPolicy {
    /// Where, from 1.
    pub line: u32,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Not TOML, or a field that is missing, unknown or of the wrong type.
    #[error("{0}; correct the line")]
    Toml(String),
    /// A calendar that cannot be.
    #[error("{0}")]
    Calendar(CalendarFault),
    /// Not a category at all.
    #[error("{0}")]
    Category(BadCategory),
    /// Well-formed but listed nowhere.
    #[error("no category `{0}` is listed; add a [[category]] for it, or correct the code")]
    Unlisted(Category),
    /// Not a pattern of categories.
    #[error("`{0}` is no category; write one code, a platform like market/*, or *")]
    Pattern(String),
    /// Listed before.
    #[error("the category {0} is listed on line {1} already; take one out")]
    ListedTwice(Category, u32),
    /// No name, or a long one.
    #[error("a name has 1 to 40 characters in one line; shorten it")]
    Name,
    /// Not the code of a department.
    #[error("{0}")]
    Department(BadDepartment),
    /// Not a division.
    #[error("`{0}` is no division code; write its digits, like 330825")]
    Origin(String),
    /// Not below the issuer.
    #[error("{0} is not a division of the issuer's subtree; name one that is")]
    Elsewhere(DivisionCode),
    /// Not a tier.
    #[error("`{0}` is no tier; write stay, province, city, county, township or village")]
    Tier(String),
    /// Not a tier, or named before in the same list.
    #[error(
        "`{0}` is no tier, or stands here twice; name each of province, city, county, township and \
         village once at most"
    )]
    TierOnce(String),
    /// Not a length of time.
    #[error("{0}")]
    Allowance(BadAllowance),
    /// The same matters as another line.
    #[error("it is about the same matters as line {0}; join the two")]
    SameAs(u32),
    /// Says nothing.
    #[error("this line decides nothing; give it a platform, department, tier or clocks")]
    Empty,
    /// Whereto?
    #[error("at_once says when, not whereto; name the tier in the same line")]
    AtOnceWhereto,
    /// Out of range.
    #[error("{name} is {found}, not {least} to {most}; correct it")]
    Range {
        /// The field.
        name: &'static str,
        /// What stands there.
        found: i64,
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// Looser than what applies to all the same matters; the strictest holds, so it never would.
    #[error(
        "{what} {mine} loosens {given} of {by}, line {line}; the strictest holds, so give no more"
    )]
    Loosens {
        /// Which clock or limit.
        what: Box<str>,
        /// What stands here.
        mine: Box<str>,
        /// What applies.
        given: Box<str>,
        /// The text in which that stands.
        by: Box<str>,
        /// The line in it.
        line: u32,
    },
    /// Not a media type.
    #[error("`{0}` is no media type; write one like image/jpeg, once")]
    MediaType(String),
    /// Too many.
    #[error("a policy has at most {0} entries like this; split it into two templates")]
    TooMany(usize),
}
