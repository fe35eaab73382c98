//! Signing in with the word of an OpenID Connect provider: the authorization code flow with PKCE
//! (OpenID Connect Core 1.0, RFC 6749, RFC 7636, RFC 9207, RFC 9700).
//!
//! The provider says who somebody is and nothing else; which account that opens was decided here, by
//! an administrator who linked it (`office/people/passports.rs`).

mod provider;
mod token;
mod under_way;

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use topology::DivisionCode;

pub use token::BadToken;
pub use under_way::Begun;

use domain::{
    actor::Actor,
    people::{Expected, ExternalIdentity},
    time::Timestamp,
};
use identity::Surroundings;
use office::people::Token;
use provider::{ClientAuthentication, Provider, ProviderMetadata};
use under_way::UnderWay;

use crate::envoy::{Envoy, EnvoyError, Question};

/// Where the provider sends people back to, behind the address of this process.
pub const CALLBACK: &str = "/v1/oidc/callback";
/// Everything that is asked of the provider for one request; less than a request may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Requests that ask the provider at once.
const MOST_AT_ONCE: usize = 16;
/// Longest answer to a code, bytes.
const MOST_GRANT: usize = 64 * 1024;

/// What the operator and the provider agreed on.
#[derive(Clone)]
pub struct SignInConfig {
    /// The provider, exactly as it calls itself.
    pub issuer: String,
    /// What it calls this process.
    pub client: String,
    /// What this process shows it.
    pub secret: String,
    /// Scheme, host and port where browsers reach this process.
    pub public_url: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that names a person.
    pub claim: String,
}

/// Signs people in, for all nodes of a process.
pub struct SignIn {
    terms: SignInConfig,
    envoy: Envoy,
    provider: Provider,
    under_way: UnderWay,
    places: Semaphore,
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not begun here, not in this browser, over, or done.
    #[error(
        "this sign-in was not begun in this browser, took too long, or is over; begin it again"
    )]
    NotBegun,
    /// The provider said no.
    #[error("the provider did not sign you in ({0}); begin again, or ask whoever runs it")]
    Refused(String),
    /// Another provider answered than was asked.
    #[error("the answer is not of the provider that was asked; begin the sign-in again")]
    Elsewhere,
    /// No code, and no reason.
    #[error("the provider sent you back with nothing to go by; begin the sign-in again")]
    NoCode,
    /// What it sent as a proof is none.
    #[error("what the provider says of you does not count: {0}; tell whoever runs this node")]
    Token(#[from] BadToken),
    /// It did not answer as it should.
    #[error(
        "the provider does not answer as it should; log in with a password, or try again later"
    )]
    Away(#[from] Away),
    /// Too many at once.
    #[error("too many people sign in at this moment; try again in a few seconds")]
    Crowded,
}

/// How a provider fails to answer. For the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Away {
    /// No answer.
    #[error(transparent)]
    Unreached(#[from] Arc<EnvoyError>),
    /// A status that is none of success.
    #[error("{what} was answered with status {status}; redirects are not followed")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// What came.
        status: StatusCode,
    },
    /// Not the JSON it should be.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What was asked for.
        what: &'static str,
        /// What is wrong.
        why: Cow<'static, str>,
    },
    /// All of it together took too long.
    #[error("the provider took longer than {seconds} s", seconds = PATIENCE.as_secs())]
    Slow,
    /// It failed a moment ago, and is left alone.
    #[error("the provider failed a moment ago: {0}")]
    LeftAlone(Arc<str>),
}

/// What a browser is sent away with.
pub struct AuthorizationRedirect {
    /// Where to.
    pub location: String,
    /// What it keeps, to be known again by.
    pub cookie: String,
}

/// Who sets out, and from where.
pub struct Leaving {
    /// The node they sign in at.
    pub node: DivisionCode,
    /// The path they come back to.
    pub back: String,
    /// The session they have now; it ends when the new one begins.
    pub session: Option<(Token, Actor)>,
}

/// What a browser comes back with.
#[derive(Clone, Debug, Default)]
pub struct Return {
    /// What the provider exchanges for its word.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Which provider says so.
    pub issuer: Option<String>,
}

