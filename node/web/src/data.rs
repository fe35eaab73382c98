//! The data of matters, page by page.

use api::{DataLine, DataTable, DataTableQuery, ElementName};
use axum::Json;
use domain::{category::Category, ids::MatterId, standard::Standard, time::Day};
use office::DataRow;

use super::{
    ask::{Asked, NodePath},
    openapi::NodeParams,
    page,
    problem::Rejection,
};

/// List the data of matters that were held here
///
/// Only what says nothing of a person: it stays when the text of a matter is erased.
#[utoipa::path(get, path = "/v1/nodes/{code}/matter-data", tag = "matters", params(NodeParams, DataTableQuery),
    responses((status = 200, body = DataTable)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<DataTableQuery>,
) -> Result<Json<DataTable>, Rejection> {
    let category = query.category.as_deref().map(str::parse::<Category>);
    let category = category.transpose()?;
    let days = (day(query.from.as_deref())?, day(query.to.as_deref())?);
    let after: Option<MatterId> = page::after(query.after.as_deref())?;
    let limit = page::limit(query.limit)?;
    let office = &at.node.office;
    let standard = office.templates().standard_in_force().await?;
    let rows = office
        .matters()
        .data_rows(category.as_ref(), days, (after, limit));
    let (rows, next) = rows.await?;
    Ok(Json(DataTable {
        elements: elements(&standard),
        rows: rows.into_iter().map(line).collect(),
        next: next.map(|next| next.to_string()),
    }))
}

fn day(text: Option<&str>) -> Result<Option<Day>, Rejection> {
    let read = text.map(str::parse::<Day>).transpose();
    read.map_err(|error| Rejection::unfit(&error))
}

fn elements(standard: &Standard) -> Vec<ElementName> {
    let elements = standard.elements().iter().map(|known| &known.element);
    let elements = elements.filter(|element| !element.is_personal());
    let name = |element: &domain::standard::Element| ElementName {
        code: element.code.to_string(),
        name: element.called().into(),
    };
    elements.map(name).collect()
}

fn line(row: DataRow) -> DataLine {
    let values = row.values.into_iter();
    DataLine {
        id: row.id.to_string(),
        reported: row.reported.to_string(),
        category: row.category.to_string(),
        values: values
            .map(|(code, value)| (code.into(), value.into()))
            .collect(),
    }
}
