//! Tests of the tree through its public API.

mod irregular;
mod loading;
mod outlines;
mod routing;
mod zhejiang;

use wujitong_topology::{DivisionCode, LoadErrors, RowFault, Tree};

const ZHEJIANG: &str = include_str!("../../data/zhejiang-divisions.csv");

fn code(text: &str) -> DivisionCode {
    text.parse().expect("a division code")
}

fn tree(csv: &str) -> Tree {
    Tree::load(csv).expect("a list without fault")
}

fn refused(csv: &str) -> LoadErrors {
    Tree::load(csv).expect_err("a list with faults")
}

fn faults(csv: &str) -> Vec<(u64, RowFault)> {
    refused(csv)
        .rows
        .into_iter()
        .map(|row| (row.line, row.reason))
        .collect()
}

fn short(codes: impl IntoIterator<Item = DivisionCode>) -> Vec<String> {
    codes.into_iter().map(DivisionCode::short).collect()
}
