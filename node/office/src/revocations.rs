//! Revoking the key of a child, hearing of revoked keys, and passing that on to every neighbour.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    authority::Neighbour,
    envelope::{Lane, Payload},
    flow::Seen,
    ids::{EpochId, KeyId},
    revocation::{self, HeldFlow, HeldLife, Reason, Revocation},
    statement::Proof,
    suite::Digest,
};
use serde::{Deserialize, Serialize};
use store::{Range, record};
use topology::DivisionCode;

use super::{
    Office, OfficeError, Received,
    greet::PeerMemory,
    keys,
    unit_of_work::{Carried, UnitOfWork},
};
use crate::RequestContext;

/// Why a key was not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokeRefusal {
    /// Only the division directly above holds everything a key has said upward.
    #[error("{0} does not stand directly below this node; only its parent can revoke its key")]
    NotAChild(DivisionCode),
    /// Nothing to revoke.
    #[error(
        "no key of {0} that still counts was ever shown to this node; \
         `wujitong status` lists what was revoked before"
    )]
    NoKey(DivisionCode),
}

/// A revocation as this node has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRecord {
    /// What was revoked, from which positions on.
    pub revocation: Revocation,
    /// The division that says so.
    pub by: DivisionCode,
    /// Through whom it came here.
    pub actor: Actor,
    /// The author's exact words.
    pub(super) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(super) proof: Option<Proof>,
}

domain::records!(RevocationRecord);

/// What the office has to know of revoked keys for every envelope it takes.
#[derive(Default)]
pub(super) struct RevokedKeys(RwLock<HashMap<(DivisionCode, KeyId), Arc<Revocation>>>);

impl RevokedKeys {
    fn of(&self, author: DivisionCode, key: KeyId) -> Option<Arc<Revocation>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(author, key)).cloned()
    }

    fn note(&self, revocation: Arc<Revocation>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert((revocation.division, revocation.key), revocation);
    }
}

impl Office {
    /// Remembers what was revoked before.
    pub(super) async fn recall_revocations(&self) -> Result<(), OfficeError> {
        for record in self.revocations().await? {
            self.revoked_keys.note(Arc::new(record.revocation));
        }
        Ok(())
    }

    /// Revokes a key of a child from what this node now holds of it, before all neighbours. `vouched`
    /// are the keys known to be vouched for with it. Durable when it returns.
    ///
    /// # Errors
    /// [`RevokeRefusal::NotAChild`], or the store's.
    pub async fn revoke(
        &self,
        (child, key): (DivisionCode, KeyId),
        vouched: Vec<KeyId>,
        reason: Reason,
        by: impl Into<RequestContext>,
    ) -> Result<Arc<Revocation>, OfficeError> {
        let tree = &self.dependencies.tree;
        if tree.parent(child) != Some(self.me) || !tree.has_node(child) {
            return Err(RevokeRefusal::NotAChild(child).into());
        }
        let mut unit = self.begin(by).await?;
        let lives = unit.held_of(child).await?;
        let mut revocation = Revocation::new((child, key), lives, vouched, reason, unit.now);
        let payload = Payload::Revocation(Box::new(revocation.clone()));
        let destination = Revocation::destination(tree);
        let envelope = unit.envelope(destination, Lane::Emergency, payload).await?;
        revocation.stamp = envelope.stamp();
        let record = RevocationRecord {
            revocation,
            by: self.me,
            actor: unit.actor.clone(),
            bytes: wire::encode_envelope(&envelope),
            proof: None,
        };
        let revocation = unit.keep_revocation(record, None).await?;
        let detail = format!("key {key}, revoked here: {reason}");
        unit.raise(AlarmKind::KeyRevoked, Some(child), &detail)
            .await?;
        unit.commit().await?;
        Ok(revocation)
    }

