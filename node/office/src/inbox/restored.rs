//! A store that was made of a backup: a new life, before it says anything, and what its neighbours know of the old one.

use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    ids::{Epoch, EpochId},
    suite::Suite,
    time::Timestamp,
};
use records::table::Tables;
use store::Store;
use topology::DivisionCode;
use wire::frame::Echo;

use crate::tables::inbox::Restored;
use crate::{Aborted, Fault, services::Inbox, tables, unit_of_work::UnitOfWork};

/// Returns the present life of a division's store, and the number of messages issued in it; `None` if its node never ran.
/// For stores whose node does not run.
///
/// # Errors
/// The store's.
pub async fn life_in(store: &Store, division: DivisionCode) -> Result<Option<(Epoch, u64)>, Fault> {
    let mut read = Tables::new(store.snapshot(division)?);
    let ledger = read.get::<tables::Ledger>(&()).await?;
    let ledger = read.finish(ledger).await?;
    Ok(ledger.map(|ledger| (ledger.epoch, ledger.issue)))
}

impl Inbox<'_> {
    /// Begins a new life of a store that was made of a backup. `id` names the restore: a second call with the same does
    /// nothing and returns `false`, so that it may be repeated after a crash. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_restored(self, id: [u8; 16], made: Timestamp) -> Result<bool, Aborted> {
        let mut unit = self.begin(Actor::Rule("restored".to_owned())).await?;
        unit.view.is_outcome();
        let of_node = Suite::Ed25519Blake3.digest(&[
            b"wujitong/restored/1",
            &id,
            &self.me.as_u64().to_be_bytes(),
        ]);
        let life = *of_node.first_chunk().expect("a digest has 32 bytes");
        let known = unit.own_lives().await?;
        if known.lives().iter().any(|known| known.id == EpochId(life)) {
            return Ok(false);
        }
        // This start has jumped ahead in the count already; the backup knows what was issued before it.
        let runs = unit.runs().await?;
        let before = Restored {
            made,
            at: unit.now,
            life: unit.ledger.epoch,
            issue: runs.ended.last().map_or(0, |(_, last)| *last),
        };
        unit.begin_life(life, None).await?;
        unit.await_neighbours([]).await?;
        unit.view.put::<tables::Restored>(&(), &before);
        let Epoch { order, .. } = unit.ledger.epoch;
        let detail = details::restored(made.to_string(), before.life.order, before.issue, order);
        unit.raise(AlarmKind::StoreWentBack, None, &detail).await?;
        unit.resend_figures().await?;
        unit.resend_compliance().await?;
        unit.resend_health().await?;
        unit.commit().await?;
        Ok(true)
    }
}

impl UnitOfWork<'_> {
    /// Tells which messages of this node a neighbour has and the backup did not, while that neighbour is awaited.
    pub(super) async fn note_lost_messages(
        &mut self,
        peer: DivisionCode,
        echo: &Echo,
    ) -> Result<(), Fault> {
        let Some(restored) = self.view.get::<tables::Restored>(&()).await? else {
            return Ok(());
        };
        let Ok(word) = wire::decode_envelope(&echo.bytes) else {
            return Ok(());
        };
        let awaited = self.awaited().await?.unwrap_or_default();
        let is_lost = word.epoch == restored.life && word.issue > restored.issue;
        if !is_lost || !(awaited.by.contains(&peer) || awaited.late.contains(&peer)) {
            return Ok(());
        }
        let detail = details::lost_messages(
            peer,
            restored.life.order,
            restored.issue,
            word.issue,
            restored.made.to_string(),
        );
        self.raise(AlarmKind::StoreWentBack, Some(peer), &detail)
            .await
    }
}
