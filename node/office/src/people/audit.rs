//! The audit trail of a node.

use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    audit::{AuditEntry, AuditHead, BrokenTrail, Ending, Subject, Whence},
    people::Permission,
};
use store::{Range, record};

use super::{PeopleError, once};
use crate::{Office, OfficeError, RequestContext, keys, unit_of_work::UnitOfWork};

/// Entries read at a time.
const CHUNK: usize = 500;

impl UnitOfWork<'_> {
    /// What a person's decision leaves beside what it decides: its entry in the audit trail, and that
    /// it is not to be done again.
    pub(crate) async fn note_deed(&mut self) -> Result<(), OfficeError> {
        if !self.actor.is_person() {
            return Ok(());
        }
        if let (Some(request), Some(subject)) = (&self.request, &self.subject) {
            request.set_subject(subject.clone());
        }
        let deed = self.request.as_ref().map(|request| request.deed());
        self.enter(deed, Ending::Done).await?;
        if let Some(once) = self
            .request
            .as_ref()
            .and_then(|request| request.take_once())
        {
            once::remember(self, once).await?;
        }
        Ok(())
    }

    /// Adds an entry to the audit trail.
    pub(super) async fn enter(
        &mut self,
        deed: Option<Permission>,
        ending: Ending,
    ) -> Result<(), OfficeError> {
        let head: Option<AuditHead> = self.read(keys::AUDIT_HEAD).await?;
        let head = head.unwrap_or(AuditHead::EMPTY);
        let entry = AuditEntry {
            n: head.entries + 1,
            at: self.now,
            actor: self.actor.clone(),
            whence: self
                .request
                .as_ref()
                .map_or(Whence::Within, |request| request.whence),
            deed,
            subject: self.subject.clone(),
            ending,
            detail: self.detail.clone(),
            suite: self.office.dependencies.suite,
            previous: head.digest,
        };
        let bytes = record::write(&entry);
        let head = head
            .and(&entry, &bytes, self.office.me)
            .map_err(PeopleError::Trail)?;
        self.view.put(keys::audit(entry.n), bytes);
        self.view.put(keys::AUDIT_HEAD, record::write(&head));
        Ok(())
    }
}

impl Office {
    /// Writes down that somebody known tried what they may not.
    pub async fn note_denial(
        &self,
        by: impl Into<RequestContext>,
        deed: Permission,
        subject: Option<Subject>,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        unit.subject = subject;
        unit.enter(Some(deed), Ending::Denied).await?;
        unit.commit_bare().await?;
        Ok(())
    }

    /// Entries of the audit trail after number `after`, at most `limit`.
    pub async fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, OfficeError> {
        let found = self.audit_records(after, limit).await?;
        let entries = found.iter().map(|(_, bytes)| record::read(bytes));
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// Reads the whole audit trail and compares it with its end.
    ///
    /// # Errors
    /// [`BrokenTrail`] names the first entry that is missing or not what was written. What was cut off
    /// together with the end itself shows only against an end noted elsewhere.
    pub async fn verify_audit(&self) -> Result<AuditHead, OfficeError> {
        let verified = self.verified_audit().await;
        if let Err(OfficeError::People(PeopleError::Trail(broken))) = &verified {
            let detail = broken.to_string();
            self.raise_alarm(AlarmKind::AuditTrailBroken, None, &detail)
                .await?;
        }
        verified
    }

    async fn verified_audit(&self) -> Result<AuditHead, OfficeError> {
        let end = self.audit_head().await?;
        let mut head = AuditHead::EMPTY;
        while head.entries < end.entries {
            let chunk = CHUNK.min((end.entries - head.entries) as usize);
            let found = self.audit_records(head.entries, chunk).await?;
            if found.is_empty() {
                return Err(PeopleError::Trail(BrokenTrail::Missing(head.entries + 1)).into());
            }
            for (_, bytes) in found {
                let entry: AuditEntry = record::read(&bytes)
                    .map_err(|_| PeopleError::Trail(BrokenTrail::Changed(head.entries + 1)))?;
                head = head
                    .and(&entry, &bytes, self.me)
                    .map_err(PeopleError::Trail)?;
            }
        }
        if head != end {
            return Err(PeopleError::Trail(BrokenTrail::Changed(end.entries)).into());
        }
        let beyond = self.audit_records(end.entries, usize::MAX).await?.len() as u64;
        let now = self.audit_head().await?;
        if end.entries + beyond > now.entries {
            return Err(PeopleError::Trail(BrokenTrail::Beyond(now.entries)).into());
        }
        Ok(end)
    }

    async fn audit_head(&self) -> Result<AuditHead, OfficeError> {
        Ok(self
            .fetch(keys::AUDIT_HEAD)
            .await?
            .unwrap_or(AuditHead::EMPTY))
    }

    async fn audit_records(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, OfficeError> {
        let mut range = Range::prefix(keys::AUDIT);
        range.from = keys::audit(after.saturating_add(1));
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, limit, false).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value)
    }
}
