//! Boards: read, written on, moderated.

use api::{
    BoardLine, BoardView, Boards, PinPost, PostAnswer, PostLine, PostPage, PostView, PostsQuery,
    RemovePost, WriteAnswer, WritePost,
};
use axum::{Json, response::Response};
use domain::{
    actor::Actor,
    attachment::Part,
    board::{Board, BoardAct, BoardCode, PostId, Written},
    people::{Permission, Who},
};
use http::{HeaderMap, StatusCode};
use office::{NewPost, PostSeen};

use super::{
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person, named_draft},
    files,
    gate::Principal,
    openapi::{
        NodeParams,
        village::{BoardParams, PhotoParams, PostParams},
    },
    problem::Rejection,
};

/// Whether the caller is signed in; the node's owner is.
fn is_signed_in(guest: &Principal) -> bool {
    match &guest.known.who {
        Who::Account(account) => !account.disabled,
        Who::OsUser { .. } => true,
        _ => false,
    }
}

/// Whether the caller may write on a board.
fn may_write(board: &Board, guest: &Principal) -> bool {
    let roles = match &guest.known.who {
        Who::Account(account) => board.writer(account.roles.iter().copied()).is_some(),
        Who::OsUser { accounts, .. } => !accounts,
        _ => false,
    };
    roles && guest.may(Permission::PostOnBoard).is_ok()
}

/// List the boards of a division
///
/// Of a board that is read by those who are signed in, others learn that it exists.
#[utoipa::path(get, path = "/v1/nodes/{code}/boards", tag = "boards", params(NodeParams),
    responses((status = 200, body = Boards)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<Boards>, Rejection> {
    let office = &at.node.office;
    let is_signed_in = is_signed_in(&guest);
    let seen = office.boards().all(is_signed_in).await?;
    let line = |one: &office::BoardSeen| BoardLine {
        board: BoardView::from(&one.board),
        template: format!("{} v{}", one.template, one.version),
        posts: u32::try_from(one.posts).unwrap_or(u32::MAX),
        latest: one.latest.as_ref().map(PostLine::from),
        readable: one.board.signed_out || is_signed_in,
        may_write: may_write(&one.board, &guest),
    };
    Ok(Json(Boards {
        boards: seen.iter().map(line).collect(),
        as_of_ms: office.now().0,
    }))
}

/// List the posts of a board
///
/// Pinned posts come first, then the newest. Of one that was removed, the ground is listed.
#[utoipa::path(get, path = "/v1/nodes/{code}/boards/{board}", tag = "boards", params(BoardParams, PostsQuery),
    responses((status = 200, body = PostPage)))]
pub(super) async fn page(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<PostsQuery>,
) -> Result<Json<PostPage>, Rejection> {
    let board: BoardCode = at.param("board")?;
    let after = query.after.as_deref().map(str::parse::<PostId>).transpose();
    let after = after.map_err(|error| Rejection::unfit(&error))?;
    let office = &at.node.office;
    let page = office
        .boards()
        .page(&board, after, is_signed_in(&guest))
        .await?;
    Ok(Json(PostPage {
        may_write: may_write(&page.board, &guest),
        board: BoardView::from(&page.board),
        posts: page.posts.iter().map(PostLine::from).collect(),
        next: page.next.map(|post| post.to_string()),
        as_of_ms: office.now().0,
    }))
}

/// Get a post with its answers
#[utoipa::path(get, path = "/v1/nodes/{code}/boards/{board}/posts/{post}", tag = "boards", params(PostParams),
    responses((status = 200, body = PostView)))]
pub(super) async fn show(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<PostView>, Rejection> {
    let (board, post): (BoardCode, PostId) = (at.param("board")?, at.param("post")?);
    view(&at, &guest, &board, post).await
}

/// Returns a post as the caller sees it.
pub(super) async fn view(
    at: &NodePath,
    guest: &Principal,
    board: &BoardCode,
    post: PostId,
) -> Result<Json<PostView>, Rejection> {
    let office = &at.node.office;
    let seen = office
        .boards()
        .post(board, post, is_signed_in(guest))
        .await?;
    let moderates = guest.may(Permission::ModerateBoard).is_ok();
    let context = guest.context();
    let own = |by: &Actor| context.as_ref().is_some_and(|one| one.actor() == by);
    let account = match seen.post.by {
        Actor::Account(account) if moderates => Some(account.0),
        _ => None,
    };
    let answers = seen.answers.iter();
    Ok(Json(PostView {
        offers: offers(&seen, guest, moderates, own(&seen.post.by)),
        board: BoardView::from(&seen.board),
        line: PostLine::from(&seen.post),
        text: seen.post.text.to_string(),
        until_ms: seen.post.until.map(|until| until.0),
        answers: answers
            .map(|answer| PostAnswer::of(answer, own(&answer.by)))
            .collect(),
        account,
        despite: seen
            .post
            .despite
            .as_deref()
            .filter(|_| moderates)
            .map(str::to_owned),
        as_of_ms: office.now().0,
    }))
}

/// Returns what the caller may do with a post.
fn offers(seen: &PostSeen, guest: &Principal, moderates: bool, own: bool) -> Vec<BoardAct> {
    if seen.post.removed.is_some() {
        return vec![];
    }
    let mut acts = vec![];
    if seen.board.answers && guest.may(Permission::AnswerOnBoard).is_ok() {
        acts.push(BoardAct::Answer);
    }
    if moderates {
        acts.push(match seen.post.pinned {
            true => BoardAct::Unpin,
            false => BoardAct::Pin,
        });
    }
    if moderates || own && guest.may(Permission::PostOnBoard).is_ok() {
        acts.push(BoardAct::Remove);
    }
    acts
}

/// Write a post
///
/// Photos are uploads of the caller, or those of the draft that the header `Draft-Key` names.
#[utoipa::path(post, path = "/v1/nodes/{code}/boards/{board}/posts", tag = "boards", params(BoardParams),
    request_body = WritePost, responses((status = 201, body = PostView)))]
