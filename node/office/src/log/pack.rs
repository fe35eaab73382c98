//! Packing: what lies leaf by leaf becomes bundles and tiles, which never change.

use domain::ids::EpochId;
use log::{Frontier, Hash, bundle, leaf_hash};
use records::table::{Plain, Table, Tables};
use store::{Transaction, record::RecordError};

use super::append::TILE;
use crate::{
    Fault,
    tables::{self, log::LogState},
};

/// Packs what is full, in the unit that fills it: a leaf that waited for a later unit would often be in the engine by
/// then, and be taken out of it again.
pub(super) async fn pack(
    view: &mut Tables<Transaction>,
    epoch: EpochId,
    state: &mut LogState,
) -> Result<(), Fault> {
    while state.frontier.size() / TILE > state.packed {
        let n = state.packed;
        let rows = tables::LogEntries::under(&epoch)
            .from_key(&(epoch, n * TILE))
            .until_key(&(epoch, (n + 1) * TILE));
        let entries = view.scan(rows, usize::MAX).await?;
        if entries.len() as u64 != TILE {
            return Err(RecordError::Damaged("entries of the log").into());
        }
        let (mut packed, mut hashes) = (vec![], vec![]);
        for (key, Plain(entry)) in &entries {
            bundle::push(&mut packed, entry);
            hashes.push(leaf_hash(entry));
            view.delete::<tables::LogEntries>(key);
        }
        view.put::<tables::LogBundles>(&(epoch, n), &Plain(packed.into()));
        let tile = Plain(hashes.concat().into());
        view.put::<tables::LogTiles>(&(epoch, 0, n), &tile);
        raise_tile(view, epoch, n, root_of(&hashes)).await?;
        state.packed += 1;
    }
    Ok(())
}

/// Adds the hash of a tile that is full to the tile above it, and so on while that is full.
async fn raise_tile(
    view: &mut Tables<Transaction>,
    epoch: EpochId,
    n: u64,
    hash: Hash,
) -> Result<(), Fault> {
    let (mut index, mut hash) = (n, hash);
    for level in 1_u32.. {
        let key = (epoch, level, index / TILE);
        let known = view.get::<tables::LogTiles>(&key).await?;
        let mut tile = known.unwrap_or_default().0.to_vec();
        tile.extend(hash);
        let hashes: Vec<Hash> = tile.as_chunks().0.to_vec();
        view.put::<tables::LogTiles>(&key, &Plain(tile.into()));
        if hashes.len() as u64 != index % TILE + 1 {
            return Err(RecordError::Damaged("tile of the log").into());
        }
        if (hashes.len() as u64) < TILE {
            break;
        }
        (index, hash) = (index / TILE, root_of(&hashes));
    }
    Ok(())
}

/// Returns the root over hashes of complete subtrees of one size.
pub(super) fn root_of(hashes: &[Hash]) -> Hash {
    let mut above = Frontier::default();
    hashes.iter().for_each(|hash| above.push(*hash));
    above.root()
}
