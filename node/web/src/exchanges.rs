//! Exchange of points: the list of what a village rewards, exchanges at the counter, counter-entries.

use api::{
    AddReward, ChangeReward, ExchangePoints, ExchangeView, RewardView, Rewards, RewardsQuery,
    TakeBackExchange,
};
use axum::{Extension, Json};
use domain::points::{ExchangeId, HouseholdId, RewardChange, RewardId};
use http::StatusCode;
use office::{LedgerLine, NewConsent, NewExchange};

use super::{
    ask::{Asked, Given, NodePath, Person},
    gate::Kept,
    openapi::{
        NodeParams,
        village::{ExchangeParams, HouseholdParams, RewardParams},
    },
    points::read_slip,
    problem::Rejection,
};

type Booked = (StatusCode, Extension<Kept>, Json<ExchangeView>);

/// List what households get for points
#[utoipa::path(get, path = "/v1/nodes/{code}/rewards", tag = "points", params(NodeParams, RewardsQuery),
    responses((status = 200, body = Rewards)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<RewardsQuery>,
) -> Result<Json<Rewards>, Rejection> {
    let office = &at.node.office;
    let rewards = office.points().rewards(query.withdrawn).await?;
    Ok(Json(Rewards {
        rewards: rewards.iter().map(RewardView::from).collect(),
        as_of_ms: office.now().0,
    }))
}

/// Put a reward on the list
#[utoipa::path(post, path = "/v1/nodes/{code}/rewards", tag = "points", params(NodeParams),
    request_body = AddReward, responses((status = 201, body = RewardView)))]
pub(super) async fn add(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<AddReward>,
) -> Result<(StatusCode, Extension<Kept>, Json<RewardView>), Rejection> {
    let said = RewardChange {
        name: Some(request.name),
        unit: request.unit,
        cost: Some(request.cost),
        left: Some(request.left),
        withdrawn: None,
    };
    let reward = at.node.office.points().add_reward(said, by).await?;
    let kept = Extension(Kept::Whole);
    Ok((StatusCode::CREATED, kept, Json(RewardView::from(&reward))))
}

/// Change a reward, or withdraw it
///
/// What was booked stays as it was.
#[utoipa::path(patch, path = "/v1/nodes/{code}/rewards/{reward}", tag = "points", params(RewardParams),
    request_body = ChangeReward, responses((status = 200, body = RewardView)))]
pub(super) async fn change(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<ChangeReward>,
) -> Result<Json<RewardView>, Rejection> {
    let id: RewardId = at.param("reward")?;
    let left = match (request.uncounted, request.left) {
        (true, _) => Some(None),
        (false, left) => left.map(Some),
    };
    let said = RewardChange {
        name: request.name,
        unit: request.unit,
        cost: request.cost,
        left,
        withdrawn: request.withdrawn,
    };
    let reward = at.node.office.points().change_reward(id, said, by).await?;
    Ok(Json(RewardView::from(&reward)))
}

/// Book what a household gives points for
///
/// At the counter. The household agrees with its slip, which the node checks, or one of its people signs. Points, what is
/// left of the reward, and the sums that everybody reads change with the entry. No household gives more points than it has.
#[utoipa::path(post, path = "/v1/nodes/{code}/households/{household}/exchanges", tag = "points",
    params(HouseholdParams), request_body = ExchangePoints, responses((status = 201, body = ExchangeView)))]
pub(super) async fn book(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<ExchangePoints>,
) -> Result<Booked, Rejection> {
    let id: HouseholdId = at.param("household")?;
    let consent = match request.slip {
        Some(slip) => NewConsent::Slip(read_slip(&slip)?),
        None => NewConsent::Signature(request.signed_by.unwrap_or_default()),
    };
    let new = NewExchange {
        reward: RewardId(request.reward),
        count: request.count,
        consent,
    };
    let line = at.node.office.points().exchange(id, new, by).await?;
    Ok(booked(&line))
}

/// Take an exchange back by a counter-entry
///
/// The exchange stays; the counter-entry gives the points back. Each exchange is taken back once, and no counter-entry is.
#[utoipa::path(post, path = "/v1/nodes/{code}/exchanges/{exchange}/take-back", tag = "points",
    params(ExchangeParams), request_body = TakeBackExchange, responses((status = 201, body = ExchangeView)))]
pub(super) async fn take_back(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<TakeBackExchange>,
) -> Result<Booked, Rejection> {
    let id: ExchangeId = at.param("exchange")?;
    let points = at.node.office.points();
    let line = points.take_back(id, &request.reason, by).await?;
    Ok(booked(&line))
}

/// Returns an entry that was booked just now. For a repetition of the request the one without what people wrote is
/// kept.
fn booked(line: &LedgerLine) -> Booked {
    let view = ExchangeView::of(&line.entry, None);
    let kept = Kept::instead(&ExchangeView {
        signed_by: None,
        reason: None,
        ..view.clone()
    });
    (StatusCode::CREATED, kept, Json(view))
}
