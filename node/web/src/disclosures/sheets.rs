//! Forms and published tables of disclosures as sheets (XLSX).

use api::{
    BlankFormQuery, DisclosureDocument, DisclosureReceiptQuery, DisclosureWork, FillQuery,
    problem::ProblemCode,
};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{IntoResponse, Response},
};
use domain::{
    disclosure::{Content, Disclosure, Field},
    time::{Day, Timestamp},
};
use http::{HeaderValue, header};
use office::{NewDisclosure, NoReceipt};
use sheet::{
    Limits,
    form::{self, FormId, Published, XLSX},
};
use topology::DivisionCode;

use super::in_hand::view;
use crate::{
    ask::{Asked, Authenticated, NodePath, Person, unreadable},
    openapi::{DisclosureParams, NodeParams},
    problem::Rejection,
};

/// Answers with a sheet that browsers save under a name.
fn sent(name: &str, kept: &'static str, bytes: Vec<u8>) -> Response {
    let name = HeaderValue::try_from(format!("attachment; filename=\"{name}.xlsx\""));
    let name = name.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(XLSX)),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, bytes).into_response()
}

/// Works on a sheet where blocking is allowed.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Rejection> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a sheet could not be read or written");
        Rejection::unfit((
            "the sheet cannot be read; save it again as XLSX",
            "表单读不出来；请另存为 XLSX",
        ))
    })
}

/// Returns which form an edition that is being worked on has.
fn form_id(division: DivisionCode, one: &Disclosure) -> FormId {
    FormId {
        division,
        number: one.id,
        edition: one.editions + 1,
        template: one.template.clone(),
        version: one.template_version,
    }
}

fn period(one: &Disclosure) -> String {
    match &*one.title {
        "" => one.span.to_string(),
        title => format!("{title} {}", one.span),
    }
}

async fn written(at: &NodePath, one: Disclosure, content: Content) -> Result<Response, Rejection> {
    let id = form_id(at.division, &one);
    let name = one.id.to_string();
    let bytes = apart(move || form::written(&id, &one.item, &period(&one), &content)).await?;
    Ok(sent(&name, "no-store", bytes))
}

/// Get the form of a disclosure as a sheet (XLSX)
///
/// With what is typed so far. It is filled in and sent back with PUT.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-work/{number}/form.xlsx", tag = "disclosures",
    params(DisclosureParams),
    responses((status = 200, description = "The sheet", body = Vec<u8>, content_type = XLSX)))]
pub(crate) async fn form(at: NodePath) -> Result<Response, Rejection> {
    let (one, ..) = at
        .node
        .office
        .disclosures()
        .work(at.param("number")?)
        .await?;
    let content = one.work.as_ref().map(|work| work.content.clone());
    let content = content.ok_or_else(no_edition)?;
    written(&at, one, content).await
}

fn no_edition() -> Rejection {
    Rejection::new(
        ProblemCode::RefusedByTheRules,
        (
            "no edition is being worked on; begin a correction first",
            "没有正在办理的版本；请先更正",
        ),
    )
}

/// Get the empty form of an item as a sheet (XLSX)
///
/// For the period that a day is in, or for an event. It fits the disclosure that is begun with the same words.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-form.xlsx", tag = "disclosures",
    params(NodeParams, BlankFormQuery),
    responses((status = 200, description = "The sheet", body = Vec<u8>, content_type = XLSX)))]
pub(crate) async fn blank(
    at: NodePath,
    Person(by): Person,
    Asked(query): Asked<BlankFormQuery>,
) -> Result<Response, Rejection> {
    let new = NewDisclosure {
        item: query.item,
        day: query
            .day
            .parse::<Day>()
            .map_err(|error| Rejection::unfit(&error))?,
        title: query.title.unwrap_or_default(),
        like: None,
    };
    let disclosures = at.node.office.disclosures();
    let one = disclosures.imagined(&new, by.actor().clone()).await?;
    let content = one.item.blank();
    written(&at, one, content).await
}

