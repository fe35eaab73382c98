//! Accounts, sessions, grids, keys and the audit trail.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    audit::{AuditEntry, AuditHead, Ending, Subject, Whence},
    people::{Account, ApiKey, ExternalIdentity, Grid, Permission, Role},
};
use serde::{Deserialize, Deserializer, Serialize};
use topology::DivisionCode;

use super::Code;

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Case does not matter.
    pub login: String,
    /// At most 256 bytes.
    #[schema(format = Password)]
    pub password: String,
    /// For pages: the token is set as a cookie and not shown.
    #[serde(default)]
    pub cookie: bool,
}

/// A session that was begun.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    /// What to send as `Authorization: Bearer`; left out if it was set as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What a page sends as `X-CSRF-Token` with everything that changes something.
    pub csrf: String,
    /// The session ends then at the latest, and earlier without requests.
    pub ends_ms: i64,
    /// Whose it is.
    pub account: AccountView,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The account; left out for an API key or the owner of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountView>,
    /// What a page sends as `X-CSRF-Token`, if this is a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    /// The session ends then at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<i64>,
    /// What may be done here without regard to a matter.
    pub deeds: Vec<Permission>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountView {
    /// Its number; stands in dispatches and in the audit trail.
    pub id: u64,
    /// What the person types.
    pub login: String,
    /// What people call them.
    pub name: String,
    /// Where they act.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// What they are there.
    pub roles: BTreeSet<Role>,
    /// Code of the department that posted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Number of their grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// Whether nobody may log in with it.
    pub disabled: bool,
    /// When it was opened.
    pub opened_ms: i64,
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
            disabled: account.disabled,
            opened_ms: account.opened_at.0,
        }
    }
}

/// A page of accounts, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountPage {
    /// The accounts.
    pub accounts: Vec<AccountView>,
    /// Ask for those after this one to go on; nothing follows if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Those after this one; from the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, 1 to 1,000; 100 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// An account to open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// 2 to 31 lower-case letters, digits, dots, dashes and underscores, the first a letter.
    pub login: String,
    /// 1 to 60 characters.
    pub name: String,
    /// The first password, at least 10 characters.
    #[schema(format = Password)]
    pub password: String,
    /// Only the owner of the node names roles here, for administrators that are missing.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// Code of the department that posts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Number of their grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
}

/// What is changed about an account; what is left out stays, `null` takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// 1 to 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Code of the department that posts them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    #[schema(value_type = Option<String>)]
    pub department: Option<Option<String>>,
    /// Number of their grid.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    #[schema(value_type = Option<u32>)]
    pub grid: Option<Option<u32>>,
    /// Whether nobody may log in with it; its sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// What was said, `null` included.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The roles of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesRequest {
    /// All it has from now on.
    pub roles: BTreeSet<Role>,
}

/// A new password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The present one; needed for one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub old: Option<String>,
    /// The new one, at least 10 characters.
    #[schema(format = Password)]
    pub new: String,
}

/// Who signs in with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkView {
    /// The provider, as it calls itself.
    pub issuer: String,
    /// The claim that names the person there.
    pub claim: String,
    /// What the provider says in it.
    pub subject: String,
}

impl From<ExternalIdentity> for LinkView {
    fn from(passport: ExternalIdentity) -> Self {
        Self {
            issuer: passport.issuer,
            claim: passport.claim,
            subject: passport.name,
        }
    }
}

/// Who is to sign in with an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// What the provider says in the claim that names a person (`sub`, unless the operator set
    /// another), letter for letter. 1 to 255 bytes.
    pub subject: String,
    /// The provider, as it calls itself; the one this node signs people in with if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// Where a sign-in leads on to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StartQuery {
    /// A path of this node that begins with one slash; `/` if left out.
    #[serde(default, rename = "return", skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
}

/// What a browser comes back from the provider with.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReturnQuery {
    /// By which the sign-in is found again.
    #[serde(default)]
    pub state: Option<String>,
    /// What is exchanged for the provider's word.
    #[serde(default)]
    pub code: Option<String>,
    /// Which provider sends them back (RFC 9207).
    #[serde(default)]
    pub iss: Option<String>,
    /// Why they were not signed in.
    #[serde(default)]
    pub error: Option<String>,
}

