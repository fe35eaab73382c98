//! Sign-ins that have begun and not ended.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{people::SIGN_IN_MS, suite::Digest, time::Timestamp};

use super::Leaving;

/// The most sign-ins at a time; one more replaces the oldest.
const MOST: usize = 16_384;

/// A sign-in that has begun.
pub struct Begun {
    /// The person's request: node, path and present session.
    pub leaving: Leaving,
    /// The nonce that the ID token must repeat.
    pub(super) nonce: String,
    /// The code verifier (RFC 7636).
    pub(super) verifier: String,
    /// When it began.
    pub(super) at: Timestamp,
}

impl Begun {
    fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.at) >= SIGN_IN_MS.unsigned_abs()
    }
}

/// All sign-ins by their `state`, each with the digest of the cookie of the browser in which it
/// began.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashMap<String, (Digest, Begun)>>);

impl UnderWay {
    pub(super) fn begin(&self, state: &str, cookie: &str, begun: Begun) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, (_, other)| !other.is_over(begun.at));
        }
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, (_, other))| other.at);
            let oldest = oldest.map(|(state, _)| state.clone());
            oldest.map(|state| all.remove(&state));
        }
        all.insert(state.to_owned(), (digest(cookie), begun));
    }

    /// Ends a sign-in, if it began in this browser and not too long ago. A browser cannot end the
    /// sign-in of another.
    pub(super) fn end(&self, state: &str, cookie: &str, now: Timestamp) -> Option<Begun> {
        let mut all = self.all();
        let (browser, _) = all.get(state)?;
        if *browser != digest(cookie) {
            return None;
        }
        let (_, begun) = all.remove(state)?;
        (!begun.is_over(now)).then_some(begun)
    }

    /// Returns where a sign-in began, if it is not over and began on another host than the provider knows.
    pub(super) fn origin(&self, state: &str, now: Timestamp) -> Option<String> {
        let all = self.all();
        let (_, begun) = all.get(state)?;
        let origin = begun.leaving.origin.clone();
        origin.filter(|_| !begun.is_over(now))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, (Digest, Begun)>> {
        // Every change is a single call, so the map is consistent even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(cookie: &str) -> Digest {
    blake3::hash(cookie.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(at: i64) -> Begun {
        Begun {
            leaving: Leaving {
                node: "33".parse().unwrap(),
                back: "/".to_owned(),
                session: None,
                origin: Some("https://330825002222.zj.example".to_owned()),
            },
            nonce: String::new(),
            verifier: String::new(),
            at: Timestamp(at),
        }
    }

    #[test]
    fn a_sign_in_ends_once_in_its_own_browser_and_in_time() {
        let all = UnderWay::default();
        all.begin("s", "browser", begun(0));
        assert!(all.end("s", "other", Timestamp(1)).is_none());
        assert!(all.end("t", "browser", Timestamp(1)).is_none());
        assert!(all.origin("s", Timestamp(1)).is_some());
        assert!(all.origin("t", Timestamp(1)).is_none());
        assert!(all.origin("s", Timestamp(SIGN_IN_MS)).is_none());
        assert!(all.end("s", "browser", Timestamp(SIGN_IN_MS - 1)).is_some());
        assert!(all.end("s", "browser", Timestamp(1)).is_none());
        all.begin("s", "browser", begun(0));
        assert!(all.end("s", "browser", Timestamp(SIGN_IN_MS)).is_none());
    }

    #[test]
    fn however_many_are_begun_only_so_many_are_kept_and_the_newest_among_them() {
        let all = UnderWay::default();
        for n in 0..MOST as i64 + 3 {
            all.begin(&n.to_string(), "browser", begun(n));
        }
        assert_eq!(all.all().len(), MOST);
        let now = Timestamp(MOST as i64 + 3);
        assert!(all.end("2", "browser", now).is_none());
        assert!(all.end("3", "browser", now).is_some());
    }
}
