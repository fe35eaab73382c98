//! Courier files: what waits for a neighbour is read for one, and what one brought is settled (decision 0114).
//!
//! A file changes nothing in the outbox. Only the answer of the neighbour does, whether a link or another file brings it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    courier::{
        Answers, CourierHead, FileStamp, MOST_ANSWERS, MOST_CARRIED_BYTES, MOST_SEGMENTS,
        SettledBelow, Standing, USUAL_BYTES, segment_digest,
    },
    envelope::Lane,
    ids::Epoch,
    seal::SealedBody,
    time::Timestamp,
};
use records::{
    outbox::{
        queue::{Bodies, Queued, Segments},
        sender::{BODY_BYTES, Settled},
    },
    table::{Table, Tables},
};
use store::{BATCH_KEYS, Snapshot};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use crate::{
    Aborted, Fault,
    request::RequestContext,
    services::Courier,
    tables::{self, courier::CourierLedger},
};

/// Segments read at a time.
const PAGE: usize = 16;

/// What an envelope may need in a file besides itself: its statement, signature and path.
const PROOF_BYTES: usize = 640;

/// A segment of the outbox, with the bodies that travel beside its envelopes.
#[derive(Debug)]
pub struct Carried {
    /// Its lane.
    pub lane: Lane,
    /// Its number.
    pub number: u64,
    /// Its envelopes.
    pub entries: Vec<(Queued, Vec<SealedBody>)>,
}

/// What goes into one file.
#[derive(Debug, Default)]
pub struct CourierLoad {
    /// Segments, the most urgent lane first.
    pub segments: Vec<Carried>,
    /// Answers to what files of the neighbour brought.
    pub answers: Answers,
    /// The numbers below which nothing waits any more.
    pub settled_below: SettledBelow,
    /// Segments that wait and are in none of the files up to this one.
    pub left: u64,
    goes_on: SettledBelow,
}

/// What a file was found to hold, once its envelopes are taken.
#[derive(Debug)]
pub struct ReadFile {
    /// Which file it is.
    pub stamp: FileStamp,
    /// What it is in relation to those that were read before.
    pub standing: Standing,
    /// When it was made, by the clock of the neighbour.
    pub made: Timestamp,
    /// The outcomes of its segments, which go back.
    pub answers: Answers,
    /// The numbers below which the neighbour knows all answers.
    pub settled_below: SettledBelow,
    /// What the audit trail says of it.
    pub detail: String,
}

/// The files between this node and one neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierLine {
    /// The neighbour.
    pub neighbour: DivisionCode,
    /// Segments that wait for it.
    pub waiting: usize,
    /// Number of the last file that was made for it; 0 if there is none.
    pub made: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Segments that were in none of the files up to that one.
    pub left: u64,
    /// Number of the newest file that was read; 0 if there is none.
    pub read: u64,
    /// When that one was made, by the clock of the neighbour.
    pub read_made: Timestamp,
    /// When a file was read last.
    pub read_at: Timestamp,
    /// Answers that go back with the next file.
    pub answers: usize,
}

