//! The form of a disclosure as a workbook (XLSX): written with what is typed so far, and read back.
//!
//! It is one sheet. Its first row is hidden and says which form it is; below stand the fields with their values, and
//! below those the table. Nothing is guessed: a label that is not where it was written is a fault.

mod figures;
mod layout;
mod parts;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use domain::{
    disclosure::{DisclosureId, Field},
    scope::TemplateKey,
};
use topology::DivisionCode;

pub use read::{BadForm, Typed, Unread, read};
pub use write::{published, written};

/// The media type of XLSX.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// What the hidden cell begins with, with the version of the layout.
const MARK: &str = "wujitong-form/1";

/// Which form a sheet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormId {
    /// The division that makes it public.
    pub division: DivisionCode,
    /// Number of the disclosure.
    pub number: DisclosureId,
    /// The edition that is being worked on, from 1.
    pub edition: u32,
    /// The template that prescribes the form.
    pub template: TemplateKey,
    /// The version of the template.
    pub version: u32,
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            division,
            number,
            edition,
            template,
            version,
        } = self;
        write!(
            f,
            "{MARK} {division} {number} {edition} {template} {version}"
        )
    }
}

impl FormId {
    /// Reads the hidden cell; `None` if it names no form.
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [MARK, division, number, edition, template, version] = parts[..] else {
            return None;
        };
        Some(Self {
            division: division.parse().ok()?,
            number: number.parse().ok()?,
            edition: edition.parse().ok()?,
            template: template.parse().ok()?,
            version: version.parse().ok()?,
        })
    }
}

/// What was published, to be written as a sheet that nobody fills in.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Name of the item and the days that it is about.
    pub title: String,
    /// What else stands above the form: labels and texts.
    pub facts: Vec<(String, String)>,
    /// The fields with what they say.
    pub fields: Vec<(Field, String)>,
    /// The columns of the table.
    pub columns: Vec<Field>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// What stands below the form; may be empty.
    pub note: String,
}
