//! An OpenID Connect provider over real TCP that keeps to the protocol, unless it is told not to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{HeaderMap, StatusCode, Uri, header};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use ring::{
    digest, hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// The id of the node as a client of the provider.
pub const CLIENT: &str = "wujitong";
/// Its secret.
pub const SECRET: &str = "a:secret/with+signs";
/// Where the nodes of most tests are, as the provider knows it. Nobody listens there.
pub const PUBLIC: &str = "http://localhost:1";
/// The path at a node to which the provider sends people back.
const CALLBACK: &str = "/v1/oidc/callback";

/// With what an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// ES256.
    Es256,
    /// RS256.
    Rs256,
    /// EdDSA.
    EdDsa,
    /// `alg: none`, and no signature.
    Nothing,
    /// HS256, with the public key as the secret.
    PublicKey,
    /// ES256 with a key that the provider does not name.
    Foreign,
    /// ES256 with that key, under the name of one the provider has.
    Impostor,
}

type Change = Box<dyn Fn(&mut Value) + Send>;

/// How it departs from what is right.
pub struct Ways {
    /// With what it signs.
    pub signing: Signing,
    /// Changes what an ID token says.
    pub claims: Change,
    /// Changes what it says of itself.
    pub card: Change,
    /// Changes the header of an ID token.
    pub header: Change,
    /// Paths that are answered without end.
    pub endless: Option<&'static str>,
    /// Paths that are answered with a redirect.
    pub redirect: Option<&'static str>,
    /// Paths that are never answered.
    pub silent: Option<&'static str>,
    /// Does not look at the verifier, nor whether a code was used.
    pub careless: bool,
    /// Which keys it names.
    pub keys: Vec<&'static str>,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            signing: Signing::Es256,
            claims: Box::new(|_| {}),
            card: Box::new(|_| {}),
            header: Box::new(|_| {}),
            endless: None,
            redirect: None,
            silent: None,
            careless: false,
            keys: vec!["ec", "rsa", "ed"],
        }
    }
}

struct Code {
    challenge: String,
    nonce: String,
    user: Value,
    used: bool,
}

struct Inner {
    issuer: String,
    /// Where people are sent back to.
    redirect: String,
    /// Who agrees at its page.
    user: Value,
    ec: EcdsaKeyPair,
    foreign: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
    codes: Mutex<BTreeMap<String, Code>>,
    ways: Mutex<Ways>,
    /// Requests by path.
    asked: Mutex<BTreeMap<String, usize>>,
}

/// A provider that runs.
pub struct Provider {
    inner: Arc<Inner>,
    served: JoinHandle<()>,
}

fn ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .expect("it is as the provider made it");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random)
        .expect("it is as the provider made it")
}

/// All methods panic if what they are given is not what the protocol allows.
impl Provider {
    /// Starts one that knows a node at [`PUBLIC`].
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// The same behind TLS, if there is any.
    pub async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        Self::start_as(tls, PUBLIC, "somebody").await
    }

    /// Starts one that knows a node at another address, and at whose page this person agrees.
    pub async fn start_for(public: &str, subject: &str) -> Self {
        Self::start_as(None, public, subject).await
    }

    async fn start_as(tls: Option<TlsAcceptor>, public: &str, subject: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("it is as the provider made it");
        let port = listener
            .local_addr()
            .expect("it is as the provider made it")
            .port();
        let issuer = match tls {
            Some(_) => format!("https://localhost:{port}/realm"),
            None => format!("http://127.0.0.1:{port}/realm"),
        };
        let ed = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .expect("it is as the provider made it");
        let rsa = include_bytes!("rsa.pem");
        let rsa = PrivatePkcs8KeyDer::from_pem_slice(rsa).expect("it is as the provider made it");
        let inner = Arc::new(Inner {
            issuer,
            redirect: format!("{public}{CALLBACK}"),
            user: json!({ "sub": subject }),
            ec: ec(),
            foreign: ec(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("it is as the provider made it"),
            rsa: RsaKeyPair::from_pkcs8(rsa.secret_pkcs8_der())
                .expect("it is as the provider made it"),
            codes: Mutex::default(),
            ways: Mutex::default(),
            asked: Mutex::default(),
        });
        let app = Router::new()
            .route("/realm/.well-known/openid-configuration", get(card))
            .route("/realm/keys", get(keys))
            .route("/realm/authorize", get(authorize))
            .route("/realm/token", post(token))
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(&inner),
                misbehave,
            ))
            .with_state(Arc::clone(&inner));
        let served = tokio::spawn(async move { serve(listener, tls, app).await });
        Self { inner, served }
    }

    /// Returns the address under which it is known.
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Lets it depart from what is right.
    pub fn but(&self, change: impl FnOnce(&mut Ways)) {
        change(&mut self.inner.ways.lock().expect("no thread panicked with it"));
    }

    /// Returns how often something was asked for whose path ends so.
    pub fn asked(&self, end: &str) -> usize {
        let asked = self.inner.asked.lock().expect("no thread panicked with it");
        let counts = asked.iter().filter(|(path, _)| path.ends_with(end));
        counts.map(|(_, count)| count).sum()
    }

    /// Lets a person agree at its page: takes where the node sent them, returns the path at the node that
    /// they are sent back to.
    pub fn consent(&self, location: &str, user: &Value) -> String {
        let rest = location
            .strip_prefix(&*self.inner.issuer)
            .expect("it is as the provider made it");
        let query: Uri = rest.parse().expect("it is as the provider made it");
        assert_eq!(query.path(), "/authorize");
        let Query(asked) = Query::<BTreeMap<String, String>>::try_from_uri(&query)
            .expect("it is as the provider made it");
        let back = self
            .inner
            .grant(&asked, user)
            .expect("it is as the provider made it");
        back.strip_prefix(PUBLIC)
            .expect("it is as the provider made it")
            .to_owned()
    }

    /// Goes away: nobody listens any more.
    pub async fn stop(self) {
        self.served.abort();
        let _cancelled = self.served.await;
    }
}

