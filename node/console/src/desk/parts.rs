//! The parts of a bundle (一件事): each becomes a matter of its own, handled side by side.

use std::sync::Arc;

use api::{PartsRequest, ReportRequest, problem::Problem};
use askama::Template;
use http::Method;

use super::{Choice, categories, matter::seen};
use crate::{
    answer::{Answer, lead_to},
    frame::Frame,
    visit::Visit,
    words::Words,
};

/// Parts that one form opens at most; more are opened by another.
const ROWS: usize = 4;

#[derive(Template)]
#[template(path = "desk/parts-form.html")]
struct PartsPage {
    frame: Frame,
    w: Words,
    id: String,
    seen: String,
    problem: Option<Problem>,
    rows: Vec<Row>,
}

/// A part to open, as it was typed.
struct Row {
    n: usize,
    text: String,
    categories: Vec<Choice>,
}

/// Shows the form.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    page(&visit, None).await
}

async fn page(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let seen = seen(visit, visit.param("id")).await?;
    let (frame, status) = Frame::desk(visit, w.desk_open_parts()).after(problem.as_ref());
    let mut rows = vec![];
    for n in 1..=ROWS {
        let chosen = visit.form.typed(&format!("category{n}"));
        rows.push(Row {
            n,
            text: visit.form.typed(&format!("text{n}")).to_owned(),
            categories: categories(visit, chosen).await?,
        });
    }
    visit.page(
        status,
        &PartsPage {
            frame,
            w,
            id: seen.view.id,
            seen: seen.tag,
            problem,
            rows,
        },
    )
}

/// Opens the parts that were typed.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    let id = visit.param("id");
    let typed = (1..=ROWS).filter_map(|n| {
        let text = visit.form.get(&format!("text{n}"))?;
        let category = visit.form.typed(&format!("category{n}"));
        Some(ReportRequest::new(category, text))
    });
    let request = PartsRequest {
        parts: typed.collect(),
    };
    let path = visit.api(&format!("matters/{id}/parts"))?;
    match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(_) => lead_to(&format!("/desk/m/{id}#bundle")),
        Err(problem) if matches!(problem.status, 400 | 409 | 412 | 422) => {
            page(&visit, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}
