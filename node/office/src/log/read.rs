//! Heads, tiles and proofs, all of what is durable.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use domain::{
    ids::{EpochId, MatterId},
    receipt::{LogProof, ProvenLeaf},
    statement::Proof,
};
use futures::future::BoxFuture;
use log::{Hash, Node, Part, Tile, TileLevel, bundle, fold, leaf_hash};
use records::table::{Plain, Table, Tables, View};
use store::{Snapshot, record::RecordError};

use super::{LogHead, append::TILE, countersigned::best_for, openings::openings, pack::root_of};
use crate::{
    Fault, RefusalReason,
    services::Log,
    tables::{
        self,
        log::{LeafOpening, LogState},
    },
};

/// The refusal of something that a log does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInLog {
    /// There is no log of this life of the store.
    #[error("this node has no log of that epoch; `wujitong log show` lists those it has")]
    Epoch,
    /// Nobody countersigned a head of it yet.
    #[error(
        "no head of this log was countersigned yet; ask again when the divisions above were met"
    )]
    Countersigned,
    /// It has no such tile, or not yet.
    #[error(
        "the log does not have this tile, or not in this width; read the checkpoint for its size"
    )]
    Tile,
}

impl RefusalReason for NotInLog {}

/// A log while it is read: its state, and the tiles read so far.
pub(super) struct Reading<'v, V> {
    view: &'v mut Tables<V>,
    epoch: EpochId,
    state: LogState,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl Log<'_> {
    /// Returns the heads of all logs of this node, in the order of their epochs' ids.
    ///
    /// # Errors
    /// The store's.
    pub async fn heads(self) -> Result<Vec<LogHead>, Fault> {
        let all = self.list(tables::LogStates::all(), usize::MAX).await?;
        Ok(all
            .into_iter()
            .map(|(epoch, state)| state.head(epoch))
            .collect())
    }

    /// Returns the head of a log.
    ///
    /// # Errors
    /// [`NotInLog::Epoch`]; or the store's.
    pub async fn head(self, epoch: EpochId) -> Result<LogHead, crate::Failed<NotInLog>> {
        let state = self.one::<tables::LogStates>(&epoch).await?;
        Ok(state.ok_or(NotInLog::Epoch)?.head(epoch))
    }

    /// Returns the head with most countersignatures, and of those the greatest, as a receipt has it, with no leaves; the
    /// present head if nobody countersigned one.
    ///
    /// # Errors
    /// [`NotInLog::Epoch`]; or the store's.
    pub async fn proven_head(self, epoch: EpochId) -> Result<LogProof, crate::Failed<NotInLog>> {
        let mut view = self.read()?;
        let reading = Reading::begin(&mut view, epoch).await?;
        let mut reading = reading.ok_or(NotInLog::Epoch)?;
        let (size, countersigned) = reading.head_for(0).await?;
        let proof = LogProof {
            epoch,
            size,
            root: reading.root_at(size).await?,
            leaves: vec![],
            countersigned,
        };
        Ok(view.finish(proof).await?)
    }

    /// Returns a tile, of any width up to what the log has.
    ///
    /// # Errors
    /// [`NotInLog`]; or the store's.
    pub async fn tile(self, epoch: EpochId, tile: Tile) -> Result<Bytes, crate::Failed<NotInLog>> {
        let mut view = self.read()?;
        let mut reading = Reading::begin(&mut view, epoch).await?;
        let reading = reading.as_mut().ok_or(NotInLog::Epoch)?;
        if !tile.is_in(reading.state.frontier.size()) {
            return Err(NotInLog::Tile.into());
        }
        let bytes = match tile.level {
            TileLevel::Entries => reading.entries(tile).await?,
            TileLevel::Hashes(level) => {
                let hashes = reading.hashes(level, tile.index).await?;
                hashes[..tile.width.into()].concat().into()
            }
        };
        Ok(view.finish(bytes).await?)
    }
}