/// Returns settings of a node at `public` for a provider, with `more` lines of the same table, and the
/// directory in which the secret lies, which has to live as long as the node.
///
/// # Panics
/// If the secret cannot be written.
pub fn settings(issuer: &str, public: &str, more: &str) -> (String, tempfile::TempDir) {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).expect("it can be written");
    let owner_alone = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&file, owner_alone).expect("it is ours");
    let text = format!(
        "[oidc]\nissuer = '{issuer}'\nclient_id = '{CLIENT}'\nclient_secret_file = '{}'\n\
         public_url = '{public}'\n{more}",
        file.display()
    );
    (text, dir)
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, app: Router) {
    let mut open = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener
            .accept()
            .await
            .expect("it is as the provider made it");
        let service = TowerToHyperService::new(app.clone());
        let tls = tls.clone();
        open.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            let _broken = match tls {
                None => http.serve_connection(TokioIo::new(stream), service).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
                    Err(_) => return,
                },
            };
        });
    }
}

async fn misbehave(
    State(inner): State<Arc<Inner>>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let path = request.uri().path().to_owned();
    *inner
        .asked
        .lock()
        .expect("no thread panicked with it")
        .entry(path.clone())
        .or_default() += 1;
    let (endless, redirect, silent) = {
        let ways = inner.ways.lock().expect("no thread panicked with it");
        let is = |end: Option<&str>| end.is_some_and(|end| path.ends_with(end));
        (is(ways.endless), is(ways.redirect), is(ways.silent))
    };
    if silent {
        std::future::pending::<()>().await;
    }
    if endless {
        let more = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 8_192]));
        return Body::from_stream(more).into_response();
    }
    if redirect {
        let to = format!("{}/elsewhere", inner.issuer);
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
    }
    next.run(request).await
}

async fn card(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let issuer = &inner.issuer;
    let mut card = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    (inner.ways.lock().expect("no thread panicked with it").card)(&mut card);
    Json(card)
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let named = inner
        .ways
        .lock()
        .expect("no thread panicked with it")
        .keys
        .clone();
    let keys: Vec<_> = named.into_iter().map(|name| inner.key(name)).collect();
    Json(json!({ "keys": keys }))
}

