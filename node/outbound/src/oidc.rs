//! Sign-in with an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect
//! Core 1.0, RFC 6749, RFC 7636, RFC 9207, RFC 9700).
//!
//! The provider only identifies a person. The account that the person opens is the one to which an
//! administrator linked them at this node (`office/people/external_identities.rs`).

mod provider;
mod token;
mod under_way;

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
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

use crate::http_client::{HttpClient, HttpError, Policy};

/// Path to which the provider sends people back, below the public address of this process.
pub const CALLBACK: &str = "/v1/oidc/callback";
/// Time limit for all requests to the provider during one request of a person; less than that
/// request may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// The most requests that use the provider at the same time.
const MOST_AT_ONCE: usize = 16;
/// Characters that are escaped in forms and queries: all but the unreserved ones of RFC 3986, 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The longest answer to a code, in bytes.
const MOST_GRANT: usize = 64 * 1024;

/// Settings that the operator and the provider agreed on.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInConfig {
    /// The provider's issuer, exactly as the provider states it.
    pub issuer: String,
    /// Client id of this process at the provider.
    pub client: String,
    /// Client secret of this process.
    pub secret: String,
    /// Scheme, host and port where browsers reach this process.
    pub public_url: String,
    /// Scopes to request.
    pub scopes: Vec<String>,
    /// The claim that identifies a person.
    pub claim: String,
    /// PEM file with the authorities that vouch for the provider; `None` takes those of the machine.
    pub roots: Option<std::path::PathBuf>,
}

/// Signs people in, for all nodes of a process.
pub struct SignIn {
    terms: SignInConfig,
    client: HttpClient,
    provider: Provider,
    under_way: UnderWay,
    places: Semaphore,
}

/// Why a person was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The sign-in was not begun here or in this browser, took too long, or is over.
    #[error(
        "this sign-in was not begun in this browser, took too long, or is over; begin it again"
    )]
    NotBegun,
    /// The provider refused.
    #[error("the provider did not sign you in ({0}); begin again, or ask whoever runs it")]
    Refused(String),
    /// The answer is from another provider than the one asked.
    #[error("the answer is from another provider; begin the sign-in again")]
    Elsewhere,
    /// The answer has neither a code nor an error.
    #[error("the provider sent you back without a result; begin the sign-in again")]
    NoCode,
    /// The ID token is not valid.
    #[error("the provider's token is not valid: {0}; tell the operator of this node")]
    Token(#[from] BadToken),
    /// The provider did not answer correctly.
    #[error("the provider does not answer correctly; log in with a password, or try again later")]
    Away(#[from] Away),
    /// Too many people are signing in.
    #[error("too many people are signing in now; try again in a few seconds")]
    Crowded,
}

/// Failure of a provider to answer; for the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Away {
    /// There was no answer.
    #[error(transparent)]
    Unreached(#[from] Arc<HttpError>),
    /// The status is not a success.
    #[error("{what} was answered with status {status}; redirects are not followed")]
    Status {
        /// The request.
        what: &'static str,
        /// The status.
        status: StatusCode,
    },
    /// The answer is not the expected JSON.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// The request.
        what: &'static str,
        /// The error.
        why: Cow<'static, str>,
    },
    /// All requests together took too long.
    #[error("the provider took longer than {seconds} s", seconds = PATIENCE.as_secs())]
    Slow,
    /// The provider failed a moment ago and is not asked again yet.
    #[error("the provider failed a moment ago: {0}")]
    LeftAlone(Arc<str>),
}

/// A redirect of a browser, and the cookie to set.
pub struct AuthorizationRedirect {
    /// URL of the redirect.
    pub location: String,
    /// Cookie that identifies the browser when it comes back.
    pub cookie: String,
}

/// Context of a sign-in: node, path to return to, present session.
pub struct Leaving {
    /// The node at which they sign in.
    pub node: DivisionCode,
    /// The path to which they return.
    pub back: String,
    /// Their present session; it ends when the new one begins.
    pub session: Option<(Token, Actor)>,
    /// Scheme, host and port where they began, if that is another host than the one to which the provider
    /// sends browsers. Only there is the cookie that knows the browser again.
    pub origin: Option<String>,
}

/// Parameters with which a browser comes back.
#[derive(Clone, Debug, Default)]
pub struct Return {
    /// Code to exchange for the token.
    pub code: Option<String>,
    /// The error, if there is no code.
    pub error: Option<String>,
    /// The provider that sent the browser back.
    pub issuer: Option<String>,
}

/// The answer to a code.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    token_type: String,
    id_token: String,
}

/// Why a code was refused.
#[derive(Deserialize)]
struct NoGrant {
    error: String,
}

