//! The audit trail: who did what, when, from where.

use std::sync::Arc;

use api::{AuditLine, AuditPage, AuditSeal};
use askama::Template;

use crate::{
    answer::Answer,
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    when::When,
    words::Words,
};

/// Entries on a page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditTrailPage {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
    /// The result of the check of the whole trail, if it was asked for.
    checked: Option<AuditSeal>,
}

struct Row {
    n: u64,
    at: When,
    actor: String,
    whence: String,
    permission: String,
    subject: String,
    ending: String,
    detail: String,
}

/// Shows a page of the trail, and with `?check=1` checks all of it.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let after = visit.query.get("after");
    let more = after.map_or_else(String::new, |after| format!("&after={}", odd(after)));
    let page: AuditPage = visit
        .calls
        .get(&visit.api(&format!("audit?limit={PAGE}{more}"))?)
        .await?;
    let checked = match visit.query.get("check") {
        Some(_) => Some(
            visit
                .calls
                .get::<AuditSeal>(&visit.api("audit/seal")?)
                .await?,
        ),
        None => None,
    };
    let row = |line: AuditLine| Row {
        n: line.n,
        at: visit.when(line.at_ms),
        actor: line.actor,
        whence: line.whence,
        permission: line
            .permission
            .map_or_else(String::new, |permission| w.short(permission)),
        subject: line.subject.unwrap_or_default(),
        ending: w.short(line.ending),
        detail: line.detail.unwrap_or_default(),
    };
    visit.show(&AuditTrailPage {
        frame: Frame::desk(&visit, w.admin_audit()),
        w,
        tabs: super::tabs(&visit),
        rows: page.entries.into_iter().map(row).collect(),
        next: page
            .next
            .map(|next| format!("/admin/audit?after={}", odd(&next))),
        is_first: after.is_none(),
        checked,
    })
}
