//! Tests of the table of permissions against a copy written by hand, and of what follows from it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use topology::{DivisionCode, Tree};

use super::*;
use crate::{actor::Actor, ids::MatterId, suite::Suite, time::Timestamp};

mod grants;
mod trail;

/// Columns: resident, grid worker, official, supervisor, dispatcher, posted staff, leader, template
/// author, auditor, node operator, then the administrators of system, security and audit.
/// `y` all, `c` what they were charged with or reported, `o` what they reported, `.` nothing.
const MATRIX: &str = "
    permission                 R G O S D P L T A N s e a
    report               y y y y y y y . . . . . .
    draft                y y y y y y y . . . . . .
    report-for-another   . y y . y y y . . . . . .
    view-list            . y y y y y y . y . . . .
    view-matter          o c y y y y y . y . . . .
    open-contact         . c y . y c y . . . . . .
    accept               . . y . y . . . . . . . .
    reject               . . y . y . y . . . . . .
    triage               . . y . y . y . . . . . .
    dispatch             . . y . y . y . . . . . .
    handle               . c y . y c . . . . . . .
    feedback             . c y . y c . . . . . . .
    verify               . c y . y . y . . . . . .
    close                . . y . y . y . . . . . .
    call-back            . . y . y . . . . . . . .
    withdraw             o o o o o o o . . . . . .
    contest              o o o o o o o . . . . . .
    rate                 o o o o o o o . . . . . .
    reopen               . . . . y . y . . . . . .
    supervise            . . . . y . y . . . . . .
    escalate             . . y . y . y . . . . . .
    assign               . . y . y . y . . . . . .
    return               . . y . y . y . . . . . .
    recall               . . y . y . y . . . . . .
    object               . . y . y . y . . . . . .
    arbitrate            . . . . . . y . . . . . .
    merge                . . y . y . . . . . . . .
    pause                . . y . y . y . . . . . .
    extend               . . . . . . y . . . . . .
    comment-inside       . c y . y c y . . . . . .
    comment-to-reporter  o c y . y c y . . . . . .
    answer               . c y . y c y . . . . . .
    publish-matter       . . y . y . y . . . . . .
    attach               o c y . y c . . . . . . .
    view-disclosures     . . y y y . y . y . . . .
    write-disclosure     . . y . . . . . . . . . .
    agree-disclosure     . . y . . . y . . . . . .
    review-disclosure    . . . y . . . . . . . . .
    publish-disclosure   . . y . . . y . . . . . .
    withdraw-disclosure  . . . . . . y . . . . . .
    manage-reply-texts   . . y . y . y . . . . . .
    post-on-board        y y y y y y y . . . . . .
    answer-on-board      y y y y y y y . . . . . .
    moderate-board       . . y . . . y . . . . . .
    rate-household       . y y . . . . . . . . . .
    view-households      . y y y . . y . y . . . .
    manage-households    . . y . . . . . . . . . .
    correct-rating       . . y . . . y . . . . . .
    exchange-points      . . y . . . . . . . . . .
    manage-rewards       . . y . . . . . . . . . .
    view-templates       y y y y y y y y y . . . .
    publish-template     . . . . . . . y . . . . .
    read-rollups         . . y y y y y y y . . . .
    import               . . . . y . . . . . . . .
    watch                . y y y y y y . . . . . .
    manage-hooks         . . . . . . . . . . . y .
    manage-grids         . . y . y . . . . . . . .
    view-grids           . y y y y . y . y . . . .
    view-accounts        . . . . y . . . . . y y y
    manage-accounts      . . . . . . . . . . y . .
    grant-roles          . . . . . . . . . . y y y
    manage-keys          . . . . . . . . . . . y .
    read-audit           . . . . . . . . y . . . y
    erase                . . . . . . . . . . . y .
    view-status          . . . . . . y . . y y . .
    close-alarm          . . . . . . . . . y y . .
    revoke               . . . . . . . . . y . . .
    enrol                . . . . . . . . . y y . .
    courier              . . . . . . . . . y y . .
    back-up              . . . . . . . . . . . . .
    own-account          y y y y y y y y y y y y y
    own-password         y y y y y y y y y y y y y
    enter                y y y y y y y y y y y y y
";

