//! The story of the demo, with a check for every statement it makes.

use std::{cell::Cell, time::Instant};

use cli::Failure;
use domain::{
    actor::Actor,
    category::Priority,
    custody::{Docket, Refusal, Standing},
    ids::MatterId,
    matter::{Channel, Detail, Outcome},
    rollup::Counters,
    template::TemplateKind,
    time::{Day, Timestamp},
};
use office::{Failed, MatterRefusal, NewReport, NewTemplate};
use telemetry::TraceContext;

use super::{
    Progress,
    network::{Branch, Network},
};

use ::topology::{DivisionCode, Tier};

mod told;

pub(super) use told::{
    Adopted, Affairs, Counted, CutOff, Figures, Look, Overdue, Place, Refused, Rewritten, Rollup,
    Stop, Story, Tightened, Told,
};

/// Matters reported in the township that is cut off.
const WHILE_CUT_OFF: usize = 40;

/// Runs the story; every statement has been checked when it returns.
pub(super) async fn tell(
    network: &Network,
    branch: &Branch,
    progress: &Progress,
) -> Result<Story, Failure> {
    let teller = Teller { network, branch };
    let links_up = network.links_up();
    let mut matters = vec![];
    let bar = progress.bar("matters through the tiers 事项流转", 11);
    let above: Vec<_> = branch.tree.ancestors(branch.home).collect();
    for (title, to) in TITLES.iter().zip(&above) {
        matters.push(teller.solved_at(title, *to).await?);
        bar.inc(1);
    }
    let furthest = matters
        .last()
        .expect("a province stands above every village");
    let receipt = teller.proven(&furthest.id).await?;
    if let Some(told) = teller.assigned_across().await? {
        matters.push(told);
    }
    bar.inc(1);
    matters.push(teller.question().await?);
    matters.push(teller.bundle().await?);
    matters.push(teller.dispute().await?);
    matters.push(teller.contested().await?);
    bar.inc(4);
    matters.push(teller.overdue().await?);
    bar.inc(1);
    teller.everywhere().await?;
    bar.finish();
    let adoption = teller.adopted(progress).await?;
    let bar = progress.bar("one township cut off 断网与补传", WHILE_CUT_OFF);
    let cut_off = teller.cut_off(|| bar.inc(1)).await?;
    bar.finish();
    let rollup = teller.figures().await?;
    Ok(Story {
        nodes: branch.divisions.len(),
        links_up,
        formed_ms: 0,
        matters,
        receipt,
        adoption,
        cut_off,
        rollup,
        affairs: None,
        look: Look {
            data: network.data().display().to_string(),
            socket: network.socket().display().to_string(),
            http: network.http(),
            pages: network.pages(),
            peers: network.listen(),
            traces: std::env::var("WUJITONG_TELEMETRY_OTLP").ok(),
        },
        put_forward_ms: network.forward_ms(),
        elapsed_ms: 0,
    })
}

/// Matters in the home village, for its township, county, city and province.
const TITLES: [(&str, &str, Priority); 4] = [
    (
        "桥头垃圾堆放 rubbish at the bridge",
        "enforcement/rubbish",
        Priority::Normal,
    ),
    (
        "三条路灯不亮 street lamps out",
        "enforcement/lighting",
        Priority::Normal,
    ),
    (
        "河水变色 the river changed colour",
        "enforcement/water",
        Priority::Urgent,
    ),
    ("山洪预警 flood warning", "order/flood", Priority::Emergency),
];

pub(super) struct Teller<'a> {
    pub(super) network: &'a Network,
    pub(super) branch: &'a Branch,
}

pub(super) fn clerk() -> Actor {
    Actor::Rule("demo".to_owned())
}

/// Returns the actor that checks the clerk's work.
pub(super) fn inspector() -> Actor {
    Actor::Rule("demo inspector".to_owned())
}

pub(super) fn office_failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

pub(super) fn ensure(holds: bool, claim: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::Failed(format!("it is not so that {}", claim())))
    }
}

/// Returns whether something was done, and not refused because the matter was given on.
fn still<T>(done: Result<T, Failed<MatterRefusal>>) -> Result<bool, Failure> {
    match done {
        Err(Failed::Refused(MatterRefusal::Rules(
            Refusal::NotHolder(_) | Refusal::InTransit(_),
        ))) => Ok(false),
        done => done.map(|_| true).map_err(office_failed),
    }
}

