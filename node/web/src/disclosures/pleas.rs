//! What villagers ask to be made public.

use api::{
    CountResidents, DeclinePlea, HOUSEHOLD_SLIP, PleaView, Plead, Pleas, ResidentsView, SupportPlea,
};
use axum::Json;
use domain::{
    disclosure::Span,
    people::Who,
    plea::{NewPlea, PleaId},
    points::HouseholdId,
    time::Day,
};
use http::{HeaderMap, StatusCode};
use office::{PleaSeen, Pleader};

use crate::{
    ask::{Authenticated, Given, Headers, NodePath, Person},
    gate::Principal,
    openapi::{NodeParams, PleaParams},
    points::read_slip,
    problem::Rejection,
};

/// Returns who asks: the household whose number and slip are given, or the account.
fn pleader(
    guest: &Principal,
    headers: &HeaderMap,
    household: Option<u32>,
) -> Result<Pleader, Rejection> {
    match (headers.get(HOUSEHOLD_SLIP), household, &guest.known.who) {
        (Some(slip), Some(number), _) => {
            let slip = read_slip(slip.to_str().unwrap_or_default())?;
            Ok(Pleader::Slip(HouseholdId(number), slip))
        }
        (None, None, Who::Account(account)) if !account.disabled => {
            Ok(Pleader::Account(account.id))
        }
        _ => Err(Rejection::unknown_caller((
            "nobody knows who asks; sign in as a resident, or send `household` with its slip as Household-Slip",
            "不知道是谁；请用村民账号登录，或填写门牌上的户号和本户凭条",
        ))),
    }
}

fn view(seen: &PleaSeen) -> PleaView {
    PleaView::of(&seen.plea, seen.state)
}

/// List what villagers ask to be made public
///
/// Newest first, with how many support each and how many are needed: one in ten residents. Nobody is told who.
#[utoipa::path(get, path = "/v1/nodes/{code}/pleas", tag = "disclosures", params(NodeParams),
    responses((status = 200, body = Pleas)))]
pub(crate) async fn list(at: NodePath) -> Result<Json<Pleas>, Rejection> {
    let office = &at.node.office;
    let seen = office.disclosures().pleas().await?;
    Ok(Json(Pleas {
        pleas: seen.pleas.iter().map(view).collect(),
        residents: seen.residents.as_ref().map(ResidentsView::from),
        as_of_ms: office.now().0,
    }))
}

/// Ask that something be made public
///
/// A resident asks: with a resident's account, or with the number of a household and its slip as `Household-Slip`. It is
/// something of one's own, or an item of the catalogue that is overdue. Whoever asks supports it.
#[utoipa::path(post, path = "/v1/nodes/{code}/pleas", tag = "disclosures", params(NodeParams),
    request_body = Plead, responses((status = 201, body = PleaView)))]
pub(crate) async fn plead(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<Plead>,
) -> Result<(StatusCode, Json<PleaView>), Rejection> {
    let by = pleader(&guest, &headers, request.household)?;
    let day = |text: &str| {
        text.parse::<Day>()
            .map_err(|error| Rejection::unfit(&error))
    };
    let about = match (request.item, request.from, request.to) {
        (Some(item), Some(from), Some(to)) => {
            let (from, to) = (day(&from)?, day(&to)?);
            Some((item.trim().into(), Span { from, to }))
        }
        (None, None, None) => None,
        _ => {
            return Err(Rejection::unfit((
                "an item of the catalogue needs the days it is about; send `item`, `from` and `to`",
                "目录里的事项要写明是哪一期；请一并写事项、起止日期",
            )));
        }
    };
    let new = NewPlea {
        title: request.title,
        text: request.text,
        about,
    };
    let seen = at.node.office.disclosures().plead(new, by).await?;
    Ok((StatusCode::CREATED, Json(view(&seen))))
}

/// Support what somebody asks to be made public
///
/// Once for each household, or for each resident whose account belongs to none.
#[utoipa::path(post, path = "/v1/nodes/{code}/pleas/{plea}/support", tag = "disclosures", params(PleaParams),
    request_body = SupportPlea, responses((status = 200, body = PleaView)))]
pub(crate) async fn support(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<SupportPlea>,
) -> Result<Json<PleaView>, Rejection> {
    let by = pleader(&guest, &headers, request.household)?;
    let id: PleaId = at.param("plea")?;
    let seen = at.node.office.disclosures().support(id, by).await?;
    Ok(Json(view(&seen)))
}

/// Decline what is asked for, on a lawful ground
///
/// What was asked for is erased, and the ground stays for everybody to read.
#[utoipa::path(post, path = "/v1/nodes/{code}/pleas/{plea}/decline", tag = "disclosures", params(PleaParams),
    request_body = DeclinePlea, responses((status = 200, body = PleaView)))]
pub(crate) async fn decline(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<DeclinePlea>,
) -> Result<Json<PleaView>, Rejection> {
    let id: PleaId = at.param("plea")?;
    let disclosures = at.node.office.disclosures();
    let seen = disclosures.decline(id, &request.ground, by).await?;
    Ok(Json(view(&seen)))
}

/// Say how many residents there are
///
/// One in ten of them can demand that something be published. Everybody reads the number and where it comes from.
#[utoipa::path(put, path = "/v1/nodes/{code}/residents", tag = "disclosures", params(NodeParams),
    request_body = CountResidents, responses((status = 200, body = ResidentsView)))]
pub(crate) async fn residents(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<CountResidents>,
) -> Result<Json<ResidentsView>, Rejection> {
    let disclosures = at.node.office.disclosures();
    let said = (request.count, &*request.source);
    let residents = disclosures.count_residents(said, by).await?;
    Ok(Json(ResidentsView::from(&residents)))
}
