//! The first start: an administrator who is missing opens their own account with a setup code.

use std::sync::Arc;

use api::{AccountView, SetupRequest, problem::Problem};
use askama::Template;
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::Frame,
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    code: &'a str,
    login: &'a str,
    name: &'a str,
    /// The command that makes a code.
    command: String,
}

/// Shows the form.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    ask(&visit, None)
}

fn ask(visit: &Visit, problem: Option<Problem>) -> Answer {
    let division = visit.division()?;
    let (frame, status) = Frame::of(visit, visit.w.setup_title()).after(problem.as_ref());
    visit.page(
        status,
        &SetupPage {
            frame,
            w: visit.w,
            problem,
            code: visit.form.typed("code"),
            login: visit.form.typed("login"),
            name: visit.form.typed("name"),
            command: format!("wujitong account setup-code --node {division}"),
        },
    )
}

/// Opens the account, and leads to the sign-in.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let form = &visit.form;
    let request = SetupRequest {
        code: form.get("code").unwrap_or_default().to_owned(),
        login: form.get("login").unwrap_or_default().to_owned(),
        name: form.get("name").unwrap_or_default().to_owned(),
        password: form.typed("new_password").to_owned(),
    };
    let path = visit.api("setup")?;
    match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(reply) => {
            let account: AccountView = reply.read()?;
            lead_to(&format!("/sign-in?opened={}", odd(&account.login)))
        }
        Err(problem) => ask(&visit, Some(problem)),
    }
}
