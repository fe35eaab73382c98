//! Files beside the forms of disclosures.

use std::path::PathBuf;

use api::{AttachFile, AttachedView, DisclosureRemark, DisclosureWork};
use domain::{disclosure::DisclosureId, foreign::escape};

use super::{path, work_of, worked};
use crate::{Failure, Output, matter::attach_for, site::Asked};

/// Agrees for the supervision committee; not by whoever wrote it or agreed to it
///
/// Photos and PDF beside the form cannot be searched for personal data: whoever agrees looks through them, and says so.
///
/// Examples:
///   wujitong disclosure review 1f3a9c0411223344 --note "账实相符"
///   wujitong disclosure review 1f3a9c0411223344 --files-looked-through
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Review {
    /// Number of the disclosure
    number: DisclosureId,
    /// A remark
    #[arg(long, default_value = "")]
    note: String,
    /// You looked through photos and PDF, and they hold no personal data
    #[arg(long)]
    files_looked_through: bool,
}

/// Adds a photo, PDF or text to a draft; everybody gets it once it is published
///
/// It must hold no personal data.
///
/// Examples:
///   wujitong disclosure attach 1f3a9c0411223344 contract.pdf
///   wujitong disclosure attach 1f3a9c0411223344 scan.jpg --name "电费发票"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Attach {
    /// Number of the disclosure
    number: DisclosureId,
    /// The file
    file: PathBuf,
    /// What it is called [default: the name of the file]
    #[arg(long)]
    name: Option<String>,
}

/// Takes a file out of a draft
///
/// Examples:
///   wujitong disclosure detach 1f3a9c0411223344 2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Detach {
    /// Number of the disclosure
    number: DisclosureId,
    /// Number of the file
    file: u32,
}

/// Gets a file of a disclosure
///
/// Examples:
///   wujitong disclosure file 1f3a9c0411223344 2 contract.pdf
///   wujitong disclosure file 1f3a9c0411223344 3 draft.pdf --draft
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Get {
    /// Number of the disclosure
    number: DisclosureId,
    /// Number of the file
    file: u32,
    /// File to write
    to: PathBuf,
    /// Take it from the draft instead of what was published
    #[arg(long)]
    draft: bool,
}

impl Review {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let work = work_of(asked, self.number).await?;
        let remark = DisclosureRemark {
            note: self.note,
            version: Some(work.version),
            files_looked_through: self.files_looked_through,
        };
        let path = path(asked, self.number, "/review");
        let now: DisclosureWork = asked.client.post(&path, &remark).await?;
        output.facts(&now, || worked(&now))
    }
}

impl Attach {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let work = work_of(asked, self.number).await?;
        let named = self.file.file_stem().unwrap_or_default();
        let files = std::slice::from_ref(&self.file);
        let uploads = attach_for(asked, "?disclosure=true", files, output).await?;
        let request = AttachFile {
            name: self
                .name
                .unwrap_or_else(|| named.to_string_lossy().into_owned()),
            upload: uploads.into_iter().next(),
            version: Some(work.version),
        };
        let path = path(asked, self.number, "/attachments");
        let now: DisclosureWork = asked.client.post(&path, &request).await?;
        output.facts(&now, || worked(&now))
    }
}

impl Detach {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let version = work_of(asked, self.number).await?.version;
        let rest = format!("/attachments/{}?version={version}", self.file);
        let path = path(asked, self.number, &rest);
        asked.client.delete(&path).await?;
        let now = work_of(asked, self.number).await?;
        output.facts(&now, || worked(&now))
    }
}

impl Get {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let Self { number, file, .. } = self;
        let path = match self.draft {
            true => path(asked, number, &format!("/attachments/{file}")),
            false => asked.path(&format!("disclosures/{number}/attachments/{file}")),
        };
        super::workbook::keep(asked, &path, self.to, output).await
    }
}

/// Tells of a file of a draft in one line.
pub(super) fn line(one: &AttachedView) -> String {
    let file = &one.file;
    let about = match (one.personal, one.opaque) {
        (0, true) => ", to be looked through by whoever reviews".to_owned(),
        (0, false) => String::new(),
        (lines, _) => format!(", {lines} lines look like personal data"),
    };
    format!(
        "file {}: {}, {}, {} bytes{about}\n",
        file.number,
        escape(&file.name),
        file.media,
        file.bytes
    )
}
