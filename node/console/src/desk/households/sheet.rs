//! Households from a sheet: sent, looked at once more, and added and changed.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    HouseholdCellFault, HouseholdSheet, HouseholdSheetLine, HouseholdSheetOutcome as Outcome,
    HouseholdSheetReport, HouseholdSheetRow, problem::Problem,
};
use askama::Template;
use domain::{people::Permission, points::HouseholdColumn};
use http::{HeaderName, Method, StatusCode};
use sheet::{
    BadFile,
    filled::BadSheet,
    households::{HouseholdRows, empty},
};
use web::{idempotency::IDEMPOTENCY_KEY, problem::cell_fault};

use crate::{
    answer::Answer,
    desk::check_may,
    form::is_beside,
    frame::Frame,
    sheet_file::{ROWS, filled, hand_out, heading, looked_at, refused},
    visit::Visit,
    words::Words,
};

/// Header of a request that is done once.
const IDEMPOTENCY: HeaderName = HeaderName::from_static(IDEMPOTENCY_KEY);

#[derive(Template)]
#[template(path = "desk/household-sheet.html")]
struct SheetPage {
    frame: Frame,
    w: Words,
    columns: Vec<(&'static str, &'static str)>,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "desk/household-rows.html")]
struct RowsPage {
    frame: Frame,
    w: Words,
    /// Whether it was done, or is a preview.
    done: bool,
    rows: Vec<Row>,
    unread: Vec<String>,
    as_gb18030: bool,
    bad: usize,
    /// Households that the preview would add, and change.
    added: usize,
    changed: usize,
    manner: Manner,
    /// The rows that can be sent to the node, as JSON.
    json: String,
}

struct Row {
    line: u64,
    number: String,
    name: String,
    outcome: String,
    is_bad: bool,
    /// What happens, in words.
    happens: Vec<String>,
    /// Column, fault.
    faults: Vec<(&'static str, HouseholdCellFault)>,
}

/// How a sheet is read, as it was chosen beside it.
#[derive(Clone, Copy)]
struct Manner {
    change: bool,
    only_right: bool,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "a sheet of households is read by whoever lists households; ask an official",
        "住户表由管理住户的人读；请找村干部",
    );
    check_may(visit, Permission::ManageHouseholds, told)
}

/// Says in Chinese what belongs into a column.
const fn about(column: HouseholdColumn) -> &'static str {
    match column {
        HouseholdColumn::Number => "必填：1 至 99999，贴在门口",
        HouseholdColumn::Name => "户主姓名，可以空着",
        HouseholdColumn::Grid => "网格名或编号",
        HouseholdColumn::Accounts => "能看本户记录的用户名，几个用顿号隔开",
        HouseholdColumn::Persons => "户内人数",
    }
}

/// Shows what a sheet needs, and the form that sends one.
pub(in crate::desk) async fn ask(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    asked(&visit, None)
}

fn asked(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let problem = problem.map(|problem| problem.in_language(visit.view.language));
    let columns = HouseholdColumn::ALL.iter();
    let columns =
        columns.map(|column| (heading(w, *column), w.of(about(*column), column.english())));
    let (frame, status) = Frame::desk(visit, w.pt_sheet_title()).after(problem.as_ref());
    visit.page(
        status,
        &SheetPage {
            frame,
            w,
            columns: columns.collect(),
            problem,
        },
    )
}

/// Hands out an empty sheet.
pub(in crate::desk) async fn blank(visit: Arc<Visit>) -> Answer {
    hand_out(&visit, "households.xlsx", empty())
}

/// Reads the sheet that was sent and shows what would become of it, or does what was looked at.
pub(in crate::desk) async fn go(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    match visit.form.get(ROWS) {
        Some(rows) => done(&visit, rows).await,
        None => preview(&visit).await,
    }
}

