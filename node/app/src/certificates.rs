//! Renewed certificates: shown to neighbours without a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use domain::{
    alarm::{AlarmKind, details},
    certificate::Validity,
};
use futures::future::BoxFuture;
use office::{Aborted, blocking};
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;
use web::state::Node;
use workers::{About, Failure, Next, Worker};

use super::causes;

/// How often the files of certificates are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Reads the certificate of a node again when its files were written.
pub(super) struct Certificates {
    nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// When the files of each node were written that were read last.
    read: BTreeMap<DivisionCode, SystemTime>,
    /// Nodes whose files cannot be read, and were not when it was logged.
    told: BTreeSet<DivisionCode>,
    /// Whether the certificate of each child was nearly over when it was looked at last.
    ending: BTreeMap<(DivisionCode, DivisionCode), bool>,
}

impl Certificates {
    /// Looks after the certificates of these nodes.
    pub(super) fn new(nodes: &Arc<BTreeMap<DivisionCode, Node>>) -> Self {
        Self {
            nodes: Arc::clone(nodes),
            // Files may have been written while the node started: the first look reads all of them.
            read: BTreeMap::new(),
            told: BTreeSet::new(),
            ending: BTreeMap::new(),
        }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        let nodes = Arc::clone(&self.nodes);
        let mut failed: Vec<String> = vec![];
        for (division, node) in nodes.iter() {
            if stop.is_cancelled() {
                break;
            }
            if let Err(cause) = self.look_at(*division, node).await {
                if self.told.insert(*division) {
                    tracing::warn!(%division, error = cause, "renewed certificate not read");
                }
                failed.push(format!("{division}: {cause}"));
            } else {
                self.told.remove(division);
            }
            if let Err(error) = self.look_below(*division, node).await {
                failed.push(format!("{division}: {error}"));
            }
        }
        match failed.last() {
            None => Ok(Next::Idle(None)),
            Some(last) => {
                let (failed, all) = (failed.len(), nodes.len());
                let cause = causes::some_nodes(failed, all, last);
                Err(Failure::paced(cause, None))
            }
        }
    }

    /// Tells when the certificate of a linked child is nearly over, which the child may not know: its clock may be slow.
    async fn look_below(&mut self, division: DivisionCode, node: &Node) -> Result<(), Aborted> {
        let (kind, now) = (AlarmKind::ChildCertificateEnds, node.office.now().0 / 1_000);
        for (child, state) in node.links.states() {
            let is_child = node.office.tree().parent(child) == Some(division);
            let shown = state.certificate.filter(|_| is_child && state.up);
            let Some(shown) = shown else { continue };
            let ends = shown.until_ms / 1_000;
            let soon = Validity::ends_soon(ends, now);
            if self.ending.get(&(division, child)) == Some(&soon) {
                continue;
            }
            let alarms = node.office.alarms();
            if soon {
                let ends = jiff::Timestamp::from_second(ends).unwrap_or_default();
                let detail = details::certificate_ends(ends);
                alarms.raise(kind, Some(child), &detail).await?;
            } else {
                alarms.settle(kind, Some(child)).await?;
            }
            self.ending.insert((division, child), soon);
        }
        Ok(())
    }

    async fn look_at(&mut self, division: DivisionCode, node: &Node) -> Result<(), String> {
        let known = self.read.get(&division).copied();
        let identity = Arc::clone(&node.identity);
        let looked = blocking(move || {
            let written = identity.renewed_at()?;
            let is_new = known != Some(written) && identity.reload()?;
            Ok::<_, identity::IdentityError>((written, is_new))
        });
        let (written, is_new) = looked.await.map_err(|error| error.to_string())?;
        self.read.insert(division, written);
        if is_new {
            let ends = node.identity.credentials().borrow().not_after;
            tracing::info!(%division, ends, "renewed certificate shown from now on");
            let watched = watch_end(node).await;
            watched.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl Worker for Certificates {
    fn about(&self) -> About {
        About::process("certificates")
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(LOOK_EVERY))
    }
}

/// Records when a node's certificate ends, and raises an alarm when that is near, because it was not renewed in time.
pub(super) async fn watch_end(node: &Node) -> Result<(), Aborted> {
    let kind = AlarmKind::CertificateEnds;
    let credentials = node.identity.credentials().borrow().clone();
    let ends = &node.office.metrics().certificate_ends;
    ends.set(credentials.not_after);
    if !node
        .identity
        .validity()
        .is_urgent(node.office.now().0 / 1_000)
    {
        return node.office.alarms().settle(kind, None).await;
    }
    let ends = jiff::Timestamp::from_second(credentials.not_after).unwrap_or_default();
    let detail = details::certificate_ends(ends);
    node.office.alarms().raise(kind, None, &detail).await
}
