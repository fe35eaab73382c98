//! A village whose operator changes an entry of its public log, after others have countersigned it. The operator has the machine and
//! the keys, so nothing here hinders that; those above notice with the next head.

use std::{sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use cli::{Failure, labels};
use domain::{alarm::AlarmKind, ids::EpochId, time::Timestamp};
use office::{CountersignedHead, NewReport, Office};
use store::{Range, WriteBatch};

use super::place;
use crate::{
    network::{Branch, Network},
    story::{Rewritten, clerk, ensure, office_failed},
};

use ::topology::DivisionCode;

/// What the keys of entries begin with that are not packed yet: those of the last 256.
const ENTRIES: &[u8] = b"Te";
/// After so long a head is said again, in milliseconds.
const LATER: i64 = 66_000;
/// So long an answer to a head may take before the head is said again.
const ANSWERED: Duration = Duration::from_secs(5);
/// So often it is said again.
const ROUNDS: usize = 6;

/// Lets a village change its log, unless it did in an earlier start, and waits until the two above it have both heads.
pub(super) async fn rewrite(
    network: &Network,
    branch: &Branch,
    village: DivisionCode,
) -> Result<Rewritten, Failure> {
    let office = network.office(village);
    let above = office.log().witnesses().above;
    if !stands_at(network, &above, village).await? {
        report(&office, "护栏松动 a loose railing").await?;
        let epoch = office.epoch().await.map_err(office_failed)?.id;
        countersigned(network, &office, epoch).await?;
        change(&office, epoch).await?;
        report(&office, "窨井盖缺失 a missing cover").await?;
        say_head(network, &office).await?;
        let what = format!("all above {village} have noticed that its log was changed");
        network
            .until(&what, || async {
                let stands = stands_at(network, &above, village).await;
                stands.is_ok_and(|stands| stands)
            })
            .await?;
    }
    let witness = network.office(above[0]);
    let evidence = witness.log().evidence().await.map_err(office_failed)?;
    let mut evidence = evidence.into_iter();
    let found = evidence.find(|one| one.division == village);
    let found = found.ok_or_else(|| Failure::Failed(format!("no evidence against {village}")))?;
    Ok(Rewritten {
        village: place(branch, village),
        how: found.how.map_or_else(String::new, labels::both),
        noticed_by: above.iter().map(|above| place(branch, *above)).collect(),
    })
}

async fn report(office: &Arc<Office>, text: &str) -> Result<(), Failure> {
    let category = "enforcement/road".parse().expect("a constant category");
    let new = NewReport::new(category, text.to_owned());
    let reported = office.matters().report(new, clerk()).await;
    reported.map(|_| ()).map_err(office_failed)
}

/// Puts the clock forward until the next head is due, and says it.
async fn say_head(network: &Network, office: &Arc<Office>) -> Result<(), Failure> {
    network.put_forward(Timestamp(office.now().0 + LATER));
    office.attend().await.map(|_| ()).map_err(office_failed)
}

/// Waits until all above have countersigned the log as it is: the next head is proven from this one.
async fn countersigned(
    network: &Network,
    office: &Arc<Office>,
    epoch: EpochId,
) -> Result<(), Failure> {
    let size = office.log().head(epoch).await.map_err(office_failed)?.size;
    let lines = office.log().witnesses().enough();
    let covers = |head: &CountersignedHead| head.size >= size && head.lines.len() == lines;
    let complete = || async {
        let kept = office.log().countersigned(epoch).await;
        kept.is_ok_and(|kept| kept.iter().any(covers))
    };
    let what = "all above have countersigned the log that will be changed";
    // A head that was said before the answer to the one before came is proven from an older one, and said again.
    for _ in 0..ROUNDS {
        say_head(network, office).await?;
        let answered = tokio::time::timeout(ANSWERED, network.until(what, complete)).await;
        if let Ok(answered) = answered {
            return answered.map(|_| ());
        }
    }
    network.until(what, complete).await.map(|_| ())
}

/// Changes the last entry of the log in the store, past the node.
async fn change(office: &Arc<Office>, epoch: EpochId) -> Result<(), Failure> {
    let (store, shard) = (office.store(), office.me());
    let mut prefix = BytesMut::from(ENTRIES);
    prefix.put_slice(&epoch.0);
    let rows = store.scan(shard, Range::prefix(&prefix), 1, true).await;
    let mut rows = rows.map_err(office_failed)?.value;
    ensure(!rows.is_empty(), || "the log has an entry".to_owned())?;
    let (key, entry) = rows.remove(0);
    let mut changed = entry.to_vec();
    *changed.last_mut().expect("no entry is empty") ^= 1;
    let unit = WriteBatch {
        shard,
        expect: vec![],
        put: vec![(key, Bytes::from(changed))],
        delete: vec![],
    };
    store.commit(unit).await.map(|_| ()).map_err(office_failed)
}

/// Returns whether the alarm about a village's log stands at all of these divisions.
async fn stands_at(
    network: &Network,
    above: &[DivisionCode],
    village: DivisionCode,
) -> Result<bool, Failure> {
    for division in above {
        let alarms = network.office(*division).alarms().all().await;
        let alarms = alarms.map_err(office_failed)?;
        let about = |alarm: &domain::alarm::Alarm| {
            (alarm.kind, alarm.about) == (AlarmKind::LogRewritten, Some(village))
        };
        if !alarms.iter().any(about) {
            return Ok(false);
        }
    }
    Ok(true)
}
