//! Disclosures: what a division makes public, what it has to, and the work on it.

use domain::attachment::{Media, UploadId};
use domain::disclosure::{
    Attached, CellFault, Class, Content, DisclosureAct, Doubt, DoubtName, DutyState, FaultName,
    Field, FieldKind, FormFault, Item, Line, Rhythm, Spot, Stage,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

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
