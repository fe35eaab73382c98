//! Who asks: what a secret that was handed in stands for.

use domain::{
    actor::Actor,
    ids::MatterId,
    people::{Account, AccountId, ApiKey, Place, Who},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::record;

use super::{Token, TokenKind};
use crate::{Office, OfficeError, keys, people::PeopleError};

/// A session as it is stored, under the digest of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(super) account: AccountId,
    pub(super) era: u32,
    pub(super) begun: Timestamp,
    pub(super) used: Timestamp,
}

domain::records!(Session);

/// Somebody who asks, and until when their session lasts at most.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who.
    pub who: Who,
    /// The end of the session, if it is one.
    pub ends_at: Option<Timestamp>,
}

impl Known {
    /// As whom they act.
    pub fn actor(&self) -> Option<Actor> {
        match &self.who {
            Who::OsUser { uid, .. } => Some(Actor::OsUser(*uid)),
            Who::Account(account) => Some(Actor::Account(account.id)),
            Who::Key(key) => Some(Actor::ApiKey(key.id)),
            Who::Reporter(_) => Some(Actor::Reporter),
            Who::Nobody => None,
        }
    }
}

impl Office {
    /// The owner of the node, by the control socket.
    pub async fn owner(&self, uid: u32) -> Result<Known, OfficeError> {
        let accounts = self.has_accounts().await?;
        Ok(Known {
            who: Who::OsUser { uid, accounts },
            ends_at: None,
        })
    }

    /// Who has this token. `about` is the matter that is asked about; a slip opens no other.
    ///
    /// # Errors
    /// [`PeopleError::NoSession`] if it opens nothing, or not any more.
    pub async fn who(&self, token: &Token, about: Option<MatterId>) -> Result<Known, OfficeError> {
        match token.kind {
            TokenKind::Session => self.resume(token).await,
            TokenKind::Key => {
                let key = self.key_of(token).await?.ok_or(PeopleError::NoSession)?;
                Ok(Known {
                    who: Who::Key(key),
                    ends_at: None,
                })
            }
            TokenKind::Slip => {
                let matter = about.ok_or(PeopleError::NoSession)?;
                let own = self.opened_by(token, matter).await?;
                Ok(Known {
                    who: Who::Reporter(own.ok_or(PeopleError::NoSession)?),
                    ends_at: None,
                })
            }
        }
    }

    /// Where they stand to what they ask about.
    pub async fn place(&self, who: &Who, matter: Option<MatterId>) -> Result<Place, OfficeError> {
        let mut place = Place {
            matter,
            ..Place::of(self.me)
        };
        if let (Some(matter), Who::Account(account)) = (matter, who) {
            let tie = self.tie(matter, account).await?;
            place.reported = tie.reported;
            place.absorbed = tie.absorbed;
            place.charged = tie.charged;
        }
        // A slip of a matter that was merged into this one was accepted for it.
        if let (Some(matter), Who::Reporter(own)) = (matter, who)
            && *own != matter
        {
            place.reported = true;
            place.absorbed = true;
        }
        Ok(place)
    }

    async fn resume(&self, token: &Token) -> Result<Known, OfficeError> {
        let now = self.now();
        let terms = self.people.policy.sessions;
        let mut view = self.dependencies.store.view(self.me);
        for suite in self.suites() {
            let key = keys::session(&token.digest(suite));
            let Some(bytes) = view.get(&key).await? else {
                continue;
            };
            let mut session: Session = record::read(&bytes)?;
            let account: Option<Account> = self.fetch(&keys::account(session.account)).await?;
            let account = account.filter(|account| {
                !account.disabled
                    && account.era == session.era
                    && terms.goes_on(session.begun, session.used, now)
            });
            view.wait_durable().await?;
            let account = account.ok_or(PeopleError::NoSession)?;
            if now.since(session.used) >= terms.touch_ms {
                session.used = now;
                view.put(key, record::write(&session));
                // Whoever loses this to a logout, or to another request of the session, needs not
                // repeat it.
                let _not_awaited = view.submit().await;
            }
            return Ok(Known {
                who: Who::Account(account),
                ends_at: Some(Timestamp(
                    session.begun.0.saturating_add_unsigned(terms.absolute_ms),
                )),
            });
        }
        Err(PeopleError::NoSession.into())
    }

    /// The key of a token, whether it is good or has ended.
    async fn key_of(&self, token: &Token) -> Result<Option<ApiKey>, OfficeError> {
        for suite in self.suites() {
            let found = self.fetch(&keys::api_key(&token.digest(suite))).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
