//! Signs this node's own envelopes, with one signature for all in a frame, and wraps sealed bodies
//! for the neighbour that is to read them.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use domain::{
    category::Class,
    ids::{EpochId, KeyId, MatterId, NetworkId},
    matter::Body,
    seal::SealedBody,
    statement::{MerkleTree, Proof, Statement},
};
use identity::{Identity, KeyError, KeyRing, Recipient, SealingError};
use records::{
    outbox::{queue::Bodies, sender::Parcel},
    table::Table,
};
use topology::DivisionCode;
use wire::frame::{Batch, Entry};

/// Turns parcels into batches for one session.
pub struct BatchSigner {
    identity: Arc<Identity>,
    network: NetworkId,
    keys: Arc<KeyRing>,
    peer: DivisionCode,
    recipient: Option<Recipient>,
    /// Keys whose statements were sent in this session.
    shown: HashSet<(DivisionCode, KeyId)>,
}

/// The reason a batch could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Unsealed {
    /// It could not be signed.
    #[error(transparent)]
    Signing(#[from] KeyError),
    /// Nothing can be wrapped for the neighbour.
    #[error("nothing can be sealed for {0}: {1}")]
    Wrapping(DivisionCode, SealingError),
    /// The neighbour has shown no key that counts.
    #[error("{0} has shown no sealing key; it shows one when it greets again")]
    NoKey(DivisionCode),
}

impl BatchSigner {
    /// Builds the signer of a new session with `peer`.
    pub fn new(
        identity: Arc<Identity>,
        network: NetworkId,
        keys: Arc<KeyRing>,
        peer: DivisionCode,
    ) -> Self {
        Self {
            identity,
            network,
            keys,
            peer,
            recipient: None,
            shown: HashSet::new(),
        }
    }

    /// Signs envelopes without a proof, wraps sealed bodies, and adds the key statements needed.
    /// Bodies are wrapped for the peer; statements are those that it has not been shown.
    ///
    /// # Errors
    /// [`Unsealed`]; nothing of the parcel can be sent then.
    pub async fn seal(&mut self, parcel: Parcel) -> Result<Batch, Unsealed> {
        let mut proofs = self.prove(&parcel).await?.into_iter();
        let mut entries = Vec::with_capacity(parcel.entries.len());
        let mut key_statements = Vec::new();
        for (queued, kept) in parcel.entries {
            let matter = queued.bodies.first().and_then(|key| Bodies::parse(key));
            let matter = matter.map(|(matter, _)| matter);
            let (bodies, sealed) = match matter {
                Some(matter) => self.wrap(matter, kept).await?,
                None => (vec![], vec![]),
            };
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
                sealed,
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

    /// Forgets which key statements were sent, so that they are added again.
    pub fn show_again(&mut self) {
        self.shown.clear();
    }

    /// Wraps bodies sealed for this node anew for the peer. Public ones are opened, because every
    /// node on the path reads them.
    async fn wrap(
        &mut self,
        matter: MatterId,
        kept: Vec<SealedBody>,
    ) -> Result<(Vec<Body>, Vec<SealedBody>), Unsealed> {
        let (mut open, mut sealed) = (vec![], vec![]);
        for own in kept {
            let key = match self.identity.sealing().unwrap(own.suite, &own.wrap).await {
                Ok(key) => key,
                Err(error) => {
                    // The matter is sent without a body that cannot be opened here.
                    tracing::error!(alarm = "body-unreadable", neighbour = %self.peer, %error,
                        division = %self.identity.division(), "a body cannot be opened");
                    continue;
                }
            };
            if own.class == Class::Public {
                let plain = own.open(matter, &key);
                let body = plain.ok().and_then(|plain| wire::decode_body(&plain).ok());
                if body.is_none() {
                    tracing::error!(alarm = "body-unreadable", neighbour = %self.peer, %matter,
                        division = %self.identity.division(), "a remark does not open");
                }
                open.extend(body);
                continue;
            }
            let peer = self.peer;
            let wrap = self.recipient()?.wrap(&key);
            sealed.push(SealedBody {
                wrap: wrap.map_err(|error| Unsealed::Wrapping(peer, error))?,
                ..own
            });
        }
        Ok((open, sealed))
    }

    /// Returns the recipient for the peer's current sealing key.
    fn recipient(&mut self) -> Result<&Recipient, Unsealed> {
        let shown = self.keys.sealing(self.peer);
        let shown = shown.ok_or(Unsealed::NoKey(self.peer))?;
        let same = self.recipient.take().filter(|it| *it.public() == shown);
        let recipient = same.unwrap_or_else(|| self.identity.recipient(shown));
        Ok(self.recipient.insert(recipient))
    }

    async fn prove(&self, parcel: &Parcel) -> Result<Vec<Proof>, KeyError> {
        let own: Vec<_> = parcel
            .entries
            .iter()
            .filter(|(queued, _)| queued.proof.is_none())
            .collect();
        let mut proofs = Vec::with_capacity(own.len());
        // One statement names one epoch; envelopes of an older epoch may still wait.
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
