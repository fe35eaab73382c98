//! Reads a form that was filled in. What its cells say is judged by the rules of the form, as everywhere; here only
//! what makes a cell say something else than it shows is refused.

use std::{collections::BTreeMap, fmt, io::Cursor};

use calamine::{Data, Reader, SheetType, SheetVisible, Xlsx};
use domain::{
    disclosure::{Content, Field, FieldKind, Item, Spot},
    foreign::{escape, plain_line},
};

use super::{
    FormId,
    figures::is_shown,
    layout::{LABEL, Layout, VALUE, note_label},
    parts,
};
use crate::{BadFile, Limits, book, caught::caught, format::shown};

/// The most cells that are told at once.
const MOST_TOLD: usize = 10;
/// The most characters of a text of the sheet that are told.
const MOST_QUOTED: usize = 40;

/// Why a sheet is not read as a form. Cells are named as spreadsheets name them, such as `B7`. What to do stands after
/// the last semicolon.
#[derive(Debug, thiserror::Error)]
pub enum BadForm {
    /// It cannot be read as a workbook.
    #[error(transparent)]
    File(#[from] BadFile),
    /// It is no XLSX, or it has a password.
    #[error("the file is not XLSX, or has a password; save it as XLSX (.xlsx) without one")]
    NotXlsx,
    /// It has a program, an embedded object, or reads other files.
    #[error(
        "the workbook has more than cells in it ({0}); save it as XLSX without macros and objects"
    )]
    Active(String),
    /// It has more than one sheet.
    #[error("the workbook has {0} sheets; leave only the form in it")]
    Sheets(usize),
    /// Its sheet is hidden.
    #[error("the sheet `{0}` is hidden; show it")]
    Hidden(String),
    /// A row is hidden.
    #[error("row {0} is hidden; show all rows, or delete it")]
    HiddenRow(u32),
    /// A column is hidden.
    #[error("column {0} is hidden; show all columns")]
    HiddenColumn(String),
    /// Cells are merged.
    #[error("the cells {0} are merged; unmerge them, and fill in each")]
    Merged(String),
    /// A cell has a formula.
    #[error("the cell {0} is a formula; paste its value instead (选择性粘贴，数值)")]
    Formula(String),
    /// The hidden cell does not name a form.
    #[error(
        "the sheet does not say which form it is (cell A1); fill in the sheet that this draft gives"
    )]
    NoForm,
    /// It is the form of another disclosure.
    #[error(
        "the sheet is the form of disclosure {} of {}, and this is {} of {}; fill in the sheet that this draft gives",
        (.0).0.number, (.0).0.division, (.0).1.number, (.0).1.division
    )]
    Other(Box<(FormId, FormId)>),
    /// It is the form of another edition.
    #[error("the sheet is of edition {0}, and edition {1} is being worked on; get the sheet again")]
    Edition(u32, u32),
    /// The form was changed since.
    #[error(
        "the sheet follows version {0} of the template, and this draft version {1}; get the sheet again"
    )]
    Template(u32, u32),
    /// A label is not where it was written.
    #[error(
        "the cell {cell} should say `{should}` and says `{says}`; get the sheet again and copy what was filled in"
    )]
    Label {
        /// The cell.
        cell: String,
        /// What was written there.
        should: String,
        /// What stands there.
        says: String,
    },
    /// Something stands where the form has no place for it.
    #[error("the cell {0} is outside of the form; delete it, or write it into the form")]
    Beyond(String),
    /// Cells do not say what they show.
    #[error("{}", told(.0, "; ", Unread::english))]
    Cells(Vec<(String, Unread)>),
}

/// Why a cell is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A number that is shown as another one.
    Format,
    /// A number of more digits than a sheet keeps.
    Digits,
    /// A day where none belongs.
    Day,
    /// An error, or a yes or no.
    Strange,
}

