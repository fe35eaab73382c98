//! Pages of matters: a filter, an order, and a cursor. However few matters match, a page reads a
//! bounded number of entries and says where to continue.

mod number;
mod runs;
#[cfg(test)]
mod tests;
mod words;

use std::{fmt, str::FromStr};

use api::{MatterFilter, MatterOrder, Urgency};
use domain::{
    category::{Category, Platform},
    custody::{Docket, Standing},
    ids::MatterId,
    matter::Department,
    people::Account,
    time::{Day, Timestamp},
};
use number::{below, spans};
use records::table::{Key, Table};
use runs::Runs;
use store::{Range, record};
use topology::DivisionCode;
use words::Words;

use super::index::{self, IndexEntry, Partition};
use crate::{Failed, Fault, NoSuchMatter, services::Matters, tables};

/// The most entries read for one page.
const MOST_LINES: usize = 5_000;
/// The most dockets opened for one page, where entries are not in the needed order.
const MOST_DOCKETS: usize = 1_500;

/// One category, or all categories of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// All categories of a platform.
    Platform(Platform),
    /// One category.
    Category(Category),
}

impl FromStr for About {
    type Err = domain::category::BadCategory;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let platform = Platform::ALL.into_iter().find(|one| one.code() == text);
        match platform {
            Some(platform) => Ok(Self::Platform(platform)),
            None => text.parse().map(Self::Category),
        }
    }
}

/// To whom a matter that is held here was dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    /// This account, or its department and nobody in it.
    To(Box<Account>),
    /// This department, or somebody in it.
    Within(Department),
    /// Nobody.
    Nobody,
}

impl Charged {
    fn fits(&self, docket: &Docket) -> bool {
        let target = docket.matter.dispatched();
        docket.standing == Standing::Holding
            && match self {
                Self::To(account) => target.is_some_and(|to| account.is_charged_with(&to)),
                Self::Within(department) => {
                    target.is_some_and(|to| to.department == Some(*department))
                }
                Self::Nobody => target.is_none(),
            }
    }
}

/// The request for a page. Omitted fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// State of the matter.
    pub state: MatterFilter,
    /// Category of the matter.
    pub about: Option<About>,
    /// Reported in this division or in one below it, by code. Such pages are ordered by number.
    pub origin: Option<DivisionCode>,
    /// Held by this division, as last heard.
    pub holder: Option<DivisionCode>,
    /// The time that is left. Such pages are ordered by due time.
    pub urgency: Option<Urgency>,
    /// Open, held here and dispatched like this. Such pages are ordered by due time.
    pub charge: Option<Charged>,
    /// Reported on this day or later.
    pub from: Option<Day>,
    /// Reported on this day or earlier.
    pub to: Option<Day>,
    /// The beginning of a number; or a part of the name of a category, of a platform, or of a
    /// division: the holder, the origin, or one above the origin. Texts are sealed and not
    /// searched. Pages by number are in the order of numbers.
    pub words: Option<String>,
    /// The order.
    pub order: MatterOrder,
    /// The end of the page before.
    pub after: Option<Cursor>,
    /// The most matters on the page.
    pub limit: usize,
}

/// The position at which a page ended. It stays the same, whatever is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    id: MatterId,
    /// The time by which the page is ordered, unless it is by number.
    at: Option<Timestamp>,
}

impl Cursor {
    /// Builds the position of a page that is ordered by time.
    pub(super) const fn at_time(id: MatterId, at: Timestamp) -> Self {
        Self { id, at: Some(at) }
    }

    pub(super) const fn id(self) -> MatterId {
        self.id
    }

    pub(super) const fn at(self) -> Option<Timestamp> {
        self.at
    }
}

