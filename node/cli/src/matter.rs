//! `wujitong matter`

mod files;
mod private;
mod show;
mod wishes;
mod work;

use std::{io::Read, path::PathBuf};

use api::{
    ActRequest, AlikeMatters, Asking, MatterFilter, MatterOrder, MatterPage, MatterView,
    MattersQuery, Named, Parts, PartsRequest, Point, ReportRequest, Reported, Urgency, WishRequest,
};
use clap::Subcommand;
use domain::{
    category::{CATALOGUE, Class, Priority, Visibility},
    ids::MatterId,
    matter::{Channel, Contact, Datum},
    time::Day,
};
use serde::Serialize;
use topology::DivisionCode;

use self::{private::Private, wishes::Wish, work::Work};
use super::{
    Failure, Output,
    client::encoded,
    labels::{self, one_of},
    receipt,
    site::{Asked, Site, in_utf8},
};

/// Reports matters (事项), lists them, and does the work on them
///
/// Examples:
///   wujitong matter report --category enforcement/lighting "路灯不亮"
///   wujitong matter list --state open
///   wujitong matter escalate 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Matter {
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
    Part(Part),
    Alike(Alike),
    Answers(Answers),
    Attachment(files::Attachment),
    #[command(flatten)]
    Work(Work),
    #[command(flatten)]
    Wish(Wish),
    #[command(flatten)]
    Private(Private),
}

/// Takes a report (上报); it is on the disk when the number is printed
///
/// Examples:
///   wujitong matter report --category enforcement/rubbish "村口垃圾堆放"
///   wujitong matter report --category order/flood --priority emergency --escalate-to 330825 "堤坝渗水"
///   wujitong matter report --category enforcement/water --attach bridge.jpg "河水变色"
///   wujitong matter report --category enforcement/lighting --slip --opening opening.json "路灯不亮"
///   wujitong matter report --category order/other --visibility direct --about 330825002222 -
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Report {
    /// Category: platform/word
    #[arg(long, value_name = "CODE", long_help = categories())]
    category: String,
    /// How it came in
    #[arg(long, value_parser = one_of::<Channel>(&labels::CHANNELS), default_value = "grid")]
    channel: Channel,
    /// How urgent
    #[arg(long, value_parser = one_of::<Priority>(&labels::PRIORITIES), default_value = "normal")]
    priority: Priority,
    /// Who may learn of it
    #[arg(long, value_parser = one_of::<Visibility>(&labels::VISIBILITIES), default_value = "path")]
    visibility: Visibility,
    /// How protected the text is
    #[arg(long, value_parser = one_of::<Class>(&labels::CLASSES), default_value = "personal")]
    class: Class,
    /// The division complained about, for --visibility direct
    #[arg(long, value_name = "CODE")]
    about: Option<DivisionCode>,
    /// Where it is: degrees north and east, as 29.0285,119.1722
    #[arg(long, value_name = "NORTH,EAST", value_parser = point, allow_hyphen_values = true)]
    place: Option<Point>,
    /// System of --place: wgs-84, or gcj-02 of Chinese maps and phones, or bd-09 of Baidu
    #[arg(long, value_name = "SYSTEM", default_value_t)]
    coordinates: Datum,
    /// The reporter's name; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    name: String,
    /// The reporter's telephone; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    phone: String,
    /// The reporter's address; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    address: String,
    /// A photo or document that belongs to it; may be given several times
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Hands it to this tier above in the same commit
    #[arg(long, value_name = "CODE")]
    escalate_to: Option<DivisionCode>,
    /// Prints a slip beside the number: whoever has it reads and contests the matter over HTTP
    #[arg(long)]
    slip: bool,
    /// Writes what opens the commitment to the text to this file, for the reporter alone: with it
    /// `wujitong verify` proves from a receipt what was written
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// What it is about; `-` reads standard input
    text: String,
}

pub(super) fn point(text: &str) -> Result<Point, String> {
    let degrees = |text: &str| text.trim().parse::<f64>().ok();
    let read = text
        .split_once(',')
        .map(|(north, east)| (degrees(north), degrees(east)));
    match read {
        Some((Some(latitude), Some(longitude))) => Ok(Point {
            latitude,
            longitude,
        }),
        _ => Err("write degrees north and east, as 29.0285,119.1722".to_owned()),
    }
}

/// Opens a part of a bundle (一窗受理, 分办): a matter of its own, at work beside the others
///
/// Examples:
///   wujitong matter part 330825002222-1f3a9c04-17 --category service/insurance "参保登记"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Part {
    /// The bundle's number
    bundle: MatterId,
    /// Category: platform/word
    #[arg(long, value_name = "CODE", long_help = categories())]
    category: String,
    /// What it is about; `-` reads standard input
    text: String,
}

impl Part {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let report = ReportRequest {
            channel: Channel::Service,
            ..ReportRequest::new(&self.category, &given_text(self.text)?)
        };
        let request = json(&PartsRequest {
            parts: vec![report],
        });
        let path = asked.path(&format!("matters/{}/parts", self.bundle));
        let opened: Parts = asked.client.post(&path, &request).await?;
        output.facts(&opened, || opened.parts.join("\n") + "\n")
    }
}

/// Lists open matters held here that may be the same (并案), most alike first
///
/// Examples:
///   wujitong matter alike 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Alike {
    /// Its number
    id: MatterId,
}

