//! The office: one async method per thing a node can be asked. Load, decide, commit.
//!
//! All decisions of a node take turns, and each is one atomic unit: dockets, journal, figures and
//! what goes to neighbours. The turn ends when the unit is submitted, not when it is on the disk, so
//! that whatever waits shares one sync; nobody is answered before that sync.

mod desk;
mod figures;
mod greet;
mod keys;
mod matters;
mod receive;
mod runs;
mod settle;
mod templates;
mod views;

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use topology::{DivisionCode, Tree};

pub use greet::{Greeting, Rejected};
pub use matters::NewReport;
pub use receive::{Outcome, Receipt, Received};
pub use templates::{NewTemplate, TemplateRecord};
pub use views::{BodyView, MatterView, QueueLength, StandingView, StepView};

use crate::{
    domain::{
        custody::Refusal,
        ids::{Epoch, EpochId, MatterId},
        suite::Suite,
        time::{Day, Timestamp},
    },
    outbox::Bells,
    store::{CommitError, Store, StoreError, record, record::RecordError},
    telemetry::metrics::DivisionMetrics,
};

/// Where moments come from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Where ids and salts come from.
pub trait Entropy: Send + Sync {
    /// Sixteen random bytes.
    fn bytes(&self) -> [u8; 16];
}

/// What an office needs from outside.
#[derive(Clone)]
pub struct Supplies {
    /// All divisions.
    pub tree: Arc<Tree>,
    /// Where the node keeps everything.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Algorithms for what this node writes anew.
    pub suite: Suite,
    /// What is counted for those who watch.
    pub metrics: DivisionMetrics,
    /// Reports that may wait for their commit before new ones are turned away.
    pub reports: usize,
}

/// What one node may be asked.
pub struct Office {
    me: DivisionCode,
    parent: Option<DivisionCode>,
    supplies: Supplies,
    bells: Bells,
    turn: Mutex<()>,
    places: Semaphore,
    /// Neighbours that took this node for what it is since it was opened.
    recognised: std::sync::Mutex<BTreeSet<DivisionCode>>,
    expectations: templates::Expectations,
}

/// Counts that belong to one life of the node, written with every decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ledger {
    epoch: Epoch,
    /// Envelopes issued in this epoch.
    issue: u64,
    /// Matters reported in this epoch.
    matters: u64,
    /// Requests made in this epoch.
    asks: u64,
    /// Journal entries in this store.
    journal: u64,
    /// Outbox segments in this store.
    segment: u64,
    /// The latest day a fact was counted on.
    last_day: Day,
}

/// Why the office did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such matter here.
    #[error("no matter {0} at this node; `wujitong matter list` shows what it knows")]
    NoSuchMatter(MatterId),
    /// The category is not one this node takes.
    #[error(transparent)]
    Category(#[from] crate::domain::category::BadCategory),
    /// The text is too long.
    #[error("the text has {0} bytes; at most {1} are taken, send the rest as an attachment")]
    TextTooLong(usize, usize),
    /// The remarks on one matter are too long together.
    #[error(
        "the remarks on this matter already have {0} bytes; together at most {1} are taken: close \
         it, or say more in a new matter"
    )]
    TooManyNotes(usize, usize),
    /// The text is empty.
    #[error("the text is empty; say what it is about")]
    TextEmpty,
    /// A template is not right.
    #[error(transparent)]
    Template(#[from] crate::domain::template::BadTemplate),
    /// No such template.
    #[error("no template {0} at this node; `wujitong template list` shows what it knows")]
    NoSuchTemplate(String),
    /// Too many people report at once.
    #[error("too many reports are waiting to be written; try again in a moment")]
    Busy,
    /// A gap in a flow could not be remembered.
    #[error(transparent)]
    Gaps(#[from] crate::domain::flow::TooManyGaps),
    /// What is stored cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The unit was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Office {
    /// Opens the office of `me`, and its first epoch if the store is new.
    pub async fn open(me: DivisionCode, supplies: Supplies) -> Result<Self, OfficeError> {
        let parent = supplies.tree.parent(me);
        let places = Semaphore::new(supplies.reports);
        let office = Self {
            me,
            parent,
            supplies,
            bells: Bells::default(),
            turn: Mutex::new(()),
            places,
            recognised: std::sync::Mutex::default(),
            expectations: templates::Expectations::default(),
        };
        let mut view = office.supplies.store.view(me);
        if let Some(ledger) = view.get(keys::LEDGER).await? {
            // What a newer program wrote is refused now, not at the first decision.
            let _readable: Ledger = record::read(&ledger)?;
            office.begin_run().await?;
        } else {
            let id = EpochId(office.supplies.entropy.bytes());
            let ledger = Ledger {
                epoch: Epoch {
                    order: 1,
                    id,
                    predecessor: EpochId::default(),
                },
                issue: 0,
                matters: 0,
                asks: 0,
                journal: 0,
                segment: 0,
                last_day: Day::default(),
            };
            view.put(keys::LEDGER, record::write(&ledger));
            view.submit().await?.durable().await?;
        }
        Ok(office)
    }

    /// Whose office this is.
    pub const fn me(&self) -> DivisionCode {
        self.me
    }

    /// The division directly above; `None` at the root.
    pub const fn parent(&self) -> Option<DivisionCode> {
        self.parent
    }

    /// All divisions.
    pub const fn tree(&self) -> &Arc<Tree> {
        &self.supplies.tree
    }

    /// What wakes the sessions of neighbours.
    pub const fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Where everything is kept.
    pub const fn store(&self) -> &Store {
        &self.supplies.store
    }

    /// What is counted for those who watch.
    pub const fn metrics(&self) -> &DivisionMetrics {
        &self.supplies.metrics
    }

    /// This node's clock.
    pub fn now(&self) -> Timestamp {
        self.supplies.clock.now()
    }

    /// The present life of this node's store.
    pub async fn epoch(&self) -> Result<Epoch, OfficeError> {
        Ok(self.ledger().await?.epoch)
    }

    async fn ledger(&self) -> Result<Ledger, OfficeError> {
        let seen = self.supplies.store.get(self.me, keys::LEDGER).await?;
        let bytes = seen.value.ok_or(RecordError::Damaged("ledger"))?;
        self.supplies.store.settle(seen.generation).await?;
        Ok(record::read(&bytes)?)
    }
}
