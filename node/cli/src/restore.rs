//! `wujitong restore`

mod directory;

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use backup::{Header, Opener, Part, Reader, Totals};
use clap::ArgGroup;
use serde::Serialize;
use topology::{DivisionCode, Tree};

use self::directory::Directory;
pub(super) use self::directory::RESTORING;
use super::{
    Failure, Output,
    backup::Progress,
    labels::moment,
    node_file, site,
    tables::{pairs, table},
};

/// Makes a data directory of a backup (恢复), on this machine or on another one
///
/// The backup is read and checked whole before the directory is valid. The node begins a new
/// life when it is started: it asks its neighbours what they know of the time after the backup,
/// and waits for them with earlier matters. Stop the machine that had the identity before, if
/// it still runs.
///
/// Examples:
///   wujitong restore --from /mnt/backup/county.age --check --identity-file backup.key
///   wujitong restore --from /mnt/backup/county.age --data /srv/county --identity-file backup.key
///   wujitong restore --from /mnt/stick/county.age --data /srv/county --passphrase-file passphrase
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group(ArgGroup::new("opens").args(["identity_file", "passphrase_file"]).required(true)))]
pub struct Restore {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The new data directory: empty, or not there yet
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    data: Option<PathBuf>,
    /// File with the private key of the backup
    #[arg(long, value_name = "FILE")]
    identity_file: Option<PathBuf>,
    /// File whose first line is the passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Reads the backup to its end and writes nothing
    #[arg(long, conflicts_with = "data")]
    check: bool,
}

/// What is in a backup that was read to its end.
#[derive(Serialize)]
struct Read {
    from: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    header: Header,
    totals: Totals,
    #[serde(skip)]
    configured: bool,
}

impl Restore {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let opener = self.opener()?;
        let progress = Progress::new(output.for_person(), "restore");
        let (from, data) = (self.from.clone(), self.data.clone());
        let work = tokio::task::spawn_blocking(move || {
            let read = read(&from, data.as_deref(), &opener, &progress);
            progress.end();
            read
        });
        let read = work.await;
        let read = read.map_err(|error| Failure::Failed(error.to_string()))??;
        output.facts(&read, || read.for_people())
    }

    fn opener(&self) -> Result<Opener, Failure> {
        let bad = |file: &Path, error| Failure::Usage(format!("{}: {error}", file.display()));
        match (&self.identity_file, &self.passphrase_file) {
            (Some(file), _) => {
                Opener::keys_of(&site::read(file)?).map_err(|error| bad(file, error))
            }
            (None, Some(file)) => {
                Opener::passphrase_of(&site::read(file)?).map_err(|error| bad(file, error))
            }
            (None, None) => Err(Failure::Usage(
                "name what opens the backup: --identity-file or --passphrase-file".to_owned(),
            )),
        }
    }
}

/// Reads a backup to its end, into a directory if there is one. Blocks.
fn read(
    from: &Path,
    data: Option<&Path>,
    opener: &Opener,
    progress: &Progress,
) -> Result<Read, Failure> {
    let unreadable = |error| Failure::Backup(from.to_owned(), error);
    let file = File::open(from).map_err(|error| Failure::File(from.to_owned(), error))?;
    let opened = opener.open(BufReader::new(file));
    let opened = opened.map_err(|error| Failure::Opening(from.to_owned(), error))?;
    let (header, mut reader) = Reader::open(opened).map_err(unreadable)?;
    let mut directory = data.map(Directory::begin).transpose()?;
    let mut configured = false;
    while let Some(part) = reader.next_part().map_err(unreadable)? {
        progress.more(length_of(&part));
        configured |= matches!(&part, Part::File { path, .. } if path == node_file::CONFIG);
        if let Some(directory) = &mut directory {
            directory.take(part)?;
        }
    }
    let totals = reader.totals();
    if let Some(directory) = directory {
        directory.finish(header.made_ms)?;
    }
    Ok(Read {
        from: from.to_owned(),
        data: data.map(Path::to_owned),
        header,
        totals,
        configured,
    })
}

fn length_of(part: &Part) -> u64 {
    let length = match part {
        Part::Records(records) => {
            let values = records.iter().filter_map(|record| record.value.as_ref());
            values.map(bytes::Bytes::len).sum()
        }
        Part::Bytes(bytes) => bytes.len(),
        Part::File { .. } => 0,
    };
    length as u64
}

impl Read {
    fn for_people(&self) -> String {
        let Header {
            program,
            network,
            zone,
            made_ms,
            divisions,
            ..
        } = &self.header;
        let mut text = pairs([
            ("backup 备份", self.from.display().to_string()),
            ("as of 截至", moment(*made_ms)),
            ("network 网络", format!("{network} {zone}")),
            ("program 程序", program.clone()),
            ("records 记录", self.totals.records.to_string()),
            ("files 文件", self.totals.files.to_string()),
            (
                "checked 核验",
                "read to its end, whole 已通读，完好".to_owned(),
            ),
        ]);
        let named = |division: DivisionCode| match Tree::zhejiang().get(division) {
            Some(found) => found.name.to_string(),
            None => String::new(),
        };
        let few = divisions.iter().take(20).map(|one| {
            [
                one.division.short(),
                named(one.division),
                one.life.to_string(),
                one.issue.to_string(),
            ]
        });
        text += &table(["node", "name", "#life", "#last message"], few);
        if divisions.len() > 20 {
            text += &format!("and {} more 等\n", divisions.len() - 20);
        }
        let Some(data) = &self.data else {
            return text;
        };
        text += &format!("\nrestored to {} 已恢复\n", data.display());
        if !self.configured {
            text += &format!(
                "the configuration was not in the data directory: put it to {} or /etc/wujitong/node.toml\n\
                 备份里没有配置文件，请放回\n",
                data.join(node_file::CONFIG).display()
            );
        }
        text + "stop the machine that had this identity before, then start the node here; it begins a new life, and what its \
                neighbours know comes back\n先停掉原来的机器，再在这里启动；节点开始新的一世，相邻单位所知道的会送回来\n"
    }
}