#[test]
fn every_deed_of_every_role_is_as_the_matrix_says() {
    let rows: Vec<Vec<&str>> = MATRIX
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| !row.is_empty() && row[0] != "permission")
        .collect();
    assert_eq!(rows.len(), Permission::ALL.len());
    for row in rows {
        let permission: Permission = row[0].parse().unwrap();
        assert_eq!(row.len(), 1 + Role::ALL.len(), "{permission}");
        for (role, cell) in Role::ALL.into_iter().zip(&row[1..]) {
            let expected = match *cell {
                "y" => Reach::All,
                "c" => Reach::Charge,
                "o" => Reach::Own,
                "." => Reach::None,
                other => panic!("{other}"),
            };
            assert_eq!(reach(role, permission), expected, "{role} {permission}");
        }
    }
}

#[test]
fn the_words_of_roles_and_deeds_are_read_back_and_are_those_of_json() {
    for role in Role::ALL {
        assert_eq!(role.code().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.code());
    }
    for permission in Permission::ALL {
        assert_eq!(permission.code().parse(), Ok(permission));
        assert_eq!(serde_json::to_value(permission).unwrap(), permission.code());
    }
    assert!("root".parse::<Role>().is_err() && "sudo".parse::<Permission>().is_err());
}

#[test]
fn the_three_administrators_and_those_they_watch_are_different_people() {
    use Role as R;
    let apart = [
        (R::SystemAdministrator, R::SecurityAdministrator),
        (R::SystemAdministrator, R::AuditAdministrator),
        (R::SecurityAdministrator, R::AuditAdministrator),
        (R::Auditor, R::NodeOperator),
        (R::Auditor, R::SystemAdministrator),
        (R::Auditor, R::SecurityAdministrator),
        (R::AuditAdministrator, R::NodeOperator),
    ];
    for first in R::ALL {
        for second in R::ALL {
            let expected = apart.contains(&(first, second)) || apart.contains(&(second, first));
            assert_eq!(first.excludes(second), expected, "{first} {second}");
            let both = BTreeSet::from([first, second]);
            assert_eq!(check_roles(&both).is_err(), expected, "{first} {second}");
        }
    }
}

#[test]
fn nobody_who_runs_the_system_reads_the_audit_trail_and_nobody_who_reads_it_runs_anything() {
    for role in Role::ALL {
        let reads = reach(role, Permission::ReadAudit) != Reach::None;
        let runs = [
            Permission::ManageAccounts,
            Permission::ManageKeys,
            Permission::Revoke,
        ]
        .iter()
        .any(|permission| reach(role, *permission) != Reach::None);
        assert!(!(reads && runs), "{role}");
    }
}

fn tree() -> std::sync::Arc<Tree> {
    Tree::zhejiang()
}

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn account(roles: &[Role]) -> Account {
    Account {
        id: AccountId(1_000_007),
        login: "zhang.san".parse().unwrap(),
        name: "张三".to_owned(),
        division: code("330825002"),
        roles: roles.iter().copied().collect(),
        department: None,
        grid: None,
        phone: None,
        disabled: false,
        credentials_version: 0,
        opened_at: Timestamp(0),
    }
}

fn matter(number: u64) -> MatterId {
    MatterId {
        origin: code("330825002222"),
        epoch: 1,
        number,
    }
}

fn allowed(who: Who, permission: Permission, place: Place) -> Result<(), Denied> {
    may(&who, permission, &place, Timestamp(1_000), &tree())
}

#[test]
fn a_person_acts_only_inside_their_division() {
    let dispatcher = || Who::Account(account(&[Role::Dispatcher]));
    let accept = |at: &str| allowed(dispatcher(), Permission::Accept, Place::of(code(at)));
    assert_eq!(accept("330825002"), Ok(()));
    assert_eq!(accept("330825002222"), Ok(()));
    for at in ["330825", "330825001", "33"] {
        assert_eq!(
            accept(at),
            Err(Denied::Outside(code("330825002"), code(at)))
        );
    }
}

#[test]
fn a_grid_worker_handles_what_was_dispatched_to_them_and_nothing_else() {
    let worker = || Who::Account(account(&[Role::GridWorker]));
    let mut place = Place::of(code("330825002"));
    place.matter = Some(matter(1));
    let handle = |place| allowed(worker(), Permission::Handle, place);
    assert_eq!(handle(place), Err(Denied::NotYours(Permission::Handle)));
    place.charged = true;
    assert_eq!(handle(place), Ok(()));
    assert_eq!(
        allowed(worker(), Permission::Close, place),
        Err(Denied::Role(Permission::Close))
    );
}

#[test]
fn a_resident_contests_only_what_they_reported() {
    let resident = || Who::Account(account(&[Role::Resident]));
    let mut place = Place::of(code("330825002"));
    place.charged = true;
    let contest = |place| allowed(resident(), Permission::Contest, place);
    assert_eq!(contest(place), Err(Denied::NotYours(Permission::Contest)));
    place.reported = true;
    assert_eq!(contest(place), Ok(()));
}

