//! Five separate processes under load, killed again and again.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use testkit::{audit::Promise, program::Programs};
use tokio::{task::JoinSet, time::sleep};
use topology::DivisionCode;
use wujitong::{
    api::{ReportRequest, Reported},
    cli::client::{Client, ClientError},
    domain::{ids::MatterId, matter::Act},
};

use crate::faults::drill::VILLAGE;

const KILLS: usize = 100;
/// Clerks of each node, from the province down.
const CLERKS: [usize; 5] = [1, 1, 2, 2, 3];
/// Pause of a clerk before each act.
const THOUGHT: Duration = Duration::from_millis(40);

/// Somebody who works at a node and relies only on its answers.
struct Clerk {
    at: DivisionCode,
    above: Vec<DivisionCode>,
    below: Vec<DivisionCode>,
    client: Client,
    chance: StdRng,
    promises: Arc<Mutex<Vec<Promise>>>,
}

impl Clerk {
    async fn work(mut self, until: impl Fn() -> bool) {
        while !until() {
            sleep(THOUGHT).await;
            let asked = if self.chance.random_bool(0.6) {
                self.report().await
            } else {
                self.act().await
            };
            match asked {
                Ok(()) | Err(ClientError::Unreachable { .. }) => {}
                // Another clerk was faster, or the matter has left.
                Err(ClientError::Problem(problem)) if problem.status == 409 => {}
                Err(error) => panic!("the node of {}: {error}", self.at),
            }
        }
    }

    fn one_of(&mut self, all: &[DivisionCode]) -> Option<DivisionCode> {
        (!all.is_empty()).then(|| all[self.chance.random_range(0..all.len())])
    }

    fn promise(&self, matter: MatterId, act: Act) {
        let by = self.at;
        let promise = Promise::Act { matter, by, act };
        self.promises.lock().unwrap().push(promise);
    }

    async fn report(&mut self) -> Result<(), ClientError> {
        let mut report = ReportRequest::new("enforcement/rubbish", "rubbish at the bridge");
        if self.chance.random_bool(0.6) {
            let above = self.above.clone();
            report.escalate_to = self.one_of(&above);
        }
        let Reported { id, .. } = self.client.report(self.at, &report).await?;
        let id = id.parse().unwrap();
        self.promise(id, Act::Report);
        if let Some(to) = report.escalate_to {
            self.promise(id, Act::Escalate(to));
        }
        Ok(())
    }

    /// Does something with a matter that is held here.
    async fn act(&mut self) -> Result<(), ClientError> {
        let at = self.at;
        let path = format!("/v1/nodes/{at}/matters?state=open&limit=200");
        let page: Value = self.client.get(&path).await?;
        let held: Vec<_> = page["matters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["standing"]["is"] == "holding")
            .collect();
        if held.is_empty() {
            return Ok(());
        }
        let line = held[self.chance.random_range(0..held.len())];
        let id: MatterId = line["id"].as_str().unwrap().parse().unwrap();
        let (above, below) = (self.above.clone(), self.below.clone());
        let (verb, given) = match self.chance.random_range(0..10) {
            0..3 => (
                "close",
                json!({ "act": "close", "outcome": "solved", "note": "done" }),
            ),
            3..5 if line["status"] == "reported" => ("accept", json!({ "act": "accept" })),
            5..7 if line["origin"] != json!(at) => ("return", json!({ "act": "return" })),
            7 => match self.one_of(&below) {
                Some(to) => ("assign", json!({ "act": "assign", "to": to })),
                None => return Ok(()),
            },
            _ => match self.one_of(&above) {
                Some(to) => ("escalate", json!({ "act": "escalate", "to": to })),
                None => return Ok(()),
            },
        };
        let path = format!("/v1/nodes/{at}/matters/{id}/acts");
        let view: Value = self.client.post(&path, &given).await?;
        // The answer may already show later steps; the latest step of this kind made here is ours
        // or a later one, which is as good.
        let acts = view["steps"].as_array().unwrap().iter().rev();
        let mut acts = acts
            .filter(|step| step["by"] == json!(at))
            .map(|step| serde_json::from_value::<Act>(step["act"].clone()).unwrap());
        let act = acts.find(|act| match act {
            Act::Close(_) => verb == "close",
            Act::Accept => verb == "accept",
            Act::Return(_) => verb == "return",
            Act::Assign(_) => verb == "assign",
            Act::Escalate(_) => verb == "escalate",
            _ => false,
        });
        self.promise(id, act.unwrap());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_processes_killed_a_hundred_times_under_load_lose_nothing_and_do_nothing_twice() {
    let seed = super::seed();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let promises = Arc::new(Mutex::new(vec![]));
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut clerks = JoinSet::new();
    for (program, count) in chain.programs.iter().zip(CLERKS) {
        let at = program.division;
        let divisions = chain.programs.iter().map(|program| program.division);
        for _ in 0..count {
            let clerk = Clerk {
                at,
                above: divisions.clone().filter(|other| *other < at).collect(),
                below: divisions.clone().filter(|other| *other > at).collect(),
                client: program.client(),
                chance: StdRng::seed_from_u64(chance.random()),
                promises: Arc::clone(&promises),
            };
            let over = Arc::clone(&over);
            clerks.spawn(clerk.work(move || over.load(std::sync::atomic::Ordering::Relaxed)));
        }
    }
    let begun = Instant::now();
    let mut kills = 0;
    while kills < KILLS {
        sleep(Duration::from_millis(chance.random_range(20..500))).await;
        let victim = chance.random_range(0..chain.programs.len());
        let victim = &mut chain.programs[victim];
        victim.kill().await;
        kills += 1;
        victim.spawn();
        // Sometimes kills it again before it is up.
        while chance.random_bool(0.2) {
            sleep(Duration::from_millis(chance.random_range(0..100))).await;
            victim.kill().await;
            kills += 1;
            victim.spawn();
        }
        victim.ready().await;
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    while let Some(clerk) = clerks.join_next().await {
        clerk.unwrap();
    }
    println!("{kills} kills in {:?}", begun.elapsed());
    let promises = promises.lock().unwrap().clone();
    let found = chain.audited(&promises).await;
    println!(
        "{} promises looked up after {:?}",
        promises.len(),
        begun.elapsed()
    );
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(promises.len() > 10 * KILLS, "too little work was done");
}
