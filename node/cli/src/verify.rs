//! `wujitong verify`

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use api::{DisclosureDocument, Language};
use domain::{
    disclosure::digest_of,
    foreign::escape,
    receipt::{Check, Finding, Opening, What},
};
use identity::Roots;
use proof::{FileAtHand, Memory, NoKeys, ProvenStep, Remembered, SeenHead, Verified};
use serde::Serialize;
use topology::{DivisionCode, Tree};

use super::{
    Failure, Output,
    labels::{self, Names, both, moment},
    language::{self, told},
    site,
    tables::{pairs, table},
};

/// Checks a receipt (验证回执) with only the root certificate of the province
///
/// Works without a network. Checks the signatures, and what the public log of the division that made
/// the receipt proves. Lists what was checked, what could not be checked, and the time of the receipt.
/// Exits with 0 if every possible check passes, 7 if one fails, 2 if the file is not a receipt, and 8 (pending 未会签)
/// if nothing is false but the two divisions above did not both countersign the head of the public log yet. What each
/// check found is told in Chinese if the locale of the terminal is Chinese (LC_ALL, LC_MESSAGES, LANG), else in English.
///
/// With --memory the head of the public log in the receipt is compared with those of receipts that were checked before, and
/// remembered. Two heads that cannot both be true are shown, with their signatures, and the exit code is 7.
///
/// With --keys the file is a proof on paper (纸质凭证): the digits of its QR code, or the address that a phone reads from it;
/// `-` reads them from standard input. Their keys are in `wujitong log keys`, or in any receipt of the same log.
///
/// Examples:
///   wujitong verify receipt.json --root roots.pem
///   wujitong verify receipt.json --root roots.pem --json
///   wujitong verify proof.txt --keys keys.json --root roots.pem
///   zbarimg --raw -q proof.png | wujitong verify - --keys keys.json --root roots.pem
///   wujitong verify receipt.json --root roots.pem --opening opening.json
///   wujitong verify receipt.json --root roots.pem --attachment invoice.pdf
///   wujitong verify receipt.json --root roots.pem --memory seen.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Verify {
    /// The receipt, or the digits of a proof on paper; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A receipt of the log that signed a proof on paper, or what `wujitong log keys` wrote; may be given several times
    #[arg(long = "keys", value_name = "FILE", conflicts_with_all = ["opening", "attachments"])]
    keys: Vec<PathBuf>,
    /// Root certificate of the province, PEM; `roots.pem` in every node's data directory
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// File with the opening that the reporter got; proves the text that was reported
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// A file that was published with the disclosure; proves that it is that one, byte for byte
    #[arg(long = "attachment", value_name = "FILE")]
    attachments: Vec<PathBuf>,
    /// File with the heads of public logs that were seen before; made if it does not exist
    #[arg(long, value_name = "FILE")]
    memory: Option<PathBuf>,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = site::tree(self.topology.as_deref())?;
        let roots = Roots::read(&self.root)?;
        let file = match self.file.as_os_str() == "-" {
            true => io::read_to_string(io::stdin()).map(String::into_bytes),
            false => fs::read(&self.file),
        };
        let file = file.map_err(|error| Failure::File(self.file.clone(), error))?;
        let opening = self.opening.as_deref().map(opening).transpose()?;
        let at_hand = self.attachments.iter().map(|path| at_hand(path));
        let at_hand = at_hand.collect::<Result<Vec<_>, _>>()?;
        let with = (opening.as_ref(), &at_hand[..]);
        let is_printed = file
            .trim_ascii_start()
            .first()
            .is_some_and(u8::is_ascii_digit)
            || file.trim_ascii_start().starts_with(b"http");
        if is_printed && self.keys.is_empty() {
            let why = "this is a proof on paper; name the keys of its log with --keys: what `wujitong log keys` wrote, or any \
                       receipt of that log";
            return Err(Failure::Usage(why.to_owned()));
        }
        let verified = match self.keys.is_empty() {
            true => proof::verify_with(&file, with, &roots, &tree)
                .map_err(|error| Failure::Receipt(self.file, error))?,
            false => printed(&file, &self.keys, &roots, &tree)?,
        };
        let remembered = match (&self.memory, &verified.head) {
            (Some(file), Some(head)) => Some(remember(file, head)?),
            _ => None,
        };
        let language = language::of_terminal();
        let shown = Shown {
            verified: &verified,
            memory: remembered.as_ref(),
        };
        output.facts(&shown, || {
            let mut text = for_people(&verified, &tree, language);
            if self.memory.is_some() {
                text += &seen_before(remembered.as_ref(), verified.head.as_ref());
            }
            text
        })?;
        if let Some(failed) = failed(&verified) {
            return Err(Failure::Unproven(detail(failed, language).to_owned()));
        }
        if let Some(Remembered::Contradicts { .. }) = remembered {
            let who = verified.exported_by;
            return Err(Failure::Log(format!(
                "{who} signed two heads of its log that cannot both be true; both are shown above"
            )));
        }
        match verified.pending {
            true => Err(Failure::Pending(missing(&verified))),
            false => Ok(()),
        }
    }
}

