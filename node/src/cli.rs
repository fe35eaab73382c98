//! The commands: one file each, whose doc comment is its help. The only room beside `main` that prints.
//!
//! To add a command: its `mod`, its variant in `Command`, its line in `Command::run`.

pub mod client;
mod clock;
mod exit;
mod failure;
mod output;
mod secrets;
mod site;
mod tables;
mod terminal;
mod words;

mod account;
mod alarm;
mod api_key;
mod audit;
mod bench;
mod completions;
mod demo;
mod grid;
mod import;
mod init;
mod key;
mod login;
mod matter;
mod policy;
mod receipt;
mod revoke;
mod rollup;
mod run;
mod status;
mod store;
mod template;
mod topology;
mod verify;
mod webhook;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};

pub use exit::Exit;
pub use failure::Failure;
pub use output::Output;
pub use terminal::escape;

/// 五级通 Wujitong: one node of the five-tier network, and everything to run and ask it
#[derive(Debug, Parser)]
#[command(name = "wujitong", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: `wujitong help exit-codes`. Every command that shows facts takes \
                        --json."
)]
pub struct Cli {
    /// Prints one JSON value instead of tables
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Run(run::Run),
    Login(login::Login),
    Logout(login::Logout),
    Status(status::Status),
    Store(store::Store),
    Matter(matter::Matter),
    Import(import::Import),
    Policy(policy::Policy),
    Receipt(receipt::Receipt),
    Verify(verify::Verify),
    Template(template::Template),
    Revoke(revoke::Revoke),
    Key(key::Key),
    Rollup(rollup::Rollup),
    Account(account::Account),
    Grid(grid::Grid),
    ApiKey(api_key::ApiKey),
    Audit(audit::Audit),
    Alarm(alarm::Alarm),
    Clock(clock::Clock),
    Topology(topology::Topology),
    Bench(bench::Bench),
    Webhook(webhook::Webhook),
    Completions(completions::Completions),
    ExitCodes(exit::ExitCodes),
}

impl Command {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Demo(command) => wait(command.run(output)),
            Self::Init(command) => wait(command.run(output)),
            Self::Run(command) => wait(command.run(output)),
            Self::Login(command) => wait(command.run(output)),
            Self::Logout(command) => wait(command.run(output)),
            Self::Account(command) => wait(command.run(output)),
            Self::Grid(command) => wait(command.run(output)),
            Self::ApiKey(command) => wait(command.run(output)),
            Self::Audit(command) => wait(command.run(output)),
            Self::Alarm(command) => wait(command.run(output)),
            Self::Clock(command) => wait(command.run(output)),
            Self::Status(command) => wait(command.run(output)),
            Self::Store(command) => command.run(output),
            Self::Matter(command) => wait(command.run(output)),
            Self::Import(command) => wait(command.run(output)),
            Self::Policy(command) => wait(command.run(output)),
            Self::Receipt(command) => wait(command.run(output)),
            Self::Verify(command) => command.run(output),
            Self::Template(command) => wait(command.run(output)),
            Self::Revoke(command) => wait(command.run(output)),
            Self::Key(command) => wait(command.run(output)),
            Self::Rollup(command) => wait(command.run(output)),
            Self::Topology(command) => command.run(output),
            Self::Bench(command) => command.run(output),
            Self::Webhook(command) => wait(command.run(output)),
            Self::Completions(command) => command.run(output),
            Self::ExitCodes(command) => command.run(output),
        }
    }
}

/// How long threads that are still busy keep a command from ending.
const LINGER: std::time::Duration = std::time::Duration::from_secs(5);

/// Drives a command that waits for others.
fn wait(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::Runtime)?;
    let done = runtime.block_on(work);
    // A thread that waits for a disk may never come back.
    runtime.shutdown_timeout(LINGER);
    done
}

/// The whole command line as clap sees it, for completions and for tests of what is documented.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the arguments, runs the command, prints what failed, and says how it ended.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _nobody_reads = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let stdout = io::stdout();
    let for_person = stdout.is_terminal();
    let mut output = Output::new(Box::new(stdout.lock()), cli.json, for_person);
    let ended = cli.command.run(&mut output);
    let ended = ended.and_then(|()| output.flush());
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(failure) => {
            let told = failure.tell(cli.json);
            let _nobody_reads = writeln!(io::stderr(), "{told}");
            failure.exit().into()
        }
    }
}

#[cfg(test)]
mod tests;
