//! References to lines of policy: the text they stand in, and their number there.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::Tier;

use super::{saying::Saying, scope::TemplateKey};

/// A text with policy lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// One version of a template.
    Template {
        /// Its name.
        key: TemplateKey,
        /// Its version.
        version: u32,
    },
    /// The policy shipped with the program, of this edition.
    Shipped(u32),
}

impl Source {
    /// Returns the text in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Template { key, version } => format!("{key} 第 {version} 版"),
            Self::Shipped(edition) => format!("随程序的政策第 {edition} 版"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }

    /// Returns the sort key of a text: higher issuers first, then the name; the shipped policy
    /// last.
    pub(super) fn rank(&self) -> (bool, Option<(Tier, &TemplateKey)>) {
        match self {
            Self::Template { key, .. } => (false, Some((key.issuer.tier(), key))),
            Self::Shipped(_) => (true, None),
        }
    }
}

impl fmt::Display for Source {
    /// Writes `330825000000/policy/dispatch version 3`, or `shipped policy 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template { key, version } => write!(f, "{key} version {version}"),
            Self::Shipped(edition) => write!(f, "shipped policy {edition}"),
        }
    }
}

/// Reference to one line of policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The text it stands in.
    pub source: Source,
    /// Number of the line in that text, from 1.
    pub line: u32,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.source, self.line)
    }
}
