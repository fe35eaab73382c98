//! Open311 GeoReport v2, so that civic apps made for other towns can report to a node and follow their
//! report through all tiers. Served beside the API of this program, at `/open311/v2`.
//!
//! The protocol is the one of <https://wiki.open311.org/GeoReport_v2> (its source:
//! `open311/open311.github.io`, `GeoReport_v2/index.md`) and <https://wiki.open311.org/Service_Discovery>.
//! What it leaves open is settled here, and told to the makers of apps in `docs/open311.md`:
//!
//! - A jurisdiction is a node: `jurisdiction_id` is its division's code or DNS name, and may be left out
//!   where the process hosts one node.
//! - Reading needs no key, and shows what an official published. What a key filed is shown to that key,
//!   any matter to whoever has its reporter's token, or may see matters here. Everything else looks as if
//!   it were not there: numbers of matters open nothing.
//! - No address on the network is ever fetched: `media_url` is kept as text.

mod answer;
mod discovery;
mod fault;
mod filter;
mod form;
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
    credentials::{Credentials, SLIP},
    gate::{Gate, Principal, careful},
    problem::Rejection,
    state::{AppState, Node},
};

use self::{
    answer::{Answer, Format},
    fault::Fault,
    form::Form,
    parts::Photos,
};

/// Where it is served.
const PATH: &str = "/open311/v2/";
/// The protocol, to be served beside the API. Every request passes the gate.
pub const BESIDE: Beside = Beside {
    path: PATH,
    routes,
    patience: parts::patience,
};
/// Longest form without its files: a description of 4,000 characters with every byte escaped, and room to spare.
const MOST_BODY: usize = 128 * 1024;

fn routes(router: Router<AppState>, gate: &Arc<Gate>) -> Router<AppState> {
    let gate = Arc::clone(gate);
    let serve = move |State(roster): State<AppState>, request: Request| {
        let gate = Arc::clone(&gate);
        async move { serve(&gate, &roster, request).await }
    };
    let longest = DefaultBodyLimit::max(parts::MOST_FORM);
    router.route("/open311/v2/{*path}", any(serve).layer(longest))
}

async fn serve(gate: &Gate, roster: &AppState, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(PATH).unwrap_or_default();
    let (what, format) = Format::of(path);
    let answer = match form::decode(what, false) {
        Ok(what) => Visit::begin(gate, roster, request)
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
        (Ok(_), None) => Fault::missing("say in which format: .xml or .json").write(Format::Xml),
        (Err(fault), format) => fault.write(format.unwrap_or(Format::Xml)),
    })
}

/// One request.
struct Visit<'a> {
    gate: &'a Gate,
    roster: &'a AppState,
    parts: Parts,
    form: Form,
    photos: Option<Photos>,
    whence: Whence,
}

/// Who asks, where, and with which reporter's token.
struct Asker {
    node: Node,
    guest: Principal,
    slip: Option<Token>,
}

impl<'a> Visit<'a> {
    async fn begin(gate: &'a Gate, roster: &'a AppState, request: Request) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        let mut visit = Self {
            gate,
            roster,
            whence: gate.arrive(&parts)?,
            parts,
            form: Form::default(),
            photos: None,
        };
        let is_post = visit.parts.method == Method::POST;
        if is_post && parts::is_multipart(&visit.parts.headers) {
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
                "this path is only read; POST takes reports at requests.xml and requests.json",
            )),
            ("discovery", None) => Ok(discovery::of(&self.parts.headers, self.roster)),
            ("services", None) => self.services().await,
            ("services", Some(code)) => self.definition(code).await,
            ("requests", None) => self.requests().await,
            ("requests", Some(id)) => self.request(id).await,
            ("tokens", Some(token)) => self.token(token).await,
            ("tokens", None) => Err(Fault::unfit("token was not provided")),
            _ => Err(Fault::missing(
                "there is nothing at this path; see docs/open311.md",
            )),
        }
    }

    /// The node of the jurisdiction.
    fn node(&self) -> Result<&Node, Fault> {
        let Some(text) = self.form.get("jurisdiction_id") else {
            let mut nodes = self.roster.nodes.values();
            return match (nodes.next(), nodes.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(Fault::unfit(
                    "jurisdiction_id was not provided; name the division that is to answer",
                )),
            };
        };
        let division: Option<DivisionCode> = match text.contains('.') {
            true => dns::code(text, &self.roster.network.zone).ok(),
            false => text.parse().ok(),
        };
        let node = division.and_then(|division| self.roster.node(division));
        node.ok_or_else(|| {
            Fault::missing(
                "jurisdiction_id was not found; it is the code or the DNS name of a division whose \
                 node answers here",
            )
        })
    }

    /// Who asks. A key that opens nothing is a fault, not nobody.
    async fn asker(&self, deed: Permission) -> Result<Asker, Fault> {
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
            .meet(&node, credentials, deed, self.whence)
            .await?;
        if let domain::people::Who::Key(key) = &guest.known.who
            && !key.is_good(node.office.now())
        {
            return Err(Fault::bad_key());
        }
        let header = self.parts.headers.get(SLIP);
        let header = header.and_then(|value| value.to_str().ok());
        let slip = self.form.get("reporter_token").or(header);
        let slip = slip.and_then(|text| text.trim().parse::<Token>().ok());
        Ok(Asker {
            node,
            guest,
            slip: slip.filter(|slip| slip.kind == TokenKind::Slip),
        })
    }
}

/// The key in `Authorization`; `Some(None)` if what stands there is none.
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
            "this is no form; send Content-Type: application/x-www-form-urlencoded; charset=utf-8, or \
             multipart/form-data with photos",
        )),
    }
}

impl From<Rejection> for Fault {
    fn from(problem: Rejection) -> Self {
        Self::of(&problem)
    }
}
