//! Entity tags. `"0.3.2-9f1c03aa"` is custody term, custody version, step, and the beginning of a
//! digest of the body without its age. `If-Match` compares the version, so that it notices when
//! somebody else has acted; `If-None-Match` compares the whole tag.

use api::{MatterView, Named};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ids::MatterId,
    matter::{CustodyVersion, Version},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use office::Saw;

use super::problem::Rejection;

/// A matter with its tag and the age of its data (`Age`, RFC 9111, section 5.1).
#[derive(Debug)]
pub(super) struct Tagged(Named<MatterView>);

impl Tagged {
    pub(super) const fn of(shown: Named<MatterView>) -> Self {
        Self(shown)
    }
}

impl IntoResponse for Tagged {
    fn into_response(mut self) -> Response {
        let known = self.0.facts.known.take();
        let lasting = serde_json::to_vec(&self.0);
        self.0.facts.known = known;
        let (Ok(lasting), Ok(body)) = (lasting, serde_json::to_vec(&self.0)) else {
            return Json(self.0).into_response();
        };
        let hash = blake3::hash(&lasting).to_hex();
        let Version {
            cv: CustodyVersion { term, n },
            rev,
        } = self.0.facts.version;
        let tag = format!("\"{term}.{n}.{rev}-{}\"", &hash[..8]);
        let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        let age = known.and_then(|known| known.age_ms());
        let age = age.and_then(|ms| u64::try_from(ms / 1_000).ok());
        if let Some(age) = age {
            let age = HeaderValue::from(age);
            response.headers_mut().insert(header::AGE, age);
        }
        response
    }
}

/// Returns the version in `If-Match`, for a request that changes a matter.
///
/// # Errors
/// 412 for a tag that is not one of a matter, because it matches nothing.
pub(super) fn saw(
    method: &Method,
    headers: &HeaderMap,
    matter: Option<MatterId>,
) -> Result<Option<Saw>, Rejection> {
    let lines: Vec<_> = headers.get_all(header::IF_MATCH).iter().collect();
    if lines.is_empty() || method.is_safe() {
        return Ok(None);
    }
    let stale = || {
        Rejection::stale((
            "If-Match is not an ETag of this matter; send the ETag from the answer that showed the matter",
            "页面上的版本不对；请重新打开事项",
        ))
    };
    let mut versions = vec![];
    for line in lines {
        for tag in line.to_str().map_err(|_| stale())?.split(',') {
            match tag.trim() {
                "*" if matter.is_some() => return Ok(None),
                tag => versions.extend(version(tag)),
            }
        }
    }
    match matter {
        Some(matter) if !versions.is_empty() => Ok(Some(Saw { matter, versions })),
        _ => Err(stale()),
    }
}

fn version(tag: &str) -> Option<Version> {
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    let numbers = inside.split('-').next()?;
    let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().ok());
    let version = Version {
        cv: CustodyVersion {
            term: numbers.next()??,
            n: numbers.next()??,
        },
        rev: numbers.next()??,
    };
    numbers.next().is_none().then_some(version)
}

/// Replaces the answer by 304 without a body, if the caller already has it.
pub(super) fn unless_known(method: &Method, headers: &HeaderMap, response: Response) -> Response {
    let Some(tag) = response.headers().get(header::ETAG).cloned() else {
        return response;
    };
    if *method != Method::GET || response.status() != StatusCode::OK {
        return response;
    }
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let mut known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(strong);
    if !known.any(|known| known == "*" || known.as_bytes() == tag.as_bytes()) {
        return response;
    }
    let mut unchanged = (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    if let Some(age) = response.headers().get(header::AGE) {
        unchanged.headers_mut().insert(header::AGE, age.clone());
    }
    unchanged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_with_and_without_what_was_shown() {
        let expected = Version {
            cv: CustodyVersion { term: 0, n: 3 },
            rev: 2,
        };
        assert_eq!(version("\"0.3.2-9f1c03aa\""), Some(expected));
        assert_eq!(version("\"0.3.2\""), Some(expected));
        for bad in [
            "0.3.2",
            "W/\"0.3.2\"",
            "\"0.3\"",
            "\"0.3.2.1\"",
            "\"a.b.c\"",
            "",
        ] {
            assert_eq!(version(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_condition_that_cannot_hold_is_not_passed_over() {
        let id: MatterId = "330825002222-1f3a9c04-17".parse().unwrap();
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, text.parse().unwrap());
            headers
        };
        assert_eq!(saw(&Method::POST, &HeaderMap::new(), Some(id)), Ok(None));
        assert_eq!(saw(&Method::POST, &said("*"), Some(id)), Ok(None));
        let two = saw(
            &Method::POST,
            &said("\"0.1.1-00000000\", \"0.1.2\""),
            Some(id),
        );
        assert_eq!(two.unwrap().unwrap().versions.len(), 2);
        for (text, matter) in [
            ("\"x\"", Some(id)),
            ("W/\"0.1.1\"", Some(id)),
            ("\"0.1.1\"", None),
        ] {
            let problem = saw(&Method::POST, &said(text), matter).unwrap_err();
            assert_eq!(problem.0.status, 412, "{text}");
        }
    }
}
