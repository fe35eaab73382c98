//! The audit trail of a node.

use domain::{
    alarm::{AlarmKind, details},
    audit::{AuditEntry, AuditFilter, AuditHead, BrokenTrail, Ending, Subject, Whence},
    people::Permission,
};
use records::table::{Table, Written};

use super::idempotency;
use crate::{
    Aborted, Failed, Fault, RefusalReason, RequestContext, services::People, tables,
    unit_of_work::UnitOfWork,
};

/// Entries read at a time.
const CHUNK: usize = 500;
/// The most entries read for one page.
const MOST_READ: usize = 20_000;
/// The most entries of an export.
pub const MOST_EXPORTED: usize = 20_000;
/// The most entries read for an export.
const MOST_READ_FOR_EXPORT: usize = 500_000;

/// A page of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEntries {
    /// The entries that the filter takes.
    pub entries: Vec<AuditEntry>,
    /// The number of the last entry that was read; `None` at the end of the trail.
    pub next: Option<u64>,
}

/// The reason why nothing is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportRefusal {
    /// Too many entries match.
    #[error("more than {MOST_EXPORTED} entries match; choose fewer days, or a narrower filter")]
    TooMany,
    /// Too many entries would have to be read; it was read up to this one.
    #[error(
        "more than {MOST_READ_FOR_EXPORT} entries would have to be read, and the search came to entry {0}; \
         export in parts, and name the entry after which each begins"
    )]
    TooLong(u64),
}

impl RefusalReason for ExportRefusal {}

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
    pub(crate) async fn enter(
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

    /// Returns entries of the audit trail after number `after` that a filter takes, at most `limit`. Reads
    /// at most 20,000 entries, from one snapshot and without the turn.
    pub async fn find_audit(
        self,
        filter: &AuditFilter,
        after: u64,
        limit: usize,
    ) -> Result<FoundEntries, Fault> {
        self.search_audit(filter, after, (limit, MOST_READ)).await
    }

    /// Returns all entries of the audit trail after number `after` that a filter takes, for a copy outside the
    /// node. The entry that `by` exported them is durable before this returns, and is not among them. They are
    /// read from one snapshot and without the turn.
    ///
    /// # Errors
    /// [`ExportRefusal`] if there are more than 20,000, or more than 500,000 would have to be read.
    pub async fn export_audit(
        self,
        filter: &AuditFilter,
        after: u64,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<AuditEntry>, Failed<ExportRefusal>> {
        let bounds = (MOST_EXPORTED + 1, MOST_READ_FOR_EXPORT);
        let found = self.search_audit(filter, after, bounds).await;
        let FoundEntries { entries, next } = found.map_err(Aborted::from)?;
        if entries.len() > MOST_EXPORTED {
            return Err(ExportRefusal::TooMany.into());
        }
        if let Some(read) = next {
            return Err(ExportRefusal::TooLong(read).into());
        }
        let mut unit = self.begin(by).await?;
        let begins = (after > 0).then(|| format!(", after {after}"));
        let said = Some(filter.to_string()).filter(|said| !said.is_empty());
        let said = said.map(|said| format!(", {said}"));
        unit.detail = Some(format!(
            "audit trail exported: {} entries{}{}",
            entries.len(),
            begins.unwrap_or_default(),
            said.unwrap_or_default()
        ));
        unit.commit().await?;
        Ok(entries)
    }

    /// Reads entries until there are enough (the first bound), or until enough were read (the second).
    async fn search_audit(
        self,
        filter: &AuditFilter,
        after: u64,
        (limit, most_read): (usize, usize),
    ) -> Result<FoundEntries, Fault> {
        let mut view = self.read()?;
        let (mut entries, mut last, mut read) = (vec![], after, 0);
        let next = loop {
            // One more than is looked at, so that the end of the trail is known for the end.
            let chunk = CHUNK.min(most_read - read);
            let rows = tables::AuditTrail::all().after(Some(&last));
            let found = view.scan(rows, chunk + 1).await?;
            let is_end = found.len() <= chunk;
            for (n, written) in found.into_iter().take(chunk) {
                if entries.len() == limit {
                    break;
                }
                let entry = written.read()?;
                (last, read) = (n, read + 1);
                if filter.takes(&entry) {
                    entries.push(entry);
                }
            }
            if is_end && entries.len() < limit {
                break None;
            }
            if entries.len() == limit || read == most_read {
                let rows = tables::AuditTrail::all().after(Some(&last));
                let goes_on = !view.scan::<tables::AuditTrail>(rows, 1).await?.is_empty();
                break goes_on.then_some(last);
            }
        };
        Ok(view.finish(FoundEntries { entries, next }).await?)
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
