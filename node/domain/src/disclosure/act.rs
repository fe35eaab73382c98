//! What may be done with a disclosure, by whom, and in which order.

use super::{Content, Disclosure, DisclosureId, Item, Latest, Line, Span, Stage, Step, Work};
use crate::{
    actor::Actor,
    calendar::Calendar,
    foreign::plain_line,
    personal::{self, Personal},
    scope::TemplateKey,
    time::Timestamp,
};

/// The most steps that a disclosure keeps; earlier ones are in the audit trail only.
pub const MOST_STEPS: usize = 200;
/// The most bytes of the reasons and remarks of all steps; enough for the longest of the last six.
const MOST_NOTES_BYTES: usize = 12 * 1024;
/// The most characters of a reason or remark.
pub const MOST_NOTE: usize = 500;
/// The most characters of the title of an event.
const MOST_TITLE: usize = 80;

topology::vocabulary! {
    /// Something that is done with a disclosure.
    #[derive(utoipa::ToSchema)]
    pub enum DisclosureAct: "act on a disclosure" {
        Begin = 1, "begin", "起草", "begins it";
        Write = 2, "write", "修改", "changes what is typed";
        Submit = 3, "submit", "送审", "sends it to the committee";
        Agree = 4, "agree", "村（居）委会同意", "agrees for the committee";
        Review = 5, "review", "监委会同意", "agrees for the supervision committee";
        SendBack = 6, "send-back", "退回修改", "sends it back to be changed";
        Publish = 7, "publish", "公开", "publishes it";
        Correct = 8, "correct", "更正", "begins a corrected edition";
        Drop = 9, "drop", "放弃修改", "gives up what is not published";
        Withdraw = 10, "withdraw", "依法撤下", "takes it down on a lawful ground";
        Attach = 11, "attach", "加附件", "adds a file";
        Detach = 12, "detach", "去掉附件", "takes a file out";
    }
}

/// The reason why something is not done with a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDisclosure {
    /// There is none with this number.
    #[error("there is no disclosure {0} here; `wujitong disclosure list` shows them")]
    Unknown(DisclosureId),
    /// No template in force demands the item.
    #[error("no template in force has the item {0}; `wujitong disclosure due` shows them")]
    NoItem(Box<str>),
    /// The days are not one whole period of the item, or an event in the future.
    #[error(
        "{0} is not a period of this item, or has not begun; name a day of a period that has begun"
    )]
    Period(Span),
    /// An event without a title, or another item with one.
    #[error(
        "an event has a title of 1 to 80 characters, and other items have none; correct the title"
    )]
    Title,
    /// It was begun already.
    #[error("this was begun already; its number is {0}")]
    Begun(DisclosureId),
    /// It is not at a stage where this is done.
    #[error("nobody can {act} this now: {is}; look at it again", act = .0.code(), is = stands(*.1))]
    Stage(DisclosureAct, Option<Stage>),
    /// It was changed meanwhile.
    #[error("it is at version {0} now; look at it again before you go on")]
    Changed(u32),
    /// It has too many bytes.
    #[error("the form has {0} bytes, more than {most}; shorten it or split it", most = super::MOST_CONTENT_BYTES)]
    TooLong(usize),
    /// The table has too many rows.
    #[error("the table has {0} rows, more than {most}; split it", most = super::MOST_ROWS)]
    Rows(usize),
    /// There are so many values, more than the form has places for them.
    #[error(
        "the fields or a row have {0} values, and the form has {1} places for them; correct what is too much"
    )]
    Places(usize, usize),
    /// Something is wrong in the form.
    #[error("{0} places of the form are not right; look at it and correct them")]
    Faults(usize),
    /// Something looks like personal data.
    #[error(
        "{0} places look like the number of an identity card, bank card or mobile telephone; mask them, or say why \
         they are published"
    )]
    Personal(usize),
    /// A title, reason or ground that everybody reads has something that looks like personal data.
    #[error("everybody reads this, and it has what looks like {what}; mask it", what = topology::Term::english(*.0))]
    Told(Personal),
    /// Whoever wrote it may not agree to it.
    #[error("whoever wrote or agreed to it does not look at it again; another person has to")]
    OwnWork,
    /// A reason is missing or too long.
    #[error("say why, in 1 to {MOST_NOTE} characters")]
    Reason,
    /// It was taken down.
    #[error("it was taken down already; a corrected edition may follow")]
    Withdrawn,
    /// The name of a file is missing, too long, or that of another one.
    #[error(
        "a file has a name of 1 to 60 characters that no other file of the draft has; name it otherwise"
    )]
    FileName,
    /// There are too many files.
    #[error("an edition has at most {most} files, and all of its disclosure at most {ever}; take one out, or join files", most = super::MOST_ATTACHED, ever = super::MOST_EVER)]
    ManyFiles,
    /// It has no such file.
    #[error("there is no file {0}; open the disclosure to see which there are")]
    NoFile(u32),
    /// A file is not on the disk, or damaged.
    #[error(
        "file {0} is lost or damaged here; add it again in a corrected edition, or restore a backup"
    )]
    FileLost(u32),
    /// Villagers demanded it.
    #[error(
        "one in ten villagers demanded this, so it is not given up; publish it, or decline the plea on a lawful ground"
    )]
    Owed,
    /// Nobody said that the files hold no personal data.
    #[error(
        "photos and PDF cannot be searched for personal data; look through them, then say that they hold none"
    )]
    Unlooked,
    /// The time to object is over, or has not begun.
    #[error("objections are taken from its publication for {0}; write to the mailbox instead")]
    NoObjection(crate::calendar::Allowance),
}

