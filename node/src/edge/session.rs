//! One conversation with one neighbour: greet, then carry envelopes both ways until it ends.
//!
//! Nothing is acknowledged before its outcome is durable, and nothing is sent before it is durable.

mod greeting;

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU32,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use governor::{
    Quota, RateLimiter,
    clock::DefaultClock,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Notify,
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;

use super::{seal::Sealer, verify::Verifier};
use crate::{
    domain::{authority::Neighbour, envelope::Lane, ids::NetworkId},
    identity::{Identity, KeyRing},
    link::{Carrier, Converse, Ended},
    office::{Office, Outcome},
    outbox::sender::{Sender, Window},
    telemetry::{Health, Metrics},
    wire::{
        frame::{Ack, Batch, Frame, Goodbye, GoodbyeCode, Refused},
        refusal::RefusalCode,
    },
};

/// Batches of a neighbour that may wait for the disk at once.
const RECEIPTS_WAITING: usize = 8;

/// Refusals told in one frame; with more than that untold, nothing more is heard.
const MOST_REFUSED: usize = 512;

/// How conversations are held.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What may be unacknowledged per lane.
    pub window: Window,
    /// For the neighbour's greeting.
    pub greeting_timeout: Duration,
    /// Envelopes a neighbour may bring per second.
    pub envelopes_per_second: NonZeroU32,
    /// Least time between two frames of figures.
    pub figures_pace: Duration,
}

/// How a link is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LinkState {
    /// Whether a conversation is under way.
    pub up: bool,
    /// When it last began, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// How the last one ended.
    pub last_end: Option<String>,
    /// Envelopes brought by the neighbour, over all conversations since the start.
    pub received: u64,
    /// Envelopes sent and answered.
    pub settled: u64,
    /// Envelopes of the neighbour that were refused.
    pub refused: u64,
    /// How far the neighbour's clock is ahead, in milliseconds.
    pub skew_ms: i64,
}

/// The links of one node, for those who watch.
#[derive(Debug, Default)]
pub struct Links {
    links: Mutex<HashMap<DivisionCode, (LinkState, Option<CancellationToken>)>>,
    closed: Mutex<HashSet<DivisionCode>>,
}

impl Links {
    /// All links that were up since the start.
    pub fn states(&self) -> Vec<(DivisionCode, LinkState)> {
        let links = self.links.lock().expect("no holder panics");
        let mut states: Vec<_> = links
            .iter()
            .map(|(d, (state, _))| (*d, state.clone()))
            .collect();
        states.sort_by_key(|(division, _)| *division);
        states
    }

    /// Whether the link to this neighbour is up.
    pub fn is_up(&self, neighbour: DivisionCode) -> bool {
        self.links
            .lock()
            .expect("no holder panics")
            .get(&neighbour)
            .is_some_and(|(state, _)| state.up)
    }

    /// Closes the link to a neighbour until [`Links::open`]: ends the conversation and begins none.
    /// What is for it waits in the outbox.
    pub fn close(&self, neighbour: DivisionCode) {
        self.closed
            .lock()
            .expect("no holder panics")
            .insert(neighbour);
        let links = self.links.lock().expect("no holder panics");
        if let Some((_, Some(token))) = links.get(&neighbour) {
            token.cancel();
        }
    }

    /// Lets the link to a neighbour be opened again.
    pub fn open(&self, neighbour: DivisionCode) {
        self.closed
            .lock()
            .expect("no holder panics")
            .remove(&neighbour);
    }

    fn is_closed(&self, neighbour: DivisionCode) -> bool {
        self.closed
            .lock()
            .expect("no holder panics")
            .contains(&neighbour)
    }

    /// Ends the conversations with all neighbours but this one, so that they begin anew.
    fn begin_anew(&self, but_for: DivisionCode) -> Vec<DivisionCode> {
        let mut links = self.links.lock().expect("no holder panics");
        let others = links.iter_mut().filter(|(peer, _)| **peer != but_for);
        let ended = others.filter_map(|(peer, (state, token))| {
            token.take()?.cancel();
            state.up = false;
            state.last_end = Some(Ended::NewEpoch.to_string());
            Some(*peer)
        });
        ended.collect()
    }

    fn why_cancelled(&self, neighbour: DivisionCode) -> Ended {
        if self.is_closed(neighbour) {
            return Ended::ClosedHere;
        }
        let links = self.links.lock().expect("no holder panics");
        match links.get(&neighbour) {
            Some((_, None)) => Ended::NewEpoch,
            _ => Ended::Replaced,
        }
    }

