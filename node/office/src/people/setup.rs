//! Setup codes: with one, a missing administrator opens their own account in the browser.
//!
//! The owner of the node makes a code where the node runs, and hands it to the person. It stands for what
//! the owner may do, and for nothing else: it names one role, is used once, and ends after a day.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    actor::Actor,
    people::{Account, BadAccount, Login, Role, Who, may_open},
    time::Timestamp,
};

use super::{NewAccount, PeopleRefusal, Token, TokenKind};
use crate::{
    Failed, Fault, Request, RequestContext,
    services::People,
    tables::{self, people::Setup},
};

/// Time for which a setup code counts, in milliseconds: a day.
const CODE_MS: u64 = 24 * 60 * 60_000;

/// A person who opens their own account with a setup code.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The login they chose.
    pub login: String,
    /// Their name.
    pub name: String,
    /// The password they chose.
    pub password: String,
}

impl People<'_> {
    /// Makes the code with which one account is opened in the browser, for an administrator who is
    /// missing. An earlier code no longer counts. Returns the code, which is shown once, and when it ends.
    ///
    /// # Errors
    /// [`BadGrant`](domain::people::BadGrant) if the caller is not the owner of the node, or may not open such
    /// an account.
    pub async fn make_setup_code(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        role: Role,
    ) -> Result<(Token, Timestamp), Failed<PeopleRefusal>> {
        let token = self.new_token(TokenKind::Setup);
        let mut unit = self.begin(by).await?;
        let seated = unit.seated().await?;
        may_open(who, &BTreeSet::from([role]), &seated).map_err(PeopleRefusal::Grant)?;
        let Who::OsUser { uid, .. } = who else {
            return Err(PeopleRefusal::Grant(domain::people::BadGrant::Apart).into());
        };
        let until = Timestamp(unit.now.0.saturating_add_unsigned(CODE_MS));
        let setup = Setup {
            code: token.digest(self.dependencies.suite),
            role,
            made_by: *uid,
            until,
        };
        unit.view.put::<tables::Setups>(&(), &setup);
        unit.detail = Some(format!("setup code for {role}"));
        unit.commit().await?;
        Ok((token, until))
    }

    /// Opens the account for which a setup code was made. Nobody is signed in by it.
    ///
    /// # Errors
    /// [`PeopleRefusal::WrongCode`], and those of [`Self::open_account`].
    pub async fn set_up(
        self,
        code: &Token,
        person: Newcomer,
        request: &Arc<Request>,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let Some(setup) = self.setup_of(code).await? else {
            self.note_stranger("setup code", request).await?;
            return Err(PeopleRefusal::WrongCode.into());
        };
        let login = person.login.parse::<Login>();
        let new = NewAccount {
            login: login.map_err(|bad: BadAccount| PeopleRefusal::Account(bad))?,
            name: person.name,
            roles: BTreeSet::from([setup.role]),
            department: None,
            grid: None,
            phone: None,
            password: person.password,
            is_first: false,
        };
        let owner = Who::OsUser {
            uid: setup.made_by,
            accounts: self.has_accounts().await?,
        };
        let by = RequestContext::new(Actor::OsUser(setup.made_by), Arc::clone(request));
        self.open(&owner, by, new, Some(setup)).await
    }

    /// Returns the present setup code if this is it, and it has not ended.
    async fn setup_of(self, code: &Token) -> Result<Option<Setup>, Fault> {
        if code.kind != TokenKind::Setup {
            return Ok(None);
        }
        let setup = self.one::<tables::Setups>(&()).await?;
        let now = self.now();
        let known = |setup: &Setup| self.suites().any(|suite| code.digest(suite) == setup.code);
        Ok(setup.filter(|setup| now < setup.until && known(setup)))
    }
}