impl Log<'_> {
    /// Returns the entry at a position and the proof that the tree of `size` entries contains it.
    ///
    /// # Errors
    /// [`NotInLog`]; or the store's.
    pub async fn inclusion(
        self,
        epoch: EpochId,
        index: u64,
        size: u64,
    ) -> Result<(Bytes, Vec<Hash>), crate::Failed<NotInLog>> {
        let mut view = self.read()?;
        let reading = Reading::begin(&mut view, epoch).await?;
        let mut reading = reading.ok_or(NotInLog::Epoch)?;
        let parts = log::inclusion(index, size).map_err(|_| NotInLog::Tile)?;
        if size > reading.state.frontier.size() {
            return Err(NotInLog::Tile.into());
        }
        let entry = reading.entry(index).await?;
        let (entry, _) = entry.ok_or(NotInLog::Tile)?;
        let proof = reading.look_up(parts).await?;
        Ok(view.finish((entry, proof)).await?)
    }

    /// Returns the proof that the tree of `new` entries begins with that of `old`, and both roots.
    ///
    /// # Errors
    /// [`NotInLog`]; or the store's.
    pub async fn consistency(
        self,
        epoch: EpochId,
        (old, new): (u64, u64),
    ) -> Result<([Hash; 2], Vec<Hash>), crate::Failed<NotInLog>> {
        let mut view = self.read()?;
        let reading = Reading::begin(&mut view, epoch).await?;
        let mut reading = reading.ok_or(NotInLog::Epoch)?;
        if old == 0 || old > new || new > reading.state.frontier.size() {
            return Err(NotInLog::Tile.into());
        }
        let roots = [reading.root_at(old).await?, reading.root_at(new).await?];
        let proof = reading.consistency(old, new).await?;
        Ok(view.finish((roots, proof)).await?)
    }

    /// Returns how many bytes the records of all logs have: entries, bundles and tiles.
    ///
    /// # Errors
    /// The store's.
    pub async fn bytes(self) -> Result<u64, Fault> {
        let mut view = self.read()?;
        let mut bytes = 0;
        bytes += total::<tables::LogEntries>(&mut view).await?;
        bytes += total::<tables::LogBundles>(&mut view).await?;
        bytes += total::<tables::LogTiles>(&mut view).await?;
        Ok(view.finish(bytes).await?)
    }
}

/// Returns how many bytes the keys and records of a table have, read some at a time.
async fn total<T: Table<Record = Plain>>(view: &mut Tables<Snapshot>) -> Result<u64, Fault> {
    const PAGE: usize = 64;
    let (mut bytes, mut after) = (0, None);
    loop {
        let page = view.scan(T::all().after(after.as_ref()), PAGE).await?;
        let of_page = page
            .iter()
            .map(|(key, value)| T::key(key).len() + value.0.len());
        bytes += of_page.sum::<usize>() as u64;
        match page.into_iter().last() {
            Some((last, _)) => after = Some(last),
            None => return Ok(bytes),
        }
    }
}

