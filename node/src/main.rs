//! 五级通 Wujitong: one binary for every node of the five tiers.

use std::process::ExitCode;

use wujitong::commands::Commands;

/// Keeps less memory that was freed than the allocator of glibc after a load (decision 0070).
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::main::<Commands>(std::env::args_os())
}
