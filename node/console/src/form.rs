//! The fields of a form or of an address (`application/x-www-form-urlencoded`).

use api::problem::Problem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but what is plain in an address (RFC 3986, 2.3).
const ODD: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns whether a problem is told beside the form that met it, because the person can do something about it there.
pub(crate) const fn is_beside(problem: &Problem) -> bool {
    matches!(problem.status, 403 | 409 | 412 | 422)
}

/// Fields in the order of the page; a name may stand several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    /// Reads fields. What is not UTF-8 becomes U+FFFD.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(
            pairs
                .map(|(name, value)| (plain(name), plain(value)))
                .collect(),
        )
    }

    /// Returns a field without blanks around it; `None` if it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Returns a field as it was typed; empty if it is missing.
    pub(crate) fn typed(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Iterates over all values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.trim())
    }

    /// Returns the fields but those with these names, as a query without `?`.
    pub(crate) fn query_without(&self, names: &[&str]) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        let pairs = kept.map(|(name, value)| format!("{}={}", odd(name), odd(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Writes a text as a part of an address.
pub(crate) fn odd(text: &str) -> String {
    utf8_percent_encode(text, ODD).to_string()
}

fn plain(text: &str) -> String {
    let text = text.replace('+', " ");
    // Browsers write the end of a line as two characters.
    percent_decode_str(&text)
        .decode_utf8_lossy()
        .replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let form = Form::read("note=%E6%B5%99+1%0D%0A2&empty=&note=b&bare");
        assert_eq!(form.get("note"), Some("浙 1\n2"));
        assert_eq!(form.get("empty"), None);
        assert_eq!(form.all("note").collect::<Vec<_>>(), ["浙 1\n2", "b"]);
        assert_eq!(form.query_without(&["note"]), "empty=&bare=");
        assert_eq!(Form::read(&form.query_without(&[])), form);
    }
}
