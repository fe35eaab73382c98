//! Text encodings of files.

use encoding_rs::{DecoderResult, GB18030};

use crate::BadFile;

/// Encoding of a text file, which the file itself does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// GB18030 (GB 18030-2022), which covers GBK and GB2312, as the WHATWG Encoding Standard
    /// decodes it.
    Gb18030,
}

/// Bytes that are not a character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbled {
    /// The text before them.
    pub before: String,
    /// The bytes, in hexadecimal.
    pub bytes: String,
}

impl Encoding {
    /// Returns the bytes of the text, without a byte order mark.
    ///
    /// # Errors
    /// [`BadFile`] if the file certainly has another encoding.
    pub(crate) fn check(self, bytes: &[u8]) -> Result<&[u8], BadFile> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(BadFile::Utf16);
        }
        let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
        match self {
            Self::Utf8 => {
                let bytes = marked.unwrap_or(bytes);
                match std::str::from_utf8(bytes) {
                    Ok(_) => Ok(bytes),
                    Err(error) => Err(guessed(bytes, error.valid_up_to())),
                }
            }
            // Most bytes of UTF-8 are also valid GB18030 and give wrong characters, not errors.
            Self::Gb18030 if marked.is_some() || is_plainly_utf8(bytes) => Err(BadFile::IsUtf8),
            Self::Gb18030 => Ok(bytes.strip_prefix(b"\x84\x31\x95\x33").unwrap_or(bytes)),
        }
    }

    /// Encodes a character.
    pub(crate) fn encode(self, character: char) -> Vec<u8> {
        let text = character.to_string();
        match self {
            Self::Utf8 => text.into_bytes(),
            Self::Gb18030 => GB18030.encode(&text).0.into_owned(),
        }
    }

    /// Returns the length in bytes of a character that begins with these bytes.
    pub(crate) const fn length(self, first: u8, second: Option<u8>) -> usize {
        match (self, first, second) {
            (_, 0..0x80, _) | (Self::Utf8, ..) => 1,
            (Self::Gb18030, _, Some(0x30..0x3a)) => 4,
            (Self::Gb18030, ..) => 2,
        }
    }

    /// Decodes the text of a cell. Fails instead of replacing bytes.
    ///
    /// # Errors
    /// [`Garbled`] says where it is not text.
    pub fn decode(self, cell: &[u8]) -> Result<String, Garbled> {
        match self {
            Self::Utf8 => String::from_utf8(cell.to_vec()).map_err(|error| {
                let valid = error.utf8_error().valid_up_to();
                let (before, rest) = cell.split_at(valid);
                garbled(String::from_utf8_lossy(before).into_owned(), rest)
            }),
            Self::Gb18030 => decode_gb18030(cell),
        }
    }
}

/// Guesses the encoding of bytes that are not UTF-8 from `valid` on.
fn guessed(bytes: &[u8], valid: usize) -> BadFile {
    let (before, _) = bytes.split_at(valid);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    // By chance some two-byte characters of GB18030 are valid UTF-8, but hardly any three-byte
    // Chinese character.
    let before = String::from_utf8_lossy(before);
    if before.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return BadFile::BrokenUtf8(line);
    }
    let start = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    match decode_gb18030(start) {
        // One wrong byte further down does not mean another encoding.
        Ok(start) if !start.is_ascii() || decode_gb18030(bytes).is_ok() => {
            BadFile::Gb18030(line, start.trim().chars().take(30).collect())
        }
        _ => BadFile::Unknown(line),
    }
}

/// Returns whether the text has characters beyond ASCII and is valid UTF-8. For a table in Chinese
/// this does not happen by chance.
fn is_plainly_utf8(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

fn decode_gb18030(cell: &[u8]) -> Result<String, Garbled> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(cell.len());
    let mut text = String::with_capacity(most.unwrap_or(cell.len()));
    let (result, read) = decoder.decode_to_string_without_replacement(cell, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        // The bytes read end with the bad ones, followed by `after` bytes of the next character.
        DecoderResult::Malformed(bad, after) => {
            let end = read.saturating_sub(usize::from(after));
            let start = end.saturating_sub(usize::from(bad));
            Err(garbled(text, &cell[start..end]))
        }
        DecoderResult::OutputFull => Err(garbled(text, &cell[read..])),
    }
}

fn garbled(before: String, bytes: &[u8]) -> Garbled {
    let bytes = bytes.iter().take(4).map(|byte| format!("{byte:02x}"));
    let bytes: Vec<String> = bytes.collect();
    Garbled {
        before,
        bytes: bytes.join(" "),
    }
}
