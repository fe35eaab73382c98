//! One process of the raw chain: appends waiting records to a file, runs `fdatasync`, and forwards
//! them. It has one thread, plain TCP and nothing else, so it is as fast as the machine.
//!
//! The file is the queue: whoever accepts a connection first says how many bytes it has on disk,
//! and the sender continues from there.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::FileExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use cli::{Failure, Output};

use crate::RECORD_BYTES;

/// The most bytes read at once.
const BATCH_BYTES: usize = 1 << 20;
/// Interval at which an idle process checks whether the next one is back.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// One process of the raw chain.
#[derive(Debug, clap::Args)]
pub(crate) struct HopArgs {
    /// Address for the process before.
    #[arg(long)]
    listen: SocketAddr,
    /// Address of the next process.
    #[arg(long, required_unless_present = "tell")]
    next: Option<SocketAddr>,
    /// Address to which the last process reports how many bytes are on disk.
    #[arg(long, conflicts_with = "next")]
    tell: Option<SocketAddr>,
    /// File to which records are appended.
    #[arg(long)]
    file: PathBuf,
}

/// Runs until it is killed.
pub(crate) fn run(args: &HopArgs, output: &mut Output<'_>) -> Result<(), Failure> {
    let failed = |error| Failure::File(args.file.clone(), error);
    let (mut hop, listener) = Hop::open(args).map_err(failed)?;
    output.text("ready")?;
    loop {
        let (upstream, _) = listener.accept().map_err(failed)?;
        hop.serve(upstream).map_err(failed)?;
    }
}

struct Hop {
    file: File,
    length: u64,
    onward: Onward,
}

enum Onward {
    Next {
        next: SocketAddr,
        stream: Option<TcpStream>,
        sent: u64,
        looked: Option<Instant>,
    },
    Driver(TcpStream),
}

impl Hop {
    fn open(args: &HopArgs) -> io::Result<(Self, TcpListener)> {
        let listener = TcpListener::bind(args.listen)?;
        let file = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(&args.file)?;
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let length = whole_records(length) as u64;
        file.set_len(length)?;
        let onward = match (args.next, args.tell) {
            (Some(next), _) => Onward::Next {
                next,
                stream: None,
                sent: 0,
                looked: None,
            },
            (None, Some(driver)) => Onward::Driver(connect(driver)?),
            (None, None) => return Err(io::Error::other("either --next or --tell is needed")),
        };
        Ok((
            Self {
                file,
                length,
                onward,
            },
            listener,
        ))
    }

    fn serve(&mut self, mut upstream: TcpStream) -> io::Result<()> {
        upstream.set_nodelay(true)?;
        upstream.set_read_timeout(Some(LOOK_EVERY))?;
        upstream.write_all(&self.length.to_le_bytes())?;
        let mut buffer = vec![0; BATCH_BYTES];
        let mut filled = 0;
        loop {
            self.onward.look(&self.file, self.length)?;
            match upstream.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => filled += read,
                Err(error) if is_timeout(&error) => {
                    self.onward.check();
                    continue;
                }
                Err(_) => return Ok(()),
            }
            let whole = whole_records(filled);
            if whole == 0 {
                continue;
            }
            self.file.write_all(&buffer[..whole])?;
            self.file.sync_data()?;
            self.length += whole as u64;
            self.onward.forward(&buffer[..whole], self.length)?;
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }
}

impl Onward {
    /// Forwards the records that were just synced, if the next process is there.
    fn forward(&mut self, records: &[u8], length: u64) -> io::Result<()> {
        match self {
            Self::Driver(driver) => driver.write_all(&length.to_le_bytes()),
            Self::Next { stream, sent, .. } => {
                if let Some(open) = stream {
                    match open.write_all(records) {
                        Ok(()) => *sent = length,
                        Err(_) => *stream = None,
                    }
                }
                Ok(())
            }
        }
    }

    /// Connects if there is no connection, and sends the bytes of the file that the next process
    /// does not have.
    fn look(&mut self, file: &File, length: u64) -> io::Result<()> {
        let Self::Next {
            next,
            stream,
            sent,
            looked,
        } = self
        else {
            return Ok(());
        };
        if stream.is_some() || looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        *looked = Some(Instant::now());
        let Ok(mut open) = connect(*next) else {
            return Ok(());
        };
        let mut has = [0; 8];
        if open.read_exact(&mut has).is_err() {
            return Ok(());
        }
        *sent = u64::from_le_bytes(has);
        let mut buffer = vec![0; BATCH_BYTES];
        while *sent < length {
            let most = BATCH_BYTES.min(usize::try_from(length - *sent).unwrap_or(BATCH_BYTES));
            file.read_exact_at(&mut buffer[..most], *sent)?;
            if open.write_all(&buffer[..most]).is_err() {
                return Ok(());
            }
            *sent += most as u64;
        }
        *stream = Some(open);
        Ok(())
    }

    /// Drops a connection whose other end is gone.
    fn check(&mut self) {
        let Self::Next { stream, .. } = self else {
            return;
        };
        let gone = stream.as_ref().is_some_and(|open| {
            let looked = open
                .set_nonblocking(true)
                .and_then(|()| open.peek(&mut [0]));
            let back = open.set_nonblocking(false);
            back.is_err() || !looked.is_err_and(|error| is_timeout(&error))
        });
        if gone {
            *stream = None;
        }
    }
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

const fn whole_records(bytes: usize) -> usize {
    bytes - bytes % RECORD_BYTES
}
