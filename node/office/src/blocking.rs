//! Work that waits for the disk or for a processor.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does such work beside the runtime, so that nothing else waits for it. On a runtime of a single thread
/// it is done at once: there the order of all events follows from the events alone.
///
/// # Panics
/// If the work does, or is called off because the process ends.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("the work does not panic, and is not called off")
}
