//! What a caller may do with a matter now.

use api::{
    ActionName, Audience, Ground, MatterAction, MatterView, Offers, Priority, Publicity, Reason,
    RequestAction, Satisfaction,
};
use axum::Json;
use domain::{
    category::CATALOGUE,
    clock::{ExtensionReason, PauseReason, Stage},
    custody::Work,
    ids::MatterId,
    people::Permission,
};
use topology::{DivisionCode, Term};

use super::{
    ask::{Authenticated, NodePath, Person},
    gate::Principal,
    openapi::MatterParams,
    problem::Rejection,
};

/// Get what the caller may do with a matter now
///
/// Tries every action and request by the rules of the network and the permissions of the caller, and
/// does none.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/offers", tag = "matters", params(MatterParams),
    responses((status = 200, body = Offers)))]
pub(super) async fn offers(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<Json<Offers>, Rejection> {
    let id: MatterId = at.param("id")?;
    let matters = at.node.office.matters();
    let view = matters.matter(id).await?;
    let mut below = at.app_state.tree.children(at.division);
    let below = below.find(|child| at.app_state.tree.has_node(*child));
    let may = |action: &MatterAction| guest.may(action.permission()).is_ok();
    let samples: Vec<_> = samples(&view, id, below).into_iter().filter(may).collect();
    let requests: Vec<_> = requests()
        .into_iter()
        .filter(|asked| may_ask(&guest, *asked))
        .collect();
    let works = samples.iter().cloned().map(Work::try_from);
    let works = works.collect::<Result<Vec<_>, _>>();
    let works = works.map_err(|bad| Rejection::unfit(&bad))?;
    let kinds = requests.iter().map(|asked| asked.kind()).collect();
    let parts =
        guest.may(Permission::Dispatch).is_ok() && matters.part_is_offered(id, by.clone()).await?;
    let (works, kinds) = matters.offered(id, works, kinds, by).await?;
    let samples = samples.into_iter().zip(works);
    let offered: Vec<_> = samples
        .filter_map(|(action, now)| now.then_some(action))
        .collect();
    let mut actions: Vec<_> = offered.iter().map(MatterAction::name).collect();
    actions.sort_unstable();
    actions.dedup();
    let requests = requests.iter().zip(kinds).filter(|(_, now)| *now);
    Ok(Json(Offers {
        next: next(&view, &actions),
        audiences: offered.iter().filter_map(audience).collect(),
        publicities: offered.iter().filter_map(publicity).collect(),
        requests: requests.map(|(asked, _)| asked.kind().name()).collect(),
        parts,
        attach: guest.may(Permission::Attach).is_ok(),
        actions,
    }))
}

const fn audience(action: &MatterAction) -> Option<Audience> {
    match action {
        MatterAction::Remark { audience } => Some(*audience),
        _ => None,
    }
}

const fn publicity(action: &MatterAction) -> Option<Publicity> {
    match action {
        MatterAction::Reply { publicity } => Some(*publicity),
        _ => None,
    }
}

/// Returns the action that usually follows: an objection is decided before anything else.
fn next(view: &MatterView, actions: &[ActionName]) -> Option<ActionName> {
    let expected = view
        .status
        .expects()
        .and_then(|act| ActionName::of_code(act.code()));
    let all = [Some(ActionName::Arbitrate), expected];
    all.into_iter()
        .flatten()
        .find(|action| actions.contains(action))
}

fn may_ask(guest: &Principal, asked: RequestAction) -> bool {
    let permission = asked.kind().permission();
    let for_reporter = permission == Permission::Rate && guest.may(Permission::CallBack).is_ok();
    for_reporter || guest.may(permission).is_ok()
}

/// Returns one action of each kind; those that differ by permission several times.
fn samples(view: &MatterView, id: MatterId, below: Option<DivisionCode>) -> Vec<MatterAction> {
    use MatterAction as A;
    let mut categories = CATALOGUE.iter().map(|(code, ..)| *code);
    let category = categories
        .find(|code| **code != *view.category)
        .unwrap_or_default()
        .to_owned();
    let mut priorities = Priority::ALL.iter().copied();
    let priority = priorities
        .find(|priority| *priority != view.priority)
        .unwrap_or_default();
    let stages = Stage::ALL.iter().map(|stage| A::Extend {
        stage: *stage,
        by: "1wd".to_owned(),
        reason: ExtensionReason::ALL[0],
    });
    let other = MatterId {
        number: id.number + 1,
        ..id
    };
    let mut all = vec![
        A::Accept,
        A::Reject {
            reason: Reason::Private,
        },
        A::Dispatch {
            platform: view.platform,
            department: None,
            officer: None,
        },
        A::Handle,
        A::Feedback,
        A::Visit,
        A::Verify { passed: true },
        A::Close {
            outcome: api::Ending::Solved,
        },
        A::Escalate { to: None },
        A::Return,
        A::Object {
            ground: Ground::Place,
        },
        A::Recategorise { category },
        A::Prioritise { priority },
        A::Pause {
            reason: PauseReason::ALL[0],
        },
        A::Resume,
        A::Merge { into: other },
        A::Join { bundle: other },
    ];
    all.extend(Audience::ALL.iter().map(|audience| A::Remark {
        audience: *audience,
    }));
    all.extend(Publicity::ALL.iter().map(|publicity| A::Reply {
        publicity: *publicity,
    }));
    all.extend(
        below
            .into_iter()
            .flat_map(|to| [A::Assign { to }, A::Arbitrate { to }]),
    );
    all.extend(stages);
    all
}

fn requests() -> Vec<RequestAction> {
    vec![
        RequestAction::Recall,
        RequestAction::Contest,
        RequestAction::Review,
        RequestAction::Withdraw,
        RequestAction::Supervise,
        RequestAction::Rate {
            satisfaction: Satisfaction::Satisfied,
        },
        RequestAction::Remark {
            audience: Audience::Offices,
        },
    ]
}
