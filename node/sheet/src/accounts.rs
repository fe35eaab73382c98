//! Sheets of people who get accounts, change, or leave: read into rows, and an empty one to fill in.

use domain::roster::Column;

use crate::{filled::Filled, workbook};

/// The rows of a sheet of accounts.
pub type Roster = Filled<Column>;

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
        "",
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
