//! Boards (公告栏): what a division tells its people, and what they tell each other where the rules allow it.
//!
//! Templates say which boards there are, who writes on them, who reads them, and for how long a post stays. A post
//! that is moderated loses what it said; that it was there, and why it is gone, stays to be read.

mod post;
mod read;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    people::{Permission, Role, reach},
    saying::Saying,
    scope::is_name,
    time::{Day, Timestamp},
};

pub use post::{
    Answer, BadPost, BadPostId, BoardAct, MOST_ANSWER, MOST_ANSWERS, MOST_PINNED, MOST_TEXT,
    MOST_TITLE, MOST_WORDS, Post, PostId, Removal, RemovalGround, Written,
};
pub(crate) use read::RawBoard;

/// The most photos of one post, whatever a template says.
pub const MOST_PHOTOS: u8 = 4;

/// The name of a board in addresses: 1 to 48 lower-case letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BoardCode(Box<str>);

/// The error for a text that is no name of a board.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a board; use 1 to 48 lower-case letters, digits and dashes")]
pub struct BadBoardCode(pub String);

impl BoardCode {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BoardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for BoardCode {
    type Err = BadBoardCode;

    fn from_str(text: &str) -> Result<Self, BadBoardCode> {
        let text = text.trim();
        match is_name(text) {
            true => Ok(Self(text.into())),
            false => Err(BadBoardCode(text.chars().take(60).collect())),
        }
    }
}

/// One board, as a template describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name in addresses, unique at a node.
    pub code: BoardCode,
    /// Its name for people, 1 to 40 characters.
    pub name: Box<str>,
    /// Its English name, if it has one.
    pub english: Option<Box<str>>,
    /// What it is for, 1 to 200 characters.
    pub about: Option<Box<str>>,
    /// The roles that write on it, at least one; each has the permission `post-on-board`.
    pub writers: Vec<Role>,
    /// Whether people who are not signed in may read it.
    pub signed_out: bool,
    /// The days for which a post stays, 7 to 3,660; `None` for ever.
    pub keep_days: Option<u16>,
    /// Whether people who are signed in may answer a post.
    pub answers: bool,
    /// The most photos of a post, at most [`MOST_PHOTOS`].
    pub photos: u8,
}

/// What a board allows more of than the one that it tightens. The text names both values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Looser {
    /// It has another name.
    #[error("is called {0} there and {1} here; keep the name")]
    Name(Box<str>, Box<str>),
    /// Somebody writes here and not there.
    #[error("is not written on by {code} there; a lower tier may only leave roles out", code = topology::Term::code(*.0))]
    Writer(Role),
    /// One is read by everybody and the other is not.
    #[error("is read signed out: {0} there and {1} here; keep it")]
    SignedOut(bool, bool),
    /// Posts stay longer; 0 stands for ever.
    #[error(
        "keeps posts for {0} days there and {1} here (0: for ever); a lower tier may only shorten it"
    )]
    Keep(u16, u16),
    /// Posts are answered here and not there.
    #[error("takes no answers there; leave `answers` out")]
    Answers,
    /// Posts have more photos.
    #[error(
        "has at most {0} photos in a post there and {1} here; a lower tier may only have fewer"
    )]
    Photos(u8, u8),
}

impl Looser {
    /// Returns it in both languages; it continues the name of the board.
    pub fn said(&self) -> Saying {
        let yes = |yes: &bool| if *yes { "是" } else { "否" };
        let chinese = match self {
            Self::Name(there, here) => {
                format!("上级叫“{there}”，这里叫“{here}”；不要改名")
            }
            Self::Writer(role) => format!(
                "上级没让{}发帖；下级只能减少发帖的角色",
                topology::Term::chinese(*role)
            ),
            Self::SignedOut(there, here) => format!(
                "不登录能否看：上级是{}，这里是{}；不要改",
                yes(there),
                yes(here)
            ),
            Self::Keep(there, here) => {
                format!("上级保留 {there} 天，这里 {here} 天（0 为一直保留）；下级只能缩短")
            }
            Self::Answers => "上级不收回帖；请去掉 answers".to_owned(),
            Self::Photos(there, here) => {
                format!("上级每帖最多 {there} 张照片，这里 {here} 张；下级只能减少")
            }
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

impl Board {
    /// Returns the role in which somebody with these roles writes on it; `None` if they do not.
    pub fn writer(&self, roles: impl Iterator<Item = Role> + Clone) -> Option<Role> {
        let mut writers = self.writers.iter().copied();
        writers.find(|writer| roles.clone().any(|role| role == *writer))
    }

    /// Returns when a post of this moment goes by itself: at the beginning of the day after its last one in
    /// Asia/Shanghai; `None` if it stays.
    pub fn until(&self, posted: Timestamp) -> Option<Timestamp> {
        let Day(day) = posted.day();
        self.keep_days
            .map(|days| Day(day.saturating_add(i32::from(days)).saturating_add(1)).start())
    }

    /// Returns what this board allows more of than `above`; `None` if nothing.
    pub fn loosens(&self, above: &Self) -> Option<Looser> {
        if self.name != above.name {
            return Some(Looser::Name(above.name.clone(), self.name.clone()));
        }
        let mut writers = self.writers.iter();
        if let Some(more) = writers.find(|role| !above.writers.contains(role)) {
            return Some(Looser::Writer(*more));
        }
        if self.signed_out != above.signed_out {
            return Some(Looser::SignedOut(above.signed_out, self.signed_out));
        }
        let days = |board: &Self| board.keep_days.unwrap_or(u16::MAX);
        if days(self) > days(above) {
            let told = |board: &Self| board.keep_days.unwrap_or_default();
            return Some(Looser::Keep(told(above), told(self)));
        }
        if self.answers && !above.answers {
            return Some(Looser::Answers);
        }
        (self.photos > above.photos).then_some(Looser::Photos(above.photos, self.photos))
    }
}

/// Returns whether a role may be named as a writer.
pub(crate) fn may_write(role: Role) -> bool {
    reach(role, Permission::PostOnBoard) == super::people::Reach::All
}
