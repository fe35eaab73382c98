//! Objecting to a disclosure: a matter of the mailbox that says which one it is about.

use std::sync::Arc;

use api::{Channel, Contact, DraftMatter, ReportRequest, Reported};
use http::Method;

use super::{named, period, shown, view};
use crate::{answer::Answer, villagers::receipt, visit::Visit};

/// The category of objections, which the shipped policy lists.
pub(crate) const CATEGORY: &str = "service/disclosure";

/// Sends an objection, and shows its number and slip.
pub(super) async fn send(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let form = &visit.form;
    let line = view(&visit).await?.line;
    // Offices read it in Chinese, whoever writes.
    let chinese = crate::words::Words::default();
    let days = period((&line.from, &line.to, &line.title));
    let about = chinese.open_object_about(named(chinese, &line.item, None), days, &line.number);
    let typed = form.typed("text").trim();
    let contact = Contact {
        name: form.get("name").unwrap_or_default().to_owned(),
        phone: form.get("phone").unwrap_or_default().to_owned(),
        address: String::new(),
    };
    let has_contact = !contact.name.is_empty() || !contact.phone.is_empty();
    let text = if typed.is_empty() {
        String::new()
    } else {
        format!("{about}\n{typed}")
    };
    let request = ReportRequest {
        channel: Channel::Mailbox,
        contact: has_contact.then_some(contact),
        slip: true,
        objects_to: Some(line.number),
        ..ReportRequest::new(CATEGORY, &text)
    };
    let sent = visit
        .calls
        .ask(Method::POST, &visit.api("matters")?, &request)
        .await;
    let reported: Reported = match sent {
        Ok(reply) => reply.read()?,
        Err(problem) if matches!(problem.status, 403 | 409 | 422 | 429 | 503) => {
            return shown(&visit, Some(problem)).await;
        }
        Err(problem) => return Err(problem),
    };
    let token = reported
        .token
        .filter(|token| *token != web::gate::SHOWN_ONCE);
    receipt::show(
        &visit,
        &DraftMatter {
            id: reported.id,
            token,
        },
    )
    .await
}
