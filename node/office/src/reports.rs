//! Taking reports, and the parts of bundles.

use domain::{
    attachment::UploadId,
    category::{BadCategory, Category, Class, Priority, Visibility},
    custody::{self, Decision, Report},
    ids::MatterId,
    matter::{Act, Body, Channel, Contact, Detail, Outcome, Place},
    policy::is_answered_for,
    seal::Fresh,
};
use topology::{DivisionCode, Tree};

use super::{Office, OfficeError, unit_of_work::UnitOfWork};
use crate::RequestContext;

/// What stands beside the closing of a matter that was closed in the system it was taken over from.
const CLOSED_ELSEWHERE: &str =
    "由原系统导入，导入前已办结 closed in the system it was taken over from";

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
    /// What the person wrote, as long as policy takes.
    pub text: String,
    /// What is said of it in fields of their own.
    pub details: Vec<Detail>,
    /// Where it is.
    pub place: Option<Place>,
    /// Who the person is, if that is known. Where nobody is named and nobody answers for it, it is
    /// anonymous: taken where policy allows it, and never above normal priority, however urgent the
    /// category is.
    pub contact: Option<Contact>,
    /// Files that were uploaded by the same person.
    pub attachments: Vec<UploadId>,
    /// W3C trace context to continue.
    pub trace: Option<String>,
}

impl NewReport {
    /// A report of the usual kind.
    pub fn new(category: Category, text: String) -> Self {
        Self {
            channel: Channel::default(),
            category,
            priority: Priority::default(),
            visibility: Visibility::default(),
            class: Class::default(),
            about: None,
            text,
            details: vec![],
            place: None,
            contact: None,
            attachments: vec![],
            trace: None,
        }
    }
}

impl Office {
    /// Takes a report. Durable when it returns.
    pub async fn report(
        &self,
        new: NewReport,
        by: impl Into<RequestContext>,
    ) -> Result<MatterId, OfficeError> {
        self.open_matter(new, None, by.into()).await
    }

    /// Takes a report and hands it to a tier above in the same commit.
    pub async fn report_and_escalate(
        &self,
        new: NewReport,
        to: DivisionCode,
        by: impl Into<RequestContext>,
    ) -> Result<MatterId, OfficeError> {
        self.open_matter(new, Some(to), by.into()).await
    }

    async fn open_matter(
        &self,
        new: NewReport,
        escalate: Option<DivisionCode>,
        by: RequestContext,
    ) -> Result<MatterId, OfficeError> {
        new.check(&[self.me], self.tree())?;
        self.check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| OfficeError::Busy)?;
        let span = tracing::info_span!("matter.report", division = %self.me,
            category = %new.category, matter = tracing::field::Empty);
        let incoming = new.trace.clone();
        if let Some(trace) = &incoming {
            telemetry::follow(&span, trace);
        }
        let keys = self.keys_for(&new)?;
        let mut unit = self.begin(by).await?;
        let id = unit.next_matter();
        span.record("matter", tracing::field::display(id));
        unit.follow(id, telemetry::carry(&span, incoming.as_deref()));
        let mut decision = unit.open(id, new, keys, None).await?;
        let at_once = custody::ruling(&decision.docket.matter, unit.context())
            .goes_up_at_once(self.me.tier())
            .and_then(|tier| {
                self.tree()
                    .ancestors(self.me)
                    .find(|above| above.tier() == tier)
            });
        if let Some(to) = escalate.or(at_once) {
            let reported = decision.facts;
            let act = Act::Escalate(to);
            decision = custody::transfer(decision.docket, act, None, unit.context())?;
            decision.facts.splice(0..0, reported);
        }
        unit.apply(decision).await?;
        unit.commit().await?;
        self.dependencies.metrics.matters_reported.inc();
        Ok(id)
    }

    /// Takes many reports in one unit, each held here, and closed if an outcome is known: matters that
    /// were recorded elsewhere before. All or none; durable when it returns. At most about ten at a
    /// time keep the unit at the size the store likes.
    ///
    /// # Errors
    /// As for [`Office::report`]; nothing is taken then.
    pub async fn take_over(
        &self,
        recorded: Vec<(NewReport, Option<Outcome>)>,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<MatterId>, OfficeError> {
        for (new, _) in &recorded {
            new.check(&[self.me], self.tree())?;
        }
        let keys: Result<Vec<_>, _> = recorded.iter().map(|(new, _)| self.keys_for(new)).collect();
        let keys = keys?;
        self.check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| OfficeError::Busy)?;
        let mut unit = self.begin(by).await?;
        let mut taken = vec![];
        for ((new, outcome), keys) in recorded.into_iter().zip(keys) {
            let id = unit.next_matter();
            let mut decision = unit.open(id, new, keys, None).await?;
            if let Some(outcome) = outcome {
                let reported = decision.facts;
                let close = Act::Close(outcome);
                let suite = decision.docket.matter.suite;
                let note = unit.keep_words(id, suite, Some(CLOSED_ELSEWHERE.to_owned()), &[])?;
                decision = custody::act(decision.docket, close, note, None, unit.context())?;
                decision.facts.splice(0..0, reported);
            }
            unit.apply(decision).await?;
            taken.push(id);
        }
        unit.commit().await?;
        let count = taken.len() as u64;
        self.dependencies.metrics.matters_reported.inc_by(count);
        Ok(taken)
    }

    /// Opens parts of a bundle (一窗受理) that is held here, each a matter of its own. All or none.
    pub async fn open_parts(
        &self,
        bundle: MatterId,
        parts: Vec<NewReport>,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<MatterId>, OfficeError> {
        // What a bundle is about may lie where it was reported, however far it was handed on.
        for part in &parts {
            part.check(&[self.me, bundle.origin], self.tree())?;
        }
        let keys: Result<Vec<_>, _> = parts.iter().map(|part| self.keys_for(part)).collect();
        let keys = keys?;
        let span = tracing::info_span!("matter.parts", division = %self.me, matter = %bundle);
        let mut unit = self.begin(by).await?;
        let trace = unit.trace_of(bundle).await?;
        let mut opened = vec![];
        for (part, keys) in parts.into_iter().zip(keys) {
            let known = unit.docket(bundle).await?;
            let whole = known.ok_or(OfficeError::NoSuchMatter(bundle))?;
            let id = unit.next_matter();
            unit.follow(id, telemetry::carry(&span, trace.as_deref()));
            let noted = custody::open_part(whole, id, unit.context())?;
            let decision = unit.open(id, part, keys, Some(bundle)).await?;
            unit.apply(noted).await?;
            unit.apply(decision).await?;
            opened.push(id);
        }
        unit.commit().await?;
        self.dependencies
            .metrics
            .matters_reported
            .inc_by(opened.len() as u64);
        Ok(opened)
    }
}