#[test]
fn a_closed_account_does_nothing_at_all_and_one_without_roles_only_looks_after_itself() {
    let place = Place::of(code("330825002"));
    let mut closed = account(&Role::ALL);
    closed.disabled = true;
    for permission in Permission::ALL
        .into_iter()
        .filter(|permission| *permission != Permission::Enter)
    {
        let denied = allowed(Who::Account(closed.clone()), permission, place);
        assert_eq!(denied, Err(Denied::Closed), "{permission}");
        let bare = allowed(Who::Account(account(&[])), permission, place);
        assert_eq!(
            bare.is_ok(),
            matches!(permission, Permission::OwnAccount | Permission::OwnPassword),
            "{permission}"
        );
    }
}

#[test]
fn whoever_has_a_first_password_sets_one_of_their_own_and_does_nothing_else() {
    let place = Place::of(code("330825002"));
    let open = [Permission::Enter, Permission::OwnPassword];
    for permission in Permission::ALL {
        let first = allowed(Who::FirstLogin(account(&Role::ALL)), permission, place);
        assert_eq!(first.is_ok(), open.contains(&permission), "{permission}");
        assert!(
            matches!(first, Ok(()) | Err(Denied::FirstPassword)),
            "{permission}"
        );
    }
    let closed = Account {
        disabled: true,
        ..account(&[])
    };
    let denied = allowed(Who::FirstLogin(closed), Permission::OwnPassword, place);
    assert_eq!(denied, Err(Denied::Closed));
}

#[test]
fn the_owner_of_the_node_does_everything_until_there_are_accounts_and_then_only_runs_it() {
    let place = Place::of(code("330825002"));
    for permission in Permission::ALL {
        let owner = |accounts| Who::OsUser {
            uid: 1000,
            accounts,
        };
        assert_eq!(
            allowed(owner(false), permission, place),
            Ok(()),
            "{permission}"
        );
        let still = [
            Permission::ViewStatus,
            Permission::CloseAlarm,
            Permission::Revoke,
            Permission::Courier,
            Permission::BackUp,
            Permission::ManageAccounts,
            Permission::ViewAccounts,
            Permission::Enter,
        ];
        assert_eq!(
            allowed(owner(true), permission, place).is_ok(),
            still.contains(&permission),
            "{permission}"
        );
        let nobody = allowed(Who::Nobody, permission, place);
        let open = [Permission::Enter, Permission::Draft, Permission::Report];
        assert_eq!(nobody.is_ok(), open.contains(&permission), "{permission}");
    }
}

fn key(permissions: &[Permission]) -> ApiKey {
    ApiKey {
        id: ApiKeyId([1; 8]),
        name: "县里的小程序".to_owned(),
        permissions: permissions.iter().copied().collect(),
        division: code("330825002"),
        made_at: Timestamp(0),
        expires_at: Timestamp(2_000),
        revoked_at: None,
    }
}

#[test]
fn a_key_does_what_it_was_made_for_while_it_lives() {
    let place = Place::of(code("330825002"));
    let good = || key(&[Permission::Report]);
    assert_eq!(allowed(Who::Key(good()), Permission::Report, place), Ok(()));
    let other = allowed(Who::Key(good()), Permission::ViewMatter, place);
    assert_eq!(other, Err(Denied::Key(Permission::ViewMatter)));
    let above = allowed(
        Who::Key(good()),
        Permission::Report,
        Place::of(code("330825")),
    );
    assert!(matches!(above, Err(Denied::Outside(..))));
    let mut revoked = good();
    revoked.revoked_at = Some(Timestamp(500));
    let ended = ApiKey {
        expires_at: Timestamp(1_000),
        ..good()
    };
    for dead in [revoked, ended] {
        assert_eq!(
            allowed(Who::Key(dead), Permission::Report, place),
            Err(Denied::KeyEnded)
        );
    }
}

#[test]
fn no_key_administers_even_if_its_record_says_so() {
    let place = Place::of(code("330825002"));
    for permission in Permission::ALL
        .into_iter()
        .filter(|permission| *permission != Permission::Enter)
    {
        assert_eq!(
            allowed(Who::Key(key(&[permission])), permission, place).is_ok(),
            permission.is_for_programs()
        );
        assert_eq!(
            key(&[permission]).check().is_ok(),
            permission.is_for_programs(),
            "{permission}"
        );
    }
    assert_eq!(key(&[]).check(), Err(BadApiKey::Idle));
    let eternal = ApiKey {
        expires_at: Timestamp(i64::MAX),
        ..key(&[Permission::Report])
    };
    assert_eq!(eternal.check(), Err(BadApiKey::Life));
}

