//! How divisions comply with what they have to make public: counted by the month in which it was due, told to the
//! division above, and summed up there.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{
    Class, Demand, DisclosureId, Duty, DutyState, Line, Rhythm, Span,
    due::{duty, periods},
};
use crate::{
    address::Stamp,
    calendar::Calendar,
    counts::{self, BadCounts, Counted},
    month::Month,
    time::{Day, Timestamp},
};

/// For so many months before this one a division says anew what became of them; earlier months stay as they are.
const MONTHS_BACK: u16 = 12;
/// What is due later than in so many months is no month that anybody tells of.
const MONTHS_AHEAD: u16 = 24;
/// The most overdue disclosures that are named in one report; further ones are only counted.
pub const MOST_NAMED: usize = 32;
/// The most characters of the name of an item in a report.
const MOST_NAME: usize = 60;
/// The greatest count of one village; of each tier above a thousand times that of the tier below, since nobody has a
/// thousand children. No sum of what is believed is more than may be said of it.
const MOST_OF_A_VILLAGE: u64 = 10_000;

topology::vocabulary! {
    /// What is counted of a month. Counts that a later build adds are summed and passed on without being shown.
    #[derive(utoipa::ToSchema)]
    pub enum Complied: "count of compliance" {
        Demanded = 1, "demanded", "应公开", "what falls due in the month";
        OnTime = 2, "on-time", "按时公开", "of these, published in time";
        Late = 3, "late", "逾期公开", "of these, published late";
        Overdue = 4, "overdue", "逾期未公开", "of these, past due and not published";
        Corrected = 5, "corrected", "更正", "of what was published, corrected at least once";
        Withdrawn = 6, "withdrawn", "依法撤下", "of what was published, taken down on a lawful ground";
        Doubted = 7, "doubted", "存疑", "of what was published, all zero, copied, empty or before its days were over";
        Objected = 8, "objected", "异议", "objections of villagers";
        Answered = 9, "answered", "异议已办结", "of these objections, those that are closed";
    }
}

/// The counts of a month, in one division or several.
pub type Counts = counts::Counts<Complied>;

impl Counted for Complied {
    fn hold_together(counts: &Counts) -> bool {
        let within = |part: Self| counts[part] <= counts.published();
        counts.past_due() <= counts[Self::Demanded]
            && [Self::Corrected, Self::Withdrawn, Self::Doubted]
                .into_iter()
                .all(within)
            && counts[Self::Answered] <= counts[Self::Objected]
    }
}

impl Counts {
    /// Returns how many are neither published nor past due.
    pub fn open(self) -> u64 {
        self[Complied::Demanded].saturating_sub(self.past_due())
    }

    /// Returns how many were published, in time or late.
    pub fn published(self) -> u64 {
        self[Complied::OnTime].saturating_add(self[Complied::Late])
    }

    /// Returns how many were published or are past due: those of which it is known whether they were in time.
    pub fn past_due(self) -> u64 {
        self.published().saturating_add(self[Complied::Overdue])
    }

    /// Returns the share that was published in time, in per mille of [`Self::past_due`]; `None` while that is nothing.
    pub fn in_time(self) -> Option<u64> {
        let all = self.past_due();
        (all > 0).then(|| self[Complied::OnTime] * 1000 / all)
    }
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ComplianceKey {
    /// The month in which it was due.
    pub month: Month,
    /// The class.
    pub class: Class,
}

impl ComplianceKey {
    /// Returns the key of the report, so that a later one takes its place.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = b"compliance".to_vec();
        bytes.extend_from_slice(&self.month.0.to_be_bytes());
        bytes.push(self.class.number() as u8);
        bytes
    }

    /// Returns whether a division may tell of it on a day: no longer ago than two years, and not later than in two.
    pub fn is_near(self, today: Day) -> bool {
        let now = Month::of(today);
        (now.earlier(2 * MONTHS_BACK)..=now.later(MONTHS_AHEAD)).contains(&self.month)
    }
}

/// A disclosure that is past due and not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    /// When it was due.
    pub due: Timestamp,
    /// Who should have published it.
    pub division: DivisionCode,
    /// Name of the item, at most 60 characters.
    pub item: Box<str>,
    /// The days it is about.
    pub span: Span,
}

/// What a division says of a month and class, in its whole subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceReport {
    /// Of what.
    pub key: ComplianceKey,
    /// The counts.
    pub counts: Counts,
    /// What is overdue, longest first, at most [`MOST_NAMED`].
    pub overdue: Vec<Overdue>,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}

impl ComplianceReport {
    /// Returns a report of nothing.
    pub fn empty(key: ComplianceKey) -> Self {
        Self {
            key,
            counts: Counts::default(),
            overdue: vec![],
            stamp: Stamp::default(),
        }
    }

    /// Returns whether it says nothing else, whenever it was said.
    pub fn says(&self, other: &Self) -> bool {
        (self.key, self.counts, &self.overdue) == (other.key, other.counts, &other.overdue)
    }

    /// Adds what another division says of the same.
    fn add(&mut self, other: &Self) {
        self.counts = self.counts.plus(other.counts);
        self.overdue.extend(other.overdue.iter().cloned());
    }

    /// Checks the form of what a division says.
    ///
    /// # Errors
    /// [`BadCounts`] if more are named than counted or allowed, or a name is too long.
    pub fn check(&self) -> Result<(), BadCounts> {
        let named = self.overdue.len();
        let counted = usize::try_from(self.counts[Complied::Overdue]).unwrap_or(usize::MAX);
        let fits =
            |one: &Overdue| one.item.chars().count() <= MOST_NAME && one.span.from <= one.span.to;
        let are_fit = named <= MOST_NAMED.min(counted) && self.overdue.iter().all(fits);
        are_fit.then_some(()).ok_or(BadCounts)
    }

