//! What this node does with the versions and the rollouts that it hears of.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use domain::{
    statement::Proof,
    template::{
        self, Effect, Reach, Rollout, RolloutState, Scope, Settled, Stance, Template, TemplateKey,
        TemplateRefusal,
    },
};
use records::table::{Table, Tables, View};
use store::record::RecordError;
use topology::{DivisionCode, Tree};
use wire::frame::TemplatesKnown;

use crate::{
    Fault, Received,
    tables::{
        self,
        templates::{RolloutRecord, TemplateRecord},
    },
    unit_of_work::{Carried, UnitOfWork},
};

/// What this node knows of one template: at least one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTemplate {
    /// The latest version for all.
    pub base: Option<TemplateRecord>,
    /// The latest word on a rollout.
    pub rollout: Option<RolloutRecord>,
}

impl KnownTemplate {
    /// Reads what is known of a template.
    pub(super) async fn read(
        view: &mut Tables<impl View>,
        key: &TemplateKey,
    ) -> Result<Self, Fault> {
        Ok(Self {
            base: view.get::<tables::Templates>(key).await?,
            rollout: view.get::<tables::Rollouts>(key).await?,
        })
    }

    /// Returns the latest version for all.
    pub fn template(&self) -> Option<&Template> {
        self.base.as_ref().map(|base| &base.template)
    }

    /// Returns the rollout, unless a version for all was issued after it.
    pub fn rollout(&self) -> Option<&RolloutRecord> {
        let rollout = self.rollout.as_ref();
        rollout.filter(|record| record.rollout.is_later_than(self.template()))
    }

    /// Returns the version that is told of, with this node's decision: that which is rolled out, else the latest for all. `None` if
    /// nothing is known.
    pub fn told(&self) -> Option<(&Template, Option<&Stance>)> {
        let rolled_back =
            |record: &RolloutRecord| record.rollout.act.state() == RolloutState::RolledBack;
        match (&self.base, self.rollout()) {
            (Some(base), None) => Some((&base.template, base.stance.as_ref())),
            (Some(base), Some(rollout)) if rolled_back(rollout) => {
                Some((&base.template, base.stance.as_ref()))
            }
            (_, Some(rollout)) => Some((&rollout.rollout.template, rollout.stance.as_ref())),
            (None, None) => None,
        }
    }

    /// Returns the highest number of a version that there is.
    pub fn version(&self) -> u32 {
        let rollout = self.rollout.as_ref();
        let rolled_out = rollout.map_or(0, |record| record.rollout.template.version);
        self.template()
            .map_or(0, |base| base.version)
            .max(rolled_out)
    }

    /// Returns the version that is in force, by the latest words, at a division with this node's knowledge of it.
    pub fn expected_at(&self, division: DivisionCode, tree: &Tree) -> Option<&Template> {
        let reaches = |rollout: &Rollout| {
            rollout.is_under_way(self.template())
                && rollout.part(division, true, tree) == template::Part::Takes
        };
        let rollout = self.rollout.as_ref().map(|record| &record.rollout);
        let rollout = rollout.filter(|rollout| reaches(rollout));
        rollout.map(|rollout| &rollout.template).or(self.template())
    }

    /// Returns the part of a scope that a rollout goes to, while one is under way.
    pub fn reach(&self) -> Option<&Reach> {
        let rollout = self.rollout.as_ref().map(|record| &record.rollout);
        let rollout = rollout.filter(|rollout| rollout.is_under_way(self.template()));
        rollout.map(|rollout| &rollout.reach)
    }
}

/// An envelope of an issuer, to be passed on to everybody in its scope.
pub(super) struct Issued<'a> {
    pub(super) scope: &'a Scope,
    pub(super) bytes: &'a Bytes,
    pub(super) proof: Option<&'a Proof>,
}

impl<'a> Issued<'a> {
    pub(super) fn template(record: &'a TemplateRecord) -> Self {
        Self {
            scope: &record.template.scope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
        }
    }

    pub(super) fn rollout(record: &'a RolloutRecord) -> Self {
        Self {
            scope: &record.rollout.template.scope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
        }
    }
}

