//! `wujitong courier`

use std::{
    fs,
    path::{Path, PathBuf},
};

use api::{
    COURIER_FILE, CourierFileMade, CourierFileRead, CourierNeighbour, CourierStatus,
    MakeCourierFile, Named,
};
use bytes::Bytes;
use clap::Subcommand;
use data_encoding::BASE64;
use serde::Serialize;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{Names, moment},
    site::{Asked, Site},
    tables::table,
};

/// Most files that one export writes.
const MOST_FILES: usize = 1_000;

/// Carries what waits for a neighbour in files, where no link reaches it (信使)
///
/// A file is signed by this node and sealed for the neighbour. Carry it on a stick, import it there, and bring back the
/// file that the neighbour exports: it holds the answers. Nothing leaves the outbox before its answer is here, so a file
/// that is lost, late, or imported twice does no harm.
///
/// Examples:
///   wujitong courier status
///   wujitong courier export --to 330825002 --output /media/stick
///   wujitong courier import /media/stick/*.courier
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Courier {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Status(Status),
    Export(Export),
    Import(Import),
}

/// Lists what waits for each neighbour, and the files that were made and read
///
/// Examples:
///   wujitong courier status
///   wujitong courier status --node 330825002 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Status {}

/// Writes what waits for a neighbour to courier files
///
/// As many files as it takes, each of about 1 MiB. They are named after the two divisions and numbered.
///
/// Examples:
///   wujitong courier export --output /media/stick
///   wujitong courier export --to 330825002222 --node 330825002 --output /media/stick
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Export {
    /// The neighbour [default: the division above]
    #[arg(long, value_name = "CODE")]
    to: Option<DivisionCode>,
    /// Directory for the files
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

/// Reads courier files of neighbours
///
/// In any order, and the same ones again if need be. Files that are not for this node are named and nothing of them is
/// used. Afterwards export a file for the neighbour: it takes the answers back.
///
/// Examples:
///   wujitong courier import /media/stick/330825002222-330825002000-0001.courier
///   wujitong courier import /media/stick/*.courier --node 330825002
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Import {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// A file that was written.
#[derive(Serialize)]
struct Written {
    division: DivisionCode,
    number: u64,
    envelopes: usize,
    answers: usize,
    left: u64,
    file: PathBuf,
}

/// A file that was read, or why it was not.
#[derive(Serialize)]
struct Outcome {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<CourierFileRead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Courier {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Status(_) => {
                let found = status(&asked).await?;
                output.facts(&found, || shown(&found))
            }
            What::Export(export) => export.run(&asked, output).await,
            What::Import(import) => import.run(&asked, output).await,
        }
    }
}

async fn status(asked: &Asked) -> Result<Named<CourierStatus>, Failure> {
    Ok(asked.client.get(&asked.path("courier")).await?)
}

impl Export {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let to = match self.to {
            Some(to) => to,
            None => above(asked).await?,
        };
        let path = asked.path(&format!("courier/{to}"));
        let mut written: Vec<Written> = vec![];
        loop {
            let go_on = !written.is_empty();
            let asks = MakeCourierFile { go_on };
            let made: CourierFileMade = asked.client.post(&path, &asks).await?;
            let file = self.output.join(&made.name);
            keep(&file, &made)?;
            let left = made.left;
            let empty = made.envelopes == 0;
            written.push(Written {
                division: made.division,
                number: made.number,
                envelopes: made.envelopes,
                answers: made.answers,
                left,
                file,
            });
            // What alone is too long for a file is left and waits for the link.
            if left == 0 || empty || written.len() == MOST_FILES {
                break;
            }
        }
        let left = written.last().map_or(0, |last| last.left);
        output.facts(&written, || {
            let rows = written.iter().map(|one| {
                [
                    one.number.to_string(),
                    one.envelopes.to_string(),
                    one.answers.to_string(),
                    one.left.to_string(),
                    one.file.display().to_string(),
                ]
            });
            let mut text = table(["#no.", "#envelopes", "#answers", "#left", "file"], rows);
            text += &match left {
                0 => format!("carry them to {to} and import them there 请带到对方节点导入\n"),
                _ => format!("{left} are too long for a file and wait for the link 有 {left} 件太长，等网络恢复\n"),
            };
            text
        })
    }
}

