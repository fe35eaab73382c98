//! Accounts from a sheet: sent, looked at once more, and done; the first passwords are shown once.

mod file;

use std::{collections::BTreeMap, sync::Arc};

use api::{
    RosterFault, RosterLine, RosterOutcome, RosterOutcomeLine, RosterReport, RosterRequest,
    problem::{Problem, ProblemCode},
};
use askama::Template;
use axum::response::IntoResponse;
use domain::{import::defused, people::Permission, roster::Column};
use http::{Method, StatusCode, header};
use sheet::{
    BadFile, Limits,
    accounts::{BadRoster, Roster, empty},
};
use web::problem::Rejection;

use crate::{
    answer::Answer,
    frame::{Frame, Link},
    visit::Visit,
    words::Words,
};

pub(crate) use file::{PATH, is_sheet};

/// Field with the rows of a sheet that was read, as JSON.
const ROWS: &str = "rows";
/// The media type of XLSX.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

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

#[derive(Template)]
#[template(path = "admin/sheet-rows.html")]
struct RowsPage {
    frame: Frame,
    w: Words,
    opens: bool,
    /// Whether it was done, or is a preview.
    done: bool,
    rows: Vec<Row>,
    unread: Vec<String>,
    as_gb18030: bool,
    bad: usize,
    /// Rows of the preview that would change something.
    ready: usize,
    without_roles: bool,
    /// The rows that can be sent to the node, as JSON.
    json: String,
    /// First passwords: name, login, password.
    passwords: Vec<(String, String, String)>,
    problem: Option<Problem>,
}

struct Row {
    line: u64,
    name: String,
    login: String,
    outcome: String,
    is_bad: bool,
    account: Option<u64>,
    faults: Vec<(String, RosterFault)>,
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
        let heading = w.of(column.chinese(), column.code());
        (heading.to_owned(), w.of(about(*column), column.english()))
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
    }
}

