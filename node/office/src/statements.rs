//! Key statements about this node, its children and theirs, whether they count or not: kept, passed on to
//! neighbours whom they concern, and shown to people.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    ids::KeyId,
    suite::{Digest, Suite},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{Range, record};
use tokio::sync::watch;
use topology::{DivisionCode, Tree};

use super::{Office, OfficeError, keys};

/// Statements that do not count are kept for one division up to so many; the alarm stands for the rest.
const MOST_REFUSED: usize = 8;

/// Why a key was not countersigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountersignRefusal {
    /// Only the division above the parent countersigns.
    #[error(
        "{0} does not stand two tiers below this node; the division above its parent countersigns"
    )]
    NotBelow(DivisionCode),
    /// Nothing waits.
    #[error(
        "no key of {0} waits for a countersignature here; `wujitong key list` shows what there is"
    )]
    Nothing(DivisionCode),
    /// More than one waits.
    #[error("several keys of {0} wait; say which with `--key`, `wujitong key list` shows them")]
    Several(DivisionCode),
    /// Something else is wrong with it.
    #[error("the statement of the key of {0} does not hold: {1}")]
    DoesNotHold(DivisionCode, String),
}

/// A key statement somebody showed this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Whose key.
    pub division: DivisionCode,
    /// Which.
    pub key: KeyId,
    /// Its number.
    pub serial: u32,
    /// Whether somebody besides the parent signed.
    pub endorsed: bool,
    /// The signed statement.
    pub bytes: Bytes,
    /// Why it did not count when it was shown; `None` if it did.
    pub refused: Option<String>,
    /// Who showed it; `None` if it was in this node's own files.
    pub from: Option<DivisionCode>,
    /// When, by this node's clock.
    pub heard: Timestamp,
}

domain::records!(Stated);

impl Stated {
    fn digest(&self) -> Digest {
        Suite::P256Sha256.digest(&[&self.bytes])
    }
}

/// One digest over statements, in whatever order they are given.
pub fn digest<'a>(known: impl Iterator<Item = &'a Stated>) -> Digest {
    let mut all: Vec<_> = known.map(Stated::digest).collect();
    all.sort_unstable();
    Suite::P256Sha256.digest(&[b"wujitong/key-statements/sha-256/1", &all.concat()])
}

/// Whether a statement about `division` is for `me` to keep: it is about me, a child, or a child of one.
pub fn concerns(me: DivisionCode, division: DivisionCode, tree: &Tree) -> bool {
    let parent = tree.parent(division);
    let above = parent.and_then(|parent| tree.parent(parent));
    [Some(division), parent, above].contains(&Some(me))
}

impl Office {
    /// Keeps what was not kept before; gives what is new, or counts now and did not before.
    pub async fn keep_statements(&self, shown: Vec<Stated>) -> Result<Vec<Stated>, OfficeError> {
        if shown.is_empty() {
            return Ok(vec![]);
        }
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let mut refused: BTreeMap<DivisionCode, usize> = BTreeMap::new();
        let mut new = vec![];
        for stated in shown {
            let key = keys::stated(stated.division, stated.key);
            let known: Option<Stated> = match view.peek(&key).await? {
                Some(bytes) => Some(record::read(&bytes)?),
                None => None,
            };
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
                        let prefix = keys::stated_of(stated.division);
                        let found = view.scan(Range::prefix(&prefix), usize::MAX, false).await?;
                        let all = found.iter().map(|(_, bytes)| record::read::<Stated>(bytes));
                        let all: Vec<_> = all.collect::<Result<_, _>>()?;
                        all.iter().filter(|stated| stated.refused.is_some()).count()
                    }
                };
                refused.insert(stated.division, count + 1);
                if count >= MOST_REFUSED {
                    continue;
                }
            }
            view.put(key, record::write(&stated));
            new.push(stated);
        }
        if !new.is_empty() {
            // Lost ones are shown again; nothing is acknowledged by keeping them.
            view.is_outcome();
            let _not_awaited = view.submit().await?;
            self.stated.send_modify(|count| *count += 1);
        }
        Ok(new)
    }

    /// Every statement this node keeps, by division and number.
    pub async fn statements(&self) -> Result<Vec<Stated>, OfficeError> {
        let records = self
            .read_all(Range::prefix(keys::STATED), usize::MAX)
            .await?;
        let mut all: Vec<Stated> = records.into_iter().map(|(_, stated)| stated).collect();
        all.sort_by_key(|stated| (stated.division, stated.serial, stated.key));
        Ok(all)
    }

    /// Those about `lower` and the divisions directly below it.
    pub async fn statements_about(&self, lower: DivisionCode) -> Result<Vec<Stated>, OfficeError> {
        let tree = &self.dependencies.tree;
        let about = |of| of == lower || tree.parent(of) == Some(lower);
        let mut all = self.statements().await?;
        all.retain(|stated| about(stated.division));
        Ok(all)
    }

    /// Changes when there are new statements.
    pub fn watch_statements(&self) -> watch::Receiver<u64> {
        self.stated.subscribe()
    }
}
