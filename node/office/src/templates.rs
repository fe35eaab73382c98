//! Publishing, hearing, applying and forwarding templates, and summing up their adoption.

mod calendar;
mod in_force;
mod lag;
pub(crate) mod policies;
mod values;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use api::{StanceView, TemplateLine};
use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    envelope::{Destination, Lane, Payload, Stamp},
    ids::KeyId,
    template::{
        self, Adoption, AdoptionReport, BadTemplate, Expected, Scope, Stance, Template,
        TemplateKey, TemplateKind, TemplateRefusal, Verdict,
    },
    time::Timestamp,
};
use records::table::{Plain, Table};
use store::record::RecordError;
use topology::{DivisionCode, Tier, Tree, UnitKind};
use wire::frame::TemplateInForce;

pub use values::NotBelow;

pub use crate::tables::templates::TemplateRecord;
use crate::{
    Failed, Fault, Received, RefusalReason, RequestContext,
    services::Templates,
    tables::{
        self,
        templates::{AdoptionKey, AdoptionsOf},
    },
    unit_of_work::{Carried, UnitOfWork},
};

/// More versions than a store can lose when it goes back in time.
const MOST_LOST_VERSIONS: u32 = 1000;

/// A template to publish.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// Its kind.
    pub kind: TemplateKind,
    /// Its name, the last part of the key.
    pub name: String,
    /// Its title for people.
    pub title: String,
    /// Its content in TOML.
    pub content: String,
    /// The tiers in scope; empty for all.
    pub tiers: Vec<Tier>,
    /// The kinds of village-tier units in scope; empty for all.
    pub kinds: Vec<UnitKind>,
}

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
    /// Publishes a template, or its next version. Durable when it returns.
    pub async fn publish(
        self,
        new: NewTemplate,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<BadTemplate>> {
        let key = TemplateKey {
            issuer: self.me,
            kind: new.kind,
            name: new.name.into(),
        };
        let mut unit = self.begin(by).await?;
        let known = unit.version_of(&key).await?;
        let lost: u32 = unit
            .view
            .get::<tables::LostVersions>(&key)
            .await?
            .unwrap_or_default();
        let mut template = Template {
            key,
            version: known.max(lost) + 1,
            scope: Scope::new(self.me, &new.tiers, &new.kinds),
            title: new.title,
            content: new.content,
            issued_at: unit.now,
            // Later than what is in force, until its envelope gives it its own.
            stamp: Stamp(u64::MAX, u64::MAX),
        };
        template.check(&self.dependencies.tree)?;
        let in_force = unit.in_force().await?;
        let verdict = template::consider(&template, &in_force, &self.dependencies.tree);
        if let Verdict::Refused(TemplateRefusal::Loosens(clause)) = verdict {
            return Err(BadTemplate::Content(clause).into());
        }
        let payload = Payload::Template(Box::new(template.clone()));
        let destination = Destination::Scope(template.scope);
        let envelope = unit.envelope(destination, Lane::Notice, payload).await?;
        template.stamp = envelope.stamp();
        let bytes = wire::encode_envelope(&envelope);
        let epoch = envelope.epoch.id;
        let record = TemplateRecord {
            template: template.clone(),
            stance: None,
            bytes,
            proof: None,
            epoch,
        };
        unit.keep_template(record).await?;
        unit.commit().await?;
        Ok(template)
    }

    /// Returns all templates known to this node.
    pub async fn all(self) -> Result<Vec<TemplateRecord>, Fault> {
        let range = tables::Templates::all();
        let records = self.list(range, usize::MAX).await?;
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// Returns the adoption of the latest version of a template in this node's subtree.
    pub async fn adoption(self, key: &TemplateKey) -> Result<Adoption, Failed<NoSuchTemplate>> {
        let mut unit = self.reading().await?;
        let record: Option<TemplateRecord> = unit.view.get::<tables::Templates>(key).await?;
        let record = record.ok_or_else(|| NoSuchTemplate(key.to_string()))?;
        let adoption = unit.adoption(&record).await?;
        unit.view.wait_durable().await?;
        Ok(adoption)
    }

    /// Returns the adoption of the latest version at and below each child with nodes in scope, and through when the
    /// child told everything: what it has not reported since then did not happen. `None` if it never connected.
    ///
    /// # Errors
    /// [`NoSuchTemplate`].
    pub async fn rollout(
        self,
        key: &TemplateKey,
    ) -> Result<Vec<(DivisionCode, Adoption, Option<Timestamp>)>, Failed<NoSuchTemplate>> {
        let mut view = self.read()?;
        let record = view.get::<tables::Templates>(key).await?;
        let record = record.ok_or_else(|| NoSuchTemplate(key.to_string()))?;
        let rows = tables::Adoptions::under(&AdoptionsOf(key.clone()));
        let heard = view.scan(rows, usize::MAX).await?;
        view.finish(()).await?;
        let Template { version, scope, .. } = record.template;
        let expected = self.expectations.of(&scope, self.me, self.tree());
        let heard: Vec<_> = heard
            .iter()
            .map(|(AdoptionKey(_, child), report)| (*child, report))
            .collect();
        let children = template::adoption_by_child(key, version, &expected, &heard);
        let told = |child| self.inbox().told_through(child);
        let children = children.into_iter();
        Ok(children
            .map(|(child, adoption)| (child, adoption, told(child)))
            .collect())
    }

    pub(super) async fn versions(self) -> Result<Vec<TemplateInForce>, Fault> {
        let records = self.templates().all().await?;
        Ok(records
            .into_iter()
            .map(|record| TemplateInForce {
                key: record.template.key,
                version: record.template.version,
                stamp: record.template.stamp,
            })
            .collect())
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
    /// Applies a template that came from above.
    pub(super) async fn hear_template(
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

    /// Keeps a version, and decides on it if this node is in scope. Forwards it whatever the
    /// decision.
    async fn keep_template(&mut self, mut record: TemplateRecord) -> Result<(), Fault> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        let me = self.office.me;
        let template = &record.template;
        if template.scope.covers(me, &tree) {
            let in_force = self.in_force().await?;
            record.stance = Some(match template::consider(template, &in_force, &tree) {
                Verdict::Applied => {
                    self.view
                        .put::<tables::TemplatesInForce>(&template.key, template);
                    self.log_template(&record);
                    self.new_policy |= template.key.kind.is_policy();
                    Stance::Applied
                }
                Verdict::Refused(reason) => Stance::Refused(reason),
                Verdict::Old => Stance::Superseded,
            });
        }
        self.view.put::<tables::Templates>(&template.key, &record);
        self.news.template(&record.template, record.stance.as_ref());
        let applied = record.stance == Some(Stance::Applied);
        for child in self.office.inbox().met().await? {
            if tree.parent(child) == Some(me) {
                self.forward(child, &record).await?;
            }
        }
        self.report_adoption(&record).await?;
        if applied {
            self.reconsider().await?;
            self.note_demands().await
        } else {
            Ok(())
        }
    }

    async fn forward(&mut self, child: DivisionCode, record: &TemplateRecord) -> Result<(), Fault> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        if record.template.scope.count(child, &tree) == 0 {
            return Ok(());
        }
        let envelope = wire::decode_envelope(&record.bytes)
            .map_err(|_| RecordError::Damaged("template envelope"))?;
        let carried = Carried {
            envelope: &envelope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
            beside: 0,
            bodies: vec![],
        };
        self.queue(child, carried).await
    }

    async fn version_of(&mut self, key: &TemplateKey) -> Result<u32, Fault> {
        let record: Option<TemplateRecord> = self.view.get::<tables::Templates>(key).await?;
        Ok(record.map_or(0, |record| record.template.version))
    }

    /// Notes versions of this node's own templates that a child has and this store lost. Their
    /// numbers are not used again.
    pub(super) async fn note_lost_versions(
        &mut self,
        has: &[TemplateInForce],
    ) -> Result<(), Fault> {
        let mine = self.office.me;
        for TemplateInForce { key, version, .. } in has.iter().filter(|has| has.key.issuer == mine)
        {
            let known = self.version_of(key).await?;
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

    /// Reports the adoption of every template here and below again.
    pub(super) async fn resend_adoption(&mut self) -> Result<(), Fault> {
        let templates = tables::Templates::all();
        for (_, record) in self.view.scan(templates, usize::MAX).await? {
            self.report_adoption(&record).await?;
        }
        Ok(())
    }

    /// Queues the templates that are missing in a child's greeting.
    pub(super) async fn queue_missing_templates(
        &mut self,
        child: DivisionCode,
        has: &[TemplateInForce],
    ) -> Result<(), Fault> {
        let templates = tables::Templates::all();
        for (_, record) in self.view.scan(templates, usize::MAX).await? {
            let known = has.iter().find(|has| has.key == record.template.key);
            if known.is_none_or(|known| known.stamp < record.template.stamp) {
                self.forward(child, &record).await?;
            }
        }
        Ok(())
    }

    async fn in_force(&mut self) -> Result<BTreeMap<TemplateKey, Template>, Fault> {
        let in_force = tables::TemplatesInForce::all();
        let found = self.view.scan(in_force, usize::MAX).await?;
        Ok(found.into_iter().collect())
    }

    /// Decides again on refused templates after something came into force.
    async fn reconsider(&mut self) -> Result<(), Fault> {
        let found = self.view.scan(tables::Templates::all(), usize::MAX).await?;
        let mut waiting: Vec<TemplateRecord> = vec![];
        for (_, record) in found {
            if matches!(&record.stance, Some(Stance::Refused(reason)) if reason.may_pass()) {
                waiting.push(record);
            }
        }
        let templates: Vec<_> = waiting
            .iter()
            .map(|record| record.template.clone())
            .collect();
        let in_force = self.in_force().await?;
        let tree = Arc::clone(&self.office.dependencies.tree);
        let verdicts = template::reconsider(&templates, &in_force, &tree);
        for (mut record, verdict) in waiting.into_iter().zip(verdicts) {
            if verdict == Verdict::Applied {
                let key = &record.template.key;
                self.view
                    .put::<tables::TemplatesInForce>(key, &record.template);
                self.log_template(&record);
                self.new_policy |= key.kind.is_policy();
                record.stance = Some(Stance::Applied);
                self.view.put::<tables::Templates>(key, &record);
                self.news.template(&record.template, record.stance.as_ref());
                self.report_adoption(&record).await?;
            }
        }
        Ok(())
    }

    /// Applies a child's report on the adoption of a template below it.
    pub(super) async fn hear_adoption(
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
        match self.view.get::<tables::Templates>(&report.key).await? {
            Some(record) => self.report_adoption(&record).await,
            None => Ok(()),
        }
    }

    async fn adoption(&mut self, record: &TemplateRecord) -> Result<Adoption, Fault> {
        let Template {
            key,
            version,
            scope,
            ..
        } = &record.template;
        let me = self.office.me;
        let expected = self
            .office
            .expectations
            .of(scope, me, &self.office.dependencies.tree);
        let rows = tables::Adoptions::under(&AdoptionsOf(key.clone()));
        let heard = self.view.scan(rows, usize::MAX).await?;
        let heard = heard
            .iter()
            .map(|(AdoptionKey(_, child), report)| (*child, report));
        Ok(template::adoption(
            key,
            *version,
            me,
            &expected,
            record.stance.as_ref(),
            heard,
        ))
    }

    /// Reports the adoption of a template here and below to the parent, unless this node issued it.
    async fn report_adoption(&mut self, record: &TemplateRecord) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        if record.template.key.issuer == self.office.me {
            return Ok(());
        }
        let adoption = self.adoption(record).await?;
        let payload = Payload::Adoption(adoption.report(Stamp::default()));
        self.author(
            parent,
            Destination::Division(parent),
            Lane::Figures,
            payload,
        )
        .await
    }
}

impl From<&TemplateRecord> for TemplateLine {
    fn from(record: &TemplateRecord) -> Self {
        let template = &record.template;
        Self {
            key: template.key.to_string(),
            issuer: template.key.issuer,
            kind: template.key.kind,
            name: template.key.name.to_string(),
            version: template.version,
            title: template.title.clone(),
            tiers: template.scope.tiers(),
            kinds: template.scope.kinds(),
            issued_at_ms: template.issued_at.0,
            stance: match &record.stance {
                Some(Stance::Applied) => StanceView::Applied,
                Some(Stance::Refused(reason)) => StanceView::Refused {
                    reason: reason.to_string(),
                },
                Some(Stance::Superseded) => StanceView::Superseded,
                None => StanceView::NotInScope,
            },
        }
    }
}
