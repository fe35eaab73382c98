//! Sheets that people fill in, with the columns of an enumeration: read into rows. What could make a cell say something
//! else than it shows is refused: formulas, merged cells, hidden sheets.

use std::{collections::BTreeMap, marker::PhantomData};

use domain::rows::{BadCell, Fault, Row, SheetColumn};
use topology::Term;

use crate::{BadFile, Cell, Doubt, Encoding, Headings, Limits, Strange, Table, is_blank};

/// What the first cell in the row of an empty sheet begins with. Such rows are not read.
const SAMPLE: &str = "（示例）";

/// The rows of a sheet, and what is wrong with them before a node was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled<C: SheetColumn> {
    /// Rows that can be sent to a node.
    pub rows: Vec<Row<C>>,
    /// Faults of other rows, by line.
    pub bad: Vec<(u64, Vec<Fault<C, BadCell>>)>,
    /// Headings of columns that are not read.
    pub unread: Vec<String>,
    /// Whether the file was read as GB18030, because it is not UTF-8.
    pub as_gb18030: bool,
}

/// The names of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    chinese: &'static str,
    code: &'static str,
}

impl Heading {
    fn of(column: impl Term) -> Self {
        Self {
            chinese: column.chinese(),
            code: column.code(),
        }
    }
}

/// Why a file is no such sheet. What to do stands after the last semicolon.
#[derive(Debug, thiserror::Error)]
pub enum BadSheet {
    /// It cannot be read as a table.
    #[error(transparent)]
    File(#[from] BadFile),
    /// Columns that every sheet needs are missing.
    #[error("no column is headed {}; head it so, or fill in the empty sheet", headed(.0))]
    Missing(Vec<Heading>),
    /// Two columns mean the same.
    #[error("two columns are headed {} ({}); remove one of them", .0.chinese, .0.code)]
    Twice(Heading),
    /// It has a sheet that nobody sees.
    #[error(
        "the workbook has the hidden sheet `{0}`; show it or delete it, so that everything in it is seen"
    )]
    Hidden(String),
    /// It has merged cells, of which all but the first are empty.
    #[error("the cells {0} are merged; unmerge them, and fill in each")]
    Merged(String),
    /// It has a formula, whose result may be another tomorrow.
    #[error("the cell {0} is a formula; paste its value instead (选择性粘贴，数值)")]
    Formula(String),
}

fn headed(columns: &[Heading]) -> String {
    let names = columns
        .iter()
        .map(|column| format!("{} ({})", column.chinese, column.code));
    names.collect::<Vec<_>>().join(", ")
}

impl BadSheet {
    /// Returns the error in Chinese. What to do stands after the last `；`.
    pub fn chinese(&self) -> String {
        match self {
            Self::File(bad) => bad.chinese(),
            Self::Missing(columns) => {
                let names: Vec<_> = columns.iter().map(|column| column.chinese).collect();
                let names = names.join("、");
                format!("没有“{names}”这一列；请加上表头，或用空表填写")
            }
            Self::Twice(column) => format!("有两列都是“{}”；请删去一列", column.chinese),
            Self::Hidden(name) => format!("工作簿里有隐藏的工作表“{name}”；请取消隐藏或删除"),
            Self::Merged(area) => format!("单元格 {area} 是合并的；请取消合并，每格都填上"),
            Self::Formula(cell) => {
                format!("单元格 {cell} 是公式；请用“选择性粘贴，数值”换成内容本身")
            }
        }
    }
}

impl BadFile {
    /// Returns the error in Chinese, for a file that was sent with a page. What to do stands after the last `；`.
    pub fn chinese(&self) -> String {
        match self {
            Self::Large(bytes, most) => {
                format!("文件有 {bytes} 字节，最多 {most} 字节；请分成几个")
            }
            Self::Long(most) => format!("超过 {most} 行；请分成几个"),
            Self::Wide(most) => {
                format!("单元格超过 {most} 个，或有一格离得很远；请删去表外的单元格")
            }
            Self::Unpacks(mib) => format!("工作簿解开后超过 {mib} MiB；请另存为 XLSX，或分成几个"),
            Self::Empty => "文件是空的；请先写一行表头".to_owned(),
            Self::Gb18030(line, _) | Self::Unknown(line) => {
                format!("第 {line} 行的编码认不出来；请另存为“CSV UTF-8”或 XLSX")
            }
            Self::BrokenUtf8(line) => {
                format!("第 {line} 行有不是 UTF-8 的字节，和前面不一样；请改正，或重新导出")
            }
            Self::NotGb18030(line) => {
                format!("表头在第 {line} 行，不是 GB18030；请另存为“CSV UTF-8”或 XLSX")
            }
            Self::IsUtf8 => "文件是 UTF-8，不是 GB18030；请不指定编码".to_owned(),
            Self::SaysItself => "工作簿不用指定编码；请不指定编码".to_owned(),
            Self::Utf16 => "文件是 UTF-16；请另存为“CSV UTF-8”或 XLSX".to_owned(),
            Self::Csv(_) => "不是 CSV；请另存为“CSV UTF-8”".to_owned(),
            Self::Workbook(_) => "工作簿读不出来；请另存为 XLSX".to_owned(),
            Self::NoSheet => "工作簿没有看得见的工作表；请把表放到一张看得见的上面".to_owned(),
            Self::WhichSheet(name, has) => format!("没有工作表“{name}”；请从这些里选：{has}"),
            Self::NoSheets => "文本文件没有工作表；请不指定工作表".to_owned(),
        }
    }
}

