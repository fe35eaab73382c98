//! One matter for its reporter, by number and slip; and a published one for everybody.

mod state;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use api::{
    Act, Audience, BodyView, FileLine, FileLines, HolderRequest, MatterStatus, MatterView, Named,
    Outcome, PrintedProof, PublicMatter, Publicity, RequestAction, Satisfaction, StandingView,
    Stands, problem::Problem,
};
use askama::Template;
use axum::body::Body;
use domain::{matter::Appeal, request::Voice};
use http::{HeaderValue, Method, StatusCode, header};
use web::{calls::Calls, credentials::REPORTER_TOKEN, problem::Rejection};

pub(super) use self::state::state_of;
use self::state::{Turn, state, told, turn};
use super::{
    printed,
    receipt::{concerns_reporters, grouped, plain},
    verify,
};
use crate::{
    answer::Answer,
    desk::{matter::data, steps::named},
    frame::{self, Frame},
    visit::Visit,
    when::{When, length},
    words::Words,
};

/// A published matter, in words.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) at: When,
    pub(crate) state: String,
    pub(crate) question: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) metres: Option<u32>,
    pub(crate) as_of: When,
}

/// Returns a published matter in words.
pub(crate) fn case(visit: &Visit, matter: PublicMatter) -> Case {
    Case {
        category: visit.w.category(&matter.category, None),
        at: visit.when(matter.reported_ms),
        as_of: visit.when(matter.as_of_ms),
        state: state(
            visit.w,
            matter.status,
            matter.answer.as_ref().map(|_| Turn::Replied),
        ),
        id: matter.id,
        question: matter.question,
        answer: matter.answer,
        metres: matter.metres,
    }
}

#[derive(Template)]
#[template(path = "public.html")]
struct PublicPage {
    frame: Frame,
    w: Words,
    case: Case,
}

/// Shows a published matter.
pub(crate) async fn public(visit: Arc<Visit>) -> Answer {
    let path = visit.api(&format!(
        "published/{}",
        crate::form::odd(visit.param("id"))
    ))?;
    let matter: PublicMatter = visit.calls.get(&path).await?;
    visit.show(&PublicPage {
        frame: Frame::of(&visit, visit.w.public_title()),
        w: visit.w,
        case: case(&visit, matter),
    })
}

/// One step, in words.
struct Happened {
    at: When,
    by: String,
    act: String,
    text: Option<String>,
    is_last: bool,
}

/// A clock that runs.
struct Due {
    stage: String,
    by: When,
    left: String,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "matter-own.html")]
struct MatterPage {
    frame: Frame,
    w: Words,
    number: String,
    /// Where the forms of the page go.
    action: String,
    /// The slip as it is shown, for the forms of the page; `None` if an account opened it.
    slip: Option<String>,
    key: String,
    category: String,
    state: String,
    held_by: String,
    as_of: When,
    /// How old the news of the office is, and since when.
    age: Option<(String, When)>,
    due: Vec<Due>,
    answers: Vec<Happened>,
    path: Vec<Happened>,
    said: Option<String>,
    /// The data beside the report, by name.
    data: Vec<(String, String)>,
    photos: Vec<String>,
    /// Documents, by their addresses and what they are.
    documents: Vec<(String, String)>,
    merged: Option<String>,
    is_closed: bool,
    /// Whether the reporter may say what they think of how it ended. What they withdrew has ended.
    may_judge: bool,
    may_contest: bool,
    satisfactions: Vec<(&'static str, String)>,
    sent: bool,
    refused: Option<Problem>,
    note_missing: bool,
    note: String,
}

/// Opens a matter by number and slip, and does what its reporter asks for.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let number = visit.form.typed("number").trim().to_owned();
    let slip = plain(visit.form.typed("slip"));
    let calls = visit.calls.clone().with(REPORTER_TOKEN, &slip);
    let own = Own {
        number,
        slip: Some(slip),
        calls,
    };
    match own.answer(&visit).await {
        // A wrong slip looks like a number that does not exist.
        Err(problem) if matches!(problem.status, 401 | 403 | 404 | 422) => {
            super::own::ask(&visit, true).await
        }
        answer => answer,
    }
}

