//! The acts of people on matters.

pub(crate) mod alike;
pub(crate) mod answers;
pub(crate) mod contacts;
pub(crate) mod data;
pub(crate) mod erasure;
pub(crate) mod filed;
pub(crate) mod hand_over;
pub mod imports;
pub(crate) mod index;
mod materials;
mod offered;
pub(crate) mod receipts;
pub(crate) mod refusal;
mod reply_texts;
pub(crate) mod reports;
pub(crate) mod sealing;
pub(crate) mod search;
pub(crate) mod timing;
pub(crate) mod views;

use domain::{
    actor::Actor,
    attachment::{Attachment, UploadId},
    category::Class,
    custody::{self, Docket, Handlers, Refusal, Standing, Work, requests},
    ids::MatterId,
    matter::{Act, Body, Matter, Outcome, Status, Target, Version},
    people::{AccountId, Permission, Reach, Role, reach},
    policy::{BadWords, Words},
    request::{OpenRequest, Request, RequestId, RequestKind, Voice},
    suite::{Digest, Suite},
};
use records::table::Table;
use topology::DivisionCode;

use crate::{
    Failed, Fault, MatterRefusal, NoSuchMatter, RequestContext, SealingKeyFails, services::Matters,
    tables, unit_of_work::UnitOfWork,
};

/// The longest chain of mergings that is followed.
const MOST_MERGINGS: usize = 8;

/// The most bytes of all remarks on one matter: they travel in one frame with its body.
const MOST_NOTES_BYTES: usize = 256 * 1024;

