//! Accounts from a sheet: sent, looked at once more, and opened, changed, closed; the first passwords are shown
//! once.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    RosterChange, RosterFault, RosterLine, RosterOutcome, RosterOutcomeLine, RosterReport,
    RosterRequest,
    problem::{Problem, ProblemCode},
};
use askama::Template;
use axum::response::IntoResponse;
use domain::{
    csv as table,
    people::{Permission, Role},
    roster::Column,
};
use http::{Method, StatusCode, header};
use sheet::{
    BadFile, Limits,
    accounts::{BadRoster, Roster, empty},
    form::XLSX,
};
use topology::Term;
use web::problem::Rejection;

use crate::{
    answer::Answer,
    frame::{Frame, Link},
    visit::Visit,
    words::Words,
};

/// Field with the rows of a sheet that was read, as JSON.
const ROWS: &str = "rows";

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
    /// Those that open an account, change one, and close one.
    kinds: [usize; 3],
    manner: Manner,
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
    /// What happens, in words.
    happens: Vec<String>,
    faults: Vec<(String, RosterFault)>,
}

/// How a sheet is read, as it was chosen beside it.
#[derive(Clone, Copy)]
struct Manner {
    /// Whether roles are left to whoever grants them.
    without_roles: bool,
    /// Whether accounts that people have are changed as well.
    change: bool,
    /// Whether accounts are closed.
    close: bool,
    /// Whether rows without a fault are done although others have some.
    only_right: bool,
}

impl Manner {
    fn of(visit: &Visit) -> Self {
        let is_chosen = |name| visit.form.get(name).is_some();
        Self {
            without_roles: is_chosen("without_roles"),
            change: is_chosen("change"),
            close: is_chosen("close"),
            only_right: is_chosen("only_right"),
        }
    }
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
        Column::Close => {
            "停用账号：写未结事项由谁接手（用户名、部门、指挥室、不交接）；没有未结事项写“是”"
        }
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
    let Some(bytes) = visit.sent.last().cloned() else {
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
    let manner = Manner::of(visit);
    let told_lines = match send(visit, &lines, true, manner).await {
        Ok(told_lines) => told_lines,
        Err(problem) if matches!(problem.status, 403 | 409 | 422) => {
            return asked(visit, Some(problem));
        }
        Err(problem) => return Err(problem),
    };
    let ready = told_lines
        .iter()
        .filter(|line| line.outcome == RosterOutcome::Ready);
    let kind = |line: &RosterOutcomeLine| match (line.account, line.matters) {
        (None, _) => 0,
        (Some(_), None) => 1,
        (Some(_), Some(_)) => 2,
    };
    let mut kinds = [0; 3];
    for line in ready {
        kinds[kind(line)] += 1;
    }
    let mut rows: Vec<_> = rows(visit, &lines, told_lines);
    rows.extend(roster.bad.iter().map(|(line, faults)| Row {
        line: *line,
        name: String::new(),
        login: String::new(),
        outcome: visit.w.short(RosterOutcome::Bad),
        is_bad: true,
        account: None,
        happens: vec![],
        faults: faults.iter().map(|fault| told(visit, fault)).collect(),
    }));
    rows.sort_by_key(|row| row.line);
    if rows.is_empty() {
        return asked(visit, Some(refused(visit, &BadFile::Empty.into())));
    }
    let bad = rows.iter().filter(|row| row.is_bad).count();
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
            ready: kinds.iter().sum(),
            kinds,
            manner,
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
    let manner = Manner::of(visit);
    let told_lines = match send(visit, &lines, false, manner).await {
        Ok(told_lines) => told_lines,
        Err(problem) if matches!(problem.status, 403 | 409 | 422) => {
            return asked(visit, Some(problem));
        }
        Err(problem) => return Err(problem),
    };
    let passwords = lines.iter().zip(&told_lines).filter_map(|(line, told)| {
        let text = |column| line.cells.get(&column).cloned().unwrap_or_default();
        let login = text(Column::Login).to_lowercase();
        Some((text(Column::Name), login, told.password.clone()?))
    });
    let passwords = passwords.collect();
    let rows = rows(visit, &lines, told_lines);
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
            kinds: [0; 3],
            manner,
            json: String::new(),
            passwords,
            problem: None,
        },
    )
}

