//! Grids: who looks after which households.

use std::{collections::BTreeSet, sync::Arc};

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
    done: bool,
    problem: Option<Problem>,
    /// What is wrong in fields of the form.
    wrong: Wrong,
    name: &'a str,
    typed_households: &'a str,
    members: &'a str,
}

/// What is wrong in the form of a grid, beside its fields.
#[derive(Default)]
struct Wrong {
    households: Option<&'static str>,
    /// Members that are no numbers of accounts, in words.
    members: Option<String>,
}

impl Wrong {
    const fn is_none(&self) -> bool {
        self.households.is_none() && self.members.is_none()
    }
}

struct Row {
    id: u32,
    name: String,
    members: String,
    households: u32,
}

/// Lists the grids.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None, Wrong::default()).await
}

async fn listed(visit: &Visit, problem: Option<Problem>, wrong: Wrong) -> Answer {
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
            done: problem.is_none() && visit.query.get("done").is_some(),
            problem,
            wrong,
            name: visit.form.typed("name"),
            typed_households: visit.form.typed("households"),
            members: visit.form.typed("members"),
        },
    )
}

/// Draws a grid. A field that is wrong is told beside it; the form keeps what was typed.
pub(crate) async fn draw(visit: Arc<Visit>) -> Answer {
    let (form, w) = (&visit.form, visit.w);
    let parts = form.typed("members").split([',', '，', '、', ' ', '\n']);
    let parts = parts.map(str::trim).filter(|text| !text.is_empty());
    let (mut members, mut strange) = (BTreeSet::new(), vec![]);
    for part in parts {
        match part.parse::<u64>() {
            Ok(number) => {
                members.insert(number);
            }
            Err(_) => strange.push(part.chars().take(20).collect::<String>()),
        }
    }
    let households = form.get("households").unwrap_or_default().parse();
    let wrong = Wrong {
        households: households.is_err().then_some(w.admin_households_wrong()),
        members: (!strange.is_empty())
            .then(|| w.admin_members_wrong(strange.join(w.of("、", ", ")))),
    };
    let households = match households {
        Ok(households) if wrong.is_none() => households,
        _ => {
            let told = (
                "something is wrong in the form; correct what is told beside the fields",
                "表单有错；请更正各格旁边说明的内容",
            );
            let problem = Rejection::unfit(told).0.in_language(visit.view.language);
            return listed(&visit, Some(problem), wrong).await;
        }
    };
    let request = GridRequest {
        name: form.get("name").unwrap_or_default().to_owned(),
        members,
        households,
    };
    match super::sent(&visit, Method::POST, "grids", &request).await? {
        Ok(_) => lead_to("/admin/grids?done=1"),
        Err(problem) => listed(&visit, Some(problem), Wrong::default()).await,
    }
}

/// Removes a grid.
pub(crate) async fn remove(visit: Arc<Visit>) -> Answer {
    let path = format!("grids/{}", odd(visit.param("grid")));
    match super::sent_bare(&visit, Method::DELETE, &path).await? {
        Ok(_) => lead_to("/admin/grids?done=1"),
        Err(problem) => listed(&visit, Some(problem), Wrong::default()).await,
    }
}
