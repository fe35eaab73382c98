//! The materials of an application, ticked at the window: what is missing is told in writing, once (一次性告知).

use std::sync::Arc;

use api::{CheckMaterials, MaterialsView, problem::Problem};
use askama::Template;
use http::Method;

use super::Choice;
use crate::{
    answer::{Answer, lead_to},
    form::is_beside,
    frame::Frame,
    villagers::material,
    visit::Visit,
    when::When,
    words::Words,
};

#[derive(Template)]
#[template(path = "desk/materials.html")]
struct MaterialsPage {
    frame: Frame,
    w: Words,
    id: String,
    rows: Vec<Choice>,
    checked: Option<When>,
    is_complete: bool,
    problem: Option<Problem>,
}

/// Shows the list.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    page(&visit, None).await
}

async fn page(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let id = visit.param("id").to_owned();
    let path = visit.api(&format!("matters/{id}/materials"))?;
    let found: MaterialsView = visit.calls.get(&path).await?;
    let typed: Vec<&str> = visit.form.all("there").collect();
    let rows = found.asked.iter().map(|one| {
        let is_there = found.checks > 0 && !found.missing.contains(&one.code);
        Choice {
            value: one.code.clone(),
            label: material(w, one),
            chosen: is_there || typed.contains(&one.code.as_str()),
        }
    });
    let (frame, status) = Frame::desk(visit, w.materials_title()).after(problem.as_ref());
    visit.page(
        status,
        &MaterialsPage {
            frame,
            w,
            id,
            rows: rows.collect(),
            checked: found.checked_at_ms.map(|ms| visit.when(ms)),
            is_complete: found.checks > 0 && found.missing.is_empty(),
            problem,
        },
    )
}

/// Records which are there.
pub(crate) async fn check(visit: Arc<Visit>) -> Answer {
    let id = visit.param("id");
    let there = visit.form.all("there").map(str::to_owned);
    let request = CheckMaterials {
        there: there.collect(),
    };
    let path = visit.api(&format!("matters/{id}/materials"))?;
    let calls = visit.with_form_headers();
    match calls.ask(Method::POST, &path, &request).await {
        Ok(_) => lead_to(&format!("/desk/m/{id}/materials")),
        Err(problem) if is_beside(&problem) => page(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}
