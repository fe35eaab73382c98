//! What people do in a simulated network, and what they were promised.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    category::{Priority, Visibility},
    clock::PauseReason,
    custody::{Standing, Turn},
    ids::MatterId,
    matter::{Act, Audience, Contact, Ground, Outcome, Publicity, Satisfaction},
    request::RequestKind,
    template::{Reach, RolloutAsk, TemplateKey, TemplateKind},
};
use office::{Failed, Fault, NewReport, NewTemplate, Office, Work};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use topology::{DivisionCode, Tree};

use super::trace::Trace;
use crate::{CLERK, INSPECTOR, audit::Promise};

const CATEGORIES: [&str; 4] = [
    "enforcement/rubbish",
    "enforcement/road",
    "service/relief",
    "order/fire",
];
const GROUNDS: [Ground; 3] = [Ground::Place, Ground::Competence, Ground::Elsewhere];
const OUTCOMES: [Outcome; 3] = [Outcome::Solved, Outcome::Unfounded, Outcome::Unsolvable];

/// What people know and were told. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Told>>);

/// What was told.
#[derive(Default)]
pub(super) struct Told {
    /// Matters whose report was acknowledged.
    pub(super) matters: Vec<MatterId>,
    /// What must be found at the end.
    pub(super) promises: Vec<Promise>,
    /// How often each thing was acknowledged.
    pub(super) done: BTreeMap<&'static str, usize>,
    /// How often the rules did not allow something.
    pub(super) refused: usize,
    /// How often nobody knows whether something was done.
    pub(super) unknown: usize,
}

impl Ledger {
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing that somebody wants at one node.
#[derive(Clone, Debug)]
enum Want {
    Report(Box<NewReport>, Option<DivisionCode>),
    Work(MatterId, Work),
    RequestKind(MatterId, RequestKind),
    Publish(Box<NewTemplate>),
    /// A next version for a part of those below, or an act of the rollout of an own template.
    PublishFirst(Box<NewTemplate>, Reach),
    Roll(Box<NewTemplate>, RolloutAsk),
}

/// Everybody, with their own chance.
pub(super) struct People {
    chance: StdRng,
    ledger: Ledger,
    tree: Arc<Tree>,
    divisions: Vec<DivisionCode>,
}

impl People {
    pub(super) fn new(
        chance: StdRng,
        ledger: &Ledger,
        tree: &Arc<Tree>,
        divisions: &[DivisionCode],
    ) -> Self {
        Self {
            chance,
            ledger: ledger.clone(),
            tree: Arc::clone(tree),
            divisions: divisions.to_vec(),
        }
    }

    /// Somebody wants something at one of these nodes. Goes on by itself, so that others want more
    /// meanwhile.
    pub(super) async fn act(
        &mut self,
        offices: &[Arc<Office>],
        trace: &Trace,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let mut office = Arc::clone(offices.choose(&mut self.chance)?);
        let matters = self.ledger.told().matters.clone();
        let matter = matters.choose(&mut self.chance).copied();
        let want = match (self.chance.random_range(0..100), matter) {
            (0..26, _) | (_, None) => self.report(office.me()),
            (26..30, _) => self.template(),
            (30..80, Some(id)) => {
                // Mostly where it is held; sometimes where that is no more so.
                if self.chance.random_bool(0.9)
                    && let Some(holder) = holder(offices, id).await
                {
                    office = holder;
                }
                Want::Work(id, self.work(office.me(), &matters))
            }
            (_, Some(id)) => {
                let at = offices.iter().find(|office| office.me() == id.origin);
                if self.chance.random_bool(0.6)
                    && let Some(origin) = at
                {
                    office = Arc::clone(origin);
                }
                Want::RequestKind(id, self.kind(&matters))
            }
        };
        let (ledger, trace) = (self.ledger.clone(), trace.clone());
        Some(async move {
            let me = office.me();
            let answer = answered(&office, &want).await;
            trace.note(format_args!("{me} {}: {}", want.name(), said(&answer)));
            ledger.note(me, &want, answer);
        })
    }

    fn above(&mut self, me: DivisionCode) -> Option<DivisionCode> {
        let above: Vec<_> = self.tree.ancestors(me).collect();
        above.choose(&mut self.chance).copied()
    }

    fn below(&mut self, me: DivisionCode) -> DivisionCode {
        let below = self.divisions.iter().copied();
        let below: Vec<_> = below
            .filter(|other| *other != me && self.tree.contains(me, *other))
            .collect();
        below.choose(&mut self.chance).copied().unwrap_or(me)
    }

