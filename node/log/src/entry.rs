//! Entries of the log: what a leaf says. Codes, digests and commitments; nothing that a person wrote.
//!
//! The first byte is the form, 1; the second the kind; numbers are big-endian:
//!
//! ```text
//! opening        16 network | u64 division | 16 epoch | 32 divisions
//!                | u8 0, or u8 1 | 16 epoch | u64 size | 32 root      the log before this one
//! template       u64 issuer | 32 name | u64 version | 32 envelope
//! disclosure     8 number | u32 edition | u8 state | 32 commitment
//! custody        32 commitment
//! key-statement  u64 division | 16 key | 32 statement
//! child-head     32 log | u64 size | 32 root
//! rollout        u64 issuer | 32 name | u64 version | u32 number | u8 act | 32 envelope
//! ```
//!
//! `divisions` is the digest of the list of divisions, `name` SHA-256 of the template's kind, a slash and its name, `envelope` and
//! `statement` SHA-256 of the exact signed bytes, `log` SHA-256 of the name of a log.

use topology::Term;

use super::tree::{Hash, hash};

/// The most bytes of an entry: 256 of them with their lengths fit one value of a store.
pub const MOST_ENTRY_BYTES: usize = 224;

const FORM: u8 = 1;
/// What a commitment begins with.
const COMMITMENT: &[u8] = b"wujitong/leaf/1";

topology::vocabulary! {
    /// What an entry is about.
    pub enum EntryKind: "kind of log entry" {
        /// The first entry of every log.
        Opening = 0, "opening", "开卷", "the log begins";
        /// Also of one that was corrected or taken down.
        Disclosure = 1, "disclosure", "公开", "a disclosure was published, corrected or taken down";
        /// Also of every template that is in force when a log begins.
        Template = 2, "template", "模板生效", "a template came into force";
        /// As a commitment: nobody sees whose matter it is or what was done.
        Custody = 3, "custody", "事项流转", "a matter went on";
        /// Of a child; the province also of its own.
        KeyStatement = 4, "key-statement", "密钥声明", "a key was stated";
        /// Once for each child and day, so that the head of a province commits to the log of every village.
        ChildHead = 5, "child-head", "下级日志", "the head of a child's log was seen";
        /// Not written by this program yet.
        Edition = 6, "edition", "区划版本", "a list of divisions came into force";
        /// Not written by this program yet.
        Closing = 7, "closing", "封卷", "the log ends";
        /// At the issuer every act; elsewhere that by which a template ended and nothing took its place.
        Rollout = 8, "rollout", "分批下发", "a version goes to a part of its scope first, to more, is paused, resumed or taken back";
    }
}

topology::vocabulary! {
    /// What an entry says of a disclosure.
    pub enum Disclosed: "state of a published disclosure" {
        Published = 1, "published", "公开", "it was published";
        Corrected = 2, "corrected", "更正", "a corrected edition was published";
        Withdrawn = 3, "withdrawn", "撤下", "it was taken down";
    }
}

/// The end of a log that another one follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Its epoch.
    pub epoch: [u8; 16],
    /// The leaves of it that are known.
    pub size: u64,
    /// Its root then.
    pub root: Hash,
}

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The network.
    pub network: [u8; 16],
    /// The division, as a number.
    pub division: u64,
    /// The life of the division's store.
    pub epoch: [u8; 16],
    /// Digest of the list of divisions.
    pub divisions: Hash,
    /// The log before it, if the node knows one.
    pub predecessor: Option<Predecessor>,
}

