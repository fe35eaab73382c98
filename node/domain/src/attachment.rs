//! Attachments: photos and documents that lie beside the envelopes. A matter's body lists them; their
//! bytes stay where they were handed in, sealed, until somebody entitled asks for them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    matter::Matter,
    policy,
    suite::{Digest, Suite},
    time::{Day, Timestamp},
};

mod fetch;
mod name;

pub use fetch::{FETCH_BYTES, Fetch, Fetched, NotEntitled, handed_in, may_fetch, sources};
pub use name::{BadFileNo, BadUploadId, FileNo, UploadId};

/// What a file is. Only these are taken.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Media {
    /// A photo. Kept anew encoded.
    #[serde(rename = "image/jpeg")]
    Jpeg = 1,
    /// A picture. Kept anew encoded; without transparency it becomes a JPEG.
    #[serde(rename = "image/png")]
    Png = 2,
    /// A picture. Taken, and kept as one of the two above.
    #[serde(rename = "image/webp")]
    Webp = 3,
    /// A document. Kept as it came.
    #[serde(rename = "application/pdf")]
    Pdf = 4,
    /// Plain text in UTF-8. Kept as it came.
    #[serde(rename = "text/plain")]
    Text = 5,
}

/// A text names no type that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("files of type `{0}` are not taken; {hint}", hint = self.hint())]
pub struct BadMedia(pub String);

/// What to do with a photo as telephones keep it by default, in the container of HEIF. No decoder of its video
/// format is kept that this program could carry.
pub const HEIF_HINT: &str = "HEIC 照片请先转成 JPEG：iPhone 在“设置 › 相机 › 格式”选“兼容性最佳”后重拍，已拍的在“文件”App 中长按照片 › 快速操作 › 转换图像；\
安卓手机在相机设置中关闭“高效图片 (HEIF)” (on an iPhone choose Settings › Camera › Formats › Most Compatible, or convert the photo in Files with Quick \
Actions › Convert Image; elsewhere switch HEIF off in the camera)";

impl BadMedia {
    fn hint(&self) -> String {
        let list = || format!("send one of {}", Media::ALL.map(Media::name).join(", "));
        match Media::is_heif(&self.0) {
            true => HEIF_HINT.to_owned(),
            false => list(),
        }
    }
}

impl Media {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Webp, Self::Pdf, Self::Text];

    /// The media type (RFC 6838).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
        }
    }

    /// Whether a media type, or the ending of a file's name, is of photos in HEIF.
    pub fn is_heif(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let kind = name.strip_prefix("image/").unwrap_or(&name);
        matches!(
            kind,
            "heic" | "heif" | "hif" | "heic-sequence" | "heif-sequence"
        )
    }

    /// What a file of this type is usually called by.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Text => "txt",
        }
    }

    /// The type that the ending of a file's name speaks of.
    ///
    /// # Errors
    /// [`BadMedia`] if it is of none that is taken.
    pub fn of_ending(ending: &str) -> Result<Self, BadMedia> {
        let lower = ending.to_ascii_lowercase();
        let plain = if lower == "jpeg" { "jpg" } else { &lower };
        let mut all = Self::ALL.into_iter();
        all.find(|media| media.extension() == plain)
            .ok_or_else(|| BadMedia(ending.to_owned()))
    }

    /// Whether it is a picture, which has pixels and a thumbnail.
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Media {
    type Err = BadMedia;

    fn from_str(text: &str) -> Result<Self, BadMedia> {
        let mut all = Self::ALL.into_iter();
        all.find(|media| text.eq_ignore_ascii_case(media.name()))
            .ok_or_else(|| BadMedia(text.to_owned()))
    }
}

/// How large a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pixels {
    /// From left to right, at least 1.
    pub width: u32,
    /// From top to bottom, at least 1.
    pub height: u32,
}

/// What opens the sealed bytes of one attachment. It stands in the body and nowhere else: where the
/// body is erased, nobody reads the bytes any more, wherever copies of them lie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentKey(pub [u8; 32]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// Which of an attachment's two files is meant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The file itself.
    #[default]
    Whole,
    /// The small picture of a picture.
    Thumb,
}

/// A file as it lies on disks: sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sealed {
    /// Digest of the sealed bytes, in the attachment's suite.
    pub digest: Digest,
    /// Length before sealing, in bytes, at least 1.
    pub bytes: u64,
}

/// Bytes sealed together; any stretch of a file is opened without the rest.
pub const CHUNK_BYTES: u64 = 64 * 1024;

/// What sealing adds to each chunk, in bytes.
pub const TAG_BYTES: u64 = 16;

