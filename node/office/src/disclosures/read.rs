//! What everybody reads, and what those read who work on it.

use domain::{
    actor::Actor,
    disclosure::{
        self, BadDisclosure, Class, Content, Demand, Disclosure, DisclosureId, Doubt, Duty,
        Edition, Line, Span,
    },
    ids::{EpochId, MatterId},
    time::{Day, Timestamp},
};
use log::{Commitment, Entry};
use records::table::{Table, Tables, View};
use store::Snapshot;

use super::{
    NewDisclosure,
    demands::{self, Demanded},
};
use crate::{Failed, Fault, services::Disclosures, tables};

/// The most disclosures of one list.
const MOST_LISTED: usize = 500;

/// What the public log says of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSeen {
    /// The life of the store that the log belongs to.
    pub epoch: EpochId,
    /// Position of the entry.
    pub index: u64,
    /// Entries of the log.
    pub size: u64,
    /// Opens the entry.
    pub salt: [u8; 16],
    /// Whether the entry commits to the document as it is kept.
    pub holds: bool,
}

/// An edition with what the public log says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionSeen {
    /// The edition.
    pub edition: Edition,
    /// What the log says.
    pub log: Option<LogSeen>,
}

/// A disclosure with its editions, latest first, and the matters that object to it.
#[derive(Clone, Debug)]
pub struct DisclosureSeen {
    /// The disclosure.
    pub disclosure: Disclosure,
    /// Its line.
    pub line: Line,
    /// Its editions.
    pub editions: Vec<EditionSeen>,
    /// Until when anybody may object.
    pub objections_until: Option<Timestamp>,
    /// The objections and when they were reported.
    pub objections: Vec<(MatterId, Timestamp)>,
    /// The objections that were answered in public.
    pub answered: Vec<(MatterId, Timestamp)>,
}