/// What a code was exchanged for.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    token_type: String,
    id_token: String,
}

/// Why a code was not taken.
#[derive(Deserialize)]
struct NoGrant {
    error: String,
}

impl SignIn {
    /// Signs in by these terms. Nothing is asked of the provider before somebody signs in.
    pub fn new(terms: SignInConfig, envoy: Envoy) -> Self {
        token::ready();
        Self {
            provider: Provider::new(terms.issuer.clone()),
            terms,
            envoy,
            under_way: UnderWay::default(),
            places: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// With the certificates the operator named, or the machine's own.
    pub fn over_tls(
        terms: SignInConfig,
        roots: Option<std::path::PathBuf>,
        surroundings: Surroundings,
    ) -> Self {
        Self::new(terms, Envoy::new(roots, surroundings))
    }

    /// A person at this provider.
    ///
    /// # Errors
    /// [`BadExternalIdentity`](domain::people::BadExternalIdentity) if nobody can be called so.
    pub fn passport(
        &self,
        name: &str,
    ) -> Result<ExternalIdentity, domain::people::BadExternalIdentity> {
        ExternalIdentity::new(&self.terms.issuer, &self.terms.claim, name)
    }

    /// The provider, as it calls itself.
    pub fn issuer(&self) -> &str {
        &self.terms.issuer
    }

    /// Sends somebody to the provider.
    ///
    /// # Errors
    /// [`SignInError::Away`], [`SignInError::Crowded`].
    pub async fn set_out(
        &self,
        leaving: Leaving,
        now: Timestamp,
    ) -> Result<AuthorizationRedirect, SignInError> {
        let card = self.patiently(self.provider.card(&self.envoy, now)).await?;
        let [cookie, state, nonce, verifier] = std::array::from_fn(|_| secret());
        let redirect = self.redirect();
        let scopes = self.terms.scopes.join(" ");
        let challenge = challenge(&verifier);
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.terms.client),
            ("redirect_uri", &redirect),
            ("scope", &scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let to = &card.authorization_endpoint;
        let joint = if to.contains('?') { '&' } else { '?' };
        let location = format!("{to}{joint}{query}");
        let begun = Begun {
            leaving,
            nonce,
            verifier,
            at: now,
        };
        self.under_way.begin(&state, &cookie, begun);
        Ok(AuthorizationRedirect { location, cookie })
    }

    /// Finds the sign-in somebody comes back from, which is over with that.
    ///
    /// # Errors
    /// [`SignInError::NotBegun`].
    pub fn recognise(
        &self,
        state: &str,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> Result<Begun, SignInError> {
        let begun = cookie.and_then(|cookie| self.under_way.end(state, cookie, now));
        begun.ok_or(SignInError::NotBegun)
    }

    /// Whom the provider vouches for.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn vouched(
        &self,
        begun: &Begun,
        back: Return,
        now: Timestamp,
    ) -> Result<ExternalIdentity, SignInError> {
        self.patiently(self.exchange(begun, back, now)).await
    }

    async fn exchange(
        &self,
        begun: &Begun,
        back: Return,
        now: Timestamp,
    ) -> Result<ExternalIdentity, SignInError> {
        let card = self.provider.card(&self.envoy, now).await?;
        // RFC 9207, 2.4: what names another provider, or none where this one always does, is not of it.
        let names_another = back
            .issuer
            .as_ref()
            .is_some_and(|iss| *iss != self.terms.issuer);
        if names_another || (card.names_itself && back.issuer.is_none()) {
            return Err(SignInError::Elsewhere);
        }
        if let Some(error) = back.error {
            return Err(SignInError::Refused(harmless(&error)));
        }
        let code = back.code.ok_or(SignInError::NoCode)?;
        let grant = self.redeem(&card, &code, &begun.verifier).await?;
        let header = token::header(&grant.id_token)?;
        let keys = self.provider.keys(&self.envoy, &card, &header, now).await?;
        let claims = token::claims(&grant.id_token, &header, &keys, &self.terms.claim)?;
        let passport = claims.vouch(&Expected {
            issuer: &self.terms.issuer,
            client: &self.terms.client,
            nonce: &begun.nonce,
            claim: &self.terms.claim,
            access_hash: &token::access_hash(&header, &grant.access_token),
            now,
        });
        Ok(passport.map_err(BadToken::from)?)
    }

    /// Exchanges a code, once.
    async fn redeem(
        &self,
        card: &ProviderMetadata,
        code: &str,
        verifier: &str,
    ) -> Result<Grant, SignInError> {
        const WHAT: &str = "the code";
        let redirect = self.redirect();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier),
        ];
        let mut headers = HeaderMap::new();
        match card.authentication {
            ClientAuthentication::Basic => {
                headers.insert(header::AUTHORIZATION, self.basic());
            }
            ClientAuthentication::Post => {
                fields.push(("client_id", &self.terms.client));
                fields.push(("client_secret", &self.terms.secret));
            }
        }
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        let question = Question {
            method: Method::POST,
            headers,
            body: Bytes::from(form(&fields)),
            most: MOST_GRANT,
        };
        let reply = self.envoy.ask(&card.token_endpoint, question).await;
        let reply = reply.map_err(|error| Away::from(Arc::new(error)))?;
        if reply.status != StatusCode::OK {
            return Err(match serde_json::from_slice::<NoGrant>(&reply.body) {
                Ok(no) if reply.status.is_client_error() => {
                    let code = harmless(&no.error);
                    tracing::warn!(%code, "the provider does not take a code");
                    SignInError::Refused(code)
                }
                _ => Away::Status {
                    what: WHAT,
                    status: reply.status,
                }
                .into(),
            });
        }
        let unreadable = |why: Cow<'static, str>| Away::Unreadable { what: WHAT, why };
        let grant: Grant = serde_json::from_slice(&reply.body).map_err(|_| {
            unreadable("it is no answer with an access token and an ID token".into())
        })?;
        if !grant.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unreadable("its token is not of the type Bearer".into()).into());
        }
        Ok(grant)
    }

    /// RFC 6749, 2.3.1: both parts are encoded before they are joined.
    fn basic(&self) -> HeaderValue {
        let pair = format!(
            "{}:{}",
            encoded(&self.terms.client),
            encoded(&self.terms.secret)
        );
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut value = HeaderValue::try_from(format!("Basic {pair}"))
            .expect("base64 has visible characters only");
        value.set_sensitive(true);
        value
    }

    fn redirect(&self) -> String {
        format!("{}{CALLBACK}", self.terms.public_url)
    }

    /// Work that asks the provider, among few others and not for long.
    async fn patiently<T, E: Into<SignInError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, SignInError> {
        let place: Result<SemaphorePermit<'_>, _> = self.places.try_acquire();
        let _place = place.map_err(|_| SignInError::Crowded)?;
        match timeout(PATIENCE, work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(Away::Slow.into()),
        }
    }
}

/// 256 random bits, in 43 characters that need no encoding.
fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What proves later that the verifier was known (RFC 7636, 4.2, S256).
fn challenge(verifier: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// The code of an error, as far as it is one (RFC 6749, 5.2).
fn harmless(error: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
    let code: String = error.chars().filter(plain).take(60).collect();
    if code.is_empty() {
        return "it does not say why".to_owned();
    }
    code
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    pairs.join("&")
}

/// A text as it stands in forms and queries.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_secret_is_given_twice_and_none_needs_encoding() {
        let secrets: std::collections::BTreeSet<_> = (0..1_000).map(|_| secret()).collect();
        assert_eq!(secrets.len(), 1_000);
        assert!(
            secrets
                .iter()
                .all(|text| text.len() == 43 && encoded(text) == *text)
        );
    }

    #[test]
    fn an_error_of_a_provider_shows_no_more_than_its_code() {
        assert_eq!(harmless("access_denied"), "access_denied");
        assert_eq!(harmless("<b>a\u{202e}; x</b>"), "baxb");
        assert_eq!(harmless("…"), "it does not say why");
        assert_eq!(harmless(&"x".repeat(500)).len(), 60);
    }
}