async fn authorize(
    State(inner): State<Arc<Inner>>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    match inner.grant(&asked, &inner.user) {
        Ok(back) => (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

async fn token(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let form: Uri = format!("/?{body}")
        .parse()
        .expect("it is as the provider made it");
    let Query(form) = Query::<BTreeMap<String, String>>::try_from_uri(&form)
        .expect("it is as the provider made it");
    match inner.redeem(&headers, &form) {
        Ok(tokens) => Json(tokens).into_response(),
        Err(code) => (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response(),
    }
}

fn encode(text: &str) -> String {
    text.replace('%', "%25")
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('+', "%2B")
}

impl Inner {
    fn key(&self, name: &str) -> Value {
        let point = |key: &EcdsaKeyPair| {
            let public = key.public_key().as_ref();
            (
                BASE64URL_NOPAD.encode(&public[1..33]),
                BASE64URL_NOPAD.encode(&public[33..]),
            )
        };
        match name {
            "ec" => {
                let (x, y) = point(&self.ec);
                json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
                    "x": x, "y": y })
            }
            "new" => {
                let (x, y) = point(&self.foreign);
                json!({ "kty": "EC", "crv": "P-256", "kid": "new", "use": "sig", "x": x, "y": y })
            }
            "ed" => json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig",
                "x": BASE64URL_NOPAD.encode(self.ed.public_key().as_ref()) }),
            "rsa" => {
                let public: ring::rsa::PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
                json!({ "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256",
                    "n": BASE64URL_NOPAD.encode(&public.n), "e": BASE64URL_NOPAD.encode(&public.e) })
            }
            other => panic!("no key {other}"),
        }
    }

    /// What the page does when a person agrees (RFC 6749, 4.1.1; RFC 7636, 4.3).
    fn grant(
        &self,
        asked: &BTreeMap<String, String>,
        user: &Value,
    ) -> Result<String, &'static str> {
        let get = |name: &str| asked.get(name).map_or("", String::as_str);
        if get("client_id") != CLIENT || get("redirect_uri") != self.redirect {
            return Err("client_id or redirect_uri");
        }
        if get("response_type") != "code" || !get("scope").split(' ').any(|s| s == "openid") {
            return Err("response_type or scope");
        }
        if get("code_challenge_method") != "S256" || get("code_challenge").len() != 43 {
            return Err("code_challenge");
        }
        if get("state").len() < 22 || get("nonce").len() < 22 {
            return Err("state or nonce");
        }
        let mut codes = self.codes.lock().expect("no thread panicked with it");
        let code = format!("code-{}", codes.len());
        codes.insert(
            code.clone(),
            Code {
                challenge: get("code_challenge").to_owned(),
                nonce: get("nonce").to_owned(),
                user: user.clone(),
                used: false,
            },
        );
        let iss = encode(&self.issuer);
        Ok(format!(
            "{}?code={code}&state={}&iss={iss}",
            self.redirect,
            get("state")
        ))
    }

    /// RFC 6749, 4.1.3; RFC 7636, 4.6.
    fn redeem(
        &self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
    ) -> Result<Value, &'static str> {
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        let pair = BASE64.encode(format!("{CLIENT}:{}", encode(SECRET)).as_bytes());
        let basic = headers.get(header::AUTHORIZATION);
        if basic.is_none_or(|value| {
            value.to_str().expect("it is as the provider made it") != format!("Basic {pair}")
        }) && (get("client_id"), get("client_secret")) != (CLIENT, SECRET)
        {
            return Err("invalid_client");
        }
        if get("grant_type") != "authorization_code" || get("redirect_uri") != self.redirect {
            return Err("invalid_request");
        }
        let ways = self.ways.lock().expect("no thread panicked with it");
        let mut codes = self.codes.lock().expect("no thread panicked with it");
        let code = codes.get_mut(get("code")).ok_or("invalid_grant")?;
        let verifier = get("code_verifier").as_bytes();
        let challenge = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier).as_ref());
        if !ways.careless && (code.used || code.challenge != challenge) {
            return Err("invalid_grant");
        }
        code.used = true;
        let now = now_s();
        let access = "an-access-token";
        let hash = digest::digest(&digest::SHA256, access.as_bytes());
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "nonce": code.nonce,
            "iat": now, "exp": now + 300,
        });
        if ways.signing != Signing::EdDsa {
            claims["at_hash"] = BASE64URL_NOPAD.encode(&hash.as_ref()[..16]).into();
        }
        for (name, value) in code
            .user
            .as_object()
            .expect("it is as the provider made it")
        {
            claims[name] = value.clone();
        }
        (ways.claims)(&mut claims);
        let id_token = self.sign(&ways, &claims);
        Ok(json!({ "access_token": access, "token_type": "Bearer", "id_token": id_token }))
    }

    fn sign(&self, ways: &Ways, claims: &Value) -> String {
        let (alg, kid) = match ways.signing {
            Signing::Es256 | Signing::Impostor => ("ES256", "ec"),
            Signing::Rs256 => ("RS256", "rsa"),
            Signing::EdDsa => ("EdDSA", "ed"),
            Signing::Nothing => ("none", "ec"),
            Signing::PublicKey => ("HS256", "rsa"),
            Signing::Foreign => ("ES256", "new"),
        };
        let mut head = json!({ "alg": alg, "kid": kid, "typ": "JWT" });
        (ways.header)(&mut head);
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&head), part(claims));
        let random = SystemRandom::new();
        let bytes = message.as_bytes();
        let ecdsa = |key: &EcdsaKeyPair| {
            key.sign(&random, bytes)
                .expect("it is as the provider made it")
                .as_ref()
                .to_vec()
        };
        let signed = match ways.signing {
            Signing::Es256 => ecdsa(&self.ec),
            Signing::Foreign | Signing::Impostor => ecdsa(&self.foreign),
            Signing::EdDsa => self.ed.sign(bytes).as_ref().to_vec(),
            Signing::Rs256 => {
                let mut signed = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signed)
                    .expect("it is as the provider made it");
                signed
            }
            Signing::Nothing => vec![],
            Signing::PublicKey => {
                let public = self.rsa.public().as_ref();
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public), bytes)
                    .as_ref()
                    .to_vec()
            }
        };
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signed))
    }
}

/// The clock of the provider's machine.
fn now_s() -> i64 {
    office::Clock::now(&app::SystemClock).0 / 1_000
}
