//! The same chain on NATS JetStream: each server has a stream that sources from the server before
//! over leaf nodes with mutual TLS, and syncs every write.

mod client;
mod setup;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::{
    client::Client,
    setup::{Server, domain},
};
use super::{
    MIDDLE, PLACES,
    measure::Chain,
    process::{Deadline, Fault, Process, eventually},
    record,
};

/// Subject of the records; the first stream stores it.
const SUBJECT: &str = "matter.new";
/// Subject to which the last server pushes what it has stored.
const SEEN: &str = "bench.seen";
/// Name of the stream at every server.
const STREAM: &str = "MATTERS";
/// The most publications without an acknowledgement.
const WINDOW: u64 = 4096;
/// Publications written at once.
const CHUNK: u64 = 64;

pub(super) struct Nats {
    program: PathBuf,
    dir: PathBuf,
    servers: Vec<Server>,
    processes: Vec<Process>,
    first: Client,
    last: Client,
    sent: u64,
}

impl Nats {
    /// Starts five servers, the last first, and the streams, the first first.
    pub(super) fn start(program: &Path, dir: &Path, deadline: Deadline) -> Result<Self, Fault> {
        let servers = setup::prepare(dir)?;
        let mut processes = vec![];
        for at in (0..PLACES.len()).rev() {
            processes.push(start_server(program, dir, at, &servers[at], deadline)?);
        }
        processes.reverse();
        for (at, server) in servers.iter().enumerate() {
            create_stream(
                &mut Client::connect(domain(at), server.client, deadline)?,
                at,
                deadline,
            )?;
        }
        let first = Client::connect(domain(0), servers[0].client, deadline)?;
        let last = Client::connect(domain(4), servers[4].client, deadline)?;
        Ok(Self {
            program: program.to_owned(),
            dir: dir.to_owned(),
            servers,
            processes,
            first,
            last,
            sent: 0,
        })
    }

    /// Lets the last server push what it stores from now on; returns the name of that consumer.
    fn watch(&mut self, deadline: Deadline) -> Result<String, Fault> {
        let settings = json!({ "stream_name": STREAM, "config": {
            "deliver_subject": SEEN, "deliver_policy": "new", "ack_policy": "none",
            "mem_storage": true, "inactive_threshold": 600_000_000_000_u64,
        }});
        let subject = format!("$JS.API.CONSUMER.CREATE.{STREAM}");
        let made = ask(&mut self.last, &subject, &settings, deadline)?;
        made["name"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| odd(&made))
    }

    /// Sends one publication and waits until the last server has pushed it.
    fn one(&mut self, deadline: Deadline) -> Result<Duration, Fault> {
        let record = record(self.sent);
        let start = Instant::now();
        self.first.publish(SUBJECT, self.sent, &record)?;
        self.sent += 1;
        while self.last.next(deadline)?.subject != SUBJECT {}
        let took = start.elapsed();
        acknowledged(&self.first.next(deadline)?.payload)?;
        Ok(took)
    }
}

impl Chain for Nats {
    fn resident_mib(&self) -> Vec<Option<f64>> {
        self.processes.iter().map(Process::resident_mib).collect()
    }

    fn one_at_a_time(&mut self, count: u64, deadline: Deadline) -> Result<Vec<Duration>, Fault> {
        self.arrived(deadline)?;
        let consumer = self.watch(deadline)?;
        self.last.subscribe(SEEN, 2)?;
        let took = (0..count).map(|_| self.one(deadline)).collect();
        self.last.write(b"UNSUB 2\r\n")?;
        let subject = format!("$JS.API.CONSUMER.DELETE.{STREAM}.{consumer}");
        ask(&mut self.last, &subject, &Value::Null, deadline)?;
        took
    }

