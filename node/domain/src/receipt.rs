//! Receipts: what a division's signed statement on a matter proves to whoever has it.
//!
//! Receipts have no envelope kind of their own. Each holder sends the reporter's division the whole
//! state of the matter, signed. That statement is the hop receipt of every custody its author had,
//! and the end receipt of every decision its author made. This module reads receipts out of such
//! statements and reports what can be checked about them offline.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    envelope::Destination,
    ids::{EpochId, MatterId, NetworkId},
    matter::{Act, CustodyVersion, Matter, Outcome, Version},
    saying::Saying,
    statement::Proof,
    suite::Digest,
    time::Timestamp,
};

mod disclosed;
mod history;
mod opening;
#[cfg(test)]
mod tests;
mod told;

pub use disclosed::{DisclosureEvidence, beyond_disclosure};
pub use history::{Broken, Custody, custodies};
pub use opening::Opening;

/// The signed statements of a matter that make up a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When they were looked up, by this node's clock.
    pub at: Timestamp,
    /// Statements of others, with their proofs.
    pub kept: Vec<(Bytes, Proof)>,
    /// This node's own statement, to be signed, if it ever had the matter.
    pub own: Option<Bytes>,
    /// The current life of this node's store.
    pub epoch: EpochId,
    /// What this node's public log says of the matter, if anything that can still be opened.
    pub log: Option<LogProof>,
}

/// What a public log says of a matter or a disclosure, with the proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// The life of the store that the log belongs to.
    pub epoch: EpochId,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree, SHA-256.
    pub root: [u8; 32],
    /// The leaves about it, in their order.
    pub leaves: Vec<ProvenLeaf>,
    /// Signed envelopes in which others countersign this head.
    pub countersigned: Vec<(Bytes, Proof)>,
}

/// A leaf that commits to the history of a matter, or to the document of a disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLeaf {
    /// Its position, from 0.
    pub index: u64,
    /// Number of steps that it covers, from the report on; 0 for a disclosure.
    pub steps: u32,
    /// What opens its commitment.
    pub salt: [u8; 16],
    /// The hashes that lead from it to the root.
    pub path: Vec<[u8; 32]>,
}

/// A statement of one division on a matter, whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The division that made it.
    pub author: DivisionCode,
    /// The network in which it was made.
    pub network: NetworkId,
    /// Its recipient.
    pub destination: Destination,
    /// Digest of its exact bytes.
    pub leaf: Digest,
    /// The state of the matter in it.
    pub matter: Matter,
}

topology::vocabulary! {
    /// What a receipt is for.
    #[derive(utoipa::ToSchema)]
    pub enum Kind: "kind of receipt" {
        /// A division took custody.
        Hop = 1, "hop", "接收", "taken";
        /// A division decided it.
        End = 2, "end", "办结", "decided";
    }
}

/// One receipt, read out of a signed statement of its division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its kind.
    pub kind: Kind,
    /// The matter.
    pub matter: MatterId,
    /// The division that took or decided the matter, and signed.
    pub division: DivisionCode,
    /// The neighbour from which it was taken; `None` where it was reported.
    pub from: Option<DivisionCode>,
    /// The neighbour to which it was handed afterwards, as far as the statement knows.
    pub to: Option<DivisionCode>,
    /// Time of taking or deciding, by that division's clock.
    pub at: Timestamp,
    /// The custody version under which it was taken or decided.
    pub custody: CustodyVersion,
    /// The custody version before; `None` where it was reported.
    pub previous: Option<CustodyVersion>,
    /// The outcome; `None` for a hop.
    pub outcome: Option<Outcome>,
    /// Commitment to what the reporter handed in.
    #[serde(with = "digits")]
    pub content: Digest,
    /// Digest of the exact bytes of the signed statement.
    #[serde(with = "digits")]
    pub leaf: Digest,
}

/// Writes and reads digests and salts as hexadecimal digits.
mod digits {
    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<const N: usize, S: Serializer>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || D::Error::custom(format!("it has {} digits, 0 to 9 and a to f", 2 * N));
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
        bytes.map_err(|_| wrong())?.try_into().map_err(|_| wrong())
    }
}

/// Reads the receipts in a statement: one for every custody that its author had until then, and one
/// for every decision that it made.
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

/// Returns whether a statement is worth keeping beside what is known: it is an earlier or equal
/// state of the same matter, and its author acted on it.
pub fn is_of(known: &Matter, word: &Matter, author: DivisionCode) -> bool {
    known.version >= word.version
        && known.continues(word)
        && word.steps.iter().any(|step| step.by == author)
}

