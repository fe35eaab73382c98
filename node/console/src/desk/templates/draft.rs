//! A draft of a template: the form, what is wrong with it, what it would change, and its proposal.

use std::sync::Arc;

use api::{
    Named, PublishRequest, TemplateDiff, TemplateFaultView, TierChanges, ValueChange,
    problem::Problem,
};
use askama::Template;
use domain::template::MOST_CONTENT;
use http::Method;
use topology::{Term, Tier, UnitKind};

use super::{
    by, issuers_only, kinds,
    rollout::{ReachForm, reach},
    told,
};
use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    disclosures::{Document, named},
    form::is_beside,
    frame::Frame,
    visit::Visit,
    words::Words,
};

/// A fault of the draft.
pub(super) struct FaultRow {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) cause: String,
    pub(super) remedy: String,
}

impl FaultRow {
    fn of(w: Words, fault: &TemplateFaultView) -> Self {
        Self {
            line: fault.line,
            column: fault.column,
            cause: told(w, &fault.cause),
            remedy: told(w, &fault.remedy),
        }
    }
}

/// A value that changes.
pub(super) struct ChangeRow {
    pub(super) entry: String,
    pub(super) what: String,
    pub(super) from: Option<(String, String)>,
    pub(super) to: String,
}

impl ChangeRow {
    fn of(visit: &Visit, change: &ValueChange) -> Self {
        let w = visit.w;
        let held = change.from.as_ref();
        Self {
            entry: told(w, &change.entry_name),
            what: told(w, &change.setting_name),
            from: held.map(|held| (told(w, &held.value), by(visit, &held.by))),
            to: match &change.to {
                Some(to) => told(w, to),
                None => w.tpl_no_longer().to_owned(),
            },
        }
    }
}

/// What changes at the divisions of a tier.
pub(super) struct TierPart {
    pub(super) title: String,
    pub(super) refusal: Option<String>,
    pub(super) rows: Vec<ChangeRow>,
}

impl TierPart {
    fn of(visit: &Visit, at: &TierChanges) -> Self {
        let w = visit.w;
        Self {
            title: w.tpl_at_tier(w.short(at.tier), at.divisions, visit.name_of(at.like)),
            refusal: at.refusal.as_ref().map(|reason| w.tpl_refused(reason)),
            rows: at
                .changes
                .iter()
                .map(|change| ChangeRow::of(visit, change))
                .collect(),
        }
    }
}

/// What came of looking at the draft.
pub(super) struct Look {
    pub(super) faults: Vec<FaultRow>,
    pub(super) tiers: Vec<TierPart>,
    /// How much that is under way it touches.
    pub(super) touched: Vec<String>,
    pub(super) version: u32,
    /// Its items with made-up values.
    pub(super) samples: Vec<(String, Document)>,
}

impl Look {
    pub(super) fn of(visit: &Visit, diff: &TemplateDiff) -> Self {
        let w = visit.w;
        let mut touched = vec![];
        if diff.open_matters > 0 {
            touched.push(w.tpl_matters(diff.open_matters));
        }
        if diff.drafts > 0 {
            touched.push(w.tpl_drafts(diff.drafts));
        }
        if diff.duties > 0 {
            touched.push(w.tpl_duties(diff.duties));
        }
        Self {
            faults: diff
                .faults
                .iter()
                .map(|fault| FaultRow::of(w, fault))
                .collect(),
            tiers: diff
                .tiers
                .iter()
                .map(|at| TierPart::of(visit, at))
                .collect(),
            touched,
            version: diff.version,
            samples: diff
                .samples
                .iter()
                .map(|sample| {
                    let item = named(w, &sample.item, sample.english.as_deref());
                    (item, Document::sample(w, sample))
                })
                .collect(),
        }
    }

    pub(super) fn may_issue(&self) -> bool {
        self.faults.is_empty()
    }
}

#[derive(Template)]
#[template(path = "desk/templates/draft.html")]
struct DraftPage<'a> {
    frame: Frame,
    w: Words,
    kinds: Vec<Choice>,
    tiers: Vec<Choice>,
    units: Vec<Choice>,
    name: &'a str,
    title: &'a str,
    content: &'a str,
    most_content: usize,
    reach: ReachForm,
    look: Option<Look>,
    problem: Option<Problem>,
}

fn checked<T: Term>(w: Words, all: &[T], chosen: &[&str]) -> Vec<Choice> {
    let choice = |term: &T| Choice {
        value: term.code().to_owned(),
        label: w.short(*term),
        chosen: chosen.contains(&term.code()),
    };
    all.iter().map(choice).collect()
}

fn page(visit: &Visit, look: Option<Look>, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let (frame, status) = Frame::desk(visit, w.tpl_new()).after(problem.as_ref());
    let form = &visit.form;
    let division = visit.division()?;
    let below: Vec<Tier> = Tier::ALL
        .into_iter()
        .filter(|tier| *tier >= division.tier())
        .collect();
    let chosen = |name| form.all(name).collect::<Vec<_>>();
    visit.page(
        status,
        &DraftPage {
            frame,
            w,
            kinds: kinds(w, form.typed("kind")),
            tiers: checked(w, &below, &chosen("tier")),
            units: checked(w, &UnitKind::ALL, &chosen("unit")),
            name: form.typed("name"),
            title: form.typed("title"),
            content: form.typed("content"),
            most_content: MOST_CONTENT,
            reach: ReachForm::typed(visit)?,
            look,
            problem,
        },
    )
}

/// Shows the form.
pub(in crate::desk) async fn form(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    page(&visit, None, None)
}

/// Looks at a draft, or proposes it.
pub(in crate::desk) async fn send(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    let form = &visit.form;
    let Ok(kind) = form.typed("kind").parse() else {
        return page(&visit, None, None);
    };
    let first = match reach(&visit) {
        Ok(first) => first,
        Err(problem) => return page(&visit, None, Some(problem)),
    };
    let request = PublishRequest {
        first,
        kind,
        name: form.typed("name").to_owned(),
        title: form.typed("title").to_owned(),
        content: form.typed("content").replace("\r\n", "\n"),
        tiers: form
            .all("tier")
            .filter_map(|tier| tier.parse().ok())
            .collect(),
        kinds: form
            .all("unit")
            .filter_map(|unit| unit.parse().ok())
            .collect(),
    };
    if form.get("propose").is_some() {
        let path = visit.api("template-proposals")?;
        let calls = visit.with_form_headers();
        return match calls.ask(Method::POST, &path, &request).await {
            Ok(_) => lead_to("/desk/templates?proposed=1"),
            Err(problem) if is_beside(&problem) => page(&visit, None, Some(problem)),
            Err(problem) => Err(problem),
        };
    }
    let path = visit.api("templates/diff")?;
    let diff = match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(reply) => reply.read::<Named<TemplateDiff>>()?,
        Err(problem) if is_beside(&problem) => return page(&visit, None, Some(problem)),
        Err(problem) => return Err(problem),
    };
    page(&visit, Some(Look::of(&visit, &diff.facts)), None)
}