fn stands(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Draft) => "it is being written",
        Some(Stage::Committee) => "it is with the committee",
        Some(Stage::Supervision) => "it is with the supervision committee",
        Some(Stage::Agreed) => "it waits to be published",
        None => "no edition is being worked on",
    }
}

/// Where a disclosure comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The template.
    pub template: TemplateKey,
    /// Its version.
    pub version: u32,
    /// The item.
    pub item: Item,
    /// The days it is about.
    pub span: Span,
    /// The title of an event; empty for others.
    pub title: Box<str>,
}

/// After an error a disclosure is to be thrown away: it may be half changed.
impl Disclosure {
    /// Begins a disclosure with what is already known of its content.
    ///
    /// # Errors
    /// [`BadDisclosure::Period`], [`BadDisclosure::Title`], [`BadDisclosure::Told`], and those of [`Self::write`].
    pub fn begin(
        origin: Origin,
        content: Content,
        calendar: &Calendar,
        (by, now): (Actor, Timestamp),
    ) -> Result<Self, BadDisclosure> {
        let Origin {
            template,
            version,
            item,
            span,
            title,
        } = origin;
        let title: Box<str> = plain_line(&title).into();
        if !item.rhythm.fits(span) || span.from.start() > now {
            return Err(BadDisclosure::Period(span));
        }
        let is_event = item.rhythm.days().is_none();
        if is_event == title.is_empty() || title.chars().count() > MOST_TITLE {
            return Err(BadDisclosure::Title);
        }
        told(&title)?;
        let content = fitting(content, &item)?;
        let mut begun = Self {
            id: DisclosureId::of(&template, &item.name, span, &title),
            due: super::due(&item, span, calendar),
            template,
            template_version: version,
            item,
            span,
            title,
            work: Some(Work::new(content, None, by.clone())),
            editions: 0,
            published_at: None,
            withdrawn: None,
            steps: vec![],
            version: 0,
            attached: 0,
        };
        begun.note(DisclosureAct::Begin, "", (by, now))?;
        Ok(begun)
    }

    /// Replaces what is typed. `despite` says why what looks like personal data is published.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::TooLong`], [`BadDisclosure::Rows`], [`BadDisclosure::Places`],
    /// [`BadDisclosure::Reason`].
    pub fn write(
        &mut self,
        content: Content,
        despite: Option<&str>,
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let content = fitting(content, &self.item)?;
        let despite = despite.map(reason).transpose()?;
        let work = self.work_at(DisclosureAct::Write, &[Stage::Draft])?;
        work.content = content;
        work.despite = despite;
        work.is_written_by(&by);
        let last = self.steps.last();
        if last.is_some_and(|last| last.act == DisclosureAct::Write && last.by == by) {
            self.steps.pop();
        }
        self.note(DisclosureAct::Write, "", (by, now))
    }

    /// Sends it to the committee.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::Faults`], [`BadDisclosure::Personal`].
    pub fn submit(&mut self, (by, now): (Actor, Timestamp)) -> Result<(), BadDisclosure> {
        let item = self.item.clone();
        let work = self.work_at(DisclosureAct::Submit, &[Stage::Draft])?;
        let faults = work.content.every_fault(&item);
        let attached = work.personal_attached();
        let (personal, wrong): (Vec<_>, Vec<_>) =
            faults.iter().partition(|fault| fault.is_personal());
        if !wrong.is_empty() {
            return Err(BadDisclosure::Faults(wrong.len()));
        }
        let looks_personal = personal.len() + attached;
        if looks_personal > 0 && work.despite.is_none() {
            return Err(BadDisclosure::Personal(looks_personal));
        }
        work.stage = Stage::Committee;
        work.is_written_by(&by);
        let despite = work.despite.clone().filter(|_| looks_personal > 0);
        self.note(
            DisclosureAct::Submit,
            despite.as_deref().unwrap_or_default(),
            (by, now),
        )
    }