/// What a leaf says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// [`EntryKind::Opening`].
    Opening(Opening),
    /// [`EntryKind::Template`].
    Template {
        /// The division that issued it, as a number.
        issuer: u64,
        /// Digest of its kind and name.
        name: Hash,
        /// Its version.
        version: u64,
        /// Digest of the signed envelope that brought it.
        envelope: Hash,
    },
    /// [`EntryKind::Rollout`].
    Rollout {
        /// The division that issued it, as a number.
        issuer: u64,
        /// Digest of its kind and name.
        name: Hash,
        /// The version that is rolled out.
        version: u64,
        /// Number of the act.
        number: u32,
        /// The act, by its number.
        act: u8,
        /// Digest of the signed envelope that brought it.
        envelope: Hash,
    },
    /// [`EntryKind::Disclosure`].
    Disclosure {
        /// Its number.
        number: [u8; 8],
        /// The edition, from 1.
        edition: u32,
        /// What became of it.
        state: Disclosed,
        /// Commits to the published document, or to the ground for taking it down.
        commitment: Commitment,
    },
    /// [`EntryKind::Custody`].
    Custody(Commitment),
    /// [`EntryKind::KeyStatement`].
    KeyStatement {
        /// The division whose key it is, as a number.
        division: u64,
        /// The key's id.
        key: [u8; 16],
        /// Digest of the signed statement.
        statement: Hash,
    },
    /// [`EntryKind::ChildHead`].
    ChildHead {
        /// Digest of the name of the child's log.
        log: Hash,
        /// Number of its leaves.
        size: u64,
        /// Its root.
        root: Hash,
    },
}

/// A digest that opens only to whoever has the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(pub Hash);

impl Commitment {
    /// Commits to the history of a matter: SHA-256 of a tag, the kind, the network, the salt, the suite's number
    /// and the digest in that suite.
    pub fn to_custody(network: &[u8; 16], salt: &[u8; 16], suite: u32, digest: &Hash) -> Self {
        Self::of(EntryKind::Custody, network, salt, (suite, digest))
    }

    /// Commits to the published document of a disclosure in the same way; the digest is SHA-256 of its bytes, of
    /// suite 2.
    pub fn to_document(network: &[u8; 16], salt: &[u8; 16], document: &[u8]) -> Self {
        Self::to_digest_of_document(network, salt, &hash(&[document]))
    }

    /// Commits to a published document of which only SHA-256 is known.
    pub fn to_digest_of_document(network: &[u8; 16], salt: &[u8; 16], sha256: &Hash) -> Self {
        Self::of(EntryKind::Disclosure, network, salt, (2, sha256))
    }

    fn of(
        kind: EntryKind,
        network: &[u8; 16],
        salt: &[u8; 16],
        (suite, digest): (u32, &Hash),
    ) -> Self {
        let kind = [kind.number() as u8];
        let suite = suite.to_be_bytes();
        Self(hash(&[COMMITMENT, &kind, network, salt, &suite, digest]))
    }
}

/// The reason bytes are no entry that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    /// A later form.
    #[error("entries of form {0} need a newer program")]
    Form(u8),
    /// A kind of a later program.
    #[error("entries of kind {0} need a newer program")]
    Kind(u8),
    /// It ends too early, goes on too long, or is empty.
    #[error("an entry has another length than one of its kind")]
    Length,
    /// A mark or a state is none that there is.
    #[error("an entry has a mark or a state that does not exist")]
    Mark,
}

impl Entry {
    /// Returns the entry of a published edition of a disclosure, from 1; those after the first are corrected.
    pub const fn of_edition(number: [u8; 8], edition: u32, commitment: Commitment) -> Self {
        Self::Disclosure {
            number,
            edition,
            state: match edition {
                ..=1 => Disclosed::Published,
                2.. => Disclosed::Corrected,
            },
            commitment,
        }
    }

