//! The work on disclosures: written, agreed to by the committees, published, corrected, taken down.

use std::collections::BTreeMap;

use api::{
    AttachedView, BeginDisclosure, ContentView, DisclosureLine, DisclosureRemark, DisclosureStep,
    DisclosureWork, Disclosures, DoubtView, FaultView, FormView, WriteDisclosure,
};
use axum::{Json, extract::FromRequestParts};
use domain::{
    actor::Actor,
    disclosure::{Disclosure, DisclosureAct, DisclosureId, Line, Stage, Step},
    people::{AccountId, Permission},
    time::Day,
};
use http::{StatusCode, request::Parts};
use office::{Disclosures as Service, NewDisclosure, RequestContext};

use crate::{
    ask::{Authenticated, Given, NodePath, Person},
    gate::Principal,
    openapi::{DisclosureParams, NodeParams},
    problem::Rejection,
    state::AppState,
};

type Worked = Result<Json<DisclosureWork>, Rejection>;

/// The disclosure of the path in the hands of somebody who works on it.
pub(crate) struct InHand {
    at: NodePath,
    id: DisclosureId,
    by: RequestContext,
    guest: Principal,
}

impl FromRequestParts<AppState> for InHand {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        app_state: &AppState,
    ) -> Result<Self, Rejection> {
        let at = NodePath::from_request_parts(parts, app_state).await?;
        let Person(by) = Person::from_request_parts(parts, app_state).await?;
        let Authenticated(guest) = Authenticated::from_request_parts(parts, app_state).await?;
        let id = at.param("number")?;
        Ok(Self { at, id, by, guest })
    }
}

impl InHand {
    fn disclosures(&self) -> Service<'_> {
        self.at.node.office.disclosures()
    }

    /// Answers with what it is now.
    async fn seen(&self) -> Worked {
        view(&self.at, &self.guest, self.id).await
    }
}

/// List disclosures with the work on them
///
/// Also those of which nothing was published yet.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-work", tag = "disclosures", params(NodeParams),
    responses((status = 200, body = Disclosures)))]
pub(crate) async fn works(at: NodePath) -> Result<Json<Disclosures>, Rejection> {
    let office = &at.node.office;
    let mut lines = office.disclosures().lines().await?;
    lines.retain(|line| line.stage.is_some());
    Ok(Json(Disclosures {
        disclosures: lines.iter().map(DisclosureLine::from).collect(),
        as_of_ms: office.now().0,
    }))
}

/// Begin a disclosure
///
/// For the period that a day is in, or for an event.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work", tag = "disclosures", params(NodeParams),
    request_body = BeginDisclosure, responses((status = 201, body = DisclosureWork)))]
pub(crate) async fn begin(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<BeginDisclosure>,
) -> Result<(StatusCode, Json<DisclosureWork>), Rejection> {
    let like = request
        .like
        .as_deref()
        .map(str::parse::<DisclosureId>)
        .transpose();
    let new = NewDisclosure {
        item: request.item,
        day: request
            .day
            .parse::<Day>()
            .map_err(|error| Rejection::unfit(&error))?,
        title: request.title.unwrap_or_default(),
        like: like.map_err(|error| Rejection::unfit(&error))?,
    };
    let begun = at.node.office.disclosures().begin_one(new, by).await?;
    Ok((StatusCode::CREATED, view(&at, &guest, begun.id).await?))
}

/// Get a disclosure with the work on it
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-work/{number}", tag = "disclosures", params(DisclosureParams),
    responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn work(at: NodePath, Authenticated(guest): Authenticated) -> Worked {
    view(&at, &guest, at.param("number")?).await
}

/// Returns a disclosure as those see it who work on it.
pub(crate) async fn view(at: &NodePath, guest: &Principal, id: DisclosureId) -> Worked {
    let (one, line, doubts) = at.node.office.disclosures().work(id).await?;
    let took_part: Vec<_> = one.steps.iter().filter_map(taken_by).collect();
    let names = at.node.office.people().names(took_part).await?;
    let work = one.work.as_ref();
    let faults = work
        .map(|work| work.content.faults(&one.item))
        .unwrap_or_default();
    Ok(Json(DisclosureWork {
        line: DisclosureLine::from(&line),
        version: one.version,
        form: FormView::from(&one.item),
        content: work.map(|work| ContentView::from(&work.content)),
        reason: work.and_then(|work| work.reason.as_deref().map(str::to_owned)),
        despite: work.and_then(|work| work.despite.as_deref().map(str::to_owned)),
        faults: faults.iter().map(FaultView::from).collect(),
        doubts: doubts.iter().map(DoubtView::from).collect(),
        attachments: work
            .map(|work| work.attached.iter().map(AttachedView::from).collect())
            .unwrap_or_default(),
        steps: one.steps.iter().map(|one| step(one, &names)).collect(),
        offers: offers(&one, &line, guest),
    }))
}

