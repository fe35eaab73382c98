//! The page that is shown: its questions, what may be chosen, and what was typed.

use api::{
    CategoryPromise, InBoth, PlaceKind, Platform, Priority, Promises,
    problem::{FieldFault, Problem},
};
use askama::Template;
use domain::category::Category;
use http::{HeaderValue, StatusCode, header};

use super::{
    Sheet,
    check::Wrong,
    steps::{Flow, Step},
};
use crate::{
    answer::Answer,
    data_fields::{DataField, PREFIX, fields, said},
    disclosures::object::CATEGORY as OBJECTION,
    frame::Frame,
    villagers::{draft::Draft, matter::Case, needs::Facts},
    visit::Visit,
    when::When,
    words::{Label, Words},
};

/// Kinds of matters in plain words, each with the category of the policy that it stands for.
const KINDS: [(&str, Label); 8] = [
    ("enforcement/rubbish", Words::kind_rubbish),
    ("enforcement/lighting", Words::kind_lighting),
    ("enforcement/road", Words::kind_road),
    ("enforcement/water", Words::kind_water),
    ("enforcement/building", Words::kind_building),
    ("order/dispute", Words::kind_dispute),
    ("order/safety", Words::kind_danger),
    ("service/relief", Words::kind_help),
];
/// The kind of those who do not know; an official chooses.
pub(super) const NOT_SURE: &str = "service/other";

/// Returns whether a category is one of those that people apply for.
pub(crate) fn is_service(code: &str) -> bool {
    let category = code.parse::<Category>();
    code != OBJECTION && category.is_ok_and(|category| category.platform() == Platform::Service)
}

impl Words {
    const fn place_kind(self, kind: PlaceKind) -> &'static str {
        match kind {
            PlaceKind::Group => self.places_groups(),
            PlaceKind::Hamlet => self.places_hamlets(),
            PlaceKind::Landmark => self.places_landmarks(),
        }
    }
}

/// A kind to choose.
struct Kind {
    code: String,
    label: String,
    chosen: bool,
    /// Whether somebody may be in danger, so that the telephone comes first.
    is_dangerous: bool,
}

/// Places of one kind to choose from.
struct PlaceGroup {
    label: &'static str,
    /// Name, and whether it is chosen.
    places: Vec<(String, bool)>,
}

/// A row of the page to check.
struct Row {
    label: String,
    value: String,
    step: Step,
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage<'a> {
    frame: Frame,
    w: Words,
    draft: &'a Draft,
    flow: Flow,
    /// The page that is shown; `None` if all questions are on it.
    step: Option<Step>,
    steps: Vec<Step>,
    /// Whether there is a page before this one.
    has_back: bool,
    wrong: Vec<Wrong>,
    photo_problems: &'a [Problem],
    problem: Option<&'a Problem>,
    promises: &'a Promises,
    places: Vec<PlaceGroup>,
    kinds: Vec<Kind>,
    more_kinds: Vec<Kind>,
    asks_calm: bool,
    alike: Vec<Case>,
    rows: Vec<Row>,
    /// The data that are asked for in the category.
    data_fields: Vec<DataField>,
    receiver: String,
    answer_by: Option<When>,
    finish_by: Option<When>,
    /// What the applicant needs, if it is for a service.
    facts: Facts,
}

impl ReportPage<'_> {
    /// Returns what is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        let mut all = self.wrong.iter();
        all.find(|wrong| wrong.field == field)
            .map(|wrong| &*wrong.says)
    }

    fn title_of(&self, step: Step) -> &'static str {
        match (self.flow, step) {
            (Flow::Letter, Step::What) => self.w.letter_what(),
            (Flow::Application, Step::What) => self.w.application_what(),
            _ => self.w.term(step),
        }
    }

    /// Returns whether the page asks for photos.
    fn has_photos(&self) -> bool {
        self.steps.contains(&Step::Photo)
    }

    const fn is_all(&self) -> bool {
        self.step.is_none()
    }
}

/// Returns the faults of the fields for data.
fn faults(wrong: &[Wrong]) -> Vec<FieldFault> {
    let faults = wrong.iter().filter_map(|wrong| {
        Some(FieldFault {
            field: wrong.field.strip_prefix(PREFIX)?.to_owned(),
            says: InBoth {
                zh: wrong.says.clone(),
                en: wrong.says.clone(),
            },
        })
    });
    faults.collect()
}

