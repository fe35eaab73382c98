//! Watermarks: the time through which a neighbour, or a division above, has told this node
//! everything. They tell how old the state of a matter held elsewhere is.

use std::{collections::BTreeMap, sync::Mutex};

use api::Known;
use domain::{
    custody::{Docket, Standing},
    time::Timestamp,
};
use topology::DivisionCode;

use crate::{Fault, services::Inbox, tables};

/// Interval in milliseconds at which watermarks are stored while links last; they are also stored
/// when a link ends.
const KEEP_EVERY_MS: i64 = 3_600_000;

/// The watermark of each division.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Dated>);

#[derive(Default)]
struct Dated {
    through: BTreeMap<DivisionCode, Timestamp>,
    kept: Timestamp,
    /// Linked neighbours, and since when.
    linked: BTreeMap<DivisionCode, Timestamp>,
    /// Whether a watermark changed since the last store.
    news: bool,
}

impl Inbox<'_> {
    /// Returns the watermarks of the divisions above this node, nearest first.
    pub fn reach_above(self) -> Vec<(DivisionCode, Timestamp)> {
        let now = self.now();
        let dated = self.heard.0.lock().expect("no holder panics");
        let above = self.tree().ancestors(self.me);
        above
            .filter_map(|above| Some((above, now.min(*dated.through.get(&above)?))))
            .collect()
    }

    /// Returns the moment through which a neighbour has told this node everything; known to the hour after a
    /// restart.
    pub fn told_through(self, neighbour: DivisionCode) -> Option<Timestamp> {
        let dated = self.heard.0.lock().expect("no holder panics");
        Some(self.now().min(*dated.through.get(&neighbour)?))
    }

    /// Records that a neighbour had nothing more to tell at a moment. This node must have received
    /// everything up to then. If the neighbour is the parent, this also records its watermarks of
    /// the divisions above. All times are by this node's clock.
    ///
    /// # Errors
    /// The store's, if watermarks are stored now.
    pub async fn watermark(
        self,
        neighbour: DivisionCode,
        at: Timestamp,
        above: &[(DivisionCode, Timestamp)],
    ) -> Result<(), Fault> {
        let now = self.now();
        let is_above = |code: DivisionCode| self.tree().ancestors(neighbour).any(|a| a == code);
        let above = above
            .iter()
            .filter(|(code, _)| self.parent == Some(neighbour) && is_above(*code));
        let due = {
            let mut dated = self.heard.0.lock().expect("no holder panics");
            for (code, through) in above.copied().chain([(neighbour, at)]) {
                // A clock that is ahead makes nothing fresher than now.
                let known = dated.through.entry(code).or_default();
                *known = through.min(at).min(now).max(*known);
            }
            dated.news = true;
            now.0 - dated.kept.0 >= KEEP_EVERY_MS
        };
        match due {
            true => self.keep_heard().await,
            false => Ok(()),
        }
    }

    /// Records that the link to a neighbour came up or went down.
    pub fn note_link(self, neighbour: DivisionCode, up: bool) {
        let now = self.now();
        let mut dated = self.heard.0.lock().expect("no holder panics");
        match up {
            true => dated.linked.insert(neighbour, now),
            false => dated.linked.remove(&neighbour),
        };
    }

    /// Returns the time since which a neighbour is linked without a break.
    pub(crate) fn linked_since(self, neighbour: DivisionCode) -> Option<Timestamp> {
        let dated = self.heard.0.lock().expect("no holder panics");
        dated.linked.get(&neighbour).copied()
    }

    /// Stores the watermarks. Durable some time after it returns; after a crash knowledge looks
    /// older than it is, never newer.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_heard(self) -> Result<(), Fault> {
        let through: Vec<(DivisionCode, Timestamp)> = {
            let mut dated = self.heard.0.lock().expect("no holder panics");
            if !std::mem::take(&mut dated.news) {
                return Ok(());
            }
            dated.kept = self.now();
            dated
                .through
                .iter()
                .map(|(code, at)| (*code, *at))
                .collect()
        };
        let mut view = self.tables();
        view.is_outcome();
        view.put::<tables::Watermarks>(&(), &through);
        let _not_awaited = view.submit().await?;
        Ok(())
    }

    pub(crate) async fn recall_heard(self) -> Result<(), Fault> {
        let Some(through) = self.read()?.get::<tables::Watermarks>(&()).await? else {
            return Ok(());
        };
        let mut dated = self.heard.0.lock().expect("no holder panics");
        dated.through = through.into_iter().collect();
        Ok(())
    }

    pub(crate) fn known(self, docket: &Docket) -> Known {
        let now = self.now();
        let end = match docket.standing {
            Standing::Holding => self.me,
            Standing::Giving { bound_for, .. } => bound_for,
            Standing::Elsewhere => docket.matter.holder,
        };
        let tree = self.tree();
        let by = match tree.lowest_common_ancestor(self.me, end) {
            Some(top) if top == self.me => tree.next_hop(self.me, end).unwrap_or(self.me),
            Some(top) => top,
            None => end,
        };
        let dated = self.heard.0.lock().expect("no holder panics");
        let through = match by == self.me {
            true => Some(now),
            false => dated.through.get(&by).map(|through| now.min(*through)),
        };
        Known {
            by,
            through_ms: through.map(|through| through.0),
            shown_ms: now.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Office;
    use crate::{NewReport, fixture};
    use domain::actor::Actor;
    use store::MemoryDisk;

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn hour(hour: i64) -> Timestamp {
        Timestamp(fixture::START + hour * 3_600_000)
    }

    async fn township(disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, seed: u64) -> Office {
        fixture::office("330825002", disk, Arc::clone(clock) as _, seed).await
    }

    #[tokio::test]
    async fn nothing_looks_fresher_than_now_and_nobody_speaks_for_those_they_do_not_stand_below() {
        let clock = Arc::new(fixture::Stopped::default());
        let office = township(&MemoryDisk::default(), &clock, 1).await;
        let (county, city, province) = (code("330825"), code("3308"), code("33"));
        let (village, sibling) = (code("330825002222"), code("330825001"));
        assert_eq!(office.inbox().reach_above(), []);
        let ahead = [(city, hour(2)), (province, hour(-3)), (sibling, hour(0))];
        office
            .inbox()
            .watermark(county, hour(1), &ahead)
            .await
            .unwrap();
        let expected = [(county, hour(0)), (city, hour(0)), (province, hour(-3))];
        assert_eq!(office.inbox().reach_above(), expected);
        let older = [(city, hour(-1)), (village, hour(0))];
        office
            .inbox()
            .watermark(county, hour(-5), &older)
            .await
            .unwrap();
        let of_a_child = [(province, hour(0))];
        office
            .inbox()
            .watermark(village, hour(-2), &of_a_child)
            .await
            .unwrap();
        assert_eq!(office.inbox().reach_above(), expected);

        let new = NewReport::new("enforcement/lighting".parse().unwrap(), "路灯".to_owned());
        let by = Actor::OsUser(7);
        let id = office.matters().report(new, by.clone()).await.unwrap();
        let known = office.matters().matter(id).await.unwrap().known.unwrap();
        assert_eq!((known.by, known.age_ms()), (office.me(), Some(0)));
        let assigned = office.matters().assign(id, village, None, by, None).await;
        assigned.unwrap();
        clock.put_forward(3_600_000);
        let known = office.matters().matter(id).await.unwrap().known.unwrap();
        assert_eq!((known.by, known.age_ms()), (village, Some(3 * 3_600_000)));
    }

    #[tokio::test]
    async fn how_far_knowledge_reaches_outlives_a_restart_and_is_not_known_before_anybody_spoke() {
        let (disk, clock) = (MemoryDisk::default(), Arc::default());
        let office = township(&disk, &clock, 1).await;
        let new = || NewReport::new("enforcement/lighting".parse().unwrap(), "路灯".to_owned());
        let county = code("330825");
        let given = office
            .matters()
            .report_and_escalate(new(), county, Actor::OsUser(7));
        let id = given.await.unwrap();
        let known = office.matters().matter(id).await.unwrap().known.unwrap();
        assert_eq!((known.by, known.age_ms()), (county, None));
        office
            .inbox()
            .watermark(county, hour(0), &[])
            .await
            .unwrap();
        clock.put_forward(60_000);
        office
            .inbox()
            .watermark(county, hour(1), &[])
            .await
            .unwrap();
        office.inbox().keep_heard().await.unwrap();
        // Units become durable in the order in which they were submitted.
        office
            .matters()
            .report(new(), Actor::OsUser(7))
            .await
            .unwrap();
        drop(office);
        let office = township(&disk, &clock, 2).await;
        clock.put_forward(60_000);
        let known = office.matters().matter(id).await.unwrap().known.unwrap();
        assert_eq!((known.by, known.age_ms()), (county, Some(60_000)));
    }
}
