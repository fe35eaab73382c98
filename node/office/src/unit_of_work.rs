//! One decision on its way: what was read, what will be written, what goes to whom.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    actor::Actor,
    alarm::AlarmKind,
    audit::Subject,
    custody::{self, Context, CustodyLimits, Decision, Docket},
    envelope::Lane,
    ids::MatterId,
    journal::{Entry, Fact},
    matter::{Act, Matter, Outcome, Status},
    measure::Measure,
    policy::Policy,
    revocation::Revocation,
    rollup::{CellKey, Counters},
    time::Timestamp,
};
use records::{
    outbox::queue::{Bodies, Queued},
    table::Tables,
};
use store::{Ticket, Transaction, record::RecordError};
use topology::DivisionCode;

use crate::{
    Aborted, Fault, Ledger, Office,
    request::{Request, RequestContext},
    tables,
    turn::Turn,
};

mod begin;
mod dockets;
mod leaves;
mod news;
mod outgoing;

pub(super) use dockets::{DocketChange, Dockets};
pub(super) use leaves::{LogDraft, Opens};
pub(super) use news::News;
pub(super) use outgoing::Carried;

/// Number of segments by neighbour and lane; a missing entry is zero.
pub(super) type QueueCounts = BTreeMap<(DivisionCode, Lane), isize>;

pub(super) struct UnitOfWork<'a> {
    /// Held until it is submitted or dropped; `None` in one of several in a turn, and in one that writes nothing.
    pub(super) turn: Option<Turn<'a>>,
    pub(super) office: &'a Office,
    pub(super) view: Tables<Transaction>,
    pub(super) ledger: Ledger,
    pub(super) now: Timestamp,
    pub(super) actor: Actor,
    pub(super) trace: Option<String>,
    pub(super) policy: Arc<Policy>,
    terms: CustodyLimits,
    /// Whether a policy came into force by this decision; the next one follows it.
    pub(super) new_policy: bool,
    /// What a person's request brought along.
    pub(super) request: Option<Arc<Request>>,
    /// What the audit trail says it was about.
    pub(super) subject: Option<Subject>,
    /// What else the audit trail says.
    pub(super) detail: Option<String>,
    facts: Vec<Fact>,
    pub(super) figures: BTreeMap<CellKey, Counters>,
    /// Dockets that were read and written.
    pub(super) dockets: Dockets,
    segments: BTreeMap<(DivisionCode, Lane), Vec<Queued>>,
    /// Segments this decision puts into outboxes, and those it removes.
    pub(super) queued: QueueCounts,
    /// Keys this decision learns are revoked.
    pub(super) revoked: Vec<Arc<Revocation>>,
    pub(super) news: News,
    /// Leaves that this decision adds to the public log.
    pub(super) log: Vec<LogDraft>,
    /// Whether it changes what is said of the disclosures of this division.
    pub(super) complies: bool,
    /// When something it makes due is to be looked at.
    pub(super) due: Option<Timestamp>,
    /// How many alarms of a kind stand after this decision more than before it.
    pub(super) alarms: Vec<(AlarmKind, i64)>,
}

impl Office {
    /// Reads what a decision begins with. The caller has the turn, or writes nothing.
    pub(super) async fn unit(&self, by: RequestContext) -> Result<UnitOfWork<'_>, Fault> {
        let (actor, request) = by.into_parts();
        let mut view = self.tables();
        let ledger = view
            .expect::<tables::Ledger>(&())
            .await?
            .ok_or(RecordError::Damaged("ledger"))?;
        let policy = self.templates().effective_policy(&mut view).await?;
        let unit = UnitOfWork {
            terms: policy.limits().terms(self.me.tier()),
            turn: None,
            policy,
            new_policy: false,
            office: self,
            view,
            ledger,
            now: self.now(),
            request: request.filter(|_| actor.is_person()),
            actor,
            trace: None,
            subject: None,
            detail: None,
            facts: vec![],
            figures: BTreeMap::new(),
            dockets: Dockets::default(),
            segments: BTreeMap::new(),
            queued: QueueCounts::new(),
            revoked: vec![],
            news: News::default(),
            log: vec![],
            complies: false,
            due: None,
            alarms: vec![],
        };
        Ok(unit)
    }
}

