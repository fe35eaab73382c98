//! `wujitong matter`

mod show;

use std::io::Read;

use clap::Subcommand;
use serde::Serialize;
use topology::DivisionCode;

use super::{
    Failure, Output,
    client::encoded,
    site::{Asked, Site},
    words::{self, one_of},
};
use crate::{
    domain::{
        category::{CATALOGUE, Class, Priority, Visibility},
        ids::MatterId,
        matter::{Channel, Outcome},
    },
    edge::web::api::{
        AssignRequest, CloseRequest, EscalateRequest, HandleRequest, MatterFilter, MatterPage,
        MatterView, MattersQuery, Named, ReportRequest, Reported, ReturnRequest,
    },
};

/// Reports matters (事项), lists them, and does the work on them
///
/// Examples:
///   wujitong matter report --category enforcement/lighting "路灯不亮"
///   wujitong matter list --state open
///   wujitong matter escalate 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Matter {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Report(Report),
    List(List),
    Show(Show),
    Accept(Accept),
    Handle(Handle),
    Escalate(Escalate),
    Assign(Assign),
    Return(Return),
    Recall(Recall),
    Close(Close),
}

/// Takes a report (上报); it is on the disk when the number is printed
///
/// Examples:
///   wujitong matter report --category enforcement/rubbish "村口垃圾堆放"
///   wujitong matter report --category order/flood --priority emergency --escalate-to 330825 "堤坝渗水"
///   wujitong matter report --category order/other --visibility direct --about 330825002222 -
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Report {
    /// Category: platform/word
    #[arg(long, value_name = "CODE", long_help = categories())]
    category: String,
    /// How it came in
    #[arg(long, value_parser = one_of::<Channel>(&words::CHANNELS), default_value = "grid")]
    channel: Channel,
    /// How urgent
    #[arg(long, value_parser = one_of::<Priority>(&words::PRIORITIES), default_value = "normal")]
    priority: Priority,
    /// Who may learn of it
    #[arg(long, value_parser = one_of::<Visibility>(&words::VISIBILITIES), default_value = "path")]
    visibility: Visibility,
    /// How protected the text is
    #[arg(long, value_parser = one_of::<Class>(&words::CLASSES), default_value = "personal")]
    class: Class,
    /// The division complained about, for --visibility direct
    #[arg(long, value_name = "CODE")]
    about: Option<DivisionCode>,
    /// Hands it to this tier above in the same commit
    #[arg(long, value_name = "CODE")]
    escalate_to: Option<DivisionCode>,
    /// What it is about; `-` reads standard input
    text: String,
}

fn categories() -> String {
    let listed = CATALOGUE.map(|(code, chinese)| format!("\n- {code}: {chinese}"));
    format!("Category, platform/word:{}", listed.concat())
}

/// Lists the matters a node knows, by number
///
/// Examples:
///   wujitong matter list
///   wujitong matter list --state held --limit 20
///   wujitong matter list --after 330825002222-1f3a9c04-17 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// Which
    #[arg(long, value_parser = one_of::<MatterFilter>(&words::STATES), default_value = "all")]
    state: MatterFilter,
    /// Those after this number
    #[arg(long, value_name = "NUMBER")]
    after: Option<MatterId>,
    /// At most so many, 1 to 1000
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

/// Shows one matter with every step
///
/// Examples:
///   wujitong matter show 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// Its number
    id: MatterId,
}

/// Takes a matter on (受理)
///
/// Examples:
///   wujitong matter accept 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Accept {
    /// Its number
    id: MatterId,
}

/// Records a piece of work (处置)
///
/// Examples:
///   wujitong matter handle 330825002222-1f3a9c04-17 --note "已派电工"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Handle {
    /// Its number
    id: MatterId,
    /// What was done
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// Hands a matter to a tier above (上报)
///
/// Examples:
///   wujitong matter escalate 330825002222-1f3a9c04-17
///   wujitong matter escalate 330825002222-1f3a9c04-17 --to 330825 --note "需县里协调"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Escalate {
    /// Its number
    id: MatterId,
    /// Which division above; the parent if left out
    #[arg(long, value_name = "CODE")]
    to: Option<DivisionCode>,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Hands a matter to a division below (交办)
