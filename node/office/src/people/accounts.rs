//! Opening, changing and closing accounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    actor::Actor,
    audit::Subject,
    matter::Department,
    people::{
        Account, AccountId, BadPassword, GridId, Login, Role, Who, may_change, may_grant, may_open,
        normalised,
    },
};
use records::table::Table;

use super::{
    PeopleRefusal,
    hashing::{self, PasswordHash},
    login::Attempt,
};
use crate::{
    Failed, Fault, Request, RequestContext,
    services::People,
    tables::{self, people::Setup},
    unit_of_work::UnitOfWork,
};

/// An account to open.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The login.
    pub login: Login,
    /// Name of the person.
    pub name: String,
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// The department that posted the person, if any.
    pub department: Option<Department>,
    /// The person's grid, if any.
    pub grid: Option<GridId>,
    /// The telephone number of the person, if any.
    pub phone: Option<String>,
    /// The first password.
    pub password: String,
    /// Whether somebody else chose the password, so that the person must set another before anything else.
    pub is_first: bool,
}

/// Changes to an account; omitted fields stay.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Name of the person.
    pub name: Option<String>,
    /// The department that posted the person; `Some(None)` for none.
    pub department: Option<Option<Department>>,
    /// The person's grid; `Some(None)` for none.
    pub grid: Option<Option<GridId>>,
    /// The telephone number of the person; `Some(None)` for none.
    pub phone: Option<Option<String>>,
    /// Whether the account is closed, so that nobody may log in with it.
    pub disabled: Option<bool>,
    /// Whether an account is closed although it has open matters, which then have no handler.
    pub leaves_matters: bool,
}

