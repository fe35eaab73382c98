//! What is rated, how often, with how many points, and what of it is public.

use serde::{Deserialize, Serialize};

use crate::{
    disclosure::{Rhythm, Span},
    saying::Saying,
    time::Day,
};

topology::vocabulary! {
    /// What somebody found at a household.
    #[derive(utoipa::ToSchema)]
    pub enum Mark: "mark" {
        Good = 1, "good", "好", "good";
        Fair = 2, "fair", "中", "fair";
        Poor = 3, "poor", "差", "poor";
    }
}

topology::vocabulary! {
    /// How often an item of a household is rated.
    #[derive(utoipa::ToSchema)]
    pub enum Every: "time between ratings" {
        Day = 1, "day", "每天一次", "once a day";
        Week = 2, "week", "每周一次", "once a week";
        Month = 3, "month", "每月一次", "once a month";
    }
}

impl Every {
    /// Returns the days around this one in which an item is rated once.
    pub fn around(self, day: Day) -> Span {
        match self {
            Self::Day => Span { from: day, to: day },
            Self::Week => Rhythm::Week.around(day),
            Self::Month => Rhythm::Month.around(day),
        }
    }
}

/// Something that households are rated by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedItem {
    /// Its name for programs, unique at a node: 1 to 48 lower-case letters, digits and dashes.
    pub code: Box<str>,
    /// Its name for people, 1 to 40 characters.
    pub name: Box<str>,
    /// Its English name, if it has one.
    pub english: Option<Box<str>>,
    /// The points of good, fair and poor, each from -100 to 100 and none more than the one before.
    pub scale: [i16; 3],
    /// How often it is rated.
    pub every: Every,
}

impl RatedItem {
    /// Returns the points of a mark.
    pub const fn points(&self, mark: Mark) -> i16 {
        self.scale[mark as usize]
    }
}

/// What one template says; what it leaves out is left to others, or to the usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PointSheet {
    /// The period of ranking: a month or a quarter.
    pub period: Option<Rhythm>,
    /// Days for which a rating may be objected to, 1 to 60.
    pub objection_days: Option<u8>,
    /// Days for which a rating counts and is shown, 30 to 1,096.
    pub keep_days: Option<u16>,
    /// Points that a household needs to be on the red list, 1 to 10,000.
    pub red_from: Option<u16>,
    /// Whether the red list is public.
    pub red_public: Option<bool>,
    /// Whether households of the black side are named in public.
    pub black_names: Option<bool>,
    /// The items.
    pub items: Vec<RatedItem>,
}

/// What a sheet allows more of than one from above, or changes that stays. The text names both values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Looser {
    /// It ranks by another period.
    #[error("ranks by {0} there and {1} here; leave `period` out")]
    Period(Rhythm, Rhythm),
    /// There is less time to object.
    #[error(
        "may be objected to for {0} days there and {1} here; a lower tier may only lengthen it"
    )]
    Objection(u8, u8),
    /// Ratings count for longer.
    #[error("counts ratings for {0} days there and {1} here; a lower tier may only shorten it")]
    Keep(u16, u16),
    /// The red list takes fewer points.
    #[error(
        "takes {0} points for the red list there and {1} here; a lower tier may only ask for more"
    )]
    Red(u16, u16),
    /// Something is public here and not there.
    #[error("keeps `{0}` private there; leave it out")]
    Public(&'static str),
    /// It has an item of the same name.
    #[error("has the item {0} already; leave it out, or choose another code")]
    Item(Box<str>),
}

