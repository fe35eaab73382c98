//! The office: one async method per thing a node can be asked. Load, decide, commit.
//!
//! All decisions of a node take turns, and each is one atomic unit: dockets, journal, figures and
//! what goes to neighbours. The turn ends when the unit is submitted, not when it is on the disk, so
//! that whatever waits shares one sync; nobody is answered before that sync.

pub mod alarms;
mod blocking;
mod boards;
mod clock;
mod courier;
mod disclosures;
mod drafts;
mod due;
mod failed;
pub mod feed;
mod figures;
mod files;
#[cfg(test)]
mod fixture;
mod health;
mod inbox;
mod invitations;
mod keys;
mod log;
mod matters;
pub mod people;
mod points;
mod projections;
mod readmissions;
mod request;
mod retention;
mod services;
mod tables;
mod templates;
mod token;
mod turn;
mod unit_of_work;
pub mod webhooks;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use topology::{DivisionCode, Tree};

pub use alarms::NoSuchAlarm;
pub use blocking::blocking;
pub use boards::{BoardPage, BoardRefusal, BoardSeen, NewPost, POSTS_OF_A_PAGE, PostSeen};
pub use clock::ClockDoubted;
pub use courier::{Carried, CourierLine, CourierLoad, ReadFile};
pub use disclosures::{
    AttachedUpload, DisclosureFileRefusal, DisclosureSeen, EditionSeen, LogSeen, NewDisclosure,
    NoReceipt, PleaSeen, Pleader, PleasSeen,
};
pub use domain::custody::Work;
pub use drafts::{DraftDocument, DraftRefusal, DraftView, HandedIn};
pub use failed::{
    Aborted, DiskTrouble, Failed, Fault, NoSuchMatter, RefusalReason, SecondMachine, TooBusy,
};
pub use figures::{ChildFigures, SetApart};
pub use files::area::FileArea;
pub use files::attachments::{Fetching, Looked, OpenFile, Reader, Serve, Wanted};
pub use files::refusal::FileRefusal;
pub use files::sweep::Swept;
pub use inbox::crashes::Crashed;
pub use inbox::greet::{Greeting, Way};
pub use inbox::receive::{NotReceived, Outcome, Receipt, Received};
pub use inbox::restored::life_in;
pub use invitations::{Granted, InviteRefusal, NewInvitation};
pub use keys::revocations::{RevocationRecord, RevokeRefusal};
pub use keys::statements::{CountersignRefusal, Stated, concerns, digest as statements_digest};
pub use log::{
    CountersignedHead, CountersignedLine, Differs, HeldLeaves, HeldRefusal, LogEvidence, LogHead,
    LogKeyFails, LogKeys, NoSuchEvidence, NotInLog, WitnessedLog,
};
pub use matters::data::DataRow;
pub use matters::filed::FiledBy;
pub use matters::hand_over::{ChargedWith, HandedOver, Successor};
pub use matters::imports;
pub use matters::index::IndexEntry;
pub use matters::refusal::MatterRefusal;
pub use matters::reports::NewReport;
pub use matters::sealing::{Arrived, SealFailure, SealingKeyFails, Seals, Unsealable};
pub use matters::search::{About, BadCursor, Charged, Cursor, Found, Search};
pub use media::BadPaper;
pub use points::{
    HouseholdOutcome, HouseholdSeen, LedgerLine, NewConsent, NewExchange, NewHousehold, NewRating,
    Opener, PeriodSeen, PointsRefusal, RecordSeen, RewardGiven, SheetManner,
};
pub use readmissions::NotWaiting;
pub use request::{IdempotencyKey, Request, RequestContext, Saw};
pub use services::{
    Alarms, Boards, Courier, Disclosures, Drafts, Feed, Figures, Inbox, Invitations, Keys, Log,
    MachineClock, MatterFiles, Matters, People, Points, Readmitting, Templates, Webhooks,
};
pub use tables::all as tables;
pub use templates::{
    KnownTemplate, NewTemplate, NoSuchTemplate, NotBelow, NotPublished, NotRolledOut,
    RolloutRecord, TemplateRecord,
};

use domain::{
    ids::{Epoch, EpochId, NetworkId},
    suite::Suite,
    time::{Day, Timestamp},
    timekeeper::Doubt,
};
use records::{
    outbox::Wakers,
    table::{self, Rows, Table, Tables},
};
use store::{Snapshot, Store, Transaction, record::RecordError};
use telemetry::metrics::DivisionMetrics;
use workers::DueTimer;

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
    /// The node's keys for public logs.
    pub log_keys: Arc<dyn LogKeys>,
    /// The network that the node belongs to.
    pub network: NetworkId,
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
    /// Told when something is due here next.
    pub due: DueTimer,
}

