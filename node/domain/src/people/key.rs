//! API keys of other programs.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{BadAccount, Permission, check_name};
use crate::time::Timestamp;

/// Random name of an API key: 16 hexadecimal digits. It is not the secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiKeyId(pub [u8; 8]);

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ApiKeyId {
    type Err = BadApiKey;

    fn from_str(text: &str) -> Result<Self, BadApiKey> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        match number {
            Some(number) => Ok(Self(number.to_be_bytes())),
            None => Err(BadApiKey::Id(text.to_owned())),
        }
    }
}

/// Permission for a program to do some deeds in the name of a division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its random name.
    pub id: ApiKeyId,
    /// Its purpose.
    pub name: String,
    /// The deeds the program may do.
    pub deeds: BTreeSet<Permission>,
    /// The division it acts in.
    pub division: DivisionCode,
    /// Time it was made.
    pub made_at: Timestamp,
    /// Time from which it opens nothing any more.
    pub expires_at: Timestamp,
    /// Time it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// The reason why an API key is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadApiKey {
    /// The text is not the id of an API key.
    #[error(
        "`{0}` is not the id of an API key; it has 16 hexadecimal digits, see `wujitong api-key list`"
    )]
    Id(String),
    /// The name is not valid.
    #[error(transparent)]
    Name(#[from] BadAccount),
    /// The key names no deed.
    #[error("a key that may do nothing is of no use; name at least one deed")]
    Idle,
    /// The deed is one that no program may do.
    #[error("no program may do {0}; leave it to a person with an account")]
    ForPeople(Permission),
    /// The key lives no time at all or more than [`ApiKey::MOST_DAYS`] days.
    #[error("a key lives 1 to {most} days; make a new one before it ends", most = ApiKey::MOST_DAYS)]
    Life,
}

impl ApiKey {
    /// Longest life, in days.
    pub const MOST_DAYS: u32 = 400;

    /// Returns whether the key is neither taken back nor expired at this moment.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Checks its name, its life and its deeds.
    ///
    /// # Errors
    /// [`BadApiKey`].
    pub fn check(&self) -> Result<(), BadApiKey> {
        check_name(&self.name)?;
        let life = self.expires_at.since(self.made_at);
        if life == 0 || life > u64::from(Self::MOST_DAYS) * 86_400_000 {
            return Err(BadApiKey::Life);
        }
        match self.deeds.iter().find(|deed| !deed.is_for_programs()) {
            Some(deed) => Err(BadApiKey::ForPeople(*deed)),
            None if self.deeds.is_empty() => Err(BadApiKey::Idle),
            None => Ok(()),
        }
    }
}
