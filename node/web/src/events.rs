//! Change events as a stream: server-sent events (WHATWG HTML, 9.2).
//!
//! A stream reads the log of changes as fast as its reader accepts events, so a slow reader costs
//! no memory. A reader that accepts nothing loses its connection and can resume with
//! `Last-Event-ID`. Before each batch, and with each heartbeat, the permission of the reader is
//! checked again.

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
use office::feed::Listening;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{
    ask::{Asked, Authenticated, Headers, NodePath},
    gate::Principal,
    openapi::NodeParams,
    problem::Rejection,
};
use crate::state::Node;

/// Interval of heartbeats on a stream without events.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time a reader waits before it reconnects, in milliseconds.
const RETRY_MS: u32 = 3_000;
/// The most changes of one read.
const BATCH: usize = 64;
/// Header with the id of the last event that the reader saw.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Stream changes
///
/// Returns server-sent events: first `begin`, then one event for each matter or template that a
/// commit changed, named by its kind, as soon as the commit is durable. The stream resumes after
/// `Last-Event-ID`. `gap` means that events in between are no longer kept, so that the client must
/// read its state again. `end` says why the stream ends. Changes of matters go to callers who may
/// list matters, changes of templates to those who may see templates.
#[utoipa::path(get, path = "/v1/nodes/{code}/events", tag = "changes", params(NodeParams, EventsQuery,
        ("last-event-id" = Option<String>, Header, description = "Id of the last event seen")),
    responses((status = 200, description = "Events; the data of most events is a change",
        body = ChangeView, content_type = "text/event-stream")))]
pub(super) async fn stream(
    at: NodePath,
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
    let saw = saw.map_err(|error| Rejection::unfit(&error))?;
    let office = &at.node.office;
    let listening = office.feed().listen(&caller(&guest.known.who))?;
    let begin = office.feed().begin_after(saw).await?;
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
        // Tells proxies not to buffer the answer (nginx, ngx_http_proxy_module).
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

const GAP: &str = "the changes in between are no longer kept, or the node's store went back in time; \
                   read your data again, then continue with these events";

/// A running stream.
struct Telling {
    next: Option<Bytes>,
    node: Node,
    guest: Principal,
    listening: Listening,
    /// The last change that was read.
    after: u64,
    ended: bool,
}

impl Telling {
    /// Returns the next bytes to send; `None` after the end.
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
                return Err(Rejection::missing((
                    "this node is stopping; reconnect in a moment with the id of the last event",
                    "节点正在停止；请稍后重新连接",
                )));
            }
            let found = self.node.office.feed().changes(self.after, BATCH).await?;
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

    /// Checks again that the reader may listen.
    async fn look_again(&mut self) -> Result<(), Rejection> {
        let known = self.guest.credentials.known(&self.node.office, None).await;
        self.guest.known = known?;
        let denied = |denied: domain::people::Denied| Rejection::denied(&denied);
        self.guest.may(Permission::Watch).map_err(denied)
    }

    fn tell(&mut self, found: &[Change]) -> String {
        let matters = self.guest.may(Permission::ViewList).is_ok();
        let templates = self.guest.may(Permission::ViewTemplates).is_ok();
        let mut told = String::new();
        for change in found {
            if change.id.n != self.after + 1 {
                // The change was deleted from the log before this slow reader got to it.
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
                told += &event(change.kind().code(), Some(change.id), &view);
            }
        }
        told
    }
}

/// Returns the key under which the streams of a caller are counted.
fn caller(who: &Who) -> String {
    match who {
        Who::OsUser { uid, .. } => format!("user {uid}"),
        Who::Account(account) | Who::FirstLogin(account) => format!("account {}", account.id),
        Who::Key(key) => format!("key {}", key.id),
        Who::Reporter(_) | Who::Nobody => String::new(),
    }
}

/// Formats one event. JSON has no line breaks outside strings and escapes those inside, so the data
/// is one line.
fn event(name: &str, id: Option<ChangeId>, facts: &impl Serialize) -> String {
    let data = serde_json::to_string(facts).expect("facts have text keys only");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n")
}
