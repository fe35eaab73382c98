//! A disclosure as a table for other programs, and the very text that the public log commits to.

use std::sync::Arc;

use api::DisclosureDocument;
use axum::response::IntoResponse;
use domain::csv;
use http::{HeaderValue, StatusCode, header};
use web::problem::Rejection;

use super::{chosen, view};
use crate::{answer::Answer, form::odd, visit::Visit};

/// Answers with a file that the browser saves.
pub(crate) fn file(name: &str, kind: &'static str, text: String) -> Answer {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((StatusCode::OK, headers, text).into_response())
}

pub(super) fn gone() -> api::problem::Problem {
    *Rejection::missing((
        "this edition was taken down, or does not exist; open the disclosure to see which there are",
        "这一版已撤下或不存在；请打开公开内容看有哪些版本",
    ))
    .0
}

/// Answers with the fields and the table of an edition.
pub(super) async fn csv(visit: Arc<Visit>) -> Answer {
    let view = view(&visit).await?;
    let document = chosen(&visit, &view).and_then(|edition| edition.document);
    let document = document.ok_or_else(gone)?;
    file(
        &format!("{}.csv", view.line.number),
        "text/csv; charset=utf-8",
        written(&document),
    )
}

/// Answers with a file of an edition.
pub(super) async fn attached(visit: Arc<Visit>) -> Answer {
    let (number, file) = (odd(visit.param("number")), odd(visit.param("file")));
    let path = format!("disclosures/{number}/attachments/{file}");
    visit.calls.relay(&visit.api(&path)?).await
}

/// Answers with the same as a workbook.
pub(super) async fn xlsx(visit: Arc<Visit>) -> Answer {
    let view = view(&visit).await?;
    let edition = chosen(&visit, &view).ok_or_else(gone)?.edition;
    let number = odd(&view.line.number);
    let path = format!("disclosures/{number}/table.xlsx?edition={edition}");
    visit.calls.relay(&visit.api(&path)?).await
}

/// Answers with the text of an edition, byte for byte.
pub(super) async fn text(visit: Arc<Visit>) -> Answer {
    let view = view(&visit).await?;
    let text = chosen(&visit, &view).and_then(|edition| edition.text);
    file(
        &format!("{}.json", view.line.number),
        "application/json",
        text.ok_or_else(gone)?,
    )
}

/// Answers with the receipt of an edition, which anybody checks without asking this node.
pub(super) async fn receipt(visit: Arc<Visit>) -> Answer {
    let view = view(&visit).await?;
    let edition = chosen(&visit, &view).map_or(0, |one| one.edition);
    let number = &view.line.number;
    let path = format!("disclosures/{}/receipt?edition={edition}", odd(number));
    let mut response = visit.calls.relay(&visit.api(&path)?).await?;
    let name = format!("attachment; filename=\"receipt-{number}-{edition}.json\"");
    let name = HeaderValue::from_str(&name).map(|name| (header::CONTENT_DISPOSITION, name));
    let headers = response.headers_mut();
    headers.extend(name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Writes a document as CSV with a mark of UTF-8, which spreadsheets need.
fn written(document: &DisclosureDocument) -> String {
    let mut text = csv::MARK.to_owned();
    text += &csv::line(&[
        &document.item,
        &document.from,
        &document.to,
        &document.title,
    ]);
    for field in &document.fields {
        let unit = field.unit.as_deref().unwrap_or_default();
        text += &csv::line(&[&*field.name, &*field.value, unit]);
    }
    if !document.columns.is_empty() {
        let names = document.columns.iter().map(|column| column.name.as_str());
        text += &csv::line(&names.collect::<Vec<_>>());
        for row in &document.rows {
            text += &csv::line(row);
        }
    }
    if !document.note.is_empty() {
        text += &csv::line(&[&document.note]);
    }
    text
}
