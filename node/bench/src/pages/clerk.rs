//! A clerk at the desk of the township, with matters in hand.

use std::{collections::BTreeSet, net::Ipv4Addr};

use api::{AccountRequest, AccountView, LoginAnswer, LoginRequest, ReportRequest, RolesRequest};
use bytes::Bytes;
use cli::{Failure, client::Client};
use domain::people::{Permission, Role};
use http::{Method, header};
use serde_json::Value;

use super::visit::{request, sent};
use crate::{
    record,
    township::{self, Township},
};

/// Matters in hand; the desk shows 50 on a page.
const MATTERS: u64 = 60;
/// The password of all accounts of this measurement.
const PASSWORD: &str = "wujitong-bench-only";
const CLERK: &str = "clerk";
/// The address of the clerk.
const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 251);

/// A clerk who is signed in.
pub(super) struct Clerk {
    /// The cookie of the session, as a browser sends it.
    pub(super) cookie: String,
    /// One of the matters in hand.
    pub(super) matter: String,
}

impl Clerk {
    /// Opens the account of the clerk, has matters reported, and signs in.
    pub(super) async fn sign_in(township: &Township) -> Result<Self, Failure> {
        // Once there are accounts the owner makes no keys.
        let matter = reported(township).await?;
        let owner = township.owner();
        open(owner, "system", &[Role::SystemAdministrator]).await?;
        open(owner, "security", &[Role::SecurityAdministrator]).await?;
        let system = token(owner, "system").await?;
        open(&system, CLERK, &[]).await?;
        let security = token(owner, "security").await?;
        let roles = RolesRequest {
            roles: BTreeSet::from([Role::Official]),
        };
        let path = format!("/v1/nodes/{}/accounts/{CLERK}/roles", township::division());
        let _granted: AccountView = security.send(Method::PUT, &path, &roles).await?;
        Ok(Self {
            matter,
            cookie: cookie(township).await?,
        })
    }
}

async fn open(by: &Client, login: &str, roles: &[Role]) -> Result<(), Failure> {
    let account = AccountRequest {
        login: login.to_owned(),
        name: login.to_owned(),
        password: PASSWORD.to_owned(),
        roles: roles.iter().copied().collect(),
        department: None,
        grid: None,
        phone: None,
        must_change: false,
    };
    let path = format!("/v1/nodes/{}/accounts", township::division());
    let _opened: AccountView = by.post(&path, &account).await?;
    Ok(())
}

fn login(login: &str, cookie: bool) -> LoginRequest {
    LoginRequest {
        login: login.to_owned(),
        password: PASSWORD.to_owned(),
        cookie,
    }
}

fn session() -> String {
    format!("/v1/nodes/{}/session", township::division())
}

/// Returns a client that acts as this account.
async fn token(owner: &Client, name: &str) -> Result<Client, Failure> {
    let answer: LoginAnswer = owner.post(&session(), &login(name, false)).await?;
    Ok(Client::new(owner.socket()).with_token(answer.token))
}

/// Reports the matters; returns the number of the last.
async fn reported(township: &Township) -> Result<String, Failure> {
    let mut callers = township.clients(1, &[Permission::Report]).await?;
    let path = format!("/v1/nodes/{}/matters", township::division());
    let mut last = Bytes::new();
    for number in 0..MATTERS {
        let text = String::from_utf8(record(number)).expect("a record is ASCII");
        let report = ReportRequest::new("enforcement/lighting", &text);
        let body = serde_json::to_vec(&report).expect("a report is valid JSON");
        let asked = callers[0].ask(Method::POST, &path, Bytes::from(body));
        last = asked.await?.0;
    }
    let told: Value = serde_json::from_slice(&last).unwrap_or_default();
    let id = told["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::Failed(format!("{path} did not return a number")))
}

/// Signs the clerk in as a browser does.
async fn cookie(township: &Township) -> Result<String, Failure> {
    let body = serde_json::to_vec(&login(CLERK, true)).expect("a login is valid JSON");
    let request =
        request(Method::POST, &session()).header(header::CONTENT_TYPE, "application/json");
    let mut connection = township.connect(FROM).await?;
    let (answer, _) = connection.send(sent(request, body.into())?).await?;
    let set = answer.headers().get(header::SET_COOKIE);
    let set = set.and_then(|value| value.to_str().ok()?.split(';').next());
    let cookie = set.map(str::to_owned);
    cookie.ok_or_else(|| Failure::Failed("the login set no cookie".to_owned()))
}
