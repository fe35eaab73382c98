//! A network of real nodes in virtual time: one thread, disks and wires in memory, chance from a seed. The
//! same seed does the same every time, and takes as long as the machine needs to compute it.
//!
//! Everything a node does is the product's: offices, sessions, signatures, TLS handshakes, codecs, workers.
//! What a simulation brings itself is what the world brings: a disk ([`store::MemoryDisk`]), wires,
//! wall clocks, randomness.

mod chance;
mod machine;
mod people;
mod trace;
mod trouble;
mod wires;

use std::{
    cell::Cell,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    panic,
    sync::{Arc, Once},
    time::Duration,
};

use office::Office;
use rand::RngExt;
use store::Range;
use tokio::{
    runtime::Builder,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    INSPECTOR,
    audit::{Books, audit, audit_answers},
};
use machine::Machine;
use people::{Ledger, People};
use trace::Trace;
use trouble::Troubles;
use wires::Wires;

pub use machine::Homes;

/// Things that happen in one simulation.
const EVENTS: usize = 160;
/// How long a network that was healed may take to come to rest, in virtual time.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked whether anything moves, and how often whether the books are right.
const LOOK: Duration = Duration::from_secs(1);
const AUDIT: Duration = Duration::from_secs(10);

/// What goes wrong in a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Calm,
    /// Everything: power cuts, broken, silent and slow wires, tampering, wrong clocks, full and broken
    /// disks.
    Rough,
    /// Everything, and disks that acknowledge before they sync, which must be found out.
    Lying,
}

/// What became of a simulation.
pub struct Outcome {
    /// What is wrong in the end, and the seed.
    pub violations: Vec<String>,
    /// Digest of all that happened.
    pub trace: u64,
    /// Digest of all that the nodes keep in the end.
    pub stores: u64,
    /// The last that happened.
    pub last: Vec<String>,
    /// How often each thing was done, and went wrong.
    pub tally: BTreeMap<&'static str, usize>,
    /// How long it took, in virtual time.
    pub lasted: Duration,
}

/// Runs one simulation in this thread.
///
/// # Panics
/// If the runtime does not start, or the simulation meets what cannot be.
pub fn run(homes: &Homes, seed: u64, weather: Weather) -> Outcome {
    if let Ok(log) = std::env::var("WUJITONG_TEST_LOG") {
        let telemetry = config::Telemetry {
            log,
            ..config::Telemetry::default()
        };
        let _second_start_is_nothing = telemetry::Telemetry::start(&telemetry);
    }
    homes.clear();
    chance::seed_cryptography(seed);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime starts");
    count_panics();
    let outcome = runtime.block_on(async { Simulation::new(homes, seed, weather).run().await });
    // Nothing of it goes on.
    runtime.shutdown_background();
    outcome
}

struct Simulation<'h> {
    homes: &'h Homes,
    weather: Weather,
    seed: u64,
    machines: Vec<Machine>,
    wires: Wires,
    trace: Trace,
    ledger: Ledger,
    troubles: Troubles,
    tally: BTreeMap<&'static str, usize>,
    began: Instant,
}

impl<'h> Simulation<'h> {
    /// A network on which nothing runs yet.
    fn new(homes: &'h Homes, seed: u64, weather: Weather) -> Self {
        let trace = Trace::begin();
        let wires = Wires::between(&homes.divisions, &homes.tree, seed, &trace);
        let machines = homes.divisions.iter();
        let machines = machines.map(|division| Machine::new(homes, *division, seed));
        Self {
            homes,
            weather,
            seed,
            machines: machines.collect(),
            wires,
            trace,
            ledger: Ledger::default(),
            troubles: Troubles::new(chance::source(seed, "troubles", 0)),
            tally: BTreeMap::new(),
            began: Instant::now(),
        }
    }

