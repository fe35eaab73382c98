//! A minimal OTLP collector: one gRPC method that keeps what it receives.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{body::Body, server::NamedService, transport::Server};
use tower::Service;

/// A collector on its own port.
pub(super) struct Collector {
    address: SocketAddr,
    received: mpsc::UnboundedReceiver<Bytes>,
}

impl Collector {
    pub(super) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub(super) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (keep, received) = mpsc::unbounded_channel();
        let server = Server::builder().add_service(TraceService(keep));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { address, received }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the body of the next export, as sent.
    pub(super) async fn received(&mut self) -> Bytes {
        self.received.recv().await.unwrap()
    }
}

#[derive(Clone)]
struct TraceService(mpsc::UnboundedSender<Bytes>);

impl NamedService for TraceService {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl Service<Request<Body>> for TraceService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let keep = self.0.clone();
        Box::pin(async move {
            keep.send(request.into_body().collect().await.unwrap().to_bytes())
                .unwrap();
            // An empty message, uncompressed, then the status: an empty answer means that
            // everything was accepted.
            let message = Frame::data(Bytes::from_static(&[0; 5]));
            let mut status = HeaderMap::new();
            status.insert("grpc-status", "0".parse().unwrap());
            let frames = [Ok::<_, Infallible>(message), Ok(Frame::trailers(status))];
            let body = Body::new(StreamBody::new(futures::stream::iter(frames)));
            Ok(Response::builder()
                .header("content-type", "application/grpc")
                .body(body)
                .unwrap())
        })
    }
}
