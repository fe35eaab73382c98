//! What this node does with the rollouts of its own templates.

use api::{RolloutView, StanceView, TemplateLine};
use domain::{
    address::{Lane, Stamp},
    audit::Subject,
    envelope::{Destination, Payload},
    template::{
        self, BadTemplate, Next, ProposalRefusal, Reach, Rollout, RolloutAct, RolloutAsk,
        RolloutRefusal, RolloutState, Stance, Template, TemplateKey, TemplateRefusal, Verdict,
    },
};

use super::{KnownTemplate, NewTemplate, NoSuchTemplate};
use crate::{
    Failed, Fault, RefusalReason, RequestContext,
    services::Templates,
    tables::{
        self,
        templates::{RolloutRecord, TemplateRecord},
    },
    unit_of_work::UnitOfWork,
};

/// The reason why nothing was published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// The template is bad.
    #[error(transparent)]
    Template(#[from] BadTemplate),
    /// It cannot go to a part of its scope first.
    #[error(transparent)]
    Rollout(#[from] RolloutRefusal),
    /// Two people are needed.
    #[error(transparent)]
    Proposal(#[from] ProposalRefusal),
}

impl RefusalReason for NotPublished {}

/// The reason why a rollout does not go on as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRolledOut {
    /// This node does not know the template.
    #[error(transparent)]
    Unknown(#[from] NoSuchTemplate),
    /// Another division issues the template.
    #[error("{0} is issued by another division; only that division says how it is rolled out")]
    NotOurs(TemplateKey),
    /// It does not follow what was said before.
    #[error(transparent)]
    Rollout(#[from] RolloutRefusal),
    /// The earlier text does not fit what is in force now.
    #[error(transparent)]
    Template(#[from] BadTemplate),
}

impl RefusalReason for NotRolledOut {}

impl Templates<'_> {
    /// Publishes a template, or its next version, for all in scope, without a second person. Ends a rollout. Durable when it returns.
    ///
    /// # Errors
    /// [`NotPublished`]: a bad template, or somebody who needs a second person.
    pub async fn publish(
        self,
        new: NewTemplate,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<NotPublished>> {
        self.publish_alone(new, None, by).await
    }

    /// Publishes a template as [`Self::publish`] does, to a part of its scope first. The version before stays in force for
    /// all others. Durable when it returns.
    ///
    /// # Errors
    /// [`NotPublished`]; also a reach that is not fit, or a rollout that has not ended.
    pub async fn publish_first(
        self,
        new: NewTemplate,
        reach: Reach,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<NotPublished>> {
        self.publish_alone(new, Some(reach), by).await
    }

    async fn publish_alone(
        self,
        new: NewTemplate,
        first: Option<Reach>,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<NotPublished>> {
        let mut unit = self.begin(by).await?;
        template::check_alone(&unit.actor).map_err(|refusal| Failed::Refused(refusal.into()))?;
        let template = unit.issue(new, first).await?;
        unit.commit().await?;
        Ok(template)
    }

    /// Widens, pauses, resumes or rolls back the rollout of an own template. Rolling back a version that is for all already
    /// makes the text before it the next version. Returns the version concerned. Durable when it returns.
    ///
    /// # Errors
    /// [`NotRolledOut`].
    pub async fn roll(
        self,
        key: &TemplateKey,
        ask: RolloutAsk,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<NotRolledOut>> {
        let mut unit = self.begin(by).await?;
        let known = KnownTemplate::read(&mut unit.view, key).await?;
        if known.told().is_none() {
            return Err(Failed::Refused(NoSuchTemplate(key.to_string()).into()));
        }
        if key.issuer != self.me {
            return Err(Failed::Refused(NotRolledOut::NotOurs(key.clone())));
        }
        let earlier = unit.view.get::<tables::EarlierTemplates>(key).await?;
        let rollout = known.rollout.as_ref().map(|record| &record.rollout);
        let next = template::next(
            ask,
            known.template(),
            rollout,
            earlier.as_ref(),
            unit.now,
            self.tree(),
        );
        let template = match next.map_err(|refusal| Failed::Refused(refusal.into()))? {
            Next::Word(rollout) => unit.say_rollout(rollout).await?,
            Next::ForAll(template) => unit.say_template(template).await?,
            Next::Earlier(earlier) => {
                let version = unit.next_version(key).await?;
                let again = Template {
                    version,
                    issued_at: unit.now,
                    stamp: Stamp(u64::MAX, u64::MAX),
                    ..earlier
                };
                unit.check_draft(&again).await.map_err(Failed::widen)?;
                unit.say_template(again).await?
            }
        };
        unit.commit().await?;
        Ok(template)
    }

    /// Returns everything known of every template, by name.
    ///
    /// # Errors
    /// The store's.
    pub async fn every(self) -> Result<Vec<KnownTemplate>, Fault> {
        let mut unit = self.reading().await?;
        let mut all = vec![];
        for key in unit.all_keys().await? {
            all.push(KnownTemplate::read(&mut unit.view, &key).await?);
        }
        unit.view.wait_durable().await?;
        Ok(all)
    }

    /// Returns everything known of one template.
    ///
    /// # Errors
    /// [`NoSuchTemplate`].
    pub async fn known(self, key: &TemplateKey) -> Result<KnownTemplate, Failed<NoSuchTemplate>> {
        let mut view = self.read()?;
        let known = KnownTemplate::read(&mut view, key).await?;
        let known = view.finish(known).await?;
        match known.told().is_some() {
            true => Ok(known),
            false => Err(NoSuchTemplate(key.to_string()).into()),
        }
    }
}

impl UnitOfWork<'_> {
    /// Issues a template to those who take it first, or to all.
    pub(super) async fn issue(
        &mut self,
        new: NewTemplate,
        first: Option<Reach>,
    ) -> Result<Template, Failed<NotPublished>> {
        let (template, reach) = match (self.draft(new).await.map_err(Failed::widen)?, first) {
            (template, None) => return Ok(self.say_template(template).await?),
            (template, Some(reach)) => (template, reach),
        };
        let number = self.check_first(&template, &reach).await? + 1;
        let rollout = Rollout {
            number,
            act: RolloutAct::Begin,
            reach,
            at: self.now,
            template,
        };
        Ok(self.say_rollout(rollout).await?)
    }

    /// Checks whom a version is for at first. Returns the number of the last word on a rollout of the template.
    pub(super) async fn check_first(
        &mut self,
        template: &Template,
        reach: &Reach,
    ) -> Result<u32, Failed<NotPublished>> {
        let known = KnownTemplate::read(&mut self.view, &template.key).await?;
        let going = known.rollout.as_ref().map(|record| &record.rollout);
        if let Some(going) = going.filter(|going| going.is_under_way(known.template())) {
            let version = going.template.version;
            return Err(Failed::Refused(RolloutRefusal::UnderWay(version).into()));
        }
        let checked = reach.check(&template.scope, &self.office.dependencies.tree);
        checked.map_err(|bad| Failed::Refused(RolloutRefusal::Reach(bad).into()))?;
        Ok(going.map_or(0, |last| last.number))
    }

    /// Makes the next version of an own template of what is to be published.
    pub(super) async fn draft(
        &mut self,
        new: NewTemplate,
    ) -> Result<Template, Failed<BadTemplate>> {
        let me = self.office.me;
        let key = TemplateKey {
            issuer: me,
            kind: new.kind,
            name: new.name.into(),
        };
        let template = Template {
            version: self.next_version(&key).await?,
            key,
            scope: template::Scope::new(me, &new.tiers, &new.kinds),
            title: new.title,
            content: new.content,
            issued_at: self.now,
            // Later than what is in force, until its envelope gives it its own.
            stamp: Stamp(u64::MAX, u64::MAX),
        };
        self.check_draft(&template).await?;
        Ok(template)
    }

    /// Checks a version that is to be published.
    async fn check_draft(&mut self, template: &Template) -> Result<(), Failed<BadTemplate>> {
        let tree = &self.office.dependencies.tree;
        template.check(tree)?;
        let in_force = self.in_force().await?;
        match template::consider(template, &in_force, tree) {
            Verdict::Refused(TemplateRefusal::Loosens(clause)) => {
                Err(BadTemplate::Content(clause).into())
            }
            Verdict::Refused(TemplateRefusal::Bad(bad)) => Err(bad.into()),
            _ => Ok(()),
        }
    }

    async fn next_version(&mut self, key: &TemplateKey) -> Result<u32, Fault> {
        let known = KnownTemplate::read(&mut self.view, key).await?.version();
        let lost = self.view.get::<tables::LostVersions>(key).await?;
        Ok(known.max(lost.unwrap_or_default()) + 1)
    }

    /// Issues a version for all. Returns it with its stamp.
    pub(super) async fn say_template(&mut self, mut template: Template) -> Result<Template, Fault> {
        let key = template.key.clone();
        if let Some(before) = self.view.get::<tables::Templates>(&key).await? {
            self.view
                .put::<tables::EarlierTemplates>(&key, &before.template);
        }
        let payload = Payload::Template(Box::new(template.clone()));
        let destination = Destination::Scope(template.scope);
        let envelope = self.envelope(destination, Lane::Notice, payload).await?;
        template.stamp = envelope.stamp();
        let record = TemplateRecord {
            template: template.clone(),
            stance: None,
            bytes: wire::encode_envelope(&envelope),
            proof: None,
            epoch: envelope.epoch.id,
        };
        self.keep_template(record).await?;
        self.issued(&template);
        Ok(template)
    }

    /// Issues the word on a rollout. Returns its version with the stamp of the word.
    async fn say_rollout(&mut self, mut rollout: Rollout) -> Result<Template, Fault> {
        let payload = Payload::Rollout(Box::new(rollout.clone()));
        let destination = Destination::Scope(rollout.template.scope);
        let envelope = self.envelope(destination, Lane::Notice, payload).await?;
        rollout.template.stamp = envelope.stamp();
        let template = rollout.template.clone();
        self.detail = Some(format!("{} {}", rollout.act, template.version));
        let record = RolloutRecord {
            rollout,
            stance: None,
            bytes: wire::encode_envelope(&envelope),
            proof: None,
            epoch: envelope.epoch.id,
        };
        self.keep_rollout(record).await?;
        self.issued(&template);
        Ok(template)
    }

    /// What is current changed: the audit trail says of what, and the list of current versions is said anew soon.
    fn issued(&mut self, template: &Template) {
        self.subject = Some(Subject::Template(template.key.to_string()));
        self.list_changed();
    }
}

impl From<&KnownTemplate> for Option<TemplateLine> {
    fn from(known: &KnownTemplate) -> Self {
        let (template, stance) = known.told()?;
        let rollout = known.rollout().map(|record| {
            let Rollout {
                template,
                number,
                act,
                reach,
                at,
            } = &record.rollout;
            RolloutView {
                version: template.version,
                before: known.template().map(|before| before.version),
                number: *number,
                act: *act,
                state: act.state(),
                share: reach.share,
                divisions: reach.divisions.clone(),
                at_ms: at.0,
            }
        });
        let rolled_back = rollout
            .as_ref()
            .is_some_and(|rollout| rollout.state == RolloutState::RolledBack);
        Some(TemplateLine {
            key: template.key.to_string(),
            issuer: template.key.issuer,
            kind: template.key.kind,
            name: template.key.name.to_string(),
            version: template.version,
            title: template.title.clone(),
            tiers: template.scope.tiers(),
            kinds: template.scope.kinds(),
            issued_at_ms: template.issued_at.0,
            stance: match stance {
                Some(Stance::Applied) => StanceView::Applied,
                Some(Stance::Refused(reason)) => StanceView::Refused {
                    reason: reason.to_string(),
                },
                Some(Stance::Superseded) => StanceView::Superseded,
                Some(Stance::Held) if rolled_back => StanceView::RolledBack,
                Some(Stance::Held) => StanceView::Held,
                Some(Stance::Paused) => StanceView::Paused,
                None => StanceView::NotInScope,
            },
            rollout,
        })
    }
}
