//! Names of attachments and uploads.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// The place of an attachment in its matter: which step's body lists it, and where in that list.
/// Printed as `2` for the third file of the report, as `4.0` for the first of the fourth step after
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileNo {
    /// The step, from 0, which is the report.
    pub step: u16,
    /// The place in the list, from 0.
    pub index: u16,
}

/// The error for a text that is not the place of an attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an attachment; write 0 for the first of the report, 4.0 for the first of step 4"
)]
pub struct BadFileNo(pub String);

impl FileNo {
    /// Returns four bytes that sort in the same order.
    pub fn to_bytes(self) -> [u8; 4] {
        let [a, b] = self.step.to_be_bytes();
        let [c, d] = self.index.to_be_bytes();
        [a, b, c, d]
    }
}

impl fmt::Display for FileNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            0 => write!(f, "{}", self.index),
            step => write!(f, "{step}.{}", self.index),
        }
    }
}

impl FromStr for FileNo {
    type Err = BadFileNo;

    fn from_str(text: &str) -> Result<Self, BadFileNo> {
        let (step, index) = text.split_once('.').unwrap_or(("0", text));
        let bad = || BadFileNo(text.chars().take(40).collect());
        let number = |text: &str| text.parse().map_err(|_| bad());
        let no = Self {
            step: number(step)?,
            index: number(index)?,
        };
        match no.to_string() == text {
            true => Ok(no),
            false => Err(bad()),
        }
    }
}

/// The random id of an upload. It gives no access: only the person who began the upload can
/// continue it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UploadId(pub [u8; 16]);

/// The error for a text that is not the id of an upload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an upload; use the id that the node returned when the upload began")]
pub struct BadUploadId(pub String);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for UploadId {
    type Err = BadUploadId;

    fn from_str(text: &str) -> Result<Self, BadUploadId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadUploadId(text.chars().take(60).collect()))
    }
}

impl TryFrom<String> for UploadId {
    type Error = BadUploadId;

    fn try_from(text: String) -> Result<Self, BadUploadId> {
        text.parse()
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.to_string()
    }
}
