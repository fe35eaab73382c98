//! Places in texts that people write.

/// Returns the line and the character of a byte, both from 1. A byte inside of a character counts as its first, one
/// behind the end as the end.
pub fn position(text: &str, byte: usize) -> (u32, u32) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(line), number(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_characters_count_from_one() {
        let text = "一二\n三 = 4";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, 3), (1, 2));
        assert_eq!(position(text, 4), (1, 2), "inside of a character");
        assert_eq!(position(text, 7), (2, 1));
        assert_eq!(position(text, 99), (2, 6));
    }
}
