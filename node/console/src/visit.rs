//! One visit of a page: which division, which person, what was typed, and the way to ask the node.

use std::sync::{Arc, OnceLock};

use api::{
    SessionView,
    problem::{Problem, ProblemCode},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{FromRequestParts, RawPathParams},
};
use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, header, request::Parts};
use topology::DivisionCode;
use web::{
    calls::Calls,
    credentials::{COOKIE, CSRF, cookie_value, is_own_page},
    gate::Gate,
    idempotency::IDEMPOTENCY_KEY,
    parts::has_parts,
    problem::Rejection,
    state::AppState,
};

use crate::{
    form::Form,
    sheet_file::brings,
    view::{CHOICES, View},
    when::When,
    words::Words,
};

/// The longest form without files, in bytes: the longest text with every byte escaped, and some
/// reserve.
const MOST_FORM: usize = 256 * 1024;
/// Field of a form with the secret of the session.
pub(crate) const CSRF_FIELD: &str = "csrf";
/// Field of a form with the key under which it is done once.
pub(crate) const KEY_FIELD: &str = "key";
/// Field of a form with the version of the matter that its page showed.
pub(crate) const SEEN_FIELD: &str = "seen";

/// What all visits share: the routes of the API, and the gate.
pub(crate) struct Pages {
    api: Router<AppState>,
    ready: OnceLock<Router>,
    gate: Arc<Gate>,
}

impl Pages {
    pub(crate) fn new(api: Router<AppState>, gate: Arc<Gate>) -> Arc<Self> {
        let ready = OnceLock::new();
        Arc::new(Self { api, ready, gate })
    }
}

/// A visit.
pub(crate) struct Visit {
    /// The nodes of this process.
    pub(crate) state: AppState,
    /// The division whose page it is; `None` on a host that belongs to no division.
    division: Option<DivisionCode>,
    /// How the person wants pages.
    pub(crate) view: View,
    /// The words in the person's language.
    pub(crate) w: Words,
    /// The session, if the person is signed in.
    pub(crate) session: Option<SessionView>,
    /// Whether the person shows a session that has ended.
    pub(crate) ended: bool,
    /// The way to ask the node as this person.
    pub(crate) calls: Calls,
    /// The method of the request.
    pub(crate) method: Method,
    /// The path of the page.
    pub(crate) path: String,
    /// The query of the address.
    pub(crate) query: Form,
    /// The fields of the form that was sent.
    pub(crate) form: Form,
    /// Photos of the form that the node did not take.
    pub(crate) photo_problems: Vec<Problem>,
    /// Files of the form that was sent, other than photos.
    pub(crate) sent: Vec<Bytes>,
    /// The headers of the request.
    pub(crate) headers: HeaderMap,
    params: Vec<(String, String)>,
}

impl Visit {
    /// Begins a visit: limits its rate, finds the division, reads the form, and asks who visits.
    pub(crate) async fn begin(
        pages: &Pages,
        state: AppState,
        mut parts: Parts,
        body: Body,
    ) -> Result<Self, Box<(Option<Self>, Problem)>> {
        let early = |rejection: Rejection| Box::new((None, *rejection.0));
        let arrived = pages.gate.arrive(&parts);
        let router = pages
            .ready
            .get_or_init(|| pages.api.clone().with_state(state.clone()));
        let query = Form::read(parts.uri.query().unwrap_or_default());
        let view = View::of(&query, &parts.headers);
        let calls = Calls::of(router.clone(), &parts).map_err(early)?;
        let calls = calls.in_language(view.language);
        let params = RawPathParams::from_request_parts(&mut parts, &state).await;
        let params = params.iter().flatten();
        let mut visit = Self {
            division: division(&parts.headers, &state),
            view,
            w: Words(view.language),
            session: None,
            ended: false,
            calls,
            path: parts.uri.path().to_owned(),
            query,
            form: Form::default(),
            photo_problems: vec![],
            sent: vec![],
            params: params
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            method: parts.method,
            headers: parts.headers,
            state,
        };
        // Whoever comes too often is told so on a page, of which the node is asked nothing.
        if let Err(too_often) = arrived {
            return Err(Box::new((Some(visit), *too_often.0)));
        }
        if let Err(problem) = visit.learn(parts.extensions, body).await {
            return Err(Box::new((Some(visit), problem)));
        }
        Ok(visit)
    }

    async fn learn(&mut self, extensions: Extensions, body: Body) -> Result<(), Problem> {
        let (mut body, mut files) = (Some(body), None);
        if self.method == Method::POST && has_parts(&self.headers) {
            files = body.take();
        }
        if self.method == Method::POST
            && is_form(&self.headers)
            && let Some(body) = body
        {
            let bytes = to_bytes(body, MOST_FORM).await.map_err(|_| {
                let told = (
                    "the form is longer than 256 KiB; shorten the text",
                    "表单超过 256 KiB；请写短些",
                );
                *Rejection::new(ProblemCode::PayloadTooLarge, told).0
            })?;
            self.form = Form::read(&String::from_utf8_lossy(&bytes));
        }
        self.calls = self.with_form_headers();
        self.learn_who().await?;
        match files {
            Some(files) => match brings(&self.path) {
                Some(form) => self.read_files(form, extensions, files).await,
                None => self.read_photos(extensions, files).await,
            },
            None => Ok(()),
        }
    }

