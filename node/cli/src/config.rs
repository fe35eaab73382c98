//! `wujitong config`

mod list;

use std::path::PathBuf;

use api::SettingFault;
use clap::Subcommand;
use serde::Serialize;

use super::{
    Failure, Output, faults, language,
    settings::{Examined, Sources, fault},
};

/// Shows and checks the configuration of a process
///
/// `docs/config.md` says where settings come from, and the reference lists every one of them.
///
/// Examples:
///   wujitong config check
///   wujitong config list --data /srv/county
///   wujitong config example
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
    List(list::List),
    Example(Example),
}

impl Config {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self.command {
            Command::Check(command) => command.run(output),
            Command::List(command) => command.run(output).await,
            Command::Example(command) => command.run(output),
        }
    }
}

/// Checks a configuration as `wujitong run` would read it here, and starts nothing
///
/// Tells every fault with its line and column, the cause and the remedy: unknown settings, values of
/// another type or out of range, settings that contradict each other, files that are missing, secrets
/// that others may read, divisions without a node. The environment and the data directory count as
/// they do for `wujitong run`. Exit code 2 if there is a fault.
///
/// Examples:
///   wujitong config check /etc/wujitong/node.toml
///   wujitong config check --data /srv/county
///   wujitong config check --json ./node.toml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Check {
    /// Configuration file [default: the one that `wujitong run` would read]
    file: Option<PathBuf>,
    /// Data directory; overrides the configuration
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Checked {
    file: Option<String>,
    faults: Vec<SettingFault>,
}

impl Check {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let sources = Sources {
            config: self.file,
            data: self.data,
            ..Sources::default()
        };
        let Examined { typed, faults, .. } = Examined::of(sources.read()?);
        let checked = Checked {
            file: typed.file.as_ref().map(|file| file.display().to_string()),
            faults: faults.into_iter().map(fault).collect(),
        };
        output.facts(&checked, || {
            faults::settings(&checked.faults, language::of_terminal())
        })?;
        match checked.faults.len() {
            0 => Ok(()),
            count => Err(Failure::Settings(checked.file.unwrap_or_default(), count)),
        }
    }
}

/// Prints a configuration file with every setting as a comment: what it is for, its default, range and unit
///
/// Examples:
///   wujitong config example
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Example {}

impl Example {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        output.text(&config::example())
    }
}
