//! Accounts from a sheet: opening and changing them, granting their roles, closing them.

use api::{
    Language, RosterChange, RosterFault, RosterLine, RosterOutcome as Name, RosterOutcomeLine,
    RosterReport, RosterRequest,
};
use axum::{Extension, Json};
use domain::roster::{Change, Fault, MOST_ROWS, Row};
use office::people::{RosterManner, RosterOutcome};

use super::{
    ask::{Authenticated, Given, Headers, NodePath, Person},
    gate::Kept,
    language::asked_for,
    openapi::NodeParams,
    problem::{Rejection, cell_fault},
};

type Reported = Result<(Extension<Kept>, Json<RosterReport>), Rejection>;

/// Open accounts from a sheet
///
/// Each person gets an account without roles and a first password, which is shown once and with which they can only
/// set one of their own. A row whose person has an account already changes nothing unless `change` is set, so the same
/// sheet may be sent again. With `change`, a row with `former-name` renames the person, and one whose `state` is `open` opens a
/// closed account again, with a new first password; its old password, sessions and wrong passwords count no more. Rows that close an account (`close`) are left to `rosters/closings`. All rows are one decision: if one has a fault nothing is done, unless `only_right` is set.
#[utoipa::path(post, path = "/v1/nodes/{code}/rosters", tag = "people", params(NodeParams),
    request_body = RosterRequest, responses((status = 200, body = RosterReport)))]
pub(super) async fn open(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<RosterRequest>,
) -> Reported {
    let (manner, rows) = read(request)?;
    let people = at.node.office.people();
    let done = people.open_roster(&guest.known.who, by, &rows, manner);
    Ok(told(&rows, done.await?, asked_for(&headers)))
}

/// Grant the roles of a sheet
///
/// For whoever grants roles, after a system administrator has opened the accounts: each person is granted the roles of
/// their row beside those that they have; with `change` exactly those of the row. A role that the caller may not grant is a fault of its row.
#[utoipa::path(post, path = "/v1/nodes/{code}/rosters/roles", tag = "people", params(NodeParams),
    request_body = RosterRequest, responses((status = 200, body = RosterReport)))]
pub(super) async fn grant(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<RosterRequest>,
) -> Reported {
    let (manner, rows) = read(request)?;
    let people = at.node.office.people();
    let done = people.grant_roster(&guest.known.who, by, &rows, manner);
    Ok(told(&rows, done.await?, asked_for(&headers)))
}

/// Close the accounts of a sheet
///
/// For rows whose cell `close` says who takes the open matters: `yes` if there are none, the login of an account, `department`,
/// `nobody` (the command room dispatches them) or `leave` (they stay without a handler). Each account is closed once its
/// matters were dispatched anew, one by one; one that keeps matters stays open, and its row says why. At most 50 rows.
#[utoipa::path(post, path = "/v1/nodes/{code}/rosters/closings", tag = "people", params(NodeParams),
    request_body = RosterRequest, responses((status = 200, body = RosterReport)))]
pub(super) async fn close(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<RosterRequest>,
) -> Reported {
    let (manner, rows) = read(request)?;
    let people = at.node.office.people();
    let done = people.close_roster(&guest.known.who, &by, &rows, manner);
    Ok(told(&rows, done.await?, asked_for(&headers)))
}

fn read(request: RosterRequest) -> Result<(RosterManner, Vec<Row>), Rejection> {
    let count = request.rows.len();
    if !(1..=MOST_ROWS).contains(&count) {
        return Err(Rejection::unfit((
            format!("a sheet of accounts cannot have {count} rows; send 1 to {MOST_ROWS}"),
            format!("一张账号表不能有 {count} 行；请发 1 到 {MOST_ROWS} 行"),
        )));
    }
    let manner = RosterManner {
        dry_run: request.dry_run,
        only_right: request.only_right,
        without_roles: request.without_roles,
        change: request.change,
    };
    let row = |RosterLine { line, cells }| Row { line, cells };
    Ok((manner, request.rows.into_iter().map(row).collect()))
}

/// Returns the report. For a repetition of the request the one without passwords is kept.
fn told(
    rows: &[Row],
    outcomes: Vec<RosterOutcome>,
    language: Language,
) -> (Extension<Kept>, Json<RosterReport>) {
    let lines = rows.iter().zip(outcomes);
    let lines = lines.map(|(row, outcome)| line(row.line, outcome, language));
    let report = RosterReport {
        rows: lines.collect(),
    };
    let mut kept = report.clone();
    for row in &mut kept.rows {
        row.password = None;
    }
    (Kept::instead(&kept), Json(report))
}

fn line(line: u64, outcome: RosterOutcome, language: Language) -> RosterOutcomeLine {
    use RosterOutcome as O;
    let mut told = RosterOutcomeLine {
        line,
        outcome: Name::Ready,
        account: None,
        password: None,
        changes: vec![],
        matters: None,
        faults: vec![],
    };
    let (name, account) = match &outcome {
        O::Ready(id, _) => (Name::Ready, *id),
        O::Opened(id, _) => (Name::Opened, Some(*id)),
        O::Granted(id, _) => (Name::Granted, Some(*id)),
        O::Changed(id, _) => (Name::Changed, Some(*id)),
        O::Reopened(id, ..) => (Name::Reopened, Some(*id)),
        O::Already(id) => (Name::Already, Some(*id)),
        O::Closes(id) => (Name::Closes, Some(*id)),
        O::ReadyToClose(id, _) => (Name::Ready, Some(*id)),
        O::Closed(id, _) => (Name::Closed, Some(*id)),
        O::Bad(_) => (Name::Bad, None),
        O::Withheld => (Name::Withheld, None),
    };
    (told.outcome, told.account) = (name, account.map(|id| id.0));
    match outcome {
        O::Opened(_, password) => told.password = Some(password),
        O::Reopened(_, password, changes) => {
            told.password = Some(password);
            told.changes = changes.into_iter().map(change).collect();
        }
        O::Ready(_, changes) | O::Granted(_, changes) | O::Changed(_, changes) => {
            told.changes = changes.into_iter().map(change).collect();
        }
        O::ReadyToClose(_, matters) | O::Closed(_, matters) => told.matters = Some(matters),
        O::Bad(faults) => {
            let faults = faults.into_iter().map(|fault| shown(fault, language));
            told.faults = faults.collect();
        }
        O::Already(_) | O::Closes(_) | O::Withheld => {}
    }
    told
}

fn change(change: Change) -> RosterChange {
    RosterChange {
        column: change.column,
        before: change.before,
        after: change.after,
    }
}

fn shown(fault: Fault, language: Language) -> RosterFault {
    let (reason, hint) = cell_fault(&fault.why, language);
    RosterFault {
        column: fault.column,
        value: fault.value,
        reason,
        hint,
    }
}
