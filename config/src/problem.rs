//! The problems of a configuration; every problem is reported.

use std::fmt;

use topology::saying::Saying;

/// Where something is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting as written in the file (`http.listen`) or in the environment
    /// (`WUJITONG_HTTP_LISTEN`); empty if the file cannot be read at all.
    pub key: String,
    /// The value found; `None` if it is missing, or is a secret.
    pub value: Option<String>,
    /// Where it is in the file; `None` if it is not in the file.
    pub place: Option<Place>,
    /// What is wrong.
    pub cause: Saying,
    /// What to do.
    pub remedy: Saying,
}

impl Problem {
    /// Returns a problem of a setting that has no value or whose value is not told.
    pub fn of(key: impl Into<String>, cause: Saying, remedy: Saying) -> Self {
        Self {
            key: key.into(),
            value: None,
            place: None,
            cause,
            remedy,
        }
    }

    /// Returns it with its place.
    #[must_use]
    pub const fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "line {}: ", place.line)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.cause.english, self.remedy.english)
    }
}

impl std::error::Error for Problem {}

/// All problems of a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    /// Returns `Err` with all problems, or `Ok` if there are none.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
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

/// Returns what is wrong with a text that should be a number, and what to do. `20s` is a frequent one.
pub(crate) fn whole_number(text: &str) -> (Saying, Saying) {
    let digits: String = text
        .trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let remedy = match digits.is_empty() {
        true => digits_only(),
        false => this_number(digits),
    };
    (no_whole_number(text.trim()), remedy)
}

topology::sayings! {
    pub(crate) fn no_such(): "没有这个设置项", "there is no such setting";
    pub(crate) fn renamed_to(new): "请改写成 `{new}`；旧名不再读取", "write `{new}` instead, the old name is not read";
    pub(crate) fn the_nearest(name): "请改正名称或删去；最接近的是 `{name}`", "correct the name or remove it; the nearest that exists is `{name}`";
    fn no_whole_number(text): "`{text}` 不是整数", "`{text}` is no whole number";
    fn digits_only(): "只写数字，不带单位", "write digits only, without a unit";
    fn this_number(digits): "只写数字，不带单位：{digits}", "write digits only, without a unit: {digits}";
    pub(crate) fn does_not_fit(value, allowed): "`{value}` 不合适：应为{allowed}", "`{value}` does not fit: {allowed}";
}
