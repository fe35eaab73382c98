//! Accounts and the names a provider has for their people: linking, unlinking, signing in.

use std::sync::Arc;

use domain::{
    actor::Actor,
    audit::{Ending, Subject},
    people::{AccountId, ExternalIdentity, Permission, Who, may_change},
};
use store::record;

use super::{
    NewSession, PeopleError,
    login::{Attempt, Way},
};
use crate::{Office, OfficeError, Request, RequestContext, keys};

impl Office {
    /// Links an account to a person at a provider, who signs in with it from then on; its sessions
    /// end. Linked to the same person already, nothing changes. `who` was found to manage accounts.
    ///
    /// # Errors
    /// [`PeopleError::LinkedAlready`], [`PeopleError::LinkedElsewhere`], and as for a new password.
    pub async fn link_account(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        passport: ExternalIdentity,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        let owner = keys::passport(&passport.digest());
        match unit.read::<AccountId>(&owner).await? {
            Some(owner) if owner != id => {
                return Err(PeopleError::LinkedElsewhere(owner).into());
            }
            _ => {}
        }
        let own = keys::passport_of(id);
        match unit.read::<ExternalIdentity>(&own).await? {
            Some(same) if same == passport => return Ok(()),
            Some(_) => return Err(PeopleError::LinkedAlready.into()),
            None => {}
        }
        unit.view.put(owner, record::write(&id));
        unit.view.put(own, record::write(&passport));
        unit.detail = Some(format!(
            "linked to {} at {}",
            passport.claim, passport.issuer
        ));
        account.era += 1;
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Takes the link of an account away; its sessions end.
    ///
    /// # Errors
    /// [`PeopleError::Unlinked`] if it has none, and as for a new password.
    pub async fn unlink_account(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        let own = keys::passport_of(id);
        let passport: Option<ExternalIdentity> = unit.read(&own).await?;
        let passport = passport.ok_or(PeopleError::Unlinked(id))?;
        unit.view.delete(keys::passport(&passport.digest()));
        unit.view.delete(own);
        unit.detail = Some(format!(
            "unlinked from {} at {}",
            passport.claim, passport.issuer
        ));
        account.era += 1;
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Whom an account is linked to.
    pub async fn passport_of(
        &self,
        id: AccountId,
    ) -> Result<Option<ExternalIdentity>, OfficeError> {
        self.fetch(&keys::passport_of(id)).await
    }

    /// Begins a session for a person a provider vouches for. The account is the one an administrator
    /// linked; nothing about it is the provider's to say.
    ///
    /// # Errors
    /// [`PeopleError::NotLinked`], [`PeopleError::Locked`]. Of an account that is known, the refusal
    /// stands in the audit trail.
    pub async fn sign_in(
        &self,
        passport: &ExternalIdentity,
        request: &Arc<Request>,
    ) -> Result<NewSession, OfficeError> {
        let id: Option<AccountId> = self.fetch(&keys::passport(&passport.digest())).await?;
        let Some(id) = id else {
            self.note_stranger("no account is linked to this name", request)
                .await?;
            return Err(PeopleError::NotLinked.into());
        };
        let account = self.account(id).await?;
        if account.disabled {
            self.note_shut_out(
                id,
                "the account is closed, whatever the provider says",
                request,
            )
            .await?;
            return Err(PeopleError::NotLinked.into());
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
        self.begin_session(account, Way::ExternalIdentity(passport), request)
            .await
    }

    /// Writes down that a provider's word opened nothing here, and why.
    pub async fn note_stranger(
        &self,
        why: &str,
        request: &Arc<Request>,
    ) -> Result<(), OfficeError> {
        let by = RequestContext::new(Actor::Stranger, Arc::clone(request));
        self.note_refusal(by, None, why).await
    }

    async fn note_shut_out(
        &self,
        id: AccountId,
        why: &str,
        request: &Arc<Request>,
    ) -> Result<(), OfficeError> {
        let subject = Some(Subject::Account(id));
        let by = RequestContext::new(Actor::Account(id), Arc::clone(request));
        self.note_refusal(by, subject, why).await
    }

    async fn note_refusal(
        &self,
        by: impl Into<RequestContext>,
        subject: Option<Subject>,
        why: &str,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        unit.subject = subject;
        unit.detail = Some(why.to_owned());
        unit.enter(Some(Permission::Enter), Ending::Denied).await?;
        unit.commit_bare().await?;
        Ok(())
    }
}
