//! Fetches files that are stored at other nodes: link by link towards the node that keeps them, one
//! range at a time. Nothing is sent unrequested, so memory is bounded by the number of open
//! requests, and an interrupted fetch continues where it stopped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use domain::{
    fetch::{FETCH_BYTES, Fetch, Fetched},
    suite::Digest,
};
use futures::{StreamExt, stream};
use office::{Failed, Fetching, FileRefusal, Office, Serve, Wanted};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{sleep, timeout},
};
use topology::DivisionCode;

/// Most ranges requested at a time over one link, and answered at a time to one neighbour.
pub const WINDOW: usize = 16;

/// Most requests this node handles at a time for all neighbours together.
const MOST_SERVED: usize = 256;

/// Longest wait for one range, over the whole path and back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that are written to disk together.
const GATHERED: usize = 64 * FETCH_BYTES;

/// Waits before a busy node is asked again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_600),
];

/// A request to send over a link, and the channel for its answer.
pub(super) struct Errand {
    pub(super) fetch: Fetch,
    pub(super) answer: oneshot::Sender<Fetched>,
}

/// The fetches of one node.
pub struct Fetches {
    office: Arc<Office>,
    lines: Mutex<HashMap<DivisionCode, mpsc::Sender<Box<Errand>>>>,
    under_way: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
    served: Semaphore,
}

impl Fetches {
    /// Builds the fetches of this office's node.
    pub fn new(office: Arc<Office>) -> Self {
        Self {
            office,
            lines: Mutex::default(),
            under_way: Mutex::default(),
            served: Semaphore::new(MOST_SERVED),
        }
    }

    /// Returns the requests to send to a neighbour; the newest session with it gets them.
    pub(super) fn line(&self, neighbour: DivisionCode) -> mpsc::Receiver<Box<Errand>> {
        let (line, errands) = mpsc::channel(WINDOW);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(neighbour, line);
        errands
    }

    /// Sends a request to a neighbour and waits for the answer.
    async fn ask(&self, neighbour: DivisionCode, fetch: Fetch) -> Fetched {
        let line = {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.get(&neighbour).cloned()
        };
        let asked = async {
            let (answer, answered) = oneshot::channel();
            line?.send(Box::new(Errand { fetch, answer })).await.ok()?;
            answered.await.ok()
        };
        let answer = timeout(PATIENCE, asked).await.ok().flatten();
        answer.unwrap_or(Fetched::Unreached(neighbour))
    }

    /// Answers a neighbour's request: from this node's files, with the answer of the next node on
    /// the path, or after restoring a damaged file that was handed in here.
    pub(super) async fn serve(&self, from: DivisionCode, fetch: Fetch) -> Fetched {
        let Ok(_place) = self.served.try_acquire() else {
            return Fetched::Busy;
        };
        let served = async {
            match self.office.files().asked_for_file(from, &fetch).await? {
                Serve::Answer(answer) => Ok(answer),
                Serve::Carry(next) => Ok(self.ask(next, fetch).await),
                Serve::Restore(wanted) => {
                    self.bring(*wanted).await?;
                    match self.office.files().asked_for_file(from, &fetch).await? {
                        Serve::Answer(answer) => Ok(answer),
                        Serve::Carry(_) | Serve::Restore(_) => Ok(Fetched::Gone),
                    }
                }
            }
        };
        match served.await {
            Ok(answer) => answer,
            Err(Failed::Refused(FileRefusal::Missing(_))) => Fetched::Gone,
            Err(Failed::Refused(FileRefusal::Unreached { beyond, .. })) => {
                Fetched::Unreached(beyond)
            }
            Err(error) => {
                tracing::error!(neighbour = %from, matter = %fetch.matter, %error, "file not read");
                Fetched::Unreached(self.office.me())
            }
        }
    }

    /// Fetches a file; it is complete, checked and durable when this returns. Only one task at a
    /// time fetches a file; the others wait for it.
    ///
    /// # Errors
    /// The reason it is not here yet. The part that arrived is kept for the next attempt.
    pub async fn bring(&self, wanted: Wanted) -> Result<(), Failed<FileRefusal>> {
        let digest = wanted.fetch.digest;
        let gate = {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Removes the locks nobody waits for.
            under_way.retain(|_, gate| Arc::strong_count(gate) > 1);
            Arc::clone(under_way.entry(digest).or_default())
        };
        let _one = gate.lock().await;
        if self.office.files().has_file(&wanted).await? {
            return Ok(());
        }
        let mut trouble = wanted.nowhere();
        let sources = wanted.sources.clone();
        let mut fetching = self.office.files().begin_fetch(wanted).await?;
        for source in sources {
            fetching.look_towards(source);
            match self.bring_from(&mut fetching, source).await {
                Ok(()) => return Ok(()),
                Err(Failed::Refused(FileRefusal::Missing(_))) => {}
                // A source that may have the file later counts for more than one that no longer has
                // it.
                Err(Failed::Refused(
                    later @ (FileRefusal::Unreached { .. }
                    | FileRefusal::NotYet(_)
                    | FileRefusal::Wrong(_)),
                )) => {
                    if matches!(trouble, FileRefusal::Missing(_) | FileRefusal::Damaged(..)) {
                        trouble = later;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        Err(trouble.into())
    }

    /// Continues a fetch towards one division.
    async fn bring_from(
        &self,
        fetching: &mut Fetching,
        source: DivisionCode,
    ) -> Result<(), Failed<FileRefusal>> {
        let unreached = |beyond| FileRefusal::Unreached {
            held_by: source,
            beyond,
        };
        let tree = self.office.tree();
        let next = tree.next_hop(self.office.me(), source);
        let next = next.ok_or_else(|| unreached(source))?;
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
                            trouble = Some(FileRefusal::Wrong(next));
                            break;
                        }
                        gathered.extend_from_slice(&bytes);
                    }
                    Fetched::Gone => trouble = Some(FileRefusal::Missing(source)),
                    Fetched::NotEntitled => trouble = Some(FileRefusal::NotYet(next)),
                    Fetched::Busy => trouble = Some(unreached(next)),
                    Fetched::Unreached(beyond) => trouble = Some(unreached(beyond)),
                }
                if trouble.is_some() {
                    break;
                }
            }
            drop(answers);
            if !gathered.is_empty() {
                let gathered = gathered.freeze();
                self.office
                    .files()
                    .go_on_fetching(fetching, gathered)
                    .await?;
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
