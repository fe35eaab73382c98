//! The gate before every route: identifies the caller, checks the permission, and reads the context
//! of the request. Each route is opened with the one permission it needs. A handler without a gate
//! finds no caller and does nothing.

use std::{
    net::IpAddr,
    sync::{Arc, RwLock},
};

use api::problem::ProblemCode;
use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{FromRequestParts, RawPathParams, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use bytes::Bytes;
use domain::{
    actor::Actor,
    audit::{Subject, Whence},
    ids::MatterId,
    people::{Denied, Device, Permission, Place, Who, may},
};
use futures::future::BoxFuture;
use http::{HeaderValue, Method, header, request::Parts};
use office::{
    Failed, NoSuchMatter, Request as Asked, RequestContext,
    people::{Answer, Begun, Done, InHand, Known, NoSession},
};
use topology::DivisionCode;

use super::{
    SOCKET_BODY_BYTES,
    credentials::{self, Credentials},
    idempotency::{REPLAYED, idempotency_key, key_of_repetition},
    oidc,
    problem::Rejection,
    rate_limits::{OnePage, RateLimits},
    serve::Caller,
    tag,
};
use crate::state::{AppState, Node};

/// The longest answer stored under a key, in bytes.
const MOST_KEPT: usize = 4 * 1024;

/// State shared by all routes of one listener.
pub struct Gate {
    app_state: AppState,
    pace: RwLock<Arc<RateLimits>>,
    replay: Replay,
}

/// Answers a request that was done before, at the node in its path.
pub(super) type Replay = for<'a> fn(
    &'a mut Parts,
    &'a AppState,
    &'a Principal,
    Done,
) -> BoxFuture<'a, Result<Response, Rejection>>;

/// A caller who was let in with one permission.
#[derive(Clone)]
pub struct Principal {
    /// Identity of the caller.
    pub known: Known,
    /// The division, matter and relation the request is about.
    pub place: Place,
    /// The credentials of the request.
    pub credentials: Credentials,
    /// The context of the request.
    pub request: Arc<Asked>,
    node: Option<Node>,
    app_state: AppState,
}

/// The part of an answer that is stored for a repeated request. Without it, a repetition returns
/// the present state of the subject.
#[derive(Clone, Debug)]
pub enum Kept {
    /// The whole answer, because it holds nothing personal and no secret.
    Whole,
    /// This body instead: the answer without values that are shown once.
    Instead(Bytes),
}

/// Replaces a secret in a repeated answer.
pub const SHOWN_ONCE: &str = "shown-once";

impl Kept {
    /// Returns an extension that stores this body, which must be free of secrets.
    pub fn instead<T: serde::Serialize>(answer: &T) -> Extension<Self> {
        let bytes = serde_json::to_vec(answer).expect("what was answered can be written");
        Extension(Self::Instead(bytes.into()))
    }
}

impl Gate {
    /// Builds the gate of one listener. `replay` answers repeated requests.
    pub(super) fn new(app_state: AppState, replay: Replay) -> Arc<Self> {
        let pace = RateLimits::new(&app_state.live.now().rates);
        Arc::new(Self {
            app_state,
            pace: RwLock::new(Arc::new(pace)),
            replay,
        })
    }

    /// Opens routes to callers who have a permission.
    pub fn open(
        self: &Arc<Self>,
        permission: Permission,
        routes: MethodRouter<AppState>,
    ) -> MethodRouter<AppState> {
        let gate = Arc::clone(self);
        routes.route_layer(from_fn(move |request, next| {
            let gate = Arc::clone(&gate);
            async move { gate.pass(permission, request, next).await }
        }))
    }

    /// Returns the rate limits in force. Other ones begin to count anew.
    fn pace(&self) -> Arc<RateLimits> {
        let rates = self.app_state.live.now().rates;
        let pace = Arc::clone(&self.pace.read().expect("no holder panics"));
        if pace.are_of(&rates) {
            return pace;
        }
        let mut held = self.pace.write().expect("no holder panics");
        if !held.are_of(&rates) {
            *held = Arc::new(RateLimits::new(&rates));
        }
        Arc::clone(&held)
    }

    async fn pass(&self, permission: Permission, request: Request, next: Next) -> Response {
        let response = match self.admit(permission, request, next).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        careful(response)
    }

