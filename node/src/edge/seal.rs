//! Signs what this node itself says: one signature for all that leaves in one frame.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use topology::DivisionCode;

use crate::{
    domain::{
        ids::{EpochId, KeyId, NetworkId},
        statement::{MerkleTree, Proof, Statement},
    },
    identity::{Identity, KeyError, KeyRing},
    outbox::sender::Parcel,
    wire::frame::{Batch, Entry},
};

/// Turns parcels into frames for one session.
pub struct Sealer {
    identity: Arc<Identity>,
    network: NetworkId,
    keys: Arc<KeyRing>,
    /// Keys whose statements went over this session already.
    shown: HashSet<(DivisionCode, KeyId)>,
}

impl Sealer {
    /// A sealer for a new session.
    pub fn new(identity: Arc<Identity>, network: NetworkId, keys: Arc<KeyRing>) -> Self {
        Self {
            identity,
            network,
            keys,
            shown: HashSet::new(),
        }
    }

    /// Signs what has no proof yet and adds the key statements the peer has not been shown.
    pub async fn seal(&mut self, parcel: Parcel) -> Result<Batch, KeyError> {
        let mut proofs = self.prove(&parcel).await?.into_iter();
        let mut entries = Vec::with_capacity(parcel.entries.len());
        let mut key_statements = Vec::new();
        for (queued, bodies) in parcel.entries {
            let proof = match queued.proof {
                Some(proof) => proof,
                None => proofs
                    .next()
                    .expect("one proof was made for each entry without"),
            };
            let shown = (proof.statement.author, proof.statement.key);
            if self.shown.insert(shown) {
                let chain = self.keys.chain(shown.0, shown.1);
                key_statements.extend(chain.iter().map(|link| Bytes::from(link.encode())));
            }
            entries.push(Ok(Entry {
                bytes: queued.bytes,
                proof,
                bodies,
                trace: queued.trace,
            }));
        }
        Ok(Batch {
            lane: parcel.lane,
            first: parcel.first,
            entries,
            key_statements,
        })
    }

    async fn prove(&self, parcel: &Parcel) -> Result<Vec<Proof>, KeyError> {
        let own: Vec<_> = parcel
            .entries
            .iter()
            .filter(|(queued, _)| queued.proof.is_none())
            .collect();
        let mut proofs = Vec::with_capacity(own.len());
        // One statement names one epoch; after a new one began, old ones may still wait.
        for group in own.chunk_by(|(a, _), (b, _)| a.epoch == b.epoch) {
            let epoch = group[0].0.epoch;
            let bytes = group.iter().map(|(queued, _)| &queued.bytes[..]);
            proofs.extend(self.sign(epoch, bytes).await?);
        }
        Ok(proofs)
    }

    async fn sign<'a>(
        &self,
        epoch: EpochId,
        envelopes: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<Proof>, KeyError> {
        let signer = self.identity.signer();
        let tree = MerkleTree::over(signer.suite(), envelopes);
        let statement = Statement {
            suite: signer.suite(),
            network: self.network,
            author: self.identity.division(),
            key: signer.key_id(),
            epoch,
            leaves: tree.leaves(),
            root: tree.root(),
        };
        let signature = Bytes::from(signer.sign(&statement.to_bytes()).await?);
        Ok((0..tree.leaves())
            .map(|index| Proof {
                statement,
                signature: signature.clone(),
                index,
                path: tree.path(index),
            })
            .collect())
    }
}
