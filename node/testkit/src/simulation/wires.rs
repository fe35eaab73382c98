//! What carries the links of a simulated network, in the place of TCP and HTTP/2. Both ends show their
//! certificates in a real handshake of TLS, and every frame goes through the real codec. A wire can be
//! cut, fall silent, be slow, and be tampered with.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use identity::{Identity, PeerRefusal};
use peer::link::{
    Broken, Carrier, Carriers, Converse, FRAMES_WAITING, Side,
    dial::{Connect, DialError},
    pulse::Pulse,
};
use rand::{RngExt, rngs::StdRng};
use rustls::{ClientConnection, ServerConnection};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep, sleep_until},
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use topology::{DivisionCode, Tree};
use wire::frame::Frame;

use super::{chance, trace::Trace};
use crate::tampering::{Direction, Mischief, Tampering, Way};

/// Longest time a batch is held back for others to overtake it.
const HELD_BACK: Duration = Duration::from_millis(20);
/// Time after which somebody who dials over a silent wire gives up.
const NO_ANSWER: Duration = Duration::from_secs(5);
/// Silence after which both ends of a connection know that it is gone.
const GONE: Duration = Duration::from_secs(30);
/// How often a connection that is alive shows that it is.
const PULSE: Duration = Duration::from_secs(1);

/// Longest time that a frame takes over a wire that is not slow, in milliseconds.
pub(super) const QUICK_MS: u64 = 5;

type ToEnd = mpsc::UnboundedSender<Result<Frame, Broken>>;

/// All wires of a network. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Wires(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    chance: Mutex<StdRng>,
    trace: Trace,
}

#[derive(Default)]
struct State {
    doors: BTreeMap<DivisionCode, Door>,
    /// By child.
    wires: BTreeMap<DivisionCode, Wire>,
    /// Machines without power.
    dark: BTreeSet<DivisionCode>,
}

/// A node that takes streams.
struct Door {
    identity: Arc<Identity>,
    calls: mpsc::UnboundedSender<Carrier>,
}

/// The wire between a child and its parent.
struct Wire {
    parent: DivisionCode,
    health: Health,
    /// Longest time a frame takes, in milliseconds.
    slow_ms: u64,
    tampering: Arc<Tampering>,
    /// Ends the streams that are open over it.
    streams: CancellationToken,
}

/// How a wire is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It carries.
    Whole,
    /// It carries nothing, and nobody is told.
    Silent,
    /// It is cut: streams break, and none can be opened.
    Cut,
}

