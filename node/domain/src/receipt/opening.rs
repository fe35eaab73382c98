//! The opening of a commitment: with it the reporter of a matter proves what they wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        ids::MatterId,
        matter::{Body, Detail, Place},
        suite::{Digest, Suite},
    },
    Check, What, digits,
};

/// What stands behind the commitment to a report: the text, its salt, and everything that was handed in
/// with it. Whoever has it can prove the text and could only then have guessed it, so it is given to
/// nobody but whoever reported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The matter.
    #[schema(value_type = String)]
    pub matter: MatterId,
    /// Algorithms of the commitment.
    #[schema(value_type = String)]
    pub suite: Suite,
    /// 128 random bits, in hexadecimal.
    #[serde(with = "digits")]
    #[schema(value_type = String)]
    pub salt: [u8; 16],
    /// What the person wrote.
    pub text: String,
    /// Where it is, in millionths of a degree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub place: Option<Place>,
    /// What was said of it in fields of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// The files beside it, as the commitment names them, in hexadecimal. The key that opens a file is a
    /// part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Prints nothing of what was written, because debug output may be logged.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("matter", &self.matter)
            .finish_non_exhaustive()
    }
}

impl Opening {
    /// Builds the opening of the body of a report.
    pub fn of(matter: MatterId, suite: Suite, body: &Body) -> Self {
        let file = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let files = body.attachments.iter();
        Self {
            matter,
            suite,
            salt: body.salt,
            text: body.text.clone(),
            place: body.place,
            details: body.details.clone(),
            files: files.map(|listed| file(listed.canonical_bytes())).collect(),
        }
    }

    /// Computes the commitment that it opens; `None` if a file is not written in hexadecimal.
    pub fn commitment(&self) -> Option<Digest> {
        let files: Option<Vec<_>> = self.files.iter().map(|file| bytes(file)).collect();
        let salted = (&self.salt, &*self.text);
        Some(Body::commit(
            self.suite,
            salted,
            (self.place, &self.details),
            None,
            files?,
        ))
    }

    /// Checks that it opens what a matter commits to.
    pub fn check(&self, matter: MatterId, suite: Suite, content: &Digest) -> Check {
        let failed = |why: &str| Check::failed(What::Text, None, why);
        match () {
            () if self.matter != matter => {
                let why = format!("the opening is of {}, another matter", self.matter);
                Check::failed(What::Text, None, why)
            }
            () if self.suite != suite => failed("the opening names other algorithms"),
            () if self.commitment().as_ref() != Some(content) => failed(
                "the opening is not what was handed in: its text, salt, place or files are others",
            ),
            () => {
                let place = if self.place.is_some() {
                    ", a place"
                } else {
                    ""
                };
                let detail = format!(
                    "the opening is what was handed in: a text of {} characters{place} and {} files",
                    self.text.chars().count(),
                    self.files.len()
                );
                Check::ok(What::Text, None, detail)
            }
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    digits.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{attachment::tests::attachment, category::Class};

    const SUITE: Suite = Suite::Ed25519Blake3;

    fn id() -> MatterId {
        "330825002222-1f3a9c04-17".parse().unwrap()
    }

    fn body() -> Body {
        Body {
            place: Some(Place::from_degrees(29.0285, 119.1722).unwrap()),
            details: vec![Detail {
                name: Detail::ADDRESS.to_owned(),
                text: "村口".to_owned(),
            }],
            attachments: vec![attachment()],
            ..Body::of_text(Class::Personal, [7; 16], "路灯坏了".to_owned())
        }
    }

    #[test]
    fn an_opening_that_went_through_a_file_opens_the_commitment() {
        let content = body().commitment(SUITE);
        let text = serde_json::to_string(&Opening::of(id(), SUITE, &body())).unwrap();
        let read: Opening = serde_json::from_str(&text).unwrap();
        let check = read.check(id(), SUITE, &content);
        assert_eq!(check, Check::ok(What::Text, None, check.detail.clone()));
        assert!(
            check.detail.contains("4 characters, a place and 1 files"),
            "{check:?}"
        );
        assert!(!format!("{read:?}").contains("路灯"));
    }

    #[test]
    fn nothing_of_an_opening_can_be_another() {
        let content = body().commitment(SUITE);
        let honest = Opening::of(id(), SUITE, &body());
        let other = "330825002222-1f3a9c04-18".parse().unwrap();
        let forged = [
            Opening {
                matter: other,
                ..honest.clone()
            },
            Opening {
                suite: Suite::P256Sha256,
                ..honest.clone()
            },
            Opening {
                salt: [8; 16],
                ..honest.clone()
            },
            Opening {
                text: "路灯修好了".to_owned(),
                ..honest.clone()
            },
            Opening {
                place: None,
                ..honest.clone()
            },
            Opening {
                files: vec![],
                ..honest.clone()
            },
            Opening {
                files: vec!["0".to_owned()],
                ..honest.clone()
            },
            Opening {
                files: vec!["+1".to_owned()],
                ..honest.clone()
            },
            Opening {
                files: vec!["é1".to_owned()],
                ..honest.clone()
            },
        ];
        for forged in forged {
            let check = forged.check(id(), SUITE, &content);
            assert_eq!(check.finding, super::super::Finding::Failed, "{check:?}");
        }
    }
}