impl Unread {
    const fn english(self) -> &'static str {
        match self {
            Self::Format => "shows another number than it holds, set its format to General (常规)",
            Self::Digits => "has more than 15 digits, format it as text (文本) and type it again",
            Self::Day => "was taken for a day, format it as text (文本) and type it again",
            Self::Strange => "is an error or a yes/no, type a text or a number",
        }
    }

    /// Returns what is wrong and what to do, in Chinese.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Format => "显示的数与内容不同，请把格式改成“常规”",
            Self::Digits => "超过 15 位数字，请改成“文本”格式重填",
            Self::Day => "被当成了日期，请改成“文本”格式重填",
            Self::Strange => "是错误值或真假值，请填文字或数字",
        }
    }
}

fn told(cells: &[(String, Unread)], between: &str, says: fn(Unread) -> &'static str) -> String {
    let told = cells
        .iter()
        .map(|(cell, why)| format!("{cell} {}", says(*why)));
    told.collect::<Vec<_>>().join(between)
}

impl BadForm {
    /// Returns the error in Chinese. What to do stands after the last `；`.
    pub fn chinese(&self) -> String {
        match self {
            Self::File(bad) => bad.chinese(),
            Self::NotXlsx => "文件不是 XLSX，或者加了密码；请去掉密码，另存为 XLSX（.xlsx）".into(),
            Self::Active(what) => {
                format!("工作簿里不只有单元格（{what}）；请另存为不带宏和对象的 XLSX")
            }
            Self::Sheets(count) => format!("工作簿有 {count} 张工作表；请只留下表单这一张"),
            Self::Hidden(name) => format!("工作表“{name}”是隐藏的；请取消隐藏"),
            Self::HiddenRow(row) => format!("第 {row} 行是隐藏的；请取消隐藏，或删去"),
            Self::HiddenColumn(column) => format!("{column} 列是隐藏的；请取消隐藏"),
            Self::Merged(area) => format!("单元格 {area} 是合并的；请取消合并，每格都填上"),
            Self::Formula(cell) => {
                format!("单元格 {cell} 是公式；请用“选择性粘贴，数值”换成内容本身")
            }
            Self::NoForm => "看不出这是哪一张表单（A1 单元格）；请用本草稿下载的表来填".to_owned(),
            Self::Other(both) => format!(
                "这张表是 {} 的公开 {} 的表单，而这里是 {} 的 {}；请用本草稿下载的表来填",
                both.0.division, both.0.number, both.1.division, both.1.number
            ),
            Self::Edition(found, now) => {
                format!("这张表是第 {found} 版的，现在办的是第 {now} 版；请重新下载表单")
            }
            Self::Template(found, now) => {
                format!("这张表按模板第 {found} 版，本草稿按第 {now} 版；请重新下载表单")
            }
            Self::Label { cell, should, says } => format!(
                "单元格 {cell} 应是“{should}”，表里是“{says}”；请重新下载表单，把填好的内容复制过去"
            ),
            Self::Beyond(cell) => format!("单元格 {cell} 在表单之外；请删去，或填到表单里"),
            Self::Cells(cells) => format!("单元格 {}", told(cells, "；", Unread::chinese)),
        }
    }
}

/// What a sheet says, with the cells that it says it in.
#[derive(Clone, Debug)]
pub struct Typed {
    /// What is typed.
    pub content: Content,
    layout: Layout,
    rows: Vec<u32>,
}

impl Typed {
    /// Returns the name of the cell of a place, such as `B7`.
    pub fn cell(&self, at: Spot) -> String {
        let (row, column) = self.layout.cell(at, &self.rows);
        book::spot(row, column)
    }
}

/// A cell with the format of its number.
type Held = (Data, Option<String>);
type Cells = BTreeMap<(u32, u32), Held>;

