//! Heads of public logs, signed, and what a receipt proves with one.

use domain::{
    ids::EpochId,
    receipt::{Check, LogProof, ProvenLeaf, What, Word},
    saying::Saying,
    time::Timestamp,
};
use identity::{Identity, KeyError, KeyRing};
use log::{Checkpoint, Commitment, Cosignature, Entry, Hash, Vkey, WitnessKey, check_inclusion};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    Hex, Manifest, OF_LOG, ReceiptFile, SeenHead, WordText, array, authors_of, countersigned, hex,
    key_chains, told,
};

/// A head of a log with the log's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The key that verifies it.
    pub key: Vkey,
    /// The checkpoint, a signed note.
    pub note: String,
    /// The signature alone.
    pub signature: [u8; 64],
}

/// Returns the key of the log of an epoch: its name is the origin of the log, `DNS name/log/network/epoch`.
///
/// # Errors
/// [`KeyError`] if it cannot be read or made.
pub fn log_key(identity: &Identity, epoch: EpochId) -> Result<Vkey, KeyError> {
    let (host, network) = (identity.sni_name(), identity.network().id);
    let origin = log::name::origin(host, &network, &epoch.0);
    let key = identity.log_key()?;
    let public = key.public().try_into().ok();
    let named = public.and_then(|public| Vkey::new(&origin, public).ok());
    named.ok_or_else(|| KeyError::Unreadable("log.key".to_owned()))
}

/// Signs the head of a log. Signing the same head again gives the same bytes.
///
/// # Errors
/// [`KeyError`] if the key cannot be used.
pub async fn sign_head(
    identity: &Identity,
    (epoch, size, root): (EpochId, u64, Hash),
) -> Result<SignedHead, KeyError> {
    let key = log_key(identity, epoch)?;
    let head = Checkpoint::new(key.name(), size, root);
    let head = head.map_err(|_| KeyError::Unreadable("log.key".to_owned()))?;
    let signature = identity
        .log_key()?
        .sign(head.to_string().as_bytes())
        .await?;
    let note = head.signed(&key, &signature);
    let signature = signature.try_into();
    Ok(SignedHead {
        key,
        note,
        signature: signature.map_err(|_| KeyError::Unreadable("log.key".to_owned()))?,
    })
}

/// Returns the key with which a division countersigns heads of the logs of others: `DNS name/witness/network`.
///
/// # Errors
/// [`KeyError`] if it cannot be read or made.
pub fn witness_key(identity: &Identity) -> Result<WitnessKey, KeyError> {
    let name = log::name::witness_name(identity.sni_name(), &identity.network().id);
    let public = identity.witness_key()?.public().try_into().ok();
    let named = public.and_then(|public| WitnessKey::new(&name, public).ok());
    named.ok_or_else(|| KeyError::Unreadable("witness.key".to_owned()))
}

/// Countersigns a head at a time, in seconds since 1970. The same head and time give the same bytes.
///
/// # Errors
/// [`KeyError`] if the key cannot be used.
pub async fn countersign(
    identity: &Identity,
    head: &Checkpoint,
    time: u64,
) -> Result<Cosignature, KeyError> {
    let message = Cosignature::message(head, time);
    let signature = identity.witness_key()?.sign(&message).await?;
    let signature = signature.try_into();
    let signature = signature.map_err(|_| KeyError::Unreadable("witness.key".to_owned()))?;
    Ok(Cosignature { time, signature })
}

/// What the manifest of a receipt says of the public log of the division that made it. The manifest is signed, so the
/// key is stated by the division itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogText {
    /// The key of the log.
    key: String,
    /// The life of the store that the log belongs to.
    epoch: Hex,
    /// The signed head.
    checkpoint: String,
    /// The leaves about the matter or the disclosure.
    pub(super) leaves: Vec<LeafText>,
    /// Signed envelopes in which divisions above countersign the head; none in files of the forms 2 and 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) countersigned: Vec<WordText>,
    /// Those of them whose nodes run in the process of the division itself, as it says; none but in files of the forms 6 and 7.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) beside: Vec<DivisionCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeafText {
    pub(super) index: u64,
    /// Only of a matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) steps: Option<u32>,
    /// Only of a matter. That of a disclosure is beside its document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) salt: Option<Hex>,
    path: Vec<Hex>,
}

impl LeafText {
    /// Returns the hashes from the leaf up; `None` if one does not have the required length.
    pub(super) fn path(&self) -> Option<Vec<Hash>> {
        self.path.iter().map(array).collect()
    }
}

impl LogText {
    /// Returns the key of the log, if it can be read.
    pub(super) fn key(&self) -> Option<Vkey> {
        self.key.parse().ok()
    }

    pub(super) async fn of(
        identity: &Identity,
        proven: &LogProof,
        hosted: &[DivisionCode],
    ) -> Result<Self, KeyError> {
        let head = (proven.epoch, proven.size, proven.root);
        let SignedHead { key, note, .. } = sign_head(identity, head).await?;
        let leaf = |leaf: &ProvenLeaf| LeafText {
            index: leaf.index,
            steps: Some(leaf.steps),
            salt: Some(hex(&leaf.salt)),
            path: leaf.path.iter().map(|hash| hex(hash)).collect(),
        };
        Ok(Self {
            key: key.to_string(),
            epoch: hex(&proven.epoch.0),
            checkpoint: note,
            leaves: proven.leaves.iter().map(leaf).collect(),
            countersigned: proven.countersigned.iter().map(WordText::of).collect(),
            beside: super::authors_of(Some(proven))
                .map(|(by, _)| by)
                .filter(|by| hosted.contains(by))
                .collect(),
        })
    }
}

