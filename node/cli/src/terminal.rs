//! Makes text that other people wrote safe for a terminal.

pub use domain::foreign::escape;
pub(super) use domain::foreign::escape_json;

/// Escapes every line of a text.
pub(super) fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escape).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines_and_what_is_harmful_in_them_is_written_out() {
        assert_eq!(escape_lines("one\ntwo\x1b"), "one\ntwo\\u{1b}");
    }

    #[test]
    fn json_is_escaped_and_means_the_same() {
        let text = "\u{202e}\u{9b}\u{e0041}\x1b\n路";
        let json = serde_json::to_string(&text).unwrap();
        let safe = escape_json(&json);
        assert!(!safe.chars().any(domain::foreign::is_harmful), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }
}
