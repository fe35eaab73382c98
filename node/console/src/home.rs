//! The home page of a division, for everybody.

use std::sync::Arc;

use api::{Answers, PublicCount, PublicFigures};
use askama::Template;

use crate::{
    answer::Answer,
    disclosures::{self, Row},
    frame::Frame,
    front,
    visit::Visit,
    when::{When, count},
    words::Words,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    w: Words,
    /// What was made public last.
    newest: Vec<Row>,
    /// What should have been made public by now.
    overdue: Vec<String>,
    answers: Vec<AnswerRow>,
    figures: Option<Figures>,
}

/// What was reported and done in the present month, in words.
struct Figures {
    says: String,
    as_of: When,
    by: String,
    below: Option<String>,
    /// Divisions below that are silent, with when they were last heard of.
    silent: Vec<(String, Option<When>)>,
}

/// A published answer.
struct AnswerRow {
    category: String,
    by: String,
    at: When,
    text: String,
}

/// Shows the home page; on a host of no division, the front page.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let Ok(division) = visit.division() else {
        return front::show(&visit).await;
    };
    let path = visit.api("answers?limit=5")?;
    let found: Answers = visit.calls.get(&path).await?;
    let row = |answer: api::PublicAnswer| AnswerRow {
        category: visit
            .w
            .category(&answer.category, answer.category_name.as_deref()),
        by: visit.name_of(answer.by),
        at: visit.when(answer.at_ms),
        text: answer.text,
    };
    let figures: PublicFigures = visit.calls.get(&visit.api("public-figures")?).await?;
    let (newest, overdue) = disclosures::newest(&visit).await?;
    visit.show(&HomePage {
        newest,
        overdue,
        figures: in_words(&visit, &figures),
        frame: Frame::of(&visit, visit.name_of(division)),
        w: visit.w,
        answers: found.answers.into_iter().map(row).collect(),
    })
}

/// Returns the figures in words; nothing before anything was reported.
fn in_words(visit: &Visit, figures: &PublicFigures) -> Option<Figures> {
    let w = visit.w;
    let counts = [figures.reported, figures.closed, figures.reopened];
    if counts.iter().all(|count| *count == PublicCount(Some(0))) {
        return None;
    }
    let [reported, closed, reopened] = counts.map(|PublicCount(number)| match number {
        Some(number) => w.home_count(count(number)),
        None => w.home_few().to_owned(),
    });
    let (up, expected) = (figures.children_up, figures.children_expected);
    Some(Figures {
        says: w.home_figures(&figures.month, reported, closed, reopened),
        as_of: visit.when(figures.as_of_ms),
        by: visit.name_of(figures.division),
        below: (expected > 0).then(|| match up == expected {
            true => w.home_below_all(expected),
            false => w.home_below(up, expected),
        }),
        silent: figures
            .silent
            .iter()
            .map(|child| {
                (
                    child.name.clone(),
                    child.last_contact_ms.map(|at| visit.when(at)),
                )
            })
            .collect(),
    })
}
