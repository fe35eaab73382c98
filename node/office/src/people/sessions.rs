//! Callers: turns a token into an identity.

use domain::{
    actor::Actor,
    ids::MatterId,
    people::{ApiKey, Place, SignInWay, Who},
    time::Timestamp,
};

use super::{Token, TokenKind};
pub(crate) use crate::tables::people::Session;
use crate::{Failed, Fault, RefusalReason, services::People, tables};

/// A known caller, with the latest end of their session.
#[derive(Clone, Debug)]
pub struct Known {
    /// The caller.
    pub who: Who,
    /// The latest end of the session, if it is one.
    pub ends_at: Option<Timestamp>,
}

impl Known {
    /// Returns the actor of the caller.
    pub fn actor(&self) -> Option<Actor> {
        match &self.who {
            Who::OsUser { uid, .. } => Some(Actor::OsUser(*uid)),
            Who::Account(account) | Who::FirstLogin(account) => Some(Actor::Account(account.id)),
            Who::Key(key) => Some(Actor::ApiKey(key.id)),
            Who::Reporter(_) => Some(Actor::Reporter),
            Who::Nobody => None,
        }
    }
}

/// The refusal of a token that is unknown or no longer valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this session has ended; log in again")]
pub struct NoSession;

impl RefusalReason for NoSession {}

impl People<'_> {
    /// Returns the node's owner as the caller, by the control socket.
    pub async fn owner(self, uid: u32) -> Result<Known, Fault> {
        let accounts = self.has_accounts().await?;
        Ok(Known {
            who: Who::OsUser { uid, accounts },
            ends_at: None,
        })
    }

    /// Returns the caller with this token. `about` is the matter of the request; a slip opens no
    /// other.
    ///
    /// # Errors
    /// [`NoSession`] if the token is unknown or no longer valid.
    pub async fn who(
        self,
        token: &Token,
        about: Option<MatterId>,
    ) -> Result<Known, Failed<NoSession>> {
        match token.kind {
            TokenKind::Session => self.resume(token).await,
            TokenKind::Key => {
                let key = self.key_of(token).await?.ok_or(NoSession)?;
                Ok(Known {
                    who: Who::Key(key),
                    ends_at: None,
                })
            }
            TokenKind::Draft | TokenKind::Setup | TokenKind::Household => Err(NoSession.into()),
            TokenKind::ReporterToken => {
                let matter = about.ok_or(NoSession)?;
                let own = self.opened_by(token, matter).await?;
                Ok(Known {
                    who: Who::Reporter(own.ok_or(NoSession)?),
                    ends_at: None,
                })
            }
        }
    }

    /// Returns the caller's relation to the matter of the request.
    pub async fn place(self, who: &Who, matter: Option<MatterId>) -> Result<Place, Fault> {
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

    async fn resume(self, token: &Token) -> Result<Known, Failed<NoSession>> {
        let now = self.now();
        let terms = self.people.policy.sessions;
        let mut view = self.tables();
        for suite in self.suites() {
            let key = token.digest(suite);
            let Some(mut session): Option<Session> = view.expect::<tables::Sessions>(&key).await?
            else {
                continue;
            };
            let account = self.one::<tables::Accounts>(&session.account).await?;
            let account = account.filter(|account| {
                !account.disabled
                    && account.credentials_version == session.credentials_version
                    && terms.goes_on(session.begun, session.used, now)
            });
            view.wait_durable().await?;
            let account = account.ok_or(NoSession)?;
            if now.since(session.used) >= terms.touch_ms {
                session.used = now;
                view.put::<tables::Sessions>(&key, &session);
                // If this conflicts with a logout or with another request of the session, it need
                // not be repeated.
                let _not_awaited = view.submit().await;
            }
            let is_first = session.way.is_some_and(SignInWay::must_set_password);
            return Ok(Known {
                who: match is_first {
                    true => Who::FirstLogin(account),
                    false => Who::Account(account),
                },
                ends_at: Some(Timestamp(
                    session.begun.0.saturating_add_unsigned(terms.absolute_ms),
                )),
            });
        }
        Err(NoSession.into())
    }

    /// Returns the key of a token, valid or ended.
    async fn key_of(self, token: &Token) -> Result<Option<ApiKey>, Fault> {
        for suite in self.suites() {
            let found = self.one::<tables::ApiKeys>(&token.digest(suite)).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