/// Checks the digits of a proof on paper.
fn printed(
    digits: &[u8],
    keys: &[PathBuf],
    roots: &Roots,
    tree: &Tree,
) -> Result<Verified, Failure> {
    let mut files = vec![];
    for path in keys {
        files.push(fs::read(path).map_err(|error| Failure::File(path.clone(), error))?);
    }
    let files: Vec<&[u8]> = files.iter().map(|file| &file[..]).collect();
    let verified = proof::verify_printed(&String::from_utf8_lossy(digits), &files, roots, tree);
    verified.map_err(|error| match error {
        NoKeys::DoesNotHold(check) => {
            Failure::Unproven(detail(&check, language::of_terminal()).to_owned())
        }
        error => Failure::Usage(error.to_string()),
    })
}

/// What a check found, and how the head of the log stands to those seen before.
#[derive(Serialize)]
struct Shown<'v> {
    #[serde(flatten)]
    verified: &'v Verified,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<&'v Remembered>,
}

fn failed(verified: &Verified) -> Option<&Check> {
    let mut checks = verified.checks.iter();
    checks.find(|check| check.finding == Finding::Failed)
}

/// Compares a head with those in a file, and adds it unless it contradicts one of them.
fn remember(file: &Path, head: &SeenHead) -> Result<Remembered, Failure> {
    let failed = |error| Failure::File(file.to_owned(), error);
    let mut memory = match fs::read(file) {
        Ok(bytes) => Memory::read(&bytes)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Memory::default(),
        Err(error) => return Err(failed(error)),
    };
    let found = memory.compare(head);
    if matches!(found, Remembered::Contradicts { .. }) {
        return Ok(found);
    }
    memory.keep(head.clone());
    let mut written = file.as_os_str().to_owned();
    written.push(".new");
    let written = PathBuf::from(written);
    fs::write(&written, memory.write()).map_err(failed)?;
    fs::rename(&written, file).map_err(failed)?;
    Ok(found)
}

/// Tells how the head of a receipt stands to those seen before.
fn seen_before(found: Option<&Remembered>, head: Option<&SeenHead>) -> String {
    let entries = |one: &SeenHead| format!("{} entries, {}", one.size, moment(one.as_of_ms));
    let told = match found {
        None => "not compared: no head of a public log holds 没有可比对的日志头".to_owned(),
        Some(Remembered::First) => "first time, remembered 首次见到，已记下".to_owned(),
        Some(Remembered::Same) => "the same head 与上次相同".to_owned(),
        Some(Remembered::Grew { before }) => format!(
            "{}; it has grown, which only the log itself can prove (`wujitong log audit --since`) 已增长",
            entries(before)
        ),
        Some(Remembered::Earlier { newest }) => {
            format!("{}; this one is earlier 这一份更早", entries(newest))
        }
        Some(Remembered::Contradicts { before }) => {
            let mut text = format!("CONTRADICTS 前后矛盾: {}\n{}", entries(before), before.note);
            if let Some(head) = head {
                text += &format!("now 现在: {}\n{}", entries(head), head.note);
            }
            text
        }
    };
    format!("\nseen before 以前见过: {told}\n")
}

/// Names who did not countersign.
fn missing(verified: &Verified) -> String {
    let open = |check: &&Check| {
        check.what == What::Countersignature && check.finding == Finding::NotChecked
    };
    let checks = verified.checks.iter().filter(open);
    let who: Vec<_> = checks
        .filter_map(|check| check.about)
        .map(|division| division.to_string())
        .collect();
    who.join(" and ")
}

