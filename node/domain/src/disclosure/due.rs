//! What has to be made public when, and what became of it.

use serde::{Deserialize, Serialize};

use super::{Class, DisclosureId, Item, Rhythm, Span, Stage};
use crate::{
    calendar::{Allowance, Calendar},
    scope::TemplateKey,
    time::{Day, Timestamp},
};

/// How many periods that ended are looked back on for each item.
const LOOK_BACK: usize = 24;

/// A disclosure in one line, as lists read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub id: DisclosureId,
    /// The template.
    pub template: TemplateKey,
    /// Name of the item.
    pub item: Box<str>,
    /// Its English name.
    pub english: Option<Box<str>>,
    /// Its class.
    pub class: Class,
    /// How often it is made public.
    pub rhythm: Rhythm,
    /// The days it is about.
    pub span: Span,
    /// The title of an event.
    pub title: Box<str>,
    /// When it is due.
    pub due: Timestamp,
    /// When the first edition was published.
    pub published_at: Option<Timestamp>,
    /// When the latest edition was published.
    pub latest_at: Option<Timestamp>,
    /// Number of editions.
    pub editions: u32,
    /// Whether it was taken down.
    pub withdrawn: bool,
    /// How far the work on an edition has come, if there is any.
    pub stage: Option<Stage>,
}

/// An item that is demanded of a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand<'a> {
    /// The template that prescribes its form.
    pub template: &'a TemplateKey,
    /// The version of it.
    pub version: u32,
    /// Since when it is demanded here.
    pub since: Timestamp,
    /// The item.
    pub item: &'a Item,
}

topology::vocabulary! {
    /// What became of something that has to be made public.
    #[derive(utoipa::ToSchema)]
    pub enum DutyState: "state of a duty to disclose" {
        Running = 1, "running", "本期未结束", "its period goes on";
        Due = 2, "due", "应公开", "its period is over, and there is time left";
        Overdue = 3, "overdue", "逾期未公开", "it should have been published by now";
        OnTime = 4, "on-time", "按时公开", "it was published in time";
        Late = 5, "late", "逾期公开", "it was published, but late";
    }
}

/// One thing that has to be made public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty<'a> {
    /// What demands it.
    pub demand: Demand<'a>,
    /// The days it is about.
    pub span: Span,
    /// When it is due.
    pub due: Timestamp,
    /// What became of it.
    pub state: DutyState,
    /// Its disclosure, once one was begun.
    pub id: Option<DisclosureId>,
    /// How far the work on it has come.
    pub stage: Option<Stage>,
}

/// Returns when what an item says of some days is due.
pub fn due(item: &Item, span: Span, calendar: &Calendar) -> Timestamp {
    // Days count from the last one, of which nothing is left; hours from its end.
    let from = match item.due {
        Allowance::Days(_) | Allowance::WorkingDays(_) => span.to,
        Allowance::Hours(_) | Allowance::WorkingHours(_) => span.after(),
    };
    calendar.add(from.start(), item.due)
}

/// Returns what has to be made public by periods: for each item its last periods and the one that goes on, latest
/// first. The first period is the one in which the item was first demanded. Events are not among them.
pub fn duties<'a>(
    demands: &[Demand<'a>],
    lines: &[Line],
    calendar: &Calendar,
    now: Timestamp,
) -> Vec<Duty<'a>> {
    let mut all = vec![];
    for demand in demands
        .iter()
        .filter(|demand| demand.item.rhythm != Rhythm::Event)
    {
        let first = demand.item.rhythm.around(demand.since.day());
        let mut span = demand.item.rhythm.around(now.day());
        for _ in 0..=LOOK_BACK {
            if span < first {
                break;
            }
            all.push(duty(demand, span, lines, calendar, now));
            span = demand.item.rhythm.around(Day(span.from.0 - 1));
        }
    }
    all.sort_by(|one, other| {
        other
            .span
            .to
            .cmp(&one.span.to)
            .then_with(|| one.due.cmp(&other.due))
    });
    all
}

fn duty<'a>(
    demand: &Demand<'a>,
    span: Span,
    lines: &[Line],
    calendar: &Calendar,
    now: Timestamp,
) -> Duty<'a> {
    let due = due(demand.item, span, calendar);
    let line = lines
        .iter()
        .find(|line| line.item == demand.item.name && line.span == span);
    let published = line.and_then(|line| line.published_at);
    let state = match published {
        Some(at) if at <= due => DutyState::OnTime,
        Some(_) => DutyState::Late,
        None if now < span.after().start() => DutyState::Running,
        None if now <= due => DutyState::Due,
        None => DutyState::Overdue,
    };
    Duty {
        demand: demand.clone(),
        span,
        due,
        state,
        id: line.map(|line| line.id),
        stage: line.and_then(|line| line.stage),
    }
}
