//! Random lives of a clock, against a model that counts every minute.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::calendar::tests::{Plan, allowance, plan};

#[derive(Clone, Copy, Debug)]
enum Do {
    Pause,
    Resume,
    Extend(Allowance),
    HandOver(usize),
    Tick,
    End,
    Cancel,
}

const STAGE: Stage = Stage::Finish;
const HANDS: [&str; 3] = ["330825002222", "330825002", "330825"];

/// A model of a clock by its rules: nothing is computed ahead, and every query counts the minutes
/// again.
struct Model<'a> {
    plan: &'a Plan,
    /// Whether offices work, for each minute.
    works: Vec<bool>,
    allowance: Allowance,
    bounds: Bounds,
    start: u64,
    budget: u64,
    /// Minutes that pass before it is due soon, in hundredths.
    quiet: u64,
    /// The beginning and end of each pause; while the last one goes on, its end is the latest
    /// possible.
    pauses: Vec<(u64, u64)>,
    paused: bool,
    extended: Option<u64>,
    ended: Option<(u64, How)>,
    told: (bool, bool),
}

impl<'a> Model<'a> {
    fn start(plan: &'a Plan, allowance: Allowance, bounds: Bounds, start: u64) -> Self {
        let mut model = Self {
            plan,
            works: (0..80 * 1440).map(|minute| plan.works(minute)).collect(),
            allowance,
            bounds,
            start,
            budget: 0,
            quiet: 0,
            pauses: vec![],
            paused: false,
            extended: None,
            ended: None,
            told: (false, false),
        };
        let due = plan.add(start, allowance);
        model.budget = (start..due).filter(|m| model.counts(*m)).count() as u64;
        model.quiet = model.budget * 80;
        model
    }

    fn counts(&self, minute: u64) -> bool {
        let works = || match self.works.get(minute as usize) {
            Some(works) => *works,
            None => self.plan.works(minute),
        };
        let counted = self.allowance.counts_every_hour() || works();
        counted && !self.pauses.iter().any(|(a, b)| (*a..*b).contains(&minute))
    }

    fn passed(&self, now: u64) -> u64 {
        (self.start..now).filter(|m| self.counts(*m)).count() as u64
    }

    fn due(&self) -> u64 {
        let mut left = self.budget;
        let mut minute = self.start;
        while left > 0 {
            left -= u64::from(self.counts(minute));
            minute += 1;
        }
        minute
    }

    fn latest(&self, now: u64) -> u64 {
        let over = self.pauses.iter().rev().nth(usize::from(self.paused));
        let since = self.pauses.last().map(|pause| pause.0);
        let breached = self.told.1.then(|| self.due());
        [
            over.map(|pause| pause.1),
            since,
            self.extended,
            breached,
            Some(self.start),
        ]
        .into_iter()
        .flatten()
        .fold(now, u64::max)
    }

    /// Returns whether it is paused at a moment; the longest pause may have run out.
    fn stands_still(&self, now: u64) -> bool {
        self.paused && now < self.pauses.last().unwrap().1
    }

    fn pause(&mut self, now: u64) -> bool {
        let now = self.latest(now);
        let used: u64 = self.pauses.iter().map(|(a, b)| b - a).sum();
        let most = u64::from(self.bounds.pause_days) * 1440;
        let may = !self.stands_still(now)
            && self.passed(now) < self.budget
            && self.pauses.len() < usize::from(self.bounds.pauses)
            && used < most;
        if may {
            self.pauses.push((now, now + most - used));
            self.paused = true;
        }
        may
    }

    fn resume(&mut self, now: u64) -> bool {
        let now = self.latest(now);
        let may = self.stands_still(now);
        if may {
            self.pauses.last_mut().unwrap().1 = now;
            self.paused = false;
        }
        may
    }

    fn extend(&mut self, by: Allowance, now: u64) -> bool {
        let Some(most) = self.bounds.extension else {
            return false;
        };
        if by.counts_every_hour() != self.allowance.counts_every_hour() {
            return false;
        }
        let now = self.latest(now);
        if self.stands_still(now) || self.extended.is_some() || self.passed(now) >= self.budget {
            return false;
        }
        let due = self.due();
        let new = self.plan.add(due, by);
        if new > self.plan.add(due, most) {
            return false;
        }
        self.paused = false;
        self.budget += (due..new).filter(|m| self.counts(*m)).count() as u64;
        self.extended = Some(now);
        if self.passed(now) * 100 < self.budget * 80 {
            self.quiet = self.budget * 80;
            self.told.0 = false;
        }
        true
    }

