//! Metadata of the provider (OpenID Connect Discovery 1.0), and its keys.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::time::Timestamp;
use http::{HeaderValue, Method, Request, StatusCode, header};
use jsonwebtoken::{Header, jwk::Jwk};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use super::{Away, BadToken, SignInError, token};
use crate::http_client::{HttpClient, Target};

/// Time for which metadata and keys are kept.
const KEPT: Duration = Duration::from_secs(3_600);
/// The least time between two requests for keys, whatever key a token names.
const KEYS_REST: Duration = Duration::from_secs(30);
/// Time for which a failed provider is not asked again.
const REST: Duration = Duration::from_secs(5);
/// The longest metadata document, in bytes.
const MOST_CARD: usize = 64 * 1024;
/// The longest list of keys, in bytes.
const MOST_KEYS: usize = 256 * 1024;
/// The most keys of a list that are read.
const MOST_KEYS_READ: usize = 100;

/// Method by which the client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAuthentication {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

/// Metadata of a provider, checked.
#[derive(Debug)]
pub(super) struct ProviderMetadata {
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: Target,
    keys: Target,
    pub(super) authentication: ClientAuthentication,
    /// True if the provider names itself whenever it sends a browser back (RFC 9207).
    pub(super) names_itself: bool,
}

/// The metadata document.
#[derive(Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct WrittenKeys {
    keys: Vec<serde_json::Value>,
}

/// Cached metadata and keys of a provider.
pub(super) struct Provider {
    issuer: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    card: Option<(Timestamp, Arc<ProviderMetadata>)>,
    keys: Option<(Timestamp, Arc<[Jwk]>)>,
    failed: Option<(Timestamp, Arc<str>)>,
}

fn within(at: Timestamp, now: Timestamp, time: Duration) -> bool {
    u128::from(now.since(at)) < time.as_millis()
}

impl Provider {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            known: Mutex::default(),
        }
    }

    /// Returns the metadata, and requests it if it is not cached.
    pub(super) async fn card(
        &self,
        client: &HttpClient,
        now: Timestamp,
    ) -> Result<Arc<ProviderMetadata>, Away> {
        let mut known = self.known.lock().await;
        if let Some((at, card)) = &known.card
            && within(*at, now, KEPT)
        {
            return Ok(Arc::clone(card));
        }
        known.check_rest(now)?;
        let card = self.learn(client).await;
        let card = Arc::new(known.noting(card, now)?);
        known.card = Some((now, Arc::clone(&card)));
        Ok(card)
    }

    async fn learn(&self, client: &HttpClient) -> Result<ProviderMetadata, Away> {
        const WHAT: &str = "the provider's metadata";
        let wrong = |why: &str| Away::Unreadable {
            what: WHAT,
            why: why.to_owned().into(),
        };
        let issuer = self.issuer.trim_end_matches('/');
        let place = format!("{issuer}/.well-known/openid-configuration");
        let place = place
            .parse()
            .map_err(|_| wrong("`oidc.issuer` is not a URL"))?;
        let written: Written = get(client, &place, WHAT, MOST_CARD).await?;
        written.check(&self.issuer).map_err(wrong)
    }

    /// Returns the keys for a token. Requests them again if the token's key is not among the cached
    /// ones, but not too often.
    pub(super) async fn keys(
        &self,
        client: &HttpClient,
        card: &ProviderMetadata,
        header: &Header,
        now: Timestamp,
    ) -> Result<Arc<[Jwk]>, SignInError> {
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &known.keys {
            if within(*at, now, KEPT) && token::key(keys, header).is_some() {
                return Ok(Arc::clone(keys));
            }
            if within(*at, now, KEYS_REST) {
                return Err(BadToken::Key.into());
            }
        }
        known.check_rest(now)?;
        let written = get(
            client,
            &card.keys,
            "the list of the provider's keys",
            MOST_KEYS,
        )
        .await;
        let written: WrittenKeys = known.noting(written, now)?;
        let keys = written.keys.into_iter().take(MOST_KEYS_READ);
        // Keys of unknown types are skipped.
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok());
        let keys: Arc<[Jwk]> = keys.collect();
        known.keys = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }
}

impl Known {
    fn check_rest(&self, now: Timestamp) -> Result<(), Away> {
        match &self.failed {
            Some((at, why)) if within(*at, now, REST) => Err(Away::LeftAlone(Arc::clone(why))),
            _ => Ok(()),
        }
    }

