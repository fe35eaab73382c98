//! Pages about the pages: how matters are handled, and the accessibility statement.

use std::sync::Arc;

use askama::Template;

use crate::{answer::Answer, frame::Frame, visit::Visit, words::Words};

#[derive(Template)]
#[template(path = "text.html")]
struct TextPage {
    frame: Frame,
    paragraphs: Vec<&'static str>,
    /// Path and title of a page that says more.
    more: Option<(&'static str, &'static str)>,
}

fn text(
    visit: &Visit,
    title: &'static str,
    paragraphs: Vec<&'static str>,
    more: Option<(&'static str, &'static str)>,
) -> Answer {
    visit.show(&TextPage {
        frame: Frame::of(visit, title),
        paragraphs,
        more,
    })
}

/// Shows how matters are handled.
pub(crate) async fn how(visit: Arc<Visit>) -> Answer {
    let w: Words = visit.w;
    let paragraphs = vec![
        w.how_1(),
        w.how_2(),
        w.how_3(),
        w.how_4(),
        w.how_5(),
        w.how_parts(),
    ];
    let more = visit
        .division()
        .is_ok()
        .then_some(("/promises", w.promises_title()));
    text(&visit, w.how_title(), paragraphs, more)
}

/// Shows the accessibility statement.
pub(crate) async fn accessibility(visit: Arc<Visit>) -> Answer {
    let w: Words = visit.w;
    let paragraphs = vec![
        w.statement_aim(),
        w.statement_works(),
        w.statement_checked(),
        w.statement_no_claim(),
        w.statement_help(),
    ];
    text(&visit, w.statement_title(), paragraphs, None)
}
