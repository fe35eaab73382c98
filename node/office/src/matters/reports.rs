//! Reports, and the parts of bundles.

use domain::{
    attachment::UploadId,
    category::{BadCategory, Category, Class, Priority, Visibility},
    custody::{self, Decision, Report},
    disclosure::DisclosureId,
    ids::MatterId,
    matter::{Act, Body, Channel, Contact, Detail, Elsewhere, Outcome, Place},
    points::RatingId,
    policy::{check_channel, is_answered_for},
    seal::Fresh,
};
use topology::{DivisionCode, Tree};

use crate::{
    Failed, MatterRefusal, NoSuchMatter, Opener, RequestContext, SealingKeyFails, TooBusy,
    services::Matters, unit_of_work::UnitOfWork,
};

/// The note of a matter that was closed in the system it was imported from.
const CLOSED_ELSEWHERE: &str =
    "由原系统导入，导入前已办结 closed in the system it was taken over from";

/// A report of a person.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// The channel by which it came in.
    pub channel: Channel,
    /// Its category.
    pub category: Category,
    /// Its urgency.
    pub priority: Priority,
    /// Its visibility.
    pub visibility: Visibility,
    /// Protection class of the text.
    pub class: Class,
    /// The division complained about, if it is `direct`.
    pub about: Option<DivisionCode>,
    /// The text; policy limits its length.
    pub text: String,
    /// Answers in separate fields.
    pub details: Vec<Detail>,
    /// Data by the code of their element. The standard in force must know each; what is a detail with the code of an
    /// element is checked like it.
    pub data: Vec<(String, String)>,
    /// Whether nothing that the standard requires need be given, because another system recorded the matter before.
    pub excused: bool,
    /// The place, if known.
    pub place: Option<Place>,
    /// The person, if known. If nobody is named and nobody answers for the report, it is anonymous:
    /// accepted where policy allows it, and never above normal priority, however urgent the
    /// category is.
    pub contact: Option<Contact>,
    /// Files that were uploaded by the same person.
    pub attachments: Vec<UploadId>,
    /// The disclosure of this node that it objects to, if it does.
    pub objects_to: Option<DisclosureId>,
    /// The rating of this node that it objects to, and who opens the record of its household.
    pub objects_to_rating: Option<(RatingId, Opener)>,
    /// W3C trace context to continue.
    pub trace: Option<String>,
}

impl NewReport {
    /// Builds a report with the usual values.
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
            data: vec![],
            excused: false,
            place: None,
            contact: None,
            attachments: vec![],
            objects_to: None,
            objects_to_rating: None,
            trace: None,
        }
    }
}

