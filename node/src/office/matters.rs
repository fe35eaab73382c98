//! What people do with matters.

use topology::DivisionCode;

use super::{Office, OfficeError};
use crate::{
    domain::{
        actor::Actor,
        category::{Category, Class, Priority, Visibility},
        custody::{self, Decision, Docket, Refusal, Report},
        ids::MatterId,
        matter::{Act, Body, Channel, Outcome},
        request::{self, AskId},
        suite::Digest,
    },
    telemetry,
};

/// Longest remark of an office, in bytes.
const MOST_NOTE_BYTES: usize = 4 * 1024;

/// Longest remarks on one matter together, in bytes: they travel in one frame with its body.
const MOST_NOTES_BYTES: usize = 256 * 1024;

/// What a person hands in.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// How it came in.
    pub channel: Channel,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// How protected the text is.
    pub class: Class,
    /// The division complained about, if it is `direct`.
    pub about: Option<DivisionCode>,
    /// What the person wrote, at most [`Body::MOST_BYTES`].
    pub text: String,
    /// W3C trace context to continue.
    pub trace: Option<String>,
}

impl Office {
    /// Takes a report. Durable when it returns.
    pub async fn report(&self, new: NewReport, actor: Actor) -> Result<MatterId, OfficeError> {
        self.open_matter(new, None, actor).await
    }

    /// Takes a report and hands it to a tier above in the same commit.
    pub async fn report_and_escalate(
        &self,
        new: NewReport,
        to: DivisionCode,
        actor: Actor,
    ) -> Result<MatterId, OfficeError> {
        self.open_matter(new, Some(to), actor).await
    }

    async fn open_matter(
        &self,
        new: NewReport,
        escalate: Option<DivisionCode>,
        actor: Actor,
    ) -> Result<MatterId, OfficeError> {
        new.category.check_listed()?;
        check_text(&new.text, Body::MOST_BYTES)?;
        let _place = self.places.try_acquire().map_err(|_| OfficeError::Busy)?;
        let span = tracing::info_span!("matter.report", division = %self.me,
            category = %new.category, matter = tracing::field::Empty);
        let incoming = new.trace.as_deref();
        if let Some(trace) = incoming {
            telemetry::follow(&span, trace);
        }
        let body = Body {
            class: new.class,
            salt: self.supplies.entropy.bytes(),
            text: new.text,
        };
        let suite = self.supplies.suite;
        let report = Report {
            channel: new.channel,
            category: new.category,
            priority: new.priority,
            visibility: new.visibility,
            class: new.class,
            about: new.about,
            suite,
            body: body.commitment(suite),
        };
        let tree = &self.supplies.tree;
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        desk.ledger.matters += 1;
        let id = MatterId {
            origin: self.me,
            epoch: desk.ledger.epoch.id.short(),
            number: desk.ledger.matters,
        };
        span.record("matter", tracing::field::display(id));
        desk.follow(id, telemetry::carry(&span, incoming));
        let mut decision = custody::report(id, report, self.me, desk.now, tree)?;
        if let Some(to) = escalate {
            let reported = decision.facts;
            let act = Act::Escalate(to);
            decision = custody::transfer(decision.docket, act, None, self.me, desk.now, tree)?;
            decision.facts.splice(0..0, reported);
        }
        desk.put_body(id, suite, &body);
        desk.apply(decision).await?;
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        self.supplies.metrics.matters_reported.inc();
        Ok(id)
    }

    /// 受理
    pub async fn accept(&self, id: MatterId, actor: Actor) -> Result<(), OfficeError> {
        self.work(id, Act::Accept, None, actor).await
    }

    /// 处置: records a piece of work.
    pub async fn handle(
        &self,
        id: MatterId,
        note: String,
        actor: Actor,
    ) -> Result<(), OfficeError> {
        self.work(id, Act::Handle, Some(note), actor).await
    }

    /// 结案
    pub async fn close(
        &self,
        id: MatterId,
        outcome: Outcome,
        note: Option<String>,
        actor: Actor,
    ) -> Result<(), OfficeError> {
        self.work(id, Act::Close(outcome), note, actor).await
    }

