//! The receipt file: what a reporter takes away, and anybody with the root certificate can check.
//!
//! It is JSON and holds the exact bytes of signed words with their proofs, and the key statements of
//! their authors. A manifest, signed by the node that made the file, lists all of it and says when;
//! so nothing can be left out or put in unnoticed. Nothing in it is personal or grants access, unless
//! whoever reported the matter had the opening of the text put in.

use std::{collections::BTreeSet, fmt};

use bytes::Bytes;
use domain::{
    ids::{EpochId, KeyId, MatterId, NetworkId},
    receipt::{Evidence, Opening},
    statement::{MerkleTree, Proof, Statement},
    suite::{Digest, Suite},
};
use identity::{Identity, KeyError, KeyRing};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

mod verify;

pub use verify::{Unreadable, Verified, verify};

/// The media type of the file.
pub const MEDIA_TYPE: &str = "application/wujitong-receipt+json";
/// The form written, and the only one read.
const FORMAT: u32 = 1;
/// What stands before the manifest where it is signed, so that it never passes for an envelope.
const TAG: &[u8] = b"wujitong/receipt/1\n";

/// Bytes, written as hexadecimal digits.
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
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let pair = |pair: &[u8]| match *pair {
            [high, low] => Some(digit(high)? * 16 + digit(low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        Ok(Self(bytes.ok_or_else(wrong)?.into()))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
    /// 1.
    format: u32,
    /// What the file holds, as JSON text; signed as it stands.
    manifest: String,
    /// The signature under the manifest.
    #[schema(value_type = serde_json::Value)]
    proof: ProofText,
    /// Signed words on the matter.
    #[schema(value_type = Vec<serde_json::Value>)]
    words: Vec<WordText>,
    /// Key statements of all authors, up to the province, in hexadecimal.
    #[schema(value_type = Vec<String>)]
    keys: Vec<Hex>,
    /// What opens the commitment to the text, if whoever reported it asked for that. It is under no
    /// signature and may be taken out before the file is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<Opening>,
}

impl ReceiptFile {
    /// The same with what opens the commitment to the text.
    #[must_use]
    pub fn opened(self, opening: Opening) -> Self {
        Self {
            opening: Some(opening),
            ..self
        }
    }
}

/// A signed word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordText {
    envelope: Hex,
    proof: ProofText,
}

/// A statement, its signature, and the way from a leaf to its root.
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

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    network: Hex,
    matter: MatterId,
    exported_by: DivisionCode,
    exported_at_ms: i64,
    root_sha256: Vec<String>,
    suite: Suite,
    /// Digests of the words, in order.
    words: Vec<Hex>,
    /// Digests of the key statements, in order.
    keys: Vec<Hex>,
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

    /// `None` if a field has not the length it must have.
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

/// Makes the file of a matter, out of the words that the node keeps and its own.
///
/// # Errors
/// [`KeyError`] if the node's key cannot be used.
pub async fn export(
    (identity, ring): (&Identity, &KeyRing),
    matter: MatterId,
    words: Evidence,
) -> Result<ReceiptFile, KeyError> {
    let signer = identity.signer();
    let suite = signer.suite();
    let network = NetworkId(identity.network().id);
    let mut authors: BTreeSet<_> = words
        .kept
        .iter()
        .map(|(_, proof)| (proof.statement.author, proof.statement.key))
        .collect();
    authors.insert((identity.division(), signer.key_id()));
    let mut keys: Vec<Bytes> = vec![];
    for (author, key) in authors {
        let chain = ring.chain(author, key);
        for statement in chain {
            let statement = Bytes::from(statement.encode());
            if !keys.contains(&statement) {
                keys.push(statement);
            }
        }
    }
    let all_words = words.kept.iter().map(|(bytes, _)| bytes).chain(&words.own);
    let digests = |bytes: &Bytes| hex(&suite.digest(&[bytes]));
    let manifest = Manifest {
        network: hex(&network.0),
        matter,
        exported_by: identity.division(),
        exported_at_ms: words.at.0,
        root_sha256: identity.network().fingerprints.clone(),
        suite,
        words: all_words.map(digests).collect(),
        keys: keys.iter().map(digests).collect(),
    };
    let manifest = serde_json::to_string(&manifest).expect("codes and digests are plain JSON");
    let leaf = [TAG, manifest.as_bytes()].concat();
    let leaves: Vec<&[u8]> = words
        .own
        .iter()
        .map(|own| &own[..])
        .chain([&leaf[..]])
        .collect();
    let tree = MerkleTree::over(suite, leaves);
    let statement = Statement {
        suite,
        network,
        author: identity.division(),
        key: signer.key_id(),
        epoch: words.epoch,
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
    let own = words.own.map(|own| WordText {
        envelope: Hex(own),
        proof: proof(0),
    });
    let kept = words.kept.into_iter().map(|(bytes, proof)| WordText {
        envelope: Hex(bytes),
        proof: ProofText::of(&proof),
    });
    Ok(ReceiptFile {
        format: FORMAT,
        manifest,
        proof: proof(tree.leaves() - 1),
        words: kept.chain(own).collect(),
        keys: keys.into_iter().map(Hex).collect(),
        opening: None,
    })
}
