//! Problem codes and the error body of the API (RFC 9457).

mod code;
mod codes;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{InBoth, Language};
pub use code::{ProblemCode, ProblemKind, UnknownCode};

/// Path that explains every code.
pub const PROBLEMS: &str = "/v1/problems";

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldFault {
    /// The field: the code of a data element.
    pub field: String,
    /// What is wrong and what to do.
    pub says: InBoth,
}

/// Why a request failed, for people and programs (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Path that explains this kind of problem; `/v1/problems` lists all kinds.
    #[serde(rename = "type", default)]
    #[schema(example = "/v1/problems#refused-by-the-rules")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    /// The problem code, which never changes.
    #[serde(default)]
    #[schema(example = "refused-by-the-rules")]
    #[schema(value_type = String)]
    pub code: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// The problem code as words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// What happened.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is wrong with single fields, if that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// Number under which the node's log has more details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub log_id: Option<Box<str>>,
    /// Seconds to wait before the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The sentence in Chinese, until a language was chosen.
    #[serde(skip)]
    #[schema(ignore)]
    pub chinese: Option<Box<str>>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// Returns a problem. A semicolon in `sentence` separates what happened from the hint.
    pub fn new(code: ProblemCode, sentence: &str) -> Self {
        let (detail, hint) = split_hint(sentence);
        Self {
            kind: format!("{PROBLEMS}#{}", code.as_str()).into(),
            code: code.as_str().into(),
            status: code.status(),
            title: code.title().into(),
            detail: detail.into(),
            hint: hint.map(str::to_owned),
            fields: vec![],
            log_id: None,
            retry_after_s: None,
            chinese: None,
        }
    }

    /// Adds the sentence in Chinese. A `；` in it separates what happened from the hint.
    #[must_use]
    pub fn or_in_chinese(mut self, sentence: &str) -> Self {
        self.chinese = Some(sentence.into());
        self
    }

    /// Returns the problem in a language, if it is known in it; else as it is.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let Some(chinese) = self.chinese.take() else {
            return self;
        };
        if language == Language::Chinese {
            let (detail, hint) = chinese_hint(&chinese);
            self.detail = detail.into();
            self.hint = hint.map(str::to_owned);
            let title = self.known().map(ProblemCode::chinese_title);
            self.title = title.map_or(self.title, Into::into);
        }
        self
    }

    /// Returns whether the problem has this code.
    pub fn is(&self, code: ProblemCode) -> bool {
        &*self.code == code.as_str()
    }

    /// Returns the code, if this version knows it and the status matches.
    pub fn known(&self) -> Option<ProblemCode> {
        let code = self.code.parse::<ProblemCode>().ok();
        code.filter(|code| code.status() == self.status)
    }
}

/// Splits a sentence at its last semicolon into what happened and the hint. A text of several lines
/// stays whole.
pub fn split_hint(sentence: &str) -> (&str, Option<&str>) {
    if is_chinese(sentence) && sentence.contains('；') {
        return chinese_hint(sentence);
    }
    match sentence.rsplit_once("; ") {
        Some((detail, hint)) if !sentence.contains('\n') => (detail, Some(hint)),
        _ => (sentence, None),
    }
}

/// Returns whether a sentence begins like a Chinese one.
fn is_chinese(sentence: &str) -> bool {
    let first = sentence.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|first| ('\u{3400}'..='\u{9fff}').contains(&first))
}

/// Splits a Chinese sentence at its last `；` into what happened and the hint.
fn chinese_hint(sentence: &str) -> (&str, Option<&str>) {
    match sentence.rsplit_once('；') {
        Some((detail, hint)) => (detail, Some(hint)),
        None => (sentence, None),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        if let Some(hint) = &self.hint {
            let joint = if is_chinese(hint) { "；" } else { "; " };
            write!(f, "{joint}{hint}")?;
        }
        match &self.log_id {
            Some(log_id) => write!(f, " (log {log_id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
