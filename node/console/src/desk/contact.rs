//! The contact of a reporter: masked, opened for a reason, and closed again on leaving.

use std::sync::Arc;

use api::{Contact, ContactReason, ContactRequest, MatterView, OpenedContact, StandingView};
use domain::people::Permission;
use http::Method;
use topology::Term;
use web::{idempotency::REPLAYED, problem::Rejection};

use super::{
    Choice,
    matter::{Besides, shown},
    terms,
};
use crate::{
    answer::{Answer, lead_to},
    visit::Visit,
    words::Words,
};

/// The contact as a page shows it.
pub(super) struct ContactPart {
    /// What is known, masked unless it is open.
    pub(super) rows: Vec<(&'static str, String)>,
    pub(super) is_open: bool,
    /// What it may be opened for; empty if the person may not open it.
    pub(super) reasons: Vec<Choice>,
}

impl ContactPart {
    /// Returns the contact of a matter; `None` if there is none here.
    pub(super) fn of(visit: &Visit, view: &MatterView, opened: Option<&Contact>) -> Option<Self> {
        let known = opened.or(view.contact.as_ref())?;
        let is_held = view.standing == StandingView::Holding;
        let may_open = is_held && opened.is_none() && visit.may(Permission::OpenContact);
        Some(Self {
            rows: rows(visit.w, known),
            is_open: opened.is_some(),
            reasons: match may_open {
                true => terms(visit.w, &ContactReason::ALL, visit.form.typed("reason")),
                false => vec![],
            },
        })
    }
}

fn rows(w: Words, contact: &Contact) -> Vec<(&'static str, String)> {
    let rows = [
        (w.desk_name(), contact.name.clone()),
        (w.telephone(), contact.phone.clone()),
        (w.address(), contact.address.clone()),
    ];
    rows.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// Opens the contact, which the audit trail records with the reason, and shows it once: who loads the
/// page again or comes back to it finds it closed.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    let id = visit.param("id");
    let Some(reason) = ContactReason::of_code(visit.form.typed("reason")) else {
        let problem = Rejection::unfit((
            "the reason why the contact is needed is missing; choose one, then open it",
            "没有选择查看联系方式的理由；请先选一个",
        ))
        .0
        .in_language(visit.view.language);
        let besides = Besides {
            problem: Some(problem),
            ..Besides::default()
        };
        return shown(&visit, besides).await;
    };
    let path = visit.api(&format!("matters/{id}/contact"))?;
    let request = ContactRequest { reason };
    let reply = visit.calls.ask(Method::POST, &path, &request).await?;
    if reply.headers.contains_key(REPLAYED) {
        return lead_to(&format!("/desk/m/{id}#contact"));
    }
    let opened: OpenedContact = reply.read()?;
    let besides = Besides {
        opened: Some(opened.contact),
        ..Besides::default()
    };
    shown(&visit, besides).await
}