    /// Every revocation this node knows, by division.
    pub async fn revocations(&self) -> Result<Vec<RevocationRecord>, OfficeError> {
        let range = Range::prefix(keys::REVOCATIONS);
        let records = self.read_all(range, usize::MAX).await?;
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// One digest over all of them.
    pub(super) async fn revocations_digest(&self) -> Result<Digest, OfficeError> {
        let records = self.revocations().await?;
        Ok(revocation::digest(
            records.iter().map(|record| &record.revocation),
        ))
    }
}

impl Office {
    /// Whether an author's word counts in spite of what was revoked. It is asked under the turn in
    /// which positions are fixed, so nothing passes between the two.
    pub(super) fn counts(&self, received: &Received) -> bool {
        let Received {
            envelope, proof, ..
        } = received;
        let revoked_keys = self.revoked_keys.of(envelope.author, proof.statement.key);
        revoked_keys.is_none_or(|revocation| revocation.leaves_valid(envelope))
    }
}

impl UnitOfWork<'_> {
    /// How far this node has come with everything a child said, the latest life first.
    async fn held_of(&mut self, child: DivisionCode) -> Result<Vec<HeldLife>, OfficeError> {
        let mut flows: BTreeMap<EpochId, Vec<HeldFlow>> = BTreeMap::new();
        let prefix = keys::flows_of(child);
        for (key, bytes) in self
            .view
            .scan(Range::prefix(&prefix), usize::MAX, false)
            .await?
        {
            let (epoch, destination, lane) = key
                .strip_prefix(&prefix[..])
                .and_then(keys::flow_parts)
                .ok_or(record::RecordError::Damaged("flow key"))?;
            let through = record::read::<Seen>(&bytes)?.last();
            if through > 0 {
                flows.entry(epoch).or_default().push(HeldFlow {
                    destination,
                    lane,
                    through,
                });
            }
        }
        let memory: PeerMemory = self.read(&keys::peer(child)).await?.unwrap_or_default();
        let mut lives = vec![];
        if let Some(held) = memory.held {
            lives.push(HeldLife {
                epoch: held.epoch.id,
                issue: held.issue,
                flows: flows.remove(&held.epoch.id).unwrap_or_default(),
            });
        }
        // Of lives before that only the flows are kept.
        lives.extend(flows.into_iter().map(|(epoch, flows)| HeldLife {
            epoch,
            issue: 0,
            flows,
        }));
        Ok(lives)
    }

    /// Somebody's key was revoked. Gives what is new.
    pub(super) async fn hear_revocation(
        &mut self,
        from: DivisionCode,
        revocation: &Revocation,
        received: &Received,
    ) -> Result<Option<Arc<Revocation>>, OfficeError> {
        let key = keys::revocation(revocation.division, revocation.key);
        let known: Option<RevocationRecord> = self.read(&key).await?;
        if known.is_some_and(|known| known.revocation.stamp >= revocation.stamp) {
            return Ok(None);
        }
        let author = received.envelope.author;
        let record = RevocationRecord {
            revocation: revocation.clone(),
            by: author,
            actor: self.actor.clone(),
            bytes: received.bytes.clone(),
            proof: Some(received.proof.clone()),
        };
        let detail = format!(
            "key {}, revoked by {author}: {}",
            revocation.key, revocation.reason
        );
        self.raise(AlarmKind::KeyRevoked, Some(revocation.division), &detail)
            .await?;
        self.keep_revocation(record, Some(from)).await.map(Some)
    }

    async fn keep_revocation(
        &mut self,
        record: RevocationRecord,
        from: Option<DivisionCode>,
    ) -> Result<Arc<Revocation>, OfficeError> {
        let revocation = Arc::new(record.revocation.clone());
        let key = keys::revocation(revocation.division, revocation.key);
        self.view.put(key, record::write(&record));
        let tree = Arc::clone(&self.office.dependencies.tree);
        let me = self.office.me;
        let met = self.office.met().await?.into_iter();
        let children = met.filter(|peer| tree.parent(*peer) == Some(me));
        let neighbours: Vec<_> = children.chain(self.office.parent).collect();
        for neighbour in neighbours {
            if from != Some(neighbour) {
                self.pass_on(neighbour, &record).await?;
            }
        }
        self.office.revoked_keys.note(Arc::clone(&revocation));
        Ok(revocation)
    }

    /// A neighbour may know of others than this node does: what it may hear from here is queued.
    pub(super) async fn queue_missing_revocations(
        &mut self,
        neighbour: Neighbour,
        theirs: Option<Digest>,
    ) -> Result<(), OfficeError> {
        let found = self
            .view
            .scan(Range::prefix(keys::REVOCATIONS), usize::MAX, false)
            .await?;
        let records = found.iter().map(|(_, bytes)| record::read(bytes));
        let records: Vec<RevocationRecord> = records.collect::<Result<_, _>>()?;
        let mine = revocation::digest(records.iter().map(|record| &record.revocation));
        if theirs == Some(mine) {
            return Ok(());
        }
        for record in &records {
            self.pass_on(neighbour.division(), record).await?;
        }
        Ok(())
    }

    /// To the parent goes what was revoked here or below, to a child what was revoked elsewhere; and to
    /// both what they revoked themselves, in case they lost it.
    async fn pass_on(
        &mut self,
        neighbour: DivisionCode,
        record: &RevocationRecord,
    ) -> Result<(), OfficeError> {
        let tree = &self.office.dependencies.tree;
        let mine = match self.office.parent == Some(neighbour) {
            true => tree.contains(self.office.me, record.by),
            false => !tree.contains(neighbour, record.by),
        };
        if !mine && record.by != neighbour {
            return Ok(());
        }
        let envelope = wire::decode_envelope(&record.bytes)
            .map_err(|_| record::RecordError::Damaged("revocation envelope"))?;
        let carried = Carried {
            envelope: &envelope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
            beside: 0,
            bodies: vec![],
        };
        self.queue(neighbour, carried).await
    }
}
