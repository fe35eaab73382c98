//! What happens in a simulation, in order.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// Lines kept to be shown after a failure.
const SHOWN: usize = 60;

/// Everything that happened: a digest of all of it, and the last lines. Clones are the same one.
#[derive(Clone)]
pub(super) struct Trace {
    began: Instant,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    digest: DefaultHasher,
    lines: Vec<String>,
    prints: bool,
}

impl Trace {
    /// Begins; prints every line if `WUJITONG_TEST_TRACE` is set.
    pub(super) fn begin() -> Self {
        let kept = Kept {
            digest: DefaultHasher::new(),
            lines: vec![],
            prints: std::env::var_os("WUJITONG_TEST_TRACE").is_some(),
        };
        Self {
            began: Instant::now(),
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// Notes that something happened now.
    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        let line = format!("{:>8} ms {what}", self.began.elapsed().as_millis());
        let mut kept = self.kept();
        line.hash(&mut kept.digest);
        if kept.prints {
            println!("{line}");
        }
        if kept.lines.len() == 2 * SHOWN {
            kept.lines.drain(..SHOWN);
        }
        kept.lines.push(line);
    }

    /// Returns the digest of everything up to now.
    pub(super) fn digest(&self) -> u64 {
        self.kept().digest.finish()
    }

    /// Returns the last lines.
    pub(super) fn last(&self) -> Vec<String> {
        let kept = self.kept();
        let from = kept.lines.len().saturating_sub(SHOWN);
        kept.lines[from..].to_vec()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
