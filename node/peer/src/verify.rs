//! Checks what a peer carries: may it, is it proven, is it signed.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use domain::{
    authority::{Neighbour, may},
    ids::NetworkId,
    seal::SealedBody,
    statement::{Proof, Statement},
    suite::Digest,
};
use identity::KeyRing;
use office::{Arrived, Received};
use topology::{DivisionCode, Tree};
use wire::{frame::Entry, refusal::RefusalCode};

/// Verified statements remembered.
const REMEMBERED: usize = 4096;

/// A statement with the digest of the very signature that was verified under it: it goes on with the
/// envelope, so another one must not pass.
type Verified = (Statement, Digest);

/// Checks entries of peers for one node.
pub struct Verifier {
    me: DivisionCode,
    tree: Arc<Tree>,
    network: NetworkId,
    keys: Arc<KeyRing>,
    verified: Mutex<(HashSet<Verified>, VecDeque<Verified>)>,
}

impl Verifier {
    /// A verifier for `me`.
    pub fn new(me: DivisionCode, tree: Arc<Tree>, network: NetworkId, keys: Arc<KeyRing>) -> Self {
        Self {
            me,
            tree,
            network,
            keys,
            verified: Mutex::default(),
        }
    }

    /// What this entry says, if it is proven; and whether this peer may bring it.
    /// Its sealed bodies are given beside it, unopened.
    pub fn check(
        &self,
        entry: Entry,
        from: Neighbour,
    ) -> Result<(Received, Vec<SealedBody>), RefusalCode> {
        let Entry {
            bytes,
            proof,
            bodies,
            sealed,
            trace,
        } = entry;
        let envelope = wire::decode_envelope(&bytes).map_err(|error| RefusalCode::from(&error))?;
        let statement = &proof.statement;
        if statement.author != envelope.author || statement.epoch != envelope.epoch.id {
            return Err(RefusalCode::BadProof);
        }
        self.check_proof(&proof, &bytes)?;
        let denied = may(&envelope, from, self.me, &self.tree).err();
        let received = Received {
            envelope,
            denied,
            bytes,
            proof,
            bodies: bodies.into_iter().map(Arrived::Open).collect(),
            trace,
        };
        Ok((received, sealed))
    }

    /// Whether these bytes are under a signature of the statement's author.
    pub fn check_proof(&self, proof: &Proof, bytes: &[u8]) -> Result<(), RefusalCode> {
        let statement = &proof.statement;
        if statement.network != self.network {
            return Err(RefusalCode::BadProof);
        }
        proof.check_path(bytes).map_err(|_| RefusalCode::BadProof)?;
        let signed = (*statement, statement.suite.digest(&[&proof.signature]));
        let known = self.verified.lock().expect("no holder panics");
        if known.0.contains(&signed) {
            return Ok(());
        }
        drop(known);
        let key = self.keys.get(statement.author, statement.key);
        let key = key.ok_or_else(|| {
            // Nobody need wait for a key that was revoked before it came here.
            let revoked = self.keys.revoked();
            match revoked.holds(statement.author, statement.key) {
                true => RefusalCode::Revoked,
                false => RefusalCode::UnknownKey,
            }
        })?;
        key.verify(statement.suite, &statement.to_bytes(), &proof.signature)
            .map_err(|_| RefusalCode::BadSignature)?;
        let mut verified = self.verified.lock().expect("no holder panics");
        if verified.0.insert(signed) {
            verified.1.push_back(signed);
        }
        if verified.1.len() > REMEMBERED
            && let Some(oldest) = verified.1.pop_front()
        {
            verified.0.remove(&oldest);
        }
        Ok(())
    }
}