/// Reads the form of an item that was filled in. `expected` is the form that is being worked on.
///
/// # Errors
/// [`BadForm`].
pub fn read(
    bytes: &[u8],
    expected: &FormId,
    item: &Item,
    limits: &Limits,
) -> Result<Typed, BadForm> {
    if bytes.len() > limits.bytes {
        return Err(BadFile::Large(bytes.len(), limits.bytes).into());
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(BadForm::NotXlsx);
    }
    book::check_size(bytes, limits)?;
    let layout = Layout::of(item);
    let cells: Option<Result<Cells, BadForm>> = caught(|| {
        let cells = cells(bytes, limits)?;
        is_expected(&cells, expected)?;
        parts::check(bytes, layout.last_column())?;
        Ok(cells)
    });
    let cells = cells.unwrap_or_else(|| {
        let why = "it states a place or a size that no sheet can have";
        Err(BadFile::Workbook(calamine::Error::Msg(why)).into())
    })?;
    check_labels(&cells, item, &layout)?;
    Form {
        cells,
        layout,
        unread: vec![],
    }
    .read(item)
}

/// Returns the cells of the one sheet.
fn cells(bytes: &[u8], limits: &Limits) -> Result<Cells, BadForm> {
    let unread = |error| BadForm::from(BadFile::Workbook(calamine::Error::Xlsx(error)));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| BadForm::NotXlsx)?;
    let sheets = book.sheets_metadata().to_vec();
    if let Some(hidden) = sheets
        .iter()
        .find(|sheet| sheet.visible != SheetVisible::Visible)
    {
        return Err(BadForm::Hidden(quoted(&hidden.name)));
    }
    let [sheet] = &sheets[..] else {
        return Err(BadForm::Sheets(sheets.len()));
    };
    if sheet.typ != SheetType::WorkSheet {
        return Err(BadForm::NoForm);
    }
    let mut reader = book.worksheet_cells_reader(&sheet.name).map_err(unread)?;
    let mut cells = Cells::new();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(unread)? {
        let data = Data::from(cell.get_value().clone());
        let is_blank = match &data {
            Data::Empty => true,
            Data::String(text) => plain_line(text).is_empty(),
            _ => false,
        };
        if is_blank {
            continue;
        }
        let style = reader.styles().get(style);
        let format = style.and_then(|style| style.number_format.as_ref());
        let format = format.map(|format| format.format_code.to_string());
        cells.insert(cell.get_position(), (data, format));
        if cells.len() > limits.cells {
            return Err(BadFile::Wide(limits.cells).into());
        }
    }
    Ok(cells)
}

fn is_expected(cells: &Cells, expected: &FormId) -> Result<(), BadForm> {
    let said = cells.get(&(0, 0)).map(|(said, _)| said.to_string());
    let found = said.and_then(|said| FormId::read(&said));
    let found = found.ok_or(BadForm::NoForm)?;
    let is_same = |one: &FormId, other: &FormId| {
        one.number == other.number
            && one.division == other.division
            && one.template == other.template
    };
    match (&found, expected) {
        _ if !is_same(&found, expected) => Err(BadForm::Other((found, expected.clone()).into())),
        _ if found.edition != expected.edition => {
            Err(BadForm::Edition(found.edition, expected.edition))
        }
        _ if found.version != expected.version => {
            Err(BadForm::Template(found.version, expected.version))
        }
        _ => Ok(()),
    }
}

/// Checks that every label is where it was written, and that nothing stands outside of the form.
fn check_labels(cells: &Cells, item: &Item, layout: &Layout) -> Result<(), BadForm> {
    let label = u32::from(LABEL);
    let fields = item.fields.iter().enumerate();
    let fields = fields.map(|(at, field)| ((layout.field(at), label), &*field.name));
    let columns = (0..).zip(&item.columns);
    let columns = columns.map(|(at, column)| ((layout.headings(), at), &*column.name));
    let note = note_label(item);
    let note = [((layout.note(), label), &*note)];
    for (at, should) in fields.chain(note).chain(columns) {
        let says = cells
            .get(&at)
            .map(|(says, _)| plain_line(&says.to_string()));
        let says = says.unwrap_or_default();
        if says != should {
            return Err(BadForm::Label {
                cell: book::spot(at.0, at.1),
                should: should.to_owned(),
                says: quoted(&says),
            });
        }
    }
    match cells.keys().find(|at| !layout.is_ours(**at)) {
        Some((row, column)) => Err(BadForm::Beyond(book::spot(*row, *column))),
        None => Ok(()),
    }
}

