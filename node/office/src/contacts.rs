//! Who a reporter is. Everybody sees it masked; whoever opens it stands in the audit trail first.

use domain::{
    audit::Subject,
    custody::{self, Docket, Refusal, Standing},
    ids::MatterId,
    matter::Contact,
};

use super::{Office, OfficeError};
use crate::RequestContext;

impl Office {
    /// Who reported a matter that is held here. That `actor` opened it is in the audit trail, and
    /// durable, before it is given.
    ///
    /// # Errors
    /// [`OfficeError::Refused`] if another holds it, [`OfficeError::NoContact`] if nobody said who they
    /// are or it was erased.
    pub async fn open_contact(
        &self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<Contact, OfficeError> {
        let mut unit = self.begin(by).await?;
        let known = unit.docket(id).await?;
        let docket = known.ok_or(OfficeError::NoSuchMatter(id))?;
        self.check_holding(&docket)?;
        let contact = docket.matter.contact.ok_or(OfficeError::NoContact(id))?;
        if docket.matter.erased().any(|erased| erased == contact) {
            return Err(OfficeError::NoContact(id));
        }
        unit.subject = Some(Subject::Matter(id));
        unit.detail = Some("contact opened".to_owned());
        unit.commit().await?;
        let body = self.read_body(id, &contact).await?;
        let contact = body.and_then(|body| body.contact);
        contact.ok_or(OfficeError::NoContact(id))
    }

    fn check_holding(&self, docket: &Docket) -> Result<(), Refusal> {
        match docket.standing {
            Standing::Holding => Ok(()),
            Standing::Giving { to, .. } => Err(Refusal::InTransit(to)),
            Standing::Elsewhere => Err(Refusal::NotHolder(
                custody::holder_to_ask(docket, self.me).0,
            )),
        }
    }
}