/// Sends the rows: those that close an account, if that was chosen, by themselves after the others. Returns what
/// became of each, in the order of the rows.
async fn send(
    visit: &Visit,
    lines: &[RosterLine],
    dry_run: bool,
    manner: Manner,
) -> Result<Vec<RosterOutcomeLine>, Problem> {
    let opens = visit.may(Permission::ManageAccounts);
    let closes = |line: &&RosterLine| {
        let cell = line.cells.get(&Column::Close);
        opens && manner.close && cell.is_some_and(|cell| !cell.trim().is_empty())
    };
    let (closing, others): (Vec<_>, Vec<_>) = lines.iter().partition(closes);
    let path = if opens { "rosters" } else { "rosters/roles" };
    let mut told = send_to(visit, path, &others, dry_run, manner).await?;
    let is_bad = |line: &RosterOutcomeLine| line.outcome == RosterOutcome::Bad;
    // Nobody is closed after a sheet that was not done.
    let waits = !dry_run && !manner.only_right && told.iter().any(is_bad);
    let closed = send_to(
        visit,
        "rosters/closings",
        &closing,
        dry_run || waits,
        manner,
    );
    let mut closed = closed.await?;
    if waits {
        for line in &mut closed {
            if line.outcome == RosterOutcome::Ready {
                line.outcome = RosterOutcome::Withheld;
            }
        }
    }
    told.append(&mut closed);
    told.sort_by_key(|line| line.line);
    Ok(told)
}

async fn send_to(
    visit: &Visit,
    path: &str,
    lines: &[&RosterLine],
    dry_run: bool,
    manner: Manner,
) -> Result<Vec<RosterOutcomeLine>, Problem> {
    if lines.is_empty() {
        return Ok(vec![]);
    }
    let request = RosterRequest {
        dry_run,
        only_right: manner.only_right,
        without_roles: manner.without_roles,
        change: manner.change,
        rows: lines.iter().map(|line| (*line).clone()).collect(),
    };
    let path = visit.api(path)?;
    let language = visit.view.language.tag();
    let calls = visit.calls.clone().with("accept-language", language);
    let report: RosterReport = calls.ask(Method::POST, &path, &request).await?.read()?;
    Ok(report.rows)
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
            happens: happens(visit, &told, &text(Column::Close)),
            faults: told.faults.into_iter().map(headed).collect(),
        }
    };
    told.into_iter().map(row).collect()
}

/// Tells what a row changes, and what becomes of the matters of an account that it closes.
fn happens(visit: &Visit, told: &RosterOutcomeLine, close: &str) -> Vec<String> {
    let w = visit.w;
    let shown = |column: Column, text: &str| match (column, text) {
        (_, "") => w.none().to_owned(),
        (Column::Roles, codes) => {
            let roles = codes.split(", ");
            let roles = roles.map(|code| match Role::of_code(code) {
                Some(role) => w.short(role),
                None => code.to_owned(),
            });
            roles.collect::<Vec<_>>().join(w.of("、", ", "))
        }
        (_, text) => text.to_owned(),
    };
    let change = |change: &RosterChange| {
        let [before, after] =
            [&change.before, &change.after].map(|text| shown(change.column, text));
        w.sheet_change(heading(visit, change.column), before, after)
    };
    let mut happens: Vec<_> = told.changes.iter().map(change).collect();
    if (told.outcome, told.account) == (RosterOutcome::Ready, None) {
        happens.push(w.admin_new_account().to_owned());
    }
    happens.extend(told.matters.map(|count| match told.outcome {
        RosterOutcome::Closed => w.sheet_handed_over(count),
        _ => w.sheet_closes(count, close),
    }));
    happens
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
