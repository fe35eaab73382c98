//! Import of matters from other systems.

use api::{ImportReport, ImportRequest, MOST_ROWS, OutcomeLine};
use axum::Json;
use domain::import::Source;
use office::imports::Manner;

use super::{
    ask::{Given, NodePath, Person},
    openapi::SourceParams,
    problem::Rejection,
};

/// Import matters from another system
///
/// Each row is imported once: its `id` is stored under the name of the other system, and a row that
/// comes again gets the matter it became. Therefore this is a PUT and needs no Idempotency-Key. For
/// a bad row the answer lists every bad cell; nothing is imported then, unless `skip_bad` is set. A
/// matter keeps its times from the other system, and a matter that was closed there gets no clocks
/// here, unless `as_new` is set.
#[utoipa::path(put, path = "/v1/nodes/{code}/imports/{source}", tag = "matters", params(SourceParams),
    request_body = ImportRequest, responses((status = 200, body = ImportReport)))]
pub(super) async fn import(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<ImportRequest>,
) -> Result<Json<ImportReport>, Rejection> {
    let source: Source = at.param("source")?;
    if !(1..=MOST_ROWS).contains(&request.rows.len()) {
        return Err(Rejection::unfit((
            format!(
                "one request cannot have {} rows; send 1 to {MOST_ROWS}",
                request.rows.len()
            ),
            format!(
                "一次不能有 {} 行；请发 1 到 {MOST_ROWS} 行",
                request.rows.len()
            ),
        )));
    }
    let manner = Manner {
        dry_run: request.dry_run,
        skip_bad: request.skip_bad,
        as_new: request.as_new,
        datum: request.coordinates,
    };
    let (lines, rows): (Vec<u64>, Vec<_>) = request
        .rows
        .into_iter()
        .map(|row| (row.line, row.cells))
        .unzip();
    let outcomes = at
        .node
        .office
        .matters()
        .import(&source, &rows, manner, by)
        .await?;
    let rows = lines.into_iter().zip(outcomes);
    Ok(Json(ImportReport {
        rows: rows
            .map(|(line, outcome)| OutcomeLine::of(line, outcome))
            .collect(),
    }))
}
