//! What stands before every route: who asks, whether they may, and what their request brings along.
//! A route is opened with the one permission it needs; a handler behind no gate finds nobody and does nothing.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use api::problem::ProblemCode;
use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{FromRequestParts, RawPathParams, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    actor::Actor,
    audit::{Subject, Whence},
    ids::MatterId,
    people::{Denied, Permission, Place, Who, may},
    suite::Suite,
};
use http::{HeaderValue, Method, header, request::Parts};
use office::{
    OfficeError, Once, Request as Asked, RequestContext,
    people::{Answer, Begun, InHand, Known, PeopleError},
};
use topology::DivisionCode;
use utoipa_axum::router::UtoipaMethodRouter;

use super::{
    SOCKET_BODY_BYTES, again,
    ask::{At, hosted},
    credentials::{self, Credentials},
    oidc, openapi,
    problem::Rejection,
    rate_limits::RateLimits,
    serve::Caller,
    tag,
};
use crate::state::{AppState, Node};

/// Where a request says how to recognise its repetition (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Says that an answer was given before.
pub const REPLAYED: &str = "idempotency-replayed";
/// Longest answer kept under a key, bytes.
const MOST_KEPT: usize = 4 * 1024;

/// What all routes of one listener share.
pub struct Gate {
    roster: AppState,
    pace: RateLimits,
}

/// Somebody who was let in, with one permission.
#[derive(Clone)]
pub struct Principal {
    /// Who they are known as.
    pub known: Known,
    /// Where they ask.
    pub place: Place,
    /// What they showed.
    pub credentials: Credentials,
    /// What their request brings along.
    pub request: Arc<Asked>,
    node: Option<Node>,
    roster: AppState,
}

/// What is kept of an answer, to be given again when the request is repeated. Without it the repetition
/// shows what the request was about as it is then.
#[derive(Clone, Debug)]
pub enum Kept {
    /// All of it: it holds nothing personal and no secret.
    Whole,
    /// This instead: the same without what is shown once.
    Instead(Bytes),
}

/// What stands in a repeated answer where the first had a secret.
pub const SHOWN_ONCE: &str = "shown-once";

impl Kept {
    /// The same answer without its secrets.
    pub fn instead<T: serde::Serialize>(answer: &T) -> Extension<Self> {
        let bytes = serde_json::to_vec(answer).expect("what was answered can be written");
        Extension(Self::Instead(bytes.into()))
    }
}

impl Gate {
    /// Builds the gate of one listener.
    pub fn new(roster: AppState) -> Arc<Self> {
        let pace = RateLimits::new(&roster.rates);
        Arc::new(Self { roster, pace })
    }

    /// Opens routes to those who have a permission.
    pub fn open(
        self: &Arc<Self>,
        deed: Permission,
        (schemas, mut paths, routes): UtoipaMethodRouter<AppState>,
    ) -> UtoipaMethodRouter<AppState> {
        openapi::complete(&mut paths, deed);
        let gate = Arc::clone(self);
        let routes = routes.route_layer(from_fn(move |request, next| {
            let gate = Arc::clone(&gate);
            async move { gate.pass(deed, request, next).await }
        }));
        (schemas, paths, routes)
    }

    async fn pass(&self, deed: Permission, request: Request, next: Next) -> Response {
        let response = match self.admit(deed, request, next).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        careful(response)
    }