/// Makes the file with the keys of a log and of those who countersigned the head in `log`, which has no leaves. `hosted` is
/// as for [`super::export`], and `at` the time by this node's clock in the life `epoch` of its store.
///
/// # Errors
/// [`KeyError`] if the node's keys cannot be used.
pub async fn export_log_keys(
    (identity, ring, hosted): (&Identity, &KeyRing, &[DivisionCode]),
    (at, epoch): (Timestamp, EpochId),
    log: &LogProof,
) -> Result<ReceiptFile, KeyError> {
    let own = (identity.division(), identity.signer().key_id());
    let keys = key_chains(ring, authors_of(Some(log)).chain([own]).collect());
    let text = LogText::of(identity, log, hosted).await?;
    let manifest = Manifest::of(identity, at, &keys, Some(text));
    ReceiptFile::signed(identity, (epoch, OF_LOG), &manifest, keys).await
}

/// Checks the head of a log, of a file about nothing else.
pub(super) fn check_alone(
    manifest: &Manifest,
    text: &LogText,
    with: (&KeyRing, &Tree),
) -> Vec<Check> {
    let about = Some(manifest.exported_by);
    match head(manifest, text) {
        Ok(_) if !text.leaves.is_empty() => {
            vec![Check::failed(What::Log, about, told::leaves_of_nothing())]
        }
        Ok(head) => {
            let detail = told::log_signed(head.origin(), manifest.exported_by);
            let mut checks = vec![Check::ok(What::Log, about, detail)];
            checks.extend(countersigned::check(manifest, text, &head, with));
            checks
        }
        Err(why) => vec![Check::failed(What::Log, about, why)],
    }
}

/// Checks what a receipt says of a log. `words` are the notices whose signatures hold.
pub(super) fn check(
    manifest: &Manifest,
    words: &[Word],
    (ring, tree): (&KeyRing, &Tree),
) -> Vec<Check> {
    let Some(text) = &manifest.log else {
        return vec![];
    };
    let about = Some(manifest.exported_by);
    let failed = |why: Saying| vec![Check::failed(What::Log, about, why)];
    let head = match head(manifest, text) {
        Ok(head) => head,
        Err(why) => return failed(why),
    };
    let detail = told::log_signed(head.origin(), manifest.exported_by);
    let mut checks = vec![Check::ok(What::Log, about, detail)];
    let known = words.iter().max_by_key(|word| word.matter.steps.len());
    let Some(known) = known else {
        return failed(told::log_without_notice());
    };
    for leaf in &text.leaves {
        checks.push(match prove(manifest, &head, leaf, known) {
            Ok(detail) => Check::ok(What::Log, about, detail),
            Err(why) => Check::failed(What::Log, about, why),
        });
    }
    let all = known.matter.steps.len();
    let covered = text.leaves.iter().filter_map(|leaf| leaf.steps).max();
    if covered.is_none_or(|covered| (covered as usize) < all) {
        let covered = covered.unwrap_or_default();
        let detail = told::log_covers(covered, all);
        checks.push(Check::not_checked(What::Log, about, detail));
    }
    checks.extend(countersigned::check(manifest, text, &head, (ring, tree)));
    checks
}

/// Reads the head and checks that it is one of the log of the division that made the file.
pub(super) fn head(manifest: &Manifest, text: &LogText) -> Result<Checkpoint, Saying> {
    let key: Vkey = text.key.parse().map_err(told::log_key)?;
    let epoch = array(&text.epoch).ok_or_else(told::log_epoch)?;
    let network = array(&manifest.network).ok_or_else(told::log_field)?;
    if !log::name::is_origin_of(key.name(), manifest.exported_by, &network, &epoch) {
        return Err(told::other_log(key.name()));
    }
    Checkpoint::open(text.checkpoint.as_bytes(), &key).map_err(told::head_unread)
}

/// Returns the head of a file that holds, as a verifier remembers it.
pub(super) fn seen(manifest: &Manifest, text: &LogText) -> Option<SeenHead> {
    Some(SeenHead {
        division: manifest.exported_by,
        size: head(manifest, text).ok()?.size(),
        key: text.key.clone(),
        note: text.checkpoint.clone(),
        as_of_ms: manifest.exported_at_ms,
    })
}

/// Checks that a leaf commits to the first steps of the matter as the notice tells them.
fn prove(
    manifest: &Manifest,
    head: &Checkpoint,
    leaf: &LeafText,
    word: &Word,
) -> Result<Saying, Saying> {
    let network = array(&manifest.network).ok_or_else(told::log_field)?;
    let salt = leaf.salt.as_ref().and_then(array);
    let salt = salt.ok_or_else(told::log_field)?;
    let path = leaf.path().ok_or_else(told::log_field)?;
    let steps = leaf.steps.unwrap_or_default() as usize;
    let known = word.matter.steps.len();
    if steps == 0 || steps > known {
        return Err(told::log_steps(leaf.index, steps, known));
    }
    let digest = wire::history_digest(&word.matter, steps);
    let committed = Commitment::to_custody(&network, &salt, word.matter.suite.id(), &digest);
    let entry = Entry::Custody(committed).encode();
    let (index, size) = (leaf.index, head.size());
    match check_inclusion(&entry, index, (size, head.root()), &path) {
        Ok(()) => Ok(told::log_commits(index, size, steps)),
        Err(why) => Err(told::log_does_not_commit(index, size, steps, why)),
    }
}