impl Sealed {
    /// Length of the sealed bytes.
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
    /// What it is.
    pub media: Media,
    /// Its size, if it is a picture.
    pub pixels: Option<Pixels>,
    /// The file.
    pub whole: Sealed,
    /// A JPEG of at most [`THUMB_SIDE`] pixels each way, if it is a picture.
    pub thumb: Option<Sealed>,
    /// What opens both.
    pub key: ContentKey,
    /// Where its bytes were handed in and are kept until the retention period is over.
    pub held_by: DivisionCode,
}

/// Most attachments that one body lists, whatever a policy says.
pub const MOST_LISTED: usize = 32;

/// Longest side of a thumbnail, in pixels.
pub const THUMB_SIDE: u32 = 320;

impl Attachment {
    /// One of its files.
    pub const fn part(&self, part: Part) -> Option<Sealed> {
        match part {
            Part::Whole => Some(self.whole),
            Part::Thumb => self.thumb,
        }
    }

    /// What one of its files is.
    pub const fn media_of(&self, part: Part) -> Media {
        match part {
            Part::Whole => self.media,
            Part::Thumb => Media::Jpeg,
        }
    }

    /// Bytes that are equal exactly for equal attachments, for the commitment of the body that lists
    /// them. Fixed layout; independent of how it travels and is stored.
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

/// What is taken, and for how long it is kept. The defaults are the most a node does; policy narrows
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest file, in bytes; at most [`MOST_BYTES`].
    pub bytes: u64,
    /// Most files with one report or remark, at most [`MOST_LISTED`].
    pub count: usize,
    /// Types that are taken.
    pub media: Vec<Media>,
    /// Most pixels of a picture, width times height.
    pub pixels: u64,
    /// Days after a closed matter's last step for which its files are kept.
    pub retention_days: u32,
    /// Hours after its beginning in which an upload must be finished and used.
    pub upload_hours: u32,
    /// Bytes of unused uploads that one person may have here at a time.
    pub person_bytes: u64,
    /// Bytes all files of one node may take together.
    pub node_bytes: u64,
}

/// No policy allows longer files: each is checked in memory, one at a time. In bytes.
pub const MOST_BYTES: u64 = 64 << 20;

impl Default for Limits {
    /// All types, 64 MiB a file, 32 files, 25 million pixels, three years, a day, 200 MiB, 64 GiB.
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

/// Why a file is not taken, before anybody looked into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Of a type that is not taken here.
    #[error("files of type {0} are not taken here; send one of {1}")]
    Media(Media, String),
    /// Too long.
    #[error("the file has {0} bytes; at most {1} are taken, send a smaller one")]
    TooLong(u64, u64),
    /// Nothing in it.
    #[error("the file is empty; send one with content")]
    Empty,
    /// Too many.
    #[error("{0} files are too many at once; send at most {1}")]
    TooMany(usize, usize),
}

impl Limits {
    /// What a node that can do this takes under a policy. Types the policy names that no node knows how
    /// to take are left out.
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

    /// Whether a file of this type and length may be handed in.
    ///
    /// # Errors
    /// [`NotTaken`], but for [`NotTaken::TooMany`].
    pub fn check(&self, media: Media, bytes: u64) -> Result<(), NotTaken> {
        if !self.media.contains(&media) {
            let taken: Vec<_> = self.media.iter().map(|media| media.name()).collect();
            return Err(NotTaken::Media(media, taken.join(", ")));
        }
        let most = self.bytes.min(MOST_BYTES);
        match bytes {
            0 => Err(NotTaken::Empty),
            _ if bytes > most => Err(NotTaken::TooLong(bytes, most)),
            _ => Ok(()),
        }
    }

    /// Whether a report or remark may have so many files.
    ///
    /// # Errors
    /// [`NotTaken::TooMany`].
    pub fn check_count(&self, count: usize) -> Result<(), NotTaken> {
        let most = self.count.min(MOST_LISTED);
        if count > most {
            return Err(NotTaken::TooMany(count, most));
        }
        Ok(())
    }

    /// Whether the files of a matter are to be kept no longer. Days are counted in Asia/Shanghai from
    /// its last step, which closed it or came later.
    pub fn is_over(&self, matter: &Matter, now: Timestamp) -> bool {
        let Some(last) = matter.steps.last().filter(|_| matter.is_closed()) else {
            return false;
        };
        let Day(closed) = last.at.day();
        let days = i32::try_from(self.retention_days).unwrap_or(i32::MAX);
        now.day() > Day(closed.saturating_add(days))
    }

    /// Whether an upload begun at `begun` has waited too long.
    pub const fn is_stale(&self, begun: Timestamp, now: Timestamp) -> bool {
        now.since(begun) > self.upload_hours as u64 * 3_600_000
    }
}

#[cfg(test)]
pub(super) mod tests;
