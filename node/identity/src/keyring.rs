//! Maps divisions to the public keys that sign for them. Keys are verified once, then looked up
//! cheaply.
//!
//! A division's first key counts if its parent signed it. Every later key must also be endorsed by
//! the key before it or by the division above the parent, so a thief of the parent's key cannot
//! make another key for a division below it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    ids::KeyId,
    suite::{BadSignature, Suite},
};
use topology::{DivisionCode, Tree};

use super::{
    revoked::Revoked,
    sealing::SealingPublic,
    statement::{Endorsement, Endorser, KeyStatement, SignedKeyStatement, StatementError},
};

/// A verified public key of a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// The suite the key signs in; signatures in any other suite are refused.
    pub suite: Suite,
    /// Raw Ed25519 point or uncompressed P-256 point.
    pub public: Vec<u8>,
    /// The key's serial number at its division.
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

/// The parties that vouch for a key, besides the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vouched {
    /// Nobody else: the province's own key, pinned on every node.
    Anchor,
    /// The parent alone, as for the first key of a division.
    First,
    /// The parent and the previous key.
    OldKey,
    /// The parent and the division above it; the previous key did not sign.
    Grandparent(DivisionCode),
    /// The province alone, for a later key of a division directly below it.
    ProvinceAlone,
}

impl Vouched {
    /// Returns whether the key replaced another that did not endorse it. An operator must check
    /// that.
    pub const fn without_the_old_key(self) -> bool {
        matches!(self, Self::Grandparent(_) | Self::ProvinceAlone)
    }
}

/// The reason a chain of key statements was not admitted. Nothing of the chain is kept then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// A statement cannot be decoded.
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
    /// This node's edition of the tree has no such division, or the division has no node.
    #[error("{0} is not a division with a node in this tree; compare the topology editions")]
    UnknownDivision(DivisionCode),
    /// A province's own statement is not pinned here.
    #[error(
        "the key of province {0} is not among the anchors this node trusts; compare fingerprints"
    )]
    UnknownAnchor(DivisionCode),
    /// The signer's key is neither known nor in the chain, or is not the parent's.
    #[error(
        "the key of {division} is signed with {signer}, which is not a known key of its parent {parent}"
    )]
    UnknownSigner {
        /// The division whose key is stated.
        division: DivisionCode,
        /// The division that should have signed.
        parent: DivisionCode,
        /// The key named as signer.
        signer: KeyId,
    },
    /// The statement names the signer's key under another suite.
    #[error("the key statement of {0} names a suite that is not its signer's")]
    SuiteMismatch(DivisionCode),
    /// The parent's signature does not verify with the parent's key.
    #[error("the signature under the key statement of {0} is forged or damaged")]
    Forged(DivisionCode),
    /// The stated key did not sign its own statement.
    #[error("the key stated for {0} did not prove that its owner holds it")]
    NoPossession(DivisionCode),
    /// A different key with the same serial number is known, so one of the two is a fraud.
    #[error(
        "another key number {serial} of {division} is already known; one of the two is fraudulent: ask the division above the parent"
    )]
    Twin {
        /// The division.
        division: DivisionCode,
        /// The serial number that both keys carry.
        serial: u32,
    },
    /// A later key carries only the parent's signature.
    #[error(
        "key number {serial} of {division} is signed by {parent} alone; it counts when the key before \
         it signs too, or the division above {parent} countersigns: `wujitong key countersign`"
    )]
    Unendorsed {
        /// The division.
        division: DivisionCode,
        /// The serial number of its key.
        serial: u32,
        /// The division whose signature it has.
        parent: DivisionCode,
    },
    /// The endorsing key is not known, or its division may not endorse with it.
    #[error(
        "key number {serial} of {division} is endorsed with {key}, which is not a known key of {by} that may endorse it"
    )]
    UnknownEndorser {
        /// The division.
        division: DivisionCode,
        /// The serial number of its key.
        serial: u32,
        /// The division that is said to endorse it.
        by: DivisionCode,
        /// The key named.
        key: KeyId,
    },
    /// The endorsement does not verify with the key it names.
    #[error("the endorsement of the key statement of {0} is forged or damaged")]
    ForgedEndorsement(DivisionCode),
    /// The key was vouched for with a key that is revoked, and the revocation does not list it.
    #[error(
        "the key of {0} was vouched for with a key that was revoked since; its parent must enrol it again"
    )]
    Forsaken(DivisionCode),
    /// The division has the largest number of keys already.
    #[error("{0} already has {max} keys here; no more are accepted", max = KeyRing::MAX_KEYS)]
    TooMany(DivisionCode),
}

