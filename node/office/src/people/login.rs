//! Logging in and out.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    audit::{Ending, Subject},
    people::{
        Account, AccountId, ExternalIdentity, Failures, LockOut, Login, Permission, normalised,
    },
    suite::Digest,
    time::Timestamp,
};
use store::{Range, record};

use super::{
    Token, TokenKind,
    hashing::{self, PasswordHash},
    once,
    sessions::Session,
};
use crate::{
    Office, OfficeError, Request, RequestContext, keys, people::PeopleError,
    unit_of_work::UnitOfWork,
};

/// Logins nobody has whose wrong passwords are remembered.
const MOST_STRANGERS: usize = 4_096;

/// So many wrong passwords for one account within a day, from wherever they come, raise an alarm. NIST SP
/// 800-63B-4, 3.2.2, allows at most 100 in a row.
const GUESSES: u32 = 100;

/// Whose password is tried from where. Wrong ones slow this pair down, never the person everywhere: a
/// stranger who knows a login must not be able to keep its owner out.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// Whose login it is; `None` if nobody's.
    pub(super) id: Option<AccountId>,
    pub(super) login: &'a str,
    pub(super) request: &'a Arc<Request>,
}

impl Attempt<'_> {
    /// Who tries it, with what the request brings along.
    fn by(&self, id: AccountId) -> RequestContext {
        RequestContext::new(Actor::Account(id), Arc::clone(self.request))
    }

    /// What stands for the network.
    fn network(&self) -> Digest {
        let network = format!("{:?}", self.request.whence.network());
        blake3::hash(network.as_bytes()).into()
    }

    /// What stands for a login that nobody has, from this network.
    fn stranger(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.network()).update(self.login.as_bytes());
        hasher.finalize().into()
    }
}

/// A session that was begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What opens it. Shown once.
    pub token: Token,
    /// Whose it is.
    pub account: Account,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// How somebody proved who they are.
pub(super) enum Way<'a> {
    /// With the password; its hash is made anew if there is one here.
    Password(Option<PasswordHash>),
    /// By the word of a provider.
    ExternalIdentity(&'a ExternalIdentity),
}

impl Office {
    /// Begins a session. It takes the same work, and the same waits after wrong passwords, whether
    /// somebody has the login or not.
    ///
    /// # Errors
    /// [`PeopleError::WrongLogin`], [`PeopleError::Locked`], [`PeopleError::Crowded`].
    pub async fn log_in(
        &self,
        login: &str,
        password: String,
        request: &Arc<Request>,
    ) -> Result<NewSession, OfficeError> {
        let policy = self.people.policy;
        if password.len() > policy.passwords.most_bytes {
            return Err(PeopleError::WrongLogin.into());
        }
        let password = normalised(&password);
        let login = login.trim().to_lowercase();
        let place = hashing::place().await?;
        let account = self.account_of(&login).await?;
        let id = account.as_ref().map(|account| account.id);
        let attempt = Attempt {
            id,
            login: &login,
            request,
        };
        self.check_lock(attempt).await?;
        let stored: Option<PasswordHash> = match id {
            Some(id) => self.fetch(&keys::password(id)).await?,
            None => None,
        };
        let against = stored.unwrap_or(PasswordHash::of_nobody(policy.hashes));
        let (fits, place) = hashing::fits(place, password.clone(), against).await?;
        match account {
            Some(account) if fits && stored.is_some() && !account.disabled => {
                let cheaper = against.cost != policy.hashes;
                let anew = if cheaper {
                    let salt = self.dependencies.entropy.bytes();
                    Some(hashing::hash(place, password, salt, policy.hashes).await?)
                } else {
                    None
                };
                self.begin_session(account, Way::Password(anew), request)
                    .await
            }
            Some(account) => {
                self.count_wrong(account.id, attempt).await?;
                Err(PeopleError::WrongLogin.into())
            }
            None => {
                self.count_stranger(attempt);
                Err(PeopleError::WrongLogin.into())
            }
        }
    }

    /// Ends a session; one that is not there has ended.
    pub async fn log_out(
        &self,
        token: &Token,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        for suite in self.suites() {
            unit.view.delete(keys::session(&token.digest(suite)));
        }
        if let Actor::Account(id) = &unit.actor {
            unit.subject = Some(Subject::Account(*id));
        }
        unit.commit().await?;
        Ok(())
    }

    async fn account_of(&self, login: &str) -> Result<Option<Account>, OfficeError> {
        // What is no login belongs to nobody.
        let Ok(login) = login.parse::<Login>() else {
            return Ok(None);
        };
        match self
            .fetch::<AccountId>(&keys::login(login.as_str()))
            .await?
        {
            Some(id) => self.fetch(&keys::account(id)).await,
            None => Ok(None),
        }
    }

