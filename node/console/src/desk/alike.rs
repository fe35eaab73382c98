//! Matters that may be the same, side by side with the one that is shown.

use api::{Alike, AlikeMatters, MatterView, Named, problem::Problem};

use super::{
    matter::{files, status},
    steps::{self, Photo},
};
use crate::{visit::Visit, when::When};

/// The most similar matters that a page shows.
const MOST: usize = 4;
/// The most characters of a text that are shown.
const MOST_TEXT: usize = 160;
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// Another matter that may be the same.
pub(super) struct Pair {
    pub(super) id: String,
    pub(super) category: String,
    pub(super) status: String,
    pub(super) reported: When,
    /// Why they may be the same: likeness, distance, days between the reports.
    pub(super) why: Vec<String>,
    pub(super) text: Option<String>,
    /// Photos that came with the report.
    pub(super) photos: Vec<Photo>,
}

/// Returns the matters that are most like one, the most alike first.
pub(super) async fn of(visit: &Visit, view: &MatterView) -> Result<Vec<Pair>, Problem> {
    let path = visit.api(&format!("matters/{}/alike", view.id))?;
    let found: AlikeMatters = visit.calls.get(&path).await?;
    let mut pairs = vec![];
    for alike in found.matters.into_iter().take(MOST) {
        let path = visit.api(&format!("matters/{}", alike.id))?;
        // Whoever may merge one need not be allowed to see the other.
        let other: Named<MatterView> = match visit.calls.get(&path).await {
            Ok(other) => other,
            Err(problem) if matches!(problem.status, 403 | 404) => continue,
            Err(problem) => return Err(problem),
        };
        pairs.push(pair(visit, view, &alike, &other.facts).await?);
    }
    Ok(pairs)
}

fn reported_ms(view: &MatterView) -> i64 {
    view.steps.first().map_or(0, |step| step.at_ms)
}

async fn pair(
    visit: &Visit,
    view: &MatterView,
    alike: &Alike,
    other: &MatterView,
) -> Result<Pair, Problem> {
    let w = visit.w;
    let apart = reported_ms(view).abs_diff(reported_ms(other)) / DAY_MS;
    let metres = alike.metres.map(|metres| w.desk_alike_metres(metres));
    let days = match apart {
        0 => w.desk_alike_same_day().to_owned(),
        days => w.desk_alike_days(days),
    };
    let why = [Some(w.desk_alike_why(alike.likeness)), metres, Some(days)];
    let files = files(visit, &other.id).await?;
    let text = steps::text(w, &other.body);
    Ok(Pair {
        id: other.id.clone(),
        category: w.category(&other.category, other.category_name.as_deref()),
        status: status(w, other.status),
        reported: visit.when(reported_ms(other)),
        why: why.into_iter().flatten().collect(),
        text: text.map(|text| text.chars().take(MOST_TEXT).collect()),
        photos: steps::photos(visit, &other.id, &files, 0),
    })
}
