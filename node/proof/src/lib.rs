//! The receipt file, which a reporter keeps and anybody can check with the root certificate alone.
//!
//! It is JSON and holds the exact bytes of signed notices with their proofs, and the key statements
//! of their authors; or the document of a disclosure with its entry in the public log. A manifest, signed by the node that made the file, lists all of it with the
//! time, so nothing can be removed or added unnoticed. Nothing in it is personal or grants access,
//! unless the reporter had the opening of the text included.

use std::{collections::BTreeSet, fmt};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use domain::{
    ids::{EpochId, KeyId, MatterId, NetworkId},
    receipt::{Evidence, LogProof, Opening},
    statement::{MerkleTree, Proof, Statement},
    suite::{Digest, Suite},
    time::Timestamp,
};
use identity::{Identity, KeyError, KeyRing};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

mod countersigned;
mod disclosure;
mod log;
mod memory;
mod printed;
mod told;
mod verify;

pub use disclosure::{Document, FileAtHand, export_disclosure};
pub use log::{SignedHead, countersign, export_log_keys, log_key, sign_head, witness_key};
pub use memory::{BadMemory, MOST_MEMORY_BYTES, Memory, Remembered, SeenHead};
pub use printed::{
    NoKeys, PrintedProof, PrintedUnreadable, print_disclosure, print_matter, verify_printed,
};
pub use verify::{ProvenStep, Unreadable, Verified, verify, verify_with};

/// The media type of the file.
pub const MEDIA_TYPE: &str = "application/wujitong-receipt+json";
/// The form of a file that proves something with a public log.
const FORMAT: u32 = 2;
/// The form of a file about a disclosure.
const OF_DISCLOSURE: u32 = 3;
/// The form of a file about a matter with a head that is countersigned.
const COUNTERSIGNED: u32 = 4;
/// The form of a file about a disclosure with such a head.
const DISCLOSURE_COUNTERSIGNED: u32 = 5;
/// The form of a file about a matter with such a head, of which some countersigned in the process of the division itself.
const BESIDE: u32 = 6;
/// The form of a file about a disclosure with such a head.
const DISCLOSURE_BESIDE: u32 = 7;
/// The form of a file with the keys of a log, about neither.
const OF_LOG: u32 = 8;
/// The newest form.
const NEWEST: u32 = OF_LOG;
/// The form of all others.
const WITHOUT_LOG: u32 = 1;
/// Prefix of the manifest when it is signed, so that it cannot pass for an envelope.
const TAG: &[u8] = b"wujitong/receipt/1\n";

/// Bytes written as hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(Bytes);

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        hex.to_string()
    }
}

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "bytes are written as pairs of the digits 0 to 9 and a to f".to_owned();
        let bytes = HEXLOWER.decode(text.as_bytes());
        Ok(Self(bytes.map_err(|_| wrong())?.into()))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hex(bytes: &[u8]) -> Hex {
    Hex(Bytes::copy_from_slice(bytes))
}

/// A receipt file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFile {
    /// Form of the file: for a matter 4 with a head that is countersigned, 2 with one that is not, or 1 without a public
    /// log; for a disclosure 5 or 3. It is 6, or 7, if some countersigned in the process of the division itself, and 8 if
    /// the file has the keys of a log alone.
    format: u32,
    /// The list of the content, as JSON text; signed exactly as it stands.
    manifest: String,
    /// The signature of the manifest.
    #[schema(value_type = serde_json::Value)]
    proof: ProofText,
    /// Signed notices on the matter; none on a disclosure.
    #[schema(value_type = Vec<serde_json::Value>)]
    words: Vec<WordText>,
    /// Key statements of all authors, up to the province, in hexadecimal.
    #[schema(value_type = Vec<String>)]
    keys: Vec<Hex>,
    /// Opens the commitment to the text, if the reporter asked for it. It is not signed and may be
    /// removed before the file is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<Opening>,
}

impl ReceiptFile {
    /// Signs a file without notices.
    async fn signed(
        identity: &Identity,
        (epoch, format): (EpochId, u32),
        manifest: &Manifest,
        keys: Vec<Bytes>,
    ) -> Result<Self, KeyError> {
        let (manifest, proof, _) = signed(identity, epoch, manifest, None).await?;
        Ok(Self {
            format,
            manifest,
            proof,
            words: vec![],
            keys: keys.into_iter().map(Hex).collect(),
            opening: None,
        })
    }

