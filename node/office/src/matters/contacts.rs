//! Contact data of reporters. Everybody sees it masked; opening it is recorded in the audit trail
//! first.

use domain::{
    audit::{ContactReason, Subject},
    custody::{self, Docket, Refusal, Standing},
    ids::MatterId,
    matter::Contact,
};

use crate::{
    Failed, MatterRefusal, NoSuchMatter, RequestContext, SealingKeyFails, services::Matters,
};

impl Matters<'_> {
    /// Returns the contact of the reporter of a matter that is held here. The entry in the audit
    /// trail that `by` opened it for this reason is durable before this returns.
    ///
    /// # Errors
    /// [`MatterRefusal::Rules`] if another division holds it, [`MatterRefusal::NoContact`] if the
    /// report was anonymous or the contact was erased.
    pub async fn open_contact(
        self,
        id: MatterId,
        reason: ContactReason,
        by: impl Into<RequestContext>,
    ) -> Result<Contact, Failed<MatterRefusal>> {
        let mut unit = self.begin(by).await?;
        let known = unit.docket(id).await?;
        let docket = known.ok_or(NoSuchMatter(id))?;
        self.check_holding(&docket)?;
        let contact = docket.matter.contact.ok_or(MatterRefusal::NoContact(id))?;
        if docket.matter.erased().any(|erased| erased == contact) {
            return Err(MatterRefusal::NoContact(id).into());
        }
        unit.subject = Some(Subject::Matter(id));
        unit.detail = Some(format!("contact opened: {}", reason.code()));
        unit.commit().await?;
        let body = self.read_body(id, &contact).await?;
        let body = body.transpose().map_err(SealingKeyFails)?;
        let contact = body.and_then(|body| body.contact);
        Ok(contact.ok_or(MatterRefusal::NoContact(id))?)
    }

    fn check_holding(self, docket: &Docket) -> Result<(), Refusal> {
        match docket.standing {
            Standing::Holding => Ok(()),
            Standing::Giving { to, .. } => Err(Refusal::InTransit(to)),
            Standing::Elsewhere => Err(Refusal::NotHolder(
                custody::holder_to_ask(docket, self.me).0,
            )),
        }
    }
}
