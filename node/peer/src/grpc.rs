//! The gRPC service of one node, where its children open their links.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use http::uri::Authority;
use proto::v1::link_server::{Link, LinkServer};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Response, Status, Streaming, transport::Server};
use tower::util::MapRequestLayer;
use wire::frame::Frame;

use super::listen::{Peer, PeerStream};
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
    tasks: TaskTracker,
}

#[tonic::async_trait]
impl Link for Desk {
    type OpenStream = Pin<Box<dyn Stream<Item = Result<proto::v1::Frame, Status>> + Send>>;

    async fn open(
        &self,
        request: Request<Streaming<proto::v1::Frame>>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let asked = request.extensions().get::<Authority>().map(Authority::host);
        if asked != Some(self.name.as_str()) {
            return Err(Status::permission_denied(
                "this connection was made for another node",
            ));
        }
        let Some(Peer {
            division,
            address,
            lapse,
            uses,
            pulse,
        }) = request.extensions().get::<Peer>().cloned()
        else {
            return Err(Status::unauthenticated("no neighbour is at the other end"));
        };
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
}

/// Serves one node's connections until `stop` is cancelled.
pub async fn serve(
    name: String,
    connections: mpsc::Receiver<PeerStream>,
    converse: Arc<dyn Converse>,
    limits: Limits,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let service = LinkServer::new(Desk {
        name,
        converse,
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
