//! API keys of other programs.

use std::{collections::BTreeSet, fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{BadAccount, Permission, check_name};
use crate::time::Timestamp;

/// Random id of an API key: 16 hexadecimal digits. It is not the secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiKeyId(pub [u8; 8]);

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
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
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadApiKey::Id(text.chars().take(40).collect()))
    }
}

/// Permissions of a program that acts in the name of a division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its random id.
    pub id: ApiKeyId,
    /// Its purpose.
    pub name: String,
    /// The permissions of the program.
    pub permissions: BTreeSet<Permission>,
    /// The division it acts in.
    pub division: DivisionCode,
    /// Time of its creation.
    pub made_at: Timestamp,
    /// Time from which it is no longer valid.
    pub expires_at: Timestamp,
    /// Time of its revocation, if it was revoked.
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
    /// The key has no permission.
    #[error("a key that may do nothing is of no use; name at least one permission")]
    Idle,
    /// The permission is one that no program may have.
    #[error("no program may do {0}; leave it to a person with an account")]
    ForPeople(Permission),
    /// The key is valid for no time at all or for more than [`ApiKey::MOST_DAYS`] days.
    #[error("a key lives 1 to {most} days; make a new one before it ends", most = ApiKey::MOST_DAYS)]
    Life,
}

impl ApiKey {
    /// The longest validity, in days.
    pub const MOST_DAYS: u32 = 400;

    /// Returns whether the key is neither revoked nor expired at this moment.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Checks its name, its validity and its permissions.
    ///
    /// # Errors
    /// [`BadApiKey`].
    pub fn check(&self) -> Result<(), BadApiKey> {
        check_name(&self.name)?;
        let life = self.expires_at.since(self.made_at);
        if life == 0 || life > u64::from(Self::MOST_DAYS) * 86_400_000 {
            return Err(BadApiKey::Life);
        }
        match self
            .permissions
            .iter()
            .find(|permission| !permission.is_for_programs())
        {
            Some(permission) => Err(BadApiKey::ForPeople(*permission)),
            None if self.permissions.is_empty() => Err(BadApiKey::Idle),
            None => Ok(()),
        }
    }
}
