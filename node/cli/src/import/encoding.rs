//! How the texts of a file are written.

use encoding_rs::{DecoderResult, GB18030};

use super::sheet::BadFile;

/// What a file of text says nothing about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Encoding {
    /// UTF-8, with or without its mark.
    #[default]
    #[value(name = "utf-8")]
    Utf8,
    /// GB18030 (GB 18030-2022), which holds GBK and GB2312, as the WHATWG Encoding Standard reads it.
    #[value(name = "gb18030", aliases = ["gbk", "gb2312"])]
    Gb18030,
}

/// Bytes that stand for no character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Garbled {
    /// What stands before them.
    pub(super) before: String,
    /// The bytes, in hexadecimal.
    pub(super) bytes: String,
}

impl Encoding {
    /// The bytes of the text, without a mark.
    ///
    /// # Errors
    /// [`BadFile`] if it is certainly written in another way.
    pub(super) fn check(self, bytes: &[u8]) -> Result<&[u8], BadFile> {
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
            // UTF-8 read as GB18030 gives wrong characters, not none: most of its bytes stand for some.
            Self::Gb18030 if marked.is_some() || is_plainly_utf8(bytes) => Err(BadFile::IsUtf8),
            Self::Gb18030 => Ok(bytes.strip_prefix(b"\x84\x31\x95\x33").unwrap_or(bytes)),
        }
    }

    /// A character as it is written.
    pub(super) fn encode(self, character: char) -> Vec<u8> {
        let text = character.to_string();
        match self {
            Self::Utf8 => text.into_bytes(),
            Self::Gb18030 => GB18030.encode(&text).0.into_owned(),
        }
    }

    /// How many bytes a character has that begins so.
    pub(super) const fn length(self, first: u8, second: Option<u8>) -> usize {
        match (self, first, second) {
            (_, 0..0x80, _) | (Self::Utf8, ..) => 1,
            (Self::Gb18030, _, Some(0x30..0x3a)) => 4,
            (Self::Gb18030, ..) => 2,
        }
    }

    /// The text of a cell. No byte is replaced by something else.
    pub(super) fn decode(self, cell: &[u8]) -> Result<String, Garbled> {
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

/// What bytes may be that are not UTF-8 from here on.
fn guessed(bytes: &[u8], valid: usize) -> BadFile {
    let (before, _) = bytes.split_at(valid);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    // By chance GB18030 gives some characters of two bytes in UTF-8, and hardly one of Chinese in three.
    let before = String::from_utf8_lossy(before);
    if before.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return BadFile::BrokenUtf8(line);
    }
    let start = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    match decode_gb18030(start) {
        // One wrong byte further down does not make it another encoding.
        Ok(start) if !start.is_ascii() || decode_gb18030(bytes).is_ok() => {
            BadFile::Gb18030(line, start.trim().chars().take(30).collect())
        }
        _ => BadFile::Unknown(line),
    }
}

/// Whether it has characters beyond ASCII and all of them are UTF-8: by chance that does not happen to a
/// table in Chinese.
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
        // What was read ends with the bad bytes, and what of them belongs to the next character.
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
