//! Disclosures: begun, written, agreed to, published, corrected, taken down, and read by everybody.
//!
//! Each is a record with the work on it, a line in an index, and its published editions, whose documents never change.
//! An edition and its leaf in the public log are one unit.

mod compliance;
mod demands;
mod files;
mod pleas;
mod publish;
mod read;
mod receipt;
#[cfg(test)]
mod tests;

use domain::{
    actor::Actor,
    audit::Subject,
    disclosure::{BadDisclosure, Content, Disclosure, DisclosureId, Latest, Origin},
    foreign::plain_line,
    time::{Day, Timestamp},
};

use self::demands::Demanded;
pub use files::{AttachedUpload, DisclosureFileRefusal};
pub use pleas::{PleaSeen, Pleader, PleasSeen};
pub use read::{DisclosureSeen, EditionSeen, LogSeen};
pub use receipt::NoReceipt;

use crate::{
    Failed, Fault, RefusalReason, RequestContext, services::Disclosures, tables,
    unit_of_work::UnitOfWork,
};

impl RefusalReason for BadDisclosure {}

/// A disclosure to begin.
#[derive(Clone, Debug)]
pub struct NewDisclosure {
    /// Name of the item.
    pub item: String,
    /// A day of the period, or the day of the event.
    pub day: Day,
    /// The title of an event; empty for others.
    pub title: String,
    /// A disclosure of this node whose latest edition is copied into the form.
    pub like: Option<DisclosureId>,
}

impl NewDisclosure {
    /// Finds what is to be begun among the items that are demanded.
    fn origin(&self, demanded: Vec<Demanded>) -> Result<Origin, BadDisclosure> {
        let mut named = demanded
            .into_iter()
            .filter(|(.., item)| *item.name == *self.item.trim());
        let no_item = || BadDisclosure::NoItem(self.item.chars().take(100).collect());
        let (template, version, item) = named.next().ok_or_else(no_item)?;
        Ok(Origin {
            template,
            version,
            span: item.rhythm.around(self.day),
            title: plain_line(&self.title).into(),
            item,
        })
    }
}

