//! Another system that webhooks tell of changes.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Mutex, mpsc},
};
use tokio_rustls::TlsAcceptor;

/// Another system.
pub(super) struct Receiver {
    pub(super) port: u16,
    pub(super) received: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    pub(super) answers: Arc<Mutex<VecDeque<Response<Empty<Bytes>>>>>,
}

pub(super) fn answer(status: u16) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

impl Receiver {
    pub(super) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, received) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let queue = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, heard, queue) = (tls.clone(), heard.clone(), Arc::clone(&queue));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, heard, queue).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, heard, queue).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            received,
            answers,
        }
    }

    /// What it answers next; 204 when nothing else was said.
    pub(super) async fn will_answer(&self, response: Response<Empty<Bytes>>) {
        self.answers.lock().await.push_back(response);
    }

    pub(super) async fn next(&mut self) -> (HeaderMap, Bytes) {
        let next = tokio::time::timeout(Duration::from_secs(30), self.received.recv());
        next.await.expect("an event comes").unwrap()
    }

    pub(super) async fn event(&mut self) -> Value {
        serde_json::from_slice(&self.next().await.1).unwrap()
    }

    pub(super) fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn serve<S>(
    stream: S,
    heard: mpsc::UnboundedSender<(HeaderMap, Bytes)>,
    queue: Arc<Mutex<VecDeque<Response<Empty<Bytes>>>>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (heard, queue) = (heard.clone(), Arc::clone(&queue));
        async move {
            assert_eq!(request.method(), Method::POST);
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let answer = queue.lock().await.pop_front();
            let _gone = heard.send((parts.headers, body));
            Ok::<_, Infallible>(answer.unwrap_or_else(|| self::answer(204)))
        }
    });
    let _broken = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Checks a signature the way a receiver does.
pub(super) fn check(secret: &str, headers: &HeaderMap, body: &[u8]) {
    let text = headers["wujitong-signature"].to_str().unwrap();
    let field = |name: &str| {
        let mut parts = text.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(key, _)| *key == name).unwrap().1
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [field("t").as_bytes(), b".", body].concat();
    let hex = ring::hmac::sign(&key, &signed);
    let hex: String = hex.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(field("v1"), hex);
}
