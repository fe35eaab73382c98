//! The rules for passwords.

use serde::{Deserialize, Serialize};

/// Rules for new passwords.
///
/// They require a length and reject common passwords; they do not require a mixture of kinds of
/// characters (NIST SP 800-63B-4, 3.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRules {
    /// The fewest characters.
    pub least: usize,
    /// The most bytes, so that hashing takes bounded time.
    pub most_bytes: usize,
    /// The fewest different characters.
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

/// Returns the password in the form that is hashed: Unicode NFKC, as NIST SP 800-63B-4, 3.1.1.2,
/// says. The form does not depend on whether a keyboard sends `é` as one character or as two.
pub fn normalised(password: &str) -> String {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfkc()
        .normalize(password)
        .into_owned()
}

/// The reason why a password is not accepted. No variant repeats the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// It has fewer than this many characters.
    #[error("the password is too short; use at least {0} characters, for example four words")]
    Short(usize),
    /// It has more than this many bytes.
    #[error("the password is too long; use at most {0} bytes")]
    Long(usize),
    /// It repeats a few characters: fewer than this many are different.
    #[error("the password repeats the same few characters; use at least {0} different ones")]
    Plain(usize),
    /// It is one that everybody tries first.
    #[error("the password is one that everybody tries first; use another")]
    Usual,
    /// It is the one that is to be replaced.
    #[error("the new password is the present one; use another")]
    Same,
    /// It contains the login.
    #[error("the password contains the login; use another")]
    Login,
}

/// Common passwords that guessers try first, alone or as a prefix. They are compared without regard
/// to case.
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
    /// Checks whether a password may be set for this login.
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
        // The rest after a common prefix must be long enough to be a password by itself.
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
