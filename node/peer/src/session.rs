//! One session with one neighbour: greets, then carries envelopes in both directions until it ends.
//!
//! Nothing is acknowledged before its outcome is durable, and nothing is sent before it is durable.

mod errands;
pub(crate) mod greeting;
mod hear;
pub(crate) mod keys;
mod links;
mod not_yet;
mod probe;
mod rate;
mod room;
mod watermark;

use std::{
    collections::VecDeque, num::NonZeroU32, panic::AssertUnwindSafe, pin::Pin, sync::Arc,
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, Sleep, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;

pub use links::Links;

use domain::{authority::Neighbour, envelope::Lane, ids::NetworkId};
use errands::Errands;
use greeting::Greeted;
use identity::{Identity, KeyRing};
use keys::KeysShown;
use links::Tokens;
use not_yet::NotYet;
use office::Office;
use probe::Probed;
use rate::Rate;
use records::outbox::sender::{Sender, Window};
use room::Waiting;
use telemetry::{Health, Metrics};
use watermark::WatermarkSender;
use wire::frame::{Ack, Frame, Goodbye, GoodbyeCode, Hello, Refused};

use super::{fetch::Fetches, sign::BatchSigner, verify::Verifier};
use crate::link::{Carrier, Converse, Ended, Side, pulse::Pulse};

/// Most batches of a neighbour that wait for the disk.
const RECEIPTS_WAITING: usize = 8;

/// Most refusals in one frame; while more are unsent, nothing more is read.
const MOST_REFUSED: usize = 512;

/// Most waiting probes and their answers.
const MOST_PRESENCE: usize = 8;

/// Time for a neighbour whose key was revoked to receive the revocation and pass it on. Its
/// envelopes are ignored meanwhile.
const LEAVE_TAKING: Duration = Duration::from_secs(3);

/// Settings of sessions.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Most that may be unacknowledged in a lane.
    pub window: Window,
    /// Longest wait for the neighbour's greeting.
    pub greeting_timeout: Duration,
    /// Most envelopes a neighbour may send per second.
    pub envelopes_per_second: NonZeroU32,
    /// Least time between two frames of figures.
    pub figures_pace: Duration,
    /// Time between two messages that tell a neighbour it has everything.
    pub watermark_pace: Duration,
    /// Longest wait for a sign of life while a neighbour's answer is due.
    pub answer: Duration,
}

/// State shared by all sessions of one node.
pub struct SessionContext {
    /// Decides on envelopes.
    pub office: Arc<Office>,
    /// This node's identity.
    pub identity: Arc<Identity>,
    /// The network's id.
    pub network: NetworkId,
    /// Keys of authors.
    pub keys: Arc<KeyRing>,
    /// Checks incoming envelopes.
    pub verifier: Verifier,
    /// Fetches and serves files.
    pub fetches: Arc<Fetches>,
    /// Settings of sessions.
    pub terms: SessionConfig,
    /// State of the links.
    pub links: Arc<Links>,
    /// Metrics.
    pub metrics: Metrics,
    /// Records which links are up.
    pub health: Health,
    /// Ends all sessions.
    pub stop: CancellationToken,
}

impl Converse for SessionContext {
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
            let outgoing = carrier.outgoing.clone();
            let mut carrier = carrier;
            // A child must greet first, to show that no other machine is linked with its identity.
            let (hello, instance) = match carrier.side {
                Side::Child => (None, None),
                Side::Parent => match self.admit(&mut carrier).await {
                    Ok(hello) => {
                        let instance = hello.instance;
                        (Some(hello), Some(instance))
                    }
                    Err(ended) => {
                        say_goodbye(&outgoing, &ended);
                        return ended;
                    }
                },
            };
            let (tokens, probed) = self.links.begin(peer, carrier.address, instance);
            let Tokens {
                cancel: token,
                leave,
                reopen,
                ..
            } = tokens;
            let (side, address) = (carrier.side, carrier.address);
            let lapse = carrier.lapse.clone();
            // A panic ends this session only.
            let held = AssertUnwindSafe(self.hold(carrier, hello, from, leave, probed));
            let held = held.catch_unwind();
            let ended = tokio::select! {
                biased;
                ended = held => ended.unwrap_or_else(|_| {
                    Ended::Office("it crashed in a session; see its log".to_owned())
                }),
                () = token.cancelled() => self.links.why_cancelled(peer),
                () = reopen.cancelled() => Ended::Renewed,
                () = lapse.reached() => Ended::Expired,
                () = self.stop.cancelled() => Ended::Stopping,
            };
            if !token.is_cancelled() || ended == Ended::ClosedHere {
                self.show_up(peer, false);
                self.links.note_end(peer, &ended, self.office.now());
            }
            if let Err(error) = self.office.inbox().keep_heard().await {
                tracing::warn!(division = %self.office.me(), %error,
                    "knowledge of other nodes will look older after a restart");
            }
            if side == Side::Child {
                self.heed_refusal(peer, address, &ended).await;
            }
            say_goodbye(&outgoing, &ended);
            ended
        }
        .boxed()
    }
}

