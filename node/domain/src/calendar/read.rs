//! Reads a calendar from the section `[calendar]` of a policy.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, value::Datetime};

use super::{Calendar, Day, Hours, Mark};
use crate::saying::Saying;

/// The most days that a calendar marks as holidays or make-up days.
pub const MOST_MARKED: usize = 1_000;

const MOST_INTERVALS: usize = 8;
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A fault in a calendar as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// The years are out of order, more than 20, or not from 2000 to 2099.
    #[error(
        "years {0} to {1} are not a range of up to 20 years from 2000 to 2099; write [first, last]"
    )]
    Years(i64, i64),
    /// The text is not an interval of a day.
    #[error("`{0}` is not an interval of a day; write it as 08:30-12:00")]
    Interval(String),
    /// The interval ends before or when it begins.
    #[error("{0} ends before it begins; write one that passes midnight as two, on two days")]
    Backwards(String),
    /// The interval shares a minute with another one of the day.
    #[error("{0} overlaps another interval of the day; let it begin where that one ends")]
    Overlap(String),
    /// A day has too many intervals.
    #[error("a day has more than {MOST_INTERVALS} intervals; join some")]
    TooManyIntervals,
    /// The week has less than one working hour.
    #[error("the week has less than one working hour; give its days their hours")]
    NoWork,
    /// The date has a time of day where only a day is allowed.
    #[error("the date has a time of day; write only the day, like 2026-01-01")]
    NotADay,
    /// The holiday has neither a date nor a range, or both.
    #[error("a holiday has either a date or a range; give date, or from and to")]
    DateOrRange,
    /// The range of a holiday ends before it begins.
    #[error("the range from {0} to {1} ends before it begins; exchange them")]
    RangeBackwards(Day, Day),
    /// The day is outside the years of the calendar.
    #[error("{0} is outside the years of the calendar; widen years or remove the day")]
    OutsideYears(Day),
    /// The day is listed twice as the same kind.
    #[error("{0} is listed twice; remove one")]
    Twice(Day),
    /// The day is both a holiday and a make-up day.
    #[error("{0} is both a holiday and a make-up day; remove one")]
    Both(Day),
    /// The make-up day is an ordinary working day.
    #[error("{0} is a working day anyway; make-up days fall on days of rest")]
    WorksAnyway(Day),
    /// The make-up day is like an unknown weekday, or like one without working hours.
    #[error("a make-up day cannot be like `{0}`; name a weekday with working hours, like monday")]
    Like(String),
    /// The name of a holiday is empty, longer than 40 characters, or has control characters.
    #[error("the name of a holiday has 1 to 40 characters in one line; shorten it")]
    Name,
    /// More than [`MOST_MARKED`] days are marked.
    #[error("more than {MOST_MARKED} days are marked; leave past years out")]
    TooMany,
}

impl CalendarFault {
    /// Returns it in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Years(first, last) => format!(
                "{first} 到 {last} 不是 2000 到 2099 年之间、至多 20 年的区间；请写成 [起, 止]"
            ),
            Self::Interval(text) => {
                format!("“{text}”不是一天里的时段；请写成 08:30-12:00")
            }
            Self::Backwards(text) => {
                format!("{text} 还没开始就结束了；跨午夜的请分成两天各写一段")
            }
            Self::Overlap(text) => {
                format!("{text} 与当天另一时段重叠；请从那一段结束时开始")
            }
            Self::TooManyIntervals => {
                format!("一天超过 {MOST_INTERVALS} 个时段；请合并几个")
            }
            Self::NoWork => "一周的办公时间不足一小时；请写出各天的时段".to_owned(),
            Self::NotADay => "日期里带了时刻；只写日期，如 2026-01-01".to_owned(),
            Self::DateOrRange => "节假日写一天或一段；请写 date，或 from 和 to".to_owned(),
            Self::RangeBackwards(from, to) => {
                format!("{from} 到 {to} 首尾颠倒；请对调")
            }
            Self::OutsideYears(day) => {
                format!("{day} 不在日历的年份之内；请扩大 years 或去掉这一天")
            }
            Self::Twice(day) => format!("{day} 写了两次；请去掉一个"),
            Self::Both(day) => format!("{day} 既是假日又是调休上班日；请去掉一个"),
            Self::WorksAnyway(day) => {
                format!("{day} 本来就上班；调休上班日应落在休息日")
            }
            Self::Like(text) => {
                format!("调休上班日不能照“{text}”；请写有办公时间的星期几，如 monday")
            }
            Self::Name => "节假日名称要有 1 到 40 个字，写在一行里；请改短".to_owned(),
            Self::TooMany => format!("标记的日子超过 {MOST_MARKED} 个；请去掉过去的年份"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

/// The section `[calendar]` as written, not checked yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCalendar {
    years: Spanned<(i64, i64)>,
    hours: Spanned<RawHours>,
    #[serde(default)]
    holiday: Vec<Spanned<RawHoliday>>,
    #[serde(default, rename = "make-up")]
    make_up: Vec<Spanned<RawMakeUp>>,
}