    fn note(&self, neighbour: DivisionCode, change: impl FnOnce(&mut LinkState)) {
        change(
            &mut self
                .links
                .lock()
                .expect("no holder panics")
                .entry(neighbour)
                .or_default()
                .0,
        );
    }

    /// One link per neighbour: a newer conversation ends the older.
    fn begin(&self, neighbour: DivisionCode) -> CancellationToken {
        let token = CancellationToken::new();
        let mut links = self.links.lock().expect("no holder panics");
        let slot = &mut links.entry(neighbour).or_default().1;
        if let Some(older) = slot.replace(token.clone()) {
            older.cancel();
        }
        token
    }
}

/// Everything conversations of one node share.
pub struct Switchboard {
    /// Who decides.
    pub office: Arc<Office>,
    /// Who this node is.
    pub identity: Arc<Identity>,
    /// The network's name.
    pub network: NetworkId,
    /// Keys of authors.
    pub keys: Arc<KeyRing>,
    /// Checks what peers bring.
    pub verifier: Verifier,
    /// How conversations are held.
    pub terms: Terms,
    /// How links are doing.
    pub links: Arc<Links>,
    /// What is counted for those who watch.
    pub metrics: Metrics,
    /// Says which links are up.
    pub health: Health,
    /// Ends all conversations.
    pub stop: CancellationToken,
}

impl Converse for Switchboard {
    fn converse(self: Arc<Self>, carrier: Carrier) -> BoxFuture<'static, Ended> {
        async move {
            let peer = carrier.peer;
            let Some(from) = Neighbour::of(self.office.me(), peer, self.office.tree()) else {
                let why = "it is not a neighbour".to_owned();
                return Ended::Protocol(GoodbyeCode::Division, why);
            };
            if self.links.is_closed(peer) {
                return Ended::ClosedHere;
            }
            let token = self.links.begin(peer);
            let outgoing = carrier.outgoing.clone();
            let ended = tokio::select! {
                ended = self.hold(carrier, from) => ended,
                () = token.cancelled() => self.links.why_cancelled(peer),
                () = self.stop.cancelled() => Ended::Stopping,
            };
            if !token.is_cancelled() || ended == Ended::ClosedHere {
                self.show_up(peer, false);
                self.links.note(peer, |state| {
                    state.up = false;
                    state.last_end = Some(ended.to_string());
                });
            }
            let goodbye = Goodbye {
                code: goodbye_code(&ended),
                reason: ended.to_string(),
            };
            let _closed_already = outgoing.try_send(Frame::Goodbye(goodbye));
            ended
        }
        .boxed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;
type Answer = (Lane, u64, Vec<Refused>);

/// What one conversation keeps.
struct Conversation<'a> {
    board: &'a Switchboard,
    from: Neighbour,
    sender: Sender,
    sealer: Sealer,
    limiter: Limiter,
    /// Next position expected per lane.
    expected: [u64; 4],
    receipts: FuturesOrdered<BoxFuture<'a, Result<Answer, Ended>>>,
    acks: [Option<Ack>; 4],
    pace: Option<Pin<Box<Sleep>>>,
}

