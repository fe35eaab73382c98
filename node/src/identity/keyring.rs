//! Which public keys sign for which division: verified once, then looked up cheaply.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use topology::{DivisionCode, Tree};

use super::{
    revoked::Revoked,
    sealing::SealingPublic,
    statement::{KeyStatement, SignedKeyStatement, StatementError},
};
use crate::domain::{
    ids::KeyId,
    suite::{BadSignature, Suite},
};

/// A verified public key of a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// The suite the key signs in; a signature in any other is not this key's.
    pub suite: Suite,
    /// Raw Ed25519 point or uncompressed P-256 point.
    pub public: Vec<u8>,
    /// The key's number at its division.
    pub serial: u32,
    /// The sealing key stated with it.
    pub sealing: SealingPublic,
}

impl VerifyingKey {
    /// Checks a signature that claims to be in `suite`.
    ///
    /// # Errors
    /// [`BadSignature`], also when the claimed suite is not the key's.
    pub fn verify(&self, suite: Suite, message: &[u8], signed: &[u8]) -> Result<(), BadSignature> {
        if suite != self.suite {
            return Err(BadSignature);
        }
        suite.verify(&self.public, message, signed)
    }
}

/// Why a chain of key statements was not admitted. Nothing of the chain is kept then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// A statement does not read.
    #[error("{0}")]
    Unreadable(#[from] StatementError),
    /// More statements than there are tiers.
    #[error("a chain of {0} key statements is longer than the tree is deep")]
    TooLong(usize),
    /// The statement belongs to another network.
    #[error(
        "the key statement of {0} belongs to another network; check `network.toml` on both sides"
    )]
    OtherNetwork(DivisionCode),
    /// No such division, or one without a node, in this node's edition of the tree.
    #[error("{0} is no division with a node in this tree; compare the topology editions")]
    UnknownDivision(DivisionCode),
    /// A province's own statement that is not pinned here.
    #[error(
        "the key of province {0} is not among the anchors this node trusts; compare fingerprints"
    )]
    UnknownAnchor(DivisionCode),
    /// The signer's key is neither known nor in the chain, or it is not the parent's.
    #[error("the key of {division} is signed with {signer}, no known key of its parent {parent}")]
    UnknownSigner {
        /// Whose statement it is.
        division: DivisionCode,
        /// Who should have signed.
        parent: DivisionCode,
        /// The key named as signer.
        signer: KeyId,
    },
    /// The statement names the signer's key under another suite.
    #[error("the key statement of {0} names a suite that is not its signer's")]
    SuiteMismatch(DivisionCode),
    /// The parent's signature is not by the parent's key.
    #[error("the signature under the key statement of {0} is forged or damaged")]
    Forged(DivisionCode),
    /// The stated key did not sign its own statement.
    #[error("the key stated for {0} did not prove that its owner holds it")]
    NoPossession(DivisionCode),
    /// A different key with the same number is known: somebody minted a twin.
    #[error(
        "another key number {serial} of {division} is already known; one of the two is a twin: ask the grandparent"
    )]
    Twin {
        /// Whose key.
        division: DivisionCode,
        /// The number that both keys carry.
        serial: u32,
    },
    /// Vouched for with a key that was revoked, and not known at that time.
    #[error(
        "the key of {0} was vouched for with a key that was revoked since; its parent must enrol it anew"
    )]
    Forsaken(DivisionCode),
    /// More keys for one division than anybody needs.
    #[error("{0} already has {max} keys here; no more are taken", max = KeyRing::MAX_KEYS)]
    TooMany(DivisionCode),
}

/// All signing keys a node knows, each proven up to a pinned anchor. Shared by reference; reads do not
/// wait for one another.
#[derive(Debug)]
pub struct KeyRing {
    network: [u8; 16],
    anchors: Vec<SignedKeyStatement>,
    revoked: Arc<Revoked>,
    known: RwLock<HashMap<DivisionCode, BTreeMap<u32, Known>>>,
}

#[derive(Clone, Debug)]
struct Known {
    id: KeyId,
    key: Arc<VerifyingKey>,
    signed: Arc<SignedKeyStatement>,
    /// Whose key signed; a province's is its own.
    signer: DivisionCode,
}

