//! Checks whether the machine at the other end of a link is still there when another one greets
//! with its identity. A half-open link, left by a crash or a change of address, must give way; a
//! live one must not.

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

/// Sends probes to a session from outside.
#[derive(Clone, Debug)]
pub(super) struct Prober {
    nonces: Arc<AtomicU64>,
    ask: mpsc::Sender<Probe>,
    answered: watch::Receiver<u64>,
}

/// The session's end of the probes.
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
    /// Returns whether the other side, at `yours`, answers within `patience`. It is asked because
    /// `other` greets with its identity too.
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
        // A full queue means that others are asking already; an answer to them would be older than
        // this question.
        if self.ask.try_send(probe).is_err() {
            return !self.ask.is_closed();
        }
        let mut answers = self.answered.clone();
        let answer = answers.wait_for(|answered| *answered >= nonce);
        matches!(timeout(patience, answer).await, Ok(Ok(_)))
    }
}

impl Probed {
    /// Returns the next probe to pass on; waits forever once nobody can ask any more.
    pub(super) async fn next(&mut self) -> Probe {
        match self.ask.recv().await {
            Some(probe) => probe,
            None => std::future::pending().await,
        }
    }

    /// Notes the other side's answer.
    pub(super) fn answered(&self, nonce: u64) {
        self.answered
            .send_modify(|known| *known = nonce.max(*known));
    }
}