    /// Returns what it is about.
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Opening(_) => EntryKind::Opening,
            Self::Template { .. } => EntryKind::Template,
            Self::Rollout { .. } => EntryKind::Rollout,
            Self::Disclosure { .. } => EntryKind::Disclosure,
            Self::Custody(_) => EntryKind::Custody,
            Self::KeyStatement { .. } => EntryKind::KeyStatement,
            Self::ChildHead { .. } => EntryKind::ChildHead,
        }
    }

    /// Returns its bytes, at most [`MOST_ENTRY_BYTES`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORM, self.kind().number() as u8];
        match self {
            Self::Opening(opening) => {
                out.extend(opening.network);
                out.extend(opening.division.to_be_bytes());
                out.extend(opening.epoch);
                out.extend(opening.divisions);
                out.push(opening.predecessor.is_some().into());
                if let Some(before) = &opening.predecessor {
                    out.extend(before.epoch);
                    out.extend(before.size.to_be_bytes());
                    out.extend(before.root);
                }
            }
            Self::Template {
                issuer,
                name,
                version,
                envelope,
            } => {
                out.extend(issuer.to_be_bytes());
                out.extend(name);
                out.extend(version.to_be_bytes());
                out.extend(envelope);
            }
            Self::Rollout {
                issuer,
                name,
                version,
                number,
                act,
                envelope,
            } => {
                out.extend(issuer.to_be_bytes());
                out.extend(name);
                out.extend(version.to_be_bytes());
                out.extend(number.to_be_bytes());
                out.push(*act);
                out.extend(envelope);
            }
            Self::Disclosure {
                number,
                edition,
                state,
                commitment,
            } => {
                out.extend(number);
                out.extend(edition.to_be_bytes());
                out.push(state.number() as u8);
                out.extend(commitment.0);
            }
            Self::Custody(Commitment(digest)) => out.extend(digest),
            Self::KeyStatement {
                division,
                key,
                statement,
            } => {
                out.extend(division.to_be_bytes());
                out.extend(key);
                out.extend(statement);
            }
            Self::ChildHead { log, size, root } => {
                out.extend(log);
                out.extend(size.to_be_bytes());
                out.extend(root);
            }
        }
        out
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`BadEntry`] for bytes that [`Entry::encode`] does not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEntry> {
        let mut from = Reader(bytes);
        match from.byte()? {
            FORM => {}
            form => return Err(BadEntry::Form(form)),
        }
        let kind = from.byte()?;
        let entry = match EntryKind::of_number(kind.into()) {
            Some(EntryKind::Opening) => Self::Opening(Opening {
                network: from.array()?,
                division: from.number()?,
                epoch: from.array()?,
                divisions: from.array()?,
                predecessor: match from.byte()? {
                    0 => None,
                    1 => Some(Predecessor {
                        epoch: from.array()?,
                        size: from.number()?,
                        root: from.array()?,
                    }),
                    _ => return Err(BadEntry::Mark),
                },
            }),
            Some(EntryKind::Template) => Self::Template {
                issuer: from.number()?,
                name: from.array()?,
                version: from.number()?,
                envelope: from.array()?,
            },
            Some(EntryKind::Rollout) => Self::Rollout {
                issuer: from.number()?,
                name: from.array()?,
                version: from.number()?,
                number: u32::from_be_bytes(from.array()?),
                act: from.byte()?,
                envelope: from.array()?,
            },
            Some(EntryKind::Disclosure) => Self::Disclosure {
                number: from.array()?,
                edition: u32::from_be_bytes(from.array()?),
                state: Disclosed::of_number(from.byte()?.into()).ok_or(BadEntry::Mark)?,
                commitment: Commitment(from.array()?),
            },
            Some(EntryKind::Custody) => Self::Custody(Commitment(from.array()?)),
            Some(EntryKind::KeyStatement) => Self::KeyStatement {
                division: from.number()?,
                key: from.array()?,
                statement: from.array()?,
            },
            Some(EntryKind::ChildHead) => Self::ChildHead {
                log: from.array()?,
                size: from.number()?,
                root: from.array()?,
            },
            _ => return Err(BadEntry::Kind(kind)),
        };
        from.0.is_empty().then_some(entry).ok_or(BadEntry::Length)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadEntry> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BadEntry::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, BadEntry> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, BadEntry> {
        Ok(u64::from_be_bytes(self.array()?))
    }
}
