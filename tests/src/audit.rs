//! The auditor: reads the books of every node of a network and says where they contradict each other
//! or what was promised. It counts by itself and trusts no sum.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use tokio::sync::Semaphore;
use topology::{DivisionCode, Tree};
use wujitong::{
    app::{Chance, OwnSeal, SystemClock},
    domain::{
        custody::{Count, Docket, Standing},
        ids::MatterId,
        journal::{Entry, Fact},
        matter::{Act, Matter, Outcome, Version},
        rollup::{CellKey, Counters},
        suite::Suite,
        template::{Stance, TemplateKey},
        time::Day,
    },
    identity::FileSealingKey,
    office::{Dependencies, FileArea, Office, OfficeError, TemplateRecord},
    store::{SledOptions, Store},
    telemetry::Metrics,
};

/// Everything one node keeps that an auditor looks at.
#[derive(Clone, Debug)]
pub struct Books {
    /// Whose books these are.
    pub division: DivisionCode,
    dockets: BTreeMap<MatterId, Docket>,
    journal: Vec<Entry>,
    cells: BTreeMap<CellKey, Counters>,
    /// What lives of children's stores had counted that are lost.
    lost: Vec<(CellKey, Counters)>,
    templates: Vec<TemplateRecord>,
    waiting: usize,
}

/// Something a node answered for, so that it must be found however badly things went afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A division did this with a matter.
    Act {
        /// Which matter.
        matter: MatterId,
        /// Which division.
        by: DivisionCode,
        /// What it did.
        act: Act,
    },
    /// A template was published.
    Template {
        /// Which.
        key: TemplateKey,
        /// Its version.
        version: u32,
    },
}

/// What may be wrong with books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Something promised is not there.
    Lost,
    /// A matter has no holder.
    Unheld,
    /// A matter has several holders.
    HeldTwice,
    /// One thing happened more than once.
    Twice,
    /// A step of a matter is in no journal, or a fact in a journal is no step.
    Unwritten,
    /// A sum is not what one counts in the journals.
    Miscounted,
    /// A copy is not what the holder has.
    Stale,
    /// A node in scope has no decision on a template.
    Unheard,
    /// Something still waits for a neighbour.
    Waiting,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its kind.
    pub fault: Fault,
    /// What it is about.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.fault, self.what)
    }
}

impl Books {
    /// Reads a running node's books.
    ///
    /// # Panics
    /// If its store does not answer.
    pub async fn of(office: &Office) -> Self {
        Self::read(office).await.expect("the store answers")
    }

    /// Reads a running node's books, if its store answers.
    pub async fn read(office: &Office) -> Result<Self, OfficeError> {
        let dockets = office.dockets(None, usize::MAX).await?;
        let cells = office.cells(Day(i32::MIN), Day(i32::MAX)).await?;
        let queues = office.queues();
        Ok(Self {
            division: office.me(),
            dockets: dockets
                .into_iter()
                .map(|docket| (docket.matter.id, docket))
                .collect(),
            journal: office.journal().await?,
            cells: cells.into_iter().collect(),
            lost: office.lost_figures().await?,
            templates: office.templates().await?,
            waiting: queues.iter().map(|queue| queue.segments).sum(),
        })
    }

    /// Reads the books of a node that does not run from its data directory.
    ///
    /// # Panics
    /// If its store does not open or answer.
    pub async fn lying_in(data: &Path, division: DivisionCode, tree: &Arc<Tree>) -> Self {
        let store = Store::open_sled(&data.join("store"), SledOptions::default())
            .expect("the store of a stopped node opens");
        let supplies = Dependencies {
            reports: 64,
            window: 1,
            tree: Arc::clone(tree),
            store: store.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Chance),
            seals: Arc::new(OwnSeal::new(Arc::new(
                FileSealingKey::generate().expect("a key").0,
            ))),
            suite: Suite::Ed25519Blake3,
            metrics: Metrics::default().division(division),
            file_area: FileArea::open(&data.join("store"), division, Arc::new(Semaphore::new(1)))
                .expect("its files are there"),
        };
        let office = Office::open(division, supplies).await.expect("an office");
        let books = Self::of(&office).await;
        store.close().await.expect("the store closes");
        books
    }

    /// Outbox segments that wait for neighbours.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    fn facts(&self) -> impl Iterator<Item = (&Entry, &Fact)> {
        let entries = self.journal.iter();
        entries.flat_map(|entry| entry.facts.iter().map(move |fact| (entry, fact)))
    }
}

