//! Receipts: what a division's signed word on a matter proves to whoever has it.
//!
//! Receipts have no envelope kind of their own. Each holder tells the reporter's division the whole
//! state of the matter, signed. That word is the hop receipt of every custody its author had, and
//! the end receipt of every decision its author made. This module reads receipts out of such words
//! and reports what can be checked about them without asking anybody.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    envelope::Destination,
    ids::{EpochId, MatterId, NetworkId},
    matter::{Act, CustodyVersion, Matter, Outcome, Version},
    statement::Proof,
    suite::Digest,
    time::Timestamp,
};

mod history;
mod opening;
#[cfg(test)]
mod tests;

pub use history::{Broken, Custody, custodies};
pub use opening::Opening;

/// The signed words of a matter that a receipt is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When they were looked up, by this node's clock.
    pub at: Timestamp,
    /// Words of others, with their proofs.
    pub kept: Vec<(Bytes, Proof)>,
    /// This node's own word, to be signed, if it ever had the matter.
    pub own: Option<Bytes>,
    /// The present life of this node's store.
    pub epoch: EpochId,
}

/// A word whose signature was verified: what one division said of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The division that said it.
    pub author: DivisionCode,
    /// The network it was said in.
    pub network: NetworkId,
    /// The recipient it was said to.
    pub destination: Destination,
    /// Digest of the word's exact bytes.
    pub leaf: Digest,
    /// The state of the matter it states.
    pub matter: Matter,
}

/// What a receipt is for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A division took custody.
    Hop,
    /// A division decided it.
    End,
}

/// One receipt, as read out of a signed word of its division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whether it is for a custody or for a decision.
    pub kind: Kind,
    /// The matter.
    pub matter: MatterId,
    /// The division that took or decided the matter, and signed.
    pub division: DivisionCode,
    /// The neighbour it was taken from; `None` where it was reported.
    pub from: Option<DivisionCode>,
    /// The neighbour it was handed to afterwards, as far as the signed word knows.
    pub to: Option<DivisionCode>,
    /// Time of taking or deciding, by that division's clock.
    pub at: Timestamp,
    /// The custody version under which it was taken or decided.
    pub custody: CustodyVersion,
    /// The custody version before; `None` where it was reported.
    pub previous: Option<CustodyVersion>,
    /// How it was decided; `None` for a hop.
    pub outcome: Option<Outcome>,
    /// Commitment to what the reporter handed in.
    #[serde(with = "digits")]
    pub content: Digest,
    /// Digest of the exact bytes of the signed word it was read out of.
    #[serde(with = "digits")]
    pub leaf: Digest,
}

/// Writes and reads digests and salts as hexadecimal digits.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<const N: usize, S: Serializer>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        to.serialize_str(&digits.collect::<String>())
    }

    pub(super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || D::Error::custom(format!("it has {} digits, 0 to 9 and a to f", 2 * N));
        let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
        let mut bytes = [0; N];
        for (at, into) in bytes.iter_mut().enumerate() {
            *into = byte(at).ok_or_else(wrong)?;
        }
        match text.len() == 2 * N {
            true => Ok(bytes),
            false => Err(wrong()),
        }
    }
}

/// Reads the receipts in a word: one for every custody its author had until then, and one for every
/// decision it made.
///
/// # Errors
/// [`Broken`] if the steps are not those of one life of a matter.
pub fn receipts(word: &Word, tree: &Tree) -> Result<Vec<Receipt>, Broken> {
    let (matter, author) = (&word.matter, word.author);
    let mut found = vec![];
    for custody in custodies(matter, tree)? {
        if custody.division != author {
            continue;
        }
        let receipt = Receipt {
            kind: Kind::Hop,
            matter: matter.id,
            division: author,
            from: custody.from,
            to: custody.to,
            at: custody.at,
            custody: custody.cv,
            previous: custody.previous,
            outcome: None,
            content: matter.body,
            leaf: word.leaf,
        };
        let ends = matter.steps[custody.steps.clone()]
            .iter()
            .filter_map(|step| match step.act {
                Act::Close(outcome) => Some(Receipt {
                    kind: Kind::End,
                    at: step.at,
                    custody: step.version.cv,
                    outcome: Some(outcome),
                    ..receipt.clone()
                }),
                _ => None,
            });
        let ends: Vec<_> = ends.collect();
        found.push(receipt);
        found.extend(ends);
    }
    Ok(found)
}

/// Returns whether a word is worth keeping beside what is known: it is an earlier or equal state of
/// the same matter, and its author acted on it.
pub fn is_of(known: &Matter, word: &Matter, author: DivisionCode) -> bool {
    known.version >= word.version
        && known.continues(word)
        && word.steps.iter().any(|step| step.by == author)
}

