//! 五级通 Wujitong: one binary for every node of the five tiers.

use std::process::ExitCode;

use wujitong::commands::Commands;

fn main() -> ExitCode {
    cli::main::<Commands>(std::env::args_os())
}
