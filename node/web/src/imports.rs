//! Taking in matters of other systems.

use api::{ImportReport, ImportRequest, MOST_ROWS, OutcomeLine};
use axum::Json;
use domain::import::Source;
use office::imports::Manner;

use super::{
    ask::{At, Given, Person},
    openapi::SourcePath,
    problem::Rejection,
};

/// Take in matters of another system
///
/// Each row once: its `id` is remembered under the name of the other system, and a row that comes again
/// is answered with the matter it is. That is why this is a PUT and needs no Idempotency-Key. A row that
/// does not fit is told with every cell that is wrong; nothing is done then, unless `skip_bad`. A matter keeps
/// the times it had there, and what was closed there has no clocks here, unless `as_new`.
#[utoipa::path(put, path = "/v1/nodes/{code}/imports/{source}", tag = "matters", params(SourcePath),
    request_body = ImportRequest, responses((status = 200, body = ImportReport)))]
pub(super) async fn import(
    at: At,
    Person(by): Person,
    Given(request): Given<ImportRequest>,
) -> Result<Json<ImportReport>, Rejection> {
    let source: Source = at.param("source")?;
    if !(1..=MOST_ROWS).contains(&request.rows.len()) {
        return Err(Rejection::unfit(&format!(
            "{} rows in one request are not taken; send 1 to {MOST_ROWS}",
            request.rows.len()
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
    let outcomes = at.node.office.import(&source, &rows, manner, by).await?;
    let rows = lines.into_iter().zip(outcomes);
    Ok(Json(ImportReport {
        rows: rows
            .map(|(line, outcome)| OutcomeLine::of(line, outcome))
            .collect(),
    }))
}
