//! What has to be made public when, and what became of it.

use primitives::record::{BASE, Record};
use serde::{Deserialize, Serialize};

use super::{Class, DisclosureId, DoubtName, Item, Rhythm, Span, Stage};
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
    /// The doubts about the latest edition when it was published; nothing is known of editions of before they were kept.
    pub doubts: Vec<DoubtName>,
}

/// [`Line`] before it kept doubts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineV5 {
    id: DisclosureId,
    template: TemplateKey,
    item: Box<str>,
    english: Option<Box<str>>,
    class: Class,
    rhythm: Rhythm,
    span: Span,
    title: Box<str>,
    due: Timestamp,
    published_at: Option<Timestamp>,
    latest_at: Option<Timestamp>,
    editions: u32,
    withdrawn: bool,
    stage: Option<Stage>,
}

crate::records!(LineV5);

/// What is kept of the latest edition of a disclosure in its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// When it was published.
    pub at: Timestamp,
    /// The doubts about it then.
    pub doubts: Vec<DoubtName>,
}

impl Line {
    /// Returns what it keeps of the latest edition.
    pub fn latest(&self) -> Option<Latest> {
        self.latest_at.map(|at| Latest {
            at,
            doubts: self.doubts.clone(),
        })
    }
}

impl Record for Line {
    const VERSION: u8 = BASE + 1;
    type Previous = LineV5;

    fn migrate(old: LineV5) -> Self {
        Self {
            id: old.id,
            template: old.template,
            item: old.item,
            english: old.english,
            class: old.class,
            rhythm: old.rhythm,
            span: old.span,
            title: old.title,
            due: old.due,
            published_at: old.published_at,
            latest_at: old.latest_at,
            editions: old.editions,
            withdrawn: old.withdrawn,
            stage: old.stage,
            doubts: vec![],
        }
    }
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
    for demand in demands {
        let spans = periods(demand, now.day()).take(LOOK_BACK + 1);
        all.extend(spans.map(|span| duty(demand, span, lines, calendar, now)));
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

/// Iterates over the periods of an item, from that of `today` back to the one in which it was first demanded; there
/// are none of events.
pub(super) fn periods(demand: &Demand<'_>, today: Day) -> impl Iterator<Item = Span> {
    let rhythm = demand.item.rhythm;
    let first = rhythm.around(demand.since.day());
    let latest = (rhythm != Rhythm::Event).then(|| rhythm.around(today));
    let before = move |span: &Span| Some(rhythm.around(Day(span.from.0 - 1)));
    std::iter::successors(latest, before).take_while(move |span| *span >= first)
}

pub(super) fn duty<'a>(
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
