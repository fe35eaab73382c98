//! Parameters of a request: pairs of a form in the body or in the query
//! (`application/x-www-form-urlencoded`, WHATWG URL standard, section 5).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::fault::Fault;

/// The most pairs; an app that sends more is broken.
const MOST_PAIRS: usize = 200;

/// Pairs in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Adds the pairs of a text. If a name is repeated, the first value counts.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Fault> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.add(decode(name, true)?, decode(value, true)?)?;
        }
        Ok(())
    }

    /// Adds one pair.
    pub(super) fn add(&mut self, name: String, value: String) -> Result<(), Fault> {
        if self.pairs.len() == MOST_PAIRS {
            return Err(Fault::unfit(
                "the request has too many parameters; send fewer",
            ));
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// Every name with its value, in the order they came.
    #[cfg(feature = "fuzzing")]
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    /// What was said, whoever says it and however it was written: every pair but the key's.
    pub(super) fn said(&self) -> Vec<u8> {
        let pairs = self.pairs.iter().filter(|(name, _)| name != "api_key");
        let texts = pairs.flat_map(|(name, value)| [name, value]);
        texts
            .flat_map(|text| [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat())
            .collect()
    }

    /// Returns a value without surrounding blanks. An empty value counts as left out, as the
    /// protocol requires.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.pairs.iter().filter(|(key, _)| key == name);
        named.find_map(|(_, value)| Some(value.trim()).filter(|value| !value.is_empty()))
    }

    /// Returns all values of a name, separated by commas or by repetition.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let named = self.pairs.iter().filter(|(key, _)| key == name);
        let words = named.flat_map(|(_, value)| value.split(','));
        words
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect()
    }

    /// Returns code and value of every `attribute[code]` and `attribute[code][]`.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().filter_map(|(name, value)| {
            let code = name.strip_prefix("attribute[")?;
            let code = code.strip_suffix("[]").unwrap_or(code).strip_suffix(']')?;
            Some((code, value.trim())).filter(|(_, value)| !value.is_empty())
        })
    }
}

/// Decodes the escapes of a form (`plus`: a plus is a blank) or of a path.
pub(super) fn decode(text: &str, plus: bool) -> Result<String, Fault> {
    let text = match plus {
        true => Cow::Owned(text.replace('+', " ")),
        false => Cow::Borrowed(text),
    };
    let decoded = percent_decode_str(&text).decode_utf8();
    Ok(decoded.map_err(|_| Fault::not_utf8())?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_browsers_write_them() {
        let mut form = Form::default();
        let text = "a=1+2%2B3&b=%E8%B7%AF&a=9&c&d=100%&attribute%5BW%5D=x&attribute[V][]=y&s=open,%20closed&s=";
        form.read(text).unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("1 2+3"), Some("路")));
        assert_eq!((form.get("c"), form.get("d")), (None, Some("100%")));
        assert_eq!(form.list("s"), ["open", "closed"]);
        let attributes: Vec<_> = form.attributes().collect();
        assert_eq!(attributes, [("W", "x"), ("V", "y")]);
        assert_eq!(decode("a+b%2Fc", false).unwrap(), "a+b/c");
    }

    #[test]
    fn the_same_said_in_another_way_is_the_same() {
        let said = |text: &str| {
            let mut form = Form::default();
            form.read(text).unwrap();
            form.said()
        };
        assert_eq!(said("a=1+2&api_key=x"), said("api_key=y&a=1%202"));
        for other in ["a=1+3", "b=1+2", "a=1+2&b", "a1=+2", "a=1&+2"] {
            assert_ne!(said("a=1+2"), said(other), "{other}");
        }
    }

    #[test]
    fn what_is_not_utf_8_or_too_much_is_refused() {
        let latin = Form::default().read("description=%E9t%E9").unwrap_err();
        assert_eq!(latin.status, 400);
        assert!(latin.descriptions[0].contains("UTF-8"));
        let many = "a=1&".repeat(MOST_PAIRS + 1);
        assert!(Form::default().read(&many).is_err());
    }
}
