//! What villagers ask to be made public.

use api::{CountResidents, DeclinePlea, PleaView, Plead, Pleas, ResidentsView, SupportPlea};
use domain::{foreign::escape, plea::PleaId, time::Day};
use http::Method;

use crate::{Failure, Output, labels::moment, site::Asked, tables::table};

/// Lists what villagers ask to be made public (要求公开), newest first
///
/// Examples:
///   wujitong disclosure pleas --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct List;

/// Asks that something be made public, as the resident who is logged in
///
/// Examples:
///   wujitong disclosure plead "水库承包合同" --why "三年没有公开过"
///   wujitong disclosure plead --item 村集体收支 --from 2026-09-01 --to 2026-09-30
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Ask {
    /// What should be made public
    #[arg(required_unless_present = "item", conflicts_with = "item")]
    title: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    why: String,
    /// An item of the catalogue that is overdue
    #[arg(long, requires_all = ["from", "to"])]
    item: Option<String>,
    /// The first day that it is about
    #[arg(long, requires = "item")]
    from: Option<Day>,
    /// The last day
    #[arg(long, requires = "item")]
    to: Option<Day>,
}

/// Supports what somebody asks to be made public, as the resident who is logged in
///
/// Examples:
///   wujitong disclosure support 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Support {
    /// Number of the plea
    plea: PleaId,
}

/// Declines what is asked for because a law forbids to publish it; everybody reads the ground
///
/// Examples:
///   wujitong disclosure decline 3 --why "《保守国家秘密法》第九条"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Decline {
    /// Number of the plea
    plea: PleaId,
    /// The lawful ground
    #[arg(long)]
    why: String,
}

/// Says how many residents there are; one in ten of them can demand that something be published
///
/// Examples:
///   wujitong disclosure residents 820 --source "派出所 2026 年 10 月户籍"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Residents {
    /// The number
    count: u32,
    /// Where it comes from, which everybody reads
    #[arg(long)]
    source: String,
}

impl List {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let pleas: Pleas = asked.client.get(&asked.path("pleas")).await?;
        output.facts(&pleas, || {
            let rows = pleas.pleas.iter().map(row);
            let headings = ["number", "what", "supporters", "state", "at"];
            let mut text = match pleas.pleas.is_empty() {
                true => "none\n".to_owned(),
                false => table(headings, rows),
            };
            if let Some(said) = &pleas.residents {
                let source = escape(&said.source);
                text += &format!(
                    "{} residents ({source}): {} have to support a plea\n",
                    said.count, said.needed
                );
            }
            text
        })
    }
}

fn row(plea: &PleaView) -> [String; 5] {
    [
        plea.number.to_string(),
        plea.title.clone(),
        plea.supporters.to_string(),
        plea.state.label(),
        moment(plea.at_ms),
    ]
}

fn told(plea: &PleaView) -> String {
    format!(
        "plea {}: {}, supported by {}, {}\n",
        plea.number,
        escape(&plea.title),
        plea.supporters,
        plea.state.label()
    )
}

impl Ask {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = Plead {
            title: self.title.unwrap_or_default(),
            text: self.why,
            item: self.item,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            household: None,
        };
        let plea: PleaView = asked.client.post(&asked.path("pleas"), &request).await?;
        output.facts(&plea, || told(&plea))
    }
}

impl Support {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("pleas/{}/support", self.plea));
        let request = SupportPlea::default();
        let plea: PleaView = asked.client.post(&path, &request).await?;
        output.facts(&plea, || told(&plea))
    }
}

impl Decline {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("pleas/{}/decline", self.plea));
        let request = DeclinePlea { ground: self.why };
        let plea: PleaView = asked.client.post(&path, &request).await?;
        output.facts(&plea, || told(&plea))
    }
}

impl Residents {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = CountResidents {
            count: self.count,
            source: self.source,
        };
        let path = asked.path("residents");
        let said: ResidentsView = asked.client.send(Method::PUT, &path, &request).await?;
        output.facts(&said, || {
            format!("{} have to support a plea\n", said.needed)
        })
    }
}
