//! Who opens accounts, and who grants which role.

use super::*;

#[test]
fn the_owner_names_missing_administrators_and_nobody_opens_and_grants_at_once() {
    use Role as R;
    let owner = |accounts| Who::OsUser {
        uid: 1000,
        accounts,
    };
    let system = Who::Account(account(&[R::SystemAdministrator]));
    let open = |who: &Who, roles: &[Role], seated: &[Role]| {
        let set = |roles: &[Role]| roles.iter().copied().collect::<BTreeSet<_>>();
        may_open(who, &set(roles), &set(seated))
    };
    assert_eq!(open(&owner(false), &[R::SystemAdministrator], &[]), Ok(()));
    for roles in [
        &[][..],
        &[R::Official],
        &[R::SystemAdministrator, R::Official],
    ] {
        assert_eq!(open(&owner(false), roles, &[]), Err(BadGrant::First));
    }
    let seated = [R::SystemAdministrator];
    assert_eq!(
        open(&owner(true), &[R::SecurityAdministrator], &seated),
        Ok(())
    );
    let again = open(&owner(true), &[R::SystemAdministrator], &seated);
    assert_eq!(again, Err(BadGrant::Seated(R::SystemAdministrator)));
    assert_eq!(
        open(&owner(true), &[R::Official], &seated),
        Err(BadGrant::Owner)
    );
    assert_eq!(open(&system, &[], &seated), Ok(()));
    assert_eq!(open(&system, &[R::Official], &seated), Err(BadGrant::Apart));
}

#[test]
fn those_who_are_watched_do_not_reach_the_accounts_of_those_who_watch() {
    use Role as R;
    let owner = Who::OsUser {
        uid: 1000,
        accounts: true,
    };
    let mut own = account(&[R::SystemAdministrator]);
    own.id = AccountId(1_000_008);
    let system = Who::Account(own.clone());
    for role in R::ALL {
        let target = account(&[role]);
        let protected = role.is_administrator() || role == R::Auditor;
        assert_eq!(may_change(&owner, &target).is_ok(), protected, "{role}");
        assert_eq!(may_change(&system, &target).is_ok(), !protected, "{role}");
    }
    assert_eq!(may_change(&system, &own), Err(BadGrant::Oneself));
    assert_eq!(
        may_grant(&system, &own, &BTreeSet::new()),
        Err(BadGrant::Oneself)
    );
    let both = BTreeSet::from([R::Auditor, R::NodeOperator]);
    assert!(matches!(
        may_grant(&system, &account(&[]), &both),
        Err(BadGrant::Roles(_))
    ));
}

#[test]
fn nobody_grants_or_takes_a_role_of_another_pillar() {
    use Role as R;
    let granted: &[(R, &[R])] = &[
        (
            R::SystemAdministrator,
            &[R::SystemAdministrator, R::NodeOperator],
        ),
        (R::AuditAdministrator, &[R::AuditAdministrator, R::Auditor]),
        (
            R::SecurityAdministrator,
            &[
                R::SecurityAdministrator,
                R::Resident,
                R::GridWorker,
                R::Official,
                R::Supervisor,
                R::Dispatcher,
                R::PostedStaff,
                R::Leader,
                R::TemplateAuthor,
            ],
        ),
    ];
    for (administrator, own) in granted {
        let mut who = account(&[*administrator]);
        who.id = AccountId(1_000_008);
        let who = Who::Account(who);
        for role in R::ALL {
            let one = BTreeSet::from([role]);
            let grants = may_grant(&who, &account(&[]), &one);
            let takes = may_grant(&who, &account(&[role]), &BTreeSet::new());
            assert_eq!(
                grants.is_ok(),
                own.contains(&role),
                "{administrator} {role}"
            );
            assert_eq!(takes, grants, "{administrator} {role}");
            let stays = may_grant(&who, &account(&[role]), &one);
            assert_eq!(stays, Ok(()), "{administrator} {role}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_roles_somebody_has_they_may_what_the_widest_of_them_may(
        roles in proptest::collection::btree_set(0..Role::ALL.len(), 0..6),
        permission in 0..Permission::ALL.len(),
        reported: bool,
        charged: bool,
    ) {
        let roles: Vec<Role> = roles.into_iter().map(|role| Role::ALL[role]).collect();
        let permission = Permission::ALL[permission];
        let place = Place { reported, charged, ..Place::of(code("330825002222")) };
        let each = roles.iter().any(|role| allowed(Who::Account(account(&[*role])), permission, place).is_ok());
        let all = allowed(Who::Account(account(&roles)), permission, place).is_ok();
        let always = matches!(
            permission,
            Permission::Enter | Permission::OwnAccount | Permission::OwnPassword
        );
        prop_assert_eq!(all, each || always);
    }
}
