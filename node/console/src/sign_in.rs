//! Sign-in and sign-out.

use std::sync::Arc;

use api::{LoginAnswer, LoginRequest, problem::Problem};
use askama::Template;
use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use web::{
    calls::{Calls, Reply},
    problem::Rejection,
};

use crate::{
    answer::{Answer, is_own_path, lead_to},
    form::odd,
    frame::{self, Frame},
    visit::{CSRF_FIELD, KEY_FIELD, Visit},
    words::Words,
};

/// Prefix of the fields that hold what was typed before the session ended.
const KEPT: &str = "kept.";

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    login: String,
    /// Path to go to afterwards.
    back: String,
    /// Fields that are sent along, with their prefix.
    kept: Vec<(String, String)>,
    is_needed: bool,
    /// Address where the provider's sign-in begins, if there is one.
    provider: Option<String>,
    is_insecure: bool,
    /// Whether an account was opened just now with a setup code.
    is_opened: bool,
}

#[derive(Template)]
#[template(path = "kept.html")]
struct KeptPage {
    frame: Frame,
    w: Words,
    /// Path that the form is sent to.
    back: String,
    fields: Vec<(String, String)>,
    /// The secret of the new session.
    csrf: String,
    key: String,
}

#[derive(Template)]
#[template(path = "entered.html")]
struct EnteredPage {
    frame: Frame,
    w: Words,
    name: String,
    begins: String,
}

/// Shows the form. `?back=` names the page to go to afterwards.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    visit.division()?;
    let back = visit.query.get("back").filter(|back| is_own_path(back));
    let is_needed = back.is_some();
    let back = back.unwrap_or("/").to_owned();
    ask(&visit, StatusCode::OK, None, (back, vec![]), is_needed)
}

/// Shows the form in answer to a form of a session that has ended, with all that was typed in it.
pub(crate) fn after_expiry(visit: &Visit) -> Answer {
    let typed =
        visit.form.0.iter().filter(|(name, _)| {
            name != CSRF_FIELD && name != KEY_FIELD && !name.contains("password")
        });
    let kept = typed.map(|(name, value)| (format!("{KEPT}{name}"), value.clone()));
    let kept = (visit.path.clone(), kept.collect());
    ask(visit, StatusCode::UNAUTHORIZED, None, kept, true)
}

fn ask(
    visit: &Visit,
    status: StatusCode,
    problem: Option<Problem>,
    (back, kept): (String, Vec<(String, String)>),
    is_needed: bool,
) -> Answer {
    let frame = Frame::of(visit, visit.w.sign_in_title());
    let frame = match problem {
        Some(_) => frame.after_failure(),
        None => frame,
    };
    let host = visit
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    // On any other host the browser would come back to one that does not know it.
    let is_page = visit.state.pages().division(host) == visit.division().ok();
    let provider = visit.state.sign_in();
    let provider = provider.filter(|sign_in| is_page || sign_in.is_for_host(host));
    let provider = match provider {
        Some(_) => Some(visit.api(&format!("oidc/start?return={}", odd(&back)))?),
        None => None,
    };
    let local = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = local.ends_with("localhost") || local == "127.0.0.1" || local == "[::1]";
    let origin = visit
        .headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let is_insecure = !local && origin.is_some_and(|origin| origin.starts_with("http://"));
    visit.page(
        status,
        &SignInPage {
            frame,
            w: visit.w,
            problem,
            login: visit
                .form
                .get("login")
                .or(visit.query.get("opened"))
                .unwrap_or_default()
                .to_owned(),
            back,
            kept,
            is_needed,
            provider,
            is_insecure,
            is_opened: visit.query.get("opened").is_some(),
        },
    )
}

/// Signs in with a password.
pub(crate) async fn enter(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let back = visit.form.get("back").filter(|back| is_own_path(back));
    let back = back.unwrap_or("/").to_owned();
    let kept = visit
        .form
        .0
        .iter()
        .filter(|(name, _)| name.starts_with(KEPT));
    let kept: Vec<_> = kept.cloned().collect();
    let request = LoginRequest {
        login: visit.form.get("login").unwrap_or_default().to_owned(),
        password: visit.form.typed("password").to_owned(),
        cookie: true,
    };
    let reply = match log_in(&visit, visit.calls.clone(), &request).await {
        Ok(reply) => reply,
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
            return ask(&visit, status, Some(problem), (back, kept), false);
        }
    };
    let answer = if kept.is_empty() {
        lead_to(&back)
    } else {
        let told: LoginAnswer = reply.read()?;
        let fields = kept.into_iter().map(|(name, value)| {
            let name = name.strip_prefix(KEPT).unwrap_or_default().to_owned();
            (name, value)
        });
        visit.show(&KeptPage {
            frame: Frame::of(&visit, visit.w.kept_title()),
            w: visit.w,
            back,
            fields: fields.collect(),
            csrf: told.csrf,
            key: frame::key(),
        })
    };
    with_cookies(answer, &reply)
}

async fn log_in(visit: &Visit, calls: Calls, request: &LoginRequest) -> Result<Reply, Problem> {
    calls
        .ask(Method::POST, &visit.api("session")?, request)
        .await
}

/// Hands the cookies that the API set to the browser.
fn with_cookies(answer: Answer, reply: &Reply) -> Answer {
    let mut response = answer?;
    for cookie in reply.headers.get_all(header::SET_COOKIE) {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// Signs out.
pub(crate) async fn leave(visit: Arc<Visit>) -> Answer {
    let path = visit.api("session")?;
    match visit.calls.send(Method::DELETE, &path, Body::empty()).await {
        Ok(reply) => with_cookies(forgetting(lead_to("/")), &reply),
        Err(problem) if problem.status == 401 => forgetting(lead_to("/")),
        Err(problem) => Err(problem),
    }
}

/// Tells the browser to forget what these pages keep on the device (W3C Clear Site Data).
fn forgetting(answer: Answer) -> Answer {
    let mut response = answer?;
    response.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(response)
}

/// Signs in as a person of a demonstration. In any other process there is no such page.
pub(crate) async fn enter_demo(visit: Arc<Visit>) -> Answer {
    let division = visit.division()?;
    let named = visit.query.get("as").unwrap_or_default();
    let mut entrances = visit.state.entrances.iter();
    let entrance = entrances.find(|one| one.division == division && one.login == named);
    let entrance = entrance.ok_or_else(|| *Rejection::no_such_path().0)?;
    let request = LoginRequest {
        login: entrance.login.clone(),
        password: entrance.password.clone(),
        cookie: true,
    };
    // The link is on the front page, which is another site to the browser.
    let calls = visit
        .calls
        .clone()
        .without(&HeaderName::from_static("sec-fetch-site"));
    let reply = log_in(&visit, calls, &request).await?;
    let told: LoginAnswer = reply.read()?;
    // The cookie is `Strict`: it is not sent when the browser is led on from another site, but it is
    // from this page.
    let answer = visit.show(&EnteredPage {
        frame: Frame::of(&visit, visit.w.entered(&told.account.name)),
        w: visit.w,
        name: told.account.name,
        begins: entrance.begins.clone(),
    });
    with_cookies(answer, &reply)
}
