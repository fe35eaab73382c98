//! Nodes as separate processes of the real program, which tests can kill.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use app::socket_path;
use cli::client::Client;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use topology::{DivisionCode, Tree};

use crate::{
    audit::{Books, Fault, Promise, Violation, audit},
    code,
    homes::{self, founding},
    port,
};

/// Time limit for the start and stop of a process.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the path of the program that cargo built beside the tests.
///
/// # Panics
/// If it was not built.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let target = test.parent().and_then(Path::parent);
    let program = target.expect("tests lie in deps").join("wujitong");
    assert!(
        program.is_file(),
        "{} is missing; build it first: cargo build -p wujitong",
        program.display()
    );
    program
}

/// Returns a loopback port that is free; see `port.rs`.
pub fn free_port() -> u16 {
    port::free()
}

/// One node in a process of its own.
pub struct Program {
    /// Its division.
    pub division: DivisionCode,
    /// Its data directory.
    pub data: PathBuf,
    /// Command that starts it, such as a tracer with its options.
    pub under: Vec<String>,
    /// Additional options of `wujitong run`.
    pub options: Vec<String>,
    port: Option<u16>,
    parent: Option<u16>,
    running: Option<(Child, BufReader<ChildStdout>)>,
}

impl Program {
    fn new(division: DivisionCode, data: PathBuf) -> Self {
        Self {
            division,
            data,
            under: vec![],
            options: vec![],
            port: None,
            parent: None,
            running: None,
        }
    }

    /// Returns a new client of its control socket.
    pub fn client(&self) -> Client {
        Client::new(socket_path(&self.data))
    }

    /// Returns its port for neighbours, once it was started.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns its process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref()?.0.id()
    }

    /// Returns its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Starts the process without waiting for it.
    ///
    /// # Panics
    /// If the program cannot be run.
    pub fn spawn(&mut self) {
        let mut words = self.under.clone();
        words.push(program().display().to_string());
        let mut command = Command::new(&words[0]);
        command.env("LC_ALL", "C");
        command.args(&words[1..]).args(["--json", "run", "--data"]);
        command.arg(&self.data);
        let listen = format!("127.0.0.1:{}", self.port.unwrap_or_else(port::free));
        command.args(["--listen", &listen, "--http", "off"]);
        if let Some(parent) = self.parent {
            command.args(["--parent", &format!("127.0.0.1:{parent}")]);
        }
        for setting in ["links.backoff_min_ms=20", "links.backoff_max_ms=1000"] {
            command.args(["--set", setting]);
        }
        command.args(&self.options);
        let mut log = OpenOptions::new();
        let log: File = log
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let mut child =
            child.unwrap_or_else(|error| panic!("{} does not start: {error}", words[0]));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        self.running = Some((child, stdout));
    }

    /// Waits until it prints that it runs. If another process took its port in the meantime, starts
    /// it again until it gets the port back.
    ///
    /// # Panics
    /// If it ends instead.
    pub async fn ready(&mut self) {
        for _ in 0..100 {
            let (child, stdout) = self.running.as_mut().expect("it was spawned");
            let mut line = String::new();
            let said = timeout(PATIENCE, stdout.read_line(&mut line)).await;
            said.expect("it starts in time")
                .expect("its output is text");
            if !line.is_empty() {
                let facts: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                let listen = facts["listen"].as_str().expect("an address");
                let (_, port) = listen.rsplit_once(':').expect("a port");
                self.port = Some(port.parse().expect("a port"));
                return;
            }
            let _status = child.wait().await;
            let log = self.log();
            let last = log.lines().last().unwrap_or_default();
            let taken = last.contains("cannot listen");
            assert!(taken, "{} ended as it started:\n{log}", self.division);
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.spawn();
        }
        panic!("the port of {} never came back", self.division);
    }

    /// Starts it and waits until it runs.
    pub async fn start(&mut self) {
        self.spawn();
        self.ready().await;
    }

    /// Sends SIGKILL.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn kill(&mut self) {
        let (mut child, _) = self.running.take().expect("it runs");
        child.kill().await.expect("it can be killed");
    }

    /// Sends SIGTERM, and waits until it has ended with success.
    ///
    /// # Panics
    /// If it does not.
    pub async fn stop(&mut self) {
        let (mut child, _) = self.running.take().expect("it runs");
        let pid = child.id().expect("it has not ended").to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(told.expect("kill runs").success(), "it can be told to stop");
        let status = timeout(PATIENCE, child.wait()).await.expect("it stops");
        let status = status.expect("it was waited for");
        assert!(status.success(), "{} ended with {status}", self.division);
    }
}

