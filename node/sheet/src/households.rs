//! Sheets of households: read into rows, and an empty one to fill in.

use domain::points::HouseholdColumn;

use crate::{filled::Filled, workbook};

/// The rows of a sheet of households.
pub type HouseholdRows = Filled<HouseholdColumn>;

/// Returns the headings of an empty sheet, and a row to show what belongs where.
pub fn sample() -> Vec<Vec<String>> {
    let all = HouseholdColumn::ALL.iter();
    let headings = all.map(|column| column.chinese().to_owned());
    let sample = ["（示例）12", "张大山", "第一网格", "zhang.dashan", "4"];
    vec![headings.collect(), sample.map(str::to_owned).to_vec()]
}

/// Packs an empty sheet with its headings and a row to show what belongs where, as XLSX.
pub fn empty() -> Vec<u8> {
    workbook("住户", &sample())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, filled::BadSheet};

    #[test]
    fn the_empty_sheet_has_all_columns_and_its_sample_adds_nothing() {
        let read = HouseholdRows::read(&empty(), &Limits::SENT).unwrap();
        assert_eq!((read.rows, read.bad), (vec![], vec![]));
        assert_eq!(sample()[0].len(), sample()[1].len());
    }

    #[test]
    fn numbers_that_were_typed_as_numbers_are_read_and_a_sheet_without_them_is_refused() {
        let text = "户号,户主姓名,人数,备注\n12,张大山,4,x\n13,,,\n";
        let read = HouseholdRows::read(text.as_bytes(), &Limits::SENT).unwrap();
        let cells: Vec<_> = read.rows.iter().map(|row| row.cells.len()).collect();
        assert_eq!((cells, read.unread), (vec![3, 1], vec!["备注".to_owned()]));
        let none = HouseholdRows::read("户主,人口\n张大山,4\n".as_bytes(), &Limits::SENT);
        assert!(matches!(none, Err(BadSheet::Missing(_))), "{none:?}");
    }
}
