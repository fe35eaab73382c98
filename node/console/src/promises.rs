//! What the division promises by the policy in force: who handles what, and by when.

use std::sync::Arc;

use api::{CategoryPromise, Promises};
use askama::Template;

use crate::{answer::Answer, frame::Frame, visit::Visit, when::When, words::Words};

#[derive(Template)]
#[template(path = "promises.html")]
struct PromisesPage {
    frame: Frame,
    w: Words,
    as_of: When,
    rows: Vec<Row>,
    contest_days: u32,
    is_anonymous: bool,
}

/// What becomes of a report in one category.
struct Row {
    category: String,
    by: String,
    answer: Option<When>,
    finish: Option<When>,
}

/// Shows the promises, as they would be for a report made now.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let promises: Promises = visit.calls.get(&visit.api("promises")?).await?;
    let row = |one: &CategoryPromise| Row {
        category: w.category(&one.code, Some(&one.name)),
        by: by(&visit, one),
        answer: one.answer_by_ms.map(|ms| visit.when(ms)),
        finish: one.finish_by_ms.map(|ms| visit.when(ms)),
    };
    visit.show(&PromisesPage {
        frame: Frame::of(&visit, w.promises_title()),
        w,
        as_of: visit.when(visit.now_ms()),
        rows: promises.categories.iter().map(row).collect(),
        contest_days: promises.contest_days,
        is_anonymous: promises.anonymous,
    })
}

/// Tells who handles a category: tier, platform, department.
fn by(visit: &Visit, one: &CategoryPromise) -> String {
    let tier = one.tier.map(|tier| visit.w.short(tier));
    let all = [
        tier,
        Some(visit.w.short(one.platform)),
        one.department.clone(),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
