//! The account of the person who is signed in: password, and open sessions.

use std::sync::Arc;

use api::{OpenSessionView, OpenSessions, PasswordRequest, problem::Problem};
use askama::Template;
use axum::body::Body;
use http::Method;
use web::problem::Rejection;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::Frame,
    visit::Visit,
    when::When,
    words::Words,
};

/// Told to whoever is not signed in.
const SIGN_IN: (&str, &str) = (
    "this page needs a sign-in; sign in",
    "这一页要先登录；请登录",
);

/// Pages of a person who must set a password of their own first. Every other leads to the first of them.
const BEFORE_ALL: [&str; 5] = [
    "/account",
    "/account/password",
    "/sign-out",
    "/sign-in",
    "/enter",
];

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    frame: Frame,
    w: Words,
    account: &'a api::AccountView,
    roles: Vec<String>,
    permissions: Vec<String>,
    ends: Option<When>,
    /// Whether the password was set by somebody else.
    must_change: bool,
    sessions: Vec<Row>,
    done: bool,
    problem: Option<Problem>,
}

struct Row {
    id: String,
    device: Option<String>,
    since: When,
    used: String,
    way: String,
    is_present: bool,
}

impl Row {
    fn of(visit: &Visit, session: OpenSessionView) -> Self {
        Self {
            id: session.id,
            device: session.device,
            since: visit.when(session.begun_ms),
            used: session.used_day,
            way: session
                .way
                .map(|way| visit.w.short(way))
                .unwrap_or_default(),
            is_present: session.present,
        }
    }
}

/// Returns where a person who must set a password of their own is led instead of this page.
pub(crate) fn before_all(visit: &Visit) -> Option<&'static str> {
    let session = visit.session.as_ref();
    let must_change = session.is_some_and(|session| session.must_change_password);
    (must_change && !BEFORE_ALL.contains(&visit.path.as_str())).then_some("/account")
}

/// Shows the account.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    shown(&visit, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>) -> Answer {
    visit.division()?;
    let session = visit.session.as_ref();
    let account = session.and_then(|session| session.account.as_ref());
    let (Some(session), Some(account)) = (session, account) else {
        return Err(*Rejection::unknown_caller(SIGN_IN).0);
    };
    let must_change = session.must_change_password;
    let open = match must_change {
        true => OpenSessions { sessions: vec![] },
        false => visit.calls.get(&visit.api("sessions")?).await?,
    };
    let rows = open.sessions.into_iter();
    let (frame, status) = Frame::of(visit, visit.w.account_title()).after(problem.as_ref());
    visit.page(
        status,
        &AccountPage {
            frame,
            w: visit.w,
            account,
            roles: account
                .roles
                .iter()
                .map(|role| visit.w.short(*role))
                .collect(),
            permissions: session
                .permissions
                .iter()
                .map(|permission| visit.w.short(*permission))
                .collect(),
            ends: session.ends_ms.map(|ms| visit.when(ms)),
            must_change,
            sessions: rows.map(|session| Row::of(visit, session)).collect(),
            done: visit.query.get("ended").is_some(),
            problem,
        },
    )
}

/// Changes the password, which ends all sessions.
pub(crate) async fn password(visit: Arc<Visit>) -> Answer {
    let session = visit.session.as_ref();
    let account = session.and_then(|session| session.account.as_ref());
    let account = account.ok_or_else(|| *Rejection::unknown_caller(SIGN_IN).0)?;
    let request = PasswordRequest {
        old: Some(visit.form.typed("old_password").to_owned()),
        new: visit.form.typed("new_password").to_owned(),
    };
    let path = visit.api(&format!("accounts/{}/password", account.id))?;
    match visit.calls.ask(Method::PUT, &path, &request).await {
        Ok(_) => lead_to("/sign-in?changed=1"),
        Err(problem) => shown(&visit, Some(problem)).await,
    }
}

/// Ends one session, or all but this one.
pub(crate) async fn end_sessions(visit: Arc<Visit>) -> Answer {
    let path = match visit.form.get("session") {
        Some(session) => visit.api(&format!("sessions/{}", odd(session)))?,
        None => visit.api("sessions")?,
    };
    match visit.calls.send(Method::DELETE, &path, Body::empty()).await {
        Ok(_) => lead_to("/account?ended=1"),
        Err(problem) if problem.status == 401 => Err(problem),
        Err(problem) => shown(&visit, Some(problem)).await,
    }
}
