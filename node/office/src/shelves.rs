//! Where matters lie: beside each docket one line, so that a list opens no dockets, and for an open
//! matter with running clocks the moment it is due. Written in the unit of the docket, and only what
//! the whole unit changed.

use api::{MatterLine, Urgency};
use domain::{
    calendar::Calendar,
    category::{Category, Priority},
    clock,
    custody::{Docket, Standing},
    ids::MatterId,
    matter::Status,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::record;
use topology::DivisionCode;

use super::{keys, unit_of_work::UnitOfWork};

/// A matter in one line, without anything a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub id: MatterId,
    /// When it was reported.
    pub reported: Timestamp,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// State of the work.
    pub status: Status,
    /// Who holds it, as last heard.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: Standing,
    /// When the last step known here was made.
    pub as_of: Timestamp,
    /// When the first clock is used up if nothing is done.
    pub due: Option<Timestamp>,
}

domain::records!(Line);

impl From<&Docket> for Line {
    fn from(docket: &Docket) -> Self {
        let matter = &docket.matter;
        Self {
            id: matter.id,
            reported: matter.reported_at(),
            category: matter.category.clone(),
            priority: matter.priority,
            status: matter.status,
            holder: matter.holder,
            transit: matter.transit,
            standing: docket.standing,
            as_of: matter.steps.last().map_or(Timestamp(0), |step| step.at),
            due: first_due(docket),
        }
    }
}

/// A stretch of the index. A matter that is handed over and taken stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shelf {
    HeldOpen = 0,
    HeldClosed = 1,
    AwayOpen = 2,
    AwayClosed = 3,
}

impl Line {
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.status, Status::Closed(_))
    }

    pub(super) const fn shelf(&self) -> Shelf {
        match (self.standing, self.is_closed()) {
            (Standing::Holding, false) => Shelf::HeldOpen,
            (Standing::Holding, true) => Shelf::HeldClosed,
            (_, false) => Shelf::AwayOpen,
            (_, true) => Shelf::AwayClosed,
        }
    }
}

impl Line {
    /// Returns the line as people see it, with what the calendar in force says of when it is due.
    pub fn shown(self, calendar: &Calendar) -> MatterLine {
        let line = self;
        MatterLine {
            id: line.id.to_string(),
            category: line.category.to_string(),
            category_name: line.category.chinese().map(str::to_owned),
            priority: line.priority,
            status: line.status,
            origin: line.id.origin,
            holder: line.holder,
            transit: line.transit,
            standing: line.standing.into(),
            reported_ms: line.reported.0,
            as_of_ms: line.as_of.0,
            due_ms: line.due.map(|due| due.0),
            provisional: line.due.is_some_and(|due| calendar.is_provisional(due)),
        }
    }
}

/// How little time is left for an open matter.
pub(super) fn urgency(docket: &Docket, now: Timestamp) -> Option<Urgency> {
    if docket.matter.is_closed() {
        return None;
    }
    let clocks = docket.matter.clocks.iter();
    let urgencies = clocks.filter_map(|clock| match clock.standing(now) {
        clock::Standing::Overdue { .. } => Some(Urgency::Overdue),
        clock::Standing::DueSoon { .. } => Some(Urgency::DueSoon),
        _ => None,
    });
    urgencies.max_by_key(|urgency| *urgency == Urgency::Overdue)
}

/// When the first clock of an open matter is due if nothing is done; a pause that lasts to its
/// longest end is counted.
pub(super) fn first_due(docket: &Docket) -> Option<Timestamp> {
    if docket.matter.is_closed() {
        return None;
    }
    let open = docket.matter.clocks.iter().filter(|clock| clock.is_open());
    let due = open.map(|clock| match clock.pause {
        Some(pause) => pause.due.max(pause.until),
        None => clock.due,
    });
    due.min()
}

/// Where a matter lay before a decision, and lies after it.
pub(super) struct Move {
    before: Option<Line>,
    after: Option<Line>,
}

/// How many matters there are of each standing: held, handed over, copies.
pub(super) type Standings = [u64; 3];

const fn counted(standing: Standing) -> usize {
    match standing {
        Standing::Holding => 0,
        Standing::Giving { .. } => 1,
        Standing::Elsewhere => 2,
    }
}

impl UnitOfWork<'_> {
    /// Notes where a matter lies that was read for this decision.
    pub(super) fn note_found(&mut self, docket: &Docket) {
        self.moves.entry(docket.matter.id).or_insert_with(|| {
            let line = Some(Line::from(docket));
            Move {
                before: line.clone(),
                after: line,
            }
        });
    }

    /// Notes where a matter lies that this decision writes. It was read before, or it is new.
    pub(super) fn note_put(&mut self, docket: &Docket) {
        let (before, after) = (None, None);
        let moved = self.moves.entry(docket.matter.id);
        moved.or_insert(Move { before, after }).after = Some(docket.into());
    }

    /// Writes what all moves of this decision come to.
    pub(super) fn shelve(&mut self) {
        for (id, Move { before, after }) in std::mem::take(&mut self.moves) {
            if before == after {
                continue;
            }
            let standings = &mut self.ledger.standings;
            if let Some(line) = &before {
                let count = &mut standings[counted(line.standing)];
                *count = count.saturating_sub(1);
            }
            if let Some(line) = &after {
                standings[counted(line.standing)] += 1;
            }
            let key = |line: &Line| keys::shelved(line.shelf(), line.reported, line.id);
            let (old, new) = (before.as_ref().map(key), after.as_ref().map(key));
            if let Some(old) = old.filter(|old| Some(old) != new.as_ref()) {
                self.view.delete(old);
            }
            if let (Some(key), Some(now)) = (new, &after) {
                self.view.put(key, record::write(now));
            }
            let due = |line: &Option<Line>| line.as_ref().and_then(|line| line.due);
            let (old, new) = (due(&before), due(&after));
            if old != new {
                if let Some(past) = old {
                    self.view.delete(keys::due_at(past, id));
                }
                if let Some(at) = new {
                    self.view.put(keys::due_at(at, id), record::write(&()));
                }
            }
        }
    }
}
