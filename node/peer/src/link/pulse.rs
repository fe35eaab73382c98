//! The last sign of life of the other end of a connection: any byte, even an answer to a ping.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// The last sign of life on one connection. Clones share it.
#[derive(Clone, Debug)]
pub struct Pulse {
    opened: Instant,
    /// Milliseconds between `opened` and the last sign of life.
    last: Arc<AtomicU64>,
    /// Whether both ends are in this process, so that neither can be gone without the other.
    own: bool,
}

impl Pulse {
    /// Starts at the opening of a connection; `own` if both ends are in this process.
    pub fn begin(own: bool) -> Self {
        Self {
            opened: Instant::now(),
            last: Arc::default(),
            own,
        }
    }

    /// Returns the moment of the last sign of life.
    pub fn last(&self) -> Instant {
        if self.own {
            return Instant::now();
        }
        let last = self.last.load(Ordering::Relaxed);
        self.opened + std::time::Duration::from_millis(last)
    }

    /// Notes a sign of life.
    pub fn beat(&self) {
        let now = self.opened.elapsed().as_millis();
        self.last
            .store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A connection that notes signs of life.
#[derive(Debug)]
pub struct Pulsing<S> {
    stream: S,
    pulse: Pulse,
}

impl<S> Pulsing<S> {
    /// Wraps a connection, whose signs of life are noted in `pulse`.
    pub const fn new(stream: S, pulse: Pulse) -> Self {
        Self { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pulsing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.beat();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pulsing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
