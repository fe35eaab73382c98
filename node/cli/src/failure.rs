//! Errors of commands, and the one place that maps them to exit codes.

use std::{io, path::PathBuf};

use api::problem::split_hint;
use app::StartError;
use backup::{OpenFailure, ReadError};
use config::ConfigErrors;
use identity::{IdentityError, files};
use office::{Aborted, Fault};
use proof::Unreadable;
use serde_json::json;
use telemetry::TelemetryError;
use topology::{DivisionCode, LoadErrors, OutlineErrors, UnknownDivision};

use super::{client::ClientError, exit::Exit, terminal::escape_lines};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments cannot be used together.
    #[error("{0}")]
    Usage(String),
    /// An error that the command itself found.
    #[error("{0}")]
    Failed(String),
    /// Somebody who decides about it refused, or it was not gone on with.
    #[error("{0}")]
    NotDone(String),
    /// Another machine does not answer.
    #[error("{0}")]
    Away(String),
    /// No such division.
    #[error("no division {} in this list; {}", .0.code, nearest(.0))]
    Division(UnknownDivision),
    /// A receipt whose check failed.
    #[error("the receipt is not valid: {0}; do not rely on it, ask the division for a new one")]
    Unproven(String),
    /// A receipt whose head not all have countersigned who should.
    #[error(
        "pending 未会签: nothing in the receipt is false, but {0} did not countersign yet that the public log has it; get \
         the receipt again later"
    )]
    Pending(String),
    /// A template with faults, which were printed.
    #[error("{}: this template has {} to correct; nothing was issued", .0.display(), match .1 { 1 => "1 fault".to_owned(), n => format!("{n} faults") })]
    Template(PathBuf, usize),
    /// A configuration with faults, which were printed.
    #[error("{}this configuration has {} to correct", match .0.as_str() { "" => String::new(), file => format!("{file}: ") }, match .1 { 1 => "1 fault".to_owned(), n => format!("{n} faults") })]
    Settings(String, usize),
    /// Faults that `wujitong doctor` found and printed.
    #[error("{} found; do what the last column says", match .0 { 1 => "1 fault was".to_owned(), n => format!("{n} faults were") })]
    Unwell(usize),
    /// A public log that contradicts itself, or what was signed before.
    #[error("the public log is not valid: {0}; tell the division above, and keep the checkpoints")]
    Log(String),
    /// A file that is not a receipt.
    #[error("{}: {}", .0.display(), .1)]
    Receipt(PathBuf, Unreadable),
    /// A damaged store.
    #[error(
        "the store in {} is damaged; keep a copy of the directory, then restore a backup, or let the \
         neighbours refill it; damaged attachments are fetched again where another division has them",
        .0.display()
    )]
    Damaged(PathBuf),
    /// A backup, or the records of one, that cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Backup(PathBuf, backup::ReadError),
    /// A backup that does not open.
    #[error("{}: {}", .0.display(), .1)]
    Opening(PathBuf, backup::OpenFailure),
    /// A store that was not compacted.
    #[error(transparent)]
    Compact(#[from] store::CompactError),
    /// A division without a node.
    #[error("{0} exists in statistics only and has no node; see `wujitong topology show {0}`")]
    NoNode(DivisionCode),
    /// The node did not answer, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The configuration file is not valid.
    #[error("{}: {}", .0.display(), .1)]
    ConfigFile(PathBuf, ConfigErrors),
    /// Keys or certificates.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The process did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Logging did not start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// A list of divisions is not valid.
    #[error("{}: {}", .0.display(), .1)]
    List(PathBuf, LoadErrors),
    /// A map of divisions is not valid.
    #[error("{}: {}", .0.display(), .1)]
    Map(PathBuf, OutlineErrors),
    /// A file cannot be read or written.
    #[error("{}: {}; {}", .0.display(), what(.1), files::advice(.0, .1))]
    File(PathBuf, io::Error),
    /// Standard output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// The runtime did not start.
    #[error("the runtime did not start: {0}; check the limits on processes and open files")]
    Runtime(io::Error),
}

impl From<UnknownDivision> for Failure {
    fn from(unknown: UnknownDivision) -> Self {
        Self::Division(unknown)
    }
}

/// Returns the error in words for an operator, where the text of the system is meant for
/// programmers.
fn what(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory; name a file".to_owned(),
        io::ErrorKind::NotADirectory => "one of its parent directories is a file".to_owned(),
        _ => error.to_string(),
    }
}

fn nearest(unknown: &UnknownDivision) -> String {
    match unknown.nearest {
        Some(above) => format!(
            "the nearest that exists is {above}; `wujitong topology show {}` lists the divisions below it",
            above.short()
        ),
        None => "it is in another province".to_owned(),
    }
}

impl Failure {
    /// Returns the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::ConfigFile(..)
            | Self::Telemetry(_)
            | Self::Template(..)
            | Self::Settings(..)
            | Self::Receipt(..) => Exit::Usage,
            Self::Unproven(_) | Self::Log(_) => Exit::Unproven,
            Self::Pending(_) => Exit::Pending,
            Self::NotDone(_) => Exit::Refused,
            Self::Away(_) => Exit::Unreachable,
            Self::Backup(_, ReadError::Foreign)
            | Self::Opening(
                _,
                OpenFailure::Foreign
                | OpenFailure::OtherKeys
                | OpenFailure::OtherPassphrase
                | OpenFailure::WantsKey
                | OpenFailure::WantsPassphrase,
            ) => Exit::Usage,
            Self::Damaged(_) | Self::Backup(..) | Self::Opening(..) | Self::Compact(_) => {
                Exit::Store
            }
            Self::Division(_)
            | Self::NoNode(_)
            | Self::Start(StartError::NoSuchDivision(_))
            | Self::Identity(IdentityError::UnknownDivision(_)) => Exit::NotFound,
            Self::Start(
                StartError::Store(_)
                | StartError::Office(
                    _,
                    Aborted::Fault(Fault::Record(_) | Fault::Store(_) | Fault::Commit(_)),
                ),
            ) => Exit::Store,
            Self::Client(error) => match error {
                ClientError::Unreachable { .. } | ClientError::Silent { .. } => Exit::Unreachable,
                ClientError::Problem(problem) => match problem.status {
                    404 => Exit::NotFound,
                    401 | 403 | 409 | 412 => Exit::Refused,
                    413 | 415 | 422 => Exit::Usage,
                    503 | 507 => Exit::Store,
                    _ => Exit::Failed,
                },
                ClientError::Answer(_) => Exit::Failed,
            },
            _ => Exit::Failed,
        }
    }

    /// Returns whether the reader of standard output closed it.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the message for standard error.
    pub fn tell(&self, json: bool) -> String {
        let sentence = self.to_string();
        let (detail, hint) = split_hint(&sentence);
        if json {
            let exit = self.exit() as u8;
            return json!({ "error": { "exit": exit, "detail": detail, "hint": hint } })
                .to_string();
        }
        let detail = escape_lines(detail);
        match hint {
            Some(hint) => format!("wujitong: {detail}\n  hint: {}", escape_lines(hint)),
            None => format!("wujitong: {detail}"),
        }
    }
}
