//! After this node's store went back in time: it waits until its neighbours showed what they know of the
//! matters that went between, and goes on from there. And what it shows to a neighbour that went back.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    authority::Neighbour,
    custody::{self, Docket, Learnt, NoticeRefusal, Shown},
    envelope::{Destination, Lane, Payload, Showing, Stamp},
    ids::{EpochId, MatterId},
    matter::Matter,
};
use serde::{Deserialize, Serialize};
use store::{BATCH_KEYS, Range, record};
use topology::DivisionCode;

use super::{Office, OfficeError, Received, keys, sealing::named_bodies, unit_of_work::UnitOfWork};

/// Dockets looked at for one step of showing.
const PAGE: usize = 64;
/// With more segments waiting for the neighbour, nothing more is shown for now.
const MOST_WAITING: isize = 256;
/// Matters that are gone on with in one step.
const AT_ONCE: usize = BATCH_KEYS / 48;
/// After a start nothing is done by itself for so long, or until every neighbour was met again.
const SETTLING_IN: Duration = Duration::from_secs(20);

/// Whom this node waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Awaited {
    /// The life that waits.
    life: EpochId,
    /// Who has not shown everything yet, and is waited for.
    by: BTreeSet<DivisionCode>,
    /// Who has not, and is waited for no more.
    late: BTreeSet<DivisionCode>,
    /// Whether this node went on with what it knows.
    went_on: bool,
    /// What a neighbour said after this was never heard in a lost life.
    since: BTreeMap<DivisionCode, Stamp>,
}

domain::records!(Awaited);

/// How far this node is with showing a neighbour what it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shows {
    /// The life it is shown to.
    life: EpochId,
    since: Stamp,
    /// The last docket looked at.
    after: Bytes,
}

domain::records!(Shows);

impl Office {
    /// Neighbours that have not shown yet what they know. Nobody if all did and this node is about to go
    /// on; `None` if nothing waits.
    ///
    /// # Errors
    /// The store's.
    pub async fn awaited(&self) -> Result<Option<Vec<DivisionCode>>, OfficeError> {
        let awaited: Option<Awaited> = self.read_one(keys::AWAITED).await?;
        let awaited = awaited.filter(|awaited| !awaited.went_on);
        Ok(awaited.map(|awaited| awaited.by.into_iter().collect()))
    }

    /// Whether a transfer has to wait: the lost stretch may have taken it and handed it on.
    ///
    /// # Errors
    /// The store's.
    pub async fn holds_up(
        &self,
        from: Neighbour,
        received: &Received,
    ) -> Result<bool, OfficeError> {
        let Payload::Give { .. } = received.envelope.payload else {
            return Ok(false);
        };
        let Some(awaited) = self.read_one::<Awaited>(keys::AWAITED).await? else {
            return Ok(false);
        };
        let since = awaited.since.get(&from.division());
        Ok(!awaited.went_on
            && received.denied.is_none()
            && since.is_none_or(|since| received.envelope.stamp() <= *since))
    }

    /// Whether every neighbour known of was met since the start, or enough time has gone by. Before that
    /// nothing is done by itself: one of them may know that the store is old.
    pub(super) async fn is_settled_in(&self) -> Result<bool, OfficeError> {
        if self.started.elapsed() >= SETTLING_IN {
            return Ok(true);
        }
        let known = self.met().await?;
        let met = self.met.lock().expect("no holder panics");
        Ok(known.iter().all(|neighbour| met.contains(neighbour)))
    }

    /// Goes on where a store went back in time, here or at a neighbour. Asked for again and again.
    ///
    /// # Errors
    /// The store's.
    pub async fn tend_lost(&self) -> Result<(), OfficeError> {
        self.show_on().await?;
        self.go_on().await
    }

    /// Shows neighbours what they wait for, as far as there is room in their outboxes.
    pub(super) async fn show_on(&self) -> Result<(), OfficeError> {
        let range = Range::prefix(keys::SHOWS);
        for (key, _) in self.read_all::<Shows>(range, usize::MAX).await? {
            let to = key.last_chunk::<8>();
            let Some(to) = to.and_then(|n| DivisionCode::from_u64(u64::from_be_bytes(*n))) else {
                continue;
            };
            while self.queues.waiting(to, Lane::Notice) < MOST_WAITING && self.show_some(to).await?
            {
            }
        }
        Ok(())
    }

