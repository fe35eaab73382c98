//! Recovery after this node's store went back in time: waits until its neighbours have shown what
//! they know of the matters that went between, and continues from there. Also shows matters to a
//! neighbour whose store went back.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    authority::Neighbour,
    custody::{self, Learnt, NoticeRefusal, Shown},
    envelope::{Destination, Lane, Payload, Showing, Stamp},
    ids::{EpochId, MatterId},
    matter::Matter,
};
use records::table::Table;
use store::BATCH_KEYS;
use topology::DivisionCode;

use crate::tables::inbox::{Awaited, Shows};
use crate::{
    Aborted, Failed, Fault, NotReceived, Received, matters::sealing::named_bodies, services::Inbox,
    tables, unit_of_work::UnitOfWork,
};

/// Dockets read in one step of showing.
const PAGE: usize = 64;
/// The number of segments waiting for the neighbour above which nothing more is shown for now.
const MOST_WAITING: isize = 256;
/// Matters that are continued in one step.
const AT_ONCE: usize = BATCH_KEYS / 48;
/// Time after a start in which nothing is done automatically. It ends early once every neighbour
/// was met.
const SETTLING_IN: Duration = Duration::from_secs(20);

impl Inbox<'_> {
    /// Returns the neighbours that have not shown yet what they know. Empty if all did and this
    /// node is about to continue; `None` if nothing waits.
    ///
    /// # Errors
    /// The store's.
    pub async fn awaited(self) -> Result<Option<Vec<DivisionCode>>, Fault> {
        let awaited: Option<Awaited> = self.one::<tables::Awaited>(&()).await?;
        let awaited = awaited.filter(|awaited| !awaited.went_on);
        Ok(awaited.map(|awaited| awaited.by.into_iter().collect()))
    }

    /// Returns whether a transfer must wait. This node may have taken and handed it on in the lost
    /// period.
    ///
    /// # Errors
    /// The store's.
    pub async fn holds_up(self, from: Neighbour, received: &Received) -> Result<bool, Fault> {
        let Payload::Give { .. } = received.envelope.payload else {
            return Ok(false);
        };
        let Some(awaited) = self.one::<tables::Awaited>(&()).await? else {
            return Ok(false);
        };
        let since = awaited.since.get(&from.division());
        Ok(!awaited.went_on
            && received.denied.is_none()
            && since.is_none_or(|since| received.envelope.stamp() <= *since))
    }

    /// Returns whether every known neighbour was met since the start, or enough time has passed.
    /// Before that nothing is done automatically, because one of them may know that the store is
    /// old.
    pub(crate) async fn is_settled_in(self) -> Result<bool, Fault> {
        if self.started.elapsed() >= SETTLING_IN {
            return Ok(true);
        }
        let known = self.met().await?;
        let met = self.met.lock().expect("no holder panics");
        Ok(known.iter().all(|neighbour| met.contains(neighbour)))
    }

    /// Goes on where a store went back in time, here or at a neighbour. Returns whether there is more to
    /// show once there is room. Asked for again and again.
    ///
    /// # Errors
    /// The store's.
    pub async fn tend_lost(self) -> Result<bool, Aborted> {
        self.show_on().await?;
        self.go_on().await?;
        let left = self.list(tables::Shows::all(), 1).await?;
        Ok(!left.is_empty())
    }

    /// Shows neighbours what they await, as far as there is room in their outboxes.
    pub(crate) async fn show_on(self) -> Result<(), Aborted> {
        for (to, _) in self.list(tables::Shows::all(), usize::MAX).await? {
            while self.queues.waiting(to, Lane::Notice) < MOST_WAITING && self.show_some(to).await?
            {
            }
        }
        Ok(())
    }

    /// Shows a neighbour some more. Returns `false` when everything was shown.
    async fn show_some(self, to: DivisionCode) -> Result<bool, Aborted> {
        let mut unit = self.begin(Actor::Rule("show".to_owned())).await?;
        let Some(mut shows) = unit.view.get::<tables::Shows>(&to).await? else {
            return Ok(false);
        };
        let after = tables::Dockets::parse(&shows.after);
        let rows = tables::Dockets::all().after(after.as_ref());
        let page = unit.view.scan(rows, PAGE).await?;
        let all = page.len() < PAGE;
        for (id, docket) in page {
            shows.after = tables::Dockets::key(&id);
            let tree = &self.dependencies.tree;
            if custody::went_between(&docket.matter, self.me, to, tree) {
                let shown = Payload::Shown(Box::new(docket.matter));
                unit.say(to, shown).await?;
            }
        }
        if all {
            let Shows { life, since, .. } = shows;
            let showing = Showing { life, since, all };
            unit.say(to, Payload::Showing(showing)).await?;
            unit.view.delete::<tables::Shows>(&to);
        } else {
            unit.view.put::<tables::Shows>(&to, &shows);
        }
        unit.commit().await?;
        Ok(!all)
    }

    /// Continues with every matter about which everything is known again.
    pub(crate) async fn go_on(self) -> Result<(), Aborted> {
        while self.go_on_with_some().await? {}
        Ok(())
    }

    /// Continues with some matters. Returns `false` when none is left.
    async fn go_on_with_some(self) -> Result<bool, Aborted> {
        let mut unit = self.begin(Actor::Rule("went-back".to_owned())).await?;
        let Some(mut awaited) = unit.awaited().await? else {
            return Ok(false);
        };
        if awaited.went_on || !awaited.by.is_empty() {
            return Ok(false);
        }
        let range = tables::Learnt::all();
        let some = unit.view.scan(range, AT_ONCE).await?;
        for (id, ()) in &some {
            unit.resume(*id).await?;
            unit.view.delete::<tables::Learnt>(id);
        }
        let over = some.is_empty();
        if over {
            tracing::info!(division = %self.me, away = awaited.late.len(),
                "neighbours showed what they know; work continues");
            awaited.went_on = true;
            unit.put_awaited(&awaited).await?;
        }
        unit.commit().await?;
        Ok(!over)
    }
}

