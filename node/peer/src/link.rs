//! Links: one long-lived stream in both directions between a division and the one directly above.
//! The only room that dials. The child dials, because villages sit behind NAT.

pub mod backoff;
pub mod dial;
pub mod own;
pub mod pace;
pub mod pulse;
pub mod resolve;

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use domain::foreign::escape;
use futures::{Stream, future::BoxFuture};
use identity::Lapse;
use pulse::Pulse;
use tokio::sync::mpsc;
use topology::DivisionCode;
use wire::{
    Malformed,
    frame::{Frame, GoodbyeCode},
};

/// Frames that wait in the stream at once; few, so that an emergency waits behind few.
pub const FRAMES_WAITING: usize = 2;

/// Why no more frames come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The stream ended with an error.
    #[error("the stream broke: {0}")]
    Stream(String),
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] Malformed),
}

/// Frames from the neighbour.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Frame, Broken>> + Send>>;

/// Which side of a link this node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It dialled.
    Child,
    /// It was dialled.
    Parent,
}

/// An open stream to an authenticated neighbour.
pub struct Carrier {
    /// The neighbour, from its certificate.
    pub peer: DivisionCode,
    /// Which side this node is.
    pub side: Side,
    /// When its certificates end, and it with them.
    pub lapse: Lapse,
    /// When the other end last gave a sign of life.
    pub pulse: Pulse,
    /// Where the stream comes from, or where it was dialled.
    pub address: SocketAddr,
    /// Frames from it.
    pub incoming: Incoming,
    /// Frames to it; room for [`FRAMES_WAITING`]. Boxed, because a channel takes room for 32 at once.
    pub outgoing: mpsc::Sender<Box<Frame>>,
}

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The neighbour closed the stream.
    #[error("the neighbour closed the stream")]
    Closed,
    /// The neighbour said why it ends.
    #[error("the neighbour ended it: {1}")]
    Goodbye(GoodbyeCode, String),
    /// The stream broke.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The neighbour did not keep to the protocol.
    #[error("the neighbour did not keep to the protocol: {1}")]
    Protocol(GoodbyeCode, String),
    /// This node could not record outcomes.
    #[error("this node's office did not answer: {0}")]
    Office(String),
    /// A newer stream of the same neighbour took its place.
    #[error("a newer stream of the same neighbour took its place")]
    Replaced,
    /// Another machine with the neighbour's identity is linked, and answers.
    #[error(
        "another machine with this identity is linked, from {linked}, and answers; this one came from \
         {refused}: stop one of the two, and revoke the key if you do not know it"
    )]
    SecondMachine {
        /// Where the one that is linked came from.
        linked: SocketAddr,
        /// Where the one that was refused came from.
        refused: SocketAddr,
    },
    /// This node's store went back in time; it begins anew.
    #[error("this node began a new epoch; the link starts over")]
    NewEpoch,
    /// Nothing came, not even answers to pings, while something waited for an answer.
    #[error("for {0} s nothing came from the neighbour, while something waited for its answer")]
    Silent(u64),
    /// A certificate of either side has expired.
    #[error(
        "a certificate that the link was opened with has expired; renew it, or check this machine's \
         clock"
    )]
    Expired,
    /// The link is closed on this side.
    #[error("the link is closed on this side by its operator")]
    ClosedHere,
    /// No key of the neighbour counts any more.
    #[error("the neighbour's key was revoked; its parent must enrol it anew")]
    Revoked,
    /// This node stops.
    #[error("this node is stopping")]
    Stopping,
}

impl Ended {
    /// Whether the neighbour does not want to converse at all, so that there is no hurry to ask again.
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

    /// The neighbour's goodbye. Its words are shown in logs and in the status, so they are escaped.
    pub fn goodbye(code: GoodbyeCode, reason: &str) -> Self {
        Self::Goodbye(code, escape(reason))
    }
}

impl Broken {
    /// A stream that ended with these words of the other side.
    pub fn stream(words: &str) -> Self {
        Self::Stream(escape(words))
    }
}

/// Carries on a conversation over an open stream until it ends.
pub trait Converse: Send + Sync {
    /// Runs the conversation.
    fn converse(self: Arc<Self>, carrier: Carrier) -> BoxFuture<'static, Ended>;
}
