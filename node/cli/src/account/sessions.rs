//! `wujitong account sessions`

use api::{OpenSessionView, OpenSessions};
use clap::Subcommand;

use crate::{
    Failure, Output, client::encoded, labels::moment, secrets, site::Asked, tables::table,
};

/// Lists your open sessions (登录与设备), ends one or all others, or all of somebody else
///
/// Each line says since when, the last day it was used, how you signed in, and what the browser said it was.
///
/// Examples:
///   wujitong account sessions
///   wujitong account sessions end 5f0c2b9a7d31e846
///   wujitong account sessions end-others
///   wujitong account sessions end-all zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sessions {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Ends one of your sessions
    ///
    /// Examples:
    ///   wujitong account sessions end 5f0c2b9a7d31e846
    #[command(verbatim_doc_comment)]
    End {
        /// Id of the session, as the list shows it
        session: String,
    },
    /// Ends all of your sessions but this one
    ///
    /// Examples:
    ///   wujitong account sessions end-others
    #[command(verbatim_doc_comment)]
    EndOthers,
    /// Ends all sessions of somebody else, as a system administrator
    ///
    /// Examples:
    ///   wujitong account sessions end-all zhang.san
    #[command(verbatim_doc_comment)]
    EndAll {
        /// Login name or number of the account
        account: String,
    },
}

impl Sessions {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = match self.what {
            None => return list(asked, output).await,
            Some(What::End { session }) => {
                let open: OpenSessions = asked.client.get(&asked.path("sessions")).await?;
                let own = open
                    .sessions
                    .iter()
                    .any(|one| one.present && one.id == session);
                asked
                    .client
                    .delete(&asked.path(&format!("sessions/{}", encoded(&session))))
                    .await?;
                if own {
                    secrets::forget(asked.client.socket(), asked.node)?;
                }
                return ended(output);
            }
            Some(What::EndOthers) => asked.path("sessions"),
            Some(What::EndAll { account }) => {
                asked.path(&format!("accounts/{}/sessions", encoded(&account)))
            }
        };
        asked.client.delete(&path).await?;
        ended(output)
    }
}

fn ended(output: &mut Output<'_>) -> Result<(), Failure> {
    output.facts(&serde_json::json!({ "ended": true }), || {
        "ended; whoever used it must log in again\n".to_owned()
    })
}

async fn list(asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let open: OpenSessions = asked.client.get(&asked.path("sessions")).await?;
    output.facts(&open, || {
        let line = |session: &OpenSessionView| {
            [
                session.id.clone(),
                moment(session.begun_ms),
                session.used_day.clone(),
                session.way.map_or("-", |way| way.code()).to_owned(),
                session.device.clone().unwrap_or_else(|| "-".to_owned()),
                if session.present { "this one" } else { "" }.to_owned(),
            ]
        };
        table(
            ["id", "since", "last used", "signed in with", "browser", ""],
            open.sessions.iter().map(line),
        )
    })
}