/// Keep what a sheet with the form says
///
/// The sheet is the one that GET gives. One that is no such form, is of another disclosure, edition or template, or has
/// cells that say something else than they show changes nothing. What is wrong in the form is told with the cells, and
/// does not keep it from being saved.
#[utoipa::path(put, path = "/v1/nodes/{code}/disclosure-work/{number}/form.xlsx", tag = "disclosures",
    params(DisclosureParams, FillQuery), request_body(content = Vec<u8>, content_type = XLSX),
    responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn fill(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<FillQuery>,
    file: Result<Bytes, BytesRejection>,
) -> Result<Json<DisclosureWork>, Rejection> {
    let file =
        file.map_err(|error| Rejection::unread(error.status(), unreadable(&error.body_text())))?;
    let id = at.param("number")?;
    let disclosures = at.node.office.disclosures();
    let (one, ..) = disclosures.work(id).await?;
    one.is_seen(query.version)?;
    let work = one.work.as_ref().ok_or_else(no_edition)?;
    let before = work.despite.as_deref().map(str::to_owned);
    let despite = match query.despite {
        Some(why) => Some(why).filter(|why| !why.trim().is_empty()),
        None => before,
    };
    let expected = form_id(at.division, &one);
    let (version, item) = (one.version, one.item);
    let read = apart(move || form::read(&file, &expected, &item, &Limits::SENT)).await?;
    let typed = read.map_err(|bad| Rejection::unfit(&bad))?;
    let said = (typed.content.clone(), despite);
    disclosures.write(id, Some(version), said, by).await?;
    let Json(mut work) = view(&at, &guest, id).await?;
    for fault in &mut work.faults {
        fault.cell = Some(typed.cell(fault.spot()));
    }
    Ok(Json(work))
}

/// Get what was published as a sheet (XLSX)
///
/// The latest edition unless one is named.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}/table.xlsx", tag = "disclosures",
    params(DisclosureParams, DisclosureReceiptQuery),
    responses((status = 200, description = "The sheet", body = Vec<u8>, content_type = XLSX)))]
pub(crate) async fn table(
    at: NodePath,
    Asked(query): Asked<DisclosureReceiptQuery>,
) -> Result<Response, Rejection> {
    let id = at.param("number")?;
    let seen = at.node.office.disclosures().seen(id).await?;
    let wanted = query.edition.unwrap_or(seen.disclosure.editions);
    let mut editions = seen.editions.into_iter();
    let found = editions.find(|one| one.edition.number == wanted);
    let document = found.and_then(|one| DisclosureDocument::read(&one.edition.document));
    let document = document.ok_or_else(|| Rejection::from(NoReceipt::Edition(id, wanted)))?;
    let name = format!("{id}-{wanted}");
    let bytes = apart(move || form::published(&shown(document))).await?;
    Ok(sent(&name, "no-cache", bytes))
}

/// Returns a document as its sheet shows it.
fn shown(document: DisclosureDocument) -> Published {
    let mut title = format!("{} {} – {}", document.item, document.from, document.to);
    if !document.title.is_empty() {
        title = format!("{title} {}", document.title);
    }
    let day = |ms| Timestamp(ms).day().to_string();
    let edition = format!("{}，第 {} 版", document.number, document.edition);
    let facts = [
        ("公开编号", Some(edition)),
        ("类别", Some(document.class.chinese().to_owned())),
        ("公开日期", Some(day(document.published_at_ms))),
        ("更正原因", document.reason),
    ];
    let field = |name: String, kind, unit: Option<String>| Field {
        name: name.into(),
        kind,
        unit: unit.map(String::into_boxed_str),
        required: true,
        options: vec![],
    };
    let fields = document.fields.into_iter();
    let columns = document.columns.into_iter();
    Published {
        title,
        facts: facts
            .into_iter()
            .filter_map(|(label, text)| Some((label.to_owned(), text?)))
            .collect(),
        fields: fields
            .map(|one| (field(one.name, one.kind, one.unit), one.value))
            .collect(),
        columns: columns
            .map(|one| field(one.name, one.kind, one.unit))
            .collect(),
        rows: document.rows,
        note: document.note,
    }
}
