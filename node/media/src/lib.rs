//! Papers: what people hand in beside words, made fit to be kept. Pictures are checked by what their
//! header says before anything is decoded, then encoded anew, so that nothing but pixels stays;
//! documents are checked for being what they claim. What is kept is sealed under a key of its own.
//!
//! *Invariant*: bytes in, bytes out. No clock, disk, network or chance; nothing here trusts a file.

mod check;
mod picture;
#[cfg(test)]
pub(crate) mod samples;
pub mod sealing;
#[cfg(test)]
mod tests;

use domain::attachment::{HEIF_HINT, Limits, Media, Pixels};

/// What is kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// What it is now.
    pub media: Media,
    /// Its size, if it is a picture.
    pub pixels: Option<Pixels>,
    /// The file.
    pub bytes: Vec<u8>,
    /// A small JPEG, if it is a picture.
    pub thumb: Option<Vec<u8>>,
}

/// Why a file is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPaper {
    /// It is something else.
    #[error("the file is not what it says: {declared} was announced, {}; send it under its own type",
        match found { Some(found) => format!("it begins like {found}"), None => "it begins like nothing known".to_owned() })]
    NotAsDeclared {
        /// What was announced.
        declared: Media,
        /// What it begins like.
        found: Option<Media>,
    },
    /// A photo in HEIF.
    #[error("the photo is in HEIF, which cannot be read here; {HEIF_HINT}")]
    Heif,
    /// It ends too soon.
    #[error("the file is cut off before its end; send it again, whole")]
    CutOff,
    /// Too large to be looked into.
    #[error(
        "the picture has {width} by {height} pixels; at most {most} in all are taken: set the camera to a lower \
         resolution, or send a screenshot of the photo"
    )]
    TooManyPixels {
        /// From left to right.
        width: u32,
        /// From top to bottom.
        height: u32,
        /// Most in all.
        most: u64,
    },
    /// The decoder gave up.
    #[error("the picture cannot be read ({0}); open it, save it as JPEG and send that")]
    Unreadable(String),
    /// Encoded anew it is too long.
    #[error(
        "the picture takes {0} bytes when saved anew; at most {1} are kept, send a smaller one"
    )]
    TooLong(usize, u64),
    /// Something follows the document.
    #[error("something follows the end of the PDF; open it, save it anew and send that")]
    Trailing,
    /// Not text.
    #[error(
        "the text has a byte at {0} that is no text in UTF-8; save it as UTF-8 without control characters"
    )]
    NotText(usize),
}

/// Checks a file of at most `limits.bytes` and makes of it what is kept. Takes up to eleven bytes of memory
/// for each of `limits.pixels`, and some time: call it where that may block.
///
/// # Errors
/// [`BadPaper`].
pub fn take(declared: Media, bytes: Vec<u8>, limits: &Limits) -> Result<Paper, BadPaper> {
    if check::is_heif(&bytes) {
        return Err(BadPaper::Heif);
    }
    let found = check::sniff(&bytes);
    let as_declared = match declared {
        // Text begins like nothing.
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