impl SignIn {
    /// Builds the client. Sends no request until somebody signs in.
    pub fn new(terms: SignInConfig, client: HttpClient) -> Self {
        token::ready();
        Self {
            provider: Provider::new(terms.issuer.clone()),
            terms,
            client,
            under_way: UnderWay::default(),
            places: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// Builds the client with the certificates the operator named, or those of the machine.
    pub fn over_tls(terms: SignInConfig, surroundings: Surroundings) -> Self {
        let client = HttpClient::new(Policy::Provider, terms.roots.clone(), surroundings);
        Self::new(terms, client)
    }

    /// Returns whether it was built from these settings.
    pub fn is_of(&self, terms: &SignInConfig) -> bool {
        self.terms == *terms
    }

    /// Returns the identity of a person at this provider.
    ///
    /// # Errors
    /// [`BadExternalIdentity`](domain::people::BadExternalIdentity) if the subject is not valid.
    pub fn identity(
        &self,
        name: &str,
    ) -> Result<ExternalIdentity, domain::people::BadExternalIdentity> {
        ExternalIdentity::new(&self.terms.issuer, &self.terms.claim, name)
    }

    /// Returns the provider's issuer.
    pub fn issuer(&self) -> &str {
        &self.terms.issuer
    }

    /// Returns whether browsers come back from the provider to this host, given as in `Host`.
    pub fn is_for_host(&self, host: &str) -> bool {
        let own = self.terms.public_url.split_once("://");
        own.is_some_and(|(_, own)| own.eq_ignore_ascii_case(host))
    }

    /// Returns scheme, host and port of a page on this host, given as in `Host`; `None` on the host to which
    /// the provider sends browsers. All hosts of a process have the scheme of `public_url`.
    pub fn origin_of(&self, host: &str) -> Option<String> {
        let (scheme, _) = self.terms.public_url.split_once("://")?;
        (!self.is_for_host(host)).then(|| format!("{scheme}://{host}"))
    }

    /// Returns the origin where the sign-in with this `state` began, if the provider cannot send the browser
    /// there itself. It ends nothing: whoever comes back there still needs the cookie of that host.
    pub fn began_at(&self, state: &str, now: Timestamp) -> Option<String> {
        self.under_way.origin(state, now)
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`SignInError::Away`], [`SignInError::Crowded`].
    pub async fn set_out(
        &self,
        leaving: Leaving,
        now: Timestamp,
    ) -> Result<AuthorizationRedirect, SignInError> {
        let card = self
            .patiently(self.provider.card(&self.client, now))
            .await?;
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

    /// Finds the sign-in that a browser comes back from, and ends it.
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

    /// Returns the person that the provider identifies.
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
        let card = self.provider.card(&self.client, now).await?;
        // RFC 9207, 2.4: rejects an answer that names another provider, or none if this provider
        // always names itself.
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
        let keys = self
            .provider
            .keys(&self.client, &card, &header, now)
            .await?;
        let claims = token::claims(&grant.id_token, &header, &keys, &self.terms.claim)?;
        let identity = claims.vouch(&Expected {
            issuer: &self.terms.issuer,
            client: &self.terms.client,
            nonce: &begun.nonce,
            claim: &self.terms.claim,
            access_hash: &token::access_hash(&header, &grant.access_token),
            now,
        });
        Ok(identity.map_err(BadToken::from)?)
    }

    /// Exchanges a code. A code can be exchanged only once.
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
        let mut request = provider::request(Method::POST);
        let headers = request.headers_mut();
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
        *request.body_mut() = Bytes::from(form(&fields));
        let answer = self.client.send(&card.token_endpoint, request, MOST_GRANT);
        let answer = answer.await.map_err(|error| Away::from(Arc::new(error)))?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(match serde_json::from_slice::<NoGrant>(answer.body()) {
                Ok(no) if status.is_client_error() => {
                    let code = harmless(&no.error);
                    tracing::warn!(%code, "the provider does not take a code");
                    SignInError::Refused(code)
                }
                _ => Away::Status { what: WHAT, status }.into(),
            });
        }
        let unreadable = |why: Cow<'static, str>| Away::Unreadable { what: WHAT, why };
        let grant: Grant = serde_json::from_slice(answer.body())
            .map_err(|_| unreadable("it has no access token and ID token".into()))?;
        if !grant.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unreadable("its token type is not Bearer".into()).into());
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
        let pair = BASE64.encode(pair.as_bytes());
        let mut value = HeaderValue::try_from(format!("Basic {pair}"))
            .expect("base64 has visible characters only");
        value.set_sensitive(true);
        value
    }

    fn redirect(&self) -> String {
        format!("{}{CALLBACK}", self.terms.public_url)
    }

    /// Runs requests to the provider, with limits on their number and time.
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

/// Returns 256 random bits as 43 characters that need no encoding.
fn secret() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// Returns the code challenge of a verifier (RFC 7636, 4.2, S256).
fn challenge(verifier: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    BASE64URL_NOPAD.encode(digest.as_ref())
}

/// Returns an error code without the characters that are not allowed in one (RFC 6749, 5.2).
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

/// Encodes a text for forms and queries.
fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ENCODED)
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
                .all(|text| text.len() == 43 && encoded(text).to_string() == *text)
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
