//! Pleas (要求公开): what villagers ask their division to make public. Once one in ten of its residents support one,
//! the division owes it.

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    disclosure::{DEMANDED_TEMPLATE, DisclosureId, Line, MOST_NOTE, Span},
    foreign::{plain_line, plain_lines},
    people::AccountId,
    personal::{self, Personal},
    points::HouseholdId,
    scope::TemplateKey,
    suite::{Digest, Suite},
    template::TemplateKind,
    time::{Day, Timestamp},
};

/// The most characters of what is asked for.
const MOST_TITLE: usize = 60;
/// The most characters of why.
const MOST_TEXT: usize = 500;
/// The most characters of where the number of residents comes from.
const MOST_SOURCE: usize = 100;
/// The most pleas that wait for support at a time.
pub const MOST_OPEN: usize = 50;
/// Days for which support is gathered.
const OPEN_DAYS: i32 = 90;
/// The most residents that a division can have.
const MOST_RESIDENTS: u32 = 100_000_000;
/// One in so many has to support a plea.
const ONE_IN: u32 = 10;
/// Number of a plea at its node, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PleaId(pub u32);

/// The error for a text that is no number of a plea.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a plea; `wujitong disclosure pleas` shows them")]
pub struct BadPleaId(pub String);

impl fmt::Display for PleaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for PleaId {
    type Err = BadPleaId;

    fn from_str(text: &str) -> Result<Self, BadPleaId> {
        let trimmed = text.trim();
        let digits = trimmed.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| trimmed.parse().ok()).flatten();
        match number.filter(|number| *number > 0) {
            Some(number) => Ok(Self(number)),
            None => Err(BadPleaId(text.chars().take(40).collect())),
        }
    }
}

/// Somebody who may ask and support, once each: a household, or a resident whose account belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supporter {
    /// A household, by its slip or by the account that belongs to it.
    Household(HouseholdId),
    /// A resident's account.
    Account(AccountId),
}

impl Supporter {
    /// Returns what stands for a supporter of a plea: the same twice, and of no use without its salt.
    pub fn mark(self, salt: &[u8; 16]) -> Digest {
        let (kind, number) = match self {
            Self::Household(HouseholdId(number)) => (b"household", u64::from(number)),
            Self::Account(AccountId(number)) => (b"account..", number),
        };
        let number = number.to_be_bytes();
        Suite::P256Sha256.digest(&[b"wujitong/plea/1", salt, kind, &number])
    }
}

topology::vocabulary! {
    /// What became of a plea.
    #[derive(utoipa::ToSchema)]
    pub enum PleaState: "state of a plea" {
        Open = 1, "open", "征集支持", "support is gathered";
        Owed = 2, "owed", "已达十分之一，应公开", "one in ten support it, and it has to be published";
        Published = 3, "published", "已公开", "it was published";
        Lapsed = 4, "lapsed", "期满未达十分之一", "too few supported it in time";
        Declined = 5, "declined", "依法不予公开", "a law forbids to publish it";
    }
}

/// Something that villagers ask to be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plea {
    /// Its number.
    pub id: PleaId,
    /// When it was made.
    pub at: Timestamp,
    /// What is asked for; empty once it was declined.
    pub title: Box<str>,
    /// Why; may be empty.
    pub text: Box<str>,
    /// The item of the catalogue and its days, if it is one that is overdue.
    pub about: Option<(Box<str>, Span)>,
    /// Makes marks of supporters.
    pub salt: [u8; 16],
    /// The mark of whoever asked.
    pub asked_by: Digest,
    /// How many support it, with whoever asked.
    pub supporters: u32,
    /// What is owed, once enough support it.
    pub owed: Option<Owed>,
    /// The lawful ground for not publishing it.
    pub declined: Option<Box<str>>,
}

/// What a division owes to those who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Since when.
    pub since: Timestamp,
    /// The number of residents then.
    pub residents: u32,
    /// The disclosure that was begun for it; `None` for an item of the catalogue.
    pub disclosure: Option<DisclosureId>,
}

/// How many residents a division has, as an official says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residents {
    /// The number.
    pub count: u32,
    /// Where it comes from, which everybody reads.
    pub source: Box<str>,
    /// When it was said.
    pub at: Timestamp,
}

crate::records!(Plea, Residents);

/// The reason why something is not done with a plea.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlea {
    /// There is none with this number.
    #[error("there is no plea {0} here; `wujitong disclosure pleas` shows them")]
    Unknown(PleaId),
    /// Nobody knows who asks.
    #[error(
        "a plea needs a resident: sign in with a resident's account, or give the number and slip of your household"
    )]
    NoResident,
    /// What is asked for is missing or too long.
    #[error("say in 1 to {MOST_TITLE} characters what should be made public")]
    Title,
    /// Why is too long.
    #[error("the reason is longer than {MOST_TEXT} characters; shorten it")]
    Text,
    /// What everybody reads has something that looks like personal data.
    #[error("everybody reads this, and it has what looks like {what}; mask it", what = topology::Term::english(*.0))]
    Told(Personal),
    /// The item of the catalogue is not overdue for these days.
    #[error(
        "{0} is not overdue for these days; choose one of those that are, or say what you ask for"
    )]
    NotOverdue(Box<str>),
    /// The same is asked for already.
    #[error("the same is asked for already, as plea {0}; support that one")]
    Known(PleaId),
    /// The caller has one that waits already.
    #[error("your plea {0} still gathers support; wait for it, or support others")]
    Own(PleaId),
    /// Too many wait.
    #[error("{MOST_OPEN} pleas gather support, and no more can; support one of them")]
    Many,
    /// The caller supports it already.
    #[error("you support this plea already; nothing more is needed")]
    Twice,
    /// It gathers no more support.
    #[error("this plea is {state} and needs no more support", state = topology::Term::code(*.0))]
    Over(PleaState),
    /// A ground is missing or too long.
    #[error("name the law that forbids to publish it, in 1 to 500 characters")]
    Ground,
    /// The number of residents is impossible, or its source is missing.
    #[error(
        "say how many residents there are, 1 to {MOST_RESIDENTS}, and in 1 to {MOST_SOURCE} characters who says so"
    )]
    Residents,
}