type RawIntervals = Option<Vec<Spanned<String>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHours {
    /// The hours of Monday to Friday, for days without hours of their own.
    weekdays: RawIntervals,
    monday: RawIntervals,
    tuesday: RawIntervals,
    wednesday: RawIntervals,
    thursday: RawIntervals,
    friday: RawIntervals,
    saturday: RawIntervals,
    sunday: RawIntervals,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHoliday {
    name: Spanned<String>,
    date: Option<Spanned<Datetime>>,
    from: Option<Spanned<Datetime>>,
    to: Option<Spanned<Datetime>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMakeUp {
    name: Spanned<String>,
    date: Spanned<Datetime>,
    like: Option<Spanned<String>>,
}

/// The offset of the fault in the text, in bytes, and the fault.
type Fault = (usize, CalendarFault);

impl RawCalendar {
    /// Checks the section and builds the calendar.
    ///
    /// # Errors
    /// The first fault, with its offset in the text in bytes.
    pub(crate) fn read(self) -> Result<Calendar, Fault> {
        let covered = years(&self.years)?;
        let at = self.hours.span().start;
        let week = week(self.hours.into_inner())?;
        let working: u64 = week.iter().map(Hours::total).sum();
        if working < 60 * super::MINUTE {
            return Err((at, CalendarFault::NoWork));
        }
        let mut calendar = Calendar {
            week,
            covered,
            marked: BTreeMap::new(),
        };
        for holiday in self.holiday {
            let at = holiday.span().start;
            let holiday = holiday.into_inner();
            let name = name(&holiday.name)?;
            let (first, last) = match (&holiday.date, &holiday.from, &holiday.to) {
                (Some(date), None, None) => (day(date)?, day(date)?),
                (None, Some(from), Some(to)) => (day(from)?, day(to)?),
                _ => return Err((at, CalendarFault::DateOrRange)),
            };
            let at = holiday.date.or(holiday.from).map_or(at, |s| s.span().start);
            if last < first {
                return Err((at, CalendarFault::RangeBackwards(first, last)));
            }
            for day in first.0..=last.0 {
                let mark = Mark::Holiday(name.clone());
                calendar.mark(Day(day), mark).map_err(|f| (at, f))?;
            }
        }
        for make_up in self.make_up {
            let make_up = make_up.into_inner();
            let name = name(&make_up.name)?;
            let at = make_up.date.span().start;
            let date = day(&make_up.date)?;
            let like = match make_up.like {
                Some(like) => named_weekday(&like, &calendar.week)?,
                None => {
                    let mut days = calendar.week.iter();
                    let works = days.position(|hours| !hours.is_empty());
                    works.expect("the week was found to have working hours")
                }
            };
            let works_anyway = !calendar.week[super::weekday(date)].is_empty();
            if works_anyway && !calendar.marked.contains_key(&date) {
                return Err((at, CalendarFault::WorksAnyway(date)));
            }
            let mark = Mark::MakeUp { name, like };
            calendar.mark(date, mark).map_err(|f| (at, f))?;
        }
        calendar.add_lawful_days();
        Ok(calendar)
    }
}

impl Calendar {
    fn mark(&mut self, day: Day, mark: Mark) -> Result<(), CalendarFault> {
        let (first, last) = self.covered;
        if !(first..=last).contains(&day) {
            return Err(CalendarFault::OutsideYears(day));
        }
        match (self.marked.get(&day), &mark) {
            (Some(Mark::Holiday(_)), Mark::MakeUp { .. }) => return Err(CalendarFault::Both(day)),
            (Some(_), _) => return Err(CalendarFault::Twice(day)),
            (None, _) => {}
        }
        if self.marked.len() >= MOST_MARKED {
            return Err(CalendarFault::TooMany);
        }
        self.marked.insert(day, mark);
        Ok(())
    }
}

fn years(years: &Spanned<(i64, i64)>) -> Result<(Day, Day), Fault> {
    let (first, last) = *years.get_ref();
    let fits = (2000..=2099).contains(&first) && (2000..=2099).contains(&last);
    if !fits || last < first || last - first >= 20 {
        return Err((years.span().start, CalendarFault::Years(first, last)));
    }
    let day = |text: String| {
        text.parse()
            .expect("these are days of a year checked above")
    };
    Ok((day(format!("{first}-01-01")), day(format!("{last}-12-31"))))
}

fn week(raw: RawHours) -> Result<[Hours; 7], Fault> {
    let weekdays = hours(raw.weekdays.unwrap_or_default())?;
    let working = |own: RawIntervals| own.map_or_else(|| Ok(weekdays.clone()), hours);
    Ok([
        working(raw.monday)?,
        working(raw.tuesday)?,
        working(raw.wednesday)?,
        working(raw.thursday)?,
        working(raw.friday)?,
        hours(raw.saturday.unwrap_or_default())?,
        hours(raw.sunday.unwrap_or_default())?,
    ])
}

fn hours(raw: Vec<Spanned<String>>) -> Result<Hours, Fault> {
    let mut intervals: Vec<(u16, u16)> = Vec::with_capacity(raw.len());
    for text in raw {
        let at = text.span().start;
        let shown = || text.get_ref().chars().take(24).collect::<String>();
        if intervals.len() == MOST_INTERVALS {
            return Err((at, CalendarFault::TooManyIntervals));
        }
        let (from, to) = text
            .get_ref()
            .split_once('-')
            .and_then(|(from, to)| Some((minute(from)?, minute(to)?)))
            .ok_or_else(|| (at, CalendarFault::Interval(shown())))?;
        if to <= from {
            return Err((at, CalendarFault::Backwards(shown())));
        }
        if intervals.iter().any(|(a, b)| from < *b && *a < to) {
            return Err((at, CalendarFault::Overlap(shown())));
        }
        intervals.push((from, to));
    }
    intervals.sort_unstable();
    Ok(Hours(intervals))
}

/// Parses a time of day such as `08:30`, up to `24:00`, into minutes since midnight.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

/// Reads a day, written without a time of day.
pub(crate) fn day(date: &Spanned<Datetime>) -> Result<Day, Fault> {
    let fault = || (date.span().start, CalendarFault::NotADay);
    match date.get_ref() {
        Datetime {
            date: Some(day),
            time: None,
            offset: None,
        } => day.to_string().parse().map_err(|_| fault()),
        _ => Err(fault()),
    }
}

fn name(name: &Spanned<String>) -> Result<Box<str>, Fault> {
    let text = name.get_ref();
    if !(1..=40).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err((name.span().start, CalendarFault::Name));
    }
    Ok(text.as_str().into())
}

fn named_weekday(like: &Spanned<String>, week: &[Hours; 7]) -> Result<usize, Fault> {
    let name = like.get_ref();
    WEEKDAYS
        .iter()
        .position(|weekday| weekday == name)
        .filter(|weekday| !week[*weekday].is_empty())
        .ok_or_else(|| {
            let shown = name.chars().take(24).collect();
            (like.span().start, CalendarFault::Like(shown))
        })
}
