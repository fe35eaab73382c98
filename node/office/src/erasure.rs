//! Erasing what was written. Envelopes, journal and commitments stay; bodies, their salts and their
//! wraps go, here and wherever the matter was.

use api::Reach;
use bytes::Bytes;
use domain::{
    actor::Actor,
    audit::Subject,
    custody::{Docket, Refusal, Standing},
    ids::MatterId,
    matter::{Act, Erasure, Matter, Step},
    request::Ask,
    suite::Digest,
    time::Timestamp,
};
use records::outbox::queue::{body_key, body_prefix};
use serde::{Deserialize, Serialize};
use store::{Range, record};

use super::{
    Office, OfficeError, file_area::account, keys, matters::Work, sealing::Arrived,
    unit_of_work::UnitOfWork, uploads,
};
use crate::RequestContext;

/// That a node erased its own copies of a matter that another holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasedHere {
    at: Timestamp,
    actor: Actor,
    erasure: Erasure,
    /// Steps known then; their words are not taken again.
    steps: usize,
}

domain::records!(ErasedHere);

impl Office {
    /// Erases every word of a matter: as its holder wherever it was, otherwise this node's copies.
    /// Durable here when it returns.
    ///
    /// # Errors
    /// [`OfficeError::Refused`] while it is being handed over, or if nothing is left to erase.
    pub async fn erase(
        &self,
        id: MatterId,
        erasure: Erasure,
        by: impl Into<RequestContext>,
    ) -> Result<Reach, OfficeError> {
        let by = by.into();
        if self.erase_copies(id, erasure, &by).await? {
            return Ok(Reach::Here);
        }
        let erase = Work::Do(Act::Erase(erasure));
        self.work(id, erase, None, by, None).await?;
        Ok(Reach::Everywhere)
    }

    /// Erases the copies of a matter that is elsewhere; `false` if it is not.
    async fn erase_copies(
        &self,
        id: MatterId,
        erasure: Erasure,
        by: &RequestContext,
    ) -> Result<bool, OfficeError> {
        let mut unit = self.begin(by.clone()).await?;
        let known = unit.docket(id).await?;
        let docket = known.ok_or(OfficeError::NoSuchMatter(id))?;
        if docket.standing != Standing::Elsewhere {
            return Ok(false);
        }
        if unit.erase_bodies(id, &[]).await? == 0 {
            return Err(Refusal::ErasedAlready.into());
        }
        let erased = ErasedHere {
            at: unit.now,
            actor: by.actor().clone(),
            erasure,
            steps: docket.matter.steps.len(),
        };
        unit.subject = Some(Subject::Matter(id));
        unit.detail = Some("own copies erased".to_owned());
        unit.view.put(keys::erased_here(id), record::write(&erased));
        unit.commit().await?;
        Ok(true)
    }
}

impl UnitOfWork<'_> {
    /// Erases what a matter says was erased; what was said since stays.
    pub(super) async fn heed_erasure(&mut self, matter: &Matter) -> Result<(), OfficeError> {
        let erased: Vec<Digest> = matter.erased().collect();
        if erased.is_empty() {
            return Ok(());
        }
        let said_since: Vec<Digest> = matter
            .commitments()
            .filter(|commitment| !erased.contains(commitment))
            .collect();
        self.erase_bodies(matter.id, &said_since).await?;
        let erasure = |step: &Step| matches!(step.act, Act::Erase(_));
        let through = matter.steps.iter().rposition(erasure);
        self.drop_files_through(matter.id, through.unwrap_or_default())
            .await
    }

    /// Files of steps up to this one belong to nothing from now on. What opens them was in the bodies; the
    /// sealed bytes go with the next sweep.
    async fn drop_files_through(&mut self, id: MatterId, step: usize) -> Result<(), OfficeError> {
        let range = Range::prefix(&keys::files_of(id));
        let mut bytes = 0;
        for (key, file) in self.view.scan(range, usize::MAX, false).await? {
            let Some(of) = keys::step_of_file(&key) else {
                continue;
            };
            if usize::from(of) <= step {
                let file: uploads::Kept = record::read(&file)?;
                self.view.delete(keys::owner(&file.digest, &key));
                self.view.delete(key);
                bytes += file.sealed_bytes;
            }
        }
        match bytes {
            0 => Ok(()),
            bytes => account(&mut self.view, 0, bytes, None).await,
        }
    }

    /// Deletes the bodies of a matter but for some, words of requests among them; gives how many.
    async fn erase_bodies(
        &mut self,
        id: MatterId,
        but_for: &[Digest],
    ) -> Result<usize, OfficeError> {
        let kept: Vec<Bytes> = but_for.iter().map(|c| body_key(id, c)).collect();
        let range = Range::prefix(&body_prefix(id));
        let mut erased = 0;
        for (key, _) in self.view.scan(range, usize::MAX, false).await? {
            if !kept.contains(&key) {
                self.view.delete(key);
                erased += 1;
            }
        }
        Ok(erased)
    }

    /// Keeps the bodies of a matter that was taken, but for what was erased.
    pub(super) async fn keep_taken(
        &mut self,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<(), OfficeError> {
        self.heed_erasure(matter).await?;
        // Whoever holds it needs what is left of it.
        if self
            .view
            .peek(&keys::erased_here(matter.id))
            .await?
            .is_some()
        {
            self.view.delete(keys::erased_here(matter.id));
        }
        let erased: Vec<Digest> = matter.erased().collect();
        for (commitment, arrived) in bodies {
            if !erased.contains(commitment) {
                self.keep_arrived(matter.id, matter.suite, commitment, arrived)
                    .await?;
            }
        }
        Ok(())
    }

    /// Keeps the remarks that came beside a notice, but for what was erased; gives their keys.
    pub(super) async fn keep_heard(
        &mut self,
        known: Option<&Docket>,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<Vec<Bytes>, OfficeError> {
        if bodies.is_empty() {
            return Ok(vec![]);
        }
        let mut erased: Vec<Digest> = matter.erased().collect();
        erased.extend(known.iter().flat_map(|known| known.matter.erased()));
        let here: Option<ErasedHere> = self.read(&keys::erased_here(matter.id)).await?;
        if let Some(here) = here {
            let steps = matter.steps.iter().take(here.steps);
            erased.extend(steps.filter_map(|step| step.note));
        }
        let mut kept = vec![];
        for (commitment, arrived) in bodies.iter().filter(|(one, _)| !erased.contains(one)) {
            let key = self.keep_arrived(matter.id, matter.suite, commitment, arrived);
            kept.push(key.await?);
        }
        Ok(kept)
    }

    /// Whether a request was answered, or its words erased: they are not kept again.
    pub(super) async fn is_past(&mut self, ask: &Ask) -> Result<bool, OfficeError> {
        let known = self.docket(ask.matter).await?;
        Ok(known.is_some_and(|known| {
            known.answered.contains(&ask.id)
                || known.matter.erased().any(|erased| Some(erased) == ask.note)
        }))
    }
}