/// Object keys made for a report before its turn: for the text, and for who the reporter is.
pub(super) struct Keys {
    text: Fresh,
    contact: Option<Fresh>,
}

impl Office {
    pub(super) fn keys_for(&self, new: &NewReport) -> Result<Keys, OfficeError> {
        Ok(Keys {
            text: self.fresh()?,
            contact: match new.contact {
                Some(_) => Some(self.fresh()?),
                None => None,
            },
        })
    }
}

impl NewReport {
    /// Checks that its place lies in one of the divisions. What policy says of it is checked when it is
    /// opened.
    pub(super) fn check(&self, divisions: &[DivisionCode], tree: &Tree) -> Result<(), OfficeError> {
        if let Some(place) = self.place {
            place.check_within(divisions, tree)?;
        }
        Ok(())
    }
}

impl UnitOfWork<'_> {
    pub(super) fn next_matter(&mut self) -> MatterId {
        self.ledger.matters += 1;
        MatterId {
            origin: self.office.me,
            epoch: self.ledger.run,
            number: self.ledger.matters,
        }
    }

    /// How urgent a matter of this category is at least, if policy lists it.
    pub(super) fn listed(&self, category: &Category) -> Result<Priority, OfficeError> {
        match self.policy.category(category) {
            Some(listed) => Ok(listed.value.severity),
            None => Err(BadCategory::Unknown(category.to_string()).into()),
        }
    }

    /// Opens a matter here, and keeps what the person wrote.
    pub(super) async fn open(
        &mut self,
        id: MatterId,
        new: NewReport,
        keys: Keys,
        part_of: Option<MatterId>,
    ) -> Result<Decision, OfficeError> {
        let report = self.prepare(id, new, keys, part_of).await?;
        Ok(custody::report(id, report, self.context())?)
    }

    /// Keeps what the person wrote, if policy takes it; gives what is reported of it.
    pub(super) async fn prepare(
        &mut self,
        id: MatterId,
        new: NewReport,
        keys: Keys,
        part_of: Option<MatterId>,
    ) -> Result<Report, OfficeError> {
        self.policy.check_report(&new.text, &new.details)?;
        let contact = new.contact.as_ref();
        let answered_for = is_answered_for(&self.actor, new.channel);
        self.policy.check_contact(contact, answered_for)?;
        let anonymous = contact.is_none_or(Contact::is_empty) && !answered_for;
        let attachments = self.take_uploads(&new.attachments).await?;
        self.bind(id, 0, &attachments);
        let severity = self.listed(&new.category)?;
        let dependencies = &self.office.dependencies;
        let suite = dependencies.suite;
        let body = Body {
            details: new.details,
            place: new.place,
            attachments,
            ..Body::of_text(new.class, dependencies.entropy.bytes(), new.text)
        };
        let contact = new.contact.map(|contact| Body {
            contact: Some(contact),
            ..Body::of_text(Class::Personal, dependencies.entropy.bytes(), String::new())
        });
        let report = Report {
            channel: new.channel,
            category: new.category,
            priority: match anonymous {
                true => Priority::Normal,
                false => new.priority.max(severity),
            },
            visibility: new.visibility,
            class: new.class,
            about: new.about,
            suite,
            body: body.commitment(suite),
            contact: contact.as_ref().map(|contact| contact.commitment(suite)),
            part_of,
        };
        if let Some(request) = &self.request {
            request.note_opening(id, suite, &body);
        }
        self.keep_body(id, suite, body, keys.text);
        if let Some((contact, key)) = contact.zip(keys.contact) {
            self.keep_body(id, suite, contact, key);
        }
        Ok(report)
    }
}
