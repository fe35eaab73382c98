//! What becomes due at a node by itself: when it is looked at, and when next.
//!
//! Every decision that makes something due tells the timer of the process by when; see
//! [`UnitOfWork::due_by`]. Whoever is woken calls [`Office::attend`], which says when to come again.

use std::sync::atomic::Ordering;

use domain::time::Timestamp;
use records::table::Table;

use super::{Aborted, Fault, Office, tables, unit_of_work::UnitOfWork};

/// What could not be gone on with is looked at again after so long.
const AGAIN_MS: i64 = 5_000;

/// Figures of children that do not add up yet are looked at again after so long.
pub(super) const FIGURES_AGAIN_MS: i64 = 60_000;

impl UnitOfWork<'_> {
    /// This decision makes something due: the node is woken at this moment or earlier.
    pub(super) fn due_by(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

impl Office {
    /// Does everything that is due: looks whether the clock is doubted, goes on where a store went back in time, lets
    /// the clocks of matters speak, counts what was not made public, judges the figures of children, says the head of the
    /// public log, looks whether children say theirs, says and watches the lists of current templates, and deletes posts and ratings whose time is over. Returns when to come
    /// again if no decision makes something due before; `None` if nothing is.
    ///
    /// # Errors
    /// The first thing that could not be looked at. The others were looked at all the same.
    pub async fn attend(&self) -> Result<Option<Timestamp>, Aborted> {
        let began = self.now();
        let clock = self.clock().watch().await;
        let showing = self.inbox().tend_lost().await;
        let ticked = self.matters().tick().await;
        let figures = self.figures().check().await;
        let disclosures = self.disclosures().tend().await;
        let posts = self.boards().expire().await;
        let ratings = self.points().expire().await;
        let said = self.log().say_head().await;
        let heads = self.log().watch_children().await;
        let lists = self.templates().tend_lists().await;
        let alarm = self.next_alarm(began).await;
        clock?;
        ticked?;
        // Whether the doubt is over is seen by this node alone, if it was short.
        let doubted = self.doubted.load(Ordering::Relaxed);
        let due = [
            alarm?,
            disclosures?,
            said?,
            heads?,
            lists?,
            doubted.then_some(Timestamp(began.0 + AGAIN_MS)),
            showing?.then_some(Timestamp(began.0 + AGAIN_MS)),
            figures?.then_some(Timestamp(began.0 + FIGURES_AGAIN_MS)),
            posts?,
            ratings?,
        ];
        Ok(due.into_iter().flatten().min())
    }

    /// When the clock of a matter speaks next, once they were asked at `asked`. What was due by then and
    /// is left waits for a neighbour, whose answer is a decision; unless nobody was asked, because the
    /// node has not met its neighbours yet.
    async fn next_alarm(&self, asked: Timestamp) -> Result<Option<Timestamp>, Fault> {
        let mut rows = tables::ClocksDue::all();
        let settled = self.inbox().is_settled_in().await?;
        if settled {
            rows = rows.from(&Timestamp(asked.0.max(0) + 1));
        }
        let first = self.read()?.scan(rows, 1).await?;
        let moment = first.first().map(|((at, _), ())| *at);
        Ok(moment.map(|at| match settled {
            true => at,
            false => at.max(Timestamp(asked.0 + AGAIN_MS)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{actor::Actor, matter::Act};
    use store::MemoryDisk;

    use crate::{NewReport, fixture};

    #[tokio::test]
    async fn a_decision_tells_the_timer_when_a_clock_speaks_and_a_look_says_when_the_next_one_does()
    {
        let clock = Arc::new(fixture::Stopped::default());
        let disk = MemoryDisk::default();
        let office = fixture::office("330825002222", &disk, clock.clone(), 1).await;
        let timer = office.dependencies.due.clone();
        assert_eq!(office.attend().await.unwrap(), None, "nothing is due");
        assert_eq!(timer.wake_due(office.now()), None);

        let lamp = NewReport::new(
            "enforcement/lighting".parse().unwrap(),
            "路灯不亮".to_owned(),
        );
        let id = office
            .matters()
            .report(lamp, Actor::OsUser(7))
            .await
            .unwrap();
        let first = timer.wake_due(office.now()).expect("a clock runs");
        assert!(first > office.now());
        let seen = office.matters().docket(id).await.unwrap().unwrap();
        assert_eq!(seen.alarm, Some(first));
        assert_eq!(office.attend().await.unwrap(), Some(first));
        let steps = seen.matter.steps.len();
        assert_eq!(office.matters().docket(id).await.unwrap().unwrap(), seen);

        clock.put_forward(i64::try_from(first.since(office.now())).unwrap());
        assert_eq!(timer.wake_due(office.now()), None, "it is woken");
        let next = office.attend().await.unwrap().expect("it is not over");
        assert!(next > first);
        let spoke = office.matters().docket(id).await.unwrap().unwrap();
        assert!(spoke.matter.steps.len() > steps || spoke != seen);
        let by_rule = |act: &Act| matches!(act, Act::Warn(_) | Act::Overdue(_));
        assert!(spoke.matter.steps.iter().any(|step| by_rule(&step.act)));
        assert_eq!(
            timer.wake_due(office.now()),
            Some(next),
            "the unit noted it"
        );
    }
}
