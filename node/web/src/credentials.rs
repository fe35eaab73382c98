//! The credentials of a request.

use domain::ids::MatterId;
use http::{HeaderMap, Method, header};
use office::{
    Failed, Office,
    people::{Known, NoSession, Token, TokenKind},
};

use super::{problem::Rejection, serve::Caller};

/// Name of the session cookie. The prefix binds it to one host, to TLS, and to all paths (RFC
/// 6265bis 4.1.3.2).
pub const COOKIE: &str = "__Host-session";
/// Header with which a page proves that it knows the session (`Token::csrf`).
pub const CSRF: &str = "x-csrf-token";
/// Header with a reporter's slip.
pub const REPORTER_TOKEN: &str = "reporter-token";

/// Credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The control socket; the id of the user who opened it.
    Socket(u32),
    /// A token in `Authorization: Bearer`.
    Bearer(Token),
    /// A slip in `Reporter-Token`.
    ReporterToken(Token),
    /// A session cookie.
    Cookie(Token),
    /// No credentials.
    None,
}

impl Credentials {
    /// Reads the credentials of a request. The first of bearer, slip, cookie and socket counts. A
    /// malformed token is an error, so that nobody acts as somebody else by mistake.
    pub(super) fn of(headers: &HeaderMap, caller: Caller) -> Result<Self, Rejection> {
        let unreadable = || {
            Rejection::unknown_caller((
                "this is no valid token; log in, and send the new one",
                "令牌无效；请重新登录",
            ))
        };
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().map_err(|_| unreadable())?;
            let (scheme, token) = text.split_once(' ').ok_or_else(unreadable)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(unreadable());
            }
            let token: Token = token.trim().parse().map_err(|_| unreadable())?;
            return match token.kind {
                TokenKind::Session | TokenKind::Key => Ok(Self::Bearer(token)),
                TokenKind::ReporterToken => Err(Rejection::unknown_caller((
                    "this is a slip; send it as Reporter-Token",
                    "这是凭条；请在“我的事项”里填写",
                ))),
                TokenKind::Draft | TokenKind::Setup | TokenKind::Household => Err(unreadable()),
            };
        }
        if let Some(value) = headers.get(REPORTER_TOKEN) {
            let token = value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse::<Token>().ok());
            let slip = token.filter(|token| token.kind == TokenKind::ReporterToken);
            return slip.map(Self::ReporterToken).ok_or_else(unreadable);
        }
        if let Some(token) = cookie(headers) {
            return Ok(Self::Cookie(token));
        }
        Ok(match caller {
            Caller::User(uid) => Self::Socket(uid),
            Caller::Address(_) => Self::None,
        })
    }

    /// Returns the session token, if there is one.
    pub const fn session(&self) -> Option<Token> {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => Some(*token),
            _ => None,
        }
    }

    /// Returns who the caller is at a node. `about` is the matter of the request.
    pub async fn known(
        &self,
        office: &Office,
        about: Option<MatterId>,
    ) -> Result<Known, Failed<NoSession>> {
        match self {
            Self::Socket(uid) => Ok(office.people().owner(*uid).await?),
            Self::Bearer(token) | Self::ReporterToken(token) | Self::Cookie(token) => {
                office.people().who(token, about).await
            }
            Self::None => Ok(Known {
                who: domain::people::Who::Nobody,
                ends_at: None,
            }),
        }
    }

    /// Checks that a page of this node sent the request: its Origin, and a secret derived from the
    /// session. Browsers send the cookie whichever page asks, so every change needs this proof.
    pub fn check_page(&self, method: &Method, headers: &HeaderMap) -> Result<(), Rejection> {
        let Self::Cookie(token) = self else {
            return Ok(());
        };
        if method.is_safe() {
            return Ok(());
        }
        let said = headers.get(CSRF).and_then(|value| value.to_str().ok());
        let proven = said.is_some_and(|said| {
            let hash = |text: &str| blake3::hash(text.as_bytes());
            hash(said) == hash(&token.csrf())
        });
        if proven && is_own_page(headers) == Some(true) {
            Ok(())
        } else {
            Err(Rejection::cross_site())
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<Token> {
    cookie_value(headers, COOKIE)?
        .parse()
        .ok()
        .filter(|token: &Token| token.kind == TokenKind::Session)
}

/// Returns the first cookie with this name.
pub fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = texts
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    Some(value)
}

/// Returns whether the page that sent the request is of the requested host; `None` if the request
/// does not come from a page.
pub fn is_own_page(headers: &HeaderMap) -> Option<bool> {
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return Some(false);
    }
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let named = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    Some(match (named, host) {
        (Some(named), Some(host)) => named.eq_ignore_ascii_case(host),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn token(kind: TokenKind) -> Token {
        Token {
            kind,
            secret: [7; 16],
        }
    }

    #[test]
    fn what_is_shown_and_is_no_token_is_never_taken_for_nothing() {
        let caller = Caller::User(1000);
        for bad in [
            ("authorization", "Basic eDp5"),
            ("authorization", "Bearer"),
            ("authorization", "Bearer wjs_1"),
            ("reporter-token", "17"),
        ] {
            let shown = Credentials::of(&headers(&[bad]), caller);
            assert_eq!(shown.unwrap_err().0.status, 401, "{bad:?}");
        }
        let slip = format!("Bearer {}", token(TokenKind::ReporterToken));
        assert!(Credentials::of(&headers(&[("authorization", &slip)]), caller).is_err());
        assert_eq!(
            Credentials::of(&headers(&[]), caller),
            Ok(Credentials::Socket(1000))
        );
    }

    #[test]
    fn a_cookie_changes_nothing_without_its_proof_and_a_page_of_the_same_host() {
        let session = token(TokenKind::Session);
        let shown = Credentials::Cookie(session);
        let proof = session.csrf();
        let own = ("origin", "https://node.example");
        let host = ("host", "node.example");
        for (pairs, passes) in [
            (vec![own, host, ("x-csrf-token", &*proof)], true),
            (vec![own, host], false),
            (vec![own, host, ("x-csrf-token", "0")], false),
            (vec![host, ("x-csrf-token", &*proof)], false),
            (
                vec![
                    ("origin", "https://evil.example"),
                    host,
                    ("x-csrf-token", &*proof),
                ],
                false,
            ),
            (
                vec![("origin", "null"), host, ("x-csrf-token", &*proof)],
                false,
            ),
            (
                vec![
                    own,
                    host,
                    ("x-csrf-token", &*proof),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            let checked = shown.check_page(&Method::POST, &headers(&pairs));
            assert_eq!(checked.is_ok(), passes, "{pairs:?}");
            assert!(shown.check_page(&Method::GET, &headers(&pairs)).is_ok());
            assert!(
                Credentials::Bearer(session)
                    .check_page(&Method::POST, &headers(&pairs))
                    .is_ok()
            );
        }
    }
}