/// A grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GridView {
    /// Its number.
    pub id: u32,
    /// What people call it.
    pub name: String,
    /// Where it lies.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Numbers of the accounts that look after it.
    pub members: Vec<u64>,
    /// How many households it has.
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

/// All grids of a node, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grids {
    /// The grids.
    pub grids: Vec<GridView>,
    /// Households of all of them.
    pub households: u64,
}

/// A grid as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridRequest {
    /// 1 to 60 characters.
    pub name: String,
    /// Numbers of the accounts that look after it, at most 200.
    #[serde(default)]
    pub members: BTreeSet<u64>,
    /// How many households it has, at most 100,000.
    pub households: u32,
}

/// An API key, without what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyView {
    /// 16 hexadecimal digits; stands in the audit trail.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What the program may do.
    pub deeds: BTreeSet<Permission>,
    /// Where.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// When it was made.
    pub made_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<i64>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            deeds: key.deeds.clone(),
            division: key.division,
            made_ms: key.made_at.0,
            expires_ms: key.expires_at.0,
            revoked_ms: key.revoked_at.map(|at| at.0),
        }
    }
}

/// All API keys of a node, by when they were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Keys {
    /// The keys, those that ended included.
    pub keys: Vec<KeyView>,
}

/// An API key to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What it is for, 1 to 60 characters.
    pub name: String,
    /// What the program may do.
    pub deeds: BTreeSet<Permission>,
    /// Where; the node's division if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub division: Option<DivisionCode>,
    /// For how many days, 1 to 400.
    pub days: u32,
}

/// A key that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewKeyView {
    /// What to send as `Authorization: Bearer`. Shown once: a repeated request is told `shown-once` here.
    pub token: String,
    /// The key.
    pub key: KeyView,
}

/// A slip for a reporter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SlipView {
    /// What to send as `Reporter-Token`. Shown once: a repeated request is told `shown-once` here.
    pub token: String,
}

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditLine {
    /// Its number, from 1.
    pub n: u64,
    /// When.
    pub at_ms: i64,
    /// Who: `account <number>`, `key <id>`, `os-user <uid>`, `reporter`, `stranger`.
    pub actor: String,
    /// From where: `socket`, `within`, or an address.
    pub whence: String,
    /// What; left out for what was done past the edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<Permission>,
    /// To what: `matter <number>`, `account <number>`, `grid <number>`, `key <id>`, `template <key>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// What else is to be known, such as the roles that were granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<&AuditEntry> for AuditLine {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            n: entry.n,
            at_ms: entry.at.0,
            actor: match &entry.actor {
                Actor::OsUser(uid) => format!("os-user {uid}"),
                Actor::Rule(rule) => format!("rule {rule}"),
                Actor::Peer(division) => format!("peer {division}"),
                Actor::Account(id) => format!("account {id}"),
                Actor::ApiKey(id) => format!("key {id}"),
                Actor::Reporter => "reporter".to_owned(),
                Actor::Stranger => "stranger".to_owned(),
            },
            whence: match entry.whence {
                Whence::Socket => "socket".to_owned(),
                Whence::Address(address) => address.to_string(),
                Whence::Within => "within".to_owned(),
            },
            deed: entry.deed,
            subject: entry.subject.as_ref().map(|subject| match subject {
                Subject::Matter(id) => format!("matter {id}"),
                Subject::Account(id) => format!("account {id}"),
                Subject::Grid(id) => format!("grid {id}"),
                Subject::Key(id) => format!("key {id}"),
                Subject::Template(key) => format!("template {key}"),
                Subject::Hook(id) => format!("webhook {id}"),
                Subject::Alarm(kind) => format!("alarm {kind}"),
            }),
            ending: entry.ending,
            detail: entry.detail.clone(),
        }
    }
}

/// A page of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// The lines, by number.
    pub entries: Vec<AuditLine>,
    /// Ask for those after this number to go on; nothing follows if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An audit trail that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditSeal {
    /// How many entries it has.
    pub entries: u64,
    /// Digest of the last, 64 hexadecimal digits. Note it elsewhere: that nothing was cut off at the
    /// end shows only against it.
    pub digest: String,
}

impl From<AuditHead> for AuditSeal {
    fn from(head: AuditHead) -> Self {
        Self {
            entries: head.entries,
            digest: head
                .digest
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}