impl Wires {
    /// Wires between all these divisions and their parents.
    pub(super) fn between(
        divisions: &[DivisionCode],
        tree: &Tree,
        seed: u64,
        trace: &Trace,
    ) -> Self {
        let mut state = State::default();
        for child in divisions {
            let Some(parent) = tree.parent(*child) else {
                continue;
            };
            let none = Mischief {
                seed: seed ^ child.as_u64(),
                ..Mischief::none()
            };
            let wire = Wire {
                parent,
                health: Health::Whole,
                slow_ms: QUICK_MS,
                tampering: Arc::new(Tampering::new(none)),
                streams: CancellationToken::new(),
            };
            state.wires.insert(*child, wire);
        }
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            chance: Mutex::new(chance::source(seed, "wires", 0)),
            trace: trace.clone(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no holder panics")
    }

    fn wire<T>(&self, child: DivisionCode, change: impl FnOnce(&mut Wire) -> T) -> T {
        change(self.state().wires.get_mut(&child).expect("it has a parent"))
    }

    /// Cuts a wire, silences it, or makes it whole.
    pub(super) fn set_health(&self, child: DivisionCode, health: Health) {
        self.wire(child, |wire| {
            wire.health = health;
            if health == Health::Cut {
                wire.break_streams();
            }
        });
    }

    /// From now on frames take up to so many milliseconds.
    pub(super) fn set_slow(&self, child: DivisionCode, ms: u64) {
        self.wire(child, |wire| wire.slow_ms = ms);
    }

    /// Tampers with what a wire carries from its next stream on; the present one breaks.
    pub(super) fn tamper(&self, child: DivisionCode, mischief: Mischief) {
        self.wire(child, |wire| {
            wire.tampering.change(mischief);
            wire.break_streams();
        });
    }

    /// The power of a machine is gone: its streams break, and it opens and takes none.
    pub(super) fn darken(&self, division: DivisionCode) {
        let mut state = self.state();
        state.dark.insert(division);
        state.doors.remove(&division);
        for (child, wire) in &mut state.wires {
            if *child == division || wire.parent == division {
                wire.break_streams();
            }
        }
    }

    /// The power of a machine is back.
    pub(super) fn light_up(&self, division: DivisionCode) {
        self.state().dark.remove(&division);
    }

    fn chance<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.chance.lock().expect("no holder panics"))
    }

    fn health(&self, child: DivisionCode) -> Health {
        self.wire(child, |wire| wire.health)
    }

    /// How long the next frame takes.
    fn takes(&self, child: DivisionCode) -> Duration {
        let most = self.wire(child, |wire| wire.slow_ms);
        Duration::from_millis(self.chance(|chance| chance.random_range(1..=most)))
    }

    async fn dial(
        &self,
        identity: &Arc<Identity>,
        parent: DivisionCode,
    ) -> Result<Carrier, DialError> {
        let child = identity.division();
        let address = address_of(parent);
        let unreachable = |kind: io::ErrorKind| DialError::Unreachable(address, kind.into());
        sleep(self.takes(child)).await;
        if self.health(child) == Health::Silent {
            sleep(NO_ANSWER).await;
            return Err(unreachable(io::ErrorKind::TimedOut));
        }
        let (listener, calls, tampering, streams) = {
            let state = self.state();
            let wire = &state.wires[&child];
            let door = state.doors.get(&parent);
            let door =
                door.filter(|_| wire.health == Health::Whole && !state.dark.contains(&child));
            let Some(door) = door else {
                return Err(unreachable(io::ErrorKind::ConnectionRefused));
            };
            let (listener, calls) = (Arc::clone(&door.identity), door.calls.clone());
            (
                listener,
                calls,
                Arc::clone(&wire.tampering),
                wire.streams.child_token(),
            )
        };
        let shown = Shown::in_handshake(identity, &listener).map_err(|error| {
            match PeerRefusal::of_io(&error) {
                Some(refusal) => DialError::Refused(address, refusal),
                None => DialError::Unreachable(address, error),
            }
        })?;
        let named = |by: &Identity, shown: &[CertificateDer<'_>]| {
            let named = by.peer_division(shown);
            named.map_err(|refusal| DialError::Refused(address, refusal))
        };
        let above = named(identity, &shown.by_parent)?;
        let below = named(&listener, &shown.by_child)?;
        let (child_end, up, to_child) =
            end((above, Side::Child), (identity, &shown.by_parent), address);
        let (parent_end, down, to_parent) = end(
            (below, Side::Parent),
            (&listener, &shown.by_child),
            address_of(child),
        );
        let stream = Stream {
            wires: self.clone(),
            child,
            pulses: [child_end.pulse.clone(), parent_end.pulse.clone()],
            from: [Some(up), Some(down)],
            to: [Some(to_parent), Some(to_child)],
            queues: Default::default(),
        };
        let tampered = (!tampering.mischief().is_none()).then_some(tampering);
        tokio::spawn(stream.carry(tampered, streams));
        let refused = |_| unreachable(io::ErrorKind::ConnectionRefused);
        calls.send(parent_end).map_err(refused)?;
        Ok(child_end)
    }
}

impl Wire {
    fn break_streams(&mut self) {
        std::mem::take(&mut self.streams).cancel();
    }
}

impl Carriers for Wires {
    fn listen(
        &self,
        node: Arc<Identity>,
        converse: Arc<dyn Converse>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, ()> {
        let (calls, mut called) = mpsc::unbounded_channel();
        let division = node.division();
        let door = Door {
            identity: node,
            calls,
        };
        self.state().doors.insert(division, door);
        let wires = self.clone();
        async move {
            let mut conversations = FuturesUnordered::new();
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    Some(_ended) = conversations.next(), if !conversations.is_empty() => {}
                    Some(carrier) = called.recv() => {
                        conversations.push(Arc::clone(&converse).converse(carrier));
                    }
                }
            }
            wires.state().doors.remove(&division);
            while conversations.next().await.is_some() {}
        }
        .boxed()
    }

    fn connect(&self, node: Arc<Identity>, parent: DivisionCode) -> Box<dyn Connect> {
        Box::new(Plug {
            wires: self.clone(),
            node,
            parent,
        })
    }
}

