//! Attachments: photos and documents beside the envelopes. The body of a matter lists them; their
//! sealed bytes stay where they were handed in until somebody with access asks for them.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Term};

use super::{
    policy,
    suite::{Digest, Suite},
    time::{Day, Timestamp},
};

mod name;

pub use name::{BadFileNo, BadUploadId, FileNo, UploadId};

topology::vocabulary! {
    /// The type of a file. Only these types are taken.
    #[derive(utoipa::ToSchema)]
    pub enum Media: "media type" {
        /// It is encoded anew before it is kept.
        Jpeg = 1, "image/jpeg", "JPEG 图片", "photo";
        /// It is encoded anew before it is kept; without transparency it becomes a JPEG.
        Png = 2, "image/png", "PNG 图片", "picture in PNG";
        /// It is kept as one of the two above.
        Webp = 3, "image/webp", "WebP 图片", "picture in WebP";
        /// It is kept as it came.
        Pdf = 4, "application/pdf", "PDF 文档", "document";
        /// It is kept as it came.
        Text = 5, "text/plain", "纯文本", "plain text in UTF-8";
    }
}

/// The error for a text that names no accepted type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("files of type `{0}` are not taken; {hint}", hint = self.hint())]
pub struct BadMedia(pub String);

/// The hint for a photo in HEIF, the default container of many phones. There is no maintained
/// decoder of its video format that this program could include.
pub const HEIF_HINT: &str = "HEIC 照片请先转成 JPEG：iPhone 在“设置 › 相机 › 格式”选“兼容性最佳”后重拍，已拍的在“文件”App 中长按照片 › 快速操作 › 转换图像；\
安卓手机在相机设置中关闭“高效图片 (HEIF)” (on an iPhone choose Settings › Camera › Formats › Most Compatible, or convert the photo in Files with Quick \
Actions › Convert Image; elsewhere switch HEIF off in the camera)";

impl BadMedia {
    fn hint(&self) -> String {
        let list = || format!("send one of {}", Media::ALL.map(Media::code).join(", "));
        match Media::is_heif(&self.0) {
            true => HEIF_HINT.to_owned(),
            false => list(),
        }
    }
}

impl Media {
    /// Returns whether a media type, or the ending of a file's name, is of photos in HEIF.
    pub fn is_heif(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let kind = name.strip_prefix("image/").unwrap_or(&name);
        matches!(
            kind,
            "heic" | "heif" | "hif" | "heic-sequence" | "heif-sequence"
        )
    }

    /// Returns the type with this media type (RFC 6838), in any case.
    ///
    /// # Errors
    /// [`BadMedia`] if files of this type are not taken.
    pub fn of_type(text: &str) -> Result<Self, BadMedia> {
        let lower = text.to_ascii_lowercase();
        // A table is a text; it is kept as one.
        let plain = match &*lower {
            "text/csv" => "text/plain",
            other => other,
        };
        Self::of_code(plain).ok_or_else(|| BadMedia(text.to_owned()))
    }

    /// Returns the usual ending of the name of such a file, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Text => "txt",
        }
    }

    /// Returns the type for a file extension, in any case.
    ///
    /// # Errors
    /// [`BadMedia`] if it is the extension of no accepted type.
    pub fn of_ending(ending: &str) -> Result<Self, BadMedia> {
        let lower = ending.to_ascii_lowercase();
        let plain = match &*lower {
            "jpeg" => "jpg",
            "csv" => "txt",
            other => other,
        };
        let mut all = Self::ALL.into_iter();
        all.find(|media| media.extension() == plain)
            .ok_or_else(|| BadMedia(ending.to_owned()))
    }

    /// Returns the type whose magic bytes a file begins with; `None` for text, which has none, and for
    /// whatever is not taken.
    pub fn of_beginning(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else if bytes.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else {
            None
        }
    }

    /// Returns whether it is a picture, which has pixels and a thumbnail.
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

