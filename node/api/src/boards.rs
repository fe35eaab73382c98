//! Boards: which there are, posts, answers, and their moderation.

use domain::{
    board::{Answer, Board, BoardAct, Post, Removal, RemovalGround},
    people::Role,
};
use serde::{Deserialize, Serialize};

use super::UploadId;

/// A board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BoardView {
    /// Its name in addresses.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The roles that write on it.
    pub writers: Vec<Role>,
    /// Whether people who are not signed in may read it.
    pub signed_out: bool,
    /// The days for which a post stays; absent for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u16>,
    /// Whether people who are signed in may answer a post.
    pub answers: bool,
    /// The most photos of a post.
    pub photos: u8,
}

impl From<&Board> for BoardView {
    fn from(board: &Board) -> Self {
        Self {
            code: board.code.to_string(),
            name: board.name.to_string(),
            english: board.english.as_deref().map(str::to_owned),
            about: board.about.as_deref().map(str::to_owned),
            writers: board.writers.clone(),
            signed_out: board.signed_out,
            keep_days: board.keep_days,
            answers: board.answers,
            photos: board.photos,
        }
    }
}

/// What is left of something that was removed. It was removed by the division whose board it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RemovalView {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why.
    pub ground: RemovalGround,
    /// What else is said about it; may be empty.
    pub words: String,
}

impl From<&Removal> for RemovalView {
    fn from(removal: &Removal) -> Self {
        Self {
            at_ms: removal.at.0,
            ground: removal.ground,
            words: removal.words.to_string(),
        }
    }
}

/// A post in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostLine {
    /// Its number, 16 hexadecimal digits.
    pub number: String,
    /// When it was posted, in milliseconds since 1970.
    pub at_ms: i64,
    /// The role of its writer; absent for the node's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Its title; empty if it was removed.
    pub title: String,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Number of photos.
    pub photos: u8,
    /// Number of answers, removed ones among them.
    pub answers: u32,
    /// Why it was removed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovalView>,
}

impl From<&Post> for PostLine {
    fn from(post: &Post) -> Self {
        Self {
            number: post.id.to_string(),
            at_ms: post.at.0,
            role: post.role,
            title: post.title.to_string(),
            pinned: post.pinned,
            photos: u8::try_from(post.photos.len()).unwrap_or(u8::MAX),
            answers: match post.removed {
                Some(_) => 0,
                None => post.answers,
            },
            removed: post.removed.as_ref().map(RemovalView::from),
        }
    }
}

/// A board with what is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BoardLine {
    /// The board.
    pub board: BoardView,
    /// The template that prescribes it, with its version: `330825000000/board/village-boards v1`.
    pub template: String,
    /// Number of posts; 1,000 stands for as many or more, and 0 for a board that the caller may not read.
    pub posts: u32,
    /// The newest post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<PostLine>,
    /// Whether the caller may read it.
    pub readable: bool,
    /// Whether the caller may write on it.
    pub may_write: bool,
}

/// The boards of a division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Boards {
    /// The boards, in the order of their templates.
    pub boards: Vec<BoardLine>,
    /// When the list was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// Which page of a board is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PostsQuery {
    /// Begin after the post with this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A page of a board: pinned posts first, then the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostPage {
    /// The board.
    pub board: BoardView,
    /// The posts, at most 20.
    pub posts: Vec<PostLine>,
    /// Send this as `after` to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether the caller may write on it.
    pub may_write: bool,
    /// When the page was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// An answer to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostAnswer {
    /// 1 for the first.
    pub number: u32,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: i64,
    /// A role of its writer; absent for the node's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What it says; empty if it was removed.
    pub text: String,
    /// Why it was removed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovalView>,
    /// Whether the caller wrote it.
    pub own: bool,
}

impl PostAnswer {
    /// Returns an answer as its writer sees it, or somebody else.
    pub fn of(answer: &Answer, own: bool) -> Self {
        Self {
            number: answer.number,
            at_ms: answer.at.0,
            role: answer.role,
            text: answer.text.to_string(),
            removed: answer.removed.as_ref().map(RemovalView::from),
            own,
        }
    }
}

/// A post with its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostView {
    /// The board.
    pub board: BoardView,
    /// The post in one line.
    pub line: PostLine,
    /// What it says; empty if it was removed.
    pub text: String,
    /// When it goes by itself, in milliseconds since 1970; absent if it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Its answers, oldest first.
    pub answers: Vec<PostAnswer>,
    /// Number of the writer's account; told only to those who moderate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Why something that looks like personal data is published; told only to those who moderate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// What the caller may do with it.
    pub offers: Vec<BoardAct>,
    /// When it was read, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// A post to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WritePost {
    /// Its title, 1 to 80 characters.
    pub title: String,
    /// What it says, 1 to 5,000 characters.
    pub text: String,
    /// Uploads of the caller that become its photos, in this order. Those of a draft are named by the header
    /// `Draft-Key` besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub photos: Vec<UploadId>,
    /// Why something that looks like personal data is published all the same, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
}

/// An answer to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteAnswer {
    /// What it says, 1 to 500 characters.
    pub text: String,
}

/// Where a post stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinPost {
    /// Whether it stands above the others.
    pub pinned: bool,
}

/// Why something is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovePost {
    /// The ground, which everybody reads.
    pub ground: RemovalGround,
    /// What else is said about it, at most 200 characters, which everybody reads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// The answer that is removed; the post if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<u32>,
}