    fn report(&mut self, me: DivisionCode) -> Want {
        let category = CATEGORIES.choose(&mut self.chance).expect("there are some");
        let text = format!("没有人管 number {}", self.chance.random_range(0..1000));
        let mut new = NewReport::new(category.parse().expect("a category"), text);
        if self.chance.random_bool(0.3) {
            new.contact = Some(Contact {
                name: "张三".to_owned(),
                ..Contact::default()
            });
        }
        if *category == "order/fire" {
            new.priority = Priority::Emergency;
        }
        let below = self.below(me);
        if below != me && self.chance.random_bool(0.1) {
            new.visibility = Visibility::Direct;
            new.about = Some(below);
        }
        let up = self.chance.random_bool(0.5);
        let to = up.then(|| self.above(me)).flatten();
        Want::Report(Box::new(new), to)
    }

    fn template(&mut self) -> Want {
        let policy = self.chance.random_bool(0.7);
        let name = ["clocks", "notices"].choose(&mut self.chance);
        let reach = Reach::new(self.chance.random_range(1..100), vec![]);
        let new = Box::new(NewTemplate {
            kind: match policy {
                true => TemplateKind::Policy,
                false => TemplateKind::Disclosure,
            },
            name: (*name.expect("there are some")).to_owned(),
            title: "三务公开".to_owned(),
            content: match policy {
                true => "format = 1\n",
                false => DISCLOSURE,
            }
            .to_owned(),
            tiers: vec![],
            kinds: vec![],
        });
        match self.chance.random_range(0..8) {
            0..2 => Want::PublishFirst(new, reach),
            2 => Want::Roll(new, RolloutAsk::Widen(Some(reach))),
            3 => Want::Roll(new, RolloutAsk::Widen(None)),
            4 => Want::Roll(new, RolloutAsk::Pause),
            5 => Want::Roll(new, RolloutAsk::Resume),
            6 => Want::Roll(new, RolloutAsk::RollBack),
            _ => Want::Publish(new),
        }
    }

    fn work(&mut self, me: DivisionCode, matters: &[MatterId]) -> Work {
        match self.chance.random_range(0..20) {
            0..2 => Work::Do(Act::Accept),
            2 => Work::Do(Act::Handle),
            3 => Work::Do(Act::Feedback),
            4 => Work::Do(Act::Reply(Publicity::Public)),
            5 => Work::Time(Turn::Pause(PauseReason::Expert)),
            6 => Work::Time(Turn::Resume),
            7 => {
                let category = CATEGORIES.choose(&mut self.chance).expect("there are some");
                Work::Recategorise(category.parse().expect("a category"))
            }
            8 => Work::Do(Act::Prioritise(Priority::Urgent)),
            9 => match matters.choose(&mut self.chance) {
                Some(other) => Work::Merge(*other),
                None => Work::Return,
            },
            10 => {
                let ground = GROUNDS.choose(&mut self.chance);
                Work::Object(*ground.expect("there are some"))
            }
            11 => Work::Give(Act::Arbitrate(self.below(me))),
            12..14 => Work::Return,
            14..16 => Work::Escalate(self.above(me)),
            16..18 => Work::Give(Act::Assign(self.below(me))),
            _ => {
                let outcome = OUTCOMES.choose(&mut self.chance);
                Work::Do(Act::Close(*outcome.expect("there are some")))
            }
        }
    }

    fn kind(&mut self, matters: &[MatterId]) -> RequestKind {
        match self.chance.random_range(0..9) {
            0 => RequestKind::Recall,
            1..3 => RequestKind::Contest,
            3 => RequestKind::Review,
            4 => RequestKind::Withdraw,
            5 => RequestKind::Supervise,
            6 => RequestKind::Rate(Satisfaction::Fair),
            7 => RequestKind::Remark(Audience::Offices),
            _ => matters
                .choose(&mut self.chance)
                .map_or(RequestKind::Recall, |other| RequestKind::Merge(*other)),
        }
    }
}

const DISCLOSURE: &str = "format = 1\n[[item]]\nname = \"village-finance\"\nperiod_days = 31\n\
                          fields = [\"month\", \"balance\"]\n";

/// Who holds a matter, as far as those who run know.
async fn holder(offices: &[Arc<Office>], id: MatterId) -> Option<Arc<Office>> {
    for office in offices {
        let docket = office.matters().docket(id).await.ok().flatten();
        if docket.is_some_and(|docket| docket.standing == Standing::Holding) {
            return Some(Arc::clone(office));
        }
    }
    None
}

impl Want {
    const fn name(&self) -> &'static str {
        match self {
            Self::Report(_, None) => "report",
            Self::Report(_, Some(_)) => "report and escalate",
            Self::Publish(_) => "publish",
            Self::PublishFirst(..) => "publish for some",
            Self::Roll(..) => "roll out",
            Self::RequestKind(_, kind) => match kind {
                RequestKind::Recall => "ask to recall",
                RequestKind::Contest => "ask to reopen",
                RequestKind::Review => "ask to review",
                RequestKind::Withdraw => "ask to withdraw",
                RequestKind::Supervise => "supervise",
                RequestKind::Rate(_) => "rate",
                RequestKind::Remark(_) => "remark",
                RequestKind::Merge(_) => "ask to merge",
            },
            Self::Work(_, work) => match work {
                Work::Do(Act::Accept) => "accept",
                Work::Do(Act::Close(_)) => "close",
                Work::Do(_) => "handle",
                Work::Escalate(_) => "escalate",
                Work::Give(Act::Arbitrate(_)) => "arbitrate",
                Work::Give(_) => "assign",
                Work::Return => "return",
                Work::Object(_) => "dispute",
                Work::Recategorise(_) => "recategorise",
                Work::Merge(_) => "merge",
                Work::Join(_) => "join a bundle",
                Work::Time(_) => "change clocks",
            },
        }
    }
}

