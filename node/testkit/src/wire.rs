//! Access to the wire for a stranger: any TLS, any name, any bytes.

use std::{net::SocketAddr, sync::Arc};

use bytes::{BufMut, Bytes};
use futures::StreamExt;
use hyper_util::rt::TokioIo;
use identity::Identity;
use peer::link::{Broken, Incoming};
use proto::v1;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_rustls::TlsConnector;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status,
    codec::{Codec, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use wire::frame::Frame;

use crate::code;

/// Bytes that the other side may send before anybody reads.
const WINDOW: u32 = 65_535;

/// Parameters of a stranger's call.
#[derive(Clone)]
pub struct Call {
    /// The certificate it shows and the ones it accepts.
    pub tls: Arc<ClientConfig>,
    /// The name it requests in TLS.
    pub server_name: String,
    /// The name it requests in HTTP.
    pub authority: String,
    /// The address it dials.
    pub address: SocketAddr,
}

/// An open stream: frames come in, any bytes go out.
pub struct Line {
    /// Frames from the other side.
    pub incoming: Incoming,
    /// Messages to the other side: encoded frames, or any other bytes.
    pub outgoing: mpsc::Sender<Bytes>,
}

impl Call {
    /// Returns the call of an honest node: with this identity to the node of `to`.
    pub fn honest(identity: &Identity, to: &str, address: SocketAddr) -> Self {
        let name = identity.name_of(code(to));
        Self {
            tls: identity.client_config(code(to)),
            server_name: name.clone(),
            authority: name,
            address,
        }
    }

    /// Dials, and asks nothing yet.
    ///
    /// # Errors
    /// Why nobody answered, in the words of the layer that failed.
    pub async fn channel(self) -> Result<Channel, String> {
        let tcp = TcpStream::connect(self.address).await.map_err(text)?;
        let name = ServerName::try_from(self.server_name).map_err(text)?;
        let tls = TlsConnector::from(self.tls).connect(name, tcp).await;
        let mut once = Some(TokioIo::new(tls.map_err(text)?));
        Endpoint::from_shared(format!("http://{}", self.authority))
            .map_err(text)?
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .connect_with_connector(tower::service_fn(move |_| {
                let stream = once
                    .take()
                    .ok_or_else(|| std::io::Error::other("dialled once"));
                async { stream }
            }))
            .await
            .map_err(text)
    }

    /// Dials and opens the stream.
    ///
    /// # Errors
    /// Why it was not opened, in the words of the layer that failed.
    pub async fn open(self) -> Result<Line, String> {
        let channel = self.channel().await?;
        let (outgoing, messages) = mpsc::channel(2);
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.map_err(text)?;
        let path = PathAndQuery::from_static("/wujitong.v1.Link/Open");
        let messages = Request::new(ReceiverStream::new(messages));
        let answer = client.streaming(messages, path, Raw).await.map_err(text)?;
        let frames = answer.into_inner().map(|frame| match frame {
            Ok(frame) => Ok(Frame::try_from(frame)?),
            Err(status) => Err(Broken::Stream(status.message().to_owned())),
        });
        Ok(Line {
            incoming: Box::pin(frames),
            outgoing,
        })
    }
}

fn text(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Sends bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = v1::Frame;
    type Encoder = Self;
    type Decoder = proto::CountedDecoder<v1::Frame>;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> proto::CountedDecoder<v1::Frame> {
        proto::CountedDecoder::default()
    }
}