/// Hands out an empty sheet.
pub(crate) async fn blank(visit: Arc<Visit>) -> Answer {
    visit.division()?;
    let headers = [
        (header::CONTENT_TYPE, XLSX),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"accounts.xlsx\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, empty()).into_response())
}

/// Reads the sheet that was sent and shows what would become of it, or does what was looked at.
pub(crate) async fn go(visit: Arc<Visit>) -> Answer {
    match visit.form.get(ROWS) {
        Some(rows) => done(&visit, rows).await,
        None => preview(&visit).await,
    }
}

async fn preview(visit: &Visit) -> Answer {
    let Some(bytes) = visit.sheet.clone() else {
        let told = ("no file was chosen; choose one", "没有选择文件；请选择");
        return asked(visit, Some(*Rejection::unfit(told).0));
    };
    let read = tokio::task::spawn_blocking(move || Roster::read(&bytes, &Limits::SENT));
    let roster = match read.await {
        Ok(Ok(roster)) => roster,
        Ok(Err(bad)) => return asked(visit, Some(refused(visit, &bad))),
        Err(error) => {
            tracing::error!(%error, "a sheet could not be read");
            let told = (
                "the file cannot be read; save it again as XLSX",
                "文件读不出来；请另存为 XLSX",
            );
            return asked(visit, Some(*Rejection::unfit(told).0));
        }
    };
    let lines: Vec<_> = roster
        .rows
        .iter()
        .map(|row| RosterLine {
            line: row.line,
            cells: row.cells.clone(),
        })
        .collect();
    let without_roles = visit.form.get("without_roles").is_some();
    let report = match lines.is_empty() {
        true => RosterReport { rows: vec![] },
        false => match send(visit, &lines, true, false, without_roles).await {
            Ok(report) => report,
            Err(problem) if matches!(problem.status, 403 | 409 | 422) => {
                return asked(visit, Some(problem));
            }
            Err(problem) => return Err(problem),
        },
    };
    let mut rows: Vec<_> = rows(visit, &lines, report.rows);
    rows.extend(roster.bad.iter().map(|(line, faults)| Row {
        line: *line,
        name: String::new(),
        login: String::new(),
        outcome: visit.w.short(RosterOutcome::Bad),
        is_bad: true,
        account: None,
        faults: faults.iter().map(|fault| told(visit, fault)).collect(),
    }));
    rows.sort_by_key(|row| row.line);
    if rows.is_empty() {
        return asked(visit, Some(refused(visit, &BadFile::Empty.into())));
    }
    let bad = rows.iter().filter(|row| row.is_bad).count();
    let ready = visit.w.short(RosterOutcome::Ready);
    let ready = rows.iter().filter(|row| row.outcome == ready).count();
    let json = serde_json::to_string(&lines).unwrap_or_default();
    shown(
        visit,
        RowsPage {
            frame: Frame::desk(visit, visit.w.sheet_preview()),
            w: visit.w,
            opens: visit.may(Permission::ManageAccounts),
            done: false,
            rows,
            unread: roster.unread,
            as_gb18030: roster.as_gb18030,
            bad,
            ready,
            without_roles,
            json,
            passwords: vec![],
            problem: None,
        },
    )
}

fn shown(visit: &Visit, page: RowsPage) -> Answer {
    visit.page(StatusCode::OK, &page)
}

async fn done(visit: &Visit, rows_of_form: &str) -> Answer {
    let lines: Vec<RosterLine> = serde_json::from_str(rows_of_form).map_err(|_| {
        let told = (
            "the rows of the sheet are not whole; send the file again",
            "表的内容不完整；请重新上传",
        );
        *Rejection::unfit(told).0
    })?;
    let without_roles = visit.form.get("without_roles").is_some();
    let only_right = visit.form.get("only_right").is_some();
    let report = match send(visit, &lines, false, only_right, without_roles).await {
        Ok(report) => report,
        Err(problem) if matches!(problem.status, 403 | 409 | 422) => {
            return asked(visit, Some(problem));
        }
        Err(problem) => return Err(problem),
    };
    let passwords = lines.iter().zip(&report.rows).filter_map(|(line, told)| {
        let text = |column| line.cells.get(&column).cloned().unwrap_or_default();
        let login = text(Column::Login).to_lowercase();
        Some((text(Column::Name), login, told.password.clone()?))
    });
    let passwords = passwords.collect();
    let rows = rows(visit, &lines, report.rows);
    shown(
        visit,
        RowsPage {
            frame: Frame::desk(visit, visit.w.sheet_done()),
            w: visit.w,
            opens: visit.may(Permission::ManageAccounts),
            done: true,
            bad: rows.iter().filter(|row| row.is_bad).count(),
            rows,
            unread: vec![],
            as_gb18030: false,
            ready: 0,
            without_roles,
            json: String::new(),
            passwords,
            problem: None,
        },
    )
}

async fn send(
    visit: &Visit,
    lines: &[RosterLine],
    dry_run: bool,
    only_right: bool,
    without_roles: bool,
) -> Result<RosterReport, Problem> {
    let request = RosterRequest {
        dry_run,
        only_right,
        without_roles,
        rows: lines.to_vec(),
    };
    let path = visit.api(match visit.may(Permission::ManageAccounts) {
        true => "rosters",
        false => "rosters/roles",
    })?;
    let language = visit.view.language.tag();
    let calls = visit.calls.clone().with("accept-language", language);
    calls.ask(Method::POST, &path, &request).await?.read()
}

fn rows(visit: &Visit, lines: &[RosterLine], told: Vec<RosterOutcomeLine>) -> Vec<Row> {
    let by_line: BTreeMap<u64, &RosterLine> = lines.iter().map(|line| (line.line, line)).collect();
    let row = |told: RosterOutcomeLine| {
        let cells = by_line.get(&told.line).map(|line| &line.cells);
        let text = |column| {
            let text = cells.and_then(|cells| cells.get(&column));
            text.cloned().unwrap_or_default()
        };
        let headed = |fault: RosterFault| (heading(visit, fault.column), fault);
        Row {
            line: told.line,
            name: text(Column::Name),
            login: text(Column::Login),
            outcome: visit.w.short(told.outcome),
            is_bad: told.outcome == RosterOutcome::Bad,
            account: told.account,
            faults: told.faults.into_iter().map(headed).collect(),
        }
    };
    told.into_iter().map(row).collect()
}

fn heading(visit: &Visit, column: Column) -> String {
    visit.w.of(column.chinese(), column.code()).to_owned()
}

/// Tells a fault that was found before the node was asked.
fn told(visit: &Visit, fault: &domain::roster::Fault) -> (String, RosterFault) {
    let problem = Rejection::unfit(&fault.why).0;
    let problem = problem.in_language(visit.view.language);
    let fault_of_row = RosterFault {
        column: fault.column,
        value: fault.value.clone(),
        reason: problem.detail.into(),
        hint: problem.hint,
    };
    (heading(visit, fault.column), fault_of_row)
}

/// Tells why a file is no sheet of accounts.
fn refused(visit: &Visit, bad: &BadRoster) -> Problem {
    let problem = Problem::new(ProblemCode::InvalidRequest, &bad.to_string());
    problem
        .or_in_chinese(&bad.chinese())
        .in_language(visit.view.language)
}

/// Hands the first passwords that the page shows to the browser as CSV. They come with the form and are kept
/// nowhere.
pub(crate) async fn csv(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let each = |name| visit.form.all(name).collect::<Vec<_>>();
    let (names, logins, passwords) = (each("name"), each("login"), each("password"));
    let mut text = "\u{feff}姓名,用户名,首次密码\r\n".to_owned();
    for ((name, login), password) in names.iter().zip(logins).zip(passwords) {
        let cells = [name, login, password].map(|cell| {
            let cell = defused(cell).replace('"', "\"\"");
            format!("\"{cell}\"")
        });
        text += &(cells.join(",") + "\r\n");
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