    fn end(&mut self, cancelled: bool, now: u64) {
        let now = self.latest(now);
        let in_time = self.stands_still(now) || self.passed(now) < self.budget;
        if self.stands_still(now) {
            self.pauses.last_mut().unwrap().1 = now;
        }
        self.paused = false;
        let how = match (cancelled, in_time) {
            (true, _) => How::Cancelled,
            (false, true) => How::Met,
            (false, false) => How::Late,
        };
        self.ended = Some((now, how));
    }

    fn tick(&mut self, now: u64) -> Vec<EventKind> {
        let mut events = vec![];
        if self.ended.is_some() {
            return events;
        }
        if self.paused {
            if now < self.pauses.last().unwrap().1 {
                return events;
            }
            self.paused = false;
            events.push(EventKind::PauseOver);
        }
        if !self.told.0 && self.passed(now) * 100 >= self.quiet {
            self.told.0 = true;
            events.push(EventKind::DueSoon);
        }
        if !self.told.1 && self.passed(now) >= self.budget {
            self.told.1 = true;
            events.push(EventKind::Overdue);
        }
        events
    }

    fn standing(&self, now: u64) -> Standing {
        let minutes = |from: u64, to: u64| (to - from) * MIN;
        if let Some((_, how)) = self.ended {
            return Standing::Ended(how);
        }
        if let Some((_, until)) = self.pauses.last().filter(|_| self.paused)
            && now < *until
        {
            let until = at_minute(*until);
            return Standing::Paused { until };
        }
        let due = self.due();
        if now >= due {
            let by = minutes(due, now);
            Standing::Overdue { by }
        } else if self.passed(now) * 100 >= self.quiet {
            let left = minutes(now, due);
            Standing::DueSoon { left }
        } else {
            let left = minutes(now, due);
            Standing::Running { left }
        }
    }

    /// Returns the minutes charged to each division, by checking every minute.
    fn charged(&self, steps: &[(u64, usize)], end: u64) -> BTreeMap<usize, u64> {
        let mut charged = BTreeMap::new();
        for minute in (self.start..end).filter(|m| self.counts(*m)) {
            // A step counts from the moment when it and all before it were made.
            let begun = (0..steps.len())
                .take_while(|n| steps[..=*n].iter().all(|(at, _)| *at <= minute))
                .last();
            *charged.entry(steps[begun.unwrap_or(0)].1).or_default() += 1;
        }
        charged
    }

    /// Does one thing to the clocks and to the model, which agree on whether it may be done. Returns whether it was.
    fn follow(
        &mut self,
        act: Do,
        clocks: &mut Clocks,
        calendar: &Calendar,
        now: u64,
    ) -> Result<bool, TestCaseError> {
        let (at, bounds) = (at_minute(now), self.bounds);
        let open = self.ended.is_none();
        Ok(match act {
            Do::Pause => {
                let done = clocks.pause(STAGE, PauseReason::Expert, &bounds, calendar, at);
                prop_assert_eq!(done.is_ok(), open && self.pause(now), "{:?}", done);
                done.is_ok()
            }
            Do::Resume => {
                let done = clocks.resume(STAGE, calendar, at);
                prop_assert_eq!(done.is_ok(), open && self.resume(now), "{:?}", done);
                done.is_ok()
            }
            Do::Extend(by) => {
                let reason = ExtensionReason::Works;
                let done = clocks.extend(STAGE, by, reason, &bounds, calendar, at);
                prop_assert_eq!(done.is_ok(), open && self.extend(by, now), "{:?}", done);
                done.is_ok()
            }
            Do::HandOver(_) => false,
            Do::Tick => {
                let events = clocks.tick(at);
                prop_assert!(events.iter().all(|event| event.at <= at));
                let mut found = kinds(&events);
                found.sort_unstable();
                prop_assert_eq!(found, self.tick(now));
                prop_assert!(clocks.tick(at).is_empty(), "twice at one moment");
                true
            }
            Do::End | Do::Cancel => {
                let cancelled = matches!(act, Do::Cancel);
                let ended = if cancelled {
                    clocks.cancel(STAGE, at)
                } else {
                    clocks.end(STAGE, at)
                };
                prop_assert_eq!(ended.is_ok(), open);
                if open {
                    self.end(cancelled, now);
                }
                open
            }
        })
    }
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (0u8..4, 0u16..4, prop::option::of(small())).prop_map(|(pauses, pause_days, extension)| {
        Bounds {
            pauses,
            pause_days,
            extension,
        }
    })
}