    /// Adds the opening of the commitment to the text.
    #[must_use]
    pub fn opened(self, opening: Opening) -> Self {
        Self {
            opening: Some(opening),
            ..self
        }
    }
}

/// A signed notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordText {
    envelope: Hex,
    proof: ProofText,
}

/// A statement, its signature, and the path from a leaf to its root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofText {
    suite: Suite,
    network: Hex,
    author: DivisionCode,
    key: Hex,
    epoch: Hex,
    leaves: u32,
    root: Hex,
    signature: Hex,
    index: u32,
    path: Vec<Hex>,
}

/// The list of a file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    network: Hex,
    /// What a file of the forms 1, 2, 4 and 6 is about; one of form 8 is about no matter and no disclosure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matter: Option<MatterId>,
    /// What a file of the forms 3, 5 and 7 is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disclosure: Option<disclosure::DisclosureText>,
    exported_by: DivisionCode,
    exported_at_ms: i64,
    root_sha256: Vec<String>,
    suite: Suite,
    /// Digests of the notices, in order.
    words: Vec<Hex>,
    /// Digests of the key statements, in order.
    keys: Vec<Hex>,
    /// What the public log of the exporting division proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<log::LogText>,
}

impl WordText {
    fn of((envelope, proof): &(Bytes, Proof)) -> Self {
        Self {
            envelope: Hex(envelope.clone()),
            proof: ProofText::of(proof),
        }
    }
}

impl ProofText {
    fn of(proof: &Proof) -> Self {
        let Proof {
            statement,
            signature,
            index,
            path,
        } = proof;
        Self {
            suite: statement.suite,
            network: hex(&statement.network.0),
            author: statement.author,
            key: hex(&statement.key.0),
            epoch: hex(&statement.epoch.0),
            leaves: statement.leaves,
            root: hex(&statement.root),
            signature: Hex(signature.clone()),
            index: *index,
            path: path.iter().map(|digest| hex(digest)).collect(),
        }
    }

    /// Decodes the proof; `None` if a field does not have the required length.
    fn read(&self) -> Option<Proof> {
        let path = self.path.iter().map(array);
        Some(Proof {
            statement: Statement {
                suite: self.suite,
                network: NetworkId(array(&self.network)?),
                author: self.author,
                key: KeyId(array(&self.key)?),
                epoch: EpochId(array(&self.epoch)?),
                leaves: self.leaves,
                root: array(&self.root)?,
            },
            signature: self.signature.0.clone(),
            index: self.index,
            path: path.collect::<Option<Vec<Digest>>>()?,
        })
    }
}

fn array<const N: usize>(hex: &Hex) -> Option<[u8; N]> {
    hex.0[..].try_into().ok()
}

/// Makes the receipt file of a matter from the notices that the node keeps and its own. `hosted` are the divisions whose
/// nodes run in the same process: of those among them that countersigned, the file says so.
///
/// # Errors
/// [`KeyError`] if the node's key cannot be used.
pub async fn export(
    (identity, ring, hosted): (&Identity, &KeyRing, &[DivisionCode]),
    matter: MatterId,
    words: Evidence,
) -> Result<ReceiptFile, KeyError> {
    let signer = identity.signer();
    let suite = signer.suite();
    let mut authors: BTreeSet<_> = words
        .kept
        .iter()
        .map(|(_, proof)| (proof.statement.author, proof.statement.key))
        .collect();
    authors.insert((identity.division(), signer.key_id()));
    authors.extend(authors_of(words.log.as_ref()));
    let keys = key_chains(ring, authors);
    let log = match &words.log {
        Some(proven) => Some(log::LogText::of(identity, proven, hosted).await?),
        None => None,
    };
    let format = format_of(false, log.as_ref());
    let all_words = words.kept.iter().map(|(bytes, _)| bytes).chain(&words.own);
    let manifest = Manifest {
        matter: Some(matter),
        words: all_words.map(|bytes| digest(suite, bytes)).collect(),
        ..Manifest::of(identity, words.at, &keys, log)
    };
    let (manifest, proof, own_proof) =
        signed(identity, words.epoch, &manifest, words.own.as_deref()).await?;
    let own = words.own.zip(own_proof).map(|(own, proof)| WordText {
        envelope: Hex(own),
        proof,
    });
    let kept = words.kept.into_iter().map(|(bytes, proof)| WordText {
        envelope: Hex(bytes),
        proof: ProofText::of(&proof),
    });
    Ok(ReceiptFile {
        format,
        manifest,
        proof,
        words: kept.chain(own).collect(),
        keys: keys.into_iter().map(Hex).collect(),
        opening: None,
    })
}

