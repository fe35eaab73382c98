//! What holds by templates, and what a draft would change.

use std::collections::{BTreeMap, BTreeSet};

use api::{EffectiveKind, EffectiveTemplates, ItemSample, TemplateDiff, TierChanges};
use domain::{
    disclosure::DutyState,
    template::{self, Template, TemplateKey, TemplateKind},
};
use records::table::Table;
use topology::DivisionCode;

use super::{KnownTemplate, NewTemplate};
use crate::{
    Failed, Fault, RefusalReason,
    services::Templates,
    tables::{self, matters::Partition},
};

/// The most open matters that are looked at for a draft of a policy.
const MOST_MATTERS: usize = 50_000;

/// The refusal of a division that is not at or below this node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not below this node; ask a node above it, or its own")]
pub struct NotBelow(pub DivisionCode);

impl RefusalReason for NotBelow {}

impl Templates<'_> {
    /// Returns every value that holds at this node, or at a division below as far as its templates are known here, of
    /// one kind or of all.
    ///
    /// # Errors
    /// [`NotBelow`] for a division elsewhere or without a node.
    pub async fn effective(
        self,
        division: Option<DivisionCode>,
        kind: Option<TemplateKind>,
    ) -> Result<EffectiveTemplates, Failed<NotBelow>> {
        let tree = self.tree();
        let division = division.unwrap_or(self.me);
        if !tree.contains(self.me, division) || !tree.has_node(division) {
            return Err(NotBelow(division).into());
        }
        let in_force: BTreeMap<TemplateKey, Template> = match division == self.me {
            true => {
                let found = self.list(tables::TemplatesInForce::all(), usize::MAX);
                found.await?.into_iter().collect()
            }
            false => template::in_force_at(division, &self.latest(division).await?, tree),
        };
        let kinds = TemplateKind::ALL.into_iter();
        let asked = kinds.filter(|one| kind.is_none_or(|kind| kind == *one));
        let values = |kind| {
            let values = template::effective_values(kind, &in_force, division, tree);
            EffectiveKind {
                kind,
                values: values.into_iter().map(Into::into).collect(),
            }
        };
        Ok(EffectiveTemplates {
            division,
            complete: division == self.me,
            kinds: asked.map(values).collect(),
        })
    }

    /// Returns the version of every template that is for a division by what is known here, whatever it decided on it.
    async fn latest(self, division: DivisionCode) -> Result<Vec<Template>, Fault> {
        let known = self.every().await?;
        let latest = known
            .iter()
            .filter_map(|known| known.expected_at(division, self.tree()));
        Ok(latest.cloned().collect())
    }

    /// Returns what is wrong with a draft and what it would change. Writes nothing.
    ///
    /// # Errors
    /// The store's.
    pub async fn diff(self, new: NewTemplate) -> Result<TemplateDiff, Fault> {
        let tree = self.tree();
        let known = self.latest(self.me).await?;
        let draft = self.draft_of(new).await?;
        let faults = template::faults(&draft, tree);
        let parsed = draft.check(tree).ok();
        let tiers = match parsed.is_some() {
            true => template::changes_of(&draft, &known, tree),
            false => vec![],
        };
        let items = parsed.map(|parsed| parsed.items).unwrap_or_default();
        let today = self.now().day();
        let samples = items.iter().map(|item| ItemSample::of(item, today));
        let entries: BTreeSet<&str> = tiers
            .iter()
            .flat_map(|at| &at.changes)
            .map(|change| &*change.subject.about)
            .collect();
        let (open_matters, (drafts, duties)) = match draft.key.kind {
            TemplateKind::Policy => (self.touched_matters(&entries).await?, (0, 0)),
            TemplateKind::Disclosure => (0, self.touched_disclosures(&entries).await?),
            _ => (0, (0, 0)),
        };
        Ok(TemplateDiff {
            key: draft.key.to_string(),
            version: draft.version,
            faults: faults.into_iter().map(Into::into).collect(),
            tiers: tiers.into_iter().map(TierChanges::from).collect(),
            open_matters,
            drafts,
            duties,
            samples: samples.collect(),
        })
    }

    /// Returns a draft as it would be issued, as far as that is known before it is.
    async fn draft_of(self, new: NewTemplate) -> Result<Template, Fault> {
        let now = self.now();
        let key = TemplateKey {
            issuer: self.me,
            kind: new.kind,
            name: new.name.into(),
        };
        let mut view = self.read()?;
        let held = KnownTemplate::read(&mut view, &key).await?;
        let version = view.finish(held).await?.version() + 1;
        Ok(Template {
            version,
            scope: template::Scope::new(self.me, &new.tiers, &new.kinds),
            title: new.title,
            content: new.content,
            issued_at: now,
            // Later than every version that is known.
            stamp: domain::address::Stamp(u64::MAX, u64::MAX),
            key,
        })
    }

    /// Counts the open matters held here in categories that change; all of them if a limit for all changes.
    async fn touched_matters(self, entries: &BTreeSet<&str>) -> Result<u32, Fault> {
        let open = tables::Index::under(&Partition::HeldOpen);
        let open = self.list(open, MOST_MATTERS).await?;
        let touched = open.iter().filter(|(_, line)| {
            entries.contains("") || entries.contains(line.category.to_string().as_str())
        });
        Ok(u32::try_from(touched.count()).unwrap_or(u32::MAX))
    }

    /// Counts the drafts and the duties of items that change.
    async fn touched_disclosures(self, entries: &BTreeSet<&str>) -> Result<(u32, u32), Fault> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let lines = self.disclosures().lines().await?;
        let drafts = lines.iter().filter(|line| line.stage.is_some());
        let drafts = drafts.filter(|line| entries.contains(&*line.item)).count();
        let duties = self.disclosures().duties(|_, duties| {
            let open = duties.iter().filter(|duty| {
                matches!(duty.state, DutyState::Due | DutyState::Overdue)
                    && entries.contains(&*duty.demand.item.name)
            });
            open.count()
        });
        Ok((count(drafts), count(duties.await?)))
    }
}