/// What one node may be asked.
pub struct Office {
    me: DivisionCode,
    parent: Option<DivisionCode>,
    dependencies: Dependencies,
    wakers: Wakers,
    queues: inbox::queues::Queues,
    turn: Mutex<()>,
    places: Semaphore,
    /// Drawn when it was opened: tells this process from a second machine with the same identity.
    instance: [u8; 16],
    /// When it was opened.
    started: tokio::time::Instant,
    /// Neighbours that greeted this process since it was opened.
    met: std::sync::Mutex<BTreeSet<DivisionCode>>,
    /// The parent, if it refused this machine because another one has its identity.
    aside: std::sync::Mutex<Option<DivisionCode>>,
    expectations: templates::Expectations,
    effective_policy: std::sync::Mutex<templates::policies::PolicyCache>,
    people: people::PeopleState,
    /// Whether the machine's clock was doubted when it was looked at last.
    doubted: std::sync::atomic::AtomicBool,
    revoked_keys: keys::revocations::RevokedKeys,
    suspicion: inbox::crashes::Suspicion,
    heard: inbox::freshness::Heard,
    /// Counts how often statements of keys were kept.
    stated: tokio::sync::watch::Sender<u64>,
    listeners: feed::Listeners,
    /// Rings when webhooks are named, removed or resumed.
    hooks_bell: tokio::sync::watch::Sender<()>,
    /// How often the store had taken units back when what is in memory was read.
    losses: AtomicU64,
    /// What is kept for others.
    relay: inbox::relay::Relay,
    /// Held while a log is compared with the store, which reads all of it.
    comparing: Mutex<()>,
    /// When the heads of children are looked at next, in milliseconds since 1970; negative if none said one.
    heads_watched: AtomicI64,
    /// When the next head of the public log may be said, in milliseconds since 1970.
    next_head: AtomicI64,
    /// When what this node issued since its last list of current templates is said, in milliseconds since 1970; 0 if it issued
    /// nothing.
    list_changed: AtomicI64,
    /// When the next list is due at the latest; 0 if that is not known yet, the greatest number if nothing was ever issued.
    list_due: AtomicI64,
    /// When the lists of others are looked at next, in milliseconds since 1970; negative if there are none.
    lists_watched: AtomicI64,
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
    standings: matters::index::Standings,
    /// The latest day a fact was counted on.
    last_day: Day,
}

domain::records!(Ledger);

impl Ledger {
    /// Returns the counts of a new store, whose first life has this id.
    fn beginning(id: EpochId) -> Self {
        Self {
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
        }
    }
}

impl Office {
    /// Opens the office of `me`, and its first epoch if the store is new.
    pub async fn open(me: DivisionCode, dependencies: Dependencies) -> Result<Self, Aborted> {
        let parent = dependencies.tree.parent(me);
        let places = Semaphore::new(dependencies.reports);
        let losses = dependencies.store.losses();
        let office = Self {
            me,
            parent,
            instance: dependencies.entropy.bytes(),
            started: tokio::time::Instant::now(),
            met: std::sync::Mutex::default(),
            aside: std::sync::Mutex::default(),
            dependencies,
            wakers: Wakers::default(),
            queues: inbox::queues::Queues::default(),
            turn: Mutex::new(()),
            places,
            expectations: templates::Expectations::default(),
            effective_policy: std::sync::Mutex::default(),
            people: people::PeopleState::default(),
            // An alarm of an earlier run may stand.
            doubted: true.into(),
            revoked_keys: keys::revocations::RevokedKeys::default(),
            suspicion: inbox::crashes::Suspicion::default(),
            heard: inbox::freshness::Heard::default(),
            listeners: feed::Listeners::default(),
            stated: tokio::sync::watch::Sender::new(0),
            hooks_bell: tokio::sync::watch::Sender::new(()),
            losses: AtomicU64::new(losses),
            relay: inbox::relay::Relay::default(),
            comparing: Mutex::new(()),
            heads_watched: AtomicI64::new(0),
            next_head: AtomicI64::new(0),
            list_changed: AtomicI64::new(0),
            list_due: AtomicI64::new(0),
            lists_watched: AtomicI64::new(0),
        };
        let mut view = office.tables();
        // What a newer program wrote is refused now, not at the first decision.
        if view.expect::<tables::Ledger>(&()).await?.is_some() {
            office.clock().begin_time(&mut view).await?;
            office.inbox().begin_run().await?;
            office.keys().recall_revocations().await?;
            office.inbox().recall_heard().await?;
            office.alarms().recall_alarms().await?;
            office.inbox().recall_aside().await?;
            office.inbox().recall_queues().await?;
            office.inbox().recount_relayed().await?;
        } else {
            let id = EpochId(office.dependencies.entropy.bytes());
            let ledger = Ledger::beginning(id);
            view.put::<tables::Ledger>(&(), &ledger);
            office.clock().begin_time(&mut view).await?;
            office.inbox().begin_watch(&mut view).await?;
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
    pub async fn epoch(&self) -> Result<Epoch, Fault> {
        Ok(self.ledger().await?.epoch)
    }

    /// The tables of this node, for a decision or for what is none.
    fn tables(&self) -> Tables<Transaction> {
        Tables::new(self.dependencies.store.view(self.me))
    }

    /// The tables of this node as they are now, for reads of several records that must fit together.
    /// Holds nobody up, and is held up by nobody.
    fn read(&self) -> Result<Tables<Snapshot>, Fault> {
        Ok(Tables::new(self.dependencies.store.snapshot(self.me)?))
    }

    /// The record at a key, once it is durable.
    async fn one<T: Table>(&self, key: &T::Key) -> Result<Option<T::Record>, Fault> {
        let mut read = self.read()?;
        let found = read.get::<T>(key).await?;
        Ok(read.finish(found).await?)
    }

    /// The first records of a stretch with their keys, at most `limit`, once they are durable.
    async fn list<T: Table>(&self, rows: Rows<T>, limit: usize) -> Result<table::Found<T>, Fault> {
        let mut read = self.read()?;
        let found = read.scan(rows, limit).await?;
        Ok(read.finish(found).await?)
    }

    async fn ledger(&self) -> Result<Ledger, Fault> {
        let ledger = self.one::<tables::Ledger>(&()).await?;
        Ok(ledger.ok_or(RecordError::Damaged("ledger"))?)
    }
}
