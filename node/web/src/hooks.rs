//! Webhooks: other systems that get change events.

use api::{FailingHook, HookRequest, HookTest, HookView, Hooks, NewHookView};
use axum::{Extension, Json, http::StatusCode};
use domain::hook::{BadHook, HookId};
use office::{Fault, Office, webhooks::NewHook};
use outbound::{
    http_client::{BadTarget, Target},
    webhooks::{Delivery, event::Event},
};

use super::{
    ask::{Given, NodePath, Person},
    gate::{Kept, SHOWN_ONCE},
    openapi::{HookParams, NodeParams},
    problem::Rejection,
};

/// List the webhooks of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/webhooks", tag = "changes", params(NodeParams),
    responses((status = 200, body = Hooks)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Hooks>, Rejection> {
    let hooks = at.node.office.webhooks().all().await?;
    Ok(Json(Hooks {
        hooks: hooks.iter().map(HookView::from).collect(),
    }))
}

/// Create a webhook
///
/// It gets all changes from now on, in order, each at least once, as CloudEvents 1.0 (structured
/// mode). The header `Wujitong-Signature: t=…,k=…,v1=…` has the HMAC-SHA256 under the secret over
/// the seconds `t`, a dot, and the body. The secret is shown once. The URL must be a public address
/// with TLS, unless the configuration allows others.
#[utoipa::path(post, path = "/v1/nodes/{code}/webhooks", tag = "changes", params(NodeParams),
    request_body = HookRequest, responses((status = 201, body = NewHookView)))]
pub(super) async fn add(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<HookRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<NewHookView>), Rejection> {
    let unfit = |error: BadTarget| Rejection::unfit(&error);
    let target: Target = request.url.parse().map_err(unfit)?;
    at.node.dispatcher.client.check(&target).map_err(unfit)?;
    let new = NewHook {
        name: request.name,
        url: request.url,
        kinds: request.kinds,
        division: request.division,
    };
    let (hook, secret) = at.node.office.webhooks().add(new, by).await?;
    let made = NewHookView {
        id: hook.id.to_string(),
        key: secret.id(),
        secret: secret.to_string(),
    };
    let kept = Kept::instead(&NewHookView {
        secret: SHOWN_ONCE.to_owned(),
        ..made.clone()
    });
    Ok((StatusCode::CREATED, kept, Json(made)))
}

/// Remove a webhook
#[utoipa::path(delete, path = "/v1/nodes/{code}/webhooks/{hook}", tag = "changes", params(HookParams),
    responses((status = 204)))]
pub(super) async fn remove(at: NodePath, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node
        .office
        .webhooks()
        .remove(at.param("hook")?, by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retry a webhook now
///
/// Also works for a webhook that was given up after long failure. Delivery continues where it
/// stopped.
#[utoipa::path(put, path = "/v1/nodes/{code}/webhooks/{hook}/resumed", tag = "changes", params(HookParams),
    responses((status = 204)))]
pub(super) async fn resume(at: NodePath, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node
        .office
        .webhooks()
        .resume(at.param("hook")?, by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test event to a webhook
///
/// Sends an event of type `wujitong.test` at once and only once. It changes nothing about the
/// webhook.
#[utoipa::path(post, path = "/v1/nodes/{code}/webhooks/{hook}/test", tag = "changes", params(HookParams),
    responses((status = 200, body = HookTest)))]
pub(super) async fn test(at: NodePath) -> Result<(Extension<Kept>, Json<HookTest>), Rejection> {
    let id: HookId = at.param("hook")?;
    let office = &at.node.office;
    let in_hand = office.webhooks().in_hand(id).await?;
    let in_hand = in_hand.ok_or(BadHook::Unknown(id))?;
    let dispatcher = &at.node.dispatcher;
    let event = Event::of_test(dispatcher);
    let delivery = dispatcher.deliver(&in_hand, &event).await;
    let told = match delivery {
        Delivery::Taken(status) => HookTest {
            taken: true,
            detail: format!("the receiver answered {status}"),
            detail_chinese: format!("接收方答复“{status}”"),
        },
        Delivery::Failed { reason, .. } | Delivery::Unwanted(reason) => HookTest {
            taken: false,
            detail: reason.english,
            detail_chinese: reason.chinese,
        },
    };
    Ok((Extension(Kept::Whole), Json(told)))
}

/// Returns the webhooks whose receivers do not accept events.
pub(super) async fn failing(office: &Office) -> Result<Vec<FailingHook>, Fault> {
    let hooks = office.webhooks().all().await?;
    let failing = hooks.into_iter().filter(|(_, course)| course.failures > 0);
    Ok(failing
        .map(|(hook, course)| FailingHook {
            id: hook.id.to_string(),
            name: hook.name,
            failures: course.failures,
            since_ms: course.failing_since.map(|at| at.0),
            given_up: course.given_up.is_some(),
            last_failure: course.last_failure.clone().map(|why| why.english),
            last_failure_chinese: course.last_failure.map(|why| why.chinese),
        })
        .collect())
}
