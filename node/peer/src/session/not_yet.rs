//! Envelopes that the neighbour could not accept yet, because it does not know the author's key:
//! they stay in the outbox and are sent again, while everything else continues.

use std::{collections::HashSet, time::Duration};

use domain::alarm::{AlarmKind, details};
use tokio::time::Instant;
use topology::DivisionCode;

use super::{Session, office_ended};
use crate::link::Ended;

/// Time until they are sent again in the same session. A new session sends all of them.
const AGAIN: Duration = Duration::from_secs(30);

/// The envelopes of one session that wait to be sent again.
#[derive(Default)]
pub(super) struct NotYet {
    due: Option<Instant>,
    /// Authors for whom an alarm was raised.
    told: HashSet<DivisionCode>,
}

impl NotYet {
    /// Returns when something is sent again; `None` if nothing waits.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Session<'_> {
    /// Notes that the neighbour could not accept envelopes of these authors.
    pub(super) async fn note_not_yet(&mut self, authors: Vec<DivisionCode>) -> Result<(), Ended> {
        if authors.is_empty() {
            return Ok(());
        }
        self.not_yet.due.get_or_insert(Instant::now() + AGAIN);
        // The statements that vouch for their keys are sent again with them.
        self.sealer.show_again();
        for author in authors {
            if !self.not_yet.told.insert(author) {
                continue;
            }
            let detail = details::key_unknown(self.from.division());
            let office = &self.board.office;
            office
                .alarms()
                .raise(AlarmKind::KeyUnknown, Some(author), &detail)
                .await
                .map_err(office_ended)?;
        }
        Ok(())
    }

    /// Sends some of them again.
    pub(super) async fn bring_again(&mut self) -> Result<(), Ended> {
        let brought = self.sender.bring_again().await;
        brought.map_err(|error| Ended::Office(error.to_string()))?;
        let more = self.sender.has_not_yet();
        self.not_yet.due = more.then(|| Instant::now() + AGAIN);
        Ok(())
    }
}