impl Residents {
    /// Returns the number as an official says it.
    ///
    /// # Errors
    /// [`BadPlea::Residents`], [`BadPlea::Told`].
    pub fn said(count: u32, source: &str, at: Timestamp) -> Result<Self, BadPlea> {
        let source = plain_line(source);
        let fits = (1..=MOST_SOURCE).contains(&source.chars().count());
        if !fits || !(1..=MOST_RESIDENTS).contains(&count) {
            return Err(BadPlea::Residents);
        }
        read_by_all(&source)?;
        Ok(Self {
            count,
            source: source.into(),
            at,
        })
    }

    /// Returns how many have to support a plea: one in ten, rounded up.
    pub const fn needed(&self) -> u32 {
        self.count.div_ceil(ONE_IN)
    }
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct NewPlea {
    /// What should be made public; empty for an item of the catalogue.
    pub title: String,
    /// Why.
    pub text: String,
    /// The item of the catalogue and its days.
    pub about: Option<(Box<str>, Span)>,
}

impl Plea {
    /// Makes a plea of a supporter.
    ///
    /// # Errors
    /// [`BadPlea::Title`], [`BadPlea::Text`], [`BadPlea::Told`].
    pub fn make(
        (id, salt): (PleaId, [u8; 16]),
        new: NewPlea,
        by: Supporter,
        now: Timestamp,
    ) -> Result<Self, BadPlea> {
        let title = match &new.about {
            Some((item, span)) => format!("{item} {span}"),
            None => plain_line(&new.title),
        };
        if new.about.is_none() && !(1..=MOST_TITLE).contains(&title.chars().count()) {
            return Err(BadPlea::Title);
        }
        let text = plain_lines(&new.text).trim().to_owned();
        if text.chars().count() > MOST_TEXT {
            return Err(BadPlea::Text);
        }
        read_by_all(&title)?;
        read_by_all(&text)?;
        Ok(Self {
            id,
            at: now,
            title: title.into(),
            text: text.into(),
            about: new.about,
            salt,
            asked_by: by.mark(&salt),
            supporters: 1,
            owed: None,
            declined: None,
        })
    }

    /// Returns until when support is gathered.
    pub fn until(&self) -> Timestamp {
        Day(self.at.day().0.saturating_add(OPEN_DAYS + 1)).start()
    }

    /// Returns what became of it.
    pub fn state(&self, lines: &[Line], now: Timestamp) -> PleaState {
        let is_it = |line: &&Line| {
            let begun = self.owed.as_ref().and_then(|owed| owed.disclosure);
            let named = |(item, span): &(Box<str>, Span)| line.item == *item && line.span == *span;
            Some(line.id) == begun || self.about.as_ref().is_some_and(named)
        };
        let is_published = || {
            let mut found = lines.iter().filter(is_it);
            found.any(|line| line.editions > 0)
        };
        match &self.owed {
            _ if self.declined.is_some() => PleaState::Declined,
            _ if is_published() => PleaState::Published,
            Some(_) => PleaState::Owed,
            None if now >= self.until() => PleaState::Lapsed,
            None => PleaState::Open,
        }
    }

    /// Counts one more who supports it.
    ///
    /// # Errors
    /// [`BadPlea::Over`].
    pub fn support(&mut self, state: PleaState) -> Result<(), BadPlea> {
        match state {
            PleaState::Open => self.supporters += 1,
            over => return Err(BadPlea::Over(over)),
        }
        Ok(())
    }

    /// Returns whether enough support it now.
    pub fn is_reached(&self, residents: Option<&Residents>) -> bool {
        residents.is_some_and(|residents| self.supporters >= residents.needed())
    }

    /// Declines it on a lawful ground: what was asked for is erased, the ground stays.
    ///
    /// # Errors
    /// [`BadPlea::Over`], [`BadPlea::Ground`], [`BadPlea::Told`].
    pub fn decline(&mut self, ground: &str, state: PleaState) -> Result<(), BadPlea> {
        if !matches!(state, PleaState::Open | PleaState::Owed) {
            return Err(BadPlea::Over(state));
        }
        let ground = plain_line(ground);
        if !(1..=MOST_NOTE).contains(&ground.chars().count()) {
            return Err(BadPlea::Ground);
        }
        read_by_all(&ground)?;
        self.declined = Some(ground.into());
        (self.title, self.text) = (Box::default(), Box::default());
        Ok(())
    }
}

fn read_by_all(text: &str) -> Result<(), BadPlea> {
    match personal::find(text) {
        Some((what, _)) => Err(BadPlea::Told(what)),
        None => Ok(()),
    }
}

/// Returns what stands for the template of what villagers demanded.
pub fn demanded_template(issuer: topology::DivisionCode) -> TemplateKey {
    TemplateKey {
        issuer,
        kind: TemplateKind::Disclosure,
        name: DEMANDED_TEMPLATE.into(),
    }
}
