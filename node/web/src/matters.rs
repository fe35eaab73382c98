//! Matters: report, list, act, request.

mod asked;

use api::{
    ActRequest, Asking, BadAction, BodyView, HolderRequest, MatterPage, MatterQuery, MatterView,
    MattersQuery, Named, OwnMattersQuery, Parts, PartsRequest, ReportRequest, Reported,
};
use axum::{
    Extension, Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    custody::Work,
    ids::MatterId,
    people::{Denied, Permission, Who},
};
use office::{Failed, Found, NoSuchMatter, people::TokenKind};
use tracing::{Instrument, info_span};

pub(super) use self::asked::{in_named_place, new_report};
use self::asked::{is_for_another, own_page, search};
use super::{
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person, Reporting, Traced, named_draft},
    credentials::Credentials,
    gate::{Kept, Principal, SHOWN_ONCE},
    openapi::{MatterParams, NodeParams},
    points,
    problem::Rejection,
    seen,
    tag::Tagged,
};

type Shown = Result<Tagged, Rejection>;

/// Report a matter 上报
///
/// Reports by telephone or on paper, and those above normal priority, require the permission to
/// report for another. `escalate_to` requires the permission to escalate. A report needs no account:
/// without one it comes by snapshot, mailbox or service, and without a name only where policy allows
/// it. Ask for a slip, because nothing else opens it later.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters", tag = "matters", params(NodeParams),
    request_body = ReportRequest, responses((status = 201, body = Reported)))]
pub(super) async fn report(
    at: NodePath,
    Reporting(by): Reporting,
    Authenticated(guest): Authenticated,
    Traced(incoming): Traced,
    Given(mut request): Given<ReportRequest>,
) -> Result<Response, Rejection> {
    check_report(&guest, &request).await?;
    let office = &at.node.office;
    let slip = request
        .slip
        .then(|| office.people().new_token(TokenKind::ReporterToken));
    if request.opening {
        guest.request.want_opening();
    }
    let escalate_to = request.escalate_to;
    let rating = request.objects_to_rating.take();
    let mut new = new_report(in_named_place(&at, request).await?)?;
    let rating = rating.map(|rating| points::objected(&guest, &rating));
    new.objects_to_rating = rating.transpose()?;
    let span = info_span!("report", division = %at.division, category = new.category.as_str());
    new.trace = trace(&span, incoming.as_deref());
    if let Some(slip) = slip {
        guest.request.hand_out(slip);
    }
    let reported = async {
        match escalate_to {
            Some(to) => office.matters().report_and_escalate(new, to, by).await,
            None => office.matters().report(new, by).await,
        }
    };
    let id = reported.instrument(span).await?;
    let told = Reported {
        id: id.to_string(),
        token: slip.map(|slip| slip.to_string()),
        opening: guest.request.take_opening(),
    };
    // The text is not stored a second time, because an erasure would not find it there.
    let kept = Kept::instead(&Reported {
        id: told.id.clone(),
        token: told.token.as_ref().map(|_| SHOWN_ONCE.to_owned()),
        opening: None,
    });
    Ok((StatusCode::CREATED, kept, Json(told)).into_response())
}

/// Checks the permissions that a report needs beside that to report.
pub(super) async fn check_report(
    guest: &Principal,
    request: &ReportRequest,
) -> Result<(), Rejection> {
    if is_for_another(request) {
        guest.must(Permission::ReportForAnother).await?;
    }
    if request.escalate_to.is_some() {
        guest.check(Permission::Escalate, &Method::POST).await?;
    }
    Ok(())
}

/// Makes a span part of the caller's trace. Returns the trace context that travels with the
/// envelopes.
pub fn trace(span: &tracing::Span, incoming: Option<&str>) -> Option<String> {
    if let Some(incoming) = incoming {
        telemetry::follow(span, incoming);
    }
    telemetry::carry(span, incoming)
}

