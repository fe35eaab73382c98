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
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "wujitong", &mut script);
        output.text(&String::from_utf8_lossy(&script))
    }
}
