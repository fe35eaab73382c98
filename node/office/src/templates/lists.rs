//! Lists of current versions: said by this node of its own templates, and watched of those above.

use std::sync::atomic::Ordering;

use api::TemplateListLine;
use domain::{
    actor::Actor,
    address::{Destination, Lane},
    alarm::{AlarmKind, details},
    envelope::Payload,
    saying::Saying,
    template::{self, ListFault, Listed, Scope, TemplateKey, TemplateList},
    time::Timestamp,
};
use records::table::{Table, Tables, View};
use topology::DivisionCode;

use super::{KnownTemplate, settle::Issued};
use crate::{
    Aborted, Fault, Office, Received,
    services::Templates,
    tables::{self, templates::ListRecord},
    unit_of_work::UnitOfWork,
};

/// So long after a version was issued the list is said, so that what happens together stands in one.
const QUIET_MS: i64 = 5_000;

/// Lists are looked at so often.
const AGAIN_MS: i64 = 3_600_000;

/// The alarms about a list.
const ALARMS: [AlarmKind; 2] = [AlarmKind::TemplateListExpired, AlarmKind::TemplatesMissing];

/// Returns the scope of a list: everybody at and below its issuer.
pub(super) fn everybody(issuer: DivisionCode) -> Scope {
    Scope::new(issuer, &[], &[])
}