/// A matter that its reporter opens.
pub(super) struct Own {
    /// Its number, as it was typed.
    pub(super) number: String,
    /// Its slip; `None` if it is opened with the account that reported it.
    pub(super) slip: Option<String>,
    /// The way to ask the node as its reporter.
    pub(super) calls: Calls,
}

impl Own {
    /// Does what the form asks for, and shows the matter.
    ///
    /// # Errors
    /// The problem that the API answered when it was asked for the matter.
    pub(super) async fn answer(&self, visit: &Visit) -> Answer {
        let one = format!("matters/{}", crate::form::odd(&self.number));
        let path = visit.api(&one)?;
        let before: Named<MatterView> = self.calls.get(&path).await?;
        match visit.form.typed("go") {
            "receipt" => self.receipt(&path, &before.facts.id).await,
            "verify" => {
                let file = format!("{path}/receipt");
                let file = self.calls.send(Method::GET, &file, Body::empty()).await?;
                verify::show_for(visit, file.body.into()).await
            }
            "printed" => {
                let path = format!("{path}/receipt/printed");
                let proof: Named<PrintedProof> = self.calls.get(&path).await?;
                let number = (visit.w.receipt_number(), before.facts.id);
                printed::show(visit, (None, vec![number]), &proof.facts)
            }
            _ => self.act(visit, before).await,
        }
    }

