//! The same day's work on five nodes again and again, with power cuts. Answered acts are promises.
//! The result of an act that was cut off is unknown; it is not repeated, and nothing later depends
//! on it.

use std::{
    collections::BTreeMap,
    fmt::Display,
    time::{Duration, Instant},
};

use testkit::{
    CLERK, INSPECTOR, Network, Options,
    audit::{Books, Promise, Violation, audit},
    code, rubbish,
};
use tokio::time::sleep;
use wujitong::{
    domain::{
        custody::Standing,
        ids::MatterId,
        matter::{Act, Outcome},
        template::TemplateKind,
    },
    office::{Failed, Fault, NewTemplate},
    store::{MemoryDisk, Range, Store, WriteBatch},
};

pub(crate) const VILLAGE: &str = "330825002222";
pub(crate) const TOWNSHIP: &str = "330825002";
pub(crate) const COUNTY: &str = "330825";
pub(crate) const CITY: &str = "3308";
pub(crate) const PROVINCE: &str = "33";
/// Parents first, in the order of starting.
pub(crate) const CHAIN: [&str; 5] = [PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE];

const PAUSE: Duration = Duration::from_millis(2);
/// Time limit for every wait.
const PATIENCE: Duration = Duration::from_secs(90);
/// Time limit with a mutant.
const PATIENCE_WITH_MUTANTS: Duration = Duration::from_secs(3);

/// Place and time of a power cut.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// The node whose disk counts syncs.
    pub(crate) at: &'static str,
    /// The sync at which the power is cut, for each start of that node; after the last one the
    /// power stays on.
    pub(crate) syncs: Vec<u64>,
    /// Other nodes that are cut at the same time.
    pub(crate) too: Vec<&'static str>,
    /// Seed that decides what else survives.
    pub(crate) seed: u64,
}

/// The fault of the nodes in a drill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mutant {
    #[default]
    None,
    /// Acknowledges before the sync.
    EarlyAcknowledgement,
    /// Starts without the floors of its flows. Floors only save work, so nothing may go wrong.
    WithoutFloors,
    /// Applies envelopes again after it was cut off.
    NotIdempotent,
}

/// Five nodes, founded once and started many times.
pub(crate) struct Drill {
    network: Network,
    cut: Cut,
    mutant: Mutant,
    promises: Vec<Promise>,
    patience: Duration,
}

/// The result of a drill.
pub(crate) struct Outcomes {
    /// True if the power was cut.
    pub(crate) was_cut: bool,
    /// The auditor's findings.
    pub(crate) violations: Vec<Violation>,
}

/// The power was cut during a request, so its result is unknown.
struct CutOff;

impl Drill {
    pub(crate) async fn new() -> Self {
        let disks: BTreeMap<_, _> = CHAIN
            .iter()
            .map(|division| (code(division), MemoryDisk::new()))
            .collect();
        let options = Options {
            disks,
            ..Options::default()
        };
        Self {
            network: Network::with(&[VILLAGE], options).await,
            cut: Cut {
                at: VILLAGE,
                syncs: vec![],
                too: vec![],
                seed: 0,
            },
            mutant: Mutant::None,
            promises: vec![],
            patience: PATIENCE,
        }
    }

    pub(crate) async fn end(self) {
        self.network.shut_down().await;
    }

    /// Runs one day on fresh disks.
    pub(crate) async fn run(&mut self, cut: Cut, mutant: Mutant) -> Outcomes {
        for division in CHAIN.iter().rev() {
            self.network.stop(division).await;
        }
        self.mutant = mutant;
        self.promises.clear();
        self.cut = cut;
        let sound = matches!(mutant, Mutant::None | Mutant::WithoutFloors);
        self.patience = if sound {
            PATIENCE
        } else {
            PATIENCE_WITH_MUTANTS
        };
        for division in CHAIN {
            let disk = MemoryDisk::new();
            if mutant == Mutant::EarlyAcknowledgement {
                disk.sync_late();
            }
            self.network.exchange_disk(division, disk);
        }
        let arranged = self.cut.syncs.len();
        self.arm();
        self.start_missing().await;
        self.recover().await;
        // A mutant may stop the work; the audit then shows the result.
        if sound {
            self.work().await;
        } else {
            let _halted = tokio::time::timeout(self.patience, self.work()).await;
        }
        let violations = self.at_rest().await;
        Outcomes {
            was_cut: self.cut.syncs.len() < arranged,
            violations,
        }
    }

