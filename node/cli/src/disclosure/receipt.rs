//! `wujitong disclosure receipt`

use std::path::PathBuf;

use api::{DisclosureReceiptQuery, Named, PrintedProof};
use domain::disclosure::DisclosureId;
use proof::ReceiptFile;

use crate::{
    Failure, Output,
    receipt::{keep, keep_printed},
    site::Asked,
};

/// Creates a receipt (回执) of what was published, which anybody can check with `wujitong verify`
///
/// It holds the document of an edition, the signature of the division, and the entry of the public log that commits
/// to it. It shows what was published, also if it is corrected or taken down later.
///
/// Examples:
///   wujitong disclosure receipt 1f3a9c0411223344 --output receipt.json
///   wujitong disclosure receipt 1f3a9c0411223344 --edition 1 --output first.json
///   wujitong disclosure receipt 1f3a9c0411223344 --printed --output proof.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Receipt {
    /// Number of the disclosure
    number: DisclosureId,
    /// The edition [default: the latest]
    #[arg(long)]
    edition: Option<u32>,
    /// Digits of a proof on paper (纸质凭证) instead of a file; they hold the digest of the document alone
    #[arg(long)]
    printed: bool,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The file that was written.
#[derive(serde::Serialize)]
struct Written {
    disclosure: String,
    file: PathBuf,
}

impl Receipt {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = DisclosureReceiptQuery {
            edition: self.edition,
        };
        let path = asked.path(&format!("disclosures/{}/receipt", self.number));
        if self.printed {
            let path = format!("{path}/printed");
            let proof: Named<PrintedProof> = asked.client.find(&path, &query).await?;
            return keep_printed(&proof.facts, self.output, output);
        }
        let receipt: ReceiptFile = asked.client.find(&path, &query).await?;
        keep(&receipt, self.output, output, |file| Written {
            disclosure: self.number.to_string(),
            file,
        })
    }
}
