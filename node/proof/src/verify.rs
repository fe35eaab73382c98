//! Checks a receipt file with only the root certificate and the list of divisions.

use std::sync::Arc;

use domain::{
    envelope::Payload,
    ids::{MatterId, NetworkId},
    matter::{ActName, Step},
    receipt::{Check, Claim, Finding, Opening, Receipt, What, Word, judge},
    saying::Saying,
    statement::Proof,
    time::Timestamp,
};
use identity::{KeyRing, KeyStatement, Roots, SignedKeyStatement, Vouched};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    BESIDE, COUNTERSIGNED, DISCLOSURE_BESIDE, DISCLOSURE_COUNTERSIGNED, Document, FORMAT,
    FileAtHand, Manifest, NEWEST, OF_DISCLOSURE, OF_LOG, ReceiptFile, SeenHead, TAG, WITHOUT_LOG,
    WordText, array, countersigned, digest, disclosure, log, told,
};

/// Longest file in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The result of checking a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Whether no check failed; some may not have been possible.
    pub holds: bool,
    /// Whether it proves something with the head of a public log that not all who should have countersigned.
    #[serde(default)]
    pub pending: bool,
    /// The network's id, in hexadecimal.
    pub network: String,
    /// The matter, if the file is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterId>,
    /// The document of a disclosure, if the file is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Document>,
    /// The division that made the file.
    pub exported_by: DivisionCode,
    /// The time up to which it is complete, by that division's clock, in milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// SHA-256 of the root certificates it was checked with, in hexadecimal.
    pub root_sha256: Vec<String>,
    /// The head of the public log with which it proves something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<SeenHead>,
    /// The checks made, and those that were not possible.
    pub checks: Vec<Check>,
    /// The receipts, oldest first; empty if a check failed.
    pub receipts: Vec<Receipt>,
    /// The steps of the matter that a proof on paper holds, oldest first; empty if a check failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ProvenStep>,
}

/// A step of a matter that a public log commits to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenStep {
    /// When it was made, by the division's clock.
    pub at: Timestamp,
    /// The division that made it.
    pub by: DivisionCode,
    /// What was done.
    pub act: ActName,
}

impl ProvenStep {
    pub(super) fn of(step: &Step) -> Self {
        Self {
            at: step.at,
            by: step.by,
            act: step.act.name(),
        }
    }
}

/// The reason a file cannot be read as a receipt.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file is longer than any receipt.
    #[error("it has {0} bytes, more than a receipt ever has; name another file")]
    TooLong(usize),
    /// The file is not JSON of this form.
    #[error("it is not a receipt: {0}; make it with `wujitong receipt MATTER`")]
    Form(#[from] serde_json::Error),
    /// The file is of another form.
    #[error(
        "it is a receipt of form {0}, but this program reads up to form {NEWEST}; use a newer program"
    )]
    Newer(u32),
    /// It is not about what files of its form are about.
    #[error(
        "it is not about what receipts of form {0} are about: one matter, in forms 3, 5 and 7 one disclosure, in form 8 the \
         keys of a log; get a new one from the node"
    )]
    Subject(u32),
    /// Files were given with a receipt of a matter.
    #[error("a receipt of a matter has no files to compare; leave out --attachment")]
    NoFiles,
}

/// Reads only the form, so that a newer one is reported instead of a parse error.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

/// Checks a file, and another opening of the text besides the one it may contain. Failures are
/// listed among the checks.
///
/// # Errors
/// [`Unreadable`] if the file is not a receipt.
pub fn verify(
    file: &[u8],
    opening: Option<&Opening>,
    roots: &Roots,
    tree: &Tree,
) -> Result<Verified, Unreadable> {
    verify_with(file, (opening, &[]), roots, tree)
}

/// Checks a file as [`verify`] does, and files that lie beside the receipt of a disclosure.
///
/// # Errors
/// [`Unreadable`] if the file is not a receipt.
pub fn verify_with(
    file: &[u8],
    (opening, at_hand): (Option<&Opening>, &[FileAtHand]),
    roots: &Roots,
    tree: &Tree,
) -> Result<Verified, Unreadable> {
    let opened = Opened::read(file, roots, tree)?;
    opened.judged((opening, at_hand), roots, tree)
}

/// A file with the keys in it that the root vouches for.
pub(super) struct Opened {
    format: u32,
    file: ReceiptFile,
    pub(super) manifest: Manifest,
    pub(super) ring: KeyRing,
    /// Whether the root names the keys, and the file is as it was made.
    pub(super) checks: Vec<Check>,
}