/// A process for each division from the province down to one.
pub struct Programs {
    /// All divisions.
    pub tree: Arc<Tree>,
    /// The processes, from the province down.
    pub programs: Vec<Program>,
    _dir: TempDir,
}

impl Programs {
    /// Founds a network and enrols the divisions down to `leaf`; starts nothing.
    pub fn down_to(leaf: &str) -> Self {
        let tree = Tree::zhejiang();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let now = rustls_pki_types::UnixTime::now();
        let mut divisions: Vec<_> = tree.ancestors(code(leaf)).collect();
        divisions.sort_unstable();
        divisions.push(code(leaf));
        let mut programs: Vec<Program> = vec![];
        for division in divisions {
            let data = dir.path().join(division.to_string());
            let above = programs.last().map(|parent| &*parent.data);
            homes::make(&data, division, above, &tree, &founding(), now);
            programs.push(Program::new(division, data));
        }
        Self {
            tree,
            programs,
            _dir: dir,
        }
    }

    /// Starts all processes, from the province down.
    pub async fn start(&mut self) {
        let mut parent = None;
        for program in &mut self.programs {
            program.parent = parent;
            program.start().await;
            parent = program.port;
        }
    }

    /// Waits until nothing waits for a neighbour anywhere, however long that takes while it becomes less: a machine
    /// that does much else at once has left a long queue.
    ///
    /// # Panics
    /// If what waits does not become less for two minutes.
    pub async fn at_rest(&self) {
        let (mut least, mut since) = (usize::MAX, std::time::Instant::now());
        let clients: Vec<_> = self.programs.iter().map(Program::client).collect();
        let mut quiet = 0;
        // Envelopes that nodes send while others are asked appear in the next round.
        while quiet < 3 {
            let mut waiting = 0;
            for client in &clients {
                let status = client.status(true).await.expect("a running node answers");
                let queues = status.nodes.iter().flat_map(|node| &node.queues);
                waiting += queues.map(|queue| queue.segments).sum::<usize>();
            }
            quiet = if waiting == 0 { quiet + 1 } else { 0 };
            if waiting < least {
                (least, since) = (waiting, std::time::Instant::now());
            }
            assert!(
                since.elapsed() < Duration::from_secs(120),
                "{waiting} segments still wait, and never less than {least} did"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Brings everything to rest, stops it and audits all books.
    ///
    /// # Panics
    /// As [`Programs::at_rest`].
    pub async fn audited(&mut self, promises: &[Promise]) -> Vec<Violation> {
        let mut found = vec![];
        // A node may say something just when it is stopped, such as the head of its log; then all start and come to
        // rest once more.
        for attempt in 0..3 {
            if attempt > 0 {
                self.start().await;
            }
            self.at_rest().await;
            for program in self.programs.iter_mut().rev() {
                program.stop().await;
            }
            let mut books = vec![];
            for program in &self.programs {
                books.push(Books::lying_in(&program.data, program.division, &self.tree).await);
            }
            found = audit(&self.tree, &books, promises);
            if !found.iter().any(|one| one.fault == Fault::Waiting) {
                break;
            }
        }
        found
    }
}
