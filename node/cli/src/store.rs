//! `wujitong store`

use std::path::{Path, PathBuf};

use app::StartError;
use backup::{ReadError, Reader};
use clap::Subcommand;
use identity::Network;
use indicatif::HumanBytes;
use serde::Serialize;
use store::{OpenError, SledOptions};

use super::{
    Failure, Output,
    backup::{Progress, pipe},
    site,
    tables::pairs,
};

/// Checks and compacts the store (存储) of a node
///
/// Examples:
///   wujitong store check --data /srv/township
///   wujitong store compact --data /srv/township
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Store {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
    Compact(Compact),
}

/// Checks that the store (存储) of a node is intact: log, records, attachments
///
/// Of a stopped node it reads the records from a copy, as a start after a crash would, and
/// compares them with the seal. The copy is written into the store directory, takes as much
/// space as the records, and is removed at the end; without room for it the command says how
/// much is missing. A running node reads all its records while it works; only a stopped one is
/// compared with its seal. Nothing else is changed. Exits with 0 if everything is intact, and
/// with 6 if anything is damaged.
///
/// Examples:
///   wujitong store check
///   wujitong store check --data /srv/township --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Check {
    /// Data directory of the node [default: ./wujitong-data if it exists, else /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
}

/// Makes the store (存储) of a stopped node as small as its records are
///
/// Copies the records into a fresh store beside the old one, reads it back, and exchanges the
/// two in one step; then the old one is removed. It may be killed at any time: the store is
/// then the old one or the new one, and the next start removes the other. Attachments stay
/// where they are on the disk. Needs room for the fresh store; if there is too little, it says
/// how much is missing and changes nothing.
///
/// Examples:
///   wujitong store compact
///   wujitong store compact --data /srv/township --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Compact {
    /// Data directory of the node [default: ./wujitong-data if it exists, else /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
}

/// The result, for programs.
#[derive(Serialize)]
struct Found {
    whole: bool,
    running: bool,
    /// Whether the last process closed the store; not known of a running node.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
    files: u64,
    damaged_files: Vec<PathBuf>,
}

/// What became of a store, for programs.
#[derive(Serialize)]
struct Smaller {
    records: u64,
    before: u64,
    after: u64,
}

impl Store {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self.what {
            What::Check(check) => check.run(output).await,
            What::Compact(compact) => compact.run(output).await,
        }
    }
}

/// Returns the store of a data directory.
fn store_in(data: &Path) -> Result<PathBuf, Failure> {
    let dir = data.join("store");
    match store::is_store(&dir) {
        true => Ok(dir),
        false => Err(Failure::Usage(format!(
            "there is no store in {}; give the data directory of a node with --data",
            data.display()
        ))),
    }
}

impl Compact {
    async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let dir = store_in(&site::data_directory(self.data.as_deref()))?;
        let store::Compacted {
            records,
            before,
            after,
        } = store::compact(&dir, &SledOptions::default()).await?;
        let smaller = Smaller {
            records,
            before,
            after,
        };
        output.facts(&smaller, || {
            pairs([
                ("records 记录", records.to_string()),
                ("before 之前", HumanBytes(before).to_string()),
                ("after 之后", HumanBytes(after).to_string()),
            ])
        })
    }
}

impl Check {
    async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let data = site::data_directory(self.data.as_deref());
        let dir = store_in(&data)?;
        let found = match store::survey(&dir, &SledOptions::default()) {
            Ok(survey) => Found {
                whole: survey.is_whole(),
                running: false,
                closed: Some(survey.closed),
                bytes: Some(survey.bytes),
                damage: survey.records.as_ref().err().cloned(),
                records: survey.records.ok(),
                files: survey.files,
                damaged_files: survey.damaged_files,
            },
            Err(OpenError::Locked { .. }) => of_running(&data, &dir, output).await?,
            Err(error) => return Err(StartError::Store(error).into()),
        };
        output.facts(&found, || for_people(&found))?;
        match found.whole {
            true => Ok(()),
            false => Err(Failure::Damaged(dir)),
        }
    }
}

/// Lets a running node read all its records, and reads its attachments.
async fn of_running(data: &Path, dir: &Path, output: &Output<'_>) -> Result<Found, Failure> {
    let progress = Progress::new(output.for_person(), "check");
    let (records, feed) = pipe(data, Network::load(data)?, progress.clone());
    let work = tokio::task::spawn_blocking(move || {
        let (_, mut reader) = Reader::open(records)?;
        while reader.next_part()?.is_some() {}
        Ok::<_, ReadError>(reader.totals().records)
    });
    let (read, fed) = tokio::join!(work, feed);
    progress.end();
    let read = read.map_err(|error| Failure::Failed(error.to_string()))?;
    let records = match read {
        Ok(records) => Ok(records),
        Err(ReadError::GivenUp(damage)) => Err(damage),
        Err(error) => {
            fed?;
            return Err(Failure::Backup(data.to_owned(), error));
        }
    };
    let (files, damaged) = store::survey_files(dir).map_err(StartError::Store)?;
    // What was deleted meanwhile is not damaged.
    let damaged_files: Vec<_> = damaged.into_iter().filter(|path| path.exists()).collect();
    Ok(Found {
        whole: records.is_ok() && damaged_files.is_empty(),
        running: true,
        closed: None,
        bytes: None,
        damage: records.as_ref().err().cloned(),
        records: records.ok(),
        files,
        damaged_files,
    })
}

fn for_people(found: &Found) -> String {
    let damaged = found.damaged_files.len();
    let mut text = pairs([
        (
            "store 存储",
            match found.whole {
                true => "whole 完好",
                false => "DAMAGED 损坏",
            }
            .to_owned(),
        ),
        (
            "last stop 上次停止",
            match found.closed {
                Some(true) => "clean 正常",
                Some(false) => "not clean 异常（崩溃或断电）",
                None => "the node runs 节点在运行",
            }
            .to_owned(),
        ),
        (
            "records 记录",
            match (&found.damage, found.records) {
                (Some(damage), _) => format!("damaged 损坏: {damage}"),
                (None, records) if found.running => format!(
                    "{} read, whole 已读，完好；stop the node to compare them with the seal 停机后可与封存比对",
                    records.unwrap_or_default()
                ),
                (None, records) => format!(
                    "{} whole and as sealed 完好，与封存一致",
                    records.unwrap_or_default()
                ),
            },
        ),
        (
            "attachments 附件",
            match damaged {
                0 => format!("{} whole 完好", found.files),
                some => format!("{some} of {} damaged 损坏", found.files),
            },
        ),
    ]);
    for path in &found.damaged_files {
        text += &format!("  {}\n", path.display());
    }
    text
}