/// Which rows head a sheet with these columns.
struct Known<C>(PhantomData<C>);

impl<C: SheetColumn> Headings for Known<C> {
    fn are_all(&self, texts: &[String]) -> bool {
        let found: Vec<_> = texts.iter().map(|text| C::of_heading(text)).collect();
        C::NEEDED
            .iter()
            .all(|column| found.contains(&Some(*column)))
    }

    fn known(&self, texts: &[String]) -> usize {
        texts.iter().filter_map(|text| C::of_heading(text)).count()
    }
}

impl<C: SheetColumn> Filled<C> {
    /// Reads a file. A text that is not UTF-8 but GB18030 is read as that.
    ///
    /// # Errors
    /// [`BadSheet`].
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, BadSheet> {
        let known = Known::<C>(PhantomData);
        let read = |encoding| Table::read_as(bytes, encoding, None, &known, limits);
        let (table, as_gb18030) = match read(None) {
            Err(BadFile::Gb18030(..)) => (read(Some(Encoding::Gb18030))?, true),
            other => (other?, false),
        };
        if let Some(strange) = table.strange.first() {
            return Err(match strange.clone() {
                Strange::Hidden(name) => BadSheet::Hidden(name),
                Strange::Merged(area) => BadSheet::Merged(area),
                Strange::Formula(cell) => BadSheet::Formula(cell),
            });
        }
        let columns = columns::<C>(&table.headings)?;
        let unread = table.headings.iter().zip(&columns);
        let unread = unread
            .filter(|(heading, column)| column.is_none() && !heading.trim().is_empty())
            .map(|(heading, _)| heading.trim().chars().take(40).collect());
        let mut filled = Self {
            rows: vec![],
            bad: vec![],
            unread: unread.collect(),
            as_gb18030,
        };
        for (line, cells) in &table.rows {
            match row(*line, cells, &columns) {
                Ok(row) if is_sample(&row) => {}
                Ok(row) => filled.rows.push(row),
                Err(faults) => filled.bad.push((*line, faults)),
            }
        }
        Ok(filled)
    }
}

fn columns<C: SheetColumn>(headings: &[String]) -> Result<Vec<Option<C>>, BadSheet> {
    let found: Vec<_> = headings
        .iter()
        .map(|heading| C::of_heading(heading))
        .collect();
    for (at, column) in found.iter().enumerate() {
        if let Some(column) = column.filter(|_| found[..at].contains(column)) {
            return Err(BadSheet::Twice(Heading::of(column)));
        }
    }
    let missing = C::NEEDED
        .iter()
        .filter(|column| !found.contains(&Some(**column)));
    let missing: Vec<_> = missing.map(|column| Heading::of(*column)).collect();
    match missing.is_empty() {
        true => Ok(found),
        false => Err(BadSheet::Missing(missing)),
    }
}

fn row<C: SheetColumn>(
    line: u64,
    cells: &[Cell],
    columns: &[Option<C>],
) -> Result<Row<C>, Vec<Fault<C, BadCell>>> {
    let (mut texts, mut faults) = (BTreeMap::new(), vec![]);
    for (column, cell) in columns.iter().zip(cells) {
        let Some(column) = *column else { continue };
        match cell {
            _ if is_blank(cell) => {}
            Ok(text) => {
                texts.insert(column, text.trim().to_owned());
            }
            Err(doubt) => {
                let (shown, why) = match doubt {
                    Doubt::Digits(shown) => (shown, BadCell::Shortened),
                    Doubt::Garbled(garbled) => (&garbled.before, BadCell::Doubtful),
                    Doubt::Format(shown, _) | Doubt::Day(shown) => (shown, BadCell::Doubtful),
                };
                faults.push(Fault::new(column, shown, why));
            }
        }
    }
    let beyond = cells.iter().skip(columns.len());
    if let Some(Ok(text)) = beyond.into_iter().find(|cell| !is_blank(cell)) {
        let first = C::NEEDED.first().or_else(|| C::ALL.first());
        faults.extend(first.map(|column| Fault::new(*column, text, BadCell::Beyond)));
    }
    match faults.is_empty() {
        true => Ok(Row { line, cells: texts }),
        false => Err(faults),
    }
}

/// Whether it is the row that shows what belongs where.
fn is_sample<C: SheetColumn>(row: &Row<C>) -> bool {
    let mut needed = C::NEEDED.iter().filter_map(|column| row.cells.get(column));
    needed.any(|text| text.starts_with(SAMPLE))
}
