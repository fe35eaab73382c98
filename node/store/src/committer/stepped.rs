use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

use super::state::Shared;

/// The writer of a store without a writer thread: it writes when it is told to, in the thread that tells
/// it, so that a network of such stores does the same in every run.
#[derive(Default)]
pub(crate) struct Steps {
    /// The store that is open on the disk.
    store: Mutex<Weak<Shared>>,
    called: Notify,
}

impl Steps {
    pub(super) fn begin(&self, store: &Arc<Shared>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(store);
    }

    /// Says that there is work.
    pub(crate) fn call(&self) {
        self.called.notify_one();
    }

    /// Waits until there is work.
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Writes and syncs what waits, and answers.
    pub(crate) fn step(&self) {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(store) = store.upgrade() else {
            return;
        };
        let engine = store.lock().engine.clone();
        if let Some(engine) = engine {
            store.write_waiting(&*engine);
        }
    }

    /// Writes what waits in a store that closes, and gives its engine up.
    pub(super) fn finish(&self, store: &Shared) {
        let engine = store.lock().engine.clone();
        if let Some(engine) = engine {
            store.write_waiting(&*engine);
            store.give_up(engine);
        }
    }
}