fn say_goodbye(outgoing: &mpsc::Sender<Box<Frame>>, ended: &Ended) {
    let goodbye = Goodbye {
        code: goodbye_code(ended),
        reason: ended.to_string(),
    };
    let _closed_already = outgoing.try_send(Box::new(Frame::Goodbye(goodbye)));
}

type Answer = (Lane, u64, Vec<Refused>);

/// The next batch of envelopes on its way out.
#[derive(Default)]
struct NextBatch {
    /// Signed, and waiting until its content is durable.
    ready: Option<BoxFuture<'static, Result<Frame, Ended>>>,
    /// To be sent when there is room.
    prepared: Option<Frame>,
}

impl NextBatch {
    fn is_none(&self) -> bool {
        self.ready.is_none() && self.prepared.is_none()
    }
}

/// State of one session.
struct Session<'a> {
    board: &'a SessionContext,
    from: Neighbour,
    sender: Sender,
    sealer: BatchSigner,
    limiter: Rate,
    /// Next position expected in each lane.
    expected: [u64; 4],
    receipts: FuturesOrdered<BoxFuture<'a, Result<Answer, Ended>>>,
    /// Batches that wait for room.
    for_room: Waiting,
    not_yet: NotYet,
    acks: [Option<Ack>; 4],
    pace: Option<Pin<Box<Sleep>>>,
    errands: Errands,
    watermarks: WatermarkSender,
    keys: KeysShown,
    /// Cancelled when the other's key was revoked.
    leave: CancellationToken,
    /// The end of the time it has to receive the revocation.
    leaving: Option<Pin<Box<Sleep>>>,
    pulse: Pulse,
    /// Since when something waits for the other's answer.
    waiting: Option<Instant>,
    /// Probes to pass on to the other.
    probed: Probed,
    /// Probes and their answers that wait to be sent.
    presence: VecDeque<Frame>,
    /// How often the store had taken units back when the outbox was last read from its beginning.
    losses: u64,
}

