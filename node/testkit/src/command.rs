//! The program as an operator uses it: arguments, exit codes, standard output.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::program;

/// Returns a command of the program that takes no setting from the environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.env("LC_ALL", "C");
    command
        .args(arguments)
        .env_remove("WUJITONG_DATA")
        .env_remove("WUJITONG_CONFIG")
        .env_remove("WUJITONG_TOKEN")
        .env_remove("WUJITONG_TOKEN_FILE");
    command
}

/// Runs a command to its end.
///
/// # Panics
/// If the program cannot be run.
pub fn wujitong(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Runs a command with `--json`; returns what it prints.
///
/// # Panics
/// If it fails, or prints something else.
pub fn json(arguments: &[&str]) -> Value {
    let output = wujitong(&[arguments, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

/// Listens to neighbours at a free port, and answers no HTTP.
pub const ALONE: [&str; 4] = ["--listen", "127.0.0.1:0", "--http", "off"];

/// Returns the words that found a province in a directory.
pub const fn founding(data: &str) -> [&str; 7] {
    [
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        data,
    ]
}

/// Founds a province in a directory, which is [`ALONE`]; returns what is printed.
///
/// # Panics
/// If it fails.
pub fn found(data: &str) -> Value {
    json(&[&founding(data)[..], &ALONE].concat())
}

/// Returns the exit code of what has ended.
///
/// # Panics
/// If it was killed.
pub fn exit_code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

/// A process of `wujitong run`; killed when dropped.
pub struct Running {
    child: Child,
    /// What it printed as it began to listen.
    pub facts: Value,
}

impl Running {
    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// If it does not.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().expect("a plain path");
        let arguments = [&["run", "--data", data, "--json"], more].concat();
        let child = command(&arguments).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it prints where it listens");
        let facts = serde_json::from_str(&line).expect("one JSON value");
        Self { child, facts }
    }

    /// Returns its address for neighbours.
    ///
    /// # Panics
    /// If it printed none.
    pub fn address(&self) -> &str {
        self.facts["listen"].as_str().expect("an address")
    }

    /// Asks it to stop and waits until it has; returns its exit code.
    ///
    /// # Panics
    /// If it was killed meanwhile.
    pub fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.expect("kill is there").success());
        let ended = self.child.wait().expect("it ends");
        ended.code().expect("it was not killed")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Blocks until something holds.
///
/// # Panics
/// If it does not hold within a minute.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        let late = begun.elapsed() > Duration::from_secs(60);
        assert!(!late, "not within 60 s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