#[test]
fn a_slip_gives_the_rights_of_a_reporter_on_its_own_matter() {
    let mut place = Place::of(code("330825002"));
    for about in [None, Some(matter(1)), Some(matter(2))] {
        place.matter = about;
        for permission in Permission::ALL
            .into_iter()
            .filter(|permission| *permission != Permission::Enter)
        {
            let slip = allowed(Who::Reporter(matter(1)), permission, place);
            let rights = matches!(
                permission,
                Permission::ViewMatter
                    | Permission::Contest
                    | Permission::Rate
                    | Permission::CommentToReporter
                    | Permission::Withdraw
            );
            assert_eq!(
                slip.is_ok(),
                rights && about == Some(matter(1)),
                "{permission} {about:?}"
            );
        }
    }
    place.matter = Some(matter(2));
    (place.reported, place.absorbed) = (true, true);
    for (deed, may) in [
        (Permission::ViewMatter, true),
        (Permission::Contest, true),
        (Permission::Rate, true),
        (Permission::Withdraw, false),
    ] {
        let merged = allowed(Who::Reporter(matter(1)), deed, place);
        assert_eq!(merged.is_ok(), may, "{deed} of what it was merged into");
    }
}

#[test]
fn passwords_that_are_guessed_first_are_not_taken() {
    let rules = PasswordRules::default();
    for (password, bad) in [
        ("short", BadPassword::Short(10)),
        ("aaaaaaaaaaaa", BadPassword::Plain(5)),
        ("Password2026", BadPassword::Usual),
        ("Wujitong-2026", BadPassword::Usual),
        ("ich-bin-zhang.san!", BadPassword::Login),
    ] {
        assert_eq!(rules.check(password, "zhang.san"), Err(bad), "{password}");
    }
    let long = "长".repeat(86);
    assert_eq!(rules.check(&long, "zhang.san"), Err(BadPassword::Long(256)));
    for good in [
        "东华街道路灯今天又亮了呀",
        "wujitong correct horse battery",
        "k3-Dü9 ppqL",
    ] {
        assert_eq!(rules.check(good, "zhang.san"), Ok(()), "{good}");
    }
}

#[test]
fn waits_double_from_the_sixth_wrong_password_up_to_an_hour_and_a_quiet_day_forgets() {
    let rules = LockOut::default();
    let mut failures = Failures::default();
    let mut waits = vec![];
    let mut now = Timestamp(1_800_000_000_000);
    for _ in 0..14 {
        failures = failures.and_one(now, &rules);
        let until = failures.locked_until(now, &rules);
        waits.push(until.map_or(0, |until| until.since(now) / 60_000));
        now = until.unwrap_or(now);
        assert_eq!(failures.locked_until(now, &rules), None, "the wait is over");
    }
    assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    let tomorrow = Timestamp(now.0 + 24 * 3_600_000);
    assert_eq!(failures.and_one(tomorrow, &rules).count, 1);
}

#[test]
fn a_session_ends_by_rest_and_by_age() {
    let terms = SessionTerms::default();
    let hour = 3_600_000;
    let at = |hours: i64| Timestamp(hours * hour);
    assert!(terms.goes_on(at(0), at(0), Timestamp(hour - 1)));
    assert!(!terms.goes_on(at(0), at(0), at(1)));
    assert!(terms.goes_on(at(0), at(11), Timestamp(12 * hour - 1)));
    assert!(!terms.goes_on(at(0), Timestamp(12 * hour - 1), at(12)));
}

#[test]
fn logins_names_and_departments_have_a_form() {
    for good in ["zs", "zhang.san", "a-1_b"] {
        assert_eq!(good.parse::<Login>().unwrap().as_str(), good);
    }
    let long = "a".repeat(32);
    for bad in ["", "z", "Zhang", "1a", "张三", "a b", "a/b", &long] {
        assert!(bad.parse::<Login>().is_err(), "{bad}");
        assert!(
            serde_json::from_value::<Login>(bad.into()).is_err(),
            "{bad}"
        );
    }
    let id = AccountId::new(2, 17);
    assert_eq!(
        (id.to_string().as_str(), id.to_string().parse()),
        ("10002000017", Ok(id))
    );
    assert!(
        id.to_string().parse::<Login>().is_err(),
        "an id is never a login"
    );
    for name in ["", "  ", "a\nb", &"长".repeat(61)] {
        assert_eq!(check_name(name), Err(BadAccount::Name), "{name}");
    }
}
