//! `wujitong audit`

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use api::{AuditExport, AuditPage, AuditQuery, AuditSeal};
use clap::Subcommand;
use domain::{audit::Ending, people::Permission, time::Day};
use serde::Serialize;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{moment, one_of},
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Reads, exports and checks the audit trail (审计日志) of a node: who did what, when, from where
///
/// Each entry contains the digest of the entry before it, so changes and gaps are detected. Only an
/// auditor or an audit administrator may read the trail; the operators of the node may not.
///
/// Examples:
///   wujitong audit list --limit 20
///   wujitong audit export --permission open-contact --output contacts.csv
///   wujitong audit verify
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Audit {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Export(Export),
    Verify(Verify),
}

/// Lists entries, oldest first
///
/// Examples:
///   wujitong audit list
///   wujitong audit list --after 1200 --limit 1000 --json
///   wujitong audit list --actor 12345000001 --from 2026-03-01 --to 2026-03-31
///   wujitong audit list --subject 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// Continues after the entry with this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// The most entries to list, 1 to 1000
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    wanted: Wanted,
}

/// Which entries.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Only what this one did: the number of an account, or as the list shows it, such as `reporter`
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// Only uses of this permission, such as `open-contact`
    #[arg(long, alias = "deed", value_parser = one_of::<Permission>(), hide_possible_values = true)]
    permission: Option<Permission>,
    /// Only what ended like this
    #[arg(long, value_parser = one_of::<Ending>())]
    ending: Option<Ending>,
    /// Only what was about this: the number of a matter, or as the list shows it, such as `grid 4`
    #[arg(long, value_name = "WHAT")]
    subject: Option<String>,
    /// Only what was about matters reported in this division or below it
    #[arg(long, value_name = "CODE")]
    origin: Option<DivisionCode>,
    /// Only entries of this day or later
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Only entries of this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

/// Writes entries as a table (CSV); that you exported them is an entry of the trail itself
///
/// At most 20,000 entries. Of more, choose fewer days. No cell is a formula for a spreadsheet.
///
/// Examples:
///   wujitong audit export --from 2026-03-01 --to 2026-03-31 --output march.csv
///   wujitong audit export --permission open-contact --output contacts.csv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Export {
    /// Begins after the entry with this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    #[command(flatten)]
    wanted: Wanted,
    /// File to write, which must not exist; only its owner can read it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// The file that was written.
#[derive(Serialize)]
struct Written {
    file: PathBuf,
    entries: usize,
}

/// Checks every entry from the first to the last
///
/// Prints the digest of the last entry. Keep a copy elsewhere, for example on paper once a month:
/// only a comparison with it shows that no entries were cut off at the end.
///
/// Examples:
///   wujitong audit verify
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Verify;

impl Audit {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Export(export) => return export.run(&asked, output).await,
            What::List(List {
                after,
                limit,
                wanted,
            }) => {
                let query = AuditQuery {
                    after: Some(after.to_string()),
                    limit: Some(limit),
                    actor: wanted.actor,
                    permission: wanted.permission,
                    ending: wanted.ending,
                    subject: wanted.subject,
                    origin: wanted.origin,
                    from: wanted.from.map(|day| day.to_string()),
                    to: wanted.to.map(|day| day.to_string()),
                };
                let page: AuditPage = asked.client.find(&asked.path("audit"), &query).await?;
                output.facts(&page, || {
                    let lines = table(
                        [
                            "#number", "when", "who", "from", "what", "to what", "ended", "detail",
                        ],
                        page.entries.iter().map(|line| {
                            [
                                line.n.to_string(),
                                moment(line.at_ms),
                                line.actor.clone(),
                                line.whence.clone(),
                                line.permission
                                    .map_or("", |permission| permission.code())
                                    .to_owned(),
                                line.subject.clone().unwrap_or_default(),
                                ending(line.ending).to_owned(),
                                line.detail.clone().unwrap_or_default(),
                            ]
                        }),
                    );
                    let more = page.next.as_ref();
                    let more =
                        more.map(|next| format!("more: repeat the command with --after {next}\n"));
                    lines + &more.unwrap_or_default()
                })
            }
            What::Verify(Verify) => {
                let seal: AuditSeal = asked.client.get(&asked.path("audit/seal")).await?;
                output.facts(&seal, || {
                    pairs([
                        ("holds", "yes".to_owned()),
                        ("entries", seal.entries.to_string()),
                        ("digest of the last", seal.digest.clone()),
                    ])
                })
            }
        }
    }
}

impl Export {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let wanted = self.wanted;
        let request = AuditExport {
            after: Some(self.after),
            actor: wanted.actor,
            permission: wanted.permission,
            ending: wanted.ending,
            subject: wanted.subject,
            origin: wanted.origin,
            from: wanted.from.map(|day| day.to_string()),
            to: wanted.to.map(|day| day.to_string()),
        };
        let file = self.output;
        // Before anything is exported: what cannot be written leaves no entry in the trail.
        let failed = |error| Failure::File(file.clone(), error);
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut opened = options.open(&file).map_err(failed)?;
        let path = asked.path("audit/export");
        let table = match asked.client.post_text(&path, &request).await {
            Ok(table) => table,
            Err(error) => {
                let _left = fs::remove_file(&file);
                return Err(error.into());
            }
        };
        let written = opened.write_all(table.as_bytes());
        written.and_then(|()| opened.sync_all()).map_err(failed)?;
        // No cell of the trail has a line of its own.
        let entries = table.lines().count().saturating_sub(1);
        let written = Written { file, entries };
        output.facts(&written, || {
            format!("{} entries in {}\n", entries, written.file.display())
        })
    }
}

const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::Denied => "denied",
        Ending::WrongPassword => "wrong password",
    }
}
