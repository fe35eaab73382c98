//! ID tokens: checks the signature and reads the claims (RFC 7515, RFC 7518, RFC 8037).
//! `jsonwebtoken` parses tokens, `ring` checks signatures.

use data_encoding::BASE64URL_NOPAD;
use domain::people::{BadClaims, Claims};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
    signature::{self, Verifier},
};
use ring::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use serde::Deserialize;

/// Why an ID token is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is not a signed token.
    #[error("it is not a signed token")]
    Form,
    /// The algorithm is not supported, or there is no signature.
    #[error("it is not signed with RS256, ES256 or EdDSA")]
    Algorithm,
    /// It is a token for another purpose.
    #[error("it is not an ID token, or needs an extension that is not supported")]
    Kind,
    /// The key is unknown.
    #[error("it names a key that is not the provider's")]
    Key,
    /// The signature is not valid.
    #[error("its signature is not valid")]
    Signature,
    /// The content is not that of an ID token.
    #[error("its content cannot be read")]
    Content,
    /// The claims do not fit.
    #[error(transparent)]
    Claims(#[from] BadClaims),
}

/// The claims of an ID token as they are in the JSON.
#[derive(Deserialize)]
struct Written {
    iss: String,
    sub: String,
    aud: OneOrMore,
    exp: serde_json::Number,
    iat: serde_json::Number,
    nbf: Option<serde_json::Number>,
    nonce: Option<String>,
    azp: Option<String>,
    at_hash: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Crypto provider that checks signatures with `ring`; it cannot sign.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

struct Check {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn no_signer(
    _: &Algorithm,
    _: &EncodingKey,
) -> Result<Box<dyn JwtSigner>, jsonwebtoken::errors::Error> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

fn verifier(
    algorithm: &Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>, jsonwebtoken::errors::Error> {
    Ok(Box::new(Check {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let held = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signed)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signed)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signed)
            }
            _ => Err(ring::error::Unspecified),
        };
        held.map_err(|_| signature::Error::new())
    }
}

/// Installs `ring` as the crypto provider of this process.
pub(super) fn ready() {
    // If it is already installed, it is the same one.
    let _already = RING.install_default();
}

/// Reads the header of a token. Nothing in it is proven yet.
pub(super) fn header(token: &str) -> Result<Header, BadToken> {
    let header = decode_header(token).map_err(|error| match error.kind() {
        // The library cannot parse the header if the algorithm is `none` or unknown to it.
        ErrorKind::Json(_) => BadToken::Algorithm,
        _ => BadToken::Form,
    })?;
    if !matches!(
        header.alg,
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
    ) {
        return Err(BadToken::Algorithm);
    }
    // RFC 8725, 3.11: access and logout tokens state their type here. RFC 7515, 4.1.11: an unknown
    // critical parameter is an error.
    let other_kind = header
        .typ
        .as_ref()
        .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"));
    if other_kind || header.crit.is_some() || header.extras.inner().contains_key("crit") {
        return Err(BadToken::Kind);
    }
    Ok(header)
}

/// Returns the key that a token names, or the only one that fits.
pub(super) fn key<'a>(keys: &'a [Jwk], header: &Header) -> Option<&'a Jwk> {
    let mut fitting = keys.iter().filter(|key| {
        let named = header.kid.is_none() || header.kid == key.common.key_id;
        named && fits(key, header.alg)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES256) => {
            ec.curve == EllipticCurve::P256
        }
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => {
            pair.curve == EllipticCurve::Ed25519
        }
        _ => false,
    };
    let common = &key.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let verifies = common
        .key_operations
        .as_ref()
        .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let said = common
        .key_algorithm
        .is_none_or(|said| said == KeyAlgorithm::from(algorithm));
    kind && signs && verifies && said
}

/// Returns the claims of a token that one of these keys signed. `named` is the claim that
/// identifies a person.
pub(super) fn claims(
    token: &str,
    header: &Header,
    keys: &[Jwk],
    named: &str,
) -> Result<Claims, BadToken> {
    let key = key(keys, header).ok_or(BadToken::Key)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| BadToken::Key)?;
    // `Claims::vouch` checks the claims, against the node's own clock.
    let mut only_signature = Validation::new(header.alg);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let read = decode::<Written>(token, &key, &only_signature);
    let read = read.map_err(|error| match error.kind() {
        ErrorKind::Json(_) => BadToken::Content,
        _ => BadToken::Signature,
    })?;
    read.claims.read(named).ok_or(BadToken::Content)
}

/// Returns the `at_hash` of an access token (OpenID Connect Core 1.0, 3.1.3.6): the left half of
/// its digest by the algorithm of the signature.
pub(super) fn access_hash(header: &Header, access_token: &str) -> String {
    let algorithm = match header.alg {
        // Ed25519 (RFC 8032) uses SHA-512.
        Algorithm::EdDSA => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let digest = digest::digest(algorithm, access_token.as_bytes());
    let half = &digest.as_ref()[..digest.as_ref().len() / 2];
    BASE64URL_NOPAD.encode(half)
}

impl Written {
    fn read(self, named: &str) -> Option<Claims> {
        let name = match named {
            "sub" => Some(self.sub.clone()),
            other => {
                let said = self.others.get(other).and_then(|value| value.as_str());
                said.map(str::to_owned)
            }
        };
        let not_before_s = match &self.nbf {
            Some(moment) => Some(seconds(moment)?),
            None => None,
        };
        Some(Claims {
            issuer: self.iss,
            subject: self.sub,
            audience: match self.aud {
                OneOrMore::One(one) => vec![one],
                OneOrMore::More(more) => more,
            },
            authorized_party: self.azp,
            expires_s: seconds(&self.exp)?,
            issued_s: seconds(&self.iat)?,
            not_before_s,
            nonce: self.nonce,
            access_hash: self.at_hash,
            email_verified: self.others.get("email_verified") == Some(&true.into()),
            name,
        })
    }
}

/// Returns a time (RFC 7519, 2, NumericDate) without fractions of a second.
fn seconds(number: &serde_json::Number) -> Option<i64> {
    let whole = number.as_f64()?.trunc();
    number
        .as_i64()
        .or_else(|| (whole.abs() < 1e15).then_some(whole as i64))
}
