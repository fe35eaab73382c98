//! Every route of the API with the permission it needs.
//!
//! Routes are the same for all listeners of a process, so they are made once. Their descriptions take
//! far more time and memory, so the document is made when somebody asks for it.

use std::sync::{Arc, LazyLock};

use axum::{Router, extract::DefaultBodyLimit, routing::MethodRouter};
use bytes::Bytes;
use domain::{
    courier::MOST_FILE_BYTES,
    people::{Permission, Permission as D},
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use super::{
    accounts, alarms, audit, backups, boards, clock, compliance, contacts, courier, data,
    disclosures, drafts, events, exchanges, figures, files, gate::Gate, grids, hand_over, hooks,
    household_sheets, imports, invitations, key_statements, keyring, kinds, log, materials,
    matters, offers, oidc, openapi, own_sessions, points, policies, public_figures, questions,
    readmissions, receipts, reply_texts, revocations, rosters, saved_lists, seen, session,
    settings, setup, status, template_proposals, templates,
};
use crate::state::AppState;

/// End of the path that takes courier files, which are longer than other bodies.
const COURIER: &str = "/courier";

/// A route: its path, the permission it needs, and what answers.
type Route = (String, Permission, MethodRouter<AppState>);

/// Returns the routes with the gate before each.
pub(super) fn behind(gate: &Arc<Gate>) -> Router<AppState> {
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
        let routes = described().into_iter();
        let routes = routes.flat_map(|(permission, (_, paths, answers))| {
            let paths = paths.paths.into_keys();
            paths.map(move |path| {
                let answers = match path.ends_with(COURIER) {
                    true => answers
                        .clone()
                        .layer(DefaultBodyLimit::max(MOST_FILE_BYTES)),
                    false => answers.clone(),
                };
                (path, permission, answers)
            })
        });
        routes.collect()
    });
    ROUTES
        .iter()
        .fold(Router::new(), |router, (path, permission, answers)| {
            router.route(path, gate.open(*permission, answers.clone()))
        })
}

/// Returns the OpenAPI document as JSON.
pub(super) fn document() -> Bytes {
    static WRITTEN: LazyLock<Bytes> = LazyLock::new(|| {
        let begun = OpenApiRouter::with_openapi(openapi::begin());
        let routes = described().into_iter();
        let whole = routes.fold(begun, |whole, (permission, mut route)| {
            openapi::complete(&mut route.1, permission);
            whole.routes(route)
        });
        openapi::write(whole.into_openapi())
    });
    WRITTEN.clone()
}

/// A route with the permission it needs and its description.
type Described = (Permission, UtoipaMethodRouter<AppState>);

/// Returns every route.
fn described() -> Vec<Described> {
    let subjects = [
        about_the_process(),
        matters(),
        reporters(),
        files_and_drafts(),
        disclosures(),
        boards_and_points(),
        templates(),
        keys_and_courier(),
        figures_and_changes(),
        sessions(),
        people(),
        logs(),
    ];
    subjects.into_iter().flatten().collect()
}

/// The process, its alarms and its clock.
fn about_the_process() -> Vec<Described> {
    vec![
        (D::Enter, routes!(openapi::document)),
        (D::Enter, routes!(kinds::list)),
        (D::Enter, routes!(status::nodes)),
        (D::ViewStatus, routes!(status::status)),
        (D::ViewStatus, routes!(settings::show)),
        (D::ViewStatus, routes!(settings::reload)),
        (D::BackUp, routes!(backups::records)),
        (D::ViewStatus, routes!(alarms::list)),
        (D::CloseAlarm, routes!(alarms::close)),
        (D::ViewStatus, routes!(clock::show)),
        (D::CloseAlarm, routes!(clock::confirm)),
        (D::CloseAlarm, routes!(clock::correct)),
    ]
}

