//! The sessions of an account: which are open, and how they are ended.

use data_encoding::HEXLOWER;
use domain::{
    audit::Subject,
    people::{Account, AccountId, Device, SignInWay, Who, may_change},
    suite::Digest,
    time::{Day, Timestamp},
};
use records::table::Table;

use super::{PeopleRefusal, Token, sessions::Session};
use crate::{
    Failed, Fault, RequestContext, services::People, tables, tables::people::LastSignIn,
    unit_of_work::UnitOfWork,
};

/// Bytes of a digest by which a session is named; they do not open it.
const NAMED_BY: usize = 8;

/// An open session, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its name, 16 hexadecimal digits. It opens nothing.
    pub id: String,
    /// When it began.
    pub begun: Timestamp,
    /// The last day on which it was used.
    pub used: Day,
    /// The latest time at which it ends.
    pub ends_at: Timestamp,
    /// How it began; `None` if an earlier program began it.
    pub way: Option<SignInWay>,
    /// The program and machine it began with, if they said what they are.
    pub device: Option<Device>,
    /// Whether it is that of the request.
    pub is_present: bool,
}

fn name(digest: &Digest) -> String {
    HEXLOWER.encode(&digest[..NAMED_BY])
}

impl People<'_> {
    /// Returns the open sessions of an account, the latest first. `present` is the token of the caller.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn sessions_of(
        self,
        account: &Account,
        present: Option<&Token>,
    ) -> Result<Vec<OpenSession>, Fault> {
        let (terms, now) = (self.people.policy.sessions, self.now());
        let own: Vec<_> = present.map_or_else(Vec::new, |token| {
            self.suites().map(|suite| token.digest(suite)).collect()
        });
        let rows = tables::SessionsOf::under(&account.id);
        let mut open = vec![];
        for ((_, key), ()) in self.list(rows, usize::MAX).await? {
            let session: Option<Session> = self.one::<tables::Sessions>(&key).await?;
            let session = session.filter(|session| {
                session.credentials_version == account.credentials_version
                    && terms.goes_on(session.begun, session.used, now)
            });
            open.extend(session.map(|session| OpenSession {
                id: name(&key),
                begun: session.begun,
                used: session.used.day(),
                ends_at: Timestamp(session.begun.0.saturating_add_unsigned(terms.absolute_ms)),
                way: session.way,
                device: session.device,
                is_present: own.contains(&key),
            }));
        }
        open.sort_by_key(|session| std::cmp::Reverse(session.begun));
        Ok(open)
    }

    /// Ends one session of an account by its name.
    ///
    /// # Errors
    /// [`PeopleRefusal::NoSession`] if the account has none of this name.
    pub async fn end_session(
        self,
        account: AccountId,
        id: &str,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let rows = tables::SessionsOf::under(&account);
        let rows = unit.view.scan(rows, usize::MAX).await?;
        let mut keys = rows.into_iter().map(|((_, key), ())| key);
        let key = keys.find(|key| name(key) == id);
        let missing = || PeopleRefusal::NoSession(id.chars().take(40).collect());
        let key = key.ok_or_else(missing)?;
        unit.end_session(account, key);
        unit.subject = Some(Subject::Account(account));
        unit.detail = Some("ended one session".to_owned());
        unit.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the caller but the one of this token.
    ///
    /// # Errors
    /// [`PeopleRefusal::NoAccount`] if the account does not exist.
    pub async fn end_other_sessions(
        self,
        account: AccountId,
        present: &Token,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(account).await?;
        account.credentials_version += 1;
        for suite in self.suites() {
            let key = present.digest(suite);
            let session: Option<Session> = unit.view.get::<tables::Sessions>(&key).await?;
            if let Some(mut session) = session.filter(|session| session.account == account.id) {
                session.credentials_version = account.credentials_version;
                unit.view.put::<tables::Sessions>(&key, &session);
            }
        }
        unit.detail = Some("ended all other sessions".to_owned());
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Ends all sessions of somebody else. The caller has checked that `who` manages accounts.
    ///
    /// # Errors
    /// As for closing the account.
    pub async fn end_all_sessions(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
        account.credentials_version += 1;
        unit.detail = Some("ended all sessions".to_owned());
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    /// Returns the last day on which somebody signed in with an account; `None` if nobody has since days are
    /// noted.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn last_sign_in(self, id: AccountId) -> Result<Option<Day>, Fault> {
        let last: Option<LastSignIn> = self.one::<tables::LastSignIns>(&id).await?;
        Ok(last.map(|last| last.day))
    }
}

impl UnitOfWork<'_> {
    /// Deletes a session of an account.
    pub(super) fn end_session(&mut self, account: AccountId, key: Digest) {
        self.view.delete::<tables::Sessions>(&key);
        self.view.delete::<tables::SessionsOf>(&(account, key));
    }

    /// Notes the day of a sign-in: one write a day.
    pub(super) async fn note_sign_in(&mut self, account: AccountId) -> Result<(), Fault> {
        let today = LastSignIn {
            day: self.now.day(),
        };
        let before = self.view.get::<tables::LastSignIns>(&account).await?;
        if before != Some(today) {
            self.view.put::<tables::LastSignIns>(&account, &today);
        }
        Ok(())
    }
}
