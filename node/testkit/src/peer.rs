//! A neighbour driven by a test. It has a real identity and can send anything.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    category::Class,
    envelope::{Destination, Envelope, Lane, Order, Payload},
    ids::{Epoch, MatterId, NetworkId},
    matter::Body,
    seal::SealedBody,
    statement::{MerkleTree, Proof, Statement},
    suite::Suite,
    time::Timestamp,
};
use futures::{StreamExt, future::BoxFuture};
use identity::{Identity, Recipient, SignedKeyStatement};
use peer::{
    grpc,
    link::{Broken, Carrier, Converse, Ended, Incoming, own::OwnLinks},
    listen::{self, SniRouter},
    permits::Bounds,
};
use telemetry::Metrics;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::{DivisionCode, Tree};
use wire::{
    decode_envelope, encode_body, encode_envelope,
    frame::{Ack, Batch, Entry, Frame, Goodbye, GoodbyeCode, Hello, PROTOCOL, TemplatesKnown},
    refusal::RefusalCode,
};

use crate::{Network, code, wire::Call};

/// Limits on visitors at a time.
const BOUNDS: Bounds = Bounds {
    all: 100,
    per_source: 100,
};

/// Time limit for every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// One end of a stream, driven by a test.
pub struct Peer {
    /// Identity of the peer.
    pub identity: Arc<Identity>,
    /// The network it claims.
    pub network: NetworkId,
    /// The epoch it claims.
    pub epoch: Epoch,
    /// The epochs it claims before that, oldest first.
    pub earlier: Vec<Epoch>,
    /// Identifies its machine; all peers are on one machine unless a test sets another.
    pub instance: [u8; 16],
    /// Number of envelopes it issued.
    pub issue: u64,
    tree: Arc<Tree>,
    next: [u64; 4],
    acked: [u64; 4],
    refused: Vec<(Lane, u64, RefusalCode)>,
    /// The other side's key for sealed bodies, from its greeting.
    reader: Option<Recipient>,
    incoming: Incoming,
    outgoing: Outgoing,
}

enum Outgoing {
    Bytes(mpsc::Sender<Bytes>),
    Frames(mpsc::Sender<Box<Frame>>),
}

/// All methods panic where an honest node would answer and this one does not.
impl Peer {
    /// Dials the parent of `me` with the identity of `me` and greets.
    pub async fn dial(network: &Network, me: &str) -> Self {
        let mut peer = Self::knock(network, me).await.expect("the parent opens");
        peer.greet().await;
        peer
    }

    /// Dials the parent of `me` and sends nothing yet.
    ///
    /// # Errors
    /// Why the stream was not opened.
    pub async fn knock(network: &Network, me: &str) -> Result<Self, String> {
        let identity = network.identity(me);
        let parent = network.tree.parent(code(me)).expect("it has a parent");
        let parent = parent.to_string();
        let address = network.address(&parent);
        let call = Call::honest(&identity, &parent, address);
        Self::call(network, identity, call).await
    }

    /// Dials with any parameters.
    ///
    /// # Errors
    /// Why the stream was not opened.
    pub async fn call(
        network: &Network,
        identity: Arc<Identity>,
        call: Call,
    ) -> Result<Self, String> {
        let line = call.open().await?;
        let outgoing = Outgoing::Bytes(line.outgoing);
        let epoch = network.epoch(identity.division());
        let tree = Arc::clone(&network.tree);
        Ok(Self::over(identity, epoch, tree, line.incoming, outgoing))
    }

    fn over(
        identity: Arc<Identity>,
        epoch: Epoch,
        tree: Arc<Tree>,
        incoming: Incoming,
        outgoing: Outgoing,
    ) -> Self {
        Self {
            network: NetworkId(identity.network().id),
            identity,
            epoch,
            earlier: vec![],
            instance: [9; 16],
            issue: 0,
            tree,
            next: [1; 4],
            acked: [0; 4],
            refused: vec![],
            reader: None,
            incoming,
            outgoing,
        }
    }

    /// Returns the peer's division.
    pub fn me(&self) -> DivisionCode {
        self.identity.division()
    }

    /// Returns an honest greeting.
    pub fn hello(&self) -> Hello {
        let statements = self.identity.key_chain().iter();
        Hello {
            protocol: PROTOCOL,
            network: self.network,
            division: self.me(),
            epoch: self.epoch,
            topology: self.tree.digest(),
            echo: None,
            templates: TemplatesKnown::default(),
            key_statements: statements
                .map(|signed| Bytes::from(signed.encode()))
                .collect(),
            now: Timestamp(0),
            window_envelopes: 64,
            window_bytes: 1 << 20,
            window_fetches: 0,
            revocations: None,
            hears_watermarks: false,
            earlier: self.earlier.clone(),
            instance: self.instance,
            keys: None,
            program: String::new(),
        }
    }

    /// Sends a greeting without waiting for the other's.
    pub async fn say_hello(&mut self) {
        self.say(Frame::Hello(Box::new(self.hello()))).await;
    }

