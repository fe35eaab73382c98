//! The matters of a person with an account: the list, and each of them without a slip.

use std::sync::Arc;

use api::{MatterLine, MatterPage, MatterStatus, Named};
use askama::Template;
use http::StatusCode;

use super::matter::{Own, state_of};
use crate::{
    answer::Answer,
    form::odd,
    frame::Frame,
    visit::Visit,
    when::{When, length},
    words::Words,
};

/// Matters on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "my.html")]
struct AskPage {
    frame: Frame,
    w: Words,
    number: String,
    is_wrong: bool,
    /// The matters of the account; `None` if nobody is signed in.
    own: Option<Vec<Row>>,
    next: Option<String>,
}

/// A matter of the list.
struct Row {
    id: String,
    category: String,
    at: When,
    state: String,
    is_closed: bool,
    due: Option<(When, String, bool)>,
    /// By what rows are ordered: open ones first, the next due before others.
    order: (bool, i64),
}

/// Shows the form that asks for number and slip, and the matters of whoever is signed in.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    ask(&visit, false).await
}

/// Shows the form, again if number and slip fit nothing.
pub(super) async fn ask(visit: &Visit, is_wrong: bool) -> Answer {
    let frame = Frame::of(visit, visit.w.my_title());
    let (frame, status) = match is_wrong {
        true => (frame.after_failure(), StatusCode::NOT_FOUND),
        false => (frame, StatusCode::OK),
    };
    let (own, next) = match visit.is_signed_in() {
        true => own(visit).await.map(|(rows, next)| (Some(rows), next))?,
        false => (None, None),
    };
    let number = visit.form.typed("number").trim().to_owned();
    visit.page(
        status,
        &AskPage {
            frame,
            w: visit.w,
            number,
            is_wrong,
            own,
            next,
        },
    )
}

async fn own(visit: &Visit) -> Result<(Vec<Row>, Option<String>), api::problem::Problem> {
    let after = visit
        .query
        .get("after")
        .map(|after| format!("&after={}", odd(after)));
    let path = format!("session/matters?limit={PAGE}{}", after.unwrap_or_default());
    let found: Named<MatterPage> = visit.calls.get(&visit.api(&path)?).await?;
    let mut rows: Vec<Row> = found
        .facts
        .matters
        .into_iter()
        .map(|line| row(visit, line))
        .collect();
    rows.sort_by_key(|row| row.order);
    let next = found
        .facts
        .next
        .map(|next| format!("/my?after={}", odd(&next)));
    Ok((rows, next))
}

fn row(visit: &Visit, line: MatterLine) -> Row {
    let w = visit.w;
    let is_closed = matches!(line.status, MatterStatus::Closed(_));
    let due = line.due_ms.filter(|_| !is_closed).map(|due| {
        let left = due - visit.now_ms();
        let time = length(left, visit.view.language);
        let words = match left < 0 {
            true => w.my_late(time),
            false => w.my_left(time),
        };
        (visit.when(due), words, left < 0)
    });
    Row {
        category: w.category(&line.category, line.category_name.as_deref()),
        at: visit.when(line.reported_ms),
        state: state_of(w, line.status),
        is_closed,
        order: match (is_closed, line.due_ms) {
            (true, _) => (true, -line.reported_ms),
            (false, due) => (false, due.unwrap_or(i64::MAX)),
        },
        due,
        id: line.id,
    }
}

/// Shows one of them, and does what its reporter asks for.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    of_account(&visit).answer(&visit).await
}

/// Shows a photo of one of them.
pub(crate) async fn photo(visit: Arc<Visit>) -> Answer {
    relay(&visit, "/thumb").await
}

/// Hands out a document of one of them.
pub(crate) async fn file(visit: Arc<Visit>) -> Answer {
    relay(&visit, "").await
}

async fn relay(visit: &Visit, part: &str) -> Answer {
    let own = of_account(visit);
    let (number, no) = (odd(&own.number), odd(visit.param("no")));
    let path = visit.api(&format!("matters/{number}/attachments/{no}{part}"))?;
    own.calls.relay(&path).await
}

fn of_account(visit: &Visit) -> Own {
    Own {
        number: visit.param("id").to_owned(),
        slip: None,
        calls: visit.calls.clone(),
    }
}
