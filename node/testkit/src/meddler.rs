//! A meddler between two honest neighbours: repeats envelopes, reorders them within and across
//! lanes, and replays whole sessions. It has both identities, so that mutual TLS succeeds on either
//! side. It cannot change what authors signed.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::envelope::Lane;
use futures::{StreamExt, future::BoxFuture};
use identity::Identity;
use peer::link::{Carrier, Converse, Ended};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wire::frame::{Entry, Frame};

pub use crate::tampering::{Direction, Mischief};
use crate::{
    peer::listen_as,
    tampering::{Tampering, Way},
    wire::Call,
};

/// The longest time for which a frame is held back.
const HELD_BACK: Duration = Duration::from_millis(4);

/// A meddler between one child and its parent.
pub struct Meddler {
    address: SocketAddr,
    inside: Arc<Inside>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Inside {
    child: Arc<Identity>,
    parent: Arc<Identity>,
    above: OnceLock<SocketAddr>,
    tampering: Tampering,
}

impl Meddler {
    /// Listens with the parent's identity.
    pub(crate) async fn between(
        child: Arc<Identity>,
        parent: Arc<Identity>,
        mischief: Mischief,
    ) -> Self {
        let inside = Arc::new(Inside {
            child,
            parent: Arc::clone(&parent),
            above: OnceLock::new(),
            tampering: Tampering::new(mischief),
        });
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let converse: Arc<dyn Converse> = Arc::clone(&inside) as _;
        let any = ([127, 0, 0, 1], 0).into();
        let address = listen_as(&parent, any, converse, &tasks, stop.clone()).await;
        Self {
            address,
            inside,
            tasks,
            stop,
        }
    }

    /// Returns the address that the child dials.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the address of the real parent.
    pub(crate) fn lead_to(&self, above: SocketAddr) {
        let known = self.inside.above.get_or_init(|| above);
        assert_eq!(*known, above, "a parent that restarts keeps its port");
    }

    /// Returns every envelope that passed, with what travelled beside it.
    pub fn seen(&self, direction: Direction) -> Vec<(Lane, Entry)> {
        self.inside.tampering.seen(direction).clone()
    }

    /// Returns whether everything it passed on was answered.
    pub fn is_idle(&self) -> bool {
        self.inside.tampering.is_idle()
    }

    pub(crate) async fn leave(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Converse for Inside {
    fn converse(self: Arc<Self>, below: Carrier) -> BoxFuture<'static, Ended> {
        Box::pin(async move {
            let Some(above) = self.above.get() else {
                return Ended::Closed;
            };
            let parent = self.parent.division().to_string();
            let Ok(line) = Call::honest(&self.child, &parent, *above).open().await else {
                return Ended::Closed;
            };
            let (mut from_above, mut from_below) = (line.incoming, below.incoming);
            let mut up = Way::new(&self.tampering, Direction::Up);
            let mut down = Way::new(&self.tampering, Direction::Down);
            let mut hold = pin!(sleep(HELD_BACK));
            loop {
                tokio::select! {
                    frame = from_below.next() => match frame {
                        Some(Ok(Frame::Batch(batch))) => up.take(batch),
                        Some(Ok(Frame::Ack(ack))) => down.heard(ack),
                        Some(Ok(frame)) => {
                            let _gone = line.outgoing.send(frame.encode()).await;
                        }
                        _ => return Ended::Closed,
                    },
                    frame = from_above.next() => match frame {
                        Some(Ok(Frame::Batch(batch))) => down.take(batch),
                        Some(Ok(Frame::Ack(ack))) => up.heard(ack),
                        Some(Ok(frame)) => {
                            let greeted = matches!(frame, Frame::Hello(_));
                            let _gone = below.outgoing.send(Box::new(frame)).await;
                            if greeted {
                                up.replay();
                                down.replay();
                            }
                        }
                        _ => return Ended::Closed,
                    },
                    () = &mut hold, if up.waits() || down.waits() => {
                        up.release();
                        down.release();
                    }
                }
                if up.waits() || down.waits() {
                    hold.as_mut().reset(tokio::time::Instant::now() + HELD_BACK);
                }
                // Sends what was decided above: batches in one direction, answers in the other.
                for batch in std::mem::take(&mut up.ready) {
                    let _gone = line.outgoing.send(Frame::Batch(batch).encode()).await;
                }
                for ack in std::mem::take(&mut down.answers) {
                    let _gone = line.outgoing.send(Frame::Ack(ack).encode()).await;
                }
                for batch in std::mem::take(&mut down.ready) {
                    let _gone = below.outgoing.send(Box::new(Frame::Batch(batch))).await;
                }
                for ack in std::mem::take(&mut up.answers) {
                    let _gone = below.outgoing.send(Box::new(Frame::Ack(ack))).await;
                }
            }
        })
    }
}