    fn arm(&self) {
        if let Some(sync) = self.cut.syncs.first() {
            self.network.disk(self.cut.at).cut_at_sync(*sync);
        }
    }

    fn is_cut(&self) -> bool {
        self.network.disk(self.cut.at).is_cut()
    }

    /// Turns the power on again; it may be cut again during the start.
    async fn recover(&mut self) {
        while self.is_cut() {
            self.cut.syncs.remove(0);
            let dark: Vec<_> = [self.cut.at]
                .into_iter()
                .chain(self.cut.too.clone())
                .collect();
            // As simultaneous as a test can be.
            let mut left = vec![];
            for division in &dark {
                self.cut.seed = self.cut.seed.wrapping_add(1);
                left.push(self.network.disk(division).power_cut(self.cut.seed));
            }
            for (division, disk) in dark.iter().zip(left) {
                self.network.stop(division).await;
                self.mutate(division, &disk).await;
                self.network.exchange_disk(division, disk);
            }
            self.arm();
            self.start_missing().await;
        }
    }

    async fn start_missing(&mut self) {
        for division in CHAIN {
            if !self.network.runs(division)
                && let Err(error) = self.network.try_restart(division).await
            {
                assert!(self.is_cut(), "{division} did not start: {error}");
            }
        }
    }

    async fn mutate(&self, division: &str, disk: &MemoryDisk) {
        let forgotten: &[&[u8]] = match self.mutant {
            Mutant::None => return,
            Mutant::EarlyAcknowledgement => return disk.sync_late(),
            Mutant::WithoutFloors => &[b"f", b"x"],
            // Records of received figures, which make receiving them again harmless.
            Mutant::NotIdempotent => &[b"f", b"x", b"h"],
        };
        let store = Store::open_memory(disk).unwrap();
        for kind in forgotten {
            forget(&store, division, kind).await;
        }
        store.close().await.unwrap();
    }

    /// Sends a request to a running node. A refusal is a mistake of the test or the node; an error
    /// of the store is a power cut.
    async fn asked<T, R: Display>(&mut self, answer: Result<T, Failed<R>>) -> Result<T, CutOff> {
        match answer {
            Ok(value) => Ok(value),
            Err(error) if matches!(error.fault(), Some(Fault::Store(_) | Fault::Commit(_))) => {
                assert!(self.is_cut(), "a store failed while the power was on");
                self.recover().await;
                Err(CutOff)
            }
            // What a node lost that acknowledged too early may be refused before the audit finds it: a matter that it
            // does not know, or does not hold any more, or of which its neighbours know more.
            Err(Failed::Refused(_)) if self.mutant == Mutant::EarlyAcknowledgement => Err(CutOff),
            Err(error) => panic!("{:?}: {error}", self.cut),
        }
    }

    /// Waits until a division holds a matter whose transfer to it was acknowledged.
    async fn held(&mut self, division: &str, id: MatterId) {
        let begun = Instant::now();
        loop {
            self.recover().await;
            let docket = self.network.office(division).matters().docket(id).await;
            if let Ok(Some(docket)) = docket
                && docket.standing == Standing::Holding
            {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{:?}: {id} never came to {division}",
                self.cut
            );
            sleep(PAUSE).await;
        }
    }

    fn promise(&mut self, matter: MatterId, by: &str, act: Act) {
        self.promises.push(Promise::Act {
            matter,
            by: code(by),
            act,
        });
    }

    async fn report(&mut self, at: &str, to: Option<&str>) -> Result<MatterId, CutOff> {
        let office = self.network.office(at);
        let new = rubbish("rubbish at the bridge");
        let answer = match to {
            Some(to) => {
                office
                    .matters()
                    .report_and_escalate(new, code(to), CLERK)
                    .await
            }
            None => office.matters().report(new, CLERK).await,
        };
        let id = self.asked(answer).await?;
        self.promise(id, at, Act::Report);
        if let Some(to) = to {
            self.promise(id, at, Act::Escalate(code(to)));
        }
        Ok(id)
    }

    async fn act(&mut self, at: &str, id: MatterId, act: Act) -> Result<(), CutOff> {
        let office = self.network.office(at);
        let answer = match act {
            Act::Accept => office.matters().accept(id, CLERK).await,
            Act::Close(outcome) => {
                office
                    .matters()
                    .close(id, outcome, Some("done".to_owned()), INSPECTOR)
                    .await
            }
            Act::Escalate(to) => {
                office
                    .matters()
                    .escalate(id, Some(to), None, CLERK, None)
                    .await
            }
            Act::Assign(to) => office.matters().assign(id, to, None, CLERK, None).await,
            Act::Return(_) => office.matters().send_back(id, None, CLERK, None).await,
            other => panic!("{other:?} is nothing a clerk does here"),
        };
        self.asked(answer).await?;
        self.promise(id, at, act);
        Ok(())
    }

