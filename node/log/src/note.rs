//! Signed notes and the keys that verify them (C2SP signed-note).
//!
//! A note is a text that ends with a newline, a blank line, and lines of signatures:
//!
//! ```text
//! — NAME BASE64( id 4 ‖ signature )
//! ```
//!
//! where the id is the beginning of SHA-256( NAME ‖ 0x0A ‖ type ‖ public key ). Lines of unknown keys are ignored.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64, HEXLOWER};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::tree::hash;

/// The longest note that is read, in bytes: a text of some hundred bytes and signatures of many cosigners.
pub const MOST_NOTE_BYTES: usize = 16 * 1024;
/// The longest name of a key, in bytes.
const MOST_NAME_BYTES: usize = 255;
/// The most signature lines that are read.
const MOST_LINES: usize = 64;
/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// Signature type of Ed25519 keys that sign the text of a note.
const ED25519_TYPE: u8 = 1;

/// The reason a text cannot name a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to 255 bytes of ASCII without blanks, controls and `+`")]
pub struct BadName;

pub(crate) fn check_name(name: &str) -> Result<(), BadName> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
    let length = (1..=MOST_NAME_BYTES).contains(&name.len());
    (length && name.bytes().all(fits))
        .then_some(())
        .ok_or(BadName)
}

/// A public Ed25519 key with its name and what it signs: the number of a signature type. As text it is what the
/// specification calls a vkey: `NAME+ID+BASE64(TYPE ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey<const TYPE: u8> {
    name: String,
    public: NoteKey,
}

/// A key that verifies a log's checkpoints.
pub type Vkey = NamedKey<ED25519_TYPE>;

/// A raw Ed25519 point.
pub type NoteKey = [u8; 32];

/// The reason a text is no vkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadVkey {
    /// It has not three parts.
    #[error("a key is written NAME+ID+KEY; copy it whole")]
    Form,
    /// Its name cannot be.
    #[error(transparent)]
    Name(#[from] BadName),
    /// It is of a type that this program does not verify.
    #[error("it is no Ed25519 key of the required type: 1 signs checkpoints, 4 countersigns them")]
    Type,
    /// Name, id and key do not belong together.
    #[error("its id is not that of its name and key, so it was changed or mistyped")]
    Id,
}

impl<const TYPE: u8> NamedKey<TYPE> {
    /// Names a public key.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn new(name: &str, public: NoteKey) -> Result<Self, BadName> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            public,
        })
    }

    /// Returns the name; that of a log is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key.
    pub const fn public(&self) -> &NoteKey {
        &self.public
    }

    /// Returns the id that stands before the key's signatures: the beginning of SHA-256( NAME ‖ 0x0A ‖ type ‖ key ).
    pub fn id(&self) -> [u8; 4] {
        let hash = hash(&[self.name.as_bytes(), b"\n", &[TYPE], &self.public]);
        let (id, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        *id
    }

    /// Returns whether a signature line names this key.
    pub(crate) fn is_of(&self, line: &SignatureLine<'_>) -> bool {
        line.name == self.name && line.id == self.id()
    }
}

impl Vkey {
    /// Returns the line that shows this key's signature of a note.
    pub fn line(&self, signature: &[u8]) -> String {
        line(&self.name, &[&self.id()[..], signature].concat())
    }

    /// Returns whether a signature line is this key's and verifies.
    pub(crate) fn signed(&self, text: &str, line: &SignatureLine<'_>) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        self.is_of(line) && key.verify(text.as_bytes(), &line.signature).is_ok()
    }
}

impl<const TYPE: u8> fmt::Display for NamedKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = HEXLOWER.encode(&self.id());
        let key = BASE64.encode(&[&[TYPE][..], &self.public].concat());
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl<const TYPE: u8> FromStr for NamedKey<TYPE> {
    type Err = BadVkey;

    fn from_str(text: &str) -> Result<Self, BadVkey> {
        let (name, rest) = text.split_once('+').ok_or(BadVkey::Form)?;
        let (id, key) = rest.split_once('+').ok_or(BadVkey::Form)?;
        let id = HEXLOWER.decode(id.as_bytes()).map_err(|_| BadVkey::Form)?;
        let key = BASE64.decode(key.as_bytes()).map_err(|_| BadVkey::Form)?;
        let (found, public) = key.split_first().ok_or(BadVkey::Type)?;
        if *found != TYPE {
            return Err(BadVkey::Type);
        }
        let key = Self::new(name, public.try_into().map_err(|_| BadVkey::Type)?)?;
        match key.id()[..] == id[..] {
            true => Ok(key),
            false => Err(BadVkey::Id),
        }
    }
}

/// Returns a signature line; the bytes are the id and what follows it.
pub(crate) fn line(name: &str, bytes: &[u8]) -> String {
    format!("{DASH}{name} {}\n", BASE64.encode(bytes))
}

/// A signature of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine<'n> {
    /// The name of the key.
    pub name: &'n str,
    /// The id of the key.
    pub id: [u8; 4],
    /// What follows the id.
    pub signature: Vec<u8>,
}

/// Reads a note: its text and its signatures. `None` if it is none.
pub(crate) fn read(note: &[u8]) -> Option<(&str, Vec<SignatureLine<'_>>)> {
    if note.len() > MOST_NOTE_BYTES {
        return None;
    }
    let note = std::str::from_utf8(note).ok()?;
    if note.chars().any(|one| one < ' ' && one != '\n') {
        return None;
    }
    let blank = note.rfind("\n\n")?;
    let (text, lines) = (&note[..=blank], &note[blank + 2..]);
    let lines = lines.strip_suffix('\n')?.split('\n');
    let mut signatures = vec![];
    for line in lines {
        if signatures.len() == MOST_LINES {
            return None;
        }
        let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
        let valid =
            !name.is_empty() && !name.contains(['+', '\n']) && !name.contains(char::is_whitespace);
        let bytes = BASE64.decode(bytes.as_bytes()).ok().filter(|_| valid)?;
        let (id, signature) = bytes.split_first_chunk()?;
        if signature.is_empty() {
            return None;
        }
        signatures.push(SignatureLine {
            name,
            id: *id,
            signature: signature.to_vec(),
        });
    }
    Some((text, signatures))
}
