//! `wujitong disclosure`

mod compliance;
mod files;
mod pleas;
mod receipt;
mod sheet;
mod workbook;

use std::path::PathBuf;

use api::{
    BeginDisclosure, DisclosureLine, DisclosureRemark, DisclosureView, DisclosureWork, Disclosures,
    Duties, WriteDisclosure,
};
use clap::Subcommand;
use domain::{
    disclosure::{DisclosureAct, DisclosureId},
    time::Day,
};
use http::Method;

use super::{
    Failure, Output,
    labels::moment,
    site::{Asked, Site, read},
    tables::{pairs, table},
};

/// Makes the affairs of a division public (公开), on the forms that templates prescribe
///
/// An official begins and writes a disclosure and submits it; the committee agrees, the supervision committee
/// reviews, and an official publishes. Nobody agrees to what they wrote. What was published is in the public log;
/// a correction is a further edition.
///
/// Examples:
///   wujitong disclosure due --node 330825002222
///   wujitong disclosure begin 村集体收支 --day 2026-10-31 --node 330825002222
///   wujitong disclosure list --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Disclosure {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Due(Due),
    List(List),
    Compliance(compliance::Compliance),
    /// Shows what was published, with its editions and what the public log says of them
    ///
    /// Examples:
    ///   wujitong disclosure show 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Show(One),
    Receipt(receipt::Receipt),
    Pleas(pleas::List),
    Plead(pleas::Ask),
    Support(pleas::Support),
    Decline(pleas::Decline),
    Residents(pleas::Residents),
    Work(Work),
    Table(workbook::Table),
    Begin(Begin),
    Blank(workbook::Blank),
    Form(Form),
    Write(Write),
    /// Sends a disclosure to the committee
    ///
    /// Examples:
    ///   wujitong disclosure submit 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Submit(One),
    /// Agrees for the committee; not by whoever wrote it
    ///
    /// Examples:
    ///   wujitong disclosure agree 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Agree(Remark),
    Review(files::Review),
    Attach(files::Attach),
    Detach(files::Detach),
    File(files::Get),
    /// Sends a disclosure back to be changed, for the committee that has it
    ///
    /// Examples:
    ///   wujitong disclosure send-back 1f3a9c0411223344 --why "缺第二笔"
    #[command(verbatim_doc_comment)]
    SendBack(Reason),
    /// Publishes a disclosure that both committees agreed to; it cannot be taken back
    ///
    /// Examples:
    ///   wujitong disclosure publish 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Publish(One),
    /// Begins a corrected edition; everybody reads the reason
    ///
    /// Examples:
    ///   wujitong disclosure correct 1f3a9c0411223344 --why "电费记错"
    #[command(verbatim_doc_comment)]
    Correct(Reason),
    /// Gives up what is not published
    ///
    /// Examples:
    ///   wujitong disclosure drop 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Drop(One),
    /// Takes a disclosure down because a law demands it; its heading and the ground stay
    ///
    /// Examples:
    ///   wujitong disclosure withdraw 1f3a9c0411223344 --why "《个人信息保护法》第四十七条"
    #[command(verbatim_doc_comment)]
    Withdraw(Reason),
}

/// Lists what has to be made public, by when, and what became of it
///
/// Examples:
///   wujitong disclosure due --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Due;

/// Lists what was made public, those about the latest days first
///
/// Examples:
///   wujitong disclosure list --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Lists disclosures that are being worked on, or shows the work on one
///
/// Examples:
///   wujitong disclosure work
///   wujitong disclosure work 1f3a9c0411223344
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Work {
    /// Number of the disclosure
    number: Option<DisclosureId>,
}

/// The number of a disclosure alone.
#[derive(Debug, clap::Args)]
struct One {
    /// Number of the disclosure
    number: DisclosureId,
}

/// Begins a disclosure of an item for the period that a day is in, or for an event
///
/// Examples:
///   wujitong disclosure begin 村集体收支 --day 2026-10-31
///   wujitong disclosure begin 重大事项 --day 2026-11-20 --title "征地补偿"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Begin {
    /// Name of the item, as `wujitong disclosure due` shows it
    item: String,
    /// A day of the period, or the day of the event
    #[arg(long)]
    day: Day,
    /// Title of an event
    #[arg(long)]
    title: Option<String>,
    /// Copy the latest edition of another disclosure into the form
    #[arg(long, value_name = "NUMBER")]
    like: Option<DisclosureId>,
}

