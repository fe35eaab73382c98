//! The configuration in force, and reading it anew. Both belong to the owner of the control socket alone: settings name
//! the machine's own addresses and files.

use std::sync::Arc;

use api::{
    InBoth, Reloaded, SettingFault, SettingsView,
    problem::{FieldFault, ProblemCode},
};
use axum::{Json, extract::State};
use tokio::sync::oneshot;

use super::{ask::Authenticated, credentials::Credentials, gate::Principal, problem::Rejection};
use crate::{live::Settings, state::AppState};

/// Get the configuration in force
///
/// Every setting with its value and where that came from. Only on the control socket.
#[utoipa::path(get, path = "/v1/settings", tag = "about",
    responses((status = 200, body = SettingsView)))]
pub(super) async fn show(
    State(app_state): State<AppState>,
    Authenticated(guest): Authenticated,
) -> Result<Json<SettingsView>, Rejection> {
    owner(&guest)?;
    let view = settings(&app_state)?.view.borrow().clone();
    Ok(Json(Arc::unwrap_or_clone(view)))
}

/// Read the configuration anew
///
/// Checks it whole first: one with a fault changes nothing, and `fields` names every fault. Settings that can change
/// while the process runs count at once; the answer lists those that wait for the next start. Only on the control
/// socket.
#[utoipa::path(post, path = "/v1/reload", tag = "about",
    responses((status = 200, body = Reloaded),
        (status = 422, description = "The configuration has faults; nothing changed",
            body = api::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn reload(
    State(app_state): State<AppState>,
    Authenticated(guest): Authenticated,
) -> Result<Json<Reloaded>, Rejection> {
    owner(&guest)?;
    let (asked, answered) = oneshot::channel();
    let sent = settings(&app_state)?.reload.send(asked).await;
    sent.map_err(|_| stopping())?;
    match answered.await.map_err(|_| stopping())? {
        Ok(reloaded) => Ok(Json(reloaded)),
        Err(faults) => Err(faulty(faults)),
    }
}

fn owner(guest: &Principal) -> Result<(), Rejection> {
    match guest.credentials {
        Credentials::Socket(_) => Ok(()),
        _ => Err(Rejection::denied((
            "the configuration belongs to the owner of the node; ask on the control socket, without a session",
            "配置只归节点属主；请在控制套接字上操作，不带登录",
        ))),
    }
}

fn settings(app_state: &AppState) -> Result<&Settings, Rejection> {
    app_state.settings.as_ref().ok_or_else(|| {
        Rejection::missing((
            "this process was not started from a configuration; only `wujitong run` has one",
            "这个进程不是从配置启动的；只有 `wujitong run` 有",
        ))
    })
}

fn stopping() -> Rejection {
    Rejection::new(
        ProblemCode::ServiceUnavailable,
        (
            "the process is stopping or reopening its store; try again when it runs",
            "进程正在停止或重开存储；请在它运行后再试",
        ),
    )
}

fn faulty(faults: Vec<SettingFault>) -> Rejection {
    let count = faults.len();
    let mut rejection = Rejection::unfit((
        format!(
            "the configuration has {count} fault(s), and nothing was changed; correct them and reload again"
        ),
        format!("配置有 {count} 处错误，什么都没有改变；请改正后重新加载"),
    ));
    let field = |fault: SettingFault| {
        let (line, key) = (fault.line, fault.key);
        let english = line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        let chinese = line
            .map(|line| format!("第 {line} 行："))
            .unwrap_or_default();
        FieldFault {
            field: key,
            says: InBoth {
                en: format!("{english}{}; {}", fault.cause.en, fault.remedy.en),
                zh: format!("{chinese}{}；{}", fault.cause.zh, fault.remedy.zh),
            },
        }
    };
    rejection.0.fields = faults.into_iter().map(field).collect();
    rejection
}
