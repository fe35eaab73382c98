//! A village, its township and its county, whose envelopes about logs are handed over by the test.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    actor::Actor,
    authority::{Neighbour, may},
    envelope::{Envelope, Payload},
    heads::{HeadAnswer, SaidHead, Verdict},
    ids::{KeyId, NetworkId},
    statement::{Proof, Statement},
    suite::Suite,
};
use records::{
    outbox::queue::{Segments, Slots},
    table::Table,
};
use store::MemoryDisk;
use topology::DivisionCode;

use crate::{NewReport, Office, Received, fixture, log::fixture::NETWORK};

pub(super) const CODES: [&str; 3] = ["330825002222", "330825002", "330825"];
pub(super) const VILLAGE: usize = 0;
pub(super) const TOWNSHIP: usize = 1;
pub(super) const COUNTY: usize = 2;

pub(super) fn code(at: usize) -> DivisionCode {
    CODES[at].parse().unwrap()
}

/// Three nodes in a line. A test may open one of them anew.
pub(super) struct Line {
    pub(super) clock: Arc<fixture::Stopped>,
    pub(super) disks: [MemoryDisk; 3],
    pub(super) nodes: [Office; 3],
    pub(super) opened: u64,
}

/// An envelope on its way: from, to, and what it is.
pub(super) struct OnItsWay {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) envelope: Envelope,
    bytes: Bytes,
}

impl Line {
    pub(super) async fn new() -> Self {
        let clock = Arc::<fixture::Stopped>::default();
        let disks = [(); 3].map(|()| MemoryDisk::default());
        let mut nodes = vec![];
        for (at, disk) in disks.iter().enumerate() {
            nodes.push(open(at, disk, &clock, at as u64 * 1_000_000).await);
        }
        let Ok(nodes) = nodes.try_into() else {
            panic!("three nodes");
        };
        Self {
            clock,
            disks,
            nodes,
            opened: 3,
        }
    }

    /// Opens a node anew on a disk.
    pub(super) async fn reopen(&mut self, at: usize, disk: MemoryDisk) {
        self.opened += 1;
        let seed = self.opened * 1_000_000;
        self.nodes[at] = open(at, &disk, &self.clock, seed).await;
        self.disks[at] = disk;
    }

    /// Adds a leaf to the village's log.
    pub(super) async fn leaf(&self) {
        let lamp = NewReport::new(
            "enforcement/lighting".parse().unwrap(),
            "路灯不亮".to_owned(),
        );
        let reported = self.nodes[VILLAGE].matters().report(lamp, Actor::OsUser(7));
        reported.await.unwrap();
    }

    /// Lets so many seconds pass, and each node do what is due with its log.
    pub(super) async fn pass(&self, seconds: i64) {
        self.clock.put_forward(seconds * 1000);
        for node in &self.nodes {
            node.log().say_head().await.unwrap();
        }
    }

    /// Takes what is about logs out of all outboxes.
    pub(super) async fn collect(&self) -> Vec<OnItsWay> {
        let mut all = vec![];
        for (from, node) in self.nodes.iter().enumerate() {
            let turn = node.turn().await;
            let mut view = turn.transaction();
            let segments = view.scan(Segments::all(), usize::MAX).await.unwrap();
            for (key, queued) in segments {
                let to = (0..3).find(|to| code(*to) == key.0);
                view.delete::<Segments>(&key);
                for queued in queued {
                    if let Some(slot) = queued.slot.as_ref().and_then(|slot| Slots::parse(slot)) {
                        view.delete::<Slots>(&slot);
                    }
                    let envelope = wire::decode_envelope(&queued.bytes).unwrap();
                    let of_logs = matches!(
                        envelope.payload,
                        Payload::Head(_) | Payload::Countersignature(_) | Payload::Rewritten(_)
                    );
                    if let Some(to) = to.filter(|_| of_logs) {
                        all.push(OnItsWay {
                            from,
                            to,
                            envelope,
                            bytes: queued.bytes,
                        });
                    }
                }
            }
            turn.commit(view).await.unwrap();
        }
        all
    }

