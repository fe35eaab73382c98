//! Households from a sheet: adding and changing them.

use api::{
    HouseholdCellChange, HouseholdCellFault, HouseholdSheet, HouseholdSheetLine,
    HouseholdSheetOutcome as Name, HouseholdSheetReport, HouseholdSheetRow, Language,
};
use axum::{Extension, Json};
use domain::points::{Entered, HouseholdFault, HouseholdRow};
use office::{HouseholdOutcome, SheetManner};

use super::{
    ask::{Given, Headers, NodePath, Person},
    gate::Kept,
    language::asked_for,
    openapi::NodeParams,
    problem::{Rejection, cell_fault},
};

/// Add and change households from a sheet
///
/// A row has the number that its household keeps. One whose number no household has adds it; one whose household is
/// there changes nothing unless `change` is set, so the same sheet may be sent again. All rows are one decision: if one has a
/// fault nothing is done, unless `only_right` is set.
#[utoipa::path(post, path = "/v1/nodes/{code}/household-sheets", tag = "points", params(NodeParams),
    request_body = HouseholdSheet, responses((status = 200, body = HouseholdSheetReport)))]
pub(super) async fn enter(
    at: NodePath,
    Person(by): Person,
    Headers(headers): Headers,
    Given(request): Given<HouseholdSheet>,
) -> Result<(Extension<Kept>, Json<HouseholdSheetReport>), Rejection> {
    let manner = SheetManner {
        dry_run: request.dry_run,
        only_right: request.only_right,
        change: request.change,
    };
    let rows = request.rows.into_iter();
    let row = |HouseholdSheetRow { line, cells }| HouseholdRow { line, cells };
    let rows: Vec<_> = rows.map(row).collect();
    let points = at.node.office.points();
    let outcomes = points.household_sheet(&rows, manner, by).await?;
    let language = asked_for(&headers);
    let lines = rows.iter().zip(outcomes);
    let lines = lines.map(|(row, outcome)| line(row.line, outcome, language));
    let report = HouseholdSheetReport {
        rows: lines.collect(),
    };
    // For a repetition of the request what became of each row is kept, without what was in its cells.
    let mut kept = report.clone();
    for row in &mut kept.rows {
        row.changes.clear();
        row.faults.clear();
    }
    Ok((Kept::instead(&kept), Json(report)))
}

fn line(line: u64, outcome: HouseholdOutcome, language: Language) -> HouseholdSheetLine {
    use HouseholdOutcome as O;
    let told = |outcome| HouseholdSheetLine {
        line,
        outcome,
        household: None,
        new: false,
        changes: vec![],
        faults: vec![],
    };
    match outcome {
        O::Ready(entered) => of(entered, told(Name::Ready)),
        O::Done(entered) => {
            let outcome = match entered.is_new {
                true => Name::Added,
                false => Name::Changed,
            };
            of(entered, told(outcome))
        }
        O::Already(id) => HouseholdSheetLine {
            household: Some(id.0),
            ..told(Name::Already)
        },
        O::Bad(faults) => {
            let faults = faults.into_iter().map(|fault| shown(fault, language));
            HouseholdSheetLine {
                faults: faults.collect(),
                ..told(Name::Bad)
            }
        }
        O::Withheld => told(Name::Withheld),
    }
}

fn of(entered: Entered, told: HouseholdSheetLine) -> HouseholdSheetLine {
    let changes = entered
        .changes
        .into_iter()
        .map(|change| HouseholdCellChange {
            column: change.column,
            before: change.before,
            after: change.after,
        });
    HouseholdSheetLine {
        household: Some(entered.household.id.0),
        new: entered.is_new,
        changes: changes.collect(),
        ..told
    }
}

fn shown(fault: HouseholdFault, language: Language) -> HouseholdCellFault {
    let (reason, hint) = cell_fault(&fault.why, language);
    HouseholdCellFault {
        column: fault.column,
        value: fault.value,
        reason,
        hint,
    }
}
