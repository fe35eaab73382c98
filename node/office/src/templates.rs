//! Publishing, hearing, applying and forwarding templates, and summing up their adoption.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use api::{StanceView, TemplateLine};
use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    envelope::{Destination, Lane, Payload, Stamp},
    ids::{EpochId, KeyId},
    statement::Proof,
    template::{
        self, Adoption, AdoptionReport, BadTemplate, Expected, Scope, Stance, Template,
        TemplateKey, TemplateKind, TemplateRefusal, Verdict,
    },
};
use serde::{Deserialize, Serialize};
use store::{Range, record};
use topology::{DivisionCode, Tier, Tree, UnitKind};
use wire::frame::TemplateInForce;

use super::{
    Office, OfficeError, Received, keys,
    unit_of_work::{Carried, UnitOfWork},
};
use crate::RequestContext;

/// More versions than a store loses when it goes back in time.
const MOST_LOST_VERSIONS: u32 = 1000;

/// What a template's author writes.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// What it is for.
    pub kind: TemplateKind,
    /// Its slug.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// TOML.
    pub content: String,
    /// For which tiers; empty for all.
    pub tiers: Vec<Tier>,
    /// For which kinds of village-tier units; empty for all.
    pub kinds: Vec<UnitKind>,
}

/// A template as this node has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// The latest version heard of.
    pub template: Template,
    /// What this node did with it; `None` if it is not in scope.
    pub stance: Option<Stance>,
    /// The author's exact words.
    pub(super) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(super) proof: Option<Proof>,
    pub(super) epoch: EpochId,
}

domain::records!(TemplateRecord);

/// How many nodes of a scope stand below each child, computed once per scope.
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

