//! Number formats of spreadsheets.

use super::{Cell, Doubt};

/// From this number on a spreadsheet cannot store every whole number.
const FIFTEEN_DIGITS: f64 = 1e15;

/// Returns a number as the person saw it: with the zeros and letters that its format adds.
pub(super) fn shown(number: f64, format: Option<&str>) -> Cell {
    if number.fract() != 0.0 {
        return Ok(number.to_string());
    }
    if number.abs() >= FIFTEEN_DIGITS {
        return Err(Doubt::Digits(format!("{number:.0}")));
    }
    let plain = format!("{number:.0}");
    let Some(format) = format.filter(|format| !is_plain(format)) else {
        return Ok(plain);
    };
    match filled_in(format, &plain) {
        Some(shown) => Ok(shown),
        None => Err(Doubt::Format(plain, format.to_owned())),
    }
}

/// Returns whether the format shows a whole number by its digits.
fn is_plain(format: &str) -> bool {
    let general = format.eq_ignore_ascii_case("General");
    general || matches!(format, "" | "@" | "0" | "#" | "0_ " | "0_);(0)")
}

/// Fills the digits into a format of zeros, other digit places and literal text. `None` for a
/// format that does more: groups, scales, or has conditions.
fn filled_in(format: &str, plain: &str) -> Option<String> {
    if plain.starts_with('-') {
        return None;
    }
    // Sections for negative numbers and for zero follow.
    let section = format.split(';').next()?;
    let mut places: Vec<Place> = vec![];
    let mut letters = section.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '0' => places.push(Place::Zero),
            '#' | '?' => places.push(Place::Digit),
            '\\' => places.push(Place::Letter(letters.next()?)),
            '"' => {
                let quoted = letters.by_ref().take_while(|letter| *letter != '"');
                places.extend(quoted.map(Place::Letter));
            }
            // The width of another character, or the fill character of the cell.
            '_' | '*' => {
                letters.next()?;
            }
            '-' | ' ' | '/' | '(' | ')' | '+' | ':' => places.push(Place::Letter(letter)),
            c if !c.is_ascii() => places.push(Place::Letter(c)),
            _ => return None,
        }
    }
    let wanted = places
        .iter()
        .filter(|place| !matches!(place, Place::Letter(_)));
    let wanted = wanted.count();
    if wanted == 0 {
        return None;
    }
    // Digits beyond the places of the format come before the first place.
    let before = plain.len().saturating_sub(wanted);
    let mut digits = plain[before..].chars();
    let mut missing = wanted - digits.clone().count();
    let mut shown = String::new();
    let mut begun = false;
    for place in places {
        match place {
            Place::Letter(letter) => shown.push(letter),
            Place::Zero | Place::Digit => {
                if !begun {
                    shown.push_str(&plain[..before]);
                    begun = true;
                }
                if missing > 0 {
                    missing -= 1;
                    if matches!(place, Place::Zero) {
                        shown.push('0');
                    }
                } else {
                    shown.extend(digits.next());
                }
            }
        }
    }
    Some(shown)
}

enum Place {
    Zero,
    Digit,
    Letter(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_its_format_shows_it() {
        for (number, format, expected) in [
            (1234.0, "00000000", "00001234"),
            (1234.0, "General", "1234"),
            (20_260_301_000_017.0, "General", "20260301000017"),
            (17.0, "\"LY-\"0000", "LY-0017"),
            (17.0, "\\L0000", "L0017"),
            (3_300_012.0, "000\\-0000", "330-0012"),
            (123_456.0, "0-0", "12345-6"),
            (7.0, "0_ ", "7"),
            (7.0, "##00", "07"),
            (29.0285, "0.00", "29.0285"),
        ] {
            assert_eq!(
                shown(number, Some(format)).as_deref(),
                Ok(expected),
                "{format}"
            );
        }
    }

    #[test]
    fn a_number_whose_format_or_length_hides_what_was_typed_is_in_doubt() {
        for format in ["#,##0", "0.00E+00", "[<=9999999]000-0000;0", "0%", "0.00"] {
            let doubt = Doubt::Format("1234".to_owned(), format.to_owned());
            assert_eq!(shown(1234.0, Some(format)), Err(doubt), "{format}");
        }
        for number in [1e15, 202_603_011_234_567_891.0, 1_234_567_890_123_456.0] {
            assert!(
                matches!(shown(number, None), Err(Doubt::Digits(_))),
                "{number}"
            );
        }
        assert_eq!(
            shown(123_456_789_012_345.0, None).as_deref(),
            Ok("123456789012345")
        );
    }
}