impl KeyRing {
    /// At most so many keys of one division are kept.
    pub const MAX_KEYS: usize = 64;
    const MAX_CHAIN: usize = 8;

    /// An empty ring of a network that trusts `anchors`: the self-signed statements of provinces. They
    /// are checked when a chain first reaches them.
    pub fn new(network: [u8; 16], anchors: Vec<SignedKeyStatement>, revoked: Arc<Revoked>) -> Self {
        Self {
            network,
            anchors,
            revoked,
            known: RwLock::default(),
        }
    }

    /// Verifies a chain (a division's own statement first, then upwards) and keeps all of it, or
    /// refuses and keeps nothing. Statements already known may be left out at the upper end.
    ///
    /// # Errors
    /// [`KeyRefusal`], naming the division whose statement is at fault.
    pub fn admit(&self, chain: &[SignedKeyStatement], tree: &Tree) -> Result<(), KeyRefusal> {
        if chain.len() > Self::MAX_CHAIN {
            return Err(KeyRefusal::TooLong(chain.len()));
        }
        let mut admitted: Vec<(DivisionCode, Known)> = Vec::new();
        for signed in chain.iter().rev() {
            let statement = signed.statement()?;
            if !self.holds(&statement, signed) {
                let signer = self.check(&statement, signed, &admitted, tree)?;
                let key = Arc::new(VerifyingKey {
                    suite: statement.suite,
                    serial: statement.serial,
                    public: statement.public,
                    sealing: statement.sealing,
                });
                let id = KeyId::of(key.suite, &key.public);
                let known = Known {
                    id,
                    key,
                    signed: Arc::new(signed.clone()),
                    signer,
                };
                admitted.push((statement.division, known));
            }
        }
        self.keep(admitted)
    }

    /// The key of that id at that division.
    pub fn get(&self, division: DivisionCode, id: KeyId) -> Option<Arc<VerifyingKey>> {
        self.find(division, id).map(|known| known.key)
    }

    /// Keys that were revoked.
    pub fn revoked(&self) -> &Revoked {
        &self.revoked
    }

