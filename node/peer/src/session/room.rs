//! Batches for which there is no room, on the disk or in what is kept for others: their lane waits
//! and is not acknowledged, so that the neighbour keeps them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::{
    alarm::{AlarmKind, details},
    envelope::Lane,
};
use futures::FutureExt;
use office::{DiskTrouble, Fault, Outcome, Receipt, Received};
use tokio::time::Instant;
use topology::DivisionCode;
use wire::frame::Refused;

use super::{Session, malformed, office_ended};
use crate::link::Ended;

/// Time between two checks for room.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The checked envelopes of one batch.
pub(super) struct Checked {
    /// Envelopes that passed the checks; `positions` has their positions.
    pub(super) good: Vec<Received>,
    pub(super) positions: Vec<u64>,
    /// Envelopes refused before the office decided on them.
    pub(super) refused: Vec<Refused>,
    /// The last position of the batch.
    pub(super) through: u64,
}

impl Checked {
    /// Splits off the part that is decided once `taken` of the good ones are: their positions, the
    /// refusals up to there, and the position through which everything has an outcome. `None` if
    /// nothing is decided.
    pub(super) fn split(&mut self, taken: usize) -> Option<(Vec<u64>, Vec<Refused>, u64)> {
        let rest = self.positions.split_off(taken);
        let positions = std::mem::replace(&mut self.positions, rest);
        self.good.drain(..taken);
        let through = match self.positions.first() {
            Some(next) => next - 1,
            None => self.through,
        };
        let told = |refused: &mut Refused| refused.position <= through;
        let refused: Vec<_> = self.refused.extract_if(.., told).collect();
        let nothing = positions.is_empty() && refused.is_empty() && !self.good.is_empty();
        (!nothing).then_some((positions, refused, through))
    }
}

/// Batches by lane that wait for their turn or for room.
#[derive(Default)]
pub(super) struct Waiting {
    lanes: [VecDeque<Checked>; 4],
    look_again: Option<Instant>,
    /// Whether an alarm was raised.
    told: bool,
}

impl Waiting {
    /// Appends a batch; `most` is the number of envelopes in a lane the neighbour may send
    /// unacknowledged.
    ///
    /// # Errors
    /// The neighbour exceeds its window.
    pub(super) fn line_up(
        &mut self,
        lane: usize,
        checked: Checked,
        most: usize,
    ) -> Result<(), Ended> {
        let waits: usize = self.lanes[lane].iter().map(|one| one.good.len()).sum();
        if waits > 0 && waits + checked.good.len() > most {
            return Err(malformed(
                "it sent more than its window while its lane waited",
            ));
        }
        self.lanes[lane].push_back(checked);
        Ok(())
    }

    pub(super) fn next(&mut self, lane: usize) -> Option<Checked> {
        self.lanes[lane].pop_front()
    }

    /// Puts back the rest of a batch for which there was no room.
    pub(super) fn put_back(&mut self, lane: usize, rest: Checked) {
        self.lanes[lane].push_front(rest);
        self.look_again = Some(Instant::now() + LOOK_AGAIN);
    }

    /// Returns when to check again; `None` if nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.look_again
            .filter(|_| self.lanes.iter().any(|lane| !lane.is_empty()))
    }

    pub(super) fn is_waiting(&self, lane: usize) -> bool {
        !self.lanes[lane].is_empty()
    }
}

impl Session<'_> {
    /// Checks whether there is room now.
    pub(super) async fn take_waiting(&mut self) -> Result<(), Ended> {
        for lane in Lane::ALL {
            self.take_lane(lane).await?;
        }
        Ok(())
    }

    /// Takes what waits in one lane, as far as there is room.
    pub(super) async fn take_lane(&mut self, lane: Lane) -> Result<(), Ended> {
        while let Some(mut checked) = self.for_room.next(lane.index()) {
            let office = &self.board.office;
            let was_full = office.store().is_full();
            let receipt = match office.inbox().receive(self.from, &checked.good).await {
                Ok(receipt) => receipt,
                // Envelopes that were taken nevertheless are recognised when they come again.
                Err(error)
                    if error.fault().and_then(Fault::disk_trouble) == Some(DiskTrouble::Full) =>
                {
                    self.for_room.put_back(lane.index(), checked);
                    return Ok(());
                }
                Err(error) => return Err(office_ended(error)),
            };
            for revocation in receipt.revoked() {
                self.board.links.enforce(revocation, &self.board.keys);
            }
            if let Some(answered) = checked.split(receipt.taken()) {
                self.answer_when_durable(lane, receipt, answered);
            }
            if !checked.good.is_empty() {
                let author = checked.good[0].envelope.author;
                let office = &self.board.office;
                let held_up = office.inbox().holds_up(self.from, &checked.good[0]).await;
                let held_up = held_up.map_err(office_ended)?;
                self.for_room.put_back(lane.index(), checked);
                // The store reports a full disk itself, and the status shows what waits for others.
                if held_up || was_full || self.board.office.store().is_full() {
                    return Ok(());
                }
                return self.tell_of_no_room(author).await;
            }
        }
        Ok(())
    }

    /// Raises the alarm once for each session.
    async fn tell_of_no_room(&mut self, author: DivisionCode) -> Result<(), Ended> {
        if std::mem::replace(&mut self.for_room.told, true) {
            return Ok(());
        }
        let detail = details::relay_full(self.from.division());
        let office = &self.board.office;
        office
            .alarms()
            .raise(AlarmKind::RelayFull, Some(author), &detail)
            .await
            .map_err(office_ended)
    }

    fn answer_when_durable(
        &mut self,
        lane: Lane,
        receipt: Receipt,
        (positions, mut refused, through): (Vec<u64>, Vec<Refused>, u64),
    ) {
        let links = Arc::clone(&self.board.links);
        let peer = self.from.division();
        self.receipts.push_back(
            async move {
                let outcomes = receipt
                    .durable()
                    .await
                    .map_err(|error| Ended::Office(error.to_string()))?;
                for (position, outcome) in positions.into_iter().zip(outcomes) {
                    if let Outcome::Refused(code) = outcome {
                        refused.push(Refused {
                            position,
                            code,
                            reason: code.to_string(),
                        });
                    }
                }
                links.note(peer, |state| state.refused += refused.len() as u64);
                Ok((lane, through, refused))
            }
            .boxed(),
        );
    }
}