    async fn publish(&mut self) -> Result<(), CutOff> {
        let new = NewTemplate {
            kind: TemplateKind::Policy,
            name: "drill".to_owned(),
            title: "演练".to_owned(),
            content: "format = 1\n".to_owned(),
            tiers: vec![],
            kinds: vec![],
        };
        let answer = self
            .network
            .office(PROVINCE)
            .templates()
            .publish(new, CLERK)
            .await;
        let template = self.asked(answer).await?;
        self.promises.push(Promise::Template {
            key: template.key,
            version: template.version,
        });
        Ok(())
    }

    /// The day's work. Each part continues as long as it is answered.
    async fn work(&mut self) {
        let _unknown = self.stays().await;
        let _unknown = self.closed_above(TOWNSHIP).await;
        let _unknown = self.publish().await;
        let _unknown = self.closed_above(COUNTY).await;
        let _unknown = self.sent_back_by(CITY).await;
        let _unknown = self.publish().await;
        let _unknown = self.up_down_and_up().await;
        for to in [TOWNSHIP, COUNTY, CITY, PROVINCE] {
            let _unknown = self.report(VILLAGE, Some(to)).await;
        }
    }

    async fn stays(&mut self) -> Result<(), CutOff> {
        let id = self.report(VILLAGE, None).await?;
        self.act(VILLAGE, id, Act::Accept).await?;
        let _another = self.report(COUNTY, None).await?;
        self.act(VILLAGE, id, Act::Close(Outcome::Solved)).await
    }

    async fn closed_above(&mut self, to: &str) -> Result<(), CutOff> {
        let id = self.report(VILLAGE, Some(to)).await?;
        self.held(to, id).await;
        self.act(to, id, Act::Close(Outcome::Unfounded)).await
    }

    async fn sent_back_by(&mut self, to: &str) -> Result<(), CutOff> {
        let id = self.report(VILLAGE, Some(to)).await?;
        self.held(to, id).await;
        self.act(to, id, Act::Return(code(VILLAGE))).await?;
        self.held(VILLAGE, id).await;
        self.act(VILLAGE, id, Act::Close(Outcome::Solved)).await
    }

    async fn up_down_and_up(&mut self) -> Result<(), CutOff> {
        let id = self.report(VILLAGE, None).await?;
        let up = Act::Escalate(code(PROVINCE));
        self.act(VILLAGE, id, up).await?;
        self.held(PROVINCE, id).await;
        let down = Act::Assign(code(TOWNSHIP));
        self.act(PROVINCE, id, down).await?;
        self.held(TOWNSHIP, id).await;
        self.act(TOWNSHIP, id, Act::Accept).await?;
        let up = Act::Escalate(code(COUNTY));
        self.act(TOWNSHIP, id, up).await?;
        self.held(COUNTY, id).await;
        self.act(COUNTY, id, Act::Close(Outcome::Solved)).await
    }

    /// Returns the auditor's findings once nothing waits any more, or the time limit is over. Some
    /// of the last envelopes need no answer, so only findings that stay count.
    async fn at_rest(&mut self) -> Vec<Violation> {
        let begun = Instant::now();
        loop {
            self.recover().await;
            self.start_missing().await;
            let mut books = vec![];
            for office in self.network.offices() {
                books.extend(Books::read(&office).await);
            }
            let found = audit(&self.network.tree, &books, &self.promises);
            let quiet = books.len() == CHAIN.len() && !self.is_cut();
            if quiet && found.is_empty() || begun.elapsed() > self.patience {
                return found;
            }
            sleep(PAUSE).await;
        }
    }
}

/// Deletes every record of a kind.
async fn forget(store: &Store, division: &str, kind: &[u8]) {
    let range = Range::prefix(kind);
    let shard = code(division);
    let found = store.scan(shard, range, usize::MAX, false).await.unwrap();
    let unit = WriteBatch {
        shard,
        expect: vec![],
        put: vec![],
        delete: found.value.into_iter().map(|(key, _)| key).collect(),
    };
    store.commit(unit).await.unwrap();
}