impl Matters<'_> {
    /// Takes a report. Durable when it returns.
    pub async fn report(
        self,
        new: NewReport,
        by: impl Into<RequestContext>,
    ) -> Result<MatterId, Failed<MatterRefusal>> {
        self.open_matter(new, None, by.into()).await
    }

    /// Takes a report and hands it to a tier above in the same commit.
    pub async fn report_and_escalate(
        self,
        new: NewReport,
        to: DivisionCode,
        by: impl Into<RequestContext>,
    ) -> Result<MatterId, Failed<MatterRefusal>> {
        self.open_matter(new, Some(to), by.into()).await
    }

    async fn open_matter(
        self,
        new: NewReport,
        escalate: Option<DivisionCode>,
        by: RequestContext,
    ) -> Result<MatterId, Failed<MatterRefusal>> {
        new.check(&[self.me], self.tree())?;
        self.inbox().check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| TooBusy)?;
        let span = tracing::info_span!("matter.report", division = %self.me,
            category = %new.category, matter = tracing::field::Empty);
        let incoming = new.trace.clone();
        let (objects_to, objects_to_rating) = (new.objects_to, new.objects_to_rating);
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
        if let Some(disclosure) = objects_to {
            unit.note_objection(disclosure, id)
                .await
                .map_err(Failed::widen)?;
        }
        if let Some((rating, opener)) = &objects_to_rating {
            unit.note_rating_objection((*rating, opener), id)
                .await
                .map_err(Failed::widen)?;
        }
        unit.commit().await?;
        self.dependencies.metrics.matters_reported.inc();
        Ok(id)
    }

    /// Opens many matters in one unit, each held here, and closed if an outcome is known: matters
    /// that were recorded elsewhere before. All or none; durable when it returns. At most about ten
    /// at a time keep the unit at a good size for the store.
    ///
    /// # Errors
    /// As for [`Matters::report`]; nothing is opened then.
    pub async fn take_over(
        self,
        recorded: Vec<(NewReport, Option<Outcome>)>,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<MatterId>, Failed<MatterRefusal>> {
        for (new, _) in &recorded {
            new.check(&[self.me], self.tree())?;
        }
        let keys: Result<Vec<_>, _> = recorded.iter().map(|(new, _)| self.keys_for(new)).collect();
        let keys = keys?;
        self.inbox().check_sole()?;
        let _place = self.places.try_acquire().map_err(|_| TooBusy)?;
        let mut unit = self.begin(by).await?;
        let mut taken = vec![];
        for ((new, outcome), keys) in recorded.into_iter().zip(keys) {
            let id = unit.next_matter();
            let new = NewReport {
                excused: true,
                ..new
            };
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
        self,
        bundle: MatterId,
        parts: Vec<NewReport>,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<MatterId>, Failed<MatterRefusal>> {
        // The subject of a bundle may be at the bundle's origin, however far it was handed on.
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
            let whole = known.ok_or(NoSuchMatter(bundle))?;
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

/// Object keys of a report, made before its turn: for the text, and for the contact.
pub(crate) struct Keys {
    text: Fresh,
    contact: Option<Fresh>,
}

impl Matters<'_> {
    pub(crate) fn keys_for(self, new: &NewReport) -> Result<Keys, SealingKeyFails> {
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
    /// Checks that the place lies in one of the divisions. The limits of policy are checked when
    /// the matter is opened.
    pub(crate) fn check(&self, divisions: &[DivisionCode], tree: &Tree) -> Result<(), Elsewhere> {
        if let Some(place) = self.place {
            place.check_within(divisions, tree)?;
        }
        Ok(())
    }
}

impl UnitOfWork<'_> {
    pub(crate) fn next_matter(&mut self) -> MatterId {
        self.ledger.matters += 1;
        MatterId {
            origin: self.office.me,
            epoch: self.ledger.run,
            number: self.ledger.matters,
        }
    }

    /// Returns the least urgency of this category, if policy lists it.
    pub(crate) fn listed(&self, category: &Category) -> Result<Priority, BadCategory> {
        match self.policy.category(category) {
            Some(listed) => Ok(listed.value.severity),
            None => Err(BadCategory::Unknown(category.to_string())),
        }
    }

    /// Opens a matter here, and keeps its text.
    pub(crate) async fn open(
        &mut self,
        id: MatterId,
        new: NewReport,
        keys: Keys,
        part_of: Option<MatterId>,
    ) -> Result<Decision, Failed<MatterRefusal>> {
        let report = self.prepare(id, new, keys, part_of).await?;
        Ok(custody::report(id, report, self.context())?)
    }

    /// Keeps the text and contact of a report, if policy allows them; returns the report for the
    /// rules.
    pub(crate) async fn prepare(
        &mut self,
        id: MatterId,
        new: NewReport,
        keys: Keys,
        part_of: Option<MatterId>,
    ) -> Result<Report, Failed<MatterRefusal>> {
        self.policy.check_report(&new.text, &new.details)?;
        check_channel(&self.actor, new.channel)?;
        let contact = new.contact.as_ref();
        let answered_for = is_answered_for(&self.actor, new.channel);
        self.policy.check_contact(contact, answered_for)?;
        let anonymous = contact.is_none_or(Contact::is_empty) && !answered_for;
        let draft = self.hand_in_draft(id).await.map_err(Failed::widen)?;
        let attachments = self.take_uploads(&new.attachments, draft.as_ref()).await;
        let attachments = attachments.map_err(Failed::widen)?;
        self.bind(id, 0, &attachments);
        let severity = self.listed(&new.category)?;
        let details = self.check_data(id, &new, severity, part_of).await?;
        let dependencies = &self.office.dependencies;
        let suite = dependencies.suite;
        let body = Body {
            details,
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
        if let Some(slip) = self.request.as_ref().and_then(|request| request.slip()) {
            self.keep_own_words(id, &body, &slip);
        }
        self.keep_body(id, suite, body, keys.text);
        if let Some((contact, key)) = contact.zip(keys.contact) {
            self.keep_body(id, suite, contact, key);
        }
        Ok(report)
    }
}
