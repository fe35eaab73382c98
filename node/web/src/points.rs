//! Points and honours: the public lists, households, ratings, and what a household sees of itself.

use api::{
    AddHouseholds, BlackLineView, ChangeHousehold, CorrectRating, ExchangeView, HOUSEHOLD_SLIP,
    HouseholdList, HouseholdRecord, HouseholdSlip, HouseholdView, ObjectedRating, PointRulesView,
    PointsQuery, PointsView, PurseView, RateHousehold, RatingView, RedLineView, RewardGivenView,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    attachment::Part,
    people::{AccountId, GridId, Permission, Who},
    points::{BadRating, HouseholdChange, HouseholdId, Rated, RatingId},
    time::Day,
};
use http::{HeaderMap, StatusCode};
use office::{
    Failed, NewHousehold, NewRating, Opener,
    people::{Token, TokenKind},
};

use super::{
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person, named_draft},
    files,
    gate::{Kept, Principal, SHOWN_ONCE},
    openapi::{
        NodeParams,
        village::{HouseholdParams, RatingParams, RatingPhotoParams},
    },
    problem::Rejection,
};

/// The periods that are offered to look back on.
const PERIODS: usize = 8;

/// Get the points of a period
///
/// The rules, the red list if they publish it, and the black side without names unless they publish those.
#[utoipa::path(get, path = "/v1/nodes/{code}/points", tag = "points", params(NodeParams, PointsQuery),
    responses((status = 200, body = PointsView)))]
pub(super) async fn show(
    at: NodePath,
    Asked(query): Asked<PointsQuery>,
) -> Result<Json<PointsView>, Rejection> {
    let office = &at.node.office;
    let today = office.now().day();
    let day = query.day.as_deref().map(str::parse::<Day>).transpose();
    let day = day.map_err(|error| Rejection::unfit(&error))?;
    let seen = office.points().period(day.unwrap_or(today)).await?;
    let templates = seen.templates.iter();
    let templates = templates.map(|(key, version)| format!("{key} v{version}"));
    let mut periods = vec![];
    let mut span = seen.rules.around(today);
    for _ in 0..PERIODS {
        periods.push(span.from.to_string());
        span = seen.rules.around(Day(span.from.0 - 1));
    }
    let honours = &seen.honours;
    let black = honours.black.iter();
    Ok(Json(PointsView {
        rules: PointRulesView::of(&seen.rules, templates.collect()),
        from: seen.span.from.to_string(),
        to: seen.span.to.to_string(),
        periods,
        households: honours.households,
        rated: honours.rated,
        red: honours
            .red
            .as_ref()
            .map(|red| red.iter().map(RedLineView::from).collect()),
        black: black
            .map(|line| BlackLineView::of(line, &seen.rules))
            .collect(),
        given: seen
            .given
            .iter()
            .map(|one| RewardGivenView::of(&one.reward, &one.sum))
            .collect(),
        as_of_ms: office.now().0,
    }))
}

/// List the households of a division, with their places in the present period
#[utoipa::path(get, path = "/v1/nodes/{code}/households", tag = "points", params(NodeParams),
    responses((status = 200, body = HouseholdList)))]
pub(super) async fn households(at: NodePath) -> Result<Json<HouseholdList>, Rejection> {
    let office = &at.node.office;
    let seen = office.points().seen().await?;
    let view =
        |one: &office::HouseholdSeen| HouseholdView::of(&one.household, one.standing.as_ref());
    Ok(Json(HouseholdList {
        households: seen.iter().map(view).collect(),
        as_of_ms: office.now().0,
    }))
}

/// Add households
///
/// They get the next numbers in this order. All or none.
#[utoipa::path(post, path = "/v1/nodes/{code}/households", tag = "points", params(NodeParams),
    request_body = AddHouseholds, responses((status = 201, body = HouseholdList)))]
pub(super) async fn add(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<AddHouseholds>,
) -> Result<(StatusCode, Json<HouseholdList>), Rejection> {
    let new = request.households.into_iter().map(|one| NewHousehold {
        name: one.name,
        grid: one.grid.map(GridId),
    });
    let office = &at.node.office;
    let added = office.points().add_households(new.collect(), by).await?;
    let households = added.iter().map(|one| HouseholdView::of(one, None));
    Ok((
        StatusCode::CREATED,
        Json(HouseholdList {
            households: households.collect(),
            as_of_ms: office.now().0,
        }),
    ))
}