impl Office {
    /// Returns whether the list of an issuer has run out here, or names what is not here.
    pub(super) async fn is_stale(
        &self,
        view: &mut Tables<impl View>,
        issuer: DivisionCode,
    ) -> Result<bool, Fault> {
        for kind in ALARMS {
            let alarm = view.get::<tables::Alarms>(&(Some(issuer), kind)).await?;
            if alarm.is_some_and(|alarm| alarm.settled.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Templates<'_> {
    /// Says the list of this node's current versions if it is time, and looks whether those of others ran out. Returns when to
    /// look again; `None` while there are no lists.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn tend_lists(self) -> Result<Option<Timestamp>, Aborted> {
        let said = self.say_list().await?;
        let watched = self.watch_lists().await?;
        Ok([said, watched].into_iter().flatten().min())
    }

    /// Says this node's list if it is time, or something changed. A node that never issued anything says none.
    async fn say_list(self) -> Result<Option<Timestamp>, Aborted> {
        let now = self.now();
        // What changed is said a little later; 0 if nothing did. A clock that was put back holds nothing up.
        let changed = self.list_changed.load(Ordering::Relaxed);
        let due = self.list_due.load(Ordering::Relaxed);
        let next = if changed > 0 { changed } else { due };
        if next == i64::MAX {
            return Ok(None);
        }
        if (now.0 + 1..=now.0 + template::LIST_EVERY_MS).contains(&next) {
            return Ok(Some(Timestamp(next)));
        }
        if self.dependencies.store.is_full() {
            return Ok(Some(Timestamp(now.0 + AGAIN_MS)));
        }
        let policy = self.policy_in_force().await?;
        let mut unit = self.begin(Actor::Rule("templates".to_owned())).await?;
        let listed = unit.own_versions().await?;
        self.list_changed.store(0, Ordering::Relaxed);
        if listed.is_empty() {
            // Whoever issues something later is reminded by that.
            self.list_due.store(i64::MAX, Ordering::Relaxed);
            return Ok(None);
        }
        let said = unit.view.get::<tables::TemplateLists>(&self.me).await?;
        let said = said.filter(|said| said.list.listed == listed);
        let mut next = template::list_is_due(said.map(|said| said.list.made_at), now);
        if next <= now {
            let days = policy.limits().list_days.value;
            let list = TemplateList::of(self.me, listed, unit.now, days);
            next = template::list_is_due(Some(list.made_at), now);
            unit.say_current(list).await?;
            unit.commit().await?;
        }
        self.list_due.store(next.0, Ordering::Relaxed);
        Ok(Some(next))
    }

    /// Looks at the lists of the divisions above, raises the alarm about those that ran out or name what did not come, and settles
    /// it where that is over.
    async fn watch_lists(self) -> Result<Option<Timestamp>, Aborted> {
        let now = self.now();
        // Negative if there was no list when they were looked at.
        let next = self.lists_watched.load(Ordering::Relaxed);
        if (now.0 + 1..=now.0 + AGAIN_MS).contains(&next.abs()) {
            return Ok((next > 0).then_some(Timestamp(next)));
        }
        let lists = self.list(tables::TemplateLists::all(), usize::MAX).await?;
        let above: Vec<_> = lists
            .into_iter()
            .filter(|(issuer, _)| *issuer != self.me)
            .collect();
        let next = now.0 + AGAIN_MS;
        let kept = if above.is_empty() { -next } else { next };
        self.lists_watched.store(kept, Ordering::Relaxed);
        // A clock that is not believed ends nothing.
        let judged = self.parent_since().is_some() && self.dependencies.clock.doubt().is_none();
        for (issuer, record) in above.iter().filter(|_| judged) {
            let fault = self.fault_of(record).await?;
            self.note_fault(*issuer, fault).await?;
        }
        Ok((!above.is_empty()).then_some(Timestamp(next)))
    }

    /// Returns what is wrong with what is known here of an issuer's templates.
    async fn fault_of(self, record: &ListRecord) -> Result<Option<ListFault>, Fault> {
        let mut view = self.read()?;
        let mut missing = vec![];
        for listed in &record.list.listed {
            let known = KnownTemplate::read(&mut view, &listed.key).await?;
            if !holds(&known, listed) {
                missing.push(listed);
            }
        }
        let missing = view.finish(missing).await?;
        let is_held = |listed: &Listed| !missing.contains(&listed);
        let here = (self.me, &**self.tree());
        let (list, heard_at) = (&record.list, record.heard_at);
        let (linked, now) = (self.parent_since(), self.now());
        Ok(template::list_fault(
            list, heard_at, here, linked, now, is_held,
        ))
    }

    /// Returns since when the parent is linked.
    fn parent_since(self) -> Option<Timestamp> {
        let parent = self.parent?;
        self.inbox().linked_since(parent)
    }

    /// Raises the alarm about what is wrong, and settles the one about what is not wrong any more.
    async fn note_fault(
        self,
        issuer: DivisionCode,
        fault: Option<ListFault>,
    ) -> Result<(), Aborted> {
        let told = fault.and_then(|fault| told(&fault));
        let mut changes = vec![];
        for kind in ALARMS {
            let stands = self.one::<tables::Alarms>(&(Some(issuer), kind)).await?;
            let stands = stands.is_some_and(|alarm| alarm.settled.is_none());
            let is_so = told.as_ref().filter(|(of, _)| *of == kind);
            if stands != is_so.is_some() {
                changes.push((kind, is_so.map(|(_, detail)| detail)));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let mut unit = self.begin(Actor::Rule("templates".to_owned())).await?;
        unit.view.is_outcome();
        for (kind, detail) in changes {
            match detail {
                Some(detail) => unit.raise(kind, Some(issuer), detail).await?,
                None => {
                    unit.settle_alarm(kind, Some(issuer)).await?;
                }
            }
        }
        unit.report_all_of(issuer).await?;
        unit.commit().await
    }

    /// Returns the lists of current versions that are known here, with what is wrong with them, by issuer.
    ///
    /// # Errors
    /// The store's.
    pub async fn lists(self) -> Result<Vec<TemplateListLine>, Fault> {
        let lists = self.list(tables::TemplateLists::all(), usize::MAX).await?;
        let mut lines = vec![];
        for (issuer, record) in lists {
            let fault = match issuer == self.me {
                true => None,
                false => self.fault_of(&record).await?,
            };
            let missing = match &fault {
                Some(ListFault::Behind(missing)) => missing.as_slice(),
                _ => &[],
            };
            let missing = missing.iter().map(|(key, _)| key.to_string()).collect();
            let list = &record.list;
            lines.push(TemplateListLine {
                issuer,
                versions: u32::try_from(list.listed.len())
                    .unwrap_or(u32::MAX)
                    .saturating_add(list.more),
                made_at_ms: list.made_at.0,
                heard_at_ms: record.heard_at.0,
                ends_at_ms: list.ends(record.heard_at).0,
                fault: fault.as_ref().map(ListFault::name),
                missing,
            });
        }
        Ok(lines)
    }
}

/// Returns the alarm about a fault, with its detail.
fn told(fault: &ListFault) -> Option<(AlarmKind, Saying)> {
    match fault {
        ListFault::Expired(at) => Some((AlarmKind::TemplateListExpired, details::list_expired(at))),
        ListFault::Behind(missing) => {
            let (first, version) = missing.first()?;
            let detail = details::templates_missing(first, version, missing.len());
            Some((AlarmKind::TemplatesMissing, detail))
        }
    }
}

/// Returns whether a listed version, or what came after it, is here.
fn holds(known: &KnownTemplate, listed: &Listed) -> bool {
    let base = known.template().map_or(0, |base| base.version);
    let word = known.rollout.as_ref().map(|record| &record.rollout);
    match listed.act {
        0 => base >= listed.version,
        act => {
            base >= listed.version
                || word.is_some_and(|word| {
                    word.number >= act || word.template.version > listed.version
                })
        }
    }
}

impl UnitOfWork<'_> {
    /// Something this node issues changed: its list is said anew a few seconds later.
    pub(super) fn list_changed(&mut self) {
        let at = self.now.0 + QUIET_MS;
        self.office.list_changed.store(at, Ordering::Relaxed);
        self.due_by(Timestamp(at));
    }

    /// Returns the current versions of this node's templates, the latest first.
    async fn own_versions(&mut self) -> Result<Vec<Listed>, Fault> {
        let mut all = vec![];
        for key in self.all_keys().await? {
            if key.issuer != self.office.me {
                continue;
            }
            let known = KnownTemplate::read(&mut self.view, &key).await?;
            if let Some(base) = known.template() {
                let listed = Listed {
                    key: key.clone(),
                    version: base.version,
                    scope: base.scope,
                    act: 0,
                };
                all.push((base.stamp, listed));
            }
            if let Some(record) = known.rollout() {
                let template = &record.rollout.template;
                let listed = Listed {
                    key,
                    version: template.version,
                    scope: template.scope,
                    act: record.rollout.number,
                };
                all.push((template.stamp, listed));
            }
        }
        all.sort_by_key(|(stamp, _)| std::cmp::Reverse(*stamp));
        Ok(all.into_iter().map(|(_, listed)| listed).collect())
    }

    async fn say_current(&mut self, mut list: TemplateList) -> Result<(), Fault> {
        let payload = Payload::TemplateList(Box::new(list.clone()));
        let scope = everybody(list.issuer);
        let destination = Destination::Scope(scope);
        let envelope = self.envelope(destination, Lane::Notice, payload).await?;
        list.stamp = envelope.stamp();
        self.keep_list(ListRecord {
            heard_at: self.now,
            bytes: wire::encode_envelope(&envelope),
            proof: None,
            epoch: envelope.epoch.id,
            list,
        })
        .await
    }

    async fn keep_list(&mut self, record: ListRecord) -> Result<(), Fault> {
        let issuer = record.list.issuer;
        self.view.put::<tables::TemplateLists>(&issuer, &record);
        let scope = everybody(issuer);
        self.pass_down(Issued {
            scope: &scope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
        })
        .await
    }

    /// Applies a list that came from above.
    pub(crate) async fn hear_list(
        &mut self,
        list: &TemplateList,
        received: &Received,
    ) -> Result<(), Fault> {
        let issuer = list.issuer;
        let known = self.view.get::<tables::TemplateLists>(&issuer).await?;
        let is_first = known.is_none();
        if known.is_some_and(|known| known.list.stamp >= list.stamp) {
            return Ok(());
        }
        self.keep_list(ListRecord {
            list: list.clone(),
            heard_at: self.now,
            bytes: received.bytes.clone(),
            proof: Some(received.proof.clone()),
            epoch: received.envelope.epoch.id,
        })
        .await?;
        if is_first {
            self.office.lists_watched.store(0, Ordering::Relaxed);
            self.due_by(self.now);
        }
        let kind = AlarmKind::TemplateListExpired;
        if self.now <= list.ends(self.now) && self.settle_alarm(kind, Some(issuer)).await? {
            self.report_all_of(issuer).await?;
        }
        Ok(())
    }

    /// Reports the adoption of all templates of an issuer again.
    async fn report_all_of(&mut self, issuer: DivisionCode) -> Result<(), Fault> {
        let keys: Vec<TemplateKey> = self.all_keys().await?;
        for key in keys.iter().filter(|key| key.issuer == issuer) {
            self.report_adoption(key).await?;
        }
        Ok(())
    }
}