/// Matters, and what is promised of them.
fn matters() -> Vec<Described> {
    vec![
        (D::ViewList, routes!(matters::list)),
        (D::ViewList, routes!(data::list)),
        (D::Report, routes!(matters::report)),
        (D::ViewMatter, routes!(matters::show)),
        (D::ViewMatter, routes!(offers::offers)),
        (D::Enter, routes!(policies::answers)),
        (D::Enter, routes!(policies::published)),
        (D::Enter, routes!(policies::promises)),
        (D::Enter, routes!(policies::in_force)),
        (D::Draft, routes!(policies::alike_published)),
        (D::Draft, routes!(policies::check_data)),
        (D::ViewMatter, routes!(policies::explain)),
        (D::Merge, routes!(policies::alike)),
        (D::ViewMatter, routes!(receipts::receipt)),
        (D::ViewMatter, routes!(receipts::printed::of_matter)),
        (D::Enter, routes!(receipts::check)),
        (D::OwnAccount, routes!(matters::own)),
        (D::ViewMatter, routes!(matters::act)),
        (D::ViewMatter, routes!(matters::ask)),
        (D::ViewMatter, routes!(materials::list)),
        (D::CommentToReporter, routes!(materials::check)),
        (D::Dispatch, routes!(matters::open_parts)),
    ]
}

/// What is told to reporters, and who they are.
fn reporters() -> Vec<Described> {
    vec![
        (D::ReportForAnother, routes!(keyring::slip)),
        (D::ViewList, routes!(reply_texts::list)),
        (D::ManageReplyTexts, routes!(reply_texts::keep)),
        (D::ManageReplyTexts, routes!(reply_texts::remove)),
        (D::OpenContact, routes!(contacts::open)),
        (D::Erase, routes!(contacts::erase)),
    ]
}

/// Files of matters, and reports that are still written.
fn files_and_drafts() -> Vec<Described> {
    vec![
        (D::ViewMatter, routes!(files::list)),
        (D::ViewMatter, routes!(files::whole)),
        (D::ViewMatter, routes!(files::thumb)),
        (D::Report, routes!(files::begin)),
        (D::Report, routes!(files::upload)),
        (D::Report, routes!(files::go_on)),
        (D::Report, routes!(files::throw_away)),
        (D::Draft, routes!(drafts::read)),
        (D::Draft, routes!(drafts::write)),
        (D::Draft, routes!(drafts::forget)),
        (D::Report, routes!(drafts::hand_in)),
        (D::Draft, routes!(drafts::add_photo)),
        (D::Draft, routes!(drafts::thumb)),
        (D::Draft, routes!(drafts::drop_photo)),
    ]
}

/// What is made public.
fn disclosures() -> Vec<Described> {
    vec![
        (D::Enter, routes!(disclosures::list)),
        (D::Enter, routes!(disclosures::due)),
        (D::Enter, routes!(compliance::show)),
        (D::Enter, routes!(disclosures::show)),
        (D::Enter, routes!(receipts::disclosure)),
        (D::Enter, routes!(receipts::printed::of_disclosure)),
        (D::Enter, routes!(disclosures::sheets::table)),
        (D::Enter, routes!(disclosures::pleas::list)),
        (D::Report, routes!(disclosures::pleas::plead)),
        (D::Report, routes!(disclosures::pleas::support)),
        (D::WithdrawDisclosure, routes!(disclosures::pleas::decline)),
        (D::PublishDisclosure, routes!(disclosures::pleas::residents)),
        (D::Enter, routes!(disclosures::attachments::published)),
        (
            D::ViewDisclosures,
            routes!(disclosures::attachments::of_draft),
        ),
        (
            D::WriteDisclosure,
            routes!(disclosures::attachments::attach),
        ),
        (
            D::WriteDisclosure,
            routes!(disclosures::attachments::detach),
        ),
        (D::ViewDisclosures, routes!(disclosures::sheets::blank)),
        (D::ViewDisclosures, routes!(disclosures::sheets::form)),
        (D::WriteDisclosure, routes!(disclosures::sheets::fill)),
        (D::ViewDisclosures, routes!(disclosures::in_hand::works)),
        (D::ViewDisclosures, routes!(disclosures::in_hand::work)),
        (D::WriteDisclosure, routes!(disclosures::in_hand::begin)),
        (D::WriteDisclosure, routes!(disclosures::in_hand::write)),
        (D::WriteDisclosure, routes!(disclosures::in_hand::submit)),
        (D::WriteDisclosure, routes!(disclosures::in_hand::correct)),
        (D::WriteDisclosure, routes!(disclosures::in_hand::give_up)),
        (D::AgreeDisclosure, routes!(disclosures::in_hand::agree)),
        (D::AgreeDisclosure, routes!(disclosures::in_hand::send_back)),
        (D::ReviewDisclosure, routes!(disclosures::in_hand::review)),
        (
            D::ReviewDisclosure,
            routes!(disclosures::in_hand::send_back_reviewed),
        ),
        (D::PublishDisclosure, routes!(disclosures::in_hand::publish)),
        (
            D::WithdrawDisclosure,
            routes!(disclosures::in_hand::withdraw),
        ),
    ]
}

