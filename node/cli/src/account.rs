//! `wujitong account`

mod disable;
mod import;
mod sessions;

use api::{
    AccountPage, AccountRequest, AccountView, LinkRequest, LinkView, PageQuery, PasswordRequest,
    RolesRequest, SessionView, SetupCodeRequest, SetupCodeView,
};
use clap::Subcommand;
use domain::people::Role;
use http::Method;

use self::{disable::Disable, import::Import, sessions::Sessions};
use super::{
    Failure, Output,
    client::encoded,
    labels::moment,
    secrets,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Manages the accounts (账号) of a node and their roles
///
/// As long as a node has no account, the owner of its directory may do everything. The first
/// account belongs to a system administrator. From then on every action requires a login, and the
/// owner only runs the node and opens accounts for administrators that are missing. A system
/// administrator opens accounts, a security administrator grants roles, an audit administrator
/// reads the audit trail; they must be three different people.
///
/// Examples:
///   wujitong account create sys --name "王五" --role system-administrator
///   wujitong account setup-code
///   wujitong account create sec --name "赵六" --role security-administrator
///   wujitong account create zhang.san --name "张三" --department market
///   wujitong account roles zhang.san --role posted-staff --role grid-worker
///   wujitong account link zhang.san 248289761001
///   wujitong account list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Account {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Create(Create),
    Import(Import),
    List(List),
    Disable(Disable),
    Roles(Roles),
    Password(Password),
    Sessions(Sessions),
    Link(Link),
    Unlink(Unlink),
    SetupCode(SetupCode),
}

/// Makes a code with which a missing administrator opens their own account in the browser
///
/// Only the owner of the node's directory makes one. The person types it on the page `/setup` of the node and
/// chooses login and password. A code counts once and for a day; a new one replaces it.
///
/// Examples:
///   wujitong account setup-code
///   wujitong account setup-code --role security-administrator
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct SetupCode {
    /// Role of the account: that of an administrator who is missing
    #[arg(long, value_name = "ROLE", default_value = "system-administrator")]
    role: Role,
}

/// Opens an account; asks for its first password, or reads it as one line from standard input
///
/// Examples:
///   wujitong account create sys --name "王五" --role system-administrator
///   wujitong account create zhang.san --name "张三" --department market --grid 2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Create {
    /// Login name: 2 to 31 lower-case letters, digits, dots, dashes, underscores
    login: String,
    /// Name of the person
    #[arg(long)]
    name: String,
    /// Role of the account; only for the owner of the node, to add an administrator that is missing
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
    /// Code of the department that posts the person
    #[arg(long, value_name = "CODE")]
    department: Option<String>,
    /// Number of the person's grid
    #[arg(long, value_name = "NUMBER")]
    grid: Option<u32>,
    /// Telephone number at which colleagues reach the person
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// The person must set a password of their own at the first login, before anything else
    #[arg(long)]
    must_change: bool,
}

/// Lists the accounts of a node
///
/// Examples:
///   wujitong account list
///   wujitong account list --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Sets the roles of an account and ends its sessions
///
/// Roles: resident, grid-worker, official, supervisor, dispatcher, posted-staff, leader,
/// template-author, auditor, node-operator, system-administrator, security-administrator,
/// audit-administrator.
///
/// Examples:
///   wujitong account roles zhang.san --role dispatcher
///   wujitong account roles zhang.san --role official --role template-author
///   wujitong account roles zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Roles {
    /// Login name or number of the account
    account: String,
    /// A role the account has from now on; may be repeated; no role if left out
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
}

/// Sets a password: your own, or as a system administrator that of somebody who lost it
///
/// Asks for it at the terminal, or reads it from standard input: for your own account the present
/// password and then the new one, one per line; otherwise only the new one. Ends all sessions of
/// the account.
///
/// Examples:
///   wujitong account password zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Password {
    /// Login name or number of the account
    account: String,
}

/// Links an account to a person at the OpenID Connect provider, who can then sign in with it
///
/// Without a subject it shows the linked person. The subject is the value of the claim that
/// identifies people: `sub`, unless `oidc.claim` names another. The password stays valid; all
/// sessions of the account end. System administrators link accounts; the owner of the node links
/// those of administrators and auditors.
///
/// Examples:
///   wujitong account link zhang.san 248289761001
///   wujitong account link zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Link {
    /// Login name or number of the account
    account: String,
    /// The person's identifier at the provider, letter for letter
    subject: Option<String>,
    /// The provider's issuer URL; refused if it is not the provider of this node
    #[arg(long, value_name = "URL", requires = "subject")]
    issuer: Option<String>,
}

/// Removes the link of an account: sign-in at the provider ends, and the password stays valid
///
/// Examples:
///   wujitong account unlink zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Unlink {
    /// Login name or number of the account
    account: String,
}

