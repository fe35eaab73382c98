//! The desk: the matters of a division for those who work on them.

mod act;
mod alike;
mod boards;
mod bulk;
pub(crate) mod clock;
mod contact;
mod disclosures;
mod dispute;
mod households;
mod inbox;
mod materials;
pub(crate) mod matter;
mod parts;
mod replies;
mod report;
mod rewards;
pub(crate) mod steps;
mod templates;

use std::sync::Arc;

use api::{CategoryPromise, Promises, problem::Problem};
use axum::Router;
use domain::people::Permission;
use web::{problem::Rejection, state::AppState};

use crate::{
    answer::{Answer, lead_to},
    form, page,
    sheet_file::HOUSEHOLDS,
    villagers::{draft, printed},
    visit::Visit,
    words::Words,
};

/// Leads somebody who is not signed in to the sign-in, and tells everybody else that they may not.
pub(crate) fn check_may(
    visit: &Visit,
    permission: Permission,
    told: (&'static str, &'static str),
) -> Result<(), Problem> {
    let rejection = match (visit.may(permission), visit.is_signed_in()) {
        (true, _) => return Ok(()),
        (false, true) => Rejection::denied(told),
        (false, false) => Rejection::unknown_caller(told),
    };
    Err(*rejection.0)
}

/// Adds the pages of the desk.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    matters(village(disclosing(routes)))
        .route("/desk", page(inbox::show))
        .route("/desk/saved", page(to_list).merge(form(inbox::save)))
        .route("/desk/seen", page(to_list).merge(form(inbox::note_seen)))
        .route("/desk/bulk", page(to_list).merge(form(bulk::go)))
        .route(
            "/desk/report",
            page(report::form)
                .merge(form(report::send))
                .layer(draft::limit()),
        )
        .route(
            "/desk/replies",
            page(replies::list).merge(form(replies::change)),
        )
        .route("/desk/templates", page(templates::list))
        .route(
            "/desk/templates/new",
            page(templates::form).merge(form(templates::send)),
        )
        .route(
            "/desk/templates/proposals/{number}",
            page(templates::show_proposal).merge(form(templates::decide)),
        )
        .route("/desk/templates/holds/{kind}", page(templates::holds))
        .route(
            "/desk/templates/{issuer}/{kind}/{name}",
            page(templates::one),
        )
        .route(
            "/desk/templates/{issuer}/{kind}/{name}/rollout",
            page(templates::show).merge(form(templates::act)),
        )
}

/// Adds the pages on which disclosures are worked on.
fn disclosing(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route(
            "/desk/disclosures",
            page(disclosures::list).merge(form(disclosures::begin)),
        )
        .route(
            "/desk/disclosures/form.xlsx",
            page(disclosures::sheet::blank),
        )
        .route(
            "/desk/disclosures/{number}/form.xlsx",
            page(disclosures::sheet::get),
        )
        .route(
            "/desk/disclosures/{number}/files",
            form(disclosures::files::add).layer(draft::limit()),
        )
        .route(
            "/desk/disclosures/{number}/files/{file}",
            page(disclosures::files::get).merge(form(disclosures::files::remove)),
        )
        .route(
            "/desk/disclosures/{number}/sheet",
            form(disclosures::sheet::send),
        )
        .route(
            "/desk/disclosures/{number}",
            page(disclosures::one).merge(form(disclosures::act)),
        )
}

/// Adds the pages of boards and households.
fn village(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/desk/boards", page(boards::list))
        .route(
            "/desk/boards/{board}/{post}",
            page(boards::one).merge(form(boards::act)),
        )
        .route(
            "/desk/households",
            page(households::list).merge(form(households::add)),
        )
        .route("/desk/households/labels", page(households::labels))
        .route(
            "/desk/rewards",
            page(rewards::list).merge(form(rewards::change)),
        )
        .route(
            HOUSEHOLDS,
            page(households::sheet::ask).merge(form(households::sheet::go)),
        )
        .route(
            "/desk/households/sheet/empty.xlsx",
            page(households::sheet::blank),
        )
        .route(
            "/desk/households/{household}",
            page(households::one).merge(form(households::act)),
        )
}

/// Adds the pages of one matter.
fn matters(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/desk/m/{id}", page(matter::show))
        .route("/desk/m/{id}/proof", page(printed::of_matter))
        .route(
            "/desk/m/{id}/contact",
            page(to_matter).merge(form(contact::open)),
        )
        .route(
            "/desk/m/{id}/parts",
            page(parts::form).merge(form(parts::open)),
        )
        .route(
            "/desk/m/{id}/materials",
            page(materials::form).merge(form(materials::check)),
        )
        .route(
            "/desk/m/{id}/act/{act}",
            page(act::form)
                .merge(form(act::do_it))
                .layer(draft::limit()),
        )
        .route(
            "/desk/m/{id}/ask/{request}",
            page(act::ask_form).merge(form(act::ask)),
        )
}

/// Leads to the list, from the address of a form that was answered.
async fn to_list(_: Arc<Visit>) -> Answer {
    lead_to("/desk")
}

/// Leads to the matter, from the address of a form that was answered.
async fn to_matter(visit: Arc<Visit>) -> Answer {
    lead_to(&format!("/desk/m/{}", visit.param("id")))
}

/// The most photos that a form takes.
pub(crate) const MOST_PHOTOS: usize = domain::draft::MOST_PHOTOS;

/// A value that a form offers, and the label of it.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// Returns the values of an enumeration as choices.
pub(crate) fn terms<T: topology::Term>(w: Words, all: &[T], chosen: &str) -> Vec<Choice> {
    let choice = |term: &T| Choice {
        value: term.code().to_owned(),
        label: w.short(*term),
        chosen: term.code() == chosen,
    };
    all.iter().map(choice).collect()
}

/// Returns the categories in which this division takes reports, as choices.
async fn categories(visit: &Visit, chosen: &str) -> Result<Vec<Choice>, Problem> {
    let promises: Promises = visit.calls.get(&visit.api("promises")?).await?;
    let choice = |one: &CategoryPromise| Choice {
        label: visit.w.category(&one.code, Some(&one.name)),
        chosen: one.code == chosen,
        value: one.code.clone(),
    };
    Ok(promises.categories.iter().map(choice).collect())
}