impl KeyRefusal {
    /// Returns whether the statement is genuine and only another party's consent is missing. The
    /// parent made it and the key's owner wants it, so those concerned must see it.
    pub const fn was_stated(&self) -> bool {
        matches!(
            self,
            Self::Unendorsed { .. }
                | Self::UnknownEndorser { .. }
                | Self::ForgedEndorsement(_)
                | Self::Twin { .. }
        )
    }

    /// Returns whether the sender may be honest: it need not know what this node knows.
    pub const fn may_be_honest(&self) -> bool {
        self.was_stated() || matches!(self, Self::Forsaken(_) | Self::UnknownSigner { .. })
    }
}

/// All signing keys a node knows, each verified up to a pinned anchor. Shared by reference; reads
/// do not block one another.
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
    /// The division whose key signed; a province signs for itself.
    signer: DivisionCode,
    vouched: Vouched,
}

impl Known {
    /// Iterates over the keys this one depends on, each with its division.
    fn pillars(&self, division: DivisionCode) -> impl Iterator<Item = (DivisionCode, KeyId)> {
        let signer = (self.signer, self.signed.signer_key_id);
        let endorser = self.signed.endorsement.as_ref().map(|endorsement| {
            let by = match self.vouched {
                Vouched::Grandparent(above) => above,
                _ => division,
            };
            (by, endorsement.key)
        });
        let own = self.id;
        let all = std::iter::once(signer).chain(endorser);
        all.filter(move |(_, id)| *id != own)
    }
}

impl KeyRing {
    /// Most keys of one division that are kept.
    pub const MAX_KEYS: usize = 64;
    /// Most statements that are taken at once.
    const MAX_CHAIN: usize = 128;

    /// Builds an empty ring that trusts `anchors`, the self-signed statements of provinces. They
    /// are checked when a chain first reaches them.
    pub fn new(network: [u8; 16], anchors: Vec<SignedKeyStatement>, revoked: Arc<Revoked>) -> Self {
        Self {
            network,
            anchors,
            revoked,
            known: RwLock::default(),
        }
    }

