//! What people do with matters over the API.

mod asked;

use api::{
    ActRequest, Asking, MatterPage, MatterView, MattersQuery, Named, Parts, PartsRequest,
    ReportRequest, Reported, WishRequest,
};
use axum::{
    Extension, Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{ids::MatterId, people::Permission};
use office::{OfficeError, people::TokenKind};
use tracing::{Instrument, info_span};

use self::asked::{new_report, search, work};
use super::{
    ask::{Asked, At, Authenticated, Given, Person, Traced},
    gate::{Kept, Principal, SHOWN_ONCE},
    openapi::{MatterPath, NodePath},
    permissions,
    problem::Rejection,
    tag::Tagged,
};

type Shown = Result<Tagged, Rejection>;

/// Report a matter 上报
///
/// Reports taken by telephone or on paper, and those above normal priority, are handed in by whoever may
/// report for another; whoever names `escalate_to` has the right to escalate too.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters", tag = "matters", params(NodePath),
    request_body = ReportRequest, responses((status = 201, body = Reported)))]
pub(super) async fn report(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Traced(incoming): Traced,
    Given(request): Given<ReportRequest>,
) -> Result<Response, Rejection> {
    if permissions::is_for_another(&request) {
        guest.must(Permission::ReportForAnother).await?;
    }
    if request.escalate_to.is_some() {
        guest.check(Permission::Escalate, &Method::POST).await?;
    }
    let office = &at.node.office;
    let slip = request.slip.then(|| office.new_token(TokenKind::Slip));
    if request.opening {
        guest.request.want_opening();
    }
    let escalate_to = request.escalate_to;
    let mut new = new_report(request)?;
    let span = info_span!("report", division = %at.division, category = new.category.as_str());
    new.trace = trace(&span, incoming.as_deref());
    if let Some(slip) = slip {
        guest.request.hand_out(slip);
    }
    let reported = async {
        match escalate_to {
            Some(to) => office.report_and_escalate(new, to, by).await,
            None => office.report(new, by).await,
        }
    };
    let id = reported.instrument(span).await?;
    let told = Reported {
        id: id.to_string(),
        token: slip.map(|slip| slip.to_string()),
        opening: guest.request.take_opening(),
    };
    // What was written is kept in no second place, where an erasure would not find it.
    let kept = Kept::instead(&Reported {
        id: told.id.clone(),
        token: told.token.as_ref().map(|_| SHOWN_ONCE.to_owned()),
        opening: None,
    });
    Ok((StatusCode::CREATED, kept, Json(told)).into_response())
}

/// Makes a span part of the caller's trace; gives what travels with the envelopes.
pub fn trace(span: &tracing::Span, incoming: Option<&str>) -> Option<String> {
    if let Some(incoming) = incoming {
        telemetry::follow(span, incoming);
    }
    telemetry::carry(span, incoming)
}

/// Matters a node knows, page by page
#[utoipa::path(get, path = "/v1/nodes/{code}/matters", tag = "matters", params(NodePath, MattersQuery),
    responses((status = 200, body = Named<MatterPage>)))]
pub(super) async fn list(
    at: At,
    Asked(query): Asked<MattersQuery>,
) -> Result<Json<Named<MatterPage>>, Rejection> {
    let office = &at.node.office;
    let found = office.find(&search(query)?).await?;
    let policy = office.policy_in_force().await?;
    let calendar = &policy.calendar().value;
    let line = |line: office::Line| line.shown(calendar);
    let page = MatterPage {
        matters: found.lines.into_iter().map(line).collect(),
        next: found.next.map(|next| next.to_string()),
    };
    Ok(Json(Named::new(page, &at.roster.tree)))
}

/// One matter with every step
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}", tag = "matters", params(MatterPath),
    responses((status = 200, body = Named<MatterView>)))]
pub(super) async fn show(at: At, Authenticated(guest): Authenticated) -> Shown {
    let id = at.param("id")?;
    view(&at, &guest, id).await
}

pub(super) async fn view(at: &At, guest: &Principal, id: MatterId) -> Shown {
    Ok(Tagged::of(seen(at, guest, id).await?))
}

