//! A clock as the desk shows it: word, time left and shape, never the colour alone.

use api::{ClockView, Stands};

use crate::{
    when::{When, length},
    words::Words,
};

/// How something stands in time.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Class of its colour: `fine`, `soon`, `late`, `paused` or `done`.
    pub(crate) class: &'static str,
    /// Name of the shape in the sprite of icons.
    pub(crate) shape: &'static str,
    pub(crate) words: String,
    /// The moment behind a length of time.
    pub(crate) due: Option<When>,
}

/// Time before it is due within which a line says so, where no clock says it.
const SOON_MS: i64 = 86_400_000;

impl State {
    /// Returns the state of a matter in a list.
    pub(crate) fn of_line(w: Words, due_ms: Option<i64>, is_closed: bool, now_ms: i64) -> Self {
        match due_ms {
            _ if is_closed => Self::new("done", "done", w.desk_done().to_owned()),
            None => Self::new("paused", "paused", w.desk_no_clock().to_owned()),
            Some(due) if due < now_ms => Self::late(w, due, now_ms),
            Some(due) if due - now_ms < SOON_MS => Self::left(w, "soon", due, now_ms),
            Some(due) => Self::left(w, "fine", due, now_ms),
        }
    }

    /// Returns the state of a clock.
    pub(crate) fn of_clock(w: Words, clock: &ClockView, now_ms: i64) -> Self {
        let due = clock.due_ms;
        match clock.stands {
            Stands::Running => Self::left(w, "fine", due, now_ms),
            Stands::DueSoon => Self::left(w, "soon", due, now_ms),
            Stands::Overdue => Self::late(w, due, now_ms),
            Stands::Paused => Self::new("paused", "paused", w.short(clock.stands)),
            Stands::Met | Stands::Cancelled => Self::new("done", "done", w.short(clock.stands)),
            Stands::Late => Self::new("late", "late", w.short(clock.stands)),
        }
    }

    fn new(class: &'static str, shape: &'static str, words: String) -> Self {
        Self {
            class,
            shape,
            words,
            due: None,
        }
    }

    fn late(w: Words, due_ms: i64, now_ms: i64) -> Self {
        let words = w.desk_late_by(length(now_ms - due_ms, w.0));
        Self::new("late", "late", words).due_at(w, due_ms)
    }

    fn left(w: Words, class: &'static str, due_ms: i64, now_ms: i64) -> Self {
        let words = w.desk_left(length(due_ms - now_ms, w.0));
        Self::new(class, class, words).due_at(w, due_ms)
    }

    fn due_at(mut self, w: Words, due_ms: i64) -> Self {
        self.due = Some(When::new(due_ms, w.0));
        self
    }
}