impl Manifest {
    /// Begins the list of a file about nothing, made by this node.
    fn of(identity: &Identity, at: Timestamp, keys: &[Bytes], log: Option<log::LogText>) -> Self {
        let suite = identity.signer().suite();
        Self {
            network: hex(&identity.network().id),
            matter: None,
            disclosure: None,
            exported_by: identity.division(),
            exported_at_ms: at.0,
            root_sha256: identity.network().fingerprints.clone(),
            suite,
            words: vec![],
            keys: keys.iter().map(|key| digest(suite, key)).collect(),
            log,
        }
    }
}

fn digest(suite: Suite, bytes: &[u8]) -> Hex {
    hex(&suite.digest(&[bytes]))
}

/// Returns the form of a file.
const fn format_of(of_disclosure: bool, log: Option<&log::LogText>) -> u32 {
    let Some(log) = log else {
        return WITHOUT_LOG;
    };
    match (log.countersigned.is_empty(), log.beside.is_empty()) {
        (true, _) if of_disclosure => OF_DISCLOSURE,
        (true, _) => FORMAT,
        (false, true) if of_disclosure => DISCLOSURE_COUNTERSIGNED,
        (false, true) => COUNTERSIGNED,
        (false, false) if of_disclosure => DISCLOSURE_BESIDE,
        (false, false) => BESIDE,
    }
}

/// Returns the keys with which the head of a log was countersigned.
fn authors_of(log: Option<&LogProof>) -> impl Iterator<Item = (DivisionCode, KeyId)> {
    let signed = log.into_iter().flat_map(|log| &log.countersigned);
    signed.map(|(_, proof)| (proof.statement.author, proof.statement.key))
}

/// Returns the statements of keys and of those above them, each once.
fn key_chains(ring: &KeyRing, authors: BTreeSet<(DivisionCode, KeyId)>) -> Vec<Bytes> {
    let mut keys: Vec<Bytes> = vec![];
    for (author, key) in authors {
        for statement in ring.chain(author, key) {
            let statement = Bytes::from(statement.encode());
            if !keys.contains(&statement) {
                keys.push(statement);
            }
        }
    }
    keys
}

/// Signs a manifest, and this node's own envelope with it. Returns the text of the manifest, its proof, and that of
/// the envelope.
async fn signed(
    identity: &Identity,
    epoch: EpochId,
    manifest: &Manifest,
    own: Option<&[u8]>,
) -> Result<(String, ProofText, Option<ProofText>), KeyError> {
    let signer = identity.signer();
    let suite = signer.suite();
    let manifest = serde_json::to_string(manifest).expect("codes and digests are plain JSON");
    let leaf = [TAG, manifest.as_bytes()].concat();
    let leaves: Vec<&[u8]> = own.into_iter().chain([&leaf[..]]).collect();
    let tree = MerkleTree::over(suite, leaves);
    let statement = Statement {
        suite,
        network: NetworkId(identity.network().id),
        author: identity.division(),
        key: signer.key_id(),
        epoch,
        leaves: tree.leaves(),
        root: tree.root(),
    };
    let signature = Bytes::from(signer.sign(&statement.to_bytes()).await?);
    let proof = |index| {
        ProofText::of(&Proof {
            statement,
            signature: signature.clone(),
            index,
            path: tree.path(index),
        })
    };
    let last = proof(tree.leaves() - 1);
    Ok((manifest, last, own.map(|_| proof(0))))
}
