//! Writing a post, with photos that a draft keeps meanwhile.

use std::sync::Arc;

use api::{PostPage, PostView, WritePost, problem::Problem};
use askama::Template;
use http::Method;
use web::problem::Rejection;

use super::board_name;
use crate::{
    answer::{Answer, lead_to},
    form::{self, odd},
    frame::Frame,
    villagers::draft::Draft,
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "boards/write.html")]
struct WritePage<'a> {
    frame: Frame,
    w: Words,
    code: String,
    board: String,
    problem: Option<Problem>,
    photo_problems: &'a [Problem],
    draft: Draft,
    most_photos: usize,
    title: &'a str,
    text: &'a str,
    despite: &'a str,
}

/// Shows the form.
pub(super) async fn form(visit: Arc<Visit>) -> Answer {
    shown(&visit, Draft::fresh(), None).await
}

async fn shown(visit: &Visit, draft: Draft, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let code = visit.param("board").to_owned();
    let path = visit.api(&format!("boards/{}", odd(&code)))?;
    let page: PostPage = visit.calls.get(&path).await?;
    if !page.may_write {
        let told = (
            "you do not write on this board; sign in, or read which roles do",
            "您不能在这个栏目发帖；请登录，或看哪些角色可以",
        );
        return Err(match visit.is_signed_in() {
            true => *Rejection::denied(told).0,
            false => *Rejection::unknown_caller(told).0,
        });
    }
    let failed = problem.as_ref().or(visit.photo_problems.first());
    let (frame, status) = Frame::of(visit, w.board_write()).after(failed);
    visit.page(
        status,
        &WritePage {
            frame,
            w,
            board: board_name(w, &page.board),
            photo_problems: &visit.photo_problems,
            most_photos: page.board.photos.into(),
            code,
            problem,
            draft,
            title: visit.form.typed("title"),
            text: visit.form.typed("text"),
            despite: visit.form.typed("despite"),
        },
    )
}

/// Posts what was typed. Photos that came with the form are kept whatever happens.
pub(super) async fn send(visit: Arc<Visit>) -> Answer {
    let mut draft = Draft::of_form(&visit).await?;
    if draft.remove_named(&visit).await? || !visit.photo_problems.is_empty() {
        return shown(&visit, draft, None).await;
    }
    let request = WritePost {
        title: visit.form.typed("title").to_owned(),
        text: visit.form.typed("text").to_owned(),
        photos: vec![],
        despite: visit.form.get("despite").map(str::to_owned),
    };
    let code = visit.param("board");
    let path = visit.api(&format!("boards/{}/posts", odd(code)))?;
    match draft.calls(&visit).ask(Method::POST, &path, &request).await {
        Ok(reply) => {
            let view: PostView = reply.read()?;
            lead_to(&format!("/boards/{code}/{}", view.line.number))
        }
        Err(problem) if form::is_beside(&problem) => shown(&visit, draft, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}