/// Prints the form of a disclosure as TOML with what is typed so far, to fill in, or writes it as a sheet
///
/// Examples:
///   wujitong disclosure form 1f3a9c0411223344
///   wujitong disclosure form 1f3a9c0411223344 --xlsx october.xlsx
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Form {
    /// Number of the disclosure
    number: DisclosureId,
    /// Write the form as a sheet to this file instead
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
}

/// Keeps what a file in the form of `disclosure form` says, and tells what is still wrong
///
/// Examples:
///   wujitong disclosure write 1f3a9c0411223344 october.toml
///   wujitong disclosure write 1f3a9c0411223344 october.xlsx
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Write {
    /// Number of the disclosure
    number: DisclosureId,
    /// The filled-in form
    file: PathBuf,
    /// Why what looks like personal data is published all the same
    #[arg(long, value_name = "WHY")]
    despite: Option<String>,
}

/// The number of a disclosure, and a remark.
#[derive(Debug, clap::Args)]
struct Remark {
    /// Number of the disclosure
    number: DisclosureId,
    /// A remark
    #[arg(long, default_value = "")]
    note: String,
}

/// The number of a disclosure, and a reason.
#[derive(Debug, clap::Args)]
struct Reason {
    /// Number of the disclosure
    number: DisclosureId,
    /// The reason, or the lawful ground
    #[arg(long)]
    why: String,
}

impl Disclosure {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        use DisclosureAct as A;
        let asked = self.site.ask().await?;
        match self.what {
            What::Due(Due) => {
                let duties: Duties = asked.client.get(&asked.path("disclosures/due")).await?;
                output.facts(&duties, || due(&duties))
            }
            What::List(List) => {
                let list: Disclosures = asked.client.get(&asked.path("disclosures")).await?;
                output.facts(&list, || lines(&list))
            }
            What::Compliance(compliance) => compliance.run(&asked, output).await,
            What::Show(One { number }) => show(&asked, number, output).await,
            What::Receipt(receipt) => receipt.run(&asked, output).await,
            What::Work(Work { number: None }) => {
                let list: Disclosures = asked.client.get(&asked.path("disclosure-work")).await?;
                output.facts(&list, || lines(&list))
            }
            What::Work(Work {
                number: Some(number),
            }) => {
                let work = work_of(&asked, number).await?;
                output.facts(&work, || worked(&work))
            }
            What::Begin(begin) => begin.run(&asked, output).await,
            What::Table(table) => table.run(&asked, output).await,
            What::Blank(blank) => blank.run(&asked, output).await,
            What::Form(Form {
                number,
                xlsx: Some(file),
            }) => workbook::form(&asked, number, file, output).await,
            What::Form(Form { number, xlsx: None }) => {
                let work = work_of(&asked, number).await?;
                output.text(&sheet::form(&work)?)
            }
            What::Write(write) => write.run(&asked, output).await,
            What::Submit(One { number }) => {
                done(&asked, number, A::Submit, String::new(), output).await
            }
            What::Agree(Remark { number, note }) => {
                done(&asked, number, A::Agree, note, output).await
            }
            What::Pleas(list) => list.run(&asked, output).await,
            What::Plead(ask) => ask.run(&asked, output).await,
            What::Support(support) => support.run(&asked, output).await,
            What::Decline(decline) => decline.run(&asked, output).await,
            What::Residents(said) => said.run(&asked, output).await,
            What::Review(review) => review.run(&asked, output).await,
            What::Attach(attach) => attach.run(&asked, output).await,
            What::Detach(detach) => detach.run(&asked, output).await,
            What::File(get) => get.run(&asked, output).await,
            What::SendBack(Reason { number, why }) => {
                done(&asked, number, A::SendBack, why, output).await
            }
            What::Publish(One { number }) => {
                done(&asked, number, A::Publish, String::new(), output).await
            }
            What::Correct(Reason { number, why }) => {
                done(&asked, number, A::Correct, why, output).await
            }
            What::Withdraw(Reason { number, why }) => {
                done(&asked, number, A::Withdraw, why, output).await
            }
            What::Drop(One { number }) => give_up(&asked, number, output).await,
        }
    }
}

/// Shows what was made public.
async fn show(asked: &Asked, number: DisclosureId, output: &mut Output<'_>) -> Result<(), Failure> {
    let path = asked.path(&format!("disclosures/{number}"));
    let view: DisclosureView = asked.client.get(&path).await?;
    output.facts(&view, || sheet::shown(&view))
}

/// Gives a draft up.
async fn give_up(
    asked: &Asked,
    number: DisclosureId,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let path = path(asked, number, "/drop");
    let remark = DisclosureRemark::default();
    asked.client.send_only(Method::POST, &path, &remark).await?;
    output.text("given up\n")
}

