//! Numbers of other systems, and the damage that a spreadsheet does to them.

/// The damage that a spreadsheet did to a number of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ruined {
    /// `2.02603E+13`: the last digits are gone.
    Shortened,
    /// `3月1日`, `1-Mar`: it was converted to a date.
    Day,
}

/// Returns a number without its protection from a spreadsheet (`="0017"`, `'0017`).
pub(super) fn unprotected(text: &str) -> &str {
    let formula = text
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|rest| !rest.contains('"'));
    let marked = text
        .strip_prefix('\'')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    formula.or(marked).unwrap_or(text).trim()
}

/// Returns whether a spreadsheet shortened a number, as it does with more than eleven digits.
/// Different numbers then look the same.
pub fn shortened(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let signed = exponent.strip_prefix('+');
    // `1E5` may be a number of a system; a spreadsheet writes 1E+05.
    let by_spreadsheet = signed.is_some() || fraction.is_some();
    by_spreadsheet
        && whole.len() == 1
        && digits(whole)
        && fraction.is_none_or(digits)
        && digits(signed.unwrap_or(exponent))
}

/// Returns the damage to a number, if any.
pub(super) fn ruined(text: &str) -> Option<Ruined> {
    if shortened(text) {
        return Some(Ruined::Shortened);
    }
    let short =
        |text: &str| matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    let chinese = text
        .strip_suffix('日')
        .and_then(|rest| rest.split_once('月'))
        .is_some_and(|(month, day)| short(month) && short(day));
    let english = text.split_once('-').is_some_and(|(one, other)| {
        let month = |text: &str| MONTHS.contains(&text);
        short(one) && month(other) || month(one) && short(other)
    });
    (chinese || english).then_some(Ruined::Day)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
