//! The processes of a chain: started, read from, measured, and killed when dropped.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0} did not happen in the time it had")]
    Late(String),
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
    #[error("{name} ended by itself: {last_words}")]
    Ended { name: String, last_words: String },
    #[error("{0} answered `{1}`")]
    Answer(String, String),
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl Fault {
    /// Adds the action during which input or output failed.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Late(what.into()),
            _ => Self::Io(what.into(), error),
        }
    }
}

/// The time by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Returns a deadline this much later.
    pub(super) fn later(self, by: Duration) -> Self {
        Self(self.0 + by)
    }

    /// Returns the time left, never zero, because sockets do not accept zero as a timeout.
    pub(super) fn left(self, what: &str) -> Result<Duration, Fault> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) {
            Err(Fault::Late(what.to_owned()))
        } else {
            Ok(left)
        }
    }
}

/// Retries every few milliseconds until it succeeds.
pub(super) fn eventually<T>(
    what: &str,
    deadline: Deadline,
    mut attempt: impl FnMut() -> Result<Option<T>, Fault>,
) -> Result<T, Fault> {
    loop {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
        deadline.left(what)?;
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A running process, killed when dropped.
pub(super) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Process {
    /// Starts the process. Its standard error goes to `NAME.log` in `logs`.
    pub(super) fn start(name: &str, command: &mut Command, logs: &Path) -> Result<Self, Fault> {
        let what = format!("starting {name}");
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log);
        let file = file.map_err(Fault::io(what.as_str()))?;
        for (name, _) in std::env::vars_os() {
            // The environment of the person who measures must not change the settings of the chain.
            if name.to_string_lossy().starts_with("WUJITONG_") {
                command.env_remove(name);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file);
        let mut child = command.spawn().map_err(Fault::io(what))?;
        let stdout = child.stdout.take().expect("it was asked for above");
        let stdin = child.stdin.take();
        let (say, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            name: name.to_owned(),
            child,
            stdin,
            lines,
            log,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the next line that the process prints.
    pub(super) fn line(&self, what: &str, deadline: Deadline) -> Result<String, Fault> {
        self.lines
            .recv_timeout(deadline.left(what)?)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Fault::Late(format!("{what} by {}", self.name)),
                RecvTimeoutError::Disconnected => self.ended(),
            })
    }

    /// Writes a line to its standard input.
    pub(super) fn say(&mut self, line: &str) -> Result<(), Fault> {
        let stdin = self.stdin.as_mut().expect("it was asked for at the start");
        let said = stdin.write_all(format!("{line}\n").as_bytes());
        said.map_err(|_| self.ended())
    }

    /// Fails if the process has ended.
    pub(super) fn alive(&mut self) -> Result<(), Fault> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(self.ended()),
        }
    }

    /// Returns its resident memory in MiB, if the system reports it.
    pub(super) fn resident_mib(&self) -> Option<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        resident_mib(&std::fs::read_to_string(path).ok()?)
    }

    /// Kills the process (SIGKILL).
    pub(super) fn kill(&mut self) {
        let _gone_already = self.child.kill();
        let _waited_before = self.child.wait();
    }

    fn ended(&self) -> Fault {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty());
        Fault::Ended {
            name: self.name.clone(),
            last_words: last.unwrap_or("it said nothing").to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn resident_mib(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Returns loopback addresses without a listener. They are fixed, because processes that come back
/// need the address they had.
pub(super) fn free_addresses(count: usize) -> Result<Vec<SocketAddr>, Fault> {
    let free = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listeners: io::Result<Vec<_>> = (0..count).map(free).collect();
    let addresses = listeners.and_then(|all| all.iter().map(TcpListener::local_addr).collect());
    addresses.map_err(Fault::io("looking for free ports"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_of_a_process() {
        let status = "Name:\tx\nVmPeak:\t  99999 kB\nVmRSS:\t    2560 kB\nThreads:\t1\n";
        assert_eq!(resident_mib(status), Some(2.5));
        assert_eq!(resident_mib("Name:\tx\n"), None);
    }

    #[test]
    fn a_process_that_ends_leaves_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read line; echo \"no $line\" >&2"]);
        let mut process = Process::start("witness", &mut command, dir.path()).unwrap();
        let deadline = Deadline::within(Duration::from_secs(30));
        assert_eq!(process.line("ready", deadline).unwrap(), "ready");
        process.say("luck").unwrap();
        let fault = process.line("more", deadline).unwrap_err();
        process.kill();
        assert!(matches!(fault, Fault::Ended { .. }), "{fault}");
        let Fault::Ended { name, last_words } = process.ended() else {
            panic!()
        };
        assert_eq!((name.as_str(), last_words.as_str()), ("witness", "no luck"));
    }

    #[test]
    fn what_never_happens_is_late() {
        let deadline = Deadline::within(Duration::from_millis(5));
        let late = eventually("the moon", deadline, || Ok(None::<()>)).unwrap_err();
        assert!(matches!(late, Fault::Late(what) if what == "the moon"));
    }
}
