//! Limits how much may be in flight over one link, so that the link is full and urgent envelopes do
//! not wait.
//!
//! A neighbour's answers show how many bytes a second the link carries, including the disk at the
//! far end, and the quickest answer shows the round-trip time. The amount in flight fills the round
//! trip and a little more: two frames, each of which the link carries in a fifth of a second. A new
//! emergency then waits for those two only, at 4 kB/s as at 400 MB/s.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use domain::envelope::Lane;

/// Most bytes of envelopes and bodies in a frame, unless one alone has more.
pub const MOST_FRAME: usize = 96 * 1024;
/// Bytes a frame may hold however slow the link is: a few envelopes.
const LEAST_FRAME: usize = 2 * 1024;
/// Time in seconds that the link should take for one frame of less than [`MOST_FRAME`].
const FRAME_S: f64 = 0.2;
/// Queueing delay allowed at the bottleneck of a slow link, in seconds: less than two frames.
const LINGER_S: f64 = 0.3;
/// The same for a fast link, where two of the largest frames take less time than that.
const LEAST_LINGER_S: f64 = 0.05;
/// Bytes in flight, as a multiple of what fills the round trip; the surplus reveals a faster link.
const FILL: f64 = 1.25;
/// The same at the start, until more bytes in flight no longer raise the rate.
const FILL_FIRST: f64 = 2.0;
/// Round trips without a higher rate after which the start is over.
const ROUNDS_ALIKE: u32 = 3;
/// Weight of a slower measurement in the new estimate; a faster one replaces the estimate at once.
const SLOWER: f64 = 0.25;
/// Time for which the quickest answer is trusted. Then the link is drained once to measure it
/// again.
const BELIEVED: Duration = Duration::from_secs(20);
/// Shortest time used in a measurement.
const TICK: Duration = Duration::from_micros(200);

/// The measured capacity of one link in one session.
#[derive(Debug)]
pub struct Flow {
    /// Bytes a second; 0 before the first answer.
    rate: f64,
    /// Round trips in which the rate did not grow by a quarter, the rate before them, and the
    /// number of delivered bytes at which the current one ends.
    alike: u32,
    rate_before: f64,
    round_ends: u64,
    /// The quickest answer, and when it came.
    quickest: Option<(Duration, Instant)>,
    /// Whether the link is being drained, so that the next answer gives the round-trip time.
    emptying: bool,
    on_the_way: VecDeque<Sent>,
    bytes: usize,
    delivered: u64,
    delivered_at: Instant,
}

#[derive(Debug)]
struct Sent {
    lane: Lane,
    /// Position of its last envelope.
    position: u64,
    bytes: usize,
    at: Instant,
    /// Bytes delivered before it was sent, and the time of the last delivery.
    delivered: u64,
    delivered_at: Instant,
    /// More could have been in flight, but nothing was waiting.
    room_left: bool,
    /// Nothing else was in flight.
    alone: bool,
}

impl Flow {
    /// Starts measuring a session that begins now.
    pub const fn new(now: Instant) -> Self {
        Self {
            rate: 0.0,
            alike: 0,
            rate_before: 0.0,
            round_ends: 0,
            quickest: None,
            emptying: false,
            on_the_way: VecDeque::new(),
            bytes: 0,
            delivered: 0,
            delivered_at: now,
        }
    }

    /// Returns how many bytes the next frame may have. A single envelope is sent even if it has
    /// more.
    pub fn frame(&self) -> usize {
        let carried = (self.rate * FRAME_S) as usize;
        carried.clamp(LEAST_FRAME, MOST_FRAME)
    }

    /// Returns how many bytes may be sent in addition to those in flight.
    pub fn room(&self) -> usize {
        let most = match (self.emptying, self.quickest) {
            (true, _) if self.bytes == 0 => self.frame(),
            (true, _) => 0,
            (false, None) => 2 * LEAST_FRAME,
            (false, Some((way, _))) => {
                let slow = self.rate * LINGER_S;
                let fast = (self.rate * LEAST_LINGER_S).max(1.75 * MOST_FRAME as f64);
                let fill = if self.alike < ROUNDS_ALIKE {
                    FILL_FIRST
                } else {
                    FILL
                };
                // The quickest answer includes the time of one frame, which is subtracted.
                let most = self.rate * way.as_secs_f64() * fill + slow.min(fast);
                (most as usize)
                    .saturating_sub(self.frame())
                    .max(2 * LEAST_FRAME)
            }
        };
        most.saturating_sub(self.bytes)
    }

    /// Returns the least time the link needs for what is in flight.
    pub fn takes(&self) -> Duration {
        let rate = self.rate.max((2 * LEAST_FRAME) as f64);
        Duration::from_secs_f64(self.bytes as f64 / rate)
    }

    /// Notes that a frame leaves whose last envelope has this position.
    pub fn sent(&mut self, lane: Lane, position: u64, bytes: usize, now: Instant) {
        let alone = self.on_the_way.is_empty();
        if alone {
            // The idle time before it must not count as slow delivery.
            self.delivered_at = now;
        }
        self.bytes += bytes;
        let room_left = !self.emptying && self.room() > self.frame();
        self.on_the_way.push_back(Sent {
            lane,
            position,
            bytes,
            at: now,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            room_left,
            alone,
        });
    }

    /// Notes that the neighbour has everything of a lane up to a position. It then also has what
    /// was sent earlier in any lane, because frames of one link do not overtake each other.
    pub fn answered(&mut self, lane: Lane, through: u64, now: Instant) {
        let newest = self
            .on_the_way
            .iter()
            .rposition(|sent| sent.lane == lane && sent.position <= through);
        let Some(newest) = newest else { return };
        let mut last = None;
        for sent in self.on_the_way.drain(..=newest) {
            self.bytes -= sent.bytes;
            self.delivered += sent.bytes as u64;
            last = Some(sent);
        }
        self.delivered_at = now;
        let Some(sent) = last else { return };
        self.measure_rate(&sent, now);
        self.measure_way(&sent, now);
        self.note_round(&sent);
    }

    /// Notes at the end of a round trip whether it raised the rate.
    fn note_round(&mut self, sent: &Sent) {
        if self.alike >= ROUNDS_ALIKE || sent.delivered < self.round_ends {
            return;
        }
        self.round_ends = self.delivered;
        if self.rate > 1.25 * self.rate_before {
            self.rate_before = self.rate;
            self.alike = 0;
        } else if !sent.room_left {
            self.alike += 1;
        }
    }

    fn measure_rate(&mut self, sent: &Sent, now: Instant) {
        let took = now.saturating_duration_since(sent.delivered_at).max(TICK);
        let rate = (self.delivered - sent.delivered) as f64 / took.as_secs_f64();
        if rate > self.rate {
            self.rate = rate;
        } else if !sent.room_left {
            self.rate += (rate - self.rate) * SLOWER;
        }
    }

    fn measure_way(&mut self, sent: &Sent, now: Instant) {
        let took = now.saturating_duration_since(sent.at).max(TICK);
        match self.quickest {
            Some((quickest, since)) if quickest < took => {
                let old = now.saturating_duration_since(since) > BELIEVED;
                if old && sent.alone {
                    self.quickest = Some((took, now));
                    self.emptying = false;
                } else {
                    self.emptying = old;
                }
            }
            _ => {
                self.quickest = Some((took, now));
                self.emptying = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