async fn preview(visit: &Visit) -> Answer {
    let sheet: HouseholdRows = match filled(visit).await {
        Ok(sheet) => sheet,
        Err(problem) => return asked(visit, Some(problem)),
    };
    let lines = sheet.rows.iter().map(|row| HouseholdSheetRow {
        line: row.line,
        cells: row.cells.clone(),
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() && sheet.bad.is_empty() {
        let empty = refused(visit, &BadSheet::File(BadFile::Empty));
        return asked(visit, Some(empty));
    }
    let told = match send(visit, &lines, true).await {
        Ok(told) => told,
        Err(problem) if is_beside(&problem) => return asked(visit, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let ready = told.iter().filter(|line| line.outcome == Outcome::Ready);
    let (added, changed): (Vec<_>, Vec<_>) = ready.partition(|line| line.new);
    let (added, changed) = (added.len(), changed.len());
    let mut rows = rows(visit, &lines, told);
    rows.extend(bad_rows(visit, &sheet));
    rows.sort_by_key(|row| row.line);
    let page = RowsPage {
        unread: sheet.unread,
        as_gb18030: sheet.as_gb18030,
        added,
        changed,
        json: serde_json::to_string(&lines).unwrap_or_default(),
        ..RowsPage::of(visit, visit.w.pt_sheet_preview(), rows)
    };
    visit.page(StatusCode::OK, &page)
}

async fn done(visit: &Visit, rows_of_form: &str) -> Answer {
    let lines: Vec<HouseholdSheetRow> = looked_at(rows_of_form)?;
    let told = match send(visit, &lines, false).await {
        Ok(told) => told,
        Err(problem) if is_beside(&problem) => return asked(visit, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let rows = rows(visit, &lines, told);
    let page = RowsPage {
        done: true,
        ..RowsPage::of(visit, visit.w.pt_sheet_done(), rows)
    };
    visit.page(StatusCode::OK, &page)
}

impl Manner {
    fn of(visit: &Visit) -> Self {
        let is_chosen = |name| visit.form.get(name).is_some();
        Self {
            change: is_chosen("change"),
            only_right: is_chosen("only_right"),
        }
    }
}

impl RowsPage {
    fn of(visit: &Visit, title: &str, rows: Vec<Row>) -> Self {
        Self {
            frame: Frame::desk(visit, title),
            w: visit.w,
            done: false,
            bad: rows.iter().filter(|row| row.is_bad).count(),
            rows,
            unread: vec![],
            as_gb18030: false,
            added: 0,
            changed: 0,
            manner: Manner::of(visit),
            json: String::new(),
        }
    }
}

async fn send(
    visit: &Visit,
    lines: &[HouseholdSheetRow],
    dry_run: bool,
) -> Result<Vec<HouseholdSheetLine>, Problem> {
    if lines.is_empty() {
        return Ok(vec![]);
    }
    let manner = Manner::of(visit);
    let request = HouseholdSheet {
        dry_run,
        only_right: manner.only_right,
        change: manner.change,
        rows: lines.to_vec(),
    };
    let path = visit.api("household-sheets")?;
    let language = visit.view.language.tag();
    // Rows that are there already change nothing, so a form that is sent again tells that instead of an old answer.
    let calls = visit.calls.clone().without(&IDEMPOTENCY);
    let calls = calls.with("accept-language", language);
    let sent = calls.ask(Method::POST, &path, &request).await?;
    Ok(sent.read::<HouseholdSheetReport>()?.rows)
}

fn rows(visit: &Visit, lines: &[HouseholdSheetRow], told: Vec<HouseholdSheetLine>) -> Vec<Row> {
    let w = visit.w;
    let by_line = lines.iter().map(|line| (line.line, &line.cells));
    let by_line: BTreeMap<u64, _> = by_line.collect();
    let row = |told: HouseholdSheetLine| {
        let text = |column| {
            let cells = by_line.get(&told.line);
            let text = cells.and_then(|cells| cells.get(&column));
            text.cloned().unwrap_or_default()
        };
        let shown = |text: &str| match text {
            "" => w.none().to_owned(),
            text => text.to_owned(),
        };
        let changes = told.changes.iter().map(|change| {
            let (before, after) = (shown(&change.before), shown(&change.after));
            w.sheet_change(heading(w, change.column), before, after)
        });
        let added = (told.outcome == Outcome::Ready && told.new).then(|| w.pt_sheet_new());
        let faults = told.faults.iter();
        Row {
            line: told.line,
            number: text(HouseholdColumn::Number),
            name: text(HouseholdColumn::Name),
            outcome: w.short(told.outcome),
            is_bad: told.outcome == Outcome::Bad,
            happens: added
                .map(str::to_owned)
                .into_iter()
                .chain(changes)
                .collect(),
            faults: faults
                .map(|fault| (heading(w, fault.column), fault.clone()))
                .collect(),
        }
    };
    told.into_iter().map(row).collect()
}

/// Returns the rows that were not sent to the node, because they have faults.
fn bad_rows<'a>(visit: &'a Visit, sheet: &'a HouseholdRows) -> impl Iterator<Item = Row> + 'a {
    let w = visit.w;
    sheet.bad.iter().map(move |(line, faults)| Row {
        line: *line,
        number: String::new(),
        name: String::new(),
        outcome: w.short(Outcome::Bad),
        is_bad: true,
        happens: vec![],
        faults: faults
            .iter()
            .map(|fault| {
                let (reason, hint) = cell_fault(&fault.why, visit.view.language);
                let told = HouseholdCellFault {
                    column: fault.column,
                    value: fault.value.clone(),
                    reason,
                    hint,
                };
                (heading(w, fault.column), told)
            })
            .collect(),
    })
}