impl Switchboard {
    async fn hold(&self, mut carrier: Carrier, from: Neighbour) -> Ended {
        let window = match self.greet(&mut carrier, from).await {
            Ok(window) => window,
            Err(ended) => return ended,
        };
        let peer = carrier.peer;
        let now = self.office.now();
        self.links.note(peer, |state| {
            state.up = true;
            state.since_ms = Some(now.0);
        });
        tracing::info!(division = %self.office.me(), neighbour = %peer, side = ?carrier.side,
            "link up");
        let me = self.office.me();
        self.show_up(peer, true);
        let store = self.office.store().clone();
        let conversation = Conversation {
            board: self,
            from,
            sender: Sender::new(store, me, peer, window),
            sealer: Sealer::new(
                Arc::clone(&self.identity),
                self.network,
                Arc::clone(&self.keys),
            ),
            limiter: RateLimiter::direct(Quota::per_second(self.terms.envelopes_per_second)),
            expected: [1; 4],
            receipts: FuturesOrdered::new(),
            acks: [const { None }; 4],
            pace: None,
        };
        let bell = self.office.bells().of(peer);
        match conversation.run(carrier, bell).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    fn show_up(&self, peer: DivisionCode, up: bool) {
        let me = self.office.me();
        self.health.link(me, peer, up);
        self.metrics.link(me, peer).up.set(i64::from(up));
    }
}

const fn goodbye_code(ended: &Ended) -> GoodbyeCode {
    match ended {
        Ended::Stopping
        | Ended::ClosedHere
        | Ended::NewEpoch
        | Ended::Closed
        | Ended::Goodbye(_) => GoodbyeCode::Stopping,
        Ended::Replaced => GoodbyeCode::Replaced,
        Ended::Protocol(code, _) => *code,
        Ended::Broken(_) => GoodbyeCode::Malformed,
        Ended::Office(_) => GoodbyeCode::Internal,
    }
}

/// What can be told of one lane in one frame; the rest stays.
fn next_ack(slot: &mut Option<Ack>) -> Option<Ack> {
    let ack = slot.as_mut()?;
    if ack.refused.len() <= MOST_REFUSED {
        return slot.take();
    }
    let rest = ack.refused.split_off(MOST_REFUSED);
    let refused = std::mem::replace(&mut ack.refused, rest);
    Some(Ack {
        lane: ack.lane,
        through: refused.last().map_or(0, |last| last.position),
        refused,
    })
}

fn malformed(why: &str) -> Ended {
    Ended::Protocol(GoodbyeCode::Malformed, why.to_owned())
}

fn office_ended(error: crate::office::OfficeError) -> Ended {
    Ended::Office(error.to_string())
}

impl Conversation<'_> {
    async fn run(
        mut self,
        mut carrier: Carrier,
        bell: Arc<Notify>,
    ) -> Result<std::convert::Infallible, Ended> {
        let outgoing = carrier.outgoing.clone();
        let mut ready: Option<BoxFuture<'_, Result<Frame, Ended>>> = None;
        let mut prepared: Option<Frame> = None;
        loop {
            if ready.is_none() && prepared.is_none() && self.sender.may_have_more() {
                ready = self.prepare().await?;
            }
            let may_send = prepared.is_some() || self.acks.iter().any(Option::is_some);
            tokio::select! {
                biased;
                permit = outgoing.reserve(), if may_send => {
                    let permit = permit.map_err(|_| Ended::Closed)?;
                    let ack = self.acks.iter_mut().find_map(next_ack).map(Frame::Ack);
                    if ack.is_some() {
                        self.board.office.metrics().acks.inc();
                    }
                    if let Some(frame) = ack.or_else(|| prepared.take()) {
                        permit.send(frame);
                    }
                }
                Some(answer) = self.receipts.next(), if !self.receipts.is_empty() => {
                    self.note_answer(answer?);
                }
                frame = async { ready.as_mut().expect("guarded").await }, if ready.is_some() => {
                    ready = None;
                    prepared = Some(frame?);
                }
                frame = carrier.incoming.next(), if self.may_hear() => {
                    match frame {
                        None => return Err(Ended::Closed),
                        Some(Err(broken)) => return Err(broken.into()),
                        Some(Ok(frame)) => self.hear(frame).await?,
                    }
                }
                () = bell.notified() => self.sender.look_again(),
                () = async { self.pace.as_mut().expect("guarded").await }, if self.pace.is_some() => {
                    self.pace = None;
                    self.sender.release_figures();
                }
            }
        }
    }

    /// Whether there is room for what a frame may lead to. A neighbour that does not listen is not
    /// listened to.
    fn may_hear(&self) -> bool {
        let told = |ack: &Option<Ack>| ack.as_ref().is_none_or(|a| a.refused.len() < MOST_REFUSED);
        self.receipts.len() < RECEIPTS_WAITING && self.acks.iter().all(told)
    }

