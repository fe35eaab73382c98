//! The auditor: reads the books of every node of a network and reports contradictions and broken
//! promises. It counts on its own and trusts no sum.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use app::{Chance, OwnSeal, SystemClock};
use domain::{
    custody::{Docket, Standing},
    ids::{MatterId, NetworkId},
    journal::{Entry, Fact},
    matter::{Act, Appeal, Matter, Outcome, Satisfaction, Version},
    measure::Measure,
    rollup::{CellKey, Counters},
    suite::Suite,
    template::{RolloutAct, Stance, Template, TemplateKey},
    time::Day,
};
use identity::FileSealingKey;
use office::{Dependencies, FileArea, KnownTemplate, Office, RolloutRecord, TemplateRecord};
use store::{SledOptions, Store};
use telemetry::Metrics;
use tokio::sync::Semaphore;
use topology::{DivisionCode, Tree};
use workers::DueTimer;

use crate::no_log_keys::NoLogKeys;

/// Everything one node keeps that the auditor reads.
#[derive(Clone, Debug)]
pub struct Books {
    /// The division of the books.
    pub division: DivisionCode,
    dockets: BTreeMap<MatterId, Docket>,
    journal: Vec<Entry>,
    cells: BTreeMap<CellKey, Counters>,
    /// Cells counted by lost epochs of children's stores.
    lost: Vec<(CellKey, Counters)>,
    templates: Vec<KnownTemplate>,
    waiting: usize,
}

/// An answer of a node that must be found in the books whatever happened later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A division did this with a matter.
    Act {
        /// The matter.
        matter: MatterId,
        /// The division.
        by: DivisionCode,
        /// The act.
        act: Act,
    },
    /// A template was published.
    Template {
        /// Key of the template.
        key: TemplateKey,
        /// Version of the template.
        version: u32,
    },
}

/// Kinds of contradictions in books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A promised record is missing.
    Lost,
    /// A matter has no holder.
    Unheld,
    /// A matter has several holders.
    HeldTwice,
    /// One thing happened more than once.
    Twice,
    /// A step of a matter is in no journal, or a fact in a journal is not a step.
    Unwritten,
    /// A sum differs from the count of the journals.
    Miscounted,
    /// A copy differs from the holder's matter.
    Stale,
    /// A node in scope has no decision on a template.
    Unheard,
    /// Something still waits for a neighbour.
    Waiting,
    /// A request has no answer, or a giver never heard what became of a transfer.
    Unanswered,
}

/// One contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its kind.
    pub fault: Fault,
    /// Its subject.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.fault, self.what)
    }
}

impl Books {
    /// Reads the books of a running node.
    ///
    /// # Panics
    /// If its store does not answer.
    pub async fn of(office: &Office) -> Self {
        Self::read(office).await.expect("the store answers")
    }

    /// Reads the books of a running node, if its store answers.
    pub async fn read(office: &Office) -> Result<Self, office::Fault> {
        let dockets = office.matters().dockets(None, usize::MAX).await?;
        let cells = office.figures().cells(Day(i32::MIN), Day(i32::MAX)).await?;
        let queues = office.inbox().queues();
        Ok(Self {
            division: office.me(),
            dockets: dockets
                .into_iter()
                .map(|docket| (docket.matter.id, docket))
                .collect(),
            journal: office.figures().journal().await?,
            cells: cells.into_iter().collect(),
            lost: office.figures().lost().await?,
            templates: office.templates().every().await?,
            waiting: queues.iter().map(|queue| queue.segments).sum(),
        })
    }

    /// Reads the books of a stopped node from its data directory.
    ///
    /// # Panics
    /// If its store does not open or answer.
    pub async fn lying_in(data: &Path, division: DivisionCode, tree: &Arc<Tree>) -> Self {
        let store = Store::open_sled(&data.join("store"), SledOptions::default())
            .expect("the store of a stopped node opens");
        let supplies = Dependencies {
            reports: 64,
            window: 1,
            due: DueTimer::default(),
            tree: Arc::clone(tree),
            store: store.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Chance),
            log_keys: Arc::new(NoLogKeys),
            seals: Arc::new(OwnSeal::new(Arc::new(
                FileSealingKey::generate().expect("a key").0,
            ))),
            network: NetworkId([0; 16]),
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

    /// Returns the number of outbox segments that wait for neighbours.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    fn facts(&self) -> impl Iterator<Item = (&Entry, &Fact)> {
        let entries = self.journal.iter();
        entries.flat_map(|entry| entry.facts.iter().map(move |fact| (entry, fact)))
    }
}