/// Boards, and points of households.
fn boards_and_points() -> Vec<Described> {
    vec![
        (D::Enter, routes!(boards::list)),
        (D::Enter, routes!(boards::page)),
        (D::Enter, routes!(boards::show)),
        (D::Enter, routes!(boards::of_post)),
        (D::Enter, routes!(boards::post)),
        (D::PostOnBoard, routes!(boards::write)),
        (D::AnswerOnBoard, routes!(boards::answer)),
        (D::ModerateBoard, routes!(boards::pin)),
        (D::PostOnBoard, routes!(boards::remove)),
        (D::Enter, routes!(points::show)),
        (D::Enter, routes!(points::record)),
        (D::Enter, routes!(points::of_rating)),
        (D::OwnAccount, routes!(points::own)),
        (D::ViewHouseholds, routes!(points::households)),
        (D::ManageHouseholds, routes!(points::add)),
        (D::ManageHouseholds, routes!(household_sheets::enter)),
        (D::ManageHouseholds, routes!(points::change)),
        (D::ManageHouseholds, routes!(points::slip)),
        (D::Enter, routes!(exchanges::list)),
        (D::ManageRewards, routes!(exchanges::add)),
        (D::ManageRewards, routes!(exchanges::change)),
        (D::ExchangePoints, routes!(exchanges::book)),
        (D::ExchangePoints, routes!(exchanges::take_back)),
        (D::RateHousehold, routes!(points::rate)),
        (D::CorrectRating, routes!(points::amend)),
    ]
}

/// Templates.
fn templates() -> Vec<Described> {
    vec![
        (D::ViewTemplates, routes!(templates::list)),
        (D::PublishTemplate, routes!(templates::publish)),
        (D::PublishTemplate, routes!(templates::diff)),
        (D::ViewTemplates, routes!(templates::effective)),
        (D::ViewTemplates, routes!(templates::status)),
        (D::ViewTemplates, routes!(templates::rollout)),
        (D::PublishTemplate, routes!(templates::roll)),
        (D::PublishTemplate, routes!(template_proposals::list)),
        (D::PublishTemplate, routes!(template_proposals::propose)),
        (D::PublishTemplate, routes!(template_proposals::one)),
        (D::PublishTemplate, routes!(template_proposals::approve)),
        (D::PublishTemplate, routes!(template_proposals::template)),
    ]
}

/// Keys of divisions, and courier files.
fn keys_and_courier() -> Vec<Described> {
    vec![
        (D::ViewStatus, routes!(revocations::list)),
        (D::Revoke, routes!(revocations::revoke)),
        (D::ViewStatus, routes!(key_statements::list)),
        (D::Revoke, routes!(key_statements::countersign)),
        (D::Enrol, routes!(invitations::list)),
        (D::Enrol, routes!(invitations::invite)),
        (D::Enrol, routes!(invitations::withdraw)),
        (D::Enrol, routes!(invitations::admit)),
        (D::Enrol, routes!(readmissions::list)),
        (D::Enrol, routes!(readmissions::readmit)),
        (D::ViewStatus, routes!(courier::list)),
        (D::Courier, routes!(courier::make)),
        (D::Courier, routes!(courier::read)),
    ]
}

