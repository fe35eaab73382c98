//! Checks a proof on paper with the keys in receipt files of the same log.

use domain::{
    heads::Witnesses,
    matter::Step,
    receipt::{Check, Finding, What, beyond_paper},
    saying::Saying,
};
use identity::Roots;
use log::{Checkpoint, Commitment, Entry, Vkey, WitnessKey, check_inclusion};
use topology::{DivisionCode, Tree};

use super::{Countersigned, PrintedProof, PrintedUnreadable, Subject};
use crate::{
    Document, ProvenStep, SeenHead, Verified,
    countersigned::{self, is_complete},
    hex, told,
    verify::{Opened, Unreadable},
};

/// The reason a proof on paper cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The digits cannot be read.
    #[error(transparent)]
    Printed(#[from] PrintedUnreadable),
    /// A file with keys is no receipt.
    #[error("the file with the keys: {0}")]
    Unreadable(#[from] Unreadable),
    /// A check of a file with keys failed.
    #[error("the file with the keys does not hold: {}; get another one", .0.detail)]
    DoesNotHold(Box<Check>),
    /// No file is of the log.
    #[error(
        "none of the files with keys is of the log of {0} that signed; get one with `wujitong log keys --node {0}`, or \
         take any receipt of that log"
    )]
    OtherLog(DivisionCode),
}

/// The keys of a log and of those who countersigned it, as a file states them.
struct LogKeys {
    network: [u8; 16],
    log: Vkey,
    witnesses: Vec<(DivisionCode, WitnessKey)>,
    /// Those of them whose nodes run in the process of the division itself.
    beside: Vec<DivisionCode>,
    as_of_ms: i64,
    root_sha256: Vec<String>,
    /// How the file was checked.
    checks: Vec<Check>,
}

/// Checks the digits of a proof on paper. `keys` are receipt files; any of the same log has its keys. Failures are
/// listed among the checks.
///
/// # Errors
/// [`NoKeys`].
pub fn verify_printed(
    text: &str,
    keys: &[&[u8]],
    roots: &Roots,
    tree: &Tree,
) -> Result<Verified, NoKeys> {
    let proof = PrintedProof::read(text)?;
    let mut known: Option<LogKeys> = None;
    for file in keys {
        let Some(found) = LogKeys::read(file, &proof, (roots, tree))? else {
            continue;
        };
        match &mut known {
            Some(known) => {
                known.witnesses.extend(found.witnesses);
                known.beside.extend(found.beside);
            }
            None => known = Some(found),
        }
    }
    let known = known.ok_or(NoKeys::OtherLog(proof.division))?;
    Ok(proof.verified(known, tree))
}

impl LogKeys {
    /// Reads the keys in a file; `None` if it is of another log.
    fn read(
        file: &[u8],
        proof: &PrintedProof,
        (roots, tree): (&Roots, &Tree),
    ) -> Result<Option<Self>, NoKeys> {
        let opened = Opened::read(file, roots, tree)?;
        let judged = opened.judged((None, &[]), roots, tree)?;
        if let Some(failed) = judged.checks.iter().find(|check| check.has_failed()) {
            return Err(NoKeys::DoesNotHold(Box::new(failed.clone())));
        }
        let manifest = &opened.manifest;
        let Some(text) = manifest.log.as_ref() else {
            return Ok(None);
        };
        let of_log = crate::log::head(manifest, text);
        let (Ok(head), Some(network)) = (of_log, crate::array(&manifest.network)) else {
            return Ok(None);
        };
        let log = text.key();
        let log = log.filter(|key| key.id() == proof.key && manifest.exported_by == proof.division);
        Ok(log.map(|log| Self {
            network,
            log,
            witnesses: countersigned::keys(manifest, text, &head, &opened.ring),
            beside: text.beside.clone(),
            as_of_ms: manifest.exported_at_ms,
            root_sha256: roots.fingerprints.clone(),
            checks: opened.checks.clone(),
        }))
    }
}

