//! `wujitong audit`

use api::{AuditPage, AuditSeal, PageQuery};
use clap::Subcommand;

use super::{
    Failure, Output,
    labels::moment,
    site::Site,
    tables::{pairs, table},
};

/// Reads and checks the audit trail (审计日志) of a node: who did what, when, from where
///
/// Each entry contains the digest of the entry before it, so changes and gaps are detected. Only an
/// auditor or an audit administrator may read the trail; the operators of the node may not.
///
/// Examples:
///   wujitong audit list --limit 20
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
    Verify(Verify),
}

/// Lists entries, oldest first
///
/// Examples:
///   wujitong audit list
///   wujitong audit list --after 1200 --limit 1000 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// Continues after the entry with this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// The most entries to list, 1 to 1000
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
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
            What::List(List { after, limit }) => {
                let query = PageQuery {
                    after: Some(after.to_string()),
                    limit: Some(limit),
                };
                let page: AuditPage = asked.client.find(&asked.path("audit"), &query).await?;
                output.facts(&page, || {
                    table(
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
                    )
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

const fn ending(ending: domain::audit::Ending) -> &'static str {
    use domain::audit::Ending;
    match ending {
        Ending::Done => "done",
        Ending::Denied => "denied",
        Ending::WrongPassword => "wrong password",
    }
}