/// Figures, and who is told of changes.
fn figures_and_changes() -> Vec<Described> {
    vec![
        (D::ReadRollups, routes!(figures::rollup)),
        (D::Enter, routes!(public_figures::month)),
        (D::ReadRollups, routes!(questions::ask)),
        (D::ReadRollups, routes!(figures::apart)),
        (D::ReadRollups, routes!(figures::count)),
        (D::Import, routes!(imports::import)),
        (D::Watch, routes!(events::stream)),
        (D::ManageHooks, routes!(hooks::list)),
        (D::ManageHooks, routes!(hooks::add)),
        (D::ManageHooks, routes!(hooks::remove)),
        (D::ManageHooks, routes!(hooks::resume)),
        (D::ManageHooks, routes!(hooks::test)),
    ]
}

/// Sessions, and what people keep for themselves.
fn sessions() -> Vec<Described> {
    vec![
        (D::Enter, routes!(session::log_in)),
        (D::OwnPassword, routes!(session::who)),
        (D::OwnPassword, routes!(session::log_out)),
        (D::OwnAccount, routes!(own_sessions::list)),
        (D::OwnAccount, routes!(own_sessions::end_others)),
        (D::OwnAccount, routes!(own_sessions::end)),
        (D::ManageAccounts, routes!(own_sessions::end_all)),
        (D::OwnAccount, routes!(seen::note)),
        (D::OwnAccount, routes!(saved_lists::list)),
        (D::OwnAccount, routes!(saved_lists::save)),
        (D::OwnAccount, routes!(saved_lists::remove)),
        (D::Enter, routes!(oidc::start)),
        (D::Enter, routes!(oidc::come_back)),
        (D::ManageAccounts, routes!(setup::make)),
        (D::Enter, routes!(setup::open)),
    ]
}

/// Accounts, grids and keys of programs.
fn people() -> Vec<Described> {
    vec![
        (D::ViewAccounts, routes!(accounts::list)),
        (D::ManageAccounts, routes!(accounts::open)),
        (D::ViewAccounts, routes!(accounts::show)),
        (D::ManageAccounts, routes!(accounts::change)),
        (D::ManageAccounts, routes!(hand_over::matters)),
        (D::ManageAccounts, routes!(hand_over::hand_over)),
        (D::GrantRoles, routes!(accounts::roles)),
        (D::OwnPassword, routes!(accounts::password)),
        (D::ManageAccounts, routes!(rosters::open)),
        (D::GrantRoles, routes!(rosters::grant)),
        (D::ManageAccounts, routes!(rosters::close)),
        (D::ManageAccounts, routes!(oidc::linked)),
        (D::ManageAccounts, routes!(oidc::link)),
        (D::ManageAccounts, routes!(oidc::unlink)),
        (D::ViewGrids, routes!(grids::list)),
        (D::ManageGrids, routes!(grids::draw)),
        (D::ViewGrids, routes!(grids::show)),
        (D::ManageGrids, routes!(grids::redraw)),
        (D::ManageGrids, routes!(grids::remove)),
        (D::ManageKeys, routes!(keyring::list)),
        (D::ManageKeys, routes!(keyring::make)),
        (D::ManageKeys, routes!(keyring::revoke)),
    ]
}

/// The public log and the audit trail.
fn logs() -> Vec<Described> {
    vec![
        (D::Enter, routes!(log::list)),
        (D::Enter, routes!(log::checkpoint)),
        (D::Enter, routes!(log::greatest_countersigned)),
        (D::ViewStatus, routes!(log::children)),
        (D::CloseAlarm, routes!(log::resolve)),
        (D::ViewStatus, routes!(log::held)),
        (D::Enter, routes!(log::tile)),
        (D::Enter, routes!(receipts::printed::keys)),
        (D::ReadAudit, routes!(audit::list)),
        (D::ReadAudit, routes!(audit::export)),
        (D::ReadAudit, routes!(audit::verify)),
    ]
}
