//! Requests for files over one session, in both directions. Their frames are sent when no envelope
//! waits, or after a few that went first, and never exceed the windows.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use domain::fetch::{Fetch, Fetched};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use topology::DivisionCode;
use wire::frame::Frame;

use super::malformed;
use crate::{
    fetch::{Errand, Fetches, WINDOW},
    link::Ended,
};

/// Frames of envelopes that may be sent before a waiting frame of a file.
const BEFORE_FILES: u32 = 7;

pub(super) struct Errands {
    fetches: Arc<Fetches>,
    peer: DivisionCode,
    /// `None` if the neighbour answers no fetches, or another session replaced this one.
    line: Option<mpsc::Receiver<Box<Errand>>>,
    /// Number of ranges requested at a time.
    pace: StretchPace,
    /// Requests that wait for the neighbour's answer, by id, with the time they were sent.
    asked: HashMap<u64, (oneshot::Sender<Fetched>, Instant)>,
    last: u64,
    answers: FuturesUnordered<BoxFuture<'static, Frame>>,
    /// Requests of the neighbour whose answers were not sent yet.
    owed: usize,
    ready: VecDeque<Frame>,
    passed_over: u32,
}

impl Errands {
    /// Starts with a neighbour that answers `window` requests at a time.
    pub(super) fn new(fetches: Arc<Fetches>, peer: DivisionCode, window: u32) -> Self {
        let line = (window > 0).then(|| fetches.line(peer));
        Self {
            fetches,
            peer,
            line,
            pace: StretchPace::new(WINDOW.min(window as usize)),
            asked: HashMap::new(),
            last: 0,
            answers: FuturesUnordered::new(),
            owed: 0,
            ready: VecDeque::new(),
            passed_over: 0,
        }
    }

    /// Returns whether a request was sent and not answered.
    pub(super) fn wait(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Returns whether a frame is ready to be sent.
    pub(super) fn may_send(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Returns the next frame, if it is a file's turn.
    pub(super) fn take_turn(&mut self, envelopes_wait: bool) -> Option<Frame> {
        if self.ready.is_empty() {
            return None;
        }
        if envelopes_wait && self.passed_over < BEFORE_FILES {
            self.passed_over += 1;
            return None;
        }
        self.passed_over = 0;
        let frame = self.ready.pop_front()?;
        if matches!(frame, Frame::Fetched(..)) {
            self.owed -= 1;
        }
        Some(frame)
    }

    /// Waits for the next request or answer and queues its frame.
    pub(super) async fn work(&mut self) {
        let room = self.asked.len() < self.pace.at_once;
        let errand = async {
            match &mut self.line {
                Some(line) if room => line.recv().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            // A few at most are asked for at a time, so that answers have their turn.
            biased;
            errand = errand => match errand {
                Some(errand) => {
                    let Errand { fetch, answer } = *errand;
                    self.last += 1;
                    self.asked.insert(self.last, (answer, Instant::now()));
                    self.ready.push_back(Frame::Fetch(self.last, fetch));
                }
                None => self.line = None,
            },
            Some(answer) = self.answers.next(), if !self.answers.is_empty() => {
                self.ready.push_back(answer);
            }
        }
    }

    /// Handles the neighbour's request for a range.
    pub(super) fn hear_fetch(&mut self, id: u64, fetch: Fetch) -> Result<(), Ended> {
        if self.owed == WINDOW {
            return Err(malformed("it asked for more files at a time than it may"));
        }
        self.owed += 1;
        let (fetches, peer) = (Arc::clone(&self.fetches), self.peer);
        let answer = async move { Frame::Fetched(id, fetches.serve(peer, fetch).await) };
        self.answers.push(answer.boxed());
        Ok(())
    }

    /// Handles the neighbour's answer.
    pub(super) fn hear_fetched(&mut self, id: u64, fetched: Fetched) -> Result<(), Ended> {
        let waiting = self.asked.remove(&id);
        let (waiting, since) =
            waiting.ok_or_else(|| malformed("it answered what was not asked"))?;
        self.pace.answered(since.elapsed());
        // The requester may have given up.
        let _given_up = waiting.send(fetched);
        Ok(())
    }
}

/// Number of ranges requested at a time: one over a slow link, where a second would only make
/// others wait, and as many as both sides allow over a long one.
#[derive(Debug)]
struct StretchPace {
    at_once: usize,
    most: usize,
    /// The quickest answer.
    quickest: Duration,
}

impl StretchPace {
    /// An answer is late if it takes one and a half times as long as the quickest, plus this.
    const SLACK: Duration = Duration::from_millis(100);

    const fn new(most: usize) -> Self {
        Self {
            at_once: 1,
            most,
            quickest: Duration::MAX,
        }
    }

    fn answered(&mut self, took: Duration) {
        self.quickest = self.quickest.min(took);
        let late = took > self.quickest + self.quickest / 2 + Self::SLACK;
        self.at_once = if late {
            self.at_once.saturating_sub(1).max(1)
        } else {
            (self.at_once + 1).min(self.most)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of ranges requested at a time after a while, if one takes `each`.
    fn settled(way: Duration, each: Duration) -> usize {
        let mut pace = StretchPace::new(16);
        for _ in 0..100 {
            let at_once = u32::try_from(pace.at_once).expect("a few");
            pace.answered(way + each * at_once);
        }
        pace.at_once
    }

    #[test]
    fn a_slow_link_carries_one_stretch_at_a_time_and_a_long_one_many() {
        let ms = Duration::from_millis;
        assert!(settled(ms(50), ms(4_000)) <= 2);
        assert!(settled(ms(50), ms(500)) <= 2);
        assert_eq!(settled(ms(400), ms(3)), 16);
        assert_eq!(settled(ms(1), ms(1)), 16);
    }
}