impl Account {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Create(create) => create.run(&asked, output).await,
            What::Import(import) => import.run(&asked, output).await,
            What::List(List) => list(&asked, output).await,
            What::Disable(disable) => disable.run(&asked, output).await,
            What::Sessions(sessions) => sessions.run(&asked, output).await,
            What::Roles(Roles { account, roles }) => {
                let request = RolesRequest {
                    roles: roles.into_iter().collect(),
                };
                let path = asked.path(&format!("accounts/{}/roles", encoded(&account)));
                let changed = asked.client.send(Method::PUT, &path, &request).await?;
                show(&changed, output)
            }
            What::Password(password) => password.run(&asked, output).await,
            What::SetupCode(SetupCode { role }) => {
                let request = SetupCodeRequest { role };
                let path = asked.path("setup-codes");
                let made: SetupCodeView = asked.client.post(&path, &request).await?;
                output.facts(&made, || {
                    pairs([
                        ("code", made.code.clone()),
                        ("role", made.role.label()),
                        ("counts until", moment(made.until_ms)),
                        ("page", "/setup".to_owned()),
                    ])
                })
            }
            What::Link(link) => link.run(&asked, output).await,
            What::Unlink(Unlink { account }) => {
                let path = asked.path(&format!("accounts/{}/link", encoded(&account)));
                asked.client.delete(&path).await?;
                output.facts(&serde_json::json!({ "unlinked": true }), || {
                    "the link is removed; the password stays valid\n".to_owned()
                })
            }
        }
    }
}

impl Create {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = AccountRequest {
            password: secrets::password(&format!("First password of {}", self.login), true).await?,
            login: self.login,
            name: self.name,
            roles: self.roles.into_iter().collect(),
            department: self.department,
            grid: self.grid,
            phone: self.phone,
            must_change: self.must_change,
        };
        let opened = asked.client.post(&asked.path("accounts"), &request).await?;
        show(&opened, output)
    }
}

impl Link {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("accounts/{}/link", encoded(&self.account)));
        let linked: LinkView = match self.subject {
            None => asked.client.get(&path).await?,
            Some(subject) => {
                let request = LinkRequest {
                    subject,
                    issuer: self.issuer,
                };
                asked.client.send(Method::PUT, &path, &request).await?
            }
        };
        output.facts(&linked, || {
            pairs([
                ("account", self.account.clone()),
                ("provider", linked.issuer.clone()),
                ("claim", linked.claim.clone()),
                ("subject", linked.subject.clone()),
            ])
        })
    }
}

impl Password {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let session: SessionView = match asked.client.get(&asked.path("session")).await {
            Ok(session) => session,
            // The owner of the node has no session.
            Err(_) => SessionView {
                account: None,
                csrf: None,
                ends_ms: None,
                permissions: vec![],
                must_change_password: false,
            },
        };
        let own = session
            .account
            .is_some_and(|own| own.login == self.account || own.id.to_string() == self.account);
        let old = match own {
            true => Some(secrets::password("Present password", false).await?),
            false => None,
        };
        let request = PasswordRequest {
            old,
            new: secrets::password("New password", true).await?,
        };
        let path = asked.path(&format!("accounts/{}/password", encoded(&self.account)));
        asked.client.send_only(Method::PUT, &path, &request).await?;
        if own {
            secrets::forget(asked.client.socket(), asked.node)?;
        }
        output.facts(&serde_json::json!({ "set": true }), || {
            match own {
                true => "the password is set; log in with it\n",
                false => {
                    "the password is set; at the next login the person must set one of their own\n"
                }
            }
            .to_owned()
        })
    }
}

async fn list(asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut accounts = vec![];
    let mut query = PageQuery {
        after: None,
        limit: Some(1_000),
    };
    loop {
        let page: AccountPage = asked.client.find(&asked.path("accounts"), &query).await?;
        accounts.extend(page.accounts);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    output.facts(&accounts, || {
        table(
            [
                "#number",
                "login",
                "name",
                "roles",
                "department",
                "grid",
                "last sign-in",
                "state",
            ],
            accounts.iter().map(|account| {
                [
                    account.id.to_string(),
                    account.login.clone(),
                    account.name.clone(),
                    roles(account),
                    account.department.clone().unwrap_or_default(),
                    account.grid.map_or(String::new(), |grid| grid.to_string()),
                    account.last_sign_in_day.clone().unwrap_or_default(),
                    if account.disabled { "closed" } else { "open" }.to_owned(),
                ]
            }),
        )
    })
}

fn roles(account: &AccountView) -> String {
    let names: Vec<_> = account.roles.iter().map(|role| role.code()).collect();
    names.join(", ")
}

fn show(account: &AccountView, output: &mut Output<'_>) -> Result<(), Failure> {
    output.facts(account, || facts(account))
}

fn facts(account: &AccountView) -> String {
    let state = if account.disabled { "closed" } else { "open" };
    let optional = [
        ("telephone", account.phone.clone()),
        ("last sign-in", account.last_sign_in_day.clone()),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let all = [
        ("number", account.id.to_string()),
        ("login", account.login.clone()),
        ("name", account.name.clone()),
        ("roles", roles(account)),
        ("opened", moment(account.opened_ms)),
        ("state", state.to_owned()),
    ];
    pairs(all.into_iter().chain(optional))
}
