//! Where matters lie: beside each docket one line, so that a list opens no dockets, and for an open
//! matter with running clocks the moment it is due. Written in the unit of the docket, and only what
//! the whole unit changed.

use api::{MatterLine, Urgency};
use domain::{
    calendar::Calendar,
    clock,
    custody::{Docket, Standing},
    matter::Status,
    time::Timestamp,
};

pub use crate::tables::matters::IndexEntry;
pub(crate) use crate::tables::matters::Partition;
use crate::{
    tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

impl From<&Docket> for IndexEntry {
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

impl IndexEntry {
    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self.status, Status::Closed(_))
    }

    pub(crate) const fn partition(&self) -> Partition {
        match (self.standing, self.is_closed()) {
            (Standing::Holding, false) => Partition::HeldOpen,
            (Standing::Holding, true) => Partition::HeldClosed,
            (_, false) => Partition::AwayOpen,
            (_, true) => Partition::AwayClosed,
        }
    }
}

impl IndexEntry {
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
            unread: None,
        }
    }
}

/// How little time is left for an open matter.
pub(crate) fn urgency(docket: &Docket, now: Timestamp) -> Option<Urgency> {
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
pub(crate) fn first_due(docket: &Docket) -> Option<Timestamp> {
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

/// How many matters there are of each standing: held, handed over, copies.
pub(crate) type Standings = [u64; 3];

const fn counted(standing: Standing) -> usize {
    match standing {
        Standing::Holding => 0,
        Standing::Giving { .. } => 1,
        Standing::Elsewhere => 2,
    }
}

impl UnitOfWork<'_> {
    /// Moves a matter in the index to where it lies now, and counts it there.
    pub(crate) fn project_index(&mut self, DocketChange { old, new }: DocketChange<'_>) {
        let (before, after) = (old.map(IndexEntry::from), IndexEntry::from(new));
        if before.as_ref() == Some(&after) {
            return;
        }
        let standings = &mut self.ledger.standings;
        if let Some(line) = &before {
            let count = &mut standings[counted(line.standing)];
            *count = count.saturating_sub(1);
        }
        standings[counted(after.standing)] += 1;
        let key = |line: &IndexEntry| (line.partition(), line.reported, line.id);
        if let Some(past) = before.as_ref().map(key).filter(|past| *past != key(&after)) {
            self.view.delete::<tables::Index>(&past);
        }
        self.view.put::<tables::Index>(&key(&after), &after);
        let past = before.and_then(|line| line.due);
        if past != after.due {
            if let Some(past) = past {
                self.view.delete::<tables::DueIndex>(&(past, after.id));
            }
            if let Some(at) = after.due {
                self.view.put::<tables::DueIndex>(&(at, after.id), &());
            }
        }
    }
}
