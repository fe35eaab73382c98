//! `wujitong log`

mod audit;
mod children;
mod source;

use std::path::PathBuf;

use api::{CountersignedHead, PublicLog, PublicLogs};
use clap::Subcommand;
use proof::ReceiptFile;

use super::{Failure, Output, labels::moment, receipt::keep, site::Site, tables::table};

/// Shows and checks the public log (公开日志) of a node
///
/// The log is an append-only Merkle tree with an entry for each disclosure, each template that came into
/// force, each step of a matter, and each key that was stated. Anybody may read it: its formats are those of C2SP
/// (tlog-tiles, tlog-checkpoint), and the steps of matters are commitments that only a receipt opens.
///
/// Examples:
///   wujitong log show
///   wujitong log audit --node 330825 --data /srv/county
///   wujitong log children --node 330825
///   wujitong log keys --node 330825002222 -o keys.json
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
    Keys(Keys),
    Audit(audit::Audit),
    Children(children::Children),
    Resolve(children::Resolve),
}

/// Lists the logs of the node: their names, keys and sizes
///
/// A node has a log for each life of its store. The key verifies the checkpoints of the log; programs
/// that read C2SP formats take it as it is. The last column is how many entries the two divisions above have
/// countersigned (会签), and when. Whoever runs in the same process as the node is marked: that countersignature proves less,
/// because whoever runs the machine can change both.
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
/// Lines under it are countersignatures (会签) of the divisions above.
///
/// Examples:
///   wujitong log checkpoint
///   wujitong log checkpoint --countersigned
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Checkpoint {
    /// The greatest head that was countersigned, which may have fewer entries than the log has now
    #[arg(long)]
    countersigned: bool,
}

/// Writes the keys of the log, for whoever checks proofs on paper (纸质凭证) without a network
///
/// It is a receipt about nothing but the log: its key, the keys of the divisions that countersigned it, and the statements
/// that lead from them up to the province. `wujitong verify` checks it like any other.
///
/// Examples:
///   wujitong log keys -o keys.json
///   wujitong log keys --node 330825002222 --epoch 5d0f00000000000000000000000000aa -o keys.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Keys {
    /// Life of the store, as `wujitong log show --json` has it [default: the present one]
    #[arg(long)]
    epoch: Option<String>,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The file that was written.
#[derive(serde::Serialize)]
struct Written {
    log: String,
    file: PathBuf,
}

impl Log {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Children(children) => return children.run(&asked, output).await,
            What::Resolve(resolve) => return resolve.run(&asked, output).await,
            What::Show(_) | What::Checkpoint(_) | What::Keys(_) | What::Audit(_) => {}
        }
        let logs: PublicLogs = asked.client.get(&asked.path("log")).await?;
        match self.what {
            What::Children(_) | What::Resolve(_) => Ok(()),
            What::Show(Show {}) => output.facts(&logs, || lines(&logs)),
            What::Checkpoint(Checkpoint { countersigned }) => {
                let what = match countersigned {
                    true => "countersigned",
                    false => "checkpoint",
                };
                let present = logs.logs.iter().find(|log| log.present);
                let present = present.ok_or_else(none)?;
                let path = asked.path(&format!("log/{}/{what}", present.epoch));
                let note = asked.client.file(&path).await?;
                output.text(&String::from_utf8_lossy(&note))
            }
            What::Keys(Keys {
                epoch,
                output: file,
            }) => {
                let wanted = |log: &&PublicLog| match &epoch {
                    Some(epoch) => log.epoch == *epoch,
                    None => log.present,
                };
                let log = logs.logs.iter().find(wanted).ok_or_else(none)?;
                let path = asked.path(&format!("log/{}/keys", log.epoch));
                let keys: ReceiptFile = asked.client.get(&path).await?;
                let log = log.origin.clone();
                keep(&keys, file, output, |file| Written { log, file })
            }
            What::Audit(audit) => audit.run(&asked, &logs, output).await,
        }
    }
}

fn none() -> Failure {
    let why = "the node has no such log, or none yet: it begins with the first entry; `wujitong log show` lists them";
    Failure::Failed(why.to_owned())
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
            log.countersigned
                .as_ref()
                .map_or_else(|| "-".to_owned(), signed),
        ]
    });
    table(["#entries", "log", "key", "countersigned 会签"], rows)
}

fn signed(head: &CountersignedHead) -> String {
    let by = head.by.iter();
    let by = by.map(|one| {
        let beside = match one.same_process {
            true => " (same process 同一进程)",
            false => "",
        };
        format!("{} {}{beside}", one.division.short(), moment(one.at_ms))
    });
    let missing = head.missing.iter();
    let missing = missing.map(|above| format!("{} not yet 未会签", above.short()));
    let below = (head.missing_below > 0)
        .then(|| format!("{} below not yet 下级未会签", head.missing_below));
    let all: Vec<_> = by.chain(missing).chain(below).collect();
    format!("{} by {}", head.size, all.join(", "))
}
