//! Open311 GeoReport v2, at `/open311/v2`: civic apps made for other cities can report to a node and
//! follow their report through all tiers.
//!
//! The protocol is the one of <https://wiki.open311.org/GeoReport_v2> (its source:
//! `open311/open311.github.io`, `GeoReport_v2/index.md`) and
//! <https://wiki.open311.org/Service_Discovery>. `docs/open311.md` tells app developers how this
//! server decides what the protocol leaves open:
//!
//! - A jurisdiction is a node: `jurisdiction_id` is the code or DNS name of its division, and may be
//!   left out if the process hosts only one node.
//! - Reading needs no key and shows what an official published. A key also sees the requests it filed.
//!   Whoever has the reporter's token of a matter, or may see matters here, sees that matter. Everything
//!   else looks as if it did not exist, so knowing a number gives no access.
//! - The server never fetches a URL from a request: `media_url` is kept as text.

mod answer;
mod discovery;
mod fault;
mod filter;
mod form;
mod format;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod parts;
mod report;
mod services;
mod show;

use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{DefaultBodyLimit, Request, State},
    response::Response,
    routing::any,
};
use domain::{audit::Whence, people::Permission};
use http::{HeaderMap, Method, header, request::Parts};
use office::people::{Token, TokenKind};
use topology::{DivisionCode, dns};
use web::{
    Beside,
    credentials::{Credentials, REPORTER_TOKEN},
    gate::{Gate, Principal, careful},
    parts::has_parts,
    problem::Rejection,
    state::{AppState, Node},
};

use self::{answer::Answer, fault::Fault, form::Form, format::Format, parts::Photos};

/// Prefix of all paths.
const PATH: &str = "/open311/v2/";
/// The protocol, served beside the API. Every request passes the gate.
pub const BESIDE: Beside = Beside {
    cross_origin: Some(PATH),
    routes,
    patience: parts::patience,
};
/// The longest form without its files, in bytes: a description of 4,000 characters with every byte
/// escaped, and some reserve.
const MOST_BODY: usize = 128 * 1024;

fn routes(router: Router<AppState>, gate: &Arc<Gate>) -> Router<AppState> {
    let gate = Arc::clone(gate);
    let serve = move |State(app_state): State<AppState>, request: Request| {
        let gate = Arc::clone(&gate);
        async move { serve(&gate, &app_state, request).await }
    };
    let longest = DefaultBodyLimit::max(parts::BOUNDS.form);
    router.route("/open311/v2/{*path}", any(serve).layer(longest))
}

async fn serve(gate: &Gate, app_state: &AppState, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(PATH).unwrap_or_default();
    let (what, format) = Format::of(path);
    let answer = match form::decode(what, false) {
        Ok(what) => Visit::begin(gate, app_state, request)
            .await
            .map(|visit| (visit, what)),
        Err(fault) => Err(fault),
    };
    let answer = match answer {
        Ok((visit, what)) => visit.answer(&what, format).await,
        Err(fault) => Err(fault),
    };
    careful(match (answer, format) {
        (Ok(answer), Some(format)) => answer.write(format),
        (Ok(_), None) => {
            Fault::missing("add the format to the path: .xml or .json").write(Format::Xml)
        }
        (Err(fault), format) => fault.write(format.unwrap_or(Format::Xml)),
    })
}

/// One request.
struct Visit<'a> {
    gate: &'a Gate,
    app_state: &'a AppState,
    parts: Parts,
    form: Form,
    photos: Option<Photos>,
    whence: Whence,
}

/// The caller: identity, node, and reporter's token.
struct Asker {
    node: Node,
    guest: Principal,
    slip: Option<Token>,
}

