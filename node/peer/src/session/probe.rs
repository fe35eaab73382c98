//! Whether the machine at the other end of a link is still there, asked when another one greets with its
//! identity. A link that is only half open, after a crash or a change of address, must give way; one that
//! lives must not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use wire::frame::Probe;

/// Asks a conversation from outside.
#[derive(Clone, Debug)]
pub(super) struct Prober {
    nonces: Arc<AtomicU64>,
    ask: mpsc::Sender<Probe>,
    answered: watch::Receiver<u64>,
}

/// The conversation's end.
pub(super) struct Probed {
    ask: mpsc::Receiver<Probe>,
    answered: watch::Sender<u64>,
}

pub(super) fn pair() -> (Prober, Probed) {
    let (ask, asked) = mpsc::channel(4);
    let (answered, answers) = watch::channel(0);
    let prober = Prober {
        nonces: Arc::default(),
        ask,
        answered: answers,
    };
    let probed = Probed {
        ask: asked,
        answered,
    };
    (prober, probed)
}

impl Prober {
    /// Whether the other side, at `yours`, answers within `patience`, although `other` greets with its
    /// identity too.
    pub(super) async fn is_there(
        &self,
        yours: SocketAddr,
        other: SocketAddr,
        patience: Duration,
    ) -> bool {
        let nonce = self.nonces.fetch_add(1, Ordering::Relaxed) + 1;
        let probe = Probe {
            nonce,
            yours: yours.to_string(),
            other: other.to_string(),
        };
        // If it is full, others ask already; the answer to theirs would be older than this question.
        if self.ask.try_send(probe).is_err() {
            return !self.ask.is_closed();
        }
        let mut answers = self.answered.clone();
        let answer = answers.wait_for(|answered| *answered >= nonce);
        matches!(timeout(patience, answer).await, Ok(Ok(_)))
    }
}

impl Probed {
    /// The next question to pass on; never ready once nobody can ask any more.
    pub(super) async fn next(&mut self) -> Probe {
        match self.ask.recv().await {
            Some(probe) => probe,
            None => std::future::pending().await,
        }
    }

    /// The other side answered.
    pub(super) fn answered(&self, nonce: u64) {
        self.answered
            .send_modify(|known| *known = nonce.max(*known));
    }
}