fn quoted(text: &str) -> String {
    escape(&text.chars().take(MOST_QUOTED).collect::<String>())
}

/// A form whose labels are right.
struct Form {
    cells: Cells,
    layout: Layout,
    unread: Vec<(String, Unread)>,
}

impl Form {
    fn read(mut self, item: &Item) -> Result<Typed, BadForm> {
        let value = u32::from(VALUE);
        let fields = item.fields.iter().enumerate();
        let fields =
            fields.map(|(at, field)| self.text((self.layout.field(at), value), field.kind));
        let fields: Vec<_> = fields.collect();
        let note = self.text((self.layout.note(), value), FieldKind::Text);
        let mut rows: Vec<u32> = self.cells.keys().map(|(row, _)| *row).collect();
        rows.retain(|row| *row >= self.layout.table());
        rows.dedup();
        if item.columns.is_empty() {
            rows.clear();
        }
        let row = |row: &u32| self.row(*row, &item.columns);
        let texts: Vec<Vec<_>> = rows.iter().map(row).collect();
        let content = Content {
            fields: self.kept(fields),
            note: self.kept(vec![note]).remove(0),
            rows: texts.into_iter().map(|row| self.kept(row)).collect(),
        };
        if !self.unread.is_empty() {
            self.unread.truncate(MOST_TOLD);
            return Err(BadForm::Cells(self.unread));
        }
        Ok(Typed {
            content,
            layout: self.layout,
            rows,
        })
    }

    fn row(&self, row: u32, columns: &[Field]) -> Vec<Result<String, (String, Unread)>> {
        let cells = (0..).zip(columns);
        cells
            .map(|(at, column)| self.text((row, at), column.kind))
            .collect()
    }

    /// Keeps the texts; those of cells that are not read are empty, and noted.
    fn kept(&mut self, texts: Vec<Result<String, (String, Unread)>>) -> Vec<Box<str>> {
        let text = |text: Result<String, _>| match text {
            Ok(text) => text.into(),
            Err(unread) => {
                self.unread.push(unread);
                Box::default()
            }
        };
        texts.into_iter().map(text).collect()
    }

    /// Returns what a cell says in a field of a kind.
    fn text(&self, at: (u32, u32), kind: FieldKind) -> Result<String, (String, Unread)> {
        let Some((data, format)) = self.cells.get(&at) else {
            return Ok(String::new());
        };
        let unread = |why| (book::spot(at.0, at.1), why);
        let is_figure = matches!(kind, FieldKind::Money | FieldKind::Number);
        let number = |number: f64| match (is_figure, format.as_deref()) {
            _ if number.abs() >= 1e15 => Err(Unread::Digits),
            (true, format) if is_shown(number, format) => Ok(number.to_string()),
            (true, _) => Err(Unread::Format),
            (false, format) => shown(number, format).map_err(|_| Unread::Format),
        };
        match data {
            Data::Float(float) => number(*float).map_err(unread),
            Data::Int(int) => number(*int as f64).map_err(unread),
            Data::DateTime(moment) if kind == FieldKind::Date && !moment.is_duration() => {
                Ok(Stamp(moment.to_ymd_hms_milli()).to_string())
            }
            Data::DateTime(_) | Data::DurationIso(_) => Err(unread(Unread::Day)),
            Data::DateTimeIso(text) if kind == FieldKind::Date => Ok(text.clone()),
            Data::DateTimeIso(_) => Err(unread(Unread::Day)),
            Data::Bool(_) | Data::Error(_) => Err(unread(Unread::Strange)),
            other => Ok(other.to_string()),
        }
    }
}

/// A moment of a sheet: the day alone if it is its beginning.
struct Stamp((u16, u8, u8, u8, u8, u8, u16));

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second, _) = self.0;
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        match (hour, minute, second) {
            (0, 0, 0) => Ok(()),
            _ => write!(f, " {hour:02}:{minute:02}:{second:02}"),
        }
    }
}