/// The subject of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The root certificate names the province's signing key.
    Root,
    /// The key statements lead up to it.
    Keys,
    /// The file is complete as the exporting division signed it.
    Export,
    /// Bytes and signature of a word belong together.
    Signature,
    /// The author was entitled to say what it says.
    Author,
    /// All words speak of the same matter in the same network.
    Matter,
    /// All words commit to the same content.
    Content,
    /// The steps are those of one life of a matter.
    Steps,
    /// Each word goes on where the one before it ended.
    Continuity,
    /// Divisions that had the matter but of which the file holds no word.
    Relays,
    /// What happened after the file was made.
    Later,
    /// Keys that were revoked.
    Revocations,
    /// Whether the divisions' clocks were right.
    Clocks,
    /// What the person wrote.
    Text,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// What was checked holds.
    Ok,
    /// What was checked does not hold.
    Failed,
    /// The file alone cannot tell.
    NotChecked,
}

/// One thing that was checked, or that could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub what: What,
    /// The division whose key or word it was, if it was that of one division.
    pub about: Option<DivisionCode>,
    /// The result.
    pub finding: Finding,
    /// The result in words.
    pub detail: String,
}

impl Check {
    /// Builds a check that held.
    pub fn ok(what: What, about: Option<DivisionCode>, detail: impl Into<String>) -> Self {
        Self::new(what, about, Finding::Ok, detail.into())
    }

    /// Builds a check that failed.
    pub fn failed(what: What, about: Option<DivisionCode>, detail: impl Into<String>) -> Self {
        Self::new(what, about, Finding::Failed, detail.into())
    }

    /// Builds a check that the file alone cannot decide.
    pub fn not_checked(what: What, about: Option<DivisionCode>, detail: impl Into<String>) -> Self {
        Self::new(what, about, Finding::NotChecked, detail.into())
    }

    const fn new(
        what: What,
        about: Option<DivisionCode>,
        finding: Finding,
        detail: String,
    ) -> Self {
        Self {
            what,
            about,
            finding,
            detail,
        }
    }
}

/// The claims of an export about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The network it was made in.
    pub network: NetworkId,
    /// The matter.
    pub matter: MatterId,
    /// The division that made the file.
    pub exported_by: DivisionCode,
    /// Time of the export, by that division's clock.
    pub exported_at: Timestamp,
}

/// The conclusions from all verified words together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Every check, including those that could not be made.
    pub checks: Vec<Check>,
    /// The receipts, oldest first; empty if a check failed.
    pub receipts: Vec<Receipt>,
}

/// Judges words that were each verified before. They are taken in the order of their versions,
/// whatever order they are given in.
pub fn judge(mut words: Vec<Word>, claim: Claim, tree: &Tree) -> Judgement {
    words.sort_by_key(|word| (word.matter.version, word.author));
    let mut checks = vec![];
    for word in &words {
        checks.extend(subject(word, &claim, &words[0].matter));
        checks.push(speaker(word, &claim));
        checks.push(match custodies(&word.matter, tree) {
            Ok(held) => {
                let steps = word.matter.steps.len();
                let detail = format!("{steps} steps under {} custodies", held.len());
                Check::ok(What::Steps, Some(word.author), detail)
            }
            Err(broken) => Check::failed(What::Steps, Some(word.author), broken.to_string()),
        });
    }
    checks.extend(words.windows(2).map(continuity));
    if words.is_empty() {
        let detail = "the file holds no signed word, so it proves nothing";
        checks.push(Check::failed(What::Matter, None, detail));
    }
    let sound = |check: &Check| check.finding != Finding::Failed;
    let receipts = match checks.iter().all(sound) {
        true => all_receipts(&words, tree),
        false => vec![],
    };
    checks.extend(relays(&words, tree));
    checks.extend(unknowable(&claim));
    Judgement { checks, receipts }
}

fn all_receipts(words: &[Word], tree: &Tree) -> Vec<Receipt> {
    let mut all: Vec<Receipt> = vec![];
    for word in words {
        for receipt in receipts(word, tree).unwrap_or_default() {
            let same = |known: &&mut Receipt| {
                let key = |receipt: &Receipt| {
                    (receipt.kind, receipt.division, receipt.custody, receipt.at)
                };
                key(known) == key(&receipt)
            };
            // A later word of the same division also knows where the matter went, so it replaces
            // this one.
            match all.iter_mut().find(same) {
                Some(known) => *known = receipt,
                None => all.push(receipt),
            }
        }
    }
    all.sort_by_key(|receipt| (receipt.custody, receipt.kind));
    all
}

fn subject(word: &Word, claim: &Claim, first: &Matter) -> [Check; 2] {
    let author = Some(word.author);
    let matter = &word.matter;
    let about = match () {
        () if word.network != claim.network => {
            let detail = format!("it was said in network {}, another one", word.network);
            Check::failed(What::Matter, author, detail)
        }
        () if matter.id != claim.matter => {
            let detail = format!("it speaks of {}, another matter", matter.id);
            Check::failed(What::Matter, author, detail)
        }
        () => Check::ok(What::Matter, author, format!("it speaks of {}", matter.id)),
    };
    let content = match matter.is_same_as(first) {
        true => {
            let detail = "it commits to the same content";
            Check::ok(What::Content, author, detail)
        }
        false => {
            let detail = "it commits to other content, or names another first receiver";
            Check::failed(What::Content, author, detail)
        }
    };
    [about, content]
}