    /// The next frame of envelopes: signed now, sent when what it says is durable.
    async fn prepare(&mut self) -> Result<Option<BoxFuture<'static, Result<Frame, Ended>>>, Ended> {
        let parcel = self
            .sender
            .next()
            .await
            .map_err(|error| Ended::Office(error.to_string()))?;
        let Some(parcel) = parcel else {
            return Ok(None);
        };
        if parcel.lane == Lane::Figures {
            self.pace = Some(Box::pin(sleep(self.board.terms.figures_pace)));
        }
        let generation = parcel.generation;
        let batch = self
            .sealer
            .seal(parcel)
            .await
            .map_err(|error| Ended::Office(error.to_string()))?;
        let store = self.board.office.store().clone();
        Ok(Some(
            async move {
                store
                    .settle(generation)
                    .await
                    .map_err(|error| Ended::Office(error.to_string()))?;
                Ok(Frame::Batch(batch))
            }
            .boxed(),
        ))
    }

    async fn hear(&mut self, frame: Frame) -> Result<(), Ended> {
        match frame {
            Frame::Batch(batch) => self.hear_batch(batch).await,
            Frame::Ack(ack) => self.hear_ack(ack).await,
            Frame::Goodbye(goodbye) => Err(Ended::Goodbye(goodbye.reason)),
            Frame::Hello(_) => Err(malformed("it greeted twice")),
        }
    }

    async fn hear_batch(&mut self, batch: Batch) -> Result<(), Ended> {
        let Batch {
            lane,
            first,
            entries,
            key_statements,
        } = batch;
        let expected = &mut self.expected[lane.index()];
        if first != *expected || entries.is_empty() {
            let why = format!("position {first} came, {expected} was expected");
            return Err(malformed(&why));
        }
        *expected += entries.len() as u64;
        let through = *expected - 1;
        let most = self.board.terms.envelopes_per_second.get();
        let mut waiting = entries.len() as u32;
        while let Some(some) = NonZeroU32::new(waiting.min(most)) {
            let allowed = self.limiter.until_n_ready(some).await;
            allowed.expect("never more than the quota at once");
            waiting -= some.get();
        }
        self.board.admit_keys(&key_statements).await?;
        let peer = self.from.division();
        let count = entries.len() as u64;
        let mut refused = Vec::new();
        let mut good = Vec::with_capacity(entries.len());
        let mut positions = Vec::with_capacity(entries.len());
        for (position, entry) in (first..).zip(entries) {
            let checked = entry
                .map_err(|error| RefusalCode::from(&error))
                .and_then(|entry| self.board.verifier.check(entry, self.from))
                .and_then(|received| match received.envelope.lane == lane {
                    true => Ok(received),
                    false => Err(RefusalCode::Malformed),
                });
            match checked {
                Ok(received) => {
                    good.push(received);
                    positions.push(position);
                }
                Err(code) => {
                    tracing::warn!(division = %self.board.office.me(), neighbour = %peer,
                        lane = lane.name(), position, reason = %code, "envelope refused");
                    refused.push(Refused {
                        position,
                        code,
                        reason: code.to_string(),
                    });
                }
            }
        }
        let receipt = self
            .board
            .office
            .receive(self.from, good)
            .await
            .map_err(office_ended)?;
        let links = Arc::clone(&self.board.links);
        self.receipts.push_back(
            async move {
                let outcomes = receipt
                    .durable()
                    .await
                    .map_err(|error| Ended::Office(error.to_string()))?;
                for (position, outcome) in positions.into_iter().zip(outcomes) {
                    if let Outcome::Refused(code) = outcome {
                        refused.push(Refused {
                            position,
                            code,
                            reason: code.to_string(),
                        });
                    }
                }
                links.note(peer, |state| {
                    state.received += count;
                    state.refused += refused.len() as u64;
                });
                Ok((lane, through, refused))
            }
            .boxed(),
        );
        Ok(())
    }

    fn note_answer(&mut self, (lane, through, mut refused): Answer) {
        match &mut self.acks[lane.index()] {
            Some(ack) => {
                ack.through = through;
                ack.refused.extend(refused);
                ack.refused.sort_unstable_by_key(|refused| refused.position);
            }
            none => {
                refused.sort_unstable_by_key(|refused| refused.position);
                *none = Some(Ack {
                    lane,
                    through,
                    refused,
                })
            }
        }
    }

    async fn hear_ack(&mut self, ack: Ack) -> Result<(), Ended> {
        let Ack {
            lane,
            through,
            refused,
        } = ack;
        let refused = refused
            .into_iter()
            .map(|refused| (refused.position, refused.code))
            .collect();
        let settled = self
            .sender
            .acknowledged(lane, through, refused)
            .ok_or_else(|| {
                malformed(&format!("it acknowledged {through}, which was never sent"))
            })?;
        let peer = self.from.division();
        let count = settled.len() as u64;
        self.board.links.note(peer, |state| state.settled += count);
        self.board.office.metrics().envelopes_sent.inc_by(count);
        self.board
            .office
            .settle(peer, lane, settled)
            .await
            .map_err(office_ended)
    }
}
