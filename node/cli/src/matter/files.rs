//! Files of matters.

use std::path::{Path, PathBuf};

use api::{FileLines, Media, Named, UploadId};
use domain::{
    attachment::{FileNo, HEIF_HINT},
    ids::MatterId,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tokio::fs::File;

use super::{Asked, Failure, Output};
use crate::{client::UploadError, terminal::escape};

/// Saves a file of a matter, fetching it if it is at another node, or lists the files of a matter
///
/// Examples:
///   wujitong matter attachment 330825002222-1f3a9c04-17
///   wujitong matter attachment 330825002222-1f3a9c04-17 0 -o bridge.jpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Attachment {
    /// Number of the matter
    id: MatterId,
    /// The file: 0 is the first of the report, 4.0 the first of step 4; lists all files if left out
    #[arg(requires = "output")]
    index: Option<FileNo>,
    /// File to write
    #[arg(short, long, value_name = "FILE", requires = "index")]
    output: Option<PathBuf>,
    /// Saves the thumbnail of a picture
    #[arg(long, requires = "index")]
    thumb: bool,
}

/// The file that was written.
#[derive(Serialize)]
struct Written {
    file: PathBuf,
    bytes: usize,
}

impl Attachment {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let id = self.id;
        let (Some(no), Some(file)) = (self.index, self.output) else {
            let path = asked.path(&format!("matters/{id}/attachments"));
            let lines: Named<FileLines> = asked.client.get(&path).await?;
            return output.facts(&lines, || table(&lines.facts));
        };
        let small = if self.thumb { "/thumb" } else { "" };
        let path = asked.path(&format!("matters/{id}/attachments/{no}{small}"));
        let bytes = asked.client.file(&path).await?;
        let failed = |error| Failure::File(file.clone(), error);
        tokio::fs::write(&file, &bytes).await.map_err(failed)?;
        let written = Written {
            file,
            bytes: bytes.len(),
        };
        output.facts(&written, || {
            let name = escape(&written.file.display().to_string());
            format!("{name}: {} bytes\n", written.bytes)
        })
    }
}

fn table(lines: &FileLines) -> String {
    if lines.files.is_empty() {
        return "no files that you may see here; the holder sees all files\n".to_owned();
    }
    let line = |line: &api::FileLine| {
        let pixels = line.file.pixels;
        let pixels = pixels.map(|pixels| format!(", {} by {} pixels", pixels.width, pixels.height));
        let (media, bytes) = (line.file.media, line.file.bytes);
        let pixels = pixels.unwrap_or_default();
        format!("{:<5} {media}, {bytes} bytes{pixels}\n", line.no)
    };
    lines.files.iter().map(line).collect()
}

/// Uploads files and returns their ids for the report or remark they belong to.
pub(crate) async fn attach(
    asked: &Asked,
    files: &[PathBuf],
    output: &Output<'_>,
) -> Result<Vec<UploadId>, Failure> {
    attach_for(asked, "", files, output).await
}

/// Uploads files for what the query says.
pub(crate) async fn attach_for(
    asked: &Asked,
    query: &str,
    files: &[PathBuf],
    output: &Output<'_>,
) -> Result<Vec<UploadId>, Failure> {
    let mut uploads = vec![];
    for path in files {
        let media = media_of(path)?;
        let failed = |error| Failure::File(path.clone(), error);
        let mut file = File::open(path).await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        let bar = bar(path, length, output.for_person());
        let place = (asked.node, query);
        let upload = asked
            .client
            .upload_for(place, media, &mut file, |bytes| bar.set_position(bytes));
        let upload = upload.await;
        bar.finish_and_clear();
        match upload {
            Ok(upload) => uploads.push(upload.id),
            Err(UploadError::File(error)) => return Err(failed(error)),
            Err(UploadError::Client(error)) => {
                // Without this file the earlier uploads are of no use.
                for id in uploads {
                    let _expires_by_itself = asked.client.drop_upload(asked.node, id).await;
                }
                return Err(error.into());
            }
        }
    }
    Ok(uploads)
}

/// Returns the media type for a file name; the node checks the content.
fn media_of(path: &Path) -> Result<Media, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let ending = ending.unwrap_or_default();
    Media::of_ending(ending).map_err(|_| {
        if Media::is_heif(ending) {
            return Failure::Usage(format!("{}: {HEIF_HINT}", path.display()));
        }
        let endings = Media::ALL.map(Media::extension).join(", ");
        let path = path.display();
        Failure::Usage(format!(
            "{path} has no known extension; rename it with one of: {endings}"
        ))
    })
}

fn bar(path: &Path, length: u64, for_person: bool) -> ProgressBar {
    let target = match for_person {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes} of {total_bytes}");
    bar.set_style(style.expect("a constant template"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    bar.set_message(escape(&name));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_ending_says_its_type() {
        for (name, media) in [
            ("a.JPG", Media::Jpeg),
            ("b.jpeg", Media::Jpeg),
            ("c.d.png", Media::Png),
            ("e.webp", Media::Webp),
            ("f.pdf", Media::Pdf),
            ("g.txt", Media::Text),
        ] {
            assert_eq!(media_of(Path::new(name)).unwrap(), media);
        }
        for name in ["a", "a.html", "jpg", "a.jpg.exe"] {
            assert!(matches!(media_of(Path::new(name)), Err(Failure::Usage(_))));
        }
    }
}