impl PrintedProof {
    fn verified(&self, keys: LogKeys, tree: &Tree) -> Verified {
        let about = Some(self.division);
        let of_log = |result: Result<Saying, Saying>| match result {
            Ok(detail) => Check::ok(What::Log, about, detail),
            Err(why) => Check::failed(What::Log, about, why),
        };
        let mut checks = keys.checks.clone();
        let head = self.head(&keys.log);
        let witnesses = Witnesses::of(self.division, tree);
        // Of who only claims to have countersigned nothing counts, the time least of all.
        let mut signed_at = None;
        match &head {
            Ok((head, _)) => {
                checks.push(of_log(Ok(told::log_signed(head.origin(), self.division))));
                checks.push(of_log(self.entered(&keys.network)));
                for one in &self.countersigned {
                    let check = one.check(&keys, head, &witnesses);
                    if check.finding == Finding::Ok {
                        let time = one.cosignature.time;
                        signed_at =
                            Some(signed_at.map_or(time, |earliest: u64| earliest.min(time)));
                    }
                    checks.push(check);
                }
                let open = countersigned::missing(self.division, &checks, &keys.beside, tree);
                checks.extend(open);
            }
            Err(why) => checks.push(of_log(Err(why.clone()))),
        }
        let (steps, unread) = self.read_steps();
        checks.extend(unread.map(|why| of_log(Err(why))));
        let holds = !checks.iter().any(Check::has_failed);
        let pending = holds && !is_complete(self.division, &checks, tree);
        let as_of_ms = as_of_ms(&steps, signed_at).unwrap_or(keys.as_of_ms);
        checks.extend(beyond_paper(self.division));
        let (matter, disclosure) = match &self.subject {
            Subject::Matter { id, .. } => (Some(*id), None),
            Subject::Disclosure {
                number,
                edition,
                document,
            } => {
                let document = Document {
                    number: number.to_string(),
                    edition: *edition,
                    sha256: hex(document).to_string(),
                    text: None,
                };
                (None, Some(document))
            }
        };
        Verified {
            holds,
            pending,
            network: hex(&keys.network).to_string(),
            matter,
            disclosure,
            exported_by: self.division,
            as_of_ms,
            root_sha256: keys.root_sha256,
            head: head.ok().filter(|_| holds).map(|(_, note)| SeenHead {
                division: self.division,
                size: self.size,
                key: keys.log.to_string(),
                note,
                as_of_ms,
            }),
            checks,
            receipts: vec![],
            steps: if holds { steps } else { vec![] },
        }
    }

    /// Builds the head anew and checks the log's signature of it. Returns it with the signed note.
    fn head(&self, key: &Vkey) -> Result<(Checkpoint, String), Saying> {
        let head = Checkpoint::new(key.name(), self.size, self.root);
        let note = head
            .map_err(told::head_unread)?
            .signed(key, &self.signature);
        let head = Checkpoint::open(note.as_bytes(), key).map_err(told::head_unread)?;
        Ok((head, note))
    }

    /// Builds the entry anew and checks that the log contains it.
    fn entered(&self, network: &[u8; 16]) -> Result<Saying, Saying> {
        let (index, size) = (self.index, self.size);
        let is_in =
            |entry: Entry| check_inclusion(&entry.encode(), index, (size, &self.root), &self.path);
        match &self.subject {
            Subject::Matter { id, suite, steps } => {
                let digest = wire::digest_of_history(*suite, id, steps);
                let commitment = Commitment::to_custody(network, &self.salt, suite.id(), &digest);
                let count = steps.len();
                is_in(Entry::Custody(commitment))
                    .map(|()| told::log_commits(index, size, count))
                    .map_err(|why| told::log_does_not_commit(index, size, count, why))
            }
            Subject::Disclosure {
                number,
                edition,
                document,
            } => {
                let commitment = Commitment::to_digest_of_document(network, &self.salt, document);
                is_in(Entry::of_edition(number.0, *edition, commitment))
                    .map(|()| told::log_disclosed(index, size, edition))
                    .map_err(|why| told::log_did_not_disclose(index, size, why))
            }
        }
    }

    /// Reads the steps that are proven, and says why not, if one cannot be read.
    pub(super) fn read_steps(&self) -> (Vec<ProvenStep>, Option<Saying>) {
        let Subject::Matter { steps, .. } = &self.subject else {
            return (vec![], None);
        };
        let read: Result<Vec<Step>, _> = steps.iter().map(|step| wire::decode_step(step)).collect();
        match read {
            Ok(read) => (read.iter().map(ProvenStep::of).collect(), None),
            Err(why) => (vec![], Some(told::unread(why))),
        }
    }
}

/// When what is proven was so: at the last step, or when the document had been entered at the latest, by the earliest
/// countersignature that holds, in seconds.
fn as_of_ms(steps: &[ProvenStep], signed_at: Option<u64>) -> Option<i64> {
    let signed = signed_at.and_then(|seconds| i64::try_from(seconds).ok());
    let last = steps.last().map(|step| step.at.0);
    last.or(signed.map(|seconds| seconds.saturating_mul(1000)))
}

impl Countersigned {
    fn check(&self, keys: &LogKeys, head: &Checkpoint, witnesses: &Witnesses) -> Check {
        let (what, by) = (What::Countersignature, Some(self.by));
        if !witnesses.contains(self.by) {
            return Check::failed(what, by, told::no_witness());
        }
        let mut known = keys.witnesses.iter();
        let known = known.find(|(division, key)| *division == self.by && key.id() == self.key);
        let Some((_, key)) = known else {
            return Check::not_checked(what, by, told::witness_key_unknown());
        };
        match key.verifies(head, &self.cosignature) {
            true => {
                let when = countersigned::when(self.cosignature.time);
                Check::ok(what, by, told::countersigned(head.size(), when))
            }
            false => Check::failed(what, by, told::countersignature_wrong()),
        }
    }
}
