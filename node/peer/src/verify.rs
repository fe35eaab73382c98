//! Checks incoming entries: permission, proof and signature.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use domain::{
    authority::{Neighbour, may},
    envelope::Payload,
    ids::NetworkId,
    seal::SealedBody,
    statement::{Proof, Statement, check_paths},
    suite::Digest,
};
use identity::KeyRing;
use office::{Arrived, Office, Received};
use topology::{DivisionCode, Tree};
use wire::{
    frame::{Echo, Entry},
    refusal::RefusalCode,
};

/// Verified statements that are cached.
const REMEMBERED: usize = 4096;

/// A statement with the digest of the signature that was verified. The signature is forwarded with
/// the envelope, so a different one must not pass.
type Verified = (Statement, Digest);

/// Opens sealed bodies before the office takes its turn. Only transfers of custody carry any.
pub async fn unseal(office: &Office, received: &mut Received, sealed: Vec<SealedBody>) {
    let matter = match &received.envelope.payload {
        Payload::Give { matter, .. } if received.denied.is_none() => Some(matter.id),
        _ => None,
    };
    for sealed in sealed {
        let arrived = match matter {
            Some(matter) => office.matters().unseal_arrived(matter, sealed).await,
            None => Arrived::Unreadable,
        };
        received.bodies.push(arrived);
    }
}

/// Checks entries of peers for one node.
pub struct Verifier {
    me: DivisionCode,
    tree: Arc<Tree>,
    network: NetworkId,
    keys: Arc<KeyRing>,
    verified: Mutex<(HashSet<Verified>, VecDeque<Verified>)>,
}

impl Verifier {
    /// Builds the verifier of `me`.
    pub fn new(me: DivisionCode, tree: Arc<Tree>, network: NetworkId, keys: Arc<KeyRing>) -> Self {
        Self {
            me,
            tree,
            network,
            keys,
            verified: Mutex::default(),
        }
    }

    /// Checks the entries of a frame and decodes their envelopes. Each result also says whether this peer
    /// may bring it, and comes with its sealed bodies, still sealed.
    pub fn check(
        &self,
        entries: Vec<Result<Entry, RefusalCode>>,
        from: Neighbour,
    ) -> Vec<Result<(Received, Vec<SealedBody>), RefusalCode>> {
        let sound: Vec<_> = entries.iter().flatten().collect();
        let sound: Vec<_> = sound.iter().map(|it| (&it.proof, &it.bytes[..])).collect();
        let mut proven = check_paths(&sound).into_iter();
        let check = |entry: Result<Entry, RefusalCode>| {
            let entry = entry?;
            let proven = proven.next().expect("one for each entry that was decoded");
            self.check_one(entry, proven.is_ok(), from)
        };
        entries.into_iter().map(check).collect()
    }

    fn check_one(
        &self,
        entry: Entry,
        proven: bool,
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
        if statement.author != envelope.author || statement.epoch != envelope.epoch.id || !proven {
            return Err(RefusalCode::BadProof);
        }
        self.check_signature(&proof)?;
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

    /// Checks that the statement's author signed these bytes.
    pub fn check_proof(&self, proof: &Proof, bytes: &[u8]) -> Result<(), RefusalCode> {
        proof.check_path(bytes).map_err(|_| RefusalCode::BadProof)?;
        self.check_signature(proof)
    }

    /// Returns whether an echo really is an envelope that `author` signed.
    pub fn is_word_of(&self, author: DivisionCode, echo: &Echo) -> bool {
        let Ok(envelope) = wire::decode_envelope(&echo.bytes) else {
            return false;
        };
        envelope.author == author
            && echo.proof.statement.author == envelope.author
            && echo.proof.statement.epoch == envelope.epoch.id
            && envelope.epoch.id == echo.epoch
            && envelope.issue == echo.issue
            && self.check_proof(&echo.proof, &echo.bytes).is_ok()
    }

    /// Checks that the statement is of this network and its author signed it.
    fn check_signature(&self, proof: &Proof) -> Result<(), RefusalCode> {
        let statement = &proof.statement;
        if statement.network != self.network {
            return Err(RefusalCode::BadProof);
        }
        let signed = (*statement, statement.suite.digest(&[&proof.signature]));
        let known = self.verified.lock().expect("no holder panics");
        if known.0.contains(&signed) {
            return Ok(());
        }
        drop(known);
        let key = self.keys.get(statement.author, statement.key);
        let key = key.ok_or_else(|| {
            // Waiting for a key makes no sense if it was revoked before it came here.
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
