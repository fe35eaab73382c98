//! Files: what is handed in beside words.
//!
//! An upload is begun with its type and length, then continued with PATCH, each request with the
//! header `Upload-Offset` and at most 512 KiB of the type `application/offset+octet-stream`; GET and HEAD
//! say how far it came. These are the core requests of tus 1.0 (<https://tus.io/protocols/resumable-upload>)
//! without its version headers; beginning differs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{AttachmentView, Mentions};

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