impl Courier<'_> {
    /// Reads what goes into the next file for a neighbour: from the beginning of the outbox, or from where the last file
    /// ended. Everything in it is durable.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn load(self, neighbour: DivisionCode, go_on: bool) -> Result<CourierLoad, Fault> {
        let mut read = self.read()?;
        let ledger: Option<CourierLedger> = read.get::<tables::CourierLedgers>(&neighbour).await?;
        let ledger = ledger.unwrap_or_default();
        let mut load = CourierLoad {
            goes_on: if go_on { ledger.goes_on } else { [0; 4] },
            ..CourierLoad::default()
        };
        let (mut total, mut full, mut too_long) = (0, false, 0);
        for lane in Lane::ALL {
            let first = Segments::under(&(neighbour, lane));
            let first = read.scan(first, 1).await?;
            load.settled_below[lane.index()] = first.first().map_or(u64::MAX, |((_, _, n), _)| *n);
            while !full {
                let from = (neighbour, lane, load.goes_on[lane.index()]);
                let rows = Segments::under(&(neighbour, lane)).from_key(&from);
                let page = read.scan(rows, PAGE).await?;
                let last = page.len() < PAGE;
                for ((_, _, number), queued) in page {
                    let (entries, bytes) = with_bodies(&mut read, queued).await?;
                    let alone = load.segments.is_empty() && bytes <= MOST_CARRIED_BYTES;
                    if bytes > MOST_CARRIED_BYTES {
                        too_long += 1;
                    } else if !alone && total + bytes > USUAL_BYTES
                        || load.segments.len() == MOST_SEGMENTS
                    {
                        full = true;
                        break;
                    } else {
                        total += bytes;
                        load.segments.push(Carried {
                            lane,
                            number,
                            entries,
                        });
                    }
                    load.goes_on[lane.index()] = number + 1;
                }
                if last {
                    break;
                }
            }
        }
        let carried = load.segments.len() as u64;
        let before = match go_on {
            true => ledger.left,
            false => self.waiting(neighbour) as u64,
        };
        load.left = match full {
            true => before.saturating_sub(carried).max(1),
            false => too_long,
        };
        let answers = tables::CourierAnswers::under(&neighbour);
        let answers = read.scan(answers, MOST_ANSWERS).await?;
        let answers = answers.into_iter();
        load.answers = answers
            .map(|((_, lane, number), answer)| ((lane, number), answer))
            .collect();
        Ok(read.finish(load).await?)
    }

    /// Notes that a file is made of this, and returns its number, the life of this store, and the time. Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`Aborted`] if the store fails.
    pub async fn make(
        self,
        neighbour: DivisionCode,
        load: &CourierLoad,
        by: impl Into<RequestContext>,
    ) -> Result<(u64, Epoch, Timestamp), Aborted> {
        let mut unit = self.begin(by).await?;
        let ledger = unit.view.get::<tables::CourierLedgers>(&neighbour).await?;
        let mut ledger: CourierLedger = ledger.unwrap_or_default();
        ledger.made += 1;
        ledger.made_at = unit.now;
        ledger.goes_on = load.goes_on;
        ledger.left = load.left;
        unit.view.put::<tables::CourierLedgers>(&neighbour, &ledger);
        unit.detail = Some(format!(
            "courier file {} for {neighbour}: {} segments, {} answers",
            ledger.made,
            load.segments.len(),
            load.answers.len()
        ));
        let made = (ledger.made, unit.ledger.epoch, unit.now);
        unit.commit().await?;
        Ok(made)
    }

    /// Says what a file is in relation to those that were read before.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn judge(self, head: &CourierHead) -> Result<Standing, Fault> {
        let ledger = self.one::<tables::CourierLedgers>(&head.from).await?;
        Ok(head.stamp().judge(ledger.unwrap_or_default().read))
    }

    /// Settles what a neighbour answered in a file; returns how many segments left the outbox. Answers to what is no longer
    /// there, or to other content, change nothing.
    ///
    /// # Errors
    /// [`Aborted`] if the store fails.
    pub async fn settle(
        self,
        neighbour: DivisionCode,
        answers: &Answers,
    ) -> Result<usize, Aborted> {
        let mut by_lane: BTreeMap<Lane, Vec<Settled<RefusalCode>>> = BTreeMap::new();
        let mut read = self.read()?;
        let mut count = 0;
        for ((lane, number), answer) in answers {
            let key = (neighbour, *lane, *number);
            let Some(queued) = read.get::<Segments>(&key).await? else {
                continue;
            };
            if segment_digest(queued.iter().map(|queued| &queued.bytes[..])) != answer.digest {
                continue;
            }
            let refused: BTreeMap<u32, RefusalCode> = answer
                .refused
                .iter()
                .map(|(at, code)| (*at, RefusalCode::from_code(*code)))
                .collect();
            // A refusal that may pass is no outcome: the segment is sent again.
            if refused.values().any(|code| code.may_pass()) {
                continue;
            }
            count += 1;
            let settled = by_lane.entry(*lane).or_default();
            settled.extend(each(*number, queued, &refused));
        }
        drop(read);
        for (lane, settled) in by_lane {
            self.inbox().settle(neighbour, lane, settled).await?;
        }
        Ok(count)
    }

    /// Records what a file brought, so that the next one takes the answers back. Durable when it returns.
    ///
    /// # Errors
    /// [`Aborted`] if the store fails.
    pub async fn finish(
        self,
        neighbour: DivisionCode,
        file: ReadFile,
        by: impl Into<RequestContext>,
    ) -> Result<(), Aborted> {
        let by = by.into();
        self.keep_answers(neighbour, &file).await?;
        let mut unit = self.begin(by).await?;
        let ledger = unit.view.get::<tables::CourierLedgers>(&neighbour).await?;
        let mut ledger: CourierLedger = ledger.unwrap_or_default();
        if file.standing == Standing::Newest {
            ledger.read = Some(file.stamp);
            ledger.read_made = file.made;
        }
        ledger.read_at = unit.now;
        unit.view.put::<tables::CourierLedgers>(&neighbour, &ledger);
        unit.view.is_outcome();
        unit.detail = Some(file.detail);
        unit.commit().await?;
        Ok(())
    }

    /// Keeps the answers of a file and drops those that the neighbour knows. What is dropped too early comes again.
    async fn keep_answers(self, neighbour: DivisionCode, file: &ReadFile) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let newest = file.standing == Standing::Newest;
        let known = tables::CourierAnswers::under(&neighbour);
        let known = view.scan(known, usize::MAX).await?;
        let mut known: BTreeSet<_> = known
            .into_iter()
            .map(|((_, lane, n), _)| (lane, n))
            .collect();
        let mut gone: Vec<_> = known
            .iter()
            .filter(|(lane, n)| newest && *n < file.settled_below[lane.index()])
            .copied()
            .collect();
        for key in &gone {
            known.remove(key);
        }
        known.retain(|key| !file.answers.contains_key(key));
        let beyond = (known.len() + file.answers.len()).saturating_sub(MOST_ANSWERS);
        gone.extend(known.iter().take(beyond));
        gone.retain(|key| !file.answers.contains_key(key));
        let changes = gone.into_iter().map(|key| (key, None));
        let kept = file
            .answers
            .iter()
            .map(|(key, answer)| (*key, Some(answer)));
        let mut tickets = vec![];
        for ((lane, n), answer) in changes.chain(kept) {
            let key = (neighbour, lane, n);
            match answer {
                Some(answer) => view.put::<tables::CourierAnswers>(&key, answer),
                None => view.delete::<tables::CourierAnswers>(&key),
            }
            if view.len() + 1 >= BATCH_KEYS {
                view.is_outcome();
                tickets.push(
                    std::mem::replace(&mut view, turn.transaction())
                        .submit()
                        .await?,
                );
            }
        }
        view.is_outcome();
        tickets.push(view.submit().await?);
        drop(turn);
        for ticket in tickets {
            ticket.durable().await?;
        }
        Ok(())
    }

    /// Returns the files between this node and every neighbour that it met, or for which something waits.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn lines(self) -> Result<Vec<CourierLine>, Fault> {
        let mut read = self.read()?;
        let ledgers = read.scan(tables::CourierLedgers::all(), usize::MAX).await?;
        let ledgers: BTreeMap<_, _> = ledgers.into_iter().collect();
        let mut answers: BTreeMap<DivisionCode, usize> = BTreeMap::new();
        for ((neighbour, ..), _) in read.scan(tables::CourierAnswers::all(), usize::MAX).await? {
            *answers.entry(neighbour).or_default() += 1;
        }
        let met = read.scan(tables::Peers::all(), usize::MAX).await?;
        let queues = self.inbox().queues();
        let mut neighbours: BTreeSet<_> = met.into_iter().map(|(met, _)| met).collect();
        neighbours.extend(self.parent);
        neighbours.extend(ledgers.keys());
        neighbours.extend(queues.iter().map(|queue| queue.neighbour));
        let lines = neighbours.into_iter().map(|neighbour| {
            let ledger = ledgers.get(&neighbour).cloned().unwrap_or_default();
            CourierLine {
                neighbour,
                waiting: self.waiting(neighbour),
                made: ledger.made,
                made_at: ledger.made_at,
                left: ledger.left,
                read: ledger.read.map_or(0, |read| read.number),
                read_made: ledger.read_made,
                read_at: ledger.read_at,
                answers: answers.get(&neighbour).copied().unwrap_or_default(),
            }
        });
        let lines = lines.collect();
        Ok(read.finish(lines).await?)
    }

    /// Returns how many segments wait for a neighbour.
    fn waiting(self, neighbour: DivisionCode) -> usize {
        let queues = self.inbox().queues().into_iter();
        let queues = queues.filter(|queue| queue.neighbour == neighbour);
        queues.map(|queue| queue.segments).sum()
    }
}

