//! Departments that post people to a division, and whom a matter is dispatched to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::category::Platform;

/// Code of an office within a division: 1 to 16 lower-case letters, digits and dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Department([u8; 16]);

/// The error for a text that is not the code of an office.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a department code; use 1 to 16 lower-case letters, digits and dashes")]
pub struct BadDepartment(pub String);

impl Department {
    /// Returns the code as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(16);
        std::str::from_utf8(&self.0[..length]).expect("the constructor lets only ASCII in")
    }
}

impl FromStr for Department {
    type Err = BadDepartment;

    fn from_str(text: &str) -> Result<Self, BadDepartment> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let mut code = [0; 16];
        match text.len() {
            1..=16 if text.bytes().all(plain) => {
                code[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self(code))
            }
            _ => Err(BadDepartment(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for Department {
    type Error = BadDepartment;

    fn try_from(text: String) -> Result<Self, BadDepartment> {
        text.parse()
    }
}

impl From<Department> for String {
    fn from(department: Department) -> Self {
        department.as_str().to_owned()
    }
}

impl fmt::Display for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The platform, department or person of a division that must handle a matter (派遣).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Target {
    /// One of the four platforms.
    pub platform: Platform,
    /// Code of the department posted at that platform.
    #[schema(value_type = Option<String>)]
    pub department: Option<Department>,
    /// Number of the officer's account in this division; never a name.
    pub officer: Option<u64>,
}
