//! 五级通 Wujitong: one binary for every node of the five tiers.

use std::process::ExitCode;

fn main() -> ExitCode {
    wujitong::cli::main(std::env::args_os())
}