impl Opened {
    pub(super) fn read(file: &[u8], roots: &Roots, tree: &Tree) -> Result<Self, Unreadable> {
        if file.len() > MOST_BYTES {
            return Err(Unreadable::TooLong(file.len()));
        }
        let Form { format } = serde_json::from_slice(file)?;
        if !(WITHOUT_LOG..=NEWEST).contains(&format) {
            return Err(Unreadable::Newer(format));
        }
        let file: ReceiptFile = serde_json::from_slice(file)?;
        let manifest: Manifest = serde_json::from_str(&file.manifest)?;
        let mut checks = vec![];
        let keys = read_keys(&file, &mut checks);
        let ring = trusted(&manifest, &keys, roots, tree, &mut checks);
        checks.push(check_export(&file, &manifest, &ring));
        Ok(Self {
            format,
            file,
            manifest,
            ring,
            checks,
        })
    }

    /// Checks what the file is about.
    pub(super) fn judged(
        &self,
        (opening, at_hand): (Option<&Opening>, &[FileAtHand]),
        roots: &Roots,
        tree: &Tree,
    ) -> Result<Verified, Unreadable> {
        let (file, manifest, with) = (&self.file, &self.manifest, (&self.ring, tree));
        let mut checks = self.checks.clone();
        let mut receipts = vec![];
        match (self.format, manifest.matter, &manifest.disclosure) {
            (WITHOUT_LOG | FORMAT | COUNTERSIGNED | BESIDE, Some(matter), None) => {
                let about = (file, manifest, matter);
                receipts = about_matter(about, opening, with, &mut checks);
            }
            (OF_DISCLOSURE | DISCLOSURE_COUNTERSIGNED | DISCLOSURE_BESIDE, None, Some(text))
                if file.words.is_empty() =>
            {
                checks.extend(disclosure::check(manifest, text, at_hand, with));
            }
            (OF_LOG, None, None) if file.words.is_empty() && manifest.log.is_some() => {
                let text = manifest.log.iter();
                checks.extend(text.flat_map(|text| log::check_alone(manifest, text, with)));
            }
            _ => return Err(Unreadable::Subject(self.format)),
        }
        if manifest.disclosure.is_none() && !at_hand.is_empty() {
            return Err(Unreadable::NoFiles);
        }
        if manifest.matter.is_none() {
            let openings = file.opening.iter().chain(opening);
            checks.extend(openings.map(|_| Check::failed(What::Text, None, told::no_text())));
        }
        let holds = !checks.iter().any(Check::has_failed);
        if !holds {
            receipts.clear();
        }
        let by = manifest.exported_by;
        let complete = manifest.log.is_none() || countersigned::is_complete(by, &checks, tree);
        let head = manifest.log.as_ref().filter(|_| holds);
        let head = head.and_then(|text| log::seen(manifest, text));
        let disclosure = manifest.disclosure.as_ref();
        Ok(Verified {
            holds,
            head,
            pending: holds && !complete,
            network: manifest.network.to_string(),
            matter: manifest.matter,
            disclosure: disclosure.map(|text| text.document(holds)),
            exported_by: by,
            as_of_ms: manifest.exported_at_ms,
            root_sha256: roots.fingerprints.clone(),
            checks,
            receipts,
            steps: vec![],
        })
    }
}

/// Checks the notices on a matter, and what the log and openings say of it. Returns the receipts in them.
fn about_matter(
    (file, manifest, matter): (&ReceiptFile, &Manifest, MatterId),
    opening: Option<&Opening>,
    (ring, tree): (&KeyRing, &Tree),
    checks: &mut Vec<Check>,
) -> Vec<Receipt> {
    let mut words = vec![];
    for word in &file.words {
        match check_word(word, ring) {
            Ok(word) => {
                let detail = told::signed();
                checks.push(Check::ok(What::Signature, Some(word.author), detail));
                words.push(word);
            }
            Err(why) => {
                let author = Some(word.proof.author);
                checks.push(Check::failed(What::Signature, author, why));
            }
        }
    }
    let mut receipts = vec![];
    if words.len() == file.words.len() {
        let claim = Claim {
            network: NetworkId(array(&manifest.network).unwrap_or_default()),
            matter,
            exported_by: manifest.exported_by,
            exported_at: Timestamp(manifest.exported_at_ms),
        };
        let content = words
            .first()
            .map(|word| (word.matter.suite, word.matter.body));
        checks.extend(log::check(manifest, &words, (ring, tree)));
        let judged = judge(words, claim, tree);
        checks.extend(judged.checks);
        receipts = judged.receipts;
        for opening in file.opening.iter().chain(opening) {
            checks.retain(|check| (check.what, check.finding) != (What::Text, Finding::NotChecked));
            let none = || Check::failed(What::Text, None, told::no_text());
            checks.push(content.map_or_else(none, |(suite, content)| {
                opening.check(matter, suite, &content)
            }));
        }
    }
    receipts
}

fn read_keys(
    file: &ReceiptFile,
    checks: &mut Vec<Check>,
) -> Vec<(SignedKeyStatement, KeyStatement)> {
    let mut keys = vec![];
    for bytes in &file.keys {
        let read = SignedKeyStatement::decode(&bytes.0)
            .and_then(|signed| signed.statement().map(|statement| (signed, statement)));
        match read {
            Ok(read) => keys.push(read),
            Err(error) => checks.push(Check::failed(What::Keys, None, told::unread(error))),
        }
    }
    // Upper tiers first, because each key is vouched for by one before it.
    keys.sort_by_key(|(_, statement)| (statement.division.tier() as u8, statement.serial));
    keys
}

