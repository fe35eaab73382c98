//! Accounts and the names a provider has for their people: linking, unlinking, signing in.

use domain::{
    actor::Actor,
    audit::{Ending, Subject, Whence},
    people::{AccountId, Deed, Passport, Who, may_change},
};
use store::record;

use super::{
    NewSession, PeopleError,
    login::{Attempt, Way},
};
use crate::{Office, OfficeError, keys};

impl Office {
    /// Links an account to a person at a provider, who signs in with it from then on; its sessions
    /// end. Linked to the same person already, nothing changes. `who` was found to manage accounts.
    ///
    /// # Errors
    /// [`PeopleError::LinkedAlready`], [`PeopleError::LinkedElsewhere`], and as for a new password.
    pub async fn link_account(
        &self,
        who: &Who,
        actor: Actor,
        id: AccountId,
        passport: Passport,
    ) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let mut account = desk.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        let owner = keys::passport(&passport.digest());
        match desk.read::<AccountId>(&owner).await? {
            Some(owner) if owner != id => {
                return Err(PeopleError::LinkedElsewhere(owner).into());
            }
            _ => {}
        }
        let own = keys::passport_of(id);
        match desk.read::<Passport>(&own).await? {
            Some(same) if same == passport => return Ok(()),
            Some(_) => return Err(PeopleError::LinkedAlready.into()),
            None => {}
        }
        desk.view.put(owner, record::write(&id));
        desk.view.put(own, record::write(&passport));
        desk.detail = Some(format!(
            "linked to {} at {}",
            passport.claim, passport.issuer
        ));
        account.era += 1;
        desk.put_account(&account);
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// Takes the link of an account away; its sessions end.
    ///
    /// # Errors
    /// [`PeopleError::Unlinked`] if it has none, and as for a new password.
    pub async fn unlink_account(
        &self,
        who: &Who,
        actor: Actor,
        id: AccountId,
    ) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let mut account = desk.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        let own = keys::passport_of(id);
        let passport: Option<Passport> = desk.read(&own).await?;
        let passport = passport.ok_or(PeopleError::Unlinked(id))?;
        desk.view.delete(keys::passport(&passport.digest()));
        desk.view.delete(own);
        desk.detail = Some(format!(
            "unlinked from {} at {}",
            passport.claim, passport.issuer
        ));
        account.era += 1;
        desk.put_account(&account);
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// Whom an account is linked to.
    pub async fn passport_of(&self, id: AccountId) -> Result<Option<Passport>, OfficeError> {
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
        passport: &Passport,
        whence: Whence,
    ) -> Result<NewSession, OfficeError> {
        let id: Option<AccountId> = self.fetch(&keys::passport(&passport.digest())).await?;
        let Some(id) = id else {
            self.note_stranger("no account is linked to this name")
                .await?;
            return Err(PeopleError::NotLinked.into());
        };
        let account = self.account(id).await?;
        if account.disabled {
            self.note_shut_out(id, "the account is closed, whatever the provider says")
                .await?;
            return Err(PeopleError::NotLinked.into());
        }
        let attempt = Attempt {
            id: Some(id),
            login: account.login.as_str(),
            whence,
        };
        if let Err(locked) = self.check_lock(attempt).await {
            self.note_shut_out(id, "the account is locked, whatever the provider says")
                .await?;
            return Err(locked);
        }
        self.begin_session(account, Way::Passport(passport), whence)
            .await
    }

    /// Writes down that a provider's word opened nothing here, and why.
    pub async fn note_stranger(&self, why: &str) -> Result<(), OfficeError> {
        self.note_refusal(Actor::Stranger, None, why).await
    }

    async fn note_shut_out(&self, id: AccountId, why: &str) -> Result<(), OfficeError> {
        let subject = Some(Subject::Account(id));
        self.note_refusal(Actor::Account(id), subject, why).await
    }

    async fn note_refusal(
        &self,
        actor: Actor,
        subject: Option<Subject>,
        why: &str,
    ) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        desk.subject = subject;
        desk.detail = Some(why.to_owned());
        desk.enter(Some(Deed::Enter), Ending::Denied).await?;
        let ticket = desk.view.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }
}
