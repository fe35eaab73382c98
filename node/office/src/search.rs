//! Pages of matters: a filter, an order, a place to go on from. However little fits, a page looks at
//! a bounded number of entries and says where to go on.

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
    time::{Day, Timestamp},
};
use store::{Range, record};
use topology::DivisionCode;

use self::{
    number::{below, spans},
    runs::Runs,
    words::Words,
};
use super::{
    Office, OfficeError, keys,
    shelves::{self, Line, Shelf},
};

/// Lines looked at for one page.
const MOST_LINES: usize = 5_000;
/// Dockets opened for one page, where lines are not in the order that is needed.
const MOST_DOCKETS: usize = 1_500;

/// One category, or all of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// All of a platform.
    Platform(Platform),
    /// One category.
    Category(Category),
}

impl FromStr for About {
    type Err = domain::category::BadCategory;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let platform = Platform::ALL.into_iter().find(|one| one.name() == text);
        match platform {
            Some(platform) => Ok(Self::Platform(platform)),
            None => text.parse().map(Self::Category),
        }
    }
}

/// Which page. What is left out filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// By state.
    pub state: MatterFilter,
    /// By what they are about.
    pub about: Option<About>,
    /// Reported in this division, or in one below it as its code says. Such pages are by number.
    pub origin: Option<DivisionCode>,
    /// Held by this division, as last heard.
    pub holder: Option<DivisionCode>,
    /// By the time that is left. Such pages are by the moment that is due.
    pub urgency: Option<Urgency>,
    /// Reported on this day or later.
    pub from: Option<Day>,
    /// Reported on this day or earlier.
    pub to: Option<Day>,
    /// The beginning of a number; or a part of the name of a category, of a platform, or of a
    /// division: the holder, the origin, or one above the origin. Texts are sealed and not searched.
    /// Pages by number are in the order of numbers.
    pub words: Option<String>,
    /// In which order.
    pub order: MatterOrder,
    /// Those after this place.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// Where a page ended. Stays where it is, whatever comes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    id: MatterId,
    /// The moment that the page is ordered by, unless it is by number.
    at: Option<Timestamp>,
}

/// A text is no place in a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in a list; go on from what stood in `next` of the page before")]
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
        let (id, at) = match text.split_once('.') {
            Some((id, at)) => (id, Some(at.parse().ok())),
            None => (text, None),
        };
        let at = match at {
            Some(None) => return Err(BadCursor(text.to_owned())),
            Some(Some(at)) => Some(Timestamp(at)),
            None => None,
        };
        let id = id.parse().map_err(|_| BadCursor(text.to_owned()))?;
        Ok(Self { id, at })
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What fits.
    pub lines: Vec<Line>,
    /// Where to go on; `None` at the end. A page may be short, even empty, and still go on.
    pub next: Option<Cursor>,
}

/// In what order entries are looked at, and so what the index keeps them by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Lines, by when they were reported.
    Reported,
    /// Dockets, by when they are due.
    Due,
    /// Dockets, by number.
    Number,
}

impl Office {
    /// A page of the matters this node knows. Looks at 5,000 lines or opens 1,500 dockets at most.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn find(&self, search: &Search) -> Result<Found, OfficeError> {
        let now = self.now();
        let words = search.words.as_deref();
        let words = words.and_then(|words| Words::read(words, self.tree()));
        let way = match (search.urgency, search.origin, &words) {
            (Some(_), ..) => Way::Due,
            (None, None, None | Some(Words::Names(_))) => Way::Reported,
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
        // A matter that moves from one shelf to another is on none or both for whoever reads them
        // one after the other.
        let turn = if ranges.len() > 1 {
            Some(self.turn().await)
        } else {
            None
        };
        let mut runs = Runs::new(&prefixes, ranges, newest, search.limit);
        if let Some(after) = after {
            runs.go_on_after(&after);
        }
        let (mut lines, mut looked, mut last) = (vec![], 0, None);
        let mut generation = store::Generation::default();
        let next = loop {
            let Some((position, value)) = runs.next(self, &mut generation).await? else {
                break None;
            };
            if lines.len() == search.limit || looked == most {
                break last;
            }
            looked += 1;
            let cursor = cursor(way, &position)?;
            last = Some(cursor);
            let (line, urgency) = match way {
                Way::Reported => (record::read(&value)?, None),
                Way::Number => (Line::from(&record::read::<Docket>(&value)?), None),
                Way::Due => match self.docket(cursor.id).await? {
                    Some(docket) => (Line::from(&docket), shelves::urgency(&docket, now)),
                    None => continue,
                },
            };
            if urgency == search.urgency && search.fits(&line, words.as_ref()) {
                lines.push(line);
            }
        };
        drop(turn);
        self.dependencies.store.wait_durable(generation).await?;
        Ok(Found { lines, next })
    }

