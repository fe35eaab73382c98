//! How a backup is sealed: as an age file, for keys or with a passphrase.

use std::io::{self, BufRead, Read, Write};

use age::{
    DecryptError, Decryptor, EncryptError, Encryptor,
    secrecy::{ExposeSecret, SecretString},
    stream::{StreamReader, StreamWriter},
    x25519,
};

/// The fewest characters of a passphrase that a backup is sealed with. It holds private keys, and whoever has the file can
/// try passphrases without end.
pub const LEAST_PASSPHRASE: usize = 12;

/// What every age file begins with, whatever its version.
const BEGINS: &[u8] = b"age-encryption.org/";

/// The most work, as a power of two, that opening a backup takes: 4 GiB of memory. age takes about a second's work of the
/// machine that sealed it.
const MOST_WORK: u8 = 22;

/// Why a key or passphrase is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// A line is no recipient.
    #[error(
        "`{0}` is not a recipient; write one that begins with age1, as `wujitong backup --new-key FILE` and age-keygen print it"
    )]
    Recipient(String),
    /// A private key was given where a recipient is wanted.
    #[error(
        "this is a private key; give the recipient that belongs to it, which begins with age1, and keep the key elsewhere"
    )]
    Private,
    /// There is no recipient.
    #[error("there is no recipient in it; write one to a line")]
    NoRecipient,
    /// A line is no private key.
    #[error("line {0} is not a private key of age; it begins with AGE-SECRET-KEY-1")]
    Identity(usize),
    /// There is no private key.
    #[error("there is no private key of age in it; it begins with AGE-SECRET-KEY-1")]
    NoIdentity,
    /// A passphrase is too short.
    #[error(
        "the passphrase is shorter than {LEAST_PASSPHRASE} characters; take a longer one, such as five random words"
    )]
    Short,
    /// There is no passphrase.
    #[error("its first line, the passphrase, is empty")]
    Empty,
}

/// Who may open a backup.
pub enum Sealer {
    /// Whoever has one of the private keys.
    Recipients(Vec<x25519::Recipient>),
    /// Whoever knows the passphrase.
    Passphrase(SecretString),
}

impl Sealer {
    /// Seals for these recipients (`age1…`).
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn for_recipients<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, BadKey> {
        let recipient = |text: &str| {
            if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
                return Err(BadKey::Private);
            }
            text.parse().map_err(|_| BadKey::Recipient(text.to_owned()))
        };
        let recipients: Vec<_> = texts.into_iter().map(recipient).collect::<Result<_, _>>()?;
        match recipients.is_empty() {
            true => Err(BadKey::NoRecipient),
            false => Ok(Self::Recipients(recipients)),
        }
    }

    /// Seals for the recipients of a file: one to a line, with empty lines and comments after `#`.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn for_recipients_of(file: &str) -> Result<Self, BadKey> {
        Self::for_recipients(lines(file).map(|(_, line)| line))
    }

    /// Seals with the passphrase that is the first line of a file.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn with_passphrase_of(file: &str) -> Result<Self, BadKey> {
        let passphrase = first_line(file)?;
        match passphrase.chars().count() < LEAST_PASSPHRASE {
            true => Err(BadKey::Short),
            false => Ok(Self::Passphrase(passphrase.to_owned().into())),
        }
    }

    /// Returns what can open it again, if that is known here.
    pub fn opener(&self) -> Option<Opener> {
        match self {
            Self::Recipients(_) => None,
            Self::Passphrase(passphrase) => Some(Opener::Passphrase(passphrase.clone())),
        }
    }

    /// Begins to seal what is written to `out`. With a passphrase it takes about a second.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn seal<W: Write>(&self, out: W) -> io::Result<Sealing<W>> {
        let sealed = match self {
            Self::Recipients(recipients) => {
                let recipients = recipients.iter().map(|one| one as &dyn age::Recipient);
                Encryptor::with_recipients(recipients).map_err(unsealed)?
            }
            Self::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
        };
        Ok(Sealing(sealed.wrap_output(out)?))
    }
}

fn unsealed(error: EncryptError) -> io::Error {
    match error {
        EncryptError::Io(error) => error,
        error => io::Error::other(error.to_string()),
    }
}

/// A backup that is being sealed.
pub struct Sealing<W: Write>(StreamWriter<W>);

