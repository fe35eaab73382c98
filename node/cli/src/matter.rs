//! `wujitong matter`

mod asks;
mod data;
mod files;
mod materials;
mod private;
mod requests;
mod show;
mod work;

use std::{io::Read, path::PathBuf};

use api::{
    ActRequest, AlikeMatters, AnswersQuery, Asking, Charge, HolderRequest, MatterFilter,
    MatterOrder, MatterPage, MatterView, MattersQuery, Named, Parts, PartsRequest, Point,
    ReportRequest, Reported, Urgency,
};
use clap::Subcommand;
use domain::{
    category::{CATALOGUE, Class, Priority, Visibility},
    ids::MatterId,
    matter::{Channel, Contact, Datum},
    time::Day,
};
use topology::DivisionCode;

pub(crate) use self::files::{attach, attach_for};
use self::{private::Private, requests::RequestCommand, work::Work};
use super::{
    Failure, Output,
    labels::{one_of, some_of},
    receipt,
    site::{Asked, Site, in_utf8},
};

/// The filters of a list, the usual one first.
const FILTERS: [MatterFilter; 4] = [
    MatterFilter::Open,
    MatterFilter::Closed,
    MatterFilter::Held,
    MatterFilter::All,
];

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
    Materials(materials::Materials),
    Asks(asks::Asks),
    Data(data::Data),
    #[command(flatten)]
    Work(Work),
    #[command(flatten)]
    Request(RequestCommand),
    #[command(flatten)]
    Private(Private),
}

/// Reports a matter (上报); it is durable when the number is printed
///
/// Examples:
///   wujitong matter report --category enforcement/rubbish "村口垃圾堆放"
///   wujitong matter report --category order/flood --priority emergency --escalate-to 330825 "堤坝渗水"
///   wujitong matter report --category enforcement/water --attach bridge.jpg "河水变色"
///   wujitong matter report --category order/dispute --element dispute-kind=land "地界不清"
///   wujitong matter report --category enforcement/lighting --slip --opening opening.json "路灯不亮"
///   wujitong matter report --category order/other --visibility direct --about 330825002222 -
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Report {
    /// Category: platform/word
    #[arg(long, value_name = "CODE", long_help = categories())]
    category: String,
    /// Channel through which it came in
    #[arg(long, value_parser = one_of::<Channel>(), default_value = "grid")]
    channel: Channel,
    /// Priority
    #[arg(long, value_parser = one_of::<Priority>(), default_value = "normal")]
    priority: Priority,
    /// Visibility: the people who may learn of it
    #[arg(long, value_parser = one_of::<Visibility>(), default_value = "path")]
    visibility: Visibility,
    /// Protection class of the text
    #[arg(long, value_parser = one_of::<Class>(), default_value = "personal")]
    class: Class,
    /// The division complained about, for --visibility direct
    #[arg(long, value_name = "CODE")]
    about: Option<DivisionCode>,
    /// Location of the problem: degrees north and east, such as 29.0285,119.1722
    #[arg(long, value_name = "NORTH,EAST", value_parser = point, allow_hyphen_values = true)]
    place: Option<Point>,
    /// The place by its name in the division's list (policy, `[[places]]`); written before the words
    #[arg(long, value_name = "NAME")]
    named_place: Option<String>,
    /// The place in words, one line
    #[arg(long = "where", value_name = "TEXT")]
    place_in_words: Option<String>,
    /// Coordinate system of --place: wgs-84; gcj-02 (Chinese maps and phones); bd-09 (Baidu)
    #[arg(long, value_name = "SYSTEM", default_value_t)]
    coordinates: Datum,
    /// Value of a data element that the standard in force asks for (`matter asks`); may be repeated
    #[arg(long, value_name = "CODE=VALUE", value_parser = asks::value)]
    element: Vec<(String, String)>,
    /// Name of the reporter; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    name: String,
    /// Telephone of the reporter; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    phone: String,
    /// Address of the reporter; only the holder sees it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    address: String,
    /// Photo or document that belongs to the report; may be repeated
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Also hands the matter to this division above, in the same commit
    #[arg(long, value_name = "CODE")]
    escalate_to: Option<DivisionCode>,
    /// Also prints a slip: whoever has it can read and contest the matter over HTTP
    #[arg(long)]
    slip: bool,
    /// Writes the opening of the commitment to the text to this file, for the reporter only: with
    /// it `wujitong verify` proves from a receipt what was reported
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// Text of the report; `-` reads standard input
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
        _ => Err("write degrees north and east, such as 29.0285,119.1722".to_owned()),
    }
}

/// Opens a part of a bundle (一窗受理, 分办): a matter of its own, worked on beside the others
///
/// Examples:
///   wujitong matter part 330825002222-1f3a9c04-17 --category service/insurance "参保登记"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Part {
    /// Number of the bundle
    bundle: MatterId,
    /// Category: platform/word
    #[arg(long, value_name = "CODE", long_help = categories())]
    category: String,
    /// Text of the report; `-` reads standard input
    text: String,
}

