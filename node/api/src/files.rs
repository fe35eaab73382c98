//! Files: what is handed in beside words.
//!
//! An upload is begun with its type and length, then continued with PATCH, each request with the
//! header `Upload-Offset` and at most 512 KiB of the type `application/offset+octet-stream`; GET and HEAD
//! say how far it came. These are the core requests of tus 1.0 (<https://tus.io/protocols/resumable-upload>)
//! without its version headers; beginning differs.

use std::collections::BTreeSet;

use domain::attachment::Attachment;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Media, Mentions, Pixels, UploadId};

/// The header that says how much of an upload is there.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// The header that says how long an upload is.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// The type of a chunk.
pub const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// What is to be handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// Its type, such as `image/jpeg`.
    pub media: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// An attachment of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileLine {
    /// Its place, to ask for it by.
    pub no: String,
    /// What it is.
    #[serde(flatten)]
    pub file: AttachmentView,
}

/// The attachments of a matter that may be seen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileLines {
    /// By place.
    pub files: Vec<FileLine>,
}

impl Mentions for FileLines {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.files.iter().map(|line| line.file.held_by));
    }
}

/// An attachment, for people. What opens it is not in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachmentView {
    /// What it is.
    pub media: Media,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its size, if it is a picture; there is a thumbnail then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<Pixels>,
    /// Where the bytes were handed in.
    #[schema(value_type = String, example = "330825002222")]
    pub held_by: DivisionCode,
}

impl From<&Attachment> for AttachmentView {
    fn from(attachment: &Attachment) -> Self {
        Self {
            media: attachment.media,
            bytes: attachment.whole.bytes,
            pixels: attachment.pixels,
            held_by: attachment.held_by,
        }
    }
}

/// An upload, for whoever began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadView {
    /// Its name.
    #[schema(value_type = String)]
    pub id: UploadId,
    /// What it was announced as.
    pub media: Media,
    /// Its length as announced, in bytes.
    pub bytes: u64,
    /// How much of it is here and on the disk.
    pub offset: u64,
    /// When it is thrown away if it is not used, in milliseconds since 1970.
    pub expires_ms: i64,
    /// What is kept of it, once it was looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<AttachmentView>,
}
