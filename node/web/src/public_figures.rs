//! The figures of the present month, for everybody.

use std::time::Duration;

use api::PublicFigures;
use axum::Json;
use domain::{
    measure::Measure,
    rollup::Counters,
    time::{Day, Timestamp},
};
use tokio::{sync::Mutex, time::Instant};

use super::{ask::NodePath, links, openapi::NodeParams, problem::Rejection};

/// Time for which what was counted is shown: everybody may ask, and counting reads all sums.
const SHOWN: Duration = Duration::from_secs(60);

/// What a node counted last.
#[derive(Debug, Default)]
pub struct MonthFigures(Mutex<Option<(Instant, PublicFigures)>>);

/// Get the figures of the present month that anybody may see
///
/// Counts of 1 to 4 are left out. They are counted once a minute.
#[utoipa::path(get, path = "/v1/nodes/{code}/public-figures", tag = "figures", params(NodeParams),
    responses((status = 200, body = PublicFigures)))]
pub(super) async fn month(at: NodePath) -> Result<Json<PublicFigures>, Rejection> {
    let mut last = at.node.month.0.lock().await;
    if let Some((counted, figures)) = &*last
        && counted.elapsed() < SHOWN
    {
        return Ok(Json(figures.clone()));
    }
    let figures = count(&at).await?;
    *last = Some((Instant::now(), figures.clone()));
    Ok(Json(figures))
}

async fn count(at: &NodePath) -> Result<PublicFigures, Rejection> {
    let now = at.node.office.now();
    let (first, last, month) = month_of(now);
    let cells = at.node.office.figures().cells(first, last).await?;
    let total = cells
        .iter()
        .fold(Counters::default(), |sum, (_, counters)| {
            sum.plus(*counters)
        });
    let tree = &at.app_state.tree;
    let children = tree.children(at.division);
    Ok(PublicFigures {
        division: at.division,
        month,
        reported: total[Measure::REPORTED].into(),
        closed: total[Measure::CLOSED].into(),
        reopened: total[Measure::REOPENED].into(),
        as_of_ms: now.0,
        children_up: children.filter(|code| at.node.links.is_up(*code)).count(),
        children_expected: tree.children(at.division).len(),
        silent: links::silent(at.division, &at.node, &at.app_state).await?,
    })
}

/// Returns the first day of the month of a moment, its day, and the month as text.
fn month_of(now: Timestamp) -> (Day, Day, String) {
    let today = now.day();
    let text = today.to_string();
    let month = text.get(..7).unwrap_or(&text).to_owned();
    let first = format!("{month}-01").parse().unwrap_or(today);
    (first, today, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_on_its_first_day_in_shanghai() {
        // 2026-11-30 16:30 UTC is the first of December there.
        let moment = "2026-11-30".parse::<Day>().unwrap().start();
        let later = Timestamp(moment.0 + 24 * 3_600_000 + 1_800_000);
        let (first, today, month) = month_of(later);
        assert_eq!((first, &*month), ("2026-12-01".parse().unwrap(), "2026-12"));
        assert_eq!(today, first);
    }
}
