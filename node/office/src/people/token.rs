//! Secrets that are handed out once and stored only as digests.

use std::{fmt, str::FromStr};

use domain::suite::{Digest, Suite};

use crate::request::Once;

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A session.
    Session,
    /// What a program may do.
    Key,
    /// One matter, for whoever reported it.
    Slip,
}

/// 128 random bits, and what they open. Printed as `wjs_`, `wjk_` or `wjr_` and 32 hexadecimal digits,
/// so that one left lying about is recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it opens.
    pub kind: TokenKind,
    /// The secret.
    pub secret: [u8; 16],
}

/// A text is not a token. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of a session, a key or a slip; copy it whole")]
pub struct BadToken;

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "wjs_",
            Self::Key => "wjk_",
            Self::Slip => "wjr_",
        }
    }
}

impl Token {
    /// What stands for it in the store.
    pub fn digest(&self, suite: Suite) -> Digest {
        let tag = match self.kind {
            TokenKind::Session => b"wujitong/session/1",
            TokenKind::Key => b"wujitong/api-key/1",
            TokenKind::Slip => b"wujitong/slip/1\0\0\0",
        };
        suite.digest(&[tag.as_slice(), &suite.id().to_be_bytes(), &self.secret])
    }

    /// The slip of what is filed with this key once, under a key of repetition: the same whenever it is
    /// asked for, so that it is told again without being kept. Whoever does not know this secret
    /// cannot tell it.
    pub fn slip_of(&self, once: &Once) -> Self {
        let parts = [
            b"wujitong/slip-of/1".as_slice(),
            &self.secret,
            &once.key,
            &once.body,
        ];
        let digest = Suite::Ed25519Blake3.digest(&parts);
        let (secret, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        Self {
            kind: TokenKind::Slip,
            secret: *secret,
        }
    }

    /// What a page must send along with this session's cookie; whoever knows the cookie knows it, and
    /// nobody else.
    pub fn csrf(&self) -> String {
        let digest = Suite::Ed25519Blake3.digest(&[b"wujitong/csrf/1", &self.secret]);
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.prefix())?;
        self.secret
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
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
        let kinds = [TokenKind::Session, TokenKind::Key, TokenKind::Slip];
        let found = kinds
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)));
        let (kind, digits) = found.ok_or(BadToken)?;
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BadToken);
        }
        let number = u128::from_str_radix(digits, 16).map_err(|_| BadToken)?;
        Ok(Self {
            kind,
            secret: number.to_be_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_shows_nothing_when_it_is_logged() {
        for kind in [TokenKind::Session, TokenKind::Key, TokenKind::Slip] {
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
        let once = |key, body| Once {
            key: [key; 32],
            body: [body; 32],
        };
        let key = |secret| Token {
            kind: TokenKind::Key,
            secret: [secret; 16],
        };
        let slip = key(1).slip_of(&once(1, 1));
        assert_eq!(slip, key(1).slip_of(&once(1, 1)));
        assert_eq!(slip.kind, TokenKind::Slip);
        for other in [
            key(2).slip_of(&once(1, 1)),
            key(1).slip_of(&once(2, 1)),
            key(1).slip_of(&once(1, 2)),
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
            for kind in [TokenKind::Session, TokenKind::Key, TokenKind::Slip] {
                digests.insert(of(kind, suite));
            }
        }
        assert_eq!(digests.len(), 6);
    }
}