    fn noting<T>(&mut self, done: Result<T, Away>, now: Timestamp) -> Result<T, Away> {
        let failed = done.as_ref().err();
        self.failed = failed.map(|error| (now, error.to_string().into()));
        done
    }
}

/// A request without a body, for an answer in JSON.
pub(super) fn request(method: Method) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::ACCEPT, json);
    request
}

async fn get<T: DeserializeOwned>(
    client: &HttpClient,
    place: &Target,
    what: &'static str,
    most: usize,
) -> Result<T, Away> {
    let answer = client.send(place, request(Method::GET), most).await;
    let answer = answer.map_err(Arc::new)?;
    let status = answer.status();
    if status != StatusCode::OK {
        return Err(Away::Status { what, status });
    }
    serde_json::from_slice(answer.body()).map_err(|error| Away::Unreadable {
        what,
        why: error.to_string().into(),
    })
}

impl Written {
    /// Checks the document. The error is for the operator.
    fn check(self, issuer: &str) -> Result<ProviderMetadata, &'static str> {
        if self.issuer != issuer {
            return Err("its issuer differs from `oidc.issuer`");
        }
        let has = |list: &Option<Vec<String>>, name: &str| {
            list.as_ref()
                .is_none_or(|list| list.iter().any(|item| item == name))
        };
        if !has(&self.code_challenge_methods_supported, "S256") {
            return Err("it does not support PKCE with S256");
        }
        let methods = &self.token_endpoint_auth_methods_supported;
        // Without a list the method is `client_secret_basic` (OpenID Connect Discovery 1.0, 3).
        let authentication = if has(methods, "client_secret_basic") {
            ClientAuthentication::Basic
        } else if has(methods, "client_secret_post") {
            ClientAuthentication::Post
        } else {
            return Err("it supports neither client_secret_basic nor client_secret_post");
        };
        let address = |text: &str| -> Option<Target> {
            let target: Target = text.parse().ok()?;
            target.is_guarded().then_some(target)
        };
        address(&self.authorization_endpoint)
            .ok_or("its authorization endpoint is not an https URL")?;
        Ok(ProviderMetadata {
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: address(&self.token_endpoint)
                .ok_or("its token endpoint is not an https URL")?,
            keys: address(&self.jwks_uri).ok_or("the URL of its keys is not https")?,
            authentication,
            names_itself: self.authorization_response_iss_parameter_supported,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.example";

    fn card(change: impl FnOnce(&mut Value)) -> Result<ProviderMetadata, &'static str> {
        let mut card = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://id.example/keys",
        });
        change(&mut card);
        let written: Written = serde_json::from_value(card).unwrap();
        written.check(ISSUER)
    }

    #[test]
    fn a_provider_that_calls_itself_otherwise_is_not_the_one_that_was_named() {
        for other in [
            "https://id.example/",
            "https://ID.example",
            "https://evil.example",
        ] {
            assert!(card(|c| c["issuer"] = other.into()).is_err(), "{other}");
        }
    }

    #[test]
    fn nothing_is_sent_where_anybody_may_listen() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert!(
                card(|c| c[name] = "http://id.example/x".into()).is_err(),
                "{name}"
            );
            assert!(
                card(|c| c[name] = "javascript:alert(1)".into()).is_err(),
                "{name}"
            );
            assert!(
                card(|c| c[name] = "http://127.0.0.1:9/x".into()).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_client_says_who_it_is_as_the_provider_wants_it() {
        let methods = |list: &[&str]| {
            let list = json!(list);
            let card = card(|c| c["token_endpoint_auth_methods_supported"] = list);
            card.map(|card| card.authentication)
        };
        let all = ["client_secret_post", "client_secret_basic"];
        assert_eq!(methods(&all), Ok(ClientAuthentication::Basic));
        assert_eq!(methods(&all[..1]), Ok(ClientAuthentication::Post));
        assert!(methods(&["private_key_jwt"]).is_err());
        let left_out = card(|_| {}).unwrap();
        assert_eq!(left_out.authentication, ClientAuthentication::Basic);
    }

    #[test]
    fn a_provider_without_pkce_is_not_used() {
        let plain = json!(["plain"]);
        assert!(card(|c| c["code_challenge_methods_supported"] = plain).is_err());
        let both = json!(["plain", "S256"]);
        assert!(card(|c| c["code_challenge_methods_supported"] = both).is_ok());
    }
}