topology::vocabulary! {
    /// The subject of a check.
    #[derive(utoipa::ToSchema)]
    pub enum What: "subject of a check" {
        /// It names the province's signing key.
        Root = 1, "root", "根证书", "root certificate";
        /// They lead up to it.
        Keys = 2, "keys", "密钥声明", "key statement";
        /// It is complete as the exporting division signed it.
        Export = 3, "export", "文件完整", "file as made";
        /// Bytes and signature of a word belong together.
        Signature = 4, "signature", "签名", "signature";
        /// It was entitled to say what it says.
        Author = 5, "author", "签发人", "author";
        /// All words speak of the same matter in the same network.
        Matter = 6, "matter", "事项", "matter";
        /// All words commit to the same content.
        Content = 7, "content", "内容承诺", "content";
        /// They are those of one life of a matter.
        Steps = 8, "steps", "流转步骤", "steps";
        /// Each word goes on where the one before it ended.
        Continuity = 9, "continuity", "前后衔接", "continuity";
        /// Divisions that had the matter but of which the file holds no word.
        Relays = 10, "relays", "转递各级", "relays";
        /// What happened after the file was made.
        Later = 11, "later", "此后进展", "later steps";
        /// Keys that were revoked.
        Revocations = 12, "revocations", "密钥吊销", "revocations";
        /// Whether the divisions' clocks were right.
        Clocks = 13, "clocks", "各级时钟", "clocks";
        /// What the person wrote.
        Text = 14, "text", "原文", "text";
        /// What the public log of the division that made the file proves.
        Log = 15, "log", "公开日志", "public log";
        /// Whether divisions above have recorded the head of that log.
        Countersignature = 16, "countersignature", "日志会签", "countersignature of the log";
        /// Whether the document of a disclosure is the one that the file names.
        Disclosure = 17, "disclosure", "公开内容", "disclosure";
        /// Whether files are those that the document of a disclosure names.
        Files = 18, "files", "附件", "files";
    }
}

topology::vocabulary! {
    /// The result of a check.
    #[derive(utoipa::ToSchema)]
    pub enum Finding: "result of a check" {
        /// What was checked holds.
        Ok = 1, "ok", "通过", "ok";
        /// What was checked does not hold. Capitals stand out among many results.
        Failed = 2, "failed", "不符", "FAILED";
        /// The file alone cannot tell.
        NotChecked = 3, "not-checked", "未核", "not checked";
    }
}

/// One property that was checked, or that could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The subject of the check.
    pub what: What,
    /// The division whose key or statement was checked, if it was that of one division.
    pub about: Option<DivisionCode>,
    /// The result.
    pub finding: Finding,
    /// The result in words, in English.
    pub detail: String,
    /// The same in Chinese.
    #[serde(default)]
    pub detail_chinese: String,
}

impl Check {
    /// Builds a check that passed.
    pub fn ok(what: What, about: Option<DivisionCode>, detail: Saying) -> Self {
        Self::new(what, about, Finding::Ok, detail)
    }

    /// Builds a check that failed.
    pub fn failed(what: What, about: Option<DivisionCode>, detail: Saying) -> Self {
        Self::new(what, about, Finding::Failed, detail)
    }

    /// Builds a check that the file alone cannot decide.
    pub fn not_checked(what: What, about: Option<DivisionCode>, detail: Saying) -> Self {
        Self::new(what, about, Finding::NotChecked, detail)
    }

    /// Returns whether what was checked does not hold.
    pub fn has_failed(&self) -> bool {
        self.finding == Finding::Failed
    }

    fn new(what: What, about: Option<DivisionCode>, finding: Finding, detail: Saying) -> Self {
        Self {
            what,
            about,
            finding,
            detail: detail.english,
            detail_chinese: detail.chinese,
        }
    }
}

/// The claims of an export about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The network in which it was made.
    pub network: NetworkId,
    /// The matter.
    pub matter: MatterId,
    /// The division that made the file.
    pub exported_by: DivisionCode,
    /// Time of the export, by that division's clock.
    pub exported_at: Timestamp,
}

/// The conclusions from all verified statements together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Every check, including those that could not be made.
    pub checks: Vec<Check>,
    /// The receipts, oldest first; empty if a check failed.
    pub receipts: Vec<Receipt>,
}