    async fn admit(
        &self,
        permission: Permission,
        request: Request,
        next: Next,
    ) -> Result<Response, Rejection> {
        let (mut parts, body) = request.into_parts();
        let caller = *parts.extensions.get::<Caller>().ok_or_else(|| {
            Rejection::unknown_caller((
                "the caller is unknown; use the control socket",
                "不知道您是谁；请登录",
            ))
        })?;
        let whence = match caller {
            Caller::User(_) => Whence::Socket,
            Caller::Address(address) => self.keep_pace(address, permission, &parts)?,
        };
        let credentials = Credentials::of(&parts.headers, caller)?;
        let node = self.node(&mut parts, &credentials, permission).await?;
        let about = matter(&mut parts, &self.app_state).await;
        credentials.check_page(&parts.method, &parts.headers)?;
        let mut guest = self
            .guest(node, credentials, about, permission, whence)
            .await?;
        self.keep_callers_pace(&guest, permission, &parts)?;
        guest.check(permission, &parts.method).await?;
        let saw = tag::saw(&parts.method, &parts.headers, about)?;
        let key = key_of_repetition(&parts)?.filter(|_| guest.node.is_some());
        let (idempotency, body) = match (key, guest.actor(permission)) {
            (Some(key), Some(actor)) => {
                let bytes = whole(body).await?;
                let query = parts.uri.query().unwrap_or_default();
                let idempotency = idempotency_key(&actor, parts.uri.path(), &key, (query, &bytes));
                (Some(idempotency), Body::from(bytes))
            }
            _ => (None, body),
        };
        let asked = Asked::new(whence, permission)
            .with_device(device(&parts.headers, permission))
            .that_saw(saw)
            .idempotent(idempotency);
        guest.request = Arc::new(asked);
        parts.extensions.insert(guest.clone());
        let (method, headers) = (parts.method.clone(), parts.headers.clone());
        let Some(idempotency) = idempotency else {
            let request = Request::from_parts(parts, body);
            let response = next.run(request).await;
            return Ok(tag::unless_known(&method, &headers, response));
        };
        let node = guest.node.clone().ok_or_else(Rejection::no_such_path)?;
        match node.office.people().begin_idempotent(idempotency).await? {
            Begun::Replay(done) => {
                let replayed = (self.replay)(&mut parts, &self.app_state, &guest, *done);
                let mut response = replayed.await?;
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

    /// Returns where a caller comes from, for protocols with their own way to identify callers.
    /// Fails if they send too many requests.
    pub fn arrive(&self, parts: &Parts) -> Result<Whence, Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::User(_)) => Ok(Whence::Socket),
            Some(Caller::Address(address)) => {
                self.pace().address(*address)?;
                Ok(Whence::Address(*address))
            }
            None => Err(Rejection::unknown_caller((
                "the caller is unknown; use the control socket",
                "不知道您是谁；请登录",
            ))),
        }
    }

    /// Identifies a caller at a node by their credentials. It grants nothing yet: check each
    /// permission with [`Principal::must`].
    pub async fn meet(
        &self,
        node: &Node,
        credentials: Credentials,
        permission: Permission,
        whence: Whence,
    ) -> Result<Principal, Rejection> {
        let node = Some(node.clone());
        let guest = self
            .guest(node, credentials, None, permission, whence)
            .await?;
        if let Some(id) = caller_id(&guest.known.who) {
            self.pace().caller(id)?;
        }
        Ok(guest)
    }

    /// Counts a request of a caller who is known by now, or of nobody who begins a report.
    fn keep_callers_pace(
        &self,
        guest: &Principal,
        permission: Permission,
        parts: &Parts,
    ) -> Result<(), Rejection> {
        let page = parts.extensions.get::<OnePage>();
        if let Some(id) = caller_id(&guest.known.who)
            && page.is_none_or(OnePage::counts_for_caller)
        {
            self.pace().caller(id)?;
        }
        match guest.request.whence {
            Whence::Address(address)
                if guest.known.who == Who::Nobody
                    && permission == Permission::Report
                    && !parts.method.is_safe() =>
            {
                self.pace().report(address)
            }
            _ => Ok(()),
        }
    }

    fn keep_pace(
        &self,
        address: IpAddr,
        permission: Permission,
        parts: &Parts,
    ) -> Result<Whence, Rejection> {
        let page = parts.extensions.get::<OnePage>();
        if page.is_none_or(OnePage::counts_for_address) {
            self.pace().address(address)?;
        }
        let begins = parts.uri.path().ends_with(oidc::START);
        if permission == Permission::Enter && (begins || !parts.method.is_safe()) {
            self.pace().login(address)?;
        }
        if parts.headers.contains_key(credentials::REPORTER_TOKEN) {
            self.pace().slip(address)?;
        }
        Ok(Whence::Address(address))
    }

