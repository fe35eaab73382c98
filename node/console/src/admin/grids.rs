//! Grids: who looks after which households.

use std::sync::Arc;

use api::{GridRequest, Grids, problem::Problem};
use askama::Template;
use domain::people::Permission;
use http::Method;
use web::problem::Rejection;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "admin/grids.html")]
struct GridsPage<'a> {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    households: u64,
    may_manage: bool,
    problem: Option<Problem>,
    name: &'a str,
    typed_households: &'a str,
    members: &'a str,
}

struct Row {
    id: u32,
    name: String,
    members: String,
    households: u32,
}

/// Lists the grids.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let grids: Grids = visit.calls.get(&visit.api("grids")?).await?;
    let row = |grid: &api::GridView| Row {
        id: grid.id,
        name: grid.name.clone(),
        members: grid
            .members
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        households: grid.households,
    };
    let (frame, status) = Frame::desk(visit, w.admin_grids()).after(problem.as_ref());
    visit.page(
        status,
        &GridsPage {
            frame,
            w,
            tabs: super::tabs(visit),
            rows: grids.grids.iter().map(row).collect(),
            households: grids.households,
            may_manage: visit.may(Permission::ManageGrids),
            problem,
            name: visit.form.typed("name"),
            typed_households: visit.form.typed("households"),
            members: visit.form.typed("members"),
        },
    )
}

/// Draws a grid.
pub(crate) async fn draw(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let members = form.typed("members").split([',', '，', ' ', '\n']);
    let members = members
        .filter(|text| !text.is_empty())
        .map(str::parse::<u64>);
    let members = members.collect::<Result<_, _>>();
    let households = form.get("households").unwrap_or_default().parse();
    let (Ok(members), Ok(households)) = (members, households) else {
        let problem = Rejection::unfit((
            "households and members are numbers; correct them",
            "户数和成员编号要写数字；请更正",
        ));
        let problem = problem.0.in_language(visit.view.language);
        return listed(&visit, Some(problem)).await;
    };
    let request = GridRequest {
        name: form.get("name").unwrap_or_default().to_owned(),
        members,
        households,
    };
    match super::sent(&visit, Method::POST, "grids", &request).await? {
        Ok(_) => lead_to("/admin/grids"),
        Err(problem) => listed(&visit, Some(problem)).await,
    }
}

/// Removes a grid.
pub(crate) async fn remove(visit: Arc<Visit>) -> Answer {
    let path = format!("grids/{}", odd(visit.param("grid")));
    match super::sent_bare(&visit, Method::DELETE, &path).await? {
        Ok(_) => lead_to("/admin/grids"),
        Err(problem) => listed(&visit, Some(problem)).await,
    }
}
