//! Disclosures: read by everybody, and the work on them.

pub(super) mod attachments;
pub(super) mod pleas;
pub(super) mod sheets;

use std::collections::BTreeMap;

use api::{
    AttachedView, BeginDisclosure, ContentView, DemandedEvent, DisclosureLine, DisclosureRemark,
    DisclosureStep, DisclosureView, DisclosureWork, Disclosures, DisclosuresQuery, DoubtView,
    Duties, DutyLine, EditionLog, EditionView, FaultView, FormView, ObjectionView, WriteDisclosure,
};
use axum::Json;
use domain::{
    actor::Actor,
    disclosure::{
        Disclosure, DisclosureAct, DisclosureId, Duty, Item, Line, Rhythm, Span, Stage, Step,
    },
    ids::MatterId,
    month::Month,
    people::{AccountId, Permission},
    template::TemplateKey,
    time::{Day, Timestamp},
};
use http::StatusCode;
use office::{EditionSeen, NewDisclosure};

use super::{
    ask::{Asked, Authenticated, Given, NodePath, Person},
    gate::Principal,
    openapi::{DisclosureParams, NodeParams},
    problem::Rejection,
};

type Worked = Result<Json<DisclosureWork>, Rejection>;

/// List what a division made public
///
/// Those about the latest days come first, at most 500.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures", tag = "disclosures", params(NodeParams, DisclosuresQuery),
    responses((status = 200, body = Disclosures)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<DisclosuresQuery>,
) -> Result<Json<Disclosures>, Rejection> {
    let month = query.month.as_deref().map(str::parse::<Month>).transpose();
    let month = month.map_err(|error| Rejection::unfit(&error))?;
    let within = month.map(|month| {
        let (from, next) = month.days();
        Span {
            from,
            to: Day(next.0 - 1),
        }
    });
    let office = &at.node.office;
    let lines = office.disclosures().published(query.class, within).await?;
    Ok(Json(Disclosures {
        disclosures: lines.iter().map(DisclosureLine::public).collect(),
        as_of_ms: office.now().0,
    }))
}

/// List what a division has to make public
///
/// What became of the last periods of every item that a template in force demands.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/due", tag = "disclosures", params(NodeParams),
    responses((status = 200, body = Duties)))]
pub(super) async fn due(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<Duties>, Rejection> {
    let is_public = guest.may(Permission::ViewDisclosures).is_err();
    let office = &at.node.office;
    let as_of_ms = office.now().0;
    let told = office.disclosures().duties(|demanded, duties| {
        let events = demanded
            .iter()
            .filter(|(.., item)| item.rhythm == Rhythm::Event);
        Duties {
            duties: duties
                .iter()
                .map(|duty| duty_line(duty, is_public))
                .collect(),
            events: events
                .map(|(template, _, item)| event(template, item))
                .collect(),
            as_of_ms,
        }
    });
    let mut told = told.await?;
    // What villagers demanded falls due like a period, on the day on which enough supported it.
    let lines = office.disclosures().lines().await?;
    let demanded = lines.iter().filter(|line| line.is_demanded());
    let now = office.now();
    told.duties.splice(
        0..0,
        demanded.map(|line| demanded_line(line, now, is_public)),
    );
    Ok(Json(told))
}

/// Returns what villagers demanded as a duty.
fn demanded_line(line: &Line, now: Timestamp, is_public: bool) -> DutyLine {
    use domain::disclosure::DutyState as S;
    let state = match line.published_at {
        Some(at) if at <= line.due => S::OnTime,
        Some(_) => S::Late,
        None if now <= line.due => S::Due,
        None => S::Overdue,
    };
    DutyLine {
        template: line.template.to_string(),
        item: line.item.to_string(),
        english: line.english.as_deref().map(str::to_owned),
        class: line.class,
        period: line.rhythm,
        from: line.span.from.to_string(),
        to: line.span.to.to_string(),
        title: line.title.to_string(),
        due_ms: line.due.0,
        state,
        number: (line.editions > 0 || !is_public).then(|| line.id.to_string()),
        stage: line.stage.filter(|_| !is_public),
        source: None,
    }
}

fn duty_line(duty: &Duty<'_>, is_public: bool) -> DutyLine {
    use domain::disclosure::DutyState as S;
    let item = duty.demand.item;
    let is_there = matches!(duty.state, S::OnTime | S::Late);
    DutyLine {
        template: duty.demand.template.to_string(),
        item: item.name.to_string(),
        english: item.english.as_deref().map(str::to_owned),
        class: item.class,
        period: item.rhythm,
        from: duty.span.from.to_string(),
        to: duty.span.to.to_string(),
        title: String::new(),
        due_ms: duty.due.0,
        state: duty.state,
        number: duty
            .id
            .filter(|_| is_there || !is_public)
            .map(|id| id.to_string()),
        stage: duty.stage.filter(|_| !is_public),
        source: item.source.as_deref().map(str::to_owned),
    }
}

fn event(template: &TemplateKey, item: &Item) -> DemandedEvent {
    DemandedEvent {
        template: template.to_string(),
        item: item.name.to_string(),
        english: item.english.as_deref().map(str::to_owned),
        class: item.class,
        within: item.due.to_string(),
        source: item.source.as_deref().map(str::to_owned),
    }
}

/// Get something that was made public
///
/// With all editions, what the public log says of each, and how many objected.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}", tag = "disclosures", params(DisclosureParams),
    responses((status = 200, body = DisclosureView)))]
