//! The gRPC service of one node, where its children open their links.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::ids::KeyId;
use futures::{Stream, StreamExt};
use http::uri::Authority;
use identity::CertificateRequests;
use proto::v1::{
    ProveReply, ProveRequest, RenewReply, RenewRequest,
    link_server::{Link, LinkServer},
};
use rustls_pki_types::CertificateDer;
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Response, Status, Streaming, transport::Server};
use tower::util::MapRequestLayer;
use wire::frame::Frame;

use super::{
    listen::{Peer, PeerStream},
    renewal::{Asked, RenewalRefusal, Renewals},
};
use crate::link::{Broken, Carrier, Converse, FRAMES_WAITING, Side};

/// Time a stopping node waits for neighbours to receive its goodbye. A neighbour that does not read
/// is dropped with its connection.
const FAREWELL: Duration = Duration::from_secs(1);

/// Limits of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most concurrent streams.
    pub streams: u32,
    /// Largest frame in bytes.
    pub frame_bytes: usize,
    /// Bytes a neighbour may send before they are read.
    pub unread: u32,
    /// Silence after which a neighbour is pinged.
    pub ping: Duration,
    /// Silence after a ping after which the neighbour counts as gone.
    pub keep_alive: Duration,
}

/// The service of one node.
struct Desk {
    name: String,
    converse: Arc<dyn Converse>,
    renewals: Option<Arc<Renewals>>,
    tasks: TaskTracker,
}

impl Desk {
    /// Returns who is at the other end of a connection that was made for this node.
    fn neighbour<T>(&self, request: &Request<T>) -> Result<Peer, Status> {
        let asked = request.extensions().get::<Authority>().map(Authority::host);
        if asked != Some(self.name.as_str()) {
            return Err(Status::permission_denied(
                "this connection was made for another node",
            ));
        }
        let peer = request.extensions().get::<Peer>().cloned();
        peer.ok_or_else(|| Status::unauthenticated("no neighbour is at the other end"))
    }
}

#[tonic::async_trait]
impl Link for Desk {
    type OpenStream = Pin<Box<dyn Stream<Item = Result<proto::v1::Frame, Status>> + Send>>;

    async fn open(
        &self,
        request: Request<Streaming<proto::v1::Frame>>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let Peer {
            division,
            address,
            lapse,
            uses,
            pulse,
        } = self.neighbour(&request)?;
        let incoming = request.into_inner().map(|frame| match frame {
            Ok(frame) => Ok(Frame::try_from(frame)?),
            Err(status) => Err(Broken::stream(status.message())),
        });
        let (outgoing, frames) = mpsc::channel(FRAMES_WAITING);
        let carrier = Carrier {
            peer: division,
            side: Side::Parent,
            lapse,
            pulse,
            address,
            incoming: Box::pin(incoming),
            outgoing,
        };
        self.tasks
            .spawn(Arc::clone(&self.converse).converse(carrier));
        let used = uses.begin();
        let frames = ReceiverStream::new(frames).map(move |frame: Box<Frame>| {
            let _until_the_stream_ends = &used;
            Ok(frame.into_proto())
        });
        Ok(Response::new(Box::pin(frames)))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewReply>, Status> {
        let peer = self.neighbour(&request)?;
        let _used = peer.uses.begin();
        let renewals = self.renewals.as_ref();
        let renewals = renewals.ok_or_else(|| Status::unimplemented("it signs no certificates"))?;
        let RenewRequest {
            node,
            issuing,
            key_id,
            signature,
        } = request.into_inner();
        let key = <[u8; 16]>::try_from(&key_id[..]);
        let key = key.map_err(|_| Status::invalid_argument("the id of a key has 16 bytes"))?;
        let asked = Asked {
            requests: CertificateRequests {
                node: node.to_vec(),
                issuing: Some(issuing.to_vec()).filter(|issuing| !issuing.is_empty()),
            },
            key: KeyId(key),
            signature: signature.to_vec(),
        };
        let issued = renewals.renew(peer.division, asked).await;
        let issued = issued.map_err(|refusal| match &refusal {
            RenewalRefusal::TooSoon(_) => Status::resource_exhausted(refusal.to_string()),
            RenewalRefusal::Key(_) => Status::permission_denied(refusal.to_string()),
            RenewalRefusal::Bad(_) => Status::invalid_argument(refusal.to_string()),
            RenewalRefusal::Cannot(_) | RenewalRefusal::Clock => {
                Status::failed_precondition(refusal.to_string())
            }
        })?;
        let chain = |certificates: Vec<CertificateDer<'_>>| {
            let bytes = |one: &CertificateDer<'_>| Bytes::copy_from_slice(one);
            certificates.iter().map(bytes).collect()
        };
        Ok(Response::new(RenewReply {
            node: chain(issued.node),
            issuing: chain(issued.issuing),
        }))
    }

    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<ProveReply>, Status> {
        let peer = self.neighbour(&request)?;
        let _used = peer.uses.begin();
        let shown = peer.lapse.other();
        let serial = shown.map(|shown| shown.serial.clone()).unwrap_or_default();
        Ok(Response::new(ProveReply { serial }))
    }
}

/// Serves one node's connections until `stop` is cancelled. Without `renewals` it signs no certificates.
pub async fn serve(
    name: String,
    connections: mpsc::Receiver<PeerStream>,
    (converse, renewals): (Arc<dyn Converse>, Option<Arc<Renewals>>),
    limits: Limits,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let service = LinkServer::new(Desk {
        name,
        converse,
        renewals,
        tasks,
    })
    .max_decoding_message_size(limits.frame_bytes)
    .max_encoding_message_size(limits.frame_bytes);
    let keep_authority = MapRequestLayer::new(|mut request: http::Request<_>| {
        if let Some(authority) = request.uri().authority().cloned() {
            request.extensions_mut().insert(authority);
        }
        request
    });
    let connections = ReceiverStream::new(connections).map(Ok::<_, std::io::Error>);
    let served = Server::builder()
        .max_concurrent_streams(limits.streams)
        .http2_keepalive_interval(Some(limits.ping))
        .http2_keepalive_timeout(Some(limits.keep_alive))
        .http2_max_pending_accept_reset_streams(Some(16))
        .http2_max_header_list_size(16 * 1024)
        .initial_stream_window_size(limits.unread)
        .initial_connection_window_size(limits.unread)
        .layer(keep_authority)
        .add_service(service)
        .serve_with_incoming_shutdown(connections, stop.clone().cancelled_owned());
    tokio::select! {
        served = served => served,
        () = async { stop.cancelled().await; sleep(FAREWELL).await } => Ok(()),
    }
}
