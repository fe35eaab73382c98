//! How a command may end.

use std::process::ExitCode;

use super::{Failure, Output};

/// How a command ended, as a supervisor or a script sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked.
    Done = 0,
    /// It failed, for a reason that has no code of its own.
    Failed = 1,
    /// The arguments, the configuration or what was handed in cannot be understood.
    Usage = 2,
    /// A division, matter or template that was named is not there.
    NotFound = 3,
    /// The rules of the network do not allow it.
    Refused = 4,
    /// No node answers at the control socket.
    Unreachable = 5,
    /// The store is locked by another process, damaged, newer than this program, or does not answer.
    Store = 6,
    /// A receipt does not hold what it says.
    Unproven = 7,
}

impl Exit {
    /// All of them, with what they mean.
    pub const ALL: [(Self, &str); 8] = [
        (Self::Done, "it did what it was asked"),
        (
            Self::Failed,
            "it failed, for a reason that has no code of its own",
        ),
        (
            Self::Usage,
            "arguments, configuration or what was handed in cannot be understood",
        ),
        (
            Self::NotFound,
            "a division, matter or template that was named is not there",
        ),
        (Self::Refused, "the rules of the network do not allow it"),
        (Self::Unreachable, "no node answers at the control socket"),
        (
            Self::Store,
            "the store is locked, damaged, newer than the program, or does not answer",
        ),
        (Self::Unproven, "a receipt does not hold what it says"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Says what each exit code means
///
/// 0  it did what it was asked
/// 1  it failed, for a reason that has no code of its own
/// 2  arguments, configuration or what was handed in cannot be understood
/// 3  a division, matter or template that was named is not there
/// 4  the rules of the network do not allow it
/// 5  no node answers at the control socket
/// 6  the store is locked, damaged, newer than the program, or does not answer
/// 7  a receipt does not hold what it says
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