    /// Returns the node at which the caller is identified: the one in the path, or in `?node=`. A
    /// token belongs to one node, so it must be named if the process hosts several.
    async fn node(
        &self,
        parts: &mut Parts,
        credentials: &Credentials,
        permission: Permission,
    ) -> Result<Option<Node>, Rejection> {
        let named = param(parts, &self.app_state, "code").await;
        let query = || {
            let query = parts.uri.query()?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(name, _)| *name == "node")
                .map(|(_, value)| value.to_owned())
        };
        let Some(code) = named.or_else(query) else {
            let mut all = self.app_state.nodes.values();
            return match (credentials, all.next(), all.next()) {
                (Credentials::Socket(_) | Credentials::None, ..) => Ok(None),
                _ if permission == Permission::Enter => Ok(None),
                (_, only, None) => Ok(only.cloned()),
                _ => Err(Rejection::unfit((
                    "this process hosts several nodes, and a token is valid at one; add `?node=` with the code of its \
                     division",
                    "这个进程有几个节点，令牌只在其中一个有效；请加上 `?node=` 和单位代码",
                ))),
            };
        };
        let division = code.parse::<DivisionCode>();
        let division = division.map_err(|bad| Rejection::unfit(&bad))?;
        Ok(Some(self.app_state.hosted(division)?.clone()))
    }

    async fn guest(
        &self,
        node: Option<Node>,
        credentials: Credentials,
        about: Option<MatterId>,
        permission: Permission,
        whence: Whence,
    ) -> Result<Principal, Rejection> {
        let (known, place) = match (&node, credentials) {
            (Some(node), _) => {
                let known = match credentials.known(&node.office, about).await {
                    // A caller may send an ended session along when they log in.
                    Err(Failed::Refused(NoSession)) if permission == Permission::Enter => Known {
                        who: Who::Nobody,
                        ends_at: None,
                    },
                    Err(Failed::Refused(NoSession))
                        if matches!(credentials, Credentials::ReporterToken(_))
                            && about.is_some() =>
                    {
                        return Err(missing(about));
                    }
                    known => known?,
                };
                let place = node.office.people().place(&known.who, about).await?;
                (known, place)
            }
            // Requests about the whole process belong to the owner of the socket.
            (None, Credentials::Socket(uid)) => {
                let who = Who::OsUser {
                    uid,
                    accounts: false,
                };
                (
                    Known { who, ends_at: None },
                    Place::of(self.app_state.tree.root()),
                )
            }
            (None, _) => {
                let who = Who::Nobody;
                (
                    Known { who, ends_at: None },
                    Place::of(self.app_state.tree.root()),
                )
            }
        };
        Ok(Principal {
            known,
            place,
            credentials,
            request: Arc::new(Asked::new(whence, permission)),
            node,
            app_state: self.app_state.clone(),
        })
    }
}

impl Principal {
    /// Returns the actor and context of the request, if the caller is known.
    pub fn context(&self) -> Option<RequestContext> {
        let actor = self.known.actor()?;
        Some(RequestContext::new(actor, Arc::clone(&self.request)))
    }

    /// Returns the actor and context of a report, which needs no account.
    pub fn reporting(&self) -> Option<RequestContext> {
        let actor = self.actor(Permission::Report)?;
        Some(RequestContext::new(actor, Arc::clone(&self.request)))
    }

    /// Returns the actor: the caller, or a reporter without an account if the permission is to report.
    fn actor(&self, permission: Permission) -> Option<Actor> {
        let nameless = self.node.is_some() && permission == Permission::Report;
        self.known.actor().or(nameless.then_some(Actor::Reporter))
    }

    /// Returns whether the caller reported the matter of the request, or has its slip. False for a
    /// reporter whose matter was merged into this one, because they may not read what others wrote
    /// in it.
    pub const fn reported(&self) -> bool {
        (matches!(self.known.who, Who::Reporter(_)) || self.place.reported) && !self.place.absorbed
    }

    /// Returns whether the caller reported the matter, or one that was merged into it.
    pub const fn has_reporters_rights(&self) -> bool {
        self.reported() || self.place.absorbed
    }

