//! `wujitong account import`

use std::{collections::BTreeMap, fs, path::PathBuf};

use api::{
    RosterChange, RosterFault, RosterLine, RosterOutcome, RosterOutcomeLine, RosterReport,
    RosterRequest,
};
use domain::{
    csv::defused,
    roster::{Column, Row},
    rows::{BadCell, Fault},
};
use serde::Serialize;
use sheet::accounts::{Roster, empty};

use crate::{
    Failure, Output,
    sheets::{self, SheetArgs},
    site::Asked,
    tables::{pairs, table},
};

/// Opens accounts from a sheet (账号表), CSV or XLSX, one for each person who has none
///
/// One row names the columns, in Chinese or English: 姓名/name, 用户名/login, 角色/roles, 网格/grids,
/// 部门/department, 电话/phone, 停用/close, 状态/state, 原姓名/former-name; all but the first two may be left out or empty. --empty writes such a sheet, with a row that
/// shows what belongs where and is not read.
///
/// Every row is checked first. If one has a fault, nothing is done, unless you give --only-right. Formulas, merged
/// cells and hidden sheets are refused. Read the same sheet again as often as you like: a row whose person has an
/// account changes nothing, unless you give --change.
///
/// With --change, 原姓名/former-name renames a person, if it has the name that the account has so far; and 启用 (open) in
/// 状态/state opens a closed account again: with a new first password, with the roles that it had, and without the
/// sign-ins of before.
///
/// With --close, the accounts of rows with something in 停用/close are closed: 是 (yes) if they have no open matters, the
/// login of whoever takes them, 部门 (department), 指挥室 (nobody: the command room), or 不交接 (leave). Each matter is
/// dispatched anew by itself; an account that keeps matters stays open.
///
/// Each person gets a first password, which is shown once, and with which they can only set one of their own.
/// Whoever opens accounts grants no roles: with --without-roles they are left to a security administrator, who reads
/// the same sheet afterwards with --grant-roles.
///
/// Examples:
///   wujitong account import --empty accounts.xlsx
///   wujitong account import accounts.xlsx --dry-run
///   wujitong account import accounts.xlsx --without-roles --passwords first.csv
///   wujitong account import accounts.xlsx --grant-roles
///   wujitong account import accounts.xlsx --change --close --dry-run
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Import {
    #[command(flatten)]
    sheet: SheetArgs,
    /// Leaves the roles of the sheet to whoever grants them
    #[arg(long)]
    without_roles: bool,
    /// Also changes accounts that people have: department, telephone and grids, as far as their cells are not empty (`无`
    /// or `-` for none), names and closed accounts as above; with --grant-roles the roles become exactly those of the sheet
    #[arg(long)]
    change: bool,
    /// Also closes the accounts whose cell 停用/close says who takes the open matters
    #[arg(long, conflicts_with = "grant_roles")]
    close: bool,
    /// Grants the roles of the sheet to accounts that are open already, instead of opening any
    #[arg(long, conflicts_with_all = ["without_roles", "passwords"])]
    grant_roles: bool,
    /// Writes the first passwords to this CSV file, which only you can read, instead of showing them
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
}

/// What became of a row.
#[derive(Debug, Serialize)]
struct Line {
    line: u64,
    name: String,
    login: String,
    outcome: RosterOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<RosterChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matters: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<RosterFault>,
}

#[derive(Debug, Serialize)]
struct Told {
    dry_run: bool,
    /// Headings of columns that are not read.
    unread: Vec<String>,
    rows: Vec<Line>,
}

impl Import {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let args = &self.sheet;
        if args.wrote_empty(empty, output)? {
            return Ok(());
        }
        let roster: Roster = args.read()?;
        let passwords = self.passwords.as_ref().map(secret_file).transpose()?;
        let mut lines = bad_lines(&roster);
        let dry_run = args.is_dry(!lines.is_empty());
        let sent = self.send(asked, &roster, dry_run).await?;
        lines.extend(sent);
        lines.sort_by_key(|line| line.line);
        let mut told = Told {
            dry_run,
            unread: roster.unread,
            rows: lines,
        };
        if let Some((path, mut writer)) = passwords {
            let written = write(&mut writer, &told.rows);
            written.map_err(|error| Failure::File(path, error))?;
            for row in &mut told.rows {
                row.password = None;
            }
        }
        output.facts(&told, || show(&told))?;
        let bad = told.rows.iter().filter(|row| !row.faults.is_empty());
        args.check(bad.count(), told.rows.len())
    }

    /// Sends the rows: those that close an account, if that is asked for, by themselves after the others.
    async fn send(
        &self,
        asked: &Asked,
        roster: &Roster,
        dry_run: bool,
    ) -> Result<Vec<Line>, Failure> {
        let closes = |row: &&Row| self.close && row.cells.contains_key(&Column::Close);
        let (closing, others): (Vec<&Row>, Vec<&Row>) = roster.rows.iter().partition(closes);
        let path = match self.grant_roles {
            true => "rosters/roles",
            false => "rosters",
        };
        let mut lines = self.send_to(asked, path, &others, dry_run).await?;
        let is_bad = lines.iter().any(|line| !line.faults.is_empty());
        // Nobody is closed after a sheet that was not done.
        let waits = dry_run || self.sheet.is_dry(is_bad);
        let closed = self.send_to(asked, "rosters/closings", &closing, waits);
        lines.extend(closed.await?);
        Ok(lines)
    }

    async fn send_to(
        &self,
        asked: &Asked,
        path: &str,
        rows: &[&Row],
        dry_run: bool,
    ) -> Result<Vec<Line>, Failure> {
        if rows.is_empty() {
            return Ok(vec![]);
        }
        let lines = rows.iter().map(|row| RosterLine {
            line: row.line,
            cells: row.cells.clone(),
        });
        let request = RosterRequest {
            dry_run,
            only_right: self.sheet.only_right,
            without_roles: self.without_roles,
            change: self.change,
            rows: lines.collect(),
        };
        let report: RosterReport = asked.client.post(&asked.path(path), &request).await?;
        let lines = rows.iter().zip(report.rows);
        Ok(lines.map(|(row, told)| line(&row.cells, told)).collect())
    }
}

