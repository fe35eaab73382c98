//! Builds the arrays of a tree from checked rows.

use super::{
    Tree,
    load::{Row, find},
};
use crate::{Outlines, UnitKind};

const EDITION: &str = "wujitong topology edition 1";

/// Builds the tree of rows that are sorted and have no fault.
pub(super) fn build(rows: &[Row]) -> Tree {
    let narrow = |index: usize| u32::try_from(index).expect("a file of 16 MiB has fewer rows");
    let mut names = String::new();
    let mut name_ends = Vec::with_capacity(rows.len());
    let mut parents = Vec::with_capacity(rows.len());
    let mut child_ends = vec![0u32; rows.len()];
    let mut nodeless = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        names.push_str(&row.name);
        name_ends.push(narrow(names.len()));
        let parent = row
            .code
            .enclosing()
            .filter_map(|above| find(rows, above))
            .find(|&above| rows[above].mark.has_node)
            .unwrap_or(0);
        parents.push(narrow(parent));
        if !row.mark.has_node {
            nodeless.push(narrow(index));
        } else if index > 0 {
            child_ends[parent] += 1;
        }
    }
    let mut total = 0;
    let mut free: Vec<u32> = Vec::with_capacity(rows.len());
    for end in &mut child_ends {
        free.push(total);
        total += *end;
        *end = total;
    }
    let mut children = vec![0u32; total as usize];
    for index in (1..rows.len()).filter(|&index| rows[index].mark.has_node) {
        let free = &mut free[parents[index] as usize];
        children[*free as usize] = narrow(index);
        *free += 1;
    }
    Tree {
        codes: rows.iter().map(|row| row.code).collect(),
        name_ends: name_ends.into(),
        names: names.into(),
        marks: rows.iter().map(|row| row.mark).collect(),
        parents: parents.into(),
        child_ends: child_ends.into(),
        children: children.into(),
        nodeless: nodeless.into(),
        digest: digest(rows),
        outlines: Outlines::default(),
    }
}

/// Hashes, per division: code (8 bytes, little endian), length of the name (4 bytes, little endian), name,
/// kind (0 none, 1 village, 2 community, 3 park), node (0 or 1).
fn digest(rows: &[Row]) -> [u8; 32] {
    let mut canonical = Vec::with_capacity(rows.len() * 32);
    for row in rows {
        let length = u32::try_from(row.name.len()).expect("a name has at most 100 characters");
        canonical.extend_from_slice(&row.code.as_u64().to_le_bytes());
        canonical.extend_from_slice(&length.to_le_bytes());
        canonical.extend_from_slice(row.name.as_bytes());
        let kind = match row.mark.kind {
            None => 0,
            Some(UnitKind::Village) => 1,
            Some(UnitKind::Community) => 2,
            Some(UnitKind::Park) => 3,
        };
        canonical.extend_from_slice(&[kind, u8::from(row.mark.has_node)]);
    }
    blake3::derive_key(EDITION, &canonical)
}
