//! What became of templates at and below this node.

use domain::{
    address::Stamp,
    envelope::{Destination, Lane, Payload},
    template::{self, Adoption, AdoptionReport, OwnWord, TemplateKey},
    time::Timestamp,
};
use records::table::{Table, Tables, View};
use topology::DivisionCode;

use super::{KnownTemplate, NoSuchTemplate};
use crate::{
    Failed, Fault, Office,
    services::Templates,
    tables::{
        self,
        templates::{AdoptionKey, AdoptionsOf},
    },
    unit_of_work::UnitOfWork,
};

impl Templates<'_> {
    /// Returns the adoption, in this node's subtree, of the version of a template that is rolled out, else of the latest for all.
    ///
    /// # Errors
    /// [`NoSuchTemplate`].
    pub async fn adoption(self, key: &TemplateKey) -> Result<Adoption, Failed<NoSuchTemplate>> {
        let mut view = self.read()?;
        let known = KnownTemplate::read(&mut view, key).await?;
        let adoption = self.0.adoption(&mut view, &known).await?;
        let adoption = adoption.ok_or_else(|| NoSuchTemplate(key.to_string()))?;
        Ok(view.finish(adoption).await?)
    }

    /// Returns that adoption at and below each child with nodes in scope, and through when the
    /// child told everything: what it has not reported since then did not happen. `None` if it never connected.
    ///
    /// # Errors
    /// [`NoSuchTemplate`].
    pub async fn rollout(
        self,
        key: &TemplateKey,
    ) -> Result<Vec<(DivisionCode, Adoption, Option<Timestamp>)>, Failed<NoSuchTemplate>> {
        let mut view = self.read()?;
        let known = KnownTemplate::read(&mut view, key).await?;
        let (template, _) = known
            .told()
            .ok_or_else(|| NoSuchTemplate(key.to_string()))?;
        let rows = tables::Adoptions::under(&AdoptionsOf(key.clone()));
        let heard = view.scan(rows, usize::MAX).await?;
        view.finish(()).await?;
        let expected = self.expectations.of(&template.scope, self.me, self.tree());
        let heard: Vec<_> = heard
            .iter()
            .map(|(AdoptionKey(_, child), report)| (*child, report))
            .collect();
        let children = template::adoption_by_child(key, template.version, &expected, &heard);
        let told = |child| self.inbox().told_through(child);
        let children = children.into_iter();
        Ok(children
            .map(|(child, adoption)| (child, adoption, told(child)))
            .collect())
    }
}

impl Office {
    /// Sums up what became of a template here and below; `None` if nothing is known of it.
    async fn adoption(
        &self,
        view: &mut Tables<impl View>,
        known: &KnownTemplate,
    ) -> Result<Option<Adoption>, Fault> {
        let Some((template, stance)) = known.told() else {
            return Ok(None);
        };
        let (key, tree) = (&template.key, &self.dependencies.tree);
        let expected = self.expectations.of(&template.scope, self.me, tree);
        let stale = self.is_stale(view, key.issuer).await?;
        let rows = tables::Adoptions::under(&AdoptionsOf(key.clone()));
        let heard = view.scan(rows, usize::MAX).await?;
        let heard = heard
            .iter()
            .map(|(AdoptionKey(_, child), report)| (*child, report));
        let own = OwnWord { stance, stale };
        let version = template.version;
        Ok(Some(template::adoption(
            key, version, self.me, &expected, own, heard,
        )))
    }
}

impl UnitOfWork<'_> {
    /// Applies a child's report on the adoption of a template below it.
    pub(crate) async fn hear_adoption(
        &mut self,
        child: DivisionCode,
        report: &AdoptionReport,
    ) -> Result<(), Fault> {
        let key = AdoptionKey(report.key.clone(), child);
        let known = self.view.get::<tables::Adoptions>(&key).await?;
        if known.is_some_and(|known| known.stamp >= report.stamp) {
            return Ok(());
        }
        self.view.put::<tables::Adoptions>(&key, report);
        self.report_adoption(&report.key).await
    }

    /// Reports the adoption of a template here and below to the parent, unless this node issued it.
    pub(super) async fn report_adoption(&mut self, key: &TemplateKey) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        if key.issuer == self.office.me {
            return Ok(());
        }
        let known = KnownTemplate::read(&mut self.view, key).await?;
        let Some(adoption) = self.office.adoption(&mut self.view, &known).await? else {
            return Ok(());
        };
        let payload = Payload::Adoption(adoption.report(Stamp::default()));
        self.author(
            parent,
            Destination::Division(parent),
            Lane::Figures,
            payload,
        )
        .await
    }

    /// Reports the adoption of every template here and below again.
    pub(crate) async fn resend_adoption(&mut self) -> Result<(), Fault> {
        for key in self.all_keys().await? {
            self.report_adoption(&key).await?;
        }
        Ok(())
    }

    /// Returns the names of all templates that are known here.
    pub(super) async fn all_keys(&mut self) -> Result<Vec<TemplateKey>, Fault> {
        let templates = self.view.scan(tables::Templates::all(), usize::MAX).await?;
        let rollouts = self.view.scan(tables::Rollouts::all(), usize::MAX).await?;
        let rollouts = rollouts.into_iter().map(|(key, _)| key);
        let mut keys: Vec<_> = templates.into_iter().map(|(key, _)| key).collect();
        keys.extend(rollouts);
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}
