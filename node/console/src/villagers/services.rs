//! Services (办事): what people can apply for, who handles it and by when, and several together as one
//! matter (一件事).

use std::sync::Arc;

use api::{CategoryPromise, Promises};
use askama::Template;

use super::{needs::Facts, report::is_service};
use crate::{answer::Answer, frame::Frame, visit::Visit, when::When, words::Words};

#[derive(Template)]
#[template(path = "services.html")]
struct ServicesPage {
    frame: Frame,
    w: Words,
    services: Vec<Service>,
}

struct Service {
    code: String,
    name: String,
    by: String,
    answer_by: Option<When>,
    finish_by: Option<When>,
    facts: Facts,
}

/// Shows the services.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let promises: Promises = visit.calls.get(&visit.api("promises")?).await?;
    let mut services = vec![];
    for one in promises
        .categories
        .iter()
        .filter(|one| is_service(&one.code))
    {
        services.push(service(&visit, one)?);
    }
    visit.show(&ServicesPage {
        frame: Frame::of(&visit, visit.w.services_title()),
        w: visit.w,
        services,
    })
}

fn service(visit: &Visit, one: &CategoryPromise) -> Result<Service, api::problem::Problem> {
    Ok(Service {
        code: one.code.clone(),
        name: visit.w.category(&one.code, Some(&one.name)),
        by: super::report::receiver(visit, Some(one))?,
        answer_by: one.answer_by_ms.map(|ms| visit.when(ms)),
        finish_by: one.finish_by_ms.map(|ms| visit.when(ms)),
        facts: Facts::of(visit.w, one),
    })
}