    /// Checks that the caller has a permission in this place.
    pub fn may(&self, permission: Permission) -> Result<(), Denied> {
        let now = self
            .node
            .as_ref()
            .map_or_else(Default::default, |node| node.office.now());
        may(
            &self.known.who,
            permission,
            &self.place,
            now,
            &self.app_state.tree,
        )
    }

    /// Checks another permission than the one the caller was let in with; the audit trail then
    /// names it.
    pub async fn must(&self, permission: Permission) -> Result<(), Rejection> {
        self.check(permission, &Method::POST).await?;
        self.request.turns_out(permission);
        Ok(())
    }

    /// Does the same as [`Self::may`] and returns a problem. A matter that the caller may not see
    /// looks like one that does not exist; attempts of known callers are recorded in the audit
    /// trail.
    pub async fn check(&self, permission: Permission, method: &Method) -> Result<(), Rejection> {
        let Err(denied) = self.may(permission) else {
            return Ok(());
        };
        if let (Some(node), Some(actor), false) = (&self.node, self.known.actor(), method.is_safe())
            && matches!(actor, Actor::Account(_) | Actor::ApiKey(_))
        {
            let subject = self.place.matter.map(Subject::Matter);
            let by = RequestContext::new(actor, Arc::clone(&self.request));
            let noted = node.office.people().note_denial(by, permission, subject);
            noted.await?;
        }
        if denied != Denied::Nobody
            && self.place.matter.is_some()
            && self.may(Permission::ViewMatter).is_err()
            && !matches!(
                denied,
                Denied::Operator(_) | Denied::Closed | Denied::KeyEnded | Denied::FirstPassword
            )
        {
            return Err(missing(self.place.matter));
        }
        Err(match denied {
            Denied::KeyEnded | Denied::Closed => Rejection::unknown_caller(&denied),
            _ => denied.into(),
        })
    }
}

fn missing(about: Option<MatterId>) -> Rejection {
    match about {
        Some(id) => NoSuchMatter(id).into(),
        None => Rejection::no_such_path(),
    }
}

/// Returns what a browser says it is, for requests with which a session may begin.
fn device(headers: &http::HeaderMap, permission: Permission) -> Option<Device> {
    let said = headers.get(header::USER_AGENT)?;
    match permission {
        Permission::Enter => Device::of(&String::from_utf8_lossy(said.as_bytes())),
        _ => None,
    }
}

/// Returns the matter in the path; `None` if it cannot be parsed, which the handler rejects.
async fn matter(parts: &mut Parts, app_state: &AppState) -> Option<MatterId> {
    param(parts, app_state, "id").await?.parse().ok()
}

async fn param(parts: &mut Parts, app_state: &AppState, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app_state)
        .await
        .ok()?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned())
}

fn caller_id(who: &Who) -> Option<[u8; 16]> {
    match who {
        Who::Account(account) | Who::FirstLogin(account) => {
            Some(u128::from(account.id.0).to_be_bytes())
        }
        Who::Key(key) => {
            let mut id = [0xff; 16];
            id[..8].copy_from_slice(&key.id.0);
            Some(id)
        }
        Who::Reporter(matter) => {
            let digest = domain::suite::Suite::Ed25519Blake3.digest(&[&matter.to_bytes()]);
            digest.first_chunk().copied()
        }
        _ => None,
    }
}

async fn whole(body: Body) -> Result<Bytes, Rejection> {
    to_bytes(body, SOCKET_BODY_BYTES).await.map_err(|_| {
        Rejection::new(
            ProblemCode::PayloadTooLarge,
            (
                "the body is too long for a request with an Idempotency-Key; shorten it",
                "带幂等键的请求内容太长；请写短些",
            ),
        )
    })
}

/// Stores an answer for repetitions of the request. Failures are not stored, because nothing was
/// done.
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
    let body = body.map_err(|error| {
        Rejection::unfit((
            error.to_string(),
            format!("答复读不完整（{error}）；请重发"),
        ))
    })?;
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

/// Adds headers that keep caches from storing the answer and browsers from guessing its type.
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

/// Checks that a login request does not come from a page of another site.
pub fn check_login_page(headers: &http::HeaderMap) -> Result<(), Rejection> {
    match credentials::is_own_page(headers) {
        Some(false) => Err(Rejection::cross_site()),
        _ => Ok(()),
    }
}
