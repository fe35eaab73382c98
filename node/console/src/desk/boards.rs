//! Boards on the desk: what there is to look after, and the moderation of a post.

use std::sync::Arc;

use api::{Boards, PinPost, PostView, RemovePost, problem::Problem};
use askama::Template;
use domain::{
    board::{BoardAct, RemovalGround},
    people::Permission,
};
use http::Method;
use topology::Term;

use super::check_may;
use crate::{
    answer::{Answer, lead_to},
    boards::{BoardRow, Removed, api_path, grounds, writer},
    disclosures::named,
    form,
    frame::Frame,
    visit::Visit,
    when::When,
    words::Words,
};

#[derive(Template)]
#[template(path = "desk/boards.html")]
struct ListPage {
    frame: Frame,
    w: Words,
    as_of: When,
    rows: Vec<BoardRow>,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this page is for those who look after boards; sign in",
        "这一页供管理公告栏的人使用；请登录",
    );
    check_may(visit, Permission::ModerateBoard, told)
}

/// Lists the boards with what was posted last.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let found: Boards = visit.calls.get(&visit.api("boards")?).await?;
    let rows = found.boards.iter().map(|line| BoardRow::of(&visit, line));
    visit.show(&ListPage {
        frame: Frame::desk(&visit, visit.w.board_desk()),
        w: visit.w,
        as_of: visit.when(found.as_of_ms),
        rows: rows.collect(),
    })
}

/// An answer with its number.
struct AnswerRow {
    number: u32,
    by: String,
    at: When,
    text: String,
    removed: Option<Removed>,
}

#[derive(Template)]
#[template(path = "desk/post.html")]
struct PostPage {
    frame: Frame,
    w: Words,
    as_of: When,
    board: String,
    board_name: String,
    number: String,
    by: String,
    at: When,
    pinned: bool,
    despite: Option<String>,
    text: String,
    photos: Vec<u8>,
    removed: Option<Removed>,
    answers: Vec<AnswerRow>,
    grounds: Vec<(&'static str, String, bool)>,
    words: String,
    what: String,
    may_remove: bool,
    sure: bool,
    problem: Option<Problem>,
}

/// Shows a post to those who look after it.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    shown(&visit, None, false).await
}

async fn shown(visit: &Visit, problem: Option<Problem>, sure: bool) -> Answer {
    let w = visit.w;
    let view: PostView = visit.calls.get(&api_path(visit, "")?).await?;
    let line = &view.line;
    let by = match view.account {
        Some(account) => {
            let account = w.board_desk_writer(account);
            format!("{} · {account}", writer(w, line.role))
        }
        None => writer(w, line.role),
    };
    let answers = view.answers.iter().map(|answer| AnswerRow {
        number: answer.number,
        by: writer(w, answer.role),
        at: visit.when(answer.at_ms),
        text: answer.text.clone(),
        removed: answer.removed.as_ref().map(|one| Removed::of(visit, one)),
    });
    let removed = line.removed.as_ref().map(|one| Removed::of(visit, one));
    let title = match &removed {
        Some(removed) => removed.says.clone(),
        None => line.title.clone(),
    };
    let (frame, status) = Frame::desk(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &PostPage {
            frame,
            w,
            as_of: visit.when(view.as_of_ms),
            board: view.board.code.clone(),
            board_name: named(w, &view.board.name, view.board.english.as_deref()),
            number: line.number.clone(),
            by,
            at: visit.when(line.at_ms),
            pinned: line.pinned,
            despite: view.despite.clone(),
            text: view.text.clone(),
            photos: (0..line.photos).collect(),
            removed,
            answers: answers.collect(),
            grounds: grounds(w, visit.form.typed("ground")),
            words: visit.form.typed("words").to_owned(),
            what: visit.form.typed("what").to_owned(),
            may_remove: view.offers.contains(&BoardAct::Remove),
            sure,
            problem,
        },
    )
}

/// Pins a post or removes something.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let (board, post) = (visit.param("board"), visit.param("post"));
    let here = format!("/desk/boards/{board}/{post}");
    let act = visit.form.get("go").and_then(BoardAct::of_code);
    let done = match act {
        Some(act @ (BoardAct::Pin | BoardAct::Unpin)) => {
            let pinned = act == BoardAct::Pin;
            let path = api_path(&visit, "/pin")?;
            visit
                .calls
                .ask(Method::POST, &path, &PinPost { pinned })
                .await
        }
        Some(BoardAct::Remove) if visit.form.get("sure").is_none() => {
            return shown(&visit, None, true).await;
        }
        Some(BoardAct::Remove) => {
            let ground = RemovalGround::of_code(visit.form.typed("ground"));
            let request = RemovePost {
                ground: ground.unwrap_or(RemovalGround::OffTopic),
                words: visit.form.typed("words").to_owned(),
                answer: visit.form.get("what").and_then(|text| text.parse().ok()),
            };
            let path = api_path(&visit, "/remove")?;
            visit.calls.ask(Method::POST, &path, &request).await
        }
        _ => return lead_to(&here),
    };
    match done {
        Ok(_) => lead_to(&here),
        Err(problem) if form::is_beside(&problem) => shown(&visit, Some(problem), false).await,
        Err(problem) => Err(problem),
    }
}
