//! Webhooks: other systems that are told of changes.

use api::{FailingHook, HookRequest, HookTest, HookView, Hooks, NewHookView};
use axum::{Extension, Json, http::StatusCode};
use domain::hook::{BadHook, HookId};
use office::{Office, OfficeError, hooks::NewHook};
use outbound::{
    post::{BadTarget, Target},
    webhooks::{Delivery, event::Event},
};

use super::{
    ask::{At, Given, Person},
    gate::{Kept, SHOWN_ONCE},
    openapi::{HookPath, NodePath},
    problem::Rejection,
};

/// Webhooks of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/webhooks", tag = "changes", params(NodePath),
    responses((status = 200, body = Hooks)))]
pub(super) async fn list(at: At) -> Result<Json<Hooks>, Rejection> {
    let hooks = at.node.office.hooks().await?;
    Ok(Json(Hooks {
        hooks: hooks.iter().map(HookView::from).collect(),
    }))
}

/// Name a webhook
///
/// It is told of changes from now on, one after another, each at least once, as CloudEvents 1.0
/// (structured mode) with `Wujitong-Signature: t=…,k=…,v1=…`: the HMAC-SHA256 under the secret of the
/// seconds `t`, a dot, and the very body. The secret is shown once. It leads to public addresses over
/// TLS, and elsewhere only where the configuration allows it.
#[utoipa::path(post, path = "/v1/nodes/{code}/webhooks", tag = "changes", params(NodePath),
    request_body = HookRequest, responses((status = 201, body = NewHookView)))]
pub(super) async fn add(
    at: At,
    Person(by): Person,
    Given(request): Given<HookRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<NewHookView>), Rejection> {
    let unfit = |error: BadTarget| Rejection::unfit(&error.to_string());
    let target: Target = request.url.parse().map_err(unfit)?;
    at.node.couriers.poster.check(&target).map_err(unfit)?;
    let new = NewHook {
        name: request.name,
        url: request.url,
        kinds: request.kinds,
        division: request.division,
    };
    let (hook, secret) = at.node.office.add_hook(new, by).await?;
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
#[utoipa::path(delete, path = "/v1/nodes/{code}/webhooks/{hook}", tag = "changes", params(HookPath),
    responses((status = 204)))]
pub(super) async fn remove(at: At, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node.office.remove_hook(at.param("hook")?, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a webhook again at once
///
/// Also one that was given up after long failure. It goes on where it stopped.
#[utoipa::path(put, path = "/v1/nodes/{code}/webhooks/{hook}/resumed", tag = "changes", params(HookPath),
    responses((status = 204)))]
pub(super) async fn resume(at: At, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node.office.resume_hook(at.param("hook")?, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a webhook a test event
///
/// Of type `wujitong.test`, at once and not again. It changes nothing about the webhook.
#[utoipa::path(post, path = "/v1/nodes/{code}/webhooks/{hook}/test", tag = "changes", params(HookPath),
    responses((status = 200, body = HookTest)))]
pub(super) async fn test(at: At) -> Result<(Extension<Kept>, Json<HookTest>), Rejection> {
    let id: HookId = at.param("hook")?;
    let office = &at.node.office;
    let in_hand = office.hook_in_hand(id).await?;
    let in_hand = in_hand.ok_or(OfficeError::Hook(BadHook::Unknown(id)))?;
    let couriers = &at.node.couriers;
    let event = Event::of_test(couriers);
    let delivery = couriers.deliver(&in_hand, &event).await;
    let told = match delivery {
        Delivery::Taken(status) => HookTest {
            taken: true,
            detail: format!("the receiver answers {status}"),
        },
        Delivery::Failed { reason, .. } | Delivery::Unwanted(reason) => HookTest {
            taken: false,
            detail: reason,
        },
    };
    Ok((Extension(Kept::Whole), Json(told)))
}

/// Webhooks that do not take what they are sent.
pub(super) async fn failing(office: &Office) -> Result<Vec<FailingHook>, OfficeError> {
    let hooks = office.hooks().await?;
    let failing = hooks.into_iter().filter(|(_, course)| course.failures > 0);
    Ok(failing
        .map(|(hook, course)| FailingHook {
            id: hook.id.to_string(),
            name: hook.name,
            failures: course.failures,
            since_ms: course.failing_since.map(|at| at.0),
            given_up: course.given_up.is_some(),
        })
        .collect())
}
