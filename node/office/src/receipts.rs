//! The signed words that are kept of each matter: a division's latest to this node, and its latest of
//! before it was opened again. They are the receipts (`docs/decisions/0006-receipts.md`).

use bytes::Bytes;
use domain::{
    custody::Standing,
    envelope::{Destination, Lane, Payload},
    ids::MatterId,
    matter::{Matter, Version},
    receipt::{self, Evidence, Line, Opening},
    statement::Proof,
};
use serde::{Deserialize, Serialize};
use store::{Range, record};

use super::{Office, OfficeError, Received, keys, unit_of_work::UnitOfWork};
use crate::RequestContext;

/// A word as its author signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    version: Version,
    closed: bool,
    bytes: Bytes,
    proof: Proof,
}

domain::records!(Kept);

impl Office {
    /// The words that are kept of a matter, and this node's own. What is handed out is durable.
    ///
    /// # Errors
    /// [`OfficeError::NoSuchMatter`], or what the store says.
    pub async fn words(
        &self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<Evidence, OfficeError> {
        let mut unit = self.begin(by).await?;
        let docket = unit.docket(id).await?;
        let matter = docket.ok_or(OfficeError::NoSuchMatter(id))?.matter;
        let range = Range::prefix(&keys::words(id));
        let kept = unit.view.scan(range, usize::MAX, false).await?;
        let kept = kept.iter().map(|(_, bytes)| record::read::<Kept>(bytes));
        let mut kept = kept.collect::<Result<Vec<_>, _>>()?;
        kept.sort_by_key(|kept| kept.version);
        let own = match matter.acted().contains(&self.me) {
            true => Some(unit.own_word(matter).await?),
            false => None,
        };
        let words = Evidence {
            at: unit.now,
            kept: kept
                .into_iter()
                .map(|kept| (kept.bytes, kept.proof))
                .collect(),
            own,
            epoch: unit.ledger.epoch.id,
        };
        unit.commit().await?;
        Ok(words)
    }

    /// What opens the commitment to what the person wrote, while that is held here.
    ///
    /// # Errors
    /// [`OfficeError::NoOpening`] where it is not, or not any more; or what the store says.
    pub async fn opening(&self, id: MatterId) -> Result<Opening, OfficeError> {
        let docket = self.docket(id).await?;
        let docket = docket.ok_or(OfficeError::NoSuchMatter(id))?;
        let matter = docket.matter;
        if docket.standing != Standing::Holding {
            return Err(OfficeError::NoOpening(id));
        }
        let body = self.paper(&matter, &matter.body).await?;
        let body = body.ok_or(OfficeError::NoOpening(id))?;
        Ok(Opening::of(id, matter.suite, &body))
    }

    /// Which receipts of a matter can be had here.
    pub(super) async fn receipt_lines(&self, matter: &Matter) -> Result<Vec<Line>, OfficeError> {
        let store = &self.dependencies.store;
        let range = Range::prefix(&keys::words(matter.id));
        let seen = store.scan(self.me, range, usize::MAX, false).await?;
        store.wait_durable(seen.generation).await?;
        let mut signed = vec![(self.me, matter.version)];
        for (key, bytes) in seen.value {
            let author = keys::word_author(&key).ok_or(record::RecordError::Damaged("word"))?;
            signed.push((author, record::read::<Kept>(&bytes)?.version));
        }
        Ok(receipt::lines(matter, &signed, self.tree()))
    }
}

impl UnitOfWork<'_> {
    /// Keeps a word that was said to this node, if it is later than what is kept of its author.
    pub(super) async fn keep_word(
        &mut self,
        matter: &Matter,
        received: &Received,
    ) -> Result<(), OfficeError> {
        let author = received.envelope.author;
        let known = self.docket(matter.id).await?;
        if !known.is_some_and(|known| receipt::is_of(&known.matter, matter, author)) {
            return Ok(());
        }
        let latest = keys::latest_word(matter.id, author);
        if let Some(before) = self.read::<Kept>(&latest).await? {
            if before.version >= matter.version {
                return Ok(());
            }
            if before.closed && !matter.is_closed() {
                let ended = keys::ended_word(matter.id, author);
                self.view.put(ended, record::write(&before));
            }
        }
        let kept = Kept {
            version: matter.version,
            closed: matter.is_closed(),
            bytes: received.bytes.clone(),
            proof: received.proof.clone(),
        };
        self.view.put(latest, record::write(&kept));
        Ok(())
    }

    /// What this node knows of a matter, said to itself. It counts among what this life issued, so
    /// that no store that went back in time says it twice.
    async fn own_word(&mut self, matter: Matter) -> Result<Bytes, OfficeError> {
        let to = Destination::Division(self.office.me);
        let payload = Payload::Notice(Box::new(matter));
        let envelope = self.envelope(to, Lane::Notice, payload).await?;
        Ok(wire::encode_envelope(&envelope))
    }
}