impl Office {
    /// Publishes a template, or its next version. Durable when it returns.
    pub async fn publish(
        &self,
        new: NewTemplate,
        by: impl Into<RequestContext>,
    ) -> Result<Template, OfficeError> {
        let key = TemplateKey {
            issuer: self.me,
            kind: new.kind,
            name: new.name.into(),
        };
        let mut unit = self.begin(by).await?;
        let known = unit.version_of(&key).await?;
        let lost: u32 = unit
            .read(&keys::lost_version(&key))
            .await?
            .unwrap_or_default();
        let mut template = Template {
            key,
            version: known.max(lost) + 1,
            scope: Scope::new(self.me, &new.tiers, &new.kinds),
            title: new.title,
            content: new.content,
            issued_at: unit.now,
            stamp: Stamp::default(),
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

    /// All templates this node has heard of.
    pub async fn templates(&self) -> Result<Vec<TemplateRecord>, OfficeError> {
        let range = Range::prefix(keys::TEMPLATES);
        let records = self.read_all(range, usize::MAX).await?;
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// How far the latest version of a template has come in this node's subtree.
    pub async fn adoption(&self, key: &TemplateKey) -> Result<Adoption, OfficeError> {
        let mut unit = self.unit(Actor::Rule("read".to_owned()).into()).await?;
        let record: Option<TemplateRecord> = unit.read(&keys::template(key)).await?;
        let record = record.ok_or_else(|| OfficeError::NoSuchTemplate(key.to_string()))?;
        let adoption = unit.adoption(&record).await?;
        unit.view.wait_durable().await?;
        Ok(adoption)
    }

    pub(super) async fn template_versions(&self) -> Result<Vec<TemplateInForce>, OfficeError> {
        let records = self.templates().await?;
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
        &self,
        statements: Vec<(DivisionCode, KeyId, Bytes)>,
    ) -> Result<(), OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        for (division, id, bytes) in statements {
            view.put(keys::key_statement(division, id), bytes);
        }
        // Lost ones are shown again; nothing is acknowledged by keeping them.
        let _not_awaited = view.submit().await?;
        Ok(())
    }

    /// The key statements kept, parents before children.
    pub async fn kept_keys(&self) -> Result<Vec<Bytes>, OfficeError> {
        let range = Range::prefix(keys::KEYS);
        let seen = self
            .dependencies
            .store
            .scan(self.me, range, usize::MAX, false)
            .await?;
        Ok(seen.value.into_iter().map(|(_, bytes)| bytes).collect())
    }
}

impl UnitOfWork<'_> {
    /// A template came from above.
    pub(super) async fn hear_template(
        &mut self,
        template: &Template,
        received: &Received,
    ) -> Result<(), OfficeError> {
        let known: Option<TemplateRecord> = self.read(&keys::template(&template.key)).await?;
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

    /// Keeps a version, decides on it if it is for this node, and carries it on whatever was
    /// decided.
    async fn keep_template(&mut self, mut record: TemplateRecord) -> Result<(), OfficeError> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        let me = self.office.me;
        let template = &record.template;
        if template.scope.covers(me, &tree) {
            let in_force = self.in_force().await?;
            record.stance = Some(match template::consider(template, &in_force, &tree) {
                Verdict::Applied => {
                    let key = keys::in_force(&template.key);
                    self.view.put(key, record::write(template));
                    self.new_policy |= template.key.kind == TemplateKind::Policy;
                    Stance::Applied
                }
                Verdict::Refused(reason) => Stance::Refused(reason),
                Verdict::Old => Stance::Superseded,
            });
        }
        self.view
            .put(keys::template(&template.key), record::write(&record));
        self.news.template(&record.template, record.stance.as_ref());
        let applied = record.stance == Some(Stance::Applied);
        for child in self.office.met().await? {
            if tree.parent(child) == Some(me) {
                self.forward(child, &record).await?;
            }
        }
        self.report_adoption(&record).await?;
        if applied {
            self.reconsider().await
        } else {
            Ok(())
        }
    }

    async fn forward(
        &mut self,
        child: DivisionCode,
        record: &TemplateRecord,
    ) -> Result<(), OfficeError> {
        let tree = Arc::clone(&self.office.dependencies.tree);
        if record.template.scope.count(child, &tree) == 0 {
            return Ok(());
        }
        let envelope = wire::decode_envelope(&record.bytes)
            .map_err(|_| record::RecordError::Damaged("template envelope"))?;
        let carried = Carried {
            envelope: &envelope,
            bytes: &record.bytes,
            proof: record.proof.as_ref(),
            beside: 0,
            bodies: vec![],
        };
        self.queue(child, carried).await
    }

    async fn version_of(&mut self, key: &TemplateKey) -> Result<u32, OfficeError> {
        let record: Option<TemplateRecord> = self.read(&keys::template(key)).await?;
        Ok(record.map_or(0, |record| record.template.version))
    }

    /// A child has versions of this node's own that its store does not know: it went back in time.
    /// Their numbers are not used again.
    pub(super) async fn note_lost_versions(
        &mut self,
        has: &[TemplateInForce],
    ) -> Result<(), OfficeError> {
        let mine = self.office.me;
        for TemplateInForce { key, version, .. } in has.iter().filter(|has| has.key.issuer == mine)
        {
            let known = self.version_of(key).await?;
            let lost: u32 = self
                .read(&keys::lost_version(key))
                .await?
                .unwrap_or_default();
            // What a child claims is believed only as far as it can be true.
            if (known.max(lost) + 1..=known + MOST_LOST_VERSIONS).contains(version) {
                let detail =
                    format!("{key}: version {version} was issued, this node knows {known}");
                self.raise(AlarmKind::TemplateVersionLost, None, &detail)
                    .await?;
                self.view
                    .put(keys::lost_version(key), record::write(version));
            }
        }
        Ok(())
    }

    /// Says again what became of every template here and below.
    pub(super) async fn resend_adoption(&mut self) -> Result<(), OfficeError> {
        let templates = Range::prefix(keys::TEMPLATES);
        for (_, bytes) in self.view.scan(templates, usize::MAX, false).await? {
            self.report_adoption(&record::read(&bytes)?).await?;
        }
        Ok(())
    }

    /// Queues what a child's greeting shows it has not heard.
    pub(super) async fn queue_missing_templates(
        &mut self,
        child: DivisionCode,
        has: &[TemplateInForce],
    ) -> Result<(), OfficeError> {
        for (_, bytes) in self
            .view
            .scan(Range::prefix(keys::TEMPLATES), usize::MAX, false)
            .await?
        {
            let record: TemplateRecord = record::read(&bytes)?;
            let known = has.iter().find(|has| has.key == record.template.key);
            if known.is_none_or(|known| known.stamp < record.template.stamp) {
                self.forward(child, &record).await?;
            }
        }
        Ok(())
    }

    async fn in_force(&mut self) -> Result<BTreeMap<TemplateKey, Template>, OfficeError> {
        let found = self
            .view
            .scan(Range::prefix(keys::IN_FORCE), usize::MAX, false)
            .await?;
        let mut in_force = BTreeMap::new();
        for (_, bytes) in found {
            let template: Template = record::read(&bytes)?;
            in_force.insert(template.key.clone(), template);
        }
        Ok(in_force)
    }

    /// Something came into force: what was refused for the lack of it is decided on again.
    async fn reconsider(&mut self) -> Result<(), OfficeError> {
        let found = self
            .view
            .scan(Range::prefix(keys::TEMPLATES), usize::MAX, false)
            .await?;
        let mut waiting: Vec<TemplateRecord> = vec![];
        for (_, bytes) in found {
            let record: TemplateRecord = record::read(&bytes)?;
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
                    .put(keys::in_force(key), record::write(&record.template));
                self.new_policy |= key.kind == TemplateKind::Policy;
                record.stance = Some(Stance::Applied);
                self.view.put(keys::template(key), record::write(&record));
                self.news.template(&record.template, record.stance.as_ref());
                self.report_adoption(&record).await?;
            }
        }
        Ok(())
    }

    /// A child said what became of a template below it.
    pub(super) async fn hear_adoption(
        &mut self,
        child: DivisionCode,
        report: &AdoptionReport,
    ) -> Result<(), OfficeError> {
        let key = keys::adoption(&report.key, child);
        let known: Option<AdoptionReport> = self.read(&key).await?;
        if known.is_some_and(|known| known.stamp >= report.stamp) {
            return Ok(());
        }
        self.view.put(key, record::write(report));
        match self
            .read::<TemplateRecord>(&keys::template(&report.key))
            .await?
        {
            Some(record) => self.report_adoption(&record).await,
            None => Ok(()),
        }
    }

    async fn adoption(&mut self, record: &TemplateRecord) -> Result<Adoption, OfficeError> {
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
        let prefix = keys::adoption_prefix(key);
        let mut heard = vec![];
        for (at, bytes) in self
            .view
            .scan(Range::prefix(&prefix), usize::MAX, false)
            .await?
        {
            let child = at.last_chunk::<8>().map(|code| u64::from_be_bytes(*code));
            if let Some(child) = child.and_then(DivisionCode::from_u64) {
                heard.push((child, record::read::<AdoptionReport>(&bytes)?));
            }
        }
        let heard = heard.iter().map(|(child, report)| (*child, report));
        Ok(template::adoption(
            key,
            *version,
            me,
            &expected,
            record.stance.as_ref(),
            heard,
        ))
    }

    /// Tells the parent how far a template has come here and below, unless this node issued it.
    async fn report_adoption(&mut self, record: &TemplateRecord) -> Result<(), OfficeError> {
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
