//! Pages of lists.

use std::str::FromStr;

use super::problem::Rejection;

/// Lines on a page unless asked for otherwise.
const USUAL: usize = 100;
/// Lines on a page at most.
const MOST: usize = 1_000;

/// How many lines to show.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Rejection> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        limit => Err(Rejection::unfit(&format!(
            "a page of {limit} does not fit; ask for 1 to {MOST}"
        ))),
    }
}

/// After which line to begin.
pub(super) fn after<T>(text: Option<&str>) -> Result<Option<T>, Rejection>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let read = text.map(str::parse).transpose();
    read.map_err(|error: T::Err| Rejection::unfit(&error.to_string()))
}
