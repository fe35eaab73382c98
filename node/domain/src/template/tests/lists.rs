//! Lists of current versions, and what is wrong when they run out.

use super::*;

const HOUR: i64 = 3_600_000;

fn list(made_at: Timestamp, versions: &[u32]) -> TemplateList {
    let issuer = code("330825");
    let listed = versions.iter().map(|version| Listed {
        key: "330825/policy/x".parse().unwrap(),
        version: *version,
        scope: Scope::new(issuer, &[], &[]),
        act: 0,
    });
    TemplateList::of(issuer, listed.collect(), made_at, 7)
}

#[test]
fn a_list_that_ran_out_is_a_fault_only_while_the_link_is_up_and_no_clock_makes_it_last() {
    let tree = Tree::zhejiang();
    let me = (code("330825002"), &*tree);
    let made = Timestamp(1_000 * HOUR);
    let said = list(made, &[1]);
    let at = |hours: i64| Timestamp(made.0 + hours * HOUR);
    let judged = |linked, now| list_fault(&said, made, me, linked, now, |_| true);
    let linked = Some(made);
    assert_eq!(judged(linked, at(7 * 24)), None);
    let over = Some(ListFault::Expired(at(7 * 24)));
    assert_eq!(judged(linked, at(7 * 24 + 1)), over);
    assert_eq!(judged(None, at(7 * 24 + 1)), None, "cut off is not frozen");
    // A link that just came up may still bring one.
    assert_eq!(judged(Some(at(7 * 24 + 1)), at(7 * 24 + 1)), None);
    assert_eq!(judged(Some(at(7 * 24 + 1)), at(7 * 24 + 2)), over);
    // The issuer's clock is a year ahead: the list lasts no longer than its life here.
    let ahead = list(at(365 * 24), &[1]);
    assert_eq!(ahead.ends(made), at(7 * 24));
    // Nobody believes that a list lasts longer than sixty days.
    let mut endless = list(made, &[1]);
    endless.expires_at = at(24 * 365);
    assert_eq!(endless.ends(made), at(60 * 24));
    // An old list that somebody sends again has run out.
    assert_eq!(said.ends(at(30 * 24)), at(7 * 24));
    assert_eq!(list_is_due(None, made), made);
    assert_eq!(list_is_due(Some(made), at(1)), at(24));
    let put_back = Some(at(1_000));
    assert_eq!(list_is_due(put_back, made), at(24));
}

#[test]
fn a_version_that_is_listed_and_did_not_come_is_named_if_it_is_for_here() {
    let tree = Tree::zhejiang();
    let me = (code("330825002"), &*tree);
    let made = Timestamp(1_000 * HOUR);
    let mut said = list(made, &[3]);
    let later = Timestamp(made.0 + HOUR);
    let fault = |said: &TemplateList, now, has: u32| {
        list_fault(said, made, me, Some(made), now, |listed| {
            has >= listed.version
        })
    };
    let behind = ListFault::Behind(vec![(said.listed[0].key.clone(), 3)]);
    assert_eq!(fault(&said, later, 2), Some(behind.clone()));
    assert_eq!(behind.name(), ListFaultName::Behind);
    assert_eq!(fault(&said, later, 3), None);
    assert_eq!(fault(&said, later, 4), None, "a later one is here");
    assert_eq!(
        fault(&said, Timestamp(made.0 + 1), 2),
        None,
        "it may be on its way"
    );
    said.listed[0].scope = Scope::new(code("330825"), &[Tier::County], &[]);
    assert_eq!(fault(&said, later, 2), None);
    let many = list(made, &(1..=350).collect::<Vec<_>>());
    assert_eq!((many.listed.len(), many.more), (MOST_LISTED, 50));
}
