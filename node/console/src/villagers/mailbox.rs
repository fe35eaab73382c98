//! The mailbox (村民信箱): letters that were answered in public, found by words and month.

use std::sync::Arc;

use api::Answers;
use askama::Template;
use http::StatusCode;

use crate::{answer::Answer, form::odd, frame::Frame, visit::Visit, when::When, words::Words};

/// Answers on a page.
const PAGE: usize = 20;

struct Row {
    id: String,
    category: String,
    question: Option<String>,
    by: String,
    at: When,
    text: String,
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    frame: Frame,
    w: Words,
    words: String,
    month: String,
    is_bad_month: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Shows public answers with their questions.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let text = |name: &str| visit.query.get(name).unwrap_or_default().to_owned();
    let (words, month, after) = (text("q"), text("month"), text("after"));
    let mut query = format!("answers?limit={PAGE}&q={}", odd(&words));
    for (name, value) in [("month", &month), ("after", &after)] {
        if !value.is_empty() {
            query += &format!("&{name}={}", odd(value));
        }
    }
    let found = visit.calls.get::<Answers>(&visit.api(&query)?).await;
    let (answers, is_bad_month) = match found {
        Ok(found) => (found.answers, false),
        Err(problem) if problem.status == 422 && !month.is_empty() => (vec![], true),
        Err(problem) => return Err(problem),
    };
    let last = answers.last().filter(|_| answers.len() >= PAGE);
    let next = last.map(|last| {
        let (q, month) = (odd(&words), odd(&month));
        format!("/mailbox?q={q}&month={month}&after={}", odd(&last.matter))
    });
    let row = |answer: api::PublicAnswer| Row {
        category: w.category(&answer.category, answer.category_name.as_deref()),
        question: answer.question,
        by: visit.name_of(answer.by),
        at: visit.when(answer.at_ms),
        text: answer.text,
        id: answer.matter,
    };
    let frame = Frame::of(&visit, w.mailbox());
    let page = MailboxPage {
        frame: if is_bad_month {
            frame.after_failure()
        } else {
            frame
        },
        w,
        rows: answers.into_iter().map(row).collect(),
        words,
        month,
        is_bad_month,
        next,
    };
    visit.page(StatusCode::OK, &page)
}