/// Opens streams from one child to its parent.
struct Plug {
    wires: Wires,
    node: Arc<Identity>,
    parent: DivisionCode,
}

impl Connect for Plug {
    fn connect(&self) -> BoxFuture<'_, Result<Carrier, DialError>> {
        self.wires.dial(&self.node, self.parent).boxed()
    }
}

/// Where a division would be found, if there were addresses.
fn address_of(division: DivisionCode) -> SocketAddr {
    let number = division.as_u64().to_be_bytes();
    ([10, number[5], number[6], number[7]], 1).into()
}

/// One end of a stream: the carrier, what comes out of it, and what goes into it.
fn end(
    (peer, side): (DivisionCode, Side),
    (identity, shown): (&Identity, &[CertificateDer<'_>]),
    address: SocketAddr,
) -> (Carrier, mpsc::Receiver<Box<Frame>>, ToEnd) {
    let (outgoing, out) = mpsc::channel(FRAMES_WAITING);
    let (to, incoming) = mpsc::unbounded_channel();
    let carrier = Carrier {
        peer,
        side,
        lapse: identity.lapse_with(shown),
        pulse: Pulse::begin(false),
        address,
        incoming: Box::pin(UnboundedReceiverStream::new(incoming)),
        outgoing,
    };
    (carrier, out, to)
}

/// The certificates that two neighbours showed each other.
struct Shown {
    by_child: Vec<CertificateDer<'static>>,
    by_parent: Vec<CertificateDer<'static>>,
}

impl Shown {
    /// Shakes hands as over TCP, at once. Either side refuses what it would refuse there.
    fn in_handshake(child: &Identity, parent: &Identity) -> io::Result<Self> {
        let division = parent.division();
        let name = ServerName::try_from(child.name_of(division)).map_err(io::Error::other)?;
        let failed = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let mut client =
            ClientConnection::new(child.client_config(division), name).map_err(failed)?;
        let mut server = ServerConnection::new(parent.server_config()).map_err(failed)?;
        while client.is_handshaking() || server.is_handshaking() {
            let (mut there, mut back) = (vec![], vec![]);
            while client.wants_write() {
                client.write_tls(&mut there)?;
            }
            let mut there = &there[..];
            while !there.is_empty() {
                server.read_tls(&mut there)?;
                server.process_new_packets().map_err(failed)?;
            }
            while server.wants_write() {
                server.write_tls(&mut back)?;
            }
            let mut back = &back[..];
            while !back.is_empty() {
                client.read_tls(&mut back)?;
                client.process_new_packets().map_err(failed)?;
            }
        }
        let shown = |certificates: Option<&[CertificateDer<'static>]>| {
            certificates.unwrap_or_default().to_vec()
        };
        Ok(Self {
            by_child: shown(server.peer_certificates()),
            by_parent: shown(client.peer_certificates()),
        })
    }
}

/// What is on its way in one direction, with the moment at which it arrives; `None` is the end.
type Queue = VecDeque<(Instant, Option<Bytes>)>;

/// One stream over a wire. Of every pair the first is the way up, the second the way down.
struct Stream {
    wires: Wires,
    child: DivisionCode,
    pulses: [Pulse; 2],
    from: [Option<mpsc::Receiver<Box<Frame>>>; 2],
    to: [Option<ToEnd>; 2],
    queues: [Queue; 2],
}

const UP: usize = 0;
const DOWN: usize = 1;

impl Stream {
    async fn carry(mut self, tampering: Option<Arc<Tampering>>, cut: CancellationToken) {
        let mut ways = tampering.as_ref().map(|tampering| {
            let way = |direction| Way::new(tampering, direction);
            [way(Direction::Up), way(Direction::Down)]
        });
        let mut pulse = interval(PULSE);
        let mut alive = Instant::now();
        let mut release: Option<Instant> = None;
        while self.to.iter().any(Option::is_some) {
            let silent = self.wires.health(self.child) == Health::Silent;
            let due = self
                .queues
                .iter()
                .filter_map(|queue| Some(queue.front()?.0));
            let due = due.min().filter(|_| !silent);
            let [from_child, from_parent] = &mut self.from;
            let (way, frame) = tokio::select! {
                biased;
                () = cut.cancelled() => return self.break_off("it was cut"),
                () = async { sleep_until(due.expect("guarded")).await }, if due.is_some() => {
                    self.deliver();
                    continue;
                }
                () = async { sleep_until(release.expect("guarded")).await }, if release.is_some() => {
                    release = None;
                    if let Some(ways) = &mut ways {
                        ways.iter_mut().for_each(Way::release);
                        self.pass_on(ways);
                    }
                    continue;
                }
                frame = next(from_child) => (UP, frame),
                frame = next(from_parent) => (DOWN, frame),
                now = pulse.tick() => {
                    if !silent {
                        alive = now;
                        self.pulses.iter().for_each(Pulse::beat);
                    } else if now - alive >= GONE {
                        return self.break_off("nothing came for long");
                    }
                    continue;
                }
            };
            let Some(frame) = frame else {
                self.from[way] = None;
                self.send(way, None);
                continue;
            };
            let bytes = frame.encode();
            let Some(ways) = &mut ways else {
                self.send(way, Some(bytes));
                continue;
            };
            self.tamper(ways, way, bytes);
            let held = ways.iter().any(Way::waits);
            release = held.then(|| release.unwrap_or_else(|| Instant::now() + HELD_BACK));
        }
    }

    fn tamper(&mut self, ways: &mut [Way<'_>; 2], way: usize, bytes: Bytes) {
        match Frame::decode(bytes.clone()).expect("an honest node's frame") {
            Frame::Batch(batch) => ways[way].take(batch),
            Frame::Ack(ack) => ways[1 - way].heard(ack),
            frame => {
                self.send(way, Some(bytes));
                if matches!(frame, Frame::Hello(_)) && way == DOWN {
                    ways.iter_mut().for_each(Way::replay);
                }
            }
        }
        self.pass_on(ways);
    }

    /// Batches go one way, and answers to what came the other way with them.
    fn pass_on(&mut self, ways: &mut [Way<'_>; 2]) {
        for way in [UP, DOWN] {
            for batch in std::mem::take(&mut ways[way].ready) {
                self.send(way, Some(Frame::Batch(batch).encode()));
            }
            for ack in std::mem::take(&mut ways[1 - way].answers) {
                self.send(way, Some(Frame::Ack(ack).encode()));
            }
        }
    }

    /// A frame sets out; none overtakes another.
    fn send(&mut self, way: usize, bytes: Option<Bytes>) {
        let arrives = Instant::now() + self.wires.takes(self.child);
        let before = self.queues[way].back().map(|(arrives, _)| *arrives);
        let arrives = before.map_or(arrives, |before| before.max(arrives));
        self.queues[way].push_back((arrives, bytes));
    }

    /// What is due arrives.
    fn deliver(&mut self) {
        let now = Instant::now();
        for way in [UP, DOWN] {
            while self.queues[way].front().is_some_and(|(due, _)| *due <= now) {
                let (_, bytes) = self.queues[way].pop_front().expect("just seen");
                let Some(bytes) = bytes else {
                    self.to[way] = None;
                    continue;
                };
                let arrow = ["up", "down"][way];
                let (child, size) = (self.child, bytes.len());
                let frame = Frame::decode(bytes);
                let kind = frame.as_ref().map_or("malformed", kind_of);
                self.wires
                    .0
                    .trace
                    .note(format_args!("{child} {arrow} {kind} of {size} bytes"));
                if let Some(to) = &self.to[way] {
                    let _gone = to.send(frame.map_err(Broken::from));
                }
            }
        }
        self.pulses.iter().for_each(Pulse::beat);
    }

    fn break_off(self, why: &str) {
        for to in self.to.into_iter().flatten() {
            let _gone = to.send(Err(Broken::stream(why)));
        }
    }
}

async fn next(from: &mut Option<mpsc::Receiver<Box<Frame>>>) -> Option<Box<Frame>> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}

fn kind_of(frame: &Frame) -> &'static str {
    match frame {
        Frame::Hello(_) => "hello",
        Frame::Batch(batch) => batch.lane.code(),
        Frame::Ack(_) => "ack",
        Frame::Goodbye(_) => "goodbye",
        Frame::Probe(_) | Frame::Alive(_) => "presence",
        Frame::Fetch(..) | Frame::Fetched(..) => "file",
        Frame::Watermark(_) => "watermark",
        Frame::Keys(_) => "keys",
    }
}
