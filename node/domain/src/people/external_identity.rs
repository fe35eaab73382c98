//! Identities that a provider vouches for, and checks on ID tokens (OpenID Connect Core 1.0).

use serde::{Deserialize, Serialize};

use crate::{
    suite::{Digest, Suite},
    time::Timestamp,
};

/// The largest difference between two clocks, in milliseconds.
pub const LEEWAY_MS: i64 = 60_000;
/// The longest time between leaving for the provider and coming back, in milliseconds.
pub const SIGN_IN_MS: i64 = 10 * 60_000;
/// The longest name of a person, in bytes (OpenID Connect Core 1.0, section 2).
const MOST_NAME: usize = 255;

/// A person, by the name that a provider has for them. It opens the linked account and has no other
/// use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalIdentity {
    /// Issuer URL of the provider, exactly as it states it.
    pub issuer: String,
    /// The claim that contains the name. The same value in another claim may be another person.
    pub claim: String,
    /// The name, compared exactly.
    pub name: String,
}

/// The error for a text that cannot be a person's name at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a provider's name for a person; use 1 to 255 bytes on one line, exactly as the \
     provider shows it"
)]
pub struct BadExternalIdentity;

impl ExternalIdentity {
    /// Builds the identity of a person at a provider.
    ///
    /// # Errors
    /// [`BadExternalIdentity`] if the name is empty, longer than 255 bytes, or has control characters.
    pub fn new(issuer: &str, claim: &str, name: &str) -> Result<Self, BadExternalIdentity> {
        let fits = (1..=MOST_NAME).contains(&name.len()) && !name.contains(char::is_control);
        fits.then(|| Self {
            issuer: issuer.to_owned(),
            claim: claim.to_owned(),
            name: name.to_owned(),
        })
        .ok_or(BadExternalIdentity)
    }

    /// Returns the digest by which it is found. It is the same in every suite, so that no name is
    /// stored twice.
    pub fn digest(&self) -> Digest {
        let parts = [&self.issuer, &self.claim, &self.name];
        let lengths = parts.map(|part| (part.len() as u64).to_be_bytes());
        Suite::Ed25519Blake3.digest(&[
            b"wujitong/passport/1",
            &lengths[0],
            parts[0].as_bytes(),
            &lengths[1],
            parts[1].as_bytes(),
            &lengths[2],
            parts[2].as_bytes(),
        ])
    }
}

/// The claims of an ID token whose signature was verified. Times are in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `aud`
    pub audience: Vec<String>,
    /// `azp`
    pub authorized_party: Option<String>,
    /// `exp`
    pub expires_s: i64,
    /// `iat`
    pub issued_s: i64,
    /// `nbf`
    pub not_before_s: Option<i64>,
    /// `nonce`
    pub nonce: Option<String>,
    /// `at_hash`
    pub access_hash: Option<String>,
    /// `email_verified`
    pub email_verified: bool,
    /// The claim with the person's name, if it is there and is a text.
    pub name: Option<String>,
}

/// The values against which the claims of an ID token are checked.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Issuer URL of the requested provider.
    pub issuer: &'a str,
    /// The client id that the provider has for this node.
    pub client: &'a str,
    /// The nonce of this sign-in, which nobody else knows.
    pub nonce: &'a str,
    /// Name of the claim with the person's name.
    pub claim: &'a str,
    /// The value `at_hash` must have for the access token that came with it.
    pub access_hash: &'a str,
    /// Time of the check.
    pub now: Timestamp,
}

/// The reason why an ID token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClaims {
    /// The token is from another issuer, or names none.
    #[error("it is from another issuer")]
    Issuer,
    /// The token is for another audience, or not for this node alone.
    #[error("it is not for this node, or not for it alone")]
    Audience,
    /// The token belongs to another sign-in.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// The token has expired.
    #[error("it has expired")]
    Expired,
    /// The token was issued in the future or long ago, or is not valid yet.
    #[error("it was issued in the future or long ago; check the clocks of both machines")]
    Issued,
    /// The token belongs to another access token.
    #[error("it belongs to another access token")]
    AccessToken,
    /// This claim is missing or cannot be a name.
    #[error("it has no `{0}` that names a person; set `oidc.claim` and `oidc.scopes`")]
    Unnamed(String),
    /// The provider has not verified that the mail address is theirs.
    #[error("the provider has not checked that this mail address is theirs")]
    Unverified,
}

impl Claims {
    /// Returns the person for whom a provider vouches (OpenID Connect Core 1.0, section 3.1.3.7).
    /// All texts are compared exactly; clocks may differ by [`LEEWAY_MS`].
    ///
    /// # Errors
    /// [`BadClaims`] with the first check that fails.
    pub fn vouch(self, expected: &Expected<'_>) -> Result<ExternalIdentity, BadClaims> {
        if self.issuer != expected.issuer {
            return Err(BadClaims::Issuer);
        }
        let for_others = |party: &String| party != expected.client;
        if self.audience != [expected.client]
            || self.authorized_party.as_ref().is_some_and(for_others)
        {
            return Err(BadClaims::Audience);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(BadClaims::Nonce);
        }
        let now = expected.now.0;
        let ms = |seconds: i64| seconds.saturating_mul(1_000);
        if now.saturating_sub(LEEWAY_MS) >= ms(self.expires_s) {
            return Err(BadClaims::Expired);
        }
        let latest = now.saturating_add(LEEWAY_MS);
        let earliest = now.saturating_sub(SIGN_IN_MS + LEEWAY_MS);
        let begins_later = self.not_before_s.is_some_and(|from| ms(from) > latest);
        if !(earliest..=latest).contains(&ms(self.issued_s)) || begins_later {
            return Err(BadClaims::Issued);
        }
        if self
            .access_hash
            .is_some_and(|hash| hash != expected.access_hash)
        {
            return Err(BadClaims::AccessToken);
        }
        if expected.claim == "email" && !self.email_verified {
            return Err(BadClaims::Unverified);
        }
        let unnamed = || BadClaims::Unnamed(expected.claim.to_owned());
        ExternalIdentity::new(&self.issuer, "sub", &self.subject)
            .map_err(|BadExternalIdentity| BadClaims::Unnamed("sub".to_owned()))?;
        let name = self.name.ok_or_else(unnamed)?;
        ExternalIdentity::new(&self.issuer, expected.claim, &name)
            .map_err(|BadExternalIdentity| unnamed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_790_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example",
            client: "node",
            nonce: "n",
            claim: "sub",
            access_hash: "h",
            now: Timestamp(NOW_S * 1_000),
        }
    }

