//! `wujitong completions`

use clap_complete::Shell;

use super::{Failure, Output};

/// Prints the completion script for a shell
///
/// Examples:
///   wujitong completions bash
///   wujitong completions zsh
///   wujitong completions fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the completion script.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be printed.
    pub fn run(self, mut whole: clap::Command, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, "wujitong", &mut script);
        output.text(&String::from_utf8_lossy(&script))
    }
}
