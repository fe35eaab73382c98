//! Links: one long-lived bidirectional stream between a division and its parent. The child dials,
//! because villages are behind NAT; no other module dials.

pub mod connect;
pub mod dial;
pub mod own;
pub mod pace;
pub mod probe;
pub mod pulse;
mod readmit;
pub mod renew;
pub mod resolve;
mod told;
pub mod uplink;

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use domain::foreign::escape;
use futures::{Stream, future::BoxFuture};
use identity::{Identity, Lapse};
use pulse::Pulse;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;
use wire::{
    Malformed,
    frame::{Frame, GoodbyeCode},
};

/// Most frames that wait in the stream; few, so that an emergency waits behind few.
pub const FRAMES_WAITING: usize = 2;

/// The reason no more frames arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The stream ended with an error.
    #[error("the stream broke: {0}")]
    Stream(String),
    /// The received message is not a valid frame.
    #[error(transparent)]
    Frame(#[from] Malformed),
}

/// Frames from the neighbour.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Frame, Broken>> + Send>>;

/// The side of a link this node is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This node dialled.
    Child,
    /// The neighbour dialled.
    Parent,
}

/// An open stream to an authenticated neighbour.
pub struct Carrier {
    /// The neighbour, from its certificate.
    pub peer: DivisionCode,
    /// The side this node is on.
    pub side: Side,
    /// The end of the certificates, and of the stream with them.
    pub lapse: Lapse,
    /// The last sign of life of the other end.
    pub pulse: Pulse,
    /// The address the stream comes from, or that was dialled.
    pub address: SocketAddr,
    /// Frames from the neighbour.
    pub incoming: Incoming,
    /// Frames to the neighbour; room for [`FRAMES_WAITING`]. Boxed, because a channel allocates
    /// room for 32 at once.
    pub outgoing: mpsc::Sender<Box<Frame>>,
}

/// The reason a session ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The neighbour closed the stream.
    #[error("the neighbour closed the stream")]
    Closed,
    /// The neighbour ended it with a reason.
    #[error("the neighbour ended it: {1}")]
    Goodbye(GoodbyeCode, String),
    /// The stream broke.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The neighbour broke the protocol.
    #[error("the neighbour broke the protocol: {1}")]
    Protocol(GoodbyeCode, String),
    /// This node could not record outcomes.
    #[error("this node could not process it: {0}")]
    Office(String),
    /// A newer stream of the same neighbour replaced it.
    #[error("a newer stream of the same neighbour replaced it")]
    Replaced,
    /// Another machine with the neighbour's identity is linked and answers.
    #[error(
        "another machine with this identity is linked, from {linked}, and answers; this one came from \
         {refused}: stop one of the two, and revoke the key if you do not know it"
    )]
    SecondMachine {
        /// The address of the linked machine.
        linked: SocketAddr,
        /// The address of the refused machine.
        refused: SocketAddr,
    },
    /// This node's store went back in time, and the node began a new epoch.
    #[error("this node began a new epoch; the link starts over")]
    NewEpoch,
    /// This node shows a new certificate.
    #[error("this node has a new certificate; the link starts over with it")]
    Renewed,
    /// Nothing arrived, not even answers to pings, while something waited for an answer.
    #[error("nothing arrived from the neighbour for {0} s while something waited for its answer")]
    Silent(u64),
    /// A certificate of either side has expired.
    #[error(
        "a certificate that the link was opened with has expired; renew it, or check this machine's \
         clock"
    )]
    Expired,
    /// The operator closed the link on this side.
    #[error("the link is closed on this side by its operator")]
    ClosedHere,
    /// No key of the neighbour counts any more.
    #[error("the neighbour's key was revoked; its parent must enrol it again")]
    Revoked,
    /// This node stops.
    #[error("this node is stopping")]
    Stopping,
}

impl Ended {
    /// Returns whether the neighbour refuses any session, so that asking again is not urgent.
    pub const fn is_refusal(&self) -> bool {
        use GoodbyeCode as Code;
        matches!(
            self,
            Self::Goodbye(
                Code::Protocol
                    | Code::Network
                    | Code::Division
                    | Code::Superseded
                    | Code::SecondMachine,
                _
            )
        )
    }

    /// Builds the end by the neighbour's goodbye. Its text appears in logs and in the status, so it
    /// is escaped.
    pub fn goodbye(code: GoodbyeCode, reason: &str) -> Self {
        Self::Goodbye(code, escape(reason))
    }
}

impl Broken {
    /// Builds the error of a stream that ended with this message of the other side, escaped.
    pub fn stream(words: &str) -> Self {
        Self::Stream(escape(words))
    }
}

/// Runs sessions over open streams.
pub trait Converse: Send + Sync {
    /// Runs a session until it ends.
    fn converse(self: Arc<Self>, carrier: Carrier) -> BoxFuture<'static, Ended>;
}

/// Carries the links of a process instead of TCP and TLS: nodes that take streams and those that open
/// them meet here. Each end of a carrier names the division that the other end's certificate names.
pub trait Carriers: Send + Sync {
    /// Takes streams of children for a node until `stop`, and has `converse` carry on the conversations.
    fn listen(
        &self,
        node: Arc<Identity>,
        converse: Arc<dyn Converse>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, ()>;

    /// Returns what opens streams from a node to its parent.
    fn connect(&self, node: Arc<Identity>, parent: DivisionCode) -> Box<dyn dial::Connect>;
}
