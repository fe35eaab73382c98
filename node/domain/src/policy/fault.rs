//! The faults that a policy can have.

use topology::{DivisionCode, Tier};

use super::{Category, MOST_SERVICE_TEXT};
use crate::{
    calendar::{BadAllowance, CalendarFault},
    category::BadCategory,
    matter::BadDepartment,
    saying::Saying,
    scope::TemplateKind,
    time::Day,
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
    /// That line says who issues the kind from the same day on.
    #[error("line {2} says who issues templates of the kind {0} from {1} on; join the two")]
    IssuersTwice(TemplateKind, Day, u32),
    /// Only the root says who issues what; holds it.
    #[error(
        "only {0}, at the top of the tree, says who issues what; leave [[issuers]] out, or ask it"
    )]
    IssuersOfAnother(DivisionCode),
    /// The template is not for everybody.
    #[error(
        "who issues what holds for everybody; issue it for all tiers and kinds of units, in a template of its own"
    )]
    IssuersForSome,
    /// The program never lets this tier issue the kind.
    #[error("the program lets no {1} issue templates of the kind {0}; leave this tier out")]
    IssuerBeyond(TemplateKind, Tier),
    /// The root's tier would lose the right to policy.
    #[error("without the {0} nobody could change this line again; name it")]
    IssuersForEver(Tier),
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

impl BadPolicy {
    /// Returns the fault in both languages, without the number of its line.
    pub fn said(&self) -> Saying {
        self.fault.said()
    }
}

impl PolicyFault {
    fn said(&self) -> Saying {
        Saying {
            english: self.to_string(),
            chinese: self.chinese(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::Calendar(fault) => fault.said().chinese,
            Self::Allowance(fault) => fault.said().chinese,
            Self::Toml(text) => format!("这里写得不对（{text}）；请改正这一行"),
            Self::Category(BadCategory::Form(text) | BadCategory::Unknown(text)) => {
                format!("“{text}”不是类别；类别写成 enforcement/rubbish 这样")
            }
            Self::Unlisted(category) => {
                format!("没有列出类别 {category}；请为它写 [[category]]，或更正代码")
            }
            Self::Pattern(text) => {
                format!("“{text}”不是类别；请写一个代码、整个平台如 market/*，或 *")
            }
            Self::ListedTwice(category, line) => {
                format!("类别 {category} 已列在第 {line} 行；请去掉一个")
            }
            Self::Name => "名称要有 1 到 40 个字，写在一行里；请改短".to_owned(),
            Self::NotAService(category) => {
                format!("只有便民服务平台的类别有材料、窗口和时间；请从 {category} 去掉")
            }
            Self::ServiceText => format!(
                "办事说明要有 zh 和 en，各 1 到 {MOST_SERVICE_TEXT} 个字，写在一行里；请改短"
            ),
            Self::PlacesTwice(division) => {
                format!("{division} 的地名前面已经列过；请合成一条")
            }
            Self::PlaceTwice(name) => format!("地名“{name}”前面已经列过；请去掉一个"),
            Self::NoPlaces => "这一条没有地名；请列村民小组、自然村或地标，或去掉这一条".to_owned(),
            Self::Department(bad) => {
                format!(
                    "“{}”不是部门代码；请用 1 到 16 个小写字母、数字和横线",
                    bad.0
                )
            }
            Self::Origin(text) => format!("“{text}”不是区划代码；请写数字，如 330825"),
            Self::Elsewhere(division) => {
                format!("{division} 不在制发单位的辖区内；请写辖区内的单位")
            }
            Self::Tier(text) => {
                format!("“{text}”不是层级；请写 stay、province、city、county、township 或 village")
            }
            Self::TierOnce(text) => format!(
                "“{text}”不是层级，或写了两次；province、city、county、township、village 各写至多一次"
            ),
            Self::SameAs(line) => format!("与第 {line} 行说的是同样的事项；请合并两行"),
            Self::Empty => "这一行什么也没有规定；请写平台、部门、层级或时限".to_owned(),
            Self::AtOnceWhereto => "at_once 只说何时，没说转到哪里；请在同一条里写 tier".to_owned(),
            Self::IssuersTwice(kind, day, line) => format!(
                "第 {line} 行已规定 {day} 起谁制发“{}”；请合并两行",
                kind.chinese()
            ),
            Self::IssuersOfAnother(root) => {
                format!("谁制发什么，只由最上级 {root} 规定；请去掉 [[issuers]]，或请它规定")
            }
            Self::IssuersForSome => {
                "谁制发什么，对所有单位都一样；请单独写成一个模板，面向各层级和各类单位".to_owned()
            }
            Self::IssuerBeyond(kind, tier) => format!(
                "本程序不让{}一级制发“{}”；请去掉这一级",
                tier.chinese(),
                kind.chinese()
            ),
            Self::IssuersForEver(tier) => {
                format!("没有{}一级，以后谁也改不了这一行；请写上", tier.chinese())
            }
            Self::Range {
                name,
                found,
                least,
                most,
            } => format!("{name} 是 {found}，不在 {least} 到 {most} 之内；请更正"),
            Self::Loosens {
                what,
                mine,
                given,
                by,
                line,
            } => format!(
                "{what} 的 {mine} 放宽了 {by} 第 {line} 行的 {given}；最严的算数，不要写得更松"
            ),
            Self::MediaType(text) => {
                format!("“{text}”不是文件类型；请写成 image/jpeg 这样，只写一次")
            }
            Self::TooMany(most) => format!("这样的条目最多 {most} 条；请拆成两个模板"),
        }
    }
}
