//! Bytes as decimal digits, which QR codes hold most densely: 8 bytes are 20 digits.

use domain::disclosure::digest_of;

/// Digits of the last bytes, by their number.
const WIDTHS: [usize; 9] = [0, 3, 5, 8, 10, 13, 15, 17, 20];
/// Bytes of the check.
const CHECK: usize = 4;
/// More digits than any QR code holds.
const MOST_DIGITS: usize = 8_000;

/// The reason a text is no proof on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has other signs than digits.
    #[error(
        "a printed proof is a long row of digits, or the address that ends with them; scan the code again and copy all of it"
    )]
    Digits,
    /// It is longer than a code.
    #[error(
        "it has more than {MOST_DIGITS} digits, more than a QR code holds; scan the code again"
    )]
    TooLong,
    /// A digit is wrong or missing.
    #[error(
        "a digit is wrong or missing, or the end was cut off; scan the code again and copy all of it"
    )]
    Mistyped,
    /// It is of another form.
    #[error("the digits are those of a printed proof of another form; use a newer program")]
    Form,
}

/// Writes bytes, and a check of them, as digits.
pub(super) fn write(bytes: &[u8]) -> String {
    let check = digest_of(bytes);
    let bytes = [bytes, &check[..CHECK]].concat();
    let mut text = String::new();
    for chunk in bytes.chunks(8) {
        let number = chunk
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let width = WIDTHS[chunk.len()];
        text += &format!("{number:0width$}");
    }
    text
}

/// Reads digits, with blanks between them or after an address and `#`, and returns the bytes without the check.
pub(super) fn read(text: &str) -> Result<Vec<u8>, Unreadable> {
    let text = text.rsplit_once('#').map_or(text, |(_, digits)| digits);
    let digits: Vec<u8> = text
        .bytes()
        .filter(|one| !one.is_ascii_whitespace())
        .collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Unreadable::Digits);
    }
    if digits.len() > MOST_DIGITS {
        return Err(Unreadable::TooLong);
    }
    let mut bytes = vec![];
    for chunk in digits.chunks(WIDTHS[8]) {
        let length = WIDTHS.iter().position(|width| *width == chunk.len());
        let length = length.ok_or(Unreadable::Mistyped)?;
        let digits = std::str::from_utf8(chunk).expect("they are digits");
        let number: u64 = digits.parse().map_err(|_| Unreadable::Mistyped)?;
        let number = number.to_be_bytes();
        let (high, low) = number.split_at(8 - length);
        if high.iter().any(|byte| *byte != 0) {
            return Err(Unreadable::Mistyped);
        }
        bytes.extend(low);
    }
    let checked = bytes.len().checked_sub(CHECK).ok_or(Unreadable::Mistyped)?;
    let check = bytes.split_off(checked);
    match digest_of(&bytes)[..CHECK] == check[..] {
        true => Ok(bytes),
        false => Err(Unreadable::Mistyped),
    }
}
