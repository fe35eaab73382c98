//! Households on the desk: the list, a sheet of them, their codes to print, and one with its record.

mod counter;
pub(super) mod sheet;

use std::sync::Arc;

use api::{
    AddHousehold, AddHouseholds, ChangeHousehold, CorrectRating, HouseholdList, HouseholdRecord,
    HouseholdSlip, HouseholdView, problem::Problem,
};
use askama::Template;
use domain::{people::Permission, points::Mark};
use http::Method;
use web::problem::Rejection;

use super::{Choice, check_may};
use crate::{
    answer::{Answer, lead_to},
    form::{is_beside, odd},
    frame::Frame,
    points::{LedgerRow, RatingRow, ledger, purse, ratings},
    villagers::{
        qr::{Picture, draw},
        receipt::grouped,
    },
    visit::Visit,
    when::When,
    words::Words,
};

/// A household in the list.
struct Row {
    number: u32,
    name: String,
    grid: String,
    standing: Option<(u32, i64)>,
}

impl Row {
    fn of(view: &HouseholdView) -> Self {
        Self {
            number: view.household,
            name: view.name.clone(),
            grid: view.grid.map(|grid| grid.to_string()).unwrap_or_default(),
            standing: view.standing.map(|one| (one.place, one.points)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/households.html")]
struct ListPage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    rows: Vec<Row>,
    may_manage: bool,
    may_keep_rewards: bool,
    names: &'a str,
    grid: &'a str,
    problem: Option<Problem>,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this page is for those who look after households; sign in",
        "这一页供管理住户的人使用；请登录",
    );
    check_may(visit, Permission::ViewHouseholds, told)
}

/// Lists the households.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let found: HouseholdList = visit.calls.get(&visit.api("households")?).await?;
    let (frame, status) = Frame::desk(visit, w.pt_desk()).after(problem.as_ref());
    visit.page(
        status,
        &ListPage {
            frame,
            w,
            as_of: visit.when(found.as_of_ms),
            rows: found.households.iter().map(Row::of).collect(),
            may_manage: visit.may(Permission::ManageHouseholds),
            may_keep_rewards: visit.may(Permission::ManageRewards),
            names: visit.form.typed("names"),
            grid: visit.form.typed("grid"),
            problem,
        },
    )
}

/// Adds households, one a line.
pub(super) async fn add(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let grid = visit.form.get("grid").and_then(|text| text.parse().ok());
    let names = visit.form.typed("names").lines();
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let one = |name: &str| AddHousehold {
        name: name.to_owned(),
        grid,
    };
    let request = AddHouseholds {
        households: names.map(one).collect(),
    };
    let path = visit.api("households")?;
    match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(_) => lead_to("/desk/households"),
        Err(problem) if is_beside(&problem) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// A label with the code of a household.
struct Label {
    number: u32,
    address: String,
    picture: Option<Picture>,
}

#[derive(Template)]
#[template(path = "desk/labels.html")]
struct LabelsPage {
    frame: Frame,
    w: Words,
    place: String,
    labels: Vec<Label>,
}

/// Shows the codes of all households, or of those of one grid, to print. A label has no name, because it hangs outside.
pub(super) async fn labels(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let found: HouseholdList = visit.calls.get(&visit.api("households")?).await?;
    let grid = visit
        .query
        .get("grid")
        .and_then(|text| text.parse::<u32>().ok());
    let chosen = found.households.iter();
    let chosen = chosen.filter(|one| grid.is_none() || one.grid == grid);
    let label = |one: &HouseholdView| {
        let address = visit.address(&format!("/points/h/{}", one.household));
        Label {
            number: one.household,
            picture: draw(&address),
            address,
        }
    };
    visit.show(&LabelsPage {
        frame: Frame::desk(&visit, visit.w.pt_labels()),
        w: visit.w,
        place: visit.name_of(visit.division()?),
        labels: chosen.map(label).collect(),
    })
}

#[derive(Template)]
#[template(path = "desk/household.html")]
struct OnePage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    number: u32,
    name: String,
    /// What the form that changes it holds.
    details: Details,
    persons: Option<String>,
    is_gone: bool,
    standing: Option<String>,
    ratings: Vec<RatingRow>,
    marks: Vec<Choice>,
    may_manage: bool,
    may_correct: bool,
    may_rate: bool,
    may_exchange: bool,
    purse: Option<String>,
    ledger: Vec<LedgerRow>,
    /// What it may get for points.
    rewards: Vec<Choice>,
    /// How many, and who signs, as they were typed.
    counter: (&'a str, &'a str),
    /// A new slip: in groups, or `None` if it was shown already.
    slip: Option<Option<String>>,
    /// The rating whose correction, or the exchange whose counter-entry was refused, and what was typed.
    typed: (&'a str, &'a str),
    problem: Option<Problem>,
}

/// The fields of the form that changes a household: as it is, or as they were typed if they were refused.
struct Details {
    name: String,
    grid: String,
    accounts: String,
    persons: String,
    is_gone: bool,
}

impl Details {
    fn of(visit: &Visit, household: &HouseholdView, was_refused: bool) -> Self {
        if was_refused && visit.form.typed("go") == "change" {
            let typed = |name: &str| visit.form.typed(name).to_owned();
            return Self {
                name: typed("name"),
                grid: typed("grid"),
                accounts: typed("accounts"),
                persons: typed("persons"),
                is_gone: visit.form.get("gone").is_some(),
            };
        }
        let accounts = household.accounts.iter().map(u64::to_string);
        let text = |number: Option<u32>| number.map(|one| one.to_string()).unwrap_or_default();
        Self {
            name: household.name.clone(),
            grid: text(household.grid),
            accounts: accounts.collect::<Vec<_>>().join(", "),
            persons: text(household.persons.map(u32::from)),
            is_gone: household.gone,
        }
    }
}

/// Reads the form that changes a household. An empty field takes away what was there.
fn changed(visit: &Visit) -> Result<ChangeHousehold, Problem> {
    let unfit = |_| {
        let told = (
            "grid, accounts and persons are numbers; correct them",
            "网格、账号和人口要写数字；请更正",
        );
        let problem = Rejection::unfit(told).0;
        problem.in_language(visit.view.language)
    };
    let typed = |name: &str| visit.form.get(name).unwrap_or("0");
    let accounts = visit.form.typed("accounts").split([',', '，', '、', ' ']);
    let accounts = accounts.map(str::trim).filter(|text| !text.is_empty());
    let accounts = accounts.map(str::parse).collect::<Result<Vec<u64>, _>>();
    Ok(ChangeHousehold {
        name: visit.form.get("name").map(str::to_owned),
        grid: Some(typed("grid").parse().map_err(unfit)?),
        accounts: Some(accounts.map_err(unfit)?),
        persons: Some(typed("persons").parse().map_err(unfit)?),
        gone: Some(visit.form.get("gone").is_some()),
    })
}

/// Shows one household with its record.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    shown(&visit, None, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>, slip: Option<Option<String>>) -> Answer {
    let w = visit.w;
    let number = odd(visit.param("household"));
    let path = visit.api(&format!("households/{number}/record"))?;
    let record: HouseholdRecord = visit.calls.get(&path).await?;
    let household = &record.household;
    let marks = Mark::ALL.iter().map(|mark| Choice {
        value: mark.to_string(),
        label: w.short(*mark),
        chosen: false,
    });
    let standing = household.standing;
    let may_exchange = visit.may(Permission::ExchangePoints);
    let title = w.pt_household_number(household.household);
    let (frame, status) = Frame::desk(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &OnePage {
            frame,
            w,
            as_of: visit.when(record.as_of_ms),
            number: household.household,
            name: household.name.clone(),
            details: Details::of(visit, household, problem.is_some()),
            persons: household.persons.map(|count| w.pt_persons(count)),
            is_gone: household.gone,
            standing: standing.map(|one| w.pt_own_place(one.place, one.points)),
            ratings: ratings(visit, &record, "own"),
            marks: marks.collect(),
            may_manage: visit.may(Permission::ManageHouseholds),
            may_correct: visit.may(Permission::CorrectRating),
            may_rate: visit.may(Permission::RateHousehold) && !household.gone,
            may_exchange,
            purse: purse(w, &record),
            ledger: ledger(visit, &record),
            rewards: counter::rewards(visit, may_exchange).await?,
            counter: (
                visit.form.get("count").unwrap_or("1"),
                visit.form.typed("signed_by"),
            ),
            slip,
            typed: (visit.form.typed("rating"), visit.form.typed("reason")),
            problem,
        },
    )
}