/// Builds the ring of all keys that lead up to the one the root names.
fn trusted(
    manifest: &Manifest,
    keys: &[(SignedKeyStatement, KeyStatement)],
    roots: &Roots,
    tree: &Tree,
    checks: &mut Vec<Check>,
) -> KeyRing {
    let named = keys.iter().find(|(signed, _)| roots.vouch_for(signed));
    let known = manifest
        .root_sha256
        .iter()
        .any(|root| roots.fingerprints.contains(root));
    let network = array(&manifest.network);
    checks.push(match named {
        Some((_, statement)) if Some(statement.network) != network => {
            let detail = told::root_of_another_network();
            Check::failed(What::Root, None, detail)
        }
        Some((_, statement)) => {
            let detail = told::root_names_the_key();
            Check::ok(What::Root, Some(statement.division), detail)
        }
        None if !roots.name_a_key() => {
            let detail = told::no_root();
            Check::failed(What::Root, None, detail)
        }
        None if !known => {
            let detail = told::other_root(
                manifest.root_sha256.join(", "),
                roots.fingerprints.join(", "),
            );
            Check::failed(What::Root, None, detail)
        }
        None => {
            let detail = told::root_names_another();
            Check::failed(What::Root, None, detail)
        }
    });
    let anchors = named.map(|(signed, _)| signed.clone());
    let ring = KeyRing::new(
        network.unwrap_or_default(),
        anchors.into_iter().collect(),
        Arc::default(),
    );
    for (signed, statement) in keys {
        let about = Some(statement.division);
        checks.push(match ring.admit(std::slice::from_ref(signed), tree) {
            Ok(()) => {
                let number = statement.serial;
                let vouched = ring.vouched(statement.division, statement.key_id());
                let detail = match vouched {
                    Some(Vouched::Grandparent(by)) => told::key_by_grandparent(number, by),
                    Some(Vouched::ProvinceAlone) => told::key_by_province(number),
                    _ => told::key_vouched(number),
                };
                Check::ok(What::Keys, about, detail)
            }
            Err(refusal) => Check::failed(What::Keys, about, told::key_refused(refusal)),
        });
    }
    ring
}

/// Checks that the author named in the proof signed these bytes.
pub(super) fn check_proof(proof: &Proof, bytes: &[u8], ring: &KeyRing) -> Result<(), Saying> {
    let statement = &proof.statement;
    proof.check_path(bytes).map_err(told::wrong_path)?;
    let key = ring
        .get(statement.author, statement.key)
        .ok_or_else(|| told::unknown_key(statement.key, statement.author))?;
    key.verify(statement.suite, &statement.to_bytes(), &proof.signature)
        .map_err(told::wrong_signature)
}

/// Checks that the file is unchanged since the node made it.
fn check_export(file: &ReceiptFile, manifest: &Manifest, ring: &KeyRing) -> Check {
    let about = Some(manifest.exported_by);
    let failed = |why: Saying| Check::failed(What::Export, about, why);
    let Some(proof) = file.proof.read() else {
        return failed(told::proof_of_file_malformed());
    };
    let leaf = [TAG, file.manifest.as_bytes()].concat();
    if let Err(why) = check_proof(&proof, &leaf, ring) {
        return failed(why);
    }
    let digest = |bytes: &[u8]| digest(manifest.suite, bytes);
    let words = file.words.iter().map(|word| digest(&word.envelope.0));
    let keys = file.keys.iter().map(|key| digest(&key.0));
    match () {
        () if proof.statement.author != manifest.exported_by => failed(told::signed_by_another()),
        () if Some(proof.statement.network.0) != array(&manifest.network) => {
            failed(told::signed_elsewhere())
        }
        () if !words.eq(manifest.words.iter().cloned()) => failed(told::notices_changed()),
        () if !keys.eq(manifest.keys.iter().cloned()) => failed(told::keys_changed()),
        () => Check::ok(What::Export, about, told::unchanged()),
    }
}

fn check_word(word: &WordText, ring: &KeyRing) -> Result<Word, Saying> {
    let proof = word.proof.read();
    let proof = proof.ok_or_else(told::proof_malformed)?;
    let bytes = &word.envelope.0;
    check_proof(&proof, bytes, ring)?;
    let envelope = wire::decode_envelope(bytes).map_err(told::unread)?;
    let statement = &proof.statement;
    if statement.author != envelope.author || statement.epoch != envelope.epoch.id {
        return Err(told::not_its_author());
    }
    let Payload::Notice(matter) = envelope.payload else {
        let name = envelope.payload.name();
        return Err(told::no_notice(name));
    };
    Ok(Word {
        author: envelope.author,
        network: statement.network,
        destination: envelope.destination,
        leaf: statement.suite.digest(&[&[0], bytes]),
        matter: *matter,
    })
}