    async fn run(mut self) -> Outcome {
        for machine in 0..self.machines.len() {
            if self.weather == Weather::Lying {
                self.machines[machine].disk.sync_late();
            }
            self.start(machine).await;
        }
        self.live().await;
        let mut violations = self.rest().await;
        let stores = self.digest().await;
        if panics() > 0 {
            violations.push(format!("{} panics, see above", panics()));
        }
        for machine in (0..self.machines.len()).rev() {
            self.machines[machine].stop().await;
        }
        let told = self.ledger.told();
        self.tally.extend(&told.done);
        self.tally.insert("refused by the rules", told.refused);
        self.tally.insert("nobody knows", told.unknown);
        Outcome {
            violations,
            trace: self.trace.digest(),
            stores,
            last: self.trace.last(),
            lasted: self.began.elapsed(),
            tally: std::mem::take(&mut self.tally),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Starts a machine; one whose power goes meanwhile stays dark until it is started again.
    async fn start(&mut self, machine: usize) {
        let (tree, machine) = (&self.homes.tree, &mut self.machines[machine]);
        if let Err(error) = machine.start(tree, &self.wires, &self.trace).await {
            let cut = machine.disk.is_cut();
            assert!(cut, "{} did not start: {error}", machine.division);
        }
    }

    fn offices(&self) -> Vec<Arc<Office>> {
        self.machines.iter().filter_map(Machine::office).collect()
    }

    /// People act, and things go wrong and right again.
    async fn live(&mut self) {
        let mut chance = chance::source(self.seed, "events", 0);
        let (tree, divisions) = (&self.homes.tree, &self.homes.divisions);
        let people = chance::source(self.seed, "people", 0);
        let mut people = People::new(people, &self.ledger, tree, divisions);
        let mut acting = JoinSet::new();
        for _ in 0..EVENTS {
            sleep(Duration::from_millis(chance.random_range(1..=120))).await;
            let offices = self.offices();
            if let Some(act) = people.act(&offices, &self.trace).await {
                acting.spawn(act);
            }
            if self.weather != Weather::Calm {
                self.trouble().await;
            }
        }
        self.heal();
        while acting.join_next().await.is_some() {}
    }

    /// Waits until the network has come to rest and nothing is wrong, and says what is if it does not.
    async fn rest(&mut self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            self.revive().await;
            sleep(LOOK).await;
            let late = begun.elapsed() > PATIENCE;
            let mut found = self.unrest();
            if late || found.is_empty() {
                found.extend(self.found().await);
                if late || found.is_empty() {
                    return found;
                }
                // Some of what is said last comes after a while, and alarms settle at the next look.
                sleep(AUDIT).await;
                self.confirm_clocks().await;
            }
        }
    }

    /// Operators say that their clocks are right. A process that began while its clock was wrong believed
    /// it, and believes no other before its neighbours or an operator say so (decision 0038).
    async fn confirm_clocks(&mut self) {
        for office in self.offices() {
            let status = office.clock().status().await;
            if status.is_ok_and(|status| status.doubt.is_some()) {
                self.count("a clock is confirmed");
                self.trace
                    .note(format_args!("{}: its clock is confirmed", office.me()));
                let confirmed = office.clock().confirm(INSPECTOR).await;
                confirmed.expect("everything is healed");
            }
        }
    }

    /// Links that are down, and what waits in outboxes.
    fn unrest(&self) -> Vec<String> {
        let mut found = vec![];
        for machine in &self.machines {
            let division = machine.division;
            let (Some(office), Some(links)) = (machine.office(), machine.links()) else {
                found.push(format!("{division} does not run"));
                continue;
            };
            for queue in office.inbox().queues() {
                found.push(format!("{division} has waiting: {queue:?}"));
            }
            let above = self.homes.tree.parent(division);
            if above.is_some_and(|above| !links.is_up(above)) {
                found.push(format!("the link of {division} upwards is down"));
            }
        }
        found
    }

    /// What auditors find.
    async fn found(&self) -> Vec<String> {
        let (mut books, mut found) = (vec![], vec![]);
        for office in self.offices() {
            match Books::read(&office).await {
                Ok(read) => books.push(read),
                Err(error) => found.push(format!("the books of {}: {error}", office.me())),
            }
            let alarms = office.alarms().all().await.unwrap_or_default();
            for alarm in alarms.iter().filter(|alarm| alarm.settled.is_none()) {
                found.push(format!("an alarm stands at {}: {alarm:?}", office.me()));
            }
        }
        let promises = self.ledger.told().promises.clone();
        let wrong = audit(&self.homes.tree, &books, &promises).into_iter();
        let wrong = wrong.chain(audit_answers(&books));
        found.extend(wrong.map(|violation| violation.to_string()));
        found
    }

    /// A digest of everything in every store.
    async fn digest(&self) -> u64 {
        let mut digest = DefaultHasher::new();
        for office in self.offices() {
            let everything = office
                .store()
                .scan(office.me(), Range::all(), usize::MAX, false);
            match everything.await {
                Ok(seen) => seen.value.hash(&mut digest),
                Err(error) => error.to_string().hash(&mut digest),
            }
        }
        digest.finish()
    }
}

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// How many panics there were in this thread since [`count_panics`]. Those of a node's tasks end in its
/// runtime, where nobody would see them.
fn panics() -> usize {
    PANICS.get()
}

/// Counts panics of this thread from zero.
fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
    PANICS.set(0);
}