pub(super) async fn show(at: NodePath) -> Result<Json<DisclosureView>, Rejection> {
    let office = &at.node.office;
    let seen = office.disclosures().seen(at.param("number")?).await?;
    let objection = |(matter, at): &(MatterId, Timestamp)| ObjectionView {
        matter: matter.to_string(),
        at_ms: at.0,
    };
    Ok(Json(DisclosureView {
        line: DisclosureLine::public(&seen.line),
        editions: seen.editions.iter().map(edition).collect(),
        withdrawn: seen.disclosure.withdrawn.as_deref().map(str::to_owned),
        objections_until_ms: seen.objections_until.map(|at| at.0),
        objections: u32::try_from(seen.objections.len()).unwrap_or(u32::MAX),
        answered: seen.answered.iter().map(objection).collect(),
        as_of_ms: office.now().0,
    }))
}

fn edition(seen: &EditionSeen) -> EditionView {
    let EditionSeen { edition, log } = seen;
    let text = Some(edition.document.to_string()).filter(|text| !text.is_empty());
    EditionView {
        edition: edition.number,
        at_ms: edition.at.0,
        document: text.as_deref().and_then(api::DisclosureDocument::read),
        text,
        log: log.map(|log| EditionLog {
            epoch: log.epoch.to_string(),
            index: log.index,
            size: log.size,
            salt: data_encoding::HEXLOWER.encode(&log.salt),
            holds: log.holds,
        }),
    }
}

/// List disclosures with the work on them
///
/// Also those of which nothing was published yet.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-work", tag = "disclosures", params(NodeParams),
    responses((status = 200, body = Disclosures)))]
pub(super) async fn works(at: NodePath) -> Result<Json<Disclosures>, Rejection> {
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
pub(super) async fn begin(
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
pub(super) async fn work(at: NodePath, Authenticated(guest): Authenticated) -> Worked {
    view(&at, &guest, at.param("number")?).await
}

/// Returns a disclosure as those see it who work on it.
pub(super) async fn view(at: &NodePath, guest: &Principal, id: DisclosureId) -> Worked {
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

/// Keep what is typed in a form
///
/// Faults are told in the answer; they do not keep it from being saved.
#[utoipa::path(put, path = "/v1/nodes/{code}/disclosure-work/{number}", tag = "disclosures", params(DisclosureParams),
    request_body = WriteDisclosure, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn write(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<WriteDisclosure>,
) -> Worked {
    let id = at.param("number")?;
    let despite = request.despite.filter(|why| !why.trim().is_empty());
    let typed = (request.content.into(), despite);
    at.node
        .office
        .disclosures()
        .write(id, request.version, typed, by)
        .await?;
    view(&at, &guest, id).await
}

/// Send a disclosure to the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/submit", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn submit(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(remark): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .submit(id, remark.version, by)
        .await?;
    view(&at, &guest, id).await
}

/// Agree to a disclosure for the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/agree", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn agree(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(DisclosureRemark { note, version, .. }): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .agree(id, (version, note), by)
        .await?;
    view(&at, &guest, id).await
}

/// Agree to a disclosure for the supervision committee
///
/// Where it has photos or PDF, the caller says with `files_looked_through` that they hold no personal data.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/review", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn review(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(remark): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    let said = (remark.version, remark.note);
    at.node
        .office
        .disclosures()
        .review_with_files(id, said, remark.files_looked_through, by)
        .await?;
    view(&at, &guest, id).await
}

/// Send a disclosure back, for the committee
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/send-back", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn send_back(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(DisclosureRemark { note, version, .. }): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .send_back(id, false, (version, note), by)
        .await?;
    view(&at, &guest, id).await
}

/// Send a disclosure back, for the supervision committee
///
/// Until it is published.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/review/send-back", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn send_back_reviewed(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(DisclosureRemark { note, version, .. }): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .send_back(id, true, (version, note), by)
        .await?;
    view(&at, &guest, id).await
}

/// Publish a disclosure
///
/// The edition and its entry in the public log are durable when this answers.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/publish", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn publish(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(remark): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .publish(id, remark.version, by)
        .await?;
    view(&at, &guest, id).await
}

/// Begin a corrected edition of a disclosure
///
/// The note says why; everybody reads it with the edition.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/correct", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn correct(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(DisclosureRemark { note, version, .. }): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .correct(id, (version, note), by)
        .await?;
    view(&at, &guest, id).await
}

/// Give up what is not published of a disclosure
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/drop", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark,
    responses((status = 204, description = "Given up")))]
pub(super) async fn give_up(
    at: NodePath,
    Person(by): Person,
    Given(remark): Given<DisclosureRemark>,
) -> Result<StatusCode, Rejection> {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .give_up(id, remark.version, by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a disclosure down on a lawful ground
///
/// Its documents are erased; its heading and the ground, which is the note, stay.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/withdraw", tag = "disclosures",
    params(DisclosureParams), request_body = DisclosureRemark, responses((status = 200, body = DisclosureWork)))]
pub(super) async fn withdraw(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(DisclosureRemark { note, version, .. }): Given<DisclosureRemark>,
) -> Worked {
    let id = at.param("number")?;
    at.node
        .office
        .disclosures()
        .withdraw(id, (version, note), by)
        .await?;
    view(&at, &guest, id).await
}
