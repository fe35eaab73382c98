//! The opening of a commitment, with which the reporter of a matter proves what they wrote.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        attachment::Attachment,
        ids::MatterId,
        matter::{Body, Detail, Place},
        saying::Saying,
        suite::{Digest, Suite},
    },
    Check, What, digits, told,
};

/// The opening of the commitment to a report: the text, its salt, and everything that was reported
/// with it. It proves the text, and nobody can test a guess of the text without it. Only the
/// reporter gets it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Number of the matter.
    #[schema(value_type = String)]
    pub matter: MatterId,
    /// Algorithms of the commitment.
    #[schema(value_type = String)]
    pub suite: Suite,
    /// 128 random bits, in hexadecimal.
    #[serde(with = "digits")]
    #[schema(value_type = String)]
    pub salt: [u8; 16],
    /// The text of the report.
    pub text: String,
    /// Location of the problem, in millionths of a degree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub place: Option<Place>,
    /// Answers in separate fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Files of the report, in hexadecimal, as the commitment contains them. Each includes the key
    /// that opens the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Prints no text that a person wrote, because debug output may be logged.
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
        let files = body.attachments.iter();
        let file = |listed: &Attachment| HEXLOWER.encode(&listed.canonical_bytes());
        Self {
            matter,
            suite,
            salt: body.salt,
            text: body.text.clone(),
            place: body.place,
            details: body.details.clone(),
            files: files.map(file).collect(),
        }
    }

    /// Computes the commitment that it opens; `None` if a file is not in hexadecimal.
    pub fn commitment(&self) -> Option<Digest> {
        let bytes = |file: &String| HEXLOWER_PERMISSIVE.decode(file.as_bytes());
        let files: Result<Vec<_>, _> = self.files.iter().map(bytes).collect();
        let salted = (&self.salt, &*self.text);
        Some(Body::commit(
            self.suite,
            salted,
            (self.place, &self.details),
            None,
            files.ok()?,
        ))
    }

    /// Checks that it opens the commitment of a matter.
    pub fn check(&self, matter: MatterId, suite: Suite, content: &Digest) -> Check {
        let failed = |why: Saying| Check::failed(What::Text, None, why);
        match () {
            () if self.matter != matter => {
                let why = told::opening_of_another(self.matter);
                Check::failed(What::Text, None, why)
            }
            () if self.suite != suite => failed(told::other_algorithms()),
            () if self.commitment().as_ref() != Some(content) => failed(told::opening_differs()),
            () => {
                let (characters, files) = (self.text.chars().count(), self.files.len());
                let detail = match self.place {
                    Some(_) => told::opened_with_place(characters, files),
                    None => told::opened(characters, files),
                };
                Check::ok(What::Text, None, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Finding, *};
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
        assert_eq!(check.finding, Finding::Ok);
        assert!(check.detail_chinese.contains("有位置"), "{check:?}");
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
