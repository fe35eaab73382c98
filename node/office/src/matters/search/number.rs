//! Ranges of matter numbers in byte order.

use topology::DivisionCode;

/// A range: from, inclusive, and to, exclusive.
pub(super) type Span = (Vec<u8>, Vec<u8>);

/// Returns the range of numbers given by a division or one below it, by code.
pub(super) fn below(code: DivisionCode) -> Span {
    let (from, unit) = (code.as_u64(), 10u64.pow(12 - code.tier().digits()));
    let bound = |number: u64| number.to_be_bytes().to_vec();
    (bound(from), bound(from + unit))
}

/// Returns the ranges of numbers whose text begins with `text`; none if there are none.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut parts = text.split('-');
    let origin = parts.next().unwrap_or_default();
    let (epoch, number) = (parts.next(), parts.next());
    let found = match (epoch, number, parts.next()) {
        (None, ..) => of_origin(origin),
        (Some(epoch), None, _) => whole(origin).and_then(|origin| of_epoch(origin, epoch)),
        (Some(epoch), Some(number), None) => {
            return whole(origin)
                .zip(
                    u32::from_str_radix(epoch, 16)
                        .ok()
                        .filter(|_| epoch.len() == 8),
                )
                .map(|(origin, epoch)| of_number(origin, epoch, number))
                .unwrap_or_default();
        }
        _ => None,
    };
    found.into_iter().collect()
}

/// Parses a complete origin, short or with its zeros.
fn whole(origin: &str) -> Option<u64> {
    origin.parse().ok().map(DivisionCode::as_u64)
}

fn of_origin(digits: &str) -> Option<Span> {
    let missing = 12u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    let unit = 10u64.pow(missing);
    let from = digits.parse::<u64>().ok()? * unit;
    let bound = |number: u64| number.to_be_bytes().to_vec();
    Some((bound(from), bound(from + unit)))
}

fn of_epoch(origin: u64, hex: &str) -> Option<Span> {
    let missing = 8usize.checked_sub(hex.len())?;
    let (from, unit) = match hex {
        "" => (0, 1 << 32),
        _ => {
            let unit = 1u64 << (4 * missing);
            (u64::from_str_radix(hex, 16).ok()? * unit, unit)
        }
    };
    // An epoch after the last one belongs to the next origin.
    let bound = |epoch: u64| {
        let origin = origin + (epoch >> 32);
        let epoch = (epoch & u64::from(u32::MAX)) as u32;
        [&origin.to_be_bytes()[..], &epoch.to_be_bytes()].concat()
    };
    Some((bound(from), bound(from + unit)))
}

fn of_number(origin: u64, epoch: u32, digits: &str) -> Vec<Span> {
    let bound = |number: u64| {
        [
            &origin.to_be_bytes()[..],
            &epoch.to_be_bytes(),
            &number.to_be_bytes(),
        ]
        .concat()
    };
    if digits.is_empty() {
        return vec![(bound(0), [bound(u64::MAX), vec![0]].concat())];
    }
    let Some(first) = digits
        .parse::<u64>()
        .ok()
        .filter(|first| *first > 0 && !digits.starts_with('0'))
    else {
        return vec![];
    };
    let units = std::iter::successors(Some(1u64), |unit| unit.checked_mul(10));
    let spans = units.map_while(|unit| {
        let (from, to) = (
            first.checked_mul(unit)?,
            first.saturating_add(1).saturating_mul(unit),
        );
        Some((bound(from), bound(to)))
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use domain::ids::MatterId;

    fn in_spans(text: &str, id: MatterId) -> bool {
        let bytes = id.to_bytes();
        let spans = spans(text);
        spans
            .iter()
            .any(|(from, to)| from[..] <= bytes[..] && bytes[..] < to[..])
    }

    proptest! {
        #[test]
        fn a_number_lies_in_the_spans_of_exactly_its_own_beginnings(
            village in 0u64..999, epoch in any::<u32>(), number in 1u64..100_000,
            other in 1u64..100_000, length in 1usize..30,
        ) {
            let origin = DivisionCode::from_u64(330_825_002_000 + village).unwrap();
            let id = MatterId { origin, epoch, number };
            let text = id.to_string();
            let beginning = &text[..length.min(text.len())];
            prop_assert!(in_spans(beginning, id), "{beginning}");
            let other = MatterId { number: other, ..id };
            let begins = other.to_string().starts_with(beginning);
            prop_assert_eq!(in_spans(beginning, other), begins, "{} {}", beginning, other);
        }
    }

    #[test]
    fn what_begins_no_number_has_no_span() {
        for text in [
            "3308250022221",
            "330825002222-zz",
            "330825002222-1f3a9c04-0",
            "33-1-1",
            "33-1-1-1",
        ] {
            assert!(spans(text).is_empty(), "{text}");
        }
        assert_eq!(spans("330825002222-ffffffff").len(), 1);
    }
}