fn line(cells: &BTreeMap<Column, String>, told: RosterOutcomeLine) -> Line {
    let text = |column| cells.get(&column).cloned().unwrap_or_default();
    Line {
        line: told.line,
        name: text(Column::Name),
        login: text(Column::Login).to_lowercase(),
        outcome: told.outcome,
        account: told.account,
        password: told.password,
        changes: told.changes,
        matters: told.matters,
        faults: told.faults,
    }
}

/// Returns the rows that have faults before a node is asked.
fn bad_lines(roster: &Roster) -> Vec<Line> {
    let fault = |fault: &Fault<Column, BadCell>| {
        let (reason, hint) = sheets::told(fault.why);
        RosterFault {
            column: fault.column,
            value: fault.value.clone(),
            reason,
            hint,
        }
    };
    let rows = roster.bad.iter();
    rows.map(|(line, faults)| Line {
        line: *line,
        name: String::new(),
        login: String::new(),
        outcome: RosterOutcome::Bad,
        account: None,
        password: None,
        changes: vec![],
        matters: None,
        faults: faults.iter().map(fault).collect(),
    })
    .collect()
}

/// Creates the file for passwords before any is made: one that cannot be written opens no account.
fn secret_file(path: &PathBuf) -> Result<(PathBuf, fs::File), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(file) => Ok((path.clone(), file)),
        Err(error) => Err(Failure::File(path.clone(), error)),
    }
}

/// Writes the first passwords as CSV; cells are escaped so that a spreadsheet runs no formula in them.
fn write(into: &mut fs::File, rows: &[Line]) -> std::io::Result<()> {
    use std::io::Write as _;
    into.write_all(b"\xef\xbb\xbf")?;
    let mut writer = csv::Writer::from_writer(&*into);
    writer.write_record(["姓名 name", "用户名 login", "首次密码 first password"])?;
    for row in rows {
        if let Some(password) = &row.password {
            writer.write_record([&*defused(&row.name), &*defused(&row.login), password])?;
        }
    }
    writer.flush()?;
    drop(writer);
    into.sync_all()
}

fn show(told: &Told) -> String {
    let faults = told.rows.iter().flat_map(|row| {
        row.faults.iter().map(move |fault| {
            let (value, reason) = (fault.value.clone(), fault.reason.clone());
            let column = sheets::column(fault.column);
            (row.line, column, value, reason, fault.hint.clone())
        })
    });
    let mut text = sheets::faults(&told.unread, faults);
    let happens = told.rows.iter().flat_map(|row| {
        let change = |change: &RosterChange| {
            let column = sheets::column(change.column);
            [
                row.line.to_string(),
                row.login.clone(),
                column,
                change.before.clone(),
                change.after.clone(),
            ]
        };
        let matters = row.matters.map(|count| {
            let column = sheets::column(Column::Close);
            let after = format!("{}, {count} open matters", row.outcome.code());
            let (line, login) = (row.line.to_string(), row.login.clone());
            [line, login, column, String::new(), after]
        });
        row.changes.iter().map(change).chain(matters)
    });
    let happens: Vec<_> = happens.collect();
    if !happens.is_empty() {
        text += &table(["#line", "login", "column", "before", "after"], happens);
        text += "\n";
    }
    let opened = told.rows.iter().filter_map(|row| {
        let password = row.password.clone()?;
        Some([row.name.clone(), row.login.clone(), password])
    });
    let opened: Vec<_> = opened.collect();
    if !opened.is_empty() {
        text += &table(["name", "login", "first password, shown once"], opened);
        text += "\n";
    }
    let counts = RosterOutcome::ALL.into_iter().filter_map(|outcome| {
        let rows = told.rows.iter().filter(|row| row.outcome == outcome);
        let count = rows.count();
        (count > 0).then(|| (outcome.code(), count.to_string()))
    });
    text += &pairs(
        [("rows", told.rows.len().to_string())]
            .into_iter()
            .chain(counts),
    );
    if told.dry_run {
        text += "Nothing was changed.\n";
    }
    text
}