    /// Answers with the signed receipts as a file.
    async fn receipt(&self, path: &str, number: &str) -> Answer {
        let mut response = self.calls.relay(&format!("{path}/receipt")).await?;
        let name = format!("attachment; filename=\"receipt-{number}.json\"");
        let headers = response.headers_mut();
        headers
            .extend(HeaderValue::from_str(&name).map(|name| (header::CONTENT_DISPOSITION, name)));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    async fn act(&self, visit: &Visit, before: Named<MatterView>) -> Answer {
        let calls = &self.calls;
        let path = visit.api(&format!("matters/{}", crate::form::odd(&self.number)))?;
        let note = visit.form.typed("note").trim().to_owned();
        let (mut sent, mut refused, mut note_missing) = (false, None, false);
        if let Some(action) = action(visit, &before.facts) {
            note_missing = action.needs_note() && note.is_empty();
            if !note_missing {
                let said = HolderRequest {
                    action,
                    note: Some(note.clone()).filter(|note| !note.is_empty()),
                };
                let path = format!("{path}/requests");
                match calls.ask(Method::POST, &path, &said).await {
                    Ok(_) => sent = true,
                    Err(problem) => refused = Some(problem),
                }
            }
        }
        let matter = match sent {
            true => calls.get(&path).await?,
            false => before,
        };
        let files: Result<Named<FileLines>, _> = calls.get(&format!("{path}/attachments")).await;
        let files = files.map_or_else(|_| vec![], |files| files.facts.files);
        let (photos, documents) = self.files(visit.w, &files);
        let failed = refused.is_some() || note_missing;
        let page = MatterPage {
            photos,
            documents,
            sent,
            refused,
            note_missing,
            note: if failed { note } else { String::new() },
            ..shown(visit, &matter.facts, self.slip.as_deref())?
        };
        visit.page(StatusCode::OK, &page)
    }

    /// Returns the addresses of the photos, and those of the documents with what they are. Neither a picture
    /// nor a link can send a slip along.
    fn files(&self, w: Words, files: &[FileLine]) -> (Vec<String>, Vec<(String, String)>) {
        let (photos, documents): (Vec<_>, Vec<_>) =
            files.iter().partition(|file| file.file.media.is_image());
        let below = |kind: &str| match &self.slip {
            Some(slip) => format!("/my/{kind}/{}", PASSES.hand_out(&self.number, slip)),
            None => format!("/my/m/{}/{kind}", crate::form::odd(&self.number)),
        };
        let photos = match photos.is_empty() {
            true => vec![],
            false => {
                let below = below("photo");
                let photos = photos.iter();
                photos.map(|file| format!("{below}/{}", file.no)).collect()
            }
        };
        let documents = match documents.is_empty() {
            true => vec![],
            false => {
                let below = below("file");
                let documents = documents.iter().enumerate();
                documents
                    .map(|(n, file)| {
                        let href = format!("{below}/{}", file.no);
                        (href, named(w, n + 1, &file.file))
                    })
                    .collect()
            }
        };
        (photos, documents)
    }
}

/// Returns what the form asks for.
fn action(visit: &Visit, matter: &MatterView) -> Option<RequestAction> {
    Some(match visit.form.typed("go") {
        "contest" if in_review(matter) => RequestAction::Review,
        "contest" => RequestAction::Contest,
        "rate" => RequestAction::Rate {
            satisfaction: visit.form.typed("satisfaction").parse().ok()?,
        },
        "withdraw" => RequestAction::Withdraw,
        "add" => RequestAction::Remark {
            audience: Audience::Reporter,
        },
        _ => return None,
    })
}

/// Returns whether the matter was contested before: then the tier above decides.
fn in_review(matter: &MatterView) -> bool {
    let mut steps = matter.steps.iter();
    steps.any(|step| matches!(step.act, Act::Reopen(Appeal::Contest)))
}

/// Returns a step as the reporter reads it.
fn happened(visit: &Visit, step: &api::StepView) -> Happened {
    Happened {
        at: visit.when(step.at_ms),
        by: match step.voice {
            Some(Voice::Reporter) => visit.w.by_reporter().to_owned(),
            _ => visit.name_of(step.by),
        },
        act: told(visit.w, step.act),
        text: match &step.note {
            Some(BodyView::Text(text)) => Some(text.clone()),
            _ => None,
        },
        is_last: false,
    }
}

/// Returns the clocks that concern reporters and have not ended.
fn due(visit: &Visit, matter: &MatterView) -> Vec<Due> {
    let (w, now) = (visit.w, visit.now_ms());
    let clocks = matter.clocks.iter();
    let clocks = clocks.filter(|clock| concerns_reporters(clock.stage));
    let due = clocks.filter_map(|clock| {
        let left = length(clock.due_ms - now, visit.view.language);
        let (left, class) = match clock.stands {
            Stands::Running => (w.my_left(left), "fine"),
            Stands::DueSoon => (w.my_left(left), "soon"),
            Stands::Overdue => (w.my_late(left), "late"),
            Stands::Paused => (w.my_paused().to_owned(), "paused"),
            _ => return None,
        };
        Some(Due {
            stage: w.short(clock.stage),
            by: visit.when(clock.due_ms),
            left,
            class,
        })
    });
    due.collect()
}

fn shown(visit: &Visit, matter: &MatterView, slip: Option<&str>) -> Result<MatterPage, Problem> {
    let w = visit.w;
    let now = visit.now_ms();
    let is_closed = matches!(matter.status, MatterStatus::Closed(_));
    let happened = |step: &api::StepView| happened(visit, step);
    let mut path: Vec<Happened> = matter.steps.iter().rev().map(happened).collect();
    if let Some(last) = path.first_mut() {
        last.is_last = true;
    }
    let told = |step: &&api::StepView| {
        matches!(
            step.act,
            Act::Reply(Publicity::Private | Publicity::Public) | Act::Close(_) | Act::Feedback
        ) && matches!(step.note, Some(BodyView::Text(_)))
    };
    let is_here = matches!(matter.standing, StandingView::Holding);
    let age = matter.known.as_ref().and_then(api::Known::age_ms);
    let age = age.filter(|age| !is_here && *age > 60_000);
    let is_withdrawn = matches!(matter.status, MatterStatus::Closed(Outcome::Withdrawn));
    let may_judge = is_closed && !is_withdrawn;
    let merged = match matter.status {
        MatterStatus::Closed(Outcome::Merged(into)) => Some(into.to_string()),
        _ => None,
    };
    Ok(MatterPage {
        frame: Frame::of(visit, w.my_title()),
        w,
        number: matter.id.clone(),
        action: match slip {
            Some(_) => "/my".to_owned(),
            None => format!("/my/m/{}", matter.id),
        },
        slip: slip.map(grouped),
        key: frame::key(),
        category: w.category(&matter.category, matter.category_name.as_deref()),
        state: state(w, matter.status, turn(matter)),
        held_by: visit.name_of(matter.holder),
        as_of: visit.when(matter.as_of_ms),
        age: age.map(|age| (length(age, visit.view.language), visit.when(now - age))),
        due: due(visit, matter),
        answers: matter
            .steps
            .iter()
            .rev()
            .filter(told)
            .map(happened)
            .collect(),
        path,
        said: match &matter.body {
            BodyView::Text(text) => Some(text.clone()),
            _ => None,
        },
        data: data(w, matter),
        photos: vec![],
        documents: vec![],
        merged,
        is_closed,
        may_judge,
        may_contest: may_judge && turn(matter) != Some(Turn::Confirmed),
        satisfactions: Satisfaction::ALL
            .iter()
            .map(|one| (one.code(), w.short(*one)))
            .collect(),
        sent: false,
        refused: None,
        note_missing: false,
        note: String::new(),
    })
}

/// Shows a photo of a matter that was opened with its slip some minutes ago.
pub(crate) async fn photo(visit: Arc<Visit>) -> Answer {
    relay(&visit, "/thumb").await
}

/// Hands out a document of such a matter, which browsers save and do not open.
pub(crate) async fn file(visit: Arc<Visit>) -> Answer {
    relay(&visit, "").await
}

async fn relay(visit: &Visit, part: &str) -> Answer {
    let known = PASSES.take(visit.param("pass"));
    let (number, slip) = known.ok_or_else(|| *Rejection::no_such_path().0)?;
    let calls = visit.calls.clone().with(REPORTER_TOKEN, &slip);
    let (number, no) = (
        crate::form::odd(&number),
        crate::form::odd(visit.param("no")),
    );
    let path = visit.api(&format!("matters/{number}/attachments/{no}{part}"))?;
    calls.relay(&path).await
}

/// Time for which the photos of a page are shown.
const PASS_LIFE: Duration = Duration::from_secs(600);
/// The most pages whose photos are shown at a time.
const MOST_PASSES: usize = 4_096;

/// Passes to the photos of matters that were opened with their slip: a picture cannot send a slip
/// along, and a slip never stands in an address.
pub(crate) struct Passes(Mutex<Option<HashMap<String, Pass>>>);

/// One of them: when it was handed out, and the number and slip that it stands for.
struct Pass {
    at: Instant,
    number: String,
    slip: String,
}

pub(crate) static PASSES: Passes = Passes(Mutex::new(None));

impl Passes {
    /// Returns a pass to the photos of a matter.
    pub(crate) fn hand_out(&self, number: &str, slip: &str) -> String {
        let pass = frame::key();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if known.len() >= MOST_PASSES {
            known.retain(|_, pass| pass.at.elapsed() < PASS_LIFE);
        }
        if known.len() < MOST_PASSES {
            let known_as = Pass {
                at: Instant::now(),
                number: number.to_owned(),
                slip: slip.to_owned(),
            };
            known.insert(pass.clone(), known_as);
        }
        pass
    }

    /// Returns number and slip of a pass.
    pub(crate) fn take(&self, pass: &str) -> Option<(String, String)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pass = known.as_ref()?.get(pass)?;
        let is_good = pass.at.elapsed() < PASS_LIFE;
        is_good.then(|| (pass.number.clone(), pass.slip.clone()))
    }
}
