//! Boards: which there are, what is posted on them, and what goes by itself.
//!
//! A post is a record with a place on its board; its answers and files are records of their own. What was removed or
//! is over is deleted in small units after the decision, by [`Boards::expire`].

mod files;
mod read;
mod retention;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    attachment::UploadId,
    audit::Subject,
    board::{
        Answer, BadPost, Board, BoardCode, MOST_PINNED, Post, PostId, Removal, RemovalGround,
        Written,
    },
    draft::BadDraft,
    people::Role,
    template::{self, Template, TemplateKey, TemplateKind},
};
use records::table::{Table, Tables, View};
use topology::Tree;

pub use read::{BoardPage, BoardSeen, POSTS_OF_A_PAGE, PostSeen};

use crate::{
    Failed, Fault, FileRefusal, RefusalReason, RequestContext, services::Boards, tables,
    unit_of_work::UnitOfWork,
};

/// The reason why something is not done on a board.
#[derive(Debug, thiserror::Error)]
pub enum BoardRefusal {
    /// The rules of boards refuse it.
    #[error(transparent)]
    Post(#[from] BadPost),
    /// The draft with its photos is refused.
    #[error(transparent)]
    Draft(#[from] BadDraft),
    /// A photo is refused.
    #[error(transparent)]
    File(#[from] FileRefusal),
}

impl RefusalReason for BadPost {}
impl RefusalReason for BoardRefusal {}

/// A post to write.
#[derive(Clone, Debug, Default)]
pub struct NewPost {
    /// What is typed.
    pub written: Written,
    /// Uploads of the writer that become its photos, in this order.
    pub photos: Vec<UploadId>,
}

/// Returns the boards that the templates in force prescribe.
async fn boards<V: View>(
    view: &mut Tables<V>,
    tree: &Tree,
) -> Result<Vec<(TemplateKey, u32, Board)>, Fault> {
    let found = view
        .scan(tables::TemplatesInForce::all(), usize::MAX)
        .await?;
    let found = found
        .into_iter()
        .filter(|(key, _)| key.kind == TemplateKind::Board);
    let in_force: BTreeMap<TemplateKey, Template> = found.collect();
    Ok(template::boards(&in_force, tree))
}

/// Returns one of them.
async fn board<V: View>(
    view: &mut Tables<V>,
    tree: &Tree,
    code: &BoardCode,
) -> Result<Board, Failed<BadPost>> {
    let mut all = boards(view, tree).await?.into_iter();
    let found = all.find(|(.., board)| board.code == *code);
    let (.., board) = found.ok_or_else(|| BadPost::NoBoard(code.clone()))?;
    Ok(board)
}

/// Returns the place of a post on its board.
fn place(post: &Post) -> (BoardCode, bool, u64, PostId) {
    let until_the_end = u64::MAX - u64::try_from(post.at.0).unwrap_or_default();
    (post.board.clone(), !post.pinned, until_the_end, post.id)
}

impl Boards<'_> {
    /// Writes a post. Durable when it returns.
    ///
    /// # Errors
    /// [`BoardRefusal`].
    pub async fn write(
        self,
        code: &BoardCode,
        new: NewPost,
        by: impl Into<RequestContext>,
    ) -> Result<Post, Failed<BoardRefusal>> {
        let mut unit = self.begin(by).await?;
        let board = unit.board(code).await.map_err(Failed::widen)?;
        let roles = unit.own_roles().await?;
        let role = match &roles {
            Some(roles) => {
                let role = board.writer(roles.iter().copied());
                Some(role.ok_or(BadPost::NotWriter)?)
            }
            None => None,
        };
        let draft = unit.end_draft().await.map_err(Failed::widen)?;
        let taken = unit.take_uploads(&new.photos, draft.as_ref()).await;
        let photos = taken.map_err(Failed::widen)?;
        let drawn = unit.office.dependencies.entropy.bytes();
        let (first, _) = drawn.split_first_chunk().expect("16 bytes are drawn");
        let by = (unit.actor.clone(), role, unit.now);
        let post = Post::write(&board, PostId(*first), &new.written, photos, by)?;
        unit.keep_photos(&post);
        if let Some(until) = post.until {
            unit.view.put::<tables::PostsDue>(&(until, post.id), &());
            unit.due_by(until);
        }
        unit.put_post(&post);
        unit.commit().await?;
        Ok(post)
    }

    /// Answers a post. Durable when it returns.
    ///
    /// # Errors
    /// [`BadPost`].
    pub async fn answer(
        self,
        code: &BoardCode,
        id: PostId,
        text: &str,
        by: impl Into<RequestContext>,
    ) -> Result<Answer, Failed<BadPost>> {
        let mut unit = self.begin(by).await?;
        let board = unit.board(code).await?;
        let mut post = unit.post(code, id).await?;
        let roles = unit.own_roles().await?;
        let role = roles.as_ref().and_then(|roles| roles.first().copied());
        let answer = post.answer(&board, text, (unit.actor.clone(), role, unit.now))?;
        unit.view
            .put::<tables::PostAnswers>(&(id, answer.number), &answer);
        unit.put_post(&post);
        unit.commit().await?;
        Ok(answer)
    }

    /// Lets a post stand above the others, or among them again. Durable when it returns.
    ///
    /// # Errors
    /// [`BadPost`].
    pub async fn pin(
        self,
        code: &BoardCode,
        id: PostId,
        above: bool,
        by: impl Into<RequestContext>,
    ) -> Result<Post, Failed<BadPost>> {
        let mut unit = self.begin(by).await?;
        unit.board(code).await?;
        let mut post = unit.post(code, id).await?;
        let rows = tables::PostIndex::under(&(code.clone(), false));
        let pinned = unit.view.scan(rows, MOST_PINNED + 1).await?;
        let others = pinned.iter().filter(|((.., known), ())| *known != id);
        let others = others.count();
        unit.view.delete::<tables::PostIndex>(&place(&post));
        post.pin(above, others)?;
        unit.put_post(&post);
        unit.commit().await?;
        Ok(post)
    }

    /// Removes a post, or one of its answers, for everybody. Whoever does not moderate removes only what they wrote.
    /// Durable when it returns.
    ///
    /// # Errors
    /// [`BadPost`].
    pub async fn remove(
        self,
        (code, id, answer): (&BoardCode, PostId, Option<u32>),
        (ground, words): (RemovalGround, &str),
        moderates: bool,
        by: impl Into<RequestContext>,
    ) -> Result<Post, Failed<BadPost>> {
        let mut unit = self.begin(by).await?;
        unit.board(code).await?;
        let mut post = unit.post(code, id).await?;
        let why = Removal::new(ground, words, (unit.actor.clone(), unit.now))?;
        let is_own = |writer: &Actor| *writer == unit.actor;
        if let Some(number) = answer {
            let found = unit.view.get::<tables::PostAnswers>(&(id, number)).await?;
            let found = found.filter(|_| post.removed.is_none());
            let mut answer = found.ok_or(BadPost::NoAnswer(number))?;
            if !moderates && !is_own(&answer.by) {
                return Err(BadPost::NotOwn.into());
            }
            answer.remove(why)?;
            unit.view.put::<tables::PostAnswers>(&(id, number), &answer);
            unit.subject = Some(Subject::Post(code.clone(), id));
            unit.commit().await?;
            return Ok(post);
        }
        if !moderates && !is_own(&post.by) {
            return Err(BadPost::NotOwn.into());
        }
        unit.view.delete::<tables::PostIndex>(&place(&post));
        post.remove(why)?;
        let left = unit.drop_photos(id).await?;
        // The answers go in units of their own; nobody is shown them from now on.
        unit.view.put::<tables::PostsDue>(&(unit.now, id), &());
        let now = unit.now;
        unit.due_by(now);
        unit.put_post(&post);
        unit.commit().await?;
        self.files().remove_unowned(left).await?;
        Ok(post)
    }
}

impl UnitOfWork<'_> {
    async fn board(&mut self, code: &BoardCode) -> Result<Board, Failed<BadPost>> {
        let tree = self.office.dependencies.tree.clone();
        board(&mut self.view, &tree, code).await
    }

    /// Returns a post of a board whose time is not over.
    async fn post(&mut self, code: &BoardCode, id: PostId) -> Result<Post, Failed<BadPost>> {
        let found = self.view.get::<tables::Posts>(&id).await?;
        let found = found.filter(|post| post.board == *code && !post.is_over(self.now));
        Ok(found.ok_or(BadPost::Unknown(id))?)
    }

    /// Writes a post and its place.
    fn put_post(&mut self, post: &Post) {
        self.subject = Some(Subject::Post(post.board.clone(), post.id));
        self.view.put::<tables::PostIndex>(&place(post), &());
        self.view.put::<tables::Posts>(&post.id, post);
    }

    /// Returns the roles of the person who acts; `None` for the node's owner, who stands above them.
    async fn own_roles(&mut self) -> Result<Option<Vec<Role>>, Fault> {
        let Actor::Account(id) = self.actor else {
            return Ok(match self.actor {
                Actor::OsUser(_) => None,
                _ => Some(vec![]),
            });
        };
        let account = self.view.get::<tables::Accounts>(&id).await?;
        let roles = account.map(|account| account.roles.into_iter().collect());
        Ok(Some(roles.unwrap_or_default()))
    }
}
