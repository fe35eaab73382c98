//! A clock as the desk shows it: word, time left and shape, never the colour alone.

use api::{ClockView, Stands};

use crate::{when::length, words::Words};

/// How something stands in time.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Class of its colour: `fine`, `soon`, `late`, `paused` or `done`.
    pub(crate) class: &'static str,
    /// Name of the shape in the sprite of icons.
    pub(crate) shape: &'static str,
    pub(crate) words: String,
}

/// Time before it is due within which a line says so, where no clock says it.
const SOON_MS: i64 = 86_400_000;

impl State {
    /// Returns the state of a matter in a list.
    pub(crate) fn of_line(w: Words, due_ms: Option<i64>, is_closed: bool, now_ms: i64) -> Self {
        match due_ms {
            _ if is_closed => Self::new("done", "done", w.desk_done().to_owned()),
            None => Self::new("paused", "paused", w.desk_no_clock().to_owned()),
            Some(due) if due < now_ms => Self::late(w, now_ms - due),
            Some(due) if due - now_ms < SOON_MS => Self::left(w, "soon", due - now_ms),
            Some(due) => Self::left(w, "fine", due - now_ms),
        }
    }

    /// Returns the state of a clock.
    pub(crate) fn of_clock(w: Words, clock: &ClockView, now_ms: i64) -> Self {
        let left = clock.due_ms - now_ms;
        match clock.stands {
            Stands::Running => Self::left(w, "fine", left),
            Stands::DueSoon => Self::left(w, "soon", left),
            Stands::Overdue => Self::late(w, -left),
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
        }
    }

    fn late(w: Words, by_ms: i64) -> Self {
        Self::new("late", "late", w.desk_late_by(length(by_ms, w.0)))
    }

    fn left(w: Words, class: &'static str, left_ms: i64) -> Self {
        Self::new(class, class, w.desk_left(length(left_ms, w.0)))
    }
}
