//! A trace collector that accepts everything and stores nothing.

use std::{convert::Infallible, net::SocketAddr, task::Poll};

use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Response, Status,
    body::Body,
    codegen::{Service, http},
    server::{Grpc, NamedService, UnaryService},
    transport::Server,
};
use tonic_prost::ProstCodec;

use crate::port;

/// Returns an address at which a collector may be started later; nobody else listens there until
/// then.
pub fn address() -> SocketAddr {
    ([127, 0, 0, 1], port::free()).into()
}

/// Starts a collector, for as long as the runtime runs.
///
/// # Panics
/// If it cannot listen at that address.
pub async fn collector(address: SocketAddr) {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let server = Server::builder().add_service(Traces);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
}

#[derive(Clone)]
struct Traces;

impl NamedService for Traces {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl Service<http::Request<Body>> for Traces {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = Grpc::new(ProstCodec::<(), ()>::default());
        Box::pin(async move { Ok(grpc.unary(Taken, request).await) })
    }
}

/// Decodes every message as an empty one, and answers with an empty one.
struct Taken;

impl UnaryService<()> for Taken {
    type Response = ();
    type Future = std::future::Ready<Result<Response<()>, Status>>;

    fn call(&mut self, _: tonic::Request<()>) -> Self::Future {
        std::future::ready(Ok(Response::new(())))
    }
}