/// Reads the bodies of a segment's envelopes: for each the reporter's text first, then the latest remarks. Returns them
/// with about how many bytes all of it needs.
async fn with_bodies(
    read: &mut Tables<Snapshot>,
    queued: Vec<Queued>,
) -> Result<(Vec<(Queued, Vec<SealedBody>)>, usize), Fault> {
    let mut entries = Vec::with_capacity(queued.len());
    let mut bytes = 0;
    for queued in queued {
        let (mut bodies, mut of_bodies) = (vec![], 0);
        let (first, rest) = queued.bodies.split_at(queued.bodies.len().min(1));
        for key in first.iter().chain(rest.iter().rev()) {
            let key = Bodies::parse(key);
            let key = key.ok_or(store::record::RecordError::Damaged(Bodies::NAME))?;
            let Some(body) = read.get::<Bodies>(&key).await? else {
                continue;
            };
            of_bodies += body.bytes();
            if of_bodies > BODY_BYTES {
                break;
            }
            bodies.push(body);
        }
        bytes += queued.bytes.len() + of_bodies.min(BODY_BYTES) + PROOF_BYTES;
        entries.push((queued, bodies));
    }
    Ok((entries, bytes))
}

/// Returns the answer about each envelope of a segment.
fn each(
    number: u64,
    queued: Vec<Queued>,
    refused: &BTreeMap<u32, RefusalCode>,
) -> Vec<Settled<RefusalCode>> {
    let count = queued.len();
    let mut relayed: Vec<_> = queued.iter().filter_map(|one| one.relayed).collect();
    let settled = queued.into_iter().enumerate().map(|(at, one)| {
        let last = at + 1 == count;
        Settled {
            n: number,
            give: one.give,
            slot: one.slot,
            refused: u32::try_from(at)
                .ok()
                .and_then(|at| refused.get(&at).copied()),
            at,
            last,
            relayed: match last {
                true => std::mem::take(&mut relayed),
                false => vec![],
            },
        }
    });
    settled.collect()
}