/// Draws a slip, changes the household, corrects a rating, or books an exchange.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let number = odd(visit.param("household"));
    let path = visit.api(&format!("households/{number}"))?;
    let done = match visit.form.typed("go") {
        "slip" => {
            let path = format!("{path}/slip");
            let sent = visit
                .calls
                .send(Method::POST, &path, axum::body::Body::empty());
            match sent.await {
                Ok(reply) => {
                    let drawn: HouseholdSlip = reply.read()?;
                    let slip = Some(drawn.slip).filter(|slip| *slip != web::gate::SHOWN_ONCE);
                    let slip = slip.map(|slip| grouped(slip.trim_start_matches("wjh_")));
                    return shown(&visit, None, Some(slip)).await;
                }
                refused => refused,
            }
        }
        "change" => match changed(&visit) {
            Ok(request) => visit.calls.ask(Method::PATCH, &path, &request).await,
            Err(problem) => return shown(&visit, Some(problem), None).await,
        },
        "exchange" => counter::exchange(&visit, &path).await,
        "take-back" => counter::take_back(&visit).await,
        _ => {
            let rating = odd(visit.form.typed("rating"));
            let path = visit.api(&format!("ratings/{rating}/correct"))?;
            let request = CorrectRating {
                mark: visit.form.typed("mark").parse().ok(),
                reason: visit.form.typed("reason").to_owned(),
            };
            visit.calls.ask(Method::POST, &path, &request).await
        }
    };
    match done {
        Ok(_) => lead_to(&format!("/desk/households/{}", visit.param("household"))),
        Err(problem) if is_beside(&problem) => shown(&visit, Some(problem), None).await,
        Err(problem) => Err(problem),
    }
}