/// List the matters a node knows, page by page
#[utoipa::path(get, path = "/v1/nodes/{code}/matters", tag = "matters", params(NodeParams, MattersQuery),
    responses((status = 200, body = Named<MatterPage>)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<MattersQuery>,
) -> Result<Json<Named<MatterPage>>, Rejection> {
    let office = &at.node.office;
    let found = office
        .matters()
        .find(&search(query, &guest.known.who)?)
        .await?;
    let mut page = page(&at, found).await?;
    seen::mark(office, &guest, &mut page.facts).await?;
    Ok(Json(page))
}

/// List the matters that the signed-in account reported here, the latest first
#[utoipa::path(get, path = "/v1/nodes/{code}/session/matters", tag = "session",
    params(NodeParams, OwnMattersQuery), responses((status = 200, body = Named<MatterPage>)))]
pub(super) async fn own(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<OwnMattersQuery>,
) -> Result<Json<Named<MatterPage>>, Rejection> {
    let Who::Account(account) = &guest.known.who else {
        return Err(Rejection::unfit((
            "only a person with an account has matters of their own; log in",
            "有账号的人才有“我的事项”；请先登录",
        )));
    };
    let (after, limit) = own_page(&query)?;
    let office = &at.node.office;
    let found = office.matters().own(account.id, after, limit).await?;
    Ok(Json(page(&at, found).await?))
}

async fn page(at: &NodePath, found: Found) -> Result<Named<MatterPage>, Rejection> {
    let policy = at.node.office.templates().policy_in_force().await?;
    let calendar = &policy.calendar().value;
    let line = |line: office::IndexEntry| line.shown(calendar);
    let page = MatterPage {
        matters: found.lines.into_iter().map(line).collect(),
        next: found.next.map(|next| next.to_string()),
    };
    Ok(Named::new(page, &at.app_state.tree))
}

/// Checks that a filter selects something a caller may ask for.
pub(super) fn check_filter(query: &MattersQuery, who: &Who) -> Result<(), Rejection> {
    search(query.clone(), who).map(|_| ())
}

/// Get one matter with every step
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}", tag = "matters", params(MatterParams, MatterQuery),
    responses((status = 200, body = Named<MatterView>)))]
pub(super) async fn show(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(MatterQuery { seen }): Asked<MatterQuery>,
) -> Shown {
    let id = at.param("id")?;
    match seen {
        true => shown(&at, &guest, id).await,
        false => view(&at, &guest, id).await,
    }
}

pub(super) async fn view(at: &NodePath, guest: &Principal, id: MatterId) -> Shown {
    Ok(Tagged::of(visible(at, guest, id).await?))
}

/// The same, and notes that the caller has seen it.
async fn shown(at: &NodePath, guest: &Principal, id: MatterId) -> Shown {
    let matter = visible(at, guest, id).await?;
    seen::was_shown(&at.node.office, guest, id, &matter.facts).await;
    Ok(Tagged::of(matter))
}

/// Returns a matter as this caller may see it: a reporter does not see remarks of offices to each
/// other.
async fn visible(
    at: &NodePath,
    guest: &Principal,
    id: MatterId,
) -> Result<Named<MatterView>, Failed<NoSuchMatter>> {
    let office = &at.node.office;
    let mut view = office.matters().matter(id).await?;
    if let (BodyView::Absent | BodyView::Masked, Credentials::ReporterToken(slip)) =
        (&view.body, &guest.credentials)
        && let Some(docket) = office.matters().docket(id).await?
        && let Some(own) = office.people().own_words(&docket.matter, slip).await?
    {
        view.body = BodyView::Text(own.text);
    }
    if guest.has_reporters_rights() && guest.may(Permission::CommentInside).is_err() {
        view.hide_inside_remarks();
        if !guest.reported() {
            view.hide_reporter();
        }
    }
    Ok(Named::new(view, &at.app_state.tree))
}

/// Act on a matter that this node holds
///
/// Each act requires a permission of its own in addition to that of seeing the matter. Attachments are
/// uploads of the caller. With the key of a draft in `Draft-Key`, the photos of the draft are attached too,
/// and the draft ends.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/acts", tag = "matters", params(MatterParams),
    request_body = ActRequest, responses((status = 200, body = Named<MatterView>)))]
