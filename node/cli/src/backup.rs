//! `wujitong backup`

mod files;
mod progress;
mod records;
mod target;

use std::path::{Path, PathBuf};

use api::LastBackup;
use app::LAST_BACKUP;
use backup::{Header, KeyPair, Part, Reader, Sealer, Writer};
use clap::ArgGroup;
use identity::Network;
use indicatif::HumanBytes;
use serde::Serialize;

use self::{files::Left, records::Records, target::Target};
pub(super) use self::{progress::Progress, records::pipe};
use super::{
    Failure, Output,
    labels::moment,
    node_file,
    site::{self, data_directory},
    tables::pairs,
};

/// Writes a backup (备份) of everything that a data directory holds
///
/// Records, attachments, keys and configuration, of a running node or of a stopped one; a running
/// one goes on working meanwhile. The file is
/// encrypted (age) for a key whose private half is kept elsewhere, or with a passphrase, and is
/// read back before it has its name. If FILE is a directory, the backup is named there after
/// the division and the time. Nothing is ever overwritten.
///
/// Not in it: the configuration, the list of divisions and secrets that lie outside of the data
/// directory.
///
/// Examples:
///   wujitong backup --new-key backup.key
///   wujitong backup --data /srv/county --to /mnt/backup --recipients-file /srv/backup-keys
///   wujitong backup --data /srv/county --to /mnt/county.age --passphrase-file passphrase
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group(ArgGroup::new("sealed").args(["recipient", "recipients_file", "passphrase_file"])))]
pub struct Backup {
    /// Data directory [default: ./wujitong-data if it exists, else /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// The backup, or the directory for it
    #[arg(long, value_name = "FILE", required_unless_present = "new_key")]
    to: Option<PathBuf>,
    /// Encrypts for this key (age1…); may be repeated
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
    /// Encrypts for the keys of this file, one to a line
    #[arg(long, value_name = "FILE")]
    recipients_file: Option<PathBuf>,
    /// Encrypts with the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Makes a key for backups instead: writes the private half to this file and prints the other one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "sealed"])]
    new_key: Option<PathBuf>,
}

/// A backup that was made.
#[derive(Serialize)]
struct Made {
    file: PathBuf,
    bytes: u64,
    /// Whether it was decrypted and read to its end; otherwise the file was read back as it was written.
    opened_again: bool,
    header: Header,
    records: u64,
    files: u64,
    #[serde(flatten)]
    left: Left,
}

/// A key that was made.
#[derive(Serialize)]
struct NewKey {
    file: PathBuf,
    recipient: String,
}

impl Backup {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        if let Some(file) = &self.new_key {
            return new_key(file, output);
        }
        let sealer = self.sealer()?;
        let data = data_directory(self.data.as_deref());
        let network = Network::load(&data)?;
        let to = self.to.as_deref().unwrap_or(Path::new("."));
        let target = Target::of(to, &data)?;
        let progress = Progress::new(output.for_person(), "backup");
        let (records, feed) = pipe(&data, network, progress.clone());
        let work = tokio::task::spawn_blocking(move || {
            let made = write(&data, target, &sealer, records, &progress);
            progress.end();
            made
        });
        let (made, fed) = tokio::join!(work, feed);
        let made = made.map_err(|error| Failure::Failed(error.to_string()))?;
        // What failed to be written ends the feed too, so it is told first; a feed that failed cut the records off.
        let made = match (made, fed) {
            (Err(Failure::Backup(..)), Err(error)) => return Err(error),
            (made, _) => made?,
        };
        output.facts(&made, || for_people(&made))
    }

    fn sealer(&self) -> Result<Sealer, Failure> {
        let bad = |file: &Path, error| Failure::Usage(format!("{}: {error}", file.display()));
        if let Some(file) = &self.recipients_file {
            return Sealer::for_recipients_of(&site::read(file)?).map_err(|error| bad(file, error));
        }
        if let Some(file) = &self.passphrase_file {
            return Sealer::with_passphrase_of(&site::read(file)?)
                .map_err(|error| bad(file, error));
        }
        if self.recipient.is_empty() {
            return Err(Failure::Usage(
                "a backup holds private keys, so it is always encrypted; name a key with --recipient or --recipients-file \
                 (`wujitong backup --new-key FILE` makes one), or a passphrase with --passphrase-file"
                    .to_owned(),
            ));
        }
        let texts = self.recipient.iter().map(String::as_str);
        Sealer::for_recipients(texts).map_err(|error| Failure::Usage(error.to_string()))
    }
}