impl Disclosures<'_> {
    /// Begins a disclosure. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn begin_one(
        self,
        new: NewDisclosure,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let origin = new.origin(unit.demanded().await?)?;
        let Origin {
            item, span, title, ..
        } = &origin;
        // The same item of the same days may have been begun under another template of before.
        for (_, line) in unit.lines().await? {
            if line.item == item.name && line.span == *span && line.title == *title {
                return Err(BadDisclosure::Begun(line.id).into());
            }
        }
        let content = match new.like {
            Some(like) => unit
                .latest_document(like)
                .await?
                .map(|document| document.content_for(item))
                .ok_or(BadDisclosure::Unknown(like))?,
            None => Content::default(),
        };
        let policy = unit.policy.clone();
        let calendar = policy.calendar().value;
        let begun = Disclosure::begin(origin, content, calendar, (unit.actor.clone(), unit.now))?;
        // Whatever the lines say, nothing that is there is written over.
        if unit
            .view
            .get::<tables::Disclosures>(&begun.id)
            .await?
            .is_some()
        {
            return Err(BadDisclosure::Begun(begun.id).into());
        }
        unit.put_disclosure(&begun, None);
        unit.commit().await?;
        Ok(begun)
    }

    /// Keeps what is typed. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn write(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        (content, despite): (Content, Option<String>),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.change(id, seen, by, |one, by| {
            one.write(content, despite.as_deref(), by)
        })
        .await
    }

    /// Sends it to the committee. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn submit(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.change(id, seen, by, Disclosure::submit).await
    }

    /// Agrees for the committee. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn agree(
        self,
        id: DisclosureId,
        (seen, note): (Option<u32>, String),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.change(id, seen, by, |one, by| one.agree(&note, by))
            .await
    }

    /// Agrees for the supervision committee. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn review(
        self,
        id: DisclosureId,
        (seen, note): (Option<u32>, String),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.review_with_files(id, (seen, note), false, by).await
    }

    /// Agrees for the supervision committee. `looked` says that photos and documents hold no personal data. Durable
    /// when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn review_with_files(
        self,
        id: DisclosureId,
        (seen, note): (Option<u32>, String),
        looked: bool,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.change(id, seen, by, |one, by| one.review((&note, looked), by))
            .await
    }

    /// Sends it back to be changed. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn send_back(
        self,
        id: DisclosureId,
        by_supervision: bool,
        (seen, why): (Option<u32>, String),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        self.change(id, seen, by, |one, by| {
            one.send_back(by_supervision, &why, by)
        })
        .await
    }

    /// Begins a corrected edition. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn correct(
        self,
        id: DisclosureId,
        (seen, why): (Option<u32>, String),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        let last = unit.latest_document(id).await?;
        let last = last.map_or_else(
            || one.item.blank(),
            |document| document.content_for(&one.item),
        );
        one.correct(last, &why, (unit.actor.clone(), unit.now))?;
        let last = unit
            .view
            .get::<tables::Editions>(&(id, one.editions))
            .await?;
        if let (Some(work), Some(last)) = (&mut one.work, last) {
            work.attached = last.attached;
        }
        let latest = unit.latest(&one).await?;
        unit.put_disclosure(&one, latest);
        unit.commit().await?;
        Ok(one)
    }

    /// Gives up what is not published. A disclosure of which nothing was published is forgotten. Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn give_up(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        let work = one.work.as_ref();
        let files = work.map_or_else(Vec::new, |work| work.attached.clone());
        let nothing_left = one.give_up((unit.actor.clone(), unit.now))?;
        let left = unit.forget_unpublished(id, &files).await?;
        if nothing_left {
            unit.forget_disclosure(&one);
        } else {
            let latest = unit.latest(&one).await?;
            unit.put_disclosure(&one, latest);
        }
        unit.commit().await?;
        Ok(self.files().remove_unowned(left).await?)
    }

    async fn change(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        by: impl Into<RequestContext>,
        change: impl FnOnce(&mut Disclosure, (Actor, Timestamp)) -> Result<(), BadDisclosure>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        change(&mut one, (unit.actor.clone(), unit.now))?;
        let latest = unit.latest(&one).await?;
        unit.put_disclosure(&one, latest);
        unit.commit().await?;
        Ok(one)
    }
}

impl UnitOfWork<'_> {
    /// Returns a disclosure to change, if the caller saw it as it is.
    async fn disclosure(
        &mut self,
        id: DisclosureId,
        seen: Option<u32>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let found = self.view.get::<tables::Disclosures>(&id).await?;
        let found = found.ok_or(BadDisclosure::Unknown(id))?;
        found.is_seen(seen)?;
        Ok(found)
    }

    /// Writes a disclosure and its line.
    fn put_disclosure(&mut self, one: &Disclosure, latest: Option<Latest>) {
        self.subject = Some(Subject::Disclosure(one.id));
        self.complies = true;
        self.view.put::<tables::Disclosures>(&one.id, one);
        let line = one.line(latest);
        self.view
            .put::<tables::DisclosureLines>(&(one.span.to, one.id), &line);
    }

    /// Forgets a disclosure of which nothing was published.
    fn forget_disclosure(&mut self, one: &Disclosure) {
        self.subject = Some(Subject::Disclosure(one.id));
        self.complies = true;
        self.view.delete::<tables::Disclosures>(&one.id);
        self.view
            .delete::<tables::DisclosureLines>(&(one.span.to, one.id));
    }

    /// Returns what is kept of the latest edition.
    async fn latest(&mut self, one: &Disclosure) -> Result<Option<Latest>, Fault> {
        let line = self
            .view
            .get::<tables::DisclosureLines>(&(one.span.to, one.id))
            .await?;
        Ok(line.and_then(|line| line.latest()))
    }

    /// Returns the document of the latest edition; `None` if nothing was published, or it was taken down.
    async fn latest_document(
        &mut self,
        id: DisclosureId,
    ) -> Result<Option<api::DisclosureDocument>, Fault> {
        let Some(one) = self.view.get::<tables::Disclosures>(&id).await? else {
            return Ok(None);
        };
        let edition = self
            .view
            .get::<tables::Editions>(&(id, one.editions))
            .await?;
        Ok(edition.and_then(|edition| api::DisclosureDocument::read(&edition.document)))
    }
}
