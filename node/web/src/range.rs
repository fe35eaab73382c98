//! The `Range` header (RFC 9110, 14). One range is supported; a request for several gets the whole
//! file.

use std::ops::Range;

/// The part of a file that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// The whole file.
    Whole,
    /// These bytes; never empty.
    Part(Range<u64>),
    /// A range outside the file.
    Beyond,
}

/// Parses a `Range` header for a file of `length` bytes, at least one. Ignores headers that cannot
/// be parsed.
pub(super) fn stretch(header: &str, length: u64) -> Stretch {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Stretch::Whole;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    match (digits(first), digits(last)) {
        (true, _) if !(last.is_empty() || digits(last)) => Stretch::Whole,
        (true, has_last) => {
            let first = number(first);
            let end = match has_last {
                true => number(last).saturating_add(1).min(length),
                false => length,
            };
            match first {
                _ if has_last && number(last) < first => Stretch::Whole,
                first if first >= length => Stretch::Beyond,
                first => Stretch::Part(first..end),
            }
        }
        (false, true) if first.is_empty() => match number(last) {
            0 => Stretch::Beyond,
            most => Stretch::Part(length.saturating_sub(most)..length),
        },
        _ => Stretch::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_read_as_the_standard_says() {
        for (header, expected) in [
            ("bytes=0-0", Stretch::Part(0..1)),
            ("bytes=5-", Stretch::Part(5..10)),
            ("bytes=2-99999999999999999999999", Stretch::Part(2..10)),
            ("bytes=-3", Stretch::Part(7..10)),
            ("bytes=-99", Stretch::Part(0..10)),
            ("bytes=-0", Stretch::Beyond),
            ("bytes=10-", Stretch::Beyond),
            ("bytes=99999999999999999999-", Stretch::Beyond),
            ("bytes=3-2", Stretch::Whole),
            ("bytes=0-1,4-5", Stretch::Whole),
            ("bytes=a-b", Stretch::Whole),
            ("bytes=1-b", Stretch::Whole),
            ("bytes=+1-2", Stretch::Whole),
            ("bytes=", Stretch::Whole),
            ("bytes=-", Stretch::Whole),
            ("lines=1-2", Stretch::Whole),
        ] {
            assert_eq!(stretch(header, 10), expected, "{header}");
        }
    }
}
