//! Publishing, hearing, applying and forwarding templates, their rollouts and lists, and summing up their adoption.

mod adopted;
mod calendar;
mod in_force;
mod lag;
mod lists;
pub(crate) mod policies;
mod proposals;
mod rollouts;
mod settle;
#[cfg(test)]
mod tests;
mod values;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    ids::KeyId,
    template::{Expected, Scope, Template},
};
use records::table::{Plain, Table};
use topology::{DivisionCode, Tree};
use wire::frame::{TemplateInForce, TemplatesKnown};

pub use domain::template::NewTemplate;
pub use rollouts::{NotPublished, NotRolledOut};
pub use settle::KnownTemplate;
pub use values::NotBelow;

pub use crate::tables::templates::{RolloutRecord, TemplateRecord};
use crate::{Fault, RefusalReason, services::Templates, tables, unit_of_work::UnitOfWork};

/// More versions than a store can lose when it goes back in time.
const MOST_LOST_VERSIONS: u32 = 1000;

/// The refusal of a template that this node does not know; holds its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no template {0} at this node; `wujitong template list` shows what it knows")]
pub struct NoSuchTemplate(pub String);

impl RefusalReason for NoSuchTemplate {}

/// The number of nodes in each scope below each child, computed once per scope.
#[derive(Default)]
pub(super) struct Expectations(Mutex<HashMap<Scope, Arc<Expected>>>);

impl Expectations {
    fn of(&self, scope: &Scope, me: DivisionCode, tree: &Tree) -> Arc<Expected> {
        let mut known = self.0.lock().expect("no holder panics");
        Arc::clone(
            known
                .entry(*scope)
                .or_insert_with(|| Arc::new(Expected::of(scope, me, tree))),
        )
    }
}

impl Templates<'_> {
    /// Returns the latest versions for all that are known to this node.
    pub async fn all(self) -> Result<Vec<TemplateRecord>, Fault> {
        let range = tables::Templates::all();
        let records = self.list(range, usize::MAX).await?;
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// Returns what this node knows of templates, for a greeting.
    pub(super) async fn versions(self) -> Result<TemplatesKnown, Fault> {
        let known = |template: &Template| TemplateInForce {
            key: template.key.clone(),
            version: template.version,
            stamp: template.stamp,
        };
        let mut view = self.read()?;
        let templates = view.scan(tables::Templates::all(), usize::MAX).await?;
        let rollouts = view.scan(tables::Rollouts::all(), usize::MAX).await?;
        let lists = view.scan(tables::TemplateLists::all(), usize::MAX).await?;
        view.finish(()).await?;
        Ok(TemplatesKnown {
            latest: templates
                .iter()
                .map(|(_, record)| known(&record.template))
                .collect(),
            rollouts: rollouts
                .iter()
                .map(|(_, record)| known(&record.rollout.template))
                .collect(),
            lists: lists
                .iter()
                .map(|(issuer, record)| (*issuer, record.list.stamp))
                .collect(),
        })
    }

    /// Keeps key statements of other divisions for the next start.
    pub async fn keep_keys(
        self,
        statements: Vec<(DivisionCode, KeyId, Bytes)>,
    ) -> Result<(), Fault> {
        let mut view = self.tables();
        for (division, id, bytes) in statements {
            view.put::<tables::KeyStatements>(&(division, id), &Plain(bytes));
        }
        // Also while the disk is full for new work: the ring knows them from now on, and what it knows is not kept
        // again.
        view.is_outcome();
        // Lost statements are shown again; keeping them acknowledges nothing.
        let _not_awaited = view.submit().await?;
        Ok(())
    }

    /// Returns the kept key statements, parents before children.
    pub async fn kept_keys(self) -> Result<Vec<Bytes>, Fault> {
        let kept = self.list(tables::KeyStatements::all(), usize::MAX).await?;
        Ok(kept.into_iter().map(|(_, statement)| statement.0).collect())
    }
}

impl UnitOfWork<'_> {
    /// Notes versions of this node's own templates that a child has and this store lost. Their
    /// numbers are not used again.
    pub(super) async fn note_lost_versions(&mut self, has: &TemplatesKnown) -> Result<(), Fault> {
        let mine = self.office.me;
        let has = has.latest.iter().chain(&has.rollouts);
        for TemplateInForce { key, version, .. } in has.filter(|has| has.key.issuer == mine) {
            let known = KnownTemplate::read(&mut self.view, key).await?.version();
            let lost: u32 = self
                .view
                .get::<tables::LostVersions>(key)
                .await?
                .unwrap_or_default();
            // A child's claim is believed only within plausible limits.
            if (known.max(lost) + 1..=known + MOST_LOST_VERSIONS).contains(version) {
                let detail = details::version_lost(key, version, known);
                self.raise(AlarmKind::TemplateVersionLost, None, &detail)
                    .await?;
                self.view.put::<tables::LostVersions>(key, version);
            }
        }
        Ok(())
    }
}
