//! Every command of the program: those of a node, the demonstration and the measurements.

use clap::{CommandFactory, Subcommand};
use cli::{Cli, Command, Completions, Failure, Output, Run};

/// Every command of the program.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each variant is a command, whose own comment is its help"
)]
pub enum Commands {
    Demo(demo::Demo),
    #[command(flatten)]
    Node(Command),
    Bench(bench::Bench),
    Completions(Completions),
}

impl Run for Commands {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Demo(command) => command.run(output),
            Self::Node(command) => command.run(output),
            Self::Bench(command) => command.run(output),
            Self::Completions(command) => command.run(Cli::<Self>::command(), output),
        }
    }
}

/// Returns the whole command line as clap sees it.
pub fn command() -> clap::Command {
    Cli::<Commands>::command()
}