/// Returns the division above, which is the neighbour if none is named.
async fn above(asked: &Asked) -> Result<DivisionCode, Failure> {
    let found = status(asked).await?;
    let above = found.facts.neighbours.iter().find(|one| one.is_above);
    above.map(|one| one.division).ok_or_else(|| {
        Failure::Usage("no division stands above this one; name a neighbour with --to".to_owned())
    })
}

fn keep(path: &Path, made: &CourierFileMade) -> Result<(), Failure> {
    let damaged = || Failure::Failed("the node answered with a damaged file; try again".to_owned());
    let bytes = BASE64.decode(made.file.as_bytes()).map_err(|_| damaged())?;
    let failed = |error| Failure::File(path.to_owned(), error);
    let file = fs::File::create(path).map_err(failed)?;
    std::io::Write::write_all(&mut &file, &bytes).map_err(failed)?;
    // The stick is pulled out soon.
    file.sync_all().map_err(failed)
}

impl Import {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path("courier");
        let mut outcomes: Vec<Outcome> = vec![];
        let mut failed = None;
        for file in self.files {
            let bytes = fs::read(&file).map_err(|error| Failure::File(file.clone(), error))?;
            let put = asked
                .client
                .put_file(&path, COURIER_FILE, Bytes::from(bytes));
            let read: Result<Named<CourierFileRead>, _> = put.await;
            let (read, refused) = match read {
                Ok(read) => (Some(read.facts), None),
                Err(error) => {
                    let refused = error.to_string();
                    failed.get_or_insert(error);
                    (None, Some(refused))
                }
            };
            outcomes.push(Outcome {
                file,
                read,
                refused,
            });
        }
        output.facts(&outcomes, || outcomes.iter().map(told).collect())?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

fn told(outcome: &Outcome) -> String {
    let file = outcome.file.display();
    let Some(read) = &outcome.read else {
        let why = outcome.refused.as_deref().unwrap_or_default();
        return format!("{file}: not used 未使用: {why}\n");
    };
    let mut text = format!(
        "{file}: no. {} of {}, made {}: {} accepted 接收, {} refused 拒收, {} of this node answered 已答复",
        read.number,
        read.division.short(),
        moment(read.made_ms),
        read.accepted,
        read.refused,
        read.settled,
    );
    if read.late {
        text += ", read late or again 迟到或重复";
    }
    if read.not_taken > 0 {
        text += &format!(
            "\n  {} not taken yet, for lack of room or of a key; import the file again later 暂未接收，请稍后再导入",
            read.not_taken
        );
    }
    if read.left > 0 {
        text += &format!(
            "\n  {} more wait there; import the next file 还有后续文件",
            read.left
        );
    }
    text + "\n"
}

fn shown(found: &Named<CourierStatus>) -> String {
    let names = Names(&found.names);
    let none = || "-".to_owned();
    let link = |one: &CourierNeighbour| match one.linked {
        true => "up 已连通",
        false => "down 未连通",
    };
    let rows = found.facts.neighbours.iter().map(|one| {
        let made = one.made.as_ref();
        let read = one.read.as_ref();
        [
            names.of(one.division),
            link(one).to_owned(),
            one.waiting.to_string(),
            one.answers.to_string(),
            made.map_or_else(none, |made| {
                format!("{} {}", made.number, moment(made.at_ms))
            }),
            read.map_or_else(none, |read| {
                format!("{} {}", read.number, moment(read.at_ms))
            }),
        ]
    });
    let heads = [
        "neighbour",
        "link",
        "#waiting",
        "#answers",
        "last file made",
        "last file read",
    ];
    table(heads, rows)
}