/// What a node answered that did not refuse.
enum Answer {
    Reported(MatterId),
    Done,
    Published(Promise),
}

/// Why a node did not do what was wanted.
struct NotDone {
    /// What it said.
    said: String,
    /// Whether it may be done all the same, because the store failed.
    unknown: bool,
}

impl<R: std::fmt::Display> From<Failed<R>> for NotDone {
    fn from(failed: Failed<R>) -> Self {
        Self {
            unknown: matches!(failed.fault(), Some(Fault::Store(_) | Fault::Commit(_))),
            said: failed.to_string(),
        }
    }
}

async fn answered(office: &Office, want: &Want) -> Result<Answer, NotDone> {
    Ok(match want.clone() {
        Want::Report(new, None) => {
            let reported = office.matters().report(*new, CLERK).await?;
            Answer::Reported(reported)
        }
        Want::Report(new, Some(to)) => {
            let reported = office
                .matters()
                .report_and_escalate(*new, to, CLERK)
                .await?;
            Answer::Reported(reported)
        }
        Want::Work(id, work) => {
            let (by, note) = match work {
                Work::Do(Act::Close(_) | Act::Reply(_)) | Work::Merge(_) => {
                    (INSPECTOR, Some("办结".to_owned()))
                }
                _ => (CLERK, None),
            };
            office.matters().work(id, work, note, by, None).await?;
            Answer::Done
        }
        Want::RequestKind(id, kind) => {
            let note = matches!(kind, RequestKind::Remark(_)).then(|| "请快一点".to_owned());
            office.matters().request(id, kind, note, INSPECTOR).await?;
            Answer::Done
        }
        Want::PublishFirst(new, reach) => {
            let templates = office.templates();
            templates.publish_first(*new, reach, CLERK).await?;
            Answer::Done
        }
        Want::Roll(new, ask) => {
            let key = TemplateKey {
                issuer: office.me(),
                kind: new.kind,
                name: new.name.into(),
            };
            office.templates().roll(&key, ask, CLERK).await?;
            Answer::Done
        }
        Want::Publish(new) => {
            let template = office.templates().publish(*new, CLERK).await?;
            Answer::Published(Promise::Template {
                key: template.key,
                version: template.version,
            })
        }
    })
}

fn said(answer: &Result<Answer, NotDone>) -> String {
    match answer {
        Ok(Answer::Reported(id)) => format!("done, {id}"),
        Ok(_) => "done".to_owned(),
        Err(not_done) => not_done.said.clone(),
    }
}

impl Ledger {
    fn note(&self, me: DivisionCode, want: &Want, answer: Result<Answer, NotDone>) {
        let mut told = self.told();
        let promise = |matter, act| Promise::Act {
            matter,
            by: me,
            act,
        };
        match answer {
            Ok(answer) => {
                *told.done.entry(want.name()).or_default() += 1;
                match (want, answer) {
                    (Want::Report(_, to), Answer::Reported(id)) => {
                        told.matters.push(id);
                        told.promises.push(promise(id, Act::Report));
                        let up = to.map(|to| promise(id, Act::Escalate(to)));
                        told.promises.extend(up);
                    }
                    (Want::Work(id, work), _) => {
                        told.promises
                            .extend(act_of(work).map(|act| promise(*id, act)));
                    }
                    (_, Answer::Published(promise)) => told.promises.push(promise),
                    _ => {}
                }
            }
            Err(NotDone { unknown: true, .. }) => told.unknown += 1,
            Err(_) => told.refused += 1,
        }
    }
}

/// The act that stands in the matter's steps, where what was wanted says it.
fn act_of(work: &Work) -> Option<Act> {
    match work {
        Work::Do(act) | Work::Give(act) => Some(*act),
        Work::Escalate(to) => to.map(Act::Escalate),
        Work::Recategorise(_) => Some(Act::Recategorise),
        Work::Merge(other) => Some(Act::Close(Outcome::Merged(*other))),
        Work::Join(bundle) => Some(Act::Join(*bundle)),
        Work::Return | Work::Object(_) | Work::Time(_) => None,
    }
}