/// Returns a household as those see it who may see households.
pub(super) async fn one(at: &NodePath, id: HouseholdId) -> Result<Json<HouseholdView>, Rejection> {
    let household = at.node.office.points().household(id).await?;
    Ok(Json(HouseholdView::of(&household, None)))
}

/// Change a household
#[utoipa::path(patch, path = "/v1/nodes/{code}/households/{household}", tag = "points", params(HouseholdParams),
    request_body = ChangeHousehold, responses((status = 200, body = HouseholdView)))]
pub(super) async fn change(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<ChangeHousehold>,
) -> Result<Json<HouseholdView>, Rejection> {
    let id: HouseholdId = at.param("household")?;
    let change = HouseholdChange {
        name: request.name,
        grid: request.grid.map(|grid| (grid > 0).then_some(GridId(grid))),
        accounts: request
            .accounts
            .map(|all| all.into_iter().map(AccountId).collect()),
        persons: request
            .persons
            .map(|persons| (persons > 0).then_some(persons)),
        gone: request.gone,
    };
    let points = at.node.office.points();
    let changed = points.change_household(id, change, by).await?;
    Ok(Json(HouseholdView::of(&changed, None)))
}

/// Draw a slip that opens the record of a household
///
/// It is shown once, and the one before opens nothing any more.
#[utoipa::path(post, path = "/v1/nodes/{code}/households/{household}/slip", tag = "points", params(HouseholdParams),
    responses((status = 201, body = HouseholdSlip)))]
pub(super) async fn slip(at: NodePath, Person(by): Person) -> Result<Response, Rejection> {
    let id: HouseholdId = at.param("household")?;
    let slip = at.node.office.points().household_slip(id, by).await?;
    let told = HouseholdSlip {
        household: id.0,
        slip: slip.to_string(),
    };
    let kept = Kept::instead(&HouseholdSlip {
        slip: SHOWN_ONCE.to_owned(),
        ..told.clone()
    });
    Ok((StatusCode::CREATED, kept, Json(told)).into_response())
}

/// Returns as whom the caller sees the record of a household.
fn opener(guest: &Principal, headers: &HeaderMap) -> Result<Opener, Rejection> {
    if let Some(slip) = headers.get(HOUSEHOLD_SLIP) {
        return read_slip(slip.to_str().unwrap_or_default()).map(Opener::Slip);
    }
    if guest.may(Permission::ViewHouseholds).is_ok() {
        return Ok(Opener::Clerk);
    }
    match &guest.known.who {
        Who::Account(account) if !account.disabled => Ok(Opener::Account(account.id)),
        _ => Err(Rejection::unknown_caller((
            "the slip of the household is missing; send it as Household-Slip, or sign in",
            "没有本户凭条；请填写凭条，或登录",
        ))),
    }
}

/// Reads the slip of a household.
pub(super) fn read_slip(text: &str) -> Result<Token, Rejection> {
    let token = text.trim().parse::<Token>().ok();
    token
        .filter(|slip| slip.kind == TokenKind::Household)
        .ok_or_else(|| {
            Rejection::unfit((
                "this is no slip of a household; it begins with wjh_, copy it whole",
                "这不是本户凭条；凭条以 wjh_ 开头，请完整填写",
            ))
        })
}

/// Reads which rating a report objects to, and as whom the caller opens the record of its household.
pub(super) fn objected(
    guest: &Principal,
    objected: &ObjectedRating,
) -> Result<(RatingId, Opener), Rejection> {
    let id = objected.rating.parse::<RatingId>();
    let id = id.map_err(|error| Rejection::unfit(&error))?;
    let opener = match (&objected.slip, &guest.known.who) {
        (Some(slip), _) => Opener::Slip(read_slip(slip)?),
        (None, Who::Account(account)) => Opener::Account(account.id),
        (None, _) => {
            return Err(Rejection::unknown_caller((
                "the slip of the household is missing; send it in `objects_to_rating`, or sign in",
                "没有本户凭条；请填写凭条，或登录",
            )));
        }
    };
    Ok((id, opener))
}

/// Get the record of a household
///
/// For whoever has its slip (`Household-Slip`), the account that belongs to it, and those who may see households. A
/// missing household and one that the caller may not see look alike.
#[utoipa::path(get, path = "/v1/nodes/{code}/households/{household}/record", tag = "points",
    params(HouseholdParams), responses((status = 200, body = HouseholdRecord)))]
pub(super) async fn record(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Json<HouseholdRecord>, Rejection> {
    let id: HouseholdId = at.param("household")?;
    record_of(&at, id, &opener(&guest, &headers)?).await
}

/// Get the record of the household that the caller's account belongs to
#[utoipa::path(get, path = "/v1/nodes/{code}/own-household", tag = "points", params(NodeParams),
    responses((status = 200, body = HouseholdRecord)))]
