//! The log of changes: what streams of events and webhooks tell others.
//!
//! Each unit that changes matters or templates holds one entry for each of them, under a count without
//! gaps. Whoever listens reads entries by that count and is given only what is durable. The log keeps
//! the newest [`KEPT`] entries. What one unit tells lies in one record, by the number of its last entry.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::feed::{ActorKind, Change, ChangeId};
use records::table::Table;
use tokio::sync::watch;

pub(super) use crate::tables::feed::Counts;
use crate::{
    Fault, RefusalReason,
    services::Feed,
    tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

/// Entries that are kept.
pub const KEPT: u64 = 100_000;
/// Streams of events of one node at once.
const MOST_LISTENERS: usize = 512;
/// … of one caller.
const MOST_OF_ONE: usize = 16;
/// Entries in one record, at most: they must fit into a value of the store.
const TOGETHER: usize = 128;
/// Old records deleted by a unit beyond as many as it adds.
const SWEPT: usize = 4;

impl Counts {
    const NONE: Self = Self {
        oldest: 1,
        newest: 0,
    };
}

impl UnitOfWork<'_> {
    /// Tells of a matter that changed.
    pub(super) fn project_feed(&mut self, DocketChange { old, new }: DocketChange<'_>) {
        let before = old.map(|docket| docket.matter.version);
        self.news.matter(&new.matter, before);
    }

    /// Puts what changed into the log; gives whether anything did.
    pub(super) async fn tell_changes(&mut self) -> Result<bool, Fault> {
        let mut news = self.news.take().peekable();
        if news.peek().is_none() {
            return Ok(false);
        }
        let counts: Option<Counts> = self.view.get::<tables::FeedCounts>(&()).await?;
        let mut counts = counts.unwrap_or(Counts::NONE);
        let mut told = Vec::new();
        for what in news {
            counts.newest += 1;
            told.push(Change {
                id: ChangeId {
                    epoch: self.ledger.run,
                    n: counts.newest,
                },
                at: self.now,
                actor: ActorKind::from(&self.actor),
                what,
            });
        }
        let records = told.chunks(TOGETHER);
        let most = records.len() + SWEPT;
        for changes in records {
            let last = changes.last().expect("chunks are not empty").id.n;
            self.view.put::<tables::Feed>(&last, &changes.to_vec());
        }
        let kept = self.office.listeners.kept();
        if counts.newest - counts.oldest >= kept {
            let oldest = tables::Feed::all();
            for (last, _) in self.view.scan(oldest, most).await? {
                if counts.newest - last < kept {
                    break;
                }
                self.view.delete::<tables::Feed>(&last);
                counts.oldest = last + 1;
            }
        }
        self.view.put::<tables::FeedCounts>(&(), &counts);
        Ok(true)
    }
}

/// Those who wait for changes, and how many there may be.
pub(super) struct Listeners {
    bell: watch::Sender<bool>,
    places: Arc<Mutex<HashMap<String, usize>>>,
    kept: std::sync::atomic::AtomicU64,
}

impl Default for Listeners {
    fn default() -> Self {
        Self {
            bell: watch::Sender::new(false),
            places: Arc::default(),
            kept: KEPT.into(),
        }
    }
}

impl Listeners {
    /// Something was submitted. Those who wake read only what is durable.
    pub(super) fn ring(&self) {
        self.bell.send_modify(|_| {});
    }

    fn kept(&self) -> u64 {
        self.kept.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// The right to listen; given back when dropped.
#[derive(Debug)]
pub struct Listening {
    /// Changes when there may be something to read.
    bell: watch::Receiver<bool>,
    caller: String,
    places: Arc<Mutex<HashMap<String, usize>>>,
}

impl Listening {
    /// Waits until there may be more to read. Gives whether the node still tells anything.
    pub async fn rung(&mut self) -> bool {
        self.bell.changed().await.is_ok() && !*self.bell.borrow()
    }

    /// Whether the node still tells anything.
    pub fn goes_on(&self) -> bool {
        !*self.bell.borrow()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                places.remove(&self.caller);
            }
        }
    }
}

/// The refusal of one more stream of events; holds the most that one caller may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many streams of events are open, {0} at most for one caller; close those nobody reads"
)]
pub struct TooManyListeners(pub usize);

