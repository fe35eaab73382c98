//! Data directories of nodes: founded, enrolled, copied.

use std::{fs, path::Path};

use domain::suite::Suite;
use identity::{CertificateProfile, Founding};
use rustls_pki_types::UnixTime;
use topology::{DivisionCode, Tree};

use crate::ZONE;

/// Returns how test networks are founded: with the usual suite, and marked as no real network.
pub fn founding() -> Founding {
    Founding {
        zone: ZONE.to_owned(),
        demo: true,
        suite: Suite::Ed25519Blake3,
    }
}

/// Makes the data directory of a node: enrols it with its parent, whose directory is `above`, or founds the
/// network if it has none.
///
/// # Panics
/// If the parent has no node there, or the disk does not take the keys.
pub fn make(
    home: &Path,
    division: DivisionCode,
    above: Option<&Path>,
    tree: &Tree,
    founding: &Founding,
    now: UnixTime,
) {
    let terms = CertificateProfile::at(now);
    match above {
        None => identity::found_network(home, tree, founding, &terms),
        Some(above) => identity::enrol(home, &[division], above, tree, &terms),
    }
    .unwrap_or_else(|error| panic!("the directory of {division} is not made: {error}"));
}

/// Copies a directory with everything in it.
///
/// # Panics
/// If the disk does not let it.
pub(crate) fn copy_all(from: &Path, to: &Path) {
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
