//! What people do with matters.

use domain::{
    actor::Actor,
    attachment::{Attachment, UploadId},
    category::{Category, Class},
    custody::{self, Docket, Handlers, Refusal, Standing, Turn},
    ids::MatterId,
    matter::{Act, Body, Ground, Matter, Outcome, Status, Target, Version},
    people::{Account, AccountId, Permission, Reach, Role, reach},
    policy::{BadWords, Words},
    request::{self, Ask, AskId, Asked, Voice, Wish},
    suite::{Digest, Suite},
};
use store::{Range, record};
use topology::DivisionCode;

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};
use crate::RequestContext;

/// Mergings that are followed, one after the other.
const MOST_MERGINGS: usize = 8;

/// Longest remarks on one matter together, in bytes: they travel in one frame with its body.
const MOST_NOTES_BYTES: usize = 256 * 1024;

/// What the holder does with a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Something that leaves it here.
    Do(Act),
    /// 上报 to a tier above, the parent if none is named.
    Escalate(Option<DivisionCode>),
    /// 交办 or 裁定 to a division below.
    Give(Act),
    /// 退回 to whoever sent it.
    Return,
    /// 职责异议: to the division above both.
    Object(Ground),
    /// Into another category.
    Recategorise(Category),
    /// Closed as the same as another that this node knows.
    Merge(MatterId),
    /// Clocks stopped, resumed or stretched.
    Time(Turn),
}

impl Work {
    /// What the words beside it are to those who read them.
    const fn words(&self) -> Words {
        match self {
            Self::Do(Act::Reply(_)) => Words::Answer,
            _ => Words::Note,
        }
    }
}

impl Office {
    /// 受理
    pub async fn accept(
        &self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        self.work(id, Work::Do(Act::Accept), None, by, None).await
    }

    /// 处置: records a piece of work.
    pub async fn handle(
        &self,
        id: MatterId,
        note: String,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        let handle = Work::Do(Act::Handle);
        self.work(id, handle, Some(note), by, None).await
    }

    /// 结案
    pub async fn close(
        &self,
        id: MatterId,
        outcome: Outcome,
        note: Option<String>,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        let close = Work::Do(Act::Close(outcome));
        self.work(id, close, note, by, None).await
    }

    /// 上报: hands a matter to a tier above, the parent if none is named.
    pub async fn escalate(
        &self,
        id: MatterId,
        to: Option<DivisionCode>,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        self.work(id, Work::Escalate(to), note, by, trace).await
    }

    /// 交办: hands a matter to a division below.
    pub async fn assign(
        &self,
        id: MatterId,
        to: DivisionCode,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        let assign = Work::Give(Act::Assign(to));
        self.work(id, assign, note, by, trace).await
    }

    /// 退回: hands a matter back to whoever sent it here.
    pub async fn send_back(
        &self,
        id: MatterId,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        self.work(id, Work::Return, note, by, trace).await
    }

    /// Does something with a matter that is held here. Durable when it returns.
    ///
    /// # Errors
    /// [`OfficeError::Refused`] if the rules do not allow it; nothing changed then.
    pub async fn work(
        &self,
        id: MatterId,
        work: Work,
        note: Option<String>,
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        self.work_with(id, work, note, &[], by, trace).await
    }