impl<'a> Visit<'a> {
    async fn begin(
        gate: &'a Gate,
        app_state: &'a AppState,
        request: Request,
    ) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        let mut visit = Self {
            gate,
            app_state,
            whence: gate.arrive(&parts)?,
            parts,
            form: Form::default(),
            photos: None,
        };
        let is_post = visit.parts.method == Method::POST;
        if is_post && has_parts(&visit.parts.headers) {
            visit.read_parts(body).await?;
        } else if is_post {
            is_form(&visit.parts.headers)?;
            let body = to_bytes(body, MOST_BODY).await;
            let body = body.map_err(|_| Fault::too_long(MOST_BODY))?;
            let body = std::str::from_utf8(&body).map_err(|_| Fault::not_utf8())?;
            visit.form.read(body)?;
        }
        let query = visit.parts.uri.query().unwrap_or_default();
        visit.form.read(query)?;
        Ok(visit)
    }

    async fn answer(mut self, what: &str, format: Option<Format>) -> Result<Answer, Fault> {
        let (kind, one) = match what.split_once('/') {
            Some((kind, one)) => (kind, Some(one)),
            None => (what, None),
        };
        let reads = matches!(self.parts.method, Method::GET | Method::HEAD);
        match (kind, one) {
            _ if format.is_none() => Err(Fault::missing(
                "there is nothing at this path; paths end in .xml or .json, such as services.json",
            )),
            ("requests", None) if self.parts.method == Method::POST => self.report().await,
            ("discovery" | "services" | "requests" | "tokens", _) if !reads => Err(Fault::unfit(
                "this path supports only GET; POST reports to requests.xml or requests.json",
            )),
            ("discovery", None) => Ok(discovery::of(&self.parts.headers, self.app_state)),
            ("services", None) => Ok(Answer::Services(self.services().await?)),
            ("services", Some(code)) => Ok(Answer::Definition(self.definition(code).await?)),
            ("requests", None) => Ok(Answer::Requests(self.requests().await?)),
            ("requests", Some(id)) => Ok(Answer::Requests(self.request(id).await?)),
            ("tokens", Some(token)) => Ok(Answer::Token(self.token(token).await?)),
            ("tokens", None) => Err(Fault::unfit("token was not provided")),
            _ => Err(Fault::missing(
                "there is nothing at this path; see docs/open311.md",
            )),
        }
    }

    /// Returns the node of the jurisdiction.
    fn node(&self) -> Result<&Node, Fault> {
        let Some(text) = self.form.get("jurisdiction_id") else {
            let mut nodes = self.app_state.nodes.values();
            return match (nodes.next(), nodes.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(Fault::unfit(
                    "jurisdiction_id was not provided; send the code of a division",
                )),
            };
        };
        let division: Option<DivisionCode> = match text.contains('.') {
            true => dns::code(text, &self.app_state.network.zone).ok(),
            false => text.parse().ok(),
        };
        let node = division.and_then(|division| self.app_state.node(division));
        node.ok_or_else(|| {
            Fault::missing(
                "jurisdiction_id was not found; send the code or the DNS name of a division whose \
                 node is hosted here",
            )
        })
    }

    /// Returns the caller. An invalid key is an error, not an anonymous caller.
    async fn asker(&self, permission: Permission) -> Result<Asker, Fault> {
        let node = self.node()?.clone();
        let shown = match self.form.get("api_key") {
            Some(text) => Some(text.parse::<Token>().ok()),
            None => bearer(&self.parts.headers),
        };
        let credentials = match shown {
            None => Credentials::None,
            Some(Some(key)) if key.kind == TokenKind::Key => Credentials::Bearer(key),
            Some(_) => return Err(Fault::bad_key()),
        };
        let guest = self
            .gate
            .meet(&node, credentials, permission, self.whence)
            .await?;
        if let domain::people::Who::Key(key) = &guest.known.who
            && !key.is_good(node.office.now())
        {
            return Err(Fault::bad_key());
        }
        let header = self.parts.headers.get(REPORTER_TOKEN);
        let header = header.and_then(|value| value.to_str().ok());
        let slip = self.form.get("reporter_token").or(header);
        let slip = slip.and_then(|text| text.trim().parse::<Token>().ok());
        Ok(Asker {
            node,
            guest,
            slip: slip.filter(|slip| slip.kind == TokenKind::ReporterToken),
        })
    }
}

/// Returns the key in `Authorization`; `Some(None)` if the header is not a valid key.
fn bearer(headers: &HeaderMap) -> Option<Option<Token>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok();
    let pair = value.and_then(|text| text.split_once(' '));
    let token = pair.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(token.and_then(|(_, token)| token.trim().parse().ok()))
}

fn is_form(headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
    let media = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    match media {
        None => Ok(()),
        Some(kind) if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Ok(()),
        Some(_) => Err(Fault::unfit(
            "this is not a form; send Content-Type: application/x-www-form-urlencoded; charset=utf-8, or \
             multipart/form-data with photos",
        )),
    }
}

impl From<Rejection> for Fault {
    fn from(problem: Rejection) -> Self {
        Self::of(&problem)
    }
}
