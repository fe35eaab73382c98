//! `wujitong login`, `wujitong logout`

use api::{LoginAnswer, LoginRequest, SessionView};
use serde::Serialize;

use super::{
    Failure, Output,
    labels::moment,
    secrets,
    site::{Asked, Site},
    tables::pairs,
};

/// Logs in at a node with an account; later commands run as that person
///
/// Asks for the password, or reads it as one line from standard input. The session is kept in a
/// file that only you can read, below ~/.local/state/wujitong. It ends after an hour without a
/// command, after 12 hours, or with `wujitong logout`. Programs set WUJITONG_TOKEN to an API key
/// instead.
///
/// Examples:
///   wujitong login zhang.san
///   wujitong login zhang.san --node 330825002
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Login {
    #[command(flatten)]
    site: Site,
    /// Login name of the account
    login: String,
}

/// Ends the session at a node; with --who, only shows who is logged in
///
/// Examples:
///   wujitong logout
///   wujitong logout --who
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Logout {
    #[command(flatten)]
    site: Site,
    /// Only shows who is logged in, and their permissions
    #[arg(long)]
    who: bool,
}

/// A session as it is printed, without its token.
#[derive(Debug, Serialize)]
struct Begun {
    login: String,
    roles: Vec<&'static str>,
    ends_ms: i64,
    /// Whether the session can only set another password.
    must_change_password: bool,
    kept: String,
}

impl Login {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask_as_owner().await?;
        let request = LoginRequest {
            password: secrets::password("Password", false).await?,
            login: self.login,
            cookie: false,
        };
        let answer: LoginAnswer = asked.client.post(&asked.path("session"), &request).await?;
        let token = answer.token.unwrap_or_default();
        let kept = secrets::keep(asked.client.socket(), asked.node, &token)?;
        let begun = Begun {
            login: answer.account.login,
            roles: answer
                .account
                .roles
                .iter()
                .map(|role| role.code())
                .collect(),
            ends_ms: answer.ends_ms,
            must_change_password: answer.must_change_password,
            kept: kept.display().to_string(),
        };
        output.facts(&begun, || {
            let mut text = pairs([
                ("logged in", begun.login.clone()),
                ("roles", begun.roles.join(", ")),
                ("until", moment(begun.ends_ms)),
            ]);
            if begun.must_change_password {
                text += &format!(
                    "somebody else set this password; set one of your own with `wujitong account password {}`, \
                     then log in again\n",
                    begun.login
                );
            }
            text
        })
    }
}

impl Logout {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        if self.who {
            return tell(&asked, output).await;
        }
        let ended = asked.client.delete(&asked.path("session")).await;
        secrets::forget(asked.client.socket(), asked.node)?;
        ended?;
        output.facts(&serde_json::json!({ "ended": true }), || {
            "logged out\n".to_owned()
        })
    }
}

async fn tell(asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let session: SessionView = asked.client.get(&asked.path("session")).await?;
    output.facts(&session, || {
        let who = session
            .account
            .as_ref()
            .map_or("the owner of the node, or a key".to_owned(), |account| {
                format!("{} {}", account.login, account.name)
            });
        let permissions: Vec<_> = session
            .permissions
            .iter()
            .map(|permission| permission.code())
            .collect();
        let until = session.ends_ms.map_or("-".to_owned(), moment);
        pairs([
            ("who", who),
            ("until", until),
            ("may", permissions.join(", ")),
        ])
    })
}
