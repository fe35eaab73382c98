//! The office: one async method per thing a node can be asked. Load, decide, commit.
//!
//! All decisions of a node take turns, and each is one atomic unit: dockets, journal, figures and
//! what goes to neighbours. The turn ends when the unit is submitted, not when it is on the disk, so
//! that whatever waits shares one sync; nobody is answered before that sync.

pub mod alarms;
mod alike;
mod answers;
mod attachments;
mod calendar;
pub mod changes;
mod contacts;
mod crashes;
mod erasure;
mod figures;
mod file_area;
mod filed_index;
#[cfg(test)]
mod fixture;
mod greet;
pub mod hooks;
pub mod imports;
mod keys;
mod known;
mod machine_clock;
mod matters;
pub mod people;
mod policies;
mod queues;
mod receipts;
mod receive;
mod relay;
mod reports;
mod request;
mod revocations;
mod runs;
mod sealing;
mod search;
mod second;
mod settle;
mod shelves;
mod statements;
mod sweep;
mod templates;
mod timing;
mod turn;
mod unit_of_work;
mod uploads;
mod views;
mod went_back;

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use topology::{DivisionCode, Tree};

pub use attachments::{Fetching, Looked, OpenFile, Reader, Serve, Wanted};
pub use crashes::Crashed;
pub use figures::{ChildFigures, SetApart};
pub use file_area::{FileArea, FileTrouble};
pub use filed_index::FiledBy;
pub use greet::Greeting;
pub use matters::Work;
pub use receive::{Outcome, Receipt, Received};
pub use reports::NewReport;
pub use request::{Once, Request, RequestContext, Saw};
pub use revocations::{RevocationRecord, RevokeRefusal};
pub use sealing::{Arrived, SealFailure, Seals, Unsealable};
pub use search::{About, BadCursor, Cursor, Found, Search};
pub use shelves::Line;
pub use statements::{CountersignRefusal, Stated, concerns, digest as statements_digest};
pub use sweep::Swept;
pub use templates::{NewTemplate, TemplateRecord};

use domain::{
    custody::Refusal,
    ids::{Epoch, EpochId, MatterId},
    policy::Policy,
    suite::Suite,
    time::{Day, Timestamp},
    timekeeper::Doubt,
};
use records::outbox::Wakers;
use store::{
    CommitError, Range, Store, StoreError,
    record::{self, RecordError},
};
use telemetry::metrics::DivisionMetrics;

/// Where moments come from.
pub trait Clock: Send + Sync {
    /// Now, as far as it is believed.
    fn now(&self) -> Timestamp;

    /// A node of this process begins; it ended last at this time or somewhat later.
    fn begins(&self, _division: DivisionCode, _ended: Option<Timestamp>) {}

    /// A neighbour of a node here said what time it is there.
    fn hear(&self, _neighbour: DivisionCode, _is_parent: bool, _theirs: Timestamp) {}

    /// Why the wall clock is not believed, if it is not, and by how many milliseconds it is ahead.
    fn doubt(&self) -> Option<(Doubt, i64)> {
        None
    }

    /// An operator says that the wall clock is right.
    fn uphold(&self) {}

    /// The wall clock, believed or not.
    fn wall(&self) -> Timestamp {
        self.now()
    }
}

/// Where ids and salts come from.
pub trait Entropy: Send + Sync {
    /// Sixteen random bytes.
    fn bytes(&self) -> [u8; 16];
}

/// What an office needs from outside.
#[derive(Clone)]
pub struct Dependencies {
    /// All divisions.
    pub tree: Arc<Tree>,
    /// Where the node keeps everything.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The node's sealing key.
    pub seals: Arc<dyn Seals>,
    /// Algorithms for what this node writes anew.
    pub suite: Suite,
    /// What is counted for those who watch.
    pub metrics: DivisionMetrics,
    /// Where files are kept.
    pub file_area: FileArea,
    /// Reports that may wait for their commit before new ones are turned away.
    pub reports: usize,
    /// Envelopes a neighbour may have unanswered in one lane.
    pub window: usize,
}

/// What one node may be asked.
pub struct Office {
    me: DivisionCode,
    parent: Option<DivisionCode>,
    dependencies: Dependencies,
    wakers: Wakers,
    queues: queues::Queues,
    turn: Mutex<()>,
    places: Semaphore,
    /// Drawn when it was opened: tells this process from a second machine with the same identity.
    instance: [u8; 16],
    /// When it was opened.
    started: std::time::Instant,
    /// Neighbours that greeted this process since it was opened.
    met: std::sync::Mutex<BTreeSet<DivisionCode>>,
    /// The parent, if it refused this machine because another one has its identity.
    aside: std::sync::Mutex<Option<DivisionCode>>,
    expectations: templates::Expectations,
    /// The policy in force; read again after a policy template came into force.
    effective_policy: std::sync::Mutex<Option<Arc<Policy>>>,
    people: people::People,
    /// Whether the machine's clock was doubted when it was looked at last.
    doubted: std::sync::atomic::AtomicBool,
    revoked_keys: revocations::RevokedKeys,
    suspicion: crashes::Suspicion,
    heard: known::Heard,
    /// Counts how often statements of keys were kept.
    stated: tokio::sync::watch::Sender<u64>,
    listeners: changes::Listeners,
    /// Rings when webhooks are named, removed or resumed.
    hooks_bell: tokio::sync::watch::Sender<()>,
    /// What is kept for others.
    relay: relay::Relay,
}

