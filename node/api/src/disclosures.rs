//! Disclosures: what a division makes public, what it has to, and the work on it.

mod work;

use domain::attachment::Media;
use domain::disclosure::{
    Attached, Class, Content, DutyState, Field, FieldKind, Item, Line, Rhythm, Stage,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

pub use work::{
    AttachFile, AttachedView, BeginDisclosure, BlankFormQuery, ContentView, DisclosureRemark,
    DisclosureStep, DisclosureWork, DoubtView, FaultView, FillQuery, FormView, SeenDraftQuery,
    WriteDisclosure,
};

/// A disclosure in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureLine {
    /// Its number, 16 hexadecimal digits.
    pub number: String,
    /// The template that prescribes it.
    pub template: String,
    /// Name of the item.
    pub item: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Its class.
    pub class: Class,
    /// How often it is made public.
    pub period: Rhythm,
    /// The first day that it is about: `2026-11-01`.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The title of an event; empty for others.
    pub title: String,
    /// When it is due, in milliseconds since 1970.
    pub due_ms: i64,
    /// When the first edition was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at_ms: Option<i64>,
    /// When the latest edition was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_at_ms: Option<i64>,
    /// Number of published editions.
    pub editions: u32,
    /// Whether it was taken down.
    pub withdrawn: bool,
    /// How far the work on an edition has come; told only to those who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
}

impl DisclosureLine {
    /// Returns what everybody may know of a line.
    pub fn public(line: &Line) -> Self {
        Self {
            stage: None,
            ..Self::from(line)
        }
    }
}

impl From<&Line> for DisclosureLine {
    fn from(line: &Line) -> Self {
        Self {
            number: line.id.to_string(),
            template: line.template.to_string(),
            item: line.item.to_string(),
            english: line.english.as_deref().map(str::to_owned),
            class: line.class,
            period: line.rhythm,
            from: line.span.from.to_string(),
            to: line.span.to.to_string(),
            title: line.title.to_string(),
            due_ms: line.due.0,
            published_at_ms: line.published_at.map(|at| at.0),
            latest_at_ms: line.latest_at.map(|at| at.0),
            editions: line.editions,
            withdrawn: line.withdrawn,
            stage: line.stage,
        }
    }
}

/// Which disclosures are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DisclosuresQuery {
    /// Only this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Only those about days of this month: `2026-11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
}

/// Disclosures, those about the latest days first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disclosures {
    /// The disclosures, at most 500.
    pub disclosures: Vec<DisclosureLine>,
    /// When the list was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// One thing that has to be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyLine {
    /// The template that demands it.
    pub template: String,
    /// Name of the item.
    pub item: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Its class.
    pub class: Class,
    /// How often.
    pub period: Rhythm,
    /// The first day that it is about.
    pub from: String,
    /// The last day.
    pub to: String,
    /// What villagers demanded, where it is that; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// When it is due, in milliseconds since 1970.
    pub due_ms: i64,
    /// What became of it.
    pub state: DutyState,
    /// Its disclosure, once one was begun; for everybody once it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// How far the work on it has come; told only to those who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The article that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// An item that is made public each time something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DemandedEvent {
    /// The template that demands it.
    pub template: String,
    /// Name of the item.
    pub item: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Its class.
    pub class: Class,
    /// The time within which it is made public, such as `5d`.
    pub within: String,
    /// The article that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What has to be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Duties {
    /// By periods: the last 24 of each item and the one that goes on, latest first.
    pub duties: Vec<DutyLine>,
    /// Each time something happens.
    pub events: Vec<DemandedEvent>,
    /// When it was made out, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// A field of a published document with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldValue {
    /// Its name.
    pub name: String,
    /// What is typed in it.
    pub kind: FieldKind,
    /// Unit of a number or amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it says; may be empty.
    pub value: String,
}

/// A field of a form, or a column of its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// What is typed in it.
    pub kind: FieldKind,
    /// Unit of a number or amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// The options of a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl From<&Field> for ColumnView {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.to_string(),
            kind: field.kind,
            unit: field.unit.as_deref().map(str::to_owned),
            required: field.required,
            options: field
                .options
                .iter()
                .map(|option| option.to_string())
                .collect(),
        }
    }
}

