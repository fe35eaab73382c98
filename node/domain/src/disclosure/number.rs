//! Amounts and numbers as people type them.

/// Decimals that are counted with.
const SCALE: usize = 4;
/// The most digits before the decimal point.
const MOST_DIGITS: usize = 15;

/// Reads a number with at most so many decimals, in ten-thousandths; commas between digits are left out of account.
/// `None` if it is none, or has more digits than any village's money.
pub(crate) fn read(text: &str, decimals: usize) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_grouped = whole.contains(',');
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let fits = groups.all(|group| group.len() == 3);
    if is_grouped && !(fits && (1..=3).contains(&first.len())) {
        return None;
    }
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let lengths = (1..=MOST_DIGITS).contains(&whole.len()) && part.len() <= decimals.min(SCALE);
    if !lengths || !all_digits(&whole) || !all_digits(part) || digits.ends_with('.') {
        return None;
    }
    let scaled: i128 = format!("{whole}{part:0<SCALE$}").parse().ok()?;
    Some(if negative { -scaled } else { scaled })
}

/// Writes ten-thousandths with at least so many decimals.
pub(crate) fn write(value: i128, decimals: usize) -> String {
    let scale = 10_i128.pow(SCALE as u32);
    let part = format!("{:0SCALE$}", value.abs() % scale);
    let kept = part.trim_end_matches('0').len().max(decimals);
    let sign = if value < 0 { "-" } else { "" };
    let whole = value.abs() / scale;
    match kept {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{}", &part[..kept]),
    }
}
