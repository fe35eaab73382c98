//! The locks and threads that the committer is made of. The tests in `tests/interleavings` build this crate with
//! those of shuttle in their place, which runs the threads in one order after another.

use std::{sync::PoisonError, time::Duration};
#[cfg(not(shuttle))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};

#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};

/// Waits to be notified, but no longer than so. Returns whether the time was over. `guard` is of `mutex`.
#[cfg(not(shuttle))]
pub(crate) fn wait_timeout<'a, T>(
    condvar: &Condvar,
    _mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let waited = condvar.wait_timeout(guard, time);
    let (guard, waited) = waited.unwrap_or_else(PoisonError::into_inner);
    (guard, waited.timed_out())
}

/// As above: the time is over when a thread has run of which nobody knows when.
#[cfg(shuttle)]
pub(crate) fn wait_timeout<'a, T: Send>(
    condvar: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    _time: Duration,
) -> (MutexGuard<'a, T>, bool) {
    use std::sync::atomic::{AtomicBool, Ordering};

    let locked = || mutex.lock().unwrap_or_else(PoisonError::into_inner);
    let over = AtomicBool::new(false);
    let is_over = shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever waits gives this lock up only when they can be notified.
            drop(locked());
            over.store(true, Ordering::SeqCst);
            condvar.notify_all();
        });
        drop(condvar.wait(guard));
        over.load(Ordering::SeqCst)
    });
    (locked(), is_over)
}
