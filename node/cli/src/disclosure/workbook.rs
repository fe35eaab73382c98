//! Forms and tables of disclosures as sheets (XLSX).

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use api::{BlankFormQuery, DisclosureReceiptQuery, DisclosureWork, FillQuery};
use domain::{disclosure::DisclosureId, time::Day};
use sheet::{Limits, form::XLSX};

use super::path;
use crate::{Failure, Output, client::query_text, site::Asked};

/// Writes what was published as a sheet (XLSX)
///
/// Examples:
///   wujitong disclosure table 1f3a9c0411223344 october.xlsx
///   wujitong disclosure table 1f3a9c0411223344 first.xlsx --edition 1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Table {
    /// Number of the disclosure
    number: DisclosureId,
    /// File to write
    file: PathBuf,
    /// The edition [default: the latest]
    #[arg(long)]
    edition: Option<u32>,
}

/// Writes the empty form of an item as a sheet (XLSX), to fill in before or after it is begun
///
/// Examples:
///   wujitong disclosure blank 村集体收支 october.xlsx --day 2026-10-31
///   wujitong disclosure blank 重大事项 land.xlsx --day 2026-11-20 --title "征地补偿"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Blank {
    /// Name of the item, as `wujitong disclosure due` shows it
    item: String,
    /// File to write
    file: PathBuf,
    /// A day of the period, or the day of the event
    #[arg(long)]
    day: Day,
    /// Title of an event
    #[arg(long)]
    title: Option<String>,
}

/// The file that was written.
#[derive(serde::Serialize)]
struct Written {
    file: PathBuf,
    bytes: usize,
}

impl Table {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = query_text(&DisclosureReceiptQuery {
            edition: self.edition,
        });
        let path = asked.path(&format!("disclosures/{}/table.xlsx?{query}", self.number));
        keep(asked, &path, self.file, output).await
    }
}

impl Blank {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = query_text(&BlankFormQuery {
            item: self.item,
            day: self.day.to_string(),
            title: self.title,
        });
        let path = asked.path(&format!("disclosure-form.xlsx?{query}"));
        keep(asked, &path, self.file, output).await
    }
}

/// Writes the form of a disclosure with what is typed so far.
pub(super) async fn form(
    asked: &Asked,
    number: DisclosureId,
    file: PathBuf,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    keep(asked, &path(asked, number, "/form.xlsx"), file, output).await
}

/// Gets a file and writes it; one that is there already is kept, because it may be filled in.
pub(super) async fn keep(
    asked: &Asked,
    path: &str,
    file: PathBuf,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let failed = |error| Failure::File(file.clone(), error);
    if file.exists() {
        return Err(failed(ErrorKind::AlreadyExists.into()));
    }
    let bytes = asked.client.file(path).await?;
    let mut options = fs::OpenOptions::new();
    let mut opened = options
        .write(true)
        .create_new(true)
        .open(&file)
        .map_err(failed)?;
    std::io::Write::write_all(&mut opened, &bytes).map_err(failed)?;
    let written = Written {
        file: file.clone(),
        bytes: bytes.len(),
    };
    output.facts(&written, || {
        format!("{}: {} bytes\n", file.display(), bytes.len())
    })
}

/// Returns the bytes of a file if it is a workbook; `None` for a text.
pub(super) fn in_file(file: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error| Failure::File(file.to_owned(), error);
    let is_named = file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    let bytes = fs::read(file).map_err(failed)?;
    let is_packed = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    Ok((is_named || is_packed).then_some(bytes))
}

/// Sends a filled-in sheet.
pub(super) async fn write(
    asked: &Asked,
    work: &DisclosureWork,
    bytes: Vec<u8>,
    despite: Option<String>,
) -> Result<DisclosureWork, Failure> {
    let (found, most) = (bytes.len(), Limits::SENT.bytes);
    if found > most {
        return Err(Failure::Failed(
            sheet::BadFile::Large(found, most).to_string(),
        ));
    }
    let query = query_text(&FillQuery {
        despite,
        version: Some(work.version),
    });
    let path = asked.path(&format!(
        "disclosure-work/{}/form.xlsx?{query}",
        work.line.number
    ));
    Ok(asked.client.put_file(&path, XLSX, bytes.into()).await?)
}
