//! QR codes, as paths of SVG.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of the quiet zone on each side (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code as a picture: every dark module is a square of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Units of each side, the quiet zone included.
    pub(crate) side: usize,
    /// The dark squares, as a path of SVG.
    pub(crate) path: String,
}

/// Draws a text at error level M; `None` if it is longer than a code can hold.
pub(crate) fn draw(text: &str) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate();
    let dark = dark.filter(|(_, color)| *color == Color::Dark);
    let square = |(at, _): (usize, Color)| {
        let (row, column) = (at / width + QUIET, at % width + QUIET);
        format!("M{column} {row}h1v1h-1z")
    };
    Some(Picture {
        side: width + 2 * QUIET,
        path: dark.map(square).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_quiet_zone_and_the_three_marks_of_its_corners() {
        let text = "http://330825002222.localhost:8080/my#330825002222-1-1.0123456789abcdef0123456789abcdef";
        let picture = draw(text).unwrap();
        assert_eq!((picture.side - 2 * QUIET - 17) % 4, 0);
        let far = picture.side - QUIET - 7;
        for (column, row) in [(QUIET, QUIET), (far, QUIET), (QUIET, far)] {
            for along in 0..7 {
                let square = format!("M{} {row}h1v1h-1z", column + along);
                assert!(picture.path.contains(&square));
            }
        }
        assert!(!picture.path.contains("M3 ") && !picture.path.contains(" 3h"));
        assert_eq!(draw(&"x".repeat(4_000)), None);
    }

    /// Millimetres of the side of a QR code on paper, by a rule of the style.
    fn printed_mm(rule: &str) -> f64 {
        let style = include_str!("../../assets/console.css");
        let (_, rest) = style.split_once(rule).unwrap();
        let (_, rest) = rest.split_once("width:").unwrap();
        let (width, _) = rest.split_once("cm").unwrap();
        width.parse::<f64>().unwrap() * 10.0
    }

    /// R-P25: on paper a module has half a millimetre at least, and the quiet zone is there, even with the
    /// longest host name that there can be. Level M: of the bytes that a code of this size holds, no more
    /// are used than that level leaves (ISO/IEC 18004, table 7).
    #[test]
    fn the_modules_of_a_printed_code_are_large_enough() {
        let host = "x".repeat(253);
        let address = format!(
            "https://{host}/my#330825002222-1f3a9c04-1234567890.{}",
            "0".repeat(32)
        );
        let receipt = draw(&address).unwrap();
        let poster = draw(&format!("https://{host}/report")).unwrap();
        let label = draw(&format!("https://{host}/points/h/4294967295")).unwrap();
        let digits = |count| format!("https://{host}/v#{}", "1".repeat(count));
        let proof = draw(&digits(2_890)).unwrap();
        let longest = draw(&digits(4_900)).unwrap();
        assert_eq!(longest.side - 2 * QUIET, 177, "no code has more modules");
        for (picture, rule) in [
            (&receipt, ".qr{"),
            (&poster, ".poster .qr{"),
            (&label, ".label .qr{"),
            (&proof, ".proof .qr{"),
            (&longest, ".proof .qr{"),
        ] {
            let module = printed_mm(rule) / picture.side as f64;
            assert!(module >= 0.5, "{rule}: {module} mm");
        }
        assert_eq!(QUIET, 4);
        // 106 bytes fill version 6 at level M, 107 begin version 7; at L version 6 would hold 134.
        let side = |bytes: usize| draw(&"x".repeat(bytes)).unwrap().side - 2 * QUIET;
        assert_eq!([side(106), side(107)], [41, 45]);
    }
}
