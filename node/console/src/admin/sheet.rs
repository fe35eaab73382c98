//! Accounts from a sheet: sent, looked at once more, and opened, changed, closed; the first passwords are shown
//! once.

mod rows;

use std::sync::Arc;

use api::problem::Problem;
use askama::Template;
use axum::response::IntoResponse;
use domain::{csv as table, people::Permission, roster::Column};
use http::header;
use sheet::accounts::empty;
use web::problem::Rejection;

use crate::{
    answer::Answer,
    frame::{Frame, Link},
    sheet_file::{ROWS, hand_out, heading},
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "admin/sheet.html")]
struct SheetPage {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    columns: Vec<(String, &'static str)>,
    /// Whether the person opens accounts; else they grant roles.
    opens: bool,
    problem: Option<Problem>,
}

/// Shows what a sheet needs, and the form that sends one.
pub(crate) async fn ask(visit: Arc<Visit>) -> Answer {
    asked(&visit, None)
}

fn asked(visit: &Visit, problem: Option<Problem>) -> Answer {
    let opens = visit.may(Permission::ManageAccounts);
    if !opens && !visit.may(Permission::GrantRoles) {
        let told = (
            "a sheet is read by whoever opens accounts or grants roles; ask a system administrator",
            "账号表由开账号或授角色的人读；请找系统管理员",
        );
        return Err(*Rejection::denied(told).0);
    }
    let w = visit.w;
    let problem = problem.map(|problem| problem.in_language(visit.view.language));
    let columns = Column::ALL.iter().map(|column| {
        let about = w.of(about(*column), column.english());
        (heading(w, *column).to_owned(), about)
    });
    let (frame, status) = Frame::desk(visit, w.sheet_title()).after(problem.as_ref());
    visit.page(
        status,
        &SheetPage {
            frame,
            w,
            tabs: super::tabs(visit),
            columns: columns.collect(),
            opens,
            problem,
        },
    )
}

/// Says in Chinese what belongs into a column.
const fn about(column: Column) -> &'static str {
    match column {
        Column::Name => "必填",
        Column::Login => "必填：2 至 31 个小写字母、数字、点、横线，首位是字母",
        Column::Roles => "角色名或代码，几个用顿号隔开",
        Column::Grids => "网格名或编号，几个用顿号隔开",
        Column::Department => "派驻部门代码",
        Column::Phone => "电话，这一列请用文本格式",
        Column::Close => {
            "停用账号：写未结事项由谁接手（用户名、部门、指挥室、不交接）；没有未结事项写“是”"
        }
        Column::State => "重新启用停用了的账号：写“启用”",
        Column::FormerName => "改了姓名的人：写账号上现在的姓名，“姓名”一列写新的",
    }
}

/// Hands out an empty sheet.
pub(crate) async fn blank(visit: Arc<Visit>) -> Answer {
    hand_out(&visit, "accounts.xlsx", empty())
}

/// Reads the sheet that was sent and shows what would become of it, or does what was looked at.
pub(crate) async fn go(visit: Arc<Visit>) -> Answer {
    match visit.form.get(ROWS) {
        Some(rows) => rows::done(&visit, rows).await,
        None => rows::preview(&visit).await,
    }
}

/// Hands the first passwords that the page shows to the browser as CSV. They come with the form and are kept
/// nowhere.
pub(crate) async fn csv(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let each = |name| visit.form.all(name).collect::<Vec<_>>();
    let (names, logins, passwords) = (each("name"), each("login"), each("password"));
    let mut text = table::MARK.to_owned() + "姓名,用户名,首次密码\r\n";
    for ((name, login), password) in names.iter().zip(logins).zip(passwords) {
        text += &table::line(&[name, login, password]);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"first-passwords.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