    async fn admit(
        &self,
        deed: Permission,
        request: Request,
        next: Next,
    ) -> Result<Response, Rejection> {
        let (mut parts, body) = request.into_parts();
        let caller = *parts.extensions.get::<Caller>().ok_or_else(|| {
            Rejection::unknown_caller("it is not known who asks; use the control socket")
        })?;
        let whence = match caller {
            Caller::User(_) => Whence::Socket,
            Caller::Address(address) => self.keep_pace(address, deed, &parts)?,
        };
        let credentials = Credentials::of(&parts.headers, caller)?;
        let node = self.node(&mut parts, &credentials, deed).await?;
        let about = matter(&mut parts, &self.roster).await;
        credentials.check_page(&parts.method, &parts.headers)?;
        let mut guest = self.guest(node, credentials, about, deed, whence).await?;
        if let Some(id) = caller_id(&guest.known.who) {
            self.pace.caller(id)?;
        }
        guest.check(deed, &parts.method).await?;
        let saw = tag::saw(&parts.method, &parts.headers, about)?;
        let key = key_of_repetition(&parts)?.filter(|_| guest.node.is_some());
        let (once, body) = match (key, guest.known.actor()) {
            (Some(key), Some(actor)) => {
                let bytes = whole(body).await?;
                let query = parts.uri.query().unwrap_or_default();
                let once = once(&actor, parts.uri.path(), &key, (query, &bytes));
                (Some(once), Body::from(bytes))
            }
            _ => (None, body),
        };
        let asked = Asked::new(whence, deed).that_saw(saw).done_once(once);
        guest.request = Arc::new(asked);
        parts.extensions.insert(guest.clone());
        let (method, headers) = (parts.method.clone(), parts.headers.clone());
        let Some(once) = once else {
            let request = Request::from_parts(parts, body);
            let response = next.run(request).await;
            return Ok(tag::unless_known(&method, &headers, response));
        };
        let node = guest.node.clone().ok_or_else(Rejection::no_such_path)?;
        match node.office.begin_once(once).await? {
            Begun::Again(done) => {
                let at = At::from_request_parts(&mut parts, &self.roster).await?;
                let mut response = again::answer(&at, &guest, *done).await?;
                let yes = HeaderValue::from_static("true");
                response.headers_mut().insert(REPLAYED, yes);
                Ok(response)
            }
            Begun::First(in_hand) => {
                let request = Request::from_parts(parts, body);
                let response = next.run(request).await;
                keep(&guest, in_hand, response).await
            }
        }
    }

    /// Whence somebody comes whose protocol says in its own way who asks, unless they come too often.
    pub fn arrive(&self, parts: &Parts) -> Result<Whence, Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::User(_)) => Ok(Whence::Socket),
            Some(Caller::Address(address)) => {
                self.pace.address(*address)?;
                Ok(Whence::Address(*address))
            }
            None => Err(Rejection::unknown_caller(
                "it is not known who asks; use the control socket",
            )),
        }
    }

    /// Who that is at a node, by what they show. Nothing is opened to them yet: each permission is checked
    /// with [`Principal::must`].
    pub async fn meet(
        &self,
        node: &Node,
        credentials: Credentials,
        deed: Permission,
        whence: Whence,
    ) -> Result<Principal, Rejection> {
        let node = Some(node.clone());
        let guest = self.guest(node, credentials, None, deed, whence).await?;
        if let Some(id) = caller_id(&guest.known.who) {
            self.pace.caller(id)?;
        }
        Ok(guest)
    }

    fn keep_pace(
        &self,
        address: IpAddr,
        deed: Permission,
        parts: &Parts,
    ) -> Result<Whence, Rejection> {
        self.pace.address(address)?;
        let begins = parts.uri.path().ends_with(oidc::START);
        if deed == Permission::Enter && (begins || !parts.method.is_safe()) {
            self.pace.login(address)?;
        }
        Ok(Whence::Address(address))
    }

    /// The node whose people are asked for: the one in the path, or in `?node=`. Whoever shows a token is
    /// known at one node, so they name it where there are several.
    async fn node(
        &self,
        parts: &mut Parts,
        credentials: &Credentials,
        deed: Permission,
    ) -> Result<Option<Node>, Rejection> {
        let named = param(parts, &self.roster, "code").await;
        let query = || {
            let query = parts.uri.query()?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(name, _)| *name == "node")
                .map(|(_, value)| value.to_owned())
        };
        let Some(code) = named.or_else(query) else {
            let mut all = self.roster.nodes.values();
            return match (credentials, all.next(), all.next()) {
                (Credentials::Socket(_) | Credentials::None, ..) => Ok(None),
                _ if deed == Permission::Enter => Ok(None),
                (_, only, None) => Ok(only.cloned()),
                _ => Err(Rejection::unfit(
                    "this process hosts several nodes, and a token counts at one; add `?node=` with the code of its \
                     division",
                )),
            };
        };
        let division = code.parse::<DivisionCode>();
        let division = division.map_err(|bad| Rejection::unfit(&bad.to_string()))?;
        Ok(Some(hosted(division, &self.roster)?.clone()))
    }

    async fn guest(
        &self,
        node: Option<Node>,
        credentials: Credentials,
        about: Option<MatterId>,
        deed: Permission,
        whence: Whence,
    ) -> Result<Principal, Rejection> {
        let (known, place) = match (&node, credentials) {
            (Some(node), _) => {
                let known = match credentials.known(&node.office, about).await {
                    // Whoever comes to log in may bring a session that has ended.
                    Err(OfficeError::People(PeopleError::NoSession))
                        if deed == Permission::Enter =>
                    {
                        Known {
                            who: Who::Nobody,
                            ends_at: None,
                        }
                    }
                    Err(OfficeError::People(PeopleError::NoSession))
                        if matches!(credentials, Credentials::Slip(_)) && about.is_some() =>
                    {
                        return Err(missing(about));
                    }
                    known => known?,
                };
                let place = node.office.place(&known.who, about).await?;
                (known, place)
            }
            // What concerns the whole process is its owner's.
            (None, Credentials::Socket(uid)) => {
                let who = Who::OsUser {
                    uid,
                    accounts: false,
                };
                (
                    Known { who, ends_at: None },
                    Place::of(self.roster.tree.root()),
                )
            }
            (None, _) => {
                let who = Who::Nobody;
                (
                    Known { who, ends_at: None },
                    Place::of(self.roster.tree.root()),
                )
            }
        };
        Ok(Principal {
            known,
            place,
            credentials,
            request: Arc::new(Asked::new(whence, deed)),
            node,
            roster: self.roster.clone(),
        })
    }
}

