//! Posts and their answers: what may be written, and what is left of what was removed.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::{Board, BoardCode};
use crate::{
    actor::Actor,
    attachment::Attachment,
    foreign::{plain_line, plain_lines},
    people::Role,
    personal::{self, Personal},
    time::Timestamp,
};

/// The most characters of a title.
pub const MOST_TITLE: usize = 80;
/// The most characters of a post.
pub const MOST_TEXT: usize = 5_000;
/// The most characters of an answer.
pub const MOST_ANSWER: usize = 500;
/// The most answers to one post.
pub const MOST_ANSWERS: u32 = 500;
/// The most pinned posts of a board.
pub const MOST_PINNED: usize = 5;
/// The most characters of what is said about a removal, and of why personal data is published.
pub const MOST_WORDS: usize = 200;

/// The number of a post: 8 random bytes, written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PostId(pub [u8; 8]);

/// The error for a text that is no number of a post.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a post; it has 16 of the digits 0 to 9 and a to f")]
pub struct BadPostId(pub String);

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PostId {
    type Err = BadPostId;

    fn from_str(text: &str) -> Result<Self, BadPostId> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadPostId(text.chars().take(40).collect()))
    }
}

topology::vocabulary! {
    /// Something that is done on a board.
    #[derive(utoipa::ToSchema)]
    pub enum BoardAct: "act on a board" {
        Write = 1, "write", "发帖", "writes a post";
        Answer = 2, "answer", "回帖", "answers a post";
        Pin = 3, "pin", "置顶", "keeps a post above the others";
        Unpin = 4, "unpin", "取消置顶", "lets a post stand among the others again";
        Remove = 5, "remove", "移除", "removes a post or an answer";
    }
}

topology::vocabulary! {
    /// Why a post or an answer is removed. Everybody reads it.
    #[derive(utoipa::ToSchema)]
    pub enum RemovalGround: "ground of a removal" {
        Personal = 1, "personal", "涉及个人信息", "it tells something personal about somebody";
        Untrue = 2, "untrue", "内容不实", "what it says is not true";
        Unlawful = 3, "unlawful", "违反法律法规", "a law forbids it";
        Insult = 4, "insult", "侮辱诽谤", "it insults somebody";
        Advertising = 5, "advertising", "广告推销", "it advertises";
        OffTopic = 6, "off-topic", "与本栏无关", "it does not belong on this board";
        Repeated = 7, "repeated", "重复发布", "it was posted before";
        Outdated = 8, "outdated", "已过时", "it no longer holds";
        TakenBack = 9, "taken-back", "发布人撤回", "its writer takes it back";
    }
}

/// What is left of something that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub ground: RemovalGround,
    /// What else is said about it, which everybody reads; may be empty.
    pub words: Box<str>,
}

impl Removal {
    /// Says why something is removed.
    ///
    /// # Errors
    /// [`BadPost::Words`], [`BadPost::Told`].
    pub fn new(
        ground: RemovalGround,
        words: &str,
        (by, at): (Actor, Timestamp),
    ) -> Result<Self, BadPost> {
        let words = plain_line(words);
        if words.chars().count() > MOST_WORDS {
            return Err(BadPost::Words);
        }
        told(&words)?;
        Ok(Self {
            at,
            by,
            ground,
            words: words.into(),
        })
    }
}

/// What is typed for a post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Why something that looks like personal data is published all the same.
    pub despite: Option<String>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its number.
    pub id: PostId,
    /// The board.
    pub board: BoardCode,
    /// When it was posted.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The role in which they wrote; `None` for the node's owner.
    pub role: Option<Role>,
    /// Its title; empty once it was removed.
    pub title: Box<str>,
    /// What it says; empty once it was removed.
    pub text: Box<str>,
    /// Its photos; none once it was removed.
    pub photos: Vec<Attachment>,
    /// Why something that looks like personal data is published.
    pub despite: Option<Box<str>>,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Number of answers, removed ones among them.
    pub answers: u32,
    /// When it goes by itself, by the rule that held when it was posted; `None` if it stays.
    pub until: Option<Timestamp>,
    /// Why it was removed, if it was.
    pub removed: Option<Removal>,
}

/// An answer to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// 1 for the first.
    pub number: u32,
    /// When it was written.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The first of their roles; `None` for the node's owner.
    pub role: Option<Role>,
    /// What it says; empty once it was removed.
    pub text: Box<str>,
    /// Why it was removed, if it was.
    pub removed: Option<Removal>,
}

/// The reason why something is not done on a board.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPost {
    /// No template in force has this board.
    #[error("there is no board {0} here; `wujitong board list` shows them")]
    NoBoard(BoardCode),
    /// The board has no such post.
    #[error(
        "there is no post {0} on this board; it may have expired, open the board to see what there is"
    )]
    Unknown(PostId),
    /// The post has no such answer.
    #[error("this post has no answer {0}; look at it again")]
    NoAnswer(u32),
    /// The board is read by those who are signed in.
    #[error("this board is read by those who are signed in; sign in")]
    SignIn,
    /// None of the caller's roles writes on this board.
    #[error("none of your roles writes on this board; its template names those that do")]
    NotWriter,
    /// The board takes no answers.
    #[error("this board takes no answers; write to the mailbox instead")]
    NoAnswers,
    /// The post has as many answers as it may.
    #[error("this post has {MOST_ANSWERS} answers, and takes no more; write a post of your own")]
    ManyAnswers,
    /// The title is empty or too long.
    #[error("a title has 1 to {MOST_TITLE} characters; correct it")]
    Title,
    /// The text is empty or too long.
    #[error("the text has 1 to {0} characters; correct it")]
    Text(usize),
    /// It has more photos than the board allows.
    #[error("a post on this board has at most {0} photos; leave some out")]
    Photos(u8),
    /// One of its files is no picture.
    #[error("a post has photos only; leave documents out")]
    NotAPhoto,
    /// A photo is not on the disk any more, or damaged.
    #[error("the photo is lost or damaged on this node's disk; tell its operator")]
    PhotoLost,
    /// What is said about it is too long.
    #[error("what is said about it has at most {MOST_WORDS} characters; shorten it")]
    Words,
    /// Something looks like personal data.
    #[error("the text has what looks like {what}; mask it, or say why it is published", what = topology::Term::english(*.0))]
    Personal(Personal),
    /// Something that is never published for a reason looks like personal data.
    #[error("everybody reads this, and it has what looks like {what}; mask it", what = topology::Term::english(*.0))]
    Told(Personal),
    /// It was removed.
    #[error("this was removed already; look at it again")]
    Removed,
    /// The board has as many pinned posts as it may.
    #[error("{MOST_PINNED} posts are pinned on this board; unpin one first")]
    Pinned,
    /// Somebody who does not moderate removes only what they wrote.
    #[error("you may take back only what you wrote; ask an official to remove this")]
    NotOwn,
}

