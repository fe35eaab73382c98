//! What the caller has seen of matters: lists mark what is new to the person. Each person has their own notes.

use api::{MatterPage, MatterView, SeenMatter, SeenRequest, Unread};
use axum::http::StatusCode;
use domain::{
    ids::{BadMatterId, MatterId},
    people::{AccountId, Who},
    time::Timestamp,
};
use office::{Fault, Office};

use super::{
    ask::{Authenticated, Given, NodePath},
    gate::Principal,
    openapi::NodeParams,
    problem::Rejection,
};

/// The most matters of one request.
const MOST: usize = 100;

const fn account(guest: &Principal) -> Option<AccountId> {
    match &guest.known.who {
        Who::Account(account) => Some(account.id),
        _ => None,
    }
}

/// Note what you have seen of matters
///
/// Lists then do not mark them until something happens. Closed and unknown matters are left out. The note is
/// kept soon after the answer; if the process crashes before, a matter is marked again.
#[utoipa::path(put, path = "/v1/nodes/{code}/session/seen", tag = "session", params(NodeParams),
    request_body = SeenRequest, responses((status = 202, description = "Noted")))]
pub(super) async fn note(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Given(SeenRequest { matters }): Given<SeenRequest>,
) -> Result<StatusCode, Rejection> {
    let Some(account) = account(&guest) else {
        return Err(Rejection::denied((
            "only a person with an account has seen something; log in",
            "有账号的人才有已看标记；请先登录",
        )));
    };
    if matters.len() > MOST {
        return Err(Rejection::unfit((
            format!(
                "{} matters are too many; send at most {MOST} at once",
                matters.len()
            ),
            format!("{} 件太多；一次最多 {MOST} 件", matters.len()),
        )));
    }
    let read = |one: SeenMatter| {
        let id = one.id.parse();
        let id: MatterId = id.map_err(|error: BadMatterId| Rejection::unfit(&error))?;
        Ok((id, Timestamp(one.as_of_ms)))
    };
    let seen = matters.into_iter().map(read);
    let seen: Vec<(MatterId, Timestamp)> = seen.collect::<Result<_, Rejection>>()?;
    at.node.office.people().note_seen(account, &seen).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Notes that the caller was shown a matter. What keeps the note from being written keeps nobody from reading.
pub(super) async fn was_shown(office: &Office, guest: &Principal, id: MatterId, view: &MatterView) {
    let (Some(account), Some(last)) = (account(guest), view.steps.last()) else {
        return;
    };
    let seen = [(id, Timestamp(last.at_ms))];
    if let Err(error) = office.people().note_seen(account, &seen).await {
        tracing::debug!(matter = %id, %error, "that a matter was seen is not noted");
    }
}

/// Marks the lines of a page that the caller has not seen.
pub(super) async fn mark(
    office: &Office,
    guest: &Principal,
    page: &mut MatterPage,
) -> Result<(), Fault> {
    let Some(account) = account(guest) else {
        return Ok(());
    };
    let open = page
        .matters
        .iter_mut()
        .filter(|line| !matches!(line.status, api::MatterStatus::Closed(_)));
    let mut open: Vec<_> = open
        .filter_map(|line| Some((line.id.parse::<MatterId>().ok()?, line)))
        .collect();
    let ids: Vec<_> = open.iter().map(|(id, _)| *id).collect();
    let seen = office.people().seen(account, ids).await?;
    for (id, line) in &mut open {
        line.unread = match seen.get(id) {
            None => Some(Unread::New),
            Some(at) if at.0 != line.as_of_ms => Some(Unread::Changed),
            Some(_) => None,
        };
    }
    Ok(())
}
