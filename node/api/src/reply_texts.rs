//! Texts for frequent replies.

use domain::reply_text::ReplyText;
use serde::{Deserialize, Serialize};

/// A text for frequent replies (常用答复).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyTextView {
    /// Its name, 1 to 40 characters on one line.
    pub name: String,
    /// The text, 1 to 1,000 characters. It names nobody: the number of an identity card or a bank card is
    /// refused.
    pub text: String,
    /// Code of the department for whose people it is; for all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
}

impl From<(String, ReplyText)> for ReplyTextView {
    fn from((name, text): (String, ReplyText)) -> Self {
        Self {
            name,
            text: text.text,
            department: text.department.map(|department| department.to_string()),
        }
    }
}

/// The texts for frequent replies of a division, ordered by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReplyTexts {
    /// The texts, at most 200.
    pub texts: Vec<ReplyTextView>,
}