    /// Verifies a chain and keeps all of it, or refuses and keeps nothing. A chain is a division's
    /// own statement first, then upwards. Statements known here may be left out at the upper end.
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
                let (signer, vouched) = self.check(&statement, signed, &admitted, tree)?;
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
                    vouched,
                };
                admitted.push((statement.division, known));
            }
        }
        self.keep(admitted)
    }

    /// Returns the key of a division with this id.
    pub fn get(&self, division: DivisionCode, id: KeyId) -> Option<Arc<VerifyingKey>> {
        self.find(division, id).map(|known| known.key)
    }

    /// Returns the revoked keys.
    pub fn revoked(&self) -> &Revoked {
        &self.revoked
    }

    /// Lists the keys of a division that are known and not revoked, oldest first.
    pub fn standing(&self, division: DivisionCode) -> Vec<KeyId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let keys = known.get(&division).into_iter().flat_map(BTreeMap::values);
        keys.map(|known| known.id)
            .filter(|id| !self.revoked.holds(division, *id))
            .collect()
    }

    /// Returns whether keys of the division were revoked and no known key still counts.
    pub fn has_fallen(&self, division: DivisionCode) -> bool {
        self.revoked.since(division).is_some() && self.standing(division).is_empty()
    }

    /// Lists the known keys that depend on this one: keys of divisions below, and later keys of the
    /// division itself.
    pub fn vouched_with(&self, division: DivisionCode, id: KeyId) -> Vec<KeyId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = vec![];
        for (of, keys) in known.iter() {
            let by_it = |known: &&Known| known.pillars(*of).any(|pillar| pillar == (division, id));
            found.extend(keys.values().filter(by_it).map(|known| known.id));
        }
        found
    }

    /// Returns whether a statement can be skipped: its key is known, and the keys it depends on
    /// still count.
    pub fn knows(&self, division: DivisionCode, id: KeyId) -> bool {
        self.find(division, id)
            .is_some_and(|known| !self.is_forsaken(division, &known))
    }

    /// Returns who vouches for a key; `None` if it does not count.
    pub fn vouched(&self, division: DivisionCode, id: KeyId) -> Option<Vouched> {
        let known = self.find(division, id)?;
        (!self.is_forsaken(division, &known)).then_some(known.vouched)
    }

    fn is_forsaken(&self, division: DivisionCode, known: &Known) -> bool {
        let mut pillars = known.pillars(division);
        pillars.any(|pillar| self.revoked.forsakes(pillar, known.id))
    }

    /// Returns the division that a known key belongs to.
    pub fn owner(&self, id: KeyId) -> Option<DivisionCode> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = known.iter();
        let found = all.find(|(_, keys)| keys.values().any(|known| known.id == id));
        found.map(|(division, _)| *division)
    }

    /// Returns who would vouch for a key if its statement were admitted. Keeps nothing.
    ///
    /// # Errors
    /// [`KeyRefusal`].
    pub fn would_admit(
        &self,
        signed: &SignedKeyStatement,
        tree: &Tree,
    ) -> Result<Vouched, KeyRefusal> {
        let statement = signed.statement()?;
        let (division, serial) = (statement.division, statement.serial);
        let (_, vouched) = self.check(&statement, signed, &[], tree)?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let same_number = known.get(&division).and_then(|keys| keys.get(&serial));
        match same_number {
            Some(other) if other.id != statement.key_id() => {
                Err(KeyRefusal::Twin { division, serial })
            }
            _ => Ok(vouched),
        }
    }

    /// Returns the key with which to seal for a division: the sealing key stated with its newest
    /// signing key that is not revoked.
    pub fn sealing(&self, division: DivisionCode) -> Option<SealingPublic> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = known.get(&division)?.values().rev();
        let newest = keys.find(|known| !self.revoked.holds(division, known.id))?;
        Some(newest.key.sealing.clone())
    }

    /// Returns the chain of the division's newest key up to its province. It is passed on to
    /// neighbours; empty if the division is not known.
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

    /// Returns every statement one key depends on, up to the province. Each comes before those it
    /// depends on; empty if the key is not known.
    pub fn chain(&self, division: DivisionCode, id: KeyId) -> Vec<SignedKeyStatement> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let find = |(division, id): (DivisionCode, KeyId)| {
            let mut keys = known.get(&division)?.values();
            keys.find(|known| known.id == id)
        };
        let (mut found, mut next) = (vec![], vec![(division, id)]);
        let mut seen = HashSet::from([(division, id)]);
        while let Some(at) = next.pop() {
            let Some(known) = find(at) else {
                continue;
            };
            found.push((at.0, known));
            next.extend(known.pillars(at.0).filter(|pillar| seen.insert(*pillar)));
        }
        found.sort_by_key(|(of, known)| Reverse((of.tier() as u8, known.key.serial)));
        let chain = found.into_iter().take(Self::MAX_CHAIN);
        chain.map(|(_, known)| (*known.signed).clone()).collect()
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
    ) -> Result<(DivisionCode, Vouched), KeyRefusal> {
        let (division, serial) = (statement.division, statement.serial);
        if statement.network != self.network {
            return Err(KeyRefusal::OtherNetwork(division));
        }
        if !tree.has_node(division) {
            return Err(KeyRefusal::UnknownDivision(division));
        }
        // Serial numbers rise one by one, so nobody can claim the highest one.
        if serial == 0 || serial as usize > Self::MAX_KEYS {
            return Err(KeyRefusal::TooMany(division));
        }
        if admitted
            .iter()
            .any(|(of, known)| *of == division && known.key.serial == serial)
        {
            return Err(KeyRefusal::Twin { division, serial });
        }
        let above = tree.parent(division);
        // A province's later key is signed by an earlier one: the province is its own parent.
        let parent = above.unwrap_or(division);
        let signer = match above.is_none() && signed.signer_key_id == statement.key_id() {
            true => self.anchored(statement, signed)?,
            false => self.signer(statement, (signed, parent), admitted)?,
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
        let vouched = match above {
            None => Vouched::Anchor,
            // After a revocation, a first key that was not known before comes too late.
            Some(_) if serial == 1 && self.is_late_first(division, statement.key_id()) => {
                return Err(KeyRefusal::Twin { division, serial });
            }
            Some(_) if serial == 1 => Vouched::First,
            Some(parent) => self.check_endorsement(statement, signed, parent, admitted, tree)?,
        };
        Ok((parent, vouched))
    }

    /// Returns the key that a province states for itself, if that is trusted.
    fn anchored(
        &self,
        statement: &KeyStatement,
        signed: &SignedKeyStatement,
    ) -> Result<VerifyingKey, KeyRefusal> {
        if !self
            .anchors
            .iter()
            .any(|anchor| anchor.bytes == signed.bytes)
        {
            return Err(KeyRefusal::UnknownAnchor(statement.division));
        }
        Ok(VerifyingKey {
            suite: statement.suite,
            public: statement.public.clone(),
            serial: statement.serial,
            sealing: statement.sealing.clone(),
        })
    }

    /// Returns the parent's key that signed a statement.
    fn signer(
        &self,
        statement: &KeyStatement,
        (signed, parent): (&SignedKeyStatement, DivisionCode),
        admitted: &[(DivisionCode, Known)],
    ) -> Result<VerifyingKey, KeyRefusal> {
        let (division, id) = (statement.division, signed.signer_key_id);
        if self.revoked.forsakes((parent, id), statement.key_id()) {
            return Err(KeyRefusal::Forsaken(division));
        }
        let unknown = KeyRefusal::UnknownSigner {
            division,
            parent,
            signer: id,
        };
        let known = self.find_beside(admitted, parent, id);
        Ok((*known.ok_or(unknown)?.key).clone())
    }

    /// Returns whether a key number 1 comes too late. This is so if keys of the division were
    /// revoked, this one was not, and it is not the known first key.
    fn is_late_first(&self, division: DivisionCode, id: KeyId) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let first = known.get(&division).and_then(|keys| keys.get(&1));
        let other = first.is_none_or(|first| first.id != id);
        other && self.revoked.since(division).is_some() && !self.revoked.holds(division, id)
    }

    /// Returns who vouches for a later key besides the parent.
    fn check_endorsement(
        &self,
        statement: &KeyStatement,
        signed: &SignedKeyStatement,
        parent: DivisionCode,
        admitted: &[(DivisionCode, Known)],
        tree: &Tree,
    ) -> Result<Vouched, KeyRefusal> {
        let (division, serial) = (statement.division, statement.serial);
        let unendorsed = KeyRefusal::Unendorsed {
            division,
            serial,
            parent,
        };
        let above = tree.parent(parent);
        let Some(endorsement) = &signed.endorsement else {
            // There is no division above a province.
            return match above {
                None => Ok(Vouched::ProvinceAlone),
                Some(_) => Err(unendorsed),
            };
        };
        let (by, vouched) = match (endorsement.by, above) {
            (Endorser::OldKey, _) => (division, Vouched::OldKey),
            (Endorser::Grandparent, Some(above)) => (above, Vouched::Grandparent(above)),
            (Endorser::Grandparent, None) => return Err(unendorsed),
        };
        let Endorsement { key, suite, .. } = *endorsement;
        let unknown = KeyRefusal::UnknownEndorser {
            division,
            serial,
            by,
            key,
        };
        let endorser = self.find_beside(admitted, by, key).ok_or(unknown.clone())?;
        if by == division && endorser.key.serial + 1 != serial {
            return Err(unknown);
        }
        if self.revoked.forsakes((by, key), statement.key_id()) {
            return Err(KeyRefusal::Forsaken(division));
        }
        if suite != endorser.key.suite {
            return Err(KeyRefusal::SuiteMismatch(division));
        }
        match signed.endorsed_by(endorsement, &endorser.key.public) {
            true => Ok(vouched),
            false => Err(KeyRefusal::ForgedEndorsement(division)),
        }
    }

    fn find_beside(
        &self,
        admitted: &[(DivisionCode, Known)],
        division: DivisionCode,
        id: KeyId,
    ) -> Option<Known> {
        let mut beside = admitted.iter();
        let found = beside.find(|(of, known)| *of == division && known.id == id);
        match found {
            Some((_, known)) => Some(known.clone()),
            None => self.find(division, id),
        }
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
            // The first statement about a key is kept, because it may have been passed on. It is
            // replaced only if a key it depends on does not count any more.
            let keys = all.entry(division).or_default();
            match keys.get(&new.key.serial) {
                Some(old) if !self.is_forsaken(division, old) => {}
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