/// Searches what was answered for everybody to read (公开答复)
///
/// Examples:
///   wujitong matter answers 医保
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Answers {
    /// What the answer says; all of them without it
    #[arg(default_value = "", hide_default_value = true)]
    words: String,
    /// At most so many, 1 to 100
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
}

/// Something to be done with a matter, or asked of its holder.
enum Done {
    /// With files to be handed in first.
    Act(MatterId, ActRequest, Vec<PathBuf>),
    Wish(MatterId, WishRequest),
}

fn categories() -> String {
    let listed = CATALOGUE.map(|(code, chinese)| format!("\n- {code}: {chinese}"));
    format!("Category, platform/word:{}", listed.concat())
}

/// Lists the matters a node knows, or looks for some
///
/// Examples:
///   wujitong matter list
///   wujitong matter list --state held --newest --limit 20
///   wujitong matter list --clock overdue --category enforcement
///   wujitong matter list --search 张王村 --from 2026-03-01
///   wujitong matter list --search 330825002222-1f3a --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// In this state
    #[arg(long, value_parser = one_of::<MatterFilter>(&labels::STATES), default_value = "all")]
    state: MatterFilter,
    /// Of this category, or of all of a platform: order, market, enforcement, service
    #[arg(long, value_name = "CODE")]
    category: Option<String>,
    /// Reported in this division or below it; listed by number
    #[arg(long, value_name = "CODE")]
    origin: Option<DivisionCode>,
    /// Held by this division, as last heard
    #[arg(long, value_name = "CODE")]
    holder: Option<DivisionCode>,
    /// With so little time left; listed by the moment that is due
    #[arg(long, value_parser = one_of::<Urgency>(&labels::URGENCIES))]
    clock: Option<Urgency>,
    /// Reported on this day or later
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Reported on this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Beginning of a number, or part of the name of a category, platform or division; what people
    /// wrote is sealed and not searched
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// The newest first
    #[arg(long)]
    newest: bool,
    /// Go on from where the page before ended, or after a number
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
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

impl Matter {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let done = match self.act {
            Act::Report(report) => return report.run(&asked, output).await,
            Act::List(list) => return list.run(&asked, output).await,
            Act::Show(Show { id }) => {
                let shown = asked.client.matter(asked.node, &id.to_string()).await?;
                return output.facts(&shown, || show::one(&shown));
            }
            Act::Part(part) => return part.run(&asked, output).await,
            Act::Private(private) => return private.run(&asked, output).await,
            Act::Answers(Answers { words, limit }) => {
                let words = encoded(&words);
                let path = asked.path(&format!("answers?q={words}&limit={limit}"));
                let found: api::Answers = asked.client.get(&path).await?;
                return output.facts(&found, || show::answers(&found));
            }
            Act::Alike(Alike { id }) => {
                let path = asked.path(&format!("matters/{id}/alike"));
                let alike: AlikeMatters = asked.client.get(&path).await?;
                return output.facts(&alike, || show::alike(&alike));
            }
            Act::Attachment(attachment) => return attachment.run(&asked, output).await,
            Act::Work(work) => work.request(),
            Act::Wish(wish) => wish.request(),
        };
        match done {
            Done::Act(id, mut request, attach) => {
                request.attachments = files::attach(&asked, &attach, output).await?;
                let path = asked.path(&format!("matters/{id}/acts"));
                let shown: Named<MatterView> = asked.client.post(&path, &json(&request)).await?;
                output.facts(&shown, || show::one(&shown))
            }
            Done::Wish(id, request) => {
                let path = asked.path(&format!("matters/{id}/requests"));
                let asking: Asking = asked.client.post(&path, &json(&request)).await?;
                output.facts(&asking, || show::asking(&asking))
            }
        }
    }
}

fn json(request: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(request).expect("requests are plain structures with text keys")
}

impl Report {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let text = given_text(self.text)?;
        let contact = Contact {
            name: self.name,
            phone: self.phone,
            address: self.address,
        };
        let request = ReportRequest {
            category: self.category,
            text,
            channel: self.channel,
            priority: self.priority,
            visibility: self.visibility,
            class: self.class,
            about: self.about,
            place: self.place,
            coordinates: self.coordinates,
            contact: (contact != Contact::default()).then_some(contact),
            attachments: files::attach(asked, &self.attach, output).await?,
            escalate_to: self.escalate_to,
            slip: self.slip,
            opening: self.opening.is_some(),
        };
        let mut reported: Reported = asked.client.report(asked.node, &request).await?;
        if let (Some(file), Some(opening)) = (&self.opening, reported.opening.take()) {
            receipt::keep_opening(file, &opening)?;
        }
        output.facts(&reported, || match &reported.token {
            Some(token) => format!("{}\n{token}\n", reported.id),
            None => format!("{}\n", reported.id),
        })
    }
}

fn given_text(given: String) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut bytes = vec![];
    let read = std::io::stdin().read_to_end(&mut bytes);
    read.map_err(|error| Failure::File("standard input".into(), error))?;
    let text = in_utf8("what was written to standard input", bytes)?;
    Ok(text.trim_end().to_owned())
}

impl List {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = MattersQuery {
            after: self.after,
            limit: Some(self.limit),
            state: self.state,
            category: self.category,
            origin: self.origin,
            holder: self.holder,
            clock: self.clock,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            order: match self.newest {
                true => MatterOrder::Newest,
                false => MatterOrder::Oldest,
            },
            q: self.search,
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
