//! The head of this node's log on its way up.
//!
//! A head is said a few seconds after a leaf, not more often than once a minute, again after an hour while a countersignature is
//! missing, and once a day in any case. It takes
//! the place of one that still waits, so that after a long absence there is one head with one proof.

use std::sync::atomic::Ordering;

use domain::{
    actor::Actor,
    envelope::{Lane, Outgoing, Payload},
    heads::{SaidHead, Since, TimedSignature},
    ids::EpochId,
    time::Timestamp,
};

use super::read::Reading;
use crate::{
    Aborted, Fault, Office,
    services::Log,
    tables::{
        self,
        log::{HeadSaid, WitnessHas},
    },
    unit_of_work::UnitOfWork,
};

/// So long after a leaf a head is said, so that what happens together is covered together.
const QUIET_MS: i64 = 5_000;
/// Two heads are at least so far apart.
const SPACING_MS: i64 = 60_000;
/// A head that not all have countersigned is said again after so long.
const AGAIN_MS: i64 = 3_600_000;
/// A head is said again after so long, also if nothing was added: those above see that the log is still there.
const DAILY_MS: i64 = 24 * 3_600_000;

/// Returns when a head is to be said, of a log of `size` leaves, to so many witnesses.
fn due(said: &HeadSaid, size: u64, witnesses: usize, now: Timestamp) -> Timestamp {
    if said.size == 0 {
        return now;
    }
    let signed = |has: &&WitnessHas| has.own.is_some() && has.size >= said.size;
    let wait = match said.witnesses.iter().filter(signed).count() {
        _ if size > said.size || said.again => SPACING_MS,
        signed if signed < witnesses => AGAIN_MS,
        _ => DAILY_MS,
    };
    // The clock may have been put back since.
    Timestamp(said.at.0.min(now.0) + wait)
}

impl Office {
    /// Returns when the head is to be said once leaves were added now; `None` while there is nobody to say it to. When a
    /// neighbour is met the node is woken.
    pub(crate) fn head_due(&self) -> Option<Timestamp> {
        let met = self.met.lock().expect("no holder panics");
        // The province has nobody above; those below show it as well whether its store is an old one.
        let anybody = match self.parent {
            Some(parent) => met.contains(&parent),
            None => !met.is_empty(),
        };
        let now = self.now().0;
        // Nodes with many leaves are not woken for each, and a clock that was put back holds nothing up.
        let spaced = self.next_head.load(Ordering::Relaxed).min(now + SPACING_MS);
        anybody.then(|| Timestamp(spaced.max(now + QUIET_MS)))
    }
}

