//! Has one delivery worker for each webhook of a node.

use std::{collections::BTreeMap, sync::Arc};

use domain::hook::HookId;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use workers::{About, Failure, Handle, Next, Worker, Workers};

use super::{WebhookDispatcher, delivery::DeliveryWorker};

/// Starts a delivery worker when a webhook is named, and ends it when the webhook is removed.
pub(super) struct Dispatch {
    hooks: Arc<WebhookDispatcher>,
    workers: Workers,
    /// Rings when webhooks are named, removed or resumed.
    bell: watch::Receiver<()>,
    known: BTreeMap<HookId, Handle>,
}

impl Dispatch {
    pub(super) fn new(hooks: Arc<WebhookDispatcher>, workers: Workers) -> Self {
        Self {
            bell: hooks.office.webhooks().bell(),
            hooks,
            workers,
            known: BTreeMap::new(),
        }
    }

    async fn look(&mut self) -> Result<Next, Failure> {
        self.bell.mark_unchanged();
        let office = &self.hooks.office;
        let hooks = office.webhooks().all().await?;
        let named: Vec<HookId> = hooks.iter().map(|(hook, _)| hook.id).collect();
        for (_, worker) in self.known.extract_if(.., |id, _| !named.contains(id)) {
            worker.end();
        }
        for id in named {
            self.known.entry(id).or_insert_with(|| {
                let worker = DeliveryWorker::new(Arc::clone(&self.hooks), id);
                self.workers.start(worker)
            });
        }
        // A webhook that failed may be gone, or well again since the last run.
        office.webhooks().look_after().await?;
        Ok(Next::Idle(None))
    }
}

impl Worker for Dispatch {
    fn about(&self) -> About {
        About::node("webhooks", self.hooks.office.me())
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look())
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(rung(&mut self.bell))
    }
}

/// Waits until a bell rings; for ever once nobody can ring it.
pub(super) async fn rung<T>(bell: &mut watch::Receiver<T>) {
    if bell.changed().await.is_err() {
        std::future::pending().await
    }
}