/// Judges statements whose signatures were verified. They are taken in the order of their versions,
/// whatever the order of the input.
pub fn judge(mut words: Vec<Word>, claim: Claim, tree: &Tree) -> Judgement {
    words.sort_by_key(|word| (word.matter.version, word.author));
    let mut checks = vec![];
    for word in &words {
        checks.extend(subject(word, &claim, &words[0].matter));
        checks.push(speaker(word, &claim));
        checks.push(match custodies(&word.matter, tree) {
            Ok(held) => {
                let steps = word.matter.steps.len();
                let detail = told::steps(steps, held.len());
                Check::ok(What::Steps, Some(word.author), detail)
            }
            Err(broken) => Check::failed(What::Steps, Some(word.author), broken.said()),
        });
    }
    checks.extend(words.windows(2).map(continuity));
    if words.is_empty() {
        let detail = told::no_words();
        checks.push(Check::failed(What::Matter, None, detail));
    }
    let receipts = match checks.iter().any(Check::has_failed) {
        true => vec![],
        false => all_receipts(&words, tree),
    };
    checks.extend(relays(&words, tree));
    checks.extend(beyond(claim.exported_by, claim.exported_at));
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
            // A later statement of the same division also knows where the matter went, so it
            // replaces this one.
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
            let detail = told::other_network(word.network);
            Check::failed(What::Matter, author, detail)
        }
        () if matter.id != claim.matter => {
            let detail = told::other_matter(matter.id);
            Check::failed(What::Matter, author, detail)
        }
        () => Check::ok(What::Matter, author, told::matter(matter.id)),
    };
    let content = match matter.is_same_as(first) {
        true => {
            let detail = told::same_content();
            Check::ok(What::Content, author, detail)
        }
        false => {
            let detail = told::other_content();
            Check::failed(What::Content, author, detail)
        }
    };
    [about, content]
}

/// Checks that the author was entitled to its statement: a division reports on a matter while it
/// holds it, and the division that made the file also states to itself what it knows of a matter
/// that it once had.
fn speaker(word: &Word, claim: &Claim) -> Check {
    let (author, matter) = (word.author, &word.matter);
    let itself = word.destination == Destination::Division(author) && author == claim.exported_by;
    let acted = matter.steps.iter().any(|step| step.by == author);
    let about = Some(author);
    match () {
        () if !acted => Check::failed(What::Author, about, told::never_had()),
        () if matter.holder == author => Check::ok(What::Author, about, told::held()),
        () if itself => Check::ok(What::Author, about, told::had_before()),
        () => Check::failed(What::Author, about, told::not_its_own(matter.holder)),
    }
}

fn continuity(pair: &[Word]) -> Check {
    let (earlier, later) = (&pair[0], &pair[1]);
    let about = Some(later.author);
    match later.matter.continues(&earlier.matter) {
        true => {
            let detail = told::continues(earlier.author);
            Check::ok(What::Continuity, about, detail)
        }
        false => {
            let detail = told::contradicts(earlier.author);
            Check::failed(What::Continuity, about, detail)
        }
    }
}

/// Returns a check for each division that had the matter and made no statement in the file.
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
        let detail = told::silent(who, witness);
        Check::not_checked(What::Relays, Some(who), detail)
    };
    silent.into_iter().map(say).collect()
}

/// Returns the checks that a file about a matter, made by a division at a time, cannot decide.
pub fn beyond(by: DivisionCode, at: Timestamp) -> [Check; 4] {
    let unknown = |what, detail: Saying| Check::not_checked(what, None, detail);
    [
        unknown(What::Later, told::later(by, at)),
        unknown(What::Revocations, told::revocations()),
        unknown(What::Clocks, told::clocks()),
        unknown(What::Text, told::text()),
    ]
}

/// Returns the checks that a proof on paper of a division's log cannot decide: it holds what fits, and no time of its own.
pub fn beyond_paper(by: DivisionCode) -> [Check; 3] {
    let unknown = |what, detail: Saying| Check::not_checked(what, None, detail);
    [
        unknown(What::Later, told::later_than_paper(by)),
        unknown(What::Revocations, told::revocations()),
        unknown(What::Clocks, told::clocks()),
    ]
}

/// An available receipt of a matter, in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    /// The division that took or decided the matter.
    #[schema(value_type = String)]
    pub division: DivisionCode,
    /// Purpose of the receipt.
    pub kind: Kind,
    /// Time of taking or deciding, in milliseconds since 1970 by that division's clock.
    pub at_ms: i64,
    /// The outcome; absent for a hop.
    pub outcome: Option<Outcome>,
}

/// Returns the available receipts if each division signed the state of the version beside it. Empty
/// if the steps are not those of one life.
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