    /// Returns whether a division of this tier can have so many.
    pub fn is_possible_for(&self, tier: Tier) -> bool {
        let most = MOST_OF_A_VILLAGE * 1000_u64.pow(Tier::Village as u32 - tier as u32);
        self.counts.are_within(most)
    }

    fn in_order(mut self) -> Self {
        let rank = |one: &Overdue| (one.due, one.division, one.item.clone(), one.span);
        self.overdue.sort_by_key(rank);
        self.overdue.truncate(MOST_NAMED);
        self
    }
}

/// Sums up what this division and its children say of a month and class.
pub fn summed<'a>(
    key: ComplianceKey,
    said: impl IntoIterator<Item = &'a ComplianceReport>,
) -> ComplianceReport {
    let mut sum = ComplianceReport::empty(key);
    for report in said.into_iter().filter(|report| report.key == key) {
        sum.add(report);
    }
    sum.in_order()
}

/// What a division knows of its own disclosures.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The division.
    pub me: DivisionCode,
    /// What is demanded of it.
    pub demands: &'a [Demand<'a>],
    /// Its disclosures.
    pub lines: &'a [Line],
    /// How many objections there were to each, and how many of these are closed.
    pub objections: &'a BTreeMap<DisclosureId, (u64, u64)>,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// The present.
    pub now: Timestamp,
}

impl Own<'_> {
    /// Returns what a division says of itself, for what was due in the last twelve months or will be.
    pub fn compliance(self) -> BTreeMap<ComplianceKey, ComplianceReport> {
        let mut all = BTreeMap::new();
        let mut told = BTreeSet::new();
        for duty in self.duties() {
            let line = self.lines.iter().find(|line| Some(line.id) == duty.id);
            told.extend(duty.id);
            let item = (&*duty.demand.item.name, duty.demand.item.class);
            self.add(&mut all, item, (duty.span, duty.due, duty.state), line);
        }
        // Events, and what was published of items that are demanded no more.
        let others = self.lines.iter().filter(|line| {
            let counts = line.rhythm == Rhythm::Event || line.editions > 0;
            counts && !told.contains(&line.id) && Month::of(line.due.day()) >= self.first()
        });
        for line in others {
            let state = match line.published_at {
                Some(at) if at <= line.due => DutyState::OnTime,
                Some(_) => DutyState::Late,
                None if self.now <= line.due => DutyState::Due,
                None => DutyState::Overdue,
            };
            let item = (&*line.item, line.class);
            self.add(&mut all, item, (line.span, line.due, state), Some(line));
        }
        all.into_iter()
            .map(|(key, report)| (key, report.in_order()))
            .collect()
    }

    /// Returns when what a division says of itself changes next without anybody doing anything; `None` if nothing is
    /// demanded and nothing waits.
    pub fn changes_at(self) -> Option<Timestamp> {
        let today = self.now.day();
        let periods = self.demands.iter().map(|demand| demand.item.rhythm);
        let periods = periods.filter(|rhythm| *rhythm != Rhythm::Event);
        let next_period = periods.map(|rhythm| rhythm.around(today).after().start());
        let duties = self.duties();
        let open = duties
            .iter()
            .filter(|duty| matches!(duty.state, DutyState::Running | DutyState::Due));
        let events = self.lines.iter().filter(|line| {
            line.rhythm == Rhythm::Event && line.editions == 0 && self.now <= line.due
        });
        let runs_out = open
            .map(|duty| duty.due)
            .chain(events.map(|line| line.due))
            .map(|due| Timestamp(due.0 + 1));
        next_period.chain(runs_out).min()
    }

    /// Returns the first month that it tells of.
    pub fn first(self) -> Month {
        Month::of(self.now.day()).earlier(MONTHS_BACK)
    }

    fn duties(&self) -> Vec<Duty<'_>> {
        let first = self.first();
        let of = |demand| {
            periods(demand, self.now.day())
                .map(move |span| duty(demand, span, self.lines, self.calendar, self.now))
                .take_while(move |duty| Month::of(duty.due.day()) >= first)
        };
        self.demands.iter().flat_map(of).collect()
    }

    fn add(
        self,
        all: &mut BTreeMap<ComplianceKey, ComplianceReport>,
        (item, class): (&str, Class),
        (span, due, state): (Span, Timestamp, DutyState),
        line: Option<&Line>,
    ) {
        let month = Month::of(due.day());
        let key = ComplianceKey { month, class };
        let report = all
            .entry(key)
            .or_insert_with(|| ComplianceReport::empty(key));
        let counts = &mut report.counts;
        counts.count(Complied::Demanded);
        match state {
            DutyState::OnTime => counts.count(Complied::OnTime),
            DutyState::Late => counts.count(Complied::Late),
            DutyState::Running | DutyState::Due => {}
            DutyState::Overdue => {
                counts.count(Complied::Overdue);
                report.overdue.push(Overdue {
                    due,
                    division: self.me,
                    item: item.chars().take(MOST_NAME).collect(),
                    span,
                });
            }
        }
        let Some(line) = line.filter(|line| line.editions > 0) else {
            return;
        };
        let marks = [
            (line.editions > 1, Complied::Corrected),
            (line.withdrawn, Complied::Withdrawn),
            (!line.doubts.is_empty(), Complied::Doubted),
        ];
        for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) {
            counts.count(mark);
        }
        let (objected, answered) = self.objections.get(&line.id).copied().unwrap_or_default();
        counts[Complied::Objected] += objected;
        counts[Complied::Answered] += answered.min(objected);
    }
}
