//! The list of what a village gives for points, kept on the desk.

use std::sync::Arc;

use api::{AddReward, ChangeReward, Rewards, problem::Problem};
use askama::Template;
use domain::people::Permission;
use http::Method;
use web::problem::Rejection;

use super::check_may;
use crate::{
    answer::{Answer, lead_to},
    form::{is_beside, odd},
    frame::Frame,
    points::RewardRow,
    visit::Visit,
    words::Words,
};

/// Path of the page.
const PATH: &str = "/desk/rewards";

#[derive(Template)]
#[template(path = "desk/rewards.html")]
struct RewardsPage {
    frame: Frame,
    w: Words,
    rows: Vec<RewardRow>,
    /// Number of the reward that is changed; empty for a new one.
    number: String,
    name: String,
    unit: String,
    cost: String,
    left: String,
    is_done: bool,
    problem: Option<Problem>,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this list is kept by officials; ask one",
        "兑换清单由村干部管理；请找村干部",
    );
    check_may(visit, Permission::ManageRewards, told)
}

/// Shows the list, and the form for another; with `?edit=NUMBER` for that one.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let path = visit.api("rewards?withdrawn=true")?;
    let found: Rewards = visit.calls.get(&path).await?;
    let edited = visit.query.get("edit").filter(|_| problem.is_none());
    let edited = edited.and_then(|number| {
        let mut all = found.rewards.iter();
        all.find(|one| one.reward.to_string() == number)
    });
    let typed = |name: &str| visit.form.typed(name).to_owned();
    let left = |left: Option<u32>| left.map(|left| left.to_string()).unwrap_or_default();
    let (number, name, unit, cost, left) = match edited {
        Some(one) => (
            one.reward.to_string(),
            one.name.clone(),
            one.unit.clone(),
            one.cost.to_string(),
            left(one.left),
        ),
        None => (
            typed("number"),
            typed("name"),
            typed("unit"),
            typed("cost"),
            typed("left"),
        ),
    };
    let (frame, status) = Frame::desk(visit, w.pt_rewards()).after(problem.as_ref());
    visit.page(
        status,
        &RewardsPage {
            frame,
            w,
            rows: found
                .rewards
                .iter()
                .map(|one| RewardRow::of(w, one))
                .collect(),
            number,
            name,
            unit,
            cost,
            left,
            is_done: problem.is_none() && visit.query.get("done").is_some(),
            problem,
        },
    )
}

/// Puts a reward on the list, changes one, withdraws it or offers it again.
pub(super) async fn change(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let form = &visit.form;
    let sent = match (form.get("withdraw"), form.get("back"), form.get("number")) {
        (Some(number), ..) => patch(&visit, number, &withdrawn(true)).await,
        (_, Some(number), _) => patch(&visit, number, &withdrawn(false)).await,
        (.., number) => {
            let (Ok(cost), Ok(left)) = (
                form.typed("cost").trim().parse(),
                form.get("left").map(str::parse).transpose(),
            ) else {
                let told = (
                    "points and what is left are numbers; correct them",
                    "分数和剩余要写数字；请更正",
                );
                let problem = Rejection::unfit(told).0;
                let problem = problem.in_language(visit.view.language);
                return listed(&visit, Some(problem)).await;
            };
            let name = form.typed("name").to_owned();
            let unit = form.get("unit").map(str::to_owned);
            match number {
                Some(number) => {
                    let request = ChangeReward {
                        name: Some(name),
                        unit,
                        cost: Some(cost),
                        left,
                        uncounted: left.is_none(),
                        withdrawn: None,
                    };
                    patch(&visit, number, &request).await
                }
                None => {
                    let request = AddReward {
                        name,
                        unit,
                        cost,
                        left,
                    };
                    let path = visit.api("rewards")?;
                    let sent = visit.calls.ask(Method::POST, &path, &request).await;
                    sent.map(|_| ())
                }
            }
        }
    };
    match sent {
        Ok(()) => lead_to(&format!("{PATH}?done=1")),
        Err(problem) if is_beside(&problem) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

fn withdrawn(withdrawn: bool) -> ChangeReward {
    ChangeReward {
        withdrawn: Some(withdrawn),
        ..ChangeReward::default()
    }
}

async fn patch(visit: &Visit, number: &str, request: &ChangeReward) -> Result<(), Problem> {
    let path = visit.api(&format!("rewards/{}", odd(number)))?;
    let sent = visit.calls.ask(Method::PATCH, &path, request).await;
    sent.map(|_| ())
}