    fn send(&mut self, count: u64, deadline: Deadline) -> Result<(), Fault> {
        let (mut waiting, mut left) = (0, count);
        while left > 0 || waiting > 0 {
            let mut chunk = vec![];
            for _ in 0..CHUNK.min(left).min(WINDOW - waiting) {
                chunk.extend(
                    self.first
                        .publication(SUBJECT, self.sent, &record(self.sent)),
                );
                self.sent += 1;
                left -= 1;
                waiting += 1;
            }
            self.first.write(&chunk)?;
            while waiting > 0 && (left == 0 || waiting + CHUNK > WINDOW) {
                acknowledged(&self.first.next(deadline)?.payload)?;
                waiting -= 1;
            }
        }
        Ok(())
    }

    fn queued(&mut self, deadline: Deadline) -> Result<(), Fault> {
        let before = MIDDLE - 1;
        let mut client = Client::connect(domain(before), self.servers[before].client, deadline)?;
        stored(&mut client, self.sent, deadline)
    }

    fn arrived(&mut self, deadline: Deadline) -> Result<(), Fault> {
        stored(&mut self.last, self.sent, deadline)
    }

    fn cut(&mut self) {
        self.processes[MIDDLE].kill();
    }

    fn mend(&mut self, deadline: Deadline) -> Result<(), Fault> {
        self.processes[MIDDLE] = start_server(
            &self.program,
            &self.dir,
            MIDDLE,
            &self.servers[MIDDLE],
            deadline,
        )?;
        Ok(())
    }
}

/// Waits until a server's stream has this many messages.
fn stored(client: &mut Client, count: u64, deadline: Deadline) -> Result<(), Fault> {
    let subject = format!("$JS.API.STREAM.INFO.{STREAM}");
    eventually("storing everything at a NATS server", deadline, || {
        let info = ask(client, &subject, &Value::Null, deadline)?;
        Ok(info["state"]["messages"]
            .as_u64()
            .filter(|stored| *stored >= count))
    })?;
    Ok(())
}

fn start_server(
    program: &Path,
    dir: &Path,
    at: usize,
    server: &Server,
    deadline: Deadline,
) -> Result<Process, Fault> {
    let mut command = Command::new(program);
    command.arg("--config").arg(&server.config);
    let mut process = Process::start(&format!("nats-{}", domain(at)), &mut command, dir)?;
    // JetStream answers once it has recovered its streams.
    eventually("the start of a NATS server", deadline, || {
        process.alive()?;
        let Ok(mut client) = Client::connect(domain(at), server.client, deadline) else {
            return Ok(None);
        };
        Ok(ask(&mut client, "$JS.API.INFO", &Value::Null, deadline).ok())
    })?;
    Ok(process)
}

fn create_stream(client: &mut Client, at: usize, deadline: Deadline) -> Result<(), Fault> {
    let mut settings = json!({ "name": STREAM, "storage": "file", "num_replicas": 1 });
    match at.checked_sub(1) {
        None => settings["subjects"] = json!([SUBJECT]),
        Some(before) => {
            let api = format!("$JS.{}.API", domain(before));
            settings["sources"] = json!([{ "name": STREAM, "external": { "api": api } }]);
        }
    }
    ask(
        client,
        &format!("$JS.API.STREAM.CREATE.{STREAM}"),
        &settings,
        deadline,
    )?;
    Ok(())
}

/// Sends a request to JetStream, which answers errors too.
fn ask(
    client: &mut Client,
    subject: &str,
    what: &Value,
    deadline: Deadline,
) -> Result<Value, Fault> {
    let body = if what.is_null() {
        String::new()
    } else {
        what.to_string()
    };
    let answer = client.request(subject, body.as_bytes(), deadline)?;
    match serde_json::from_slice::<Value>(&answer) {
        Ok(value) if value.get("error").is_none() => Ok(value),
        _ => Err(Fault::Answer(
            "NATS".to_owned(),
            String::from_utf8_lossy(&answer).into_owned(),
        )),
    }
}

fn acknowledged(answer: &[u8]) -> Result<(), Fault> {
    let ack: Value = serde_json::from_slice(answer).unwrap_or_default();
    if ack["seq"].is_u64() {
        Ok(())
    } else {
        Err(odd(&ack))
    }
}

fn odd(answer: &Value) -> Fault {
    Fault::Answer("NATS".to_owned(), answer.to_string())
}