/// The error for a text that is not a cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a cursor; use the `next` of the page before")]
pub struct BadCursor(String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}.{}", self.id, at.0),
            None => write!(f, "{}", self.id),
        }
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bad = || BadCursor(text.chars().take(80).collect());
        let (id, at) = match text.split_once('.') {
            Some((_, at)) if at.starts_with('+') => return Err(bad()),
            Some((id, at)) => (id, Some(at.parse().map_err(|_| bad())?)),
            None => (text, None),
        };
        let at = at.map(Timestamp);
        let id = id.parse().map_err(|_| bad())?;
        Ok(Self { id, at })
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The matching matters.
    pub lines: Vec<IndexEntry>,
    /// The cursor of the next page; `None` at the end. A page may be short or even empty and still
    /// have a next one.
    pub next: Option<Cursor>,
}

/// The index in which entries are read, and its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Entries, by time of the report.
    Reported,
    /// Dockets, by due time.
    Due,
    /// Dockets, by number.
    Number,
}

impl Matters<'_> {
    /// Returns a page of the matters that this node knows. Reads at most 5,000 entries or opens at
    /// most 1,500 dockets.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn find(self, search: &Search) -> Result<Found, Failed<NoSuchMatter>> {
        let now = self.now();
        let words = search.words.as_deref();
        let words = words.and_then(|words| Words::read(words, self.tree()));
        let is_due =
            search.urgency.is_some() || search.charge.is_some() || search.order == MatterOrder::Due;
        let way = match (is_due, search.origin, &words) {
            (true, ..) => Way::Due,
            (false, None, None | Some(Words::Names(_))) => Way::Reported,
            _ => Way::Number,
        };
        let (prefixes, ranges) = search.ranges(way, words.as_ref(), now);
        let newest = search.order == MatterOrder::Newest;
        let after = search.after.map(|after| self.position(after, way));
        let after = match after {
            Some(place) => place.await?,
            None => None,
        };
        let most = if way == Way::Reported {
            MOST_LINES
        } else {
            MOST_DOCKETS
        };
        // Reads at different moments could find a matter that moves between two partitions in none
        // or both of them.
        let mut read = self.read()?;
        let mut runs = Runs::new(&prefixes, ranges, newest, search.limit);
        if let Some(after) = after {
            runs.go_on_after(&after);
        }
        let (mut lines, mut looked, mut last) = (vec![], 0, None);
        let next = loop {
            let Some((position, value)) = runs.next(read.raw()).await? else {
                break None;
            };
            if lines.len() == search.limit || looked == most {
                break last;
            }
            looked += 1;
            let cursor = cursor(way, &position)?;
            last = Some(cursor);
            let line = match way {
                Way::Reported => record::read(&value)?,
                Way::Number => IndexEntry::from(&record::read::<Docket>(&value)?),
                Way::Due => match read.get::<tables::Dockets>(&cursor.id).await? {
                    Some(docket) if search.is_due_like(&docket, now) => IndexEntry::from(&docket),
                    _ => continue,
                },
            };
            if search.fits(&line, words.as_ref()) {
                lines.push(line);
            }
        };
        Ok(read.finish(Found { lines, next }).await?)
    }

    /// Returns the position of a cursor in the index; also that of a bare number.
    async fn position(
        self,
        after: Cursor,
        way: Way,
    ) -> Result<Option<Vec<u8>>, Failed<NoSuchMatter>> {
        if way == Way::Number {
            return Ok(Some(after.id.to_bytes().to_vec()));
        }
        let at = match after.at {
            Some(at) => Some(at),
            None => {
                let docket = self.docket(after.id).await?;
                let docket = docket.ok_or(NoSuchMatter(after.id))?;
                match way {
                    Way::Due => index::first_due(&docket),
                    _ => Some(docket.matter.reported_at()),
                }
            }
        };
        Ok(at.map(|at| {
            let mut position = vec![];
            (at, after.id).write(&mut position);
            position
        }))
    }
}

