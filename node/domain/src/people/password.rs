//! What a password must be.

use serde::{Deserialize, Serialize};

/// Rules for new passwords.
///
/// Length and a list of the usual counts, not a mixture of kinds of characters: NIST SP 800-63B-4,
/// 3.1.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRules {
    /// Characters at least.
    pub least: usize,
    /// Bytes at most, so that hashing takes bounded time.
    pub most_bytes: usize,
    /// Different characters at least.
    pub different: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            least: 10,
            most_bytes: 256,
            different: 5,
        }
    }
}

/// A password as it is hashed: the same whether a keyboard sends `é` as one character or as two (Unicode
/// NFKC, as NIST SP 800-63B-4, 3.1.1.2, says).
pub fn normalised(password: &str) -> String {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfkc()
        .normalize(password)
        .into_owned()
}

/// Why a password is not taken. None of them repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short.
    #[error("the password is too short; take at least {0} characters, for example four words")]
    Short(usize),
    /// Too long.
    #[error("the password is too long; take at most {0} bytes")]
    Long(usize),
    /// A few characters again and again.
    #[error("the password repeats the same few characters; take at least {0} different ones")]
    Plain(usize),
    /// One that everybody tries first.
    #[error("the password is among those everybody tries first; take another")]
    Usual,
    /// It contains the login.
    #[error("the password contains the login; take another")]
    Login,
}

/// Beginnings and wholes that guessers try first. Compared without case.
const USUAL: [&str; 24] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "123456789",
    "1234567890",
    "12345678910",
    "0123456789",
    "9876543210",
    "qwertyuiop",
    "qwerty123",
    "1q2w3e4r5t",
    "1qaz2wsx3edc",
    "asdfghjkl",
    "abcdefghij",
    "abc123456",
    "a123456789",
    "woaini1314",
    "woaini520",
    "5201314520",
    "admin12345",
    "administrator",
    "wujitong",
    "zhejiang",
    "letmein123",
];

impl PasswordRules {
    /// Says whether a password may be set for this login.
    ///
    /// # Errors
    /// [`BadPassword`].
    pub fn check(&self, password: &str, login: &str) -> Result<(), BadPassword> {
        if password.chars().count() < self.least {
            return Err(BadPassword::Short(self.least));
        }
        if password.len() > self.most_bytes {
            return Err(BadPassword::Long(self.most_bytes));
        }
        let different: std::collections::BTreeSet<char> = password.chars().collect();
        if different.len() < self.different {
            return Err(BadPassword::Plain(self.different));
        }
        let lower = password.to_lowercase();
        // What stands after a usual beginning must be worth a password by itself.
        let guessed = |usual: &str| {
            let rest = lower.strip_prefix(usual);
            rest.is_some_and(|rest| rest.chars().count() < self.least)
        };
        if USUAL.iter().any(|usual| guessed(usual)) {
            return Err(BadPassword::Usual);
        }
        if login.len() >= 3 && lower.contains(login) {
            return Err(BadPassword::Login);
        }
        Ok(())
    }
}
