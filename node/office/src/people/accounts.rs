//! Opening, changing and closing accounts.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    actor::Actor,
    audit::Subject,
    matter::Department,
    people::{
        Account, AccountId, BadPassword, GridId, Login, Role, Who, may_change, may_grant, may_open,
        normalised,
    },
};
use store::{Range, record};

use super::{
    hashing::{self, PasswordHash},
    login::Attempt,
};
use crate::{
    Office, OfficeError, Request, RequestContext, keys, people::PeopleError,
    unit_of_work::UnitOfWork,
};

/// An account to open.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What the person will type.
    pub login: Login,
    /// What people call them.
    pub name: String,
    /// What they are.
    pub roles: BTreeSet<Role>,
    /// Which department posted them.
    pub department: Option<Department>,
    /// Which grid is theirs.
    pub grid: Option<GridId>,
    /// Their first password.
    pub password: String,
}

/// What is changed about an account; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// What people call them.
    pub name: Option<String>,
    /// Which department posted them; `Some(None)` for none.
    pub department: Option<Option<Department>>,
    /// Which grid is theirs; `Some(None)` for none.
    pub grid: Option<Option<GridId>>,
    /// Whether nobody may log in with it.
    pub disabled: Option<bool>,
}

impl Office {
    /// Opens an account. `who` was found to manage accounts.
    pub async fn open_account(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        new: NewAccount,
    ) -> Result<Account, OfficeError> {
        let NewAccount {
            login,
            name,
            roles,
            department,
            grid,
            password,
        } = new;
        let mut account = Account {
            // Numbered when it is opened.
            id: AccountId(0),
            login,
            name,
            division: self.me,
            roles,
            department,
            grid,
            disabled: false,
            era: 0,
            opened_at: self.now(),
        };
        account.check().map_err(PeopleError::Account)?;
        let hash = self.hashed(&account, password).await?;
        let mut unit = self.begin(by).await?;
        let mut census: super::Census = unit.read(keys::CENSUS).await?.unwrap_or_default();
        // The last word on what the owner may, now that nobody else decides.
        let who = match who {
            Who::OsUser { uid, .. } => Who::OsUser {
                uid: *uid,
                accounts: census.accounts > 0,
            },
            other => other.clone(),
        };
        let seated = unit.seated().await?;
        may_open(&who, &account.roles, &seated).map_err(PeopleError::Grant)?;
        let login_key = keys::login(account.login.as_str());
        if unit.read::<AccountId>(&login_key).await?.is_some() {
            return Err(PeopleError::Taken(account.login.to_string()).into());
        }
        unit.check_grid(account.grid).await?;
        census.accounts += 1;
        account.id = AccountId::new(unit.ledger.run, census.accounts);
        unit.view.put(keys::CENSUS, record::write(&census));
        unit.view.put(login_key, record::write(&account.id));
        unit.view
            .put(keys::password(account.id), record::write(&hash));
        unit.detail = Some(roles_in_words(&account.roles));
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Changes what an account says, or closes it, or opens it again.
    pub async fn change_account(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Account, OfficeError> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        let mut changed = vec![];
        if let Some(name) = change.name {
            account.name = name;
            changed.push("name");
        }
        if let Some(department) = change.department {
            account.department = department;
            changed.push("department");
        }
        if let Some(grid) = change.grid {
            unit.check_grid(grid).await?;
            account.grid = grid;
            changed.push("grid");
        }
        if let Some(disabled) = change.disabled {
            account.era += u32::from(disabled && !account.disabled);
            account.disabled = disabled;
            changed.push(if disabled { "closed" } else { "opened again" });
        }
        account.check().map_err(PeopleError::Account)?;
        unit.detail = Some(changed.join(", "));
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Says which roles an account has; its sessions end.
    pub async fn set_roles(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        roles: BTreeSet<Role>,
    ) -> Result<Account, OfficeError> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_grant(who, &account, &roles).map_err(PeopleError::Grant)?;
        account.roles = roles;
        account.era += 1;
        unit.detail = Some(roles_in_words(&account.roles));
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Sets a lost password anew; the account's sessions end, and what was wrong before is forgotten.
    pub async fn set_password(
        &self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        password: String,
    ) -> Result<(), OfficeError> {
        let account = self.account(id).await?;
        may_change(who, &account).map_err(PeopleError::Grant)?;
        self.write_password(by.into(), account, password).await
    }

    /// Changes one's own password; all sessions end.
    ///
    /// # Errors
    /// [`PeopleError::WrongLogin`] and [`PeopleError::Locked`] as at the login.
    pub async fn change_password(
        &self,
        id: AccountId,
        old: String,
        new: String,
        request: &Arc<Request>,
    ) -> Result<(), OfficeError> {
        let account = self.account(id).await?;
        let old = normalised(&old);
        let rules = &self.people.policy.passwords;
        rules
            .check(&new, account.login.as_str())
            .map_err(PeopleError::Password)?;
        let place = hashing::place().await?;
        let login = account.login.clone();
        let attempt = Attempt {
            id: Some(id),
            login: login.as_str(),
            request,
        };
        self.check_lock(attempt).await?;
        let stored: Option<PasswordHash> = self.fetch(&keys::password(id)).await?;
        let stored = stored.ok_or(PeopleError::WrongLogin)?;
        if old.len() > rules.most_bytes || !hashing::fits(place, old, stored).await?.0 {
            self.count_wrong(id, attempt).await?;
            return Err(PeopleError::WrongLogin.into());
        }
        let by = RequestContext::new(Actor::Account(id), Arc::clone(request));
        self.write_password(by, account, new).await
    }

    async fn write_password(
        &self,
        by: RequestContext,
        account: Account,
        password: String,
    ) -> Result<(), OfficeError> {
        let hash = self.hashed(&account, password).await?;
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(account.id).await?;
        account.era += 1;
        unit.view
            .put(keys::password(account.id), record::write(&hash));
        unit.forget_failures(account.id).await?;
        unit.detail = Some("password".to_owned());
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    async fn hashed(
        &self,
        account: &Account,
        password: String,
    ) -> Result<PasswordHash, OfficeError> {
        let password = normalised(&password);
        let policy = &self.people.policy;
        let checked = policy.passwords.check(&password, account.login.as_str());
        checked.map_err(|bad: BadPassword| PeopleError::Password(bad))?;
        let place = hashing::place().await?;
        let salt = self.dependencies.entropy.bytes();
        Ok(hashing::hash(place, password, salt, policy.hashes).await?)
    }

    /// One account.
    pub async fn account(&self, id: AccountId) -> Result<Account, OfficeError> {
        let found = self.fetch(&keys::account(id)).await?;
        Ok(found.ok_or_else(|| PeopleError::NoAccount(id.to_string()))?)
    }

    /// An account by its id or its login.
    pub async fn find_account(&self, name: &str) -> Result<Account, OfficeError> {
        let missing = || PeopleError::NoAccount(name.chars().take(40).collect());
        let id = match name.parse() {
            Ok(id) => id,
            Err(_) => {
                let login: Login = name.parse().map_err(|_| missing())?;
                let id = self.fetch(&keys::login(login.as_str())).await?;
                id.ok_or_else(missing)?
            }
        };
        Ok(self.fetch(&keys::account(id)).await?.ok_or_else(missing)?)
    }

    /// Accounts after an id, at most `limit`, in order of their ids.
    pub async fn accounts(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<Account>, OfficeError> {
        let mut range = Range::prefix(keys::ACCOUNTS);
        if let Some(after) = after {
            range.from = [&keys::account(after)[..], &[0]].concat().into();
        }
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, limit, false).await?;
        store.wait_durable(seen.generation).await?;
        let accounts = seen.value.iter().map(|(_, bytes)| record::read(bytes));
        Ok(accounts.collect::<Result<_, _>>()?)
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn account(&mut self, id: AccountId) -> Result<Account, OfficeError> {
        let found = self.read(&keys::account(id)).await?;
        Ok(found.ok_or_else(|| PeopleError::NoAccount(id.to_string()))?)
    }

    pub(super) fn put_account(&mut self, account: &Account) {
        self.subject = Some(Subject::Account(account.id));
        self.view
            .put(keys::account(account.id), record::write(account));
    }

    async fn check_grid(&mut self, grid: Option<GridId>) -> Result<(), OfficeError> {
        match grid {
            Some(id) => self.grid(id).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Roles of all accounts that are open.
    async fn seated(&mut self) -> Result<BTreeSet<Role>, OfficeError> {
        let found = self
            .view
            .scan(Range::prefix(keys::ACCOUNTS), usize::MAX, false)
            .await?;
        let mut seated = BTreeSet::new();
        for (_, bytes) in found {
            let account: Account = record::read(&bytes)?;
            if !account.disabled {
                seated.extend(account.roles);
            }
        }
        Ok(seated)
    }
}

fn roles_in_words(roles: &BTreeSet<Role>) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    format!(
        "roles: {}",
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    )
}
