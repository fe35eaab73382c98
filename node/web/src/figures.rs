//! Figures of a subtree, and the same figures counted from the journal.

use api::{CellsApart, Figures, JournalCount, RollupBy, RollupLine, RollupQuery, RollupTable};
use axum::Json;
use domain::{
    rollup::{By, Counters, Group, table},
    time::Day,
};
use office::ChildFigures;
use topology::Tier;

use super::{
    ask::{Asked, NodePath},
    links::{self, name},
    openapi::NodeParams,
    problem::Rejection,
};

/// Get the figures of a subtree
#[utoipa::path(get, path = "/v1/nodes/{code}/rollup", tag = "figures", params(NodeParams, RollupQuery),
    responses((status = 200, body = RollupTable)))]
pub(super) async fn rollup(
    at: NodePath,
    Asked(query): Asked<RollupQuery>,
) -> Result<Json<RollupTable>, Rejection> {
    let (from, to) = days_of(&query)?;
    let days = from.unwrap_or(Day(i32::MIN))..=to.unwrap_or(Day(i32::MAX));
    let by = grouped_by(query.by);
    let tree = &at.app_state.tree;
    let cells = at
        .node
        .office
        .figures()
        .cells(*days.start(), *days.end())
        .await?;
    let groups = table(
        cells.iter().map(|(key, counters)| (key, counters)),
        by,
        days,
        tree,
    );
    let total = groups
        .values()
        .fold(Counters::default(), |sum, line| sum.plus(*line));
    let whole = tree.parent(at.division).is_none() && from.is_none() && to.is_none();
    let total = Figures {
        in_transit: whole.then(|| total.in_transit()),
        ..total.into()
    };
    let children = at.node.office.figures().of_children().await?;
    let lines = groups.into_iter().map(|(group, counters)| RollupLine {
        key: group.to_string(),
        name: match &group {
            Group::Day(_) => None,
            Group::Category(category) => category.chinese().map(str::to_owned),
            Group::Platform(platform) => Some(platform.chinese().to_owned()),
            Group::Acting(division) => Some(name(*division, &at.app_state)),
        },
        figures: Figures::from(counters),
    });
    Ok(Json(RollupTable {
        division: at.division,
        from: from.map(|day| day.to_string()),
        to: to.map(|day| day.to_string()),
        by: query.by,
        lines: lines.collect(),
        total,
        as_of_ms: at.node.office.now().0,
        children_up: tree
            .children(at.division)
            .filter(|code| at.node.links.is_up(*code))
            .count(),
        children_expected: tree.children(at.division).len(),
        silent: links::silent(at.division, &at.node, &at.app_state).await?,
        marked: children
            .into_iter()
            .filter(ChildFigures::is_marked)
            .map(Into::into)
            .collect(),
    }))
}

/// Reads the first and the last day that are asked for.
fn days_of(query: &RollupQuery) -> Result<(Option<Day>, Option<Day>), Rejection> {
    let read = |day: &Option<String>| day.as_deref().map(str::parse::<Day>).transpose();
    let unfit = |error: domain::time::BadDay| Rejection::unfit(&error);
    let from = read(&query.from).map_err(unfit)?;
    let to = read(&query.to).map_err(unfit)?;
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Rejection::unfit((
            "the last day is before the first; swap them",
            "结束日期早于开始日期；请对调",
        ))),
        days => Ok(days),
    }
}

const fn grouped_by(by: RollupBy) -> By {
    match by {
        RollupBy::Day => By::Day,
        RollupBy::Category => By::Category,
        RollupBy::Platform => By::Platform,
        RollupBy::Division => By::Acting(Tier::Village),
        RollupBy::Township => By::Acting(Tier::Township),
        RollupBy::County => By::Acting(Tier::County),
        RollupBy::City => By::Acting(Tier::City),
    }
}

/// List the impossible cells of children
///
/// No sum contains them. A cell leaves this list when the child sends a possible value for it.
#[utoipa::path(get, path = "/v1/nodes/{code}/rollup/apart", tag = "figures", params(NodeParams),
    responses((status = 200, body = CellsApart)))]
pub(super) async fn apart(at: NodePath) -> Result<Json<CellsApart>, Rejection> {
    let cells = at.node.office.figures().apart().await?;
    let cells = cells.iter();
    Ok(Json(CellsApart {
        cells: cells.map(|(child, apart)| apart.shown(*child)).collect(),
    }))
}

/// Count the figures from the journal
#[utoipa::path(get, path = "/v1/nodes/{code}/journal/count", tag = "figures", params(NodeParams),
    responses((status = 200, body = JournalCount)))]
pub(super) async fn count(at: NodePath) -> Result<Json<JournalCount>, Rejection> {
    let journal = at.node.office.figures().journal().await?;
    let mut counters = Counters::default();
    for fact in journal.iter().flat_map(|entry| &entry.facts) {
        counters.count(fact.measure);
    }
    Ok(Json(JournalCount {
        division: at.division,
        entries: journal.len() as u64,
        figures: counters.into(),
        as_of_ms: at.node.office.now().0,
    }))
}