/// Checks what everybody reads and is never published for a reason.
fn told(text: &str) -> Result<(), BadPost> {
    match personal::find(text) {
        Some((kind, _)) => Err(BadPost::Told(kind)),
        None => Ok(()),
    }
}

/// Returns a text as it is kept.
fn text(typed: &str, most: usize) -> Result<Box<str>, BadPost> {
    let text = plain_lines(typed);
    let text = text.trim();
    match (1..=most).contains(&text.chars().count()) {
        true => Ok(text.into()),
        false => Err(BadPost::Text(most)),
    }
}

impl Post {
    /// Writes a post. The caller has checked that the role writes on the board.
    ///
    /// # Errors
    /// [`BadPost::Title`], [`BadPost::Text`], [`BadPost::Photos`], [`BadPost::NotAPhoto`], [`BadPost::Words`],
    /// [`BadPost::Personal`], [`BadPost::Told`].
    pub fn write(
        board: &Board,
        id: PostId,
        written: &Written,
        photos: Vec<Attachment>,
        (by, role, at): (Actor, Option<Role>, Timestamp),
    ) -> Result<Self, BadPost> {
        let title = plain_line(&written.title);
        if !(1..=MOST_TITLE).contains(&title.chars().count()) {
            return Err(BadPost::Title);
        }
        told(&title)?;
        let said = text(&written.text, MOST_TEXT)?;
        let despite = written.despite.as_deref().map(plain_line);
        let mut despite = despite.filter(|why| !why.is_empty());
        if despite
            .as_ref()
            .is_some_and(|why| why.chars().count() > MOST_WORDS)
        {
            return Err(BadPost::Words);
        }
        match (personal::find(&said), &despite) {
            (Some((kind, _)), None) => return Err(BadPost::Personal(kind)),
            (Some(_), Some(_)) => {}
            (None, _) => despite = None,
        }
        if photos.len() > board.photos.into() {
            return Err(BadPost::Photos(board.photos));
        }
        if photos.iter().any(|photo| !photo.media.is_image()) {
            return Err(BadPost::NotAPhoto);
        }
        Ok(Self {
            id,
            board: board.code.clone(),
            at,
            by,
            role,
            title: title.into(),
            text: said,
            photos,
            despite: despite.map(String::into_boxed_str),
            pinned: false,
            answers: 0,
            until: board.until(at),
            removed: None,
        })
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`BadPost::NoAnswers`], [`BadPost::Removed`], [`BadPost::ManyAnswers`], [`BadPost::Text`], [`BadPost::Told`].
    pub fn answer(
        &mut self,
        board: &Board,
        typed: &str,
        (by, role, at): (Actor, Option<Role>, Timestamp),
    ) -> Result<Answer, BadPost> {
        if !board.answers {
            return Err(BadPost::NoAnswers);
        }
        self.stands()?;
        if self.answers >= MOST_ANSWERS {
            return Err(BadPost::ManyAnswers);
        }
        let text = text(typed, MOST_ANSWER)?;
        told(&text)?;
        self.answers += 1;
        Ok(Answer {
            number: self.answers,
            at,
            by,
            role,
            text,
            removed: None,
        })
    }

    /// Lets it stand above the others, or among them again. `pinned` is how many others do.
    ///
    /// # Errors
    /// [`BadPost::Removed`], [`BadPost::Pinned`].
    pub fn pin(&mut self, above: bool, pinned: usize) -> Result<(), BadPost> {
        self.stands()?;
        if above && !self.pinned && pinned >= MOST_PINNED {
            return Err(BadPost::Pinned);
        }
        self.pinned = above;
        Ok(())
    }

    /// Removes what it says. Returns the photos that belong to nothing any more.
    ///
    /// # Errors
    /// [`BadPost::Removed`].
    pub fn remove(&mut self, why: Removal) -> Result<Vec<Attachment>, BadPost> {
        self.stands()?;
        self.title = "".into();
        self.text = "".into();
        self.despite = None;
        self.pinned = false;
        self.removed = Some(why);
        Ok(std::mem::take(&mut self.photos))
    }

    /// Returns whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn stands(&self) -> Result<(), BadPost> {
        match self.removed {
            Some(_) => Err(BadPost::Removed),
            None => Ok(()),
        }
    }
}

impl Answer {
    /// Removes what it says.
    ///
    /// # Errors
    /// [`BadPost::Removed`].
    pub fn remove(&mut self, why: Removal) -> Result<(), BadPost> {
        if self.removed.is_some() {
            return Err(BadPost::Removed);
        }
        self.text = "".into();
        self.removed = Some(why);
        Ok(())
    }
}
