//! Checkpoints: the size and root of a log, signed (C2SP tlog-checkpoint).

use std::fmt;

use data_encoding::BASE64;

use super::{
    note::{self, BadName, Vkey, check_name},
    tree::{Hash, MOST_LEAVES},
};

/// The head of a log. Its text, which is signed, has three lines: origin, size, root in base64. There are no further
/// lines: what belongs to a log for ever is in its origin and its first entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

/// The reason bytes are no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// It is no signed note.
    #[error("it is not a signed note: a text, a blank line, and lines of signatures")]
    Note,
    /// The text is not that of a checkpoint.
    #[error("its text is not origin, size and root, each on a line")]
    Text,
}

/// The reason a checkpoint does not count as one of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoesNotHold {
    /// It cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Unreadable(#[from] BadCheckpoint),
    /// It is of another log.
    #[error("the checkpoint is of the log {0}, another one")]
    Origin(String),
    /// The log's key did not sign it.
    #[error("the checkpoint has no signature with the key of its log")]
    Unsigned,
    /// The signature is not one of this text.
    #[error("the signature of the checkpoint is not one of its text")]
    Signature,
}

impl Checkpoint {
    /// Makes the head of a log of `size` leaves, from 1 to [`MOST_LEAVES`].
    ///
    /// # Errors
    /// [`BadName`] for an origin that cannot name a key.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, BadName> {
        check_name(origin)?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// Returns the name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root of the tree.
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// Returns the note with the log's signature of its text under it.
    pub fn signed(&self, key: &Vkey, signature: &[u8]) -> String {
        format!("{self}\n{}", key.line(signature))
    }

    /// Reads the checkpoint in a note, and verifies nothing.
    ///
    /// # Errors
    /// [`BadCheckpoint`].
    pub fn read(note: &[u8]) -> Result<Self, BadCheckpoint> {
        let (text, _) = note::read(note).ok_or(BadCheckpoint::Note)?;
        Self::of_text(text).ok_or(BadCheckpoint::Text)
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root = BASE64.decode(root.as_bytes()).ok()?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: root.try_into().ok()?,
        };
        check_name(origin).ok()?;
        let possible = (1..=MOST_LEAVES).contains(&checkpoint.size);
        // No sign or zero before the size, and no line after the root.
        (possible && checkpoint.to_string() == text).then_some(checkpoint)
    }

    /// Reads a note and checks that it is one of the log whose key this is.
    ///
    /// # Errors
    /// [`DoesNotHold`].
    pub fn open(note: &[u8], key: &Vkey) -> Result<Self, DoesNotHold> {
        let (text, lines) = note::read(note).ok_or(BadCheckpoint::Note)?;
        let checkpoint = Self::of_text(text).ok_or(BadCheckpoint::Text)?;
        if checkpoint.origin != key.name() {
            return Err(DoesNotHold::Origin(checkpoint.origin));
        }
        let mut own = lines.iter().filter(|line| key.is_of(line)).peekable();
        own.peek().ok_or(DoesNotHold::Unsigned)?;
        // Every line that claims to be of this key must verify, as in signed-note.
        match own.all(|line| key.signed(text, line)) {
            true => Ok(checkpoint),
            false => Err(DoesNotHold::Signature),
        }
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root } = self;
        writeln!(f, "{origin}\n{size}\n{}", BASE64.encode(root))
    }
}
