//! How divisions comply with what they have to make public, for everybody.

use api::{
    ClassCompliance, Compliance, ComplianceQuery, CompliedCounts, DivisionCompliance, OverdueLine,
};
use axum::Json;
use domain::{
    disclosure::{ComplianceReport, Counts},
    month::Month,
};
use topology::DivisionCode;

use super::{
    ask::{Asked, NodePath},
    links::name,
    openapi::NodeParams,
    problem::Rejection,
    state::AppState,
};

/// Get how a subtree complies with what it has to make public 公开情况
///
/// Counts of what falls due in a month, of this division and of each child's subtree, with what is overdue by name.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/compliance", tag = "disclosures",
    params(NodeParams, ComplianceQuery), responses((status = 200, body = Compliance)))]
pub(super) async fn show(
    at: NodePath,
    Asked(query): Asked<ComplianceQuery>,
) -> Result<Json<Compliance>, Rejection> {
    let month = query.month.as_deref().map(str::parse::<Month>).transpose();
    let month = month.map_err(|error| Rejection::unfit(&error))?;
    let office = &at.node.office;
    let now = office.now();
    let month = month.unwrap_or_else(|| Month::of(now.day()));
    let said = office.disclosures().complying(month).await?;
    let app_state = &at.app_state;
    let children = app_state.tree.children(at.division);
    let divisions = std::iter::once(at.division).chain(children);
    let divisions: Vec<_> = divisions
        .map(|division| {
            let said = said.get(&division).map(Vec::as_slice);
            told(division, said.unwrap_or_default(), app_state)
        })
        .collect();
    let reports = || said.values().flatten();
    let total = reports().fold(Counts::default(), |sum, report| sum.plus(report.counts));
    let mut overdue: Vec<OverdueLine> = reports()
        .flat_map(|report| {
            let class = report.key.class;
            report
                .overdue
                .iter()
                .map(move |one| OverdueLine::of(one, class, name(one.division, app_state)))
        })
        .collect();
    overdue.sort_by_key(|one| (one.due_ms, one.division));
    Ok(Json(Compliance {
        month: month.to_string(),
        total: total.into(),
        divisions,
        overdue,
        as_of_ms: now.0,
    }))
}

fn told(
    division: DivisionCode,
    said: &[ComplianceReport],
    app_state: &AppState,
) -> DivisionCompliance {
    let sum = |sum: Counts, report: &ComplianceReport| sum.plus(report.counts);
    DivisionCompliance {
        division,
        name: name(division, app_state),
        told: !said.is_empty(),
        total: said.iter().fold(Counts::default(), sum).into(),
        classes: said
            .iter()
            .map(|report| ClassCompliance {
                class: report.key.class,
                counts: CompliedCounts::from(report.counts),
            })
            .collect(),
    }
}
