//! The audit trail of a node.

use domain::{
    alarm::{AlarmKind, details},
    audit::{AuditEntry, AuditHead, BrokenTrail, Ending, Subject, Whence},
    people::Permission,
};
use records::table::{Table, Written};

use super::idempotency;
use crate::{Aborted, Fault, RequestContext, services::People, tables, unit_of_work::UnitOfWork};

/// Entries read at a time.
const CHUNK: usize = 500;

impl UnitOfWork<'_> {
    /// Adds the records that accompany a person's decision: its entry in the audit trail, and its
    /// idempotency key.
    pub(crate) async fn note_done(&mut self) -> Result<(), Aborted> {
        if !self.actor.is_person() {
            return Ok(());
        }
        if let (Some(request), Some(subject)) = (&self.request, &self.subject) {
            request.set_subject(subject.clone());
        }
        let permission = self.request.as_ref().map(|request| request.permission());
        self.enter(permission, Ending::Done).await?;
        if let Some(idempotency) = self
            .request
            .as_ref()
            .and_then(|request| request.take_idempotency_key())
        {
            idempotency::remember(self, idempotency).await?;
        }
        Ok(())
    }

    /// Adds an entry to the audit trail.
    pub(super) async fn enter(
        &mut self,
        permission: Option<Permission>,
        ending: Ending,
    ) -> Result<(), Fault> {
        let head: Option<AuditHead> = self.view.get::<tables::AuditHead>(&()).await?;
        let head = head.unwrap_or(AuditHead::EMPTY);
        let entry = AuditEntry {
            n: head.entries + 1,
            at: self.now,
            actor: self.actor.clone(),
            whence: self
                .request
                .as_ref()
                .map_or(Whence::Within, |request| request.whence),
            permission,
            subject: self.subject.clone(),
            ending,
            detail: self.detail.clone(),
            suite: self.office.dependencies.suite,
            previous: head.digest,
        };
        let n = entry.n;
        let written = Written::of(&entry);
        let head = head.and(&entry, &written.bytes, self.office.me)?;
        self.view.put::<tables::AuditTrail>(&n, &written);
        self.view.put::<tables::AuditHead>(&(), &head);
        Ok(())
    }
}

impl People<'_> {
    /// Records that a known caller tried something without the permission.
    pub async fn note_denial(
        self,
        by: impl Into<RequestContext>,
        permission: Permission,
        subject: Option<Subject>,
    ) -> Result<(), Aborted> {
        let mut unit = self.begin(by).await?;
        unit.subject = subject;
        unit.enter(Some(permission), Ending::Denied).await?;
        unit.commit_bare().await?;
        Ok(())
    }

    /// Returns entries of the audit trail after number `after`, at most `limit`.
    pub async fn audit(self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Fault> {
        let found = self.audit_records(after, limit).await?;
        let entries = found.iter().map(|(_, written)| written.read());
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// Reads the whole audit trail and compares it with its end.
    ///
    /// # Errors
    /// [`BrokenTrail`] names the first entry that is missing or differs from what was written. If
    /// entries were cut off together with the recorded end, only an end noted elsewhere shows it.
    pub async fn verify_audit(self) -> Result<AuditHead, Aborted> {
        let verified = self.verified_audit().await;
        if let Err(Fault::Trail(broken)) = &verified {
            let detail = match broken {
                BrokenTrail::Missing(entry) => details::trail_missing(entry),
                BrokenTrail::Changed(entry) => details::trail_changed(entry),
                BrokenTrail::Beyond(entry) => details::trail_beyond(entry),
            };
            self.alarms()
                .raise(AlarmKind::AuditTrailBroken, None, &detail)
                .await?;
        }
        Ok(verified?)
    }

    async fn verified_audit(self) -> Result<AuditHead, Fault> {
        let end = self.audit_head().await?;
        let mut head = AuditHead::EMPTY;
        while head.entries < end.entries {
            let chunk = CHUNK.min((end.entries - head.entries) as usize);
            let found = self.audit_records(head.entries, chunk).await?;
            if found.is_empty() {
                return Err(BrokenTrail::Missing(head.entries + 1).into());
            }
            for (_, written) in found {
                let entry = written
                    .read()
                    .map_err(|_| BrokenTrail::Changed(head.entries + 1))?;
                head = head.and(&entry, &written.bytes, self.me)?;
            }
        }
        if head != end {
            return Err(BrokenTrail::Changed(end.entries).into());
        }
        let beyond = self.audit_records(end.entries, usize::MAX).await?.len() as u64;
        let now = self.audit_head().await?;
        if end.entries + beyond > now.entries {
            return Err(BrokenTrail::Beyond(now.entries).into());
        }
        Ok(end)
    }

    async fn audit_head(self) -> Result<AuditHead, Fault> {
        Ok(self
            .one::<tables::AuditHead>(&())
            .await?
            .unwrap_or(AuditHead::EMPTY))
    }

    async fn audit_records(
        self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Written<AuditEntry>)>, Fault> {
        let rows = tables::AuditTrail::all().after(Some(&after));
        self.list(rows, limit).await
    }
}