/// Everything that is wrong in a network that has come to rest. The books are those of all its
/// nodes.
pub fn audit(tree: &Tree, books: &[Books], promises: &[Promise]) -> Vec<Violation> {
    let mut auditor = Auditor {
        tree,
        books,
        found: vec![],
    };
    auditor.promises(promises);
    auditor.custody();
    auditor.once();
    auditor.figures();
    auditor.templates();
    for books in books {
        if books.waiting > 0 {
            let what = format!("{} segments at {}", books.waiting, books.division);
            auditor.find(Fault::Waiting, what);
        }
    }
    auditor.found
}

struct Auditor<'a> {
    tree: &'a Tree,
    books: &'a [Books],
    found: Vec<Violation>,
}

impl<'a> Auditor<'a> {
    fn find(&mut self, fault: Fault, what: String) {
        self.found.push(Violation { fault, what });
    }

    fn matters(&self) -> BTreeSet<MatterId> {
        let dockets = self.books.iter().flat_map(|books| books.dockets.keys());
        dockets.copied().collect()
    }

    fn dockets(&self, id: MatterId) -> impl Iterator<Item = (DivisionCode, &'a Docket)> + use<'a> {
        let books = self.books.iter();
        books.filter_map(move |books| Some((books.division, books.dockets.get(&id)?)))
    }

    fn latest(&self, id: MatterId) -> Option<&'a Matter> {
        let known = self.dockets(id).map(|(_, docket)| &docket.matter);
        known.max_by_key(|matter| matter.version)
    }

    fn promises(&mut self, promises: &[Promise]) {
        let mut acts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for promise in promises {
            match promise {
                Promise::Act { matter, by, act } => {
                    let steps = self.latest(*matter).map_or(&[][..], |matter| &matter.steps);
                    let there = steps.iter().filter(|s| s.by == *by && s.act == *act);
                    let what = format!("{act:?} of {matter} by {by}");
                    acts.entry(what).or_insert((0, there.count())).0 += 1;
                }
                Promise::Template { key, version } => {
                    let mut issuer = self.books.iter().filter(|b| b.division == key.issuer);
                    let there = issuer.any(|books| {
                        let mut records = books.templates.iter().map(|record| &record.template);
                        records.any(|kept| kept.key == *key && kept.version >= *version)
                    });
                    if !there {
                        self.find(Fault::Lost, format!("template {key} version {version}"));
                    }
                }
            }
        }
        for (what, (promised, there)) in acts {
            if there < promised {
                let what = format!("{what}: promised {promised} times, there {there} times");
                self.find(Fault::Lost, what);
            }
        }
    }

    /// Exactly one division holds a matter or is giving it, and copies say what the holder says.
    fn custody(&mut self) {
        for id in self.matters() {
            let holders: Vec<_> = self
                .dockets(id)
                .filter(|(_, docket)| match docket.standing {
                    Standing::Holding => true,
                    Standing::Giving { to, .. } => {
                        let receiver = self.dockets(id).find(|(division, _)| *division == to);
                        let taken = receiver.map(|(_, docket)| docket.taken);
                        taken.is_none_or(|taken| taken < docket.matter.version.cv)
                    }
                    Standing::Elsewhere => false,
                })
                .collect();
            let (holder, held) = match holders.as_slice() {
                [] => {
                    self.find(Fault::Unheld, id.to_string());
                    continue;
                }
                [(holder, docket)] => (*holder, &docket.matter),
                several => {
                    let names: Vec<_> = several.iter().map(|(d, _)| d.to_string()).collect();
                    let what = format!("{id} by {}", names.join(" and "));
                    self.find(Fault::HeldTwice, what);
                    continue;
                }
            };
            let mut informed: BTreeSet<_> = self.tree.path(holder, id.origin).into_iter().collect();
            informed.extend([holder, id.origin]);
            if held.is_closed() {
                informed.extend(held.acted());
            }
            let copies: BTreeMap<_, _> = self.dockets(id).collect();
            for books in self.books {
                let division = books.division;
                let fresh = match copies.get(&division) {
                    Some(copy) if informed.contains(&division) => copy.matter == *held,
                    Some(copy) => held.continues(&copy.matter),
                    None => !informed.contains(&division),
                };
                if !fresh {
                    let copy = copies.get(&division).map(|copy| shown(copy.matter.version));
                    let what = format!(
                        "{id} at {division}: {}, at its holder {holder}: {}",
                        copy.unwrap_or_else(|| "nothing".to_owned()),
                        shown(held.version)
                    );
                    self.find(Fault::Stale, what);
                }
            }
        }
    }