    /// Greets honestly and returns the other's greeting.
    pub async fn greet(&mut self) -> Hello {
        self.say_hello().await;
        match self.hear().await {
            Ok(Frame::Hello(hello)) => *hello,
            other => panic!("a greeting was expected, not {other:?}"),
        }
    }

    /// Sends a frame. Does nothing if the other side has gone.
    pub async fn say(&mut self, frame: Frame) {
        match &self.outgoing {
            Outgoing::Bytes(bytes) => {
                let _gone = bytes.send(frame.encode()).await;
            }
            Outgoing::Frames(frames) => {
                let _gone = frames.send(Box::new(frame)).await;
            }
        }
    }

    /// Sends any bytes; returns whether the other side was still there.
    pub async fn say_bytes(&mut self, message: Bytes) -> bool {
        match &self.outgoing {
            Outgoing::Bytes(bytes) => bytes.send(message).await.is_ok(),
            Outgoing::Frames(_) => panic!("only who dialled can say any bytes"),
        }
    }

    /// Returns the next frame of the other side.
    ///
    /// # Errors
    /// How the stream ended.
    pub async fn hear(&mut self) -> Result<Frame, Broken> {
        let frame = timeout(PATIENCE, self.incoming.next()).await;
        let frame = frame.expect("something is heard in time");
        let frame = frame.unwrap_or_else(|| Err(Broken::Stream("closed".to_owned())));
        if let Ok(Frame::Hello(hello)) = &frame {
            let own = SignedKeyStatement::decode(&hello.key_statements[0]);
            let own = own.expect("a statement").statement().expect("a statement");
            self.reader = Some(Recipient::new(own.sealing));
        }
        frame
    }

    /// Returns the next envelope of the other side in a lane, with its position. Leaves all others
    /// unanswered.
    pub async fn envelope_in(&mut self, lane: Lane) -> (u64, Envelope) {
        loop {
            match self.hear().await {
                Ok(Frame::Batch(batch)) if batch.lane == lane => {
                    let first = batch.into_numbered().next().expect("a batch is not empty");
                    let entry = first.1.expect("an honest node's entry");
                    let envelope = decode_envelope(&entry.bytes).expect("an envelope");
                    return (first.0, envelope);
                }
                Ok(_) => {}
                Err(broken) => panic!("it ended: {broken}"),
            }
        }
    }

    /// Returns the goodbye of the other side, and skips all frames before it.
    pub async fn goodbye(&mut self) -> Goodbye {
        loop {
            match self.hear().await {
                Ok(Frame::Goodbye(goodbye)) => return goodbye,
                Ok(_) => {}
                Err(broken) => panic!("it ended without a goodbye: {broken}"),
            }
        }
    }

    /// Greets a second time, and expects an error.
    pub async fn greeted_again_is_an_error(&mut self) {
        self.say(Frame::Hello(Box::new(self.hello()))).await;
        assert_eq!(self.goodbye().await.code, GoodbyeCode::Malformed);
    }

    /// Returns the next envelope of this peer.
    pub fn envelope(
        &mut self,
        destination: Destination,
        lane: Lane,
        order: Order,
        payload: Payload,
    ) -> Envelope {
        self.issue += 1;
        Envelope {
            author: self.me(),
            epoch: self.epoch,
            issue: self.issue,
            destination,
            lane,
            order,
            payload,
        }
    }

    /// Signs envelopes as this peer, in one batch.
    pub async fn sign(&self, envelopes: &[Envelope]) -> Vec<Entry> {
        let bytes = envelopes.iter().map(encode_envelope).collect();
        self.sign_bytes(bytes).await
    }

    /// Signs any bytes as this peer, in one batch.
    pub async fn sign_bytes(&self, envelopes: Vec<Bytes>) -> Vec<Entry> {
        let signer = self.identity.signer();
        let tree = MerkleTree::over(signer.suite(), envelopes.iter().map(|bytes| &bytes[..]));
        let statement = Statement {
            suite: signer.suite(),
            network: self.network,
            author: self.me(),
            key: signer.key_id(),
            epoch: self.epoch.id,
            leaves: tree.leaves(),
            root: tree.root(),
        };
        let signature = signer.sign(&statement.to_bytes()).await;
        let signature = Bytes::from(signature.expect("a key in memory signs"));
        let entry = |(index, bytes)| Entry {
            bytes,
            proof: Proof {
                statement,
                signature: signature.clone(),
                index,
                path: tree.path(index),
            },
            bodies: vec![],
            sealed: vec![],
            trace: None,
        };
        (0..).zip(envelopes).map(entry).collect()
    }

    /// Sends entries; returns the position of the first.
    pub async fn send(&mut self, lane: Lane, entries: Vec<Entry>) -> u64 {
        let first = self.next[lane.index()];
        self.next[lane.index()] += entries.len() as u64;
        self.say(Frame::Batch(Batch::new(lane, first, entries, vec![])))
            .await;
        first
    }

