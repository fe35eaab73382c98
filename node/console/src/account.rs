//! The account of the person who is signed in.

use std::sync::Arc;

use api::{PasswordRequest, problem::Problem};
use askama::Template;
use http::Method;
use web::problem::Rejection;

use crate::{
    answer::{Answer, lead_to},
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

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    frame: Frame,
    w: Words,
    account: &'a api::AccountView,
    roles: Vec<String>,
    permissions: Vec<String>,
    ends: Option<When>,
    problem: Option<Problem>,
}

/// Shows the account.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    shown(&visit, None)
}

fn shown(visit: &Visit, problem: Option<Problem>) -> Answer {
    visit.division()?;
    let session = visit.session.as_ref();
    let account = session.and_then(|session| session.account.as_ref());
    let (Some(session), Some(account)) = (session, account) else {
        return Err(*Rejection::unknown_caller(SIGN_IN).0);
    };
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
                .map(|deed| visit.w.short(*deed))
                .collect(),
            ends: session.ends_ms.map(|ms| visit.when(ms)),
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
        Err(problem) => shown(&visit, Some(problem)),
    }
}