impl People<'_> {
    /// Opens an account. The caller has checked that `who` manages accounts.
    pub async fn open_account(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        new: NewAccount,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        self.open(who, by.into(), new, None).await
    }

    /// Opens an account; with a setup code, which is used up by it.
    pub(super) async fn open(
        self,
        who: &Who,
        by: RequestContext,
        new: NewAccount,
        setup: Option<Setup>,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let NewAccount {
            login,
            name,
            roles,
            department,
            grid,
            phone,
            password,
            is_first,
        } = new;
        let mut account = Account {
            // The number is drawn when the account is opened.
            id: AccountId(0),
            login,
            name,
            division: self.me,
            roles,
            department,
            grid,
            phone,
            disabled: false,
            credentials_version: 0,
            opened_at: self.now(),
        };
        account.check().map_err(PeopleRefusal::Account)?;
        let hash = self.hashed(&account, password).await?;
        let hash = hash.that_is_first(is_first);
        let mut unit = self.begin(by).await?;
        let census = unit.view.get::<tables::Census>(&()).await?;
        let mut census = census.unwrap_or_default();
        // Check again what the owner may do, now that no other decision can intervene.
        let who = match who {
            Who::OsUser { uid, .. } => Who::OsUser {
                uid: *uid,
                accounts: census.accounts > 0,
            },
            other => other.clone(),
        };
        let seated = unit.seated().await?;
        may_open(&who, &account.roles, &seated).map_err(PeopleRefusal::Grant)?;
        let login = account.login.as_str().to_owned();
        if unit.view.has::<tables::Logins>(&login).await? {
            return Err(PeopleRefusal::Taken(account.login.to_string()).into());
        }
        unit.check_grid(account.grid).await?;
        if let Some(setup) = setup {
            // Somebody else may have used it since it was read, or the owner made another.
            if unit.view.get::<tables::Setups>(&()).await? != Some(setup) {
                return Err(PeopleRefusal::WrongCode.into());
            }
            unit.view.delete::<tables::Setups>(&());
        }
        census.accounts += 1;
        account.id = AccountId::new(unit.ledger.run, census.accounts);
        unit.view.put::<tables::Census>(&(), &census);
        unit.view.put::<tables::Logins>(&login, &account.id);
        unit.view.put::<tables::Passwords>(&account.id, &hash);
        let by_code = setup.map_or("", |_| ", by setup code");
        unit.detail = Some(roles_in_words(&account.roles) + by_code);
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Returns an account that the caller may close, rename, or give a new password. The caller has checked that
    /// `who` manages accounts.
    ///
    /// # Errors
    /// [`PeopleRefusal::Grant`] if somebody else changes such accounts, [`PeopleRefusal::NoAccount`].
    pub async fn changeable(
        self,
        who: &Who,
        id: AccountId,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let account = self.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
        Ok(account)
    }

    /// Changes an account, or closes it, or opens it again.
    ///
    /// # Errors
    /// [`PeopleRefusal::HasMatters`] if an account with open matters is to be closed and not to leave them.
    pub async fn change_account(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let mut left = 0;
        if change.disabled == Some(true) && !self.changeable(who, id).await?.disabled {
            left = self.matters().charged_with(id, 0).await?.count;
            if left > 0 && !change.leaves_matters {
                return Err(PeopleRefusal::HasMatters(id, left).into());
            }
        }
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
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
        if let Some(phone) = change.phone {
            account.phone = phone;
            changed.push("telephone");
        }
        if let Some(disabled) = change.disabled {
            account.credentials_version += u32::from(disabled && !account.disabled);
            account.disabled = disabled;
            changed.push(if disabled { "closed" } else { "opened again" });
        }
        account.check().map_err(PeopleRefusal::Account)?;
        let without = match left {
            0 => String::new(),
            left => format!(", {left} open matters without a handler"),
        };
        unit.detail = Some(changed.join(", ") + &without);
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Sets the roles of an account; its sessions end.
    pub async fn set_roles(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        roles: BTreeSet<Role>,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(id).await?;
        may_grant(who, &account, &roles).map_err(PeopleRefusal::Grant)?;
        account.roles = roles;
        account.credentials_version += 1;
        unit.detail = Some(roles_in_words(&account.roles));
        unit.put_account(&account);
        unit.commit().await?;
        Ok(account)
    }

    /// Replaces a lost password; the account's sessions end, and its wrong passwords are forgotten. Whoever
    /// signs in with the new one must set one of their own before anything else.
    pub async fn set_password(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        id: AccountId,
        password: String,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let account = self.account(id).await?;
        may_change(who, &account).map_err(PeopleRefusal::Grant)?;
        self.write_password(by.into(), account, password, true)
            .await
    }

    /// Changes the caller's own password; all sessions end.
    ///
    /// # Errors
    /// [`PeopleRefusal::WrongLogin`] and [`PeopleRefusal::Locked`] as at the login.
    pub async fn change_password(
        self,
        id: AccountId,
        old: String,
        new: String,
        request: &Arc<Request>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let account = self.account(id).await?;
        let old = normalised(&old);
        let rules = &self.people.policy.passwords;
        rules
            .check(&new, account.login.as_str())
            .map_err(PeopleRefusal::Password)?;
        let place = hashing::place().await?;
        let login = account.login.clone();
        let attempt = Attempt {
            id: Some(id),
            login: login.as_str(),
            request,
        };
        self.check_lock(attempt).await?;
        let stored: Option<PasswordHash> = self.one::<tables::Passwords>(&id).await?;
        let stored = stored.ok_or(PeopleRefusal::WrongLogin)?;
        if old.len() > rules.most_bytes || !hashing::fits(place, old.clone(), stored).await?.0 {
            self.count_wrong(id, attempt).await?;
            return Err(PeopleRefusal::WrongLogin.into());
        }
        if normalised(&new) == old {
            return Err(PeopleRefusal::Password(BadPassword::Same).into());
        }
        let by = RequestContext::new(Actor::Account(id), Arc::clone(request));
        self.write_password(by, account, new, false).await
    }

    async fn write_password(
        self,
        by: RequestContext,
        account: Account,
        password: String,
        is_first: bool,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let hash = self.hashed(&account, password).await?;
        let hash = hash.that_is_first(is_first);
        let mut unit = self.begin(by).await?;
        let mut account = unit.account(account.id).await?;
        account.credentials_version += 1;
        unit.view.put::<tables::Passwords>(&account.id, &hash);
        unit.forget_failures(account.id).await?;
        unit.detail = Some("password".to_owned());
        unit.put_account(&account);
        unit.commit().await?;
        Ok(())
    }

    async fn hashed(
        self,
        account: &Account,
        password: String,
    ) -> Result<PasswordHash, Failed<PeopleRefusal>> {
        let password = normalised(&password);
        let policy = &self.people.policy;
        let checked = policy.passwords.check(&password, account.login.as_str());
        checked.map_err(|bad: BadPassword| PeopleRefusal::Password(bad))?;
        let place = hashing::place().await?;
        let salt = self.dependencies.entropy.bytes();
        Ok(hashing::hash(place, password, salt, policy.hashes).await?)
    }

    /// Returns one account.
    pub async fn account(self, id: AccountId) -> Result<Account, Failed<PeopleRefusal>> {
        let found = self.one::<tables::Accounts>(&id).await?;
        Ok(found.ok_or_else(|| PeopleRefusal::NoAccount(id.to_string()))?)
    }

    /// Returns the names of those of these accounts that are here, as they are now.
    pub async fn names(
        self,
        ids: impl IntoIterator<Item = AccountId> + Send,
    ) -> Result<BTreeMap<AccountId, String>, Fault> {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        let mut view = self.read()?;
        let mut names = BTreeMap::new();
        for id in ids {
            if let Some(account) = view.get::<tables::Accounts>(&id).await? {
                names.insert(id, account.name);
            }
        }
        Ok(view.finish(names).await?)
    }

    /// Returns an account by its id or its login.
    pub async fn find_account(self, name: &str) -> Result<Account, Failed<PeopleRefusal>> {
        let missing = || PeopleRefusal::NoAccount(name.chars().take(40).collect());
        let id = match name.parse() {
            Ok(id) => id,
            Err(_) => {
                let login: Login = name.parse().map_err(|_| missing())?;
                let id = self
                    .one::<tables::Logins>(&login.as_str().to_owned())
                    .await?;
                id.ok_or_else(missing)?
            }
        };
        Ok(self
            .one::<tables::Accounts>(&id)
            .await?
            .ok_or_else(missing)?)
    }

    /// Returns accounts after an id, at most `limit`, in order of their ids.
    pub async fn accounts(
        self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<Account>, Fault> {
        let rows = tables::Accounts::all().after(after.as_ref());
        let accounts = self.list(rows, limit).await?;
        Ok(accounts.into_iter().map(|(_, account)| account).collect())
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn account(
        &mut self,
        id: AccountId,
    ) -> Result<Account, Failed<PeopleRefusal>> {
        let found = self.view.get::<tables::Accounts>(&id).await?;
        Ok(found.ok_or_else(|| PeopleRefusal::NoAccount(id.to_string()))?)
    }

    pub(super) fn put_account(&mut self, account: &Account) {
        self.subject = Some(Subject::Account(account.id));
        self.view.put::<tables::Accounts>(&account.id, account);
    }

    async fn check_grid(&mut self, grid: Option<GridId>) -> Result<(), Failed<PeopleRefusal>> {
        match grid {
            Some(id) => self.grid(id).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Returns the roles of all open accounts.
    pub(super) async fn seated(&mut self) -> Result<BTreeSet<Role>, Fault> {
        let accounts = tables::Accounts::all();
        let mut seated = BTreeSet::new();
        for (_, account) in self.view.scan(accounts, usize::MAX).await? {
            if !account.disabled {
                seated.extend(account.roles);
            }
        }
        Ok(seated)
    }
}

pub(super) fn roles_in_words(roles: &BTreeSet<Role>) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.code()).collect();
    format!(
        "roles: {}",
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    )
}
