//! A slow and long way between a child and its parent: limited bytes per second, a delay for each
//! packet, and a long queue. It can also fall silent without closing.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Bytes of one packet.
const PACKET: usize = 1_400;
/// Packets that wait at the bottleneck, in each direction: too many, as in many routers.
const WAITING: usize = 400;

/// Speed and length of a way.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Bytes per second, in each direction.
    pub bytes_per_s: u32,
    /// Delay from one end to the other.
    pub takes: Duration,
}

/// A way that is dialled instead of the parent.
pub struct Detour {
    address: SocketAddr,
    parent: Arc<OnceLock<SocketAddr>>,
    /// Connections that were opened.
    opened: Arc<AtomicU64>,
    /// Number of connections, oldest first, that carry nothing any more.
    silent: watch::Sender<u64>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Detour {
    /// Opens the listener of the way.
    pub(crate) async fn open(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let parent = Arc::new(OnceLock::new());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let silent = watch::Sender::new(0);
        let opened = Arc::new(AtomicU64::new(0));
        let (target, falls_silent) = (Arc::clone(&parent), silent.subscribe());
        let count = Arc::clone(&opened);
        let (ended, others) = (stop.clone(), tasks.clone());
        tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = ended.cancelled() => return,
                };
                let (Ok((below, _)), Some(parent)) = (accepted, target.get()) else {
                    continue;
                };
                let Ok(above) = TcpStream::connect(*parent).await else {
                    continue;
                };
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let (from_below, to_below) = below.into_split();
                let (from_above, to_above) = above.into_split();
                for (from, to) in [(from_below, to_above), (from_above, to_below)] {
                    let carried = carry(from, to, way, number, falls_silent.clone());
                    let ended = ended.clone();
                    others.spawn(async move {
                        tokio::select! {
                            () = carried => {}
                            () = ended.cancelled() => {}
                        }
                    });
                }
            }
        });
        Self {
            address,
            parent,
            opened,
            silent,
            tasks,
            stop,
        }
    }

    /// Returns the address that the child dials.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the address of the parent.
    pub(crate) fn lead_to(&self, parent: SocketAddr) {
        let known = self.parent.get_or_init(|| parent);
        assert_eq!(*known, parent, "a parent that restarts keeps its port");
    }

    /// Lets nothing through on connections that are open now, and closes none of them.
    pub fn fall_silent(&self) {
        let opened = self.opened.load(Ordering::SeqCst);
        self.silent.send_replace(opened);
    }

    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Carries bytes from one end to the other.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: Way,
    number: u64,
    silent: watch::Receiver<u64>,
) {
    let (packets, mut waiting) = mpsc::channel(WAITING);
    let take = async move {
        let mut free = Instant::now();
        loop {
            let mut packet = vec![0; PACKET];
            let Ok(length @ 1..) = from.read(&mut packet).await else {
                return;
            };
            packet.truncate(length);
            let passes = Duration::from_secs_f64(length as f64 / f64::from(way.bytes_per_s));
            free = free.max(Instant::now()) + passes;
            if packets.send((free + way.takes, packet)).await.is_err() {
                return;
            }
        }
    };
    let give = async move {
        while let Some((due, packet)) = waiting.recv().await {
            sleep_until(due).await;
            if number <= *silent.borrow() {
                pending::<()>().await;
            }
            if to.write_all(&packet).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(take, give);
}