///
/// Examples:
///   wujitong matter assign 330825002222-1f3a9c04-17 --to 330825003 --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Assign {
    /// Its number
    id: MatterId,
    /// Which division below
    #[arg(long, value_name = "CODE")]
    to: DivisionCode,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Hands a matter back to whoever sent it here (退回)
///
/// Examples:
///   wujitong matter return 330825002222-1f3a9c04-17 --note "不属本级职责"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Return {
    /// Its number
    id: MatterId,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Asks the holder to hand back a matter sent from here (召回); the answer comes later
///
/// Examples:
///   wujitong matter recall 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Recall {
    /// Its number
    id: MatterId,
}

/// Ends the work on a matter (结案)
///
/// Examples:
///   wujitong matter close 330825002222-1f3a9c04-17
///   wujitong matter close 330825002222-1f3a9c04-17 --outcome unfounded --note "现场未发现"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Close {
    /// Its number
    id: MatterId,
    /// How it ended
    #[arg(long, value_parser = one_of::<Outcome>(&words::OUTCOMES), default_value = "solved")]
    outcome: Outcome,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// A request without content.
#[derive(Serialize)]
struct Nothing {}

impl Matter {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let (id, verb, given) = match self.act {
            Act::Report(report) => return report.run(&asked, output).await,
            Act::List(list) => return list.run(&asked, output).await,
            Act::Show(Show { id }) => {
                let shown = asked.client.matter(asked.node, &id.to_string()).await?;
                return output.facts(&shown, || show::one(&shown));
            }
            Act::Accept(Accept { id }) => (id, "accept", json(&Nothing {})),
            Act::Handle(Handle { id, note }) => (id, "handle", json(&HandleRequest { note })),
            Act::Escalate(Escalate { id, to, note }) => {
                (id, "escalate", json(&EscalateRequest { to, note }))
            }
            Act::Assign(Assign { id, to, note }) => {
                (id, "assign", json(&AssignRequest { to, note }))
            }
            Act::Return(Return { id, note }) => (id, "return", json(&ReturnRequest { note })),
            Act::Recall(Recall { id }) => (id, "recall", json(&Nothing {})),
            Act::Close(Close { id, outcome, note }) => {
                (id, "close", json(&CloseRequest { outcome, note }))
            }
        };
        let path = asked.path(&format!("matters/{id}/{verb}"));
        let shown: Named<MatterView> = asked.client.post(&path, &given).await?;
        output.facts(&shown, || show::one(&shown))
    }
}

fn json(request: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(request).expect("requests are plain structures with text keys")
}

impl Report {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let text = if self.text == "-" {
            standard_input()?
        } else {
            self.text
        };
        let request = ReportRequest {
            category: self.category,
            text,
            channel: self.channel,
            priority: self.priority,
            visibility: self.visibility,
            class: self.class,
            about: self.about,
            escalate_to: self.escalate_to,
        };
        let reported: Reported = asked.client.report(asked.node, &request).await?;
        output.facts(&reported, || format!("{}\n", reported.id))
    }
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Failure::File("standard input".into(), error))?;
    Ok(text.trim_end().to_owned())
}

impl List {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = MattersQuery {
            after: self.after.map(|id| id.to_string()),
            limit: Some(self.limit),
            state: self.state,
        };
        let page: Named<MatterPage> = asked.client.get(&asked.path(&path(&query))).await?;
        output.facts(&page, || show::page(&page))
    }
}

fn path(query: &MattersQuery) -> String {
    let pairs = json(query);
    let pairs: Vec<String> = pairs
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{key}={}", encoded(text)),
            None => format!("{key}={value}"),
        })
        .collect();
    format!("matters?{}", pairs.join("&"))
}
