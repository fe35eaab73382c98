//! The raw limit of the machine: five processes that write, `fdatasync` and forward over plain TCP.

mod hop;

pub(super) use hop::{HopArgs, run as hop};

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::{
    MIDDLE, PLACES, RECORD_BYTES,
    measure::Chain,
    process::{Deadline, Fault, Process, eventually, free_addresses},
    record,
};

/// Records sent before answers are read.
const CHUNK: u64 = 256;

pub(super) struct Raw {
    program: PathBuf,
    dir: PathBuf,
    addresses: Vec<SocketAddr>,
    hops: Vec<Process>,
    first: TcpStream,
    told: TcpStream,
    driver: SocketAddr,
    sent: u64,
    arrived: u64,
}

impl Raw {
    /// Starts the five processes, the last first.
    pub(super) fn start(program: &Path, dir: &Path, deadline: Deadline) -> Result<Self, Fault> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(Fault::io("listening to the last hop"))?;
        let driver = listener
            .local_addr()
            .map_err(Fault::io("listening to the last hop"))?;
        let addresses = free_addresses(PLACES.len())?;
        let mut hops = vec![];
        for at in (0..PLACES.len()).rev() {
            hops.push(start_hop(program, dir, &addresses, at, driver, deadline)?);
        }
        hops.reverse();
        let (told, _) = listener
            .accept()
            .map_err(Fault::io("hearing from the last hop"))?;
        let mut first =
            TcpStream::connect(addresses[0]).map_err(Fault::io("reaching the first hop"))?;
        let opened = first
            .set_nodelay(true)
            .and_then(|()| first.read_exact(&mut [0; 8]));
        opened.map_err(Fault::io("reaching the first hop"))?;
        Ok(Self {
            program: program.to_owned(),
            dir: dir.to_owned(),
            addresses,
            hops,
            first,
            told,
            driver,
            sent: 0,
            arrived: 0,
        })
    }

    /// Waits for the next message of the last process.
    fn hear(&mut self, deadline: Deadline) -> Result<(), Fault> {
        let what = "the last raw hop's word";
        let mut length = [0; 8];
        let heard = self
            .told
            .set_read_timeout(Some(deadline.left(what)?))
            .and_then(|()| self.told.read_exact(&mut length));
        heard.map_err(Fault::io(what))?;
        self.arrived = u64::from_le_bytes(length) / RECORD_BYTES as u64;
        Ok(())
    }

    /// Reads all messages that the last process has sent so far.
    fn drain(&mut self, deadline: Deadline) -> Result<(), Fault> {
        loop {
            let switched = self.told.set_nonblocking(true);
            let waits = self.told.peek(&mut [0; 8]);
            let back = self.told.set_nonblocking(false);
            switched
                .and(back)
                .map_err(Fault::io("the last raw hop's word"))?;
            if !waits.is_ok_and(|bytes| bytes == 8) {
                return Ok(());
            }
            self.hear(deadline)?;
        }
    }

    fn push(&mut self, deadline: Deadline) -> Result<(), Fault> {
        let what = "handing a record to the first raw hop";
        let written = self
            .first
            .set_write_timeout(Some(deadline.left(what)?))
            .and_then(|()| self.first.write_all(&record(self.sent)));
        self.sent += 1;
        written.map_err(Fault::io(what))
    }
}

impl Chain for Raw {
    fn resident_mib(&self) -> Vec<Option<f64>> {
        self.hops.iter().map(Process::resident_mib).collect()
    }

    fn one_at_a_time(&mut self, count: u64, deadline: Deadline) -> Result<Vec<Duration>, Fault> {
        let mut took = vec![];
        for _ in 0..count {
            let start = Instant::now();
            self.push(deadline)?;
            while self.arrived < self.sent {
                self.hear(deadline)?;
            }
            took.push(start.elapsed());
        }
        Ok(took)
    }

    fn send(&mut self, count: u64, deadline: Deadline) -> Result<(), Fault> {
        let until = self.sent + count;
        let mut chunk = Vec::with_capacity(CHUNK as usize * RECORD_BYTES);
        while self.sent < until {
            chunk.clear();
            while self.sent < until && chunk.len() < chunk.capacity() {
                chunk.extend_from_slice(&record(self.sent));
                self.sent += 1;
            }
            let what = "handing records to the first raw hop";
            let timeout = self.first.set_write_timeout(Some(deadline.left(what)?));
            timeout
                .and_then(|()| self.first.write_all(&chunk))
                .map_err(Fault::io(what))?;
            self.drain(deadline)?;
        }
        Ok(())
    }

    fn queued(&mut self, deadline: Deadline) -> Result<(), Fault> {
        let file = file_of(&self.dir, MIDDLE - 1);
        let expected = self.sent * RECORD_BYTES as u64;
        eventually("queueing before the gap of the raw chain", deadline, || {
            let length = std::fs::metadata(&file)
                .map_err(Fault::io("reading the queue"))?
                .len();
            Ok((length >= expected).then_some(()))
        })
    }

    fn arrived(&mut self, deadline: Deadline) -> Result<(), Fault> {
        while self.arrived < self.sent {
            self.hear(deadline)?;
        }
        Ok(())
    }

    fn cut(&mut self) {
        self.hops[MIDDLE].kill();
    }

    fn mend(&mut self, deadline: Deadline) -> Result<(), Fault> {
        self.hops[MIDDLE] = start_hop(
            &self.program,
            &self.dir,
            &self.addresses,
            MIDDLE,
            self.driver,
            deadline,
        )?;
        Ok(())
    }
}

fn file_of(dir: &Path, at: usize) -> PathBuf {
    dir.join(format!("raw-{}", PLACES[at].tier))
}

fn start_hop(
    program: &Path,
    dir: &Path,
    addresses: &[SocketAddr],
    at: usize,
    driver: SocketAddr,
    deadline: Deadline,
) -> Result<Process, Fault> {
    let mut command = Command::new(program);
    command.args(["bench", "raw-hop", "--listen", &addresses[at].to_string()]);
    command.arg("--file").arg(file_of(dir, at));
    match addresses.get(at + 1) {
        Some(next) => command.args(["--next", &next.to_string()]),
        None => command.args(["--tell", &driver.to_string()]),
    };
    let hop = Process::start(&format!("raw-{}", PLACES[at].tier), &mut command, dir)?;
    hop.line("starting", deadline)?;
    Ok(hop)
}