impl Log<'_> {
    /// Says the head of the log of this life to those who countersign it, if it is time. Returns when to look
    /// again.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn say_head(self) -> Result<Option<Timestamp>, Aborted> {
        // Before a neighbour is met this store may be an old one and not know it.
        if self.head_due().is_none() {
            return Ok(None);
        }
        let now = self.now();
        let epoch = self.ledger().await?.epoch.id;
        let Some(state) = self.one::<tables::LogStates>(&epoch).await? else {
            return Ok(None);
        };
        let said = self.one::<tables::HeadsSaid>(&epoch).await?;
        let said = said.unwrap_or_default();
        let enough = self.witnesses().enough();
        let due = due(&said, state.frontier.size(), enough, now);
        if due > now {
            return Ok(Some(due));
        }
        self.next_head.store(now.0 + SPACING_MS, Ordering::Relaxed);
        if self.dependencies.store.is_full() {
            return Ok(Some(Timestamp(now.0 + SPACING_MS)));
        }
        self.say(epoch).await?;
        Ok(Some(Timestamp(now.0 + AGAIN_MS)))
    }

    async fn say(self, epoch: EpochId) -> Result<(), Aborted> {
        let mut unit = self.begin(Actor::Rule("log".to_owned())).await?;
        if unit.ledger.epoch.id != epoch {
            return Ok(());
        }
        let said = unit.view.get::<tables::HeadsSaid>(&epoch).await?;
        let mut said = said.unwrap_or_default();
        let witnesses = self.witnesses();
        said.witnesses.retain(|has| witnesses.contains(has.witness));
        let Some(mut reading) = Reading::begin(&mut unit.view, epoch).await? else {
            return Ok(());
        };
        let head = reading.head();
        let mut since = vec![];
        for has in said.witnesses.iter().filter(|has| has.size <= head.size) {
            since.push(reading.since(has, head.size).await?);
        }
        let keys = &self.dependencies.log_keys;
        said.at = unit.now;
        said.again = false;
        match keys.sign_head(epoch, head.size, head.root).await {
            Ok((key, note)) => {
                said.size = head.size;
                key.name().clone_into(&mut said.name);
                let head = SaidHead {
                    log: log::name::digest(key.name()),
                    key: key.to_string(),
                    note,
                    since: vec![],
                };
                // Of those below only who was there already: nobody else's outbox would ever be emptied.
                let met = self.inbox().met().await?;
                let below = witnesses.below.iter().filter(|below| met.contains(below));
                let below = below.map(std::slice::from_ref);
                // One envelope for all above, and one for each below, with the proofs that its readers need.
                let above = Some(&witnesses.above[..]).filter(|above| !above.is_empty());
                for readers in above.into_iter().chain(below) {
                    let mut head = head.clone();
                    let theirs = |one: &&Since| readers.contains(&one.witness);
                    head.since = since.iter().filter(theirs).cloned().collect();
                    let to = readers.last().copied().expect("somebody reads it");
                    unit.say_of_log(to, Payload::Head(Box::new(head))).await?;
                }
            }
            // It is tried again with the next leaf, and tomorrow.
            Err(error) => {
                tracing::error!(division = %self.me, %error, "the head of the public log cannot be signed");
            }
        }
        unit.view.put::<tables::HeadsSaid>(&epoch, &said);
        unit.commit().await
    }
}

impl<V: records::table::View + Send> Reading<'_, V> {
    /// Returns the proof that the head goes on from the one that a witness has.
    async fn since(&mut self, has: &WitnessHas, size: u64) -> Result<Since, Fault> {
        let signed = |own: &(u64, bytes::Bytes)| {
            let signature = own.1[..].try_into().ok()?;
            Some(TimedSignature {
                time: own.0,
                signature,
            })
        };
        Ok(Since {
            witness: has.witness,
            size: has.size,
            root: self.root_at(has.size).await?,
            proof: self.consistency(has.size, size).await?,
            own: has.own.as_ref().and_then(signed),
        })
    }
}

impl UnitOfWork<'_> {
    /// Queues something about a log, in the lane that holds up nothing else.
    pub(super) async fn say_of_log(
        &mut self,
        to: topology::DivisionCode,
        payload: Payload,
    ) -> Result<(), Fault> {
        let lane = Lane::Figures;
        self.send(Outgoing { to, lane, payload }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_said_at_once_then_spaced_and_daily_and_a_clock_put_back_holds_nothing_up() {
        let now = Timestamp(1_000_000_000);
        let never = HeadSaid::default();
        assert_eq!(due(&never, 3, 1, now), now);
        let said = HeadSaid {
            size: 3,
            at: now,
            witnesses: vec![WitnessHas {
                witness: "33".parse().unwrap(),
                size: 3,
                own: Some((7, bytes::Bytes::new())),
            }],
            ..HeadSaid::default()
        };
        let in_ms = |said: &HeadSaid, size| due(said, size, 1, now).0 - now.0;
        assert_eq!(in_ms(&said, 3), DAILY_MS);
        assert_eq!(due(&said, 3, 2, now).0 - now.0, AGAIN_MS, "one is missing");
        assert_eq!(in_ms(&said, 4), SPACING_MS);
        let again = HeadSaid {
            again: true,
            ..said.clone()
        };
        assert_eq!(in_ms(&again, 3), SPACING_MS);
        let ahead = HeadSaid {
            at: Timestamp(now.0 + 90 * DAILY_MS),
            ..said
        };
        assert_eq!(in_ms(&ahead, 4), SPACING_MS);
    }
}
