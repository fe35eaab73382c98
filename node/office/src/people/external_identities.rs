//! Links between accounts and names at a provider: linking, unlinking, signing in.

use std::sync::Arc;

use domain::{
    actor::Actor,
    audit::{Ending, Subject},
    people::{AccountId, ExternalIdentity, Permission, Who, may_change},
};

use super::{
    NewSession, PeopleRefusal,
    login::{Attempt, Way},
};
use crate::{Aborted, Failed, Fault, Request, RequestContext, services::People, tables};

impl People<'_> {
    /// Links an account to a person at a provider, who signs in with it from then on; its sessions
    /// end. Nothing changes if it is linked to the same person already. The caller has checked that
    /// `who` manages accounts.
    ///
    /// # Errors
    /// [`PeopleRefusal::LinkedAlready`], [`PeopleRefusal::LinkedElsewhere`], and as for a new password.
    pub async fn link_account(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        identity: ExternalIdentity,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
        let name = identity.digest();
        match unit.view.get::<tables::ExternalOwners>(&name).await? {
            Some(owner) if owner != id => {
                return Err(PeopleRefusal::LinkedElsewhere(owner).into());
            }
            _ => {}
        }
        match unit.view.get::<tables::ExternalIdentities>(&id).await? {
            Some(same) if same == identity => return Ok(()),
            Some(_) => return Err(PeopleRefusal::LinkedAlready.into()),
            None => {}
        }
        unit.view.put::<tables::ExternalOwners>(&name, &id);
        unit.view.put::<tables::ExternalIdentities>(&id, &identity);
        unit.detail = Some(format!(
            "linked to {} at {}",
            identity.claim, identity.issuer
        ));
        account.credentials_version += 1;
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Removes the link of an account; its sessions end.
    ///
    /// # Errors
    /// [`PeopleRefusal::Unlinked`] if it has none, and as for a new password.
    pub async fn unlink_account(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
        let identity = unit.view.get::<tables::ExternalIdentities>(&id).await?;
        let identity = identity.ok_or(PeopleRefusal::Unlinked(id))?;
        unit.view
            .delete::<tables::ExternalOwners>(&identity.digest());
        unit.view.delete::<tables::ExternalIdentities>(&id);
        unit.detail = Some(format!(
            "unlinked from {} at {}",
            identity.claim, identity.issuer
        ));
        account.credentials_version += 1;
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Returns the identity to which an account is linked.
    pub async fn external_identity_of(
        self,
        id: AccountId,
    ) -> Result<Option<ExternalIdentity>, Fault> {
        self.one::<tables::ExternalIdentities>(&id).await
    }

    /// Begins a session for a person for whom a provider vouches. The account is the one that an
    /// administrator linked; the provider cannot change anything about it.
    ///
    /// # Errors
    /// [`PeopleRefusal::NotLinked`], [`PeopleRefusal::Locked`]. The audit trail records the refusal if
    /// the account is known.
    pub async fn sign_in(
        self,
        identity: &ExternalIdentity,
        request: &Arc<Request>,
    ) -> Result<NewSession, Failed<PeopleRefusal>> {
        let id: Option<AccountId> = self
            .one::<tables::ExternalOwners>(&identity.digest())
            .await?;
        let Some(id) = id else {
            self.note_stranger("no account is linked to this name", request)
                .await?;
            return Err(PeopleRefusal::NotLinked.into());
        };
        let account = self.account(id).await?;
        if account.disabled {
            self.note_shut_out(
                id,
                "the account is closed, whatever the provider says",
                request,
            )
            .await?;
            return Err(PeopleRefusal::NotLinked.into());
        }
        let attempt = Attempt {
            id: Some(id),
            login: account.login.as_str(),
            request,
        };
        if let Err(locked) = self.check_lock(attempt).await {
            self.note_shut_out(
                id,
                "the account is locked, whatever the provider says",
                request,
            )
            .await?;
            return Err(locked);
        }
        self.begin_session(account, Way::ExternalIdentity(identity), request)
            .await
    }

    /// Records why a provider's statement opened no session here.
    pub async fn note_stranger(self, why: &str, request: &Arc<Request>) -> Result<(), Aborted> {
        let by = RequestContext::new(Actor::Stranger, Arc::clone(request));
        self.note_refusal(by, None, why).await
    }

    async fn note_shut_out(
        self,
        id: AccountId,
        why: &str,
        request: &Arc<Request>,
    ) -> Result<(), Aborted> {
        let subject = Some(Subject::Account(id));
        let by = RequestContext::new(Actor::Account(id), Arc::clone(request));
        self.note_refusal(by, subject, why).await
    }

    async fn note_refusal(
        self,
        by: impl Into<RequestContext>,
        subject: Option<Subject>,
        why: &str,
    ) -> Result<(), Aborted> {
        let mut unit = self.begin(by).await?;
        unit.subject = subject;
        unit.detail = Some(why.to_owned());
        unit.enter(Some(Permission::Enter), Ending::Denied).await?;
        unit.commit_bare().await?;
        Ok(())
    }
}