/// A matter as this principal may see it: remarks among offices are none of a reporter's.
async fn seen(at: &At, guest: &Principal, id: MatterId) -> Result<Named<MatterView>, OfficeError> {
    let mut view = at.node.office.matter(id).await?;
    if guest.has_reporters_rights() && guest.may(Permission::CommentInside).is_err() {
        view.hide_inside_remarks();
        if !guest.reported() {
            view.hide_reporter();
        }
    }
    Ok(Named::new(view, &at.roster.tree))
}

/// Do something with a matter that is held here
///
/// Each act needs a right of its own beside that of seeing the matter.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/acts", tag = "matters", params(MatterPath),
    request_body = ActRequest, responses((status = 200, body = Named<MatterView>)))]
pub(super) async fn act(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Traced(incoming): Traced,
    Given(request): Given<ActRequest>,
) -> Shown {
    let ActRequest {
        deed,
        note,
        attachments,
    } = request;
    let id = at.param("id")?;
    guest.must(permissions::to_act(&deed)).await?;
    if !attachments.is_empty() {
        guest.check(Permission::Attach, &Method::POST).await?;
    }
    if deed.needs_note() && note.is_none() {
        return Err(Rejection::unfit(
            "this act says nothing without a remark; add `note`",
        ));
    }
    let span = info_span!("act", division = %at.division, matter = %id);
    let trace = trace(&span, incoming.as_deref());
    let work = work(deed)?;
    let done = at
        .node
        .office
        .work_with(id, work, note, &attachments, by, trace);
    done.instrument(span).await?;
    view(&at, &guest, id).await
}

/// Ask the holder for something
///
/// Accepted: the holder may be far away, and answers later. What is known here is shown. Each request
/// needs a right of its own beside that of seeing the matter.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/requests", tag = "matters", params(MatterPath),
    request_body = WishRequest, responses((status = 202, body = Asking)))]
pub(super) async fn ask(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(WishRequest { plea, note }): Given<WishRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<Asking>), Rejection> {
    let id: MatterId = at.param("id")?;
    match permissions::to_ask(plea) {
        // Whoever calls the reporter back writes down what they say.
        Permission::Rate if guest.may(Permission::CallBack).is_ok() => {
            guest.must(Permission::CallBack).await?
        }
        deed => guest.must(deed).await?,
    }
    if plea.needs_note() && note.is_none() {
        return Err(Rejection::unfit(
            "this request says nothing without words; add `note`",
        ));
    }
    let office = &at.node.office;
    office.wish(id, plea.wish(), note, by).await?;
    let matter = match seen(&at, &guest, id).await {
        Ok(seen) => Some(seen),
        Err(OfficeError::NoSuchMatter(_)) => None,
        Err(error) => return Err(error.into()),
    };
    // What is known of the matter may be personal, so the repetition says that it was asked, no more.
    let kept = Kept::instead(&Asking { matter: None });
    Ok((StatusCode::ACCEPTED, kept, Json(Asking { matter })))
}

/// Open parts of a bundle 一窗受理
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/parts", tag = "matters", params(MatterPath),
    request_body = PartsRequest, responses((status = 201, body = Parts)))]
pub(super) async fn open_parts(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(PartsRequest { parts }): Given<PartsRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<Parts>), Rejection> {
    let id = at.param("id")?;
    if parts.iter().any(permissions::is_for_another) {
        guest
            .check(Permission::ReportForAnother, &Method::POST)
            .await?;
    }
    if parts.iter().any(|part| part.escalate_to.is_some()) {
        return Err(Rejection::unfit(
            "a part goes where its bundle goes; leave `escalate_to` out, and escalate the bundle",
        ));
    }
    let reports: Result<Vec<_>, Rejection> = parts.into_iter().map(new_report).collect();
    let opened = at.node.office.open_parts(id, reports?, by).await?;
    let parts = opened.iter().map(ToString::to_string).collect();
    let parts = Parts { parts };
    Ok((StatusCode::CREATED, Kept::instead(&parts), Json(parts)))
}