    /// Shows a neighbour some more. `false` when everything was shown.
    async fn show_some(&self, to: DivisionCode) -> Result<bool, OfficeError> {
        let mut unit = self.begin(Actor::Rule("show".to_owned())).await?;
        let key = keys::shows(to);
        let Some(mut shows) = unit.read::<Shows>(&key).await? else {
            return Ok(false);
        };
        let mut range = Range::prefix(keys::DOCKETS);
        if !shows.after.is_empty() {
            range.from = [&shows.after[..], &[0]].concat().into();
        }
        let page = unit.view.scan(range, PAGE, false).await?;
        for (at, bytes) in &page {
            shows.after = at.clone();
            let docket: Docket = record::read(bytes)?;
            let tree = &self.dependencies.tree;
            if custody::went_between(&docket.matter, self.me, to, tree) {
                let shown = Payload::Shown(Box::new(docket.matter));
                unit.say(to, shown).await?;
            }
        }
        let all = page.len() < PAGE;
        if all {
            let Shows { life, since, .. } = shows;
            let showing = Showing { life, since, all };
            unit.say(to, Payload::Showing(showing)).await?;
            unit.view.delete(key);
        } else {
            unit.view.put(key, record::write(&shows));
        }
        unit.commit().await?;
        Ok(!all)
    }

    /// Goes on with every matter of which everything is known again.
    pub(super) async fn go_on(&self) -> Result<(), OfficeError> {
        while self.go_on_with_some().await? {}
        Ok(())
    }

    /// `false` when nothing is left.
    async fn go_on_with_some(&self) -> Result<bool, OfficeError> {
        let mut unit = self.begin(Actor::Rule("went-back".to_owned())).await?;
        let Some(mut awaited) = unit.awaited().await? else {
            return Ok(false);
        };
        if awaited.went_on || !awaited.by.is_empty() {
            return Ok(false);
        }
        let range = Range::prefix(keys::LEARNT);
        let some = unit.view.scan(range, AT_ONCE, false).await?;
        for (key, _) in &some {
            if let Some(id) = key.get(keys::LEARNT.len()..).and_then(MatterId::from_bytes) {
                unit.resume(id).await?;
            }
            unit.view.delete(key.clone());
        }
        let over = some.is_empty();
        if over {
            tracing::info!(division = %self.me, away = awaited.late.len(),
                "what neighbours know was shown; work goes on");
            awaited.went_on = true;
            unit.put_awaited(&awaited).await?;
        }
        unit.commit().await?;
        Ok(!over)
    }

    async fn read_one<T: domain::record::Record>(
        &self,
        key: &[u8],
    ) -> Result<Option<T>, OfficeError> {
        let seen = self.dependencies.store.get(self.me, key).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }
}

