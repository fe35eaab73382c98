//! Exchange of key statements over one session: the lower side and all directly below it see every
//! statement made for them, and so does the upper side.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use domain::{authority::Neighbour, suite::Digest};
use office::{Failed, Office, Stated, statements_digest};
use tokio::sync::watch;
use topology::DivisionCode;
use wire::frame::{Frame, MOST_KEYS_SHOWN};

use super::{SessionContext, malformed, office_ended};
use crate::{
    keys::{NotAdmitted, admit},
    link::Ended,
};

/// Most statements that are remembered as shown by the other side.
const MOST_REMEMBERED: usize = 8192;

/// The statements that were shown, and those to be shown.
pub(super) struct KeysShown {
    office: Arc<Office>,
    /// The lower of the two sides.
    lower: DivisionCode,
    /// `None` if the neighbour does not exchange key statements.
    changes: Option<watch::Receiver<u64>>,
    shown: HashSet<Bytes>,
    waiting: VecDeque<Frame>,
}

/// Returns the lower side of a link.
pub(crate) const fn lower(me: DivisionCode, from: Neighbour) -> DivisionCode {
    match from {
        Neighbour::Parent(_) => me,
        Neighbour::Child(child) => child,
    }
}

impl KeysShown {
    /// Starts the exchange with a neighbour whose statements have the digest `theirs`.
    pub(super) async fn new(
        office: &Arc<Office>,
        from: Neighbour,
        theirs: Option<Digest>,
    ) -> Result<Self, Ended> {
        let mut this = Self {
            office: Arc::clone(office),
            lower: lower(office.me(), from),
            changes: theirs.is_some().then(|| office.keys().watch_statements()),
            shown: HashSet::new(),
            waiting: VecDeque::new(),
        };
        let Some(theirs) = theirs else {
            return Ok(this);
        };
        let mine = this.mine().await?;
        match statements_digest(mine.iter()) == theirs {
            true => this
                .shown
                .extend(mine.into_iter().map(|stated| stated.bytes)),
            false => this.show(mine),
        }
        Ok(this)
    }

    async fn mine(&self) -> Result<Vec<Stated>, Ended> {
        let about = self.office.keys().statements_about(self.lower).await;
        about.map_err(office_ended)
    }

    fn show(&mut self, all: Vec<Stated>) {
        let new = all.into_iter().map(|stated| stated.bytes);
        let new: Vec<_> = new
            .filter(|bytes| self.shown.insert(bytes.clone()))
            .collect();
        let frames = new.chunks(MOST_KEYS_SHOWN);
        self.waiting
            .extend(frames.map(|some| Frame::Keys(some.to_vec())));
    }

    /// Waits until a new statement may have to be shown.
    pub(super) async fn changed(&mut self) {
        if let Some(changes) = &mut self.changes
            && changes.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// Queues new statements.
    pub(super) async fn look(&mut self) -> Result<(), Ended> {
        let mine = self.mine().await?;
        self.show(mine);
        Ok(())
    }

    /// Notes that the other has these statements.
    pub(super) fn heard(&mut self, statements: &[Bytes]) {
        if self.shown.len() < MOST_REMEMBERED {
            self.shown.extend(statements.iter().cloned());
        }
    }

    pub(super) fn may_send(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn take(&mut self) -> Option<Frame> {
        self.waiting.pop_front()
    }
}

impl SessionContext {
    /// Adds key statements to the ring, and stores those that are new or concern this node. If
    /// `all`, known ones are stored too: with many nodes in a process, the ring knows statements
    /// this node was never shown.
    pub(super) async fn admit_keys(
        &self,
        statements: &[Bytes],
        from: DivisionCode,
        all: bool,
    ) -> Result<(), Ended> {
        let parts = (&*self.office, &*self.identity, &*self.keys);
        let admitted = admit(parts, statements, from, all).await;
        admitted.map_err(|failed| match failed {
            Failed::Refused(NotAdmitted(why)) => malformed(&why),
            Failed::Aborted(aborted) => office_ended(aborted),
        })
    }
}