impl UnitOfWork<'_> {
    /// Applies a template that came from above.
    pub(crate) async fn hear_template(
        &mut self,
        template: &Template,
        received: &Received,
    ) -> Result<(), Fault> {
        let known: Option<TemplateRecord> =
            self.view.get::<tables::Templates>(&template.key).await?;
        if known.is_some_and(|known| known.template.stamp >= template.stamp) {
            return Ok(());
        }
        self.keep_template(TemplateRecord {
            template: template.clone(),
            stance: None,
            bytes: received.bytes.clone(),
            proof: Some(received.proof.clone()),
            epoch: received.envelope.epoch.id,
        })
        .await
    }

    /// Applies the word on a rollout that came from above.
    pub(crate) async fn hear_rollout(
        &mut self,
        rollout: &Rollout,
        received: &Received,
    ) -> Result<(), Fault> {
        let key = &rollout.template.key;
        let known = self.view.get::<tables::Rollouts>(key).await?;
        let stamp = rollout.template.stamp;
        if known.is_some_and(|known| known.rollout.template.stamp >= stamp) {
            return Ok(());
        }
        self.keep_rollout(RolloutRecord {
            rollout: rollout.clone(),
            stance: None,
            bytes: received.bytes.clone(),
            proof: Some(received.proof.clone()),
            epoch: received.envelope.epoch.id,
        })
        .await
    }

    /// Keeps a version for all, forwards it, and decides on it.
    pub(super) async fn keep_template(&mut self, record: TemplateRecord) -> Result<(), Fault> {
        let key = record.template.key.clone();
        self.view.put::<tables::Templates>(&key, &record);
        self.pass_down(Issued::template(&record)).await?;
        self.settle_template(&key).await
    }

    /// Keeps the word on a rollout, forwards it, and decides on it.
    pub(super) async fn keep_rollout(&mut self, record: RolloutRecord) -> Result<(), Fault> {
        let key = record.rollout.template.key.clone();
        self.view.put::<tables::Rollouts>(&key, &record);
        self.pass_down(Issued::rollout(&record)).await?;
        if key.issuer == self.office.me {
            self.log_rollout(&record);
        }
        self.settle_template(&key).await
    }

    /// Forwards an envelope to every child in its scope that was met.
    pub(super) async fn pass_down(&mut self, issued: Issued<'_>) -> Result<(), Fault> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        for child in self.office.inbox().met().await? {
            if tree.parent(child) == Some(self.office.me) {
                self.forward(child, &issued).await?;
            }
        }
        Ok(())
    }

    async fn forward(&mut self, child: DivisionCode, issued: &Issued<'_>) -> Result<(), Fault> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        if issued.scope.count(child, &tree) == 0 {
            return Ok(());
        }
        let envelope = wire::decode_envelope(issued.bytes)
            .map_err(|_| RecordError::Damaged("template envelope"))?;
        let carried = Carried {
            envelope: &envelope,
            bytes: issued.bytes,
            proof: issued.proof,
            beside: 0,
            bodies: vec![],
        };
        self.queue(child, carried).await
    }

    /// Decides on a template after a word on it came, and on what waited for it.
    async fn settle_template(&mut self, key: &TemplateKey) -> Result<(), Fault> {
        let changed = self.settle_one(key, true).await?;
        if changed {
            self.reconsider().await?;
            self.note_demands().await?;
        }
        Ok(())
    }

    /// Decides on one template, after a `new` word on it or again. Returns whether something else is in force then.
    async fn settle_one(&mut self, key: &TemplateKey, new: bool) -> Result<bool, Fault> {
        let mut known = KnownTemplate::read(&mut self.view, key).await?;
        let before = known.clone();
        let in_force = self.in_force().await?;
        let tree = Arc::clone(&self.office.dependencies.tree);
        let settled = {
            let rollout = known.rollout.as_ref().map(|record| &record.rollout);
            template::settle(known.template(), rollout, &in_force, self.office.me, &tree)
        };
        let Settled {
            base,
            rollout,
            effect,
            suspended,
        } = settled;
        if let Some(record) = &mut known.base {
            record.stance = base;
        }
        if let Some(record) = &mut known.rollout {
            record.stance = rollout;
        }
        if !new && known == before {
            return Ok(false);
        }
        if let Some(record) = &known.base {
            self.view.put::<tables::Templates>(key, record);
        }
        if let Some(record) = &known.rollout {
            self.view.put::<tables::Rollouts>(key, record);
        }
        self.put_in_force(key, &known, effect);
        if let Some((template, stance)) = known.told() {
            self.news.template(template, stance);
        }
        self.report_adoption(key).await?;
        for (key, reason) in suspended {
            self.suspend(&key, reason).await?;
        }
        Ok(effect != Effect::Unchanged)
    }

    fn put_in_force(&mut self, key: &TemplateKey, known: &KnownTemplate, effect: Effect) {
        match (effect, &known.base, &known.rollout) {
            (Effect::Base, Some(record), _) => {
                self.view
                    .put::<tables::TemplatesInForce>(key, &record.template);
                self.log_template(record);
            }
            (Effect::Rollout, _, Some(record)) => {
                let template = &record.rollout.template;
                self.view.put::<tables::TemplatesInForce>(key, template);
                self.log_rolled_out(record);
            }
            (Effect::Nothing, _, rollout) => {
                self.view.delete::<tables::TemplatesInForce>(key);
                // The issuer has logged its act already.
                if let Some(record) = rollout.as_ref().filter(|_| key.issuer != self.office.me) {
                    self.log_rollout(record);
                }
            }
            _ => {}
        }
        self.new_policy |= effect != Effect::Unchanged && key.kind.is_policy();
    }

    /// Takes a template out of force that fitted only a version that was taken back.
    async fn suspend(&mut self, key: &TemplateKey, reason: TemplateRefusal) -> Result<(), Fault> {
        self.view.delete::<tables::TemplatesInForce>(key);
        self.new_policy |= key.kind.is_policy();
        let mut known = KnownTemplate::read(&mut self.view, key).await?;
        let applied = |stance: &Option<Stance>| *stance == Some(Stance::Applied);
        if let Some(record) = known.rollout.as_mut().filter(|one| applied(&one.stance)) {
            record.stance = Some(Stance::Refused(reason));
            self.view.put::<tables::Rollouts>(key, record);
        } else if let Some(record) = &mut known.base {
            record.stance = Some(Stance::Refused(reason));
            self.view.put::<tables::Templates>(key, record);
        }
        if let Some((template, stance)) = known.told() {
            self.news.template(template, stance);
        }
        self.report_adoption(key).await
    }

    pub(super) async fn in_force(&mut self) -> Result<BTreeMap<TemplateKey, Template>, Fault> {
        let in_force = tables::TemplatesInForce::all();
        let found = self.view.scan(in_force, usize::MAX).await?;
        Ok(found.into_iter().collect())
    }

    /// Decides again on refused templates after something came into force, until nothing changes.
    async fn reconsider(&mut self) -> Result<(), Fault> {
        loop {
            let mut lifted = false;
            for key in self.refused_for_now().await? {
                lifted |= self.settle_one(&key, false).await?;
            }
            if !lifted {
                return Ok(());
            }
        }
    }

    /// Returns the templates whose refusal may end by itself.
    async fn refused_for_now(&mut self) -> Result<Vec<TemplateKey>, Fault> {
        let waits = |stance: &Option<Stance>| matches!(stance, Some(Stance::Refused(reason)) if reason.may_pass());
        let templates = self.view.scan(tables::Templates::all(), usize::MAX).await?;
        let templates = templates
            .into_iter()
            .filter(|(_, record)| waits(&record.stance));
        let rollouts = self.view.scan(tables::Rollouts::all(), usize::MAX).await?;
        let rollouts = rollouts
            .into_iter()
            .filter(|(_, record)| waits(&record.stance));
        let mut keys: Vec<TemplateKey> = templates.map(|(key, _)| key).collect();
        keys.extend(rollouts.map(|(key, _)| key));
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Queues the templates, rollouts and lists that are missing in a child's greeting.
    pub(crate) async fn queue_missing_templates(
        &mut self,
        child: DivisionCode,
        has: &TemplatesKnown,
    ) -> Result<(), Fault> {
        let templates = self.view.scan(tables::Templates::all(), usize::MAX).await?;
        for (key, record) in templates {
            let known = has.latest.iter().find(|has| has.key == key);
            if known.is_none_or(|known| known.stamp < record.template.stamp) {
                self.forward(child, &Issued::template(&record)).await?;
            }
        }
        let rollouts = self.view.scan(tables::Rollouts::all(), usize::MAX).await?;
        for (key, record) in rollouts {
            let known = has.rollouts.iter().find(|has| has.key == key);
            if known.is_none_or(|known| known.stamp < record.rollout.template.stamp) {
                self.forward(child, &Issued::rollout(&record)).await?;
            }
        }
        let lists = tables::TemplateLists::all();
        for (issuer, record) in self.view.scan(lists, usize::MAX).await? {
            let known = has.lists.iter().find(|(of, _)| *of == issuer);
            if known.is_none_or(|(_, stamp)| *stamp < record.list.stamp) {
                let scope = super::lists::everybody(issuer);
                let issued = Issued {
                    scope: &scope,
                    bytes: &record.bytes,
                    proof: record.proof.as_ref(),
                };
                self.forward(child, &issued).await?;
            }
        }
        Ok(())
    }
}
