//! What an applicant brings, where to, and when.

use api::{CategoryPromise, InBoth};

use crate::words::Words;

/// What an applicant is told of a service.
#[derive(Default)]
pub(in crate::villagers) struct Facts {
    pub(in crate::villagers) needs: Vec<String>,
    pub(in crate::villagers) window: Option<String>,
    pub(in crate::villagers) hours: Option<String>,
}

impl Facts {
    pub(in crate::villagers) fn of(w: Words, promise: &CategoryPromise) -> Self {
        let told = |both: &InBoth| w.of(&both.zh, &both.en).to_owned();
        Self {
            needs: promise.needs.iter().map(told).collect(),
            window: promise.window.as_ref().map(told),
            hours: promise.hours.as_ref().map(told),
        }
    }
}