    /// The same, with files that the same person uploaded beside the note.
    ///
    /// # Errors
    /// As for [`Office::work`], and what may be wrong with the files.
    pub async fn work_with(
        &self,
        id: MatterId,
        work: Work,
        note: Option<String>,
        files: &[UploadId],
        by: impl Into<RequestContext>,
        trace: Option<String>,
    ) -> Result<(), OfficeError> {
        if note.is_none() && !files.is_empty() {
            return Err(BadWords::Empty.into());
        }
        self.check_sole()?;
        let mut unit = self.begin(by).await?;
        if let Some(note) = &note {
            unit.policy.check_words(work.words(), note)?;
        }
        if let Work::Recategorise(category) = &work {
            unit.listed(category)?;
        }
        let known = unit.docket(id).await?;
        let docket = known.ok_or(OfficeError::NoSuchMatter(id))?;
        let into = match work {
            Work::Merge(into) => unit.docket(into).await?,
            _ => None,
        };
        let incoming = match trace {
            Some(trace) => Some(trace),
            None => unit.trace_of(id).await?,
        };
        let span = tracing::info_span!("matter.act", division = %self.me, matter = %id);
        if let Some(trace) = &incoming {
            telemetry::follow(&span, trace);
        }
        unit.trace = telemetry::carry(&span, incoming.as_deref());
        let handlers = keys::handlers(id);
        let mut hands: Handlers = unit.read(&handlers).await?.unwrap_or_default();
        let judges = match &work {
            Work::Do(act) => Some(*act),
            Work::Merge(into) => Some(Act::Close(Outcome::Merged(*into))),
            _ => None,
        };
        if let Some(act) = judges {
            let reporter: Option<Actor> = unit.read(&keys::reporter(id)).await?;
            let terms = unit.context().terms;
            hands.check(&docket.matter, act, &unit.actor, reporter.as_ref(), terms)?;
        }
        if let Work::Do(Act::Dispatch(target)) = work {
            unit.check_target(target).await?;
        }
        let attachments = unit.take_uploads(files).await?;
        let note = unit.keep_note(&docket, note, &attachments).await?;
        let context = unit.context();
        let decision = match work {
            Work::Do(act) => custody::act(docket, act, note, None, context),
            Work::Escalate(to) => {
                let to = to.or(self.parent).ok_or(Refusal::NotAbove(self.me))?;
                custody::transfer(docket, Act::Escalate(to), note, context)
            }
            Work::Give(act) => custody::transfer(docket, act, note, context),
            Work::Return => {
                let to = custody::return_to(&docket, context)?;
                custody::transfer(docket, Act::Return(to), note, context)
            }
            Work::Object(ground) => {
                let to = custody::arbiter(&docket, context)?;
                custody::transfer(docket, Act::Object(to, ground), note, context)
            }
            Work::Recategorise(category) => custody::recategorise(docket, category, note, context),
            Work::Time(turn) => custody::change_clocks(docket, turn, note, context),
            Work::Merge(other) => {
                let into = into.ok_or(OfficeError::NoSuchMatter(other))?;
                custody::merge(docket, &into, note, context)
            }
        }?;
        let mut steps = decision.docket.matter.steps.iter();
        if let Some(step) = steps.rposition(|step| step.note == note) {
            let step = u16::try_from(step).expect("a matter has some hundred steps at most");
            unit.bind(id, step, &attachments);
        }
        if hands.note(&decision.docket.matter, &unit.actor) {
            unit.view.put(handlers, record::write(&hands));
        }
        unit.apply(decision).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Asks the holder to hand back a matter this node sent away. The answer comes later and stands
    /// in the docket.
    pub async fn recall(
        &self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        self.wish(id, Wish::Recall, None, by).await
    }

    /// Asks the holder for something; does it at once if that is this node. What became of it comes
    /// later and stands in the docket, or, for a matter this node knows nothing of, in the log.
    pub async fn wish(
        &self,
        id: MatterId,
        wish: Wish,
        note: Option<String>,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        self.check_sole()?;
        let mut unit = self.begin(by).await?;
        if let Some(note) = &note {
            unit.policy.check_words(Words::Note, note)?;
        }
        let voice = unit.voice(id).await?;
        let (id, at) = unit.absorber(id, wish).await?;
        let known = unit.docket(id).await?;
        let unseen = known.is_none();
        // One above may ask about a matter that never came here, by its number.
        let above = unseen && id.origin != self.me && self.tree().contains(self.me, id.origin);
        if unseen && at.is_none() && !(above && wish.is_for_those_above()) {
            return Err(OfficeError::NoSuchMatter(id));
        }
        if let Wish::Merge(into) = wish {
            let into = unit.docket(into).await?;
            match &known {
                Some(docket) if docket.standing == Standing::Holding => {
                    let other = into.as_ref().map_or(id, |into| into.matter.id);
                    custody::check_absorbs(into.as_ref(), other, id, self.me)?;
                    let act = Act::Close(Outcome::Merged(other));
                    let hands: Handlers = unit.read(&keys::handlers(id)).await?.unwrap_or_default();
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
        let ask = Ask {
            id: self.next_ask(&mut unit),
            matter: id,
            seen: Version::default(),
            wish,
            note,
            suite,
            voice,
        };
        match known {
            Some(docket) => {
                let trace = unit.trace_of(id).await?;
                unit.trace = trace;
                let decision = request::wish(&docket, ask, unit.context())?;
                unit.apply(decision).await?;
            }
            None => unit.ask_unseen(ask, at.unwrap_or(id.origin)).await?,
        }
        unit.commit().await?;
        Ok(())
    }

    pub(super) fn next_ask(&self, unit: &mut UnitOfWork<'_>) -> AskId {
        unit.ledger.asks += 1;
        AskId {
            by: self.me,
            epoch: unit.ledger.run,
            number: unit.ledger.asks,
        }
    }
}

impl UnitOfWork<'_> {
    /// Keeps a remark of this office on a matter, and gives its commitment.
    async fn keep_note(
        &mut self,
        docket: &Docket,
        note: Option<String>,
        attachments: &[Attachment],
    ) -> Result<Option<Digest>, OfficeError> {
        let Some(text) = note else {
            return Ok(None);
        };
        let before = self.notes_bytes(&docket.matter).await?;
        if before + text.len() > MOST_NOTES_BYTES {
            return Err(OfficeError::TooManyNotes(before, MOST_NOTES_BYTES));
        }
        let matter = &docket.matter;
        self.keep_words(matter.id, matter.suite, Some(text), attachments)
    }

    pub(super) fn keep_words(
        &mut self,
        id: MatterId,
        suite: Suite,
        text: Option<String>,
        attachments: &[Attachment],
    ) -> Result<Option<Digest>, OfficeError> {
        let Some(text) = text else {
            return Ok(None);
        };
        let salt = self.office.dependencies.entropy.bytes();
        let body = Body {
            attachments: attachments.to_vec(),
            ..Body::of_text(Class::Public, salt, text)
        };
        let fresh = self.office.fresh()?;
        Ok(Some(self.keep_body(id, suite, body, fresh)))
    }

    /// Who speaks when this decision's actor asks for something about a matter. A resident who reported
    /// it with their own account is the reporter; everybody else is named.
    async fn voice(&mut self, id: MatterId) -> Result<Voice, OfficeError> {
        let account = match self.actor {
            Actor::Reporter => return Ok(Voice::Reporter),
            Actor::ApiKey(_) => return Ok(Voice::Program),
            Actor::Account(account) => account,
            _ => return Ok(Voice::Owner),
        };
        let reporter: Option<Actor> = self.read(&keys::reporter(id)).await?;
        let known: Option<Account> = self.read(&keys::account(account)).await?;
        let resident = known.is_some_and(|known| known.roles.iter().all(|r| *r == Role::Resident));
        Ok(
            match reporter == Some(Actor::Account(account)) && resident {
                true => Voice::Reporter,
                false => Voice::Official(account.0),
            },
        )
    }

    /// The matter on which what is asked of this one has its effect: itself, or what it was merged
    /// into, with the division to ask if that never came here.
    async fn absorber(
        &mut self,
        mut id: MatterId,
        wish: Wish,
    ) -> Result<(MatterId, Option<DivisionCode>), OfficeError> {
        let mut at = None;
        if !wish.follows_merging() {
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

    /// Whoever is to handle a matter exists here: an account that may handle it and belongs to the
    /// department, a department that policy names or somebody was posted by.
    async fn check_target(&mut self, target: Target) -> Result<(), OfficeError> {
        let mut posted = false;
        if let Some(number) = target.officer {
            let account: Option<Account> = self.read(&keys::account(AccountId(number))).await?;
            let account = account.filter(|account| !account.disabled);
            let account = account.ok_or(OfficeError::NoSuchOfficer(number))?;
            let handles = |role: &Role| reach(*role, Permission::Handle) != Reach::None;
            if !account.roles.iter().any(handles) {
                return Err(OfficeError::OfficerHandlesNothing(number));
            }
            if target.department.is_some() && account.department != target.department {
                return Err(OfficeError::OfficerElsewhere(number));
            }
            posted = target.department.is_some();
        }
        let Some(department) = target.department.filter(|_| !posted) else {
            return Ok(());
        };
        if self.policy.names(department) {
            return Ok(());
        }
        for (_, bytes) in self
            .view
            .scan(Range::prefix(keys::ACCOUNTS), usize::MAX, false)
            .await?
        {
            let account: Account = record::read(&bytes)?;
            if !account.disabled && account.department == Some(department) {
                return Ok(());
            }
        }
        Err(OfficeError::NoSuchDepartment(department))
    }

    /// Asks about a matter that is not known here, and remembers that it was asked.
    pub(super) async fn ask_unseen(
        &mut self,
        ask: Ask,
        to: DivisionCode,
    ) -> Result<(), OfficeError> {
        if ask.wish == Wish::Supervise {
            let key = keys::asked_to_see(ask.matter);
            self.view.put(key, record::write(&()));
        }
        self.view
            .put(keys::ask(ask.id), record::write(&Asked { ask, to }));
        self.send(request::sent(ask, to)).await
    }
}