    /// Where in the index a cursor is; also that of a bare number.
    async fn position(&self, after: Cursor, way: Way) -> Result<Option<Vec<u8>>, OfficeError> {
        if way == Way::Number {
            return Ok(Some(after.id.to_bytes().to_vec()));
        }
        let at = match after.at {
            Some(at) => Some(at),
            None => {
                let docket = self.docket(after.id).await?;
                let docket = docket.ok_or(OfficeError::NoSuchMatter(after.id))?;
                match way {
                    Way::Due => shelves::first_due(&docket),
                    _ => Some(docket.matter.reported_at()),
                }
            }
        };
        Ok(at.map(|at| keys::position(at, after.id).to_vec()))
    }
}

/// What an entry is found by again.
fn cursor(way: Way, position: &[u8]) -> Result<Cursor, OfficeError> {
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
    /// The stretches of keys to look at, each with the length of what stands before its positions.
    fn ranges(&self, way: Way, words: Option<&Words>, now: Timestamp) -> (Vec<usize>, Vec<Range>) {
        let moment = |at: Timestamp| at.0.max(0).to_be_bytes();
        let ranges: Vec<(usize, Range)> = match way {
            Way::Reported => {
                let shelves: &[Shelf] = match self.state {
                    MatterFilter::All => &[
                        Shelf::HeldOpen,
                        Shelf::HeldClosed,
                        Shelf::AwayOpen,
                        Shelf::AwayClosed,
                    ],
                    MatterFilter::Open => &[Shelf::HeldOpen, Shelf::AwayOpen],
                    MatterFilter::Closed => &[Shelf::HeldClosed, Shelf::AwayClosed],
                    MatterFilter::Held => &[Shelf::HeldOpen, Shelf::HeldClosed],
                };
                let shelves = shelves.iter().map(|shelf| {
                    let prefix = keys::shelf(*shelf);
                    let mut range = Range::prefix(&prefix);
                    if let Some(from) = self.from {
                        range.from = [&prefix[..], &moment(from.start())].concat().into();
                    }
                    if let Some(to) = self.to {
                        let end = Day(to.0.saturating_add(1)).start();
                        range.to = Some([&prefix[..], &moment(end)].concat().into());
                    }
                    (prefix.len(), range)
                });
                shelves.collect()
            }
            Way::Due => {
                let prefix = keys::DUE_AT;
                let next = [prefix, &moment(Timestamp(now.0 + 1))].concat();
                let mut range = Range::prefix(prefix);
                if self.urgency == Some(Urgency::Overdue) {
                    range.to = Some(next.into());
                } else {
                    range.from = next.into();
                }
                vec![(prefix.len(), range)]
            }
            Way::Number => {
                let spans = match (words, self.origin) {
                    (Some(Words::Number(number)), _) => spans(number),
                    (_, Some(origin)) => vec![below(origin)],
                    _ => vec![],
                };
                let spans = spans.into_iter().map(|(from, to)| {
                    let key = |bound: Vec<u8>| [keys::DOCKETS, &bound].concat();
                    (keys::DOCKETS.len(), Range::between(key(from), key(to)))
                });
                spans.collect()
            }
        };
        ranges.into_iter().unzip()
    }

    /// Whether a matter is listed, but for the time that is left.
    fn fits(&self, line: &Line, words: Option<&Words>) -> bool {
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
