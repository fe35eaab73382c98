//! Attachments: photos and documents that lie beside the envelopes. A matter's body lists them; their bytes
//! stay sealed where they were handed in, until somebody entitled asks for them.

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

/// The type of a file. Only these types are taken.
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
    /// A photo. It is encoded anew before it is kept.
    #[serde(rename = "image/jpeg")]
    Jpeg = 1,
    /// A picture. It is encoded anew before it is kept; without transparency it becomes a JPEG.
    #[serde(rename = "image/png")]
    Png = 2,
    /// A picture. It is kept as one of the two above.
    #[serde(rename = "image/webp")]
    Webp = 3,
    /// A document. It is kept as it came.
    #[serde(rename = "application/pdf")]
    Pdf = 4,
    /// Plain text in UTF-8. It is kept as it came.
    #[serde(rename = "text/plain")]
    Text = 5,
}

/// The error for a text that names no type that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("files of type `{0}` are not taken; {hint}", hint = self.hint())]
pub struct BadMedia(pub String);

/// The hint for a photo in the container of HEIF, in which telephones keep photos by default. No maintained
/// decoder of its video format exists that this program could include.
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
    /// All types.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Webp, Self::Pdf, Self::Text];

    /// Returns the media type (RFC 6838).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
        }
    }

    /// Returns whether a media type, or the ending of a file's name, is of photos in HEIF.
    pub fn is_heif(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let kind = name.strip_prefix("image/").unwrap_or(&name);
        matches!(
            kind,
            "heic" | "heif" | "hif" | "heic-sequence" | "heif-sequence"
        )
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

    /// Returns the type for the ending of a file's name, in any case.
    ///
    /// # Errors
    /// [`BadMedia`] if it is the ending of no type that is taken.
    pub fn of_ending(ending: &str) -> Result<Self, BadMedia> {
        let lower = ending.to_ascii_lowercase();
        let plain = if lower == "jpeg" { "jpg" } else { &lower };
        let mut all = Self::ALL.into_iter();
        all.find(|media| media.extension() == plain)
            .ok_or_else(|| BadMedia(ending.to_owned()))
    }

    /// Returns whether it is a picture, which has pixels and a thumbnail.
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

/// The size of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pixels {
    /// From left to right, at least 1.
    pub width: u32,
    /// From top to bottom, at least 1.
    pub height: u32,
}

/// The key that opens the sealed bytes of one attachment. It stands in the body and nowhere else: once the
/// body is erased, nobody can read the bytes any more, wherever copies of them lie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentKey(pub [u8; 32]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// One of the two files of an attachment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The file itself.
    #[default]
    Whole,
    /// The thumbnail of a picture.
    Thumb,
}

/// A sealed file, as it lies on disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sealed {
    /// Digest of the sealed bytes, in the attachment's suite.
    pub digest: Digest,
    /// Length before sealing, in bytes, at least 1.
    pub bytes: u64,
}

/// The number of bytes sealed together. Any stretch of a file can be opened without the rest.
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
    /// The division where its bytes were handed in, and are kept until the retention period is over.
    pub held_by: DivisionCode,
}

/// The most attachments that one body lists, whatever a policy says.
pub const MOST_LISTED: usize = 32;

/// The longest side of a thumbnail, in pixels.
pub const THUMB_SIDE: u32 = 320;

impl Attachment {
    /// Returns one of its files; `None` for the thumbnail of what is not a picture.
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

    /// Returns bytes that are equal exactly for equal attachments, for the commitment of the body that lists
    /// them. The layout is fixed, and independent of how attachments travel and are stored.
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

/// The limits on what is taken, and on how long it is kept. The defaults are the most a node does; policy
/// narrows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest file, in bytes; at most [`MOST_BYTES`].
    pub bytes: u64,
    /// The most files with one report or remark; at most [`MOST_LISTED`].
    pub count: usize,
    /// Types that are taken.
    pub media: Vec<Media>,
    /// The most pixels of a picture, width times height.
    pub pixels: u64,
    /// Days after a closed matter's last step for which its files are kept.
    pub retention_days: u32,
    /// Hours after its beginning within which an upload must be finished and used.
    pub upload_hours: u32,
    /// The most bytes of unused uploads that one person may have here at a time.
    pub person_bytes: u64,
    /// The most bytes that all files of one node may take together.
    pub node_bytes: u64,
}

/// The longest file that a policy can allow, in bytes: each is checked in memory, one at a time.
pub const MOST_BYTES: u64 = 64 << 20;

impl Default for Limits {
    /// Returns the most that a node does: all types, 64 MiB a file, 32 files, 25 million pixels, three years,
    /// a day, 200 MiB a person, 64 GiB a node.
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

/// The reason a file is not taken, before anybody looked into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The file is of a type that is not taken here.
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
    /// Returns what a node with these limits takes under a policy. Types that the policy names and this node
    /// does not take are left out.
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

    /// Returns whether the retention period of a closed matter's files is over. Days are counted in
    /// Asia/Shanghai from its last step, which closed it or came later.
    pub fn is_over(&self, matter: &Matter, now: Timestamp) -> bool {
        let Some(last) = matter.steps.last().filter(|_| matter.is_closed()) else {
            return false;
        };
        let Day(closed) = last.at.day();
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