impl UnitOfWork<'_> {
    async fn say(&mut self, to: DivisionCode, payload: Payload) -> Result<(), Fault> {
        self.author(to, Destination::Division(to), Lane::Notice, payload)
            .await
    }

    pub(crate) async fn awaited(&mut self) -> Result<Option<Awaited>, Fault> {
        Ok(self.view.get::<tables::Awaited>(&()).await?)
    }

    /// Stores the awaited neighbours until all of them have shown everything.
    async fn put_awaited(&mut self, awaited: &Awaited) -> Result<(), Fault> {
        // Matters that waited may wait no more.
        self.due_by(self.now);
        if !awaited.went_on || !awaited.late.is_empty() {
            self.view.put::<tables::Awaited>(&(), awaited);
            return Ok(());
        }
        self.view.delete::<tables::Awaited>(&());
        self.doubt_all().await
    }

    /// Forgets which matters arrived after the store went back.
    async fn doubt_all(&mut self) -> Result<(), Fault> {
        let sure = tables::Sure::all();
        for (id, ()) in self.view.scan(sure, usize::MAX).await? {
            self.view.delete::<tables::Sure>(&id);
        }
        Ok(())
    }

    /// Returns whether this node must not act on a matter yet.
    pub(crate) async fn awaits(&mut self, id: MatterId) -> Result<bool, Fault> {
        match self.awaited().await? {
            Some(awaited) if !awaited.went_on => self.may_be_lost(id).await,
            _ => Ok(false),
        }
    }

    /// Returns whether the lost period may have changed a matter. True only while a neighbour has
    /// not shown what it knows.
    pub(crate) async fn may_be_lost(&mut self, id: MatterId) -> Result<bool, Fault> {
        if !self.view.has::<tables::Awaited>(&()).await? || self.gave(id).await? {
            return Ok(false);
        }
        Ok(!self.view.has::<tables::Sure>(&id).await?)
    }

    /// Notes that a matter arrived after the store went back.
    pub(crate) async fn be_sure(&mut self, id: MatterId) -> Result<(), Fault> {
        if self.may_be_lost(id).await? {
            self.view.put::<tables::Sure>(&id, &());
        }
        Ok(())
    }

    /// Awaits all neighbours after a new life began: those met before, and those that are known to know of
    /// the lost life.
    pub(crate) async fn await_neighbours(
        &mut self,
        found: impl IntoIterator<Item = DivisionCode>,
    ) -> Result<(), Fault> {
        self.doubt_all().await?;
        let mut by: BTreeSet<_> = self.office.inbox().met().await?.into_iter().collect();
        by.extend(found);
        let awaited = Awaited {
            life: self.ledger.epoch.id,
            by,
            ..Awaited::default()
        };
        self.put_awaited(&awaited).await
    }

    /// Awaits a neighbour that is met only now, because it may know of the lost life, too.
    pub(crate) async fn await_one_more(&mut self, met: DivisionCode) -> Result<(), Fault> {
        let Some(mut awaited) = self.awaited().await? else {
            return Ok(());
        };
        if awaited.since.contains_key(&met) || awaited.late.contains(&met) {
            return Ok(());
        }
        match awaited.went_on {
            true => awaited.late.insert(met),
            false => awaited.by.insert(met),
        };
        self.put_awaited(&awaited).await
    }

    /// Stops awaiting neighbours, by a person's decision.
    pub(crate) async fn await_nobody(&mut self) -> Result<(), Fault> {
        if let Some(mut awaited) = self.awaited().await? {
            awaited.late.append(&mut awaited.by);
            self.put_awaited(&awaited).await?;
        }
        Ok(())
    }

    /// Begins to show what went between to a neighbour whose store began a new life.
    pub(crate) async fn begin_to_show(
        &mut self,
        to: DivisionCode,
        life: EpochId,
    ) -> Result<(), Fault> {
        let since = Stamp(self.ledger.epoch.order, self.ledger.issue);
        let showing = Showing {
            life,
            since,
            all: false,
        };
        self.say(to, Payload::Showing(showing)).await?;
        let shows = Shows {
            life,
            since,
            after: Bytes::new(),
        };
        self.view.put::<tables::Shows>(&to, &shows);
        self.due_by(self.now);
        Ok(())
    }

    /// Notes that a neighbour begins to show, or has shown everything.
    pub(crate) async fn hear_showing(
        &mut self,
        from: DivisionCode,
        showing: &Showing,
    ) -> Result<(), Fault> {
        let Some(mut awaited) = self.awaited().await? else {
            return Ok(());
        };
        if awaited.life != showing.life {
            return Ok(());
        }
        awaited.since.insert(from, showing.since);
        if showing.all {
            awaited.by.remove(&from);
            awaited.late.remove(&from);
        }
        self.put_awaited(&awaited).await
    }

    /// Applies a matter that a neighbour shows.
    pub(crate) async fn hear_shown(
        &mut self,
        from: DivisionCode,
        matter: &Matter,
        received: &Received,
    ) -> Result<Result<(), NoticeRefusal>, Failed<NotReceived>> {
        let Some(bodies) = named_bodies(matter, &received.bodies) else {
            return Ok(Err(NoticeRefusal::Broken));
        };
        let id = matter.id;
        let awaited = self.awaited().await?.unwrap_or_default();
        // A node that does not wait accepts nothing that is shown.
        if !awaited.by.contains(&from) && !awaited.late.contains(&from) {
            return Ok(Ok(()));
        }
        let known = self.docket(id).await?;
        let lost = self.may_be_lost(id).await?;
        let aside = self.aside(id).await?;
        let request = self.office.matters().next_request(self);
        let shown = Shown { from, matter };
        let heard =
            custody::hear_shown(known.as_ref(), &aside, shown, lost, request, self.context());
        let learnt = match heard {
            Ok(learnt) => learnt,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(Learnt {
            decision,
            aside: other,
        }) = learnt
        else {
            return Ok(Ok(()));
        };
        self.heed_erasure(matter).await?;
        let kept = self.keep_heard(known.as_ref(), matter, &bodies).await;
        let _not_carried = kept.map_err(Failed::widen)?;
        if let Some(other) = &other {
            let detail = details::two_histories(
                id,
                decision.docket.matter.holder,
                other.steps.len() - custody::same_steps(other, &decision.docket.matter),
            );
            self.raise(AlarmKind::StepsSetAside, Some(from), &detail)
                .await?;
        }
        self.put_aside(aside, other, &decision.docket.matter);
        self.apply(decision).await?;
        if self.awaits(id).await? {
            self.view.put::<tables::Learnt>(&id, &());
            return Ok(Ok(()));
        }
        self.resume(id).await?;
        Ok(Ok(()))
    }

    /// Continues with a matter about which everything is known.
    async fn resume(&mut self, id: MatterId) -> Result<(), Fault> {
        let Some(mut docket) = self.docket(id).await? else {
            return Ok(());
        };
        docket.awaits = false;
        let from = Neighbour::of(
            self.office.me,
            docket.matter.holder,
            &self.office.dependencies.tree,
        );
        let refused = match from {
            Some(from) => self.refused(from, id).await?,
            None => Default::default(),
        };
        match custody::resume(docket, refused, self.context()) {
            Some(decision) => self.apply(decision).await,
            None => Ok(()),
        }
    }

    /// Returns whether a transfer continues a state that was set aside. No division has the matter
    /// then, because the giver has lost it.
    pub(crate) async fn takes_aside(&mut self, matter: &Matter) -> Result<bool, Fault> {
        let aside = self.aside(matter.id).await?;
        let Some(docket) = self.docket(matter.id).await? else {
            return Ok(false);
        };
        let is_aside = custody::is_aside(&aside, matter);
        if is_aside {
            self.put_aside(aside, Some(matter.clone()), &docket.matter);
        }
        Ok(is_aside)
    }

    pub(crate) async fn aside(&mut self, id: MatterId) -> Result<Vec<Matter>, Fault> {
        Ok(self
            .view
            .get::<tables::SetAside>(&id)
            .await?
            .unwrap_or_default())
    }

    fn put_aside(&mut self, mut aside: Vec<Matter>, other: Option<Matter>, counts: &Matter) {
        let before = aside.clone();
        custody::set_aside(&mut aside, other, counts);
        if aside != before {
            self.view.put::<tables::SetAside>(&counts.id, &aside);
        }
    }
}
