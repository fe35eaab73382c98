//! A report for somebody at the window or on the telephone: all questions on one page, with photos and
//! papers that they bring.

use std::sync::Arc;

use api::{
    Channel, Contact, ElementView, Priority, Promises, ReportRequest, Reported, Visibility,
    problem::Problem,
};
use askama::Template;
use domain::people::Permission;
use http::{Method, StatusCode};
use web::problem::Rejection;

use super::{Choice, categories, terms};
use crate::{
    answer::Answer,
    data_fields::{DataField, fields, values},
    frame::Frame,
    villagers::draft::Draft,
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "desk/report.html")]
struct ReportPage<'a> {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    categories: Vec<Choice>,
    channels: Vec<Choice>,
    priorities: Vec<Choice>,
    text: &'a str,
    name: &'a str,
    phone: &'a str,
    address: &'a str,
    places: Vec<Choice>,
    /// The data that are asked for in the category that was chosen.
    data_fields: Vec<DataField>,
    place: &'a str,
    /// Whether the reporter agrees that it may be published.
    is_public: bool,
    to_parent: Option<String>,
    /// Keeps photos and papers until the report is sent.
    draft: Draft,
}

#[derive(Template)]
#[template(path = "desk/reported.html")]
struct ReportedPage {
    frame: Frame,
    w: Words,
    id: String,
    slip: Option<String>,
}

/// The channels of a report that an official types.
const CHANNELS: [Channel; 5] = [
    Channel::Service,
    Channel::Hotline,
    Channel::Paper,
    Channel::Grid,
    Channel::Mailbox,
];

/// Shows the form.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    if !visit.may(Permission::ReportForAnother) {
        return Err(*Rejection::unknown_caller((
            "this page is for those who report for others; sign in",
            "这一页供代人报送的工作人员使用；请登录",
        ))
        .0);
    }
    page(&visit, Draft::fresh(), None).await
}

async fn page(visit: &Visit, draft: Draft, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let form = &visit.form;
    let (frame, status) = Frame::desk(visit, w.desk_report()).after(problem.as_ref());
    let parent = visit.state.tree.parent(visit.division()?);
    let promises: Promises = visit.calls.get(&visit.api("promises")?).await?;
    let faults = problem.as_ref().map_or(&[][..], |problem| &problem.fields);
    let typed = |name: &str| form.typed(name).to_owned();
    let data_fields = fields(w, asks(&promises, form.typed("category")), typed, faults);
    visit.page(
        status,
        &ReportPage {
            frame,
            w,
            problem,
            categories: categories(visit, form.typed("category")).await?,
            channels: terms(w, &CHANNELS, form.get("channel").unwrap_or("service")),
            priorities: terms(w, &Priority::ALL, form.get("priority").unwrap_or("normal")),
            text: form.typed("text"),
            name: form.typed("name"),
            phone: form.typed("phone"),
            address: form.typed("address"),
            places: places(visit, &promises),
            data_fields,
            place: form.typed("place"),
            is_public: form.typed("public") == "yes",
            to_parent: parent.map(|parent| visit.name_of(parent)),
            draft,
        },
    )
}

/// Returns the places of the division that policy lists.
fn places(visit: &Visit, promises: &Promises) -> Vec<Choice> {
    let chosen = visit.form.typed("named_place");
    let choice = |place: &api::NamedPlace| Choice {
        chosen: place.name == chosen,
        label: place.name.clone(),
        value: place.name.clone(),
    };
    promises.places.iter().map(choice).collect()
}

/// Returns the data that are asked for in a category.
fn asks<'a>(promises: &'a Promises, category: &str) -> &'a [ElementView] {
    let mut categories = promises.categories.iter();
    let found = categories.find(|one| one.code == category);
    found.map_or(&[], |one| &one.asks)
}

/// Hands the report in, and shows its number and slip once.
pub(crate) async fn send(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let mut draft = Draft::of_form(&visit).await?;
    if draft.handed_in.is_none() {
        if form.get("fields").is_some() {
            return page(&visit, draft, None).await;
        }
        if draft.remove_named(&visit).await? {
            return page(&visit, draft, None).await;
        }
        if let Some(problem) = visit.photo_problems.first().cloned() {
            return page(&visit, draft, Some(problem)).await;
        }
    }
    let promises: Promises = visit.calls.get(&visit.api("promises")?).await?;
    let typed = |name: &str| form.typed(name).to_owned();
    let data = values(asks(&promises, form.typed("category")), typed);
    let request = ReportRequest {
        data,
        ..request(&visit)
    };
    let sent = match draft.files() > 0 || draft.handed_in.is_some() {
        // A draft becomes one matter, however often it is sent.
        true => draft.hand_in(&visit, &request).await.map(|done| Reported {
            id: done.id,
            token: done.token,
            opening: None,
        }),
        false => {
            let calls = visit.with_form_headers();
            let path = visit.api("matters")?;
            let sent = calls.ask(Method::POST, &path, &request).await;
            sent.and_then(|reply| reply.read())
        }
    };
    let reported = match sent {
        Ok(reported) => reported,
        Err(problem) if matches!(problem.status, 409 | 422) => {
            return page(&visit, draft, Some(problem)).await;
        }
        Err(problem) => return Err(problem),
    };
    // Who sends the form again gets the number without the slip, which is shown once.
    let slip = reported
        .token
        .filter(|token| *token != web::gate::SHOWN_ONCE);
    visit.page(
        StatusCode::CREATED,
        &ReportedPage {
            frame: Frame::desk(&visit, visit.w.desk_reported()),
            w: visit.w,
            id: reported.id,
            slip,
        },
    )
}

/// Returns what the form says.
fn request(visit: &Visit) -> ReportRequest {
    let form = &visit.form;
    let contact = Contact {
        name: form.get("name").unwrap_or_default().to_owned(),
        phone: form.get("phone").unwrap_or_default().to_owned(),
        address: form.get("address").unwrap_or_default().to_owned(),
    };
    let known = [&contact.name, &contact.phone, &contact.address];
    let has_contact = known.iter().any(|text| !text.is_empty());
    let up = form
        .get("up")
        .and_then(|_| visit.state.tree.parent(visit.division().ok()?));
    ReportRequest {
        channel: form.typed("channel").parse::<Channel>().unwrap_or_default(),
        priority: form
            .typed("priority")
            .parse::<Priority>()
            .unwrap_or_default(),
        visibility: match form.typed("public") {
            "yes" => Visibility::Public,
            _ => Visibility::default(),
        },
        contact: has_contact.then_some(contact),
        named_place: form.get("named_place").map(str::to_owned),
        address: form.get("place").map(str::to_owned),
        escalate_to: up,
        slip: true,
        ..ReportRequest::new(form.typed("category"), form.typed("text").trim())
    }
}
