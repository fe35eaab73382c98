//! Revocations: revokes the key of a child, applies revocations of others, and passes them on to
//! every neighbour.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    alarm::{AlarmKind, details},
    authority::Neighbour,
    envelope::{Lane, Payload},
    ids::{EpochId, KeyId},
    revocation::{self, HeldFlow, HeldLife, Reason, Revocation},
    suite::Digest,
};
use records::table::Table;
use store::record::RecordError;
use topology::DivisionCode;

pub use crate::tables::keys::RevocationRecord;
use crate::{
    Failed, Fault, Received, RefusalReason, RequestContext,
    inbox::greet::PeerMemory,
    services::Keys,
    tables,
    unit_of_work::{Carried, UnitOfWork},
};

/// The reason why a key is not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokeRefusal {
    /// Only the division directly above has everything that a key signed upward.
    #[error("{0} does not stand directly below this node; only its parent can revoke its key")]
    NotAChild(DivisionCode),
    /// There is nothing to revoke.
    #[error(
        "no key of {0} that still counts was ever shown to this node; \
         `wujitong status` lists what was revoked before"
    )]
    NoKey(DivisionCode),
}

impl RefusalReason for RevokeRefusal {}

/// The revoked keys, which every envelope is checked against.
#[derive(Default)]
pub(crate) struct RevokedKeys(RwLock<HashMap<(DivisionCode, KeyId), Arc<Revocation>>>);

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

impl Keys<'_> {
    /// Loads the revocations from the store.
    pub(crate) async fn recall_revocations(self) -> Result<(), Fault> {
        for record in self.revocations().await? {
            self.revoked_keys.note(Arc::new(record.revocation));
        }
        Ok(())
    }

    /// Revokes a key of a child from the positions that this node has now, for all neighbours.
    /// `vouched` are the keys for which it is known to have vouched. Durable when it returns.
    ///
    /// # Errors
    /// [`RevokeRefusal::NotAChild`], or the store's.
    pub async fn revoke(
        self,
        (child, key): (DivisionCode, KeyId),
        vouched: Vec<KeyId>,
        reason: Reason,
        by: impl Into<RequestContext>,
    ) -> Result<Arc<Revocation>, Failed<RevokeRefusal>> {
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
        let detail = details::revoked_here(key, reason.said());
        unit.raise(AlarmKind::KeyRevoked, Some(child), &detail)
            .await?;
        unit.commit().await?;
        Ok(revocation)
    }

    /// Returns every revocation that this node knows, by division.
    pub async fn revocations(self) -> Result<Vec<RevocationRecord>, Fault> {
        let records = self.list(tables::Revocations::all(), usize::MAX).await?;
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// Returns one digest over all of them.
    pub(crate) async fn revocations_digest(self) -> Result<Digest, Fault> {
        let records = self.revocations().await?;
        Ok(revocation::digest(
            records.iter().map(|record| &record.revocation),
        ))
    }
}

impl Keys<'_> {
    /// Returns whether an author's envelope counts in spite of revocations. Call it under the turn
    /// in which positions are fixed, so nothing can pass in between.
    pub(crate) fn counts(self, received: &Received) -> bool {
        let Received {
            envelope, proof, ..
        } = received;
        let revoked_keys = self.revoked_keys.of(envelope.author, proof.statement.key);
        revoked_keys.is_none_or(|revocation| envelope.counts_despite(&revocation))
    }
}

impl UnitOfWork<'_> {
    /// Returns this node's positions in everything that a child sent, the latest life first.
    async fn held_of(&mut self, child: DivisionCode) -> Result<Vec<HeldLife>, Fault> {
        let mut flows: BTreeMap<EpochId, Vec<HeldFlow>> = BTreeMap::new();
        let rows = tables::Flows::under(&child);
        for ((_, epoch, destination, lane), seen) in self.view.scan(rows, usize::MAX).await? {
            let through = seen.last();
            if through > 0 {
                flows.entry(epoch).or_default().push(HeldFlow {
                    destination,
                    lane,
                    through,
                });
            }
        }
        let memory: PeerMemory = self
            .view
            .get::<tables::Peers>(&child)
            .await?
            .unwrap_or_default();
        let mut lives = vec![];
        if let Some(held) = memory.held {
            lives.push(HeldLife {
                epoch: held.epoch.id,
                issue: held.issue,
                flows: flows.remove(&held.epoch.id).unwrap_or_default(),
            });
        }
        // Of earlier lives only the flows are kept.
        lives.extend(flows.into_iter().map(|(epoch, flows)| HeldLife {
            epoch,
            issue: 0,
            flows,
        }));
        Ok(lives)
    }

    /// Applies a revocation; returns it if it is new.
    pub(crate) async fn hear_revocation(
        &mut self,
        from: DivisionCode,
        revocation: &Revocation,
        received: &Received,
    ) -> Result<Option<Arc<Revocation>>, Fault> {
        let key = (revocation.division, revocation.key);
        let known = self.view.get::<tables::Revocations>(&key).await?;
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
        let detail = details::revoked_by(revocation.key, author, revocation.reason.said());
        self.raise(AlarmKind::KeyRevoked, Some(revocation.division), &detail)
            .await?;
        self.keep_revocation(record, Some(from)).await.map(Some)
    }

    async fn keep_revocation(
        &mut self,
        record: RevocationRecord,
        from: Option<DivisionCode>,
    ) -> Result<Arc<Revocation>, Fault> {
        let revocation = Arc::new(record.revocation.clone());
        self.view
            .put::<tables::Revocations>(&(revocation.division, revocation.key), &record);
        let tree = Arc::clone(&self.office.dependencies.tree);
        let me = self.office.me;
        let met = self.office.inbox().met().await?.into_iter();
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

    /// Queues the revocations that a neighbour may lack and may hear from here.
    pub(crate) async fn queue_missing_revocations(
        &mut self,
        neighbour: Neighbour,
        theirs: Option<Digest>,
    ) -> Result<(), Fault> {
        let records = tables::Revocations::all();
        let records = self.view.scan(records, usize::MAX).await?;
        let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
        let mine = revocation::digest(records.iter().map(|record| &record.revocation));
        if theirs == Some(mine) {
            return Ok(());
        }
        for record in &records {
            self.pass_on(neighbour.division(), record).await?;
        }
        Ok(())
    }

    /// Passes revocations on: to the parent those made here or below, to a child those made
    /// elsewhere, and to both their own, in case they lost them.
    async fn pass_on(
        &mut self,
        neighbour: DivisionCode,
        record: &RevocationRecord,
    ) -> Result<(), Fault> {
        let tree = &self.office.dependencies.tree;
        let mine = match self.office.parent == Some(neighbour) {
            true => tree.contains(self.office.me, record.by),
            false => !tree.contains(neighbour, record.by),
        };
        if !mine && record.by != neighbour {
            return Ok(());
        }
        let envelope = wire::decode_envelope(&record.bytes)
            .map_err(|_| RecordError::Damaged("revocation envelope"))?;
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
