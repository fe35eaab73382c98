//! Keys that were revoked, as all nodes of a process know them, and which certificates fall with them.

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
    /// Keys below that were known to be vouched for with it in time.
    vouched: HashSet<KeyId>,
}

/// Every revocation that a node of this process knows.
#[derive(Debug, Default)]
pub struct Revoked(RwLock<HashMap<DivisionCode, Vec<Fallen>>>);

impl Revoked {
    /// Takes a revocation into account from now on; a later one of the same key takes its place.
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

    /// Whether this key of the division was revoked.
    pub fn holds(&self, division: DivisionCode, key: KeyId) -> bool {
        self.look(division, |fallen| {
            fallen.iter().any(|fallen| fallen.key == key)
        })
    }

    /// Whether a key of a division below, vouched for with this key, does not count: the key was
    /// revoked, and this was not among what it was known to vouch for.
    pub(super) fn forsakes(&self, signer: (DivisionCode, KeyId), stated: KeyId) -> bool {
        self.look(signer.0, |fallen| {
            let mut fallen = fallen.iter().filter(|fallen| fallen.key == signer.1);
            fallen.any(|fallen| !fallen.vouched.contains(&stated))
        })
    }

    /// The latest moment at which a key of the division was revoked: certificates that were made for
    /// it before do not count. A certificate and a revocation are made by the same division, so one
    /// clock tells which was first.
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
