//! One HTTP connection that stays open.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cli::Failure;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

/// A connection to a server of this machine.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects from this loopback address, so that rate limits see one user for each address.
    pub(super) async fn open(to: SocketAddr, from: Ipv4Addr) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("a client did not reach {to}: {error}"))
        };
        let connected = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((from, 0).into())?;
            let stream = socket.connect(to).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let stream = connected.await.map_err(|error| failed(&error))?;
        let made = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| failed(&error))?;
        tokio::spawn(async move {
            // An error of the connection also fails the request that waits on it.
            let _ended = connection.await;
        });
        Ok(Self { sender })
    }

    /// Sends one request; returns the answer and the time to its last byte.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Bytes>, Duration), Failure> {
        let path = request.uri().to_string();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("{path} was not answered: {error}"))
        };
        let start = Instant::now();
        let ready = self.sender.ready().await;
        ready.map_err(|error| failed(&error))?;
        let answer = self.sender.send_request(request).await;
        let (parts, body) = answer.map_err(|error| failed(&error))?.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes();
        let took = start.elapsed();
        match parts.status.is_success() {
            true => Ok((Response::from_parts(parts, body), took)),
            false => Err(failed(&format!(
                "{}: {}",
                parts.status,
                String::from_utf8_lossy(&body)
            ))),
        }
    }
}
