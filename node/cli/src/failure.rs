//! Why a command failed, and the one place where reasons become exit codes.

use std::{io, path::PathBuf};

use api::problem::split_hint;
use app::StartError;
use config::ConfigErrors;
use identity::{IdentityError, files};
use office::OfficeError;
use proof::Unreadable;
use serde_json::json;
use telemetry::TelemetryError;
use topology::{DivisionCode, LoadErrors, OutlineErrors, UnknownDivision};

use super::{client::ClientError, exit::Exit, terminal::escape_lines};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
    /// Something the command itself found wrong.
    #[error("{0}")]
    Failed(String),
    /// No such division.
    #[error("no division {} in this list; {}", .0.code, nearest(.0))]
    Division(UnknownDivision),
    /// A receipt that proves nothing.
    #[error("the receipt does not hold: {0}; do not rely on it, ask the division for a new one")]
    Unproven(String),
    /// A file that is no receipt.
    #[error("{}: {}", .0.display(), .1)]
    Receipt(PathBuf, Unreadable),
    /// A store that is not whole.
    #[error(
        "the store in {} is not whole; keep a copy of the directory, then restore a backup, or let the \
         neighbours refill it; damaged attachments are fetched again where another division has them",
        .0.display()
    )]
    Damaged(PathBuf),
    /// A division without a node.
    #[error(
        "{0} exists in statistics only and has no node; `wujitong topology show {0}` says more"
    )]
    NoNode(DivisionCode),
    /// The node did not answer, or said no.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration is not right.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The configuration file is not right.
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
    /// A list of divisions is not right.
    #[error("{}: {}", .0.display(), .1)]
    List(PathBuf, LoadErrors),
    /// A map of divisions is not right.
    #[error("{}: {}", .0.display(), .1)]
    Map(PathBuf, OutlineErrors),
    /// A file cannot be read or written.
    #[error("{}: {}; {}", .0.display(), what(.1), files::advice(.0, .1))]
    File(PathBuf, io::Error),
    /// Standard output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// No threads.
    #[error("the runtime did not start: {0}; check the limits on processes and open files")]
    Runtime(io::Error),
}

impl From<UnknownDivision> for Failure {
    fn from(unknown: UnknownDivision) -> Self {
        Self::Division(unknown)
    }
}

/// What the system said, where it says more to a programmer than to an operator.
fn what(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory, a file is meant".to_owned(),
        io::ErrorKind::NotADirectory => "one of the directories above it is a file".to_owned(),
        _ => error.to_string(),
    }
}

fn nearest(unknown: &UnknownDivision) -> String {
    match unknown.nearest {
        Some(above) => format!(
            "the nearest that exists is {above}, `wujitong topology show {}` lists what is below it",
            above.short()
        ),
        None => "it is in another province".to_owned(),
    }
}

impl Failure {
    /// How the process ends because of it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::ConfigFile(..)
            | Self::Telemetry(_)
            | Self::Receipt(..) => Exit::Usage,
            Self::Unproven(_) => Exit::Unproven,
            Self::Damaged(_) => Exit::Store,
            Self::Division(_)
            | Self::NoNode(_)
            | Self::Start(StartError::NoSuchDivision(_))
            | Self::Identity(IdentityError::UnknownDivision(_)) => Exit::NotFound,
            Self::Start(
                StartError::Store(_)
                | StartError::Office(
                    _,
                    OfficeError::Record(_) | OfficeError::Store(_) | OfficeError::Commit(_),
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

    /// Whether it is only that nobody reads on.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What is printed on standard error.
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
