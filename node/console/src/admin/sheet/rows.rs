//! The rows of a sheet of accounts: what would become of each, what became of each.

use std::collections::BTreeMap;

use api::{
    RosterChange, RosterFault, RosterLine, RosterOutcome, RosterOutcomeLine, RosterReport,
    RosterRequest, problem::Problem,
};
use askama::Template;
use domain::{
    people::{Permission, Role},
    roster::Column,
    rows::{self, BadCell},
};
use http::{Method, StatusCode};
use sheet::{accounts::Roster, filled::BadSheet};
use topology::Term;
use web::problem::cell_fault;

use super::asked;
use crate::{
    answer::Answer,
    form,
    frame::Frame,
    sheet_file::{self, heading},
    visit::Visit,
    words::Words,
};

/// What the rows of a preview would do to accounts: how many open one, change one, open one again, close one.
type Kinds = [usize; 4];

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
    /// What they would do, for the button.
    what: String,
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

/// Reads the sheet that was sent, and shows what would become of each row.
pub(super) async fn preview(visit: &Visit) -> Answer {
    let roster: Roster = match sheet_file::filled(visit).await {
        Ok(roster) => roster,
        Err(problem) => return asked(visit, Some(problem)),
    };
    let lines = roster.rows.iter().map(|row| RosterLine {
        line: row.line,
        cells: row.cells.clone(),
    });
    let (lines, manner) = (lines.collect::<Vec<_>>(), Manner::of(visit));
    let told_lines = match send(visit, &lines, true, manner).await {
        Ok(told_lines) => told_lines,
        Err(problem) if form::is_beside(&problem) => return asked(visit, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let kinds = counted(&told_lines);
    let mut rows = rows(visit, &lines, told_lines);
    rows.extend(bad_rows(visit, &roster));
    rows.sort_by_key(|row| row.line);
    if rows.is_empty() {
        let empty = BadSheet::File(sheet::BadFile::Empty);
        return asked(visit, Some(sheet_file::refused(visit, &empty)));
    }
    let page = RowsPage {
        unread: roster.unread,
        as_gb18030: roster.as_gb18030,
        ready: kinds.iter().sum(),
        what: in_words(visit.w, kinds),
        json: serde_json::to_string(&lines).unwrap_or_default(),
        ..RowsPage::of(visit, visit.w.sheet_preview(), rows, manner)
    };
    visit.page(StatusCode::OK, &page)
}

/// Counts what the rows would do.
fn counted(told: &[RosterOutcomeLine]) -> Kinds {
    let mut kinds = Kinds::default();
    for line in told {
        let reopens = line
            .changes
            .iter()
            .any(|change| change.column == Column::State);
        let kind = match (line.account, line.matters) {
            (None, _) => 0,
            (Some(_), Some(_)) => 3,
            (Some(_), None) if reopens => 2,
            (Some(_), None) => 1,
        };
        kinds[kind] += usize::from(line.outcome == RosterOutcome::Ready);
    }
    kinds
}

fn in_words(w: Words, kinds: Kinds) -> String {
    let words = [
        Words::sheet_opens,
        Words::sheet_changes_so_many,
        Words::sheet_reopens_so_many,
        Words::sheet_closes_so_many,
    ];
    let some = kinds.iter().zip(words).filter(|(count, _)| **count > 0);
    let some = some.map(|(count, words)| words(w, *count));
    some.collect::<Vec<_>>().join(w.of("、", ", "))
}

/// Returns the rows that were not sent to the node, because they have faults.
fn bad_rows<'a>(visit: &'a Visit, roster: &'a Roster) -> impl Iterator<Item = Row> + 'a {
    roster.bad.iter().map(|(line, faults)| Row {
        line: *line,
        name: String::new(),
        login: String::new(),
        outcome: visit.w.short(RosterOutcome::Bad),
        is_bad: true,
        account: None,
        happens: vec![],
        faults: faults.iter().map(|fault| told(visit, fault)).collect(),
    })
}

impl RowsPage {
    /// Returns the page of rows that were done, or could not be done.
    fn of(visit: &Visit, title: &str, rows: Vec<Row>, manner: Manner) -> Self {
        Self {
            frame: Frame::desk(visit, title),
            w: visit.w,
            opens: visit.may(Permission::ManageAccounts),
            done: false,
            bad: rows.iter().filter(|row| row.is_bad).count(),
            rows,
            unread: vec![],
            as_gb18030: false,
            ready: 0,
            what: String::new(),
            manner,
            json: String::new(),
            passwords: vec![],
            problem: None,
        }
    }
}

/// Does what the rows say that were looked at.
pub(super) async fn done(visit: &Visit, rows_of_form: &str) -> Answer {
    let lines: Vec<RosterLine> = sheet_file::looked_at(rows_of_form)?;
    let manner = Manner::of(visit);
    let told_lines = match send(visit, &lines, false, manner).await {
        Ok(told_lines) => told_lines,
        Err(problem) if form::is_beside(&problem) => return asked(visit, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let passwords = lines.iter().zip(&told_lines).filter_map(|(line, told)| {
        let text = |column| line.cells.get(&column).cloned().unwrap_or_default();
        let login = text(Column::Login).to_lowercase();
        Some((text(Column::Name), login, told.password.clone()?))
    });
    let passwords = passwords.collect();
    let rows = rows(visit, &lines, told_lines);
    let page = RowsPage {
        done: true,
        passwords,
        ..RowsPage::of(visit, visit.w.sheet_done(), rows, manner)
    };
    visit.page(StatusCode::OK, &page)
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
        let headed = |fault: RosterFault| (heading(visit.w, fault.column).to_owned(), fault);
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
        (Column::State, "open") => w.admin_open().to_owned(),
        (Column::State, _) => w.admin_closed().to_owned(),
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
        w.sheet_change(heading(w, change.column), before, after)
    };
    let mut happens: Vec<_> = told.changes.iter().map(change).collect();
    if told.outcome == RosterOutcome::Ready
        && told
            .changes
            .iter()
            .any(|change| change.column == Column::State)
    {
        happens.push(w.sheet_reopens().to_owned());
    }
    if (told.outcome, told.account) == (RosterOutcome::Ready, None) {
        happens.push(w.admin_new_account().to_owned());
    }
    happens.extend(told.matters.map(|count| match told.outcome {
        RosterOutcome::Closed => w.sheet_handed_over(count),
        _ => w.sheet_closes(count, close),
    }));
    happens
}

/// Tells a fault that was found before the node was asked.
fn told(visit: &Visit, fault: &rows::Fault<Column, BadCell>) -> (String, RosterFault) {
    let (reason, hint) = cell_fault(&fault.why, visit.view.language);
    let fault_of_row = RosterFault {
        column: fault.column,
        value: fault.value.clone(),
        reason,
        hint,
    };
    (heading(visit.w, fault.column).to_owned(), fault_of_row)
}