fn small() -> impl Strategy<Value = Allowance> {
    allowance().prop_map(|allowance| match allowance {
        Allowance::WorkingDays(n) => Allowance::WorkingDays(n % 4 + 1),
        Allowance::WorkingHours(n) => Allowance::WorkingHours(n % 20 + 1),
        Allowance::Days(n) => Allowance::Days(n % 6 + 1),
        Allowance::Hours(n) => Allowance::Hours(n % 80 + 1),
    })
}

fn script() -> impl Strategy<Value = Vec<(i64, Do)>> {
    let act = prop_oneof![
        3 => Just(Do::Pause),
        3 => Just(Do::Resume),
        2 => small().prop_map(Do::Extend),
        2 => (0usize..3).prop_map(Do::HandOver),
        4 => Just(Do::Tick),
        1 => Just(Do::End),
        1 => Just(Do::Cancel),
    ];
    prop::collection::vec((-600i64..1800, act), 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_life_of_a_clock_is_as_counting_minutes_says(
        plan in plan(),
        allowance in small(),
        bounds in bounds(),
        start in 1000u64..8000,
        script in script(),
    ) {
        let calendar = plan.calendar();
        let mut model = Model::start(&plan, allowance, bounds, start);
        let mut clocks = Clocks::default();
        let terms = ClockTerms { allowance, ..terms(STAGE, "1d") };
        clocks.start(terms, &calendar, at_minute(start)).unwrap();
        let mut now = start;
        let mut steps = vec![(start, 0)];
        for (later, act) in script {
            now = now.saturating_add_signed(later);
            let at = at_minute(now);
            let before = clocks.clone();
            if let Do::HandOver(to) = act {
                steps.push((now, to));
            }
            let done = model.follow(act, &mut clocks, &calendar, now)?;
            if !done {
                prop_assert_eq!(&clocks, &before, "a refusal changes nothing");
            }
            prop_assert_eq!(clocks.check(), Ok(()));
            prop_assert!(clocks.continues(&before));
            let clock = clocks.last(STAGE).unwrap();
            prop_assert_eq!(clock.standing(at), model.standing(now));
            if let Some(ended) = clock.ended {
                let (end, how) = model.ended.unwrap();
                prop_assert_eq!((ended.at, ended.how), (at_minute(end), how));
            } else if !model.paused {
                prop_assert_eq!(clock.due, at_minute(model.due()));
                let left = model.budget.saturating_sub(model.passed(model.latest(now)));
                prop_assert_eq!(clock.left(&calendar, at), left * MIN);
            }
        }
        let clock = clocks.last(STAGE).unwrap();
        let moments = steps.iter().map(|(at, by)| (at_minute(*at), code(HANDS[*by])));
        let hands = clock.hands(moments, &calendar, at_minute(now));
        let end = model.ended.map_or(now, |(at, _)| at).max(start);
        let mut found: BTreeMap<usize, u64> = BTreeMap::new();
        for hand in &hands {
            let by = HANDS.iter().position(|text| code(text) == hand.division).unwrap();
            *found.entry(by).or_default() += hand.spent / MIN;
            prop_assert!(hand.late <= hand.spent);
        }
        found.retain(|_, minutes| *minutes > 0);
        prop_assert_eq!(found, model.charged(&steps, end));
    }

    #[test]
    fn the_same_is_announced_however_often_the_node_looks(
        plan in plan(),
        allowance in small(),
        start in 0u64..5000,
        pause in (0u64..3000, 1u64..4000),
        looks in prop::collection::vec(0u64..30_000, 0..12),
    ) {
        let calendar = plan.calendar();
        let bounds = Bounds { pauses: 1, pause_days: 2, extension: None };
        let mut clocks = Clocks::default();
        let terms = ClockTerms { allowance, ..terms(STAGE, "1d") };
        clocks.start(terms, &calendar, at_minute(start)).unwrap();
        let since = at_minute(start + pause.0);
        let mut unseen = clocks.tick(since);
        if clocks.pause(STAGE, PauseReason::Court, &bounds, &calendar, since).is_ok() && pause.1 < 2000 {
            clocks.resume(STAGE, &calendar, at_minute(start + pause.0 + pause.1)).unwrap();
        }
        let mut often = clocks.clone();
        let mut seen = unseen.clone();
        for look in looks {
            seen.extend(often.tick(at_minute(start + look)));
        }
        let end = at_minute(start + 200_000);
        seen.extend(often.tick(end));
        unseen.extend(clocks.tick(end));
        seen.sort_by_key(|event| (event.at, event.kind));
        unseen.sort_by_key(|event| (event.at, event.kind));
        prop_assert_eq!(seen, unseen);
        prop_assert_eq!(often.next_moment(), None);
        prop_assert_eq!(often, clocks);
    }
}
