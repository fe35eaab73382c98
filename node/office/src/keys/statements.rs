//! Key statements about this node, its children and their children, whether they count or not:
//! kept, passed on to the neighbours they concern, and shown to people.

use std::collections::BTreeMap;

use domain::suite::{Digest, Suite};
use records::table::Table;
use store::record::RecordError;
use tokio::sync::watch;
use topology::{DivisionCode, Tree};

pub use crate::tables::keys::Stated;
use crate::{Fault, RefusalReason, services::Keys, tables, unit_of_work::LogDraft};

/// The most statements kept for one division that do not count; the alarm stands for the rest.
const MOST_REFUSED: usize = 8;

/// The reason why a key is not countersigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountersignRefusal {
    /// Only the division above the parent countersigns.
    #[error(
        "{0} does not stand two tiers below this node; the division above its parent countersigns"
    )]
    NotBelow(DivisionCode),
    /// No key waits.
    #[error("no key of {0} waits for a countersignature here; `wujitong key list` shows the keys")]
    Nothing(DivisionCode),
    /// Several keys wait.
    #[error("several keys of {0} wait; name one with `--key`, `wujitong key list` shows them")]
    Several(DivisionCode),
    /// The statement is not valid.
    #[error("the statement of the key of {0} is not valid: {1}")]
    DoesNotHold(DivisionCode, String),
}

impl RefusalReason for CountersignRefusal {}

impl Stated {
    fn digest(&self) -> Digest {
        Suite::P256Sha256.digest(&[&self.bytes])
    }
}

/// Returns one digest over statements, in any order.
pub fn digest<'a>(known: impl Iterator<Item = &'a Stated>) -> Digest {
    let mut all: Vec<_> = known.map(Stated::digest).collect();
    all.sort_unstable();
    Suite::P256Sha256.digest(&[b"wujitong/key-statements/sha-256/1", &all.concat()])
}

/// Returns whether `me` keeps a statement about `division`: it is about `me`, a child, or a child
/// of a child.
pub fn concerns(me: DivisionCode, division: DivisionCode, tree: &Tree) -> bool {
    let parent = tree.parent(division);
    let above = parent.and_then(|parent| tree.parent(parent));
    [Some(division), parent, above].contains(&Some(me))
}

impl Keys<'_> {
    /// Keeps new statements; returns those that are new, or that count now and did not before.
    pub async fn keep_statements(self, shown: Vec<Stated>) -> Result<Vec<Stated>, Fault> {
        if shown.is_empty() {
            return Ok(vec![]);
        }
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let mut refused: BTreeMap<DivisionCode, usize> = BTreeMap::new();
        let (mut new, mut leaves) = (vec![], vec![]);
        for stated in shown {
            let key = (stated.division, stated.key);
            let known = view.get::<tables::StatedKeys>(&key).await?;
            let better = |known: &Stated| {
                let counts_now = stated.refused.is_none() || stated.endorsed && !known.endorsed;
                known.refused.is_some() && counts_now
            };
            if known.as_ref().is_some_and(|known| !better(known)) {
                continue;
            }
            if stated.refused.is_some() && known.is_none() {
                let count = match refused.get(&stated.division) {
                    Some(count) => *count,
                    None => {
                        let all = tables::StatedKeys::under(&stated.division);
                        let all = view.scan(all, usize::MAX).await?;
                        let refused = all.iter().filter(|(_, stated)| stated.refused.is_some());
                        refused.count()
                    }
                };
                refused.insert(stated.division, count + 1);
                if count >= MOST_REFUSED {
                    continue;
                }
            }
            view.put::<tables::StatedKeys>(&key, &stated);
            if self.states(&stated) {
                leaves.push(LogDraft::key(stated.division, stated.key, &stated.bytes));
            }
            new.push(stated);
        }
        if !new.is_empty() {
            let epoch = view.get::<tables::Ledger>(&()).await?;
            let epoch = epoch.ok_or(RecordError::Damaged("ledger"))?.epoch;
            let due = self.head_due().filter(|_| !leaves.is_empty());
            self.append(&mut view, epoch, leaves).await?;
            // Lost statements are shown again; keeping them acknowledges nothing.
            view.is_outcome();
            let _not_awaited = view.submit().await?;
            self.stated.send_modify(|count| *count += 1);
            if let Some(due) = due {
                self.dependencies.due.wake_by(self.me, due);
            }
        }
        Ok(new)
    }

    /// Returns whether a statement is one that this division made: of the key of a child, or of the root's own.
    fn states(self, stated: &Stated) -> bool {
        let above = self.dependencies.tree.parent(stated.division);
        stated.refused.is_none() && above.unwrap_or(stated.division) == self.me
    }

    /// Returns every statement that this node keeps, by division and number.
    pub async fn statements(self) -> Result<Vec<Stated>, Fault> {
        let records = self.list(tables::StatedKeys::all(), usize::MAX).await?;
        let mut all: Vec<Stated> = records.into_iter().map(|(_, stated)| stated).collect();
        all.sort_by_key(|stated| (stated.division, stated.serial, stated.key));
        Ok(all)
    }

    /// Returns the statements about `lower` and the divisions directly below it.
    pub async fn statements_about(self, lower: DivisionCode) -> Result<Vec<Stated>, Fault> {
        let tree = &self.dependencies.tree;
        let about = |of| of == lower || tree.parent(of) == Some(lower);
        let mut all = self.statements().await?;
        all.retain(|stated| about(stated.division));
        Ok(all)
    }

    /// Returns a receiver that changes when there are new statements.
    pub fn watch_statements(self) -> watch::Receiver<u64> {
        self.stated.subscribe()
    }
}
