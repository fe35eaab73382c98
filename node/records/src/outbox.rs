//! The outbox: envelopes that wait for a neighbour. They are written in the commit that made them
//! true, and removed when the neighbour has reported their outcome.

pub mod flow;
pub mod queue;
pub mod sender;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use tokio::sync::Notify;
use topology::DivisionCode;

/// Wakes the session of a neighbour when something was queued for it.
#[derive(Clone, Debug, Default)]
pub struct Wakers(Arc<RwLock<HashMap<DivisionCode, Arc<Notify>>>>);

impl Wakers {
    /// Returns the notifier of one neighbour.
    pub fn of(&self, neighbour: DivisionCode) -> Arc<Notify> {
        if let Some(bell) = self.0.read().expect("no holder panics").get(&neighbour) {
            return Arc::clone(bell);
        }
        let mut wakers = self.0.write().expect("no holder panics");
        Arc::clone(wakers.entry(neighbour).or_default())
    }

    /// Wakes one neighbour's session.
    pub fn ring(&self, neighbour: DivisionCode) {
        self.of(neighbour).notify_one();
    }
}