pub(super) async fn own(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<HouseholdRecord>, Rejection> {
    let Who::Account(account) = &guest.known.who else {
        return Err(BadRating::NoHousehold.into());
    };
    let id = at.node.office.points().own_household(account.id).await?;
    record_of(&at, id, &Opener::Account(account.id)).await
}

async fn record_of(
    at: &NodePath,
    id: HouseholdId,
    opener: &Opener,
) -> Result<Json<HouseholdRecord>, Rejection> {
    let office = &at.node.office;
    let seen = office.points().record(id, opener).await?;
    let ratings = seen.ratings.iter().map(|(rating, objection)| {
        RatingView::of(rating, objection.map(|matter| matter.to_string()))
    });
    let exchanges = seen.ledger.iter().map(|line| {
        let taken_back_by = line.taken_back.map(|id| id.to_string());
        ExchangeView::of(&line.entry, taken_back_by)
    });
    Ok(Json(HouseholdRecord {
        household: HouseholdView::of(&seen.household, seen.standing.as_ref()),
        from: seen.span.from.to_string(),
        to: seen.span.to.to_string(),
        points: PurseView::from(&seen.purse),
        ratings: ratings.collect(),
        exchanges: exchanges.collect(),
        as_of_ms: office.now().0,
    }))
}

/// Rate a household
///
/// Photos are uploads of the caller, or those of the draft that the header `Draft-Key` names. An item of a household is
/// rated once in the days that its rule says.
#[utoipa::path(post, path = "/v1/nodes/{code}/households/{household}/ratings", tag = "points",
    params(HouseholdParams), request_body = RateHousehold, responses((status = 201, body = RatingView)))]
pub(super) async fn rate(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<RateHousehold>,
) -> Result<(StatusCode, Json<RatingView>), Rejection> {
    let id: HouseholdId = at.param("household")?;
    let office = &at.node.office;
    let mut photos = request.photos;
    if let Some(draft) = named_draft(&headers)? {
        photos.extend(office.drafts().read(&draft).await?.photos);
        guest.request.with_photos_of(&draft);
    }
    let rated = Rated {
        item: request.item,
        mark: request.mark,
        remark: request.remark,
    };
    let new = NewRating { rated, photos };
    let rating = office.points().rate(id, new, by).await?;
    Ok((StatusCode::CREATED, Json(RatingView::of(&rating, None))))
}

/// Returns a rating as those see it who may see households.
pub(super) async fn rating(at: &NodePath, id: RatingId) -> Result<Json<RatingView>, Rejection> {
    let rating = at.node.office.points().rating(id).await?;
    Ok(Json(RatingView::of(&rating, None)))
}

/// Correct a rating
///
/// What it said before stays beside it, with the reason; the household may object anew. Without a mark the rating is
/// cancelled.
#[utoipa::path(post, path = "/v1/nodes/{code}/ratings/{rating}/correct", tag = "points", params(RatingParams),
    request_body = CorrectRating, responses((status = 200, body = RatingView)))]
pub(super) async fn amend(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<CorrectRating>,
) -> Result<Json<RatingView>, Rejection> {
    let id: RatingId = at.param("rating")?;
    let points = at.node.office.points();
    let corrected = points
        .correct(id, (request.mark, &request.reason), by)
        .await?;
    Ok(Json(RatingView::of(&corrected, None)))
}

/// Get the small picture of a photo of a rating
///
/// For whoever may see the household. Photos are counted from 0.
#[utoipa::path(get, path = "/v1/nodes/{code}/ratings/{rating}/photos/{photo}", tag = "points",
    params(RatingPhotoParams), responses((status = 200, description = "A small JPEG", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn of_rating(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    let (id, number): (RatingId, u8) = (at.param("rating")?, at.param("photo")?);
    let office = &at.node.office;
    let opener = opener(&guest, &headers)?;
    let rating = office.points().rating(id).await?;
    // A rating of a household that the caller may not see looks like a missing one.
    let seen = office.points().record(rating.household, &opener).await;
    seen.map_err(|failed| match failed {
        Failed::Refused(_) => Failed::Refused(BadRating::NoRating(id)),
        other => other,
    })?;
    let file = office
        .points()
        .rating_photo(rating, number.into(), Part::Thumb)
        .await?;
    let name = format!("{id}-{number}.{}", file.media().extension());
    Ok(files::answer(office, file, &name, &headers))
}