    /// Seals a body for the node that greeted this peer.
    pub fn seal(&self, matter: MatterId, suite: Suite, body: Body) -> SealedBody {
        let reader = self.reader.as_ref().expect("it was greeted");
        let fresh = reader.fresh().expect("a key");
        let (class, commitment) = (body.class, body.commitment(suite));
        SealedBody::seal(matter, class, commitment, &encode_body(body), fresh)
    }

    /// Signs and sends one envelope with bodies; returns the outcome.
    pub async fn try_out(&mut self, envelope: Envelope, bodies: Vec<Body>) -> Option<RefusalCode> {
        let lane = envelope.lane;
        let given = match &envelope.payload {
            Payload::Give { matter, .. } => Some((matter.id, matter.suite)),
            _ => None,
        };
        let mut entries = self.sign(&[envelope]).await;
        for body in bodies {
            match given.filter(|_| body.class != Class::Public) {
                Some((id, suite)) => entries[0].sealed.push(self.seal(id, suite, body)),
                None => entries[0].bodies.push(body),
            }
        }
        let at = self.send(lane, entries).await;
        self.outcome(lane, at).await
    }

    /// Returns the outcome of the envelope at a position: `None` if it was accepted.
    pub async fn outcome(&mut self, lane: Lane, position: u64) -> Option<RefusalCode> {
        while self.acked[lane.index()] < position {
            match self.hear().await {
                Ok(Frame::Ack(ack)) => self.note(ack),
                Ok(_) => {}
                Err(broken) => panic!("no answer to {position}: {broken}"),
            }
        }
        let mut refused = self.refused.iter();
        let found = refused.find(|(l, at, _)| *l == lane && *at == position);
        found.map(|(.., code)| *code)
    }

    fn note(&mut self, ack: Ack) {
        self.acked[ack.lane.index()] = ack.through;
        let refused = ack.refused.into_iter();
        self.refused
            .extend(refused.map(|refused| (ack.lane, refused.position, refused.code)));
    }
}

/// A listener with a node's identity, in the place of the node itself.
pub struct Stand {
    identity: Arc<Identity>,
    epoch: Epoch,
    tree: Arc<Tree>,
    visitors: mpsc::Receiver<Carrier>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Passes the streams of callers to the test.
struct Usher(mpsc::Sender<Carrier>);

impl Converse for Usher {
    fn converse(self: Arc<Self>, carrier: Carrier) -> BoxFuture<'static, Ended> {
        Box::pin(async move {
            let _nobody_asks = self.0.send(carrier).await;
            Ended::Closed
        })
    }
}

/// All methods panic where an honest child would dial and this one does not.
impl Stand {
    /// Listens at the address of a division's stopped process.
    pub async fn instead_of(network: &Network, division: &str) -> Self {
        let (usher, visitors) = mpsc::channel(4);
        let identity = network.identity(division);
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let address = network.address(division);
        listen_as(
            &identity,
            address,
            Arc::new(Usher(usher)),
            &tasks,
            stop.clone(),
        )
        .await;
        Self {
            epoch: network.epoch(identity.division()),
            identity,
            tree: Arc::clone(&network.tree),
            visitors,
            tasks,
            stop,
        }
    }

    /// Returns the next child that dials.
    pub async fn visitor(&mut self) -> Peer {
        let carrier = timeout(PATIENCE, self.visitors.recv()).await;
        let carrier = carrier
            .expect("somebody dials in time")
            .expect("it listens");
        let outgoing = Outgoing::Frames(carrier.outgoing);
        let (identity, tree) = (Arc::clone(&self.identity), Arc::clone(&self.tree));
        Peer::over(identity, self.epoch, tree, carrier.incoming, outgoing)
    }

    /// Stops listening.
    pub async fn leave(self) {
        drop(self.visitors);
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Serves links with a node's identity; returns the address.
pub(crate) async fn listen_as(
    identity: &Arc<Identity>,
    address: SocketAddr,
    converse: Arc<dyn Converse>,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> SocketAddr {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let sni_router = Arc::new(SniRouter::default());
    let connections = sni_router.open(Arc::clone(identity));
    let before = listen::Limits {
        handshake: PATIENCE,
        half_open: BOUNDS,
        open: BOUNDS,
    };
    let metrics = Metrics::default();
    let listening = listen::Listener {
        sni_router,
        limits: before,
        own: OwnLinks::default(),
        metrics,
        tasks: tasks.clone(),
    };
    tasks.spawn(listening.run(listener, stop.clone()));
    let limits = grpc::Limits {
        streams: 8,
        frame_bytes: 1 << 20,
        unread: 1 << 20,
        ping: PATIENCE,
        keep_alive: PATIENCE,
    };
    let name = identity.sni_name().to_owned();
    let served = grpc::serve(
        name,
        connections,
        (converse, None),
        limits,
        tasks.clone(),
        stop,
    );
    tasks.spawn(async move { served.await.expect("it serves") });
    address
}
