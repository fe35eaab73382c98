//! Exit codes of the commands.

use std::process::ExitCode;

use super::{Failure, Output};

/// Exit code of a command, for supervisors and scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// The command succeeded.
    Done = 0,
    /// The command failed for a reason without a code of its own.
    Failed = 1,
    /// Arguments, configuration or input are not valid.
    Usage = 2,
    /// The named division, matter or template does not exist.
    NotFound = 3,
    /// The rules of the network do not allow it.
    Refused = 4,
    /// No node answers: at the control socket, or where a parent is said to be.
    Unreachable = 5,
    /// The store or a backup is locked, damaged, newer than the program, or not available.
    Store = 6,
    /// The check of a receipt failed.
    Unproven = 7,
    /// Nothing in a receipt is false, but not all countersignatures are there.
    Pending = 8,
}

impl Exit {
    /// All exit codes with their meaning.
    pub const ALL: [(Self, &str); 9] = [
        (Self::Done, "the command succeeded"),
        (
            Self::Failed,
            "the command failed for a reason without a code of its own",
        ),
        (
            Self::Usage,
            "arguments, configuration or input are not valid",
        ),
        (
            Self::NotFound,
            "the named division, matter or template does not exist",
        ),
        (Self::Refused, "the rules of the network do not allow it"),
        (
            Self::Unreachable,
            "no node answers: at the control socket, or where a parent is said to be",
        ),
        (
            Self::Store,
            "the store or a backup is locked, damaged, newer than the program, or not available",
        ),
        (Self::Unproven, "the check of a receipt failed"),
        (
            Self::Pending,
            "nothing in a receipt is false, but not all countersignatures are there",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Lists the exit codes and their meaning
///
/// 0  the command succeeded
/// 1  the command failed for a reason without a code of its own
/// 2  arguments, configuration or input are not valid
/// 3  the named division, matter or template does not exist
/// 4  the rules of the network do not allow it
/// 5  no node answers: at the control socket, or where a parent is said to be
/// 6  the store or a backup is locked, damaged, newer than the program, or not available
/// 7  the check of a receipt failed
/// 8  nothing in a receipt is false, but not all countersignatures are there
///
/// Examples:
///   wujitong exit-codes
///   wujitong help exit-codes
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ExitCodes;

impl ExitCodes {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let codes = Exit::ALL.map(|(exit, meaning)| (exit as u8, meaning));
        let table: std::collections::BTreeMap<_, _> = codes.into();
        output.facts(&table, || {
            codes
                .map(|(code, meaning)| format!("{code}  {meaning}\n"))
                .concat()
        })
    }
}
