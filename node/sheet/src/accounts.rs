//! Sheets of people who get accounts, change, or leave: read into rows, and an empty one to fill in.

use std::collections::BTreeMap;

use domain::roster::{Column, Fault, Row, Why};

use crate::{BadFile, Cell, Doubt, Encoding, Headings, Limits, Strange, Table, is_blank, workbook};

/// What the name in the row of the empty sheet begins with. Such rows are not read.
const SAMPLE: &str = "（示例）";
/// Columns that every sheet has.
const NEEDED: [Column; 2] = [Column::Name, Column::Login];

/// The rows of a sheet, and what is wrong with them before a node was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Rows that can be sent to a node.
    pub rows: Vec<Row>,
    /// Faults of other rows, by line.
    pub bad: Vec<(u64, Vec<Fault>)>,
    /// Headings of columns that are not read.
    pub unread: Vec<String>,
    /// Whether the file was read as GB18030, because it is not UTF-8.
    pub as_gb18030: bool,
}

/// Why a file is no sheet of accounts. What to do stands after the last semicolon.
#[derive(Debug, thiserror::Error)]
pub enum BadRoster {
    /// It cannot be read as a table.
    #[error(transparent)]
    File(#[from] BadFile),
    /// Columns that every sheet needs are missing.
    #[error("no column is headed {}; head it so, or fill in the empty sheet", headed(.0))]
    Missing(Vec<Column>),
    /// Two columns mean the same.
    #[error("two columns are headed {} ({}); remove one of them", .0.chinese(), .0.code())]
    Twice(Column),
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

fn headed(columns: &[Column]) -> String {
    let names = columns
        .iter()
        .map(|column| format!("{} ({})", column.chinese(), column.code()));
    names.collect::<Vec<_>>().join(", ")
}

impl BadRoster {
    /// Returns the error in Chinese. What to do stands after the last `；`.
    pub fn chinese(&self) -> String {
        let headed = |columns: &[Column]| {
            let names = columns.iter().map(|column| column.chinese());
            names.collect::<Vec<_>>().join("、")
        };
        match self {
            Self::File(bad) => bad.chinese(),
            Self::Missing(columns) => {
                format!("没有“{}”这一列；请加上表头，或用空表填写", headed(columns))
            }
            Self::Twice(column) => format!("有两列都是“{}”；请删去一列", headed(&[*column])),
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

/// Which rows head a sheet of accounts.
struct OfAccounts;

impl Headings for OfAccounts {
    fn are_all(&self, texts: &[String]) -> bool {
        let found: Vec<_> = texts.iter().map(|text| Column::of_heading(text)).collect();
        NEEDED.iter().all(|column| found.contains(&Some(*column)))
    }

    fn known(&self, texts: &[String]) -> usize {
        let known = texts.iter().filter_map(|text| Column::of_heading(text));
        known.count()
    }
}

impl Roster {
    /// Reads a file. A text that is not UTF-8 but GB18030 is read as that. What could make a cell say something else
    /// than it shows is refused: formulas, merged cells, hidden sheets.
    ///
    /// # Errors
    /// [`BadRoster`].
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, BadRoster> {
        let read = |encoding| Table::read_as(bytes, encoding, None, &OfAccounts, limits);
        let (table, as_gb18030) = match read(None) {
            Err(BadFile::Gb18030(..)) => (read(Some(Encoding::Gb18030))?, true),
            other => (other?, false),
        };
        if let Some(strange) = table.strange.first() {
            return Err(match strange.clone() {
                Strange::Hidden(name) => BadRoster::Hidden(name),
                Strange::Merged(area) => BadRoster::Merged(area),
                Strange::Formula(cell) => BadRoster::Formula(cell),
            });
        }
        let columns = columns(&table.headings)?;
        let unread = table.headings.iter().zip(&columns);
        let unread = unread
            .filter(|(heading, column)| column.is_none() && !heading.trim().is_empty())
            .map(|(heading, _)| heading.trim().chars().take(40).collect());
        let mut roster = Self {
            unread: unread.collect(),
            as_gb18030,
            ..Self::default()
        };
        for (line, cells) in &table.rows {
            match row(*line, cells, &columns) {
                Ok(row) if is_sample(&row) => {}
                Ok(row) => roster.rows.push(row),
                Err(faults) => roster.bad.push((*line, faults)),
            }
        }
        Ok(roster)
    }
}

fn columns(headings: &[String]) -> Result<Vec<Option<Column>>, BadRoster> {
    let found: Vec<_> = headings
        .iter()
        .map(|heading| Column::of_heading(heading))
        .collect();
    for (at, column) in found.iter().enumerate() {
        if let Some(column) = column.filter(|_| found[..at].contains(column)) {
            return Err(BadRoster::Twice(column));
        }
    }
    let missing: Vec<_> = NEEDED
        .into_iter()
        .filter(|column| !found.contains(&Some(*column)))
        .collect();
    match missing.is_empty() {
        true => Ok(found),
        false => Err(BadRoster::Missing(missing)),
    }
}

fn row(line: u64, cells: &[Cell], columns: &[Option<Column>]) -> Result<Row, Vec<Fault>> {
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
                    Doubt::Digits(shown) => (shown, Why::Shortened),
                    Doubt::Garbled(garbled) => (&garbled.before, Why::Doubtful),
                    Doubt::Format(shown, _) | Doubt::Day(shown) => (shown, Why::Doubtful),
                };
                faults.push(Fault::new(column, shown, why));
            }
        }
    }
    let beyond = cells.iter().skip(columns.len());
    if let Some(Ok(text)) = beyond.into_iter().find(|cell| !is_blank(cell)) {
        faults.push(Fault::new(Column::Name, text, Why::Beyond));
    }
    match faults.is_empty() {
        true => Ok(Row { line, cells: texts }),
        false => Err(faults),
    }
}

fn is_sample(row: &Row) -> bool {
    let name = row.cells.get(&Column::Name);
    name.is_some_and(|name| name.starts_with(SAMPLE))
}

/// Returns the headings of an empty sheet, and a row to show what belongs where.
pub fn sample() -> Vec<Vec<String>> {
    let headings = Column::ALL.iter().map(|column| column.chinese().to_owned());
    let sample = [
        "（示例）张三",
        "zhang.san",
        "网格员",
        "1",
        "market",
        "13800000000",
        "",
    ];
    vec![headings.collect(), sample.map(str::to_owned).to_vec()]
}

/// Packs an empty sheet with its headings and a row to show what belongs where, as XLSX.
pub fn empty() -> Vec<u8> {
    workbook("账号", &sample())
}

#[cfg(test)]
mod tests;
