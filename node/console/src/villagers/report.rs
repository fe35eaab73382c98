//! The report (随手拍) and the letter (村民信箱): one question on each page, or all on one. What is typed
//! is kept in a draft of the node at every step.

mod check;
mod page;
mod phone;
mod steps;

use std::{collections::BTreeMap, sync::Arc};

use api::{
    AlikeRequest, CategoryPromise, Contact, DraftMatter, ElementView, Point, Priority, Promises,
    PublicMatters, ReportRequest, Visibility, problem::Problem,
};
use domain::standard::MOST_ASKED;
use http::Method;

pub(crate) use self::page::is_service;
pub(super) use self::page::receiver;
use self::{
    page::NOT_SURE,
    steps::{Flow, Step},
};
use super::{
    draft::Draft,
    matter::{Case, case},
    receipt,
};
use crate::{
    answer::Answer,
    data_fields::{PREFIX, values},
    visit::Visit,
};

/// Shows the first page of a report.
pub(crate) async fn begin(visit: Arc<Visit>) -> Answer {
    begin_one(&visit, Flow::Report).await
}

/// Shows the first page of a letter.
pub(crate) async fn begin_letter(visit: Arc<Visit>) -> Answer {
    begin_one(&visit, Flow::Letter).await
}

/// Shows the first page of an application for one service or for several that belong together (一件事).
pub(crate) async fn begin_application(visit: Arc<Visit>) -> Answer {
    begin_one(&visit, Flow::Application).await
}

async fn begin_one(visit: &Visit, flow: Flow) -> Answer {
    let step = match visit.query.get("all") {
        Some(_) => None,
        None => flow.steps().first().copied(),
    };
    let mut sheet = Sheet::of(visit, Draft::fresh(), flow).await?;
    sheet.begin_with(visit.query.all("with"));
    sheet.show(step, vec![], None).await
}

/// Takes a page of a report, and shows the next one.
pub(crate) async fn go_on(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let flow = visit.form.typed("flow").parse().unwrap_or(Flow::Report);
    let mut draft = Draft::of(&visit).await?;
    if let Some(done) = &draft.handed_in {
        return done_already(&visit, done).await;
    }
    // `None`: the page with all questions.
    let step = visit.form.typed("step").parse::<Step>().ok();
    let asked = match step {
        Some(step) => vec![step],
        None => flow.questions(),
    };
    for field in asked.iter().flat_map(|step| step.fields()) {
        let typed = visit.form.typed(field).trim();
        draft.fields.insert((*field).to_owned(), typed.to_owned());
    }
    if step == Some(Step::Data) {
        let data = visit.form.0.iter();
        let data = data.filter(|(name, _)| name.starts_with(PREFIX));
        for (name, typed) in data.take(MOST_ASKED) {
            draft.fields.insert(name.clone(), typed.trim().to_owned());
        }
    }
    if let Err(problem) = draft.keep(&visit).await {
        // The same page was sent twice, and the other one was handed in meanwhile.
        return match Draft::of(&visit).await?.handed_in {
            Some(done) => done_already(&visit, &done).await,
            None => Err(problem),
        };
    }
    let go = visit.form.typed("go").to_owned();
    if let Some(photo) = go.strip_prefix("remove-") {
        draft.remove(&visit, photo).await?;
        return Sheet::of(&visit, draft, flow)
            .await?
            .show(step, vec![], None)
            .await;
    }
    // A photo may have come with this page, or the same page sent twice was handed in just now.
    let draft = Draft::of(&visit).await?;
    if let Some(done) = &draft.handed_in {
        return done_already(&visit, done).await;
    }
    let sheet = Sheet::of(&visit, draft, flow).await?;
    if phone::asks(&visit) {
        return phone::send(&sheet).await;
    }
    match &*go {
        "back" => sheet.show(sheet.before(step).await?, vec![], None).await,
        "add" | "stay" => sheet.show(step, vec![], None).await,
        "send" => sheet.send().await,
        change if change.starts_with("change-") => {
            let step = change.trim_start_matches("change-").parse().ok();
            sheet.show(step, vec![], None).await
        }
        _ => sheet.next(step, &asked).await,
    }
}

/// Answers a form that was handed in before.
async fn done_already(visit: &Visit, done: &DraftMatter) -> Answer {
    match phone::asks(visit) {
        true => phone::handed_in(done),
        false => receipt::show(visit, done).await,
    }
}

/// A draft with what the node promises about it.
struct Sheet<'a> {
    visit: &'a Visit,
    draft: Draft,
    flow: Flow,
    promises: Promises,
}

impl<'a> Sheet<'a> {
    async fn of(visit: &'a Visit, draft: Draft, flow: Flow) -> Result<Self, Problem> {
        let promises = visit.calls.get(&visit.api("promises")?).await?;
        Ok(Self {
            visit,
            draft,
            flow,
            promises,
        })
    }

