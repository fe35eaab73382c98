//! Reads single settings, and keeps their problems.

use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive};

use crate::Problem;

/// The problems found so far. Each method checks one setting or group and returns something to go
/// on with, which is dropped if there is any problem.
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        key: &str,
        value: Option<&dyn Display>,
        allowed: &str,
        hint: &str,
    ) {
        self.0.push(Problem {
            key: key.to_owned(),
            value: value.map(ToString::to_string),
            allowed: allowed.to_owned(),
            hint: hint.to_owned(),
        });
    }

    pub(super) fn required(
        &mut self,
        key: &str,
        text: Option<String>,
        what: &str,
        hint: &str,
    ) -> Option<String> {
        let found = text.filter(|text| !text.trim().is_empty());
        if found.is_none() {
            self.add(key, None, &format!("{what} is missing"), hint);
        }
        found
    }

    /// Reads every item; the error of `read` states what would be allowed.
    pub(super) fn each<T, E: Display>(
        &mut self,
        key: &str,
        texts: Option<Vec<String>>,
        read: impl Fn(&str) -> Result<T, E>,
        hint: &str,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for text in texts.unwrap_or_default() {
            match read(&text) {
                Ok(item) => items.push(item),
                Err(allowed) => self.add(key, Some(&text), &allowed.to_string(), hint),
            }
        }
        items
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        value: Option<i64>,
        range: RangeInclusive<i64>,
        hint: &str,
    ) -> Option<u64> {
        let value = value?;
        if range.contains(&value) {
            return u64::try_from(value).ok();
        }
        let allowed = format!("{} to {}", range.start(), range.end());
        self.add(key, Some(&value), &allowed, hint);
        None
    }

    pub(super) fn socket(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let address = text.trim().parse().ok();
        if address.is_none() {
            self.add(
                key,
                Some(&text),
                "an IP address and a port such as `[::]:7450`",
                "a host name is not accepted here; `0.0.0.0` or `[::]` listens on every address",
            );
        }
        address
    }
}
