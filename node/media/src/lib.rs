//! Checks and re-encodes files that people hand in. Pictures are checked by their header before
//! anything is decoded, and then re-encoded, so that only the pixels stay; documents must be of the
//! declared type. Kept files are sealed, each under its own key.
//!
//! *Invariant*: bytes in, bytes out. No clock, disk, network or randomness; nothing here trusts a
//! file.

mod check;
mod picture;
#[cfg(test)]
pub(crate) mod samples;
pub mod sealing;
#[cfg(test)]
mod tests;

use domain::attachment::{HEIF_HINT, Limits, Media, Pixels};

/// The part of a file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The type after re-encoding.
    pub media: Media,
    /// Width and height, if it is a picture.
    pub pixels: Option<Pixels>,
    /// The content.
    pub bytes: Vec<u8>,
    /// A small JPEG, if it is a picture.
    pub thumb: Option<Vec<u8>>,
}

/// The reason a file is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPaper {
    /// The file is of another type than declared.
    #[error("the file is not what it says: {declared} was declared, {}; send it with its own type",
        match found { Some(found) => format!("it begins like {found}"), None => "it begins like no known type".to_owned() })]
    NotAsDeclared {
        /// The declared type.
        declared: Media,
        /// The type whose magic bytes it begins with.
        found: Option<Media>,
    },
    /// The file is a photo in HEIF.
    #[error("the photo is in HEIF, which cannot be read here; {HEIF_HINT}")]
    Heif,
    /// The file ends too early.
    #[error("the file is cut off before its end; send it again, whole")]
    CutOff,
    /// The picture has too many pixels to be decoded.
    #[error(
        "the picture has {width} by {height} pixels; at most {most} are accepted: set the camera to a lower \
         resolution, or send a screenshot of the photo"
    )]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The largest product of both.
        most: u64,
    },
    /// The decoder failed.
    #[error("the picture cannot be read ({0}); open it, save it as JPEG and send that")]
    Unreadable(String),
    /// The re-encoded picture is too long.
    #[error(
        "the picture has {0} bytes when encoded again; at most {1} are kept; send a smaller one"
    )]
    TooLong(usize, u64),
    /// Data follows the end of the document.
    #[error("data follows the end of the PDF; open it, save it again and send that")]
    Trailing,
    /// The document is encrypted.
    #[error(
        "the PDF is locked with a password, so others cannot read it; save it without one and send that"
    )]
    Locked,
    /// The file is not UTF-8 text, or has control characters.
    #[error(
        "the byte at {0} is not valid text in UTF-8; save the file as UTF-8 without control characters"
    )]
    NotText(usize),
}

/// Checks a file of at most `limits.bytes` and converts it to what is kept. Takes up to eleven
/// bytes of memory for each of `limits.pixels`, and some time, so call it where blocking is
/// allowed.
///
/// # Errors
/// [`BadPaper`].
pub fn take(declared: Media, bytes: Vec<u8>, limits: &Limits) -> Result<Paper, BadPaper> {
    if check::is_heif(&bytes) {
        return Err(BadPaper::Heif);
    }
    let found = Media::of_beginning(&bytes);
    let as_declared = match declared {
        // Text has no magic bytes.
        Media::Text => found.is_none(),
        _ => found == Some(declared),
    };
    if !as_declared {
        return Err(BadPaper::NotAsDeclared { declared, found });
    }
    match declared {
        Media::Jpeg | Media::Png | Media::Webp => picture::take(declared, &bytes, limits),
        Media::Pdf => {
            check::pdf(&bytes)?;
            Ok(document(declared, bytes))
        }
        Media::Text => {
            check::text(&bytes)?;
            Ok(document(declared, bytes))
        }
    }
}

const fn document(media: Media, bytes: Vec<u8>) -> Paper {
    Paper {
        media,
        pixels: None,
        bytes,
        thumb: None,
    }
}