/// Counts that belong to one life of the node, written with every decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ledger {
    epoch: Epoch,
    /// Envelopes issued in this epoch.
    issue: u64,
    /// Drawn at the start of the process; stands in the numbers it gives, so that an old copy that is
    /// brought back gives none that was given before.
    run: u32,
    /// Matters reported in this epoch.
    matters: u64,
    /// Requests made in this epoch.
    asks: u64,
    /// Journal entries in this store.
    journal: u64,
    /// Outbox segments in this store.
    segment: u64,
    /// Matters in this store by standing.
    standings: shelves::Standings,
    /// The latest day a fact was counted on.
    last_day: Day,
}

domain::records!(Ledger);

/// Why the office did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such matter here.
    #[error("no matter {0} at this node; `wujitong matter list` shows what it knows")]
    NoSuchMatter(MatterId),
    /// The clock is doubted.
    #[error("the clock is doubted; set it right, or confirm it, and correct then")]
    ClockDoubted,
    /// Dispatched to nobody.
    #[error("no account {0} is open at this node; `wujitong account list` shows those that are")]
    NoSuchOfficer(u64),
    /// Dispatched to somebody who may not do the work.
    #[error(
        "account {0} may not handle matters; dispatch to one that may, or have it given the role"
    )]
    OfficerHandlesNothing(u64),
    /// Dispatched to somebody of another department.
    #[error(
        "account {0} was not posted by that department; leave the department out, or name its own"
    )]
    OfficerElsewhere(u64),
    /// Dispatched to a department that is nowhere.
    #[error(
        "no department {0} is named by the policy in force, and nobody here was posted by one; correct \
         the code, or add it to a policy"
    )]
    NoSuchDepartment(domain::matter::Department),
    /// The category is not one this node takes.
    #[error(transparent)]
    Category(#[from] domain::category::BadCategory),
    /// Not a length of time.
    #[error(transparent)]
    Allowance(#[from] domain::calendar::BadAllowance),
    /// A text, or who is named beside it, is not what policy takes.
    #[error(transparent)]
    Words(#[from] domain::policy::BadWords),
    /// The remarks on one matter are too long together.
    #[error(
        "the remarks on this matter already have {0} bytes; together at most {1} are taken: close \
         it, or say more in a new matter"
    )]
    TooManyNotes(usize, usize),
    /// A place that the division has nothing to do with.
    #[error(transparent)]
    Elsewhere(#[from] domain::matter::Elsewhere),
    /// A template is not right.
    #[error(transparent)]
    Template(#[from] domain::template::BadTemplate),
    /// A key was not countersigned.
    #[error(transparent)]
    Countersign(#[from] CountersignRefusal),
    /// A key was not revoked.
    #[error(transparent)]
    Revoke(#[from] RevokeRefusal),
    /// No such alarm.
    #[error("no alarm {0} stands here; `wujitong alarm list` shows those that do")]
    NoSuchAlarm(domain::alarm::AlarmKind),
    /// No such template.
    #[error("no template {0} at this node; `wujitong template list` shows what it knows")]
    NoSuchTemplate(String),
    /// Nobody said who they are, or it was erased.
    #[error("nothing here says who reported {0}; see its steps with `wujitong matter show`")]
    NoContact(MatterId),
    /// What was written is not here to be opened.
    #[error(
        "what was written in {0} is held elsewhere or was erased; take the opening that was given with the \
         report, or ask while it is held here"
    )]
    NoOpening(MatterId),
    /// Something about a file.
    #[error(transparent)]
    File(#[from] FileTrouble),
    /// Accounts, sessions, keys.
    #[error(transparent)]
    People(#[from] people::PeopleError),
    /// The matter is not any more as the caller saw it.
    #[error("matter {0} has moved on since you saw it; look at it again, then decide")]
    Stale(MatterId),
    /// A webhook.
    #[error(transparent)]
    Hook(#[from] domain::hook::BadHook),
    /// Too many streams of events.
    #[error(
        "too many streams of events are open, {0} at most for one caller; close those nobody reads"
    )]
    TooManyListeners(usize),
    /// Another machine has this node's identity.
    #[error(
        "{0} refused this machine because another one with the same identity is linked to it; nothing \
         new is taken here until one of the two is stopped, see `wujitong alarm list`"
    )]
    SecondMachine(DivisionCode),
    /// Too many people report at once.
    #[error("too many reports are waiting to be written; try again in a moment")]
    Busy,
    /// A decision crashed.
    #[error("this node crashed on something from a neighbour, which comes again; see its log")]
    Crashed,
    /// A gap in a flow could not be remembered.
    #[error(transparent)]
    Gaps(#[from] domain::flow::TooManyGaps),
    /// What a person wrote cannot be opened or sealed.
    #[error(
        "what was written cannot be sealed or opened here: {0}; put back the node's `seal.key` \
         from a backup"
    )]
    Unsealable(#[from] Unsealable),
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

/// What the disk does not do any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskTrouble {
    /// It has no room for new work.
    Full,
    /// A write or a sync failed, and nothing is written until the store was opened again.
    Failed,
}

impl OfficeError {
    /// Whether the disk is why something was not done.
    pub const fn disk_trouble(&self) -> Option<DiskTrouble> {
        match self {
            Self::Store(StoreError::Full) | Self::Commit(CommitError::Store(StoreError::Full)) => {
                Some(DiskTrouble::Full)
            }
            Self::Store(StoreError::Poisoned(_))
            | Self::Commit(CommitError::Store(StoreError::Poisoned(_))) => {
                Some(DiskTrouble::Failed)
            }
            _ => None,
        }
    }
}

impl Office {
    /// Opens the office of `me`, and its first epoch if the store is new.
    pub async fn open(me: DivisionCode, dependencies: Dependencies) -> Result<Self, OfficeError> {
        let parent = dependencies.tree.parent(me);
        let places = Semaphore::new(dependencies.reports);
        let office = Self {
            me,
            parent,
            instance: dependencies.entropy.bytes(),
            started: std::time::Instant::now(),
            met: std::sync::Mutex::default(),
            aside: std::sync::Mutex::default(),
            dependencies,
            wakers: Wakers::default(),
            queues: queues::Queues::default(),
            turn: Mutex::new(()),
            places,
            expectations: templates::Expectations::default(),
            effective_policy: std::sync::Mutex::default(),
            people: people::People::default(),
            // An alarm of an earlier run may stand.
            doubted: true.into(),
            revoked_keys: revocations::RevokedKeys::default(),
            suspicion: crashes::Suspicion::default(),
            heard: known::Heard::default(),
            listeners: changes::Listeners::default(),
            stated: tokio::sync::watch::Sender::new(0),
            hooks_bell: tokio::sync::watch::Sender::new(()),
            relay: relay::Relay::default(),
        };
        let mut view = office.dependencies.store.view(me);
        if let Some(ledger) = view.get(keys::LEDGER).await? {
            // What a newer program wrote is refused now, not at the first decision.
            let _readable: Ledger = record::read(&ledger)?;
            office.begin_time(&mut view).await?;
            office.begin_run().await?;
            office.recall_revocations().await?;
            office.recall_heard().await?;
            office.recall_alarms().await?;
            office.recall_aside().await?;
            office.recall_queues().await?;
            office.recount_relayed().await?;
        } else {
            let id = EpochId(office.dependencies.entropy.bytes());
            let ledger = Ledger {
                epoch: Epoch {
                    order: 1,
                    id,
                    predecessor: EpochId::default(),
                },
                issue: 0,
                run: id.short(),
                matters: 0,
                asks: 0,
                journal: 0,
                segment: 0,
                standings: [0; 3],
                last_day: Day::default(),
            };
            view.put(keys::LEDGER, record::write(&ledger));
            office.begin_time(&mut view).await?;
            office.begin_watch(&mut view).await?;
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
        &self.dependencies.tree
    }

    /// What wakes the sessions of neighbours.
    pub const fn wakers(&self) -> &Wakers {
        &self.wakers
    }

    /// Where everything is kept.
    pub const fn store(&self) -> &Store {
        &self.dependencies.store
    }

    /// What is counted for those who watch.
    pub const fn metrics(&self) -> &DivisionMetrics {
        &self.dependencies.metrics
    }

    /// This node's clock.
    pub fn now(&self) -> Timestamp {
        self.dependencies.clock.now()
    }

    /// What tells this process from a second machine with the same identity.
    pub const fn instance(&self) -> [u8; 16] {
        self.instance
    }

    /// The present life of this node's store.
    pub async fn epoch(&self) -> Result<Epoch, OfficeError> {
        Ok(self.ledger().await?.epoch)
    }

    /// All records of a range, at most `limit`, with their keys; what they rest on is durable.
    async fn read_all<T: domain::record::Record>(
        &self,
        range: Range,
        limit: usize,
    ) -> Result<Vec<(Bytes, T)>, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, limit, false).await?;
        store.wait_durable(seen.generation).await?;
        let records = seen.value.into_iter();
        let records = records.map(|(key, bytes)| Ok((key, record::read(&bytes)?)));
        records.collect()
    }

    async fn ledger(&self) -> Result<Ledger, OfficeError> {
        let seen = self.dependencies.store.get(self.me, keys::LEDGER).await?;
        let bytes = seen.value.ok_or(RecordError::Damaged("ledger"))?;
        self.dependencies
            .store
            .wait_durable(seen.generation)
            .await?;
        Ok(record::read(&bytes)?)
    }
}