fn new_key(file: &Path, output: &mut Output<'_>) -> Result<(), Failure> {
    let pair = KeyPair::draw();
    target::write_private(file, pair.file().as_bytes())?;
    let made = NewKey {
        file: file.to_owned(),
        recipient: pair.recipient(),
    };
    output.facts(&made, || {
        let facts = pairs([
            ("private key 私钥", made.file.display().to_string()),
            ("recipient 公钥", made.recipient.clone()),
        ]);
        format!(
            "{facts}keep the private key away from this machine: without it no backup opens, and with it every one does\n\
             私钥请存放在别处：没有它打不开备份，有它就能打开所有备份\n"
        )
    })
}

/// Writes a backup of a data directory, whose records come from `records`. Blocks.
fn write(
    data: &Path,
    target: Target,
    sealer: &Sealer,
    records: Records,
    progress: &Progress,
) -> Result<Made, Failure> {
    let unreadable = |error| Failure::Backup(data.to_owned(), error);
    let (header, mut reader) = Reader::open(records).map_err(unreadable)?;
    let mut part = target.begin(
        header.divisions.first().map(|one| one.division),
        header.made_ms,
    )?;
    let to = part.path().to_owned();
    let failed = |error| Failure::File(to.clone(), error);
    let sealing = sealer.seal(&mut part).map_err(failed)?;
    let mut writer = Writer::begin(sealing, &header).map_err(failed)?;
    let mut left = Left::default();
    files::put_identity(data, &mut writer, &mut left, &failed)?;
    while let Some(found) = reader.next_part().map_err(unreadable)? {
        if let Part::Records(records) = found {
            writer.records(&records).map_err(failed)?;
        }
    }
    // Attachments come last: whatever the records name was there before.
    files::put_attachments(data, &mut writer, &mut left, (&failed, progress))?;
    let (sealing, totals) = writer.end().map_err(failed)?;
    sealing.finish().map_err(failed)?;
    let opener = sealer.opener();
    let done = part.finish(opener.as_ref(), progress)?;
    let note = LastBackup {
        made_ms: header.made_ms,
        bytes: done.bytes,
        file: done.path.display().to_string(),
    };
    let note = serde_json::to_vec(&note).map_err(|error| Failure::Output(error.into()))?;
    identity::files::write(&data.join(LAST_BACKUP), &note)
        .map_err(|error| Failure::Identity(error.into()))?;
    Ok(Made {
        file: done.path,
        bytes: done.bytes,
        opened_again: opener.is_some(),
        header,
        records: totals.records,
        files: totals.files,
        left,
    })
}

fn for_people(made: &Made) -> String {
    let read_back = match made.opened_again {
        true => "decrypted and read to its end 已解密并通读",
        false => "read back as it was written 已读回，与写入一致",
    };
    let running = match made.header.running {
        true => "running 运行中",
        false => "stopped 已停止",
    };
    let mut text = pairs([
        ("backup 备份", made.file.display().to_string()),
        ("size 大小", HumanBytes(made.bytes).to_string()),
        ("as of 截至", moment(made.header.made_ms)),
        (
            "nodes 节点",
            format!("{} {running}", made.header.divisions.len()),
        ),
        ("records 记录", made.records.to_string()),
        ("files 文件", made.files.to_string()),
        ("checked 核验", read_back.to_owned()),
    ]);
    text += &made.left.for_people();
    if !made.header.divisions.is_empty() && !made.left.configuration {
        text += &format!(
            "{} is not in the data directory, so the configuration is not in the backup; keep a copy of it\n\
             配置文件不在数据目录里，备份中没有；请另行保存\n",
            node_file::CONFIG
        );
    }
    text
}
