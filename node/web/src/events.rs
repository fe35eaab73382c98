//! Changes as they happen: server-sent events (WHATWG HTML, 9.2).
//!
//! A stream reads the log of changes at the pace of its reader, so a slow one costs no memory; one that
//! takes nothing at all loses its connection, and goes on later with `Last-Event-ID`. Before each
//! batch, and with each sign of life, it is asked anew whether the reader may still listen.

use std::{convert::Infallible, time::Duration};

use api::{ChangeView, EventsQuery, StreamEnd, StreamStart};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    feed::{Change, ChangeId, Changed},
    people::{Permission, Who},
};
use futures::stream;
use http::{HeaderName, header};
use office::changes::Listening;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{
    ask::{Asked, At, Authenticated, Headers},
    gate::Principal,
    openapi::NodePath,
    problem::Rejection,
};
use crate::state::Node;

/// Between two signs of life of a stream with nothing to tell.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a reader waits before it comes back, milliseconds.
const RETRY_MS: u32 = 3_000;
/// Changes read at once.
const BATCH: usize = 64;
/// Where a reader says what it saw last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Changes as they happen
///
/// A stream of server-sent events: `begin`, then one for each matter or template that a commit changed,
/// named by its kind, as soon as the commit is on the disk. It goes on after `Last-Event-ID`. `gap` says
/// that something in between is not kept any more, so that what was known must be read anew; `end` says
/// why the stream ends. Matters are told to those who may list them, templates to those who may see them.
#[utoipa::path(get, path = "/v1/nodes/{code}/events", tag = "changes", params(NodePath, EventsQuery,
        ("last-event-id" = Option<String>, Header, description = "The id of the last event seen")),
    responses((status = 200, description = "Events; the data of most is a change",
        body = ChangeView, content_type = "text/event-stream")))]
pub(super) async fn stream(
    at: At,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Asked(query): Asked<EventsQuery>,
) -> Result<Response, Rejection> {
    let said = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(value.to_str().unwrap_or("?").to_owned()),
        None => query.after,
    };
    let saw = said.filter(|said| !said.is_empty());
    let saw = saw.map(|said| said.parse::<ChangeId>()).transpose();
    let saw = saw.map_err(|error| Rejection::unfit(&error.to_string()))?;
    let office = &at.node.office;
    let listening = office.listen(&caller(&guest.known.who))?;
    let begin = office.begin_after(saw).await?;
    let start = StreamStart {
        after: begin.after.to_string(),
        detail: begin.gap.then(|| GAP.to_owned()),
    };
    let first = match begin.gap {
        true => event("gap", Some(begin.after), &start),
        false => event("begin", Some(begin.after), &start),
    };
    let telling = Telling {
        next: Some(format!("retry: {RETRY_MS}\n{first}").into()),
        node: at.node,
        guest,
        listening,
        after: begin.after.n,
        ended: false,
    };
    let body = stream::unfold(telling, |mut telling| async {
        let bytes = telling.next().await?;
        Some((Ok::<_, Infallible>(bytes), telling))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // Proxies that gather answers are told not to (nginx, ngx_http_proxy_module).
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

const GAP: &str = "changes in between are not kept any more, or the node's store went back in time; \
                   read what you need anew, then go on with these events";

/// A stream under way.
struct Telling {
    next: Option<Bytes>,
    node: Node,
    guest: Principal,
    listening: Listening,
    /// The last change that was looked at.
    after: u64,
    ended: bool,
}

impl Telling {
    /// What is sent next; `None` after the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.next.take() {
            return Some(first);
        }
        if self.ended {
            return None;
        }
        Some(self.more().await.unwrap_or_else(|problem| {
            self.ended = true;
            let detail = problem.0.to_string();
            event("end", None, &StreamEnd { detail }).into()
        }))
    }

    async fn more(&mut self) -> Result<Bytes, Rejection> {
        let beat = Instant::now() + HEARTBEAT;
        loop {
            if !self.listening.goes_on() {
                return Err(Rejection::missing(
                    "this node stops; come back in a moment with the id of the last event",
                ));
            }
            let found = self.node.office.changes(self.after, BATCH).await?;
            if !found.is_empty() {
                self.look_again().await?;
                let told = self.tell(&found);
                if !told.is_empty() {
                    return Ok(told.into());
                }
                continue;
            }
            if timeout_at(beat, self.listening.rung()).await.is_err() {
                self.look_again().await?;
                return Ok(Bytes::from_static(b":\n\n"));
            }
        }
    }

    /// Whether the reader may still listen.
    async fn look_again(&mut self) -> Result<(), Rejection> {
        let known = self.guest.credentials.known(&self.node.office, None).await;
        self.guest.known = known?;
        let denied = |denied: domain::people::Denied| Rejection::denied(&denied.to_string());
        self.guest.may(Permission::Watch).map_err(denied)
    }

    fn tell(&mut self, found: &[Change]) -> String {
        let matters = self.guest.may(Permission::ViewList).is_ok();
        let templates = self.guest.may(Permission::ViewTemplates).is_ok();
        let mut told = String::new();
        for change in found {
            if change.id.n != self.after + 1 {
                // Swept while a slow reader came along.
                let start = StreamStart {
                    after: format!("{:08x}-{}", change.id.epoch, change.id.n - 1),
                    detail: Some(GAP.to_owned()),
                };
                told += &event("gap", None, &start);
            }
            self.after = change.id.n;
            let may = match change.what {
                Changed::Matter(_) => matters,
                Changed::Template(_) => templates,
            };
            if may {
                let view = ChangeView::from(change);
                told += &event(change.kind().name(), Some(change.id), &view);
            }
        }
        told
    }
}

/// Whom a stream is counted against.
fn caller(who: &Who) -> String {
    match who {
        Who::OsUser { uid, .. } => format!("user {uid}"),
        Who::Account(account) => format!("account {}", account.id),
        Who::Key(key) => format!("key {}", key.id),
        Who::Reporter(_) | Who::Nobody => String::new(),
    }
}

/// One event. JSON has no line breaks outside its strings, and escapes those inside.
fn event(name: &str, id: Option<ChangeId>, facts: &impl Serialize) -> String {
    let data = serde_json::to_string(facts).expect("facts have text keys only");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n")
}
