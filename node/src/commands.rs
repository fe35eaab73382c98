//! All commands of the program: those of a node, the demonstration and the benchmarks.

use clap::{CommandFactory, Subcommand};
use cli::{Cli, Command, Completions, Failure, Man, Output, Run};

/// All commands of the program.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each variant is a command, whose own comment is its help"
)]
#[cfg_attr(
    feature = "bench",
    expect(
        clippy::large_enum_variant,
        reason = "there is one command in a process"
    )
)]
pub enum Commands {
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    #[command(flatten)]
    Node(Command),
    #[cfg(feature = "bench")]
    Bench(bench::Bench),
    Completions(Completions),
    Man(Man),
}

impl Run for Commands {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo(command) => command.run(output),
            Self::Node(command) => command.run(output),
            #[cfg(feature = "bench")]
            Self::Bench(command) => command.run(output),
            Self::Completions(command) => command.run(Cli::<Self>::command(), output),
            Self::Man(command) => command.run(Cli::<Self>::command(), output),
        }
    }
}

/// Returns the whole command line.
pub fn command() -> clap::Command {
    Cli::<Commands>::command()
}