impl<W: Write> Sealing<W> {
    /// Ends it; without this it counts as cut off.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Why a backup does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    /// It is no age file.
    #[error("it is not a backup of a node; name another file")]
    Foreign,
    /// Its beginning was changed or cut.
    #[error("its beginning is damaged; take another copy of it, or an earlier backup")]
    Damaged,
    /// It was sealed for other keys.
    #[error("none of the keys opens it; it was sealed for other ones")]
    OtherKeys,
    /// It was sealed with another passphrase.
    #[error("the passphrase does not open it")]
    OtherPassphrase,
    /// It was sealed with a passphrase, and a key was given.
    #[error("it was sealed with a passphrase; give that with --passphrase-file")]
    WantsPassphrase,
    /// It was sealed for keys, and a passphrase was given.
    #[error("it was sealed for a key; give the private one with --identity-file")]
    WantsKey,
    /// Opening takes more memory than is allowed.
    #[error(
        "opening it takes 2^{0} KiB of memory, more than this program takes; open it with age, and seal it anew"
    )]
    TooMuchWork(u8),
    /// It cannot be read.
    #[error("it cannot be read: {0}; check the disk")]
    Io(io::Error),
}

/// What opens a backup.
pub enum Opener {
    /// Private keys.
    Keys(Vec<x25519::Identity>),
    /// A passphrase.
    Passphrase(SecretString),
}

impl Opener {
    /// Reads the private keys of a file: one to a line, with empty lines and comments after `#`.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn keys_of(file: &str) -> Result<Self, BadKey> {
        let key =
            |(number, line): (usize, &str)| line.parse().map_err(|_| BadKey::Identity(number));
        let keys: Vec<_> = lines(file).map(key).collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(BadKey::NoIdentity),
            false => Ok(Self::Keys(keys)),
        }
    }

    /// Takes the first line of a file as passphrase.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn passphrase_of(file: &str) -> Result<Self, BadKey> {
        Ok(Self::Passphrase(first_line(file)?.to_owned().into()))
    }

    /// Opens a backup. What is read of it was not changed; that it is whole is known at its end.
    ///
    /// # Errors
    /// [`OpenFailure`]
    pub fn open<R: BufRead>(&self, mut input: R) -> Result<Opened<R>, OpenFailure> {
        let beginning = input.fill_buf().map_err(OpenFailure::Io)?;
        if !beginning.starts_with(BEGINS) {
            return Err(OpenFailure::Foreign);
        }
        let sealed = Decryptor::new_buffered(input).map_err(|error| self.failure(&error))?;
        match (self, sealed.is_scrypt()) {
            (Self::Keys(_), true) => return Err(OpenFailure::WantsPassphrase),
            (Self::Passphrase(_), false) => return Err(OpenFailure::WantsKey),
            _ => {}
        }
        let opened = match self {
            Self::Keys(keys) => {
                let mut keys = keys.iter().map(|key| key as &dyn age::Identity);
                sealed.decrypt(&mut keys)
            }
            Self::Passphrase(passphrase) => {
                let mut identity = age::scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(MOST_WORK);
                sealed.decrypt(std::iter::once(&identity as &dyn age::Identity))
            }
        };
        opened.map(Opened).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &DecryptError) -> OpenFailure {
        match error {
            DecryptError::UnknownFormat => OpenFailure::Foreign,
            DecryptError::NoMatchingKeys
            | DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed => match self {
                Self::Keys(_) => OpenFailure::OtherKeys,
                Self::Passphrase(_) => OpenFailure::OtherPassphrase,
            },
            DecryptError::ExcessiveWork { required, .. } => OpenFailure::TooMuchWork(*required),
            DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                OpenFailure::Damaged
            }
            DecryptError::Io(error) => {
                OpenFailure::Io(io::Error::new(error.kind(), error.to_string()))
            }
            _ => OpenFailure::Damaged,
        }
    }
}

/// The plaintext of a backup.
pub struct Opened<R>(StreamReader<R>);

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

/// A new key pair for backups.
pub struct KeyPair(x25519::Identity);

impl KeyPair {
    /// Draws one.
    pub fn draw() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Returns the recipient, for which backups are sealed.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// Returns the text of the file that opens them.
    pub fn file(&self) -> String {
        let key = self.0.to_string();
        format!(
            "# recipient: {}\n{}\n",
            self.recipient(),
            key.expose_secret()
        )
    }
}

/// Returns the lines of a file of keys with their numbers, without comments and empty ones.
fn lines(file: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.lines().enumerate();
    let lines = lines.map(|(at, line)| (at + 1, line.split('#').next().unwrap_or_default().trim()));
    lines.filter(|(_, line)| !line.is_empty())
}

fn first_line(file: &str) -> Result<&str, BadKey> {
    let line = file.lines().next().unwrap_or_default();
    match line.trim().is_empty() {
        true => Err(BadKey::Empty),
        false => Ok(line),
    }
}