impl UnitOfWork<'_> {
    /// Where and when this decision is made.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            me: self.office.me,
            now: self.now,
            tree: &self.office.dependencies.tree,
            terms: self.terms,
            policy: &self.policy,
        }
    }

    /// The matter is as the caller saw it, if they said what they saw.
    pub(super) async fn check_seen(&mut self) -> Result<(), Aborted> {
        let Some(saw) = self.request.as_ref().and_then(|request| request.take_saw()) else {
            return Ok(());
        };
        match self.docket(saw.matter).await? {
            Some(docket) if !saw.versions.contains(&docket.matter.version) => {
                Err(Aborted::Stale(saw.matter))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn docket(&mut self, id: MatterId) -> Result<Option<Docket>, Fault> {
        let mut docket: Option<Docket> = self.view.get::<tables::Dockets>(&id).await?;
        if let Some(docket) = &mut docket {
            docket.awaits = self.awaits(id).await?;
        }
        self.dockets.was(id, docket.as_ref());
        Ok(docket)
    }

    /// The trace a matter is part of, if it is part of one.
    pub(super) async fn trace_of(&mut self, id: MatterId) -> Result<Option<String>, Fault> {
        Ok(self.view.get::<tables::Traces>(&id).await?)
    }

    /// What this decision sends about a matter, and what is done with it later, is part of this
    /// trace.
    pub(super) fn follow(&mut self, id: MatterId, trace: Option<String>) {
        if let Some(trace) = &trace {
            self.view.put::<tables::Traces>(&id, trace);
        }
        self.trace = trace;
    }

    pub(super) fn put_docket(&mut self, mut docket: Docket) {
        let id = docket.matter.id;
        docket.awaits = false;
        let alarm = custody::next_moment(&docket, self.context());
        if docket.alarm != alarm {
            if let Some(past) = docket.alarm {
                self.view.delete::<tables::ClocksDue>(&(past, id));
            }
            if let Some(at) = alarm {
                self.view.put::<tables::ClocksDue>(&(at, id), &());
            }
            docket.alarm = alarm;
        }
        // Also if it was noted before: it may have waited for a neighbour until now.
        if let Some(at) = alarm {
            self.due_by(at);
        }
        self.view.put::<tables::Dockets>(&id, &docket);
        self.dockets.is(&docket);
    }

    /// Length of all remarks on a matter that are here, as they lie in the store.
    pub(super) async fn notes_bytes(&mut self, matter: &Matter) -> Result<usize, Fault> {
        let mut bytes = 0;
        for note in matter.commitments().skip(matter.papers().count()) {
            if let Some(note) = self.view.get::<Bodies>(&(matter.id, note)).await? {
                bytes += note.bytes();
            }
        }
        Ok(bytes)
    }

    /// Writes what a decision changes, and queues what it sends.
    pub(super) async fn apply(&mut self, decision: Decision) -> Result<(), Fault> {
        let part = (decision.docket.matter.id, decision.docket.matter.bundle());
        let ended = match decision.docket.matter.status {
            Status::Closed(outcome) => Some(outcome),
            _ => None,
        };
        let merged = match ended {
            Some(Outcome::Merged(into)) if decision.facts.contains(&Measure::MERGED) => Some(into),
            _ => None,
        };
        self.apply_one(decision).await?;
        // What absorbs it says so in the same unit, and tells its reporter from now on.
        if let Some(into) = merged
            && let Some(into) = self.docket(into).await?
            && let Some(noted) = custody::absorb(into, part.0, self.context())
        {
            self.apply_one(noted).await?;
            self.subject = Some(Subject::Matter(part.0));
        }
        // The bundle learns in the same unit what became of its part, if it is here.
        let (part, Some(bundle)) = part else {
            return Ok(());
        };
        let Some(bundle) = self.docket(bundle).await? else {
            return Ok(());
        };
        match custody::end_part(bundle, part, ended, self.context()) {
            Some(noted) => self.apply_one(noted).await,
            None => Ok(()),
        }
    }

    async fn apply_one(&mut self, decision: Decision) -> Result<(), Fault> {
        let Decision {
            docket,
            sends,
            facts,
            left,
            day,
        } = decision;
        let matter = docket.matter.clone();
        self.put_docket(docket);
        let matter = &matter;
        self.subject = Some(Subject::Matter(matter.id));
        if let Some(Act::Erase(_)) = matter.steps.last().map(|step| step.act) {
            self.heed_erasure(matter).await?;
        }
        if facts.contains(&Measure::REPORTED) {
            self.note_reporter(matter);
        }
        // What came true in another system is counted on its own day.
        let today = self.day();
        let day = day.map_or(today, |day| day.min(today));
        let counted_in = |measure| match &left {
            Some(left) if measure == Measure::RECATEGORISED_OUT => left.clone(),
            _ => matter.category.clone(),
        };
        for measure in facts {
            let cell = CellKey {
                acting: self.office.me,
                origin: matter.id.origin,
                category: counted_in(measure),
                day,
            };
            let mut one = Counters::default();
            one.count(measure);
            self.shift(cell, Counters::default(), one).await?;
            self.facts.push(Fact {
                measure,
                matter: matter.id,
                category: counted_in(measure),
                version: matter.version,
                day,
            });
        }
        for outgoing in sends {
            self.send(outgoing).await?;
        }
        Ok(())
    }

    pub(super) fn day(&mut self) -> domain::time::Day {
        self.ledger.last_day = self.ledger.last_day.max(self.now.day());
        self.ledger.last_day
    }

    /// Submits it, ends the turn, and waits until it is durable.
    pub(super) async fn commit(self) -> Result<(), Aborted> {
        self.submit().await?.durable().await?;
        Ok(())
    }

    /// The same for what was written alone, without what follows from a decision.
    pub(super) async fn commit_bare(self) -> Result<(), Fault> {
        let Self { turn, view, .. } = self;
        let ticket = view.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// Everything of this decision becomes one unit. Neighbours are woken at once; they send
    /// nothing before it is durable.
    pub(super) async fn submit(mut self) -> Result<Ticket, Aborted> {
        if !self.facts.is_empty() {
            self.ledger.journal += 1;
            let entry = Entry {
                at: self.now,
                day: self.ledger.last_day,
                actor: self.actor.clone(),
                facts: std::mem::take(&mut self.facts),
            };
            self.view
                .put::<tables::Journal>(&self.ledger.journal, &entry);
        }
        if self.new_policy {
            self.keep_categories();
        }
        self.project().await?;
        self.note_compliance().await?;
        self.write_log().await?;
        self.report_figures().await?;
        self.note_done().await?;
        let told = self.tell_changes().await?;
        let rung = self.put_segments();
        self.view.put::<tables::Ledger>(&(), &self.ledger);
        let ticket = self.view.submit().await?;
        let shown = &self.office.dependencies.metrics.queued;
        self.office.queues.change(self.queued, shown);
        if self.new_policy {
            self.office.templates().forget_policy();
        }
        for (kind, more) in self.alarms {
            let standing = &self.office.dependencies.metrics.alarms;
            standing.of(kind.code()).inc_by(more);
        }
        if let Some(at) = self.due {
            self.office.dependencies.due.wake_by(self.office.me, at);
        }
        if told {
            self.office.listeners.ring();
        }
        for neighbour in rung {
            self.office.wakers.ring(neighbour);
        }
        Ok(ticket)
    }
}