fn at_hand(path: &Path) -> Result<FileAtHand, Failure> {
    let content = fs::read(path).map_err(|error| Failure::File(path.to_owned(), error))?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(FileAtHand {
        name: escape(&name.to_string_lossy()),
        sha256: digest_of(&content),
    })
}

fn opening(file: &Path) -> Result<Opening, Failure> {
    let text = site::read(file)?;
    serde_json::from_str(&text).map_err(|error| {
        let hint = "use the file that `wujitong matter report --opening FILE` wrote";
        Failure::Usage(format!(
            "{} is not an opening: {error}; {hint}",
            file.display()
        ))
    })
}

/// Returns what a check found, in this language.
fn detail(check: &Check, language: Language) -> &str {
    told(language, &check.detail, &check.detail_chinese)
}

fn for_people(verified: &Verified, tree: &Tree, language: Language) -> String {
    let named = |code: DivisionCode| Some((code, tree.get(code)?.short_name().into_owned()));
    let divisions = verified.checks.iter().filter_map(|check| check.about);
    let steps = verified.steps.iter().map(|step| step.by);
    let receipts = verified.receipts.iter();
    let receipts = receipts.flat_map(|receipt| {
        let neighbours = receipt.from.into_iter().chain(receipt.to);
        neighbours.chain([receipt.division])
    });
    let all = divisions
        .chain(receipts)
        .chain(steps)
        .chain([verified.exported_by]);
    let names: BTreeMap<_, _> = all.filter_map(named).collect();
    let names = Names(&names);
    let holds = match verified.holds {
        true => "holds 有效",
        false => "DOES NOT HOLD 无效",
    };
    let mut facts = vec![("receipt", holds.to_owned())];
    if verified.pending {
        facts.push(("public log", "pending 未会签".to_owned()));
    }
    facts.extend(subject(verified));
    facts.extend([
        ("network", verified.network.clone()),
        ("made by", names.of(verified.exported_by)),
        ("as of", moment(verified.as_of_ms)),
        ("root", verified.root_sha256.join(", ")),
    ]);
    let mut text = pairs(facts);
    if !verified.steps.is_empty() {
        text += "\n";
        let row = |step: &ProvenStep| [moment(step.at.0), names.of(step.by), both(step.act)];
        text += &table(["at", "division", "step"], verified.steps.iter().map(row));
    }
    if !verified.receipts.is_empty() {
        text += "\n";
        let headings = ["receipt", "division", "at", "from", "to", "outcome"];
        let other = |other: Option<DivisionCode>| other.map_or("-".to_owned(), |o| names.of(o));
        let rows = verified.receipts.iter().map(|receipt| {
            [
                both(receipt.kind),
                names.of(receipt.division),
                moment(receipt.at.0),
                other(receipt.from),
                other(receipt.to),
                receipt.outcome.map_or("-".to_owned(), labels::outcome),
            ]
        });
        text += &table(headings, rows);
    }
    text += "\n";
    let row = |check: &Check| {
        [
            both(check.finding),
            both(check.what),
            check.about.map_or("-".to_owned(), |about| names.of(about)),
            detail(check, language).to_owned(),
        ]
    };
    text += &table(
        ["finding", "check", "division", "detail"],
        verified.checks.iter().map(row),
    );
    text
}

/// Says what the file is about: a matter, or the document of a disclosure.
fn subject(verified: &Verified) -> Vec<(&'static str, String)> {
    let mut about = vec![];
    about.extend(verified.matter.map(|matter| ("matter", matter.to_string())));
    if let Some(one) = &verified.disclosure {
        about.push((
            "disclosure",
            format!("{}, edition {}", one.number, one.edition),
        ));
        if one.text.is_none() {
            about.push(("SHA-256", one.sha256.clone()));
        }
        let document = one.text.as_deref().and_then(DisclosureDocument::read);
        about.extend(document.map(|told| {
            let DisclosureDocument {
                item,
                from,
                to,
                title,
                ..
            } = told;
            (
                "document",
                format!("{item} {from} – {to} {title}")
                    .trim_end()
                    .to_owned(),
            )
        }));
    }
    about
}
