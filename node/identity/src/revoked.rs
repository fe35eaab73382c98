//! Revoked keys as all nodes of a process know them, and the certificates that become invalid with
//! them.

use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock},
};

use domain::{ids::KeyId, revocation::Revocation, time::Timestamp};
use topology::DivisionCode;

/// One revoked key of a division.
#[derive(Clone, Debug)]
struct Fallen {
    key: KeyId,
    at: Timestamp,
    /// Keys below that were known to be vouched for with it when it was revoked.
    vouched: HashSet<KeyId>,
}

/// All revocations that a node of this process knows.
#[derive(Debug, Default)]
pub struct Revoked(RwLock<HashMap<DivisionCode, Vec<Fallen>>>);

impl Revoked {
    /// Applies a revocation from now on; a later one of the same key replaces it.
    pub fn note(&self, revocation: &Revocation) {
        let fallen = Fallen {
            key: revocation.key,
            at: revocation.at,
            vouched: revocation.vouched.iter().copied().collect(),
        };
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let of_division = all.entry(revocation.division).or_default();
        match of_division.iter_mut().find(|old| old.key == fallen.key) {
            Some(old) if old.at > fallen.at => {}
            Some(old) => *old = fallen,
            None => of_division.push(fallen),
        }
    }

    /// Returns whether this key of the division was revoked.
    pub fn holds(&self, division: DivisionCode, key: KeyId) -> bool {
        self.look(division, |fallen| {
            fallen.iter().any(|fallen| fallen.key == key)
        })
    }

    /// Returns whether a key vouched for with `signer` does not count: `signer` was revoked, and
    /// the revocation does not list the key as vouched for before.
    pub(super) fn forsakes(&self, signer: (DivisionCode, KeyId), stated: KeyId) -> bool {
        self.look(signer.0, |fallen| {
            let mut fallen = fallen.iter().filter(|fallen| fallen.key == signer.1);
            fallen.any(|fallen| !fallen.vouched.contains(&stated))
        })
    }

    /// Returns the latest moment at which a key of the division was revoked; certificates made for
    /// it before that do not count. The same division makes the certificate and the revocation, so
    /// one clock orders the two.
    pub(super) fn since(&self, division: DivisionCode) -> Option<Timestamp> {
        self.look(division, |fallen| {
            fallen.iter().map(|fallen| fallen.at).max()
        })
    }

    fn look<T>(&self, division: DivisionCode, at: impl FnOnce(&[Fallen]) -> T) -> T {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        at(all.get(&division).map_or(&[], Vec::as_slice))
    }
}
