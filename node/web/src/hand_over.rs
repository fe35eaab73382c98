//! The open matters of somebody who leaves: how many there are, and handing them over.

use api::{
    ChargedMatters, HandOverReport, HandOverRequest, HandOverTo, MOST_HANDED_OVER, NotHandedOver,
};
use axum::{Extension, Json};
use office::Successor;

use super::{
    accounts,
    ask::{Authenticated, Given, Headers, NodePath, Person},
    gate::Kept,
    language::asked_for,
    openapi::AccountParams,
    problem::Rejection,
};

/// Count the open matters of an account
///
/// Those that were dispatched to it by name and are held here. Only numbers are shown, because whoever manages
/// accounts sees no matters.
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts/{account}/matters", tag = "people",
    params(AccountParams), responses((status = 200, body = ChargedMatters)))]
pub(super) async fn matters(at: NodePath) -> Result<Json<ChargedMatters>, Rejection> {
    let account = accounts::named(&at).await?;
    let matters = at.node.office.matters();
    let found = matters.charged_with(account.id, MOST_HANDED_OVER).await?;
    Ok(Json(ChargedMatters {
        count: found.count,
        matters: found.first.iter().map(ToString::to_string).collect(),
    }))
}

/// Hand over the open matters of an account
///
/// Each is dispatched anew, so its steps say so; the answer names those that could not be, with the reason. At
/// most 100 are handed over in one request; repeat it while `left` shrinks. The rules for closing an account decide
/// whose.
#[utoipa::path(post, path = "/v1/nodes/{code}/accounts/{account}/hand-over", tag = "people",
    params(AccountParams), request_body = HandOverRequest,
    responses((status = 200, body = HandOverReport)))]
pub(super) async fn hand_over(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<HandOverRequest>,
) -> Result<(Extension<Kept>, Json<HandOverReport>), Rejection> {
    let office = &at.node.office;
    let account = accounts::named(&at).await?;
    let people = office.people();
    let leaver = people.changeable(&guest.known.who, account.id).await?;
    let to = successor(&at, &request).await?;
    if let Successor::Officer(officer) = &to
        && officer.id == leaver.id
    {
        return Err(Rejection::unfit((
            "nobody takes over their own matters; name another account",
            "不能交给本人；请写另一个账号",
        )));
    }
    let matters = office.matters();
    let done = matters
        .hand_over(&leaver, &to, MOST_HANDED_OVER, &by)
        .await?;
    let all = done.len();
    let failed: Vec<_> = done
        .into_iter()
        .filter_map(|(id, outcome)| {
            let problem = Rejection::from(outcome.err()?).0;
            Some(NotHandedOver {
                id: id.to_string(),
                problem: problem.in_language(asked_for(&headers)),
            })
        })
        .collect();
    let report = HandOverReport {
        handed_over: all - failed.len(),
        failed,
        left: matters.charged_with(leaver.id, 0).await?.count,
    };
    Ok((Extension(Kept::Whole), Json(report)))
}

async fn successor(at: &NodePath, request: &HandOverRequest) -> Result<Successor, Rejection> {
    let account = request.account.as_deref().map(str::trim);
    match (request.to, account.filter(|name| !name.is_empty())) {
        (HandOverTo::Account, Some(name)) => {
            let found = at.node.office.people().find_account(name).await?;
            Ok(Successor::Officer(Box::new(found)))
        }
        (HandOverTo::Account, None) => Err(Rejection::unfit((
            "it is not said which account takes the matters; name it",
            "没有写明交给哪个账号；请写上",
        ))),
        (HandOverTo::Department, None) => Ok(Successor::Department),
        (HandOverTo::Nobody, None) => Ok(Successor::Nobody),
        (HandOverTo::Department | HandOverTo::Nobody, Some(_)) => Err(Rejection::unfit((
            "either an account takes the matters or none does; leave one of the two out",
            "要么交给一个账号，要么不交给账号；请只写一样",
        ))),
    }
}