impl UnitOfWork<'_> {
    async fn say(&mut self, to: DivisionCode, payload: Payload) -> Result<(), OfficeError> {
        self.author(to, Destination::Division(to), Lane::Notice, payload)
            .await
    }

    pub(super) async fn awaited(&mut self) -> Result<Option<Awaited>, OfficeError> {
        self.read(keys::AWAITED).await
    }

    /// Keeps whom this node waits for, until everybody showed everything.
    async fn put_awaited(&mut self, awaited: &Awaited) -> Result<(), OfficeError> {
        if !awaited.went_on || !awaited.late.is_empty() {
            self.view.put(keys::AWAITED, record::write(awaited));
            return Ok(());
        }
        self.view.delete(keys::AWAITED);
        self.doubt_all().await
    }

    /// Forgets what came afresh.
    async fn doubt_all(&mut self) -> Result<(), OfficeError> {
        let sure = Range::prefix(keys::SURE);
        for (key, _) in self.view.scan(sure, usize::MAX, false).await? {
            self.view.delete(key);
        }
        Ok(())
    }

    /// Whether this node does nothing with a matter yet.
    pub(super) async fn awaits(&mut self, id: MatterId) -> Result<bool, OfficeError> {
        match self.awaited().await? {
            Some(awaited) if !awaited.went_on => self.may_be_lost(id).await,
            _ => Ok(false),
        }
    }

    /// Whether the lost stretch may know more of a matter, and somebody has not shown yet what it knows.
    pub(super) async fn may_be_lost(&mut self, id: MatterId) -> Result<bool, OfficeError> {
        if self.view.peek(keys::AWAITED).await?.is_none() || self.gave(id).await? {
            return Ok(false);
        }
        Ok(self.view.peek(&keys::sure(id)).await?.is_none())
    }

    /// Notes that a matter came afresh.
    pub(super) async fn be_sure(&mut self, id: MatterId) -> Result<(), OfficeError> {
        if self.may_be_lost(id).await? {
            self.view.put(keys::sure(id), record::write(&()));
        }
        Ok(())
    }

    /// A new life began: whoever was met before, and `found`, who knows of the lost one, is waited for.
    pub(super) async fn await_neighbours(
        &mut self,
        found: DivisionCode,
    ) -> Result<(), OfficeError> {
        self.doubt_all().await?;
        let mut by: BTreeSet<_> = self.office.met().await?.into_iter().collect();
        by.extend(self.office.parent);
        by.insert(found);
        let awaited = Awaited {
            life: self.ledger.epoch.id,
            by,
            ..Awaited::default()
        };
        self.put_awaited(&awaited).await
    }

    /// A neighbour that is met only now may know of the lost life too.
    pub(super) async fn await_one_more(&mut self, met: DivisionCode) -> Result<(), OfficeError> {
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

    /// A person decided that nobody is waited for any more.
    pub(super) async fn await_nobody(&mut self) -> Result<(), OfficeError> {
        if let Some(mut awaited) = self.awaited().await? {
            awaited.late.append(&mut awaited.by);
            self.put_awaited(&awaited).await?;
        }
        Ok(())
    }

    /// A neighbour's store began a new life: it is shown what went between.
    pub(super) async fn begin_to_show(
        &mut self,
        to: DivisionCode,
        life: EpochId,
    ) -> Result<(), OfficeError> {
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
        self.view.put(keys::shows(to), record::write(&shows));
        Ok(())
    }

    /// A neighbour begins to show, or has shown everything.
    pub(super) async fn hear_showing(
        &mut self,
        from: DivisionCode,
        showing: &Showing,
    ) -> Result<(), OfficeError> {
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

    /// Hears what a neighbour knows of a matter.
    pub(super) async fn hear_shown(
        &mut self,
        from: DivisionCode,
        matter: &Matter,
        received: &Received,
    ) -> Result<Result<(), NoticeRefusal>, OfficeError> {
        let Some(bodies) = named_bodies(matter, &received.bodies) else {
            return Ok(Err(NoticeRefusal::Broken));
        };
        let id = matter.id;
        let awaited = self.awaited().await?.unwrap_or_default();
        // Nobody shows anything to a node that does not wait for it.
        if !awaited.by.contains(&from) && !awaited.late.contains(&from) {
            return Ok(Ok(()));
        }
        let known = self.docket(id).await?;
        let lost = self.may_be_lost(id).await?;
        let aside = self.aside(id).await?;
        let ask = self.office.next_ask(self);
        let shown = Shown { from, matter };
        let heard = custody::hear_shown(known.as_ref(), &aside, shown, lost, ask, self.context());
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
        let _not_carried = self.keep_heard(known.as_ref(), matter, &bodies).await?;
        if let Some(other) = &other {
            let detail = format!(
                "of matter {id} two stories are known; the one in which {} holds it counts, {} steps of the \
                 other are set aside",
                decision.docket.matter.holder,
                other.steps.len() - custody::same_steps(other, &decision.docket.matter),
            );
            self.raise(AlarmKind::StepsSetAside, Some(from), &detail)
                .await?;
        }
        self.put_aside(aside, other, &decision.docket.matter);
        self.apply(decision).await?;
        if self.awaits(id).await? {
            self.view.put(keys::learnt(id), record::write(&()));
            return Ok(Ok(()));
        }
        self.resume(id).await?;
        Ok(Ok(()))
    }

    /// Goes on with a matter of which everything is known.
    async fn resume(&mut self, id: MatterId) -> Result<(), OfficeError> {
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

    /// Whether a transfer is of what was set aside. Nobody has it then: the giver is rid of it.
    pub(super) async fn takes_aside(&mut self, matter: &Matter) -> Result<bool, OfficeError> {
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

    pub(super) async fn aside(&mut self, id: MatterId) -> Result<Vec<Matter>, OfficeError> {
        Ok(self.read(&keys::aside(id)).await?.unwrap_or_default())
    }

    fn put_aside(&mut self, mut aside: Vec<Matter>, other: Option<Matter>, counts: &Matter) {
        let before = aside.clone();
        custody::set_aside(&mut aside, other, counts);
        if aside != before {
            let key = keys::aside(counts.id);
            self.view.put(key, record::write(&aside));
        }
    }
}
