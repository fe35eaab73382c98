//! Proposals: templates that one person wrote and another one issues.

use domain::{
    audit::Subject,
    template::{self, MOST_WAITING, Proposal, ProposalRefusal, Reach, Template, TemplateKey},
};
use records::table::Table;

use super::{NewTemplate, NotPublished};
use crate::{
    Failed, Fault, RefusalReason, RequestContext, services::Templates, tables,
    unit_of_work::UnitOfWork,
};

impl RefusalReason for ProposalRefusal {}

fn refused(refusal: ProposalRefusal) -> Failed<NotPublished> {
    Failed::Refused(refusal.into())
}

impl Templates<'_> {
    /// Keeps a template for a second person to issue. It is checked as if it were issued now. Durable when it returns.
    ///
    /// # Errors
    /// [`NotPublished`]: a bad template, a reach that is not fit, or too many that wait.
    pub async fn propose(
        self,
        new: NewTemplate,
        first: Option<Reach>,
        by: impl Into<RequestContext>,
    ) -> Result<Proposal, Failed<NotPublished>> {
        let mut unit = self.begin(by).await?;
        template::check_author(&unit.actor).map_err(refused)?;
        let template = unit.draft(new.clone()).await.map_err(Failed::widen)?;
        if let Some(reach) = &first {
            unit.check_first(&template, reach).await?;
        }
        let all = unit.view.scan(tables::Proposals::all(), usize::MAX).await?;
        if all.iter().filter(|(_, known)| known.waits()).count() >= MOST_WAITING {
            return Err(refused(ProposalRefusal::TooMany));
        }
        let proposal = Proposal {
            number: all.last().map_or(0, |(number, _)| *number) + 1,
            new,
            first,
            author: unit.actor.clone(),
            at: unit.now,
            end: None,
        };
        unit.put_proposal(&proposal, &template);
        unit.commit().await?;
        Ok(proposal)
    }

    /// Issues what somebody else proposed, exactly as it was proposed. Durable when it returns.
    ///
    /// # Errors
    /// [`NotPublished`]: also what was refused since then, for other templates came into force.
    pub async fn approve(
        self,
        number: u32,
        by: impl Into<RequestContext>,
    ) -> Result<Template, Failed<NotPublished>> {
        let mut unit = self.begin(by).await?;
        let proposal = unit.proposal(number).await?;
        proposal.check_approval(&unit.actor).map_err(refused)?;
        let (new, first) = (proposal.new.clone(), proposal.first.clone());
        let template = unit.issue(new, first).await?;
        let (by, now) = (unit.actor.clone(), unit.now);
        let issued = proposal.issued(template.version, by, now);
        unit.put_proposal(&issued, &template);
        unit.commit().await?;
        Ok(template)
    }

    /// Ends a proposal without issuing it. Durable when it returns.
    ///
    /// # Errors
    /// [`ProposalRefusal`] if it ended before, is not there, or without a reason.
    pub async fn decline(
        self,
        number: u32,
        reason: &str,
        by: impl Into<RequestContext>,
    ) -> Result<Proposal, Failed<NotPublished>> {
        let mut unit = self.begin(by).await?;
        let proposal = unit.proposal(number).await?;
        let (by, now) = (unit.actor.clone(), unit.now);
        let declined = proposal.declined(reason, by, now).map_err(refused)?;
        unit.view.put::<tables::Proposals>(&number, &declined);
        let key = TemplateKey {
            issuer: self.me,
            kind: declined.new.kind,
            name: declined.new.name.clone().into(),
        };
        unit.subject = Some(Subject::Template(key.to_string()));
        unit.detail = Some(format!("declined proposal {number}"));
        unit.commit().await?;
        Ok(declined)
    }

    /// Returns all proposals, the latest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn proposals(self) -> Result<Vec<Proposal>, Fault> {
        let all = self.list(tables::Proposals::all(), usize::MAX).await?;
        Ok(all
            .into_iter()
            .rev()
            .map(|(_, proposal)| proposal)
            .collect())
    }

    /// Returns one proposal.
    ///
    /// # Errors
    /// [`ProposalRefusal::Unknown`].
    pub async fn known_proposal(self, number: u32) -> Result<Proposal, Failed<NotPublished>> {
        let found = self.one::<tables::Proposals>(&number).await?;
        found.ok_or_else(|| refused(ProposalRefusal::Unknown(number)))
    }
}

impl UnitOfWork<'_> {
    async fn proposal(&mut self, number: u32) -> Result<Proposal, Failed<NotPublished>> {
        let found = self.view.get::<tables::Proposals>(&number).await?;
        found.ok_or_else(|| refused(ProposalRefusal::Unknown(number)))
    }

    fn put_proposal(&mut self, proposal: &Proposal, template: &Template) {
        let number = proposal.number;
        self.view.put::<tables::Proposals>(&number, proposal);
        self.subject = Some(Subject::Template(template.key.to_string()));
        self.detail = Some(match proposal.waits() {
            true => format!("proposal {number}"),
            false => format!("proposal {number} of {}", proposal.author),
        });
    }
}
