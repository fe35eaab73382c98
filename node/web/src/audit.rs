//! The audit trail: read, exported, checked.

use std::str::FromStr;

use api::{AuditExport, AuditLine, AuditPage, AuditQuery, AuditSeal};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    audit::{AuditEntry, AuditFilter},
    csv,
};
use http::header;

use super::{
    ask::{Asked, Given, NodePath, Person},
    openapi::NodeParams,
    page,
    problem::{InChinese, Rejection},
};

/// Headings of an exported trail, with the names of the fields.
const HEADINGS: [&str; 8] = [
    "序号 n",
    "时间 at",
    "操作人 actor",
    "来源 whence",
    "权限 permission",
    "对象 subject",
    "结果 ending",
    "详情 detail",
];

/// Read the audit trail, oldest entry first
///
/// A page reads at most 20,000 entries, so that one with a filter may be short and still have a next one.
#[utoipa::path(get, path = "/v1/nodes/{code}/audit", tag = "people", params(NodeParams, AuditQuery),
    responses((status = 200, body = AuditPage)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditPage>, Rejection> {
    let limit = page::limit(query.limit)?;
    let after: u64 = page::after(query.after.as_deref())?.unwrap_or_default();
    let filter = AuditFilter {
        actor: read(query.actor.as_deref())?,
        permission: query.permission,
        ending: query.ending,
        subject: read(query.subject.as_deref())?,
        origin: query.origin,
        from: read(query.from.as_deref())?,
        to: read(query.to.as_deref())?,
    };
    let people = at.node.office.people();
    let found = people.find_audit(&filter, after, limit).await?;
    Ok(Json(AuditPage {
        entries: found.entries.iter().map(AuditLine::from).collect(),
        next: found.next.map(|last| last.to_string()),
    }))
}

/// Export the audit trail as a table (CSV)
///
/// The export is an entry of the audit trail itself, which is recorded before you get the answer and is not in
/// the table. At most 20,000 entries; of more, choose fewer days or a narrower filter. Cells that a spreadsheet would
/// take for a formula begin with an apostrophe.
#[utoipa::path(post, path = "/v1/nodes/{code}/audit/export", tag = "people", params(NodeParams),
    request_body = AuditExport,
    responses((status = 200, body = String, content_type = "text/csv; charset=utf-8")))]
pub(super) async fn export(
    at: NodePath,
    Person(by): Person,
    Given(wanted): Given<AuditExport>,
) -> Result<Response, Rejection> {
    let filter = AuditFilter {
        actor: read(wanted.actor.as_deref())?,
        permission: wanted.permission,
        ending: wanted.ending,
        subject: read(wanted.subject.as_deref())?,
        origin: wanted.origin,
        from: read(wanted.from.as_deref())?,
        to: read(wanted.to.as_deref())?,
    };
    let people = at.node.office.people();
    let after = wanted.after.unwrap_or_default();
    let entries = people.export_audit(&filter, after, by).await?;
    let mut table = csv::MARK.to_owned() + &csv::line(&HEADINGS);
    for entry in &entries {
        table += &csv::line(&cells(entry));
    }
    let named = format!("attachment; filename=\"audit-{}.csv\"", at.division);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, named),
    ];
    Ok((headers, table).into_response())
}

fn cells(entry: &AuditEntry) -> [String; 8] {
    let line = AuditLine::from(entry);
    [
        line.n.to_string(),
        entry.at.to_string(),
        line.actor,
        line.whence,
        line.permission
            .map_or_else(String::new, |permission| permission.to_string()),
        line.subject.unwrap_or_default(),
        line.ending.to_string(),
        line.detail.unwrap_or_default(),
    ]
}

fn read<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Rejection>
where
    T::Err: InChinese,
{
    let text = text.filter(|text| !text.trim().is_empty());
    let read = text.map(str::parse).transpose();
    read.map_err(|error: T::Err| Rejection::unfit(&error))
}

/// Check the whole audit trail
#[utoipa::path(get, path = "/v1/nodes/{code}/audit/seal", tag = "people", params(NodeParams),
    responses((status = 200, description = "The audit trail is intact", body = AuditSeal),
        (status = 409, description = "The audit trail was changed", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn verify(at: NodePath) -> Result<Json<AuditSeal>, Rejection> {
    Ok(Json(at.node.office.people().verify_audit().await?.into()))
}