impl Principal {
    /// Returns who asks and what their request brings along, if anybody is known to ask.
    pub fn context(&self) -> Option<RequestContext> {
        let actor = self.known.actor()?;
        Some(RequestContext::new(actor, Arc::clone(&self.request)))
    }

    /// Whether they reported the matter they ask for, or have its slip. What others wrote in the matter
    /// that absorbed theirs is none of theirs.
    pub const fn reported(&self) -> bool {
        (matches!(self.known.who, Who::Reporter(_)) || self.place.reported) && !self.place.absorbed
    }

    /// Whether they reported it, or one that was merged into it.
    pub const fn has_reporters_rights(&self) -> bool {
        self.reported() || self.place.absorbed
    }

    /// Whether they have a permission where they are.
    pub fn may(&self, deed: Permission) -> Result<(), Denied> {
        let now = self
            .node
            .as_ref()
            .map_or_else(Default::default, |node| node.office.now());
        may(&self.known.who, deed, &self.place, now, &self.roster.tree)
    }

    /// They use this permission, though they were let in with another: the audit trail names it.
    pub async fn must(&self, deed: Permission) -> Result<(), Rejection> {
        self.check(deed, &Method::POST).await?;
        self.request.turns_out(deed);
        Ok(())
    }

    /// The same as a problem: a matter they may not see looks like one that is not there, and what
    /// somebody known tried stands in the audit trail.
    pub async fn check(&self, deed: Permission, method: &Method) -> Result<(), Rejection> {
        let Err(denied) = self.may(deed) else {
            return Ok(());
        };
        if let (Some(node), Some(actor), false) = (&self.node, self.known.actor(), method.is_safe())
            && matches!(actor, Actor::Account(_) | Actor::ApiKey(_))
        {
            let subject = self.place.matter.map(Subject::Matter);
            let by = RequestContext::new(actor, Arc::clone(&self.request));
            let noted = node.office.note_denial(by, deed, subject);
            noted.await?;
        }
        if denied != Denied::Nobody
            && self.place.matter.is_some()
            && self.may(Permission::ViewMatter).is_err()
            && !matches!(
                denied,
                Denied::Operator(_) | Denied::Closed | Denied::KeyEnded
            )
        {
            return Err(missing(self.place.matter));
        }
        Err(match denied {
            Denied::KeyEnded | Denied::Closed => Rejection::unknown_caller(&denied.to_string()),
            _ => OfficeError::from(PeopleError::Denied(denied)).into(),
        })
    }
}

