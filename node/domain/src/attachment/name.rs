//! Names of attachments and uploads.

use std::{fmt, str::FromStr};

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

/// The error for a text that is no place of an attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no attachment; write 0 for the first of the report, 4.0 for the first of step 4")]
pub struct BadFileNo(pub String);

impl FileNo {
    /// Returns four bytes that sort like it.
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
        let number = |text: &str| text.parse().map_err(|_| BadFileNo(text.to_owned()));
        let no = Self {
            step: number(step)?,
            index: number(index)?,
        };
        match no.to_string() == text {
            true => Ok(no),
            false => Err(BadFileNo(text.to_owned())),
        }
    }
}

/// The random name of an upload. It is no capability: only whoever began the upload can go on with
/// it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UploadId(pub [u8; 16]);

/// The error for a text that is no upload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no upload; its name is what the node answered when it was begun")]
pub struct BadUploadId(pub String);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
        let number = u128::from_str_radix(text, 16).map(u128::to_be_bytes);
        match number.map(Self) {
            Ok(id) if id.to_string() == text => Ok(id),
            _ => Err(BadUploadId(text.to_owned())),
        }
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
