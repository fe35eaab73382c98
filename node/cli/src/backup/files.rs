//! The files of a data directory that go into a backup.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use app::{LAST_BACKUP, RESTORED};
use backup::Writer;
use serde::Serialize;

use super::Progress;
use crate::{Failure, node_file::CONFIG, restore::RESTORING};

/// What is not taken from the top of a data directory: what the store is made of, and what belongs to this machine and
/// this run.
const LEFT_OUT: [&str; 7] = [
    "store",
    "store.compact",
    "wujitong.sock",
    "probe",
    LAST_BACKUP,
    RESTORED,
    RESTORING,
];

/// How often a folder is read until nothing in it changed in between.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// What of a data directory is not in its backup.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Left {
    /// Whether the configuration is in the data directory, and so in the backup.
    pub(crate) configuration: bool,
    /// Attachments that were deleted while the backup was written.
    deleted: u64,
    /// Entries that are no files, such as links.
    other: Vec<PathBuf>,
}

impl Left {
    pub(crate) fn for_people(&self) -> String {
        let mut text = String::new();
        if self.deleted > 0 {
            text += &format!(
                "{} attachments were deleted meanwhile 期间删除的附件\n",
                self.deleted
            );
        }
        for path in &self.other {
            text += &format!(
                "not in it, because it is no file 不是文件，未备份: {}\n",
                path.display()
            );
        }
        text
    }
}

/// A file of a folder as it was read.
#[derive(PartialEq, Eq)]
struct Found {
    name: String,
    mode: u32,
    bytes: Vec<u8>,
}

/// Says which file could not be written.
type Failed<'a> = &'a dyn Fn(io::Error) -> Failure;

/// Puts in everything but the store: keys, certificates, configuration.
pub(crate) fn put_identity<W: io::Write>(
    data: &Path,
    writer: &mut Writer<W>,
    left: &mut Left,
    failed: Failed<'_>,
) -> Result<(), Failure> {
    put_folder((data, ""), writer, left, failed)
}

fn put_folder<W: io::Write>(
    (folder, below): (&Path, &str),
    writer: &mut Writer<W>,
    left: &mut Left,
    failed: Failed<'_>,
) -> Result<(), Failure> {
    let is_left_out = |name: &str| below.is_empty() && LEFT_OUT.contains(&name);
    let (files, folders, other) = steady(folder, is_left_out)?;
    left.other.extend(other);
    for Found { name, mode, bytes } in files {
        left.configuration |= below.is_empty() && name == CONFIG;
        let path = format!("{below}{name}");
        let put = writer.file(&path, mode, bytes.len() as u64);
        put.and_then(|()| writer.bytes(&bytes)).map_err(failed)?;
    }
    for name in folders {
        let below = format!("{below}{name}/");
        put_folder((&folder.join(&name), &below), writer, left, failed)?;
    }
    Ok(())
}

/// The files of a folder, the folders in it, and what is neither.
type Folder = (Vec<Found>, Vec<String>, Vec<PathBuf>);

/// Reads a folder until two readings are the same: a certificate and its key are exchanged one after the other.
fn steady(folder: &Path, is_left_out: impl Fn(&str) -> bool) -> Result<Folder, Failure> {
    let failed = |error| Failure::File(folder.to_owned(), error);
    let mut before = None;
    for _ in 0..TRIES {
        match read_folder(folder, &is_left_out) {
            Ok(found) if before.as_ref() == Some(&found) => return Ok(found),
            Ok(found) => before = Some(found),
            // A file went away in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                before = None;
                thread::sleep(PAUSE);
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Failure::Failed(format!(
        "the files in {} change all the time; try again later",
        folder.display()
    )))
}

fn read_folder(folder: &Path, is_left_out: &impl Fn(&str) -> bool) -> io::Result<Folder> {
    let (mut files, mut folders, mut other) = (vec![], vec![], vec![]);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            other.push(path);
            continue;
        };
        if is_left_out(&name) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(name);
        } else if kind.is_file() {
            files.push(Found {
                name,
                mode: entry.metadata()?.permissions().mode() & 0o777,
                bytes: fs::read(&path)?,
            });
        } else {
            other.push(path);
        }
    }
    files.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    folders.sort_unstable();
    other.sort_unstable();
    Ok((files, folders, other))
}

/// Puts in the files beside the records: first parts of uploads, then kept files, because a part becomes a kept file.
pub(crate) fn put_attachments<W: io::Write>(
    data: &Path,
    writer: &mut Writer<W>,
    left: &mut Left,
    (failed, progress): (Failed<'_>, &Progress),
) -> Result<(), Failure> {
    progress.now("attachments 附件");
    let areas = data.join("store/files");
    for area in names(&areas)? {
        let parts = areas.join(&area).join("parts");
        let mut paths: Vec<_> = names(&parts)?
            .into_iter()
            .filter(|name| !name.starts_with(store::files::DRAFT))
            .map(|name| format!("parts/{name}"))
            .collect();
        let kept = areas.join(&area).join("kept");
        for folder in names(&kept)? {
            let files = names(&kept.join(&folder))?.into_iter();
            paths.extend(files.map(|name| format!("kept/{folder}/{name}")));
        }
        for path in paths {
            let path = format!("store/files/{area}/{path}");
            let from = data.join(&path);
            let bytes = match fs::read(&from) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    left.deleted += 1;
                    continue;
                }
                bytes => bytes.map_err(|error| Failure::File(from, error))?,
            };
            progress.more(bytes.len() as u64);
            let put = writer.file(&path, 0o600, bytes.len() as u64);
            put.and_then(|()| writer.bytes(&bytes)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Returns the names in a folder, sorted; none if it is not there.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error| Failure::File(folder.to_owned(), error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.map_err(failed)?,
    };
    let mut names = vec![];
    for entry in entries {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}