    /// Begins with what was chosen elsewhere: one kind, or several that are asked for together.
    fn begin_with<'t>(&mut self, chosen: impl Iterator<Item = &'t str>) {
        let chosen: Vec<&CategoryPromise> = chosen
            .filter_map(|code| self.promises.categories.iter().find(|one| one.code == code))
            .collect();
        let (kind, text) = match chosen[..] {
            [] => return,
            [one] => (one.code.clone(), String::new()),
            // The office that takes it in opens a part for each.
            _ => {
                let names: Vec<_> = chosen.iter().map(|one| self.name_of(one)).collect();
                let joint = self.visit.w.of("、", ", ");
                let text = self.visit.w.services_together(names.join(joint));
                (NOT_SURE.to_owned(), text)
            }
        };
        self.draft.fields.insert("kind".to_owned(), kind);
        self.draft.fields.insert("text".to_owned(), text);
    }

    fn promise(&self) -> Option<&CategoryPromise> {
        let code = self.category();
        self.promises.categories.iter().find(|one| one.code == code)
    }

    /// Returns the category that was chosen, or that of those who are not sure.
    fn category(&self) -> &str {
        match self.draft.get("kind") {
            "" => NOT_SURE,
            code => code,
        }
    }

    fn is_dangerous(&self) -> bool {
        self.is_dangerous_kind(self.category())
    }

    fn is_dangerous_kind(&self, code: &str) -> bool {
        let mut kinds = self.promises.categories.iter();
        kinds.any(|one| one.code == code && one.severity != Priority::Normal)
    }

    fn point(&self) -> Option<Point> {
        let latitude = self.draft.get("latitude").parse().ok()?;
        let longitude = self.draft.get("longitude").parse().ok()?;
        Some(Point {
            latitude,
            longitude,
        })
    }

    /// Returns the published matters that are like this one; none for a letter.
    async fn alike(&self) -> Result<Vec<Case>, Problem> {
        if self.flow != Flow::Report {
            return Ok(vec![]);
        }
        let said = AlikeRequest {
            text: self.draft.get("text").to_owned(),
            category: Some(self.category().to_owned()),
            place: self.point(),
        };
        let path = self.visit.api("draft/alike")?;
        let found = self.visit.calls.ask(Method::POST, &path, &said).await?;
        let found: PublicMatters = found.read()?;
        let matters = found.matters.into_iter();
        Ok(matters.map(|matter| case(self.visit, matter)).collect())
    }

    /// Returns the data that are asked for in the category.
    fn asks(&self) -> &[ElementView] {
        self.promise().map_or(&[], |promise| &promise.asks)
    }

    /// Returns what was typed of them.
    fn data(&self) -> BTreeMap<String, String> {
        values(self.asks(), |name| self.draft.get(name).to_owned())
    }

    /// Returns the page before one; that with all questions stays.
    async fn before(&self, step: Option<Step>) -> Result<Option<Step>, Problem> {
        let Some(step) = step else {
            return Ok(None);
        };
        let steps = self.flow.steps();
        let at = steps
            .iter()
            .position(|one| *one == step)
            .unwrap_or_default();
        let mut before = at.saturating_sub(1);
        if steps[before] == Step::Alike && self.alike().await?.is_empty() {
            before -= 1;
        }
        if steps[before] == Step::Data && self.asks().is_empty() {
            before -= 1;
        }
        Ok(Some(steps[before]))
    }

    /// Shows the page after one, or the same one again if something on it is wrong.
    async fn next(&self, step: Option<Step>, asked: &[Step]) -> Answer {
        let wrong = match step {
            Some(Step::Data) => self.wrong_data().await?,
            _ => self.wrong_on(asked),
        };
        if !wrong.is_empty() || !self.visit.photo_problems.is_empty() {
            return self.show(step, wrong, None).await;
        }
        let steps = self.flow.steps();
        let following = |step: Step| {
            let at = steps.iter().position(|one| *one == step);
            steps[(at.unwrap_or_default() + 1).min(steps.len() - 1)]
        };
        let mut after = step.map_or(Step::Data, following);
        if after == Step::Data && self.asks().is_empty() {
            after = following(Step::Data);
        }
        if after == Step::Alike && self.alike().await?.is_empty() {
            after = Step::Contact;
        }
        // The page with all questions asked for it.
        if step.is_none() && after == Step::Contact {
            after = Step::Check;
        }
        self.show(Some(after), vec![], None).await
    }

    /// Hands the draft in, and shows the receipt.
    async fn send(&self) -> Answer {
        let wrong = self.wrong_on(&self.flow.questions());
        if let Some(first) = wrong.first() {
            let has = |step: &Step| step.fields().contains(&&*first.field);
            let step = self.flow.steps().iter().copied().find(has);
            return self.show(step, wrong, None).await;
        }
        match self.draft.hand_in(self.visit, &self.report()).await {
            Ok(done) => receipt::show(self.visit, &done).await,
            Err(problem) if !problem.fields.is_empty() => {
                let wrong = self.wrong_fields(&problem);
                self.show(Some(Step::Data), wrong, None).await
            }
            Err(problem) => self.show(Some(Step::Check), vec![], Some(&problem)).await,
        }
    }

    /// Returns the report that was typed.
    fn report(&self) -> ReportRequest {
        let text = |name: &str| self.draft.get(name).to_owned();
        let contact = Contact {
            name: text("name"),
            phone: text("phone"),
            address: String::new(),
        };
        ReportRequest {
            channel: self.flow.channel(),
            visibility: match self.draft.get("public") {
                "yes" => Visibility::Public,
                _ => Visibility::Path,
            },
            data: self.data(),
            place: self.point(),
            named_place: Some(text("place")).filter(|place| !place.is_empty()),
            address: Some(text("where")).filter(|place| !place.is_empty()),
            contact: Some(contact).filter(|contact| *contact != Contact::default()),
            ..ReportRequest::new(self.category(), self.draft.get("text"))
        }
    }
}