impl Looser {
    /// Returns it in both languages; it continues the name of the template above.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Period(there, here) => format!(
                "按{}排名，这里按{}；请去掉 period",
                topology::Term::chinese(*there),
                topology::Term::chinese(*here)
            ),
            Self::Objection(there, here) => {
                format!("给 {there} 天提异议，这里 {here} 天；下级只能延长")
            }
            Self::Keep(there, here) => {
                format!("评分算 {there} 天，这里 {here} 天；下级只能缩短")
            }
            Self::Red(there, here) => {
                format!("上红榜要 {there} 分，这里 {here} 分；下级只能提高")
            }
            Self::Public(key) => format!("不公开 {key}；请去掉这一项"),
            Self::Item(code) => format!("已有评分项 {code}；请去掉，或换个代码"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

impl PointSheet {
    /// Returns what this sheet loosens or changes of one from above; `None` if it only adds and tightens.
    pub fn loosens(&self, above: &Self) -> Option<Looser> {
        /// The pair of both values, if both are there and stand in the wrong order.
        fn pair<T: Copy>(
            theirs: Option<T>,
            mine: Option<T>,
            wrong: impl Fn(&T, &T) -> bool,
        ) -> Option<(T, T)> {
            theirs
                .zip(mine)
                .filter(|(theirs, mine)| wrong(theirs, mine))
        }
        if let Some((theirs, mine)) = pair(above.period, self.period, |a, b| a != b) {
            return Some(Looser::Period(theirs, mine));
        }
        if let Some((theirs, mine)) = pair(above.objection_days, self.objection_days, |a, b| b < a)
        {
            return Some(Looser::Objection(theirs, mine));
        }
        if let Some((theirs, mine)) = pair(above.keep_days, self.keep_days, |a, b| b > a) {
            return Some(Looser::Keep(theirs, mine));
        }
        if let Some((theirs, mine)) = pair(above.red_from, self.red_from, |a, b| b < a) {
            return Some(Looser::Red(theirs, mine));
        }
        if pair(above.red_public, self.red_public, |a, b| *b && !a).is_some() {
            return Some(Looser::Public("red_public"));
        }
        if pair(above.black_names, self.black_names, |a, b| *b && !a).is_some() {
            return Some(Looser::Public("black_names"));
        }
        let known = |item: &&RatedItem| above.items.iter().any(|known| known.code == item.code);
        let twice = self.items.iter().find(known);
        twice.map(|item| Looser::Item(item.code.clone()))
    }
}

/// The rules in force at a node: the items of all sheets, and the strictest of everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointRules {
    /// The period of ranking.
    pub period: Rhythm,
    /// Days for which a rating may be objected to.
    pub objection_days: u8,
    /// Days for which a rating counts and is shown.
    pub keep_days: u16,
    /// Points that a household needs to be on the red list.
    pub red_from: u16,
    /// Whether the red list is public.
    pub red_public: bool,
    /// Whether households of the black side are named in public.
    pub black_names: bool,
    /// The items.
    pub items: Vec<RatedItem>,
}

impl PointRules {
    /// Returns the rules of sheets, those from above first; `None` without sheets.
    pub fn of(sheets: &[PointSheet]) -> Option<Self> {
        fn strictest<T: Copy>(
            sheets: &[PointSheet],
            value: impl Fn(&PointSheet) -> Option<T>,
            choose: impl Fn(T, T) -> T,
        ) -> Option<T> {
            sheets.iter().filter_map(value).reduce(choose)
        }
        if sheets.is_empty() {
            return None;
        }
        let mut items: Vec<RatedItem> = vec![];
        for item in sheets.iter().flat_map(|sheet| &sheet.items) {
            if !items.iter().any(|known| known.code == item.code) {
                items.push(item.clone());
            }
        }
        let period = sheets.iter().find_map(|sheet| sheet.period);
        Some(Self {
            period: period.unwrap_or(Rhythm::Quarter),
            objection_days: strictest(sheets, |one| one.objection_days, u8::max).unwrap_or(7),
            keep_days: strictest(sheets, |one| one.keep_days, u16::min).unwrap_or(365),
            red_from: strictest(sheets, |one| one.red_from, u16::max).unwrap_or(1),
            red_public: strictest(sheets, |one| one.red_public, |a, b| a && b).unwrap_or(true),
            black_names: strictest(sheets, |one| one.black_names, |a, b| a && b).unwrap_or(false),
            items,
        })
    }

    /// Returns an item by its name for programs.
    pub fn item(&self, code: &str) -> Option<&RatedItem> {
        self.items.iter().find(|item| *item.code == *code)
    }

    /// Returns the period that a day is in.
    pub fn around(&self, day: Day) -> Span {
        self.period.around(day)
    }
}

/// Which points a mark had, for records that outlive the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scale(pub(super) [i16; 3]);

impl Scale {
    pub(super) const fn points(self, mark: Option<Mark>) -> i16 {
        match mark {
            Some(mark) => self.0[mark as usize],
            None => 0,
        }
    }
}
