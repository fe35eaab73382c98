//! `wujitong log`

mod audit;

use api::{PublicLog, PublicLogs};
use clap::Subcommand;

use super::{Failure, Output, site::Site, tables::table};

/// Shows and checks the public log (公开日志) of a node
///
/// The log is an append-only Merkle tree with an entry for each disclosure, each template that came into
/// force, each step of a matter, and each key that was stated. Anybody may read it: its formats are those of C2SP
/// (tlog-tiles, tlog-checkpoint), and the steps of matters are commitments that only a receipt opens.
///
/// Examples:
///   wujitong log show
///   wujitong log audit --node 330825 --data /srv/county
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Log {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Checkpoint(Checkpoint),
    Audit(audit::Audit),
}

/// Lists the logs of the node: their names, keys and sizes
///
/// A node has a log for each life of its store. The key verifies the checkpoints of the log; programs
/// that read C2SP formats take it as it is.
///
/// Examples:
///   wujitong log show
///   wujitong log show --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {}

/// Prints the signed head of the log: its name, size and root
///
/// Keep it: `wujitong log audit --since FILE` shows later that the log still begins with what it had then.
///
/// Examples:
///   wujitong log checkpoint
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Checkpoint {}

impl Log {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let logs: PublicLogs = asked.client.get(&asked.path("log")).await?;
        match self.what {
            What::Show(Show {}) => output.facts(&logs, || lines(&logs)),
            What::Checkpoint(Checkpoint {}) => {
                let present = logs.logs.iter().find(|log| log.present);
                let present = present.ok_or_else(none)?;
                let path = asked.path(&format!("log/{}/checkpoint", present.epoch));
                let note = asked.client.file(&path).await?;
                output.text(&String::from_utf8_lossy(&note))
            }
            What::Audit(audit) => audit.run(&asked, &logs, output).await,
        }
    }
}

fn none() -> Failure {
    Failure::Failed("the node has no log yet; it begins with the first entry".to_owned())
}

fn lines(logs: &PublicLogs) -> String {
    let stands = |log: &PublicLog| match log.present {
        true => "goes on 续写",
        false => "ended 已结束",
    };
    let rows = logs.logs.iter();
    let rows = rows.map(|log| {
        [
            log.size.to_string(),
            stands(log).to_owned(),
            log.key.clone(),
        ]
    });
    table(["#entries", "log", "key"], rows)
}
