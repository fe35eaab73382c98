//! What the neighbour could not take yet, because it does not know the author's key: it stays in the
//! outbox and is brought again, while everything else goes on.

use std::{collections::HashSet, time::Duration};

use domain::alarm::AlarmKind;
use tokio::time::Instant;
use topology::DivisionCode;

use super::{Session, office_ended};
use crate::link::Ended;

/// How long after that it is brought again, in the same conversation. A new one brings all of it.
const AGAIN: Duration = Duration::from_secs(30);

/// Of one conversation.
#[derive(Default)]
pub(super) struct NotYet {
    due: Option<Instant>,
    /// Authors of whom an alarm was raised.
    told: HashSet<DivisionCode>,
}

impl NotYet {
    /// When something is brought again; `None` if nothing waits for that.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Session<'_> {
    /// The neighbour could not take words of these authors.
    pub(super) async fn note_not_yet(&mut self, authors: Vec<DivisionCode>) -> Result<(), Ended> {
        if authors.is_empty() {
            return Ok(());
        }
        self.not_yet.due.get_or_insert(Instant::now() + AGAIN);
        // What vouches for their keys is shown again with them.
        self.sealer.show_again();
        for author in authors {
            if !self.not_yet.told.insert(author) {
                continue;
            }
            let detail = format!(
                "{} does not know the key; what was signed with it waits and is brought again",
                self.from.division()
            );
            let office = &self.board.office;
            office
                .raise_alarm(AlarmKind::KeyUnknown, Some(author), &detail)
                .await
                .map_err(office_ended)?;
        }
        Ok(())
    }

    /// Brings some of it again.
    pub(super) async fn bring_again(&mut self) -> Result<(), Ended> {
        let brought = self.sender.bring_again().await;
        brought.map_err(|error| Ended::Office(error.to_string()))?;
        let more = self.sender.has_not_yet();
        self.not_yet.due = more.then(|| Instant::now() + AGAIN);
        Ok(())
    }
}