/// Returns all contradictions in a network at rest. `books` must be those of all its nodes.
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

/// What is wrong beyond that where everybody answers everybody: a request that has no answer, a transfer of
/// which the giver heard nothing, and open matters that the journal counts and nobody holds.
pub fn audit_answers(books: &[Books]) -> Vec<Violation> {
    let mut found = vec![];
    for one in books {
        let mut held = 0;
        for (id, docket) in &one.dockets {
            let waits = docket.parked.len() + docket.asked.len() + docket.unsent.len();
            let gives = matches!(docket.standing, Standing::Giving { .. });
            if waits > 0 || gives {
                found.push(Violation {
                    fault: Fault::Unanswered,
                    what: format!(
                        "{id} at {}: {waits} requests wait, {:?}",
                        one.division, docket.standing
                    ),
                });
            }
            held += i64::from(docket.standing == Standing::Holding && !docket.matter.is_closed());
        }
        let mut counted = Counters::default();
        for (_, fact) in one.facts() {
            counted.count(fact.measure);
        }
        if counted.open() != held {
            found.push(Violation {
                fault: Fault::Miscounted,
                what: format!(
                    "{} holds {held} open matters, and its journal counts {}",
                    one.division,
                    counted.open()
                ),
            });
        }
    }
    found
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
                        let mut known = books.templates.iter().filter_map(KnownTemplate::template);
                        known.any(|kept| kept.key == *key && kept.version >= *version)
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

    /// Checks that exactly one division holds a matter or is giving it, and that copies agree with
    /// the holder.
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

    /// Checks that every fact is in one journal once and is a step of the matter, and the other way
    /// round.
    fn once(&mut self) {
        let mut seen: BTreeMap<(MatterId, Version, Measure), DivisionCode> = BTreeMap::new();
        let mut written: BTreeMap<(MatterId, DivisionCode, Measure), i64> = BTreeMap::new();
        for books in self.books {
            for (_, fact) in books.facts() {
                let key = (fact.matter, fact.version, fact.measure);
                if let Some(other) = seen.insert(key, books.division) {
                    let what = format!(
                        "{:?} of {} at {} in the journals of {other} and {}",
                        fact.measure,
                        fact.matter,
                        shown(fact.version),
                        books.division
                    );
                    self.find(Fault::Twice, what);
                }
                // A clock that was met or not is no step; it is checked below.
                if !is_of_clock(fact.measure) {
                    *written
                        .entry((fact.matter, books.division, fact.measure))
                        .or_default() += 1;
                }
            }
        }
        self.in_time(&seen);
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

    /// Checks that a matter is in time or late only where it was closed, and never both.
    fn in_time(&mut self, seen: &BTreeMap<(MatterId, Version, Measure), DivisionCode>) {
        for ((matter, version, measure), division) in seen {
            if !is_of_clock(*measure) {
                continue;
            }
            let there = |measure| seen.get(&(*matter, *version, measure)) == Some(division);
            let both = there(Measure::IN_TIME) && there(Measure::LATE);
            if both || !there(Measure::CLOSED) {
                let what = format!(
                    "{measure:?} of {matter} at {} in the journal of {division} without a closing \
                     of its own",
                    shown(*version)
                );
                self.find(Fault::Unwritten, what);
            }
        }
    }

    /// Checks that every sum of every node equals the count of its journal and those below.
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
                    counted.entry(cell).or_default().count(fact.measure);
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

    /// Checks that every node in scope has in force what the latest words of every issuer say.
    fn templates(&mut self) {
        let mut latest: BTreeMap<TemplateKey, KnownTemplate> = BTreeMap::new();
        for known in self.books.iter().flat_map(|books| &books.templates) {
            let newest = latest.entry(key_of(known)).or_default();
            let stamp = |base: &TemplateRecord| base.template.stamp;
            if known.base.as_ref().map(stamp) > newest.base.as_ref().map(stamp) {
                newest.base.clone_from(&known.base);
            }
            let stamp = |word: &RolloutRecord| word.rollout.template.stamp;
            if known.rollout.as_ref().map(stamp) > newest.rollout.as_ref().map(stamp) {
                newest.rollout.clone_from(&known.rollout);
            }
        }
        for (key, newest) in latest {
            let word = newest.rollout().map(|record| &record.rollout);
            let paused = word.filter(|word| word.act == RolloutAct::Pause);
            for books in self.books {
                let there = books.division;
                // While it is paused, whoever has it keeps it.
                if paused.is_some_and(|word| word.reach.selects(&key, there, self.tree)) {
                    continue;
                }
                let expected = newest.expected_at(there, self.tree);
                let kept = books.templates.iter().find(|known| key_of(known) == key);
                let held = kept.and_then(in_force);
                let covers = |template: &&Template| template.scope.covers(there, self.tree);
                let version = |template: Option<&Template>| {
                    let template = template.filter(covers);
                    template.map(|template| (template.version, template.content.clone()))
                };
                if version(held) != version(expected) {
                    let what = format!(
                        "{key} at {there}: {:?} is in force",
                        held.map(|one| one.version)
                    );
                    self.find(Fault::Unheard, what);
                }
            }
        }
    }
}

fn key_of(known: &KnownTemplate) -> TemplateKey {
    let (template, _) = known.told().expect("it is known");
    template.key.clone()
}

/// Returns the version that a node has in force by its own decisions.
fn in_force(known: &KnownTemplate) -> Option<&Template> {
    let applied = |stance: &Option<Stance>| *stance == Some(Stance::Applied);
    let rollout = known.rollout.as_ref().filter(|word| applied(&word.stance));
    let base = known.base.as_ref().filter(|base| applied(&base.stance));
    let rolled_out = rollout.map(|word| &word.rollout.template);
    rolled_out.or(base.map(|base| &base.template))
}

/// Whether a measure tells of the clock of a matter that was closed.
fn is_of_clock(measure: Measure) -> bool {
    [Measure::IN_TIME, Measure::LATE].contains(&measure)
}

/// Returns the measures that a journal must have about a step.
const fn facts_of(act: Act) -> &'static [Measure] {
    match act {
        Act::Report => &[Measure::REPORTED],
        Act::Reopen(Appeal::Contest) => &[Measure::REOPENED, Measure::CONTESTED],
        Act::Reopen(Appeal::Review) => &[Measure::REOPENED],
        Act::Supervise(_) => &[Measure::SUPERVISED],
        Act::Rate(Satisfaction::Dissatisfied) => &[Measure::RATED],
        Act::Rate(Satisfaction::Fair | Satisfaction::Satisfied) => {
            &[Measure::RATED, Measure::SATISFIED]
        }
        Act::Close(Outcome::Solved) => &[Measure::CLOSED, Measure::SOLVED],
        Act::Recategorise => &[Measure::RECATEGORISED_OUT, Measure::RECATEGORISED_IN],
        Act::Close(Outcome::Withdrawn) => &[Measure::WITHDRAWN],
        Act::Close(Outcome::Merged(_)) => &[Measure::MERGED],
        Act::Return(_) => &[Measure::GIVEN, Measure::RETURNED],
        transfer if transfer.sent_to().is_some() => &[Measure::GIVEN],
        Act::Relay(_) => &[Measure::TAKEN, Measure::GIVEN],
        Act::Take | Act::TakeBack => &[Measure::TAKEN],
        Act::Close(_) => &[Measure::CLOSED],
        _ => &[],
    }
}

fn shown(version: Version) -> String {
    format!("{}.{}.{}", version.cv.term, version.cv.n, version.rev)
}
