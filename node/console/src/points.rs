//! Points and honours (积分、红黑榜) for everybody: the rules, the lists, a household's own record, and its code.

mod door;
mod ledger;
pub(crate) mod own;

use std::sync::Arc;

use api::{PointsView, Rewards, problem::Problem};
use askama::Template;
use axum::Router;
use domain::{disclosure::Span, time::Day};
use web::state::AppState;

use crate::{
    answer::Answer,
    disclosures::named,
    form::odd,
    frame::{Frame, Link},
    page,
    villagers::draft,
    visit::Visit,
    when::{When, count},
    words::Words,
};

pub(crate) use ledger::{LedgerRow, RewardRow, ledger, purse};
pub(crate) use own::{RatingRow, ratings};

/// Adds the pages of points.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/points", page(points))
        .route("/honours", page(honours))
        .route("/points/own", page(own::form).merge(crate::form(own::act)))
        .route("/points/photo/{pass}/{rating}/{photo}", page(own::photo))
        .route(
            "/points/h/{household}",
            page(door::show)
                .merge(crate::form(door::rate))
                .layer(draft::limit()),
        )
}

/// Reads the points of the period that the address asks for; `None` if there are no rules.
async fn read(visit: &Visit) -> Result<Option<PointsView>, Problem> {
    let day = visit.query.get("day").map(odd);
    let query = day.map_or_else(String::new, |day| format!("?day={day}"));
    match visit
        .calls
        .get(&visit.api(&format!("points{query}"))?)
        .await
    {
        Ok(view) => Ok(Some(view)),
        Err(problem) if problem.status == 404 => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Returns links to the periods.
fn periods(view: &PointsView, path: &str) -> Vec<Link> {
    let link = |day: &String| Link {
        href: format!("{path}?day={day}"),
        label: day.get(..7).unwrap_or(day).to_owned(),
        current: *day == view.from,
    };
    view.periods.iter().map(link).collect()
}

/// Tells how many households were rated.
fn coverage(w: Words, view: &PointsView) -> String {
    match view.households {
        0 => w.pt_coverage_none().to_owned(),
        households => {
            let percent = u64::from(view.rated) * 100 / u64::from(households);
            w.pt_coverage(count(view.rated), count(households), percent)
        }
    }
}

/// An item of the rules.
struct ItemRow {
    name: String,
    marks: [i16; 3],
    every: String,
}

#[derive(Template)]
#[template(path = "points/points.html")]
struct PointsPage {
    frame: Frame,
    w: Words,
    shown: Option<PointsShown>,
}

struct PointsShown {
    as_of: When,
    period: String,
    periods: Vec<Link>,
    coverage: String,
    items: Vec<ItemRow>,
    rules: Vec<String>,
    rewards: Vec<RewardRow>,
    /// What was given: name, how many, exchanges, points.
    given: Vec<(String, String, u32, u64)>,
}

/// Shows the rules and how many households were rated.
async fn points(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let rewards: Rewards = visit.calls.get(&visit.api("rewards")?).await?;
    let shown = read(&visit).await?.map(|view| {
        let rules = &view.rules;
        let items = rules.items.iter().map(|item| ItemRow {
            name: named(w, &item.name, item.english.as_deref()),
            marks: [item.good, item.fair, item.poor],
            every: w.term(item.every).to_owned(),
        });
        PointsShown {
            as_of: visit.when(view.as_of_ms),
            period: w.pt_period(&view.from, &view.to),
            periods: periods(&view, "/points"),
            coverage: coverage(w, &view),
            items: items.collect(),
            rules: vec![
                w.pt_red_rule(rules.red_from),
                w.pt_objection_rule(rules.objection_days),
                w.pt_keep_rule(rules.keep_days),
                w.pt_template(rules.templates.join(", ")),
            ],
            rewards: rewards
                .rewards
                .iter()
                .map(|one| RewardRow::of(w, one))
                .collect(),
            given: ledger::given(&view.given),
        }
    });
    visit.show(&PointsPage {
        frame: Frame::of(&visit, w.pt_title()),
        w,
        shown,
    })
}

struct BlackRow {
    name: String,
    poor: u32,
    households: Vec<String>,
}

struct HonoursShown {
    as_of: When,
    period: String,
    periods: Vec<Link>,
    /// Place, number, name and points; `None` if the rules do not publish it.
    red: Option<Vec<(u32, u32, String, i64)>>,
    next: String,
    black: Vec<BlackRow>,
    is_named: bool,
}

#[derive(Template)]
#[template(path = "points/honours.html")]
struct HonoursPage {
    frame: Frame,
    w: Words,
    shown: Option<HonoursShown>,
}

/// Returns the first day after a period, as its answer writes days.
fn next_period(view: &PointsView) -> String {
    let read = (view.from.parse::<Day>(), view.to.parse::<Day>());
    match read {
        (Ok(from), Ok(to)) => Span { from, to }.after().to_string(),
        _ => view.to.clone(),
    }
}

/// Shows the red list and the black side.
async fn honours(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let shown = read(&visit).await?.map(|view| {
        let black = view.black.iter().map(|line| BlackRow {
            name: named(w, &line.name, line.english.as_deref()),
            poor: line.poor,
            households: line
                .households
                .iter()
                .map(|one| format!("{} {}", one.household, one.name))
                .collect(),
        });
        let red = view.red.as_ref().map(|red| {
            let row = |line: &api::RedLineView| {
                (line.place, line.household, line.name.clone(), line.points)
            };
            red.iter().map(row).collect()
        });
        HonoursShown {
            as_of: visit.when(view.as_of_ms),
            period: w.pt_period(&view.from, &view.to),
            periods: periods(&view, "/honours"),
            red,
            next: next_period(&view),
            black: black.collect(),
            is_named: view.rules.black_names,
        }
    });
    visit.show(&HonoursPage {
        frame: Frame::of(&visit, w.pt_honours()),
        w,
        shown,
    })
}