/// The size of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pixels {
    /// From left to right, at least 1.
    pub width: u32,
    /// From top to bottom, at least 1.
    pub height: u32,
}

/// The key that opens the sealed bytes of one attachment. It is stored only in the body: once the
/// body is erased, nobody can read the bytes any more, wherever copies of them are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentKey(pub [u8; 32]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

topology::vocabulary! {
    /// One of the two files of an attachment.
    #[derive(Default)]
    pub enum Part: "part of an attachment" {
        #[default]
        Whole = 1, "whole", "原件", "the file itself";
        Thumb = 2, "thumb", "缩略图", "the thumbnail of a picture";
    }
}

/// A sealed file, as it lies on disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sealed {
    /// Digest of the sealed bytes, in the attachment's suite.
    pub digest: Digest,
    /// Length before sealing, in bytes, at least 1.
    pub bytes: u64,
}

/// The number of bytes sealed together. Any range of a file can be opened without the rest.
pub const CHUNK_BYTES: u64 = 64 * 1024;

/// The number of bytes that sealing adds to each chunk.
pub const TAG_BYTES: u64 = 16;

impl Sealed {
    /// Returns the length after sealing, in bytes.
    pub const fn sealed_bytes(&self) -> u64 {
        self.bytes
            .saturating_add(self.bytes.div_ceil(CHUNK_BYTES).saturating_mul(TAG_BYTES))
    }
}

/// One file beside a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Algorithms of digest and seal.
    pub suite: Suite,
    /// The type of the whole file.
    pub media: Media,
    /// Its size in pixels, if it is a picture.
    pub pixels: Option<Pixels>,
    /// The file.
    pub whole: Sealed,
    /// A JPEG of at most [`THUMB_SIDE`] pixels each way, if it is a picture.
    pub thumb: Option<Sealed>,
    /// The key that opens both files.
    pub key: ContentKey,
    /// The division where the file was handed in. It keeps the bytes until the retention period is
    /// over.
    pub held_by: DivisionCode,
}

/// The most attachments that one body lists, whatever a policy says.
pub const MOST_LISTED: usize = 32;

/// The longest side of a thumbnail, in pixels.
pub const THUMB_SIDE: u32 = 320;

impl Attachment {
    /// Returns one of the files; `None` for the thumbnail of a file that is not a picture.
    pub const fn part(&self, part: Part) -> Option<Sealed> {
        match part {
            Part::Whole => Some(self.whole),
            Part::Thumb => self.thumb,
        }
    }

    /// Returns the type of one of its files.
    pub const fn media_of(&self, part: Part) -> Media {
        match part {
            Part::Whole => self.media,
            Part::Thumb => Media::Jpeg,
        }
    }

    /// Returns bytes that are equal exactly for equal attachments, for the commitment of the body.
    /// The layout is fixed and does not depend on how attachments travel and are stored.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        bytes.extend(self.suite.id().to_be_bytes());
        bytes.push(self.media as u8);
        let Pixels { width, height } = self.pixels.unwrap_or(Pixels {
            width: 0,
            height: 0,
        });
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.push(u8::from(self.thumb.is_some()));
        for sealed in [Some(self.whole), self.thumb].into_iter().flatten() {
            bytes.extend(sealed.bytes.to_be_bytes());
            bytes.extend(sealed.digest);
        }
        bytes.extend(self.key.0);
        bytes.extend(self.held_by.as_u64().to_be_bytes());
        bytes
    }
}

/// The limits on files and on how long they are kept. The defaults are the node's maximum; policy
/// narrows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest file, in bytes; at most [`MOST_BYTES`].
    pub bytes: u64,
    /// The most files with one report or remark; at most [`MOST_LISTED`].
    pub count: usize,
    /// The accepted types.
    pub media: Vec<Media>,
    /// The most pixels of a picture, width times height.
    pub pixels: u64,
    /// Days for which the files of a closed matter are kept after its last step.
    pub retention_days: u32,
    /// Hours within which an upload must be finished and used.
    pub upload_hours: u32,
    /// The most bytes of unused uploads that one person may have here at a time.
    pub person_bytes: u64,
    /// The most bytes that all files of one node may take together.
    pub node_bytes: u64,
}