impl Disclosures<'_> {
    /// Returns what was published, those about the latest days first, at most 500: of one class, about days of a
    /// stretch.
    ///
    /// # Errors
    /// The store's.
    pub async fn published(
        self,
        class: Option<Class>,
        within: Option<Span>,
    ) -> Result<Vec<Line>, Fault> {
        let mut lines = self.lines().await?;
        let fits = |line: &Line| {
            let overlaps =
                |within: Span| line.span.from <= within.to && within.from <= line.span.to;
            line.editions > 0
                && class.is_none_or(|class| line.class == class)
                && within.is_none_or(overlaps)
        };
        lines.retain(fits);
        lines.truncate(MOST_LISTED);
        Ok(lines)
    }

    /// Returns all lines, those about the latest days first.
    ///
    /// # Errors
    /// The store's.
    pub async fn lines(self) -> Result<Vec<Line>, Fault> {
        let mut found = self
            .list(tables::DisclosureLines::all(), usize::MAX)
            .await?;
        found.reverse();
        Ok(found.into_iter().map(|(_, line)| line).collect())
    }

    /// Returns the items that are demanded, and what became of each period. `told` gets both.
    ///
    /// # Errors
    /// The store's.
    pub async fn duties<T>(
        self,
        told: impl FnOnce(&[Demanded], Vec<Duty<'_>>) -> T,
    ) -> Result<T, Fault> {
        let policy = self.templates().policy_in_force().await?;
        let mut view = self.read()?;
        let demanded = demands::demanded(&mut view, self.tree()).await?;
        let mut demands = vec![];
        for one in &demanded {
            let since = demands::since(&mut view, one).await?;
            let (template, version, item) = one;
            demands.push(Demand {
                template,
                version: *version,
                since,
                item,
            });
        }
        let lines = view
            .scan(tables::DisclosureLines::all(), usize::MAX)
            .await?;
        let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
        view.finish(()).await?;
        let duties = disclosure::duties(&demands, &lines, policy.calendar().value, self.now());
        Ok(told(&demanded, duties))
    }

    /// Returns a disclosure of which something was published.
    ///
    /// # Errors
    /// [`BadDisclosure::Unknown`].
    pub async fn seen(self, id: DisclosureId) -> Result<DisclosureSeen, Failed<BadDisclosure>> {
        let policy = self.templates().policy_in_force().await?;
        let mut view = self.read()?;
        let found = view.get::<tables::Disclosures>(&id).await?;
        let one = found
            .filter(|one| one.editions > 0)
            .ok_or(BadDisclosure::Unknown(id))?;
        let line = view
            .get::<tables::DisclosureLines>(&(one.span.to, id))
            .await?;
        let line = line.unwrap_or_else(|| one.line(None));
        let editions = view.scan(tables::Editions::under(&id), usize::MAX).await?;
        let mut seen = vec![];
        for (_, edition) in editions.into_iter().rev() {
            let log = self.seen_in_log(&mut view, id, &edition).await?;
            seen.push(EditionSeen { edition, log });
        }
        let objections = view
            .scan(tables::Objections::under(&id), usize::MAX)
            .await?;
        let objections: Vec<_> = objections
            .into_iter()
            .map(|((_, matter), at)| (matter, at))
            .collect();
        let mut answered = vec![];
        for (matter, at) in &objections {
            if view.get::<tables::Answered>(matter).await?.is_some() {
                answered.push((*matter, *at));
            }
        }
        let until = |at| one.objections_until(at, policy.calendar().value);
        let shown = DisclosureSeen {
            objections_until: line.latest_at.and_then(until),
            line,
            editions: seen,
            objections,
            answered,
            disclosure: one,
        };
        Ok(view.finish(shown).await?)
    }

    /// Returns a disclosure as those see it who work on it, with the doubts about its form.
    ///
    /// # Errors
    /// [`BadDisclosure::Unknown`].
    pub async fn work(
        self,
        id: DisclosureId,
    ) -> Result<(Disclosure, Line, Vec<Doubt>), Failed<BadDisclosure>> {
        let mut view = self.read()?;
        let one = view.get::<tables::Disclosures>(&id).await?;
        let one = one.ok_or(BadDisclosure::Unknown(id))?;
        let line = view
            .get::<tables::DisclosureLines>(&(one.span.to, id))
            .await?;
        let line = line.unwrap_or_else(|| one.line(None));
        let mut doubts = vec![];
        if let Some(work) = &one.work {
            doubts = self.doubts_at(&mut view, &one, &work.content).await?;
        }
        Ok(view.finish((one, line, doubts)).await?)
    }

    /// Returns a disclosure as it would be begun, of which nothing is kept: for the empty form of an item.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn imagined(
        self,
        new: &NewDisclosure,
        by: Actor,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let policy = self.templates().policy_in_force().await?;
        let mut view = self.read()?;
        let demanded = demands::demanded(&mut view, self.tree()).await?;
        view.finish(()).await?;
        let origin = new.origin(demanded)?;
        let calendar = policy.calendar().value;
        Ok(Disclosure::begin(
            origin,
            Content::default(),
            calendar,
            (by, self.now()),
        )?)
    }

    /// Returns the doubts about a form, were it published now.
    pub(super) async fn doubts_at<V: View>(
        self,
        view: &mut Tables<V>,
        one: &Disclosure,
        content: &Content,
    ) -> Result<Vec<Doubt>, Fault> {
        let before = one.item.rhythm.around(Day(one.span.from.0 - 1));
        let before = self.published_content(view, one, before).await?;
        let at = (one.span, self.now());
        Ok(disclosure::doubts(&one.item, content, before.as_ref(), at))
    }

    /// Returns what was published of an item for some days.
    async fn published_content<V: View>(
        self,
        view: &mut Tables<V>,
        one: &Disclosure,
        span: Span,
    ) -> Result<Option<Content>, Fault> {
        let lines = view
            .scan(tables::DisclosureLines::under(&span.to), usize::MAX)
            .await?;
        let is_it =
            |line: &&Line| line.item == one.item.name && line.span == span && line.editions > 0;
        let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
        let Some(line) = lines.iter().find(is_it) else {
            return Ok(None);
        };
        let edition = view
            .get::<tables::Editions>(&(line.id, line.editions))
            .await?;
        let document = edition.and_then(|edition| api::DisclosureDocument::read(&edition.document));
        Ok(document.map(|document| document.content_for(&one.item)))
    }

    pub(super) async fn seen_in_log(
        self,
        view: &mut Tables<Snapshot>,
        id: DisclosureId,
        edition: &Edition,
    ) -> Result<Option<LogSeen>, Fault> {
        let leaves = view
            .scan(tables::EditionLeaves::under(&(id, edition.number)), 1)
            .await?;
        let Some(((.., epoch, index), leaf)) = leaves.into_iter().next() else {
            return Ok(None);
        };
        if edition.document.is_empty() {
            return Ok(None);
        }
        let entry = crate::log::entry(view, epoch, index).await?;
        let network = self.dependencies.network.0;
        let expected = Commitment::to_document(&network, &leaf.salt, edition.document.as_bytes());
        let commits = |entry: &[u8]| {
            matches!(Entry::decode(entry), Ok(Entry::Disclosure { number, edition: of, commitment, .. })
                if number == id.0 && of == edition.number && commitment == expected)
        };
        let size = entry.as_ref().map_or(0, |(_, size)| *size);
        let holds = entry.is_some_and(|(entry, _)| commits(&entry));
        Ok(Some(LogSeen {
            epoch,
            index,
            size,
            salt: leaf.salt,
            holds,
        }))
    }
}