    /// The keys of a division that are known and not revoked, oldest first.
    pub fn standing(&self, division: DivisionCode) -> Vec<KeyId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let keys = known.get(&division).into_iter().flat_map(BTreeMap::values);
        keys.map(|known| known.id)
            .filter(|id| !self.revoked.holds(division, *id))
            .collect()
    }

    /// Whether keys of the division were revoked and none is known that still counts.
    pub fn has_fallen(&self, division: DivisionCode) -> bool {
        self.revoked.since(division).is_some() && self.standing(division).is_empty()
    }

    /// The keys of divisions below that are known to be vouched for with this key.
    pub fn vouched_with(&self, division: DivisionCode, id: KeyId) -> Vec<KeyId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let others = known.iter().filter(|(of, _)| **of != division);
        let keys = others.flat_map(|(_, keys)| keys.values());
        keys.filter(|known| known.signer == division && known.signed.signer_key_id == id)
            .map(|known| known.id)
            .collect()
    }

    /// Whether a statement need not be looked at: its key is known, and what vouched for it stands.
    pub fn knows(&self, division: DivisionCode, id: KeyId) -> bool {
        self.find(division, id)
            .is_some_and(|known| !self.is_forsaken(&known))
    }

    fn is_forsaken(&self, known: &Known) -> bool {
        let signer = (known.signer, known.signed.signer_key_id);
        known.id != signer.1 && self.revoked.forsakes(signer, known.id)
    }

    /// For whom to seal what a division is to read: the sealing key stated with its newest signing key
    /// that is not revoked.
    pub fn sealing(&self, division: DivisionCode) -> Option<SealingPublic> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = known.get(&division)?.values().rev();
        let newest = keys.find(|known| !self.revoked.holds(division, known.id))?;
        Some(newest.key.sealing.clone())
    }

    /// The chain of the division's newest key up to its province, to hand on to a neighbour; empty if
    /// the division is not known.
    pub fn statements(&self, division: DivisionCode) -> Vec<SignedKeyStatement> {
        let newest = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known
                .get(&division)
                .and_then(|keys| keys.values().next_back())
                .map(|known| known.id)
        };
        newest.map_or_else(Vec::new, |id| self.chain(division, id))
    }

    /// The chain of one key up to its province; empty if the key is not known.
    pub fn chain(&self, division: DivisionCode, id: KeyId) -> Vec<SignedKeyStatement> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut chain = Vec::new();
        let mut next = known
            .get(&division)
            .and_then(|keys| keys.values().find(|k| k.id == id));
        while let Some(at) = next {
            chain.push((*at.signed).clone());
            let signer = at.signed.signer_key_id;
            if signer == at.id || chain.len() == Self::MAX_CHAIN {
                break;
            }
            next = known
                .get(&at.signer)
                .and_then(|keys| keys.values().find(|k| k.id == signer));
        }
        chain
    }

    fn find(&self, division: DivisionCode, id: KeyId) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&division)?
            .values()
            .find(|known| known.id == id)
            .cloned()
    }

    fn holds(&self, statement: &KeyStatement, signed: &SignedKeyStatement) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&statement.division)
            .and_then(|keys| keys.get(&statement.serial))
            .is_some_and(|known| *known.signed == *signed)
    }

    fn check(
        &self,
        statement: &KeyStatement,
        signed: &SignedKeyStatement,
        admitted: &[(DivisionCode, Known)],
        tree: &Tree,
    ) -> Result<DivisionCode, KeyRefusal> {
        let (division, serial) = (statement.division, statement.serial);
        if statement.network != self.network {
            return Err(KeyRefusal::OtherNetwork(division));
        }
        if !tree.has_node(division) {
            return Err(KeyRefusal::UnknownDivision(division));
        }
        if admitted
            .iter()
            .any(|(of, known)| *of == division && known.key.serial == serial)
        {
            return Err(KeyRefusal::Twin { division, serial });
        }
        let above = tree.parent(division);
        // A province's later key is signed by an earlier one: it is its own parent.
        let parent = above.unwrap_or(division);
        let signer = if above.is_none() && signed.signer_key_id == statement.key_id() {
            if !self
                .anchors
                .iter()
                .any(|anchor| anchor.bytes == signed.bytes)
            {
                return Err(KeyRefusal::UnknownAnchor(division));
            }
            VerifyingKey {
                suite: statement.suite,
                public: statement.public.clone(),
                serial,
                sealing: statement.sealing.clone(),
            }
        } else {
            let id = signed.signer_key_id;
            if self.revoked.forsakes((parent, id), statement.key_id()) {
                return Err(KeyRefusal::Forsaken(division));
            }
            let unknown = KeyRefusal::UnknownSigner {
                division,
                parent,
                signer: id,
            };
            let beside = admitted
                .iter()
                .find(|(of, known)| *of == parent && known.id == id);
            let known = beside
                .map(|(_, known)| known.clone())
                .or_else(|| self.find(parent, id));
            (*known.ok_or(unknown)?.key).clone()
        };
        if signed.suite != signer.suite {
            return Err(KeyRefusal::SuiteMismatch(division));
        }
        if !signed.signed_by(&signer.public) {
            return Err(KeyRefusal::Forged(division));
        }
        if !signed.possessed(statement) {
            return Err(KeyRefusal::NoPossession(division));
        }
        Ok(parent)
    }

    fn keep(&self, admitted: Vec<(DivisionCode, Known)>) -> Result<(), KeyRefusal> {
        if admitted.is_empty() {
            return Ok(());
        }
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (division, new) in &admitted {
            let (division, serial) = (*division, new.key.serial);
            let Some(keys) = all.get(&division) else {
                continue;
            };
            match keys.get(&serial) {
                Some(old) if old.id != new.id => return Err(KeyRefusal::Twin { division, serial }),
                None if keys.len() >= Self::MAX_KEYS => return Err(KeyRefusal::TooMany(division)),
                _ => {}
            }
        }
        for (division, new) in admitted {
            // The first statement about a key stays: what was handed on is not replaced, unless the
            // key it was signed with does not count any more.
            let keys = all.entry(division).or_default();
            match keys.get(&new.key.serial) {
                Some(old) if !self.is_forsaken(old) => {}
                _ => {
                    keys.insert(new.key.serial, new);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