/// Returns the cursor of an index position.
fn cursor(way: Way, position: &[u8]) -> Result<Cursor, Fault> {
    let damaged = || record::RecordError::Damaged("index");
    let (at, id) = match way {
        Way::Number => (None, position),
        _ => {
            let (at, id) = position.split_first_chunk().ok_or_else(damaged)?;
            (Some(Timestamp(i64::from_be_bytes(*at))), id)
        }
    };
    let id = MatterId::from_bytes(id).ok_or_else(damaged)?;
    Ok(Cursor { id, at })
}

impl Search {
    /// Returns the key ranges to read, each with the length of the prefix before its positions.
    fn ranges(&self, way: Way, words: Option<&Words>, now: Timestamp) -> (Vec<usize>, Vec<Range>) {
        let ranges: Vec<(usize, Range)> = match way {
            Way::Reported => {
                let partitions: &[Partition] = match self.state {
                    MatterFilter::All => &[
                        Partition::HeldOpen,
                        Partition::HeldClosed,
                        Partition::AwayOpen,
                        Partition::AwayClosed,
                    ],
                    MatterFilter::Open => &[Partition::HeldOpen, Partition::AwayOpen],
                    MatterFilter::Closed => &[Partition::HeldClosed, Partition::AwayClosed],
                    MatterFilter::Held => &[Partition::HeldOpen, Partition::HeldClosed],
                };
                let partitions = partitions.iter().map(|partition| {
                    let mut rows = tables::Index::under(partition);
                    if let Some(from) = self.from {
                        rows = rows.from(&(*partition, from.start()));
                    }
                    if let Some(to) = self.to {
                        let end = Day(to.0.saturating_add(1)).start();
                        rows = rows.until(&(*partition, end));
                    }
                    (tables::Index::PREFIX.len() + 1, rows.range())
                });
                partitions.collect()
            }
            Way::Due => {
                let next = Timestamp(now.0 + 1);
                let rows = tables::DueIndex::all();
                let rows = match self.urgency {
                    Some(Urgency::Overdue) => rows.until(&next),
                    Some(Urgency::DueSoon) => rows.from(&next),
                    None => rows,
                };
                vec![(tables::DueIndex::PREFIX.len(), rows.range())]
            }
            Way::Number => {
                let spans = match (words, self.origin) {
                    (Some(Words::Number(number)), _) => spans(number),
                    (_, Some(origin)) => vec![below(origin)],
                    _ => vec![],
                };
                let spans = spans.into_iter().map(|(from, to)| {
                    let key = |bound: Vec<u8>| [tables::Dockets::PREFIX, &bound].concat();
                    let range = Range::between(key(from), key(to));
                    (tables::Dockets::PREFIX.len(), range)
                });
                spans.collect()
            }
        };
        ranges.into_iter().unzip()
    }

    /// Returns whether a matter matches in what only its docket tells.
    fn is_due_like(&self, docket: &Docket, now: Timestamp) -> bool {
        let urgency = index::urgency(docket, now);
        self.urgency.is_none_or(|asked| urgency == Some(asked))
            && self
                .charge
                .as_ref()
                .is_none_or(|charge| charge.fits(docket))
    }

    /// Returns whether a matter matches, apart from the time that is left.
    fn fits(&self, line: &IndexEntry, words: Option<&Words>) -> bool {
        let state = match self.state {
            MatterFilter::All => true,
            MatterFilter::Open => !line.is_closed(),
            MatterFilter::Closed => line.is_closed(),
            MatterFilter::Held => line.standing == Standing::Holding,
        };
        let about = match &self.about {
            None => true,
            Some(About::Platform(platform)) => line.category.platform() == *platform,
            Some(About::Category(category)) => line.category == *category,
        };
        let day = line.reported.day();
        let origin = line.id.origin.as_u64().to_be_bytes();
        state
            && about
            && self.origin.is_none_or(|code| {
                let (from, to) = below(code);
                from[..] <= origin[..] && origin[..] < to[..]
            })
            && self.holder.is_none_or(|holder| line.holder == holder)
            && self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
            && words.is_none_or(|words| words.fit(line))
    }
}
