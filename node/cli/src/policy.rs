//! `wujitong policy`

use api::Explanation;
use clap::Subcommand;
use domain::ids::MatterId;

use super::{Failure, Output, site::Site, tables::table};

/// Shows the decisions of policy about a matter, with the line of the template behind each
///
/// Examples:
///   wujitong policy explain 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Policy {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Explain(Explain),
}

/// Shows which line set each clock of a matter, who handles it, and which limits hold
///
/// Lists every line that applies to a clock; the strictest holds.
///
/// Examples:
///   wujitong policy explain 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Explain {
    /// Number of the matter
    id: MatterId,
}

impl Policy {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let Act::Explain(Explain { id }) = self.act;
        let asked = self.site.ask().await?;
        let path = asked.path(&format!("matters/{id}/policy"));
        let explained: Explanation = asked.client.get(&path).await?;
        output.facts(&explained, || {
            let rows = explained.reasons.iter().map(|reason| {
                let line = reason.line.to_string();
                [
                    reason.what.clone(),
                    reason.value.clone(),
                    reason.source.clone(),
                    line,
                    if reason.holds { "yes" } else { "no, looser" }.to_owned(),
                ]
            });
            table(["about", "decided", "by", "#line", "holds"], rows)
        })
    }
}