impl RefusalReason for TooManyListeners {}

/// Where whoever listens begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Read what comes after this one.
    pub after: ChangeId,
    /// Whether something in between is not kept any more, or was of a store that went back in time:
    /// what was known before must be read anew.
    pub gap: bool,
}

impl Feed<'_> {
    /// Takes a place among those who listen. `caller` is whom to count it against.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn listen(self, caller: &str) -> Result<Listening, TooManyListeners> {
        let places = &self.listeners.places;
        let mut taken = places.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(caller).copied().unwrap_or_default();
        if all >= MOST_LISTENERS || own >= MOST_OF_ONE {
            return Err(TooManyListeners(MOST_OF_ONE));
        }
        *taken.entry(caller.to_owned()).or_default() += 1;
        Ok(Listening {
            bell: self.listeners.bell.subscribe(),
            caller: caller.to_owned(),
            places: Arc::clone(places),
        })
    }

    /// Wakes the tasks of the node's own webhooks, which are not counted.
    pub fn overhear(self) -> watch::Receiver<bool> {
        self.listeners.bell.subscribe()
    }

    /// Nothing more is told; everybody who listens goes.
    pub fn hush(self) {
        self.listeners.bell.send_replace(true);
    }

    /// The number of the newest entry; 0 before the first.
    pub async fn newest(self) -> Result<u64, Fault> {
        Ok(self.change_counts().await?.newest)
    }

    /// Where to begin after an entry somebody saw last; at the end if they saw none.
    pub async fn begin_after(self, saw: Option<ChangeId>) -> Result<Begin, Fault> {
        let counts = self.change_counts().await?;
        let Some(saw) = saw else {
            return Ok(Begin {
                after: self.end_of(counts).await?,
                gap: false,
            });
        };
        if saw.n + 1 < counts.oldest {
            let after = ChangeId {
                epoch: saw.epoch,
                n: counts.oldest - 1,
            };
            return Ok(Begin { after, gap: true });
        }
        let known = match self.change(saw.n).await? {
            Some(change) => change.id == saw,
            // Nothing was told yet in this store, or what was seen is the last that was swept.
            None => saw.n + 1 == counts.oldest && saw.n <= counts.newest,
        };
        Ok(match known {
            true => Begin {
                after: saw,
                gap: false,
            },
            false => Begin {
                after: self.end_of(counts).await?,
                gap: true,
            },
        })
    }

    /// Entries after number `after`, oldest first, at most `limit`. All of them are durable.
    pub async fn changes(self, after: u64, limit: usize) -> Result<Vec<Change>, Fault> {
        let found = self.records_from(after.saturating_add(1), limit).await?;
        let after = found.into_iter().flatten().filter(|it| it.id.n > after);
        Ok(after.take(limit).collect())
    }

    /// The record that holds entry `n`, or the first behind it, and those that follow.
    async fn records_from(self, n: u64, limit: usize) -> Result<Vec<Vec<Change>>, Fault> {
        let found = self.list(tables::Feed::all().from_key(&n), limit).await?;
        Ok(found.into_iter().map(|(_, changes)| changes).collect())
    }

    /// The number of the newest entry, and how many are kept.
    pub async fn counts(self) -> Result<(u64, u64), Fault> {
        let counts = self.change_counts().await?;
        Ok((counts.newest, counts.newest + 1 - counts.oldest))
    }

    pub(super) async fn change_counts(self) -> Result<Counts, Fault> {
        let counts = self.one::<tables::FeedCounts>(&()).await?;
        Ok(counts.unwrap_or(Counts::NONE))
    }

    async fn change(self, n: u64) -> Result<Option<Change>, Fault> {
        let found = self.records_from(n, 1).await?;
        Ok(found.into_iter().flatten().find(|it| it.id.n == n))
    }

    async fn end_of(self, counts: Counts) -> Result<ChangeId, Fault> {
        let last = self.change(counts.newest).await?;
        Ok(match last {
            Some(change) => change.id,
            None => ChangeId {
                epoch: self.ledger().await?.run,
                n: counts.newest,
            },
        })
    }
}

#[cfg(test)]
mod tests;
