//! What the service of files can refuse.

use domain::{
    attachment::{FileNo, NotTaken, UploadId},
    ids::MatterId,
};
use media::BadPaper;
use store::files::FileError;
use topology::DivisionCode;

use crate::{Failed, Fault, RefusalReason, TooBusy};

/// The reason why something is not done with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileRefusal {
    /// The type or size is not accepted.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The content is not accepted.
    #[error(transparent)]
    Paper(#[from] BadPaper),
    /// The person has no such upload.
    #[error("no upload {0} of yours at this node; begin it again")]
    NoSuchUpload(UploadId),
    /// The chunk does not begin where the last one ended.
    #[error("the upload has {have} bytes, not {said}; go on at {have}")]
    Offset {
        /// The current length of the upload in bytes.
        have: u64,
        /// The offset of the chunk in bytes.
        said: u64,
    },
    /// More bytes arrived than were announced.
    #[error("{announced} bytes were announced and more came; begin another upload")]
    Beyond {
        /// The announced length in bytes.
        announced: u64,
    },
    /// Another request is working on the file.
    #[error("another request is working on this file; wait for its answer")]
    Busy,
    /// The upload is not complete.
    #[error("upload {0} is not finished; send the rest first")]
    NotReady(UploadId),
    /// The upload is named twice.
    #[error("upload {0} is named twice; name it once")]
    Twice(UploadId),
    /// The unused uploads of one person are too large.
    #[error(
        "your unused uploads have {0} bytes; {1} are allowed at a time, use or drop some first"
    )]
    PersonFull(u64, u64),
    /// One person has too many unused uploads.
    #[error("{0} uploads of yours are unused, and no more may wait; use or drop some first")]
    TooManyWaiting(usize),
    /// All files together take too much room.
    #[error("this node has no more room for files; tell its operator")]
    NodeFull,
    /// The bytes of an upload are lost.
    #[error("the bytes of this upload are lost; begin it again")]
    Lost,
    /// The file does not exist, or the reader may not see it here.
    #[error("attachment {1} of matter {0} cannot be seen at this node; its holder sees it")]
    NoSuchFile(MatterId, FileNo),
    /// The retention period is over.
    #[error("attachment {1} of matter {0} was deleted, because its retention period is over")]
    Over(MatterId, FileNo),
    /// The file is at another division, or may be, and cannot be fetched now.
    #[error(
        "the file must come from {held_by}, and {beyond} cannot be reached now; try again later"
    )]
    Unreached {
        /// The division where the file was handed in, or may be.
        held_by: DivisionCode,
        /// The division on the way that cannot be reached.
        beyond: DivisionCode,
    },
    /// A node on the way refuses, perhaps because it does not know the current holder yet.
    #[error("{0} does not know yet that this division holds the matter; try again later")]
    NotYet(DivisionCode),
    /// No division has the file any more.
    #[error("{0} no longer has the file; ask its operator for a backup")]
    Missing(DivisionCode),
    /// The file is damaged, and this node has the only copy.
    #[error(
        "attachment {1} of matter {0} is damaged on this node's disk, and no other division is known to \
         have it; ask the operator of the node to restore it from a backup"
    )]
    Damaged(MatterId, FileNo),
    /// The received bytes are not the file.
    #[error("the bytes that came by way of {0} are not the file; try again, and tell its operator")]
    Wrong(DivisionCode),
    /// The disk is full. Nothing was changed.
    #[error("there is no room on the disk; free some, then send the same again")]
    DiskFull,
    /// Too many uploads of all people together are unused.
    #[error(transparent)]
    TooMany(#[from] TooBusy),
}

impl RefusalReason for FileRefusal {}

impl<R: From<FileRefusal>> From<FileError> for Failed<R> {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Full => Self::Refused(FileRefusal::DiskFull.into()),
            other => Fault::from(other).into(),
        }
    }
}
