//! `wujitong receipt`

use std::{
    fs,
    path::{Path, PathBuf},
};

use api::{Named, PrintedProof, ReceiptQuery};
use domain::receipt::Opening;
use proof::ReceiptFile;
use serde::Serialize;

use super::{Failure, Output, client::encoded, site::Site};

/// Creates a receipt (回执) of a matter: who took it when, and how it was decided, each signed
///
/// It holds nothing personal and gives no access. Anybody who has the root certificate of the
/// province can check it with `wujitong verify`, without a network. The proof of the text is not in
/// it; the reporter gets it from `wujitong matter report --opening FILE`.
/// With --printed it is the digits of a proof on paper (纸质凭证): what the public log proves of the first steps, short
/// enough for a QR code. Whoever has the root certificate and the keys of the log checks them without a network.
///
/// Examples:
///   wujitong receipt 330825002222-1f3a9c04-17 -o receipt.json
///   wujitong receipt 330825002222-1f3a9c04-17 --node 330825 --data /srv/county
///   wujitong receipt 330825002222-1f3a9c04-17 --printed -o proof.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Receipt {
    #[command(flatten)]
    site: Site,
    /// Number of the matter
    #[arg(value_name = "MATTER")]
    id: String,
    /// Includes the proof of the text; only for the reporter, while the matter is held where it was
    /// reported
    #[arg(long)]
    opening: bool,
    /// Digits of a proof on paper instead of a file
    #[arg(long, conflicts_with = "opening")]
    printed: bool,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The file that was written.
#[derive(Serialize)]
struct Written {
    matter: String,
    file: PathBuf,
}

impl Receipt {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let path = asked.path(&format!("matters/{}/receipt", encoded(&self.id)));
        if self.printed {
            let path = format!("{path}/printed");
            let proof: Named<PrintedProof> = asked.client.get(&path).await?;
            return keep_printed(&proof.facts, self.output, output);
        }
        let query = ReceiptQuery {
            opening: self.opening,
        };
        let receipt: ReceiptFile = asked.client.find(&path, &query).await?;
        let matter = self.id;
        keep(&receipt, self.output, output, |file| Written {
            matter,
            file,
        })
    }
}

/// Writes a receipt to a file, if one is named, and otherwise to standard output. `written` tells programs of it.
pub(super) fn keep<T: Serialize>(
    receipt: &ReceiptFile,
    file: Option<PathBuf>,
    output: &mut Output<'_>,
    written: impl FnOnce(PathBuf) -> T,
) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(receipt).expect("it was read from JSON");
    let Some(file) = file else {
        return output.text(&text);
    };
    fs::write(&file, text + "\n").map_err(|error| Failure::File(file.clone(), error))?;
    let name = file.display().to_string();
    output.facts(&written(file), || {
        format!("written to {name}; check it with `wujitong verify {name} --root ROOT.pem`\n")
    })
}

/// Writes the digits of a proof on paper to a file, if one is named, and otherwise to standard output.
pub(super) fn keep_printed(
    proof: &PrintedProof,
    file: Option<PathBuf>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Some(file) = file else {
        return output.facts(proof, || proof.digits.clone() + "\n");
    };
    let text = proof.digits.clone() + "\n";
    fs::write(&file, text).map_err(|error| Failure::File(file.clone(), error))?;
    output.facts(proof, || {
        let (name, node) = (file.display(), proof.division);
        format!(
            "written to {name}; check it with `wujitong verify {name} --keys KEYS.json --root ROOT.pem`; \
             `wujitong log keys --node {node}` writes the keys\n"
        )
    })
}

/// Writes the opening of the commitment to a text to a file that only its owner can read.
pub(super) fn keep_opening(file: &Path, opening: &Opening) -> Result<(), Failure> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let text = serde_json::to_string_pretty(opening).expect("it is plain JSON");
    let mut options = fs::OpenOptions::new();
    let opened = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file);
    let written = opened.and_then(|mut file| file.write_all((text + "\n").as_bytes()));
    written.map_err(|error| Failure::File(file.to_owned(), error))
}
