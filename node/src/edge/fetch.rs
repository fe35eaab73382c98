//! Bringing files that lie at other nodes: link by link towards where they are kept, a stretch at a time,
//! asked for by whoever wants them. Nothing is sent that was not asked for, so memory is bounded by what
//! may be asked for at a time, and whoever is cut off goes on where it was.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use futures::{StreamExt, stream};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{sleep, timeout},
};
use topology::DivisionCode;

use crate::{
    domain::{
        attachment::{FETCH_BYTES, Fetch, Fetched},
        suite::Digest,
    },
    office::{FileTrouble, Office, OfficeError, Serve, Wanted},
};

/// Stretches asked for at a time over one link, and answered to one neighbour.
pub const WINDOW: usize = 16;

/// Stretches this node looks for at a time on behalf of all neighbours.
const MOST_SERVED: usize = 256;

/// For one stretch, all the way there and back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that are written together.
const GATHERED: usize = 64 * FETCH_BYTES;

/// Waits before a busy node is asked again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_600),
];

/// A request that is to go over a link, and who waits for the answer.
pub(super) struct Errand {
    pub(super) fetch: Fetch,
    pub(super) answer: oneshot::Sender<Fetched>,
}

/// The fetches of one node.
pub struct Fetches {
    office: Arc<Office>,
    lines: Mutex<HashMap<DivisionCode, mpsc::Sender<Errand>>>,
    under_way: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
    served: Semaphore,
}

impl Fetches {
    /// The fetches of this office's node.
    pub fn new(office: Arc<Office>) -> Self {
        Self {
            office,
            lines: Mutex::default(),
            under_way: Mutex::default(),
            served: Semaphore::new(MOST_SERVED),
        }
    }

    /// What is to go over the link to a neighbour, from now on over this conversation.
    pub(super) fn line(&self, neighbour: DivisionCode) -> mpsc::Receiver<Errand> {
        let (line, errands) = mpsc::channel(WINDOW);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(neighbour, line);
        errands
    }

    /// Asks a neighbour.
    async fn ask(&self, neighbour: DivisionCode, fetch: Fetch) -> Fetched {
        let line = {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.get(&neighbour).cloned()
        };
        let asked = async {
            let (answer, answered) = oneshot::channel();
            line?.send(Errand { fetch, answer }).await.ok()?;
            answered.await.ok()
        };
        let answer = timeout(PATIENCE, asked).await.ok().flatten();
        answer.unwrap_or(Fetched::Unreached(neighbour))
    }

    /// Answers a neighbour: from what is here, or with what the next node on the way answers.
    pub(super) async fn serve(&self, from: DivisionCode, fetch: Fetch) -> Fetched {
        let Ok(_place) = self.served.try_acquire() else {
            return Fetched::Busy;
        };
        match self.office.asked_for_file(from, &fetch).await {
            Ok(Serve::Answer(answer)) => answer,
            Ok(Serve::Carry(next)) => self.ask(next, fetch).await,
            Err(error) => {
                tracing::error!(neighbour = %from, matter = %fetch.matter, %error, "file not read");
                Fetched::Unreached(self.office.me())
            }
        }
    }

    /// Brings a file here, whole, checked and on the disk when this returns. One at a time brings it;
    /// others wait for that.
    ///
    /// # Errors
    /// Why it is not here yet. What came so far stays for the next time.
    pub async fn bring(&self, wanted: Wanted) -> Result<(), OfficeError> {
        let digest = wanted.fetch.digest;
        let gate = {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Those nobody waits for any more.
            under_way.retain(|_, gate| Arc::strong_count(gate) > 1);
            Arc::clone(under_way.entry(digest).or_default())
        };
        let _one = gate.lock().await;
        if self.office.has_file(digest).await? {
            return Ok(());
        }
        let Fetch { held_by, asker, .. } = wanted.fetch;
        let unreached = |beyond| OfficeError::from(FileTrouble::Unreached { held_by, beyond });
        let tree = self.office.tree();
        let next = tree.next_hop(asker, held_by);
        let next = next.ok_or_else(|| unreached(held_by))?;
        let mut fetching = self.office.begin_fetch(wanted).await?;
        while let Some(first) = fetching.next() {
            let end = fetching.sealed_bytes().min(first.at + GATHERED as u64);
            let stretches = (first.at..end).step_by(FETCH_BYTES);
            let asked = stretches.map(|at| self.ask_patiently(next, Fetch { at, ..first }));
            let mut answers = stream::iter(asked).buffered(WINDOW);
            let mut gathered = BytesMut::new();
            let mut trouble = None;
            while let Some(answer) = answers.next().await {
                match answer {
                    Fetched::Bytes(bytes) => {
                        let left = (end - first.at) as usize - gathered.len();
                        if bytes.len() != left.min(FETCH_BYTES) {
                            trouble = Some(FileTrouble::Wrong(next));
                            break;
                        }
                        gathered.extend_from_slice(&bytes);
                    }
                    Fetched::Gone => trouble = Some(FileTrouble::Missing(held_by)),
                    Fetched::NotEntitled => trouble = Some(FileTrouble::NotYet(next)),
                    Fetched::Busy => {
                        let beyond = next;
                        trouble = Some(FileTrouble::Unreached { held_by, beyond });
                    }
                    Fetched::Unreached(beyond) => {
                        trouble = Some(FileTrouble::Unreached { held_by, beyond });
                    }
                }
                if trouble.is_some() {
                    break;
                }
            }
            drop(answers);
            if !gathered.is_empty() {
                let gathered = gathered.freeze();
                self.office.go_on_fetching(&mut fetching, gathered).await?;
            }
            if let Some(trouble) = trouble {
                return Err(trouble.into());
            }
        }
        Ok(())
    }

    async fn ask_patiently(&self, neighbour: DivisionCode, fetch: Fetch) -> Fetched {
        for pause in PAUSES {
            match self.ask(neighbour, fetch).await {
                Fetched::Busy => sleep(pause).await,
                answer => return answer,
            }
        }
        self.ask(neighbour, fetch).await
    }
}