impl Part {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let report = ReportRequest {
            channel: Channel::Service,
            ..ReportRequest::new(&self.category, &given_text(self.text)?)
        };
        let request = PartsRequest {
            parts: vec![report],
        };
        let path = asked.path(&format!("matters/{}/parts", self.bundle));
        let opened: Parts = asked.client.post(&path, &request).await?;
        output.facts(&opened, || opened.parts.join("\n") + "\n")
    }
}

/// Lists open matters held here that may be duplicates (并案), most similar first
///
/// Examples:
///   wujitong matter alike 330825002222-1f3a9c04-17
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Alike {
    /// Number of the matter
    id: MatterId,
}

/// Searches the public answers (公开答复)
///
/// Examples:
///   wujitong matter answers 医保
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Answers {
    /// Text to search for; lists all answers if left out
    #[arg(default_value = "", hide_default_value = true)]
    words: String,
    /// The most answers to list, 1 to 100
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
}

/// An action on a matter, or a request to its holder.
enum Done {
    /// An action, with files to upload first.
    Act(MatterId, ActRequest, Vec<PathBuf>),
    Request(MatterId, HolderRequest),
}

fn categories() -> String {
    let listed = CATALOGUE.map(|(code, chinese, _)| format!("\n- {code}: {chinese}"));
    format!("Category, platform/word:{}", listed.concat())
}

/// Lists the matters a node knows, or searches them
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
    /// Only matters in this state
    #[arg(long, value_parser = some_of(&FILTERS), default_value = "all")]
    state: MatterFilter,
    /// Only this category, or all categories of a platform: order, market, enforcement, service
    #[arg(long, value_name = "CODE")]
    category: Option<String>,
    /// Only matters reported in this division or below it; ordered by number
    #[arg(long, value_name = "CODE")]
    origin: Option<DivisionCode>,
    /// Only matters held by this division, as last known
    #[arg(long, value_name = "CODE")]
    holder: Option<DivisionCode>,
    /// Only matters with this little time left; ordered by due time
    #[arg(long, value_parser = one_of::<Urgency>())]
    clock: Option<Urgency>,
    /// Only open matters that this node holds, by whom they were dispatched to; ordered by due time
    #[arg(long, value_parser = one_of::<Charge>())]
    charge: Option<Charge>,
    /// Only matters reported on this day or later
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Only matters reported on this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Beginning of a number, or part of the name of a category, platform or division; the text of
    /// reports is sealed and not searched
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Newest first
    #[arg(long)]
    newest: bool,
    /// Continues where the previous page ended, or after a number
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
    /// The most matters to list, 1 to 1000
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
    /// Number of the matter
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
                let query = AnswersQuery {
                    q: words,
                    limit: Some(limit),
                    ..AnswersQuery::default()
                };
                let path = asked.path("answers");
                let found: api::Answers = asked.client.find(&path, &query).await?;
                return output.facts(&found, || show::answers(&found));
            }
            Act::Alike(Alike { id }) => {
                let path = asked.path(&format!("matters/{id}/alike"));
                let alike: AlikeMatters = asked.client.get(&path).await?;
                return output.facts(&alike, || show::alike(&alike));
            }
            Act::Attachment(attachment) => return attachment.run(&asked, output).await,
            Act::Materials(materials) => return materials.run(&asked, output).await,
            Act::Asks(asks) => return asks.run(&asked, output).await,
            Act::Data(data) => return data.run(&asked, output).await,
            Act::Work(work) => work.request(),
            Act::Request(request) => request.request(),
        };
        match done {
            Done::Act(id, mut request, attach) => {
                request.attachments = files::attach(&asked, &attach, output).await?;
                let path = asked.path(&format!("matters/{id}/acts"));
                let shown: Named<MatterView> = asked.client.post(&path, &request).await?;
                output.facts(&shown, || show::one(&shown))
            }
            Done::Request(id, request) => {
                let path = asked.path(&format!("matters/{id}/requests"));
                let asking: Asking = asked.client.post(&path, &request).await?;
                output.facts(&asking, || show::asking(&asking))
            }
        }
    }
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
            objects_to: None,
            objects_to_rating: None,
            data: asks::once(self.element)?,
            category: self.category,
            text,
            channel: self.channel,
            priority: self.priority,
            visibility: self.visibility,
            class: self.class,
            about: self.about,
            place: self.place,
            named_place: self.named_place,
            address: self.place_in_words,
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

/// Returns a text that was given, or standard input for `-`.
pub(crate) fn given_text(given: String) -> Result<String, Failure> {
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
            charge: self.charge,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            order: match self.newest {
                true => MatterOrder::Newest,
                false => MatterOrder::Oldest,
            },
            q: self.search,
        };
        let page: Named<MatterPage> = asked.client.find(&asked.path("matters"), &query).await?;
        output.facts(&page, || show::page(&page))
    }
}
