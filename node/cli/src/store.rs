//! `wujitong store`

use std::path::PathBuf;

use app::StartError;
use clap::Subcommand;
use serde::Serialize;
use store::{SledOptions, Survey};

use super::{Failure, Output, site, tables::pairs};

/// Checks the store (存储) of a node that is not running
///
/// Examples:
///   wujitong store check --data /srv/township
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Store {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
}

/// Checks that the store (存储) of a stopped node is intact: log, records, attachments
///
/// Reads the records from a copy, as a start after a crash would. The copy is written into the
/// store directory, takes as much space as the records, and is removed at the end. Nothing else is
/// changed. Exits with 0 if everything is intact, and with 6 if anything is damaged or the node is
/// running.
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

/// The result, for programs.
#[derive(Serialize)]
struct Found {
    whole: bool,
    closed: bool,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
    files: u64,
    damaged_files: Vec<PathBuf>,
}

impl Store {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let What::Check(check) = self.what;
        check.run(output)
    }
}

impl Check {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let data = site::data_directory(self.data.as_deref());
        let dir = data.join("store");
        if !store::is_store(&dir) {
            return Err(Failure::Usage(format!(
                "there is no store in {}; give the data directory of a node with --data",
                data.display()
            )));
        }
        let survey = store::survey(&dir, &SledOptions::default()).map_err(StartError::Store)?;
        let Survey {
            closed,
            bytes,
            records,
            files,
            damaged_files,
        } = survey.clone();
        let found = Found {
            whole: survey.is_whole(),
            closed,
            bytes,
            damage: records.as_ref().err().cloned(),
            records: records.ok(),
            files,
            damaged_files,
        };
        output.facts(&found, || for_people(&found))?;
        match found.whole {
            true => Ok(()),
            false => Err(Failure::Damaged(dir)),
        }
    }
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
                true => "clean 正常",
                false => "not clean 异常（崩溃或断电）",
            }
            .to_owned(),
        ),
        (
            "records 记录",
            match (&found.damage, found.records) {
                (Some(damage), _) => format!("damaged 损坏: {damage}"),
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