    async fn work(
        &self,
        id: MatterId,
        act: Act,
        note: Option<String>,
        actor: Actor,
    ) -> Result<(), OfficeError> {
        self.decide(id, note, actor, None, |docket, note, now| {
            custody::act(docket, act, note, self.me, now, &self.supplies.tree)
        })
        .await
    }

    /// 上报: hands a matter to a tier above, the parent if none is named.
    pub async fn escalate(
        &self,
        id: MatterId,
        to: Option<DivisionCode>,
        note: Option<String>,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        let to = to.or(self.parent).ok_or(Refusal::NotAbove(self.me))?;
        self.give(id, note, actor, trace, |_| Ok(Act::Escalate(to)))
            .await
    }

    /// 交办: hands a matter to a division below.
    pub async fn assign(
        &self,
        id: MatterId,
        to: DivisionCode,
        note: Option<String>,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        self.give(id, note, actor, trace, |_| Ok(Act::Assign(to)))
            .await
    }

    /// 退回: hands a matter back to whoever sent it here.
    pub async fn send_back(
        &self,
        id: MatterId,
        note: Option<String>,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        let me = self.me;
        self.give(id, note, actor, trace, |docket| {
            custody::return_to(docket, me).map(Act::Return)
        })
        .await
    }

    async fn give(
        &self,
        id: MatterId,
        note: Option<String>,
        actor: Actor,
        trace: Option<String>,
        act: impl FnOnce(&Docket) -> Result<Act, Refusal>,
    ) -> Result<(), OfficeError> {
        self.decide(id, note, actor, trace, |docket, note, now| {
            let act = act(&docket)?;
            custody::transfer(docket, act, note, self.me, now, &self.supplies.tree)
        })
        .await
    }

    /// One decision on a known matter, durable when it returns.
    async fn decide(
        &self,
        id: MatterId,
        note: Option<String>,
        actor: Actor,
        trace: Option<String>,
        decide: impl FnOnce(
            Docket,
            Option<Digest>,
            crate::domain::time::Timestamp,
        ) -> Result<Decision, Refusal>,
    ) -> Result<(), OfficeError> {
        if let Some(note) = &note {
            check_text(note, MOST_NOTE_BYTES)?;
        }
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let docket = desk
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        let incoming = match trace {
            Some(trace) => Some(trace),
            None => desk.trace_of(id).await?,
        };
        let span = tracing::info_span!("matter.act", division = %self.me, matter = %id);
        if let Some(trace) = &incoming {
            telemetry::follow(&span, trace);
        }
        desk.trace = telemetry::carry(&span, incoming.as_deref());
        let suite = docket.matter.suite;
        let note = note.map(|text| {
            let body = Body {
                class: Class::Public,
                salt: self.supplies.entropy.bytes(),
                text,
            };
            (body.commitment(suite), body)
        });
        let commitment = note.as_ref().map(|(commitment, _)| *commitment);
        let decision = decide(docket, commitment, desk.now)?;
        if let Some((_, body)) = &note {
            let before = desk.notes_bytes(&decision.docket.matter).await?;
            if before + body.text.len() > MOST_NOTES_BYTES {
                return Err(OfficeError::TooManyNotes(before, MOST_NOTES_BYTES));
            }
            desk.put_body(id, suite, body);
        }
        desk.apply(decision).await?;
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// Asks the holder to hand back a matter this node sent away. The answer comes later and stands
    /// in the docket.
    pub async fn recall(&self, id: MatterId, actor: Actor) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let docket = desk
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        let ask = self.next_ask(&mut desk);
        desk.apply(request::recall(&docket, ask, self.me)?).await?;
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    pub(super) fn next_ask(&self, desk: &mut super::desk::Desk<'_>) -> AskId {
        desk.ledger.asks += 1;
        AskId {
            by: self.me,
            epoch: desk.ledger.epoch.id.short(),
            number: desk.ledger.asks,
        }
    }
}

fn check_text(text: &str, most: usize) -> Result<(), OfficeError> {
    match text.len() {
        0 => Err(OfficeError::TextEmpty),
        length if length > most => Err(OfficeError::TextTooLong(length, most)),
        _ if text.trim().is_empty() => Err(OfficeError::TextEmpty),
        _ => Ok(()),
    }
}