    /// Returns the way to ask the node with what the form says for headers: the secret of the session,
    /// the key under which it is done once, and the version that the person saw.
    pub(crate) fn with_form_headers(&self) -> Calls {
        let headers = [
            (CSRF_FIELD, CSRF),
            (KEY_FIELD, IDEMPOTENCY_KEY),
            (SEEN_FIELD, "if-match"),
        ];
        headers
            .iter()
            .fold(self.calls.clone(), |calls, (field, header)| {
                match self.form.get(field) {
                    Some(value) => calls.with(header, value),
                    None => calls,
                }
            })
    }

    /// Sends the secret of the session with all further calls.
    pub(crate) fn prove(&mut self, csrf: &str) {
        self.calls = self.calls.clone().with(CSRF, csrf);
    }

    async fn learn_who(&mut self) -> Result<(), Problem> {
        let shows = cookie_value(&self.headers, COOKIE).is_some()
            || self.headers.contains_key(header::AUTHORIZATION);
        if self.division.is_none() || !shows {
            return Ok(());
        }
        match self.calls.get(&self.api("session")?).await {
            Ok(session) => self.session = Some(session),
            Err(problem) if problem.status == 401 => {
                self.ended = true;
                let calls = self.calls.clone().without(&header::COOKIE);
                self.calls = calls.without(&header::AUTHORIZATION);
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }

    /// Returns the division whose page it is.
    ///
    /// # Errors
    /// A problem on a host that belongs to no division.
    pub(crate) fn division(&self) -> Result<DivisionCode, Problem> {
        self.division.ok_or_else(|| {
            *Rejection::missing((
                "this address belongs to no division; choose one on the home page",
                "这个网址不属于哪个单位；请在首页选择",
            ))
            .0
        })
    }

    /// Returns a path of the API below this division.
    pub(crate) fn api(&self, rest: &str) -> Result<String, Problem> {
        Ok(format!("/v1/nodes/{}/{rest}", self.division()?))
    }

    /// Returns a parameter of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns the secret that forms send with the session.
    pub(crate) fn csrf(&self) -> &str {
        let session = self.session.as_ref();
        session
            .and_then(|session| session.csrf.as_deref())
            .unwrap_or_default()
    }

    /// Returns whether the person is signed in with an account.
    pub(crate) fn is_signed_in(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.account.is_some())
    }

    /// Returns whether the person has a permission here, apart from those about one matter.
    pub(crate) fn may(&self, permission: domain::people::Permission) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.permissions.contains(&permission))
    }

    /// Returns a moment in the person's language.
    pub(crate) fn when(&self, ms: i64) -> When {
        When::new(ms, self.view.language)
    }

    /// Returns the time by the clock of the node, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let node = self.division.and_then(|division| self.state.node(division));
        let node = node.or_else(|| self.state.nodes.values().next());
        node.map_or(0, |node| node.office.now().0)
    }

    /// Returns the short name of a division, or its code if this build does not know it.
    pub(crate) fn name_of(&self, division: DivisionCode) -> String {
        let known = self.state.tree.get(division);
        known.map_or_else(
            || division.to_string(),
            |known| known.short_name().into_owned(),
        )
    }

    /// Returns the beginning of the address of a division that this process serves, at the port of this page.
    pub(crate) fn site(&self, division: DivisionCode) -> String {
        let host = self.headers.get(header::HOST);
        let port = host
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.rsplit_once(':'))
            .map(|(_, port)| port)
            .filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        format!("//{}{port}", self.state.pages().host(division))
    }

    /// Returns the address of this page without choices of language, size and colours, for links that
    /// lead back to it.
    pub(crate) fn here(&self) -> String {
        match self.query.query_without(&CHOICES) {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Checks that a page of this host sent the form, for forms that need no session.
    ///
    /// # Errors
    /// A problem if another site sent it.
    pub(crate) fn check_own_page(&self) -> Result<(), Problem> {
        match is_own_page(&self.headers) {
            Some(true) => Ok(()),
            _ => Err(*Rejection::cross_site().0),
        }
    }
}

/// Returns the division of a host; that of the only node on every other host, if there is only one.
fn division(headers: &HeaderMap, state: &AppState) -> Option<DivisionCode> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let named = state.pages().division(host);
    let mut nodes = state.nodes.keys();
    match (named, nodes.next(), nodes.next()) {
        (Some(named), ..) => state.node(named).map(|_| named),
        (None, Some(only), None) => Some(*only),
        _ => None,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    kind.trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