/// Checks that the author was entitled to its word: a division speaks of a matter while it holds
/// it, and the one that made the file also tells itself what it knows of a matter it once had.
fn speaker(word: &Word, claim: &Claim) -> Check {
    let (author, matter) = (word.author, &word.matter);
    let itself = word.destination == Destination::Division(author) && author == claim.exported_by;
    let acted = matter.steps.iter().any(|step| step.by == author);
    let about = Some(author);
    match () {
        () if !acted => Check::failed(
            What::Author,
            about,
            "the author never had the matter, so it has no word in it",
        ),
        () if matter.holder == author => Check::ok(
            What::Author,
            about,
            "the author held the matter when it said so",
        ),
        () if itself => Check::ok(
            What::Author,
            about,
            "the author had the matter before, and made this file",
        ),
        () => Check::failed(
            What::Author,
            about,
            format!(
                "{} held the matter then, so it was not the author's to tell",
                matter.holder
            ),
        ),
    }
}

fn continuity(pair: &[Word]) -> Check {
    let (earlier, later) = (&pair[0], &pair[1]);
    let about = Some(later.author);
    match later.matter.continues(&earlier.matter) {
        true => {
            let detail = format!("it repeats every step that {} had told", earlier.author);
            Check::ok(What::Continuity, about, detail)
        }
        false => {
            let detail = format!(
                "it contradicts what {} had told: the steps before are others",
                earlier.author
            );
            Check::failed(What::Continuity, about, detail)
        }
    }
}

/// Returns a check for each division that had the matter and of which there is no word.
fn relays(words: &[Word], tree: &Tree) -> Vec<Check> {
    let Some(last) = words.last() else {
        return vec![];
    };
    let mut silent = vec![];
    for custody in custodies(&last.matter, tree).unwrap_or_default() {
        let told =
            |word: &Word| word.author == custody.division && word.matter.version.cv >= custody.cv;
        if words.iter().any(told) || silent.iter().any(|(who, _)| *who == custody.division) {
            continue;
        }
        let later = |word: &&Word| word.matter.version.cv > custody.cv;
        let witness = words.iter().find(later).unwrap_or(last).author;
        silent.push((custody.division, witness));
    }
    let say = |(who, witness): (DivisionCode, DivisionCode)| {
        let detail = format!(
            "no signed word of {who} is in the file; that it had the matter is attested by {witness}"
        );
        Check::not_checked(What::Relays, Some(who), detail)
    };
    silent.into_iter().map(say).collect()
}

fn unknowable(claim: &Claim) -> [Check; 4] {
    let unknown = |what, detail: String| Check::not_checked(what, None, detail);
    [
        unknown(
            What::Later,
            format!(
                "steps that {} had not heard of by {}; ask for a newer receipt",
                claim.exported_by, claim.exported_at
            ),
        ),
        unknown(
            What::Revocations,
            "whether a key was revoked; ask a node of the network".to_owned(),
        ),
        unknown(
            What::Clocks,
            "whether the clock of each division was right".to_owned(),
        ),
        unknown(
            What::Text,
            "what the person wrote: the file holds only the commitment to it".to_owned(),
        ),
    ]
}

/// A receipt that can be had, for those who look at a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    /// Who took or decided it.
    #[schema(value_type = String)]
    pub division: DivisionCode,
    /// What for.
    pub kind: Kind,
    /// When, by that division's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// How it was decided; none for a hop.
    pub outcome: Option<Outcome>,
}

/// Returns the receipts that can be had if each of these divisions signed the state of the version
/// beside it. Empty if the steps are not those of one life.
pub fn lines(matter: &Matter, signed: &[(DivisionCode, Version)], tree: &Tree) -> Vec<Line> {
    let Ok(held) = custodies(matter, tree) else {
        return vec![];
    };
    let mut lines = vec![];
    for custody in held {
        let division = custody.division;
        let told = |until: Version| {
            signed
                .iter()
                .any(|(who, version)| *who == division && *version >= until)
        };
        let steps = &matter.steps[custody.steps.clone()];
        if !told(steps[0].version) {
            continue;
        }
        let line = |kind, at: Timestamp, outcome| Line {
            division,
            kind,
            at_ms: at.0,
            outcome,
        };
        lines.push(line(Kind::Hop, custody.at, None));
        for step in steps {
            if let Act::Close(outcome) = step.act
                && told(step.version)
            {
                lines.push(line(Kind::End, step.at, Some(outcome)));
            }
        }
    }
    lines
}