    /// Agrees for the committee.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::OwnWork`].
    pub fn agree(
        &mut self,
        note: &str,
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let work = self.work_at(DisclosureAct::Agree, &[Stage::Committee])?;
        work.not_own(&by)?;
        work.stage = Stage::Supervision;
        work.agreed = Some(by.clone());
        self.note(DisclosureAct::Agree, note, (by, now))
    }

    /// Agrees for the supervision committee. `looked` says that who does looked through the files that cannot be
    /// searched, and found no personal data.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::OwnWork`], [`BadDisclosure::Unlooked`].
    pub fn review(
        &mut self,
        (note, looked): (&str, bool),
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let work = self.work_at(DisclosureAct::Review, &[Stage::Supervision])?;
        work.not_own(&by)?;
        if work.has_opaque() && !looked {
            return Err(BadDisclosure::Unlooked);
        }
        work.stage = Stage::Agreed;
        self.note(DisclosureAct::Review, note, (by, now))
    }

    /// Sends it back to be changed: the committee while it looks at it, the supervision committee while that does or
    /// until it is published.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::Reason`].
    pub fn send_back(
        &mut self,
        by_supervision: bool,
        why: &str,
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let why = reason(why)?;
        let stages: &[Stage] = match by_supervision {
            true => &[Stage::Supervision, Stage::Agreed],
            false => &[Stage::Committee],
        };
        let work = self.work_at(DisclosureAct::SendBack, stages)?;
        work.stage = Stage::Draft;
        work.agreed = None;
        self.note(DisclosureAct::SendBack, &why, (by, now))
    }

    /// Publishes it, and returns what is published. What was taken down stands again with this edition.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`].
    pub fn publish(&mut self, (by, now): (Actor, Timestamp)) -> Result<Work, BadDisclosure> {
        self.work_at(DisclosureAct::Publish, &[Stage::Agreed])?;
        self.note(DisclosureAct::Publish, "", (by, now))?;
        let published = self.work.take().expect("it was found above");
        self.editions += 1;
        self.published_at.get_or_insert(now);
        self.withdrawn = None;
        Ok(published)
    }

    /// Begins a corrected edition, with what the last one says; also after that was taken down, because what the law
    /// lets be published is still owed.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::Reason`], [`BadDisclosure::Told`].
    pub fn correct(
        &mut self,
        last: Content,
        why: &str,
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let why = reason(why)?;
        told(&why)?;
        if self.work.is_some() || self.editions == 0 {
            return Err(BadDisclosure::Stage(DisclosureAct::Correct, self.stage()));
        }
        self.note(DisclosureAct::Correct, &why, (by.clone(), now))?;
        self.work = Some(Work::new(last.shaped(&self.item), Some(why), by));
        Ok(())
    }

    /// Gives up what is not published. Returns whether nothing is left of the disclosure.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::Owed`].
    pub fn give_up(&mut self, (by, now): (Actor, Timestamp)) -> Result<bool, BadDisclosure> {
        self.work_at(DisclosureAct::Drop, &[Stage::Draft])?;
        if self.is_demanded() && self.editions == 0 {
            return Err(BadDisclosure::Owed);
        }
        self.work = None;
        self.note(DisclosureAct::Drop, "", (by, now))?;
        Ok(self.editions == 0)
    }

    /// Takes down what was published. What is being worked on is given up.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::Withdrawn`], [`BadDisclosure::Reason`], [`BadDisclosure::Told`].
    pub fn withdraw(
        &mut self,
        ground: &str,
        (by, now): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        self.stands()?;
        let ground = reason(ground)?;
        told(&ground)?;
        if self.editions == 0 {
            return Err(BadDisclosure::Stage(DisclosureAct::Withdraw, self.stage()));
        }
        self.note(DisclosureAct::Withdraw, &ground, (by, now))?;
        self.work = None;
        self.withdrawn = Some(ground);
        Ok(())
    }

    /// Returns whether the caller saw this version.
    ///
    /// # Errors
    /// [`BadDisclosure::Changed`].
    pub fn is_seen(&self, version: Option<u32>) -> Result<(), BadDisclosure> {
        match version {
            Some(seen) if seen != self.version => Err(BadDisclosure::Changed(self.version)),
            _ => Ok(()),
        }
    }