    pub(super) async fn check_lock(&self, attempt: Attempt<'_>) -> Result<(), OfficeError> {
        let failures: Option<Failures> = match attempt.id {
            Some(id) => self.fetch(&keys::failures(id, &attempt.network())).await?,
            None => {
                let strangers = self.people.strangers.lock().expect("no holder panics");
                strangers.get(&attempt.stranger()).copied()
            }
        };
        let locked = failures
            .and_then(|failures| failures.locked_until(self.now(), &self.people.policy.lock_out));
        match locked {
            Some(until) => Err(PeopleError::Locked(until).into()),
            None => Ok(()),
        }
    }

    pub(super) async fn count_wrong(
        &self,
        id: AccountId,
        attempt: Attempt<'_>,
    ) -> Result<(), OfficeError> {
        let rules = self.people.policy.lock_out;
        let mut unit = self.begin(attempt.by(id)).await?;
        let here = keys::failures(id, &attempt.network());
        let failures = unit.one_more_failure(&here, &rules).await?;
        let guesses = unit.one_more_failure(&keys::guesses(id), &rules).await?;
        if guesses.count == GUESSES {
            let detail = format!(
                "account {id}: {GUESSES} wrong passwords within a day, {} of them from {:?}",
                failures.count,
                attempt.request.whence.network()
            );
            unit.raise(AlarmKind::PasswordsGuessed, None, &detail)
                .await?;
        }
        unit.subject = Some(Subject::Account(id));
        unit.enter(Some(Permission::Enter), Ending::WrongPassword)
            .await?;
        unit.commit_bare().await?;
        Ok(())
    }

    fn count_stranger(&self, attempt: Attempt<'_>) {
        let mut strangers = self.people.strangers.lock().expect("no holder panics");
        if strangers.len() >= MOST_STRANGERS {
            let oldest = strangers.iter().min_by_key(|(_, failures)| failures.last);
            let oldest = oldest.map(|(digest, _)| *digest);
            oldest.map(|digest| strangers.remove(&digest));
        }
        let failures = strangers.entry(attempt.stranger()).or_default();
        *failures = failures.and_one(self.now(), &self.people.policy.lock_out);
    }

    pub(super) async fn begin_session(
        &self,
        account: Account,
        way: Way<'_>,
        request: &Arc<Request>,
    ) -> Result<NewSession, OfficeError> {
        let terms = self.people.policy.sessions;
        let token = self.new_token(TokenKind::Session);
        let attempt = Attempt {
            id: Some(account.id),
            login: account.login.as_str(),
            request,
        };
        let mut unit = self.begin(attempt.by(account.id)).await?;
        // What was guessed meanwhile counts, and so does what was changed.
        self.check_lock(attempt).await?;
        let failures = keys::failures(account.id, &attempt.network());
        let current: Option<Account> = unit.read(&keys::account(account.id)).await?;
        let unchanged = current.filter(|now| !now.disabled && now.era == account.era);
        let account = match way {
            Way::Password(_) => unchanged.ok_or(PeopleError::WrongLogin)?,
            Way::ExternalIdentity(passport) => {
                let owner = unit.read(&keys::passport(&passport.digest())).await?;
                unchanged
                    .filter(|account| owner == Some(account.id))
                    .ok_or(PeopleError::NotLinked)?
            }
        };
        let now = unit.now;
        let session = Session {
            account: account.id,
            era: account.era,
            begun: now,
            used: now,
        };
        let key = keys::session(&token.digest(self.dependencies.suite));
        let ends_at = Timestamp(now.0.saturating_add_unsigned(terms.absolute_ms));
        unit.view.put(key.clone(), record::write(&session));
        unit.view.delete(failures);
        match way {
            Way::Password(Some(anew)) => unit
                .view
                .put(keys::password(account.id), record::write(&anew)),
            Way::Password(None) => {}
            Way::ExternalIdentity(passport) => {
                unit.detail = Some(format!("by the word of {}", passport.issuer));
            }
        }
        once::delete_at(&mut unit.view, ends_at, &key);
        once::sweep(&mut unit.view, now).await?;
        unit.subject = Some(Subject::Account(account.id));
        unit.commit().await?;
        Ok(NewSession {
            token,
            account,
            ends_at,
        })
    }
}

impl UnitOfWork<'_> {
    /// Forgets what wrong passwords were tried for an account, as when it got a new one.
    pub(super) async fn forget_failures(&mut self, id: AccountId) -> Result<(), OfficeError> {
        let all = Range::prefix(&keys::failures_of(id));
        for (key, _) in self.view.scan(all, usize::MAX, false).await? {
            self.view.delete(key);
        }
        self.view.delete(keys::guesses(id));
        Ok(())
    }

    /// Counts one more wrong password under a key, which goes a day after the first.
    async fn one_more_failure(
        &mut self,
        key: &[u8],
        rules: &LockOut,
    ) -> Result<Failures, OfficeError> {
        let before: Option<Failures> = self.read(key).await?;
        let after = before.unwrap_or_default().and_one(self.now, rules);
        self.view
            .put(Bytes::copy_from_slice(key), record::write(&after));
        if before.is_none() {
            let forgotten = Timestamp(self.now.0.saturating_add_unsigned(rules.forget_ms));
            once::delete_at(&mut self.view, forgotten, key);
        }
        Ok(after)
    }
}