pub(super) async fn act(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Traced(incoming): Traced,
    Given(request): Given<ActRequest>,
) -> Shown {
    let ActRequest {
        action,
        note,
        mut attachments,
    } = request;
    let id = at.param("id")?;
    // A reporter asks the holder, and acts on nothing.
    if matches!(guest.known.who, Who::Reporter(_)) {
        return Err(Denied::ReporterToken.into());
    }
    guest.must(action.permission()).await?;
    let draft = named_draft(&headers)?;
    if !attachments.is_empty() || draft.is_some() {
        guest.check(Permission::Attach, &Method::POST).await?;
    }
    if let Some(draft) = draft {
        attachments.extend(at.node.office.drafts().read(&draft).await?.files());
        guest.request.with_photos_of(&draft);
    }
    if action.needs_note() && note.is_none() {
        return Err(Rejection::unfit((
            "this act requires a remark; add `note`",
            "这一步要写说明；请补写",
        )));
    }
    let span = info_span!("act", division = %at.division, matter = %id);
    let trace = trace(&span, incoming.as_deref());
    let work = Work::try_from(action).map_err(|bad| match bad {
        BadAction::Category(bad) => Rejection::from(bad),
        BadAction::Allowance(bad) => Rejection::from(bad),
    })?;
    let done = at
        .node
        .office
        .matters()
        .work_with(id, work, note, &attachments, by, trace);
    done.instrument(span).await?;
    // What a person did is no news to them.
    shown(&at, &guest, id).await
}

/// Send a request to the holder
///
/// 202: the holder may be far away and answers later. The body has the matter as this node knows
/// it. Each request requires a permission of its own in addition to that of seeing the matter.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/requests", tag = "matters", params(MatterParams),
    request_body = HolderRequest, responses((status = 202, body = Asking)))]
pub(super) async fn ask(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(HolderRequest { action, note }): Given<HolderRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<Asking>), Rejection> {
    let id: MatterId = at.param("id")?;
    match action.kind().permission() {
        // Whoever calls the reporter back records the reporter's answer.
        Permission::Rate if guest.may(Permission::CallBack).is_ok() => {
            guest.must(Permission::CallBack).await?
        }
        permission => guest.must(permission).await?,
    }
    if action.needs_note() && note.is_none() {
        return Err(Rejection::unfit((
            "this request requires a text; add `note`",
            "这个请求要写说明；请补写",
        )));
    }
    let office = &at.node.office;
    office
        .matters()
        .request(id, action.kind(), note, by)
        .await?;
    let matter = match visible(&at, &guest, id).await {
        Ok(matter) => Some(matter),
        Err(Failed::Refused(NoSuchMatter(_))) => None,
        Err(error) => return Err(error.into()),
    };
    // The matter may contain personal data, so a repeated request only learns that it was sent.
    let kept = Kept::instead(&Asking { matter: None });
    Ok((StatusCode::ACCEPTED, kept, Json(Asking { matter })))
}

/// Open parts of a bundle 一窗受理
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/parts", tag = "matters", params(MatterParams),
    request_body = PartsRequest, responses((status = 201, body = Parts)))]
pub(super) async fn open_parts(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(PartsRequest { parts }): Given<PartsRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<Parts>), Rejection> {
    let id = at.param("id")?;
    if parts.iter().any(is_for_another) {
        guest
            .check(Permission::ReportForAnother, &Method::POST)
            .await?;
    }
    if parts.iter().any(|part| part.escalate_to.is_some()) {
        return Err(Rejection::unfit((
            "parts move with their bundle; leave `escalate_to` out, and escalate the bundle",
            "分件随联办件移交；请不写 `escalate_to`，上报联办件",
        )));
    }
    let mut reports = vec![];
    for part in parts {
        reports.push(new_report(in_named_place(&at, part).await?)?);
    }
    let opened = at.node.office.matters().open_parts(id, reports, by).await?;
    let parts = opened.iter().map(ToString::to_string).collect();
    let parts = Parts { parts };
    Ok((StatusCode::CREATED, Kept::instead(&parts), Json(parts)))
}
