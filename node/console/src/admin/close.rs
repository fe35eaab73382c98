//! Closing an account, and who takes its open matters.

use std::sync::Arc;

use api::{
    AccountPatch, AccountView, ChargedMatters, HandOverReport, HandOverRequest, HandOverTo,
    NotHandedOver, problem::Problem,
};
use askama::Template;
use http::Method;
use topology::Term;
use web::{idempotency::IDEMPOTENCY_KEY, problem::Rejection};

use super::accounts::path;
use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    frame::Frame,
    visit::{KEY_FIELD, Visit},
    words::Words,
};

/// The choice to close an account whose open matters then have no handler.
const LEAVE: &str = "leave";
/// Requests to hand over that one form makes; each is about at most 100 matters, and a form has ten seconds.
const MOST_REQUESTS: usize = 3;

#[derive(Template)]
#[template(path = "admin/close.html")]
struct ClosePage {
    frame: Frame,
    w: Words,
    account: AccountView,
    open: ChargedMatters,
    choices: Vec<Choice>,
    taker: String,
    handed_over: usize,
    failed: Vec<NotHandedOver>,
    problem: Option<Problem>,
}

/// What a form did before the account was closed or not.
#[derive(Default)]
struct Done {
    handed_over: usize,
    failed: Vec<NotHandedOver>,
    left: usize,
}

/// Asks who takes the open matters of an account that is to be closed.
pub(crate) async fn ask(visit: Arc<Visit>) -> Answer {
    shown(&visit, Done::default(), None).await
}

async fn shown(visit: &Visit, done: Done, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let account: AccountView = visit.calls.get(&visit.api(&path(visit, ""))?).await?;
    let open = visit.api(&path(visit, "/matters"))?;
    let open: ChargedMatters = visit.calls.get(&open).await?;
    let chosen = visit.form.typed("to");
    let choice = |value: &str, label: String| Choice {
        chosen: chosen == value,
        value: value.to_owned(),
        label,
    };
    let takers = [
        (HandOverTo::Account, w.close_to_account()),
        (HandOverTo::Department, w.close_to_department()),
        (HandOverTo::Nobody, w.close_to_nobody()),
    ];
    let choices = takers.map(|(to, label)| choice(to.code(), label.to_owned()));
    let leave = choice(LEAVE, w.close_leave().to_owned());
    let title = w.close_title(&account.name);
    let (frame, status) = Frame::desk(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &ClosePage {
            frame,
            w,
            account,
            open,
            choices: choices.into_iter().chain([leave]).collect(),
            taker: visit.form.typed("account").to_owned(),
            handed_over: done.handed_over,
            failed: done.failed,
            problem,
        },
    )
}

/// Hands the open matters over as the form says, then closes the account if none is left.
pub(crate) async fn close(visit: Arc<Visit>) -> Answer {
    let chosen = visit.form.get("to").unwrap_or_default();
    let mut done = Done::default();
    if let Some(to) = HandOverTo::of_code(chosen) {
        let account = visit.form.get("account").map(str::to_owned);
        let account = account.filter(|_| to == HandOverTo::Account);
        let request = HandOverRequest { to, account };
        if let Err(problem) = hand_over(&visit, &request, &mut done).await {
            return beside(&visit, done, problem).await;
        }
        if done.left > 0 {
            return shown(&visit, done, None).await;
        }
    } else if !chosen.is_empty() && chosen != LEAVE {
        return Err(*Rejection::no_such_path().0);
    }
    let patch = AccountPatch {
        disabled: Some(true),
        leave_matters: chosen == LEAVE,
        ..AccountPatch::default()
    };
    let account = path(&visit, "");
    match super::sent(&visit, Method::PATCH, &account, &patch).await? {
        Ok(_) => lead_to(&format!("/admin/{account}?done=1")),
        Err(problem) => shown(&visit, done, Some(problem)).await,
    }
}

async fn beside(visit: &Visit, done: Done, problem: Problem) -> Answer {
    match problem.status {
        403 | 404 | 409 | 422 => shown(visit, done, Some(problem)).await,
        _ => Err(problem),
    }
}

async fn hand_over(
    visit: &Visit,
    request: &HandOverRequest,
    done: &mut Done,
) -> Result<(), Problem> {
    let way = visit.api(&path(visit, "/hand-over"))?;
    let key = visit.form.typed(KEY_FIELD);
    for n in 0..MOST_REQUESTS {
        let mut calls = visit.calls.clone();
        calls = calls.with("accept-language", visit.view.language.tag());
        if !key.is_empty() {
            calls = calls.with(IDEMPOTENCY_KEY, &format!("{key}.{n}"));
        }
        let report: HandOverReport = calls.ask(Method::POST, &way, request).await?.read()?;
        done.handed_over += report.handed_over;
        done.failed = report.failed;
        done.left = report.left;
        if report.handed_over == 0 || report.left == 0 {
            break;
        }
    }
    Ok(())
}
