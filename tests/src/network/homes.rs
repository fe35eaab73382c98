//! Directories of nodes, made and copied.

use std::{fs, path::Path};

use topology::{DivisionCode, Tree};
use wujitong::identity::{self, CertificateProfile, Founding};

use super::Options;
use crate::{ZONE, code};

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

/// Founds the network at the province; enrols everybody else with the parent that lives in `above`.
pub(super) fn enrol(
    division: DivisionCode,
    home: &Path,
    above: Option<&Path>,
    tree: &Tree,
    options: &Options,
) {
    let terms = CertificateProfile::at(rustls_pki_types::UnixTime::now());
    let Some(above) = above else {
        let founding = Founding {
            zone: ZONE.into(),
            demo: true,
            suite: options.suite,
        };
        identity::found_network(home, tree, &founding, &terms).expect("a network is founded");
        return;
    };
    let file = above.join("network.toml");
    let text = fs::read_to_string(&file).expect("the parent has it");
    if let Some(suite) = options.suites.get(&division) {
        // The suite there is what keys are made in if nothing else is said.
        let name = serde_json::to_string(suite).expect("a name");
        let other = text.lines().map(|line| match line.starts_with("suite") {
            true => format!("suite = {name}\n"),
            false => format!("{line}\n"),
        });
        fs::write(&file, other.collect::<String>()).expect("it is written");
    }
    identity::enrol(home, &[division], above, tree, &terms).expect("a node is enrolled");
    fs::write(&file, text).expect("it is written back");
}

pub(super) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