impl LogState {
    fn head(&self, epoch: EpochId) -> LogHead {
        LogHead {
            epoch,
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}

impl<'v, V: View + Send> Reading<'v, V> {
    pub(super) async fn begin(
        view: &'v mut Tables<V>,
        epoch: EpochId,
    ) -> Result<Option<Self>, Fault> {
        let state = view.get::<tables::LogStates>(&epoch).await?;
        Ok(state.map(|state| Self {
            view,
            epoch,
            state,
            tiles: HashMap::new(),
        }))
    }

    /// Returns the present head.
    pub(super) fn head(&self) -> LogHead {
        self.state.head(self.epoch)
    }

    /// Returns the root that the tree had with so many leaves, of which it has at least as many now.
    pub(super) async fn root_at(&mut self, size: u64) -> Result<Hash, Fault> {
        let whole = log::whole(size);
        let whole = whole.map_err(|_| RecordError::Damaged("size of the log"))?;
        let root = self.look_up(vec![whole]).await?;
        Ok(root[0])
    }

    /// Returns the proof that the tree of `new` leaves begins with that of `old` leaves.
    pub(super) async fn consistency(&mut self, old: u64, new: u64) -> Result<Vec<Hash>, Fault> {
        let parts = log::consistency(old, new);
        let parts = parts.map_err(|_| RecordError::Damaged("size of the log"))?;
        self.look_up(parts).await
    }

    /// Returns the roots of the countersigned heads that are kept, by their sizes.
    pub(super) async fn countersigned(&mut self) -> Result<BTreeMap<u64, Hash>, Fault> {
        let rows = tables::CountersignedHeads::under(&self.epoch);
        let kept = self.view.scan(rows, usize::MAX).await?;
        Ok(kept
            .into_iter()
            .map(|((_, size), head)| (size, head.root))
            .collect())
    }

    /// Returns the entries of a tile as a bundle.
    pub(super) async fn entries(&mut self, tile: Tile) -> Result<Bytes, Fault> {
        let key = (self.epoch, tile.index);
        if let Some(Plain(whole)) = self.view.get::<tables::LogBundles>(&key).await? {
            if tile.width == Tile::FULL {
                return Ok(whole);
            }
            let entries = bundle::entries(&whole, Tile::FULL.into());
            let entries = entries.ok_or(RecordError::Damaged("bundle of the log"))?;
            let mut part = vec![];
            let first = entries.iter().take(tile.width.into());
            first.for_each(|entry| bundle::push(&mut part, entry));
            return Ok(part.into());
        }
        let mut part = vec![];
        for entry in self.lying(tile.begin(), tile.end()).await? {
            bundle::push(&mut part, &entry);
        }
        Ok(part.into())
    }

    /// Returns entries that are not packed yet.
    async fn lying(&mut self, begin: u64, end: u64) -> Result<Vec<Bytes>, Fault> {
        let rows = tables::LogEntries::under(&self.epoch)
            .from_key(&(self.epoch, begin))
            .until_key(&(self.epoch, end));
        let found = self.view.scan(rows, usize::MAX).await?;
        if found.len() as u64 != end - begin {
            return Err(RecordError::Damaged("entries of the log").into());
        }
        Ok(found.into_iter().map(|(_, Plain(entry))| entry).collect())
    }

    /// Returns all hashes of a tile that the log has.
    pub(super) fn hashes(&mut self, level: u8, n: u64) -> BoxFuture<'_, Result<Vec<Hash>, Fault>> {
        Box::pin(async move {
            if let Some(known) = self.tiles.get(&(level, n)) {
                return Ok(known.clone());
            }
            let count = Tile::count(TileLevel::Hashes(level), self.state.frontier.size());
            let end = count.min((n + 1) * TILE);
            let key = (self.epoch, level.into(), n);
            let packed = self.view.get::<tables::LogTiles>(&key).await?;
            let packed = packed.unwrap_or_default().0;
            let mut hashes: Vec<Hash> = packed.as_chunks().0.to_vec();
            let begin = n * TILE + hashes.len() as u64;
            match level {
                0 if begin < end => {
                    let lying = self.lying(begin, end).await?;
                    hashes.extend(lying.iter().map(|entry| leaf_hash(entry)));
                }
                0 => {}
                // What is full below and not packed yet.
                _ => {
                    for below in begin..end {
                        hashes.push(root_of(&self.hashes(level - 1, below).await?));
                    }
                }
            }
            self.tiles.insert((level, n), hashes.clone());
            Ok(hashes)
        })
    }

    async fn node(&mut self, node: Node) -> Result<Hash, Fault> {
        let (level, more) = (node.level / 8, node.level % 8);
        let first = node.index << more;
        let hashes = self.hashes(level, first / TILE).await?;
        let begin = (first % TILE) as usize;
        let found = hashes.get(begin..begin + (1 << more));
        let found = found.ok_or(RecordError::Damaged("tile of the log"))?;
        Ok(root_of(found))
    }

    /// Returns the hashes of the parts of a proof.
    async fn look_up(&mut self, parts: Vec<Part>) -> Result<Vec<Hash>, Fault> {
        let mut proof = vec![];
        for part in parts {
            let mut hashes = vec![];
            for node in part {
                hashes.push(self.node(node).await?);
            }
            proof.push(fold(&hashes).ok_or(RecordError::Damaged("tile of the log"))?);
        }
        Ok(proof)
    }

    /// Returns the proofs of what the log says of a matter, against a countersigned head that contains all of it, or
    /// else the present one; `None` if it says nothing that can still be opened.
    async fn of_matter(mut self, id: MatterId) -> Result<Option<LogProof>, Fault> {
        let found = openings(self.view, (id, self.epoch)).await?;
        let last = found.iter().map(|opening| opening.index).max();
        let (size, countersigned) = self.head_for(last.unwrap_or_default()).await?;
        let mut leaves = vec![];
        for LeafOpening { index, leaf } in found {
            let parts = log::inclusion(index, size);
            let parts = parts.map_err(|_| RecordError::Damaged("leaf of a matter"))?;
            leaves.push(ProvenLeaf {
                index,
                steps: leaf.steps,
                salt: leaf.salt,
                path: self.look_up(parts).await?,
            });
        }
        let root = self.root_at(size).await?;
        Ok((!leaves.is_empty()).then(|| LogProof {
            epoch: self.epoch,
            size,
            root,
            leaves,
            countersigned,
        }))
    }

    /// Chooses the head against which a leaf and those before it are proven. Returns its size, and what countersigned
    /// it.
    async fn head_for(&mut self, leaf: u64) -> Result<(u64, Vec<(Bytes, Proof)>), Fault> {
        let present = self.state.frontier.size();
        let best = best_for(self.view, self.epoch, leaf + 1).await?;
        let best = best.filter(|(size, _)| *size <= present);
        Ok(best.unwrap_or((present, vec![])))
    }
}

impl<V: View + Send> Reading<'_, V> {
    /// Returns the proof of one leaf, which a salt opens, against a countersigned head that contains it, or else the
    /// present one; `None` if the log is shorter.
    async fn of_leaf(mut self, (index, salt): (u64, [u8; 16])) -> Result<Option<LogProof>, Fault> {
        let (size, countersigned) = self.head_for(index).await?;
        let Ok(parts) = log::inclusion(index, size) else {
            return Ok(None);
        };
        let leaf = ProvenLeaf {
            index,
            steps: 0,
            salt,
            path: self.look_up(parts).await?,
        };
        Ok(Some(LogProof {
            epoch: self.epoch,
            size,
            root: self.root_at(size).await?,
            leaves: vec![leaf],
            countersigned,
        }))
    }

