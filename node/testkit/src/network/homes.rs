//! Data directories of a network's nodes.

use std::{fs, path::Path};

use identity::Founding;
use rustls_pki_types::UnixTime;
use topology::{DivisionCode, Tree};

use super::Options;
use crate::{
    code,
    homes::{founding, make},
};

pub(super) fn branches(tree: &Tree, leaves: &[&str]) -> Vec<DivisionCode> {
    let mut divisions: Vec<_> = leaves
        .iter()
        .flat_map(|leaf| {
            let leaf = code(leaf);
            tree.ancestors(leaf).chain([leaf]).collect::<Vec<_>>()
        })
        .collect();
    divisions.sort_unstable();
    divisions.dedup();
    divisions
}

/// Founds the network at the province; enrols every other division with its parent in `above`.
pub(super) fn enrol(
    division: DivisionCode,
    home: &Path,
    above: Option<&Path>,
    tree: &Tree,
    options: &Options,
) {
    let founding = Founding {
        suite: options.suite,
        ..founding()
    };
    let make = || make(home, division, above, tree, &founding, UnixTime::now());
    let (Some(above), Some(suite)) = (above, options.suites.get(&division)) else {
        return make();
    };
    // New keys use the suite in this file if no other is given.
    let file = above.join("network.toml");
    let text = fs::read_to_string(&file).expect("the parent has it");
    let name = serde_json::to_string(suite).expect("a name");
    let other = text.lines().map(|line| match line.starts_with("suite") {
        true => format!("suite = {name}\n"),
        false => format!("{line}\n"),
    });
    fs::write(&file, other.collect::<String>()).expect("it is written");
    make();
    fs::write(&file, text).expect("it is written back");
}