impl Begin {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = BeginDisclosure {
            item: self.item,
            day: self.day.to_string(),
            title: self.title,
            like: self.like.map(|like| like.to_string()),
        };
        let path = asked.path("disclosure-work");
        let begun: DisclosureWork = asked.client.post(&path, &request).await?;
        output.facts(&begun, || worked(&begun))
    }
}

impl Write {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let work = work_of(asked, self.number).await?;
        let written = match workbook::in_file(&self.file)? {
            Some(bytes) => workbook::write(asked, &work, bytes, self.despite).await?,
            None => {
                let request = WriteDisclosure {
                    content: sheet::read(&read(&self.file)?, &work)?,
                    despite: self.despite,
                    version: Some(work.version),
                };
                let path = path(asked, self.number, "");
                asked.client.send(Method::PUT, &path, &request).await?
            }
        };
        output.facts(&written, || worked(&written))
    }
}

fn path(asked: &Asked, number: DisclosureId, rest: &str) -> String {
    asked.path(&format!("disclosure-work/{number}{rest}"))
}

async fn work_of(asked: &Asked, number: DisclosureId) -> Result<DisclosureWork, Failure> {
    Ok(asked.client.get(&path(asked, number, "")).await?)
}

/// Does an act on what is there now, and shows the work.
async fn done(
    asked: &Asked,
    number: DisclosureId,
    act: DisclosureAct,
    note: String,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    use domain::disclosure::Stage as S;
    let work = work_of(asked, number).await?;
    let by_supervision = matches!(work.line.stage, Some(S::Supervision | S::Agreed));
    let rest = match act {
        DisclosureAct::SendBack if by_supervision => "/review/send-back".to_owned(),
        act => format!("/{}", act.code()),
    };
    let remark = DisclosureRemark {
        note,
        version: Some(work.version),
        ..DisclosureRemark::default()
    };
    let now: DisclosureWork = asked
        .client
        .post(&path(asked, number, &rest), &remark)
        .await?;
    output.facts(&now, || worked(&now))
}

fn due(duties: &Duties) -> String {
    if duties.duties.is_empty() && duties.events.is_empty() {
        return "no template in force demands anything\n".to_owned();
    }
    let headings = [
        "item", "class", "from", "to", "due", "state", "number", "stage",
    ];
    let rows = duties.duties.iter().map(|duty| {
        [
            duty.item.clone(),
            duty.class.label(),
            duty.from.clone(),
            duty.to.clone(),
            moment(duty.due_ms),
            duty.state.label(),
            duty.number.clone().unwrap_or_default(),
            duty.stage.map(|stage| stage.label()).unwrap_or_default(),
        ]
    });
    let mut text = table(headings, rows);
    if !duties.events.is_empty() {
        let rows = duties.events.iter();
        let rows = rows.map(|event| {
            [
                event.item.clone(),
                event.class.label(),
                event.within.clone(),
            ]
        });
        text += "\n";
        text += &table(["each time", "class", "within"], rows);
    }
    text
}

fn lines(list: &Disclosures) -> String {
    if list.disclosures.is_empty() {
        return "none\n".to_owned();
    }
    let headings = [
        "number",
        "item",
        "class",
        "from",
        "to",
        "title",
        "published",
        "#editions",
        "stage",
    ];
    let rows = list.disclosures.iter().map(|line: &DisclosureLine| {
        [
            line.number.clone(),
            line.item.clone(),
            line.class.label(),
            line.from.clone(),
            line.to.clone(),
            line.title.clone(),
            line.latest_at_ms.map(moment).unwrap_or_default(),
            line.editions.to_string(),
            line.stage.map(|stage| stage.label()).unwrap_or_default(),
        ]
    });
    table(headings, rows)
}

fn worked(work: &DisclosureWork) -> String {
    let line = &work.line;
    let mut text = pairs([
        ("number", line.number.clone()),
        (
            "item",
            format!("{} {} – {} {}", line.item, line.from, line.to, line.title),
        ),
        ("due", moment(line.due_ms)),
        (
            "stage",
            line.stage
                .map_or_else(|| "none".to_owned(), |stage| stage.label()),
        ),
        ("editions", line.editions.to_string()),
    ]);
    let offers: Vec<_> = work.offers.iter().map(|act| act.code()).collect();
    text += &pairs([("you may", offers.join(", "))]);
    for fault in &work.faults {
        text += &format!("wrong: {}\n", sheet::told(work, fault));
    }
    for one in &work.attachments {
        text += &files::line(one);
    }
    for doubt in &work.doubts {
        text += &format!("doubt: {}\n", doubt.doubt.label());
    }
    text
}
