//! Boards (公告栏) for everybody: which there are, what is posted, answers, and what is left of what was removed.

mod write;

use std::sync::Arc;

use api::{
    BoardLine, BoardView, Boards, PostAnswer, PostLine, PostPage, PostView, RemovalView,
    RemovePost, WriteAnswer, problem::Problem,
};
use askama::Template;
use axum::Router;
use domain::{
    board::{BoardAct, RemovalGround},
    people::Role,
};
use http::Method;
use web::state::AppState;

use crate::{
    answer::{Answer, lead_to},
    disclosures::named,
    form::{self, odd},
    frame::Frame,
    page,
    villagers::draft,
    visit::Visit,
    when::{When, count},
    words::Words,
};

/// The number from which posts are no longer counted.
const MANY: u32 = 1_000;

/// Adds the pages of boards.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/boards", page(list))
        .route("/boards/{board}", page(board))
        .route(
            "/boards/{board}/write",
            page(write::form)
                .merge(crate::form(write::send))
                .layer(draft::limit()),
        )
        .route("/boards/{board}/{post}", page(post).merge(crate::form(act)))
        .route("/boards/{board}/{post}/photo/{photo}", page(photo))
        .route("/boards/{board}/{post}/thumb/{photo}", page(thumb))
}

/// What is left of something that was removed, in words.
pub(crate) struct Removed {
    pub(crate) says: String,
    pub(crate) words: String,
    pub(crate) at: When,
    pub(crate) by: String,
}

impl Removed {
    pub(crate) fn of(visit: &Visit, removal: &RemovalView) -> Self {
        let w = visit.w;
        let by = visit.division().map(|division| visit.name_of(division));
        Self {
            says: w.board_removed(w.short(removal.ground)),
            words: removal.words.clone(),
            at: visit.when(removal.at_ms),
            by: w.board_removed_by(by.unwrap_or_default()),
        }
    }
}

/// Names a writer by their role.
pub(crate) fn writer(w: Words, role: Option<Role>) -> String {
    role.map_or_else(|| w.board_owner().to_owned(), |role| w.short(role))
}

/// A board in the list.
pub(crate) struct BoardRow {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) about: Option<String>,
    pub(crate) count: String,
    pub(crate) latest: Option<(String, When)>,
    pub(crate) readable: bool,
    pub(crate) may_write: bool,
}

impl BoardRow {
    pub(crate) fn of(visit: &Visit, line: &BoardLine) -> Self {
        let w = visit.w;
        let latest = line.latest.as_ref().map(|post| {
            let title = match &post.removed {
                Some(removal) => w.board_removed(w.short(removal.ground)),
                None => post.title.clone(),
            };
            (title, visit.when(post.at_ms))
        });
        Self {
            code: line.board.code.clone(),
            name: board_name(w, &line.board),
            about: line.board.about.clone(),
            count: match line.posts {
                MANY.. => format!("{}+", count(MANY)),
                posts => count(posts),
            },
            latest,
            readable: line.readable,
            may_write: line.may_write,
        }
    }
}

fn board_name(w: Words, board: &BoardView) -> String {
    named(w, &board.name, board.english.as_deref())
}

#[derive(Template)]
#[template(path = "boards/list.html")]
struct ListPage {
    frame: Frame,
    w: Words,
    as_of: When,
    rows: Vec<BoardRow>,
}

/// Lists the boards.
async fn list(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let found: Boards = visit.calls.get(&visit.api("boards")?).await?;
    let rows = found.boards.iter().map(|line| BoardRow::of(&visit, line));
    visit.show(&ListPage {
        frame: Frame::of(&visit, w.board_title()),
        w,
        as_of: visit.when(found.as_of_ms),
        rows: rows.collect(),
    })
}

/// A post in a list.
struct PostRow {
    href: String,
    title: String,
    by: String,
    at: When,
    pinned: bool,
    photos: Option<String>,
    answers: Option<String>,
    removed: Option<Removed>,
}

impl PostRow {
    fn of(visit: &Visit, board: &str, line: &PostLine) -> Self {
        let w = visit.w;
        Self {
            href: format!("/boards/{board}/{}", line.number),
            title: line.title.clone(),
            by: writer(w, line.role),
            at: visit.when(line.at_ms),
            pinned: line.pinned,
            photos: (line.photos > 0).then(|| w.board_photos(line.photos)),
            answers: (line.answers > 0).then(|| w.board_answers(line.answers)),
            removed: line.removed.as_ref().map(|one| Removed::of(visit, one)),
        }
    }
}

#[derive(Template)]
#[template(path = "boards/board.html")]
struct BoardPage {
    frame: Frame,
    w: Words,
    as_of: When,
    code: String,
    about: Option<String>,
    rules: Vec<String>,
    rows: Vec<PostRow>,
    is_first: bool,
    next: Option<String>,
    may_write: bool,
}

/// Returns the rules of a board in sentences.
fn rules(w: Words, board: &BoardView) -> Vec<String> {
    let joint = w.of("、", ", ");
    let roles: Vec<_> = board.writers.iter().map(|role| w.short(*role)).collect();
    let mut rules = vec![match board.keep_days {
        Some(days) => w.board_keeps(days),
        None => w.board_forever().to_owned(),
    }];
    rules.push(w.board_writers(roles.join(joint)));
    if board.answers {
        rules.push(w.board_takes_answers().to_owned());
    }
    rules
}

