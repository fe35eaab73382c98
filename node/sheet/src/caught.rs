//! Runs work that may panic on foreign bytes, without a word of the panic on the screen.

use std::{
    cell::Cell,
    panic::{self, UnwindSafe},
    sync::Once,
};

thread_local! {
    /// Whether a panic of this thread is caught and reported by the caller.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Does the work. `None` if it panicked.
///
/// The hook that prints panics is one for the whole process, so it is replaced once, by one that only
/// leaves out this work: panics of other threads, and of this one at other times, are printed as before.
pub(super) fn caught<T>(work: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                usual(panic);
            }
        }));
    });
    IS_CAUGHT.set(true);
    let done = panic::catch_unwind(work);
    IS_CAUGHT.set(false);
    done.ok()
}
