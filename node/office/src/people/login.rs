//! Login and logout.

use std::sync::Arc;

use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    audit::{Ending, Subject},
    people::{
        Account, AccountId, ExternalIdentity, Failures, LockOut, Login, Permission, SignInWay,
        normalised,
    },
    suite::Digest,
    time::Timestamp,
};
use records::table::Table;

use super::{
    PeopleRefusal, Token, TokenKind,
    hashing::{self, PasswordHash},
    idempotency,
    sessions::Session,
};
use crate::{
    Aborted, Failed, Fault, Request, RequestContext, services::People, tables,
    unit_of_work::UnitOfWork,
};

/// The most unknown logins whose wrong passwords are remembered.
const MOST_STRANGERS: usize = 4_096;

/// Wrong passwords for one account within a day, from all networks, that raise an alarm. NIST SP
/// 800-63B-4, 3.2.2, allows at most 100 in a row.
const GUESSES: u32 = 100;

/// A login attempt: an account and a network. Wrong passwords slow down this pair, never the
/// account everywhere, because a stranger who knows a login must not be able to lock its owner out.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// The account of the login; `None` if the login is unknown.
    pub(super) id: Option<AccountId>,
    pub(super) login: &'a str,
    pub(super) request: &'a Arc<Request>,
}

impl Attempt<'_> {
    /// Returns the context of the attempt for an account.
    fn by(&self, id: AccountId) -> RequestContext {
        RequestContext::new(Actor::Account(id), Arc::clone(self.request))
    }

    /// Returns the digest of the network.
    fn network(&self) -> Digest {
        let network = format!("{:?}", self.request.whence.network());
        blake3::hash(network.as_bytes()).into()
    }

    /// Returns the digest of an unknown login from this network.
    fn stranger(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.network()).update(self.login.as_bytes());
        hasher.finalize().into()
    }
}

/// A new session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The token that opens it. Shown once.
    pub token: Token,
    /// Its account.
    pub account: Account,
    /// The latest time at which it ends.
    pub ends_at: Timestamp,
    /// How it began.
    pub way: SignInWay,
}

/// The proof of identity.
pub(super) enum Way<'a> {
    /// The password, with a new hash if the stored one must be replaced.
    Password {
        anew: Option<PasswordHash>,
        is_first: bool,
    },
    /// The statement of a provider.
    ExternalIdentity(&'a ExternalIdentity),
}

impl Way<'_> {
    const fn name(&self) -> SignInWay {
        match self {
            Self::Password { is_first: true, .. } => SignInWay::FirstPassword,
            Self::Password { .. } => SignInWay::Password,
            Self::ExternalIdentity(_) => SignInWay::Provider,
        }
    }
}

