//! How much may be on its way over one link, so that the link is full and what is urgent does not wait.
//!
//! What a neighbour answers shows how many bytes a second the link carries, disk at the far end and all,
//! and the quickest answer shows how long the way is. What is on its way fills the way and a little
//! more: two frames, each of which the link carries in a fifth of a second. An emergency that comes up
//! then waits for those two and for nothing else, at 4 kB/s as at 400 MB/s.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use domain::envelope::Lane;

/// A frame holds no more bytes of envelopes and bodies, unless one alone has more.
pub const MOST_FRAME: usize = 96 * 1024;
/// A frame holds at least so many bytes if they wait, however slow the link: some envelopes.
const LEAST_FRAME: usize = 2 * 1024;
/// How long a link takes to carry one frame, in seconds, unless that is more than [`MOST_FRAME`].
const FRAME_S: f64 = 0.2;
/// What waits at the narrowest place of a slow link, in seconds: less than two frames.
const LINGER_S: f64 = 0.3;
/// What waits there on a fast link, where two of the largest frames are less than that.
const LEAST_LINGER_S: f64 = 0.05;
/// What fills the way, and some more, by which a faster link shows itself.
const FILL: f64 = 1.25;
/// The same at the beginning, until more on the way brings no more answers.
const FILL_FIRST: f64 = 2.0;
/// Round trips in which it brings none.
const ROUNDS_ALIKE: u32 = 3;
/// The share of a slower measure in the next estimate; a faster one counts at once.
const SLOWER: f64 = 0.25;
/// How long the quickest answer is believed. Then the way is let run empty once, to measure it again.
const BELIEVED: Duration = Duration::from_secs(20);
/// Nothing is measured in less.
const TICK: Duration = Duration::from_micros(200);

/// What one link is found to carry, in one session.
#[derive(Debug)]
pub struct Flow {
    /// Bytes a second; 0 as long as nothing was answered.
    rate: f64,
    /// Round trips in which the rate did not grow by a quarter, the rate before them, and what will have
    /// been delivered at the end of the one under way.
    alike: u32,
    rate_before: f64,
    round_ends: u64,
    /// The quickest answer, and when it came.
    quickest: Option<(Duration, Instant)>,
    /// The way runs empty, and the next answer says how long it is.
    emptying: bool,
    on_the_way: VecDeque<Sent>,
    bytes: usize,
    delivered: u64,
    delivered_at: Instant,
}

#[derive(Debug)]
struct Sent {
    lane: Lane,
    /// Of its last envelope.
    position: u64,
    bytes: usize,
    at: Instant,
    /// What had been delivered by then, and since when.
    delivered: u64,
    delivered_at: Instant,
    /// More could have been on its way, but nothing waited.
    room_left: bool,
    /// Nothing else was on its way.
    alone: bool,
}

impl Flow {
    /// Of a session that begins now.
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

    /// Bytes the next frame may have. One envelope goes, even if it has more.
    pub fn frame(&self) -> usize {
        let carried = (self.rate * FRAME_S) as usize;
        carried.clamp(LEAST_FRAME, MOST_FRAME)
    }

    /// Bytes that may follow those on their way now.
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
                // The quickest answer waited for a frame of its own to pass.
                let most = self.rate * way.as_secs_f64() * fill + slow.min(fast);
                (most as usize)
                    .saturating_sub(self.frame())
                    .max(2 * LEAST_FRAME)
            }
        };
        most.saturating_sub(self.bytes)
    }

    /// How long the link takes for what is on its way, at the least.
    pub fn takes(&self) -> Duration {
        let rate = self.rate.max((2 * LEAST_FRAME) as f64);
        Duration::from_secs_f64(self.bytes as f64 / rate)
    }

    /// A frame leaves whose last envelope has this position.
    pub fn sent(&mut self, lane: Lane, position: u64, bytes: usize, now: Instant) {
        let alone = self.on_the_way.is_empty();
        if alone {
            // Nothing was delivered because nothing was sent.
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

    /// The neighbour has everything of a lane up to a position, and so everything that was sent before
    /// it in any lane: frames of one link do not overtake each other.
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

    /// Whether what was sent in the last round trip made the link faster than those before.
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
