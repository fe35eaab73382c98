//! Disclosures (公开): what a division makes public about its affairs, on the forms that templates prescribe.
//!
//! A disclosure is drafted by an official, agreed to by the committee, reviewed by the supervision committee, and
//! published. What was published stays: a correction is a further edition with a reason, and what a law takes down
//! leaves its heading and the ground.

mod act;
mod attached;
mod before;
mod compliance;
mod content;
mod demanded;
mod doubt;
mod due;
#[cfg(test)]
mod holes;
mod item;
pub(crate) mod number;
mod read;
mod rhythm;
mod sample;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::{actor::Actor, scope::TemplateKey, suite::Suite, time::Timestamp};

pub use act::{BadDisclosure, DisclosureAct, MOST_NOTE, MOST_STEPS, Origin};
pub use attached::{Attached, MOST_ATTACHED, MOST_EVER, NewAttached, digest_of, personal_lines};
pub use before::{DisclosureV5, EditionV5};
pub use compliance::{
    ComplianceKey, ComplianceReport, Complied, Counts, MOST_NAMED, Overdue, Own, summed,
};
pub use content::{CellFault, Content, FaultName, FormFault, MOST_CONTENT_BYTES, MOST_ROWS, Spot};
pub use demanded::{DEMANDED_TEMPLATE, demanded_item};
pub use doubt::{Doubt, DoubtName, doubts};
pub use due::{Demand, Duty, DutyState, Latest, Line, LineV5, due, duties};
pub use item::{Class, Field, FieldKind, Item, Loosened, Sum};
pub(crate) use read::RawItem;
pub use rhythm::{Rhythm, Span};

/// The number of a disclosure: the first 8 bytes of a digest of template, item, days and title, so that the same
/// one is never begun twice. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DisclosureId(pub [u8; 8]);

/// The error for a text that is no number of a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a disclosure; it has 16 of the digits 0 to 9 and a to f")]
pub struct BadDisclosureId(pub String);

impl DisclosureId {
    /// Returns the number of what an item says of some days; `title` tells events of a day apart and is empty for
    /// items with a period.
    pub fn of(template: &TemplateKey, item: &str, span: Span, title: &str) -> Self {
        let days = format!("{}/{}", span.from, span.to);
        let key = template.to_string();
        let parts = [
            key.as_bytes(),
            b"\n",
            item.as_bytes(),
            b"\n",
            days.as_bytes(),
            b"\n",
            title.as_bytes(),
        ];
        let digest = Suite::P256Sha256.digest(&parts);
        let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        Self(*first)
    }
}

impl fmt::Display for DisclosureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DisclosureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DisclosureId {
    type Err = BadDisclosureId;

    fn from_str(text: &str) -> Result<Self, BadDisclosureId> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadDisclosureId(text.chars().take(40).collect()))
    }
}

topology::vocabulary! {
    /// How far the work on an edition has come.
    #[derive(utoipa::ToSchema)]
    #[schema(as = DisclosureStage)]
    pub enum Stage: "stage of a disclosure" {
        Draft = 1, "draft", "起草", "an official writes it";
        Committee = 2, "committee", "村（居）委会审核", "the committee looks at it";
        Supervision = 3, "supervision", "监委会审核", "the supervision committee looks at it";
        Agreed = 4, "agreed", "待公开", "both agreed; it waits to be published";
    }
}

/// An edition that is being worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// How far it has come.
    pub stage: Stage,
    /// What was typed.
    pub content: Content,
    /// Why the published edition is corrected; `None` for the first.
    pub reason: Option<Box<str>>,
    /// Why something that looks like personal data is published all the same; `None` if it is not.
    pub despite: Option<Box<str>>,
    /// Those who wrote or sent it. None of them agrees to it.
    pub writers: Vec<Actor>,
    /// Who agreed for the committee. They do not review it for the supervision committee.
    pub agreed: Option<Actor>,
    /// The files beside the form, in the order in which they were added.
    pub attached: Vec<Attached>,
}

/// What was done with a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What.
    pub act: DisclosureAct,
    /// The reason or remark; empty if there is none.
    pub note: Box<str>,
}

/// A disclosure, without its published editions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Its number.
    pub id: DisclosureId,
    /// The template that prescribes it.
    pub template: TemplateKey,
    /// The version of the template.
    pub template_version: u32,
    /// The form, as that version has it.
    pub item: Item,
    /// The days that it is about.
    pub span: Span,
    /// The title of an event; empty for items with a period.
    pub title: Box<str>,
    /// When it is due.
    pub due: Timestamp,
    /// The edition that is being worked on, if one is.
    pub work: Option<Work>,
    /// Number of published editions.
    pub editions: u32,
    /// When the first edition was published.
    pub published_at: Option<Timestamp>,
    /// The lawful ground for taking it down; `None` while it stands.
    pub withdrawn: Option<Box<str>>,
    /// What was done last, oldest first; at most [`MOST_STEPS`], with at most 12 KiB of remarks.
    pub steps: Vec<Step>,
    /// Rises by one with every change.
    pub version: u32,
    /// Number of the last file that was added.
    pub attached: u32,
}

/// A published edition. Its document is what everybody reads and what the public log commits to, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// 1 for the first.
    pub number: u32,
    /// When it was published.
    pub at: Timestamp,
    /// The document, JSON; empty once it was taken down.
    pub document: Box<str>,
    /// Its files, whose digests the document has; none once it was taken down.
    pub attached: Vec<Attached>,
}
