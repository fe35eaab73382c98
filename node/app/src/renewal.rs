//! Renews the certificates of the nodes of a process before they end, without anybody.
//!
//! A node asks its parent over a connection of its own, shows the new certificate on a second one, takes it over, and opens its
//! link anew. Until then the present certificate is shown, so that nothing is cut if the new one does not serve.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    certificate::{Use, Validity},
    time::Timestamp,
};
use futures::future::BoxFuture;
use identity::Identity;
use office::blocking;
use peer::link::{connect::TlsConnect, renew::NotRenewed};
use rustls_pki_types::UnixTime;
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;
use web::state::Node;
use workers::{About, Failure, Next, Worker};

use super::{causes, certificates::watch_end};

/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Renews what is due.
pub(super) struct Renewal {
    nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// How the parent of each node is reached; the root has none, and signs for itself.
    parents: BTreeMap<DivisionCode, Arc<TlsConnect>>,
    attempts: BTreeMap<DivisionCode, Attempts>,
}

/// Attempts that failed one after the other.
struct Attempts {
    failed: u32,
    next: Timestamp,
    why: String,
}

impl Renewal {
    /// Renews for these nodes, each of which reaches its parent so.
    pub(super) fn new(
        nodes: &Arc<BTreeMap<DivisionCode, Node>>,
        parents: BTreeMap<DivisionCode, Arc<TlsConnect>>,
    ) -> Self {
        Self {
            nodes: Arc::clone(nodes),
            parents,
            attempts: BTreeMap::new(),
        }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        let nodes = Arc::clone(&self.nodes);
        for (division, node) in nodes.iter() {
            if stop.is_cancelled() {
                break;
            }
            let now = node.office.now();
            if !self.is_due(node, now) {
                continue;
            }
            match self.renew(*division, node, now).await {
                Ok(()) => _ = self.attempts.remove(division),
                Err(error) => {
                    self.failed(*division, node, (now, error.to_string()));
                    tell_of_end(node).await;
                }
            }
        }
        match self.attempts.values().next_back() {
            None => Ok(Next::Idle(None)),
            Some(last) => {
                let (failed, all) = (self.attempts.len(), nodes.len());
                Err(Failure::paced(
                    causes::some_nodes(failed, all, &last.why),
                    None,
                ))
            }
        }
    }

    /// Returns whether a certificate of a node has to be renewed, and now is the time to try.
    fn is_due(&self, node: &Node, now: Timestamp) -> bool {
        let seconds = now.0 / 1_000;
        let identity = &node.identity;
        let due = renew_from(identity, Use::Node, identity.validity()) <= seconds;
        let due = due || issuing_due(identity, seconds);
        let waits = self.attempts.get(&identity.division());
        // A clock that was put back holds nothing up.
        let longest = Timestamp(now.0 + 3_600_000);
        due && waits.is_none_or(|attempts| attempts.next <= now || attempts.next > longest)
    }

    async fn renew(
        &self,
        division: DivisionCode,
        node: &Node,
        now: Timestamp,
    ) -> Result<(), NotRenewed> {
        let seconds = now.0 / 1_000;
        let at = u64::try_from(seconds).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let identity = Arc::clone(&node.identity);
        let requests = blocking(move || {
            let issuing = issuing_due(&identity, seconds);
            identity.request_certificates(issuing)
        });
        let requests = requests.await?;
        let identity = Arc::clone(&node.identity);
        let parent = self.parents.get(&division);
        let renewed = match parent {
            Some(parent) => {
                let renewed = match identity.validity().is_over(seconds) {
                    // The parent takes no link with a certificate that is over.
                    true => {
                        let edition = node.office.tree().digest();
                        parent.readmit(&requests, edition, at).await?
                    }
                    false => parent.renew(&requests, at).await?,
                };
                parent.prove(&renewed).await?;
                renewed
            }
            None => {
                let own = Arc::clone(&identity);
                let signed = blocking(move || {
                    let signed = own.certify(division, &requests, at)?;
                    own.check_certificates(signed, at)
                });
                signed.await?
            }
        };
        let ends = renewed.not_after();
        blocking(move || identity.adopt(renewed)).await?;
        tracing::info!(%division, ends, "certificate renewed, and shown from now on");
        if let Some(parent) = parent {
            node.links.reopen(parent.parent);
        }
        tell_of_end(node).await;
        Ok(())
    }

    fn failed(&mut self, division: DivisionCode, node: &Node, (now, why): (Timestamp, String)) {
        let before = self
            .attempts
            .get(&division)
            .map_or(0, |attempts| attempts.failed);
        let failed = before.saturating_add(1);
        let wait = node.identity.validity().retry_after(failed, now.0 / 1_000);
        if failed.is_power_of_two() {
            tracing::warn!(%division, failed, error = why, "certificate not renewed");
        }
        let next = Timestamp(now.0 + wait * 1_000);
        let attempts = Attempts {
            failed,
            next,
            why: format!("{division}: {why}"),
        };
        self.attempts.insert(division, attempts);
    }
}

/// Raises the alarm that a certificate ends, or settles it.
async fn tell_of_end(node: &Node) {
    if let Err(error) = watch_end(node).await {
        tracing::error!(division = %node.office.me(), %error, "an alarm could not be written");
    }
}

fn renew_from(identity: &Identity, what: Use, validity: Validity) -> i64 {
    validity.renew_from(what, identity.chance())
}

/// Returns whether the issuing certificate of a node is to be renewed.
fn issuing_due(identity: &Identity, now: i64) -> bool {
    let issuing = identity.issuing_validity();
    issuing.is_some_and(|validity| renew_from(identity, Use::Issuing, validity) <= now)
}

impl Worker for Renewal {
    fn about(&self) -> About {
        About::process("renewal")
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(LOOK_EVERY))
    }
}
