//! The problems of a configuration; every problem is reported.

use std::fmt;

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {}{allowed}; {hint}", .value.as_ref().map(|v| format!("`{v}` does not fit: ")).unwrap_or_default())]
pub struct Problem {
    /// The setting as written in the file (`http.listen`) or in the environment
    /// (`WUJITONG_HTTP_LISTEN`), or the file or its line if it could not be read at all.
    pub key: String,
    /// The value found; `None` if it is missing.
    pub value: Option<String>,
    /// The values that would be allowed.
    pub allowed: String,
    /// The advice to the operator.
    pub hint: String,
}

/// All problems of a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    /// Returns `Err` with all problems, or `Ok` if there are none.
    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }

    /// Returns the problems, in the order of the settings.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl From<Problem> for ConfigErrors {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for ConfigErrors {
    /// Writes one problem per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s)", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}
