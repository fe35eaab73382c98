//! A simulated link: a rate in bytes a second, a round-trip time, and an unbounded queue before it.

use proptest::prelude::*;

use super::*;

/// One direction of a link; answers arrive without a queue of their own.
struct Link {
    flow: Flow,
    start: Instant,
    now: f64,
    rate: f64,
    /// Round-trip time in seconds.
    way: f64,
    /// Time at which the bottleneck is free again.
    free: f64,
    /// Answers under way: time, lane, position.
    answers: VecDeque<(f64, Lane, u64)>,
    next: u64,
    carried: f64,
}

impl Link {
    fn new(rate: f64, way: f64) -> Self {
        let start = Instant::now();
        Self {
            flow: Flow::new(start),
            start,
            now: 0.0,
            rate,
            way,
            free: 0.0,
            answers: VecDeque::new(),
            next: 0,
            carried: 0.0,
        }
    }

    fn at(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.now)
    }

    /// Sends a frame; returns when it will have arrived.
    fn send(&mut self, lane: Lane, bytes: usize) -> f64 {
        self.next += 1;
        let now = self.at();
        self.flow.sent(lane, self.next, bytes, now);
        self.free = self.free.max(self.now) + bytes as f64 / self.rate;
        self.carried += bytes as f64;
        let comes = self.free + self.way / 2.0;
        self.answers
            .push_back((self.free + self.way, lane, self.next));
        comes
    }

    /// Sends what may be sent, from a backlog of envelopes of this size.
    fn fill(&mut self, envelope: usize) {
        while self.flow.room() > 0 {
            let most = self.flow.frame().min(self.flow.room());
            let envelopes = (most / envelope).clamp(1, 64);
            self.send(Lane::Matter, envelopes * envelope);
        }
    }

    /// Sends from a backlog until a time.
    fn run(&mut self, until: f64, envelope: usize) {
        self.fill(envelope);
        while let Some((at, lane, position)) = self.answers.front().copied().filter(|a| a.0 < until)
        {
            self.answers.pop_front();
            self.now = at;
            let now = self.at();
            self.flow.answered(lane, position, now);
            self.fill(envelope);
        }
        self.now = until;
    }

    /// Returns how many frames wait at the bottleneck before a new one. The one being carried is
    /// not counted.
    fn ahead(&self) -> f64 {
        let waits = (self.free - self.now).max(0.0) * self.rate;
        waits / self.flow.frame() as f64
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn an_emergency_waits_for_two_frames_at_most_however_slow_and_long_the_link(
        rate in prop_oneof![Just(500.0), Just(4e3), Just(32e3), 1e3..2e6],
        way in prop_oneof![Just(0.001), Just(0.4), 0.0005..0.8],
        envelope in 300_usize..2_000,
    ) {
        let mut link = Link::new(rate, way);
        for step in 1..100 {
            link.run(f64::from(step) * 0.37 + 40.0, envelope);
            // One more may be half carried, and an envelope is sent whole.
            let whole = envelope as f64 / link.flow.frame() as f64;
            // After draining, the link is filled at once, and what fills it waits for a moment.
            let fills = way * rate / link.flow.frame() as f64;
            let most = 2.1 + whole + fills;
            prop_assert!(link.ahead() <= most, "{} frames at {step}", link.ahead());
        }
    }

    #[test]
    fn a_link_carries_what_it_can_however_long_it_is(
        rate in prop_oneof![Just(4e3), Just(32e3), 1e3..2e6],
        way in prop_oneof![Just(0.001), Just(0.4), 0.0005..0.8],
    ) {
        let mut link = Link::new(rate, way);
        link.run(40.0, 700);
        let before = link.carried;
        link.run(100.0, 700);
        let share = (link.carried - before) / (60.0 * rate);
        prop_assert!(share > 0.88, "{share} of the link is used");
    }

    #[test]
    fn a_link_that_becomes_slower_or_faster_is_followed(
        first in 4e3..1e6, second in 4e3..1e6, way in 0.001..0.5,
    ) {
        let mut link = Link::new(first, way);
        link.run(30.0, 700);
        link.rate = second;
        // What was in flight has to arrive first.
        let until = link.free.max(30.0) + 60.0 + 30.0 * first / second;
        link.run(until, 700);
        let before = link.carried;
        link.run(until + 50.0, 700);
        let share = (link.carried - before) / (50.0 * second);
        prop_assert!(share > 0.85, "{share} of the link is used");
        let most = 3.0 + way * second / link.flow.frame() as f64;
        prop_assert!(link.ahead() <= most, "{} frames", link.ahead());
    }
}

#[test]
fn a_way_that_becomes_longer_is_measured_again() {
    let mut link = Link::new(100e3, 0.01);
    link.run(30.0, 700);
    link.way = 0.6;
    link.run(120.0, 700);
    let before = link.carried;
    link.run(220.0, 700);
    let share = (link.carried - before) / (100.0 * 100e3);
    assert!(share > 0.85, "{share} of the link is used");
}

#[test]
fn a_lane_whose_answers_stay_away_holds_up_no_other() {
    let start = Instant::now();
    let mut flow = Flow::new(start);
    let at = |ms| start + Duration::from_millis(ms);
    flow.sent(Lane::Matter, 1, 2 * LEAST_FRAME, at(0));
    assert_eq!(flow.room(), 0);
    // An emergency may be sent at any time; its arrival shows that what was sent before it arrived
    // too.
    flow.sent(Lane::Emergency, 1, 500, at(1));
    flow.answered(Lane::Emergency, 1, at(20));
    assert!(flow.room() > 0 && flow.bytes == 0);
    flow.answered(Lane::Matter, 1, at(40));
    assert_eq!(flow.bytes, 0);
}