/// A published document. The public log commits to its very bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureDocument {
    /// Form of the document: 1, or 2 if it has files.
    pub format: u32,
    /// The division that published it.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Number of the disclosure.
    pub number: String,
    /// The edition, from 1.
    pub edition: u32,
    /// The template that prescribes it.
    pub template: String,
    /// The version of the template.
    pub template_version: u32,
    /// Name of the item.
    pub item: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Its class.
    pub class: Class,
    /// The article that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The first day that it is about.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The title of an event; empty for others.
    pub title: String,
    /// Why it differs from the edition before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the committee agreed, in milliseconds since 1970.
    pub agreed_at_ms: i64,
    /// When the supervision committee agreed.
    pub reviewed_at_ms: i64,
    /// When it was published.
    pub published_at_ms: i64,
    /// The fields with what they say.
    pub fields: Vec<FieldValue>,
    /// The columns of the table.
    pub columns: Vec<ColumnView>,
    /// The rows of the table.
    pub rows: Vec<Vec<String>>,
    /// What else it says; may be empty.
    pub note: String,
    /// The files beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<DocumentFile>,
}

/// A file of a published document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DocumentFile {
    /// Its number in the disclosure.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media: Media,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
}

impl From<&Attached> for DocumentFile {
    fn from(one: &Attached) -> Self {
        Self {
            number: one.no,
            name: one.name.to_string(),
            media: one.file.media,
            bytes: one.file.whole.bytes,
            sha256: data_encoding::HEXLOWER.encode(&one.sha256),
        }
    }
}

impl DisclosureDocument {
    /// Returns the form of a document with these files.
    pub const fn format_of(attached: &[Attached]) -> u32 {
        if attached.is_empty() { 1 } else { 2 }
    }

    /// Returns the fields of an item with what is typed in them.
    pub fn fields_of(item: &Item, content: &Content) -> Vec<FieldValue> {
        let texts = content.fields.iter().map(|text| &**text);
        let fields = item.fields.iter().zip(texts);
        let value = |(field, text): (&Field, &str)| FieldValue {
            name: field.name.to_string(),
            kind: field.kind,
            unit: field.unit.as_deref().map(str::to_owned),
            value: text.to_string(),
        };
        fields.map(value).collect()
    }

    /// Returns the document as it is kept and committed to.
    pub fn written(&self) -> String {
        serde_json::to_string(self).expect("a document has text keys only")
    }

    /// Reads a document; `None` if it was taken down, or a newer program wrote it.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Returns what it says in the form of an item, by the names of fields and columns: forms change, and no amount may
    /// slip into another field.
    pub fn content_for(&self, item: &Item) -> Content {
        let value = |field: &Field| {
            let found = self.fields.iter().find(|value| *value.name == *field.name);
            found.map_or("", |value| &value.value).into()
        };
        let at = |field: &Field| {
            self.columns
                .iter()
                .position(|column| *column.name == *field.name)
        };
        let places: Vec<Option<usize>> = item.columns.iter().map(at).collect();
        let row = |row: &Vec<String>| {
            let text = |at: &Option<usize>| at.and_then(|at| row.get(at)).map_or("", |text| text);
            places.iter().map(|at| text(at).into()).collect()
        };
        Content {
            fields: item.fields.iter().map(value).collect(),
            rows: self.rows.iter().map(row).collect(),
            note: self.note.as_str().into(),
        }
    }
}

/// What the public log says of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EditionLog {
    /// The life of the store that the log belongs to, 32 hexadecimal digits.
    pub epoch: String,
    /// Position of the entry, from 0.
    pub index: u64,
    /// Entries of the log.
    pub size: u64,
    /// Opens the entry: 128 random bits, 32 hexadecimal digits.
    pub salt: String,
    /// Whether the entry commits to the document as it is shown.
    pub holds: bool,
}

/// A published edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EditionView {
    /// 1 for the first.
    pub edition: u32,
    /// When it was published, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it says; absent once it was taken down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DisclosureDocument>,
    /// The very text of the document, to which the log commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the log says of it; absent once it was taken down, and after the loss of a store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<EditionLog>,
}

/// A matter in which somebody objects to a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ObjectionView {
    /// Number of the matter.
    pub matter: String,
    /// When it was reported, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A published disclosure with all of its editions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureView {
    /// The disclosure in one line.
    pub line: DisclosureLine,
    /// Its editions, latest first.
    pub editions: Vec<EditionView>,
    /// The lawful ground for taking it down, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Until when anybody may object, in milliseconds since 1970; absent if it was taken down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objections_until_ms: Option<i64>,
    /// Number of objections so far.
    pub objections: u32,
    /// The objections that were answered in public.
    pub answered: Vec<ObjectionView>,
    /// When it was read, in milliseconds since 1970.
    pub as_of_ms: i64,
}
