//! What people read on boards.

use domain::{
    board::{Answer, BadPost, Board, BoardCode, Post, PostId},
    template::TemplateKey,
};
use records::table::{Table, Tables};
use store::Snapshot;

use super::{board, boards, place};
use crate::{Failed, Fault, services::Boards, tables};

/// Posts of one page of a board.
pub const POSTS_OF_A_PAGE: usize = 20;
/// The most posts of a board that are counted.
const MOST_COUNTED: usize = 1_000;

/// A board with what is on it.
#[derive(Clone, Debug)]
pub struct BoardSeen {
    /// The board.
    pub board: Board,
    /// The template that prescribes it.
    pub template: TemplateKey,
    /// Its version.
    pub version: u32,
    /// Number of posts; 1,000 stands for as many or more.
    pub posts: usize,
    /// The newest post, removed or not; that of the pinned and the others which was posted last.
    pub latest: Option<Post>,
}

/// A page of a board: pinned posts first, then the newest.
#[derive(Clone, Debug)]
pub struct BoardPage {
    /// The board.
    pub board: Board,
    /// The posts.
    pub posts: Vec<Post>,
    /// The post after which the next page begins; `None` on the last.
    pub next: Option<PostId>,
}

/// A post with its answers.
#[derive(Clone, Debug)]
pub struct PostSeen {
    /// The board.
    pub board: Board,
    /// The post.
    pub post: Post,
    /// Its answers, oldest first; none if it was removed.
    pub answers: Vec<Answer>,
}

/// Whether somebody may read a board.
fn check_reader(board: &Board, is_signed_in: bool) -> Result<(), BadPost> {
    match board.signed_out || is_signed_in {
        true => Ok(()),
        false => Err(BadPost::SignIn),
    }
}

impl Boards<'_> {
    /// Returns the boards of this node. Of a board that the reader may not read, they learn that it exists.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn all(self, is_signed_in: bool) -> Result<Vec<BoardSeen>, Fault> {
        let mut view = self.read()?;
        let mut all = vec![];
        for (template, version, board) in boards(&mut view, self.tree()).await? {
            let (mut posts, mut latest) = (0, None);
            if check_reader(&board, is_signed_in).is_ok() {
                let rows = tables::PostIndex::under(&board.code);
                let found = view.scan(rows, MOST_COUNTED).await?;
                posts = found.len();
                let newest = found
                    .iter()
                    .min_by_key(|((_, _, before_end, _), ())| *before_end);
                if let Some(((.., id), ())) = newest {
                    latest = view.get::<tables::Posts>(id).await?;
                }
            }
            all.push(BoardSeen {
                board,
                template,
                version,
                posts,
                latest,
            });
        }
        Ok(view.finish(all).await?)
    }

    /// Returns a page of a board, that after a post if one is named.
    ///
    /// # Errors
    /// [`BadPost`].
    pub async fn page(
        self,
        code: &BoardCode,
        after: Option<PostId>,
        is_signed_in: bool,
    ) -> Result<BoardPage, Failed<BadPost>> {
        let mut view = self.read()?;
        let board = board(&mut view, self.tree(), code).await?;
        check_reader(&board, is_signed_in)?;
        let mut rows = tables::PostIndex::under(code);
        if let Some(after) = after {
            let known = view.get::<tables::Posts>(&after).await?;
            let known = known.filter(|post| post.board == *code);
            let known = known.ok_or(BadPost::Unknown(after))?;
            rows = rows.after(Some(&place(&known)));
        }
        let found = view.scan(rows, POSTS_OF_A_PAGE + 1).await?;
        let more = found.len() > POSTS_OF_A_PAGE;
        let mut posts = vec![];
        for ((.., id), ()) in found.into_iter().take(POSTS_OF_A_PAGE) {
            posts.extend(view.get::<tables::Posts>(&id).await?);
        }
        let next = posts.last().filter(|_| more).map(|post| post.id);
        let now = self.now();
        posts.retain(|post| !post.is_over(now));
        let page = BoardPage { board, posts, next };
        Ok(view.finish(page).await?)
    }

    /// Returns a post with its answers.
    ///
    /// # Errors
    /// [`BadPost`].
    pub async fn post(
        self,
        code: &BoardCode,
        id: PostId,
        is_signed_in: bool,
    ) -> Result<PostSeen, Failed<BadPost>> {
        let mut view = self.read()?;
        let board = board(&mut view, self.tree(), code).await?;
        check_reader(&board, is_signed_in)?;
        let found = view.get::<tables::Posts>(&id).await?;
        let now = self.now();
        let found = found.filter(|post| post.board == *code && !post.is_over(now));
        let post = found.ok_or(BadPost::Unknown(id))?;
        let answers = match post.removed {
            Some(_) => vec![],
            None => answers(&mut view, id).await?,
        };
        let seen = PostSeen {
            board,
            post,
            answers,
        };
        Ok(view.finish(seen).await?)
    }
}

async fn answers(view: &mut Tables<Snapshot>, id: PostId) -> Result<Vec<Answer>, Fault> {
    let rows = tables::PostAnswers::under(&id);
    let found = view.scan(rows, usize::MAX).await?;
    Ok(found.into_iter().map(|(_, answer)| answer).collect())
}