impl People<'_> {
    /// Begins a session. It takes the same work, and the same waits after wrong passwords, whether
    /// or not the login exists.
    ///
    /// # Errors
    /// [`PeopleRefusal::WrongLogin`], [`PeopleRefusal::Locked`], [`PeopleRefusal::Crowded`].
    pub async fn log_in(
        self,
        login: &str,
        password: String,
        request: &Arc<Request>,
    ) -> Result<NewSession, Failed<PeopleRefusal>> {
        let policy = self.people.policy;
        if password.len() > policy.passwords.most_bytes {
            return Err(PeopleRefusal::WrongLogin.into());
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
            Some(id) => self.one::<tables::Passwords>(&id).await?,
            None => None,
        };
        let against = stored.unwrap_or(PasswordHash::of_nobody(policy.hashes));
        let (fits, place) = hashing::fits(place, password.clone(), against).await?;
        // Whatever the first check cost, a try takes the work of one at the cost of policy: how long it
        // takes does not show whether the login exists or has a first password.
        let (anew, _place) = if against.cost == policy.hashes {
            (None, place)
        } else {
            let salt = self.dependencies.entropy.bytes();
            let hashed = hashing::hash_on(place, password, salt, policy.hashes);
            let (anew, place) = hashed.await?;
            (Some(anew.that_is_first(against.is_first)), place)
        };
        match account {
            Some(account) if fits && stored.is_some() && !account.disabled => {
                let is_first = against.is_first;
                self.begin_session(account, Way::Password { anew, is_first }, request)
                    .await
            }
            Some(account) => {
                self.count_wrong(account.id, attempt).await?;
                Err(PeopleRefusal::WrongLogin.into())
            }
            None => {
                self.count_stranger(attempt);
                Err(PeopleRefusal::WrongLogin.into())
            }
        }
    }

    /// Ends a session; does nothing if there is none.
    pub async fn log_out(
        self,
        token: &Token,
        by: impl Into<RequestContext>,
    ) -> Result<(), Aborted> {
        let mut unit = self.begin(by).await?;
        let owner = match unit.actor {
            Actor::Account(id) => Some(id),
            _ => None,
        };
        for suite in self.suites() {
            let key = token.digest(suite);
            match owner {
                Some(id) => unit.end_session(id, key),
                None => unit.view.delete::<tables::Sessions>(&key),
            }
        }
        unit.subject = owner.map(Subject::Account).or(unit.subject);
        unit.commit().await?;
        Ok(())
    }

    async fn account_of(self, login: &str) -> Result<Option<Account>, Fault> {
        // A text that is not a login belongs to nobody.
        let Ok(login) = login.parse::<Login>() else {
            return Ok(None);
        };
        match self
            .one::<tables::Logins>(&login.as_str().to_owned())
            .await?
        {
            Some(id) => self.one::<tables::Accounts>(&id).await,
            None => Ok(None),
        }
    }

    pub(super) async fn check_lock(
        self,
        attempt: Attempt<'_>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let failures: Option<Failures> = match attempt.id {
            Some(id) => {
                self.one::<tables::Failures>(&(id, attempt.network()))
                    .await?
            }
            None => {
                let strangers = self.people.strangers.lock().expect("no holder panics");
                strangers.get(&attempt.stranger()).copied()
            }
        };
        let locked = failures
            .and_then(|failures| failures.locked_until(self.now(), &self.people.policy.lock_out));
        match locked {
            Some(until) => Err(PeopleRefusal::Locked(until).into()),
            None => Ok(()),
        }
    }

    pub(super) async fn count_wrong(
        self,
        id: AccountId,
        attempt: Attempt<'_>,
    ) -> Result<(), Aborted> {
        let rules = self.people.policy.lock_out;
        let mut unit = self.begin(attempt.by(id)).await?;
        let here = (id, attempt.network());
        let failures = unit
            .one_more_failure::<tables::Failures>(&here, &rules)
            .await?;
        let guesses = unit
            .one_more_failure::<tables::Guesses>(&id, &rules)
            .await?;
        if guesses.count == GUESSES {
            let detail = details::passwords_guessed(
                id,
                GUESSES,
                failures.count,
                format_args!("{:?}", attempt.request.whence.network()),
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

    fn count_stranger(self, attempt: Attempt<'_>) {
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
        self,
        account: Account,
        way: Way<'_>,
        request: &Arc<Request>,
    ) -> Result<NewSession, Failed<PeopleRefusal>> {
        let terms = self.people.policy.sessions;
        let token = self.new_token(TokenKind::Session);
        let attempt = Attempt {
            id: Some(account.id),
            login: account.login.as_str(),
            request,
        };
        let mut unit = self.begin(attempt.by(account.id)).await?;
        // Wrong passwords and changes since the first check count, too.
        self.check_lock(attempt).await?;
        let failures = (account.id, attempt.network());
        let current = unit.view.get::<tables::Accounts>(&account.id).await?;
        let unchanged = current
            .filter(|now| !now.disabled && now.credentials_version == account.credentials_version);
        let account = match way {
            Way::Password { .. } => unchanged.ok_or(PeopleRefusal::WrongLogin)?,
            Way::ExternalIdentity(identity) => {
                let owner = unit
                    .view
                    .get::<tables::ExternalOwners>(&identity.digest())
                    .await?;
                unchanged
                    .filter(|account| owner == Some(account.id))
                    .ok_or(PeopleRefusal::NotLinked)?
            }
        };
        let now = unit.now;
        let session = Session {
            account: account.id,
            credentials_version: account.credentials_version,
            begun: now,
            used: now,
            way: Some(way.name()),
            device: request.device.clone(),
        };
        let key = token.digest(self.dependencies.suite);
        let ends_at = Timestamp(now.0.saturating_add_unsigned(terms.absolute_ms));
        unit.view.put::<tables::Sessions>(&key, &session);
        unit.view.put::<tables::SessionsOf>(&(account.id, key), &());
        unit.note_sign_in(account.id).await?;
        unit.view.delete::<tables::Failures>(&failures);
        let name = way.name();
        match way {
            Way::Password {
                anew: Some(anew), ..
            } => unit.view.put::<tables::Passwords>(&account.id, &anew),
            Way::Password { anew: None, .. } => {}
            Way::ExternalIdentity(identity) => {
                unit.detail = Some(format!("vouched for by {}", identity.issuer));
            }
        }
        idempotency::delete_at::<tables::Sessions>(&mut unit.view, ends_at, &key);
        let of_account = (account.id, key);
        idempotency::delete_at::<tables::SessionsOf>(&mut unit.view, ends_at, &of_account);
        idempotency::sweep(&mut unit.view, now).await?;
        unit.subject = Some(Subject::Account(account.id));
        unit.commit().await?;
        Ok(NewSession {
            token,
            account,
            ends_at,
            way: name,
        })
    }
}

impl UnitOfWork<'_> {
    /// Forgets the wrong passwords of an account, for example when it got a new one.
    pub(super) async fn forget_failures(&mut self, id: AccountId) -> Result<(), Fault> {
        let all = tables::Failures::under(&id);
        for (key, _) in self.view.scan(all, usize::MAX).await? {
            self.view.delete::<tables::Failures>(&key);
        }
        self.view.delete::<tables::Guesses>(&id);
        Ok(())
    }

    /// Counts one more wrong password under a key, which is deleted a day after the first.
    async fn one_more_failure<T: Table<Record = Failures>>(
        &mut self,
        key: &T::Key,
        rules: &LockOut,
    ) -> Result<Failures, Fault> {
        let before = self.view.get::<T>(key).await?;
        let after = before.unwrap_or_default().and_one(self.now, rules);
        self.view.put::<T>(key, &after);
        if before.is_none() {
            let forgotten = Timestamp(self.now.0.saturating_add_unsigned(rules.forget_ms));
            idempotency::delete_at::<T>(&mut self.view, forgotten, key);
        }
        Ok(after)
    }
}
