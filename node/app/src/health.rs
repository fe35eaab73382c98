//! How the nodes of each subtree are, looked at from time to time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use topology::{DivisionCode, Tree};
use web::{below, state::Node};
use workers::{About, Failure, Next, Worker};

/// How often. A province of five tiers learns within five times as long.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Looks at how the nodes below those of this process are, and tells those above.
pub(super) struct SubtreeHealth {
    nodes: Arc<BTreeMap<DivisionCode, Node>>,
    tree: Arc<Tree>,
    /// Whether the links had time to come up.
    has_waited: bool,
}

impl SubtreeHealth {
    /// Looks after these nodes.
    pub(super) fn new(nodes: &Arc<BTreeMap<DivisionCode, Node>>, tree: &Arc<Tree>) -> Self {
        Self {
            nodes: Arc::clone(nodes),
            tree: Arc::clone(tree),
            has_waited: false,
        }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        if std::mem::replace(&mut self.has_waited, true) {
            let mut failed = None;
            for node in self.nodes.values() {
                if stop.is_cancelled() {
                    break;
                }
                // One that fails keeps nobody from looking at the others.
                let looked = below::look(node, &self.tree).await;
                failed = failed.or(looked.err());
            }
            failed.map_or(Ok(()), Err)?;
        }
        Ok(Next::Idle(None))
    }
}

impl Worker for SubtreeHealth {
    fn about(&self) -> About {
        About::process("subtree-health")
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(LOOK_EVERY))
    }
}
