//! Makes text from other people and nodes harmless wherever people read it: in logs, status and
//! terminals.

/// Returns whether a character can affect a terminal or the order in which a line is read:
/// controls, marks that change the writing direction (Unicode's Bidi_Control), line separators, and
/// invisible characters.
pub const fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns the text in one line, with every harmful character escaped like `\u{202e}`.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if is_harmful(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// Returns a text in one line without blanks around it and without what nobody sees: marks that turn the direction in
/// which a line is read would show other figures than those that are kept.
pub fn plain_line(text: &str) -> String {
    plain_lines(&text.replace('\n', " ")).trim().to_owned()
}

/// Does the same for a text of several lines.
pub fn plain_lines(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => Some('\n'),
        c if c.is_control() => Some(' '),
        c => (!is_harmful(c)).then_some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// Does the same as [`escape`] for JSON on one line: harmful characters occur only inside its strings, and are
/// escaped as in JSON.
pub fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_line_is_written_out() {
        for (text, safe) in [
            ("路灯不亮 ok", "路灯不亮 ok"),
            ("\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("a\u{9b}31mb", "a\\u{9b}31mb"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("\u{200f}\u{61c}", "\\u{200f}\\u{61c}"),
            ("one\ntwo\tthree\r", "one\\ntwo\\tthree\\r"),
            ("\x07\x7f\0", "\\u{7}\\u{7f}\\u{0}"),
        ] {
            assert_eq!(escape(text), safe);
        }
    }

    #[test]
    fn json_is_escaped_as_json_writes_it() {
        let safe = escape_json("\"\u{202e}\u{9b}\u{e0041}路\"");
        assert_eq!(safe, "\"\\u202e\\u009b\\udb40\\udc41路\"");
    }
}
