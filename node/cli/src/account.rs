//! `wujitong account`

use api::{
    AccountPage, AccountPatch, AccountRequest, AccountView, LinkRequest, LinkView, PasswordRequest,
    RolesRequest, SessionView,
};
use clap::Subcommand;
use domain::people::Role;
use http::Method;

use super::{
    Failure, Output,
    client::encoded,
    labels::moment,
    secrets,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Opens, lists and closes the accounts (账号) of a node, and says which roles they have
///
/// While a node has no account, whoever owns its directory does everything. The first account is a
/// system administrator's; from then on every act needs a login, and the owner only runs the node and
/// names administrators that are missing. A system administrator opens accounts, a security
/// administrator grants roles, an audit administrator reads the trail: three different people.
///
/// Examples:
///   wujitong account create sys --name "王五" --role system-administrator
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
    List(List),
    Disable(Disable),
    Roles(Roles),
    Password(Password),
    Link(Link),
    Unlink(Unlink),
}

/// Opens an account; its first password is asked for, or read as one line from standard input
///
/// Examples:
///   wujitong account create sys --name "王五" --role system-administrator
///   wujitong account create zhang.san --name "张三" --department market --grid 2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Create {
    /// What the person will type: 2 to 31 lower-case letters, digits, dots, dashes, underscores
    login: String,
    /// What people call them
    #[arg(long)]
    name: String,
    /// Only by the owner of the node, for an administrator that is missing
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
    /// Code of the department that posts them
    #[arg(long, value_name = "CODE")]
    department: Option<String>,
    /// Number of their grid
    #[arg(long, value_name = "NUMBER")]
    grid: Option<u32>,
}

/// Lists the accounts of a node
///
/// Examples:
///   wujitong account list
///   wujitong account list --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Closes an account: its sessions end, and nobody logs in with it
///
/// Examples:
///   wujitong account disable zhang.san
///   wujitong account disable zhang.san --undo
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Disable {
    /// Login or number of the account
    account: String,
    /// Opens it again
    #[arg(long)]
    undo: bool,
}

/// Says which roles an account has from now on; its sessions end
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
    /// Login or number of the account
    account: String,
    /// A role it has, may be given again; none if left out
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
}

/// Sets a password: your own, or as a system administrator that of somebody who lost it
///
/// Asked for at the terminal, or read from standard input: for your own the present one, then the new
/// one, each on a line; else the new one. All sessions of the account end.
///
/// Examples:
///   wujitong account password zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Password {
    /// Login or number of the account
    account: String,
}

/// Links an account to a person at the OpenID Connect provider, who signs in with it from then on
///
/// Without a subject it shows who is linked. The subject is what the provider says in the claim that
/// names people: `sub`, unless `oidc.claim` is set to another. The password stays; all sessions of the
/// account end. System administrators link accounts, the owner of the node those of administrators
/// and auditors.
///
/// Examples:
///   wujitong account link zhang.san 248289761001
///   wujitong account link zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Link {
    /// Login or number of the account
    account: String,
    /// What the provider calls the person, letter for letter
    subject: Option<String>,
    /// The provider, as it calls itself; refused if it is not the one of this node
    #[arg(long, value_name = "URL", requires = "subject")]
    issuer: Option<String>,
}

/// Takes the link of an account away: nobody signs in with it any more, and the password stays
///
/// Examples:
///   wujitong account unlink zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Unlink {
    /// Login or number of the account
    account: String,
}

fn role(word: &str) -> Result<Role, String> {
    word.parse()
        .map_err(|error: domain::people::BadRole| error.to_string())
}

impl Account {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Create(create) => create.run(&asked, output).await,
            What::List(List) => list(&asked, output).await,
            What::Disable(Disable { account, undo }) => {
                let patch = AccountPatch {
                    disabled: Some(!undo),
                    ..AccountPatch::default()
                };
                let path = asked.path(&format!("accounts/{}", encoded(&account)));
                let changed = asked.client.send(Method::PATCH, &path, &patch).await?;
                show(&changed, output)
            }
            What::Roles(Roles { account, roles }) => {
                let request = RolesRequest {
                    roles: roles.into_iter().collect(),
                };
                let path = asked.path(&format!("accounts/{}/roles", encoded(&account)));
                let changed = asked.client.send(Method::PUT, &path, &request).await?;
                show(&changed, output)
            }
            What::Password(password) => password.run(&asked, output).await,
            What::Link(link) => link.run(&asked, output).await,
            What::Unlink(Unlink { account }) => {
                let path = asked.path(&format!("accounts/{}/link", encoded(&account)));
                asked.client.delete(&path).await?;
                output.facts(&serde_json::json!({ "unlinked": true }), || {
                    "nobody signs in with it any more; the password stays\n".to_owned()
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
                deeds: vec![],
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
            "the password is set; log in with it\n".to_owned()
        })
    }
}

async fn list(asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let (mut accounts, mut after) = (vec![], String::new());
    loop {
        let path = asked.path(&format!("accounts?limit=1000{after}"));
        let page: AccountPage = asked.client.get(&path).await?;
        accounts.extend(page.accounts);
        match page.next {
            Some(next) => after = format!("&after={}", encoded(&next)),
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
                    if account.disabled { "closed" } else { "open" }.to_owned(),
                ]
            }),
        )
    })
}

fn roles(account: &AccountView) -> String {
    let names: Vec<_> = account.roles.iter().map(|role| role.name()).collect();
    names.join(", ")
}

fn show(account: &AccountView, output: &mut Output<'_>) -> Result<(), Failure> {
    output.facts(account, || {
        pairs([
            ("number", account.id.to_string()),
            ("login", account.login.clone()),
            ("name", account.name.clone()),
            ("roles", roles(account)),
            ("opened", moment(account.opened_ms)),
            (
                "state",
                if account.disabled { "closed" } else { "open" }.to_owned(),
            ),
        ])
    })
}