impl SessionContext {
    async fn hold(
        &self,
        mut carrier: Carrier,
        hello: Option<Box<Hello>>,
        from: Neighbour,
        leave: CancellationToken,
        probed: Probed,
    ) -> Ended {
        let Greeted {
            window,
            fetches,
            hears_watermarks,
            skew_ms,
            keys,
        } = match self.greet(&mut carrier, hello, from).await {
            Ok(greeted) => greeted,
            Err(ended) => return ended,
        };
        let keys = match KeysShown::new(&self.office, from, keys).await {
            Ok(keys) => keys,
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
        let conversation = Session {
            board: self,
            from,
            sender: Sender::new(store, me, peer, window),
            sealer: BatchSigner::new(
                Arc::clone(&self.identity),
                self.network,
                Arc::clone(&self.keys),
                peer,
            ),
            limiter: Rate::per_second(self.terms.envelopes_per_second),
            expected: [1; 4],
            receipts: FuturesOrdered::new(),
            for_room: Waiting::default(),
            not_yet: NotYet::default(),
            acks: [const { None }; 4],
            pace: None,
            errands: Errands::new(Arc::clone(&self.fetches), peer, fetches),
            watermarks: WatermarkSender::new(hears_watermarks, skew_ms, self.terms.watermark_pace),
            keys,
            leave,
            leaving: None,
            pulse: carrier.pulse.clone(),
            waiting: None,
            probed,
            presence: VecDeque::new(),
            losses: self.office.store().losses(),
        };
        let bell = self.office.wakers().of(peer);
        match conversation.run(carrier, bell).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    fn show_up(&self, peer: DivisionCode, up: bool) {
        let me = self.office.me();
        self.health.link(me, peer, up);
        self.office.inbox().note_link(peer, up);
        self.metrics.link(me, peer).up.set(i64::from(up));
    }
}

const fn goodbye_code(ended: &Ended) -> GoodbyeCode {
    match ended {
        Ended::Stopping
        | Ended::ClosedHere
        | Ended::NewEpoch
        | Ended::Renewed
        | Ended::Expired
        | Ended::Silent(_)
        | Ended::Closed
        | Ended::Goodbye(..) => GoodbyeCode::Stopping,
        Ended::Replaced => GoodbyeCode::Replaced,
        Ended::SecondMachine { .. } => GoodbyeCode::SecondMachine,
        Ended::Revoked => GoodbyeCode::Revoked,
        Ended::Protocol(code, _) => *code,
        Ended::Broken(_) => GoodbyeCode::Malformed,
        Ended::Office(_) => GoodbyeCode::Internal,
    }
}

/// Returns what fits into one acknowledgement of a lane; the rest stays.
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

fn office_ended(error: impl std::fmt::Display) -> Ended {
    Ended::Office(error.to_string())
}

impl Session<'_> {
    async fn run(
        mut self,
        mut carrier: Carrier,
        bell: Arc<Notify>,
    ) -> Result<std::convert::Infallible, Ended> {
        let outgoing = carrier.outgoing.clone();
        let mut next = NextBatch::default();
        loop {
            let due = self.prepare_next(&mut next).await?;
            if self.leaving.is_some() && next.is_none() && self.told_of_revocation() {
                return Err(Ended::Revoked);
            }
            let silent = self.silent_at();
            let room_due = self.for_room.due();
            let again = self.not_yet.due();
            let may_send = next.prepared.is_some() || self.may_send();
            tokio::select! {
                biased;
                () = self.leave.cancelled(), if self.leaving.is_none() => {
                    self.sender.send_only(Lane::Emergency);
                    self.sender.look_again();
                    self.leaving = Some(Box::pin(sleep(LEAVE_TAKING)));
                }
                () = async { self.leaving.as_mut().expect("guarded").await },
                    if self.leaving.is_some() => return Err(Ended::Revoked),
                permit = outgoing.reserve(), if may_send => {
                    let permit = permit.map_err(|_| Ended::Closed)?;
                    if let Some(frame) = self.next_frame(&mut next.prepared) {
                        permit.send(Box::new(frame));
                    }
                }
                Some(answer) = self.receipts.next(), if !self.receipts.is_empty() => {
                    self.note_answer(answer?);
                }
                probe = self.probed.next(), if self.presence.len() < MOST_PRESENCE => {
                    self.presence.push_back(Frame::Probe(probe));
                }
                // Does at most a few steps, so it delays nothing.
                () = self.errands.work() => {}
                frame = async { next.ready.as_mut().expect("guarded").await }, if next.ready.is_some() => {
                    next = NextBatch { ready: None, prepared: Some(frame?) };
                }
                frame = carrier.incoming.next(), if self.may_hear() => {
                    match frame {
                        None => return Err(Ended::Closed),
                        Some(Err(broken)) => return Err(broken.into()),
                        Some(Ok(frame)) => self.hear(frame).await?,
                    }
                }
                () = async { sleep_until(silent.expect("guarded")).await }, if silent.is_some() => {
                    // Anything that arrived meanwhile is a sign of life.
                    if self.silent_at().is_some_and(|at| at <= Instant::now()) {
                        return Err(Ended::Silent(self.board.terms.answer.as_secs()));
                    }
                }
                () = bell.notified() => self.sender.look_again(),
                () = async { sleep_until(room_due.expect("guarded")).await },
                    if room_due.is_some() => self.take_waiting().await?,
                () = async { sleep_until(again.expect("guarded")).await },
                    if again.is_some() => self.bring_again().await?,
                () = self.keys.changed() => self.keys.look().await?,
                () = async { sleep_until(due.expect("guarded")).await }, if due.is_some() => {}
                () = async { self.pace.as_mut().expect("guarded").await }, if self.pace.is_some() => {
                    self.pace = None;
                    self.sender.release_figures();
                }
            }
        }
    }

    /// Begins to prepare the next batch, if there is something to send and none is under way. Returns when the other is to be told
    /// that it has everything.
    async fn prepare_next(&mut self, next: &mut NextBatch) -> Result<Option<Instant>, Ended> {
        let losses = self.board.office.store().losses();
        if std::mem::replace(&mut self.losses, losses) != losses {
            self.sender.start_over();
        }
        let due = self.watermarks.due();
        let due = due.filter(|_| next.is_none() && self.sender.has_sent_all());
        if due.is_some_and(|due| due <= Instant::now()) {
            self.watermarks.write(&self.board.office);
            // Looks again, so that decisions made before this moment are seen.
            self.sender.look_again();
        }
        if next.is_none() && self.sender.may_have_more() {
            next.ready = self.prepare().await?;
        }
        if next.is_none() && self.sender.has_sent_all() {
            self.watermarks.confirm();
        }
        Ok(due)
    }

    /// Returns whether a frame other than a batch is ready to be sent.
    fn may_send(&self) -> bool {
        !self.presence.is_empty()
            || self.acks.iter().any(Option::is_some)
            || self.keys.may_send()
            || self.errands.may_send()
            || self.watermarks.may_send()
    }

    /// Returns the frame whose turn it is: what the other waits for first, the batch last.
    fn next_frame(&mut self, prepared: &mut Option<Frame>) -> Option<Frame> {
        let ack = || self.acks.iter_mut().find_map(next_ack).map(Frame::Ack);
        let frame = self.presence.pop_front().or_else(ack);
        let frame = frame.or_else(|| self.keys.take());
        if matches!(frame, Some(Frame::Ack(_))) {
            self.board.office.metrics().acks.inc();
        }
        let waits = prepared.is_some();
        let frame = frame.or_else(|| self.errands.take_turn(waits));
        let frame = frame.or_else(|| {
            let now = self.board.office.now();
            self.watermarks.take(now).map(Frame::Watermark)
        });
        if frame.is_none() && waits {
            self.sender.left(Instant::now().into_std());
        }
        let frame = frame.or_else(|| prepared.take());
        if let Some(Frame::Batch(batch)) = &frame {
            let count = batch.entries.len() as u64;
            self.board.office.metrics().envelopes_sent.inc_by(count);
        }
        frame
    }

    /// Returns when the other counts as gone if nothing arrives from it; `None` while nothing waits
    /// for its answer. Allows twice the time that the link needs for what is in flight.
    fn silent_at(&mut self) -> Option<Instant> {
        if self.sender.unacknowledged() == 0 && !self.errands.wait() {
            self.waiting = None;
            return None;
        }
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let patience = self.board.terms.answer + 2 * self.sender.takes();
        Some(since.max(self.pulse.last()) + patience)
    }

    /// Returns whether nothing urgent waits to be sent or acknowledged.
    fn told_of_revocation(&self) -> bool {
        !self.sender.may_have_more() && self.sender.unacknowledged_in(Lane::Emergency) == 0
    }

    /// Returns whether there is room for the effects of another frame. A neighbour that does not
    /// read its answers is not read from.
    fn may_hear(&self) -> bool {
        let told = |ack: &Option<Ack>| ack.as_ref().is_none_or(|a| a.refused.len() < MOST_REFUSED);
        self.receipts.len() < RECEIPTS_WAITING
            && self.presence.len() < MOST_PRESENCE
            && self.acks.iter().all(told)
    }

    /// Prepares the next frame of envelopes: signed now, sent when its content is durable.
    async fn prepare(&mut self) -> Result<Option<BoxFuture<'static, Result<Frame, Ended>>>, Ended> {
        let parcel = self
            .sender
            .next()
            .await
            .map_err(|error| Ended::Office(error.to_string()))?;
        let Some(parcel) = parcel else {
            return Ok(None);
        };
        if parcel.lane != Lane::Figures {
            self.watermarks.sent();
        } else {
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
                    .wait_durable(generation)
                    .await
                    .map_err(|error| Ended::Office(error.to_string()))?;
                Ok(Frame::Batch(batch))
            }
            .boxed(),
        ))
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
}
