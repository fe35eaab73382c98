//! What opens the leaves about a matter: one record for each matter and log.

use domain::ids::{EpochId, MatterId};
use records::table::{Table, Tables, View};
use store::Transaction;

use crate::{
    Fault,
    tables::{self, log::LeafOpening},
};

/// Returns what opens the leaves about a matter in a log, in the order of the log.
pub(super) async fn openings<V: View>(
    view: &mut Tables<V>,
    (id, epoch): (MatterId, EpochId),
) -> Result<Vec<LeafOpening>, Fault> {
    // A matter from before may have both; its single records came first.
    let before = tables::MatterLeaves::under(&(id, epoch));
    let before = view.scan(before, usize::MAX).await?;
    let mut all: Vec<_> = before
        .into_iter()
        .map(|((_, _, index), leaf)| LeafOpening { index, leaf })
        .collect();
    let since = view.get::<tables::LeafOpenings>(&(id, epoch)).await?;
    all.extend(since.unwrap_or_default());
    Ok(all)
}

/// Adds what opens one more leaf.
pub(super) async fn add_opening(
    view: &mut Tables<Transaction>,
    key: (MatterId, EpochId),
    opening: LeafOpening,
) -> Result<(), Fault> {
    let known = view.get::<tables::LeafOpenings>(&key).await?;
    let mut all = known.unwrap_or_default();
    all.push(opening);
    view.put::<tables::LeafOpenings>(&key, &all);
    Ok(())
}

/// Forgets what opens the leaves about a matter, in every log: they open to nobody then.
pub(super) async fn forget_openings(
    view: &mut Tables<Transaction>,
    id: MatterId,
) -> Result<(), Fault> {
    let before = tables::MatterLeaves::under(&id);
    for (key, _) in view.scan(before, usize::MAX).await? {
        view.delete::<tables::MatterLeaves>(&key);
    }
    let since = tables::LeafOpenings::under(&id);
    for (key, _) in view.scan(since, usize::MAX).await? {
        view.delete::<tables::LeafOpenings>(&key);
    }
    Ok(())
}
