//! Reads single settings, and keeps their problems.

use std::{fmt::Display, net::SocketAddr};

use topology::saying::Saying;

use crate::{Problem, problem::does_not_fit, raw::setting};

/// A sentence or a part of one, in English and in Chinese.
pub(super) type Both<'a> = (&'a str, &'a str);

/// Returns both as a saying.
pub(super) fn both((english, chinese): Both<'_>) -> Saying {
    Saying {
        english: english.to_owned(),
        chinese: chinese.to_owned(),
    }
}

/// The problems found so far. Each method checks one setting or group and returns something to go
/// on with, which is dropped if there is any problem.
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// Adds a problem: the value that was found, if it may be told, what would be allowed, and what to do.
    pub(super) fn add(
        &mut self,
        key: &str,
        value: Option<&dyn Display>,
        allowed: Both<'_>,
        remedy: Both<'_>,
    ) {
        self.add_said(key, value, (both(allowed), both(remedy)));
    }

    pub(super) fn add_said(
        &mut self,
        key: &str,
        value: Option<&dyn Display>,
        (allowed, remedy): (Saying, Saying),
    ) {
        let value = value.map(ToString::to_string);
        let cause = match &value {
            Some(value) => does_not_fit(value, allowed),
            None => allowed,
        };
        let mut problem = Problem::of(key, cause, remedy);
        problem.value = value;
        self.0.push(problem);
    }

    /// Returns a text that must be there; `missing` says that it is not.
    pub(super) fn required(
        &mut self,
        key: &str,
        text: Option<String>,
        missing: Both<'_>,
        remedy: Both<'_>,
    ) -> Option<String> {
        let found = text.filter(|text| !text.trim().is_empty());
        if found.is_none() {
            self.add(key, None, missing, remedy);
        }
        found
    }

    /// Reads every item; the error of `read` states what would be allowed.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        texts: Option<Vec<String>>,
        read: impl Fn(&str) -> Result<T, Saying>,
        remedy: Both<'_>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for text in texts.unwrap_or_default() {
            match read(&text) {
                Ok(item) => items.push(item),
                Err(allowed) => self.add_said(key, Some(&text), (allowed, both(remedy))),
            }
        }
        items
    }

    /// Returns a number that is in the range of its row; one that is not becomes the least.
    pub(super) fn number(&mut self, key: &str, value: Option<i64>) -> u64 {
        let row = setting(key);
        let (least, most) = row.range().expect("the row of a number has a range");
        let value = value.unwrap_or(least);
        if !(least..=most).contains(&value) {
            let unit = match row.unit() {
                "" => String::new(),
                unit => format!(" {unit}"),
            };
            let allowed = range(least, format!("{most}{unit}"));
            self.add_said(key, Some(&value), (allowed, both(row.hint())));
        }
        value.clamp(least, most).unsigned_abs()
    }

    pub(super) fn socket(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let address = text.trim().parse().ok();
        if address.is_none() {
            self.add(
                key,
                Some(&text),
                (
                    "an IP address and a port such as `[::]:7450`",
                    "IP 地址加端口，如 `[::]:7450`",
                ),
                (
                    "a host name is not accepted here; `0.0.0.0` or `[::]` listens on every address",
                    "这里不能写主机名；`0.0.0.0` 或 `[::]` 表示所有地址",
                ),
            );
        }
        address
    }
}

topology::sayings! {
    fn range(least, most): " {least} 到 {most}", "{least} to {most}";
}