    /// Every fact stands in one journal once, and is a step of the matter, and the other way round.
    fn once(&mut self) {
        let mut seen: BTreeMap<(MatterId, Version, Count), DivisionCode> = BTreeMap::new();
        let mut written: BTreeMap<(MatterId, DivisionCode, Count), i64> = BTreeMap::new();
        for books in self.books {
            for (_, fact) in books.facts() {
                let key = (fact.matter, fact.version, fact.count);
                if let Some(other) = seen.insert(key, books.division) {
                    let what = format!(
                        "{:?} of {} at {} in the journals of {other} and {}",
                        fact.count,
                        fact.matter,
                        shown(fact.version),
                        books.division
                    );
                    self.find(Fault::Twice, what);
                }
                *written
                    .entry((fact.matter, books.division, fact.count))
                    .or_default() += 1;
            }
        }
        for id in self.matters() {
            for step in self.latest(id).map_or(&[][..], |matter| &matter.steps) {
                for count in facts_of(step.act) {
                    *written.entry((id, step.by, *count)).or_default() -= 1;
                }
            }
        }
        for ((id, division, count), difference) in written {
            if difference != 0 {
                let what = format!(
                    "{count:?} of {id} stands in the journal of {division} {difference:+} times \
                     compared with the matter's steps"
                );
                self.find(Fault::Unwritten, what);
            }
        }
    }

    /// Every sum of every node is what one counts in its journal and all below.
    fn figures(&mut self) {
        for keeper in self.books {
            let mut counted: BTreeMap<CellKey, Counters> = BTreeMap::new();
            let below = self
                .books
                .iter()
                .filter(|books| self.tree.contains(keeper.division, books.division));
            for books in below {
                for (_, fact) in books.facts() {
                    let cell = CellKey {
                        acting: books.division,
                        origin: fact.matter.origin,
                        category: fact.category.clone(),
                        day: fact.day,
                    };
                    let cell = cell.seen_from(keeper.division, self.tree);
                    counted.entry(cell).or_default().count(fact.count);
                }
            }
            let nothing = Counters::default();
            let mut lost: BTreeMap<CellKey, Counters> = BTreeMap::new();
            let at_or_below = |books: &&Books| self.tree.contains(keeper.division, books.division);
            for books in self.books.iter().filter(at_or_below) {
                for (cell, counters) in &books.lost {
                    let cell = cell.seen_from(keeper.division, self.tree);
                    let sum = lost.entry(cell).or_default();
                    *sum = sum.plus(*counters);
                }
            }
            let cells: BTreeSet<_> = counted.keys().chain(keeper.cells.keys()).collect();
            let wrong: Vec<_> = cells
                .into_iter()
                .filter_map(|cell| {
                    let counted = counted.get(cell).copied().unwrap_or(nothing);
                    let kept = keeper.cells.get(cell).copied().unwrap_or(nothing);
                    let lost = lost.get(cell).copied().unwrap_or(nothing);
                    let right = kept.covers(counted) && lost.covers(kept.beyond(counted));
                    (!right).then(|| {
                        format!(
                            "{} keeps {kept:?} and the journals count {counted:?} for {cell:?}",
                            keeper.division
                        )
                    })
                })
                .collect();
            for what in wrong {
                self.find(Fault::Miscounted, what);
            }
        }
    }

    /// Every node in scope applied the latest version of every template.
    fn templates(&mut self) {
        let mut latest: BTreeMap<&TemplateKey, &TemplateRecord> = BTreeMap::new();
        for record in self.books.iter().flat_map(|books| &books.templates) {
            let known = latest.entry(&record.template.key).or_insert(record);
            if known.template.version < record.template.version {
                *known = record;
            }
        }
        for (key, record) in latest {
            let template = &record.template;
            for books in self.books {
                let kept = books.templates.iter().find(|r| r.template.key == *key);
                let current = kept.is_some_and(|kept| {
                    kept.template == *template && kept.stance == Some(Stance::Applied)
                });
                if template.scope.covers(books.division, self.tree) && !current {
                    let what = format!("{key} version {} at {}", template.version, books.division);
                    self.find(Fault::Unheard, what);
                }
            }
        }
    }
}

/// What a journal has to say about a step.
const fn facts_of(act: Act) -> &'static [Count] {
    match act {
        Act::Report => &[Count::Reported],
        Act::Reopen(_) => &[Count::Reopened],
        Act::Recategorise => &[Count::RecategorisedOut, Count::RecategorisedIn],
        Act::Close(Outcome::Withdrawn) => &[Count::Withdrawn],
        Act::Close(Outcome::Merged(_)) => &[Count::Merged],
        transfer if transfer.sent_to().is_some() => &[Count::Given],
        Act::Relay(_) => &[Count::Taken, Count::Given],
        Act::Take | Act::TakeBack => &[Count::Taken],
        Act::Close(_) => &[Count::Closed],
        _ => &[],
    }
}

fn shown(version: Version) -> String {
    format!("{}.{}.{}", version.cv.term, version.cv.n, version.rev)
}
