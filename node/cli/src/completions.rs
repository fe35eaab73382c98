//! `wujitong completions`

use clap_complete::Shell;

use super::{Failure, Output};

/// Prints what a shell needs to complete commands
///
/// Examples:
///   wujitong completions bash
///   wujitong completions zsh
///   wujitong completions fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints them for a command line.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be printed.
    pub fn run(self, mut whole: clap::Command, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, "wujitong", &mut script);
        output.text(&String::from_utf8_lossy(&script))
    }
}
