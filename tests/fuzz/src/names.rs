//! Numbers and names that people and programs write: each is written in one way, and read again as the same.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use domain::{
    attachment::{FileNo, Media, UploadId},
    calendar::Allowance,
    category::Category,
    feed::ChangeId,
    hook::HookId,
    ids::{KeyId, MatterId},
    import::Source,
    matter::{Datum, Department},
    people::{AccountId, ApiKeyId, GridId, Login, Permission, Role},
    template::{TemplateKey, TemplateKind},
    time::Day,
};
use office::{About, Cursor, people::Token};
use telemetry::TraceContext;
use topology::{DivisionCode, Tier, dns, saying::Part};

/// Any text, as each of them.
pub(crate) fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(code) = text.parse::<DivisionCode>() {
        assert_eq!(DivisionCode::from_u64(code.as_u64()), Some(code));
        assert_eq!(code.short().parse(), Ok(code));
        assert_eq!(
            dns::code(&dns::name(code, "zj.example"), "zj.example"),
            Ok(code)
        );
    }
    if let Ok(code) = dns::code(text, "zj.example") {
        let name = dns::name(code, "zj.example");
        assert!(
            text.strip_suffix('.')
                .unwrap_or(text)
                .eq_ignore_ascii_case(&name),
            "{text}"
        );
    }
    if let Some(key) = KeyId::from_hex(text) {
        assert!(key.to_string().eq_ignore_ascii_case(text));
    }
    if let Ok(id) = text.parse::<MatterId>() {
        assert_eq!(MatterId::from_bytes(&id.to_bytes()), Some(id));
    }
    // Of numbers there is one spelling, but for the case of letters, zeros that a division may lack, and blanks
    // around.
    same::<MatterId>(text, |text| one_spelling(text.trim()));
    same::<Cursor>(text, one_spelling);
    same::<FileNo>(text, one_spelling);
    same::<UploadId>(text, one_spelling);
    same::<HookId>(text, one_spelling);
    same::<ChangeId>(text, one_spelling);
    same::<AccountId>(text, one_spelling);
    same::<GridId>(text, one_spelling);
    same::<ApiKeyId>(text, one_spelling);
    same::<Department>(text, |_| true);
    same::<DivisionCode>(text, |text| one_spelling(text.trim()));
    same::<Day>(text, |_| true);
    same::<Allowance>(text, |_| true);
    same::<Category>(text, |_| true);
    same::<Login>(text, |_| true);
    same::<Source>(text, |_| true);
    same::<TemplateKey>(text, |_| true);
    word::<TemplateKind>(text);
    word::<Media>(text);
    word::<Datum>(text);
    word::<Role>(text);
    word::<Permission>(text);
    word::<Tier>(text);
    same::<TraceContext>(text, |_| true);
    same::<config::HostPort>(text, |_| true);
    same::<config::Subnet>(text, |_| true);
    if let Ok(token) = text.parse::<Token>() {
        assert!(token.to_string().eq_ignore_ascii_case(text));
    }
    // It has no text of its own.
    let _ = text.parse::<About>();
}

/// Digits, letters, dots and dashes, and no sign before a number.
fn one_spelling(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    text.chars().all(plain)
}

/// One of a few words.
fn word<T>(text: &str)
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug,
{
    if let Ok(read) = text.parse::<T>() {
        let again = read.to_string().parse::<T>();
        assert_eq!(again.expect("it was written here"), read, "{text:?}");
    }
}

fn same<T>(text: &str, fits: fn(&str) -> bool)
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug + Part,
{
    word::<T>(text);
    match text.parse::<T>() {
        Ok(read) => assert!(fits(text), "{text:?} was read as {read}"),
        // What is told back of a text is no longer than a few lines.
        Err(error) => {
            for told in [error.in_english(), error.in_chinese()] {
                assert!(told.chars().count() <= 800, "{told}");
            }
        }
    }
}