impl Matters<'_> {
    /// 受理
    pub async fn accept(
        self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.work(id, Work::Do(Act::Accept), None, by, None).await
    }

    /// 处置: records a piece of work.
    pub async fn handle(
        self,
        id: MatterId,
        note: String,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<MatterRefusal>> {
        let handle = Work::Do(Act::Handle);
        self.work(id, handle, Some(note), by, None).await
    }

    /// 结案
    pub async fn close(
        self,
        id: MatterId,
        outcome: Outcome,
        note: Option<String>,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<MatterRefusal>> {
        let close = Work::Do(Act::Close(outcome));
        self.work(id, close, note, by, None).await
    }

    /// 上报: hands a matter to a tier above, the parent if none is named.
    pub async fn escalate(
        self,
        id: MatterId,
        to: Option<DivisionCode>,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.work(id, Work::Escalate(to), note, by, trace).await
    }

    /// 交办: hands a matter to a division below.
    pub async fn assign(
        self,
        id: MatterId,
        to: DivisionCode,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), Failed<MatterRefusal>> {
        let assign = Work::Give(Act::Assign(to));
        self.work(id, assign, note, by, trace).await
    }

    /// 退回: hands a matter back to the division that sent it here.
    pub async fn send_back(
        self,
        id: MatterId,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.work(id, Work::Return, note, by, trace).await
    }

    /// Carries out an act on a matter that is held here. Durable when it returns.
    ///
    /// # Errors
    /// [`MatterRefusal::Rules`] if the rules do not allow it; nothing changed then.
    pub async fn work(
        self,
        id: MatterId,
        work: Work,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.work_with(id, work, note, &[], by, trace).await
    }

    /// Like [`Matters::work`], with files beside the note: uploads of the same person, or photos of the
    /// draft that the request names, which ends.
    ///
    /// # Errors
    /// As for [`Matters::work`], and those of the files.
    pub async fn work_with(
        self,
        id: MatterId,
        work: Work,
        note: Option<String>,
        files: &[UploadId],
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), Failed<MatterRefusal>> {
        if note.is_none() && !files.is_empty() {
            return Err(BadWords::Empty.into());
        }
        self.inbox().check_sole()?;
        let mut unit = self.begin(by).await?;
        if let Some(note) = &note {
            unit.policy.check_words(work.words(), note)?;
        }
        if let Work::Recategorise(category) = &work {
            unit.listed(category)?;
        }
        let known = unit.docket(id).await?;
        let docket = known.ok_or(NoSuchMatter(id))?;
        let into = unit.joined_by(&work).await?;
        let incoming = match trace {
            Some(trace) => Some(trace),
            None => unit.trace_of(id).await?,
        };
        let span = tracing::info_span!("matter.act", division = %self.me, matter = %id);
        if let Some(trace) = &incoming {
            telemetry::follow(&span, trace);
        }
        unit.trace = telemetry::carry(&span, incoming.as_deref());
        let hands = unit.view.get::<tables::Handlers>(&id).await?;
        let mut hands = hands.unwrap_or_default();
        unit.check_hands(&hands, &docket.matter, &work).await?;
        if let Work::Do(Act::Dispatch(target)) = work {
            unit.check_target(target).await?;
        }
        let draft = unit.end_draft().await.map_err(Failed::widen)?;
        let taken = unit.take_uploads(files, draft.as_ref()).await;
        let attachments = taken.map_err(Failed::widen)?;
        let note = unit.keep_note(&docket, note, &attachments).await?;
        let context = unit.context();
        let joins = matches!(work, Work::Join(_));
        let decision = work.decide(docket, into.as_ref(), note, context)?;
        let mut steps = decision.docket.matter.steps.iter();
        if let Some(step) = steps.rposition(|step| step.note == note) {
            let step = u16::try_from(step).expect("a matter has some hundred steps at most");
            unit.bind(id, step, &attachments);
        }
        if hands.note(&decision.docket.matter, &unit.actor) {
            unit.view.put::<tables::Handlers>(&id, &hands);
        }
        if let Some(bundle) = into.filter(|_| joins) {
            let noted = custody::open_part(bundle, id, unit.context())?;
            unit.apply(noted).await?;
        }
        unit.apply(decision).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Asks the holder to hand back a matter that this node sent away. The answer comes later and
    /// is recorded in the docket.
    pub async fn recall(
        self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.request(id, RequestKind::Recall, None, by).await
    }

    /// Makes a request to the holder; carries it out at once if that is this node. The result comes
    /// later and is recorded in the docket, or, for a matter unknown to this node, in the log.
    pub async fn request(
        self,
        id: MatterId,
        kind: RequestKind,
        note: Option<String>,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<MatterRefusal>> {
        self.inbox().check_sole()?;
        let mut unit = self.begin(by).await?;
        if let Some(note) = &note {
            unit.policy.check_words(Words::Note, note)?;
        }
        let voice = unit.voice(id).await?;
        let (id, at) = unit.absorber(id, kind).await?;
        let known = unit.docket(id).await?;
        let unseen = known.is_none();
        // A division above may ask by number about a matter that never came here.
        let above = unseen && id.origin != self.me && self.tree().contains(self.me, id.origin);
        if unseen && at.is_none() && !(above && kind.is_for_those_above()) {
            return Err(NoSuchMatter(id).into());
        }
        if let RequestKind::Merge(into) = kind {
            let into = unit.docket(into).await?;
            match &known {
                Some(docket) if docket.standing == Standing::Holding => {
                    let other = into.as_ref().map_or(id, |into| into.matter.id);
                    custody::check_absorbs(into.as_ref(), other, id, self.me)?;
                    let act = Act::Close(Outcome::Merged(other));
                    let hands = unit.view.get::<tables::Handlers>(&id).await?;
                    let hands = hands.unwrap_or_default();
                    hands.check(&docket.matter, act, &unit.actor, None, unit.context().terms)?;
                }
                _ if into.is_some_and(|into| {
                    matches!(into.matter.status, Status::Closed(Outcome::Merged(_)))
                }) =>
                {
                    return Err(Refusal::MergedWithItself.into());
                }
                _ => {}
            }
        }
        let suite = known
            .as_ref()
            .map_or(self.dependencies.suite, |known| known.matter.suite);
        let note = unit.keep_words(id, suite, note, &[])?;
        let request = Request {
            id: self.next_request(&mut unit),
            matter: id,
            seen: Version::default(),
            kind,
            note,
            suite,
            voice,
        };
        match known {
            Some(docket) => {
                let trace = unit.trace_of(id).await?;
                unit.trace = trace;
                let decision = requests::make(&docket, request, unit.context())?;
                unit.apply(decision).await?;
            }
            None => unit.ask_unseen(request, at.unwrap_or(id.origin)).await?,
        }
        unit.commit().await?;
        Ok(())
    }

    pub(super) fn next_request(self, unit: &mut UnitOfWork<'_>) -> RequestId {
        unit.ledger.asks += 1;
        RequestId {
            by: self.me,
            epoch: unit.ledger.run,
            number: unit.ledger.asks,
        }
    }
}

impl UnitOfWork<'_> {
    /// Keeps a remark of this office on a matter; returns its commitment.
    async fn keep_note(
        &mut self,
        docket: &Docket,
        note: Option<String>,
        attachments: &[Attachment],
    ) -> Result<Option<Digest>, Failed<MatterRefusal>> {
        let Some(text) = note else {
            return Ok(None);
        };
        let before = self.notes_bytes(&docket.matter).await?;
        if before + text.len() > MOST_NOTES_BYTES {
            return Err(MatterRefusal::TooManyNotes(before, MOST_NOTES_BYTES).into());
        }
        let matter = &docket.matter;
        Ok(self.keep_words(matter.id, matter.suite, Some(text), attachments)?)
    }

    pub(super) fn keep_words(
        &mut self,
        id: MatterId,
        suite: Suite,
        text: Option<String>,
        attachments: &[Attachment],
    ) -> Result<Option<Digest>, SealingKeyFails> {
        let Some(text) = text else {
            return Ok(None);
        };
        let salt = self.office.dependencies.entropy.bytes();
        let body = Body {
            attachments: attachments.to_vec(),
            ..Body::of_text(Class::Public, salt, text)
        };
        let fresh = self.office.matters().fresh()?;
        Ok(Some(self.keep_body(id, suite, body, fresh)))
    }

    /// Returns the speaker of a request by this decision's actor. A resident who reported the
    /// matter with their own account is the reporter; everybody else is named.
    async fn voice(&mut self, id: MatterId) -> Result<Voice, Fault> {
        let account = match self.actor {
            Actor::Reporter => return Ok(Voice::Reporter),
            Actor::ApiKey(_) => return Ok(Voice::Program),
            Actor::Account(account) => account,
            _ => return Ok(Voice::Owner),
        };
        let reporter = self.view.get::<tables::Reporters>(&id).await?;
        let known = self.view.get::<tables::Accounts>(&account).await?;
        let resident = known.is_some_and(|known| known.roles.iter().all(|r| *r == Role::Resident));
        Ok(
            match reporter == Some(Actor::Account(account)) && resident {
                true => Voice::Reporter,
                false => Voice::Official(account.0),
            },
        )
    }

    /// Returns the matter on which a request about this one takes effect: itself, or the one it was
    /// merged into, with the division to ask if that never came here.
    async fn absorber(
        &mut self,
        mut id: MatterId,
        kind: RequestKind,
    ) -> Result<(MatterId, Option<DivisionCode>), Fault> {
        let mut at = None;
        if !kind.follows_merging() {
            return Ok((id, at));
        }
        for _ in 0..MOST_MERGINGS {
            match self.docket(id).await?.map(|docket| docket.matter) {
                Some(Matter {
                    status: Status::Closed(Outcome::Merged(into)),
                    holder,
                    ..
                }) => (id, at) = (into, Some(holder)),
                Some(_) => return Ok((id, None)),
                None => break,
            }
        }
        Ok((id, at))
    }

    /// Returns the other matter into which this work puts one, if it does.
    async fn joined_by(&mut self, work: &Work) -> Result<Option<Docket>, Failed<MatterRefusal>> {
        let (Work::Merge(into) | Work::Join(into)) = *work else {
            return Ok(None);
        };
        let known = self.docket(into).await?;
        Ok(Some(known.ok_or(NoSuchMatter(into))?))
    }

    /// Checks that whoever does this work may do it after what they did with the matter before.
    async fn check_hands(
        &mut self,
        hands: &Handlers,
        matter: &Matter,
        work: &Work,
    ) -> Result<(), Failed<MatterRefusal>> {
        let act = match work {
            Work::Do(act) => *act,
            Work::Merge(into) => Act::Close(Outcome::Merged(*into)),
            _ => return Ok(()),
        };
        let reporter = self.view.get::<tables::Reporters>(&matter.id).await?;
        let terms = self.context().terms;
        hands.check(matter, act, &self.actor, reporter.as_ref(), terms)?;
        Ok(())
    }

    /// Checks that the target of a dispatch exists here: an account with the permission to handle
    /// that belongs to the department, or a department that policy names or that posted somebody.
    async fn check_target(&mut self, target: Target) -> Result<(), Failed<MatterRefusal>> {
        let mut posted = false;
        if let Some(number) = target.officer {
            let account = self
                .view
                .get::<tables::Accounts>(&AccountId(number))
                .await?;
            let account = account.filter(|account| !account.disabled);
            let account = account.ok_or(MatterRefusal::NoSuchOfficer(number))?;
            let handles = |role: &Role| reach(*role, Permission::Handle) != Reach::None;
            if !account.roles.iter().any(handles) {
                return Err(MatterRefusal::OfficerHandlesNothing(number).into());
            }
            if target.department.is_some() && account.department != target.department {
                return Err(MatterRefusal::OfficerElsewhere(number).into());
            }
            posted = target.department.is_some();
        }
        let Some(department) = target.department.filter(|_| !posted) else {
            return Ok(());
        };
        if self.policy.names(department) {
            return Ok(());
        }
        let accounts = tables::Accounts::all();
        for (_, account) in self.view.scan(accounts, usize::MAX).await? {
            if !account.disabled && account.department == Some(department) {
                return Ok(());
            }
        }
        Err(MatterRefusal::NoSuchDepartment(department).into())
    }

    /// Makes a request about a matter that is not known here, and records it.
    pub(super) async fn ask_unseen(
        &mut self,
        request: Request,
        to: DivisionCode,
    ) -> Result<(), Fault> {
        if request.kind == RequestKind::Supervise {
            self.view.put::<tables::AskedToSee>(&request.matter, &());
        }
        self.view.put::<tables::Requests>(
            &(request.id.epoch, request.id.number),
            &OpenRequest { request, to },
        );
        self.send(requests::sent(request, to)).await
    }
}
