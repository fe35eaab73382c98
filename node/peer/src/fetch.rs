//! Bringing files that lie at other nodes: link by link towards where they are kept, a stretch at a time,
//! asked for by whoever wants them. Nothing is sent that was not asked for, so memory is bounded by what
//! may be asked for at a time, and whoever is cut off goes on where it was.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use domain::{
    attachment::{FETCH_BYTES, Fetch, Fetched},
    suite::Digest,
};
use futures::{StreamExt, stream};
use office::{Fetching, FileTrouble, Office, OfficeError, Serve, Wanted};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{sleep, timeout},
};
use topology::DivisionCode;

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
    lines: Mutex<HashMap<DivisionCode, mpsc::Sender<Box<Errand>>>>,
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
    pub(super) fn line(&self, neighbour: DivisionCode) -> mpsc::Receiver<Box<Errand>> {
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
            line?.send(Box::new(Errand { fetch, answer })).await.ok()?;
            answered.await.ok()
        };
        let answer = timeout(PATIENCE, asked).await.ok().flatten();
        answer.unwrap_or(Fetched::Unreached(neighbour))
    }

    /// Answers a neighbour: from what is here, with what the next node on the way answers, or once what
    /// was handed in here and is damaged was brought back.
    pub(super) async fn serve(&self, from: DivisionCode, fetch: Fetch) -> Fetched {
        let Ok(_place) = self.served.try_acquire() else {
            return Fetched::Busy;
        };
        let served = async {
            match self.office.asked_for_file(from, &fetch).await? {
                Serve::Answer(answer) => Ok(answer),
                Serve::Carry(next) => Ok(self.ask(next, fetch).await),
                Serve::Restore(wanted) => {
                    self.bring(*wanted).await?;
                    match self.office.asked_for_file(from, &fetch).await? {
                        Serve::Answer(answer) => Ok(answer),
                        Serve::Carry(_) | Serve::Restore(_) => Ok(Fetched::Gone),
                    }
                }
            }
        };
        match served.await {
            Ok(answer) => answer,
            Err(OfficeError::File(FileTrouble::Missing(_))) => Fetched::Gone,
            Err(OfficeError::File(FileTrouble::Unreached { beyond, .. })) => {
                Fetched::Unreached(beyond)
            }
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
        if self.office.has_file(&wanted).await? {
            return Ok(());
        }
        let mut trouble = wanted.nowhere();
        let sources = wanted.sources.clone();
        let mut fetching = self.office.begin_fetch(wanted).await?;
        for source in sources {
            fetching.look_towards(source);
            match self.bring_from(&mut fetching, source).await {
                Ok(()) => return Ok(()),
                Err(OfficeError::File(FileTrouble::Missing(_))) => {}
                // Later it may be there, which counts for more than that somebody has it no more.
                Err(OfficeError::File(
                    later @ (FileTrouble::Unreached { .. }
                    | FileTrouble::NotYet(_)
                    | FileTrouble::Wrong(_)),
                )) => {
                    if matches!(trouble, FileTrouble::Missing(_) | FileTrouble::Damaged(..)) {
                        trouble = later;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        Err(trouble.into())
    }

    /// Goes on with a fetch towards one division.
    async fn bring_from(
        &self,
        fetching: &mut Fetching,
        source: DivisionCode,
    ) -> Result<(), OfficeError> {
        let unreached = |beyond| FileTrouble::Unreached {
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
                            trouble = Some(FileTrouble::Wrong(next));
                            break;
                        }
                        gathered.extend_from_slice(&bytes);
                    }
                    Fetched::Gone => trouble = Some(FileTrouble::Missing(source)),
                    Fetched::NotEntitled => trouble = Some(FileTrouble::NotYet(next)),
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
                self.office.go_on_fetching(fetching, gathered).await?;
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
