//! Files about a disclosure: the document as it was published, and the entry of the public log that commits to it.

use domain::{
    disclosure::{DisclosureId, digest_of},
    receipt::{Check, DisclosureEvidence, What, beyond_disclosure},
    saying::Saying,
    time::Timestamp,
};
use identity::{Identity, KeyError, KeyRing};
use log::{Checkpoint, Commitment, Entry, check_inclusion};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    Hex, Manifest, ReceiptFile, array, authors_of, countersigned, format_of, hex, key_chains,
    log::{self as heads, LeafText, LogText},
    told,
};

/// What a file says of a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisclosureText {
    /// 16 hexadecimal digits.
    number: String,
    /// From 1.
    edition: u32,
    /// The document, byte for byte.
    document: String,
    /// Opens the entry of the log.
    salt: Hex,
}

/// The document that a file is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Number of the disclosure, 16 hexadecimal digits.
    pub number: String,
    /// The edition, from 1.
    pub edition: u32,
    /// SHA-256 of the text, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
    /// The text, byte for byte as it was published; absent if a check failed, or
    /// on paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Document {
    /// Returns whether a text is the document.
    pub fn is(&self, text: &str) -> bool {
        hex(&digest_of(text.as_bytes())).to_string() == self.sha256
    }
}

/// What a document says of itself, in any form of it.
#[derive(Deserialize)]
struct Heading {
    division: DivisionCode,
    number: String,
    edition: u32,
    /// Documents of the first form have none.
    #[serde(default)]
    attachments: Vec<Beside>,
}

/// A file that a document names.
#[derive(Deserialize)]
struct Beside {
    number: u32,
    name: String,
    sha256: String,
}

/// A file that somebody has beside a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAtHand {
    /// What it is called.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// Makes the receipt file of a published document. `hosted` is as for [`super::export`].
///
/// # Errors
/// [`KeyError`] if the node's keys cannot be used.
pub async fn export_disclosure(
    (identity, ring, hosted): (&Identity, &KeyRing, &[DivisionCode]),
    evidence: DisclosureEvidence,
) -> Result<ReceiptFile, KeyError> {
    let own = (identity.division(), identity.signer().key_id());
    let keys = key_chains(ring, authors_of(Some(&evidence.log)).chain([own]).collect());
    let mut log = LogText::of(identity, &evidence.log, hosted).await?;
    let mut salt = None;
    for leaf in &mut log.leaves {
        (leaf.steps, salt) = (None, leaf.salt.take());
    }
    let format = format_of(true, Some(&log));
    let disclosure = DisclosureText {
        number: evidence.number.to_string(),
        edition: evidence.edition,
        document: evidence.document.into(),
        salt: salt.unwrap_or_else(|| hex(&[])),
    };
    let manifest = Manifest {
        disclosure: Some(disclosure),
        ..Manifest::of(identity, evidence.at, &keys, Some(log))
    };
    ReceiptFile::signed(identity, (evidence.epoch, format), &manifest, keys).await
}

impl DisclosureText {
    /// Returns what the file is about.
    pub(super) fn document(&self, holds: bool) -> Document {
        Document {
            number: self.number.clone(),
            edition: self.edition,
            sha256: hex(&digest_of(self.document.as_bytes())).to_string(),
            text: holds.then(|| self.document.clone()),
        }
    }
}

/// Checks that a document is the one that the file names, that the log of its division commits to it, and that the
/// files at hand are those that it names.
pub(super) fn check(
    manifest: &Manifest,
    text: &DisclosureText,
    at_hand: &[FileAtHand],
    (ring, tree): (&KeyRing, &Tree),
) -> Vec<Check> {
    let about = Some(manifest.exported_by);
    let checked = |what, result: Result<Saying, Saying>| match result {
        Ok(detail) => Check::ok(what, about, detail),
        Err(why) => Check::failed(what, about, why),
    };
    let mut checks = vec![checked(What::Disclosure, names(manifest, text))];
    match signed_head(manifest) {
        Ok((head, leaf)) => {
            let detail = told::log_signed(head.origin(), manifest.exported_by);
            checks.push(Check::ok(What::Log, about, detail));
            checks.push(checked(What::Log, commits(manifest, text, &head, leaf)));
            if let Some(log) = &manifest.log {
                checks.extend(countersigned::check(manifest, log, &head, (ring, tree)));
            }
        }
        Err(why) => checks.push(Check::failed(What::Log, about, why)),
    }
    checks.extend(files(manifest, text, at_hand));
    let at = Timestamp(manifest.exported_at_ms);
    checks.extend(beyond_disclosure(manifest.exported_by, at));
    checks
}

/// Checks the document against what the file says of it.
fn names(manifest: &Manifest, text: &DisclosureText) -> Result<Saying, Saying> {
    let heading: Heading = serde_json::from_str(&text.document).map_err(told::document_unread)?;
    if heading.division != manifest.exported_by {
        return Err(told::document_of(heading.division));
    }
    if (&heading.number, heading.edition) != (&text.number, text.edition) {
        return Err(told::other_document(heading.number, heading.edition));
    }
    Ok(told::document(&text.number, text.edition))
}

/// Checks the files at hand against the digests in the document, and tells which of the document's are not there.
fn files(manifest: &Manifest, text: &DisclosureText, at_hand: &[FileAtHand]) -> Vec<Check> {
    let about = Some(manifest.exported_by);
    let heading = serde_json::from_str::<Heading>(&text.document);
    let mut missing = heading.map_or_else(|_| vec![], |heading| heading.attachments);
    let mut checks = vec![];
    for file in at_hand {
        let digest = hex(&file.sha256).to_string();
        let found = missing.iter().position(|one| one.sha256 == digest);
        checks.push(match found {
            Some(at) => {
                let number = missing.remove(at).number;
                Check::ok(What::Files, about, told::file_is_its(&file.name, number))
            }
            None => Check::failed(What::Files, about, told::file_is_not(&file.name)),
        });
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|one| &*one.name).collect();
        let detail = told::files_not_here(missing.len(), names.join(", "));
        checks.push(Check::not_checked(What::Files, about, detail));
    }
    checks
}

/// Reads the head of the division's log, and the one entry of it.
fn signed_head(manifest: &Manifest) -> Result<(Checkpoint, &LeafText), Saying> {
    let log = manifest.log.as_ref().ok_or_else(told::not_in_log)?;
    let head = heads::head(manifest, log)?;
    match &log.leaves[..] {
        [leaf] if leaf.steps.is_none() && leaf.salt.is_none() => Ok((head, leaf)),
        _ => Err(told::not_in_log()),
    }
}

/// Checks that the entry commits to the document and is in the log.
fn commits(
    manifest: &Manifest,
    text: &DisclosureText,
    head: &Checkpoint,
    leaf: &LeafText,
) -> Result<Saying, Saying> {
    let number: DisclosureId = text.number.parse().map_err(told::document_unread)?;
    let network = array(&manifest.network).ok_or_else(told::log_field)?;
    let salt = array(&text.salt).ok_or_else(told::log_field)?;
    let path = leaf.path().ok_or_else(told::log_field)?;
    let commitment = Commitment::to_document(&network, &salt, text.document.as_bytes());
    let entry = Entry::of_edition(number.0, text.edition, commitment);
    let (index, size) = (leaf.index, head.size());
    match check_inclusion(&entry.encode(), index, (size, head.root()), &path) {
        Ok(()) => Ok(told::log_disclosed(index, size, text.edition)),
        Err(why) => Err(told::log_did_not_disclose(index, size, why)),
    }
}