    /// Hands an envelope over, as a session would after checking its signature.
    pub(super) async fn deliver(&self, one: &OnItsWay) -> Result<(), crate::Outcome> {
        let OnItsWay {
            from,
            to,
            envelope,
            bytes,
        } = one;
        let node = &self.nodes[*to];
        let tree = node.tree();
        let from = Neighbour::of(node.me(), code(*from), tree).unwrap();
        let received = [received(
            envelope.clone(),
            bytes.clone(),
            may(envelope, from, node.me(), tree).err(),
        )];
        let receipt = node.inbox().receive(from, &received).await.unwrap();
        match receipt.durable().await.unwrap()[0] {
            crate::Outcome::Accepted => Ok(()),
            refused @ crate::Outcome::Refused(_) => Err(refused),
        }
    }

    /// Hands everything over until nothing is on its way, and returns all that was said.
    pub(super) async fn settle(&self) -> Vec<OnItsWay> {
        let mut said = vec![];
        loop {
            let some = self.collect().await;
            if some.is_empty() {
                return said;
            }
            for one in some {
                self.deliver(&one).await.unwrap();
                said.push(one);
            }
        }
    }

    /// What the witnesses countersigned of the village's log among this: by whom, size, root, time, signature.
    pub(super) fn cosigned(said: &[OnItsWay]) -> Vec<Cosigned> {
        let read = |one: &OnItsWay| {
            let Payload::Countersignature(answer) = &one.envelope.payload else {
                return None;
            };
            let HeadAnswer {
                verdict:
                    Verdict::Cosigned {
                        size, root, signed, ..
                    },
                ..
            } = **answer
            else {
                return None;
            };
            // On the link where it begins, so that each counts once.
            let by = (0..3).find(|at| code(*at) == one.envelope.author)?;
            (by == one.from && one.envelope.destination == to(VILLAGE)).then_some(Cosigned {
                by,
                size,
                root,
                time: signed.time,
                signature: signed.signature,
            })
        };
        said.iter().filter_map(read).collect()
    }
}

/// A countersignature of the village's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cosigned {
    pub(super) by: usize,
    pub(super) size: u64,
    pub(super) root: [u8; 32],
    pub(super) time: u64,
    pub(super) signature: [u8; 64],
}

pub(super) fn to(at: usize) -> domain::envelope::Destination {
    domain::envelope::Destination::Division(code(at))
}

async fn open(at: usize, disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, seed: u64) -> Office {
    let clock = Arc::clone(clock) as _;
    let office = fixture::office(CODES[at], disk, clock, seed).await;
    // As if the neighbours had greeted.
    let parent = office.parent().unwrap();
    office.met.lock().unwrap().insert(parent);
    office
}

fn received(
    envelope: Envelope,
    bytes: Bytes,
    denied: Option<domain::authority::Denied>,
) -> Received {
    let statement = Statement {
        suite: Suite::Ed25519Blake3,
        network: NetworkId(NETWORK),
        author: envelope.author,
        key: KeyId([1; 16]),
        epoch: envelope.epoch.id,
        leaves: 1,
        root: [1; 32],
    };
    Received {
        envelope,
        denied,
        bytes,
        proof: Proof {
            statement,
            signature: Bytes::from_static(&[7; 64]),
            index: 0,
            path: vec![],
        },
        bodies: vec![],
        trace: None,
    }
}

/// Makes an envelope of the village that says this head, with a stamp after `issue`.
pub(super) fn saying(like: &Envelope, issue: u64, head: SaidHead) -> OnItsWay {
    let mut envelope = like.clone();
    envelope.issue = issue;
    envelope.payload = Payload::Head(Box::new(head));
    let bytes = wire::encode_envelope(&envelope);
    OnItsWay {
        from: VILLAGE,
        to: TOWNSHIP,
        envelope,
        bytes,
    }
}
