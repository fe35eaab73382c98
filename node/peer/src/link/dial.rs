//! Dials the parent: what opens a stream, and what a link needs to keep one.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use identity::PeerRefusal;
use tokio::sync::Notify;
use topology::DivisionCode;

use super::{Carrier, Converse, pace::Pace, resolve::Unresolved};

/// How long a link waits between two attempts.
#[derive(Clone, Copy, Debug)]
pub struct DialConfig {
    /// Shortest wait before dialling again.
    pub backoff_least: Duration,
    /// Longest wait.
    pub backoff_most: Duration,
}

/// Opens streams to the parent.
pub trait Connect: Send + Sync {
    /// Opens one stream, whose carrier names the parent as the connection proved it.
    ///
    /// # Errors
    /// [`DialError`], if no stream was opened.
    fn connect(&self) -> BoxFuture<'_, Result<Carrier, DialError>>;
}

/// Why a dial failed.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No address.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// Nobody answers there.
    #[error("{0} does not answer: {1}")]
    Unreachable(SocketAddr, io::Error),
    /// The certificates do not fit.
    #[error("{0} was refused: {1}")]
    Refused(SocketAddr, PeerRefusal),
    /// The stream was not opened.
    #[error("the parent did not open the stream: {0}")]
    Stream(String),
}

/// Dials the parent for as long as the node runs.
pub struct Dialler {
    /// Who dials.
    pub division: DivisionCode,
    /// Whom.
    pub parent: DivisionCode,
    /// Opens the streams.
    pub connect: Box<dyn Connect>,
    /// How long to wait between two attempts.
    pub terms: DialConfig,
    /// Whether the parent is a node of this process.
    pub inside: bool,
    /// How often the whole process dials.
    pub pace: Arc<Pace>,
    /// Spreads the waits of many nodes: gives a number from 0 to 1.
    pub chance: Box<dyn Fn() -> f64 + Send + Sync>,
    /// What to do with an open stream.
    pub converse: Arc<dyn Converse>,
    /// Rung to dial at once, for instance when the parent was seen.
    pub hurry: Arc<Notify>,
}

impl Dialler {
    /// Waits for its turn among the links of the process, and opens one stream.
    pub(super) async fn dial(&self) -> Result<Carrier, DialError> {
        let _turn = self.pace.turn(self.inside).await;
        self.connect.connect().await
    }
}
