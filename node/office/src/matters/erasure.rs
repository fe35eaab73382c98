//! Erasure of texts. Envelopes, journal and commitments stay; bodies, their salts and their wraps
//! are deleted, here and at every division that had the matter.

use api::Reach;
use bytes::Bytes;
use domain::{
    audit::Subject,
    custody::{Docket, Refusal, Standing, Work},
    ids::MatterId,
    matter::{Act, Erasure, Matter, Step},
    request::Request,
    suite::Digest,
};
use records::{outbox::queue::Bodies, table::Table};

use super::sealing::{Arrived, SealingKeyFails};
use crate::tables::matters::ErasedHere;
use crate::{
    Failed, Fault, MatterRefusal, NoSuchMatter, RequestContext, files::area::account,
    services::Matters, tables, unit_of_work::UnitOfWork,
};

impl Matters<'_> {
    /// Erases all texts of a matter: everywhere if this node holds it, otherwise only this node's
    /// copies. Durable here when it returns.
    ///
    /// # Errors
    /// [`MatterRefusal::Rules`] while it is being handed over, or if nothing is left to erase.
    pub async fn erase(
        self,
        id: MatterId,
        erasure: Erasure,
        by: impl Into<RequestContext>,
    ) -> Result<Reach, Failed<MatterRefusal>> {
        let by = by.into();
        if self.erase_copies(id, erasure, &by).await? {
            return Ok(Reach::Here);
        }
        let erase = Work::Do(Act::Erase(erasure));
        self.work(id, erase, None, by, None).await?;
        Ok(Reach::Everywhere)
    }

    /// Erases the copies of a matter that another division holds; returns `false` if this node
    /// holds it.
    async fn erase_copies(
        self,
        id: MatterId,
        erasure: Erasure,
        by: &RequestContext,
    ) -> Result<bool, Failed<MatterRefusal>> {
        let mut unit = self.begin(by.clone()).await?;
        let known = unit.docket(id).await?;
        let docket = known.ok_or(NoSuchMatter(id))?;
        if docket.standing != Standing::Elsewhere {
            return Ok(false);
        }
        if unit.erase_bodies(id, &[]).await? == 0 {
            return Err(Refusal::ErasedAlready.into());
        }
        unit.close_leaves(id).await?;
        unit.view.delete::<tables::MaterialChecks>(&id);
        let erased = ErasedHere {
            at: unit.now,
            actor: by.actor().clone(),
            erasure,
            steps: docket.matter.steps.len(),
        };
        unit.subject = Some(Subject::Matter(id));
        unit.detail = Some("own copies erased".to_owned());
        unit.view.put::<tables::ErasedHere>(&id, &erased);
        unit.commit().await?;
        Ok(true)
    }
}

impl UnitOfWork<'_> {
    /// Erases the texts that the matter says were erased; later ones stay.
    pub(crate) async fn heed_erasure(&mut self, matter: &Matter) -> Result<(), Fault> {
        let erased: Vec<Digest> = matter.erased().collect();
        if erased.is_empty() {
            return Ok(());
        }
        let said_since: Vec<Digest> = matter
            .commitments()
            .filter(|commitment| !erased.contains(commitment))
            .collect();
        self.erase_bodies(matter.id, &said_since).await?;
        self.close_leaves(matter.id).await?;
        self.view.delete::<tables::MaterialChecks>(&matter.id);
        let erasure = |step: &Step| matches!(step.act, Act::Erase(_));
        let through = matter.steps.iter().rposition(erasure);
        self.drop_files_through(matter.id, through.unwrap_or_default())
            .await
    }

    /// Releases the files of the steps up to this one. Their keys were in the bodies; the next
    /// sweep deletes the sealed bytes.
    async fn drop_files_through(&mut self, id: MatterId, step: usize) -> Result<(), Fault> {
        let range = tables::Files::under(&id);
        let mut bytes = 0;
        for (key, file) in self.view.scan(range, usize::MAX).await? {
            let (_, no, _) = key;
            if usize::from(no.step) <= step {
                let owner = (file.digest, tables::Files::key(&key));
                self.view.delete::<tables::FileOwners>(&owner);
                self.view.delete::<tables::Files>(&key);
                bytes += file.sealed_bytes;
            }
        }
        match bytes {
            0 => Ok(()),
            bytes => account(&mut self.view, 0, bytes).await,
        }
    }

    /// Deletes the bodies of a matter except some, including the notes of requests; returns their
    /// number.
    async fn erase_bodies(&mut self, id: MatterId, but_for: &[Digest]) -> Result<usize, Fault> {
        let mut erased = 0;
        if self.view.get::<tables::OwnWords>(&id).await?.is_some() {
            self.view.delete::<tables::OwnWords>(&id);
            erased += 1;
        }
        for (key, _) in self.view.scan(Bodies::under(&id), usize::MAX).await? {
            let (_, commitment) = key;
            if !but_for.contains(&commitment) {
                self.view.delete::<Bodies>(&key);
                erased += 1;
            }
        }
        Ok(erased)
    }

    /// Keeps the bodies of a matter that was taken, except erased ones.
    pub(crate) async fn keep_taken(
        &mut self,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<(), Failed<SealingKeyFails>> {
        self.heed_erasure(matter).await?;
        // The holder needs the remaining ones.
        if self
            .view
            .get::<tables::ErasedHere>(&matter.id)
            .await?
            .is_some()
        {
            self.view.delete::<tables::ErasedHere>(&matter.id);
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

    /// Keeps the remarks that came beside a notice, except erased ones; returns their keys.
    pub(crate) async fn keep_heard(
        &mut self,
        known: Option<&Docket>,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<Vec<Bytes>, Failed<SealingKeyFails>> {
        if bodies.is_empty() {
            return Ok(vec![]);
        }
        let mut erased: Vec<Digest> = matter.erased().collect();
        erased.extend(known.iter().flat_map(|known| known.matter.erased()));
        let here: Option<ErasedHere> = self.view.get::<tables::ErasedHere>(&matter.id).await?;
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

    /// Returns whether a request was answered or its note erased; such a note is not kept again.
    pub(crate) async fn is_past(&mut self, request: &Request) -> Result<bool, Fault> {
        let known = self.docket(request.matter).await?;
        Ok(known.is_some_and(|known| {
            known.answered.contains(&request.id)
                || known
                    .matter
                    .erased()
                    .any(|erased| Some(erased) == request.note)
        }))
    }
}