/// What the county's data standard asks for in a category, once an earlier start has brought it; before that nobody
/// knows these fields, and they are kept as they are.
fn answers(category: &str) -> Vec<Detail> {
    let answer = match category {
        "enforcement/water" => ("pollution-kind", "water"),
        "order/dispute" => ("dispute-kind", "neighbours"),
        _ => return vec![],
    };
    let (code, text) = answer;
    vec![Detail {
        name: format!("{}{code}", Detail::ATTRIBUTE),
        text: text.to_owned(),
    }]
}

impl Teller<'_> {
    async fn report(
        &self,
        at: DivisionCode,
        (text, category, priority): (&str, &str, Priority),
    ) -> Result<(MatterId, String), Failure> {
        let details = answers(category);
        let category = category.parse().expect("a constant category");
        let new = NewReport {
            channel: Channel::Snapshot,
            priority,
            details,
            ..NewReport::new(category, text.to_owned())
        };
        self.hand_in(at, new).await
    }

    /// Takes a report, with a trace of its own.
    pub(super) async fn hand_in(
        &self,
        at: DivisionCode,
        mut new: NewReport,
    ) -> Result<(MatterId, String), Failure> {
        let trace = TraceContext::random(rand::random(), rand::random());
        let trace_id = trace.to_string()[3..35].to_owned();
        new.trace = Some(trace.to_string());
        let reported = self.network.office(at).matters().report(new, clerk()).await;
        Ok((reported.map_err(office_failed)?, trace_id))
    }

    /// Returns the division this many tiers above the home village.
    pub(super) fn above(&self, tiers: usize) -> DivisionCode {
        let mut above = self.branch.tree.ancestors(self.branch.home);
        above
            .nth(tiers - 1)
            .expect("a province and a county stand above every village")
    }

    pub(super) async fn held_by(
        &self,
        division: DivisionCode,
        id: MatterId,
    ) -> Result<(), Failure> {
        let office = self.network.office(division);
        let what = format!("{division} holds {id}");
        self.network
            .until(&what, || async {
                let docket = office.matters().docket(id).await;
                docket.is_ok_and(|docket| docket.is_some_and(|d| d.standing == Standing::Holding))
            })
            .await
            .map(|_| ())
    }

    /// Waits until the reporter's village sees the matter closed, and returns its way.
    pub(super) async fn seen_closed(
        &self,
        id: MatterId,
        title: &str,
        trace_id: String,
    ) -> Result<Told, Failure> {
        let office = self.network.office(id.origin);
        let what = format!("{} sees {id} closed", id.origin);
        self.network
            .until(&what, || async {
                let docket = office.matters().docket(id).await;
                docket.is_ok_and(|docket| docket.is_some_and(|d| d.matter.is_closed()))
            })
            .await?;
        let docket = office.matters().docket(id).await.map_err(office_failed)?;
        let matter = docket.expect("it was just seen").matter;
        let path = matter.steps.iter().map(|step| Stop {
            division: step.by,
            name: self.name(step.by),
            act: step.act.name().to_string(),
            at: rfc3339(step.at),
            at_ms: step.at.0,
        });
        Ok(Told {
            id: id.to_string(),
            title: title.to_owned(),
            trace_id,
            path: path.collect(),
        })
    }

    pub(super) fn name(&self, division: DivisionCode) -> String {
        self.branch
            .tree
            .get(division)
            .map_or_else(String::new, |d| d.short_name().into_owned())
    }

    /// Reports at home, accepts, escalates to a tier above, closes there, and waits until home sees
    /// it closed.
    async fn solved_at(
        &self,
        what: &(&str, &str, Priority),
        to: DivisionCode,
    ) -> Result<Told, Failure> {
        let (id, trace_id) = self.report(self.branch.home, *what).await?;
        let path = self.branch.tree.path(self.branch.home, to);
        // Policy sends an emergency up at once, tier by tier: whoever has it now may have given it on a moment later.
        while !self.sent_on(id, &path).await? {}
        self.held_by(to, id).await?;
        let note = Some("已办结 done".to_owned());
        let closed = self
            .network
            .office(to)
            .matters()
            .close(id, Outcome::Solved, note, inspector())
            .await;
        closed.map_err(office_failed)?;
        let told = self.seen_closed(id, what.0, trace_id).await?;
        let passed = path
            .iter()
            .all(|d| told.path.iter().any(|stop| stop.division == *d));
        ensure(passed, || format!("{id} passed {path:?}"))?;
        Ok(told)
    }

    /// Has whoever holds a matter send it to the end of its way, where it may be already; at home it is accepted first. Returns
    /// whether that was done: not if it was given on in the meantime.
    async fn sent_on(&self, id: MatterId, path: &[DivisionCode]) -> Result<bool, Failure> {
        let (home, to) = (self.branch.home, path.last().copied());
        let from = self.holder(id, path).await?;
        let office = self.network.office(from);
        if from == home && !still(office.matters().accept(id, clerk()).await)? {
            return Ok(false);
        }
        if Some(from) == to {
            return Ok(true);
        }
        let note = Some("请上级处理 beyond what this tier can do".to_owned());
        let up = office.matters().escalate(id, to, note, clerk(), None).await;
        still(up)
    }

    /// Waits until one of these divisions holds a matter, and returns which.
    async fn holder(&self, id: MatterId, among: &[DivisionCode]) -> Result<DivisionCode, Failure> {
        let found = Cell::new(None);
        self.network
            .until(&format!("somebody holds {id}"), || async {
                for division in among {
                    let docket = self.network.office(*division).matters().docket(id).await;
                    let holds = |docket: Docket| docket.standing == Standing::Holding;
                    if docket.is_ok_and(|docket| docket.is_some_and(holds)) {
                        found.set(Some(*division));
                    }
                }
                found.get().is_some()
            })
            .await?;
        Ok(found.get().expect("it was just found"))
    }

    /// Escalates to the county and assigns down into another township. `None` in a branch with one
    /// township.
    async fn assigned_across(&self) -> Result<Option<Told>, Failure> {
        let tree = &self.branch.tree;
        let township = tree
            .parent(self.branch.home)
            .expect("a village has a parent");
        let county = tree.parent(township).expect("a township has a parent");
        let other = self
            .branch
            .divisions
            .iter()
            .copied()
            .find(|d| tree.parent(*d) == Some(county) && *d != township);
        let Some(other) = other else { return Ok(None) };
        let what = (
            "两镇交界道路破损 a road on the border",
            "enforcement/road",
            Priority::Normal,
        );
        let (id, trace_id) = self.report(self.branch.home, what).await?;
        let home = self.network.office(self.branch.home);
        home.matters()
            .escalate(id, Some(county), None, clerk(), None)
            .await
            .map_err(office_failed)?;
        self.held_by(county, id).await?;
        let note = Some("由该镇负责 that township's road".to_owned());
        let assigned = self
            .network
            .office(county)
            .matters()
            .assign(id, other, note, clerk(), None)
            .await;
        assigned.map_err(office_failed)?;
        self.held_by(other, id).await?;
        let closed = self
            .network
            .office(other)
            .matters()
            .close(
                id,
                Outcome::Solved,
                Some("已办结 done".to_owned()),
                inspector(),
            )
            .await;
        closed.map_err(office_failed)?;
        self.seen_closed(id, what.0, trace_id).await.map(Some)
    }

    /// Reports one matter in each of some villages, escalates it one tier and leaves it open.
    async fn everywhere(&self) -> Result<(), Failure> {
        let step = (self.branch.villages.len() / 24).max(1);
        for village in self.branch.villages.iter().step_by(step) {
            let what = ("邻里纠纷 a quarrel", "order/dispute", Priority::Normal);
            let (id, _) = self.report(*village, what).await?;
            let office = self.network.office(*village);
            office
                .matters()
                .escalate(id, None, None, clerk(), None)
                .await
                .map_err(office_failed)?;
            self.held_by(office.parent().expect("a village has a parent"), id)
                .await?;
        }
        Ok(())
    }

    /// Publishes a template of the province, and waits until every node in scope has it and the
    /// province knows.
    async fn adopted(&self, progress: &Progress) -> Result<Adopted, Failure> {
        let root = self.network.office(self.branch.tree.root());
        let new = NewTemplate {
            kind: TemplateKind::Disclosure,
            name: "decisions".to_owned(),
            title: "重大决策公开 major decisions to be made public".to_owned(),
            content: include_str!("decisions.toml").to_owned(),
            tiers: Tier::ALL.to_vec(),
            kinds: vec![],
        };
        let started = Instant::now();
        let template = root
            .templates()
            .publish(new, clerk())
            .await
            .map_err(office_failed)?;
        let total = self.branch.divisions.len() as u32;
        let expected = root
            .templates()
            .adoption(&template.key)
            .await
            .map_err(office_failed)?
            .expected;
        ensure(expected == total, || {
            format!("the province expects {total} nodes")
        })?;
        let bar = progress.bar("template adopted 模板落实", total as usize);
        let mut applied = 0;
        while applied < total {
            let adoption = root
                .templates()
                .adoption(&template.key)
                .await
                .map_err(office_failed)?;
            applied = adoption.applied;
            bar.set_position(applied.into());
            ensure(adoption.refused == 0, || {
                "no node refused the template".to_owned()
            })?;
            ensure(started.elapsed() < super::network::PATIENCE, || {
                format!("{total} nodes applied the template in time ({applied} did)")
            })?;
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        bar.finish();
        let elapsed_ms = started.elapsed().as_millis() as u64;
        ensure(applied == total, || {
            format!("exactly {total} nodes applied the template")
        })?;
        Ok(Adopted {
            template: template.key.to_string(),
            applied,
            total,
            elapsed_ms,
        })
    }

    /// Cuts off the uplink of a township, which continues to work and catches up by itself.
    async fn cut_off(&self, mut each: impl FnMut()) -> Result<CutOff, Failure> {
        let tree = &self.branch.tree;
        let township = tree
            .parent(self.branch.home)
            .expect("a village has a parent");
        let above = tree.parent(township).expect("a township has a parent");
        let links = self.network.links(township);
        links.close(above);
        self.network
            .until("the township is cut off", || async { !links.is_up(above) })
            .await?;
        let villages: Vec<_> = tree.children(township).collect();
        let mut ids = vec![];
        for village in villages.iter().cycle().take(WHILE_CUT_OFF) {
            let what = (
                "断网期间上报 reported while cut off",
                "service/other",
                Priority::Normal,
            );
            let (id, _) = self.report(*village, what).await?;
            let office = self.network.office(*village);
            let escalated = office
                .matters()
                .escalate(id, Some(above), None, clerk(), None)
                .await;
            escalated.map_err(office_failed)?;
            ids.push(id);
            each();
        }
        let arrived_while_cut = self.held(above, &ids).await?;
        ensure(arrived_while_cut == 0, || {
            "nothing crosses a link that is cut".to_owned()
        })?;
        links.open(above);
        self.network.hurry(township);
        let caught_up = self
            .network
            .until("everything arrived after the cut", || async {
                self.held(above, &ids)
                    .await
                    .is_ok_and(|held| held == ids.len())
            })
            .await?;
        Ok(CutOff {
            division: township,
            reported: ids.len(),
            arrived_while_cut,
            catch_up_ms: caught_up.as_millis() as u64,
        })
    }

    async fn held(&self, division: DivisionCode, ids: &[MatterId]) -> Result<usize, Failure> {
        let office = self.network.office(division);
        let mut held = 0;
        for id in ids {
            let docket = office.matters().docket(*id).await.map_err(office_failed)?;
            held += usize::from(docket.is_some_and(|d| d.standing == Standing::Holding));
        }
        Ok(held)
    }

    /// Checks that the province's figures equal a count of every journal.
    async fn figures(&self) -> Result<Rollup, Failure> {
        let mut journals = Counters::default();
        for office in self.network.offices() {
            for entry in office.figures().journal().await.map_err(office_failed)? {
                for fact in entry.facts {
                    journals.count(fact.measure);
                }
            }
        }
        let root = self.network.office(self.branch.tree.root());
        let province = || async {
            let cells = root
                .figures()
                .cells(Day(i32::MIN), Day(i32::MAX))
                .await
                .map_err(office_failed)?;
            let sum = cells
                .iter()
                .fold(Counters::default(), |sum, (_, c)| sum.plus(*c));
            Ok::<_, Failure>(sum)
        };
        let quiet = self
            .network
            .until("the province's figures equal all journals", || async {
                province().await.is_ok_and(|sum| sum == journals)
            })
            .await?;
        let province = province().await?;
        ensure(province == journals, || "the figures stay equal".to_owned())?;
        ensure(province.in_transit() == 0, || {
            "nothing is in transit".to_owned()
        })?;
        Ok(Rollup {
            province: province.into(),
            counted_from_journals: journals.into(),
            quiet_after_ms: quiet.as_millis() as u64,
        })
    }
}

/// Formats a time in Shanghai (RFC 3339).
fn rfc3339(at: Timestamp) -> String {
    at.to_string().replacen(' ', "T", 1) + "+08:00"
}

/// Formats a time of the story for people.
pub(super) fn clock(at_ms: i64) -> String {
    Timestamp(at_ms).to_string()[11..].to_owned()
}
