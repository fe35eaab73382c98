//! The commands: one file per command, whose doc comment is its help. Only this crate and the
//! program print to the terminal.
//!
//! To add a command, add its `mod`, its variant in [`Command`], and its line in `Command::run`. The
//! program adds the commands of other crates.

pub mod client;
mod clock;
mod encodings;
mod exit;
mod failure;
mod faults;
pub mod labels;
mod language;
mod node_file;
mod output;
mod qr;
mod readmit;
mod secrets;
mod settings;
mod sheets;
pub mod site;
mod slip;
pub mod tables;
mod terminal;

mod account;
mod alarm;
mod api_key;
mod audit;
mod backup;
mod board;
mod completions;
mod config;
mod courier;
mod disclosure;
mod doctor;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod grid;
mod household;
mod import;
mod init;
mod invite;
mod join;
mod key;
mod log;
mod login;
mod man;
mod matter;
mod points;
mod policy;
mod receipt;
mod reload;
mod reply_text;
mod restore;
mod revoke;
mod rollup;
mod run;
mod status;
mod store;
mod supervisor;
mod template;
mod topology;
mod verify;
mod webhook;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

pub use completions::Completions;
pub use exit::Exit;
pub use failure::Failure;
pub use man::Man;
pub use output::Output;
pub use terminal::escape;

/// 五级通 Wujitong: a node of the five-tier governance network, with all commands to run and use it
#[derive(Debug, Parser)]
#[command(name = "wujitong", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: `wujitong help exit-codes`. Every command that prints data accepts \
                        --json."
)]
pub struct Cli<C: Subcommand> {
    /// Prints one JSON value instead of tables
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: C,
}

/// The commands that run a node and those that use it.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each variant is one command, whose own comment is its help"
)]
pub enum Command {
    Init(init::Init),
    Invite(invite::Invite),
    Admit(invite::Admit),
    Join(join::Join),
    Readmit(readmit::Readmit),
    Run(run::Run),
    Login(login::Login),
    Logout(login::Logout),
    Status(status::Status),
    Reload(reload::Reload),
    Config(config::Config),
    Doctor(doctor::Doctor),
    Store(store::Store),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Matter(matter::Matter),
    Import(import::Import),
    Policy(policy::Policy),
    Receipt(receipt::Receipt),
    ReplyText(reply_text::ReplyText),
    Disclosure(disclosure::Disclosure),
    Board(board::Board),
    Points(points::Points),
    Household(household::Household),
    Slip(slip::Slip),
    Verify(verify::Verify),
    Template(template::Template),
    Revoke(revoke::Revoke),
    Key(key::Key),
    Log(log::Log),
    Courier(courier::Courier),
    Rollup(rollup::Rollup),
    Account(account::Account),
    Grid(grid::Grid),
    ApiKey(api_key::ApiKey),
    Audit(audit::Audit),
    Alarm(alarm::Alarm),
    Clock(clock::Clock),
    Topology(topology::Topology),
    Webhook(webhook::Webhook),
    ExitCodes(exit::ExitCodes),
}

/// A command, or a choice of commands, that can be run.
pub trait Run {
    /// Does the work and prints the result.
    ///
    /// # Errors
    /// [`Failure`], which decides the exit code.
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure>;
}

impl Run for Command {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Init(command) => wait(command.run(output)),
            Self::Invite(command) => wait(command.run(output)),
            Self::Admit(command) => wait(command.run(output)),
            Self::Readmit(command) => wait(command.run(output)),
            Self::Join(command) => wait(command.run(output)),
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
            Self::Reload(command) => wait(command.run(output)),
            Self::Config(command) => wait(command.run(output)),
            Self::Doctor(command) => wait(command.run(output)),
            Self::Store(command) => wait(command.run(output)),
            Self::Backup(command) => wait(command.run(output)),
            Self::Restore(command) => wait(command.run(output)),
            Self::Matter(command) => wait(command.run(output)),
            Self::Import(command) => wait(command.run(output)),
            Self::Policy(command) => wait(command.run(output)),
            Self::Receipt(command) => wait(command.run(output)),
            Self::ReplyText(command) => wait(command.run(output)),
            Self::Disclosure(command) => wait(command.run(output)),
            Self::Board(command) => wait(command.run(output)),
            Self::Points(command) => wait(command.run(output)),
            Self::Household(command) => wait(command.run(output)),
            Self::Slip(command) => wait(command.run(output)),
            Self::Verify(command) => command.run(output),
            Self::Template(command) => wait(command.run(output)),
            Self::Revoke(command) => wait(command.run(output)),
            Self::Key(command) => wait(command.run(output)),
            Self::Log(command) => wait(command.run(output)),
            Self::Courier(command) => wait(command.run(output)),
            Self::Rollup(command) => wait(command.run(output)),
            Self::Topology(command) => command.run(output),
            Self::Webhook(command) => wait(command.run(output)),
            Self::ExitCodes(command) => command.run(output),
        }
    }
}

/// Time for which busy threads may delay the end of a command.
const LINGER: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs an asynchronous command to its end.
///
/// # Errors
/// [`Failure::Runtime`] if no thread can be started, or the error of the work.
pub fn wait(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::Runtime)?;
    let done = runtime.block_on(work);
    // A thread that waits for a disk may never return.
    runtime.shutdown_timeout(LINGER);
    done
}

impl<C: Subcommand + Run> Cli<C> {
    /// Runs the command and writes its output.
    ///
    /// # Errors
    /// The error of the command, or [`Failure`] if the output cannot be written.
    pub fn run(self, out: Box<dyn Write + '_>, for_person: bool) -> Result<(), Failure> {
        let mut output = Output::new(out, self.json, for_person);
        self.command.run(&mut output)?;
        output.flush()
    }
}

/// Parses the arguments, runs the command, prints an error if there is one, and returns the exit
/// code.
pub fn main<C: Subcommand + Run>(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::<C>::try_parse_from(arguments) {
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
    let json = cli.json;
    match cli.run(Box::new(stdout.lock()), for_person) {
        Ok(()) => Exit::Done.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(failure) => {
            let told = failure.tell(json);
            let _nobody_reads = writeln!(io::stderr(), "{told}");
            failure.exit().into()
        }
    }
}
