//! QR codes in a terminal: two rows of modules in a line of half blocks.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of light around the code; readers of screens need no more.
const QUIET: usize = 2;

/// Draws a text; `None` if it is longer than a code can hold. What is light is drawn, so that it reads as a code on
/// terminals that write light on dark; `colours` adds them, so that it does on others too.
pub(super) fn draw(text: &str, colours: bool) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let light = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        match (inside(row), inside(column)) {
            (Some(row), Some(column)) => modules[row * width + column] == Color::Light,
            _ => true,
        }
    };
    let side = width + 2 * QUIET;
    let (begin, end) = match colours {
        true => ("\x1b[37;40;1m", "\x1b[0m"),
        false => ("", ""),
    };
    let line = |row: usize| {
        let half = |column| match (light(row, column), row + 1 < side && light(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        let line: String = (0..side).map(half).collect();
        format!("{begin}{line}{end}\n")
    };
    Some((0..side).step_by(2).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_fits_a_terminal_of_25_lines_and_80_columns() {
        let text = format!("WJT1{}", "Q".repeat(156));
        let drawn = draw(&text, false).unwrap();
        assert!(drawn.lines().count() <= 25, "{}", drawn.lines().count());
        let widths: Vec<_> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(
            widths
                .iter()
                .all(|width| *width == widths[0] && *width <= 80)
        );
        assert!(drawn.starts_with('█'), "light around it");
    }

    #[test]
    fn colours_are_ended_in_every_line_and_too_long_a_text_is_not_drawn() {
        let drawn = draw("WJT1QQQQ", true).unwrap();
        assert!(drawn.lines().all(|line| line.ends_with("\x1b[0m")));
        assert_eq!(draw(&"q".repeat(4_000), false), None);
    }
}
