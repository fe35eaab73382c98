//! Numbers of a sheet: written so that they are kept exactly, and read only if they are what is shown.

/// The most digits that a spreadsheet keeps of a number.
const MOST_DIGITS: usize = 15;

/// Returns a number that a sheet keeps exactly; `None` for other texts.
pub(super) fn exact(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (plain && (1..=MOST_DIGITS).contains(&count))
        .then(|| text.parse().ok())
        .flatten()
}

/// Returns whether a number in this format is shown as what it is: not rounded, scaled, without its sign, or hidden.
pub(super) fn is_shown(number: f64, format: Option<&str>) -> bool {
    let format = format.unwrap_or_default();
    if matches!(format, "" | "@") || format.eq_ignore_ascii_case("general") {
        return true;
    }
    let sections: Vec<&str> = format.split(';').collect();
    let own_sign = number < 0.0 && sections.len() > 1;
    let section = match number {
        n if n < 0.0 && sections.len() > 1 => sections[1],
        0.0 if sections.len() > 2 => sections[2],
        _ => sections[0],
    };
    let Some(section) = Section::read(section) else {
        return false;
    };
    let text = number.abs().to_string();
    let decimals = text.split_once('.').map_or(0, |(_, part)| part.len());
    decimals <= section.decimals && (!own_sign || section.is_negative)
}

/// What a section of a format does with a number.
#[derive(Default)]
struct Section {
    decimals: usize,
    /// Whether it writes a minus or brackets itself.
    is_negative: bool,
}

impl Section {
    /// Reads a section; `None` for one that does more than write digits.
    fn read(text: &str) -> Option<Self> {
        let mut section = Self::default();
        let (mut digits, mut after_point, mut last) = (0, false, ' ');
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '0' | '#' | '?' => {
                    digits += 1;
                    section.decimals += usize::from(after_point);
                    last = letter;
                }
                '.' => after_point = true,
                ',' => last = ',',
                '-' | '(' => section.is_negative = true,
                ')' | '+' | ' ' | '¥' | '￥' | '$' | '元' => {}
                '\\' | '_' | '*' => {
                    letters.next()?;
                }
                '"' => {
                    let mut quoted = letters.by_ref().take_while(|letter| *letter != '"');
                    if !quoted.all(|letter| matches!(letter, '¥' | '￥' | '$' | '元' | ' ')) {
                        return None;
                    }
                }
                '[' => {
                    let inside: String = letters.by_ref().take_while(|l| *l != ']').collect();
                    if inside.starts_with(['<', '>', '=']) {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        // A comma behind the last digit divides by a thousand.
        (digits > 0 && last != ',').then_some(section)
    }
}