/// The longest file that a policy can allow, in bytes. Files are checked in memory, one at a time.
pub const MOST_BYTES: u64 = 64 << 20;

impl Default for Limits {
    /// Returns the node's maximum: all types, 64 MiB a file, 32 files, 25 million pixels, three
    /// years, a day, 200 MiB a person, 64 GiB a node.
    fn default() -> Self {
        Self {
            bytes: MOST_BYTES,
            count: MOST_LISTED,
            media: Media::ALL.to_vec(),
            pixels: 25_000_000,
            retention_days: 3 * 365,
            upload_hours: 24,
            person_bytes: 200 << 20,
            node_bytes: 64 << 30,
        }
    }
}

/// The reason why a file is rejected before it is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The type of the file is not accepted here.
    #[error("files of type {0} are not taken here; send one of {1}")]
    Media(Media, String),
    /// The file is too long.
    #[error("the file has {0} bytes; at most {1} are taken, send a smaller one")]
    TooLong(u64, u64),
    /// The file is empty.
    #[error("the file is empty; send one with content")]
    Empty,
    /// There are too many files.
    #[error("{0} files are too many at once; send at most {1}")]
    TooMany(usize, usize),
}

impl Limits {
    /// Returns the limits of a node with these limits under a policy. Types that the policy names
    /// and this node does not accept are left out.
    #[must_use]
    pub fn under(&self, policy: &policy::Limits) -> Self {
        let types = policy.types.value.iter();
        let types = types.filter_map(|name| name.parse().ok());
        Self {
            bytes: self.bytes.min(policy.max_bytes.value),
            count: self.count.min(policy.max_count.value.into()),
            media: types.filter(|media| self.media.contains(media)).collect(),
            retention_days: policy.retention_days.value,
            ..self.clone()
        }
    }

    /// Checks whether a file of this type and length may be handed in.
    ///
    /// # Errors
    /// Any [`NotTaken`] but [`NotTaken::TooMany`].
    pub fn check(&self, media: Media, bytes: u64) -> Result<(), NotTaken> {
        if !self.media.contains(&media) {
            let taken: Vec<_> = self.media.iter().map(|media| media.code()).collect();
            return Err(NotTaken::Media(media, taken.join(", ")));
        }
        let most = self.bytes.min(MOST_BYTES);
        match bytes {
            0 => Err(NotTaken::Empty),
            _ if bytes > most => Err(NotTaken::TooLong(bytes, most)),
            _ => Ok(()),
        }
    }

    /// Checks whether a report or remark may have so many files.
    ///
    /// # Errors
    /// [`NotTaken::TooMany`] if not.
    pub fn check_count(&self, count: usize) -> Result<(), NotTaken> {
        let most = self.count.min(MOST_LISTED);
        if count > most {
            return Err(NotTaken::TooMany(count, most));
        }
        Ok(())
    }

    /// Returns whether the retention period of a matter's files is over. `closed_since` is the time of the
    /// last step of a closed matter; `None` while it is open. Days are counted in Asia/Shanghai.
    pub fn is_over(&self, closed_since: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(closed_since) = closed_since else {
            return false;
        };
        let Day(closed) = closed_since.day();
        let days = i32::try_from(self.retention_days).unwrap_or(i32::MAX);
        now.day() > Day(closed.saturating_add(days))
    }

    /// Returns whether an upload begun at `begun` has waited for more than `upload_hours`.
    pub const fn is_stale(&self, begun: Timestamp, now: Timestamp) -> bool {
        now.since(begun) > self.upload_hours as u64 * 3_600_000
    }
}

#[cfg(test)]
pub(super) mod tests;
