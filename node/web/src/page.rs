//! Parameters of paged lists.

use std::str::FromStr;

use super::problem::{InChinese, Rejection};

/// Lines on a page by default.
const USUAL: usize = 100;
/// The most lines on a page.
const MOST: usize = 1_000;

/// Returns the number of lines to show.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Rejection> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        limit => Err(Rejection::unfit((
            format!("a page cannot have {limit} entries; ask for 1 to {MOST}"),
            format!("一页不能有 {limit} 条；请写 1 到 {MOST}"),
        ))),
    }
}

/// Parses the line after which the page begins.
pub(super) fn after<T>(text: Option<&str>) -> Result<Option<T>, Rejection>
where
    T: FromStr,
    T::Err: InChinese,
{
    let read = text.map(str::parse).transpose();
    read.map_err(|error: T::Err| Rejection::unfit(&error))
}
