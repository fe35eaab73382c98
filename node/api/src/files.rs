//! Uploads and attachments.
//!
//! An upload begins with its type and length and continues with PATCH requests. Each of them has
//! the header `Upload-Offset` and at most 512 KiB of the type `application/offset+octet-stream`.
//! GET and HEAD return how much has arrived. These are the core requests of tus 1.0
//! (<https://tus.io/protocols/resumable-upload>) without its version headers, except that an upload
//! begins differently.

use std::collections::BTreeSet;

use domain::attachment::Attachment;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Media, Mentions, Pixels, UploadId};

/// Header with the number of bytes of an upload that have arrived.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// Header with the length of an upload in bytes.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// Media type of a chunk.
pub const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// An upload to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// Media type, such as `image/jpeg`.
    pub media: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// An attachment of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileLine {
    /// Position in the matter, used to request the file.
    pub no: String,
    /// The attachment.
    #[serde(flatten)]
    pub file: AttachmentView,
}

/// The attachments of a matter that the caller may see here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileLines {
    /// The attachments, ordered by position.
    pub files: Vec<FileLine>,
}

impl Mentions for FileLines {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.files.iter().map(|line| line.file.held_by));
    }
}

/// An attachment, without the key that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachmentView {
    /// Media type.
    pub media: Media,
    /// Length in bytes.
    pub bytes: u64,
    /// Size in pixels; only for pictures, which also have a thumbnail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<Pixels>,
    /// The division where the file was uploaded.
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

/// An upload, as the person who began it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadView {
    /// Id of the upload.
    #[schema(value_type = String)]
    pub id: UploadId,
    /// Media type as announced.
    pub media: Media,
    /// Length as announced, in bytes.
    pub bytes: u64,
    /// Bytes that have arrived and are durable.
    pub offset: u64,
    /// When the upload is deleted if it is not used, in milliseconds since 1970.
    pub expires_ms: i64,
    /// The stored file, once the upload is complete and checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<AttachmentView>,
}