    fn good() -> Claims {
        Claims {
            issuer: "https://id.example".to_owned(),
            subject: "248289761001".to_owned(),
            audience: vec!["node".to_owned()],
            expires_s: NOW_S + 300,
            issued_s: NOW_S - 1,
            nonce: Some("n".to_owned()),
            name: Some("248289761001".to_owned()),
            ..Claims::default()
        }
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Claims)) -> BadClaims {
        let mut claims = good();
        change(&mut claims);
        claims.vouch(&expected()).expect_err("it is refused")
    }

    #[test]
    fn who_is_vouched_for_is_named_by_issuer_claim_and_name() {
        let identity = good().vouch(&expected()).unwrap();
        assert_eq!(
            identity,
            ExternalIdentity::new("https://id.example", "sub", "248289761001").unwrap()
        );
        let mut whole = good();
        whole.authorized_party = Some("node".to_owned());
        whole.access_hash = Some("h".to_owned());
        whole.not_before_s = Some(NOW_S);
        assert_eq!(whole.vouch(&expected()).unwrap(), identity);
    }

    #[test]
    fn another_issuer_is_refused_however_alike_it_is() {
        for other in [
            "https://id.example/",
            "https://ID.example",
            "http://id.example",
            "",
        ] {
            assert_eq!(
                refused(|c| c.issuer = other.to_owned()),
                BadClaims::Issuer,
                "{other}"
            );
        }
    }

    #[test]
    fn what_is_for_others_is_refused_even_if_it_is_for_this_node_too() {
        for audience in [&[][..], &["other"], &["node", "other"], &["Node"]] {
            let audience: Vec<_> = audience.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(refused(|c| c.audience = audience), BadClaims::Audience);
        }
        let other = Some("other".to_owned());
        assert_eq!(refused(|c| c.authorized_party = other), BadClaims::Audience);
    }

    #[test]
    fn another_nonce_and_none_are_refused() {
        assert_eq!(refused(|c| c.nonce = None), BadClaims::Nonce);
        assert_eq!(
            refused(|c| c.nonce = Some("m".to_owned())),
            BadClaims::Nonce
        );
    }

    #[test]
    fn clocks_may_be_a_minute_apart_and_not_more() {
        let leeway = LEEWAY_MS / 1_000;
        let life = SIGN_IN_MS / 1_000;
        for (issued, expires, right) in [
            (0, -leeway + 1, true),
            (0, -leeway, false),
            (leeway, 300, true),
            (leeway + 1, 300, false),
            (-life - leeway, 300, true),
            (-life - leeway - 1, 300, false),
            (i64::MAX / 2, 300, false),
            (0, i64::MAX / 2, true),
        ] {
            let mut claims = good();
            claims.issued_s = NOW_S.saturating_add(issued);
            claims.expires_s = NOW_S.saturating_add(expires);
            assert_eq!(
                claims.vouch(&expected()).is_ok(),
                right,
                "{issued} {expires}"
            );
        }
        let later = refused(|c| c.not_before_s = Some(NOW_S + leeway + 1));
        assert_eq!(later, BadClaims::Issued);
    }

    #[test]
    fn the_token_of_another_access_token_is_refused() {
        let other = refused(|c| c.access_hash = Some("x".to_owned()));
        assert_eq!(other, BadClaims::AccessToken);
    }

    #[test]
    fn nobody_is_signed_in_who_is_not_named() {
        for name in [
            None,
            Some(String::new()),
            Some("a\n".to_owned()),
            Some("x".repeat(256)),
        ] {
            let unnamed = refused(|c| c.name = name);
            assert_eq!(unnamed, BadClaims::Unnamed("sub".to_owned()));
        }
        let unnamed = refused(|c| c.subject = String::new());
        assert_eq!(unnamed, BadClaims::Unnamed("sub".to_owned()));
    }

    #[test]
    fn a_mail_address_counts_only_if_the_provider_checked_it() {
        let expected = Expected {
            claim: "email",
            ..expected()
        };
        let mut claims = good();
        claims.name = Some("zs@zj.example".to_owned());
        assert_eq!(claims.clone().vouch(&expected), Err(BadClaims::Unverified));
        claims.email_verified = true;
        assert_eq!(claims.vouch(&expected).unwrap().claim, "email");
    }

    #[test]
    fn the_same_word_elsewhere_is_another_person() {
        let of = |issuer, claim, name| ExternalIdentity::new(issuer, claim, name).unwrap().digest();
        let mut digests = std::collections::BTreeSet::new();
        for (issuer, claim, name) in [
            ("https://a", "sub", "1"),
            ("https://b", "sub", "1"),
            ("https://a", "email", "1"),
            ("https://a", "sub", "2"),
            ("https://as", "ub", "1"),
            ("https://a", "su", "b1"),
        ] {
            digests.insert(of(issuer, claim, name));
        }
        assert_eq!(digests.len(), 6);
    }
}
