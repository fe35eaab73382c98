//! Tokens: secrets that are shown once and stored only as digests.

use std::{fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::suite::{Digest, Suite};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Opens a session.
    Session,
    /// Gives a program its permissions.
    Key,
    /// Opens one matter for its reporter.
    ReporterToken,
    /// Opens one draft for its writer.
    Draft,
    /// Opens the account of an administrator, once.
    Setup,
    /// Opens the record of a household.
    Household,
}

/// A token: 128 random bits and its kind. Printed as `wjs_`, `wjk_`, `wjr_`, `wjd_`, `wjo_` or `wjh_` and 32
/// hexadecimal digits, so that scanners recognise a leaked one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// The secret.
    pub secret: [u8; 16],
}

/// The error for a text that is not a token. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of a session, a key or a slip; copy it whole")]
pub struct BadToken;

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "wjs_",
            Self::Key => "wjk_",
            Self::ReporterToken => "wjr_",
            Self::Draft => "wjd_",
            Self::Setup => "wjo_",
            Self::Household => "wjh_",
        }
    }
}

impl Token {
    /// Returns the digest under which it is stored.
    pub fn digest(&self, suite: Suite) -> Digest {
        let tag = match self.kind {
            TokenKind::Session => b"wujitong/session/1",
            TokenKind::Key => b"wujitong/api-key/1",
            TokenKind::ReporterToken => b"wujitong/slip/1\0\0\0",
            TokenKind::Draft => b"wujitong/draft-key",
            TokenKind::Setup => b"wujitong/setup/1\0\0",
            TokenKind::Household => b"wujitong/household",
        };
        suite.digest(&[tag.as_slice(), &suite.id().to_be_bytes(), &self.secret])
    }

    /// Derives the slip of the report filed with this API key under an idempotency key, from the digests
    /// of that key and of the request's body. It is the
    /// same at every repetition, so it can be returned again without being stored. Nobody can
    /// compute it without this secret.
    pub fn reporter_token_of(&self, key: &Digest, body: &Digest) -> Self {
        Self::slip_from(&[b"wujitong/slip-of/1", &self.secret, key, body])
    }

    /// Derives the slip of the report that this draft becomes. It is the same at every repetition, so
    /// it can be shown again without being stored.
    pub fn slip_of_draft(&self) -> Self {
        Self::slip_from(&[b"wujitong/slip-of-draft/1", &self.secret])
    }

    fn slip_from(parts: &[&[u8]]) -> Self {
        let digest = Suite::Ed25519Blake3.digest(parts);
        let (secret, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        Self {
            kind: TokenKind::ReporterToken,
            secret: *secret,
        }
    }

    /// Returns the value that a page must send along with this session's cookie. It can only be
    /// computed from the cookie.
    pub fn csrf(&self) -> String {
        let digest = Suite::Ed25519Blake3.digest(&[b"wujitong/csrf/1", &self.secret]);
        HEXLOWER.encode(&digest[..16])
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.prefix())?;
        HEXLOWER.encode_display(&self.secret).fmt(f)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.kind.prefix())
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, BadToken> {
        let kinds = [
            TokenKind::Session,
            TokenKind::Key,
            TokenKind::ReporterToken,
            TokenKind::Draft,
            TokenKind::Setup,
            TokenKind::Household,
        ];
        let found = kinds
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)));
        let (kind, digits) = found.ok_or(BadToken)?;
        let secret = HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
        let secret = secret.map_err(|_| BadToken)?;
        Ok(Self {
            kind,
            secret: secret.try_into().map_err(|_| BadToken)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_shows_nothing_when_it_is_logged() {
        for kind in [
            TokenKind::Session,
            TokenKind::Key,
            TokenKind::ReporterToken,
            TokenKind::Draft,
            TokenKind::Setup,
            TokenKind::Household,
        ] {
            let token = Token {
                kind,
                secret: [0xa5; 16],
            };
            assert_eq!(token.to_string().parse(), Ok(token));
            assert!(!format!("{token:?}").contains("a5a5"));
        }
        for bad in ["", "wjs_", "wjx_00", "wjs_+0000000000000000000000000000000"] {
            assert_eq!(bad.parse::<Token>(), Err(BadToken), "{bad}");
        }
    }

    #[test]
    fn the_slip_of_a_repetition_is_another_for_every_key_request_and_body() {
        let key = |secret| Token {
            kind: TokenKind::Key,
            secret: [secret; 16],
        };
        let slip = key(1).reporter_token_of(&[1; 32], &[1; 32]);
        assert_eq!(slip, key(1).reporter_token_of(&[1; 32], &[1; 32]));
        assert_eq!(slip.kind, TokenKind::ReporterToken);
        for other in [
            key(2).reporter_token_of(&[1; 32], &[1; 32]),
            key(1).reporter_token_of(&[2; 32], &[1; 32]),
            key(1).reporter_token_of(&[1; 32], &[2; 32]),
        ] {
            assert_ne!(slip, other);
        }
    }

    #[test]
    fn the_same_secret_stands_for_different_things_under_different_digests() {
        let of = |kind, suite| {
            let secret = [7; 16];
            Token { kind, secret }.digest(suite)
        };
        let mut digests = std::collections::BTreeSet::new();
        for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
            for kind in [
                TokenKind::Session,
                TokenKind::Key,
                TokenKind::ReporterToken,
                TokenKind::Draft,
                TokenKind::Setup,
                TokenKind::Household,
            ] {
                digests.insert(of(kind, suite));
            }
        }
        assert_eq!(digests.len(), 12);
    }
}
