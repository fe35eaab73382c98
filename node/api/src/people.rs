//! Accounts, sessions, grids, API keys and the audit trail.

use std::collections::BTreeSet;

use domain::people::{Account, ApiKey, ExternalIdentity, Grid, Permission, Role, SignInWay};
use serde::{Deserialize, Deserializer, Serialize};
use topology::DivisionCode;

use super::Code;

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Login name; case does not matter.
    pub login: String,
    /// Password, at most 256 bytes.
    #[schema(format = Password)]
    pub password: String,
    /// True for web pages: the token is set as a cookie and not returned.
    #[serde(default)]
    pub cookie: bool,
}

/// A new session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    /// Token to send as `Authorization: Bearer`; absent if it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Secret that a page sends as `X-CSRF-Token` with every request that changes something.
    pub csrf: String,
    /// When the session ends at the latest, in milliseconds since 1970. It ends earlier without
    /// requests.
    pub ends_ms: i64,
    /// The account of the session.
    pub account: AccountView,
    /// True if somebody else set the password: the session can only set another, with `PUT
    /// …/accounts/{account}/password`, and ends with that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change_password: bool,
}

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The account; absent for an API key or the owner of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountView>,
    /// Secret that a page sends as `X-CSRF-Token`, if the caller has a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    /// When the session ends at the latest, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<i64>,
    /// Permissions that the caller has here, apart from those that depend on a matter.
    pub permissions: Vec<Permission>,
    /// True if the session can only set another password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change_password: bool,
}

/// The open sessions of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OpenSessions {
    /// The sessions, the latest first.
    pub sessions: Vec<OpenSessionView>,
}

/// An open session of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OpenSessionView {
    /// Name of the session, 16 hexadecimal digits. It opens nothing.
    pub id: String,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: i64,
    /// The last day on which it was used, in Asia/Shanghai, such as 2026-03-01.
    pub used_day: String,
    /// When it ends at the latest, in milliseconds since 1970.
    pub ends_ms: i64,
    /// How the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<SignInWay>,
    /// The program and machine with which the person signed in, by their own account, at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// True for the session of this request.
    pub present: bool,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountView {
    /// Number of the account; dispatches and the audit trail use it.
    pub id: u64,
    /// Login name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// The division where the person acts.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Roles of the person in that division.
    pub roles: BTreeSet<Role>,
    /// Code of the department that posted the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Number of the person's grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// Telephone number at which colleagues reach the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// True if nobody can log in with the account.
    pub disabled: bool,
    /// When it was opened, in milliseconds since 1970.
    pub opened_ms: i64,
    /// The last day on which the person signed in, in Asia/Shanghai; only for those who manage accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_in_day: Option<String>,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            login: account.login.to_string(),
            name: account.name.clone(),
            division: account.division,
            roles: account.roles.clone(),
            department: account.department.as_ref().map(ToString::to_string),
            grid: account.grid.map(|grid| grid.0),
            phone: account.phone.clone(),
            disabled: account.disabled,
            opened_ms: account.opened_at.0,
            last_sign_in_day: None,
        }
    }
}

/// A page of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountPage {
    /// The accounts, ordered by number.
    pub accounts: Vec<AccountView>,
    /// Send this as `after` to get the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Selects a page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Continues after this entry; from the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most entries on the page, 1 to 1,000; 100 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// An account to open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// Login name: 2 to 31 lower-case letters, digits, dots, dashes and underscores; the first is a
    /// letter.
    pub login: String,
    /// Name of the person, 1 to 60 characters.
    pub name: String,
    /// The first password, at least 10 characters.
    #[schema(format = Password)]
    pub password: String,
    /// Roles. Only the owner of the node may give them here, for administrators that are missing.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// Code of the department that posts the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Number of the person's grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// Telephone number at which colleagues reach the person, 3 to 40 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// True if the person must set a password of their own at the first login, before anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change: bool,
}

/// Changes to an account. Fields left out stay as they are; `null` removes the value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// Name of the person, 1 to 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Code of the department that posts the person.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    #[schema(value_type = Option<String>)]
    pub department: Option<Option<String>>,
    /// Number of the person's grid.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    #[schema(value_type = Option<u32>)]
    pub grid: Option<Option<u32>>,
    /// Telephone number at which colleagues reach the person.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// True to close the account to logins and end its sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// True to close the account although open matters are dispatched to it by name; they then have no handler.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leave_matters: bool,
}

/// Reads a field that is present, so that `null` differs from a field that is left out.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The roles of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesRequest {
    /// All roles the account has from now on.
    pub roles: BTreeSet<Role>,
}

/// A new password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The present password; required to change one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub old: Option<String>,
    /// The new password, at least 10 characters.
    #[schema(format = Password)]
    pub new: String,
}