/// Keep what is typed in a form
///
/// Faults are told in the answer; they do not keep it from being saved.
#[utoipa::path(put, path = "/v1/nodes/{code}/disclosure-work/{number}", tag = "disclosures", params(DisclosureParams),
    request_body = WriteDisclosure, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn write(work: InHand, Given(request): Given<WriteDisclosure>) -> Worked {
    let despite = request.despite.filter(|why| !why.trim().is_empty());
    let typed = (request.content.into(), despite);
    work.disclosures()
        .write(work.id, request.version, typed, work.by.clone())
        .await?;
    work.seen().await
}

/// Send a disclosure to the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/submit", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn submit(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .submit(work.id, remark.version, work.by.clone())
        .await?;
    work.seen().await
}

/// Agree to a disclosure for the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/agree", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn agree(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .agree(work.id, (remark.version, remark.note), work.by.clone())
        .await?;
    work.seen().await
}

/// Agree to a disclosure for the supervision committee
///
/// Where it has photos or PDF, the caller says with `files_looked_through` that they hold no personal data.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/review", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn review(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    let said = (remark.version, remark.note);
    work.disclosures()
        .review_with_files(work.id, said, remark.files_looked_through, work.by.clone())
        .await?;
    work.seen().await
}

/// Send a disclosure back, for the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/send-back", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn send_back(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .send_back(
            work.id,
            false,
            (remark.version, remark.note),
            work.by.clone(),
        )
        .await?;
    work.seen().await
}

/// Send a disclosure back, for the supervision committee
///
/// Until it is published.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/review/send-back", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn send_back_reviewed(
    work: InHand,
    Given(remark): Given<DisclosureRemark>,
) -> Worked {
    work.disclosures()
        .send_back(
            work.id,
            true,
            (remark.version, remark.note),
            work.by.clone(),
        )
        .await?;
    work.seen().await
}

/// Publish a disclosure
///
/// The edition and its entry in the public log are durable when this answers.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/publish", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn publish(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .publish(work.id, remark.version, work.by.clone())
        .await?;
    work.seen().await
}

/// Begin a corrected edition of a disclosure
///
/// The note says why; everybody reads it with the edition.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/correct", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn correct(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .correct(work.id, (remark.version, remark.note), work.by.clone())
        .await?;
    work.seen().await
}

/// Give up what is not published of a disclosure
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/drop", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark,
    responses((status = 204, description = "Given up")))]
pub(crate) async fn give_up(
    work: InHand,
    Given(remark): Given<DisclosureRemark>,
) -> Result<StatusCode, Rejection> {
    work.disclosures()
        .give_up(work.id, remark.version, work.by.clone())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a disclosure down on a lawful ground
///
/// Its documents are erased; its heading and the ground, which is the note, stay.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/withdraw", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn withdraw(work: InHand, Given(remark): Given<DisclosureRemark>) -> Worked {
    work.disclosures()
        .withdraw(work.id, (remark.version, remark.note), work.by.clone())
        .await?;
    work.seen().await
}

/// Returns the account that took a step.
fn taken_by(step: &Step) -> Option<AccountId> {
    match step.by {
        Actor::Account(account) => Some(account),
        _ => None,
    }
}

fn step(step: &Step, names: &BTreeMap<AccountId, String>) -> DisclosureStep {
    let account = taken_by(step);
    DisclosureStep {
        at_ms: step.at.0,
        act: step.act,
        account: account.map(|account| account.0),
        name: account.and_then(|account| names.get(&account).cloned()),
        note: step.note.to_string(),
    }
}

/// Returns what the caller may do now with a disclosure.
fn offers(one: &Disclosure, line: &Line, guest: &Principal) -> Vec<DisclosureAct> {
    use DisclosureAct as A;
    let may = |permission| guest.may(permission).is_ok();
    let own = guest.context().is_some_and(|context| {
        let work = one.work.as_ref();
        work.is_some_and(|work| work.is_own(context.actor()))
    });
    let mut acts = match one.stage() {
        Some(Stage::Draft) if may(Permission::WriteDisclosure) => {
            vec![A::Submit, A::Write, A::Drop]
        }
        Some(Stage::Committee) if may(Permission::AgreeDisclosure) => match own {
            true => vec![A::SendBack],
            false => vec![A::Agree, A::SendBack],
        },
        Some(Stage::Supervision) if may(Permission::ReviewDisclosure) => match own {
            true => vec![A::SendBack],
            false => vec![A::Review, A::SendBack],
        },
        Some(Stage::Agreed) => {
            let publish = may(Permission::PublishDisclosure).then_some(A::Publish);
            let back = may(Permission::ReviewDisclosure).then_some(A::SendBack);
            publish.into_iter().chain(back).collect()
        }
        None if line.editions > 0 && may(Permission::WriteDisclosure) => vec![A::Correct],
        _ => vec![],
    };
    if line.editions > 0 && !line.withdrawn && may(Permission::WithdrawDisclosure) {
        acts.push(A::Withdraw);
    }
    acts
}