/// Shows the posts of a board.
async fn board(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let code = visit.param("board").to_owned();
    let after = visit.query.get("after").map(odd);
    let query = after
        .as_ref()
        .map_or_else(String::new, |after| format!("?after={after}"));
    let path = visit.api(&format!("boards/{}{query}", odd(&code)))?;
    let page: PostPage = visit.calls.get(&path).await?;
    let rows = page.posts.iter();
    visit.show(&BoardPage {
        frame: Frame::of(&visit, board_name(w, &page.board)),
        w,
        as_of: visit.when(page.as_of_ms),
        about: page.board.about.clone(),
        rules: rules(w, &page.board),
        rows: rows.map(|line| PostRow::of(&visit, &code, line)).collect(),
        is_first: after.is_none(),
        next: page
            .next
            .map(|next| format!("/boards/{code}?after={}", odd(&next))),
        may_write: page.may_write,
        code,
    })
}

/// An answer as people read it.
struct AnswerRow {
    number: u32,
    by: String,
    at: When,
    text: String,
    own: bool,
    removed: Option<Removed>,
}

impl AnswerRow {
    fn of(visit: &Visit, answer: &PostAnswer) -> Self {
        Self {
            number: answer.number,
            by: writer(visit.w, answer.role),
            at: visit.when(answer.at_ms),
            text: answer.text.clone(),
            own: answer.own && answer.removed.is_none(),
            removed: answer.removed.as_ref().map(|one| Removed::of(visit, one)),
        }
    }
}

#[derive(Template)]
#[template(path = "boards/post.html")]
struct PostShown<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    board: String,
    board_name: String,
    number: String,
    by: String,
    at: When,
    pinned: bool,
    until: Option<When>,
    text: String,
    photos: Vec<u8>,
    removed: Option<Removed>,
    takes_answers: bool,
    answers: Vec<AnswerRow>,
    may_answer: bool,
    is_own: bool,
    moderates: bool,
    typed: &'a str,
    /// What is taken back, as the button says, if that is asked about once more.
    sure: Option<String>,
    problem: Option<Problem>,
}

/// Returns the path of a post in the API.
pub(crate) fn api_path(visit: &Visit, rest: &str) -> Result<String, Problem> {
    let (board, post) = (odd(visit.param("board")), odd(visit.param("post")));
    visit.api(&format!("boards/{board}/posts/{post}{rest}"))
}

/// Shows one post.
async fn post(visit: Arc<Visit>) -> Answer {
    shown(&visit, None, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>, sure: Option<String>) -> Answer {
    let w = visit.w;
    let view: PostView = visit.calls.get(&api_path(visit, "")?).await?;
    let line = &view.line;
    let removed = line.removed.as_ref().map(|one| Removed::of(visit, one));
    let title = match &removed {
        Some(removed) => removed.says.clone(),
        None => line.title.clone(),
    };
    let moderates = view.offers.contains(&BoardAct::Pin) || view.offers.contains(&BoardAct::Unpin);
    let (frame, status) = Frame::of(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &PostShown {
            frame,
            w,
            as_of: visit.when(view.as_of_ms),
            board: view.board.code.clone(),
            board_name: board_name(w, &view.board),
            number: line.number.clone(),
            by: writer(w, line.role),
            at: visit.when(line.at_ms),
            pinned: line.pinned,
            until: view.until_ms.map(|until| visit.when(until)),
            text: view.text.clone(),
            photos: (0..line.photos).collect(),
            removed,
            takes_answers: view.board.answers,
            answers: view
                .answers
                .iter()
                .map(|answer| AnswerRow::of(visit, answer))
                .collect(),
            may_answer: view.offers.contains(&BoardAct::Answer),
            is_own: view.offers.contains(&BoardAct::Remove) && !moderates,
            moderates,
            typed: visit.form.typed("text"),
            sure,
            problem,
        },
    )
}

/// Answers a post, or takes back what the person wrote.
async fn act(visit: Arc<Visit>) -> Answer {
    let here = format!("/boards/{}/{}", visit.param("board"), visit.param("post"));
    let go = visit.form.get("go").unwrap_or("answer").to_owned();
    let done = match go.strip_prefix("back") {
        Some(_) if visit.form.get("sure").is_none() => return shown(&visit, None, Some(go)).await,
        Some(which) => {
            let request = RemovePost {
                ground: RemovalGround::TakenBack,
                words: String::new(),
                answer: which.strip_prefix('-').and_then(|text| text.parse().ok()),
            };
            let path = api_path(&visit, "/remove")?;
            visit.calls.ask(Method::POST, &path, &request).await
        }
        None => {
            let text = visit.form.typed("text").to_owned();
            let path = api_path(&visit, "/answers")?;
            let request = WriteAnswer { text };
            visit.calls.ask(Method::POST, &path, &request).await
        }
    };
    match done {
        Ok(_) => lead_to(&here),
        Err(problem) if form::is_beside(&problem) => shown(&visit, Some(problem), None).await,
        Err(problem) => Err(problem),
    }
}

async fn photo(visit: Arc<Visit>) -> Answer {
    let rest = format!("/photos/{}", odd(visit.param("photo")));
    visit.calls.relay(&api_path(&visit, &rest)?).await
}

async fn thumb(visit: Arc<Visit>) -> Answer {
    let rest = format!("/photos/{}/thumb", odd(visit.param("photo")));
    visit.calls.relay(&api_path(&visit, &rest)?).await
}

/// Returns the grounds of a removal as people choose them: code, label, and whether it is the chosen one.
pub(crate) fn grounds(w: Words, chosen: &str) -> Vec<(&'static str, String, bool)> {
    let one = |ground: &RemovalGround| (ground.code(), w.short(*ground), ground.code() == chosen);
    RemovalGround::ALL.iter().map(one).collect()
}