    /// Returns how far the work on an edition has come.
    pub fn stage(&self) -> Option<Stage> {
        self.work.as_ref().map(|work| work.stage)
    }

    /// Returns it in one line, with what is kept of its latest edition.
    pub fn line(&self, latest: Option<Latest>) -> Line {
        let (latest_at, doubts) = match latest {
            Some(latest) => (Some(latest.at), latest.doubts),
            None => (None, vec![]),
        };
        Line {
            id: self.id,
            template: self.template.clone(),
            item: self.item.name.clone(),
            english: self.item.english.clone(),
            class: self.item.class,
            rhythm: self.item.rhythm,
            span: self.span,
            title: self.title.clone(),
            due: self.due,
            published_at: self.published_at,
            latest_at,
            editions: self.editions,
            withdrawn: self.withdrawn.is_some(),
            stage: self.stage(),
            doubts,
        }
    }

    /// Returns until when villagers may object; `None` if nothing was published, or it was taken down. `latest_at` is
    /// when the latest edition was published.
    pub fn objections_until(&self, latest_at: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        let stands = self.editions > 0 && self.withdrawn.is_none();
        stands.then(|| calendar.add(latest_at, self.item.objection))
    }

    fn stands(&self) -> Result<(), BadDisclosure> {
        match self.withdrawn {
            Some(_) => Err(BadDisclosure::Withdrawn),
            None => Ok(()),
        }
    }

    pub(super) fn work_at(
        &mut self,
        act: DisclosureAct,
        stages: &[Stage],
    ) -> Result<&mut Work, BadDisclosure> {
        let stage = self.stage();
        let work = self
            .work
            .as_mut()
            .filter(|work| stages.contains(&work.stage));
        work.ok_or(BadDisclosure::Stage(act, stage))
    }

    pub(super) fn note(
        &mut self,
        act: DisclosureAct,
        note: &str,
        (by, at): (Actor, Timestamp),
    ) -> Result<(), BadDisclosure> {
        let note: Box<str> = plain_line(note).into();
        if note.chars().count() > MOST_NOTE {
            return Err(BadDisclosure::Reason);
        }
        self.steps.push(Step { at, by, act, note });
        let mut bytes: usize = self.steps.iter().map(|step| step.note.len()).sum();
        while self.steps.len() > MOST_STEPS || bytes > MOST_NOTES_BYTES {
            bytes -= self.steps.remove(0).note.len();
        }
        self.version += 1;
        Ok(())
    }
}

impl Work {
    fn new(content: Content, reason: Option<Box<str>>, by: Actor) -> Self {
        Self {
            stage: Stage::Draft,
            content,
            reason,
            despite: None,
            writers: vec![by],
            agreed: None,
            attached: vec![],
        }
    }

    pub(super) fn is_written_by(&mut self, by: &Actor) {
        if !self.writers.contains(by) {
            self.writers.push(by.clone());
        }
    }

    /// Returns whether somebody wrote, sent or agreed to this edition, and so does not look at it again.
    pub fn is_own(&self, by: &Actor) -> bool {
        let mut known = self.writers.iter().chain(&self.agreed);
        known.any(|known| known.may_be(by))
    }

    fn not_own(&self, by: &Actor) -> Result<(), BadDisclosure> {
        match self.is_own(by) {
            true => Err(BadDisclosure::OwnWork),
            false => Ok(()),
        }
    }
}

/// Checks what everybody reads outside of the form.
pub(super) fn told(text: &str) -> Result<(), BadDisclosure> {
    match personal::find(text) {
        Some((kind, _)) => Err(BadDisclosure::Told(kind)),
        None => Ok(()),
    }
}

fn fitting(content: Content, item: &Item) -> Result<Content, BadDisclosure> {
    if content.rows.len() > super::MOST_ROWS {
        return Err(BadDisclosure::Rows(content.rows.len()));
    }
    if let Some((found, most)) = content.too_many(item) {
        return Err(BadDisclosure::Places(found, most));
    }
    let content = content.shaped(item);
    match content.bytes() {
        bytes if bytes > super::MOST_CONTENT_BYTES => Err(BadDisclosure::TooLong(bytes)),
        _ => Ok(content),
    }
}

fn reason(text: &str) -> Result<Box<str>, BadDisclosure> {
    let text = plain_line(text);
    match (1..=MOST_NOTE).contains(&text.chars().count()) {
        true => Ok(text.into()),
        false => Err(BadDisclosure::Reason),
    }
}
