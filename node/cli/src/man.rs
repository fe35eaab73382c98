//! `wujitong man`

use std::{fs, path::PathBuf};

use super::{Failure, Output};

/// Writes the manual pages into a directory, one for each command
///
/// Packages bring them; read one that is not installed with `man -l FILE`.
///
/// Examples:
///   wujitong man /usr/local/share/man/man1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Man {
    /// The directory; it is made if it is missing
    dir: PathBuf,
}

impl Man {
    /// Writes the pages.
    ///
    /// # Errors
    /// [`Failure`] if a file cannot be written.
    pub fn run(self, whole: clap::Command, output: &mut Output<'_>) -> Result<(), Failure> {
        let failed = |error| Failure::File(self.dir.clone(), error);
        fs::create_dir_all(&self.dir).map_err(failed)?;
        clap_mangen::generate_to(whole, &self.dir).map_err(failed)?;
        output.text(&format!("{}\n", self.dir.display()))
    }
}
