//! The work on a disclosure: what is begun, typed, attached, doubted and done.

use domain::attachment::UploadId;
use domain::disclosure::{
    Attached, CellFault, Content, DisclosureAct, Doubt, DoubtName, FaultName, FormFault, Item, Spot,
};
use serde::{Deserialize, Serialize};

use super::{ColumnView, DisclosureLine, DocumentFile};

/// A disclosure to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginDisclosure {
    /// Name of the item.
    pub item: String,
    /// A day of the period, or the day of the event: `2026-11-30`.
    pub day: String,
    /// The title of an event, 1 to 80 characters; left out for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Number of a disclosure of this node whose latest edition is copied into the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// What is typed in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentView {
    /// One text for each field, in the order of the form.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The rows of the table, each with one text for each column.
    #[serde(default)]
    pub rows: Vec<Vec<String>>,
    /// What else there is to say.
    #[serde(default)]
    pub note: String,
}

impl From<&Content> for ContentView {
    fn from(content: &Content) -> Self {
        let texts = |texts: &[Box<str>]| {
            texts
                .iter()
                .map(|text| text.to_string())
                .collect::<Vec<_>>()
        };
        Self {
            fields: texts(&content.fields),
            rows: content.rows.iter().map(|row| texts(row)).collect(),
            note: content.note.to_string(),
        }
    }
}

impl From<ContentView> for Content {
    fn from(view: ContentView) -> Self {
        let boxed = |texts: Vec<String>| {
            texts
                .into_iter()
                .map(String::into_boxed_str)
                .collect::<Vec<_>>()
        };
        Self {
            fields: boxed(view.fields),
            rows: view.rows.into_iter().map(boxed).collect(),
            note: view.note.into(),
        }
    }
}

/// What is typed, to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteDisclosure {
    /// What is typed.
    pub content: ContentView,
    /// Why what looks like personal data is published all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// The version that the caller saw; it is refused if another one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// How a sheet with a form is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FillQuery {
    /// Why what looks like personal data is published all the same; what was said before if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// The version that the caller saw; it is refused if another one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// Which form an empty sheet is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BlankFormQuery {
    /// Name of the item.
    pub item: String,
    /// A day of the period, or the day of the event: `2026-11-30`.
    pub day: String,
    /// The title of an event; left out for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A remark or reason with an act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisclosureRemark {
    /// The remark; required where something is sent back, corrected or taken down. At most 500 characters.
    #[serde(default)]
    pub note: String,
    /// The version that the caller saw; it is refused if another one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// For the supervision committee's agreement: that the caller looked through photos and PDF, and found no personal
    /// data in them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub files_looked_through: bool,
}

/// A file to add to a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachFile {
    /// What it is called: 1 to 60 characters that everybody reads.
    pub name: String,
    /// The upload; left out if the header `Draft-Key` names the draft that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub upload: Option<UploadId>,
    /// The version that the caller saw; it is refused if another one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// A file of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachedView {
    /// The file as its document will tell of it.
    #[serde(flatten)]
    pub file: DocumentFile,
    /// Lines of a text that look like personal data.
    pub personal: u32,
    /// Whether a person has to look for personal data in it, because the program cannot.
    pub opaque: bool,
}

impl From<&Attached> for AttachedView {
    fn from(one: &Attached) -> Self {
        Self {
            file: DocumentFile::from(one),
            personal: one.personal,
            opaque: one.is_opaque(),
        }
    }
}

/// Which version of a draft the caller saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SeenDraftQuery {
    /// The version that the caller saw; it is refused if another one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// The form of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormView {
    /// The fields above the table.
    pub fields: Vec<ColumnView>,
    /// The columns of the table; empty if there is none.
    pub columns: Vec<ColumnView>,
    /// The article that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl From<&Item> for FormView {
    fn from(item: &Item) -> Self {
        Self {
            fields: item.fields.iter().map(ColumnView::from).collect(),
            columns: item.columns.iter().map(ColumnView::from).collect(),
            source: item.source.as_deref().map(str::to_owned),
        }
    }
}

/// Something that is wrong in a form. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FaultView {
    /// What is wrong.
    pub fault: FaultName,
    /// Position of the field; absent for the table and the note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<usize>,
    /// Row of the cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Column of the cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Whether it is the note below the form.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// What should be there, or what was found, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The cell of the sheet that was read, such as `B7`; absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl FaultView {
    /// Returns the place in the form.
    pub const fn spot(&self) -> Spot {
        match (self.field, self.row, self.column) {
            (Some(at), ..) => Spot::Field(at),
            (None, Some(row), Some(column)) => Spot::Cell { row, column },
            _ if self.note => Spot::Note,
            _ => Spot::Table,
        }
    }
}

impl From<&FormFault> for FaultView {
    fn from(fault: &FormFault) -> Self {
        let (field, row, column) = match fault.at {
            Spot::Field(at) => (Some(at), None, None),
            Spot::Cell { row, column } => (None, Some(row), Some(column)),
            Spot::Table | Spot::Note => (None, None, None),
        };
        Self {
            fault: fault.fault.name(),
            field,
            row,
            column,
            note: fault.at == Spot::Note,
            detail: match &fault.fault {
                CellFault::Sum { expected } => Some(expected.clone()),
                CellFault::Personal(_, masked) => Some(masked.clone()),
                CellFault::TooLong(most) => Some(most.to_string()),
                _ => None,
            },
            cell: None,
        }
    }
}

/// A sign that a form may say nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DoubtView {
    /// The doubt.
    pub doubt: DoubtName,
    /// How many numbers or fields it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

impl From<&Doubt> for DoubtView {
    fn from(doubt: &Doubt) -> Self {
        Self {
            doubt: doubt.name(),
            count: match doubt {
                Doubt::AllZero(count) | Doubt::OnlyRequired(count) => Some(*count),
                Doubt::Copied | Doubt::NoRows | Doubt::Early => None,
            },
        }
    }
}

/// Something that was done with a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureStep {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What.
    pub act: DisclosureAct,
    /// Number of the account that did it; absent for the node's owner and for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Name of the person, as it is now, if the account is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The reason or remark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A disclosure as those see it who work on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureWork {
    /// The disclosure in one line.
    pub line: DisclosureLine,
    /// Rises with every change.
    pub version: u32,
    /// The form.
    pub form: FormView,
    /// What is typed; absent if no edition is being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentView>,
    /// Why the published edition is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why what looks like personal data is published all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// What is wrong in the form, at most 50.
    pub faults: Vec<FaultView>,
    /// Signs that the form may say nothing.
    pub doubts: Vec<DoubtView>,
    /// The files of the edition that is being worked on.
    #[serde(default)]
    pub attachments: Vec<AttachedView>,
    /// What was done, oldest first.
    pub steps: Vec<DisclosureStep>,
    /// What the caller may do now.
    pub offers: Vec<DisclosureAct>,
}