/// The person at a provider who signs in with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkView {
    /// The provider's issuer name.
    pub issuer: String,
    /// The claim that identifies the person there.
    pub claim: String,
    /// The value of that claim.
    pub subject: String,
}

impl From<ExternalIdentity> for LinkView {
    fn from(identity: ExternalIdentity) -> Self {
        Self {
            issuer: identity.issuer,
            claim: identity.claim,
            subject: identity.name,
        }
    }
}

/// The person at a provider who is to sign in with an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The value of the claim that identifies the person (`sub`, unless the operator set another),
    /// letter for letter. 1 to 255 bytes.
    pub subject: String,
    /// The provider's issuer name; the provider of this node if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// Destination after a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StartQuery {
    /// A path of this node that begins with one slash; `/` if left out.
    #[serde(default, rename = "return", skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
}

/// Parameters with which a browser returns from the provider.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReturnQuery {
    /// Identifies the sign-in.
    #[serde(default)]
    pub state: Option<String>,
    /// Code to exchange for the provider's token.
    #[serde(default)]
    pub code: Option<String>,
    /// The provider that sends the browser back (RFC 9207).
    #[serde(default)]
    pub iss: Option<String>,
    /// Reason why the person was not signed in.
    #[serde(default)]
    pub error: Option<String>,
}

/// A grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GridView {
    /// Number of the grid.
    pub id: u32,
    /// Name of the grid.
    pub name: String,
    /// The division of the grid.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Numbers of the accounts that look after it.
    pub members: Vec<u64>,
    /// Number of households.
    pub households: u32,
}

impl From<&Grid> for GridView {
    fn from(grid: &Grid) -> Self {
        Self {
            id: grid.id.0,
            name: grid.name.clone(),
            division: grid.division,
            members: grid.members.iter().map(|member| member.0).collect(),
            households: grid.households,
        }
    }
}

/// All grids of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grids {
    /// The grids, ordered by number.
    pub grids: Vec<GridView>,
    /// Households of all grids.
    pub households: u64,
}

/// A grid to draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridRequest {
    /// Name of the grid, 1 to 60 characters.
    pub name: String,
    /// Numbers of the accounts that look after it, at most 200.
    #[serde(default)]
    pub members: BTreeSet<u64>,
    /// Number of households, at most 100,000.
    pub households: u32,
}

/// An API key, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyView {
    /// Id of the key, 16 hexadecimal digits; the audit trail uses it.
    pub id: String,
    /// Description.
    pub name: String,
    /// Permissions of the program.
    pub permissions: BTreeSet<Permission>,
    /// The division where they hold.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// When it was created, in milliseconds since 1970.
    pub made_ms: i64,
    /// When it expires, in milliseconds since 1970.
    pub expires_ms: i64,
    /// When it was revoked, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<i64>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            permissions: key.permissions.clone(),
            division: key.division,
            made_ms: key.made_at.0,
            expires_ms: key.expires_at.0,
            revoked_ms: key.revoked_at.map(|at| at.0),
        }
    }
}

/// All API keys of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Keys {
    /// The keys, ordered by when they were created; expired and revoked ones included.
    pub keys: Vec<KeyView>,
}

/// An API key to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Description, 1 to 60 characters.
    pub name: String,
    /// Permissions of the program.
    pub permissions: BTreeSet<Permission>,
    /// The division where they hold; the node's division if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub division: Option<DivisionCode>,
    /// Days until it expires, 1 to 400.
    pub days: u32,
}

/// An API key that was created.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewKeyView {
    /// Token to send as `Authorization: Bearer`. Shown once: a repeated request gets `shown-once`
    /// here.
    pub token: String,
    /// The key.
    pub key: KeyView,
}

/// Asks for a setup code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupCodeRequest {
    /// The role of the account that it opens: one of an administrator who is missing.
    pub role: Role,
}

/// A code with which one account is opened in the browser.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetupCodeView {
    /// The code. Shown once: a repeated request gets `shown-once` here.
    pub code: String,
    /// The role of the account that it opens.
    pub role: Role,
    /// When it ends, in milliseconds since 1970.
    pub until_ms: i64,
}

/// Opens the account for which a setup code was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The code.
    pub code: String,
    /// Login name: 2 to 31 lower-case letters, digits, dots, dashes, underscores.
    pub login: String,
    /// Name of the person, 1 to 60 characters.
    pub name: String,
    /// The password, 10 characters to 256 bytes.
    #[schema(format = Password)]
    pub password: String,
}

/// A slip for a reporter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SlipView {
    /// Token to send as `Reporter-Token`. Shown once: a repeated request gets `shown-once` here.
    pub token: String,
}