pub(super) async fn write(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<WritePost>,
) -> Result<(StatusCode, Json<PostView>), Rejection> {
    let board: BoardCode = at.param("board")?;
    let office = &at.node.office;
    let mut photos = request.photos;
    if let Some(draft) = named_draft(&headers)? {
        photos.extend(office.drafts().read(&draft).await?.photos);
        guest.request.with_photos_of(&draft);
    }
    let written = Written {
        title: request.title,
        text: request.text,
        despite: request.despite,
    };
    let new = NewPost { written, photos };
    let post = office.boards().write(&board, new, by).await?;
    let view = view(&at, &guest, &board, post.id).await?;
    Ok((StatusCode::CREATED, view))
}

/// Answer a post
#[utoipa::path(post, path = "/v1/nodes/{code}/boards/{board}/posts/{post}/answers", tag = "boards",
    params(PostParams), request_body = WriteAnswer, responses((status = 201, body = PostView)))]
pub(super) async fn answer(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<WriteAnswer>,
) -> Result<(StatusCode, Json<PostView>), Rejection> {
    let (board, post): (BoardCode, PostId) = (at.param("board")?, at.param("post")?);
    let boards = at.node.office.boards();
    boards.answer(&board, post, &request.text, by).await?;
    let view = view(&at, &guest, &board, post).await?;
    Ok((StatusCode::CREATED, view))
}

/// Pin a post, or let it stand among the others again
#[utoipa::path(post, path = "/v1/nodes/{code}/boards/{board}/posts/{post}/pin", tag = "boards",
    params(PostParams), request_body = PinPost, responses((status = 200, body = PostView)))]
pub(super) async fn pin(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<PinPost>,
) -> Result<Json<PostView>, Rejection> {
    let (board, post): (BoardCode, PostId) = (at.param("board")?, at.param("post")?);
    let boards = at.node.office.boards();
    boards.pin(&board, post, request.pinned, by).await?;
    view(&at, &guest, &board, post).await
}

/// Remove a post, or an answer to it
///
/// What it says is erased; the ground, the words and the day stay to be read. Whoever does not moderate takes back
/// what they wrote.
#[utoipa::path(post, path = "/v1/nodes/{code}/boards/{board}/posts/{post}/remove", tag = "boards",
    params(PostParams), request_body = RemovePost, responses((status = 200, body = PostView)))]
pub(super) async fn remove(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<RemovePost>,
) -> Result<Json<PostView>, Rejection> {
    let (board, post): (BoardCode, PostId) = (at.param("board")?, at.param("post")?);
    let moderates = guest.may(Permission::ModerateBoard).is_ok();
    if moderates {
        guest.must(Permission::ModerateBoard).await?;
    }
    let boards = at.node.office.boards();
    let why = (request.ground, &*request.words);
    boards
        .remove((&board, post, request.answer), why, moderates, by)
        .await?;
    view(&at, &guest, &board, post).await
}

/// Get a photo of a post
///
/// Photos are counted from 0.
#[utoipa::path(get, path = "/v1/nodes/{code}/boards/{board}/posts/{post}/photos/{photo}", tag = "boards",
    params(PhotoParams), responses((status = 200, description = "The photo", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn of_post(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    picture(&at, &guest, Part::Whole, &headers).await
}

/// Get the small picture of a photo of a post
#[utoipa::path(get, path = "/v1/nodes/{code}/boards/{board}/posts/{post}/photos/{photo}/thumb", tag = "boards",
    params(PhotoParams), responses((status = 200, description = "A small JPEG", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn post(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    picture(&at, &guest, Part::Thumb, &headers).await
}

async fn picture(
    at: &NodePath,
    guest: &Principal,
    part: Part,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let (board, post): (BoardCode, PostId) = (at.param("board")?, at.param("post")?);
    let number: u8 = at.param("photo")?;
    let office = &at.node.office;
    let file = office
        .boards()
        .photo((&board, post), number.into(), part, is_signed_in(guest))
        .await?;
    let name = format!("{post}-{number}.{}", file.media().extension());
    Ok(files::answer(office, file, &name, headers))
}