    /// Returns an entry, and the size of the log.
    async fn entry(&mut self, index: u64) -> Result<Option<(Bytes, u64)>, Fault> {
        let size = self.state.frontier.size();
        if index >= size {
            return Ok(None);
        }
        let key = (self.epoch, index / TILE);
        if let Some(Plain(whole)) = self.view.get::<tables::LogBundles>(&key).await? {
            let entries = bundle::entries(&whole, Tile::FULL.into());
            let entries = entries.ok_or(RecordError::Damaged("bundle of the log"))?;
            let entry = entries.get((index % TILE) as usize);
            return Ok(entry.map(|entry| (Bytes::copy_from_slice(entry), size)));
        }
        let lying = self.lying(index, index + 1).await?;
        Ok(lying.into_iter().next().map(|entry| (entry, size)))
    }
}

/// Returns an entry of the log of an epoch, and the size of that log; `None` if it has none there.
pub(crate) async fn entry<V: View + Send>(
    view: &mut Tables<V>,
    epoch: EpochId,
    index: u64,
) -> Result<Option<(Bytes, u64)>, Fault> {
    match Reading::begin(view, epoch).await? {
        Some(mut reading) => reading.entry(index).await,
        None => Ok(None),
    }
}

/// Returns the proof of a leaf of the log of an epoch, which a salt opens.
pub(crate) async fn of_leaf<V: View + Send>(
    view: &mut Tables<V>,
    epoch: EpochId,
    leaf: (u64, [u8; 16]),
) -> Result<Option<LogProof>, Fault> {
    match Reading::begin(view, epoch).await? {
        Some(reading) => reading.of_leaf(leaf).await,
        None => Ok(None),
    }
}

/// Returns what the log of an epoch proves of a matter.
pub(crate) async fn of_matter<V: View + Send>(
    view: &mut Tables<V>,
    epoch: EpochId,
    id: MatterId,
) -> Result<Option<LogProof>, Fault> {
    match Reading::begin(view, epoch).await? {
        Some(reading) => reading.of_matter(id).await,
        None => Ok(None),
    }
}
