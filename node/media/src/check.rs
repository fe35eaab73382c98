//! Checks on a file that need no decoding.

use domain::attachment::Media;

use super::BadPaper;

/// Number of last bytes in which the end mark of a PDF must be (ISO 32000-1, annex H.3).
const PDF_END_WITHIN: usize = 1024;

/// Returns whether the file is a photo in HEIF (ISO/IEC 23008-12), whatever its declared type.
pub(super) fn is_heif(bytes: &[u8]) -> bool {
    let brands: [&[u8]; 10] = [
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"mif1", b"msf1", b"heif",
    ];
    let brand = bytes.get(8..12).unwrap_or_default();
    bytes.get(4..8) == Some(b"ftyp") && brands.contains(&brand)
}

/// Checks that a PDF begins with its version and has nothing after its end mark. What follows
/// it would be meant for another program.
pub(super) fn pdf(bytes: &[u8]) -> Result<(), BadPaper> {
    let declared = Media::Pdf;
    let version = bytes.get(5..8).unwrap_or_default();
    if !(matches!(version, [b'1' | b'2', b'.', b'0'..=b'9'])) {
        return Err(BadPaper::NotAsDeclared {
            declared,
            found: None,
        });
    }
    let tail = &bytes[bytes.len().saturating_sub(PDF_END_WITHIN)..];
    let end = b"%%EOF";
    let at = tail.windows(end.len()).rposition(|window| window == end);
    let rest = &tail[at.ok_or(BadPaper::CutOff)? + end.len()..];
    if rest
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    {
        match is_locked(bytes) {
            true => Err(BadPaper::Locked),
            false => Ok(()),
        }
    } else {
        Err(BadPaper::Trailing)
    }
}

/// Returns whether a trailer of a PDF names how it is encrypted: `/Encrypt` before a reference or a
/// dictionary (ISO 32000-1, 7.5.5). The dictionary of a trailer is never compressed.
fn is_locked(bytes: &[u8]) -> bool {
    let name = b"/Encrypt";
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    bytes
        .windows(name.len())
        .enumerate()
        .filter(|(_, window)| window == name)
        .any(|(at, _)| {
            let rest = &bytes[at + name.len()..];
            let rest = &rest[rest.iter().take_while(|byte| blank(byte)).count()..];
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let reference = digits > 0 && rest.get(digits).is_some_and(blank);
            reference || rest.starts_with(b"<<")
        })
}

/// Checks that a file is UTF-8 without control characters except tab and line ends.
pub(super) fn text(bytes: &[u8]) -> Result<(), BadPaper> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| BadPaper::NotText(error.valid_up_to()))?;
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    match text.char_indices().find(|(_, c)| control(*c)) {
        Some((at, _)) => Err(BadPaper::NotText(at)),
        None => Ok(()),
    }
}

/// Returns whether a JPEG has its end mark (ITU-T T.81, annex B). Decoders fill missing parts with
/// grey. An embedded preview has its own end mark, so segments are walked, not searched.
pub(super) fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 2) {
            Some([0xff, 0xd9]) => return true,
            // Fill bytes, restart markers and similar ones have no length.
            Some([0xff, 0xff]) => at += 1,
            Some([0xff, 0x01 | 0xd0..=0xd8]) => at += 2,
            Some([0xff, marker]) => {
                let Some(length) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                if *marker == 0xda {
                    // The coded data runs to the next marker that is not part of it.
                    let coded = bytes.get(at..).unwrap_or_default();
                    let ends = |pair: &[u8]| {
                        pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7)
                    };
                    let Some(end) = coded.windows(2).position(ends) else {
                        return false;
                    };
                    at += end;
                }
            }
            _ => return false,
        }
    }
}

/// Returns whether a JPEG is coded in one pass from top to bottom. A truncated one then lacks only
/// the lower part of the picture.
pub(super) fn jpeg_is_sequential(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xff => at += 1,
            0xc0 | 0xc1 => return true,
            0xc2..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xda => return false,
            _ => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
        }
    }
    false
}

/// Reads width and height from a PNG's header (RFC 2083, 4.1.1).
pub(super) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    bytes.get(12..16).filter(|name| name == b"IHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    Some((number(16)?, number(20)?))
}

/// Returns whether a WebP is at least as long as its header says.
pub(super) fn webp_ends(bytes: &[u8]) -> bool {
    let length = bytes.get(4..8).and_then(|length| length.try_into().ok());
    length.is_some_and(|length| u32::from_le_bytes(length) as usize <= bytes.len() - 8)
}
