//! Reads bytes as a table to be imported, for the fuzz targets.

pub use crate::import::fuzzing::{Rows, table, workbook};
