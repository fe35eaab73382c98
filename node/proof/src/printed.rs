//! A proof on paper: what the public log of a division proves of a matter or a disclosure, without notices and keys, so
//! short that it fits a QR code. The keys come from a receipt file of the same log.
//!
//! Numbers are big-endian:
//!
//! ```text
//! u8 form 1 | u64 division | subject | 16 salt | u64 index | u64 size | 32 root
//! | u8 n | n × 32 path | 4 key of the log | 64 its signature
//! | u8 n | n × (u64 division | 4 key | u64 time | 64 signature) | 4 check
//! subject   u8 1 | 20 matter | u32 suite | u8 n | n × (u16 length | step as it is on the wire)
//!           u8 2 | 8 disclosure | u32 edition | 32 SHA-256 of the document
//! ```
//!
//! A key is named by the beginning of its hash, as in a signature line of a note. The check is the beginning of SHA-256
//! of all before it: it tells a slip of the finger from a forgery.

use bytes::Bytes;
use domain::{
    disclosure::{DisclosureId, digest_of},
    envelope::Payload,
    heads::Verdict,
    ids::MatterId,
    matter::Matter,
    receipt::{DisclosureEvidence, Evidence, LogProof, ProvenLeaf},
    suite::Suite,
};
use identity::{Identity, KeyError};
use log::{Cosignature, Hash, WitnessKey};
use topology::DivisionCode;

use super::{
    hex,
    log::{SignedHead, sign_head},
    verify::ProvenStep,
};

mod check;
mod digits;
#[cfg(test)]
mod tests;

pub use check::{NoKeys, verify_printed};
pub use digits::Unreadable as PrintedUnreadable;

/// Form of the bytes.
const FORM: u8 = 1;
/// Subjects.
const MATTER: u8 = 1;
const DISCLOSURE: u8 = 2;
/// A proof of a matter holds as many steps as fit so many bytes: 2,890 digits, a QR code of 133 modules at level M.
const MOST_BYTES_WITH_STEPS: usize = 1_156;
/// The first entry may be longer: so many bytes are 5,000 digits, which leave room for an address in the largest code.
const MOST_BYTES: usize = 2_000;

/// A proof on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedProof {
    /// The division whose log it is.
    division: DivisionCode,
    subject: Subject,
    salt: [u8; 16],
    /// Position of the entry, from 0.
    index: u64,
    /// Number of entries of the log.
    size: u64,
    root: Hash,
    /// The hashes from the entry up.
    path: Vec<Hash>,
    /// Begins the hash of the log's key.
    key: [u8; 4],
    signature: [u8; 64],
    countersigned: Vec<Countersigned>,
}

/// What the entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Matter {
        id: MatterId,
        suite: Suite,
        /// The first steps, as they are on the wire.
        steps: Vec<Bytes>,
    },
    Disclosure {
        number: DisclosureId,
        /// From 1.
        edition: u32,
        /// SHA-256 of the document.
        document: Hash,
    },
}

/// A countersignature of the head.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Countersigned {
    by: DivisionCode,
    /// Begins the hash of the key.
    key: [u8; 4],
    cosignature: Cosignature,
}

/// Makes the proof of a matter: of as many of its steps as fit, and at least those of the first entry. `None` if the
/// log has nothing of it, or that is longer than a code.
///
/// # Errors
/// [`KeyError`] if the key of the log cannot be used.
pub async fn print_matter(
    identity: &Identity,
    evidence: &Evidence,
) -> Result<Option<PrintedProof>, KeyError> {
    let words = evidence.kept.iter().map(|(bytes, _)| bytes);
    let notices = words.chain(&evidence.own).filter_map(notice);
    let latest = notices.max_by_key(|matter| matter.steps.len());
    let (Some(matter), Some(log)) = (latest, &evidence.log) else {
        return Ok(None);
    };
    let most = matter.steps.len().min(u8::MAX.into());
    let known = |leaf: &&ProvenLeaf| (1..=most).contains(&(leaf.steps as usize));
    let mut chosen: Option<PrintedProof> = None;
    for leaf in log.leaves.iter().filter(known) {
        let steps = wire::encode_steps(&matter, leaf.steps as usize);
        let subject = Subject::Matter {
            id: matter.id,
            suite: matter.suite,
            steps,
        };
        let proof = PrintedProof::of(identity, log, leaf, subject).await?;
        let most = match chosen {
            Some(_) => MOST_BYTES_WITH_STEPS,
            None => MOST_BYTES,
        };
        if proof.to_bytes().len() > most {
            break;
        }
        chosen = Some(proof);
    }
    Ok(chosen)
}

/// Makes the proof of an edition of a disclosure.
///
/// # Errors
/// [`KeyError`] if the key of the log cannot be used.
pub async fn print_disclosure(
    identity: &Identity,
    evidence: &DisclosureEvidence,
) -> Result<Option<PrintedProof>, KeyError> {
    let [leaf] = &evidence.log.leaves[..] else {
        return Ok(None);
    };
    let subject = Subject::Disclosure {
        number: evidence.number,
        edition: evidence.edition,
        document: digest_of(evidence.document.as_bytes()),
    };
    let proof = PrintedProof::of(identity, &evidence.log, leaf, subject).await?;
    Ok(Some(proof))
}

impl PrintedProof {
    /// Reads the digits of a proof, or an address that ends with `#` and them.
    ///
    /// # Errors
    /// [`PrintedUnreadable`].
    pub fn read(text: &str) -> Result<Self, PrintedUnreadable> {
        let bytes = digits::read(text)?;
        Self::from_bytes(&bytes).ok_or(PrintedUnreadable::Form)
    }