fn missing(about: Option<MatterId>) -> Rejection {
    match about {
        Some(id) => OfficeError::NoSuchMatter(id).into(),
        None => Rejection::no_such_path(),
    }
}

/// The matter a path is about. One that cannot be read is the handler's to refuse.
async fn matter(parts: &mut Parts, roster: &AppState) -> Option<MatterId> {
    param(parts, roster, "id").await?.parse().ok()
}

async fn param(parts: &mut Parts, roster: &AppState, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, roster)
        .await
        .ok()?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned())
}

fn caller_id(who: &Who) -> Option<[u8; 16]> {
    match who {
        Who::Account(account) => Some(u128::from(account.id.0).to_be_bytes()),
        Who::Key(key) => {
            let mut id = [0xff; 16];
            id[..8].copy_from_slice(&key.id.0);
            Some(id)
        }
        _ => None,
    }
}

/// The key under which a POST may be repeated: 1 to 255 visible characters.
pub fn key_of_repetition(parts: &Parts) -> Result<Option<String>, Rejection> {
    let Some(value) = parts
        .headers
        .get(IDEMPOTENCY_KEY)
        .filter(|_| parts.method == Method::POST)
    else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(Rejection::unfit(
            "this Idempotency-Key does not fit; take 1 to 255 visible characters, such as a UUID",
        ))
    }
}

async fn whole(body: Body) -> Result<Bytes, Rejection> {
    to_bytes(body, SOCKET_BODY_BYTES).await.map_err(|_| {
        Rejection::new(
            ProblemCode::PayloadTooLarge,
            "the body is too long for a request that may be repeated; send less",
        )
    })
}

/// What stands for a request that may be repeated: by whom, where and under which key; and what was
/// asked.
pub fn once(actor: &Actor, path: &str, key: &str, (query, body): (&str, &[u8])) -> Once {
    let suite = Suite::Ed25519Blake3;
    let caller = format!("{actor:?}");
    let lengths = |text: &str| (text.len() as u64).to_be_bytes();
    Once {
        key: suite.digest(&[
            b"wujitong/once/1",
            &lengths(&caller),
            caller.as_bytes(),
            &lengths(path),
            path.as_bytes(),
            key.as_bytes(),
        ]),
        body: suite.digest(&[&lengths(query), query.as_bytes(), &content(body)]),
    }
}

/// What a body says: of JSON, its members in one order and without white space, for programs that build it
/// anew may write it otherwise.
fn content(body: &[u8]) -> Cow<'_, [u8]> {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(body);
    let canonical = value.and_then(|value| serde_json::to_vec(&value));
    canonical.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// Keeps an answer for its repetition. What failed was not done and is not kept.
async fn keep(
    guest: &Principal,
    in_hand: InHand<'_>,
    response: Response,
) -> Result<Response, Rejection> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|error| Rejection::unfit(&error.to_string()))?;
    let kept = match parts.extensions.get::<Kept>() {
        Some(Kept::Whole) => Some(body.clone()),
        Some(Kept::Instead(other)) => Some(other.clone()),
        None => None,
    };
    let answer = Answer {
        status: parts.status.as_u16(),
        body: kept.filter(|kept| kept.len() <= MOST_KEPT),
    };
    in_hand
        .answered(guest.request.subject(), Some(answer))
        .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Nothing between the node and who asks keeps an answer, and no browser takes it for something else.
pub fn careful(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let kept = match headers.contains_key(header::ETAG) {
        true => "private, no-cache",
        false => "no-store",
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(kept));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Whether a request to log in comes from a page of another site.
pub fn check_login_page(headers: &http::HeaderMap) -> Result<(), Rejection> {
    match credentials::is_own_page(headers) {
        Some(false) => Err(Rejection::cross_site()),
        _ => Ok(()),
    }
}