impl Sheet<'_> {
    pub(super) async fn show(
        &self,
        step: Option<Step>,
        wrong: Vec<Wrong>,
        problem: Option<&Problem>,
    ) -> Answer {
        let Self {
            visit,
            draft,
            flow,
            promises,
        } = self;
        let w = visit.w;
        let steps = step.map_or_else(|| flow.questions(), |step| vec![step]);
        let failed = !wrong.is_empty() || problem.is_some() || !visit.photo_problems.is_empty();
        let alike = match step {
            Some(Step::Alike) => self.alike().await?,
            _ => vec![],
        };
        let promise = self.promise();
        let faults = faults(&wrong);
        let typed = |name: &str| draft.get(name).to_owned();
        let mut page = ReportPage {
            frame: Frame::of(visit, w.term(*flow)).keeping("/report"),
            w,
            draft,
            flow: *flow,
            step,
            has_back: step.is_some_and(|step| flow.steps().first() != Some(&step)),
            steps,
            // A page with all questions may be sent without being seen again.
            asks_calm: step.is_none() || self.is_dangerous(),
            wrong,
            photo_problems: &visit.photo_problems,
            problem,
            promises,
            places: self.places(),
            kinds: self.kinds(),
            more_kinds: self.more_kinds(),
            alike,
            rows: self.rows(),
            data_fields: fields(w, self.asks(), typed, &faults),
            receiver: receiver(visit, promise)?,
            answer_by: promise
                .and_then(|p| p.answer_by_ms)
                .map(|ms| visit.when(ms)),
            facts: promise.map_or_else(Facts::default, |p| Facts::of(w, p)),
            finish_by: promise
                .and_then(|p| p.finish_by_ms)
                .map(|ms| visit.when(ms)),
        };
        if let Some(step) = step {
            page.frame.title = page.title_of(step).to_owned();
        }
        if failed {
            page.frame = page.frame.after_failure();
        }
        let status = match failed {
            true => StatusCode::UNPROCESSABLE_ENTITY,
            false => StatusCode::OK,
        };
        let mut response = visit.page(status, &page)?;
        if visit.session.is_none() {
            // A step back shows the page again without a question of the browser.
            let kept = HeaderValue::from_static("private, no-cache");
            response.headers_mut().insert(header::CACHE_CONTROL, kept);
        }
        Ok(response)
    }

    /// Returns the places that policy lists, by kind.
    fn places(&self) -> Vec<PlaceGroup> {
        let chosen = self.draft.get("place");
        let group = |kind: &PlaceKind| {
            let listed = self.promises.places.iter();
            let listed = listed.filter(|place| place.kind == *kind);
            let places = listed.map(|place| (place.name.clone(), place.name == chosen));
            PlaceGroup {
                label: self.visit.w.place_kind(*kind),
                places: places.collect(),
            }
        };
        let groups = PlaceKind::ALL.iter().map(group);
        groups.filter(|group| !group.places.is_empty()).collect()
    }

    fn kinds(&self) -> Vec<Kind> {
        let w = self.visit.w;
        let chosen = self.draft.get("kind");
        let listed = |code: &str| self.promises.categories.iter().any(|one| one.code == code);
        let is_asked = |code: &str| self.flow != Flow::Application || is_service(code);
        let kinds = KINDS.iter();
        let kinds = kinds.filter(|(code, _)| listed(code) && is_asked(code));
        let kinds = kinds.map(|(code, label)| Kind {
            code: (*code).to_owned(),
            label: label(w).to_owned(),
            chosen: chosen == *code,
            is_dangerous: self.is_dangerous_kind(code),
        });
        let not_sure = Kind {
            code: NOT_SURE.to_owned(),
            label: w.kind_not_sure().to_owned(),
            chosen: matches!(chosen, "" | NOT_SURE),
            is_dangerous: self.is_dangerous_kind(NOT_SURE),
        };
        kinds.chain([not_sure]).collect()
    }

    fn more_kinds(&self) -> Vec<Kind> {
        let chosen = self.draft.get("kind");
        let plain = |code: &str| code == NOT_SURE || KINDS.iter().any(|(kind, _)| *kind == code);
        let others = self.promises.categories.iter();
        let is_asked = |code: &str| match code {
            // Whoever objects begins at what they object to.
            OBJECTION => false,
            code => self.flow != Flow::Application || is_service(code),
        };
        let others = others.filter(|one| !plain(&one.code) && is_asked(&one.code));
        let kind = |one: &CategoryPromise| Kind {
            code: one.code.clone(),
            label: self.name_of(one),
            chosen: chosen == one.code,
            is_dangerous: one.severity != Priority::Normal,
        };
        others.map(kind).collect()
    }

    pub(super) fn name_of(&self, one: &CategoryPromise) -> String {
        let english = one.name_en.as_deref().unwrap_or(&one.name);
        self.visit.w.of(&one.name, english).to_owned()
    }

    fn rows(&self) -> Vec<Row> {
        let w = self.visit.w;
        let or_none = |text: &str| match text {
            "" => w.not_given().to_owned(),
            text => text.to_owned(),
        };
        let category = match self.draft.get("kind") {
            "" => w.kind_not_sure().to_owned(),
            _ => self
                .promise()
                .map_or_else(String::new, |one| self.name_of(one)),
        };
        let words = [self.draft.get("place"), self.draft.get("where")];
        let words = words.into_iter().filter(|text| !text.is_empty());
        let words = words.collect::<Vec<_>>().join(w.of("，", ", "));
        let place = match (&*words, self.point()) {
            ("", Some(point)) => format!("{}, {}", point.latitude, point.longitude),
            (words, _) => or_none(words),
        };
        let public = match self.draft.get("public") {
            "yes" => w.yes(),
            _ => w.no(),
        };
        let all = [
            (Step::What, w.row_text(), self.draft.get("text").to_owned()),
            (Step::What, w.row_kind(), category),
            (Step::Where, w.row_where(), place),
            (
                Step::Photo,
                w.row_photos(),
                w.photos_kept(self.draft.photos.len()),
            ),
            (Step::Contact, w.row_name(), or_none(self.draft.get("name"))),
            (
                Step::Contact,
                w.row_phone(),
                or_none(self.draft.get("phone")),
            ),
            (Step::Contact, w.row_public(), public.to_owned()),
        ];
        let here = all
            .into_iter()
            .filter(|(step, ..)| self.flow.steps().contains(step));
        let row = |(step, label, value): (Step, &str, String)| Row {
            label: label.to_owned(),
            value,
            step,
        };
        let mut rows: Vec<Row> = here.map(row).collect();
        let at = rows.iter().position(|row| row.step == Step::Contact);
        let at = at.unwrap_or(rows.len());
        rows.splice(at..at, self.data_rows());
        rows
    }

    /// Returns the data that were typed, as people read them.
    fn data_rows(&self) -> Vec<Row> {
        let w = self.visit.w;
        let rows = self.asks().iter().map(|one| {
            let typed = self.draft.get(&format!("{PREFIX}{}", one.code));
            let chosen = one.codes.iter().find(|code| code.code == typed);
            Row {
                label: said(w, &one.name),
                value: match (typed, chosen, &one.unit) {
                    ("", ..) => w.not_given().to_owned(),
                    (_, Some(code), _) => said(w, &code.name),
                    (typed, None, Some(unit)) => format!("{typed} {}", said(w, unit)),
                    (typed, None, None) => typed.to_owned(),
                },
                step: Step::Data,
            }
        });
        rows.collect()
    }
}

/// Returns who will receive what is reported in a category, in words.
pub(in crate::villagers) fn receiver(
    visit: &Visit,
    promise: Option<&CategoryPromise>,
) -> Result<String, Problem> {
    let me = visit.division()?;
    let above = promise.and_then(|promise| promise.tier).and_then(|tier| {
        let mut above = visit.state.tree.ancestors(me);
        above.find(|division| division.tier() == tier)
    });
    let place = visit.name_of(above.unwrap_or(me));
    let department = promise.and_then(|promise| promise.department.as_deref());
    Ok(format!("{place}{}", department.unwrap_or_default()))
}