    /// Writes the proof as decimal digits.
    pub fn digits(&self) -> String {
        digits::write(&self.to_bytes())
    }

    /// Returns the division whose log it is.
    pub const fn division(&self) -> DivisionCode {
        self.division
    }

    /// Returns the beginning of the hash of the log's key, by which it is found among those of several logs.
    pub const fn key(&self) -> [u8; 4] {
        self.key
    }

    /// Returns the position of the entry, from 0, and the number of entries.
    pub const fn position(&self) -> (u64, u64) {
        (self.index, self.size)
    }

    /// Returns the steps of a matter that it proves; none for a disclosure, or if one cannot be read.
    pub fn steps(&self) -> Vec<ProvenStep> {
        self.read_steps().0
    }

    /// Returns SHA-256 of the document that it proves, in hexadecimal; `None` for a matter.
    pub fn document(&self) -> Option<String> {
        match &self.subject {
            Subject::Disclosure { document, .. } => Some(hex(document).to_string()),
            Subject::Matter { .. } => None,
        }
    }

    /// Returns who countersigned.
    pub fn countersigned(&self) -> impl Iterator<Item = DivisionCode> {
        self.countersigned.iter().map(|one| one.by)
    }

    async fn of(
        identity: &Identity,
        log: &LogProof,
        leaf: &ProvenLeaf,
        subject: Subject,
    ) -> Result<Self, KeyError> {
        let head = (log.epoch, log.size, log.root);
        let SignedHead { key, signature, .. } = sign_head(identity, head).await?;
        let signed = log.countersigned.iter();
        Ok(Self {
            division: identity.division(),
            subject,
            salt: leaf.salt,
            index: leaf.index,
            size: log.size,
            root: log.root,
            path: leaf.path.clone(),
            key: key.id(),
            signature,
            countersigned: signed
                .filter_map(|(bytes, _)| countersigned(bytes))
                .collect(),
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let count = |n: usize| u8::try_from(n).expect("a path and a history are short");
        let mut out = vec![FORM];
        out.extend(self.division.as_u64().to_be_bytes());
        match &self.subject {
            Subject::Matter { id, suite, steps } => {
                out.push(MATTER);
                out.extend(id.to_bytes());
                out.extend(suite.id().to_be_bytes());
                out.push(count(steps.len()));
                for step in steps {
                    let length = u16::try_from(step.len()).expect("a step is short");
                    out.extend(length.to_be_bytes());
                    out.extend(step);
                }
            }
            Subject::Disclosure {
                number,
                edition,
                document,
            } => {
                out.push(DISCLOSURE);
                out.extend(number.0);
                out.extend(edition.to_be_bytes());
                out.extend(document);
            }
        }
        out.extend(self.salt);
        out.extend(self.index.to_be_bytes());
        out.extend(self.size.to_be_bytes());
        out.extend(self.root);
        out.push(count(self.path.len()));
        out.extend(self.path.iter().flatten());
        out.extend(self.key);
        out.extend(self.signature);
        out.push(count(self.countersigned.len()));
        for one in &self.countersigned {
            out.extend(one.by.as_u64().to_be_bytes());
            out.extend(one.key);
            out.extend(one.cosignature.time.to_be_bytes());
            out.extend(one.cosignature.signature);
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let [FORM] = rest.take()? else { return None };
        let proof = Self {
            division: rest.division()?,
            subject: rest.subject()?,
            salt: rest.take()?,
            index: rest.u64()?,
            size: rest.u64()?,
            root: rest.take()?,
            path: rest.list(Reader::take)?,
            key: rest.take()?,
            signature: rest.take()?,
            countersigned: rest.list(Reader::countersigned)?,
        };
        rest.0.is_empty().then_some(proof)
    }
}

/// What is left to read.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn division(&mut self) -> Option<DivisionCode> {
        self.u64().and_then(DivisionCode::from_u64)
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let [count] = self.take()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn step(&mut self) -> Option<Bytes> {
        let length = self.take().map(u16::from_be_bytes)?;
        let (step, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(Bytes::copy_from_slice(step))
    }

    fn subject(&mut self) -> Option<Subject> {
        match self.take()? {
            [MATTER] => Some(Subject::Matter {
                id: MatterId::from_bytes(&self.take::<20>()?)?,
                suite: self.u32().and_then(Suite::from_id)?,
                steps: self.list(Self::step)?,
            }),
            [DISCLOSURE] => Some(Subject::Disclosure {
                number: DisclosureId(self.take()?),
                edition: self.u32().filter(|edition| *edition > 0)?,
                document: self.take()?,
            }),
            _ => None,
        }
    }

    fn countersigned(&mut self) -> Option<Countersigned> {
        Some(Countersigned {
            by: self.division()?,
            key: self.take()?,
            cosignature: Cosignature {
                time: self.u64()?,
                signature: self.take()?,
            },
        })
    }
}

/// Returns the matter of a notice.
fn notice(bytes: &Bytes) -> Option<Matter> {
    match wire::decode_envelope(bytes).ok()?.payload {
        Payload::Notice(matter) => Some(*matter),
        _ => None,
    }
}

/// Returns the countersignature in a signed envelope.
fn countersigned(bytes: &Bytes) -> Option<Countersigned> {
    let envelope = wire::decode_envelope(bytes).ok()?;
    let Payload::Countersignature(answer) = envelope.payload else {
        return None;
    };
    let Verdict::Cosigned { key, signed, .. } = answer.verdict else {
        return None;
    };
    let key: WitnessKey = key.parse().ok()?;
    Some(Countersigned {
        by: envelope.author,
        key: key.id(),
        cosignature: Cosignature {
            time: signed.time,
            signature: signed.signature,
        },
    })
}
